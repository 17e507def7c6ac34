"""
Calls with a deadline, to servers that would take longer.
"""

from __future__ import annotations

import collections
import random
from typing import Any

from fronts import Front
from reliability.measuring import Stopwatch, percentile, settle
from reliability.origin import Origin

from heymilo_async import HeyMiloError, RetryPolicy

#: No response; a head or a body byte by byte; a late response; errors that are retried.
WAYS = ("hang-", "headers-", "body-", "after-400", "status-503", "drop-")


def deadlines(
    *, front: str = "asyncio", runs: int = 1000, longest: float = 0.2, seed: int = 39
) -> dict[str, Any]:
    """
    Make *runs* calls, each with a deadline of up to *longest* seconds; measure how late they end.

    The time in which the machine had no processor for us does not count.
    """
    dice = random.Random(seed)
    late: dict[str, list[float]] = collections.defaultdict(list)
    ended: collections.Counter[str] = collections.Counter()

    with Origin() as origin:

        async def body(client: Any) -> None:
            await client.phone_numbers.get("A")
            # The time of a full garbage collection depends on the program, and not on the deadline.
            settle()
            for index in range(runs):
                way = WAYS[index % len(WAYS)]
                deadline = dice.uniform(0.01, longest)
                view = client.with_options(deadline=deadline, base_url=origin.url(way))
                watch = Stopwatch()
                try:
                    await view.phone_numbers.get("A")
                except HeyMiloError as error:
                    ended[type(error).__name__] += 1
                late[way].append(watch.seconds - deadline)

        Front(front).run(
            body, origin.url("after-0"), retry=RetryPolicy(max_attempts=10**9, initial_delay=0.01)
        )
    all_of_them = [one for group in late.values() for one in group]
    return {
        "runs": runs,
        "ended": dict(ended),
        "late_p99": round(1000 * percentile(all_of_them, 0.99), 1),
        "latest": round(1000 * max(all_of_them), 1),
        "latest_by_way": {way: round(1000 * max(group), 1) for way, group in late.items()},
        "answered": runs - ended.total(),
    }
