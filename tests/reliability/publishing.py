"""
Measuring what docs/reliability.md says, all of it or a part, and writing the page.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reliability.campaign import compare, keep_promises
from reliability.companion import TESTS
from reliability.page import JSON, write
from reliability.promises import COMPARISONS, PROMISES, Parameters

#: The name of the part that is the catalogue of faults; the others are scenarios.
CASES = "cases"

#: Whose versions belong to a figure.
_PACKAGES = (
    *("httpx", "httpcore", "h11", "anyio", "trio", "attrs", "cattrs", "tenacity"),
    *("openai", "httpx2", "httpcore2"),
)


def publish(parts: Sequence[str], changes: Parameters) -> None:
    """
    Measure *parts*, by default all there are, and write the page; what else it says stays.
    """
    scenarios = [part for part in parts if part != CASES]
    promises = comparisons = list[dict[str, Any]]()
    if scenarios or not parts:
        promises = _dated(keep_promises(scenarios, changes))
        comparisons = _dated(compare(scenarios))
    cases = _cases() if CASES in parts or not parts else None
    # Read as late as this, for parts may be measured side by side.
    kept = json.loads(JSON.read_text(encoding="utf-8")) if JSON.exists() else {}
    write(
        {
            "made": _made(),
            "promises": _renewed(kept.get("promises", ()), promises, PROMISES),
            "comparisons": _renewed(kept.get("comparisons", ()), comparisons, COMPARISONS),
            "cases": cases or kept.get("cases", {"date": _today(), "shown": {}}),
        }
    )


def _made() -> dict[str, Any]:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "system": platform.system(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": round(pages / 1024**3),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
    }


def _today() -> str:
    return f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"


def _dated(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"date": _today(), **record} for record in records]


def _renewed(
    kept: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]], order: Iterable[Any]
) -> list[Mapping[str, Any]]:
    """
    Return what is *new*, and what was *kept* where nothing is, in the *order* of the promises.
    """
    by_title = {record["title"]: record for record in [*kept, *new]}
    return [by_title[one.title] for one in order if one.title in by_title]


def _cases() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "cases.json")
        # A test that fails is told on the page.
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-n", "auto", "-q"),
                *("-p", "reliability.recording", f"--record-cases={record}"),
            ],
            cwd=TESTS.parent,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            check=False,
        )
        return {"date": _today(), "shown": json.loads(record.read_text(encoding="utf-8"))}
