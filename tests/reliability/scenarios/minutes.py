"""
Minutes of calls at an even rate, of which some fail and some are cancelled.
"""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

import anyio
from reliability.measuring import Memory, Stopwatch, open_files, percentile, slope
from reliability.sandboxed import Sandboxed

from heymilo_async import AsyncHeyMilo, HeyMiloError, RetryPolicy


def minutes(
    *,
    front: str = "asyncio",
    seconds: float = 600.0,
    quiet: float = 20.0,
    warm_up: float = 60.0,
    rate: int = 50,
    faults: float = 0.05,
    cancels: float = 0.01,
    seed: int = 146,
) -> dict[str, Any]:
    """
    Begin *rate* calls a second: *quiet* seconds without faults, then *seconds* with them.

    Memory is measured each second, from *warm_up* seconds after the first faults on.
    """
    dice = random.Random(seed)
    retry = RetryPolicy(max_attempts=4)
    took: dict[bool, list[float]] = {False: [], True: []}
    failed = cancelled = wrong = 0
    memories: list[tuple[float, float]] = []
    files: list[int] = []

    async def call(client: AsyncHeyMilo, name: str, *, chaotic: bool) -> None:
        nonlocal failed, cancelled, wrong
        watch = Stopwatch()
        # Less than most calls take.
        patience = dice.uniform(0, 0.005) if chaotic and dice.random() < cancels else 60.0
        try:
            with anyio.move_on_after(patience) as scope:
                number = await client.phone_numbers.get(name)
                wrong += number.id != name
        except HeyMiloError:
            failed += 1
        if scope.cancelled_caught:
            cancelled += 1
        else:
            took[chaotic].append(watch.seconds)

    async def run_for(client: AsyncHeyMilo, period: float, *, chaotic: bool) -> None:
        memory, began, second = Memory(), time.monotonic(), 0.0
        async with anyio.create_task_group() as group:
            for index in range(int(period * rate)):
                await anyio.sleep(max(0.0, began + index / rate - time.monotonic()))
                group.start_soon(lambda: call(client, dice.choice(ids), chaotic=chaotic))
                passed = time.monotonic() - began
                if passed >= second:
                    second += 1.0
                    files.append(open_files())
                    if chaotic and passed >= warm_up:
                        memories.append((passed / 60, memory.growth))

    async def main() -> None:
        async with AsyncHeyMilo(
            milo.said["api_key"], base_url=milo.said["url"], retry=retry
        ) as client:
            await run_for(client, quiet, chaotic=False)
            milo.begin_chaos()
            del files[:]
            await run_for(client, seconds, chaotic=True)

    with Sandboxed(numbers=250, rate=faults, seed=seed) as milo:
        ids = milo.said["ids"]
        anyio.run(main, backend=front)
        met = milo.faults
    calls, third = len(took[True]), len(files) // 3 or 1
    p99, quiet_p99 = (percentile(took[chaotic], 0.99) for chaotic in (True, False))
    return {
        "seconds": seconds,
        "calls": calls + cancelled,
        "faults": met,
        "cancelled": cancelled,
        "failed": failed,
        "wrong": wrong,
        "availability": (calls - failed) / calls,
        "memory_per_minute": round(slope(memories), 3) if len(memories) > 1 else 0.0,
        "files": round(statistics.median(files[-third:]) - statistics.median(files[:third])),
        "p99": round(1000 * p99),
        "added_p99": round(1000 * (p99 - 2 * quiet_p99)),
    }
