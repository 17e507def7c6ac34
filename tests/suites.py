"""
Runs test suites with pytest as separate programs, and returns their outcomes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import attrs

#: Variables of the surrounding pytest that would interfere.
_MEDDLING = ("PYTEST_", "COV_", "COVERAGE_", "PYTHONWARNINGS")
#: Options that leave no files in a folder, and load no plugins.
_QUIET = {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


@attrs.frozen(kw_only=True)
class Suite:
    """
    The outcome of a suite.

    Attributes:
        code: The exit code of pytest.
        passed: The name of each test that passed, parameters included.
        others: The name of each other test, which failed, could not run, or was skipped.
        output: The output of pytest.
    """

    code: int
    passed: tuple[str, ...]
    others: tuple[str, ...]
    output: str


def on_asyncio(mode: str) -> tuple[str, ...]:
    """
    Return the options that load pytest-asyncio in *mode* without its warning.
    """
    scope = "asyncio_default_fixture_loop_scope=function"
    return ("-p", "pytest_asyncio.plugin", "-o", f"asyncio_mode={mode}", "-o", scope)


def run_suite(folder: Path, *options: str, report: Path, **variables: str) -> Suite:
    """
    Run the suite in *folder*, with warnings as errors, and with *variables* in its environment.

    Only the plugins of pytest that *options* name are loaded.
    """
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(_MEDDLING)
    }
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-W", "error"),
            *("-p", "no:cacheprovider", f"--junitxml={report}", *options),
        ],
        cwd=folder,
        env={**environment, **_QUIET, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    cases = list(ET.parse(report).iter("testcase")) if report.exists() else []
    names: dict[bool, list[str]] = {True: [], False: []}
    for case in cases:
        troubles = case.findall("failure") + case.findall("error") + case.findall("skipped")
        names[not troubles].append(case.attrib["name"])
    return Suite(
        code=done.returncode,
        passed=tuple(names[True]),
        others=tuple(names[False]),
        output=done.stdout + done.stderr,
    )
