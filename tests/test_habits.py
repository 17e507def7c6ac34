"""
Checks rules of the project that are easily forgotten.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent
FILES = sorted(HERE.rglob("test_*.py"))


def test_tests_read_as_claims():
    """
    Each test has a docstring that ends as a sentence does.
    """
    tests = [
        (file, node)
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]
    mute = [
        f"{file.name}: {test.name}"
        for file, test in tests
        if not (ast.get_docstring(test) or "").split("\n\n")[0].endswith((".", ":"))
    ]

    assert [] == mute
    assert {*FILES} == {file for file, _ in tests}


def test_no_port_is_picked_by_closing_a_socket():
    """
    No test, example, benchmark or script asks for any port and closes the socket before the port is
    used: a connection of another program may take it. `ports.free_port` returns one of its own.
    """
    files = [
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "benchmarks").glob("*.py"),
        *(ROOT / "scripts").glob("*.py"),
        # Not those of an environment in such a folder.
        *(ROOT / "examples").glob("*/*.py"),
        *(ROOT / "examples").glob("*/tests/*.py"),
    ]
    picking = [
        f"{file.relative_to(ROOT)}: {node.lineno}"
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.With) and _only_asks_for_its_port(node)
    ]

    assert [] == picking


def _only_asks_for_its_port(block):
    """
    Whether the body of a `with` statement binds a socket and reads its address, and no more.
    """
    does = [
        node.func.attr
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        else ""
        for statement in block.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Call | ast.Yield)
    ]
    return "getsockname" in does and {"bind", "getsockname"}.issuperset(does)


def test_files_have_names_of_their_own():
    """
    No two test files have the same name, so a failure says where to look.
    """
    names = [file.name for file in FILES]

    assert sorted(set(names)) == sorted(names)


#: The files that may use private names of the package: the helpers for other tests, and tests of
#: the inside itself.
KNOWING = {
    *("inside.py", "inside_command.py", "inside_jobs.py", "inside_sandbox.py"),
    *("rules/test_rules_body.py", "rules/test_rules_call.py", "rules/test_rules_check.py"),
    *("rules/test_rules_codec.py", "rules/test_rules_reader.py", "rules/test_rules_redirects.py"),
    *("rules/test_rules_retry.py", "test_compat.py", "test_corners.py", "test_shared_pacing.py"),
    # pytest finds a fixture by its name alone.
    "fixtures/conftest.py",
}


#: Places where the package defines a private name: a function, a class, a variable, an attribute.
DEFINED = re.compile(
    r"(?:^\s*|\b(?:def|class) |\b(?:self|cls)\.)(_[A-Za-z]\w*)\b(?=\s*[:=,(\[])", re.MULTILINE
)


def is_private(name: str) -> bool:
    """
    Return whether *name*, or a part of it, is private; a name such as `__init__` is not.
    """
    return any(one.startswith("_") and not one.endswith("__") for one in name.split("."))


def names_in(tree: ast.AST) -> set[str]:
    """
    Return the private names that a file of tests defines by itself.
    """
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Attribute(attr=name, ctx=ast.Store()) | ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
    return {name for name in names if is_private(name)}


def private_names(tree: ast.AST, inside: set[str]) -> set[str]:
    """
    Return the private names that a test file imports from the package or reads from its objects.
    """
    own = names_in(tree)
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {one.name for one in names}
            case ast.ImportFrom(module=str(module), names=names):
                found |= {f"{module}.{one.name}" for one in names}
            case ast.Attribute(attr=name) if name in inside - own:
                found.add(f"heymilo_async.{name}")
            case ast.Call(func=ast.Attribute(attr="setattr"), args=[ast.Constant(str(name)), *_]):
                found.add(name)
            case ast.Call(
                func=ast.Attribute(attr="setattr"), args=[_, ast.Constant(str(name)), *_]
            ) if name in inside - own:
                found.add(f"heymilo_async.{name}")
    return {name for name in found if name.startswith("heymilo_async.") and is_private(name)}


def test_few_files_know_the_inside():
    """
    At most 15 files use private names of the package, so moving one breaks few files.
    """
    inside = {
        name
        for file in (ROOT / "heymilo_async").rglob("*.py")
        for name in names_in(ast.parse(file.read_text(encoding="utf-8")))
    }
    knowing = {
        file.relative_to(HERE).as_posix()
        for file in HERE.rglob("*.py")
        if private_names(ast.parse(file.read_text(encoding="utf-8")), inside)
    }

    assert KNOWING == knowing
    assert 15 >= len(knowing)


@pytest.mark.parametrize(
    "line",
    [
        "from heymilo_async._core.retry import backoff",
        "from heymilo_async import _pool",
        "import heymilo_async._core.retry",
        "client._engine",
        "patch.setattr(pool, '_leased', None)",
        "patch.setattr('heymilo_async._engine.check', None)",
    ],
)
def test_private_names_are_seen(line):
    """
    The test above would see each way to a private name.
    """
    assert 1 == len(private_names(ast.parse(line), {"_engine", "_leased"}))


@pytest.mark.parametrize(
    "line",
    [
        "from heymilo_async import HeyMilo, __version__",
        "from heymilo_async.sandbox.faults import Drop",
        "self._engine = 1; self._engine",
        "patch.setattr(cache, '_other', None)",
        "os._exit(1)",
    ],
)
def test_other_names_are_none_of_it(line):
    """
    Public names, the test's own ones, and those of other libraries are not counted.
    """
    assert set() == private_names(ast.parse(line), {"_engine", "_leased"})


#: A comment that turns a rule off, with its reason.
EXCEPTION = re.compile(r"# (?:ruff: )?(noqa|pragma: no|type: ignore|pyright: ignore)\b([^#]*)(.*)")
SOURCES = [
    *(ROOT / "heymilo_async").rglob("*.py"),
    *FILES,
    *HERE.glob("*.py"),
    *(ROOT / "examples").rglob("*.py"),
    ROOT / "noxfile.py",
]


def test_exceptions_to_rules_have_their_reasons():
    """
    Each rule that is turned off has its reason on its line, or on the line above.

    (A test that passes a wrong type on purpose needs no further reason.)
    """
    mute = [
        f"{file.name}:{number}: {line.strip()}"
        for file in sorted(set(SOURCES))
        for lines in [file.read_text(encoding="utf-8").splitlines()]
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


def _names_of(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """
    Return the attributes that a class sets, and the parameters below *node*.
    """
    names = set()
    for one in ast.walk(node):
        match one:
            case ast.Attribute(attr=name, ctx=ast.Store()) | ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.arg():
                names.add(getattr(one, "name", None) or one.arg)
    return names


def test_docstrings_follow_renames():
    """
    What a docstring lists under `Attributes` or `Args` is there by that name.
    """
    sections = [
        (file, node, entry)
        for file in sorted((ROOT / "heymilo_async").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for section in re.findall(
            r"^(?:Attributes|Args):\n((?: {4}.*\n?|\n)+)",
            ast.get_docstring(node) or "",
            re.MULTILINE,
        )
        for entry in re.findall(r"^ {4}\*{0,2}(\w+):", section, re.MULTILINE)
    ]
    stale = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {entry}"
        for file, node, entry in sections
        if entry not in _names_of(node)
    ]

    assert len(sections) > 500
    assert [] == stale
