"""
The sandbox's clock: stands still until it is advanced, or runs in real time.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from typing import Final

#: 5 January 2026, nine in the morning, UTC: a Monday.
START: Final = 1_767_603_600.0

# A year at each end of what a datetime can have, because the data has times before and after the
# clock's: postings were created some weeks ago, and deadlines come a month later.
#: The earliest time of the clock, and the end of its last year.
EARLIEST: Final = dt.datetime(2, 1, 1, tzinfo=dt.UTC).timestamp()
LATEST: Final = dt.datetime(9999, 1, 1, tzinfo=dt.UTC).timestamp()


class Clock:
    """
    A clock in Unix seconds; thread-safe.

    *real* is the clock that it follows; None: it stands still.
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
        with self._lock:
            return self._now()

    def advance(self, seconds: float) -> None:
        """
        Move the clock forward by *seconds*.

        Raises:
            ValueError: It would pass `LATEST`; it has not moved.
        """
        with self._lock:
            if self._now() + seconds >= LATEST:
                message = f"the clock goes to the end of the year 9998, not on for {seconds:g} s"
                raise ValueError(message)
            self._ahead += seconds

    def reset(self) -> None:
        """
        Undo all calls of `advance`.
        """
        with self._lock:
            self._ahead = 0.0

    def _now(self) -> float:
        passed = 0.0 if self._real is None else self._real() - self._began
        return self._start + passed + self._ahead


def clock(start: float | None, *, real_time: bool) -> Clock:
    """
    Return a clock that starts at *start*; None: now if it runs in real time, else a fixed day.
    """
    if real_time:
        return Clock(time.time() if start is None else start, time.monotonic)
    return Clock(START if start is None else start)
