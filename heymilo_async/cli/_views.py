"""
Views of models: columns derived from the fields, or written by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, get_args

import attrs

from .. import Model, to_dict
from .._core.model import is_secret
from ._output import View
from ._table import Column

#: The maximum number of default columns.
_USUAL: Final = 6

#: The maximum number of characters in a derived column.
_WIDEST: Final = 60

#: Words in capitals in headings.
_CAPITALS: Final = {"id": "ID", "url": "URL", "sms": "SMS", "ats": "ATS"}

#: Fields that are shown only if they are selected.
_RARE: Final = frozenset({"object", "content", "description", "extra", "company_id"})


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
    usual = [name for name in short if not is_secret(model, name)][:_USUAL]
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
