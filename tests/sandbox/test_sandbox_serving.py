"""
The sandbox starts in any environment, and leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import gc
import http.client
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import trio
import uvicorn
from inside_sandbox import empty_app, serve

from heymilo_async import sandbox

Ask = Callable[..., Any]
NAIVE = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - a time without a zone is refused
TOO_EARLY = dt.datetime(1, 12, 31, 23, tzinfo=dt.UTC)
TOO_LATE = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


def has_ipv6() -> bool:
    """
    Return whether a server can listen on ``::1``; containers often have IPv4 only.
    """
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def connect(base_url: str) -> socket.socket:
    """
    Return a new connection to the server at *base_url*.
    """
    url = urlsplit(base_url)
    return socket.create_connection((url.hostname, url.port), timeout=10)


def test_a_sandbox_answers_as_soon_as_it_is_there(ask: Ask) -> None:
    """
    It has as many numbers as requested, and a key and a token of its own.
    """
    with sandbox.running(numbers=3) as milo:
        assert 3 == len(milo.store)
        assert 200 == ask(milo).status
        assert milo.api_key != milo.access_token


def test_two_sandboxes_are_strangers(ask: Ask) -> None:
    """
    They run at the same time; each has its own port, key and numbers.
    """
    with sandbox.running(numbers=1) as one, sandbox.running(numbers=2) as other:
        assert one.base_url != other.base_url
        assert 401 == ask(one, headers={"X-API-KEY": other.api_key}).status
        assert [1, 2] == [ask(each).body["pagination"]["total_count"] for each in (one, other)]
        assert [2, 1] == [len(one.requests), len(other.requests)]


@pytest.mark.parametrize(
    ("host", "start"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("localhost", "http://127.0.0.1:"),
        pytest.param(
            "::1",
            "http://[::1]:",
            marks=pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1"),
        ),
    ],
)
def test_any_loopback_address_will_do(ask: Ask, host: str, start: str) -> None:
    """
    The base URL has the address itself, so clients need no name look-up.
    """
    with sandbox.running(host=host) as milo:
        assert milo.base_url.startswith(start)
        assert 200 == ask(milo).status


def test_a_kept_connection_is_answered_without_delay() -> None:
    """
    If each waited for a delayed acknowledgement, fifty responses would take two seconds.
    """
    with sandbox.running() as milo:
        connection = http.client.HTTPConnection(urlsplit(milo.base_url).netloc, timeout=10)
        with contextlib.closing(connection):
            begun = time.monotonic()
            for _ in range(50):
                connection.request("GET", "/api/v2/phone-numbers")
                connection.getresponse().read()

    assert time.monotonic() - begun < 1.5


def test_a_port_can_be_chosen_and_used_again() -> None:
    """
    The port is free as soon as the `with` block has ended.
    """
    with sandbox.running() as milo:
        port = urlsplit(milo.base_url).port
    assert port is not None

    for _ in range(2):
        with sandbox.running(port=port) as milo:
            assert f"http://127.0.0.1:{port}" == milo.base_url


def test_a_port_in_use_is_refused() -> None:
    """
    The error is that of the operating system.
    """
    with (
        sandbox.running() as milo,
        pytest.raises(OSError, match="in use"),
        sandbox.running(port=urlsplit(milo.base_url).port or 0),
    ):
        pytest.fail("two servers share a port")


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "192.0.2.1", "example.com", "", "::", None, 2130706433]
)
def test_only_loopback_is_served(host: Any) -> None:
    """
    A server with predictable data does not belong on a network.
    """
    with (
        pytest.raises(ValueError, match="must be a loopback address"),
        sandbox.running(host=host),
    ):
        pytest.fail("it runs")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"numbers": "30"}, TypeError, "count of numbers must be an int, not str"),
        ({"numbers": -1}, ValueError, "count of numbers must be within"),
        ({"postings": True}, TypeError, "count of postings must be an int, not bool"),
        ({"postings": -1}, ValueError, r"count of postings must be within 0\.\.1000, not -1"),
        ({"candidates": 100_001}, ValueError, r"count of candidates must be within 0\.\.100000"),
        ({"candidates": 2.0}, TypeError, "count of candidates must be an int, not float"),
        ({"postings": 0}, ValueError, "candidates need a posting"),
        ({"seed": "0"}, TypeError, "seed must be an int, not str"),
        ({"seed": True}, TypeError, "seed must be an int, not bool"),
        ({"start": 0}, TypeError, "start must be a datetime, not int"),
        ({"start": NAIVE}, ValueError, "start must be aware"),
        ({"start": TOO_EARLY}, ValueError, "start must be within the years 2 to 9998, not 0001-12"),
        ({"start": TOO_LATE}, ValueError, "start must be within the years 2 to 9998, not 9999-01"),
        ({"assumptions": {}}, TypeError, "assumptions must be Assumptions, not dict"),
        ({"port": True}, TypeError, "port must be an int, not bool"),
        ({"port": "80"}, TypeError, "port must be an int, not str"),
        ({"port": -1}, ValueError, r"port must be within 0\.\.65535, not -1"),
        ({"port": 65536}, ValueError, r"port must be within 0\.\.65535, not 65536"),
        ({"api_key": b"key"}, TypeError, "API key must be a str, not bytes"),
        ({"api_key": ""}, ValueError, "printable ASCII"),
        ({"api_key": "a key"}, ValueError, "printable ASCII"),
        ({"api_key": "cl\xe9"}, ValueError, "printable ASCII"),
        ({"rate_limit": 300}, TypeError, "a RateLimit or a str, not int"),
        ({"rate_limit": "often"}, ValueError, "300/min"),
        ({"latency": -1}, ValueError, "latency must be within"),
        ({"latency": "1"}, TypeError, "latency must be a number"),
    ],
)
def test_bad_options_are_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    """
    The error names the invalid option, and no thread is started.
    """
    threads = threading.enumerate()

    with pytest.raises(error, match=message), sandbox.running(**options):
        pytest.fail("it runs")

    assert threads == threading.enumerate()


def test_leaving_is_quick_and_leaves_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """
    Open connections of clients do not delay it: idle ones, and half a request.
    """
    threads = threading.enumerate()
    with contextlib.ExitStack() as connections:
        with sandbox.running() as milo:
            silent, half, idle = (
                connections.enter_context(connect(milo.base_url)) for _ in range(3)
            )
            half.sendall(b"GET /api/v2/phone-numbers HTTP/1.1\r\nHost:")
            idle.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert idle.recv(12) == b"HTTP/1.1 200"
            left = time.monotonic()
        seconds = time.monotonic() - left

        assert b"" == silent.recv(1)
        assert seconds < 0.9
    gc.collect()
    assert threads == threading.enumerate()
    with pytest.raises(ConnectionRefusedError):
        connect(milo.base_url)
    assert ("", "") == capfd.readouterr()


def test_an_error_in_the_block_stops_the_sandbox_too() -> None:
    """
    The error is raised unchanged.
    """
    threads = threading.enumerate()

    with pytest.raises(LookupError, match="mine"), sandbox.running():
        raise LookupError("mine")

    assert threads == threading.enumerate()


def test_it_is_quiet_about_broken_requests(capfd: pytest.CaptureFixture[str]) -> None:
    """
    A test that sends garbage needs no messages about it on stderr.
    """
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        with sandbox.running() as milo, connect(milo.base_url) as connection:
            connection.sendall(b"garbage\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 400"
    finally:
        root.handlers = handlers

    assert ("", "") == capfd.readouterr()


def test_an_answer_that_never_comes_does_not_hold_up_the_exit() -> None:
    """
    After a second of grace the response is dropped, and its connection closed.
    """
    asked = threading.Event()
    threads = threading.enumerate()

    async def never(_scope: object, _receive: object, _send: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    with contextlib.ExitStack() as connections:
        with serve.serving(never, "127.0.0.1", 0) as base_url:
            connection = connections.enter_context(connect(base_url))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert asked.wait(10)
            left = time.monotonic()
        seconds = time.monotonic() - left

        assert seconds < 5
        while connection.recv(1024):
            pass
    gc.collect()
    assert threads == threading.enumerate()


def test_it_runs_inside_asyncio(ask: Ask) -> None:
    """
    The loop of the calling thread is not affected.
    """

    async def main() -> None:
        with sandbox.running() as milo:
            assert 200 == ask(milo).status
        await asyncio.sleep(0)

    asyncio.run(main())


def test_it_runs_inside_trio(ask: Ask) -> None:
    """
    The server has a loop of its own, in any program.
    """

    async def main() -> None:
        with sandbox.running() as milo:
            assert 200 == ask(milo).status
        await trio.lowlevel.checkpoint()

    trio.run(main)


def test_it_runs_in_a_thread_without_a_loop(ask: Ask) -> None:
    """
    The thread may be one of a worker process, or of a notebook.
    """
    statuses: list[int] = []

    def work() -> None:
        with sandbox.running() as milo:
            statuses.append(ask(milo).status)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert [200] == statuses


def test_signal_handlers_stay_as_they_were() -> None:
    """
    Ctrl-C belongs to the program, and not to its sandbox.
    """
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in signals]

    with sandbox.running():
        assert before == [signal.getsignal(number) for number in signals]


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An error of the server's thread is raised in the caller's thread.
    """
    threads = threading.enumerate()

    async def fail(_server: object, _sockets: object) -> None:
        raise OSError("no more sockets")

    monkeypatch.setattr(uvicorn.Server, "startup", fail)
    with pytest.raises(OSError, match="no more sockets"), sandbox.running():
        pytest.fail("it runs")

    assert threads == threading.enumerate()


