"""
The catalogue of faults is complete: each case has a test, on every front that it applies to.
"""

from __future__ import annotations

import ast
import functools
from pathlib import Path

from catalogue import (
    CASES,
    FULL_SIZE_IN_SOAK,
    MISSING,
    NOT_ON_ALL_FRONTS,
    NUMBERS,
    SECTIONS,
    TRAPS,
    WAITING,
    cases_of,
    section_of,
    traps_of,
)

HERE = Path(__file__).parent


@functools.cache
def every_test() -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """
    Return every test.
    """
    return [
        node
        for file in HERE.rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]


def shown() -> dict[int, list[set[str]]]:
    """
    Return for each case its tests, each as the names of its fixtures.
    """
    found: dict[int, list[set[str]]] = {}
    for test in every_test():
        fixtures = {argument.arg for argument in test.args.args}
        for number in cases_of(ast.get_docstring(test)):
            found.setdefault(number, []).append(fixtures)
    return found


def test_every_trap_is_shown():
    """
    A test names each misleading place of the API by its number.
    """
    named = set[int]().union(*(traps_of(ast.get_docstring(test)) for test in every_test()))

    assert set(range(1, TRAPS + 1)) == named


def test_every_case_is_listed():
    """
    Each number has its case or is listed as missing, not both; each case is one sentence, and has a
    section.
    """
    assert sorted(set(NUMBERS) - set(CASES)) == sorted(MISSING)
    assert sorted(CASES) == list(CASES)
    assert [] == sorted(set(CASES) - set(NUMBERS))
    assert [] == [number for number, case in CASES.items() if not case.endswith(".")]
    assert 1 == min(SECTIONS)
    assert "Backoff" == section_of(14)


def test_every_case_is_shown():
    """
    Each case has a test that names it, or a reason why it waits; not both.
    """
    assert sorted(set(CASES) - set(WAITING)) == sorted(shown())
    assert set() == FULL_SIZE_IN_SOAK - set(CASES)


def test_every_case_is_shown_on_all_fronts():
    """
    Each case has a test whose body runs on all fronts, or a reason why not.
    """
    on_all = {number for number, tests in shown().items() if any("front" in one for one in tests)}

    assert sorted(NOT_ON_ALL_FRONTS) == sorted(set(shown()) - on_all)


def test_how_a_test_names_its_cases():
    """
    A docstring names one case, several, or a range of them, in its first words.
    """
    assert {4} == cases_of("\n    Case 4: what happens.\n")
    assert {8, 56} == cases_of("Cases 8 d and 56: what happens.")
    assert {1, 3, 4, 5} == cases_of("Cases 1, 3 to 5: what happens.")
    assert set() == cases_of("As case 4, but not in its first words.")
    assert set() == cases_of(None)
    assert {1, 3, 4, 45} == traps_of("Case 2, trap 1: traps 3, 4 and 45; not 5.")
    assert set() == traps_of(None)
