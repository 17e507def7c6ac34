"""
Help that is shown without being asked for.
"""

from __future__ import annotations

import typer


def show_help_if_alone(context: typer.Context) -> None:
    """
    Show what commands there are, if none was given.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
