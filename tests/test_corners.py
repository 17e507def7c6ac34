"""
Corner cases that no call reaches by itself, or not on every run.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import pickle
import selectors
import socket
import threading
import time
import weakref
from types import SimpleNamespace

import anyio
import httpcore
import httpx
import pytest
import trio
from fronts import KEY
from server import NUMBER, answer, page, single

from heymilo_async import (
    AsyncHeyMilo,
    ClientClosedError,
    ConfigurationError,
    DeadlineExceededError,
    HeyMilo,
    NotFoundError,
    PhoneNumber,
    ResponseDecodeError,
    RetryPolicy,
    _pool,
    errors,
)
from heymilo_async._core import codec as _codec
from heymilo_async._core.blocking import run_now
from heymilo_async._core.messages import Request
from heymilo_async._core.secrets import Secret
from heymilo_async._core.settings import PoolSettings
from heymilo_async._http import AsyncTransport, BlockingTransport
from heymilo_async._http import async_transport as _async
from heymilo_async._http import blocking_transport as _blocking
from heymilo_async._http import clients as _own
from heymilo_async._http import sockets as _sockets
from heymilo_async._http.body import MAX_BODY, MAX_ERROR_BODY, Receiver
from heymilo_async._http.compat import LOGGERS, replace_pool
from heymilo_async._http.errors import unexpected
from heymilo_async._http.pool import AsyncPool, BlockingPool, Connection, Connections
from heymilo_async._http.transport import (
    LEASE,
    ConnectError,
    ConnectionLease,
    Exchange,
    PoolTimeout,
)
from heymilo_async._ratelimit.limiter import CoolDowns
from heymilo_async._values import ReadOnly

ID = NUMBER["id"]
NOTHING = PoolSettings(max_connections=1, proxy=None, ssl_context=None, http_client=None)


def test_run_now_refuses_what_suspends():
    """
    A coroutine that awaits anything but the transport raises a clear `RuntimeError`.
    """

    class Never:
        def __await__(self):
            yield

    async def wait_for_ever():
        await Never()

    with pytest.raises(RuntimeError, match="wait_for_ever suspended"):
        run_now(wait_for_ever())


def test_a_secret_is_not_pickled():
    """
    A secret cannot be pickled, and is equal only to secrets.
    """
    with pytest.raises(TypeError, match="neither pickled nor copied"):
        pickle.dumps(Secret(KEY))
    assert Secret(KEY) != KEY
    assert Secret(KEY) == Secret(KEY)


def test_a_read_only_mapping_has_a_length():
    """
    A read-only mapping counts its items.
    """
    assert 2 == len(ReadOnly({"a": 1, "b": 2}))


def test_the_end_of_the_stack_is_a_decode_error(monkeypatch):
    """
    If reading a body exhausts the stack, the error says so.
    """

    class OutOfStack:
        def structure(self, *_):
            raise RecursionError

    monkeypatch.setattr(_codec, "_fast", OutOfStack())

    with pytest.raises(ResponseDecodeError, match="too deeply"):
        _codec.structure({}, PhoneNumber)


def test_what_was_decoded_too_late_is_late(front, serve, monkeypatch):
    """
    Decoding counts towards the deadline: data that is decoded too late is a
    `DeadlineExceededError`.
    """
    server = serve(single())
    late = []
    real_now, real_decode = front.transport.now, _codec.read_content

    def decode_slowly(*args):
        late.append(100.0)
        return real_decode(*args)

    monkeypatch.setattr(front.transport, "now", lambda self: real_now(self) + sum(late))
    monkeypatch.setattr("heymilo_async._engine.read_content", decode_slowly)

    async def body(client):
        with pytest.raises(DeadlineExceededError) as caught:
            await client.phone_numbers.get(ID)
        return caught.value

    error = front.run(body, server.base_url, deadline=50)

    assert f"GET /api/v2/phone-numbers/{ID}: the call's deadline passed" in str(error)
    assert str(error).endswith("(before its response was decoded)")
    assert ("read", True, [(200, "deadline passed in decoding")]) == (
        error.phase,
        error.maybe_sent,
        [(one.status_code, one.cause) for one in error.attempts],
    )


def test_a_shorter_rest_does_not_end_a_longer_one():
    """
    A credential's cool-down is the longest of those requested, and does not affect other
    credentials.
    """
    because = errors.RateLimitError("")
    cool_down = CoolDowns()
    cool_down.start("a", 10.0, because)
    cool_down.start("a", 5.0, because)

    assert (9.0, because) == cool_down.remaining("a", 1.0)
    assert None is cool_down.remaining("b", 1.0)
    assert None is cool_down.remaining("a", 10.0)
    assert None is cool_down.remaining("a", 1.0)


def test_a_rest_is_as_long_as_it_was_told():
    """
    A cool-down of 20 seconds lasts exactly 20.0, at any clock reading: float arithmetic would make
    it slightly longer.
    """
    because = errors.RateLimitError("")
    rests = set()

    for tick in range(1, 200):
        cool_down = CoolDowns()
        cool_down.start("a", 0.1 * tick + 20.0, because)
        rests.add(cool_down.remaining("a", 0.1 * tick))

    assert {(20.0, because)} == rests


def test_two_threads_make_one_lane():
    """
    The second of two threads that create the state of a loop gets the existing one.
    """
    pool = _pool.Pool(NOTHING, BlockingTransport, owner="HeyMilo", awaits=False)

    assert pool._new_loop_state(BlockingTransport) is pool._new_loop_state(BlockingTransport)
    run_now(pool.aclose())


def test_a_child_starts_anew(serve):
    """
    After a fork the child opens connections of its own, and does not touch those of the parent.
    """
    server = serve(single())

    with HeyMilo(KEY, base_url=server.base_url) as client:
        client.phone_numbers.get(ID)
        parents = client._twin._engine.pool.loop_state()
        _pool._after_fork()
        client.phone_numbers.get(ID)

        assert parents in _pool._abandoned
        assert [1, 2] == [request.connection for request in server.requests]
    _pool._abandoned.clear()
    run_now(parents.transport.aclose())


def test_sockets_are_dropped_at_exit(serve):
    """
    The connections of an unclosed client are closed silently at the interpreter's exit.
    """
    server = serve(single())

    with HeyMilo(KEY, base_url=server.base_url) as client:
        client.phone_numbers.get(ID)
        found = [backend._socket for backend in _sockets._backends]
        (connection,) = [one for one in found if one is not None and one.fileno() != -1]
        _sockets._drop_all()

        assert -1 == connection.fileno()


def test_a_stream_that_does_not_end_when_closed(monkeypatch):
    """
    If a transport of your own keeps sending after its response was closed, we stop reading.
    """
    monkeypatch.setattr(_async, "_LEFT_OVER", 3)
    given = []

    async def for_ever():
        while True:
            given.append(1)
            yield bytes(MAX_ERROR_BODY)

    def answer_for_ever(_):
        return httpx.Response(404, content=for_ever())

    async def main():
        transport = httpx.MockTransport(answer_for_ever)
        async with (
            httpx.AsyncClient(transport=transport) as mine,
            AsyncHeyMilo(KEY, http_client=mine) as client,
        ):
            with pytest.raises(NotFoundError):
                await client.phone_numbers.get(ID)
        # The loop ends the abandoned generator.
        await asyncio.sleep(0)

    asyncio.run(main())

    assert len(given) < 10


def test_loops_that_were_closed_are_forgotten(serve):
    """
    The guard of an event loop does not keep a closed loop in memory, even if its generators were
    not ended.
    """
    server = serve(answer(200, single().partition(b"\r\n\r\n")[2], "Connection: close"))
    client = AsyncHeyMilo(KEY, base_url=server.base_url)
    loops = [asyncio.new_event_loop() for _ in range(2)]
    try:
        for loop in loops:
            loop.run_until_complete(client.phone_numbers.get(ID))
            known = set(_async._guards)
            if loop is loops[0]:
                loop.close()

        assert (False, True) == (loops[0] in known, loops[1] in known)
    finally:
        loops[1].run_until_complete(client.aclose())
        loops[1].run_until_complete(loops[1].shutdown_asyncgens())
        loops[1].close()


def test_a_thread_that_is_to_stop_sends_nothing():
    """
    A worker thread that was stopped starts no request.
    """
    stop = threading.Event()
    stop.set()
    token = _blocking._stop.set(stop)
    transport = BlockingTransport(NOTHING)
    request = Request(
        name="GET /", method="GET", base_url="http://127.0.0.1:1", path="/", headers=(), secrets=()
    )
    try:
        with pytest.raises(_blocking._Stopped):
            run_now(transport.send(request, timeout=1.0, expires=None))
        with pytest.raises(_blocking._Stopped):
            run_now(transport.sleep(30.0))
    finally:
        _blocking._stop.reset(token)
        run_now(transport.aclose())


def test_a_wire_that_was_closed_opens_nothing():
    """
    A call that reaches the transport just after its close does not open a client that would stay
    open.
    """
    transport = BlockingTransport(NOTHING)
    run_now(transport.aclose())

    with pytest.raises(ClientClosedError, match="meanwhile"):
        transport._opened()


def test_threads_try_again_too(serve):
    """
    In `get_many`, a thread waits before a retry as a single call does.
    """
    server = serve(answer(503), single())

    with HeyMilo(KEY, base_url=server.base_url, retry=RetryPolicy(initial_delay=0.001)) as client:
        assert [ID] == [number.id for number in client.phone_numbers.get_many([ID])]
    assert 2 == server.n


def test_a_thread_that_ends_after_an_error_takes_no_more(serve):
    """
    When one of several ids fails, a thread that was in a request takes no further id.
    """

    def reply(request):
        if request.target.endswith("missing"):
            return answer(404)
        return lambda connection: (connection.wait(0.1), connection.send(single()))

    server = serve(answers=reply)

    with HeyMilo(KEY, base_url=server.base_url) as client:
        with pytest.raises(NotFoundError):
            client.phone_numbers.get_many([ID, "missing", ID, ID, ID], concurrency=2)
        end = time.monotonic() + 5
        while any(one.name == "heymilo" for one in threading.enumerate()):
            assert time.monotonic() < end
            time.sleep(0.01)
    assert 2 == server.n


@pytest.mark.full("it goes by the clock")
def test_a_deadline_with_a_client_of_your_own(serve):
    """
    With your own blocking client, the deadline ends a slow body between two pieces.
    """
    server = serve(lambda connection: connection.drip(single(), every=0.01))

    with (
        httpx.Client() as mine,
        HeyMilo(KEY, base_url=server.base_url, http_client=mine, deadline=2.2) as client,
        pytest.raises(DeadlineExceededError),
    ):
        client.phone_numbers.get(ID)


class FakeBody:
    """
    A body of httpcore, without further bytes; closing it may raise.
    """

    _connection = SimpleNamespace(_h11_state=SimpleNamespace(trailing_data=(b"", False)))

    def __init__(self, *, breaks):
        self.breaks = breaks

    def close(self):
        """
        Fail if the connection is a broken one.
        """
        if self.breaks:
            message = "broken"
            raise OSError(message)

    async def aclose(self):
        """
        Fail if the connection is a broken one.
        """
        self.close()


class FakeConnection:
    """
    A connection of httpcore and its backend, which only record whether they are closed.
    """

    closed = shut = spent = breaks = False

    def handle_request(self, _):
        """
        Respond.
        """
        return SimpleNamespace(headers=[], stream=FakeBody(breaks=self.breaks), extensions={})

    async def handle_async_request(self, request):
        """
        Respond.
        """
        return self.handle_request(request)

    def is_closed(self):
        """
        Return the recorded state.
        """
        return self.closed

    def has_expired(self):
        """
        Return the recorded state.
        """
        return self.spent

    async def aclose(self):
        """
        Record the call.
        """
        self.closed = True

    def drop(self):
        """
        Record the call.
        """
        self.closed = True

    def shut_down(self):
        """
        Record the call.
        """
        self.shut = True


def a_lease():
    """
    Return a lease of a complete response, without a real exchange.
    """
    exchange = Exchange(request=None, timeout=1.0)
    exchange.receiver.is_complete = True
    return ConnectionLease(exchange)


class PoolUser:
    """
    Sends requests over a pool of either kind, and records its connections in order.
    """

    def __init__(self, kind, *, limit=1, expiry=3600.0):
        self.made = []
        self.pool = kind(
            Connections(self._make, limit, expiry), lambda request: (None, request.url.origin)
        )

    def _make(self, route):
        made = FakeConnection()
        self.made.append((route, made))
        return Connection(made, made)

    @property
    def routes(self):
        """
        The routes of the opened connections.
        """
        return [origin.host.decode() for (_, origin), _ in self.made]

    @property
    def closed(self):
        """
        Whether each connection is closed.
        """
        return [made.closed for _, made in self.made]

    async def send(self, host, lease, timeout=0.0):
        """
        Return the stream of a response.
        """
        request = httpcore.Request(
            "GET",
            f"http://{host}/",
            extensions={LEASE: weakref.ref(lease), "timeout": {"pool": timeout}},
        )
        return (await self.pool.handle(request)).stream

    async def close(self, closable):
        """
        Close a stream.
        """
        if isinstance(self.pool, BlockingPool):
            closable.close()
        else:
            await closable.aclose()

    async def exchange(self, host):
        """
        Send a request, and close its response.
        """
        lease = a_lease()
        await self.close(await self.send(host, lease))

    def run(self, body):
        """
        Run a coroutine function that awaits the pool.
        """
        return run_now(body()) if isinstance(self.pool, BlockingPool) else anyio.run(body)


BOTH_POOLS = pytest.mark.parametrize("kind", [BlockingPool, AsyncPool])


@BOTH_POOLS
def test_connections_stay_within_their_limit(kind):
    """
    A connection for another route replaces the oldest idle one, and in the end all are closed.
    """
    user = PoolUser(kind, limit=2)

    async def body():
        leases = a_lease(), a_lease()
        streams = [await user.send(host, lease) for host, lease in zip("ab", leases, strict=True)]
        with pytest.raises(PoolTimeout):
            await user.exchange("a")
        for stream in streams:
            await user.close(stream)
        await user.exchange("b")
        assert ["a", "b"] == user.routes
        await user.exchange("c")
        assert [True, False, False] == user.closed
        await user.pool.retire(close=True)
        assert [True, True, True] == user.closed
        with pytest.raises(ConnectError, match="closed"):
            await user.exchange("a")

    user.run(body)


@BOTH_POOLS
def test_a_connection_that_was_idle_for_too_long_is_closed(kind):
    """
    A connection that was idle for longer than the pool allows is closed before the next request is
    sent.
    """
    user = PoolUser(kind, expiry=-1.0)

    async def body():
        await user.exchange("a")
        await user.exchange("a")

    user.run(body)

    assert [True, False] == user.closed


@BOTH_POOLS
def test_the_connection_that_was_used_last_is_leased_first(kind):
    """
    Of two idle connections on one route, the next request gets the one that was used last.
    """
    user = PoolUser(kind, limit=2)

    async def body():
        leases = [a_lease() for _ in range(3)]
        first, second = [await user.send("a", lease) for lease in leases[:2]]
        await user.close(second)
        await user.close(first)
        await user.send("a", leases[2])
        return user.pool.connections._leased[weakref.ref(leases[2])].http

    found = user.run(body)

    assert user.made[0][1] is found


def test_a_connection_that_was_lost_is_closed_and_its_place_free():
    """
    A connection without a lease is closed, and a thread that waits for a connection continues.
    """
    user = PoolUser(BlockingPool)
    leases = [a_lease(), a_lease()]
    run_now(user.send("a", leases[0]))
    timer = threading.Timer(0.05, lambda: leases.pop(0))
    timer.start()

    run_now(user.send("a", leases[1], timeout=5.0))
    timer.join()

    assert [True, False] == user.closed


def test_a_connection_that_cannot_be_made_takes_no_place():
    """
    If opening a connection fails, its place is free for the next request.
    """

    def fail(_):
        message = "no"
        raise OSError(message)

    connections = Connections(fail, limit=1, expiry=1.0)

    for _ in range(2):
        with pytest.raises(OSError, match="no"):
            connections.lease(weakref.ref(a_lease()), (None, None))


@BOTH_POOLS
def test_a_connection_that_is_leased_when_the_pool_is_closed(kind):
    """
    When the pool is closed, a connection that a thread is using is shut down, and closed after use;
    that of a task is closed at once.
    """
    user = PoolUser(kind)

    async def body():
        lease = a_lease()
        stream = await user.send("a", lease)
        await user.pool.retire(close=True)
        (_, made), *_ = user.made
        at_once = made.shut, made.closed
        await user.close(stream)
        return at_once

    assert (kind is BlockingPool, kind is AsyncPool) == user.run(body)
    assert [True] == user.closed


def test_a_thread_that_waits_for_a_connection_ends_with_the_pool():
    """
    Closing the pool wakes up a thread that waits for a connection, and it gets an error.
    """
    user = PoolUser(BlockingPool)
    lease = a_lease()
    run_now(user.send("a", lease))
    ends = []

    def wait():
        try:
            run_now(user.send("a", a_lease(), timeout=30.0))
        except ConnectError as error:
            ends.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    while not user.pool.connections._waiting:
        time.sleep(0.001)
    run_now(user.pool.retire(close=True))
    thread.join(10)

    assert ["the client has been closed"] == ends


@BOTH_POOLS
def test_a_body_that_cannot_be_closed_takes_its_connection_along(kind, monkeypatch):
    """
    If closing a response fails, its connection is not used again; closing twice is allowed.
    """
    user = PoolUser(kind)
    monkeypatch.setattr(FakeConnection, "breaks", True)

    async def body():
        lease = a_lease()
        stream = await user.send("a", lease)
        with pytest.raises(OSError, match="broken"):
            await user.close(stream)
        await user.close(stream)
        return user.pool.connections.give_back(weakref.ref(lease))

    assert None is user.run(body)
    assert [True] == user.closed


@BOTH_POOLS
def test_a_spent_connection_is_not_leased_again(kind):
    """
    An idle connection that the server has closed is closed here too, and a new one is leased.
    """
    user = PoolUser(kind)

    async def body():
        await user.exchange("a")
        user.made[0][1].spent = True
        await user.exchange("a")

    user.run(body)

    assert [True, False] == user.closed


@BOTH_POOLS
def test_a_retired_pool_keeps_no_connection(kind):
    """
    A pool that is retired closes the idle connections at once, and each that comes back.
    """
    user = PoolUser(kind, limit=2)

    async def body():
        lease = a_lease()
        stream = await user.send("a", lease)
        await user.exchange("b")
        await user.pool.retire()
        at_once = user.closed
        await user.close(stream)
        return at_once

    assert [False, True] == user.run(body)
    assert [True, True] == user.closed


@BOTH_POOLS
def test_a_response_that_nobody_got_is_abandoned(kind):
    """
    If a response never reached its caller, its connection is closed, and its place is free.
    """
    user = PoolUser(kind)

    async def body():
        lease = a_lease()
        await user.send("a", lease)
        await user.pool.give_back(weakref.ref(lease))
        await user.exchange("a")

    user.run(body)

    assert [True, False] == user.closed


def test_surplus_connections_of_tasks_are_closed(front, serve, monkeypatch):
    """
    A connection that was idle for too long is closed when the next request is sent.
    """
    monkeypatch.setattr(_own, "_KEEPALIVE", 0.0)
    server = serve(single())

    async def body(client):
        return [(await client.phone_numbers.get(ID)).id for _ in range(2)]

    assert [ID, ID] == front.run(body, server.base_url)
    assert 2 == server.accepted


def test_what_ends_several_attempts_to_connect_is_one_thing():
    """
    The first exception of a group that is no cancellation is raised, else the cancellation.
    """

    async def main():
        cancelled = anyio.get_cancelled_exc_class()
        gone = [cancelled(), cancelled()]
        interrupt = KeyboardInterrupt()

        assert gone[0] is _sockets._first_in(BaseExceptionGroup("", gone))
        mixed = BaseExceptionGroup("", [gone[0], BaseExceptionGroup("", [gone[1], interrupt])])
        assert interrupt is _sockets._first_in(mixed)

    anyio.run(main)


def test_a_body_that_is_sent(front, serve):
    """
    A call with a body, as operations to come have them, sends it with its length.
    """
    server = serve(answers=lambda _: single())
    url = server.base_url
    request = Request(
        name="POST /x",
        method="POST",
        base_url=url,
        path="/x",
        headers=(("Expect", "nothing"),),
        secrets=(),
        body=b"",
    )

    async def body(_):
        transport = front.transport(NOTHING)
        try:
            return (await transport.send(request, timeout=5.0, expires=None)).status_code
        finally:
            await transport.aclose()

    assert 200 == front.run(body, url)
    assert "0" == server.requests[0].headers["content-length"]


def test_a_large_body_is_read_aside(front, serve):
    """
    A body of a megabyte is read as any other; on asyncio and trio other tasks run meanwhile.
    """
    server = serve(page(*(f"{number:0200}" for number in range(3000))))

    async def body(client):
        return len(await client.phone_numbers.list())

    assert 3000 == front.run(body, server.base_url)


def _received(status, body, *, coding="gzip", size=None):
    receiver = Receiver()
    if receiver.begin(status, [(b"content-encoding", coding.encode())]):
        for start in range(0, len(body), size or len(body)):
            if not receiver.feed(body[start : start + (size or len(body))]):
                break
    return receiver.response(0.0)


def test_an_exception_that_is_nobodys_slip():
    """
    An exception that no HTTP library raises by mistake does not count as a connection error.
    """
    assert None is unexpected(MemoryError(), (), "read")


def test_an_httpx_that_keeps_its_pool_elsewhere():
    """
    If httpx's transports have no `_pool`, no client opens, so no request uses httpx's own pool.
    """
    with pytest.raises(ConfigurationError, match="not supported"):
        replace_pool(object(), None)


@pytest.mark.parametrize("size", [1, 7, 1000, None])
@pytest.mark.parametrize("level", [0, 1, 9])
def test_gzip_in_pieces_of_any_size(size, level):
    """
    A compressed body is decompressed completely, in pieces of any size, with one or several gzip
    members.
    """
    plain = os.urandom(1000) + bytes(300_000) + b"end"
    packed = gzip.compress(plain, level) + gzip.compress(b"more")

    assert plain + b"more" == _received(200, packed, size=size and size * 100).body


@pytest.mark.parametrize("size", [63, 64, 65, 127, 128])
def test_what_is_left_in_the_unpacker_comes_out(size):
    """
    Data that did not fit into the previous output is returned before the next piece.
    """
    plain = bytes(2_000_000)

    assert plain == _received(200, gzip.compress(plain, 9), size=size).body


def test_an_error_that_is_packed_without_end_is_read_in_part():
    """
    Only a limited part of an error's compressed body is read, whatever it contains.
    """
    empty = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\x00\x00\x00\xff\xff" * 50_000

    assert b"" == _received(500, empty, size=1000).body


def test_more_than_the_limit_is_not_kept():
    """
    A success larger than 32 MiB is refused, and its memory is freed.
    """
    got = _received(200, bytes(MAX_BODY + 1), coding="identity", size=1024 * 1024)

    assert (True, b"") == (got.too_large, got.body)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_ahead_says_its_end_again(backend):
    """
    After the end of the prefetched pages, each further call reports the end again.
    """

    async def end():
        raise StopAsyncIteration

    async def main():
        async with AsyncTransport(NOTHING).prefetch(end, 1) as ahead:
            for _ in range(3):
                with pytest.raises(StopAsyncIteration):
                    await ahead.next()
        return True

    assert anyio.run(main, backend=backend)


class ClosedSocket:
    """
    A socket that another thread has closed, as httpcore's streams report it.
    """

    aclose = get_extra_info = None

    def read(self, *_):
        # Raised within the standard library, as by a real socket.
        selectors.SelectSelector().register(-1, selectors.EVENT_READ)

    write = read


class ClosedAsyncSocket(ClosedSocket):
    """
    The same, async.
    """

    async def read(self, *_):
        ClosedSocket().read()

    write = read


@pytest.mark.parametrize(
    ("what", "expected"), [("read", httpcore.ReadError), ("write", httpcore.WriteError)]
)
def test_a_socket_that_is_closed_by_somebody_else(what, expected):
    """
    An unwrapped error of a broken socket becomes a connection error, in both transports.
    """

    class Backend(_sockets.DeadlineBackend):
        def opened(self, _):
            return None

    stream = _sockets._DeadlineStream(ClosedSocket(), Backend())
    with pytest.raises(expected):
        getattr(stream, what)(1)
    with pytest.raises(expected):
        run_now(getattr(_sockets._TidyStream(ClosedAsyncSocket()), what)(1))


def test_a_socket_without_a_timeout():
    """
    A socket has the timeout of its connecting, if a read or a write has none: httpcore passes none
    to a SOCKS proxy.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = silent.getsockname()
        stream = _sockets.DeadlineBackend().connect_tcp(*address, 0.05)
        with contextlib.closing(stream), pytest.raises(httpcore.ReadTimeout):
            stream.read(1)

        async def main():
            stream = await _sockets.TidyBackend().connect_tcp(*address, 0.05)
            try:
                with pytest.raises(httpcore.ReadTimeout):
                    await stream.read(1)
            finally:
                await stream.aclose()

        for backend in ("asyncio", "trio"):
            anyio.run(main, backend=backend)


