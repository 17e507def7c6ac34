"""
The connection: what breaks, drips, stalls, sends invalid data, or cannot be opened.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import gc
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
import trustme
from background import open_files
from faults.test_answers import (
    ONCE,
    fetch_page,
    get,
    no_key_in_log,  # noqa: F401 - a fixture that pytest finds here
    outcomes,
    vetted,
)
from few import few
from fronts import KEY
from invariants import lasting
from server import NUMBER, Connection, Reply, answer, page, single

from heymilo_async import (
    APIConnectionError,
    APITimeoutError,
    BadRequestError,
    ConfigurationError,
    DeadlineExceededError,
    HeyMiloError,
    PhoneNumber,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
    from_dict,
    sandbox,
)

VALUE = from_dict(PhoneNumber, NUMBER)
WHOLE = single()
HEAD, _, BODY = WHOLE.partition(b"\r\n\r\n")
AT_ONCE = RetryPolicy(initial_delay=0)


def then(*steps: bytes | Callable[[Connection], Any]) -> Reply:
    """
    Return a reply of several *steps*, bytes to send or functions to call.
    """

    def reply(connection: Connection) -> None:
        for step in steps:
            if isinstance(step, bytes):
                connection.send(step)
            else:
                step(connection)

    return reply


def half_close(connection: Connection) -> None:
    """
    Close the sending side, and keep reading.
    """
    connection.socket.shutdown(socket.SHUT_WR)


def dripping(data: bytes, every: float = 0.03) -> Callable[[Connection], None]:
    """
    Return a step that sends *data* byte by byte.
    """
    return lambda connection: connection.drip(data, every)


# Timeouts and deadlines.


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """
    Return a listener that accepts connections and never responds.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener


