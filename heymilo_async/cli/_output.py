"""
Writing what came back, in the format that was asked for.
"""

from __future__ import annotations

import csv
import enum
import io
import json
import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar, cast

import attrs

from .. import Page, to_dict
from ..pages import Identified
from ._streams import is_terminal, say, write
from ._table import Column, block, table

T = TypeVar("T", bound=Identified)


class Format(enum.StrEnum):
    """
    What the output looks like.
    """

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def chosen(form: Format | None, *, otherwise: Format) -> Format:
    """
    Return *form*; if none was given, a table for a terminal and *otherwise* for a program.
    """
    if form is not None:
        return form
    return Format.TABLE if is_terminal() else otherwise


@attrs.frozen(kw_only=True)
class View(Generic[T]):
    """
    How models of one kind are shown.
    """

    model: type[T]
    plural: str
    columns: Sequence[Column[T]]

    @property
    def fields(self) -> list[str]:
        """
        The names of the contract's fields.
        """
        return [name for name in attrs.fields_dict(cast("Any", self.model)) if name != "extra"]


def write_one(item: T, form: Format, view: View[T]) -> None:
    """
    Write one model.
    """
    write(_SINGLE[form](item, view))


def write_pages(pages: Iterable[Page[T]], form: Format, view: View[T]) -> None:
    """
    Write the models of all *pages*, and after an error say how to go on from what was written.
    """
    writer = _WRITERS[form](view)
    cursor: str | None = None
    try:
        for page in pages:
            writer.add(page)
            cursor = page[-1].id if page else cursor
    except BaseException as error:
        if cursor is not None and writer.save():
            error.add_note(f"to go on from there: --starting-after {shlex.quote(cursor)}")
        raise
    writer.end()


class _Writer(Protocol):
    """
    Takes pages, and writes them as early as its format allows; the rest in the end.

    If the end does not come, `save` writes what stands for itself, and returns whether everything
    that was taken has been written.
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
        write("".join(map(_json, page)))

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
        self._header: list[list[str]] = [view.fields]

    def add(self, page: Page[Any]) -> None:
        rows, self._header = [*self._header, *(_row(item, self._view) for item in page)], []
        write(_csv(rows))


class _Document:
    """
    JSON: one object, of the shape that a single page has.
    """

    def __init__(self, _: View[Any]) -> None:
        self._pages: list[Page[Any]] = []

    def add(self, page: Page[Any]) -> None:
        self._pages.append(page)

    def save(self) -> bool:
        # Half a document would look like a whole one.
        return False

    def end(self) -> None:
        data = tuple(item for page in self._pages for item in page)
        write(_json(attrs.evolve(self._pages[-1], data=data), indent=2))


class _Table:
    """
    One table, whose columns are as wide as all of it needs.
    """

    def __init__(self, view: View[Any]) -> None:
        self._view = view
        self._items: list[Any] = []

    def add(self, page: Page[Any]) -> None:
        self._items.extend(page)

    def save(self) -> bool:
        write(table(self._items, self._view.columns))
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
    Format.TABLE: lambda item, view: block(item, view.columns),
    Format.JSON: lambda item, _: _json(item, indent=2),
    Format.JSONL: lambda item, _: _json(item),
    Format.CSV: lambda item, view: _csv([view.fields, _row(item, view)]),
}


def _json(model: object, *, indent: int | None = None) -> str:
    # ASCII, with everything else escaped: no encoding of a pipe and no terminal can break it.
    return json.dumps(to_dict(model), allow_nan=False, indent=indent) + "\n"


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
