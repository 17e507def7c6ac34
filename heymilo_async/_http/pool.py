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
import weakref
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import attrs
import httpcore

from .._core.blocking import run_now
from .._core.transport import monotonic
from .compat import is_reusable, is_spent
from .transport import CLEAN_UP, LEASE, ConnectError, ConnectionLease, PoolTimeout

#: Seconds after which a waiting thread checks by itself for a free connection.
_SLICE = 0.1

#: The scheme of the proxy's entry in `Proxies` (None: no proxy), and the server.
Route = tuple[str | None, httpcore.Origin]
LeaseRef = weakref.ref[ConnectionLease]


@attrs.frozen(eq=False, repr=False)
class Connection:
    """
    A connection of httpcore's, and the backend that opens its socket.
    """

    http: Any
    backend: Any


class Connections:
    """
    At most *limit* connections for any number of routes, each of them leased or idle.

    *make* creates a connection for a route; an idle connection expires after *expiry* seconds.
    Methods return the connections that the caller has to close.

    Ctrl-C may come between any two steps. So the holder does not count a lease down; the lease ends
    when the last reference to it does, as the holder's frame ends; and only primitives written in C
    are used, which an interrupt cannot leave half-way.
    """

    def __init__(self, make: Callable[[Route], Connection], limit: int, expiry: float) -> None:
        self._make = make
        self._limit = limit
        self._expiry = expiry
        self._lock = threading.Lock()
        #: Each with its route, and the time of its last use; in that order.
        self._idle: list[tuple[Route, float, Connection]] = []
        self._leased: dict[LeaseRef, Connection] = {}
        self._waiting = 0
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._closed = False
        self._retired = False

    def lease(self, lease: LeaseRef, route: Route) -> tuple[Connection | None, list[Connection]]:
        """
        Return a connection for *lease*, None if too many are leased, and the connections to close.

        Raises:
            ConnectError: The client has been closed.
        """
        with self._lock:
            if self._closed:
                message = "the client has been closed"
                raise ConnectError(message)
            closable = [self._leased.pop(one) for one in [*self._leased] if one() is None]
            oldest = monotonic() - self._expiry
            while self._idle and self._idle[0][1] < oldest:
                closable.append(self._idle.pop(0)[2])
            if len(self._leased) >= self._limit:
                return None, closable
            connection = self._newest_idle(route)
            while connection is not None and is_spent(connection.http):
                closable.append(connection)
                connection = self._newest_idle(route)
            if connection is None:
                if len(self._idle) + len(self._leased) >= self._limit:
                    closable.append(self._idle.pop(0)[2])
                connection = self._make(route)
            self._leased[lease] = connection
            return connection, closable

    def _newest_idle(self, route: Route) -> Connection | None:
        # The connection that was used last is the most likely to be still open.
        for index in range(len(self._idle) - 1, -1, -1):
            if self._idle[index][0] == route:
                return self._idle.pop(index)[2]
        return None

    def give_back(self, lease: LeaseRef, route: Route | None = None) -> Connection | None:
        """
        End *lease*; keep its connection for *route*, or return it, so that the caller closes it.
        """
        with self._lock:
            connection = self._leased.pop(lease, None)
            if connection is None:
                return None
            if not (route is None or self._closed or self._retired):
                self._idle.append((route, monotonic(), connection))
                connection = None
        # An interrupt may leave the count too high, so limit the queue.
        if self._waiting and self._wake.qsize() < self._limit:
            self._wake.put(None)
        return connection

    def wait(self, seconds: float) -> None:
        """
        Block until a connection may be free, at most *seconds*.
        """
        self._waiting += 1
        try:
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=seconds)
        finally:
            self._waiting -= 1

    def retire(self, *, close: bool = False) -> tuple[list[Connection], list[Connection]]:
        """
        Keep no more connections; return the idle ones, and those to interrupt.

        With *close*, these are the leased ones; lease no more either, and wake the waiting threads.
        """
        with self._lock:
            self._retired, self._closed = True, self._closed or close
            idle, self._idle = [connection for *_, connection in self._idle], []
            leased = list(self._leased.values()) if close else []
        for _ in range(self._waiting if close else 0):
            self._wake.put(None)
        return idle, leased


