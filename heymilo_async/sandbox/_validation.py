"""
What was asked, checked against the contract: query, body, and how a fault in them is told.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import jsonschema_rs

from ._contract import OPERATIONS, Operation, validator, validator_of
from ._errors import Invalid, issue

Loc = Sequence[str | int]

_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_TYPES: Final = {
    "string": ("string_type", "Input should be a valid string"),
    "integer": ("int_type", "Input should be a valid integer"),
    "number": ("float_type", "Input should be a valid number"),
    "boolean": ("bool_type", "Input should be a valid boolean"),
    "array": ("list_type", "Input should be a valid list"),
    "object": ("dict_type", "Input should be a valid dictionary"),
}
#: What pydantic calls a fault, and its words, by the keyword of JSON Schema.
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "minimum": ("greater_than_equal", "Input should be greater than or equal to {:g}"),
    "maximum": ("less_than_equal", "Input should be less than or equal to {:g}"),
    "minLength": ("string_too_short", "String should have at least {} characters"),
    "maxLength": ("string_too_long", "String should have at most {} characters"),
    "minItems": ("too_short", "List should have at least {} item(s)"),
}


@functools.cache
def _checks(operation: str) -> Mapping[str, jsonschema_rs.Draft202012Validator]:
    return {name: validator(schema) for name, schema in OPERATIONS[operation].query.items()}


def read_query(operation: Operation, given: Mapping[str, str]) -> dict[str, Any]:
    """
    Return the parameters of *operation* with their values; what was not given has its default.

    Raises:
        Invalid: A value is not what the contract says.
    """
    values: dict[str, Any] = {}
    issues: list[Mapping[str, Any]] = []
    for name, schema in operation.query.items():
        if name not in given:
            values[name] = schema.get("default")
            continue
        loc, text = ("query", name), given[name]
        if schema.get("type") != "integer":
            values[name] = text
        elif not _INTEGER.fullmatch(text.strip()) or len(text) > 4300:
            words = "Input should be a valid integer, unable to parse string as an integer"
            issues.append(issue(loc, "int_parsing", words))
            continue
        else:
            values[name] = int(text)
        issues += _issues(_checks(operation.id)[name], values[name], loc)
    if issues:
        raise Invalid(*issues)
    return values


def read_body(operation: Operation, content: bytes, content_type: str) -> Any:
    """
    Return the JSON in *content*, which is a body that *operation* takes.

    Raises:
        Invalid: It is not what the contract says.
    """
    assert operation.body is not None
    if not content:
        raise Invalid(issue(("body",), "missing", "Field required"))
    if not _is_json(content_type):
        # FastAPI then has but text, which is no object.
        words = "Input should be a valid dictionary or object to extract fields from"
        raise Invalid(issue(("body",), "model_attributes_type", words))
    try:
        body = json.loads(content, parse_float=_finite, parse_constant=_finite)
        if b"\\u" in content:
            # Half of a surrogate pair is no text: it could not be sent back.
            json.dumps(body, ensure_ascii=False).encode()
        issues = _issues(validator_of(operation.body), body, ("body",))
    except json.JSONDecodeError as error:
        raise Invalid(issue(("body", error.pos), "json_invalid", "JSON decode error")) from None
    except (ValueError, RecursionError):
        # No UTF-8, half a surrogate pair, no finite number, too many digits, or too deep.
        raise Invalid(issue(("body", 0), "json_invalid", "JSON decode error")) from None
    if issues:
        raise Invalid(*issues)
    return body


def _finite(text: str) -> float:
    if math.isfinite(value := float(text)):
        return value
    raise ValueError(text)


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def _issues(
    check: jsonschema_rs.Draft202012Validator, value: Any, loc: Loc
) -> list[Mapping[str, Any]]:
    return [_told(error, loc) for error in check.iter_errors(value)]


def _told(error: jsonschema_rs.ValidationError, loc: Loc) -> Mapping[str, Any]:
    place = [*loc, *error.instance_path]
    keyword, told = error.kind.name, error.kind.as_dict()
    if keyword == "required":
        return issue([*place, told["property"]], "missing", "Field required")
    if keyword in _KINDS:
        kind, words = _KINDS[keyword]
        return issue(place, kind, words.format(told["limit"]))
    if keyword == "type":
        (wanted,) = told["types"]
        return issue(place, *_TYPES[wanted])
    return issue(
        place,
        keyword,
        f"Input should be {_choices(told.get('options') or [told['expected_value']])}",
    )


def _choices(options: Iterable[Any]) -> str:
    return " or ".join(repr(option) for option in options)


def faults_of(schema: str, value: Any) -> list[str]:
    """
    Return what the contract's *schema* does not allow in *value*, a line each.
    """
    return [
        f"{'.'.join(map(str, told['loc']))}: {told['msg']}" for told in faults_at(schema, value, ())
    ]


def faults_at(schema: str, value: Any, loc: Loc) -> list[Mapping[str, Any]]:
    """
    Return what the contract's *schema* does not allow in *value*, which is at *loc* of a request.
    """
    return _issues(validator_of(schema), value, loc)
