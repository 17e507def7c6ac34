"""
Parses durations in options: `5`, `500ms`, `1.5s`, `2m`.
"""

from __future__ import annotations

import re
from typing import Final

import typer

_DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m)", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9.]+", re.ASCII)
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0}


def duration(text: str) -> float:
    """
    Parse a duration with a unit, such as `50ms`, `1.5s` or `2m`, and return it in seconds.

    Raises:
        typer.BadParameter: *text* is not a duration.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        message = f"it takes a duration such as 50ms, 1.5s or 2m, not {text!r}"
        raise typer.BadParameter(message)
    return float(match[1]) * _UNITS[match[2]]


def seconds(text: str) -> float:
    """
    Parse a duration of more than 0, whose unit may be missing, and return it in seconds.

    Raises:
        typer.BadParameter: *text* is not a duration, or is 0.
    """
    typed = text.strip()
    bare = _NUMBER.fullmatch(typed)
    found = duration(typed if bare is None else f"{typed}s")
    if not found:
        message = "it must be more than 0 seconds"
        raise typer.BadParameter(message)
    return found
