"""
A thousand failing calls of each kind, which must leave nothing behind.
"""

from __future__ import annotations

import ssl
from typing import Any

from fronts import Front
from reliability.measuring import Belongings, Memory, Stopwatch, settle
from reliability.origin import Origin

from heymilo_async import HeyMiloError, RetryPolicy

#: The failures: the server's behaviour, and the client's settings.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "400": ("status-400", {}),
    "401": ("status-401", {}),
    "404": ("status-404", {}),
    "429": ("status-429", {}),
    "500": ("status-500", {}),
    "redirect": ("redirect-", {}),
    "not JSON": ("html-", {}),
    "a wrong type": ("types-", {}),
    "somebody else's answer": ("other-", {}),
    "no HTTP": ("garbage-", {}),
    "no answer": ("drop-", {}),
    "a reset": ("reset-", {}),
    "a body cut short": ("cut-", {}),
    "a body that is too large": ("length-", {}),
    "a timeout": ("hang-", {"timeout": 0.002}),
    "a deadline": ("hang-", {"deadline": 0.002}),
    "refused": ("refused", {}),
    "no TLS": ("tls", {}),
    "nothing sent": ("after-0", {}),
}


def failures(
    *, front: str = "asyncio", calls: int = 1000, kinds: str = "", allowed: int = 20
) -> dict[str, Any]:
    """
    Make *calls* calls of each of the *kinds* (by default all); count what there is before and after.

    Each type of objects may grow by *allowed*, because caches fill, and lists allocate spare room.
    """
    chosen = [kind for kind in KINDS if not kinds or kind in kinds.split(",")]
    left: dict[str, dict[str, int]] = {}
    succeeded: list[str] = []
    memory, watch = Memory(), Stopwatch()

    async def fail(client: Any, kind: str, count: int) -> None:
        for _ in range(count):
            try:
                await client.phone_numbers.get("" if kind == "nothing sent" else "A")
            except HeyMiloError:
                continue
            succeeded.append(kind)

    with Origin() as origin:

        def url(way: str) -> str:
            if way == "refused":
                return "http://127.0.0.1:1"
            return (
                origin.url("after-0").replace("http", "https") if way == "tls" else origin.url(way)
            )

        settle()
        for kind in chosen:
            way, options = KINDS[kind]

            async def body(client: Any, kind: str = kind) -> None:
                # Created once: the connection, caches.
                await fail(client, kind, max(10, calls // 10))
                before = Belongings()
                await fail(client, kind, calls)
                more = Belongings().more_than(before, allowed)
                if more:
                    left[kind] = more

            Front(front).run(
                body,
                url(way),
                retry=RetryPolicy(max_attempts=1),
                ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                **options,
            )
    return {
        "kinds": len(chosen),
        "calls": calls * len(chosen),
        "succeeded": len(succeeded),
        "left": left,
        "leaks": len(left),
        "memory": memory.growth,
        "seconds": watch.seconds,
    }