def test_a_clock_with_a_time_of_its_own():
    """
    A virtual clock of trio may have any attributes.
    """

    class Clock(trio.abc.Clock):
        time = 1000.0

        def start_clock(self):
            pass

        def current_time(self):
            return self.time

        def deadline_to_sleep_time(self, deadline):
            self.time = max(self.time, min(deadline, 2000.0))
            return 0

    async def main():
        transport = AsyncTransport(
            PoolSettings(max_connections=1, proxy=None, ssl_context=None, http_client=None)
        )
        before = transport.now()
        await trio.sleep(5)
        return before, transport.now()

    assert (1000.0, 1005.0) == trio.run(main, clock=Clock())


def test_a_url_that_is_long_is_not_kept(front, serve):
    """
    The longest allowed cursor is sent, and its URL is not cached.
    """
    server = serve(page("A"))
    cursor = "\u65e5" * 4096

    async def body(client):
        return (await client.phone_numbers.list(starting_after=cursor))[0].id

    before = _own._cached_url.cache_info().currsize
    assert "A" == front.run(body, server.base_url)
    assert server.requests[0].target.endswith("%E6%97%A5" * 4096)
    assert before == _own._cached_url.cache_info().currsize


def test_every_logger_is_known_by_both_names():
    """
    I-1: the log filter applies to the loggers of httpx, of httpcore, and of their successors.
    """
    names = set(LOGGERS)

    successors = {
        name.replace("httpx", "httpx2").replace("httpcore", "httpcore2")
        for name in names
        if "2." not in name and not name.endswith("x2")
    }
    assert set() == successors - names
