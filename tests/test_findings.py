"""
Each finding has a line in the README, and its first lines say what it shows.

They are not run here, because they install packages.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "findings"
PROGRAMS = sorted(FOLDER.glob("*.sh"))


def test_each_finding_has_a_line():
    """
    The README has a line for each program, and for nothing else.
    """
    listed = re.findall(
        r"^\| \[([\w-]+\.sh)\]\(\1\) \|", (FOLDER / "README.md").read_text(), re.MULTILINE
    )

    assert [program.name for program in PROGRAMS] == listed


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_a_finding_says_what_it_is(program):
    """
    Each program states its guess and what was seen, and installs exact versions.
    """
    text = program.read_text(encoding="utf-8")
    (installed,) = re.findall(
        r"install --quiet --disable-pip-version-check\b(.*?)\n\n", text, re.DOTALL
    )
    packages = installed.replace("\\", "").split()

    assert text.startswith("#!/bin/sh\n# Guess: ")
    assert "# Seen:\n" in text
    assert packages
    assert [] == [one for one in packages if not re.fullmatch(r"[a-z0-9-]+==[0-9.]+", one)]
