"""
Checks that the installed dependencies are the oldest versions that the package allows.

    python tests/floors.py 'attrs>=23.2' ...
"""

from __future__ import annotations

import sys
from importlib.metadata import version

from packaging.requirements import Requirement
from packaging.version import Version


def above(wanted: Requirement) -> str | None:
    """
    Return the installed version of *wanted*, if it is newer than the oldest allowed one.
    """
    installed = Version(version(wanted.name))
    floors = [Version(one.version) for one in wanted.specifier if one.operator == ">="]
    return None if [installed] == floors else f"{wanted.name} {installed} is not the oldest"


if __name__ == "__main__":
    found = [said for one in sys.argv[1:] if (said := above(Requirement(one)))]
    sys.exit("\n".join(found) or None)
