"""
Hundreds of clients that are made, used and closed, twice.
"""

from __future__ import annotations

from typing import Any

from fronts import Front
from reliability.measuring import Belongings, Memory, settle
from reliability.origin import Origin


def clients(*, front: str = "asyncio", count: int = 100, allowed: int = 20) -> dict[str, Any]:
    """
    Make, use and close *count* clients; measure the growth caused by *count* more.
    """
    used = Front(front)

    async def round_of(url: str) -> None:
        for _ in range(count):
            async with used.awaitable(used.client(url)) as client:
                await client.phone_numbers.get("A")

    async def body() -> dict[str, Any]:
        await round_of(url)
        settle()
        before, memory = Belongings(), Memory()
        await round_of(url)
        left = Belongings().more_than(before, allowed)
        return {"memory": memory.growth, "left": left, "leaks": len(left)}

    with Origin() as origin:
        url = origin.url("after-0")
        return {"clients": 2 * count, **used.run_alone(body)}