class Pool(ABC):
    """
    Leases a connection to each request until its response is closed. It has the interface by which
    httpx's transports send.

    Attributes:
        connections: Those that it has.
        route_of: Returns the route of a request.
        has_proxies: Whether some routes lead through a proxy.
        waits: Whether a request waits here, blocking, until a connection is free.
    """

    waits = True

    def __init__(
        self,
        connections: Connections,
        route_of: Callable[[httpcore.Request], Route],
        *,
        has_proxies: bool = False,
    ) -> None:
        self.connections = connections
        self.route_of = route_of
        self.has_proxies = has_proxies

    async def handle(self, request: httpcore.Request) -> httpcore.Response:
        """
        Send *request* and return the response, with its body unread.
        """
        route, lease = self.route_of(request), request.extensions[LEASE]
        connection, closable = self.connections.lease(lease, route)
        try:
            for one in closable:
                await self._end(one)
            if connection is None:
                timeout = request.extensions["timeout"]["pool"]
                connection = await self._waited(lease, route, timeout)
            response: httpcore.Response = await self._send(connection, request)
        except BaseException:
            await self.give_back(lease)
            raise
        response.stream = LeasedStream(self, lease, route, response)
        return response

    async def _waited(self, lease: LeaseRef, route: Route, timeout: float) -> Connection:
        """
        Wait for a connection, and then for what the exchange has to wait for.
        """
        until = monotonic() + timeout
        connection = None
        while connection is None:
            left = until - monotonic()
            if left <= 0 or not self.waits:
                message = "all connections are in use"
                raise PoolTimeout(message)
            self.connections.wait(min(left, _SLICE))
            connection, closable = self.connections.lease(lease, route)
            for one in closable:
                await self._end(one)
        held = lease()
        if held is not None and held.exchange.on_wait is not None:
            await held.exchange.on_wait()
        del held
        return connection

    async def give_back(self, lease: LeaseRef, route: Route | None = None) -> None:
        """
        End *lease*, and keep its connection for *route*; without *route*, close the connection,
        because its state is unknown.

        Do nothing if the lease has already ended.
        """
        connection = self.connections.give_back(lease, route)
        if connection is not None:
            await self._end(connection)

    async def retire(self, *, close: bool = False) -> None:
        """
        Close the idle connections, and from now on each returned connection.

        With *close*, also end the waits for a connection and for a response.
        """
        idle, leased = self.connections.retire(close=close)
        for one in leased:
            await self._interrupt(one)
        for one in idle:
            await self._end(one)

    # The two kinds send a request, and close a connection or a body, in different ways.

    @abstractmethod
    async def _send(self, connection: Connection, request: httpcore.Request) -> Any: ...

    @abstractmethod
    async def _end(self, connection: Connection) -> None: ...

    @abstractmethod
    async def _interrupt(self, connection: Connection) -> None: ...

    @abstractmethod
    async def _close_body(self, stream: Any) -> None: ...


class BlockingPool(Pool):
    """
    A pool for threads.
    """

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """
        Send *request* and return the response, with its body unread.
        """
        return run_now(self.handle(request))

    async def _send(self, connection: Connection, request: httpcore.Request) -> Any:
        connection.backend.expires = request.extensions[LEASE]().exchange.expires
        return connection.http.handle_request(request)

    async def _end(self, connection: Connection) -> None:
        # Close the socket without httpcore, because an interrupt may have left one of httpcore's
        # locks locked for ever.
        connection.backend.drop()

    async def _interrupt(self, connection: Connection) -> None:
        connection.backend.shut_down()

    async def _close_body(self, stream: Any) -> None:
        stream.close()


class AsyncPool(Pool):
    """
    A pool for the tasks of one event loop. The transport lets only as many tasks in as its limit.
    """

    waits = False
    handle_async_request = Pool.handle

    async def _send(self, connection: Connection, request: httpcore.Request) -> Any:
        return await connection.http.handle_async_request(request)

    async def _end(self, connection: Connection) -> None:
        # Close it even if the caller was cancelled.
        with anyio.move_on_after(CLEAN_UP, shield=True):
            await connection.http.aclose()

    _interrupt = _end

    async def _close_body(self, stream: Any) -> None:
        await stream.aclose()


class LeasedStream:
    """
    A response body that ends the lease of its connection when it is closed.
    """

    def __init__(
        self, pool: Pool, lease: LeaseRef, route: Route, response: httpcore.Response
    ) -> None:
        self._pool = pool
        self._lease: LeaseRef | None = lease
        self._route = route
        self._stream: Any = response.stream
        self._network_stream = response.extensions.get("network_stream")

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    def close(self) -> None:
        """
        Close it, and return the connection to the pool.
        """
        run_now(self.aclose())

    async def aclose(self) -> None:
        """
        Close it, and return the connection to the pool.
        """
        lease, self._lease = self._lease, None
        if lease is None:
            return
        proxy, server = self._route
        held, route = lease(), None
        receiver = None if held is None else held.exchange.receiver
        del held
        # It may be incomplete: a tool has closed it before us, or a second cancellation has
        # interrupted httpcore's cleanup.
        is_over = receiver is not None and receiver.is_complete and not receiver.is_ambiguous
        try:
            # Look before closing it, which resets h11.
            keeps = is_over and is_reusable(
                self._stream,
                self._network_stream,
                may_be_tls=proxy is not None or server.scheme == b"https",
            )
            await self._pool._close_body(self._stream)
            route = self._route if keeps else None
        finally:
            await self._pool.give_back(lease, route)
