"""
Shows the help if there is no subcommand.
"""

from __future__ import annotations

import typer


def show_help_if_alone(context: typer.Context) -> None:
    """
    Show the help, if there is no subcommand.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
