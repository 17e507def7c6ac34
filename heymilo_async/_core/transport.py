"""
The transport protocol: the only thing that shared code may await.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from .messages import Request, Response
from .secrets import Secret

A = TypeVar("A")
B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)


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

    async def send(self, request: Request, *, timeout: float, expires: float | None) -> Response:
        """
        Send *request* once and read the whole response.

        *timeout* is in seconds without progress; *expires* the moment on `now` to give up.

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

    async def run_in_thread(
        self, function: Callable[[], B], *, within: float = math.inf
    ) -> B | None:
        """
        Return what *function* returns, which may block; None if it takes more than *within* seconds.

        A caller that is cancelled, or too late, does not wait for it: the function goes on in its
        thread, and nobody hears of its result. Blocking code calls the function where it stands,
        unless *within* is a bound.
        """
        ...

    async def aclose(self, *, gracefully: bool = False) -> None:
        """
        Close every connection; requests in progress end at once, with an error.

        *gracefully*: requests in progress finish first, and the next one opens new connections.
        """
        ...
