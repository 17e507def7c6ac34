"""
Reports a command's exceptions, and ends the command with an exit code.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import typer

from ._errors import report


@contextlib.contextmanager
def reporting() -> Generator[None, None, None]:
    """
    Report an exception of the `with` block, and end the command with its exit code.

    It wraps the whole command, because Typer would handle Ctrl-C and closed pipes differently.
    """
    try:
        yield
    except BaseException as error:
        raise typer.Exit(report(error)) from None
