"""
Parses the output of `heymilo doctor`.
"""

from __future__ import annotations

from typing import Any

#: The value that a test uses where a secret belongs.
SECRET = "hidden-1f0c77a2b9e64d53"
NAMES = [
    "Python",
    "key",
    "base URL",
    "proxy",
    "look-up",
    "connect",
    "TLS",
    "call",
    "clock",
    "limits",
]


def lines(shown: Any) -> dict[str, tuple[str, str]]:
    """
    Return the mark and the text of each check in *shown*, which must contain no secret.
    """
    assert SECRET not in shown.out + shown.err
    made = {
        line[4:12].strip(): (line[:2].strip(), line[14:].rstrip())
        for line in shown.out.splitlines()
    }
    assert NAMES == list(made)
    return made
