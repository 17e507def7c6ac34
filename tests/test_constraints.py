"""
constraints.txt excludes versions with known vulnerabilities, and every session uses it.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
LINES = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
CONSTRAINTS = [Requirement(line) for line in LINES if line and not line.startswith("#")]


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=lambda one: one.name)
def test_what_is_installed_is_constrained(constraint):
    """
    Case 128: the installed versions fit constraints.txt.
    """
    assert metadata.version(constraint.name) in constraint.specifier


def test_each_constraint_has_its_reason():
    """
    A comment above each constraint gives its reason, and the network libraries are constrained.
    """
    assert {"h11", "httpcore", "certifi", "idna"} == {one.name for one in CONSTRAINTS}
    for number, line in enumerate(LINES):
        if line and not line.startswith("#"):
            assert LINES[number - 1].startswith("# ")


def test_a_version_with_the_hole_is_refused():
    """
    Case 128: h11 0.15 and older, which accept malformed chunks, are excluded.
    """
    (h11,) = [one for one in CONSTRAINTS if one.name == "h11"]

    assert Version("0.15.0") not in h11.specifier
    assert Version("0.14.0") not in h11.specifier
    assert Version("0.16.0") in h11.specifier


def test_sessions_install_with_the_constraints():
    """
    Every session that installs the package uses constraints.txt.
    """
    installs = re.findall(
        r"session\.install\((.*)\)", (ROOT / "noxfile.py").read_text(encoding="utf-8")
    )
    of_package = [one for one in installs if any(name in one for name in ('".[', '"."', "built("))]

    assert of_package
    assert [] == [one for one in of_package if "CONSTRAINED" not in one]
