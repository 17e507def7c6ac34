"""
All promises and comparisons, measured one after the other.
"""

from __future__ import annotations

import datetime as dt
import inspect
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from reliability.promises import COMPARISONS, PROMISES, Comparison, Parameters, Promise, broken
from reliability.running import command, measure, scenario_of


def with_changes(scenario: str, run: Parameters, changes: Parameters) -> dict[str, Any]:
    """
    Return the parameters of *run*, with the changes that *scenario* knows.
    """
    known = inspect.signature(scenario_of(scenario)).parameters
    return {**run, **{name: value for name, value in changes.items() if name in known}}


def keep_promises(scenarios: Sequence[str], changes: Parameters) -> Iterator[dict[str, Any]]:
    """
    Measure the promises of *scenarios*, by default of all; yield a record of each.
    """
    for promise in PROMISES:
        if scenarios and promise.scenario not in scenarios:
            continue
        bars = {**promise.bars, **promise.timed}
        runs = [with_changes(promise.scenario, run, changes) for run in promise.runs]
        record = {
            **_begun(promise),
            "bars": {figure: list(bar) for figure, bar in bars.items()},
            "figures": [*promise.figures, *bars],
            "runs": list(_measured(promise.scenario, runs)),
        }
        for run in record["runs"]:
            run["broken"] = broken(run["measured"], bars)
            for words in run["broken"]:
                _tell(f"  broken: {words}")
        yield record


def compare(scenarios: Sequence[str]) -> Iterator[dict[str, Any]]:
    """
    Measure the comparisons of *scenarios*, by default of all; yield a record of each.
    """
    for comparison in COMPARISONS:
        if scenarios and comparison.scenario not in scenarios:
            continue
        runs = [{**run, "client": one} for run in comparison.runs for one in comparison.clients]
        yield {
            **_begun(comparison),
            "figures": list(comparison.figures),
            "runs": list(_measured(comparison.scenario, runs)),
        }


def _begun(measured: Promise | Comparison) -> dict[str, Any]:
    return {
        "title": measured.title,
        "text": measured.text,
        "scenario": measured.scenario,
        "date": f"{dt.datetime.now(dt.UTC):%Y-%m-%d}",
        "load": round(os.getloadavg()[0], 1),
    }


def _measured(scenario: str, runs: Sequence[Parameters]) -> Iterator[dict[str, Any]]:
    for run in runs:
        _tell(" ".join(command(scenario, run)))
        found = measure(scenario, run)
        _tell(f"  {found}")
        yield {"parameters": dict(run), "measured": found}


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
