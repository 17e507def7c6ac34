"""
One call: a page of 20 numbers and one of 100, on three fronts, beside everybody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import attrs

from . import numbers
from .contenders import BARE, BY_HAND, OURS, Contender
from .fronts import Front
from .results import Bound, Table, table
from .timing import Sampler, interleaved

#: What a call may cost beside bare httpx and json, and should; by front and numbers.
_BOUNDS = {
    "blocking": {20: (0.80, 0.70), 100: (1.05, 0.90)},
    "asyncio": {20: (0.80, 0.72), 100: (1.05, 0.90)},
    "trio": {20: (0.85, 0.72), 100: (1.05, 0.90)},
}


@attrs.frozen
class Field:
    """
    A front, and who takes part there.
    """

    front: Front
    contenders: Sequence[Contender]


def check(fields: Sequence[Field], limit: int) -> None:
    """
    See that every contender comes by the same numbers.
    """
    expected = [numbers.id_of(index) for index in range(limit)]
    for field in fields:
        for contender in field.contenders:
            found = contender.ids(field.front.run(partial(contender.call, limit)))
            if expected != found:
                message = f"{contender.name} ({field.front.name}) did not get the numbers: {found}"
                raise ValueError(message)


def close(fields: Sequence[Field]) -> None:
    """
    Close every contender.
    """
    for field in fields:
        for contender in field.contenders:
            field.front.run(contender.close)


def measure(
    fields: Sequence[Field], *, rounds: int, times: int, limits: Sequence[int] = (20, 100)
) -> Iterator[Table]:
    """
    Measure one call, all contenders of all fronts in one go, *times* calls a round.
    """
    for limit in limits:
        check(fields, limit)
        samplers: dict[str, Sampler] = {
            f"{field.front.name}: {contender.name}": partial(
                field.front.time, partial(contender.call, limit), times
            )
            for field in fields
            for contender in field.contenders
        }
        series = interleaved(samplers, rounds, warm_up=3)
        for field in fields:
            start = f"{field.front.name}: "
            yield table(
                f"one call, {field.front.name}, {limit} numbers",
                "µs",
                {
                    row.removeprefix(start): values
                    for row, values in series.items()
                    if row.startswith(start)
                },
                list(_bounds(field, limit)),
            )


def _bounds(field: Field, limit: int) -> Iterator[Bound]:
    for contender in field.contenders:
        if contender.name == OURS:
            continue
        if contender.name == BY_HAND:
            yield Bound(row=OURS, beside=BY_HAND, at_most=1.02, goal=1.00)
            continue
        at_most, goal = None, None
        if contender.name == BARE:
            at_most, goal = _BOUNDS[field.front.name].get(limit, (None, None))
        yield Bound(row=OURS, beside=contender.name, at_most=at_most, goal=goal)
