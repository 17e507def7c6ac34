"""
The relay alone: in front of any HTTP server, with any simulated network.
"""

from __future__ import annotations

import socket
import threading
import time

import pytest
from inside_sandbox import Close, RelayedResponse, Send, Wait, over_network, with_fault
from ports import free_port
from server import Connection, answer, single

from heymilo_async import APIConnectionError, RetryPolicy
from heymilo_async.sandbox import Network, relaying
from heymilo_async.sandbox.faults import RepeatCursor, WrongTypes

ID = "666A24C3"
ONCE = RetryPolicy(max_attempts=1)


def get(front, relay, **options):
    """
    Return the id that a client of *front* gets through *relay*, or its error.
    """

    async def body(client):
        try:
            return (await client.phone_numbers.get(ID)).id
        except APIConnectionError as error:
            return error

    return front.run(body, relay.base_url, **{"retry": ONCE, **options})


def raw(relay, sent):
    """
    Return the response to the bytes *sent*, until the connection ends.
    """
    with socket.create_connection(("127.0.0.1", relay.port), timeout=10) as connection:
        connection.sendall(sent)
        came = b""
        while piece := connection.recv(65536):
            came += piece
    return came


# Networks, as steps.

STEPS = [Send(b"abcdef"), Wait(5), Send(b"gh"), Close()]


@pytest.mark.parametrize(
    ("network", "sent", "expected"),
    [
        (Network(), 0, STEPS),
        (Network(latency=0.5), 0, [Wait(0.5), *STEPS]),
        (
            Network(slice=4),
            0,
            [Send(b"abcd"), Send(b"ef"), Wait(5), Send(b"gh"), Close()],
        ),
        (
            Network(slice=4, rate=8),
            0,
            [
                *(Wait(0.5), Send(b"abcd"), Wait(0.25), Send(b"ef"), Wait(5)),
                *(Wait(0.25), Send(b"gh"), Close()),
            ],
        ),
        (
            Network(rate=30),
            0,
            [
                *(Wait(0.1), Send(b"abc"), Wait(0.1), Send(b"def"), Wait(5)),
                *(Wait(2 / 30), Send(b"gh"), Close()),
            ],
        ),
        (Network(cut_after=4), 0, [Send(b"abcd"), Close()]),
        (Network(cut_after=7, reset=True), 0, [Send(b"abcdef"), Wait(5), Send(b"g"), Close(True)]),
        (Network(cut_after=7), 5, [Send(b"ab"), Close()]),
        (Network(cut_after=8), 0, STEPS),
    ],
    ids=repr,
)
def test_steps_over_a_network(network, sent, expected):
    """
    Each property of a network turns steps into others that deliver the same bytes.
    """
    assert expected == list(over_network(network, STEPS, sent))


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"latency": -1}, ValueError),
        ({"latency": 61}, ValueError),
        ({"latency": "1"}, TypeError),
        ({"rate": 0}, ValueError),
        ({"slice": 0}, ValueError),
        ({"cut_after": -1}, ValueError),
        ({"cut_after": True}, TypeError),
    ],
)
def test_networks_that_cannot_be(options, kind):
    """
    An invalid number of a network is refused by name.
    """
    with pytest.raises(kind, match=next(iter(options))):
        Network(**options)


# Networks, on sockets.


@pytest.mark.parametrize(
    "network",
    [Network(), Network(slice=7), Network(rate=100_000), Network(latency=0.02), Network(slice=1)],
    ids=repr,
)
def test_bad_networks_lose_nothing(front, serve, network):
    """
    Over a slow network, or one that splits the bytes, the response is the same.
    """
    server = serve(single())

    with relaying(server.base_url, network) as relay:
        assert ID == get(front, relay)


def test_latency_and_rate_take_their_time(front, serve):
    """
    A response takes the latency, and its size divided by the rate.
    """
    server = serve(single())

    with relaying(server.base_url, Network(latency=0.1, rate=2 * len(single()) / 0.2)) as relay:
        began = time.monotonic()
        assert ID == get(front, relay)

    assert 0.2 <= time.monotonic() - began


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut(front, serve, reset):
    """
    A network that cuts ends each connection after that many bytes, so no response is complete.
    """
    server = serve(single())

    with relaying(server.base_url, Network(cut_after=100, reset=reset)) as relay:
        assert isinstance(get(front, relay), APIConnectionError)


