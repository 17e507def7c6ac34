"""
All promises and comparisons, measured one after the other.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from reliability.promises import COMPARISONS, PROMISES, Parameters, broken
from reliability.running import command, measure, scenario_of

#: Parameters for every scenario that has them, in place of its own.
Changes = Parameters


def with_changes(scenario: str, run: Parameters, changes: Changes) -> dict[str, Any]:
    """
    Return the parameters of *run*, changed as far as *scenario* knows the name.
    """
    known = inspect.signature(scenario_of(scenario)).parameters
    return {**run, **{name: value for name, value in changes.items() if name in known}}


def keep_promises(scenarios: Sequence[str], changes: Changes) -> list[dict[str, Any]]:
    """
    Measure the promises of *scenarios*, all if there are none; return a record of each.
    """
    records = []
    for promise in PROMISES:
        if scenarios and promise.scenario not in scenarios:
            continue
        runs = [with_changes(promise.scenario, run, changes) for run in promise.runs]
        load = os.getloadavg()[0]
        bars = {**promise.bars, **promise.timed}
        records.append(
            {
                "title": promise.title,
                "load": load,
                "text": promise.text,
                "scenario": promise.scenario,
                "bars": {figure: list(bar) for figure, bar in bars.items()},
                "figures": [*promise.figures, *bars],
                "runs": list(_measured(promise.scenario, runs)),
            }
        )
        for run in records[-1]["runs"]:
            run["broken"] = broken(run["measured"], bars)
            for words in run["broken"]:
                _tell(f"  broken: {words}")
    return records


def compare(scenarios: Sequence[str]) -> list[dict[str, Any]]:
    """
    Measure the comparisons of *scenarios*, all if there are none; return a record of each.
    """
    return [
        {
            "title": comparison.title,
            "load": os.getloadavg()[0],
            "text": comparison.text,
            "scenario": comparison.scenario,
            "figures": list(comparison.figures),
            "runs": list(
                _measured(
                    comparison.scenario,
                    [
                        {**run, "client": client}
                        for run in comparison.runs
                        for client in comparison.clients
                    ],
                )
            ),
        }
        for comparison in COMPARISONS
        if not scenarios or comparison.scenario in scenarios
    ]


def _measured(scenario: str, runs: Sequence[Parameters]) -> Iterator[dict[str, Any]]:
    for run in runs:
        _tell(" ".join(command(scenario, run)))
        found = measure(scenario, run)
        _tell(f"  {found}")
        yield {"parameters": dict(run), "measured": found}


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
