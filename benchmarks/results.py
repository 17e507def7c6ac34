"""
What a run found: tables of spreads, ratios of their rows, and whether bounds hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from .timing import Series, Spread, ratio

#: How many of a unit make one second, or one byte.
UNITS: Mapping[str, float] = {
    "s": 1.0,
    "ms": 1e3,
    "µs": 1e6,
    "MB": 1e-6,
    "requests": 1.0,
    "rows": 1.0,
}


@attrs.frozen(kw_only=True)
class Bound:
    """
    What a row, or its ratio to another one, may be at most, and where it should be.
    """

    row: str
    beside: str | None = None
    at_most: float | None = None
    goal: float | None = None


@attrs.frozen(kw_only=True)
class Finding:
    """
    What came of a bound.

    Attributes:
        name: What is looked at.
        unit: One of `UNITS`; empty for a ratio.
        spread: Over the rounds.
        at_most: The bound of its median, None if there is none.
        goal: Where it should be, None likewise.
    """

    name: str
    unit: str
    spread: Spread
    at_most: float | None
    goal: float | None

    @property
    def holds(self) -> bool:
        """
        Whether it is within its bound.
        """
        return self.at_most is None or self.spread.median <= self.at_most


@attrs.frozen(kw_only=True)
class Table:
    """
    One group of measurements that were interleaved.

    Attributes:
        name: What was measured.
        unit: One of `UNITS`.
        rows: By name, in that unit.
        findings: The ratios of rows, taken round by round, and what has a bound.
    """

    name: str
    unit: str
    rows: Mapping[str, Spread]
    findings: tuple[Finding, ...] = ()


def table(name: str, unit: str, series: Series, bounds: Iterable[Bound] = ()) -> Table:
    """
    Make a table of *series*, in seconds or bytes, and see what comes of *bounds*.
    """
    factor = UNITS[unit]
    rows = {row: Spread.of([value * factor for value in values]) for row, values in series.items()}
    return Table(
        name=name,
        unit=unit,
        rows=rows,
        findings=tuple(
            Finding(
                name=f"{name}: {bound.row}" + (f" / {bound.beside}" if bound.beside else ""),
                unit="" if bound.beside else unit,
                spread=ratio(series, bound.row, bound.beside) if bound.beside else rows[bound.row],
                at_most=bound.at_most,
                goal=bound.goal,
            )
            for bound in bounds
        ),
    )
