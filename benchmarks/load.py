"""
Many tasks at one client, each run in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from .contenders import BARE, OURS
from .programs import run
from .results import Bound, Table, table
from .timing import Series, interleaved

IN_TURN = "httpx + json, behind a semaphore of 100"
_PROGRAMS = {OURS: "ours", BARE: "bare", IN_TURN: "bare-in-turn"}


def measure(server: str, *, rounds: int, calls: int, many: int) -> Iterator[Table]:
    """
    Measure 100 tasks with *calls* calls each, and *many* tasks with one each.
    """
    for backend, at_most in (("asyncio", 0.35), ("trio", 0.45)):
        yield table(
            f"one of {100 * calls:,} calls by 100 tasks at one client, {backend}",
            "µs",
            interleaved(
                {
                    name: partial(_per_call, who, server, calls, backend)
                    for name, who in _PROGRAMS.items()
                },
                rounds,
                warm_up=0,
            ),
            [
                Bound(row=OURS, beside=BARE, at_most=at_most, goal=0.25),
                Bound(row=OURS, beside=IN_TURN),
            ],
        )
    peaks: Series = {OURS: [], IN_TURN: []}

    def wall_time(name: str) -> float:
        found = run("load", _PROGRAMS[name], server, many, 1)
        peaks[name].append(found["peak"])
        return found["seconds"]

    series = interleaved(
        {name: lambda name=name: wall_time(name) for name in peaks},  # type: ignore[misc]
        max(2, rounds // 2),
        warm_up=0,
    )
    bounds = [Bound(row=OURS, beside=IN_TURN)]
    yield table(f"{many:,} tasks at one client, asyncio, all of it", "s", series, bounds)
    yield table(f"{many:,} tasks at one client, asyncio, peak memory", "MB", peaks, bounds)


def _per_call(who: str, server: str, calls: int, backend: str) -> float:
    return run("load", who, server, 100, calls, backend)["per_call"]
