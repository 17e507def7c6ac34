"""
Prints the sandbox's report on an integration: `python watch.py careless`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import careful
import careless

from heymilo_async import sandbox
from heymilo_async.sandbox import faults
from heymilo_async.sandbox.conduct import ConductReport

INTEGRATIONS = {"careful": careful.run, "careless": careless.run}


def watch(run: Callable[[str, str], int]) -> tuple[int, ConductReport]:
    """
    Run an integration while requests fail; return its result, and the report on its conduct.
    """
    with sandbox.running(candidates=90) as milo:
        milo.fail_next(status=429, retry_after=0.5, operation="listPostings")
        # The first page arrives late, and the second one fails.
        milo.fail_next(faults.Slow(0.001), operation="listCandidates")
        milo.fail_next(status=502, operation="listCandidates")
        # The response is cut short, but the candidate is invited.
        milo.fail_next(faults.CutBody(), operation="ingestCandidate")
        return run(milo.base_url, milo.api_key), milo.conduct()


if __name__ == "__main__":
    count, report = watch(INTEGRATIONS[sys.argv[1]])
    print(f"{count} candidates")
    print(report)
