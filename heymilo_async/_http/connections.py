"""
Connections for threads: each request has one for itself, from a stack of those that are free.

A pool of httpcore's is not quite for threads: while one thread sends on a connection, another that
looks for a free one may see the answer arrive, take it for the end of an idle connection, and
close it. And it looks at all its connections several times for each request.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import weakref
from collections.abc import Callable
from typing import Any

import attrs

from .._core.clock import monotonic
from .protocols import PoolTimeout

#: The extension of a request that says for whom a connection is lent.
HOLD = "heymilo.hold"

#: Seconds after which a thread that waits looks for itself whether a connection is free.
_SLICE = 0.1


class Hold:
    """
    The right to a connection: who sends a request has it in a variable, and nobody else does.
    """

    __slots__ = ("__weakref__",)


def is_spent(http: Any) -> bool:
    """
    Return whether a connection of httpcore's, which is idle, cannot be used again.

    One through a proxy is in a pool of its own, which finds that out by itself.
    """
    return hasattr(http, "has_expired") and (http.is_closed() or http.has_expired())


@attrs.frozen(eq=False)
class OneConnection:
    """
    A connection of httpcore's, and the backend that makes its socket.

    It is closed by way of the backend: httpcore's locks are written in Python, and after an
    interrupt one of them may be held for ever.
    """

    http: Any
    backend: Any

    def is_spent(self) -> bool:
        """
        Return whether it cannot be used again.
        """
        return is_spent(self.http)

    def close(self) -> None:
        """
        Close its socket, if it has one.
        """
        self.backend.drop()

    def shut_down(self) -> None:
        """
        Wake up the thread that waits for it, with an error.
        """
        self.backend.shut_down()


@attrs.frozen(eq=False)
class _Lent:
    hold: weakref.ref[Hold]
    connection: OneConnection


@attrs.frozen(eq=False)
class _Idle:
    way: Any
    since: float
    connection: OneConnection


class ExclusiveConnections:
    """
    At most *limit* connections, for any number of ways to any number of servers.

    *make* returns a new one for a way; one that was idle for *expiry* seconds is closed.

    Ctrl-C may come between any two steps. So what is lent is not counted down by whoever has it,
    but comes back when their `Hold` goes, as their frame goes; and only primitives written in C
    are used, which an interrupt cannot leave half-way.
    """

    def __init__(self, make: Callable[[Any], OneConnection], limit: int, expiry: float) -> None:
        self._make = make
        self._limit = limit
        self._expiry = expiry
        self._lock = threading.Lock()
        self._idle: list[_Idle] = []
        self._lent: list[_Lent] = []
        self._waiting = 0
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._closed = False
        self._retired = False

    def take(self, hold: weakref.ref[Hold], way: Any, timeout: float) -> OneConnection:
        """
        Return a connection to have for oneself, after *timeout* seconds of waiting at the most.

        Raises:
            PoolTimeout: None became free in time.
            RuntimeError: The client has been closed.
        """
        end = monotonic() + timeout
        while True:
            connection, closable = self._lend(hold, way)
            for one in closable:
                one.close()
            if connection is not None:
                return connection
            left = end - monotonic()
            if left <= 0:
                message = "all connections are in use"
                raise PoolTimeout(message)
            self._wait(min(left, _SLICE))

    def keep(self, way: Any, connection: OneConnection) -> None:
        """
        Take *connection* back, for the next request that goes the same *way*.
        """
        with self._lock:
            self._lent = [one for one in self._lent if one.connection is not connection]
            closed = self._closed or self._retired
            if not closed:
                self._idle.append(_Idle(way, monotonic(), connection))
        if closed:
            connection.close()
        self._wake_one()

    def drop(self, connection: OneConnection) -> None:
        """
        Take *connection* back, and close it: nobody knows in what state it is.
        """
        with self._lock:
            self._lent = [one for one in self._lent if one.connection is not connection]
        connection.close()
        self._wake_one()

    def retire(self) -> None:
        """
        Close the idle ones, and from now on each one that comes back.
        """
        with self._lock:
            self._retired = True
            idle, self._idle = self._idle, []
        for one in idle:
            one.connection.close()

    def close(self) -> None:
        """
        Close the idle ones, wake up who waits for one, and who waits for an answer on one.
        """
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            lent = list(self._lent)
        for _ in range(self._waiting):
            self._wake.put(None)
        for one in idle:
            one.connection.close()
        for other in lent:
            other.connection.shut_down()

    def _lend(
        self, hold: weakref.ref[Hold], way: Any
    ) -> tuple[OneConnection | None, list[OneConnection]]:
        """
        Return a connection if one is free, and those to be closed, which is not for under the lock.
        """
        with self._lock:
            if self._closed:
                message = "the client has been closed"
                raise RuntimeError(message)
            closable = [one.connection for one in self._lent if one.hold() is None]
            self._lent = [one for one in self._lent if one.hold() is not None]
            oldest = monotonic() - self._expiry
            closable += [one.connection for one in self._idle if one.since < oldest]
            self._idle = [one for one in self._idle if one.since >= oldest]
            if len(self._lent) >= self._limit:
                return None, closable
            connection = self._newest_idle(way)
            while connection is not None and connection.is_spent():
                closable.append(connection)
                connection = self._newest_idle(way)
            if connection is None:
                if len(self._idle) + len(self._lent) >= self._limit:
                    closable.append(self._idle.pop(0).connection)
                connection = self._make(way)
            self._lent.append(_Lent(hold, connection))
            return connection, closable

    def _newest_idle(self, way: Any) -> OneConnection | None:
        # The one used last is the likeliest to be alive still.
        for index in reversed(range(len(self._idle))):
            if self._idle[index].way == way:
                return self._idle.pop(index).connection
        return None

    def _wait(self, seconds: float) -> None:
        self._waiting += 1
        try:
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=seconds)
        finally:
            self._waiting -= 1

    def _wake_one(self) -> None:
        # An interrupt may leave the count too high; the queue grows no further than this.
        if self._waiting and self._wake.qsize() < self._limit:
            self._wake.put(None)
