"""
A server that repeats the same page for ever, each time with `has_more`.
"""

from __future__ import annotations

from typing import Any

import anyio
from reliability.callers import caller
from reliability.origin import Origin


def cursors(*, client: str = "heymilo", front: str = "asyncio", most: int = 1000) -> dict[str, Any]:
    """
    Walk its list; stop after *most* items.
    """
    items = 0
    outcome = "ended by us"

    async def main(url: str) -> None:
        nonlocal items, outcome
        async with caller(client, url) as used:
            assert used.ids is not None, f"{client} walks no lists"
            try:
                async for _ in used.ids():
                    items += 1
                    if items == most:
                        return
                outcome = "a list"
            except Exception as error:
                outcome = type(error).__name__

    with Origin() as origin:
        anyio.run(main, origin.url("loop-"), backend=front)
        return {
            "outcome": outcome,
            "items": items,
            "requests": origin.counts()["requests"],
        }
