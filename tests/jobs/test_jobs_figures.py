"""
The figures of the jobs are measured, in small; no time is judged.
"""

from __future__ import annotations

import pytest
from test_benchmarks import _load


@pytest.mark.timeout(600)
def test_each_figure_has_a_bound():
    """
    Every bound is of something that was measured, and no row is invited twice or lost.
    """
    jobs = _load("jobs")
    scale = jobs.Scale(rounds=2, synced=6, listed=20, killed_rows=12, rows=30)
    tables = list(jobs.measure(scale))
    found = {finding.name: finding for table in tables for finding in table.findings}

    assert [0.15, 1.2, 2.0, 120.0, 0.0, 0.0, 1 / 8] == [one.at_most for one in found.values()]
    for name in ("invited twice", "lost"):
        assert found[f"ingest, six SIGKILLs, 15 % chaos: {name}"].holds
