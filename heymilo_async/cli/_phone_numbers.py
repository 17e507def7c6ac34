"""
The commands of `heymilo phone-numbers`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Annotated, Final

import typer

from .. import PhoneNumber
from ._connection import with_connection
from ._help import show_help_if_alone
from ._output import Format, View, chosen, write_one, write_pages
from ._progress import is_wanted, progress
from ._session import Session
from ._streams import say
from ._table import Column

#: The panel of the options about it, in the help.
OUTPUT: Final = "Output"

VIEW: Final = View(
    model=PhoneNumber,
    plural="phone numbers",
    columns=(
        Column[PhoneNumber]("phone_number", "Phone number", lambda number: number.phone_number),
        Column[PhoneNumber]("id", "ID", lambda number: number.id),
        Column[PhoneNumber]("country_code", "Country", lambda number: number.country_code),
        Column[PhoneNumber]("active", "Active", lambda number: "yes" if number.active else "no"),
        Column[PhoneNumber](
            "date_provisioned",
            "Provisioned (UTC)",
            lambda number: _minute(number.date_provisioned),
        ),
        Column[PhoneNumber]("object", "Object", lambda number: number.object, usual=False),
    ),
)

app = typer.Typer(
    name="phone-numbers",
    help="The phone numbers of the workspace.",
    invoke_without_command=True,
    callback=show_help_if_alone,
)


# (Typer keeps line breaks from the second paragraph on, so these have none.)
_LIST_HELP: Final = (
    "List phone numbers: one page, or with --all every page.\n\n"
    "json is one object, of data and pagination, also with --all. jsonl is one number a line, and "
    "csv has a header; both are written as the pages arrive. In all three, times are Unix seconds. "
    "Fields that are newer than this command are in json and jsonl.\n\n"
    "On a terminal, --all shows how far it has come. If it ends early, by an error or by Ctrl-C, "
    "the last line says how to go on from what was written."
)


#: Of every command that writes numbers.
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="NAMES",
        show_default=False,
        autocompletion=VIEW.completed,
        rich_help_panel=OUTPUT,
        help="Which fields, in which order, in any format: id,phone_number and so on.",
    ),
]


@app.command("list", help=_LIST_HELP)
@with_connection
def list_numbers(
    context: typer.Context,
    *,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100,
            show_default=False,
            help="Numbers on the page; the server's default is 20. With --all, numbers asked for "
            "at a time; then 100 by default.",
        ),
    ] = None,
    starting_after: Annotated[
        str | None,
        typer.Option(
            metavar="ID", show_default=False, help="Begin behind the number with this id."
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Walk through all pages.")] = False,
    max_items: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            show_default=False,
            help="Walk through pages until so many numbers are written.",
        ),
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            show_default=False,
            rich_help_panel=OUTPUT,
            help="By default a table on a terminal and jsonl elsewhere.",
        ),
    ] = None,
    columns: Columns = None,
) -> None:
    """
    Write one page of phone numbers, or all of them.
    """
    form = chosen(form, otherwise=Format.JSONL)
    view = VIEW.choosing(columns)
    session: Session = context.obj
    with session.client() as client:
        numbers = client.phone_numbers
        if every or max_items is not None:
            walk = numbers.list_all(
                page_size=limit or min(max(max_items or 100, 1), 100),
                starting_after=starting_after,
                max_items=max_items,
            )
            write_pages(walk.pages(), form, view, _bar(session, form, starting_after, max_items))
        else:
            page = numbers.list(limit=limit, starting_after=starting_after)
            write_pages([page], form, view)
            if page.next_cursor is not None and form is not Format.JSON:
                say(
                    "there are more: add --all, "
                    f"or --starting-after {shlex.quote(page.next_cursor)}"
                )


def _bar(
    session: Session, form: Format, starting_after: str | None, max_items: int | None
) -> AbstractContextManager[Callable[[int, int | None], None]]:
    return progress(
        VIEW.plural,
        most=max_items,
        # How many there are behind a number, the server does not say.
        is_total_known=starting_after is None,
        wanted=is_wanted(
            verbose=session.connection.verbose, writes_lines=form in {Format.JSONL, Format.CSV}
        ),
    )


@app.command("get")
@with_connection
def get_number(
    context: typer.Context,
    phone_number_id: Annotated[
        str,
        typer.Argument(metavar="ID", show_default=False, help="The id; not the number itself."),
    ],
    *,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            show_default=False,
            rich_help_panel=OUTPUT,
            help="By default a table on a terminal and json elsewhere.",
        ),
    ] = None,
    columns: Columns = None,
) -> None:
    """
    Show one phone number.
    """
    form = chosen(form, otherwise=Format.JSON)
    view = VIEW.choosing(columns)
    session: Session = context.obj
    with session.client() as client:
        write_one(client.phone_numbers.get(phone_number_id), form, view)


def _minute(time: datetime | None) -> str | None:
    return None if time is None else f"{time:%Y-%m-%d %H:%M}"