@pytest.fixture
def full() -> Iterator[socket.socket]:
    """
    Return a listener whose queue is full, so no connection to it can be opened.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener


def url_of(listener: socket.socket, scheme: str = "http") -> str:
    """
    Return the base URL of a listener.
    """
    return f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.full("it goes by the clock")
@pytest.mark.parametrize("limit", ["timeout", "deadline"])
def test_a_handshake_that_is_not_answered(front, silent, limit):
    """
    Case 37: a TLS handshake without a response ends in time, and the error says that nothing was
    sent.
    """
    with lasting(0.2, 0.2):
        error = front.run(get, url_of(silent, "https"), retry=ONCE, **{limit: 0.2})

    assert (APITimeoutError if limit == "timeout" else DeadlineExceededError) is type(error)
    assert error.phase in {"tls", "connect"}
    assert not error.maybe_sent
    assert 1 == len(error.attempts)
    gc.collect()  # a leaked socket would warn now, and fail this test


def test_a_handshake_that_the_caller_gives_up(loop, silent):
    """
    Case 37: if the caller cancels during a TLS handshake, no socket remains.
    """

    async def body(client):
        with anyio.move_on_after(0.1) as scope:
            await client.phone_numbers.get(NUMBER["id"])
        return scope.cancelled_caught

    assert loop.run(body, url_of(silent, "https"))
    gc.collect()


@pytest.mark.parametrize("limit", ["timeout", "deadline"])
def test_a_connection_that_does_not_come_about(front, full, limit):
    """
    Case 37: a connection that is not accepted ends in time, and the error says that nothing was
    sent.
    """
    with lasting(0.2, 0.2):
        error = front.run(get, url_of(full), retry=ONCE, **{limit: 0.2})

    assert (APITimeoutError if limit == "timeout" else DeadlineExceededError) is type(error)
    assert ("connect", False) == (error.phase, error.maybe_sent)


def test_no_answer(front, serve):
    """
    Case 38: each attempt waits for the timeout, and the error names the phase.
    """
    server = serve(*[Connection.wait] * 3, WHOLE)

    async def body(client):
        with lasting(0.3, 0.4):
            error = await get(client)
        return error, await get(client)

    error, number = front.run(body, server.base_url, timeout=0.1, retry=AT_ONCE)

    assert APITimeoutError is type(error)
    assert isinstance(error, TimeoutError)
    assert ("read", True) == (error.phase, error.maybe_sent)
    assert 3 == len(error.attempts)
    assert "0.1 s" in str(error)
    assert VALUE == number
    assert 4 == server.n


@pytest.mark.parametrize("already", [HEAD[:5], HEAD + b"\r\n", WHOLE[:-1]], ids=ascii)
def test_an_answer_that_stops(front, serve, naps, already):
    """
    Case 38: a response that stops in the middle is a timeout, and is retried.
    """
    server = serve(then(already, Connection.wait), WHOLE)

    assert [VALUE] == outcomes(front, server, timeout=0.1)
    assert 2 == server.n
    assert 1 == len(naps)


DRIPS: dict[str, Reply] = {
    "body": then(HEAD + b"\r\n\r\n", dripping(BODY)),
    "head": dripping(WHOLE),
    "endless-head": then(b"HTTP/1.1 200 OK\r\n", dripping(b"X-A: b\r\n" * 100)),
    "chunks": then(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", dripping(b"1\r\n \r\n" * 100)
    ),
    "informational": dripping(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),
    "blank": then(b"HTTP/1.1 200 OK\r\n\r\n", dripping(b" " * 1000)),
    "gzip": then(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03",
        dripping(b"\0\0\0\xff\xff" * 100),
    ),
    "nothing": Connection.wait,
}


@pytest.mark.full("it goes by the clock")
@pytest.mark.parametrize("drip", DRIPS)
def test_a_server_that_drips(front, serve, drip):
    """
    Case 39: a server that keeps sending and never finishes exceeds the deadline.
    """
    closed = threading.Event()

    def reply(connection: Connection) -> None:
        DRIPS[drip](connection)  # type: ignore[operator]
        with contextlib.suppress(OSError):
            while connection.socket.recv(65536):
                pass
        closed.set()

    server = serve(reply, WHOLE)

    async def body(client):
        with lasting(0.15, 0.15):
            error = await get(client.with_options(deadline=0.15))
        return error, await get(client)

    error, number = front.run(body, server.base_url, timeout=0.2 if drip != "nothing" else 5.0)

    assert DeadlineExceededError is type(error)
    assert ("read", True) == (error.phase, error.maybe_sent)
    assert 1 == len(error.attempts)
    assert VALUE == number
    server.__exit__()  # the slow bytes end, and only the end of the connection is left to read
    assert closed.wait(5)


def test_a_drip_over_tls(front, serve, authority):
    """
    Case 39: the deadline holds within an encrypted connection too.
    """
    server = serve(then(HEAD + b"\r\n\r\n", dripping(BODY)), ssl_context=authority.server())
    trusted = authority.trusted()

    with lasting(0.25, 0.25):
        (error,) = outcomes(front, server, deadline=0.25, ssl_context=trusted)

    assert DeadlineExceededError is type(error)


def test_an_error_that_drips_is_still_that_error(front, serve):
    """
    Case 39: if an error's body drips, its status is known in time, and is the error.
    """
    server = serve(then(b"HTTP/1.1 400 Bad\r\nContent-Length: 1000\r\n\r\n", dripping(b"x" * 1000)))

    with lasting(0.0, 0.25):
        (error,) = outcomes(front, server, deadline=0.25)

    assert BadRequestError is type(error)


def test_a_slow_server_within_its_limits(front, serve):
    """
    Case 39: a server that is slow but ends in time gets that time.
    """
    server = serve(lambda connection: connection.drip(WHOLE, 0.002, 8))

    assert [VALUE] == outcomes(front, server, deadline=10.0, timeout=1.0)


def test_a_wait_that_does_not_fit_is_not_begun(front, serve, naps):
    """
    Case 40: a deadline of 1 s allows one wait of 0.8 s, and then the server's error is raised.
    """
    server = serve(answer(503, b"", "Retry-After: 0.8"))

    with lasting(0.0, 0.1):
        (error,) = outcomes(front, server, deadline=1.0, retry=RetryPolicy(max_attempts=9))

    assert ServerError is type(error)
    assert [pytest.approx(0.8)] == naps
    assert 2 == server.n == len(error.attempts)


@pytest.mark.full("it goes by the clock")
def test_the_deadline_is_for_all_tries_together(front, serve):
    """
    Case 40: attempts that time out share the call's deadline.
    """
    server = serve(Connection.wait)

    # A slow machine gets a fifth of a second to end the earlier attempts.
    with lasting(1.0, 1.0):
        (error,) = outcomes(
            front,
            server,
            timeout=0.4,
            deadline=1.0,
            retry=RetryPolicy(max_attempts=99, initial_delay=0),
        )

    assert DeadlineExceededError is type(error)
    # The deadline may pass while the last attempt connects, which then never reaches the server.
    sent = [one for one in error.attempts if "in phase connect" not in str(one.cause)]
    assert 2 <= len(sent) == server.n


@pytest.mark.parametrize(
    "reply", [answer(500, b"", "Retry-After: 5"), Connection.wait], ids=["waiting", "reading"]
)
def test_the_callers_own_timeout(loop, serve, reply):
    """
    Cases 41 and 45: a caller's own timeout ends a wait with the caller's own exception.
    """
    server = serve(reply, WHOLE)

    async def body(client):
        with lasting(0.1, 0.1), pytest.raises(TimeoutError) as caught:
            with anyio.fail_after(0.1):
                await client.phone_numbers.get(NUMBER["id"])
        return caught.value, await get(client)

    error, number = loop.run(body, server.base_url, deadline=60.0)

    assert TimeoutError is type(error)
    assert VALUE == number
    assert 2 == server.n


def test_the_callers_own_timeout_round_a_walk(loop, serve):
    """
    Case 42: a caller's own timeout ends a walk, and the walk knows its position.
    """
    pages = [page(f"A{n}", f"B{n}", more=True) for n in range(50)]
    server = serve(*(then(lambda c: c.wait(0.03), one) for one in pages))
    seen: list[str] = []

    async def body(client):
        pager = client.phone_numbers.list_all()

        async def walk():
            with anyio.fail_after(0.2):
                async for number in pager:
                    seen.append(number.id)  # noqa: PERF401 - what was seen before the end counts

        with lasting(0.2, 0.2), pytest.raises(TimeoutError):
            await walk()
        return pager.cursor

    cursor = loop.run(body, server.base_url)

    assert seen[-1] == cursor
    assert [f"{name}{n}" for n in range(len(seen) // 2) for name in "AB"] == seen
    assert 2 <= len(seen) <= 14


@pytest.mark.parametrize("name", ["timeout", "deadline"])
@pytest.mark.parametrize(
    "value",
    [0, -1, 0.0, float("nan"), "5", float("inf"), (1, 2), True, 10**400, -float("inf"), b"1"],
)
def test_limits_that_cannot_be(front, name, value):
    """
    Case 43: the constructor and a view refuse a limit that is out of range.
    """
    with pytest.raises((TypeError, ConfigurationError), match=name):
        front.client("http://127.0.0.1:1", **{name: value})
    with pytest.raises((TypeError, ConfigurationError), match=name):
        front.client("http://127.0.0.1:1").with_options(**{name: value})


def test_no_timeout_at_all(front):
    """
    Case 43: `timeout=None` could wait for ever, so it is refused; `deadline=None` is not.
    """
    with pytest.raises((TypeError, ConfigurationError), match="timeout"):
        front.client("http://127.0.0.1:1", timeout=None)

    assert front.client("http://127.0.0.1:1", deadline=None)


def test_many_early_hints(front, serve):
    """
    Case 44: any number of informational responses may precede the final one.
    """
    hints = (
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 500 + b"HTTP/1.1 100 Continue\r\n\r\n"
    )
    server = serve(hints + WHOLE)

    assert [VALUE, VALUE] == outcomes(front, server, 2)


def test_early_hints_without_end(front, serve):
    """
    Case 44: endless informational responses exceed the deadline.
    """

    def reply(connection: Connection) -> None:
        hints = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100
        while not connection.stopping.wait(0.001):
            connection.socket.sendall(hints)

    server = serve(reply)

    with lasting(0.25, 0.25):
        (error,) = outcomes(front, server, deadline=0.25)

    assert DeadlineExceededError is type(error)


# Connections that break.

CUTS: dict[str, Reply] = {
    "end-before-any-byte": Connection.close,
    "reset-before-any-byte": Connection.reset,
    "half-close": half_close,
    "end-in-the-status": then(HEAD[:12], Connection.close),
    "end-in-the-head": then(HEAD, Connection.close),
    "reset-in-the-head": then(HEAD, Connection.reset),
    "end-before-the-body": then(HEAD + b"\r\n\r\n", Connection.close),
    "end-in-the-body": then(WHOLE[:-1], Connection.close),
    "half-close-in-the-body": then(WHOLE[:-1], half_close),
    "reset-in-the-body": then(WHOLE[:-1], Connection.reset),
    "two-of-a-hundred": then(answer(200, b"{}").replace(b"h: 2", b"h: 100"), Connection.close),
    "end-after-an-early-hint": then(b"HTTP/1.1 103 Early Hints\r\n\r\n", Connection.close),
    "end-in-a-chunk": then(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + BODY, Connection.close
    ),
    "end-between-chunks": then(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(BODY), BODY),
        Connection.close,
    ),
    "end-before-the-last-line": then(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n"
        % (len(BODY), BODY),
        Connection.close,
    ),
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_broken_connection_is_mended_by_another_try(front, serve, naps, cut):
    """
    Cases 46, 47, 49, 50: if a connection breaks at any point, the next attempt succeeds.
    """
    server = serve(CUTS[cut], WHOLE)

    assert [VALUE, VALUE] == outcomes(front, server, 2)
    assert 3 == server.n
    assert 1 == len(naps)


@pytest.mark.parametrize("cut", CUTS)
def test_connections_that_break_for_ever(front, serve, naps, cut):
    """
    Cases 46, 47, 49, 50: if every attempt breaks, the error says so, and that the request may have
    arrived.
    """
    server = serve(*[CUTS[cut]] * 3, WHOLE)

    error, number = outcomes(front, server, 2)

    assert APIConnectionError is type(error)
    assert error.phase in {"read", "protocol"}
    assert error.maybe_sent
    assert [None] * 3 == [attempt.status_code for attempt in error.attempts]
    assert all(attempt.cause for attempt in error.attempts)
    assert VALUE == number
    assert 4 == server.n


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
NO_HTTP: dict[str, bytes] = {
    "words": b"hello world\r\n\r\n",
    "http-0.9": b"<html>hello</html>\r\n\r\n",
    "bytes": bytes(range(256)) + b"\r\n\r\n",
    "zeros": b"\0" * 100 + b"\r\n\r\n",
    "tls-alert": b"\x15\x03\x01\x00\x02\x02\x28\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "smtp": b"220 mail.example ESMTP\r\n\r\n",
    "icy": WHOLE.replace(b"HTTP/1.1", b"ICY"),
    "http-2-preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "lower-case": WHOLE.replace(b"HTTP/1.1", b"http/1.1"),
    "status-099": WHOLE.replace(b" 200 ", b" 099 "),
    "status-20": WHOLE.replace(b" 200 ", b" 20 "),
    "status-2000": WHOLE.replace(b" 200 ", b" 2000 "),
    "status-2x0": WHOLE.replace(b" 200 ", b" 2x0 "),
    "status-minus": WHOLE.replace(b" 200 ", b" -20 "),
    "nul-in-a-header": WHOLE.replace(b"Content-Type: a", b"Content-Type: \0a"),
    "nul-in-a-name": WHOLE.replace(b"Content-Type", b"Content\0Type"),
    "blank-in-a-name": WHOLE.replace(b"Content-Type:", b"Content-Type :"),
    "no-colon": WHOLE.replace(b"Content-Type:", b"Content-Type"),
    "no-name": WHOLE.replace(b"Content-Type:", b":"),
    "indented-first-header": WHOLE.replace(b"Content-Type", b" Content-Type"),
    "return-in-a-header": WHOLE.replace(b"/json", b"/\rjson"),
    "length-negative": WHOLE.replace(b"Length: ", b"Length: -"),
    "length-signed": WHOLE.replace(b"Length: ", b"Length: +"),
    "length-in-hex": WHOLE.replace(b"Length: ", b"Length: 0x"),
    "length-grouped": WHOLE.replace(b"Length: 1", b"Length: 1_"),
    "length-a-word": WHOLE.replace(b"Length: ", b"Length: x"),
    "length-empty": b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
    "length-of-100-digits": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 100 + b"\r\n\r\n",
    "lengths-that-differ": WHOLE.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n"),
    "lengths-in-one-field": WHOLE.replace(b"\r\n\r\n", b", 5\r\n\r\n"),
    "chunk-size-a-word": CHUNKED + b"zz\r\nab",
    "chunk-size-empty": CHUNKED + b"\r\nab",
    "chunk-size-negative": CHUNKED + b"-1\r\nab",
    "chunk-size-signed": CHUNKED + b"+2\r\nab",
    "chunk-size-prefixed": CHUNKED + b"0x2\r\nab",
    "chunk-size-huge": CHUNKED + b"f" * 30 + b"\r\nab",
    "chunk-without-its-end": CHUNKED + b"2\r\nabXX0\r\n\r\n",
    "chunk-with-half-its-end": CHUNKED + b"2\r\nab\rX0\r\n\r\n",
    "trailer-broken": CHUNKED + b"0\r\nno colon\r\n\r\n",
    "other-transfer-coding": CHUNKED.replace(b"chunked", b"gzip"),
    "chunked-twice": CHUNKED.replace(b"chunked", b"chunked, chunked"),
    "chunked-not-last": CHUNKED.replace(b"chunked", b"chunked, gzip"),
    "chunked-misspelt": CHUNKED.replace(b"chunked", b"xchunked"),
}


@pytest.mark.parametrize("kind", few(NO_HTTP, 12))
def test_what_is_not_http(front, serve, naps, kind):
    """
    Cases 48 and 51: a response that is not HTTP is a protocol error after three attempts, with a
    short text.
    """
    server = serve(*[NO_HTTP[kind]] * 3, WHOLE)

    error, number = outcomes(front, server, 2)

    assert APIConnectionError is type(error)
    assert "protocol" == error.phase
    assert 3 == len(error.attempts)
    assert len(str(error)) <= 700
    assert str(error).isprintable()
    assert str(error).isascii()
    assert VALUE == number
    assert 4 == server.n


GOOD_HTTP: dict[str, bytes] = {
    "no-reason": WHOLE.replace(b" Whatever", b""),
    "odd-reason": WHOLE.replace(b"Whatever", "Größe  !".encode("latin-1")),
    "http-1.0": WHOLE.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "bare-line-feeds": HEAD.replace(b"\r\n", b"\n") + b"\n\n" + BODY,
    "folded": WHOLE.replace(b"\r\nContent-Length", b"\r\nX-A: b\r\n  c\r\nContent-Length"),
    "bytes-in-a-header": WHOLE.replace(b"\r\n\r\n", b"\r\nX-A: \xff\xfe\r\n\r\n"),
    "lengths-that-agree": WHOLE.replace(b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % len(BODY)),
    "a-thousand-headers": WHOLE.replace(b"\r\n\r\n", b"\r\nX-A: b" * 1000 + b"\r\n\r\n"),
    "chunk-extension": CHUNKED + b'%x;a="b"\r\n%b\r\n0;x\r\n\r\n' % (len(BODY), BODY),
    "chunk-size-padded": CHUNKED + b"%016x\r\n%b\r\n000\r\n\r\n" % (len(BODY), BODY),
    "trailers": CHUNKED + b"%x\r\n%b\r\n0\r\nX-A: b\r\n\r\n" % (len(BODY), BODY),
    "chunked-in-capitals": CHUNKED.replace(b"c", b"C")
    + b"%X\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
}


@pytest.mark.parametrize("kind", GOOD_HTTP)
def test_what_is_still_http(front, serve, kind):
    """
    Case 48: what HTTP allows, or is harmless, is read.
    """
    server = serve(GOOD_HTTP[kind])

    assert [VALUE, VALUE] == outcomes(front, server, 2)
    assert 2 == server.n


def test_a_body_that_ends_with_its_connection(front, serve):
    """
    Case 48: a body without a length ends with the connection.
    """
    server = serve(then(b"HTTP/1.1 200 OK\r\n\r\n" + BODY, Connection.close))

    assert [VALUE, VALUE] == outcomes(front, server, 2)


HUGE: dict[str, Callable[[], Iterator[bytes]]] = {
    "header": lambda: iter([b"HTTP/1.1 200 OK\r\nX-A: ", *[b"b" * 4096] * 10_000]),
    "headers": lambda: iter([b"HTTP/1.1 200 OK\r\n", *[b"X-A: b\r\n" * 500] * 10_000]),
    "header-name": lambda: iter([b"HTTP/1.1 200 OK\r\n", *[b"a" * 4096] * 10_000]),
    "status-line": lambda: iter([b"HTTP/1.1 200 ", *[b"x" * 4096] * 10_000]),
    "blank-lines": lambda: iter([b"\r\n" * 2048] * 10_000),
    "chunk-extension": lambda: iter([CHUNKED + b"1;", *[b"x" * 4096] * 10_000]),
    "trailers": lambda: iter([CHUNKED + b"0\r\n", *[b"X-A: b\r\n" * 500] * 10_000]),
    "early-hint": lambda: iter([b"HTTP/1.1 103 Hi\r\n", *[b"X-A: b\r\n" * 500] * 10_000]),
}


@pytest.mark.parametrize("kind", HUGE)
def test_a_head_without_end(front, serve, naps, kind):
    """
    Case 52: an endless head is a protocol error, long before its end.
    """
    sent: list[int] = []

    def reply(connection: Connection) -> None:
        for piece in HUGE[kind]():
            connection.socket.sendall(piece)
            sent.append(len(piece))

    server = serve(reply, reply, reply, WHOLE)

    with lasting(0.0, 2.0):
        error, number = outcomes(front, server, 2, deadline=5.0)

    assert APIConnectionError is type(error)
    assert "protocol" == error.phase
    assert len(str(error)) <= 700
    assert VALUE == number
    assert server.n in {2, 4}
    assert sum(sent) <= 3 * 12 * 1024**2  # the buffers of both sockets


def test_a_head_of_two_hundred_kilobytes(front, serve, naps):
    """
    Case 52: a head of 200 KB is refused, even if it is valid.
    """
    big = WHOLE.replace(b"\r\n\r\n", b"\r\nX-A: " + b"b" * 200_000 + b"\r\n\r\n")
    server = serve(*[big] * 3, WHOLE)

    error, number = outcomes(front, server, 2)

    assert (APIConnectionError, "protocol") == (type(error), error.phase)
    assert VALUE == number


# Kept connections.


def test_connections_that_are_closed_while_idle(front, serve, naps):
    """
    Case 53: if a server closes an idle connection while it is reused, no call fails.
    """
    server = serve(then(WHOLE, lambda connection: connection.wait(0.0045), Connection.close))

    async def body(client):
        numbers = []
        for _ in range(40):
            numbers.append(await get(client))
            time.sleep(0.0045)  # noqa: ASYNC251 - nothing else is to happen meanwhile
        return numbers

    assert [VALUE] * 40 == front.run(body, server.base_url)


def test_every_second_request_is_dropped(front, serve, naps):
    """
    Case 54: if the server drops the second request of each connection, every call still succeeds.
    """
    served: dict[int, int] = {}

    def reply_to(request: Any) -> Reply:
        served[request.connection] = served.get(request.connection, 0) + 1
        return Connection.close if served[request.connection] == 2 else WHOLE

    server = serve(answers=reply_to)

    assert [VALUE] * 40 == outcomes(front, server, 40)
    assert 40 < server.n <= 80


@pytest.mark.parametrize("status", [408, 503])
@pytest.mark.parametrize("pause", [0.0, 0.02])
def test_an_idle_connection_is_told_that_it_was_idle(front, serve, naps, status, pause):
    """
    Case 55: an unrequested 408 is not the next call's response.
    """
    gone = answer(status, b"", "Connection: close")
    server = serve(
        then(WHOLE, lambda connection: connection.wait(pause), gone, Connection.close), WHOLE
    )

    async def body(client):
        first = await get(client)
        time.sleep(0.05)  # noqa: ASYNC251 - the connection is to be idle
        return first, await get(client)

    assert (VALUE, VALUE) == front.run(body, server.base_url)
    assert 2 == server.n


@pytest.mark.parametrize("more", [b"garbage\r\n\r\n", b"\r\n", b"0\r\n\r\n", b"{}", HEAD])
def test_bytes_after_an_answer(front, serve, naps, more):
    """
    Case 55: unrequested bytes after a response are not the next call's response.
    """
    server = serve(WHOLE + more, page("A", "B"), page("A", "B"))

    async def body(client):
        return await get(client), await fetch_page(client)

    first, listed = front.run(body, server.base_url)

    assert VALUE == first
    assert ["A", "B"] == [number.id for number in listed]


def test_a_whole_answer_after_an_answer(front, serve, naps):
    """
    Case 55: a superfluous response causes at worst one error, and is never a call's value.
    """
    server = serve(WHOLE + WHOLE, page("A", "B"))

    async def body(client):
        return [await get(client), *[await fetch_page(client) for _ in range(3)]]

    first, second, *others = front.run(body, server.base_url)

    assert VALUE == first
    assert isinstance(second, ResponseDecodeError) or ["A", "B"] == [n.id for n in second]
    assert [["A", "B"]] * 2 == [[number.id for number in listed] for listed in others]


def test_connections_that_are_not_kept(front, serve):
    """
    Case 60: if the server closes each connection, the client keeps none open.
    """
    server = serve(
        then(WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), Connection.close)
    )
    counts: list[int] = []

    async def body(client):
        numbers = []
        for _ in range(60):
            numbers.append(await get(client))
            counts.append(open_files())
        return numbers

    assert [VALUE] * 60 == front.run(body, server.base_url)
    assert 60 == server.accepted
    assert max(counts) - min(counts) <= 6


def test_two_framings_at_once(front, serve):
    """
    Case 61: a response with two framings is read, and its connection is not reused.
    """
    both = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n")
    server = serve(both + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY), WHOLE)

    assert [VALUE, VALUE] == outcomes(front, server, 2)
    assert [1, 2] == [request.connection for request in server.requests]


def test_an_answer_before_the_question(front, silent):
    """
    Case 62: a response before the request was read is a value or an error, never a hang.
    """

    def serve_one() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = silent.accept()
                with connection:
                    connection.sendall(WHOLE)
                    connection.recv(65536)

    threading.Thread(target=serve_one, daemon=True).start()

    async def body(client):
        return [await get(client) for _ in range(3)]

    got = front.run(body, url_of(silent), retry=AT_ONCE, deadline=5.0)
    silent.shutdown(socket.SHUT_RDWR)

    assert {True} == {one == VALUE or isinstance(one, APIConnectionError) for one in got}


@pytest.mark.full("it goes by the clock")
def test_chaos(front, naps):
    """
    Case 63: of 150 calls, 20 at a time, one in ten faulty, each returns its own number.
    """
    with sandbox.running(numbers=150) as milo:
        milo.chaos(rate=0.1, seed=63)
        ids = [number.id for number in milo.store]

        async def body(client):
            return await client.phone_numbers.get_many_settled(ids, concurrency=20)

        # With that many attempts, no order of the calls makes all attempts of one fail.
        retry = RetryPolicy(max_attempts=9)
        got = front.run(body, milo.base_url, api_key=milo.api_key, retry=retry)
        asked = len(milo.requests)

    assert ids == [vetted(one) if isinstance(one, HeyMiloError) else one.id for one in got]
    assert 150 < asked


# Names.


@pytest.mark.parametrize("failing", [2, 9])
def test_a_name_that_does_not_resolve(front, serve, naps, monkeypatch, failing):
    """
    Case 57: an unknown name is looked up again; the error names it.
    """
    real = socket.getaddrinfo
    looked_up: list[str] = []

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if not name.endswith(".localhost"):
            return real(host, *args, **kwargs)
        looked_up.append(name)
        if len(looked_up) <= failing:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    server = serve(WHOLE)

    got = front.run(get, f"http://numbers.localhost:{server.port}")

    assert ["numbers.localhost"] * 3 == looked_up
    if failing == 2:
        assert VALUE == got
        assert 1 == server.n
    else:
        assert APIConnectionError is type(got)
        assert ("dns", False) == (got.phase, got.maybe_sent)
        assert 3 == len(got.attempts)
        assert 0 == server.n


@pytest.mark.parametrize(
    "host", ["a" * 64 + ".localhost", "xn--a.localhost", "a..localhost", "é" * 60 + ".localhost"]
)
def test_names_that_cannot_be(front, naps, host):
    """
    Case 57: an invalid name is one of this package's errors, at once or later.
    """
    try:
        error = front.run(get, f"http://{host}:9", retry=ONCE)
    except ConfigurationError as refusal:
        error = vetted(refusal)

    assert isinstance(error, ConfigurationError | APIConnectionError)


# TLS.


class Authority:
    """
    A certificate authority of our own, with matching contexts.
    """

    def __init__(self) -> None:
        self.ca = trustme.CA()

    def server(self, *names: str, **options: Any) -> ssl.SSLContext:
        """
        Return the context of a server with a certificate for *names*.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        names = names or ("127.0.0.1", "localhost")
        self.ca.issue_cert(*names, **options).configure_cert(context)
        return context

    def trusted(self) -> ssl.SSLContext:
        """
        Return the context of a client that trusts this authority.
        """
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context


