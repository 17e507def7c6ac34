"""
The commands `heymilo ingest` and `heymilo sync`: run a job with a progress bar and a report.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from ._errors import CommandError, ExitCode
from ._reporting import reporting
from ._streams import printable, write

if TYPE_CHECKING:
    from ..jobs.ingest import IngestReport
    from ._session import Session

INGEST_HELP: Final = """
Ingest the candidates of FILE into a posting, each exactly once.

FILE is CSV with a header, or JSON Lines if its name ends in .jsonl. The columns name, email and
phone_number go into the candidates' fields, and all other columns into their metadata. All rows are
checked before the first request; invalid rows are listed, and the others are ingested.

After any interruption, run it again: a journal next to FILE has the state of each row. If the
server may have processed a row, the command searches the list of candidates before it sends the
row again. If the journal is lost, it is rebuilt from that list. Two runs at the same time with
different journals are not protected from each other.

Examples:
  $ heymilo ingest candidates.csv --posting 13D77095 --dry-run
  $ heymilo ingest candidates.csv --posting 13D77095
  $ heymilo ingest candidates.jsonl --posting 13D77095 --data answers

Exit codes:
  0  every row is ingested
  1  some rows were refused or are unknown; or any other error
  2  usage: an invalid option
  3, 4, 5, 6  as in 'heymilo --help'
"""


def ingest(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    posting: Annotated[
        str, typer.Option(metavar="ID", show_default=False, help="The id of the posting.")
    ],
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="The journal with the rows' states; default FILE.journal.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the rows without sending them; needs no key.")
    ] = False,
    batch: Annotated[int, typer.Option(min=1, metavar="N", help="Rows per request.")] = 25,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            show_default=False,
            help="A column for the candidates' data instead of their metadata. Repeatable.",
        ),
    ] = None,
) -> None:
    """
    Ingest the rows, and list those that were refused.
    """
    if dry_run:
        _check(file, posting, data or ())
    session: Session = context.obj
    with session.client() as client, _missing_extra():
        # Imported here, because only this command needs it.
        from ..jobs.ingest import ingest as job  # noqa: PLC0415

        with _bar(session, "rows") as advance:
            report = job(
                client,
                file,
                posting,
                journal=journal,
                batch=batch,
                data=data or (),
                progress=advance,
            )
        _write_refusals(report)
        write(f"{report}\n")
    raise typer.Exit(ExitCode.DONE if report.ok else ExitCode.OTHER)


def _check(file: Path, posting: str, data: Sequence[str]) -> NoReturn:
    """
    Check the rows and end the command, without a client, because that would need a key.
    """
    with reporting(), _missing_extra():
        # Imported here, because only this command needs it.
        from ..jobs.ingest import check_rows  # noqa: PLC0415

        report = check_rows(file, posting, data)
        _write_refusals(report)
        write(f"{len(report.unsent)} of {report.rows} rows would be ingested; nothing was sent\n")
    raise typer.Exit(ExitCode.OTHER if report.refused else ExitCode.DONE)


def _write_refusals(report: IngestReport) -> None:
    for refusal in report.refused:
        write(f"{printable(str(refusal))}\n")


SYNC_HELP: Final = """
Copy the workspace's data into a DuckDB file, or update that file.

Each resource has a table: postings, questions, candidates, interviews, webhooks and so on.
Free-form fields are JSON columns; a comment describes each table and column.

Each run reads all lists, with 100 rows per request. An interview takes a request of its own, and is
fetched only if its candidate has changed. If a run was killed, the next run resumes it. Rows that
are no longer in a list stay in the table, with last_seen_at.

With --since, only candidates invited since then are read. Changes of older candidates, such as a
shortlisting, progress in an interview or a removal, are then missed.

Examples:
  $ heymilo sync
  $ heymilo sync --to duckdb:///hiring.duckdb --only candidates,interviews
  $ heymilo sync --since 90d

Exit codes:
  0  the file is up to date
  1  the file is unusable, or any other error
  2  usage: an invalid option
  3, 4, 5, 6  as in 'heymilo --help'
"""

_AGE: Final = re.compile(r"([0-9]{1,5})([hdw])", re.ASCII)
_UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}


def age(text: str) -> timedelta:
    """
    Parse an age such as `12h`, `90d` or `4w`.

    Raises:
        typer.BadParameter: *text* is not an age.
    """
    match = _AGE.fullmatch(text.strip())
    if match is None:
        message = f"it takes an age such as 12h, 90d or 4w, not {text!r}"
        raise typer.BadParameter(message)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def sync(
    context: typer.Context,
    *,
    to: Annotated[
        str, typer.Option(metavar="URL", help="The DuckDB file: duckdb:/// and its path.")
    ] = "duckdb:///heymilo-data.duckdb",
    only: Annotated[
        str | None,
        typer.Option(
            metavar="TABLES",
            show_default=False,
            help="Copy only these tables, separated by commas, and the tables that they need.",
        ),
    ] = None,
    since: Annotated[
        timedelta | None,
        typer.Option(
            parser=age,
            metavar="AGE",
            show_default=False,
            help="Read only candidates invited since then: 12h, 90d, 4w.",
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="Do not resume a killed run, and fetch every interview."),
    ] = False,
    with_links: Annotated[
        bool,
        typer.Option(
            "--with-links",
            help="Store links that work for anybody: to interviews, recordings and resumes.",
        ),
    ] = False,
) -> None:
    """
    Update the tables, and write one line per table with the changes.
    """
    session: Session = context.obj
    with session.client() as client, _missing_extra():
        # Imported here, because only this command needs it.
        from ..jobs.sync import sync as job  # noqa: PLC0415

        with _bar(session, "rows") as advance:
            shown: dict[str, int] = {}

            def show(table: str, rows: int) -> None:
                shown[table] = rows
                advance(sum(shown.values()), None)

            report = job(
                client,
                to,
                only=None if only is None else [name.strip() for name in only.split(",")],
                since=since,
                full=full,
                with_links=with_links,
                progress=show,
            )
        for table in report.tables:
            left = f", {table.left} gone" if table.left else ""
            write(
                f"{table.name:<23}{table.rows:>7} rows: {table.new} new, {table.changed} changed"
                f"{left}; {_requests(table.requests)}, {table.seconds:.1f} s\n"
            )
        write(f"{printable(str(report.path))}: {_requests(report.requests)}\n")


def _requests(number: int) -> str:
    return f"{number} request{'' if number == 1 else 's'}"


@contextlib.contextmanager
def _missing_extra() -> Generator[None, None, None]:
    try:
        yield
    except ImportError as missing:
        raise CommandError(str(missing)) from None


@contextlib.contextmanager
def _bar(session: Session, noun: str) -> Generator[Callable[[int, int | None], None], None, None]:
    """
    Show a progress bar during the `with` block; yield a function that takes a count and a total.
    """
    # Imported here, because it loads rich, which the help does not need.
    from ._progress import is_wanted, progress  # noqa: PLC0415

    wanted = is_wanted(verbose=session.connection.verbose, writes_lines=False)
    with progress(noun, most=None, is_total_known=True, wanted=wanted) as advance:
        shown = 0

        def show(count: int, total: int | None) -> None:
            nonlocal shown
            advance(count - shown, total)
            shown = count

        yield show
