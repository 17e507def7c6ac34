"""
Responses that are made to fill the client's memory.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

import anyio
from fronts import Front
from reliability.callers import caller
from reliability.companion import say
from reliability.measuring import Memory, Stopwatch
from reliability.origin import Origin


def memory(
    *,
    client: str = "heymilo",
    front: str = "asyncio",
    how: str = "bomb",
    most: int = 2048,
    longest: float = 60.0,
) -> dict[str, Any]:
    """
    Get one number; measure how much memory it takes, and how long.

    *how* is `bomb`, 1 MB of gzip that decompresses to 1 GiB; `endless`, an endless body; or
    `length`, a body that announces 10 GB and sends them. It is stopped at *most* MiB, or after
    *longest* seconds.
    """
    outcome = "an answer"

    async def body(get: Any) -> None:
        nonlocal outcome
        try:
            await get("A")
        except Exception as error:
            outcome = type(error).__name__

    async def main(url: str) -> dict[str, Any]:
        async with caller(client, url, timeout=longest) as used:
            return await measured(used.get)

    async def measured(get: Any) -> dict[str, Any]:
        size, watch = Memory(), Stopwatch()
        threading.Thread(target=guard, args=(size, watch), daemon=True).start()
        with watch:
            await body(get)
        return {"outcome": outcome, "memory": size.peak, "seconds": watch.seconds, "ended": False}

    def guard(size: Memory, watch: Stopwatch) -> None:
        while size.growth < most and watch.seconds < longest:
            time.sleep(0.005)
        say(
            {"outcome": "ended by us", "memory": size.peak, "seconds": watch.seconds, "ended": True}
        )
        sys.stdout.flush()
        os._exit(0)

    with Origin() as origin:
        if how == "bomb":
            origin.prepare()
        url = origin.url(how + "-")
        if front == "blocking":
            used = Front(front)
            return used.run(lambda given: measured(given.phone_numbers.get), url)
        return anyio.run(main, url, backend=front)
