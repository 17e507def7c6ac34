"""
A sandbox that fails every twentieth request at random, the same ones for the same seed.
"""

from __future__ import annotations

import collections
from typing import Any

import anyio
from reliability.measuring import Stopwatch
from reliability.sandboxed import Sandboxed

from heymilo_async import AsyncHeyMilo, HeyMilo, HeyMiloError, RetryPolicy


def chaos(
    *,
    front: str = "asyncio",
    calls: int = 2000,
    rate: float = 0.05,
    attempts: int = 4,
    concurrency: int = 100,
    seed: int = 63,
) -> dict[str, Any]:
    """
    Get *calls* numbers, *concurrency* at a time, with *attempts* attempts for each.
    """
    with Sandboxed(numbers=calls, rate=rate, seed=seed) as milo:
        milo.begin_chaos()
        ids = milo.said["ids"]
        options: dict[str, Any] = {
            "base_url": milo.said["url"],
            "retry": RetryPolicy(max_attempts=attempts),
        }

        async def main() -> Any:
            async with AsyncHeyMilo(milo.said["api_key"], **options) as client:
                return await client.phone_numbers.get_many_settled(ids, concurrency=concurrency)

        def block() -> Any:
            with HeyMilo(milo.said["api_key"], **options) as client:
                return client.phone_numbers.get_many_settled(ids, concurrency=concurrency)

        with Stopwatch() as watch:
            # Any other exception than a HeyMiloError is raised here, and ends the scenario.
            outcomes = block() if front == "blocking" else anyio.run(main, backend=front)
        failed = collections.Counter(
            type(one).__name__ for one in outcomes if isinstance(one, HeyMiloError)
        )
        right = sum(
            not isinstance(one, HeyMiloError) and one.id == name
            for one, name in zip(outcomes, ids, strict=True)
        )
        return {
            "seconds": watch.seconds,
            "calls": calls,
            "faults": milo.faults,
            "errors": dict(failed),
            "wrong": calls - right - failed.total(),
            "availability": right / calls,
        }
