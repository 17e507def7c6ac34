"""
The two connection pools below our own clients: a connection serves one request at a time.

Threads cannot share a pool of httpcore's: while one sends on a connection, another that looks for
an idle one may see the response arrive, take it for the end of an idle connection, and close it.
Tasks cannot either: a cancelled call loses its place (https://github.com/encode/httpcore/issues/1093).
And it looks at all its connections several times for each request.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar

import anyio
import attrs
import httpcore

from .._core.blocking import run_now
from .compat import is_reusable, is_spent
from .protocols import CLEAN_UP, LEASE, ConnectError, ConnectionLease, PoolTimeout

T = TypeVar("T")

#: Seconds after which a waiting thread looks by itself whether a connection is free.
_SLICE = 0.1

#: Under which scheme the proxy is found (None: no proxy), and the server behind it.
Route = tuple[str | None, httpcore.Origin]


@attrs.frozen(eq=False)
class Connection:
    """
    A connection of httpcore's, and the backend that makes its socket.
    """

    http: Any
    backend: Any


@attrs.frozen(eq=False)
class _Leased:
    lease: weakref.ref[ConnectionLease]
    connection: Connection


@attrs.frozen(eq=False)
class _Idle:
    route: Route
    since: float
    connection: Connection


class Connections:
    """
    At most *limit* connections for any number of routes, some leased and the others idle.

    *make* returns a new one for a route; one that was idle for *expiry* seconds is of no use.
    What is to be closed is returned, and closed by the caller.

    Ctrl-C may come between any two steps. So a lease is not counted down by its holder, but ends
    when the last reference to it does, as the holder's frame ends; and only primitives written in C
    are used, which an interrupt cannot leave half-way.
    """

    def __init__(self, make: Callable[[Route], Connection], limit: int, expiry: float) -> None:
        self._make = make
        self._limit = limit
        self._expiry = expiry
        self._lock = threading.Lock()
        #: The one used last comes last.
        self._idle: list[_Idle] = []
        self._leased: list[_Leased] = []
        self._waiting = 0
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._closed = False
        self._retired = False

    def lease(
        self, lease: weakref.ref[ConnectionLease], route: Route
    ) -> tuple[Connection | None, list[Connection]]:
        """
        Return a connection for *lease*, None if there are too many, and those to be closed.

        Raises:
            ConnectError: The client has been closed.
        """
        with self._lock:
            if self._closed:
                message = "the client has been closed"
                raise ConnectError(message)
            closable = [one.connection for one in self._leased if one.lease() is None]
            self._leased = [one for one in self._leased if one.lease() is not None]
            oldest = time.monotonic() - self._expiry
            while self._idle and self._idle[0].since < oldest:
                closable.append(self._idle.pop(0).connection)
            if len(self._leased) >= self._limit:
                return None, closable
            connection = self._newest_idle(route)
            while connection is not None and is_spent(connection.http):
                closable.append(connection)
                connection = self._newest_idle(route)
            if connection is None:
                if len(self._idle) + len(self._leased) >= self._limit:
                    closable.append(self._idle.pop(0).connection)
                connection = self._make(route)
            self._leased.append(_Leased(lease, connection))
            return connection, closable

    def _newest_idle(self, route: Route) -> Connection | None:
        # The one used last is the likeliest to be alive still.
        for index in reversed(range(len(self._idle))):
            if self._idle[index].route == route:
                return self._idle.pop(index).connection
        return None

    def leased_by(self, lease: ConnectionLease) -> Connection | None:
        """
        Return the connection of *lease*, None if it has none or has given it back.
        """
        return next((one.connection for one in self._leased if one.lease() is lease), None)

    def give_back(self, connection: Connection, route: Route | None = None) -> bool:
        """
        End the lease of *connection*; return whether it is kept, for the next request on *route*.
        """
        with self._lock:
            self._leased = [one for one in self._leased if one.connection is not connection]
            is_kept = route is not None and not (self._closed or self._retired)
            if route is not None and is_kept:
                self._idle.append(_Idle(route, time.monotonic(), connection))
        # An interrupt may leave the count too high; the queue grows no further than this.
        if self._waiting and self._wake.qsize() < self._limit:
            self._wake.put(None)
        return is_kept

    def wait(self, seconds: float) -> None:
        """
        Block until one may be free, *seconds* at most.
        """
        self._waiting += 1
        try:
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=seconds)
        finally:
            self._waiting -= 1

    def retire(self, *, close: bool = False) -> tuple[list[Connection], list[Connection]]:
        """
        Keep no connection any more; return the idle and the leased ones.

        *close*: lease none either, and wake the threads that wait for one.
        """
        with self._lock:
            self._retired, self._closed = True, self._closed or close
            idle, self._idle = [one.connection for one in self._idle], []
            leased = [one.connection for one in self._leased]
        for _ in range(self._waiting if close else 0):
            self._wake.put(None)
        return idle, leased


class Pool:
    """
    Leases a connection to each request until its response is closed: what httpx's transports ask of
    a pool of httpcore's.

    Attributes:
        connections: Those that it has.
        route_of: Returns the route of a request.
    """

    def __init__(
        self, connections: Connections, route_of: Callable[[httpcore.Request], Route]
    ) -> None:
        self.connections = connections
        self.route_of = route_of

    async def handle(self, request: httpcore.Request) -> httpcore.Response:
        """
        Send *request* and return the response, its body still to be read.
        """
        route = self.route_of(request)
        lease, timeout = request.extensions[LEASE], request.extensions["timeout"]["pool"]
        connection = await self._acquire(lease, route, timeout)
        if connection is None:
            message = "all connections are in use"
            raise PoolTimeout(message)
        try:
            response: httpcore.Response = await self.send(connection, request)
        except BaseException:
            await self.give_back(connection)
            raise
        response.stream = LeasedStream(self, connection, route, response)
        return response

    async def _acquire(
        self, lease: weakref.ref[ConnectionLease], route: Route, _: float
    ) -> Connection | None:
        connection, closable = self.connections.lease(lease, route)
        for one in closable:
            await self.end(one)
        return connection

    async def give_back(self, connection: Connection, route: Route | None = None) -> None:
        """
        End the lease of *connection*, and keep it for *route*; close it without one: nobody knows in
        what state it is.
        """
        if not self.connections.give_back(connection, route):
            await self.end(connection)

    async def abandon(self, lease: ConnectionLease) -> None:
        """
        Close the connection of a response that nobody got: httpx logs before it returns one, and a
        log handler may raise anything.
        """
        connection = self.connections.leased_by(lease)
        if connection is not None:
            await self.give_back(connection)

    async def retire(self) -> None:
        """
        Close the idle connections, and from now on each one that comes back.
        """
        idle, _ = self.connections.retire()
        for one in idle:
            await self.end(one)

    async def send(self, connection: Connection, request: httpcore.Request) -> Any:
        """
        Send *request* on *connection*.
        """
        raise NotImplementedError

    async def end(self, connection: Connection) -> None:
        """
        Close *connection*.
        """
        raise NotImplementedError


class BlockingPool(Pool):
    """
    A pool for threads.
    """

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """
        Send *request* and return the response, its body still to be read.
        """
        return run_now(self.handle(request))

    def close(self) -> None:
        """
        Close the idle connections, and wake the threads that wait for one or on one.
        """
        idle, leased = self.connections.retire(close=True)
        for one in idle:
            one.backend.drop()
        for one in leased:
            one.backend.shut_down()

    async def _acquire(
        self, lease: weakref.ref[ConnectionLease], route: Route, timeout: float
    ) -> Connection | None:
        until = time.monotonic() + timeout
        while (connection := await super()._acquire(lease, route, timeout)) is None:
            left = until - time.monotonic()
            if left <= 0:
                break
            self.connections.wait(min(left, _SLICE))
        return connection

    async def send(self, connection: Connection, request: httpcore.Request) -> Any:
        """
        Send *request* on *connection*.
        """
        return connection.http.handle_request(request)

    async def end(self, connection: Connection) -> None:
        """
        Close the socket by itself: httpcore's locks are written in Python, and after an interrupt one
        of them may be held for ever.
        """
        connection.backend.drop()


class AsyncPool(Pool):
    """
    A pool for the tasks of one event loop, whose transport admits no more of them than its limit.
    """

    handle_async_request = Pool.handle

    async def aclose(self) -> None:
        """
        Close every connection.
        """
        idle, leased = self.connections.retire(close=True)
        for one in (*leased, *idle):
            await self.end(one)

    async def send(self, connection: Connection, request: httpcore.Request) -> Any:
        """
        Send *request* on *connection*.
        """
        return await connection.http.handle_async_request(request)

    async def end(self, connection: Connection) -> None:
        """
        Close *connection*, also if the caller was cancelled.
        """
        with anyio.move_on_after(CLEAN_UP, shield=True):
            await connection.http.aclose()


class LeasedStream:
    """
    A body, whose connection is given back when it is closed.
    """

    def __init__(
        self, pool: Pool, connection: Connection, route: Route, response: httpcore.Response
    ) -> None:
        self._pool = pool
        self._connection: Connection | None = connection
        self._route = route
        self._stream: Any = response.stream
        self._network_stream = response.extensions.get("network_stream")
        names = {name.lower() for name, _ in response.headers}
        #: Framed in two ways, nobody knows where it ends.
        self._is_ambiguous = names >= {b"transfer-encoding", b"content-length"}

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    def close(self) -> None:
        """
        Close the body and give the connection back.
        """
        run_now(self._close(_done(self._stream.close)))

    async def aclose(self) -> None:
        """
        Close the body and give the connection back.
        """
        await self._close(self._stream.aclose)

    async def _close(self, close: Callable[[], Awaitable[None]]) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        proxy, server = self._route
        try:
            # Before it is closed: then h11 begins anew.
            keeps = not self._is_ambiguous and is_reusable(
                self._stream,
                self._network_stream,
                may_be_tls=proxy is not None or server.scheme == b"https",
            )
            await close()
        except BaseException:
            await self._pool.give_back(connection)
            raise
        await self._pool.give_back(connection, self._route if keeps else None)


def _done(function: Callable[[], T]) -> Callable[[], Awaitable[T]]:
    async def call() -> T:
        return function()

    return call
