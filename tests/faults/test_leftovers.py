"""
A call leaves nothing to the next one: no connection in use, no waiting place, no objects in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator

import anyio
import httpx
import pytest
import tenacity
import trustme
from fronts import Front
from inside import CallState, in_use, run_now
from server import NUMBER, answer, page, single

from heymilo_async import HeyMiloError, ResponseMismatchError, RetryPolicy

ID = NUMBER["id"]
CHUNKED_TWICE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
)


async def four_at_once(client):
    """
    Look up four numbers over one connection, so three calls wait for it.
    """
    return await client.phone_numbers.get_many_settled(
        ["one", "two", "three", "four"], concurrency=4
    )


def test_who_waits_gets_no_desynchronised_connection(front, serve):
    """
    Case 91: after a ResponseMismatchError, waiting calls get new connections, too.
    """
    asked: dict[int, str] = {}

    def the_one_before(request):
        # Each response answers the previous request on that connection.
        answered = asked.get(request.connection, "other")
        asked[request.connection] = request.target.rpartition("/")[2]
        return lambda connection: (connection.wait(0.02), connection.send(single(id=answered)))

    server = serve(answers=the_one_before)

    outcomes = front.run(four_at_once, server.base_url, max_connections=1)

    assert [ResponseMismatchError] * 4 == [type(one) for one in outcomes]
    assert [1, 2, 3, 4] == [request.connection for request in server.requests]


def test_who_waits_gets_no_connection_of_two_framings(front, serve):
    """
    Case 61: after a response with two framings, waiting calls get a new connection, too.
    """

    def reply(request):
        body = single(id=request.target.rpartition("/")[2]).partition(b"\r\n\r\n")[2]
        return lambda connection: (
            connection.wait(0.02),
            connection.send(CHUNKED_TWICE % (len(body), body)),
        )

    server = serve(answers=reply)

    outcomes = front.run(four_at_once, server.base_url, max_connections=1)

    assert ["one", "two", "three", "four"] == [one.id for one in outcomes]
    assert [1, 2, 3, 4] == [request.connection for request in server.requests]


def test_who_records_a_response_of_two_framings(front, serve, monkeypatch):
    """
    Case 61: the same holds if a tool has read the response within httpx.
    """

    def reply(request):
        body = single(id=request.target.rpartition("/")[2]).partition(b"\r\n\r\n")[2]
        return CHUNKED_TWICE % (len(body), body)

    server = serve(answers=reply)
    kind = httpx.HTTPTransport if front.is_blocking else httpx.AsyncHTTPTransport
    name = "handle_request" if front.is_blocking else "handle_async_request"
    send = getattr(kind, name)
    waiting = ["two"]

    async def body(client):
        async def recorded(transport, request):
            response = send(transport, request)
            if front.is_blocking:
                response.read()
            else:
                response = await response
                await response.aread()
            if waiting:
                await client.phone_numbers.get(waiting.pop())
            return response

        def recorded_now(transport, request):
            return run_now(recorded(transport, request))

        monkeypatch.setattr(kind, name, recorded_now if front.is_blocking else recorded)
        return (await client.phone_numbers.get("one")).id

    assert "one" == front.run(body, server.base_url, max_connections=2)
    assert [1, 2] == [request.connection for request in server.requests]


def test_a_task_that_is_cancelled_again_and_again(serve):
    """
    Case 91: bytes that a task was reading are dropped, even if its cleanup is cancelled, too.
    """
    server = serve(lambda connection: (connection.send(single()[:-9]), connection.wait()), single())

    async def body(client):
        task = asyncio.ensure_future(client.phone_numbers.get(ID))
        while not server.n:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        while not task.done():
            task.cancel()
            await asyncio.sleep(0)
        return task.cancelled(), in_use(client), (await client.phone_numbers.get(ID)).id

    once = RetryPolicy(max_attempts=1)
    assert (True, [], ID) == Front("asyncio").run(body, server.base_url, retry=once)
    assert [1, 2] == [request.connection for request in server.requests]


class Ending(httpx.AsyncByteStream):
    """
    The body of a response, which calls *at_the_end* when it is closed.
    """

    def __init__(self, body, at_the_end):
        self.body = body
        self.at_the_end = at_the_end

    def __aiter__(self):
        return aiter(self.body)

    async def aclose(self):
        """
        Close the body.
        """
        await self.at_the_end()
        await self.body.aclose()


@pytest.fixture
def ending(monkeypatch):
    """
    Make each response of httpx's own transports call a function when it is closed.
    """
    kind = httpx.AsyncHTTPTransport
    send = kind.handle_async_request

    def set_end(at_the_end):
        async def handle_async_request(transport, request):
            response = await send(transport, request)
            response.stream = Ending(response.stream, at_the_end)
            return response

        monkeypatch.setattr(kind, "handle_async_request", handle_async_request)

    return set_end


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_call_that_is_cancelled_as_it_closes_a_large_response(serve, ending, backend):
    """
    I-5: nothing of a response that is too large to read to its end is left to the garbage
    collector.
    """
    server = serve(answer(404, bytes(400_000)))

    async def body(client):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with anyio.CancelScope() as scope:

                async def cancel():
                    scope.cancel()

                ending(cancel)
                await client.phone_numbers.get(ID)
            gc.collect()
        return scope.cancelled_caught, [str(one.message) for one in caught], in_use(client)

    assert (True, [], []) == Front(backend).run(body, server.base_url)


def speak_tls(connection: socket.socket, context: ssl.SSLContext, answers: list[bytes]) -> None:
    """
    Answer each request with the next of *answers*; the first two are sent in one segment, each in a
    TLS record of its own.
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)

    def until_done(step: Callable[[], object]) -> object:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                received = connection.recv(65536)
                if not received:
                    raise ConnectionAbortedError from None
                incoming.write(received)

    with contextlib.suppress(OSError), connection:
        until_done(tls.do_handshake)
        connection.sendall(outgoing.read())
        while answers:
            until_done(lambda: tls.read(65536))
            tls.write(answers.pop(0))
            if len(answers) == 2:
                tls.write(answers.pop(0))
            connection.sendall(outgoing.read())