@pytest.fixture(scope="module")
def authority() -> Authority:
    """
    Return the authority; generating one takes a while.
    """
    return Authority()


def test_tls_that_works(front, serve, authority):
    """
    Case 58: with a trusted certificate, https works like http.
    """
    server = serve(WHOLE, ssl_context=authority.server())

    assert [VALUE, VALUE] == outcomes(front, server, 2, ssl_context=authority.trusted())
    assert 1 == server.accepted


def moment(days: float) -> dt.datetime:
    """
    Return the time that many days from now.
    """
    return dt.datetime.now(dt.UTC) + dt.timedelta(days=days)


def test_tls_that_cannot_be_trusted(front, serve, naps, authority):
    """
    Cases 58 and 59: an invalid certificate is an error at once, which says what is wrong.
    """
    other = Authority()
    bad = {
        "authority": other.server(),
        "name": authority.server("api.example.com"),
        "address": authority.server("127.0.0.9"),
        "expired": authority.server("127.0.0.1", not_before=moment(-9), not_after=moment(-2)),
        "not valid yet": authority.server("127.0.0.1", not_before=moment(2), not_after=moment(9)),
    }
    for words, context in bad.items():
        server = serve(WHOLE, ssl_context=context)

        (error,) = outcomes(front, server, ssl_context=authority.trusted())

        assert APIConnectionError is type(error)
        assert ("tls", False) == (error.phase, error.maybe_sent)
        assert ("address" if words == "name" else words) in str(error)
        if words in {"expired", "not valid yet"}:
            assert f"{moment(0):%Y-%m}" in str(error)
        assert 1 == len(error.attempts) == server.accepted
        assert 0 == server.n
    assert [] == naps


