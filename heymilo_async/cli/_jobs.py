"""
The commands `heymilo ingest` and `heymilo sync`: the jobs, with a bar while they run and a report.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Annotated, Final

import typer

from ._errors import CommandError, ExitCode
from ._progress import is_wanted, progress
from ._session import Session
from ._streams import printable, write

# (Typer keeps line breaks from the second paragraph on, so paragraphs have none.)
INGEST_HELP: Final = """
Bring the candidates of FILE into a posting, each once.

{file}

{once}

[bold]Examples[/bold]
  $ heymilo ingest candidates.csv --posting 13D77095 --dry-run
  $ heymilo ingest candidates.csv --posting 13D77095
  $ heymilo ingest candidates.jsonl --posting 13D77095 --data answers

[bold]Exit codes[/bold]
  0  every row is in
  1  some are not: refused, or unknown; or any other error
  2  usage: a wrong option
  3, 4, 5, 6  as of every command
""".format(
    file=(
        "FILE is CSV with a header, or JSON Lines if its name ends in .jsonl. Its columns name, email "
        "and phone_number have places of their own; all others go into the candidates' metadata. "
        "Rows are checked before anything is sent; those that cannot go in are shown, and the "
        "others go in."
    ),
    once=(
        "Run it again after whatever happened: a journal beside FILE has the state of each row, and "
        "what may have been carried out is looked for in the list of candidates before it is sent "
        "again. Without the journal it is made anew from that list."
    ),
)


def ingest(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    posting: Annotated[
        str, typer.Option(metavar="ID", show_default=False, help="The posting to invite them to.")
    ],
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Where to keep the states of the rows; by default FILE.journal.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the rows, and send nothing.")
    ] = False,
    batch: Annotated[int, typer.Option(min=1, metavar="N", help="Rows in one request.")] = 25,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            show_default=False,
            help="A column that goes into the candidates' data, not their metadata. Repeatable.",
        ),
    ] = None,
) -> None:
    """
    Bring the rows in, and say which are not.
    """
    session: Session = context.obj
    with session.client() as client, _missing_extra():
        # Not above: only this command needs it.
        from ..jobs.ingest import ingest as job  # noqa: PLC0415

        with _bar(session, "rows") as advance:
            report = job(
                client,
                file,
                posting,
                journal=journal,
                batch=batch,
                data=data or (),
                dry_run=dry_run,
                progress=advance,
            )
        for refusal in report.refused:
            write(f"{printable(str(refusal))}\n")
        if dry_run:
            write(f"{len(report.unsent)} of {report.rows} rows would go in; nothing was sent\n")
        else:
            write(f"{report}\n")
        is_well = not report.refused if dry_run else report.ok
    raise typer.Exit(ExitCode.DONE if is_well else ExitCode.OTHER)


@contextlib.contextmanager
def _missing_extra() -> Generator[None, None, None]:
    try:
        yield
    except ImportError as missing:
        raise CommandError(str(missing)) from None


@contextlib.contextmanager
def _bar(session: Session, noun: str) -> Generator[Callable[[int, int], None], None, None]:
    """
    Show a bar while the `with` block lasts; give what to call with a count, and with its total.
    """
    wanted = is_wanted(verbose=session.connection.verbose, writes_lines=False)
    with progress(noun, most=None, is_total_known=True, wanted=wanted) as advance:
        shown = 0

        def show(count: int, total: int) -> None:
            nonlocal shown
            advance(count - shown, total)
            shown = count

        yield show
