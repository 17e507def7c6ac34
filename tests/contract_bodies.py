"""
Values for each member of the contract's request schemas: allowed ones, up to the bounds, and
refused ones.
"""

from __future__ import annotations

from typing import Any

from contract_answers import CONTRACT

from heymilo_async import InvalidRequestError

SCHEMAS = CONTRACT["components"]["schemas"]


def members_of(name: str, *but: str) -> list[str]:
    """
    Return the members of the schema *name*, without *but*.
    """
    return [one for one in SCHEMAS[name]["properties"] if one not in but]


def allowed(name: str, member: str) -> list[Any]:
    """
    Return allowed values of a *member* of the schema *name*, including those at its bounds.
    """
    schema, is_nullable = _plain(name, member)
    return [*_allowed(schema), *([None] if is_nullable else [])]


def refused(name: str, member: str) -> list[tuple[Any, type[Exception]]]:
    """
    Return values that the contract does not allow, each with its error.
    """
    schema, is_nullable = _plain(name, member)
    return [*_refused(schema), *([] if is_nullable else [(None, TypeError)])]


def _plain(name: str, member: str) -> tuple[dict[str, Any], bool]:
    schema = SCHEMAS[name]["properties"][member]
    options = schema.get("anyOf", [schema])
    plain = [one for one in options if one.get("type") != "null"]
    return plain[0], len(plain) < len(options)


def _allowed(schema: dict[str, Any]) -> list[Any]:
    if "enum" in schema:
        return list(schema["enum"])
    match schema.get("type"):
        case "string":
            return [length * "x" for length in _edges(schema, "minLength", "maxLength", 0, 20_000)]
        case "integer":
            return [int(one) for one in _edges(schema, "minimum", "maximum", -5, 10**9)]
        case "number":
            return [*_edges(schema, "minimum", "maximum", -5, 10**9), 0.25]
        case "boolean":
            return [True, False]
        case "array":
            return [[], [_allowed(schema["items"])[-1]] * 2]
        case "object" if schema["additionalProperties"] is not True:
            return [{}, {"key": "value"}]
        case "object":
            return [{}, {"key": ["any", 1, None]}]
    return [{"any": ["JSON", 1, None]}, False, 2.5, "text"]


def _refused(schema: dict[str, Any]) -> list[tuple[Any, type[Exception]]]:
    if "enum" in schema:
        return [("no such word", InvalidRequestError), (5, TypeError)]
    match schema.get("type"):
        case "string":
            beyond = [length * "x" for length in _beyond(schema, "minLength", "maxLength", 1)]
            return [*((one, InvalidRequestError) for one in beyond), (5, TypeError)]
        case "integer":
            beyond = [int(one) for one in _beyond(schema, "minimum", "maximum", 1)]
            wrong = [(True, TypeError), ("1", TypeError), (1.5, TypeError)]
            return [*((one, InvalidRequestError) for one in beyond), *wrong]
        case "number":
            beyond = _beyond(schema, "minimum", "maximum", 2**-20)
            return [*((one, InvalidRequestError) for one in beyond), (True, TypeError)]
        case "boolean":
            return [(1, TypeError), ("true", TypeError)]
        case "array":
            return [("text", TypeError), ({}, TypeError), ([5], TypeError)]
        case "object" if schema["additionalProperties"] is not True:
            return [([], TypeError), ({"key": 5}, TypeError)]
        case "object":
            return [([], TypeError), ("text", TypeError)]
    return []


def _edges(schema: dict[str, Any], least: str, most: str, low: Any, high: Any) -> list[Any]:
    return [schema.get(least, low), schema.get(most, high)]


def _beyond(schema: dict[str, Any], least: str, most: str, step: float) -> list[Any]:
    below = [schema[least] - step] if schema.get(least) is not None else []
    above = [schema[most] + step] if schema.get(most) is not None else []
    return below + above
