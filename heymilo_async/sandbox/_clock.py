"""
The sandbox's time: it stands still until it is told to go on, or runs as the world's does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

#: 5 January 2026, nine in the morning, UTC: a Monday.
START: Final = 1_767_603_600.0


class Clock:
    """
    Tells the time in Unix seconds. Threads may share it.

    *real* is what it goes on with; None: it stands still.
    """

    def __init__(self, start: float, real: Callable[[], float] | None = None) -> None:
        self._lock = threading.Lock()
        self._start = start
        self._real = real
        self._began = 0.0 if real is None else real()
        self._ahead = 0.0

    def now(self) -> float:
        """
        Return the time.
        """
        passed = 0.0 if self._real is None else self._real() - self._began
        with self._lock:
            return self._start + passed + self._ahead

    def advance(self, seconds: float) -> None:
        """
        Let *seconds* pass at once.
        """
        with self._lock:
            self._ahead += seconds

    def reset(self) -> None:
        """
        Forget what was let pass at once.
        """
        with self._lock:
            self._ahead = 0.0


def clock(start: float | None, *, real_time: bool) -> Clock:
    """
    Return a clock that begins at *start*; None: now in real time, else always the same day.
    """
    if real_time:
        return Clock(time.time() if start is None else start, time.monotonic)
    return Clock(START if start is None else start)
