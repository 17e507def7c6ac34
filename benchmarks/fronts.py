"""
Blocking, asyncio and trio side by side in one process: each event loop lives in its own thread.

While one works the others stand still, their loops included, so they take no time from it.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from typing import Any

import anyio
import trio  # noqa: F401 - here, and not in two threads at the same time

Job = Callable[[], Awaitable[Any]]

#: How many calls come before the clock starts: the first ones after somebody else's work find the
#: processor's caches full of that, whoever makes them.
UNCOUNTED = 2


class Blocking:
    """
    The calling thread.
    """

    name = "blocking"

    def run(self, call: Callable[[], Any]) -> Any:
        """
        Return what *call* returns.
        """
        return call()

    def time(self, call: Callable[[], Any], times: int) -> float:
        """
        Return the seconds of processor time that one of *times* calls takes.
        """
        for _ in range(UNCOUNTED):
            call()
        start = time.thread_time()
        for _ in range(times):
            call()
        return (time.thread_time() - start) / times


class InLoop:
    """
    An event loop in a thread of its own, which runs one job after the other.
    """

    def __init__(self, backend: str) -> None:
        self.name = backend
        self._jobs: queue.SimpleQueue[tuple[Job, Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=anyio.run, args=(self._work,), kwargs={"backend": backend}, daemon=True
        )
        self._thread.start()

    def run(self, call: Job) -> Any:
        """
        Return what *call*, awaited in the loop, returns.
        """
        outcome: Future[Any] = Future()
        self._jobs.put((call, outcome))
        return outcome.result()

    def time(self, call: Job, times: int) -> float:
        """
        Return the seconds of processor time that one of *times* awaited calls takes.
        """

        async def timed() -> float:
            for _ in range(UNCOUNTED):
                await call()
            start = time.thread_time()
            for _ in range(times):
                await call()
            return (time.thread_time() - start) / times

        seconds: float = self.run(timed)
        return seconds

    def stop(self) -> None:
        """
        End the loop.
        """
        self._jobs.put(None)
        self._thread.join()

    async def _work(self) -> None:
        # It blocks the loop, and is to: there is nothing else in it.
        while (given := self._jobs.get()) is not None:
            job, outcome = given
            try:
                outcome.set_result(await job())
            except Exception as error:
                outcome.set_exception(error)


Front = Blocking | InLoop


@contextlib.contextmanager
def fronts() -> Iterator[tuple[Front, ...]]:
    """
    Give the three fronts, and end the loops afterwards.
    """
    loops = InLoop("asyncio"), InLoop("trio")
    try:
        yield Blocking(), *loops
    finally:
        for loop in loops:
            loop.stop()
