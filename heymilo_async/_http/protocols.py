"""
What the parts of the border share: the protocols of HTTP clients, timeouts, leases of connections.
"""

from __future__ import annotations

import errno
import threading
import time
from typing import Any, Protocol

import attrs

from .._core.messages import Request
from .._core.settings import Timeouts

#: Seconds that cleaning up may take when the caller has been cancelled.
CLEAN_UP = 1.0


class TimeoutException(Exception):  # noqa: N818 - named as httpx and httpcore name theirs
    """
    A timeout, named as httpx and httpcore name theirs.
    """


class PoolTimeout(TimeoutException):
    """
    No connection became free in time.
    """


class ConnectError(Exception):
    """
    No connection could be made; named as httpx and httpcore name theirs.
    """


#: Its text, where a process has as many files and sockets open as it may have.
NO_DESCRIPTOR = "no file descriptor is left: close files or sockets, or raise the limit (ulimit -n)"


def is_out_of_descriptors(error: Exception) -> bool:
    """
    Return whether *error* says that the process, or the machine, has no file descriptor left.
    """
    return isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}


class HTTPResponse(Protocol):
    """
    What an `HTTPClient` gives back.
    """

    @property
    def status_code(self) -> int: ...

    def close(self) -> None: ...


class AsyncHTTPResponse(Protocol):
    """
    What an `AsyncHTTPClient` gives back.
    """

    @property
    def status_code(self) -> int: ...

    async def aclose(self) -> None: ...


class HTTPClient(Protocol):
    """
    What `HeyMilo(http_client=...)` takes: an `httpx.Client`, or one of httpx2.
    """

    def send(self, request: Any, *, stream: bool, auth: Any, follow_redirects: Any) -> HTTPResponse:
        """
        Send *request* and return a response whose body is still to be read.
        """
        ...


class AsyncHTTPClient(Protocol):
    """
    What `AsyncHeyMilo(http_client=...)` takes: an `httpx.AsyncClient`, or one of httpx2.
    """

    async def send(
        self, request: Any, *, stream: bool, auth: Any, follow_redirects: Any
    ) -> AsyncHTTPResponse:
        """
        Send *request* and return a response whose body is still to be read.
        """
        ...


def revealed_headers(request: Request) -> list[tuple[str, str]]:
    """
    Return the headers of *request* as they are sent. Only here a secret is more than asterisks.
    """
    return [
        (name, value if isinstance(value, str) else value.reveal())
        for name, value in request.headers
    ]


class ConnectionLease:
    """
    Keeps a connection checked out while it is referenced.
    """

    __slots__ = ("__weakref__",)


#: The extension of a request that refers, weakly, to its `ConnectionLease`.
LEASE = "heymilo.lease"


class Deadline(threading.local):
    """
    When the blocking call of this thread has to be over, on `time.monotonic`; None if never.
    """

    expires: float | None = None

    def clip(self, timeout: float | None, too_late: type[Exception]) -> float | None:
        """
        Return *timeout*, or what is left of the call if that is less.
        """
        if self.expires is None:
            return timeout
        left = self.expires - time.monotonic()
        if left <= 0:
            message = "the call's deadline passed"
            raise too_late(message)
        return left if timeout is None else min(timeout, left)


def timeouts(timeout: float | Timeouts) -> dict[str, float]:
    """
    Return the extension of a request that limits how long each step may take without data.
    """
    if isinstance(timeout, Timeouts):
        return attrs.asdict(timeout)
    return {"connect": timeout, "read": timeout, "write": timeout, "pool": timeout}


def clipped(timeout: float | Timeouts, left: float) -> float | Timeouts:
    """
    Return *timeout*, each part of it *left* seconds at most.
    """
    if isinstance(timeout, Timeouts):
        return Timeouts(
            **{name: max(min(one, left), 0.001) for name, one in timeouts(timeout).items()}
        )
    return max(min(timeout, left), 0.001)
