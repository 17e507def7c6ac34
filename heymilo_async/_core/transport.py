"""
The transport protocol: the only thing that shared code may await.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from .messages import Request, Response
from .secrets import Secret
from .settings import Timeouts

A = TypeVar("A")
B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)


class TooLateError(Exception):
    """
    A function in a thread took too long. It goes on, and nobody gets its result.
    """


class Prefetched(Protocol[B_co]):
    """
    Results that are fetched before they are asked for, in order.

    Entering it starts the fetching; leaving it stops it.
    """

    async def __aenter__(self) -> Prefetched[B_co]: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def next(self) -> B_co:
        """
        Return the next result, or raise what fetching it raised.
        """
        ...


class Transport(Protocol):
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

    async def send(
        self,
        request: Request,
        *,
        timeout: float | Timeouts,
        expires: float | None,
        on_send: Callable[[], Awaitable[None]] | None = None,
    ) -> Response:
        """
        Send *request* once and read the whole response.

        *timeout* is in seconds without progress; *expires* the moment on `now` to give up.
        *on_send* is awaited just before the request goes out, and again if connecting came between.

        Raises:
            HeyMiloError: No response came; nothing of the HTTP library's is left in it.
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

    def prefetch(self, fetch: Callable[[], Awaitable[B]], count: int) -> Prefetched[B]:
        """
        Return what calls *fetch* again and again, *count* results ahead of its consumer.
        """
        ...

    async def run_in_thread(self, function: Callable[[], B], within: float | None = None) -> B:
        """
        Return what *function* returns, which blocks for a moment.

        Without *within* it is not cancelled in the middle. With it, a caller that is cancelled
        does not wait, and the function goes on; of those that may go on so, a few run at a time.
        `math.inf` is for what reads a large body: it needs no thread where nothing else would run.

        Raises:
            TooLateError: It takes more than *within* seconds, and goes on.
        """
        ...

    async def aclose(self, *, gracefully: bool = False) -> None:
        """
        Close every connection; requests in progress end at once, with an error.

        *gracefully*: they finish first, and the next request opens new connections.
        """
        ...
