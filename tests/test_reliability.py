"""
The promises about load, time and memory, each measured in a small form.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from reliability import page
from reliability.companion import TESTS, environment
from reliability.promises import COMPARISONS, PROMISES, broken
from reliability.running import measure

SMALL = [
    pytest.param(
        promise, {**run, **promise.small}, id="-".join(map(str, [promise.scenario, *run.values()]))
    )
    for promise in PROMISES
    if promise.small is not None
    for run in promise.runs
]


@pytest.mark.parametrize(("promise", "parameters"), SMALL)
def test_promise_in_small(promise, parameters):
    """
    Cases 130, 137 and 146, small: the promises about load, time and memory hold.
    """
    assert [] == broken(measure(promise.scenario, parameters, longest=50), promise.bars)


@pytest.mark.parametrize("plugin", ["in_debug_mode", "on_uvloop"])
def test_the_tests_on_other_loops(plugin):
    """
    Case 148, small: tests of the suite pass in asyncio's debug mode, and on uvloop.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    chosen = ["-p", f"reliability.{plugin}", "-k", "every_step and asyncio"]
    done = subprocess.run(
        [*command, *chosen, "tests/faults/test_cancellation.py"],
        cwd=TESTS.parent,
        env={**environment(), "PYTHONDEVMODE": "1" if plugin == "in_debug_mode" else ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "2 passed" in done.stdout
    assert 0 == done.returncode, done.stdout


def test_the_page_is_written_by_the_session():
    """
    `nox -s reliability` would generate both pages from the same figures.
    """
    figures = json.loads(page.JSON.read_text(encoding="utf-8"))

    assert page.page_of(figures) == page.PAGE.read_text(encoding="utf-8")
    assert page.catalogue_of(figures) == page.CATALOGUE.read_text(encoding="utf-8")


def test_the_page_has_every_promise():
    """
    The page has every current measurement, and every promise is kept in it.
    """
    figures = json.loads(page.JSON.read_text(encoding="utf-8"))
    told = {one["title"]: one for one in figures["promises"]}

    assert {one.title for one in PROMISES} == set(told)
    assert {one.title for one in COMPARISONS} == {one["title"] for one in figures["comparisons"]}
    assert [] == [
        words
        for one in PROMISES
        for run in told[one.title]["runs"]
        for words in broken(run["measured"], {**one.bars, **one.timed})
    ]
