"""
A sandbox in a process of its own, which can inject random faults.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from reliability.companion import Companion, answer_lines, say

from heymilo_async import sandbox


class Sandboxed(Companion):
    """
    The sandbox, as the scenario uses it: `said` has `url`, `api_key` and `ids`.
    """

    def __init__(self, *, numbers: int, rate: float = 0.0, seed: int = 0) -> None:
        super().__init__("reliability.sandboxed", numbers=numbers, rate=rate, seed=seed)

    def begin_chaos(self) -> None:
        """
        Make requests fail from now on.
        """
        self.ask("chaos")

    @property
    def faults(self) -> int:
        """
        Return how many requests have met a fault.
        """
        return self.ask("faults")["faults"]


def _serve(numbers: int, rate: float, seed: int) -> None:
    faults = 0

    def see(exchange: sandbox.Exchange) -> None:
        nonlocal faults
        faults += exchange.fault is not None

    with sandbox.running(numbers=numbers, on_exchange=see) as milo:

        def answer(word: str) -> dict[str, Any]:
            if word == "chaos":
                milo.chaos(rate=rate, seed=seed)
            return {"faults": faults}

        say(
            {
                "url": milo.base_url,
                "api_key": milo.api_key,
                "ids": [number.id for number in milo.store],
            }
        )
        answer_lines(answer)


if __name__ == "__main__":
    _serve(**json.loads(sys.argv[1]))
