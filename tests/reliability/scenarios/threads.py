"""
Threads that share one blocking client.
"""

from __future__ import annotations

import collections
import threading
from typing import Any

from reliability.measuring import Stopwatch
from reliability.origin import Origin

from heymilo_async import HeyMilo, RetryPolicy


def threads(
    *,
    front: str = "blocking",
    count: int = 32,
    calls: int = 30,
    connections: int = 8,
    rounds: int = 5,
) -> dict[str, Any]:
    """
    Make *calls* calls in each of *count* threads, *rounds* times, without retries.
    """
    assert front == "blocking"
    failed: collections.Counter[str] = collections.Counter()
    wrong = 0

    def work(client: HeyMilo, name: str) -> None:
        nonlocal wrong
        for index in range(calls):
            try:
                wrong += client.phone_numbers.get(f"{name}-{index}").id != f"{name}-{index}"
            except Exception as error:
                failed[type(error).__name__] += 1

    with (
        Origin() as origin,
        HeyMilo(
            "k",
            base_url=origin.url("after-1"),
            max_connections=connections,
            retry=RetryPolicy(max_attempts=1),
        ) as client,
        Stopwatch() as watch,
    ):
        for round_ in range(rounds):
            workers = [
                threading.Thread(target=work, args=(client, f"t{round_}-{number}"))
                for number in range(count)
            ]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        return {
            "seconds": watch.seconds,
            "calls": rounds * count * calls,
            "lost": failed.total() + wrong,
            "errors": dict(failed),
            "connections": origin.counts()["peak"],
        }
