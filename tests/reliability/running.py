"""
Runs a scenario, in this process or in one of its own.
"""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from reliability.companion import TESTS, environment
from reliability.promises import Parameters


def scenario_of(name: str) -> Callable[..., dict[str, Any]]:
    """
    Return the scenario *name*.
    """
    return getattr(importlib.import_module(f"reliability.scenarios.{name}"), name)


def parsed(arguments: Sequence[str]) -> dict[str, str]:
    """
    Parse arguments such as `--calls=500`.
    """
    pairs = [argument.removeprefix("--").partition("=") for argument in arguments]
    return {name: text for name, _, text in pairs}


def run(name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """
    Run the scenario *name* here, with *arguments* such as `--calls=500`.
    """
    scenario = scenario_of(name)
    parameters = inspect.signature(scenario).parameters
    given = {key: type(parameters[key].default)(text) for key, text in parsed(arguments).items()}
    return scenario(**given)


def command(scenario: str, parameters: Parameters) -> list[str]:
    """
    Return the arguments after `python` that run *scenario*.
    """
    options = [f"--{name}={value}" for name, value in parameters.items()]
    return ["tests/reliability", scenario, *options]


def measure(scenario: str, parameters: Parameters, *, longest: float = 1200.0) -> dict[str, Any]:
    """
    Return the figures of *scenario*, run in a process of its own in at most *longest* seconds.

    Raises:
        RuntimeError: It failed; the text has its last words.
    """
    done = subprocess.run(
        [sys.executable, *command(scenario, parameters)],
        cwd=TESTS.parent,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=longest,
        check=False,
    )
    if done.returncode:
        message = f"{scenario} {dict(parameters)}: {done.stderr[-2000:]}"
        raise RuntimeError(message)
    return json.loads(done.stdout)
