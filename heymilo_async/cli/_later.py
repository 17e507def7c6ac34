"""
Commands whose modules are imported when they are used; help and completion only list them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
import typer.main

from .. import resources
from ._connection import with_connection
from ._help import Command, Group, show_help_if_alone


class LazyCommand(Command):
    """
    A placeholder with a command's name and first line; *make* creates the command on first use.
    """

    def __init__(self, name: str, summary: str, make: Callable[[], Any]) -> None:
        super().__init__(name, help=summary)
        self._make = make

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """
        Return a context of the command itself, which runs, completes and explains it.
        """
        return self._make().make_context(info_name, args, parent, **extra)


class Commands(Group):
    """
    The command `heymilo`, with all subcommands.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for one in (*_other_commands(), *_resource_commands()):
            self.add_command(one)


def _other_commands() -> list[LazyCommand]:
    return [
        LazyCommand(
            "ingest", "Ingest the candidates of FILE into a posting, each exactly once.", _ingest
        ),
        LazyCommand(
            "sync", "Copy the workspace's data into a DuckDB file, or update that file.", _sync
        ),
        LazyCommand(
            "doctor",
            "Find problems between this machine and the API, and suggest fixes.",
            _doctor,
        ),
        LazyCommand(
            "sandbox",
            "Run a local HeyMilo with made-up postings, candidates and phone numbers, until "
            "Ctrl-C.",
            _sandbox,
        ),
    ]


def _resource_commands() -> list[LazyCommand]:
    return [
        LazyCommand(name.replace("_", "-"), summary, _group_of(name, summary))
        for name, summary in resources.SUMMARIES.items()
    ]


def _group_of(name: str, summary: str) -> Callable[[], Any]:
    def group() -> Any:
        from ._resources import add_commands  # noqa: PLC0415 - imported on use

        made = typer.Typer(
            name=name.replace("_", "-"),
            cls=Group,
            help=summary,
            callback=show_help_if_alone,
            invoke_without_command=True,
            add_completion=False,
            rich_markup_mode=None,
        )
        add_commands(made, name)
        return typer.main.get_command(made)

    return group


def _ingest() -> Any:
    from . import _jobs  # noqa: PLC0415 - imported on use

    return _command("ingest", with_connection(_jobs.ingest), _jobs.INGEST_HELP)


def _sync() -> Any:
    from . import _jobs  # noqa: PLC0415 - imported on use

    return _command("sync", with_connection(_jobs.sync), _jobs.SYNC_HELP)


def _doctor() -> Any:
    from . import _doctor  # noqa: PLC0415 - imported on use

    return _command("doctor", with_connection(_doctor.examine), _doctor.HELP)


def _sandbox() -> Any:
    from . import _sandbox  # noqa: PLC0415 - imported on use

    return _command("sandbox", _sandbox.serve, _sandbox.HELP)


def _command(name: str, function: Callable[..., None], text: str) -> Any:
    made = typer.Typer(add_completion=False, rich_markup_mode=None)
    made.command(name, cls=Command, help=text)(function)
    return typer.main.get_command(made)