def test_tls_by_name(front, serve, authority):
    """
    Case 58: the error tells a certificate for another name from one of an unknown authority.
    """
    server = serve(WHOLE, ssl_context=authority.server("api.example.com"))

    error = front.run(
        get, f"https://localhost:{server.port}", ssl_context=authority.trusted(), retry=AT_ONCE
    )

    assert ("tls", 1) == (error.phase, len(error.attempts))
    assert "another name" in str(error)


def pinning(authority, raised):
    """
    Return the context of a client with a check in Python that raises after the handshake.
    """

    class PinnedSocket(ssl.SSLSocket):
        def do_handshake(self, block=False):
            super().do_handshake(block)
            raise raised

    class PinnedObject(ssl.SSLObject):
        def do_handshake(self):
            super().do_handshake()
            raise raised

    class PinnedContext(ssl.SSLContext):
        sslsocket_class, sslobject_class = PinnedSocket, PinnedObject

    context = PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.ca.configure_trust(context)
    return context


@pytest.mark.parametrize("kind", [ssl.SSLCertVerificationError, ssl.SSLError])
def test_a_check_of_certificates_in_python(front, serve, authority, kind):
    """
    Cases 58 and 187: an exception of a check in Python, such as pinning, is a TLS error, and not
    retried.
    """
    server = serve(WHOLE, ssl_context=authority.server())

    (error,) = outcomes(
        front, server, ssl_context=pinning(authority, kind("it is not the pinned one"))
    )

    assert (APIConnectionError, "tls", 1) == (type(error), error.phase, len(error.attempts))


