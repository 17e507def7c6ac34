"""
Writes the output of `heymilo --version`.
"""

from __future__ import annotations

from .._distribution import __version__
from ._streams import write


def write_version() -> None:
    """
    Write the version.
    """
    write(f"heymilo (heymilo-async) {__version__}\n")
