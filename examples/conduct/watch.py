"""
Shows what the sandbox says of an integration: `python watch.py careless`.
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
    Let an integration run on a bad day; return what it returns, and how it behaved.
    """
    with sandbox.running(candidates=90) as milo:
        milo.fail_next(status=429, retry_after=0.5, operation="listPostings")
        # The first page comes, if a little late; the second one does not.
        milo.fail_next(faults.Slow(0.001), operation="listCandidates")
        milo.fail_next(status=502, operation="listCandidates")
        # The answer is cut short, and the candidate is invited all the same.
        milo.fail_next(faults.CutBody(), operation="ingestCandidate")
        return run(milo.base_url, milo.api_key), milo.conduct()


if __name__ == "__main__":
    count, report = watch(INTEGRATIONS[sys.argv[1]])
    print(f"{count} candidates")
    print(report)
