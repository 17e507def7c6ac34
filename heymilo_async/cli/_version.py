"""
What `heymilo --version` writes.
"""

from __future__ import annotations

from .._distribution import __version__
from ._streams import write


def write_version() -> None:
    """
    Write which version this is.
    """
    write(f"heymilo (heymilo-async) {__version__}\n")