@pytest.mark.lets_out("OSError", "TimeoutError", "LookupError")
@pytest.mark.parametrize("kind", [OSError, TimeoutError, LookupError])
def test_a_check_of_certificates_with_an_exception_of_its_own(front, serve, authority, kind):
    """
    Case 58: another exception of such a check is raised unchanged, at once.
    """
    raised = kind("of the check")
    server = serve(WHOLE, ssl_context=authority.server())

    async def body(client):
        with pytest.raises(kind) as caught:
            await client.phone_numbers.get("A")
        return caught.value

    assert raised is front.run(body, server.base_url, ssl_context=pinning(authority, raised))
    assert 1 == server.accepted


def test_tls_with_what_this_machine_trusts(front, serve, naps, authority):
    """
    Case 58: without `ssl_context` a private authority is not trusted, and the error says what to
    do.
    """
    server = serve(WHOLE, ssl_context=authority.server())

    (error,) = outcomes(front, server)

    assert "tls" == error.phase
    assert "ssl_context" in str(error)
    assert 1 == server.accepted


def test_http_on_the_port_of_https(front, serve, naps):
    """
    Case 58: the error tells a plain HTTP server from one with an untrusted certificate.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def serve_plain() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                accepted.append(1)
                connection.recv(10)
                connection.sendall(answer(400, b"this is http"))
                connection.close()

    accepted: list[int] = []
    threading.Thread(target=serve_plain, daemon=True).start()
    error = front.run(get, url_of(listener, "https"))
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()

    assert APIConnectionError is type(error)
    assert ("tls", False) == (error.phase, error.maybe_sent)
    assert "http" in str(error).partition(": ")[2]
    assert [1] == accepted


def test_https_on_the_port_of_http(front, serve, naps, authority):
    """
    Case 58: plain HTTP to a port that speaks TLS ends in an error of this package.
    """
    server = serve(WHOLE, ssl_context=authority.server())

    error = front.run(get, server.base_url.replace("https", "http"))

    assert APIConnectionError is type(error)
    assert 0 == server.n


def test_no_common_version_of_tls(front, serve, naps, authority):
    """
    Case 58: if both sides share no version of TLS, the call is not retried.
    """
    modern = authority.server()
    modern.minimum_version = ssl.TLSVersion.TLSv1_3
    old = authority.trusted()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    server = serve(WHOLE, ssl_context=modern)

    (error,) = outcomes(front, server, ssl_context=old)

    assert ("tls", False, 1) == (error.phase, error.maybe_sent, len(error.attempts))
    assert 1 == server.accepted


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_server_that_wants_a_client_certificate(front, silent, naps, authority, version):
    """
    Case 58: if a server requires a client certificate and gets none, the call is not retried.
    """
    context = authority.server()
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion[version]
    authority.ca.configure_trust(context)
    accepted: list[int] = []

    def refuse() -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = silent.accept()
                accepted.append(1)
                with context.wrap_socket(
                    plain, server_side=True, do_handshake_on_connect=False
                ) as connection:
                    with contextlib.suppress(ssl.SSLError):
                        connection.do_handshake()
                    # Closed with the request unread, it would send an RST that discards the alert.
                    socket.socket.shutdown(connection, socket.SHUT_WR)
                    while socket.socket.recv(connection, 65536):
                        pass

    threading.Thread(target=refuse, daemon=True).start()
    error = front.run(get, url_of(silent, "https"), ssl_context=authority.trusted())
    silent.shutdown(socket.SHUT_RDWR)

    assert APIConnectionError is type(error)
    assert "tls" == error.phase
    assert 1 == len(accepted) == len(error.attempts)
    if version == "TLSv1_3":  # before that, the alert does not say
        assert "certificate" in str(error)


@pytest.mark.parametrize("how", ["end", "reset"])
def test_a_hang_up_during_the_handshake(front, silent, naps, how):
    """
    Case 58: if a server closes the connection during the handshake, the call makes three attempts.
    """
    accepted: list[int] = []

    def hang_up() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = silent.accept()
                accepted.append(1)
                # Closed with the request unread, it sends an RST.
                connection.recv(10_000 if how == "end" else 1)
                connection.close()

    threading.Thread(target=hang_up, daemon=True).start()
    error = front.run(get, url_of(silent, "https"))
    silent.shutdown(socket.SHUT_RDWR)

    assert APIConnectionError is type(error)
    assert not error.maybe_sent
    assert 3 == len(accepted) == len(error.attempts)


@pytest.mark.parametrize("cut", ["end-before-any-byte", "end-in-the-body", "reset-in-the-body"])
def test_a_broken_connection_over_tls(front, serve, naps, authority, cut):
    """
    Cases 46, 47, 49: broken encrypted connections are retried, too.
    """
    server = serve(CUTS[cut], WHOLE, ssl_context=authority.server())

    assert [VALUE] == outcomes(front, server, ssl_context=authority.trusted())
    assert 2 == server.n


def test_a_broken_record_over_tls(front, serve, naps, authority):
    """
    Case 51: invalid TLS within an encrypted connection is an error of this package.
    """

    def reply(connection: Connection) -> None:
        # This bypasses the encryption, over the same socket.
        socket.socket.send(connection.socket, b"HTTP/1.1 200 OK\r\n\r\n")
        connection.wait()

    server = serve(*[reply] * 3, WHOLE, ssl_context=authority.server())

    (error,) = outcomes(front, server, ssl_context=authority.trusted(), timeout=5.0)

    assert APIConnectionError is type(error)
    assert error.phase in {"read", "protocol", "tls"}
    assert error.maybe_sent


# Proxies.

PASSWORD = "hush-7d1e5b40"


@pytest.mark.parametrize("status", [400, 403, 407, 500, 502, 503])
def test_a_proxy_that_refuses(front, serve, naps, status):
    """
    Case 48: the error tells a refusing proxy from the server, and shows no password.
    """
    proxy = serve(answer(status, b"no"))
    url = f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}"

    error = front.run(get, "https://api.example.com", proxy=url)

    assert APIConnectionError is type(error)
    assert ("proxy", False) == (error.phase, error.maybe_sent)
    assert PASSWORD not in f"{error} {error!r} {vars(error)}"
    assert {"CONNECT"} == {request.method for request in proxy.requests}
    assert {("api.example.com:443", None)} == {
        (request.target, request.headers.get("x-api-key")) for request in proxy.requests
    }
    basic = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    assert {f"Basic {basic}"} == {
        request.headers.get("proxy-authorization") for request in proxy.requests
    }


TUNNEL_FAULTS = {
    "hangs up": Connection.close,
    "resets": Connection.reset,
    "garbage": then(b"\x00\xff garbage\r\n\r\n"),
    "in the middle": then(b"HTTP/1.1 200 Connec", Connection.close),
    "silent": Connection.wait,
}


@pytest.mark.parametrize("fault", TUNNEL_FAULTS)
def test_a_proxy_that_fails_before_it_has_connected(front, serve, naps, fault):
    """
    Case 48: until a proxy has connected to the server, nothing was sent to the server; so even a
    call that creates something makes three attempts, and the error is one of the proxy.
    """
    proxy = serve(TUNNEL_FAULTS[fault])

    async def create(client):
        with pytest.raises(APIConnectionError) as caught:
            await client.request("POST", "/api/v2/things", body={})
        return caught.value

    # On a busy machine, the others may take as long.
    timeout = 0.2 if fault == "silent" else 30.0
    error = front.run(create, "https://api.example.com", proxy=proxy.base_url, timeout=timeout)

    assert ("proxy", False) == (error.phase, error.maybe_sent)
    assert f"the proxy at 127.0.0.1:{proxy.port}" in str(error)
    assert isinstance(error, APITimeoutError) == (fault == "silent")
    assert 3 == proxy.n == len(error.attempts)


def test_a_deadline_before_a_proxy_has_connected(front, serve):
    """
    Case 48: if the deadline passes before a proxy has connected, nothing was sent to the server.
    """
    proxy = serve(Connection.wait)

    error = front.run(get, "https://api.example.com", proxy=proxy.base_url, deadline=0.2)

    assert DeadlineExceededError is type(error)
    assert ("proxy", False) == (error.phase, error.maybe_sent)
    assert "the proxy did not respond" in str(error)


def test_a_hang_up_behind_a_proxy(front, serve, naps):
    """
    Case 58: if a server behind a proxy closes the connection during the handshake, the error does
    not say that the proxy could not be reached.
    """

    def hang_up(connection):
        connection.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        connection.socket.recv(10_000)
        connection.close()

    proxy = serve(hang_up)

    error = front.run(get, "https://api.example.com", proxy=proxy.base_url)

    assert ("connect", False) == (error.phase, error.maybe_sent)
    assert "could not connect to the server at api.example.com:443 (through " in str(error)
    assert 3 == len(error.attempts)


def test_a_proxy_that_is_not_there(front, naps):
    """
    Case 56: a proxy that refuses connections is an error that says that nothing was sent.
    """
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        error = front.run(
            get, "https://api.example.com", proxy=f"http://127.0.0.1:{bound.getsockname()[1]}"
        )

    assert APIConnectionError is type(error)
    assert error.phase in {"proxy", "connect"}
    assert not error.maybe_sent
    assert 3 == len(error.attempts)


def test_a_proxy_that_passes_on(front, serve):
    """
    Case 46: plain HTTP through a proxy works as without one, faults included.
    """
    proxy = serve(WHOLE)

    got = front.run(get, "http://api.example.com", proxy=proxy.base_url, allow_insecure_http=True)

    assert VALUE == got
    assert KEY == proxy.requests[0].headers["x-api-key"]
    assert proxy.requests[0].target.startswith("http://api.example.com/")


def test_an_answer_that_nobody_asked_for(front, serve):
    """
    Case 61: bytes beyond a response are not the response to the next call.
    """
    server = serve(page("A") + page("B"), page("C"))

    async def body(client):
        return [(await client.phone_numbers.list())[0].id for _ in range(2)]

    assert ["A", "C"] == front.run(body, server.base_url)
    assert [1, 2] == [request.connection for request in server.requests]
