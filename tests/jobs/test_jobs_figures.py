"""
The benchmarks of the jobs run in a small size; no time is judged.
"""

from __future__ import annotations

import pytest
from test_benchmarks import _load


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("measured", "rows"),
    [
        ("_second_sync", {"the first", "a second one, nothing changed"}),
        ("_killed_sync", {"killed, and gone on with", "never killed"}),
        ("_large_sync", {"sync, seconds", "list_all, seconds", "sync, peak"}),
        ("_killed_ingest", {"killed", "in the file", "invited once", "invited twice", "lost"}),
        ("_bulk_ingest", {"25 rows a request", "one by one"}),
    ],
)
def test_each_is_measured(tmp_path, measured, rows):
    """
    Each measurement ends, and gives the rows whose bounds are defined.
    """
    jobs = _load("jobs")
    scale = jobs.Scale(rounds=2, synced=6, listed=20, killed_rows=12, rows=10)
    found = getattr(jobs, measured)(scale, tmp_path, 1)

    assert rows == found.keys()
    assert 0 == found.get("lost", 0) == found.get("invited twice", 0)
