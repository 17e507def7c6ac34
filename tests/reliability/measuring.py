"""
Measures a scenario's own process, on Linux.
"""

from __future__ import annotations

import asyncio
import collections
import gc
import math
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import anyio.lowlevel
import trio
from background import open_files
from invariants import forget_peak, resident


class Memory:
    """
    By how many MiB the memory of this process has grown since the start: now, and at its peak.
    """

    def __init__(self) -> None:
        gc.collect()
        forget_peak()
        self._start = resident()

    @property
    def growth(self) -> float:
        """
        The growth until now.
        """
        return round(resident() - self._start, 1)

    @property
    def peak(self) -> float:
        """
        The growth until the peak.
        """
        return round(resident("VmHWM") - self._start, 1)


def settle() -> None:
    """
    Exclude the existing objects from garbage collection, so that counting is quick and starts at 0.
    """
    Belongings()  # the first look fills caches
    gc.collect()
    gc.freeze()


def tasks() -> int:
    """
    Return the number of tasks of the running event loop, 0 if there is none.
    """
    try:
        token = anyio.lowlevel.current_token().native_token
    except Exception:
        return 0
    if isinstance(token, asyncio.AbstractEventLoop):
        return len(asyncio.all_tasks())
    return trio.lowlevel.current_statistics().tasks_living


class Belongings:
    """
    The resources of this process: objects by type, files and sockets, threads, tasks.
    """

    def __init__(self) -> None:
        gc.collect()
        self.files = open_files()
        self.threads = threading.active_count()
        self.tasks = tasks()
        self.objects = collections.Counter(map(type, gc.get_objects()))

    def more_than(self, before: Belongings, objects: int) -> dict[str, int]:
        """
        Return the resources that have grown since *before*; of objects, only types with at least
        *objects* more.
        """
        more = {
            "files": self.files - before.files,
            "threads": self.threads - before.threads,
            "tasks": self.tasks - before.tasks,
        }
        grown = self.objects - before.objects
        more |= {
            f"{kind.__module__}.{kind.__qualname__}": count
            for kind, count in grown.items()
            if count >= objects
        }
        return {name: count for name, count in more.items() if count > 0}


def stalled(thread: int) -> float:
    """
    Return the seconds that *thread* has been ready to run without a processor.
    """
    figures = Path(f"/proc/self/task/{thread}/schedstat").read_text("ascii")
    return int(figures.split()[1]) / 1e9


def percentile(values: Sequence[float], share: float) -> float:
    """
    Return the smallest of *values* that a *share* of them does not exceed.
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """
    Return the slope of the best-fitting line through *points*.
    """
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


class Stopwatch:
    """
    The seconds since it was made or entered; it stops when the block ends.

    The time in which its thread was ready to run without a processor does not count.
    """

    def __init__(self) -> None:
        self._thread = threading.get_native_id()
        self._start = self._now()
        self._seconds: float | None = None

    def _now(self) -> float:
        return time.monotonic() - stalled(self._thread)

    def __enter__(self) -> Self:
        self._start = self._now()
        return self

    def __exit__(self, *_: object) -> None:
        self._seconds = self._now() - self._start

    @property
    def seconds(self) -> float:
        """
        The seconds until it stopped, or until now.
        """
        return round(self._now() - self._start if self._seconds is None else self._seconds, 3)