def test_a_server_that_does_not_start_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The wait is bounded, and the thread ends.
    """
    threads = threading.enumerate()

    async def dawdle(server: uvicorn.Server, _sockets: object) -> None:
        while not server.should_exit:
            await asyncio.sleep(0)

    monkeypatch.setattr(uvicorn.Server, "startup", dawdle)
    app = empty_app()
    with (
        pytest.raises(TimeoutError, match=r"did not start within 0\.05 seconds"),
        serve.serving(app, "127.0.0.1", 0, seconds_to_start=0.05),
    ):
        pytest.fail("it runs")

    assert threads == threading.enumerate()


@pytest.mark.parametrize(
    ("face", "make"), [("HeyMilo", "client"), ("AsyncHeyMilo", "async_client")]
)
def test_clients_are_made_for_this_sandbox(
    monkeypatch: pytest.MonkeyPatch, face: str, make: str
) -> None:
    """
    They get its key and its URL; given options override these.
    """
    monkeypatch.setattr(serve, face, dict)

    with sandbox.running() as milo:
        plain = getattr(milo, make)()
        other = getattr(milo, make)(api_key="other", timeout=1.0)

    assert {"api_key": milo.api_key, "base_url": milo.base_url} == plain
    assert {"api_key": "other", "base_url": milo.base_url, "timeout": 1.0} == other


def test_a_sandbox_shows_no_credentials() -> None:
    """
    Its repr shows its URL, and nothing more.
    """
    with sandbox.running() as milo:
        assert f"Sandbox(base_url={milo.base_url!r})" == repr(milo)


def test_another_address_only_if_told_so(ask: Ask) -> None:
    """
    With `allow_remote` it may listen on every address, and its URL has one of this machine.
    """
    with sandbox.running(host="0.0.0.0", allow_remote=True) as milo:
        assert milo.base_url.startswith("http://127.0.0.1:")
        assert 200 == ask(milo).status


def test_every_exchange_is_told(ask: Ask) -> None:
    """
    The listener receives each request when its response has ended, with the outcome; an error of
    the listener has no effect.
    """
    told: list[sandbox.Exchange] = []

    def listen(exchange: sandbox.Exchange) -> None:
        told.append(exchange)
        raise LookupError

    with sandbox.running(on_exchange=listen, latency=0.01) as milo:
        fault = sandbox.faults.Status(503)
        milo.fail_next(fault)
        statuses = [ask(milo).status, ask(milo, "/api/v2/phone-numbers?limit=2").status]
        missing = ask(milo, "/nowhere", method="POST").status

    assert [503, 200, 404] == [*statuses, missing]
    assert [
        ("GET", "/api/v2/phone-numbers", "", "listPhoneNumbers", 503, fault),
        ("GET", "/api/v2/phone-numbers", "limit=2", "listPhoneNumbers", 200, None),
        ("POST", "/nowhere", "", None, 404, None),
    ] == [
        (
            *(one.request.method, one.request.path, one.request.query),
            *(one.operation, one.status_code, one.fault),
        )
        for one in told
    ]
    assert all(0.01 <= one.elapsed < 5 for one in told)
