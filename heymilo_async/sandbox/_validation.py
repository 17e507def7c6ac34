"""
Validates query and body against the contract, and reports errors like FastAPI.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import jsonschema_rs

from ._contract import OPERATIONS, SCHEMAS, Operation, validator, validator_of
from ._errors import Invalid, issue

Loc = Sequence[str | int]

#: The levels of a body; the client sends fewer. Copying a value takes several frames of the stack for
#: each of them, and Python has a thousand frames.
_DEEPEST_BODY: Final = 200
#: The levels of an item's member, in which a part of a body may be some levels deeper.
_DEEPEST_MEMBER: Final = 210
#: As Starlette encodes a response.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_TYPES: Final = {
    "string": ("string_type", "Input should be a valid string"),
    "integer": ("int_type", "Input should be a valid integer"),
    "number": ("float_type", "Input should be a valid number"),
    "boolean": ("bool_type", "Input should be a valid boolean"),
    "array": ("list_type", "Input should be a valid list"),
    "object": ("dict_type", "Input should be a valid dictionary"),
}
#: pydantic's type and message of an error, by the keyword of JSON Schema.
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
    Return the query parameters of *operation*, including defaults.

    Raises:
        Invalid: A value does not match the contract.
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
    Parse *content* as the JSON body of *operation*.

    Raises:
        Invalid: The body does not match the contract.
    """
    assert operation.body is not None
    if not content:
        raise Invalid(issue(("body",), "missing", "Field required"))
    if not _is_json(content_type):
        # FastAPI then validates the body as a str, which is not an object.
        words = "Input should be a valid dictionary or object to extract fields from"
        raise Invalid(issue(("body",), "model_attributes_type", words))
    try:
        body = json.loads(content, parse_float=_finite, parse_constant=_finite)
        _check_sendable(body, _DEEPEST_BODY)
        issues = _issues(validator_of(operation.body), body, ("body",))
    except json.JSONDecodeError as error:
        raise Invalid(issue(("body", error.pos), "json_invalid", "JSON decode error")) from None
    except (ValueError, RecursionError):
        # Not UTF-8, an infinite number, too many digits, or what a response cannot have.
        raise Invalid(issue(("body", 0), "json_invalid", "JSON decode error")) from None
    if issues:
        raise Invalid(*issues)
    return _with_integers(SCHEMAS[operation.body], body)


def _check_sendable(value: Any, deepest: int) -> None:
    """
    Raise an error if *value* cannot be part of a response.

    Raises:
        TypeError: JSON has no form for a value in it.
        ValueError: It has an unpaired surrogate, a number that is not finite, or too many levels.
    """
    try:
        text = _ENCODER.encode(value)
        text.encode()
    except UnicodeEncodeError as error:
        message = f"{error.object[error.start]!a} is half of a surrogate pair"
        raise ValueError(message) from None
    except RecursionError:
        raise _too_deep(deepest) from None
    # Most values have too few brackets to be too deep; counting them is quicker than a look inside.
    level = [value] if text.count("{") + text.count("[") > deepest else []
    for _ in range(deepest + 1):
        level = [one for holder in level for one in _elements(holder)]
        if not level:
            return
    raise _too_deep(deepest)


def _elements(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _too_deep(deepest: int) -> ValueError:
    return ValueError(f"it has more than {deepest} levels")


def _with_integers(schema: Mapping[str, Any], value: Any) -> Any:
    """
    Return a valid *value* with integers where *schema* has them.

    JSON Schema takes 5.0 for an integer, and pydantic, which the real API uses, makes it one.
    """
    if "oneOf" in schema:
        # A step, whose type says which schema it has.
        options = (_resolved(one) for one in schema["oneOf"])
        kinds = {one["properties"]["type"]["const"]: one for one in options}
        return _with_integers(kinds[value["type"]], value)
    # The other option is null.
    meant = _resolved(schema["anyOf"][0] if "anyOf" in schema else schema)
    if isinstance(value, dict):
        members = meant.get("properties", {})
        return {
            name: _with_integers(members[name], one) if name in members else one
            for name, one in value.items()
        }
    if isinstance(value, list) and "items" in meant:
        return [_with_integers(meant["items"], one) for one in value]
    return int(value) if isinstance(value, float) and meant.get("type") == "integer" else value


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return SCHEMAS[name] if name else schema


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
    return [_issue_of(error, loc) for error in check.iter_errors(value)]


def _issue_of(error: jsonschema_rs.ValidationError, loc: Loc) -> Mapping[str, Any]:
    place = [*loc, *error.instance_path]
    keyword, facts = error.kind.name, error.kind.as_dict()
    if keyword == "required":
        return issue([*place, facts["property"]], "missing", "Field required")
    if keyword in _KINDS:
        kind, words = _KINDS[keyword]
        return issue(place, kind, words.format(facts["limit"]))
    if keyword == "type":
        (wanted,) = facts["types"]
        return issue(place, *_TYPES[wanted])
    return issue(
        place,
        keyword,
        f"Input should be {_choices(facts.get('options') or [facts['expected_value']])}",
    )


def _choices(options: Iterable[Any]) -> str:
    return " or ".join(repr(option) for option in options)


def unsendable(members: Mapping[str, Any]) -> list[str]:
    """
    Return the errors in *members* that no schema excludes, but JSON or UTF-8, as text.
    """
    # All members at once, which is quicker, and then only for a fault one after the other.
    if _fault_of(members) is None:
        return []
    faults = {name: _fault_of({name: value}) for name, value in members.items()}
    return [f"{name}: {fault}" for name, fault in faults.items() if fault is not None]


def _fault_of(members: Mapping[str, Any]) -> str | None:
    try:
        _check_sendable(members, _DEEPEST_MEMBER)
    except (TypeError, ValueError) as error:
        return str(error)
    return None


def faults_of(schema: str, value: Any) -> list[str]:
    """
    Return the errors in *value* by the contract's *schema*, as text.
    """
    return [
        f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults_at(schema, value, ())
    ]


def faults_at(schema: str, value: Any, loc: Loc) -> list[Mapping[str, Any]]:
    """
    Return the errors in *value*, at *loc* of a request, by the contract's *schema*.
    """
    return _issues(validator_of(schema), value, loc)
