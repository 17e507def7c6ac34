"""
A call that is cancelled at every tenth of a millisecond of its life, with one connection.
"""

from __future__ import annotations

from typing import Any

import anyio
from reliability.measuring import Stopwatch, percentile
from reliability.origin import Origin

from heymilo_async import AsyncHeyMilo


def moments(
    *, front: str = "asyncio", until: int = 300, step: int = 1, rounds: int = 1
) -> dict[str, Any]:
    """
    Cancel a call after 0 to *until* tenths of a millisecond, on fresh and on kept connections.

    After each, a plain call on the only connection has a second to succeed.
    """
    delays: list[float] = []
    dead = resent = 0

    async def cancel_after(client: AsyncHeyMilo, seconds: float) -> None:
        took: float | None = None

        async def call() -> None:
            nonlocal took
            try:
                await client.phone_numbers.get("A")
            except anyio.get_cancelled_exc_class():
                took = watch.seconds
                raise

        async with anyio.create_task_group() as group:
            group.start_soon(call)
            await anyio.sleep(seconds)
            watch = Stopwatch()
            group.cancel_scope.cancel()
        if took is not None:
            delays.append(took)

    async def main(way: str) -> None:
        nonlocal dead, resent
        async with AsyncHeyMilo("k", base_url=origin.url(way), max_connections=1) as client:
            await client.phone_numbers.get("A")
            for tenths in [*range(0, until, step)] * rounds:
                before = origin.counts()["requests"]
                await cancel_after(client, tenths / 10_000)
                with anyio.move_on_after(1) as patience:
                    await client.phone_numbers.get("A")
                dead += patience.cancelled_caught
                # The cancelled request, if it was sent, and the plain one.
                resent += origin.counts()["requests"] > before + 2

    with Origin() as origin:
        for way in ("closing-5", "pieces-5"):
            anyio.run(main, way, backend=front)
    return {
        "runs": 2 * rounds * len(range(0, until, step)),
        "cancelled": len(delays),
        "dead": dead,
        "resent": resent,
        "slow": round(1000 * percentile(delays, 0.99), 1),
        "slowest": round(1000 * max(delays), 1),
    }
