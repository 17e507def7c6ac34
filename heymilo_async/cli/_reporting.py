"""
Where a command's errors end: said in one line, and turned into the exit code.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import typer

from ._errors import report


@contextlib.contextmanager
def reporting() -> Generator[None, None, None]:
    """
    Report what goes wrong in the `with` block, and end the command.

    Around all that a command does, because Typer has ideas of its own about Ctrl-C and closed
    pipes.
    """
    try:
        yield
    except BaseException as error:
        raise typer.Exit(report(error)) from None