def test_a_network_can_change(front, serve):
    """
    A change of the network applies from the next response on.
    """
    server = serve(single())

    with relaying(server.base_url, Network(cut_after=0)) as relay:
        before = get(front, relay)
        relay.network = Network()
        after = get(front, relay)

    assert isinstance(before, APIConnectionError)
    assert ID == after


# Servers.


def test_every_byte_as_it_came(serve):
    """
    Without faults a relay changes no byte of a response.
    """
    odd = b"HTTP/1.1 200 \xe9 !\r\nX-ODD:  y \r\ncontent-LENGTH: 3\r\n\r\nabc"
    server = serve(odd)

    with relaying(server.base_url) as relay:
        assert odd == raw(relay, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize(
    "reply",
    [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", b"", b"HTTP/1.1 2"],
)
def test_a_server_that_breaks_off(serve, reply):
    """
    A response that cannot be parsed is forwarded unchanged, and then the connection ends.
    """

    def send(connection):
        connection.send(reply)
        connection.close()

    server = serve(send)

    with relaying(server.base_url) as relay:
        assert reply == raw(relay, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


def test_an_answer_without_a_length(serve):
    """
    A response that ends with its connection is complete.
    """
    reply = b"HTTP/1.0 200 OK\r\n\r\nabc"

    def send(connection):
        connection.send(reply)
        connection.close()

    server = serve(send)

    with relaying(server.base_url) as relay:
        assert reply == raw(relay, b"GET / HTTP/1.0\r\n\r\n")


def test_hints_before_an_answer(front, serve):
    """
    A 103 before the response is forwarded with it.
    """
    server = serve(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + single())

    with relaying(server.base_url) as relay:
        assert ID == get(front, relay)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b""])
@pytest.mark.parametrize("fault", [WrongTypes(), RepeatCursor()], ids=repr)
def test_a_body_that_is_no_object(fault, body):
    """
    A fault that changes a JSON object leaves any other body unchanged.
    """
    reply = RelayedResponse(raw=answer(200, body), status_code=200, headers=(), body=body)

    assert [Send(answer(200, body))] == with_fault(fault, reply)


def test_a_request_that_is_none():
    """
    A request that cannot be parsed is forwarded unchanged, and so is everything that comes back.
    """
    heard = []

    def echo(listener):
        connection, _ = listener.accept()
        with connection:
            while piece := connection.recv(4096):
                heard.append(piece)
                connection.sendall(piece.upper())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=echo, args=(listener,))
        thread.start()
        with (
            relaying(f"http://127.0.0.1:{listener.getsockname()[1]}") as relay,
            socket.create_connection(("127.0.0.1", relay.port), timeout=10) as connection,
        ):
            connection.sendall(b"no request\r\n\r\n")
            first = connection.recv(4096)
            connection.sendall(b"more")
            second = connection.recv(4096)
        thread.join(10)

    assert (b"NO REQUEST\r\n\r\n", b"MORE") == (first, second)
    assert b"no request\r\n\r\nmore" == b"".join(heard)


def test_a_server_that_is_not_there(front):
    """
    If no server listens behind the relay, the connection ends without a response.
    """
    with relaying(f"http://127.0.0.1:{free_port()}") as relay:
        assert isinstance(get(front, relay), APIConnectionError)


def test_a_server_that_closes_its_connections(front, serve):
    """
    If a server closes its connection after each response, the relay opens a new one.
    """

    def send(connection):
        connection.send(answer(200, single().partition(b"\r\n\r\n")[2], "Connection: close"))
        connection.close()

    server = serve(send)

    with relaying(server.base_url) as relay:
        assert [ID, ID] == [get(front, relay, retry=RetryPolicy()) for _ in range(2)]


def test_leaving_does_not_wait(serve):
    """
    A relay stops even if a response is still to come, and leaves no thread behind.
    """
    server = serve(Connection.wait)
    threads = set(threading.enumerate())

    with socket.socket() as connection:
        with relaying(server.base_url) as relay:
            connection.connect(("127.0.0.1", relay.port))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            while not server.n:
                time.sleep(0.005)
        connection.settimeout(10)
        assert b"" == connection.recv(1)

    own = {one for one in threading.enumerate() if one.name == "heymilo-relay"}
    assert set() == own - threads


@pytest.mark.parametrize("target", ["", "127.0.0.1:80", "https://127.0.0.1:1", "http://127.0.0.1"])
def test_targets_that_cannot_be(target):
    """
    A target that is not a plain HTTP URL with a port is refused.
    """
    with pytest.raises(ValueError, match="http://127"), relaying(target):
        pytest.fail("it runs")
