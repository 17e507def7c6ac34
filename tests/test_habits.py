"""
Habits that nobody keeps by memory alone.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent
FILES = sorted(HERE.rglob("test_*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(HERE)))
def test_tests_read_as_claims(file):
    """
    Each test has a docstring that ends as a sentence does.
    """
    tests = [
        node
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]
    mute = [
        test.name
        for test in tests
        if not (ast.get_docstring(test) or "").split("\n\n")[0].endswith((".", ":"))
    ]

    assert [] == mute
    assert tests


def test_files_have_names_of_their_own():
    """
    No two files of tests have the same name, so that a failure says where to look.
    """
    names = [file.name for file in FILES]

    assert sorted(set(names)) == sorted(names)


#: What switches a rule off, with the reason behind it.
EXCEPTION = re.compile(r"# (?:ruff: )?(noqa|pragma: no|type: ignore|pyright: ignore)\b([^#]*)(.*)")
SOURCES = [
    *(ROOT / "heymilo_async").rglob("*.py"),
    *FILES,
    *HERE.glob("*.py"),
    *(ROOT / "examples").rglob("*.py"),
    ROOT / "noxfile.py",
]


@pytest.mark.parametrize("file", sorted(set(SOURCES)), ids=lambda file: str(file.relative_to(ROOT)))
def test_exceptions_to_rules_have_their_reasons(file):
    """
    Beside each rule that is switched off stands why, or on the line above it.

    (A test that passes a wrong type on purpose says so by that.)
    """
    lines = file.read_text(encoding="utf-8").splitlines()
    mute = [
        f"{file.name}:{number}: {line.strip()}"
        for number, line in enumerate(lines, 1)
        if (found := EXCEPTION.search(line))
        and not (found[1] == "type: ignore" and HERE in file.parents)
        and not (" - " in found[2] or found[3].startswith("# "))
        and not lines[number - 2].strip().startswith("#")
    ]

    assert [] == mute


def test_rules_that_are_off_for_all_have_their_reasons():
    """
    In pyproject.toml each ignored rule has a comment on its line, or above it.
    """
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    rules = re.findall(r'^  "[A-Z]+\d*"[^#\n]*(#.*)?$', text, re.MULTILINE)
    off = re.findall(r"^(.*)\n(?:#.*\n)*report\w+ = false$", text, re.MULTILINE)

    assert len(rules) > 20
    assert all(rules)
    assert off
    assert all(line.startswith(("#", "report")) for line in off)
