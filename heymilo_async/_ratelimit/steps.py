"""
Work in steps: it says before each what it would wait for, and whoever drives it waits in its own way.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from .._core.transport import Steps

T = TypeVar("T")

#: Seconds for which a socket is waited for; then the rest is left to a thread.
PATIENCE: Final = 0.05

#: (epoll would have to be opened, and select knows no socket above 1023.)
_Selector: Final = getattr(selectors, "PollSelector", selectors.SelectSelector)


def finish(steps: Steps[T]) -> T:
    """
    Take the steps that are left, each of which may block; return what comes of them.
    """
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def is_readable(place: socket.socket, within: float) -> bool:
    """
    Return whether there is something to read from *place*, after *within* seconds at the latest.
    """
    with _Selector() as selector:
        selector.register(place, selectors.EVENT_READ)
        return bool(selector.select(within))


class Rest(Generic[T]):
    """
    The steps that are left, for one thread to take, whether somebody waits for it or not.
    """

    def __init__(self, steps: Steps[T]) -> None:
        self._steps = steps
        self._claim = threading.Lock()

    def __call__(self) -> T | None:
        """
        Take them, unless another thread does.
        """
        return finish(self._steps) if self._claim.acquire(blocking=False) else None

    def abandon(self) -> None:
        """
        See that a thread takes them, and do not wait for it; a program that ends does.
        """
        if not self._claim.locked():
            # A program that has ended starts no threads any more.
            with contextlib.suppress(RuntimeError):
                threading.Thread(target=self, name="heymilo").start()


async def drive(
    steps: Steps[T],
    is_readable: Callable[[socket.socket], Awaitable[bool]],
    in_thread: Callable[[Rest[T]], Awaitable[T | None]],
) -> T | None:
    """
    Take *steps* as long as *is_readable* says that there is something to read for the next one, and
    leave the rest to *in_thread*.

    Whoever is interrupted meanwhile does not wait for them, and they are taken all the same.
    """
    rest = Rest(steps)
    try:
        while (source := next(steps)) is not None and await is_readable(source):
            pass
        return await in_thread(rest)
    except StopIteration as end:
        result: T = end.value
        return result
    except BaseException:
        rest.abandon()
        raise
