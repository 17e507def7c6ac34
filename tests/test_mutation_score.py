"""
The mutation score: when it fails, and that no explanation is superfluous.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from mutation.score import Mutant, Reason, changed_lines, faults_of, rates_of

HERE = Path(__file__).parent

SETTINGS = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
#: The modules that are changed.
MUTATED = {Path(file).stem for file in SETTINGS["mutmut"]["only_mutate"]}


def mutants(module: str, noticed: int, alive: int = 0) -> list[Mutant]:
    """
    Return that many mutants of *module*.
    """
    return [
        Mutant(f"{module}.x_f__mutmut_{number}", "a < b", "a <= b", number < noticed)
        for number in range(noticed + alive)
    ]


REASON = Reason(module="_retry", was="a < b", became="a <= b", reason="they are never equal")


def test_enough_of_each_module_is_noticed():
    """
    It passes if nine of ten mutants are caught, in each module and in total, and the tenth has a
    reason.
    """
    some = [*mutants("p._retry", 9, 1), *mutants("p._codec", 10)]

    assert {"all": 0.95, "p._codec": 1.0, "p._retry": 0.9} == rates_of(some)
    assert [] == faults_of(some, [REASON])


def test_one_module_is_not_made_up_for_by_another():
    """
    Less than nine of ten in one module is an error, however good the others are.
    """
    some = [*mutants("p._retry", 8, 1), *mutants("p._codec", 100)]

    (fault,) = faults_of(some, [REASON])

    assert fault.startswith("p._retry: 88.9%")


def test_a_survivor_without_a_reason():
    """
    A survivor needs an explanation, by its module and its change.
    """
    some = mutants("p._retry", 19, 1)
    others = [
        Reason(module="_codec", was="a < b", became="a <= b", reason="r"),
        Reason(module="_retry", was="a < c", became="a <= b", reason="r"),
        Reason(module="_retry", was="a < b", became="a > b", reason="r"),
    ]
    for other in others:
        lives, left_over = faults_of(some, [other])
        assert "p._retry.x_f__mutmut_19 lives" in lives
        assert left_over.startswith("a reason for what does not live")


def test_a_reason_for_nothing():
    """
    An explanation without a survivor is an error.
    """
    (fault,) = faults_of(mutants("p._retry", 20), [REASON])

    assert fault == "a reason for what does not live: _retry: a < b -> a <= b"


def test_what_a_diff_changes():
    """
    A diff gives the lines before and after.
    """
    diff = "--- a\n+++ b\n@@ -1 +1 @@\n def f():\n-    return [\n-        1\n+    return [2\n ]\n"

    assert ("return [ 1", "return [2") == changed_lines(diff)


@pytest.mark.parametrize(
    "listed",
    tomllib.loads((HERE / "mutation" / "survivors.toml").read_text(encoding="utf-8"))["survivor"],
    ids=lambda one: f"{one['module']}: {one['was']}"[:60],
)
def test_each_survivor_has_a_reason(listed):
    """
    Each explained survivor is identified by its module and its change, and has a sentence.
    """
    reason = Reason(**listed)

    assert reason.module in MUTATED
    assert reason.was or reason.became
    assert reason.reason.endswith(".")
