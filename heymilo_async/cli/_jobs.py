"""
The commands `heymilo ingest` and `heymilo sync`: the jobs, with a bar while they run and a report.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Generator
from datetime import timedelta
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


# (Typer keeps line breaks from the second paragraph on, so paragraphs have none.)
SYNC_HELP: Final = """
Bring the workspace's data into a DuckDB file, or up to date there.

{tables}

{again}

{since}

[bold]Examples[/bold]
  $ heymilo sync
  $ heymilo sync --to duckdb:///hiring.duckdb --only candidates,interviews
  $ heymilo sync --since 90d

[bold]Exit codes[/bold]
  0  the file is up to date
  1  the file cannot be used, or any other error
  2  usage: a wrong option
  3, 4, 5, 6  as of every command
""".format(
    tables=(
        "There is a table for each group: postings, questions, candidates, interviews, webhooks and "
        "the small ones. Members without a fixed form are JSON columns; every table and column has "
        "a comment that says what it is."
    ),
    again=(
        "Lists are read whole each time, 100 rows a request; an interview, a request each, is "
        "fetched only where its candidate has moved. A run that was killed is gone on with. Rows "
        "that have left a list stay, with last_seen_at."
    ),
    since=(
        "With --since only candidates invited since then are read: that an older one was "
        "shortlisted, got on with an interview, or was removed, goes unnoticed."
    ),
)

_AGE: Final = re.compile(r"([0-9]{1,5})([hdw])", re.ASCII)
_UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}


def age(text: str) -> timedelta:
    """
    Return how long ago *text* means: `12h`, `90d`, `4w`.

    Raises:
        typer.BadParameter: It is something else.
    """
    match = _AGE.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is no age such as 12h, 90d or 4w"
        raise typer.BadParameter(message)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def sync(
    context: typer.Context,
    *,
    to: Annotated[
        str, typer.Option(metavar="URL", help="The DuckDB file, as duckdb:/// and its path.")
    ] = "duckdb:///heymilo-data.duckdb",
    only: Annotated[
        str | None,
        typer.Option(
            metavar="TABLES",
            show_default=False,
            help="These tables, with commas between them, and those that they need.",
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
        typer.Option(
            "--full", help="Do not go on with a run that was killed, and fetch every interview."
        ),
    ] = False,
    with_links: Annotated[
        bool,
        typer.Option(
            "--with-links",
            help="Keep the links that let their holder in: interviews, recordings, resumes.",
        ),
    ] = False,
) -> None:
    """
    Bring the tables up to date, and say in a line each what has changed.
    """
    session: Session = context.obj
    with session.client() as client, _missing_extra():
        # Not above: only this command needs it.
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
    Show a bar while the `with` block lasts; give what to call with a count, and with its total.
    """
    wanted = is_wanted(verbose=session.connection.verbose, writes_lines=False)
    with progress(noun, most=None, is_total_known=True, wanted=wanted) as advance:
        shown = 0

        def show(count: int, total: int | None) -> None:
            nonlocal shown
            advance(count - shown, total)
            shown = count

        yield show
