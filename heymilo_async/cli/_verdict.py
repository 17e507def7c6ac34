"""
Formats the findings of `heymilo doctor`: a line for each, or all of them as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ._checks import CHECKS
from ._errors import ExitCode
from ._finding import Finding, State
from ._streams import is_terminal, printable

_MARKS: Final = {State.OK: "ok", State.WARNING: "!", State.FAILED: "!!", State.SKIPPED: "--"}
_STYLES: Final = {
    State.OK: "green",
    State.WARNING: "yellow",
    State.FAILED: "bold red",
    State.SKIPPED: "dim",
}
_MARK_WIDTH: Final = max(map(len, _MARKS.values()))
_NAME_WIDTH: Final = max(map(len, CHECKS))


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
    # Render to text, because rich would exit the process if it printed to a closed pipe.
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
