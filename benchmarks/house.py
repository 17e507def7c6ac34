"""
`python -m benchmarks.house`: counts what a maintainer has to read, beside the goal of each figure.
"""

from __future__ import annotations

import argparse
import ast
import functools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import attrs

from . import numbers, programs
from .server import ROOT, from_tests, serving

PACKAGE = ROOT / "heymilo_async"
#: Below these a module is no part of the core: an extra, or one resource of many.
NOT_CORE = frozenset({"sandbox", "cli", "jobs", "resources"})


@attrs.frozen(kw_only=True)
class Figure:
    """
    One count, and the most that it should be; None where there is no goal.
    """

    name: str
    value: int
    goal: int | None = None

    @property
    def line(self) -> str:
        """
        The figure as a line of a table.
        """
        goal = "" if self.goal is None else f"at most {self.goal:,}"
        missed = "MISSED" if self.goal is not None and self.value > self.goal else ""
        return f"{self.name:<52} {self.value:>7,}   {goal:<15} {missed}".rstrip()


class Entered:
    """
    A profile function: collects our functions that are entered, those of imports apart.
    """

    def __init__(self) -> None:
        self._importing = 0
        self.called: set[tuple[str, str, int]] = set()
        self.imported: set[str] = set()

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """
        Note what *event* says of *frame*.
        """
        code = frame.f_code
        if code.co_name == "_find_and_load" and "importlib" in code.co_filename:
            self._importing += {"call": 1, "return": -1}.get(event, 0)
        if event != "call" or not code.co_filename.startswith(f"{PACKAGE}/"):
            return
        if code.co_name == "<module>":
            self.imported.add(code.co_filename)
        elif not self._importing:
            self.called.add((code.co_filename, code.co_name, code.co_firstlineno))

    @property
    def counts(self) -> dict[str, int]:
        """
        How many there are of each.
        """
        return {
            "files": len({file for file, _, _ in self.called}),
            "functions": len(self.called),
            "imported": len(self.imported),
        }


def profile(url: str) -> dict[str, int]:
    """
    Return what one blocking `get` enters: the first of a process, and one after it.

    (For the first one, `programs` runs it in a process that has done nothing yet.)
    """
    from heymilo_async import HeyMilo

    found = {}
    with HeyMilo("k", base_url=url) as client:
        for name in ("cold", "warm"):
            entered = Entered()
            sys.setprofile(entered)
            try:
                client.phone_numbers.get(numbers.id_of(1))
            finally:
                sys.setprofile(None)
            found |= {f"{name} {what}": count for what, count in entered.counts.items()}
    return found


def modules() -> dict[str, Path]:
    """
    Return the file of each module of the package, by its name below the package.
    """
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def lines_of(files: list[Path]) -> int:
    """
    Return how many lines *files* have, blank ones and comments too.
    """
    return sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)


def imports(name: str, known: Mapping[str, Path]) -> set[str]:
    """
    Return which of the *known* modules the module *name* imports when it is imported itself.
    """
    file = known[name]
    parts = name.split(".") if name else []
    package = parts if file.name == "__init__.py" else parts[:-1]
    found = set()
    for node in _executed(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[2] for alias in node.names if _ours(alias.name)}
            continue
        if node.level:
            base = package[: len(package) - node.level + 1]
        elif _ours(node.module or ""):
            base = []
        else:
            continue
        named = (node.module or "").split(".")[0 if node.level else 1 :]
        start = [*base, *(part for part in named if part)]
        for alias in node.names:
            inner = ".".join([*start, alias.name])
            found.add(inner if inner in known else ".".join(start))
    return found & known.keys() - {name}


def _ours(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] == PACKAGE.name


def _executed(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """
    Walk through the import statements that run with the module: not those that are only typed.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _executed(ast.Module(body=node.orelse, type_ignores=[]))
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _executed(node)


def longest_path() -> list[str]:
    """
    Return the longest path of imports within the core, from the module of the public names.

    (`import heymilo_async` by itself loads that module with the first name that is used.)
    """
    known = {name: file for name, file in modules().items() if _is_core(name)}
    graph = {name: imports(name, known) for name in known}

    @functools.cache
    def reached(name: str) -> frozenset[str]:
        found: set[str] = set()
        left = [name]
        while left:
            new = graph[left.pop()] - found
            found |= new
            left += new
        return frozenset(found)

    @functools.cache
    def below(name: str) -> tuple[str, ...]:
        # Where modules import each other, a path does not come back.
        under = [below(one) for one in sorted(graph[name]) if name not in reached(one)]
        return (name, *max(under, key=len, default=()))

    return list(below("_public"))


def _is_core(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] not in NOT_CORE


def steps_of_a_resource() -> list[tuple[str, int]]:
    """
    Return each file that CONTRIBUTING.md changes for a resource with list and get, and its new lines.
    """
    found: dict[str, int] = {}
    for step in from_tests("walk").steps():
        added = len(step.new.splitlines()) - len(step.old.splitlines())
        found[step.path] = found.get(step.path, 0) + added
    return list(found.items())


def figures() -> Iterator[Figure]:
    """
    Count everything.
    """
    with serving() as url:
        calls = programs.run("entered", url)
    for kind, goals in (("cold", (14, 110)), ("warm", (None, None))):
        for what, goal in zip(("files", "functions"), goals, strict=True):
            name = f"our {what} that one {kind} blocking get enters"
            yield Figure(name=name, value=calls[f"{kind} {what}"], goal=goal)
    yield Figure(name="our modules that the cold get imports", value=calls["cold imported"])

    known = modules()
    yield Figure(name="modules on the longest import path", value=len(longest_path()), goal=10)
    core = [file for name, file in known.items() if file.name != "__init__.py" and _is_core(name)]
    yield Figure(name="core modules", value=len(core), goal=35)
    for room, goal in (("_http", 2_300), ("_ratelimit", 1_000)):
        # The script that runs in Redis is a part of rate limiting, too.
        files = [one for one in (PACKAGE / room).rglob("*") if one.suffix in {".py", ".lua"}]
        yield Figure(name=f"lines of {room}", value=lines_of(files), goal=goal)

    steps = steps_of_a_resource()
    ours = [count for file, count in steps if file.startswith("heymilo_async/resources/")]
    yield Figure(name="lines of a resource's own module", value=sum(ours), goal=60)
    packaged = [count for file, count in steps if file.startswith("heymilo_async/")]
    yield Figure(name="lines of a resource in the package", value=sum(packaged), goal=61)
    yield Figure(name="... in files of the package", value=len(packaged), goal=2)
    yield Figure(
        name="lines of a resource, tests and pages included", value=sum(n for _, n in steps)
    )
    yield Figure(name="... in files", value=len(steps))


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Print the figures, and the longest import path module by module.
    """
    argparse.ArgumentParser(prog="python -m benchmarks.house", description=__doc__).parse_args(
        arguments
    )
    for figure in figures():
        print(figure.line)
    print(f"longest import path: {' -> '.join(name or '__init__' for name in longest_path())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
