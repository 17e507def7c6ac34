"""
Habits that nobody keeps by memory alone.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
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
