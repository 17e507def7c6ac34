"""
The command `heymilo doctor`: checks the connection to the API step by step.
"""

from __future__ import annotations

import contextlib
import enum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ._errors import ExitCode
from ._reporting import reporting
from ._streams import write

if TYPE_CHECKING:
    from ._finding import Finding
    from ._session import Session

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
    from ._checks import findings  # noqa: PLC0415 - help does without the client and rich
    from ._finding import Case, State  # noqa: PLC0415 - the same
    from ._verdict import document, line  # noqa: PLC0415 - the same

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
