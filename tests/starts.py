"""
A listener that records when attempts start.
"""

from __future__ import annotations

import time

from heymilo_async.events import AttemptStarted, Event


class Starts:
    """
    A listener for `events=` that records when attempts start; several clients may share it.
    """

    def __init__(self) -> None:
        self.at: list[float] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, AttemptStarted):
            self.at.append(time.monotonic())

    def closer_than(self, seconds: float, limit: int) -> list[tuple[float, float]]:
        """
        Return the pairs of starts, *limit* apart, with fewer than *seconds* between them.
        """
        at = sorted(self.at)
        return [(a, b) for a, b in zip(at, at[limit:], strict=False) if b - a < seconds]
