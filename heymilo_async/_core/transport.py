"""
The protocol of a transport, the only object that shared code may await, and the clock.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol, TypeVar

from .messages import Request, Response
from .secrets import Secret
from .settings import Timeouts

A = TypeVar("A")
B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)


class TooLateError(Exception):
    """
    A function in a thread took too long. It continues, but its result is dropped.
    """


class Prefetched(Protocol[B_co]):
    """
    Results that are fetched in advance, in order.

    Entering it starts fetching; leaving it stops fetching.
    """

    async def __aenter__(self) -> Prefetched[B_co]: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def next(self) -> B_co:
        """
        Return the next result, or raise the error of fetching it.
        """
        ...


class Transport(Protocol):
    """
    Sends requests and waits. Each instance belongs to one process and one event loop.
    """

    #: Values that no error may contain, in addition to a request's secrets.
    secrets: tuple[Secret, ...]

    def now(self) -> float:
        """
        Return the time of the monotonic clock for deadlines, in seconds.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """
        Wait for *seconds*.
        """
        ...

    async def send(
        self,
        request: Request,
        *,
        timeout: float | Timeouts,
        expires: float | None,
        on_send: Callable[[], Coroutine[Any, Any, None]] | None = None,
        on_wait: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> Response:
        """
        Send *request* once and read the whole response.

        *timeout* is in seconds without progress. *expires* is the time of the call's deadline, on
        the clock of `now`. *on_wait* is awaited if the request had to wait for a free connection.
        *on_send* is awaited just before the request is sent, and again if the transport had to
        connect first.

        Raises:
            HeyMiloError: There was no response; the error has no reference to the HTTP library.
        """
        ...

    async def map(
        self, function: Callable[[A], Coroutine[Any, Any, B]], items: Sequence[A], limit: int
    ) -> list[B]:
        """
        Call *function* with each of *items*, *limit* at a time; return the results in order.

        The first exception is raised unchanged, and cancels the other calls.
        """
        ...

    def prefetch(self, fetch: Callable[[], Coroutine[Any, Any, B]], count: int) -> Prefetched[B]:
        """
        Return a prefetcher that calls *fetch* repeatedly, up to *count* results ahead.
        """
        ...

    async def run_in_thread(self, function: Callable[[], B], within: float | None = None) -> B:
        """
        Run a *function* that blocks for a short time, and return its result.

        Without *within*, a cancelled caller waits for the function. With *within*, a cancelled
        caller does not wait, and the function continues; only a few such functions run at a time.
        `math.inf` is for decoding a large body, which needs no thread in blocking code.

        Raises:
            TooLateError: The function takes more than *within* seconds; it continues.
        """
        ...

    async def aclose(self, *, gracefully: bool = False) -> None:
        """
        Close all connections; running requests fail at once.

        With *gracefully*, running requests finish, and the next request opens new connections.
        """
        ...


class LoopState(Protocol):
    """
    A transport, and a clock in seconds that all event loops of a pool share.
    """

    @property
    def transport(self) -> Transport: ...

    def now(self) -> float: ...


#: Returns `time.monotonic()`, even if a test tool has stopped that clock: freezegun replaces the
#: function in every module, so waits would never end. It does not see the function in a partial.
monotonic: Final[Callable[[], float]] = functools.partial(time.monotonic)
