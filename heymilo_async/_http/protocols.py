"""
What a transport is: the only thing that shared code may await.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import attrs

from .._core.messages import Request
from .._core.settings import Timeouts

A = TypeVar("A")
B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)

#: Seconds that cleaning up may take when the caller has been cancelled.
CLEAN_UP = 1.0


class TimeoutException(Exception):  # noqa: N818 - named as httpx and httpcore name theirs
    """
    What the exceptions of the HTTP library that mean a timeout have above them.
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


# Without a repr: the server may have repeated the key.
@attrs.frozen(kw_only=True, eq=False, repr=False)
class Received:
    """
    What came back, whoever's client sent the request: the head, and the body still to be read.

    Attributes:
        fields: The header fields, as they came.
        pieces: The body, to be iterated as the transport does; packed, if it is.
        close: Ends it; to be awaited if the transport is.
        content: The whole body, unpacked, if somebody has read it already.
    """

    status_code: int
    fields: Sequence[tuple[bytes, bytes]]
    pieces: Any
    close: Callable[[], Any]
    content: bytes | None = None


def revealed_headers(request: Request) -> list[tuple[str, str]]:
    """
    Return the headers of *request* as they are sent. Only here a secret is more than asterisks.
    """
    return [
        (name, value if isinstance(value, str) else value.reveal())
        for name, value in request.headers
    ]


def timeouts(timeout: float | Timeouts) -> dict[str, float]:
    """
    Return the extension of a request that says how long nothing may move.
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
