"""
Formats, and views of models: columns derived from the fields, or written by hand.

Help and completion use them, so this module loads neither the client nor rich.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast, get_args

import attrs
import typer

from .._core.model import Model, is_secret
from ._streams import is_terminal

ItemT = TypeVar("ItemT", bound=Model)
T = TypeVar("T")

#: The maximum number of default columns.
_USUAL: Final = 6

#: The default columns of models for which the first short fields are not the most useful ones.
_CHOSEN: Final[Mapping[str, Sequence[str]]] = {
    "Candidate": ("interview_id", "name", "email", "score", "status"),
    "Domain": ("id", "domain", "status", "active"),
    "EmailTemplate": ("id", "template_key", "name"),
    "InterviewTemplate": ("id", "template_code", "name", "posting_id", "is_default"),
    "Question": ("id", "modality", "text", "rank"),
    "SenderEmail": ("id", "full_email", "domain_id"),
    "Voice": ("id", "provider", "name", "language", "gender"),
    "Webhook": ("webhook_id", "posting_id", "event_type", "is_active"),
}

#: The maximum number of characters in a derived column.
_WIDEST: Final = 60

#: Words in capitals in headings.
_CAPITALS: Final = {"id": "ID", "url": "URL", "sms": "SMS", "ats": "ATS"}

#: Fields that are shown only if they are selected.
_RARE: Final = frozenset({"object", "content", "description", "extra", "company_id"})


class Format(enum.StrEnum):
    """
    The format of the output.
    """

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def chosen(form: Format | None, *, otherwise: Format) -> Format:
    """
    Return *form*; if it is None, the table format on a terminal, and *otherwise* elsewhere.
    """
    if form is not None:
        return form
    return Format.TABLE if is_terminal() else otherwise


@attrs.frozen
class Column(Generic[T]):
    """
    A column of a table. *show* returns a model's value, or None if the server does not say.

    Attributes:
        field: The name of the model's field.
        usual: Whether it is shown by default.
    """

    field: str
    heading: str
    show: Callable[[T], str | None]
    usual: bool = True


@attrs.frozen(kw_only=True)
class View(Generic[ItemT]):
    """
    How models of one class are displayed.
    """

    model: type[ItemT]
    plural: str
    columns: Sequence[Column[ItemT]]
    chosen: Sequence[str] | None = None

    @property
    def fields(self) -> Sequence[str]:
        """
        The names of all fields, or of the selected ones in the selected order.
        """
        if self.chosen is not None:
            return self.chosen
        return [name for name in attrs.fields_dict(cast("Any", self.model)) if name != "extra"]

    @property
    def shown(self) -> Sequence[Column[ItemT]]:
        """
        The columns of a table: the default ones, or the selected ones in the selected order.
        """
        if self.chosen is None:
            return [column for column in self.columns if column.usual]
        by_field = {column.field: column for column in self.columns}
        return [by_field[name] for name in self.chosen]

    def choosing(self, text: str | None) -> View[ItemT]:
        """
        Return a view of the fields in *text*, separated by commas; None: of all fields.

        Raises:
            typer.BadParameter: *text* contains an unknown field.
        """
        if text is None:
            return self
        names = [name.strip() for name in text.split(",")]
        known = [column.field for column in self.columns]
        for name in names:
            if name not in known:
                message = f"there is no column {name!r}; there are: {', '.join(known)}"
                raise typer.BadParameter(message, param_hint="'--columns'")
        return attrs.evolve(self, chosen=list(dict.fromkeys(names)))

    def completed(self, incomplete: str) -> list[str]:
        """
        Return the completions of *incomplete*, the start of a list of fields.
        """
        before, comma, last = incomplete.rpartition(",")
        known = [column.field for column in self.columns]
        return [f"{before}{comma}{name}" for name in known if name.startswith(last)]

    @property
    def example(self) -> str:
        """
        The names of the first two columns, as an example for the option.
        """
        return ",".join(column.field for column in self.columns[:2])

    def picked(self, values: dict[str, Any]) -> dict[str, Any]:
        """
        Return the selected ones of a model's *values*.
        """
        return values if self.chosen is None else {name: values[name] for name in self.chosen}


def view_of(model: type[Model], plural: str) -> View[Any]:
    """
    Return the view of a model's class.
    """
    columns = [
        Column[Any](name, heading, _shows(name), usual)
        for name, heading, usual in _BY_HAND.get(model.__name__, ())
    ]
    return View(model=model, plural=plural, columns=columns or _derived(model))


def _derived(model: type[Model]) -> Sequence[Column[Any]]:
    fields: Sequence[Any] = [one for one in attrs.fields(model) if one.name != "extra"]
    # The id, which other commands take, comes first.
    fields = sorted(fields, key=lambda one: one.name != model._cursor)
    short = [one.name for one in fields if _is_short(one.type) and one.name not in _RARE]
    first = [name for name in short if not is_secret(model, name)][:_USUAL]
    usual = _CHOSEN.get(model.__name__, first)
    return [
        Column[Any](one.name, _heading(one.name, one.type), _shows(one.name), one.name in usual)
        for one in fields
    ]


def _is_short(kind: Any) -> bool:
    """
    Return whether a value of this type fits into a column: a text, number, time or boolean.
    """
    kinds = {one for one in (get_args(kind) or (kind,)) if one is not type(None)}
    return kinds <= {str, int, float, bool, datetime}


def _heading(name: str, kind: Any) -> str:
    words = [_CAPITALS.get(word, word) for word in name.split("_")]
    text = " ".join(words)
    heading = text if words[0].isupper() else text[:1].upper() + text[1:]
    is_time = datetime in (get_args(kind) or (kind,))
    return f"{heading} (UTC)" if is_time else heading


def _shows(name: str) -> Any:
    def show(item: Any) -> str | None:
        return shown(getattr(item, name))

    return show


def shown(value: Any) -> str | None:
    """
    Return *value* as text for a column; None if the server does not say.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, str | int | float):
        text = str(value)
    else:
        text = json.dumps(_plain(value), ensure_ascii=False)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        from .. import to_dict  # noqa: PLC0415 - imported on use

        return to_dict(value)
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value


#: By the name of the model: field, heading, and whether the column is shown by default.
_BY_HAND: Final[Mapping[str, Sequence[tuple[str, str, bool]]]] = {
    "PhoneNumber": (
        ("phone_number", "Phone number", True),
        ("id", "ID", True),
        ("country_code", "Country", True),
        ("active", "Active", True),
        ("date_provisioned", "Provisioned (UTC)", True),
        ("object", "Object", False),
    ),
}
