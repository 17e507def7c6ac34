"""
What a wire is: the only thing that shared code may await.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import attrs

from .._call import Answer, Request
from .._settings import Secret
from .._steps import Steps

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
        pieces: The body, to be iterated as the wire does; packed, if it is.
        close: Ends it; to be awaited if the wire is.
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


def timeouts(seconds: float) -> dict[str, float]:
    """
    Return the extension of a request that says how long nothing may move.
    """
    return {"connect": seconds, "read": seconds, "write": seconds, "pool": seconds}


class Ahead(Protocol[B_co]):
    """
    Things that are fetched before they are asked for, in order.

    Entered, it fetches; left, it stops.
    """

    async def __aenter__(self) -> Ahead[B_co]: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def next(self) -> B_co:
        """
        Return the next thing, or raise what fetching it raised.
        """
        ...


class Wire(Protocol):
    """
    One way to wait and to send. Each instance serves one process and one event loop.
    """

    #: What no error may repeat, beside a request's own secrets.
    secrets: tuple[Secret, ...]

    def now(self) -> float:
        """
        Return the seconds on the clock that deadlines are told by; it never goes back.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """
        Wait.
        """
        ...

    async def send(self, request: Request, *, timeout: float, expires: float | None) -> Answer:
        """
        Send *request* once and read the whole answer.

        *timeout* is in seconds without progress; *expires* the moment on `now` to give up.

        Raises:
            HeyMiloError: No answer came; nothing of the HTTP library's is left in it.
        """
        ...

    async def map(
        self, function: Callable[[A], Awaitable[B]], items: Sequence[A], limit: int
    ) -> list[B]:
        """
        Return *function* of each of *items*, in order, *limit* at a time.

        The first exception is raised as it is, and stops the rest.
        """
        ...

    async def aside(self, work: Callable[[], B], size: int) -> B:
        """
        Return what *work* returns, which reads *size* bytes; no other task waits long for that.
        """
        ...

    def ahead(self, fetch: Callable[[], Awaitable[B]], count: int) -> Ahead[B]:
        """
        Return what calls *fetch* again and again, *count* results ahead of who takes them.
        """
        ...

    async def ask(self, steps: Steps[B], *, within: float) -> B | None:
        """
        Return what comes of *steps*, None if they take more than *within* seconds. Cancelled or too
        late, nobody waits for them, and they go on.
        """
        ...

    async def run(self, function: Callable[[], B]) -> B:
        """
        Return what *function* does, which blocks for a moment. It is not cancelled in the middle.
        """
        ...

    async def renew(self) -> None:
        """
        Give up the connections there are; requests under way end first.
        """
        ...

    async def aclose(self) -> None:
        """
        Close every connection; requests under way end at once, with an error.
        """
        ...
