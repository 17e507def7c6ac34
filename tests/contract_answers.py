"""
Generates responses that the contract allows from its schemas: whole, minimal, with nulls, and with
new members.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

CONTRACT: Final = json.loads((Path(__file__).parent / "contract.json").read_text(encoding="utf-8"))
#: Every member of the schema; only required ones; null wherever it is allowed; members and words
#: that the schema does not name.
KINDS: Final = ("everything", "least", "nulls", "news")

OPERATIONS: Final = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in CONTRACT["paths"].items()
    for method, operation in methods.items()
}


def success_of(name: str) -> tuple[int, dict[str, Any] | None]:
    """
    Return the lowest success status of the operation *name*, and the schema of its JSON.
    """
    _, _, operation = OPERATIONS[name]
    status = min(int(code) for code in operation["responses"] if code.startswith("2"))
    content = operation["responses"][str(status)].get("content", {})
    return status, content.get("application/json", {}).get("schema")


def answer_of(name: str, kind: str) -> Any:
    """
    Return the JSON of a success of the operation *name*, of one of `KINDS`.
    """
    _, schema = success_of(name)
    return made(schema or {}, kind)


def made(schema: dict[str, Any], kind: str, name: str = "") -> Any:
    """
    Return a value that *schema* allows.
    """
    if "$ref" in schema:
        return made(CONTRACT["components"]["schemas"][schema["$ref"].rpartition("/")[2]], kind)
    if "anyOf" in schema:
        options = [one for one in schema["anyOf"] if one.get("type") != "null"]
        if kind == "nulls" and len(options) < len(schema["anyOf"]):
            return None
        return made(options[0], kind, name)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return _object(schema, kind)
    if schema.get("type") == "array":
        return [made(schema["items"], kind, name)]
    return _scalar(schema, kind, name)


def _scalar(schema: dict[str, Any], kind: str, name: str) -> Any:
    values = {
        "string": f"a new {name}" if kind == "news" else f"some {name}",
        "integer": int(schema.get("minimum", 3)),
        "number": 1739612400.5 if name.endswith("_at") else 2.5,
        "boolean": True,
    }
    return values.get(schema.get("type", ""), {"any": ["JSON", 1, None]})


def _object(schema: dict[str, Any], kind: str) -> dict[str, Any]:
    required = schema.get("required", ())
    value = {
        name: made(member, kind, name)
        for name, member in schema.get("properties", {}).items()
        if kind != "least" or name in required
    }
    further = schema.get("additionalProperties")
    if isinstance(further, dict) and further:
        value["key"] = made(further, kind, "value")
    elif "properties" not in schema:
        value["free"] = {"of": ["any", "form", 1, None]}
    elif kind == "news":
        value["new_member"] = {"of": ["a", 1]}
    return value


def lost(sent: Any, kept: Any, place: str = "$") -> list[str]:
    """
    Return the places where *kept*, a model as JSON, lacks something that was *sent*.
    """
    if isinstance(sent, dict) and isinstance(kept, dict):
        return [
            fault
            for name, value in sent.items()
            for fault in (
                lost(value, kept[name], f"{place}.{name}")
                if name in kept
                else [f"{place}.{name} is gone"]
            )
        ]
    if isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        pairs = enumerate(zip(sent, kept, strict=True))
        return [fault for n, pair in pairs for fault in lost(*pair, f"{place}[{n}]")]
    return [] if sent == kept else [f"{place} was {sent!r} and is {kept!r}"]
