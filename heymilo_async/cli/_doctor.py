"""
The command `heymilo doctor`: checks the connection to the API step by step.
"""

from __future__ import annotations

import contextlib
import enum
import json
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ._checks import CHECKS, findings
from ._errors import ExitCode
from ._finding import Case, Finding, State
from ._reporting import reporting
from ._session import Session
from ._streams import is_terminal, printable, write

HELP: Final = """
Find problems between this machine and the API, and suggest fixes.

It looks for a key, checks each step to the server (proxy, DNS, connection, TLS), makes one call
with the client, and compares the clocks. The output contains no secrets, so you can send it to
support.

Marks:
  ok  works
  !   works, with a warning
  !!  failed, with a suggested fix
  --  not checked

Exit codes:
  0  everything works
  1  any other problem
  2  an invalid setting
  3  no credentials, or the server refused them
  4  no API at the base URL
  5  rate limited
  6  connection: the server is unreachable

The exit code is that of the first problem.
"""

#: Seconds per check, unless --timeout is given.
_SECONDS: Final = 5.0

_MARKS: Final = {State.OK: "ok", State.WARNING: "!", State.FAILED: "!!", State.SKIPPED: "--"}
_STYLES: Final = {
    State.OK: "green",
    State.WARNING: "yellow",
    State.FAILED: "bold red",
    State.SKIPPED: "dim",
}
_MARK_WIDTH: Final = max(map(len, _MARKS.values()))
_NAME_WIDTH: Final = max(map(len, CHECKS))


class Form(enum.StrEnum):
    """
    The format of the result.
    """

    TEXT = "text"
    JSON = "json"


def examine(
    context: typer.Context,
    *,
    form: Annotated[
        Form, typer.Option("--format", help="Readable lines, or one JSON object.")
    ] = Form.TEXT,
) -> None:
    """
    Run all checks, and write their findings.
    """
    code = ExitCode.DONE
    with reporting(), contextlib.ExitStack() as stack:
        session: Session = context.obj
        case = Case(
            sandbox=session.sandbox,
            source=session.base_url_source,
            open=lambda key: stack.enter_context(session.open(key)),
            seconds=_SECONDS if session.timeout is None else session.timeout,
        )
        made: list[Finding] = []
        for finding in findings(case):
            made.append(finding)
            if form is Form.TEXT:
                write(line(finding))
        code = next((one.code for one in made if one.state is State.FAILED), ExitCode.DONE)
        if form is Form.JSON:
            write(document(made, code))
    raise typer.Exit(code)


def line(finding: Finding) -> str:
    """
    Return *finding* as text: one line, or several on a narrow terminal.
    """
    text = printable("; ".join(filter(None, (finding.text, finding.cure))))
    mark = _MARKS[finding.state]
    if not is_terminal():
        return f"{mark:{_MARK_WIDTH}}  {finding.name:{_NAME_WIDTH}}  {text}\n"
    lines = Table.grid(padding=(0, 2, 0, 0))
    lines.add_column(width=_MARK_WIDTH, no_wrap=True)
    lines.add_column(width=_NAME_WIDTH, no_wrap=True)
    lines.add_column(overflow="fold")
    style = _STYLES[finding.state]
    lines.add_row(Text(mark, style), Text(finding.name), Text(text))
    console = Console()
    # Not printed by rich, which exits the process when a pipe is closed.
    with console.capture() as captured:
        console.print(lines)
    return captured.get()


def document(made: Sequence[Finding], code: ExitCode) -> str:
    """
    Return the findings and the exit code as JSON.
    """
    checks = [
        {
            "name": finding.name,
            "state": finding.state.value,
            "text": finding.text,
            "cure": finding.cure or None,
            "facts": dict(finding.facts),
        }
        for finding in made
    ]
    return json.dumps({"exit_code": int(code), "checks": checks}, indent=2) + "\n"
