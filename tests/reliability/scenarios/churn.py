"""
Thousands of calls that are cancelled at random moments, and then a few plain ones.
"""

from __future__ import annotations

import random
from typing import Any

import anyio
from reliability.callers import caller
from reliability.measuring import Memory, Stopwatch
from reliability.origin import Origin


def churn(
    *,
    client: str = "heymilo",
    front: str = "asyncio",
    cancels: int = 30_000,
    connections: int = 10,
    tasks: int = 40,
    plain: int = 20,
    left_alone: float = 0.0,
    patience: float = 3.0,
    seed: int = 130,
) -> dict[str, Any]:
    """
    Cancel *cancels* calls of *tasks* tasks, each within 20 ms; then make *plain* calls at once.

    The share *left_alone* of the calls is not cancelled, so that some connections are kept. A plain
    call without a response within *patience* seconds counts as dead.
    """
    dice = random.Random(seed)
    cancelled = answered = failed = alive = 0

    async def work(get: Any) -> None:
        nonlocal cancelled, answered, failed
        while cancelled < cancels and failed < cancels:
            try:
                alone = dice.random() < left_alone
                with anyio.move_on_after(patience if alone else dice.random() * 0.02) as scope:
                    await get("churn")
                    answered += 1
            except Exception:
                failed += 1
            cancelled += scope.cancelled_caught

    async def try_plainly(get: Any) -> None:
        nonlocal alive
        try:
            with anyio.move_on_after(patience):
                answer = await get("plain")
                alive += answer == "plain"
        except Exception:
            pass

    async def main() -> dict[str, Any]:
        async with caller(client, origin.url("pieces-1"), connections=connections) as used:
            await used.get("first")
            memory, watch = Memory(), Stopwatch()
            with watch:
                async with anyio.create_task_group() as group:
                    for _ in range(tasks):
                        group.start_soon(work, used.get)
            async with anyio.create_task_group() as group:
                for _ in range(plain):
                    group.start_soon(try_plainly, used.get)
            return {"seconds": watch.seconds, "memory": memory.growth}

    with Origin() as origin:
        figures = anyio.run(main, backend=front)
        return {
            **figures,
            "cancelled": cancelled,
            "answered": answered,
            "failed": failed,
            "plain": plain,
            "dead": plain - alive,
            "connections": origin.counts()["peak"],
        }
