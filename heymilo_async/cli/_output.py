"""
Writes results in the selected format.
"""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Protocol, TypeVar

import attrs
import typer

from .. import Page, PaginationMeta, to_dict
from .._core.model import Model, cursor_of
from ._streams import say, write
from ._table import block, table
from ._views import Format, View

T = TypeVar("T", bound=Model)


def _nothing(_: int, __: int | None) -> None:
    pass


def write_one(item: T, form: Format, view: View[T]) -> None:
    """
    Write one model.
    """
    write(_SINGLE[form](item, view))


def write_pages(
    pages: Iterable[Page[T]],
    form: Format,
    view: View[T],
    advance: AbstractContextManager[Callable[[int, int | None], None]] | None = None,
) -> None:
    """
    Write the models of all *pages*; if an error occurs, add a note on how to resume.

    *advance* yields a function that takes the number of items on a page, and the total.
    """
    writer = _WRITERS[form](view)
    cursor: str | None = None
    try:
        with advance or nullcontext(_nothing) as tell:
            for page in pages:
                writer.add(page)
                cursor = cursor_of(page[-1]) if page else cursor
                tell(len(page), page.pagination.total_count)
    except BaseException as error:
        if cursor is not None and writer.save():
            error.add_note(f"to resume: --starting-after {shlex.quote(cursor)}")
        raise
    writer.end()


def write_items(items: Sequence[Any], form: Format, view: View[Any] | None) -> None:
    """
    Write a list without pages; without a *view*, its items are mappings.
    """
    if view is None:
        plain = [_plain(item) for item in items]
        if form is Format.CSV:
            message = "these items have no columns: use --format json or jsonl"
            raise typer.BadParameter(message)
        if form is Format.JSONL:
            write("".join(_json(item) for item in plain))
        else:
            write(_json(plain, indent=2))
    elif form is Format.JSON:
        write(_json([view.picked(to_dict(item)) for item in items], indent=2))
    else:
        page: Page[Any] = Page(data=tuple(items), pagination=PaginationMeta(has_more=False))
        write_pages([page], form, view)


def write_mapping(mapping: Mapping[str, Any], form: Format | None) -> None:
    """
    Write an object without a model.
    """
    if form is Format.CSV:
        message = "this response has no columns: use --format json or jsonl"
        raise typer.BadParameter(message)
    write(_json(_plain(mapping), indent=None if form is Format.JSONL else 2))


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


class _Writer(Protocol):
    """
    Writes pages as early as the format allows, and the rest at the end.

    After an error, `save` writes what is complete by itself, and returns whether all pages have
    been written.
    """

    def add(self, page: Page[Any]) -> None: ...
    def save(self) -> bool: ...
    def end(self) -> None: ...


class _Lines:
    """
    JSON Lines: https://jsonlines.org/.
    """

    def __init__(self, view: View[Any]) -> None:
        self._view = view

    def add(self, page: Page[Any]) -> None:
        write("".join(_json(self._view.picked(to_dict(item))) for item in page))

    def save(self) -> bool:
        return True

    def end(self) -> None:
        pass


class _CSV(_Lines):
    """
    CSV with a header: https://www.rfc-editor.org/rfc/rfc4180.
    """

    def __init__(self, view: View[Any]) -> None:
        super().__init__(view)
        self._header: list[Sequence[str]] = [view.fields]

    def add(self, page: Page[Any]) -> None:
        rows, self._header = [*self._header, *(_row(item, self._view) for item in page)], []
        write(_csv(rows))


class _Document:
    """
    JSON: one object, with the structure of a single page.
    """

    def __init__(self, view: View[Any]) -> None:
        self._view = view
        self._pages: list[Page[Any]] = []

    def add(self, page: Page[Any]) -> None:
        self._pages.append(page)

    def save(self) -> bool:
        # An incomplete document would look like a complete one.
        return False

    def end(self) -> None:
        document = to_dict(attrs.evolve(self._pages[-1], data=()))
        items = (item for page in self._pages for item in page)
        document["data"] = [self._view.picked(to_dict(item)) for item in items]
        write(_json(document, indent=2))


class _Table:
    """
    One table of all items, so that all rows have the same column widths.
    """

    def __init__(self, view: View[Any]) -> None:
        self._view = view
        self._items: list[Any] = []

    def add(self, page: Page[Any]) -> None:
        self._items.extend(page)

    def save(self) -> bool:
        write(table(self._items, self._view.shown))
        return True

    def end(self) -> None:
        if self._items:
            self.save()
        else:
            say(f"there are no {self._view.plural}")


_WRITERS: Final[dict[Format, Callable[[View[Any]], _Writer]]] = {
    Format.TABLE: _Table,
    Format.JSON: _Document,
    Format.JSONL: _Lines,
    Format.CSV: _CSV,
}


_SINGLE: Final[dict[Format, Callable[[Any, View[Any]], str]]] = {
    Format.TABLE: lambda item, view: block(item, view.shown),
    Format.JSON: lambda item, view: _json(view.picked(to_dict(item)), indent=2),
    Format.JSONL: lambda item, view: _json(view.picked(to_dict(item))),
    Format.CSV: lambda item, view: _csv([view.fields, _row(item, view)]),
}


def _json(values: Any, *, indent: int | None = None) -> str:
    # ASCII with escapes, so that the encoding of a pipe or terminal does not matter.
    return json.dumps(values, allow_nan=False, indent=indent) + "\n"


def _row(item: object, view: View[Any]) -> list[str]:
    values = to_dict(item)
    return [_cell(values[name]) for name in view.fields]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
