"""
Applies the steps of CONTRIBUTING.md: each code block is a change of a file.

As a program it applies the steps in an empty folder, for type checkers and linters: `python
tests/walk.py FOLDER`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
CONTRACT = "tests/contract.json"
#: The part of HeyMilo's contract that would describe badges.
PUBLISHED = ROOT / "tests" / "badges.openapi.json"

#: `path`, some words, a colon; then the block.
_BLOCK = re.compile(r"^`([\w./+-]+)`[^\n`]*:\n\n(```+)(\w+)\n(.*?)^\2$", re.DOTALL | re.MULTILINE)
# The test of these steps contains the names that it searches for, so it would count as a test of
# badges.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "test_contributing.py")


class Step(NamedTuple):
    """
    One change of one file: *new* replaces *old*; a new file has no *old*.
    """

    path: str
    old: str
    new: str

    @property
    def name(self) -> str:
        """
        The file, and the first added line.
        """
        first = next(line for line in self.new.splitlines() if line not in self.old.splitlines())
        return f"{self.path}: {first.strip()}" if self.old else self.path

    def take(self, folder: Path) -> None:
        """
        Make the change in *folder*.
        """
        file = folder / self.path
        if not self.old:
            assert not file.exists(), f"{self.path} is there already"
            file.parent.mkdir(exist_ok=True)
            file.write_text(self.new, encoding="utf-8")
            return
        text = file.read_text(encoding="utf-8")
        assert 1 == text.count(self.old), f"{self.path} must have this once:\n{self.old}"
        file.write_text(text.replace(self.old, self.new), encoding="utf-8")


def steps() -> list[Step]:
    """
    Return the steps of CONTRIBUTING.md, in order.
    """
    found: list[Step] = []
    for path, _, language, block in _BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8")):
        if language != "diff":
            found.append(Step(path, "", block))
            continue
        for hunk in block.split("@@\n"):
            lines = hunk.splitlines(keepends=True)
            assert all(line[0] in " +" for line in lines), f"no diff of {path}: {hunk}"
            old = "".join(line[1:] for line in lines if line[0] == " ")
            found.append(Step(path, old, "".join(line[1:] for line in lines)))
    return found


def copy_project(folder: Path, package: Path) -> None:
    """
    Copy into *folder* the files that the steps change, including the *package*, and those that
    check them.
    """
    shutil.copytree(package, folder / "heymilo_async", ignore=_LEFT_OUT)
    for name in ("docs", "scripts", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=_LEFT_OUT)
    for name in ("pyproject.toml", "noxfile.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)


def extend_contract(folder: Path) -> None:
    """
    Add the badges of HeyMilo's contract to the one that the clients are tested with.
    """
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    contract = json.loads((folder / CONTRACT).read_text(encoding="utf-8"))
    contract["tags"] += published["tags"]
    contract["paths"].update(published["paths"])
    contract["components"]["schemas"].update(published["components"]["schemas"])
    (folder / CONTRACT).write_text(json.dumps(contract), encoding="utf-8")


def take(folder: Path, chosen: Iterable[Step]) -> None:
    """
    Take the *chosen* steps in *folder*.
    """
    for step in chosen:
        step.take(folder)


def write_index(folder: Path) -> None:
    """
    Run the script that generates files from the resources.
    """
    subprocess.run([sys.executable, str(folder / "scripts" / "index.py")], check=True)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    copy_project(target, ROOT / "heymilo_async")
    extend_contract(target)
    take(target, steps())
    write_index(target)
