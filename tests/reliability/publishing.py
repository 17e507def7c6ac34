"""
Measures the contents of docs/reliability.md, all or some, and writes the pages.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reliability.campaign import compare, keep_promises
from reliability.companion import TESTS
from reliability.page import JSON, write
from reliability.promises import COMPARISONS, PROMISES, Comparison, Parameters, Promise

#: The name of the part with the catalogue of faults; the other parts are scenarios.
CASES = "cases"

#: Packages whose versions are listed with the figures.
_PACKAGES = (
    *("httpx", "httpcore", "h11", "anyio", "trio", "attrs", "cattrs", "tenacity"),
    *("openai", "httpx2", "httpcore2"),
)


def publish(parts: Sequence[str], changes: Parameters) -> None:
    """
    Measure *parts*, by default all, and write the page; the other parts stay.
    """
    scenarios = [part for part in parts if part != CASES]
    if CASES in parts or not parts:
        _write(cases=_cases())
    if scenarios or not parts:
        for promise in keep_promises(scenarios, changes):
            _write(promise=promise)
        for comparison in compare(scenarios):
            _write(comparison=comparison)


def _write(**new: Any) -> None:
    # Read each time, because several parts may be measured at once.
    kept = json.loads(JSON.read_text(encoding="utf-8"))
    promises = [*kept["promises"], *([new["promise"]] if "promise" in new else [])]
    comparisons = [*kept["comparisons"], *([new["comparison"]] if "comparison" in new else [])]
    write(
        {
            "made": _made(),
            "promises": _latest(promises, PROMISES),
            "comparisons": _latest(comparisons, COMPARISONS),
            "cases": new.get("cases", kept["cases"]),
        }
    )


def _latest(records: Iterable[Any], order: Iterable[Promise | Comparison]) -> list[Any]:
    """
    Return the last of *records* for each existing title, in their *order*.
    """
    by_title = {record["title"]: record for record in records}
    return [by_title[one.title] for one in order if one.title in by_title]


def _made() -> dict[str, Any]:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "system": platform.system(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": round(pages / 1024**3),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
    }


def _cases() -> dict[str, Any]:
    files = [
        str(file)
        for file in sorted(TESTS.rglob("test_*.py"))
        if re.search(r"^ +Cases? [0-9]", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "cases.json")
        # The page reports a failed test.
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-n", "auto", "-q"),
                *("-p", "reliability.recording", f"--record-cases={record}"),
                *files,
            ],
            cwd=TESTS.parent,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            check=False,
        )
        return {
            "date": f"{dt.datetime.now(dt.UTC):%Y-%m-%d}",
            "shown": json.loads(record.read_text(encoding="utf-8")),
        }
