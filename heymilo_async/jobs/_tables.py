"""
The tables of `sync`: one for each resource, with a column for each field of its model.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import re
import types
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Union, get_args, get_origin

import attrs

from .. import (
    AtsConnection,
    Candidate,
    DesignTemplate,
    DesignTemplateGroup,
    Domain,
    EmailTemplate,
    EmailTemplateGroup,
    InterviewData,
    InterviewTemplate,
    Model,
    PhoneNumber,
    Posting,
    Question,
    SenderEmail,
    Voice,
    Webhook,
)
from .._core.model import is_secret

_TYPES: Final[Mapping[Any, str]] = {
    str: "VARCHAR",
    bool: "BOOLEAN",
    int: "BIGINT",
    float: "DOUBLE",
    datetime: "TIMESTAMPTZ",
}
_LARGEST: Final = 2**63 - 1
_PLAIN: Final = frozenset({str, int, float, bool, types.NoneType})

#: The columns that each table has besides those of its model.
_OWN: Final[Mapping[str, tuple[str, str]]] = {
    "content_hash": (
        "VARCHAR",
        "The SHA-256 of the content, without secret links.",
    ),
    "synced_at": ("TIMESTAMPTZ", "When a sync last changed this row."),
    "last_seen_at": (
        "TIMESTAMPTZ",
        "When a sync last saw the item, if the list no longer has it; otherwise null.",
    ),
}


@attrs.frozen(kw_only=True)
class Column:
    """
    A column: its name, its type, and the description of the model's field.
    """

    name: str
    type: str
    comment: str
    is_secret: bool = False


@attrs.frozen(kw_only=True)
class Row:
    """
    An item as a row: its id, its values in the order of the columns, and their hash.
    """

    id: str
    values: tuple[Any, ...]
    content_hash: str


@attrs.frozen(kw_only=True)
class Table:
    """
    A table: its name, the model of its rows, and its primary key.
    """

    name: str
    model: type[Model]
    key: str = "id"

    @property
    def comment(self) -> str:
        """
        A sentence that describes a row.
        """
        return _paragraphs(self.model)[0]

    @functools.cached_property
    def columns(self) -> tuple[Column, ...]:
        """
        The columns that come from the model, `extra` last.
        """
        described = _field_descriptions(self.model)
        fields = [one for one in attrs.fields(self.model) if one.name != "extra"]
        columns = [
            Column(
                name=field.name,
                type=_type(field.type),
                comment=described[field.name],
                is_secret=is_secret(self.model, field.name),
            )
            for field in fields
        ]
        extra = "Members of the response that this version of the client does not know."
        return (*columns, Column(name="extra", type="JSON", comment=extra))

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """
        The model's columns, and those of the sync itself.
        """
        own = (
            Column(name=name, type=kind, comment=comment) for name, (kind, comment) in _OWN.items()
        )
        return (*self.columns, *own)

    def row(self, item: Model, *, with_links: bool) -> Row:
        """
        Return *item* as a row; its secret links are null unless *with_links* is true.
        """
        extra = dict(item.extra)
        values: list[Any] = []
        hashed: list[Any] = [with_links]
        for column in self.columns[:-1]:
            value = getattr(item, column.name)
            if column.is_secret:
                values.append(value if with_links else None)
                continue
            try:
                values.append(_cell(column.type, value, with_links=with_links))
            except OverflowError:
                # The number is too large for the column.
                extra[column.name] = value
                values.append(None)
            is_whole = not with_links or column.type != "JSON"
            hashed.append(values[-1] if is_whole else _cell("JSON", value, with_links=False))
        values.append(_cell("JSON", extra or None, with_links=with_links))
        hashed.append(values[-1])
        return Row(
            id=getattr(item, self.key),
            values=tuple(values),
            content_hash=hashlib.sha256(json.dumps(hashed, default=str).encode()).hexdigest(),
        )


TABLES: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        Table(name="postings", model=Posting),
        Table(name="questions", model=Question),
        Table(name="candidates", model=Candidate, key="interview_id"),
        Table(name="interviews", model=InterviewData, key="interview_id"),
        Table(name="webhooks", model=Webhook, key="webhook_id"),
        Table(name="phone_numbers", model=PhoneNumber),
        Table(name="sender_emails", model=SenderEmail),
        Table(name="domains", model=Domain),
        Table(name="voices", model=Voice),
        Table(name="interview_templates", model=InterviewTemplate),
        Table(name="email_templates", model=EmailTemplate),
        Table(name="email_template_groups", model=EmailTemplateGroup),
        Table(name="design_templates", model=DesignTemplate),
        Table(name="design_template_groups", model=DesignTemplateGroup),
        Table(name="ats_connections", model=AtsConnection, key="integration_id"),
    )
}


def _type(hint: Any) -> str:
    """
    Return the type of a column for *hint*: JSON for everything but plain values.
    """
    kinds = [hint]
    if get_origin(hint) in {Union, types.UnionType}:
        kinds = [one for one in get_args(hint) if one is not type(None)]
    return _TYPES.get(kinds[0], "JSON") if len(kinds) == 1 else "JSON"


def _cell(kind: str, value: Any, *, with_links: bool) -> Any:
    if value is None:
        return None
    if kind == "JSON":
        plain = _plain(value, with_links=with_links)
        return json.dumps(plain, ensure_ascii=False, allow_nan=False, sort_keys=True)
    if kind == "DOUBLE":
        return float(value)
    if kind == "BIGINT" and abs(value) > _LARGEST:
        raise OverflowError
    return value


def _plain(value: Any, *, with_links: bool) -> Any:
    """
    Return *value* as JSON, without signed links unless *with_links* is true.
    """
    # Checked first, because most values are plain, and `isinstance(..., Mapping)` is slow.
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Model):
        kept = {
            name: _plain(getattr(value, name), with_links=with_links)
            for name, secret in value._names()
            if name != "extra" and (with_links or not secret)
        }
        return {**value.extra, **kept}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {name: _plain(one, with_links=with_links) for name, one in value.items()}
    return [_plain(one, with_links=with_links) for one in value]


def _paragraphs(model: type[Model]) -> list[str]:
    return [" ".join(one.split()) for one in inspect.cleandoc(model.__doc__ or "").split("\n\n")]


def _field_descriptions(model: type[Model]) -> Mapping[str, str]:
    """
    Return the descriptions of the fields in the docstring of *model*.
    """
    # (Python 3.13 strips the indentation of docstrings, older versions do not.)
    described = inspect.cleandoc(model.__doc__ or "")
    section = described.partition("Attributes:\n")[2].partition("\n\n")[0]
    entries = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}
