"""
Thousands of concurrent GETs on one client with a hundred connections.
"""

from __future__ import annotations

import collections
from typing import Any

import anyio
from reliability.callers import caller
from reliability.measuring import Memory, Stopwatch
from reliability.origin import Origin


def load(
    *,
    client: str = "heymilo",
    front: str = "asyncio",
    calls: int = 10_000,
    connections: int = 100,
    delay: int = 20,
    patience: float = 600.0,
) -> dict[str, Any]:
    """
    Start *calls* tasks, each of which gets one number from a server that takes *delay* ms.

    None may take longer than *patience* seconds, including its wait for a connection.
    """
    failed: collections.Counter[str] = collections.Counter()
    wrong = 0

    async def work(get: Any, name: str) -> None:
        nonlocal wrong
        try:
            answered = await get(name)
            # (Not in one statement: the sum would be read before the wait.)
            wrong += answered != name
        except Exception as error:
            failed[type(error).__name__] += 1

    async def main() -> dict[str, Any]:
        async with caller(
            client, origin.url(f"after-{delay}"), connections=connections, timeout=patience
        ) as used:
            await used.get("first")
            memory, watch = Memory(), Stopwatch()
            with watch:
                async with anyio.create_task_group() as group:
                    for index in range(calls):
                        group.start_soon(work, used.get, f"n{index}")
            return {"seconds": watch.seconds, "memory": memory.peak}

    with Origin() as origin:
        figures = anyio.run(main, backend=front)
        return {
            **figures,
            "calls": calls,
            "lost": failed.total() + wrong,
            "errors": dict(failed),
            "connections": origin.counts()["peak"],
        }
