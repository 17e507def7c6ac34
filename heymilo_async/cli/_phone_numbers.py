"""
The commands of `heymilo phone-numbers`.
"""

from __future__ import annotations

import shlex
from datetime import datetime
from typing import Annotated, Final

import typer

from .. import PhoneNumber
from ._help import show_help_if_alone
from ._output import Format, View, chosen, write_one, write_pages
from ._session import Session
from ._streams import say
from ._table import Column

VIEW: Final = View(
    model=PhoneNumber,
    plural="phone numbers",
    columns=(
        Column[PhoneNumber]("Phone number", lambda number: number.phone_number),
        Column[PhoneNumber]("ID", lambda number: number.id),
        Column[PhoneNumber]("Country", lambda number: number.country_code),
        Column[PhoneNumber]("Active", lambda number: "yes" if number.active else "no"),
        Column[PhoneNumber]("Provisioned (UTC)", lambda number: _minute(number.date_provisioned)),
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
    "If --all ends early, the error says how to go on from what was written."
)


@app.command("list", help=_LIST_HELP)
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
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            show_default=False,
            help="By default a table on a terminal and jsonl elsewhere.",
        ),
    ] = None,
) -> None:
    """
    Write one page of phone numbers, or all of them.
    """
    form = chosen(form, otherwise=Format.JSONL)
    session: Session = context.obj
    with session.client() as client:
        numbers = client.phone_numbers
        if every:
            pages = numbers.list_all(page_size=limit or 100, starting_after=starting_after).pages()
            write_pages(pages, form, VIEW)
        else:
            page = numbers.list(limit=limit, starting_after=starting_after)
            write_pages([page], form, VIEW)
            if page.next_cursor is not None and form is not Format.JSON:
                say(
                    "there are more: add --all, "
                    f"or --starting-after {shlex.quote(page.next_cursor)}"
                )


@app.command("get")
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
            help="By default a table on a terminal and json elsewhere.",
        ),
    ] = None,
) -> None:
    """
    Show one phone number.
    """
    form = chosen(form, otherwise=Format.JSON)
    session: Session = context.obj
    with session.client() as client:
        write_one(client.phone_numbers.get(phone_number_id), form, VIEW)


def _minute(time: datetime | None) -> str | None:
    return None if time is None else f"{time:%Y-%m-%d %H:%M}"
