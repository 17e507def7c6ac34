"""
Sweeps of changed fields: each field of the contract, in every place, added, removed, null, or
retyped.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from server import NUMBER, answer
from sweeping import (
    SWEEP,
    is_sound,
    json_values,
)

from heymilo_async import HeyMiloError, ResponseDecodeError, UnprocessableEntityError, to_dict

CONTRACT = json.loads((Path(__file__).parent.parent / "contract.json").read_text(encoding="utf-8"))
ALL: dict[str, Any] = CONTRACT["components"]["schemas"]


def named_in(part: Any) -> set[str]:
    """
    Return the names of the schemas that a part of the contract refers to, directly or indirectly.
    """
    names = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(part)))
    below = {
        name: set(re.findall(r"#/components/schemas/(\w+)", json.dumps(ALL[name]))) for name in ALL
    }
    while more := {inner for name in names for inner in below[name]} - names:
        names |= more
    return names


#: The schemas of phone numbers stand for all: a sweep of every field takes hours.
SCHEMAS: dict[str, Any] = {
    name: ALL[name]
    for name in named_in([CONTRACT["paths"][path] for path in CONTRACT["paths"] if "phone" in path])
}

#: A document of each response schema.
DOCUMENTS: dict[str, Any] = {
    "SingleResponse_PhoneNumberResponse_": {"data": NUMBER, "meta": {"a": 1}},
    "ListResponse_PhoneNumberResponse_": {
        "data": [{**NUMBER, "id": "A"}, {**NUMBER, "id": "B"}],
        "pagination": {"has_more": True, "total_count": 5, "url": "/x"},
    },
    "APIErrorResponse": {
        "error": {
            "type": "invalid_request",
            "code": "bad",
            "message": "told so",
            "param": "limit",
            "doc_url": "/docs",
            "errors": [{"code": "c", "message": "m", "param": None}],
        }
    },
    "HTTPValidationError": {"detail": [{"loc": ["query", 0], "msg": "m", "type": "t"}]},
}
SINGLE, LIST, *ERRORS = DOCUMENTS

#: A value of each JSON type; numbers can be converted to a time, which has microseconds.
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "integer": st.integers(-(10**9), 10**9),
    "number": st.integers(-(10**9), 10**9).map(lambda number: number + 1 / 64),
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    "array": st.lists(st.integers(), max_size=2),
    "object": st.dictionaries(st.text("abc", max_size=2), st.integers(), max_size=2),
}


@attrs.frozen
class Field:
    """
    A field of the contract in one of the documents.

    Attributes:
        steps: The way to it, from the top.
        types: The types that it may have; an object or an array has a schema of its own.
        required: Whether it must be there.
    """

    document: str
    steps: tuple[str | int, ...]
    types: frozenset[str]
    required: bool

    @property
    def path(self) -> str:
        """
        Its path as a JSON path.
        """
        return "$" + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in self.steps)

    def __str__(self) -> str:
        return f"{self.document.partition('_')[0]}{self.path[1:]}"


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """
    Return *schema*, or the one that it refers to.
    """
    return SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def fields_of(
    document: str, schema: dict[str, Any], content: Any, steps: tuple[str | int, ...] = ()
) -> Iterator[Field]:
    """
    Yield every field in *content*, the part of *document* at the end of *steps*.
    """
    schema = resolved(schema)
    if schema.get("type") == "array":
        for index, item in enumerate(content):
            yield from fields_of(document, schema["items"], item, (*steps, index))
    for name, described in schema.get("properties", {}).items():
        inner = resolved(described)
        types = frozenset(one["type"] for one in inner.get("anyOf", [inner]))
        yield Field(document, (*steps, name), types, name in schema.get("required", ()))
        yield from fields_of(document, inner, content[name], (*steps, name))


FIELDS = [
    field
    for name, content in DOCUMENTS.items()
    for field in fields_of(name, SCHEMAS[name], content)
]
READ = [field for field in FIELDS if field.document in {SINGLE, LIST}]
TOLD = [field for field in FIELDS if field.document in ERRORS]


def changed(field: Field, *value: Any) -> bytes:
    """
    Return the document of *field* as JSON, with another *value* in its place, or none.
    """
    document = copy.deepcopy(DOCUMENTS[field.document])
    *way, last = field.steps
    holder = document
    for step in way:
        holder = holder[step]
    if value:
        (holder[last],) = value
    else:
        del holder[last]
    return json.dumps(document).encode()


def asked(asking: Any, field: Field, body: bytes, status: int = 200) -> Any:
    """
    Return the client's result for *body*, which contains *field*.
    """
    ask = asking.list if field.document == LIST else asking.get
    return ask(answer(status, body))


def at(field: Field, got: Any) -> Any:
    """
    Return the value of *field* in the model *got*.
    """
    found = to_dict(got)
    for step in field.steps[1:] if field.document == SINGLE else field.steps:
        found = found[step]
    return found


def test_every_field_of_the_contract_is_here():
    """
    The sweep covers every property of every schema of the contract.
    """
    swept = {(field.document, field.steps[-1]) for field in FIELDS}

    assert {name for schema in SCHEMAS.values() for name in schema.get("properties", ())} == {
        name for _, name in swept
    }
    assert {"null", "string"} == next(
        set(field.types) for field in READ if field.path == "$.data.country_code"
    )
    assert 25 == len(READ)


@pytest.mark.parametrize("field", READ, ids=str)
def test_a_field_that_is_dropped(asking, field):
    """
    Cases 82, 83: a missing required field is an error with its path; other fields may be missing.
    """
    got = asked(asking, field, changed(field))

    if field.required:
        assert isinstance(got, ResponseDecodeError)
        assert field.path == got.path
        assert is_sound(got)
    else:
        assert not isinstance(got, HeyMiloError)


@SWEEP
@given(
    field=st.sampled_from(READ),
    kind=st.sampled_from(sorted(VALUES)),
    data=st.data(),
)
def test_a_field_that_is_retyped(asking, field, kind, data):
    """
    Cases 84, 85, 88: a type that the contract allows is read unchanged, any other is an error.
    """
    value = data.draw(VALUES[kind])
    allowed = kind in field.types or (kind == "integer" and "number" in field.types)
    got = asked(asking, field, changed(field, value))

    if allowed and not field.types & {"array", "object"}:
        # Other tests change ids.
        if field.path != "$.data.id" or value == NUMBER["id"]:
            assert value == at(field, got)
    elif not allowed:
        assert isinstance(got, ResponseDecodeError)
        assert field.path == got.path
        assert is_sound(got)


added = st.dictionaries(
    st.text("abc", min_size=1, max_size=3),
    json_values(VALUES["string"]).filter(
        lambda value: "NaN" not in (text := json.dumps(value)) and "Infinity" not in text
    ),
    max_size=2,
)


@SWEEP
@given(members=added, deep=added)
def test_fields_that_are_added(asking, members, deep):
    """
    Case 82: an added field, at any level, is kept, and changes nothing else.
    """
    number = {**NUMBER, **members}
    page = {
        "data": [number, NUMBER],
        "pagination": {"has_more": False, **deep},
        **members,
    }

    assert number == to_dict(asking.get(answer(200, json.dumps({"data": number, **deep}).encode())))
    assert page == {
        **to_dict(got := asking.list(answer(200, json.dumps(page).encode()))),
        "pagination": {"has_more": got.has_more, **got.pagination.extra},
    }


@SWEEP
@given(
    field=st.sampled_from(TOLD),
    value=st.sampled_from(sorted(VALUES)).flatmap(VALUES.get),
    gone=st.booleans(),
)
@example(field=TOLD[0], value="told so", gone=False)
def test_errors_that_drift(asking, field, value, gone):
    """
    Case 66: a changed error body is still the error of its status, with the readable parts.
    """
    body = changed(field) if gone else changed(field, value)
    got = asked(asking, field, body, 422)

    assert UnprocessableEntityError is type(got)
    assert is_sound(got)
    members = json.loads(body).get("error")
    if isinstance(members, dict) and isinstance(members.get("message"), str):
        assert members["message"] == got.error.message
    elif isinstance(members, str):
        assert members == got.error.message
    else:
        assert got.error is None
