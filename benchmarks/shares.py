"""
Where the time of one blocking call goes: which part of the way is at work, looked at 700 times a
second of processor time.
"""

from __future__ import annotations

import collections
import re
import signal
import time
from collections.abc import Iterator
from functools import partial
from types import FrameType

from heymilo_async import HeyMilo

from .contenders import KEY
from .results import Table, table
from .timing import Series

_EVERY = 0.0014

#: What a file, or a function in it, belongs to; the first that matches, from the innermost frame
#: outward, so that the standard library counts for whoever called it.
_PARTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (part, re.compile(pattern))
    for part, pattern in (
        ("system calls of the socket", r"httpcore/_backends/"),
        ("h11: bytes to events and back", r"/h11/"),
        ("httpcore: the connection", r"/httpcore/"),
        ("httpx: request, response, client", r"/httpx/"),
        ("tenacity: attempts", r"/tenacity/"),
        ("JSON, by Python's scanner", r"/_codec\.py:(_parse|_bounded_int|decode)$"),
        ("models, by cattrs and attrs", r"/_codec\.py|cattrs|generated methods .*PhoneNumber"),
        ("models, by cattrs and attrs", r"generated methods heymilo_async\.pages"),
        ("our transport", r"heymilo_async(/|\.)_http"),
        ("our engine", r"heymilo_async"),
    )
)


def measure(server: str, *, rounds: int, calls: int) -> Iterator[Table]:
    """
    Measure the parts of a call of 20 numbers.
    """
    series: Series = {part: [] for part, _ in _PARTS}
    with HeyMilo(KEY, base_url=server) as client:
        call = partial(client.phone_numbers.list, limit=20)
        for _ in range(200):
            call()
        for _ in range(rounds):
            seen: collections.Counter[str] = collections.Counter()
            start = time.thread_time()
            before = signal.signal(signal.SIGPROF, lambda _, frame, seen=seen: _note(frame, seen))
            signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
            try:
                for _ in range(calls):
                    call()
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
                signal.signal(signal.SIGPROF, before)
            seconds = (time.thread_time() - start) / calls / max(1, seen.total())
            for part, measured in series.items():
                measured.append(seen[part] * seconds)
    yield table("parts of one call, blocking, 20 numbers, processor time", "µs", series)


def _note(frame: FrameType | None, seen: collections.Counter[str]) -> None:
    while frame is not None:
        place = f"/{frame.f_code.co_filename}:{frame.f_code.co_name}"
        part = next((part for part, pattern in _PARTS if pattern.search(place)), None)
        if part is not None:
            seen[part] += 1
            return
        frame = frame.f_back
