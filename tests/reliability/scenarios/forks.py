"""
Processes that fork repeatedly, and use the same client on both sides.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import anyio
from reliability.origin import Origin

from heymilo_async import AsyncHeyMilo, HeyMilo

warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns about threads


def forks(*, front: str = "blocking", rounds: int = 40, calls: int = 3) -> dict[str, Any]:
    """
    Fork *rounds* times; each time parent and child make *calls* calls concurrently.
    """
    with Origin() as origin:
        kind = HeyMilo if front == "blocking" else AsyncHeyMilo
        client: Any = kind("k", base_url=origin.url("after-10"))

        def ask(name: str) -> int:
            """
            Return the number of wrong responses.
            """
            names = [f"{name}-{index}" for index in range(calls)]
            if front == "blocking":
                return sum(client.phone_numbers.get(one).id != one for one in names)

            async def main() -> int:
                return sum([(await client.phone_numbers.get(one)).id != one for one in names])

            return anyio.run(main, backend=front)

        wrong = ask("first")
        for round_ in range(rounds):
            child = os.fork()
            if not child:
                status = calls
                try:
                    status = ask(f"child{round_}")
                finally:
                    os._exit(status)
            wrong += ask(f"parent{round_}")
            wrong += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if front == "blocking":
            client.close()
        else:
            anyio.run(client.aclose, backend=front)
        return {
            "calls": 2 * rounds * calls,
            "wrong": wrong,
            "requests": origin.counts()["requests"],
        }
