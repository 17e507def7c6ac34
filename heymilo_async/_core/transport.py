"""
The transport protocol: the only thing that shared code may await.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Protocol, TypeAlias, TypeVar

from .messages import Request, Response
from .secrets import Secret

A = TypeVar("A")
B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)

#: Work that says before each step what it would wait for: the socket from which the step reads, or
#: None before a step that may block for other reasons. It may go on in another thread than it began
#: in. The socket has a timeout: an event loop may leave it without blocking.
Steps: TypeAlias = Generator[socket.socket | None, None, B]


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

    async def run_off_loop(self, work: Callable[[], B], size: int) -> B:
        """
        Return what *work* returns, which reads *size* bytes; no other task waits long for that.
        """
        ...

    async def query(self, steps: Steps[B], *, within: float) -> B | None:
        """
        Return what comes of *steps*, None if they take more than *within* seconds.

        A caller that is cancelled, or too late, does not wait for them, and they go on.
        """
        ...

    async def run_in_thread(self, function: Callable[[], B]) -> B:
        """
        Return what *function* returns, which blocks for a moment. It is not cancelled in the middle.
        """
        ...

    async def recycle_connections(self) -> None:
        """
        Close the connections; requests in progress finish first, the next one opens new ones.
        """
        ...

    async def aclose(self) -> None:
        """
        Close every connection; requests in progress end at once, with an error.
        """
        ...