@contextlib.contextmanager
def tls_server(context: ssl.SSLContext, answers: list[bytes]) -> Iterator[str]:
    """
    Run a server on which each request gets the next of *answers*, on any connection.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    speak_tls(listener.accept()[0], context, answers)

        thread = threading.Thread(target=accept, name="test server", daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_an_answer_that_nobody_asked_for_over_tls(front):
    """
    Case 61: bytes that TLS has already read beyond the response are not the response to the next
    call.
    """
    authority = trustme.CA()
    there, here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(there)
    authority.configure_trust(here)

    async def body(client):
        return [(await client.phone_numbers.list())[0].id for _ in range(2)]

    with tls_server(there, [page("A"), page("B"), page("C")]) as base_url:
        assert ["A", "C"] == front.run(body, base_url, ssl_context=here)


class BoomError(Exception):
    """
    An exception that only the test raises.
    """


class Raising(logging.Handler):
    """
    A handler of the application that fails.
    """

    def emit(self, _: logging.LogRecord) -> None:
        """
        Raise.
        """
        raise BoomError


@pytest.mark.lets_out("BoomError")
def test_a_log_handler_that_raises(front, serve):
    """
    I-3: an exception of your log handler passes through the logging library, and leaks no
    connection.
    """
    server = serve(single())
    logger = logging.getLogger("httpx")

    async def body(client):
        handler = Raising()
        logger.addHandler(handler)
        before, logger.level = logger.level, logging.INFO
        gc.disable()
        try:
            for _ in range(5):
                with pytest.raises(BoomError):
                    await client.phone_numbers.get(ID)
        finally:
            gc.enable()
            logger.removeHandler(handler)
            logger.setLevel(before)
        left = in_use(client)
        return left, (await client.phone_numbers.get(ID)).id

    assert ([], ID) == front.run(body, server.base_url, max_connections=2, timeout=2.0)


@pytest.fixture
def left() -> Iterator[Callable[[], list[object]]]:
    """
    Return the objects that remain of calls since then, without a garbage collection.
    """
    gc.collect()
    gc.disable()
    before = {id(one) for one in gc.get_objects() if isinstance(one, CallState)}
    yield lambda: [
        one for one in gc.get_objects() if isinstance(one, CallState) and id(one) not in before
    ]
    gc.enable()


@pytest.mark.parametrize(
    "reply",
    [single(), answer(404), lambda connection: connection.close()],
    ids=["value", "missing", "cut"],
)
def test_nothing_waits_for_the_garbage_collector(front, serve, left, reply):
    """
    I-5: after a call nothing of it remains in memory, even without a garbage collection.
    """
    server = serve(reply)

    async def body(client):
        with contextlib.suppress(HeyMiloError):
            await client.phone_numbers.get(ID)
        return left()

    assert [] == front.run(body, server.base_url)


def test_a_tenacity_that_keeps_it_elsewhere(front, serve, monkeypatch):
    """
    If tenacity renames the attribute that holds a finished call, calls still work.
    """
    retrying = tenacity.AsyncRetrying

    class Renamed:
        def __init__(self, **options):
            self._state = retrying(**options)

        async def __call__(self, *args):
            return await self._state(*args)

    async def body(client):
        return await client.phone_numbers.get(ID)

    monkeypatch.setattr(tenacity, "AsyncRetrying", Renamed)
    server = serve(answer(503, b"", "Retry-After: 0"), single())

    assert ID == front.run(body, server.base_url).id
    assert 2 == server.n


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_nothing_of_a_cancelled_call_waits_for_it(serve, left, backend):
    """
    I-5: nothing of a cancelled call remains either.
    """
    server = serve(lambda connection: connection.wait())

    async def body(client):
        with anyio.move_on_after(0.1):
            await client.phone_numbers.get(ID)
        # Until its next step, the event loop itself refers to the cancellation.
        await anyio.lowlevel.checkpoint()
        return left()

    assert [] == Front(backend).run(body, server.base_url)
