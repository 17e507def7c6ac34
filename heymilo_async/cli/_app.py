"""
The command `heymilo`: its options, its help, and the function that runs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
import typer.main

from ._connection import Connection, with_connection
from ._help import show_help_if_alone
from ._later import Commands
from ._version import write_version

_HELP = """
The HeyMilo Public API from a terminal. (Unofficial.)

Examples:
  $ heymilo --sandbox phone-numbers list
  $ export HEYMILO_API_KEY=...
  $ heymilo phone-numbers list --limit 5
  $ heymilo phone-numbers list --all --format csv > numbers.csv
  $ heymilo phone-numbers list --all | jq -r .phone_number
  $ heymilo phone-numbers get 666A24C3
  $ heymilo sync
  $ heymilo ingest candidates.csv --posting 13D77095
  $ heymilo doctor
  $ heymilo sandbox --port 8800
  $ heymilo --install-completion

Environment:
  HEYMILO_API_KEY       the API key; not an option, because other users could see it
  HEYMILO_ACCESS_TOKEN  an OAuth access token, if there is no key
  HEYMILO_WORKSPACE_ID  the workspace, for tokens with several workspaces
  HEYMILO_BASE_URL      instead of https://api.heymilo.ai
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY; NO_COLOR

Exit codes:
  0    success
  1    any other error
  2    usage: an invalid option, argument or setting
  3    authentication: no credentials, or the server refused them (401, 403)
  4    not found (404)
  5    rate limited (429)
  6    connection: no response from the server, or not in time
  130  interrupted by Ctrl-C
  141  the output pipe was closed, as by | head
"""

app = typer.Typer(
    name="heymilo",
    cls=Commands,
    help=_HELP,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        write_version()
        raise typer.Exit


@app.callback(invoke_without_command=True)
@with_connection
def options(
    context: typer.Context,
    *,
    connection: Connection,
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            help="Use a sandbox inside this command, with made-up data; needs no API key.",
        ),
    ] = False,
    version: Annotated[  # noqa: ARG001 - its callback handles it
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """
    Store the options for the subcommand.
    """
    show_help_if_alone(context)
    if context.invoked_subcommand is not None:
        # Imported here, because it loads the client, which the help does not need.
        from ._session import Session  # noqa: PLC0415

        context.obj = Session(sandbox=sandbox, connection=connection)


def run(arguments: Sequence[str]) -> int:
    """
    Run the command with *arguments*, and return its exit code; never raise.
    """
    try:
        # `app(...)` would set sys.excepthook.
        command = typer.main.get_command(app)
        code = command.main(list(arguments), prog_name="heymilo", standalone_mode=False)
    except BaseException as error:
        from ._errors import report  # noqa: PLC0415 - it loads the client

        return report(error)
    return code if isinstance(code, int) else 0
