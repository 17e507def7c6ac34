"""
A plugin of pytest that runs the tests of the catalogue and records the result of each case.

    pytest -p reliability.recording --record-cases=FILE
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from catalogue import cases_of

_FRONT = re.compile(r"(?<![a-z])(asyncio|trio|blocking)(?![a-z])")
#: Tests that have no front, or are separate programs.
NO_FRONT = "by itself"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-cases", type=Path)


# Runs last, after other hooks have removed tests.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = []
    for item in items:
        cases = sorted(cases_of(getattr(item, "obj", item).__doc__))
        if cases:
            item.user_properties.append(("cases", cases))
            kept.append(item)
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def pytest_configure(config: pytest.Config) -> None:
    # With xdist one process receives the reports of all workers.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Record(config.getoption("record_cases")))


class _Record:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._failed: dict[str, bool] = {}
        self._cases: dict[str, list[int]] = {}
        self._skipped: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:
            # The case does not apply to that front.
            self._skipped.add(report.nodeid)
        properties = dict(report.user_properties)
        self._cases[report.nodeid] = properties["cases"]
        self._failed[report.nodeid] = self._failed.get(report.nodeid, False) or report.failed

    def pytest_sessionfinish(self) -> None:
        self._path.write_text(json.dumps(self._found()), encoding="utf-8")

    def _found(self) -> dict[str, Any]:
        """
        Return for each case its tests and, for each front, how many passed and failed.
        """
        found: dict[int, dict[str, Any]] = {}
        for nodeid, case in self._outcomes():
            name, _, parameters = nodeid.partition("[")
            told = found.setdefault(case, {"tests": [], "fronts": {}})
            test = name.rpartition("::")[2]
            if test not in told["tests"]:
                told["tests"].append(test)
            front = _FRONT.search(parameters)
            results = told["fronts"].setdefault(front[1] if front else NO_FRONT, [0, 0])
            results[self._failed[nodeid]] += 1
        return {str(case): {**told, "tests": sorted(told["tests"])} for case, told in found.items()}

    def _outcomes(self) -> Iterator[tuple[str, int]]:
        for nodeid, cases in sorted(self._cases.items()):
            if nodeid in self._skipped:
                continue
            for case in cases:
                yield nodeid, case
