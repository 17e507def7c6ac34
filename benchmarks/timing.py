"""
Interleaved rounds, paired ratios, medians and quartiles.

A machine is never as fast as it was a second ago, so nothing is compared with what was measured
before or after it. Each round measures every contender once, in an order of its own; a ratio is
taken within a round, and the median over the rounds is what counts.
"""

from __future__ import annotations

import gc
import random
import statistics
from collections.abc import Callable, Mapping, Sequence

import attrs

#: Takes one measurement and returns it: seconds, bytes, anything that has ratios.
Sampler = Callable[[], float]
#: By name, what was measured in each round.
Series = dict[str, list[float]]


@attrs.frozen(kw_only=True)
class Spread:
    """
    A median, and between which values half of all measurements lie.
    """

    median: float
    lower: float
    upper: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """
        Return the spread of at least two *values*.
        """
        lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median=median, lower=lower, upper=upper, count=len(values))


def interleaved(samplers: Mapping[str, Sampler], rounds: int, *, warm_up: int = 1) -> Series:
    """
    Return what each of *samplers* gives in each round, after *warm_up* rounds that do not count.

    The garbage collector runs as it does in a program, but everyone begins with nothing to
    collect, so that nobody pays for another's garbage.
    """
    series: Series = {name: [] for name in samplers}
    order = list(samplers)
    shuffle = random.Random(6).shuffle  # noqa: S311 - an order, and the same one each time
    for count in range(warm_up + rounds):
        shuffle(order)
        for name in order:
            gc.collect()
            gc.freeze()
            measured = samplers[name]()
            if count >= warm_up:
                series[name].append(measured)
    gc.unfreeze()
    return series


def ratio(series: Series, name: str, beside: str) -> Spread:
    """
    Return how *name* compares with *beside*, round by round.
    """
    pairs = zip(series[name], series[beside], strict=True)
    return Spread.of([one / other for one, other in pairs])
