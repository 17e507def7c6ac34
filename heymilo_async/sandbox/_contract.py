"""
The packaged contract: its operations, its schemas, and validators for them.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any, Final, Literal

import attrs
import jsonschema_rs

Shape = Literal["page", "list", "single", "object", "bytes"]

#: The served document: the published contract without its prose.
TEXT: Final = resources.files("heymilo_async.sandbox").joinpath("contract.json").read_bytes()
DOCUMENT: Final[dict[str, Any]] = json.loads(TEXT)
SCHEMAS: Final[dict[str, Any]] = DOCUMENT["components"]["schemas"]

#: The field that identifies an item, and that `starting_after` takes, if it is not `id`.
_KEYS: Final = {
    "AtsConnection": "integration_id",
    "CandidateResponse": "interview_id",
    "QueueItemStatus": "item_id",
    "WebhookResponse": "webhook_id",
}


@attrs.frozen(kw_only=True)
class Operation:
    """
    An operation of the contract.

    Attributes:
        path: The path template, such as `/api/v2/voices/{voice_id}`.
        query: The schemas of the query parameters.
        body: The name of the body's schema; None: it takes no body.
        status: The lowest success status.
        shape: The envelope of the response: a page has a cursor, a list has none, an object has no
            envelope.
        response_schema: The schema of the whole response.
        item: The name of the schema of `data`, or of an item in it; None: it has no name.
    """

    id: str
    method: str
    path: str
    query: Mapping[str, Any]
    body: str | None
    status: int
    shape: Shape
    response_schema: Mapping[str, Any] | bool
    item: str | None

    @property
    def parameters(self) -> list[str]:
        """
        The names of the path parameters, in order.
        """
        return re.findall(r"{(\w+)}", self.path)

    @property
    def is_bulk(self) -> bool:
        """
        Whether it is the bulk version of another operation.
        """
        return "/bulk" in self.path

    @property
    def resource(self) -> str:
        """
        The client's name for the resource at the end of the path: `voices` also for one voice.
        """
        words = [word for word in self.path.split("/") if word and not word.startswith("{")]
        return words[-1].replace("-", "_")


def key_of(schema: str) -> str:
    """
    Return the name of the field that identifies an item of *schema*.
    """
    return _KEYS.get(schema, "id")


def _name(schema: Mapping[str, Any]) -> str | None:
    reference = schema.get("$ref")
    return None if reference is None else str(reference).rpartition("/")[2]


def _envelope_of(response_schema: Any, query: Mapping[str, Any]) -> tuple[Shape, str | None]:
    name = _name(response_schema) if isinstance(response_schema, dict) else None
    if name is None:
        return "object", None
    data = SCHEMAS[name]["properties"]["data"]
    item = _name(data) or _name(data.get("items", {}))
    if "pagination" not in SCHEMAS[name]["properties"]:
        return "single", item
    return ("page" if "starting_after" in query else "list"), item


def _operation(path: str, method: str, spec: Mapping[str, Any]) -> Operation:
    status = min(status for status in spec["responses"] if status.startswith("2"))
    content = spec["responses"][status].get("content", {})
    response_schema = content["application/json"]["schema"]
    query = {one["name"]: one["schema"] for one in spec["parameters"] if one["in"] == "query"}
    shape, item = (
        ("bytes", None) if "audio/mpeg" in content else _envelope_of(response_schema, query)
    )
    body = spec.get("requestBody", {}).get("content", {}).get("application/json", {})
    return Operation(
        id=spec["operationId"],
        method=method.upper(),
        path=path,
        query=query,
        body=_name(body.get("schema", {})),
        status=int(status),
        shape=shape,
        response_schema=response_schema,
        item=item,
    )


def _is_static_first(operation: Operation) -> tuple[bool, ...]:
    # Routes are tried in order, and `/postings/list` would match as a posting's id.
    return tuple(part.startswith("{") for part in operation.path.split("/"))


def _operations_of(paths: Mapping[str, Any]) -> Iterable[Operation]:
    for path, methods in paths.items():
        for method, spec in methods.items():
            yield _operation(path, method, {"parameters": [], **spec})


#: Every operation by its id, in the order for matching paths.
OPERATIONS: Final[Mapping[str, Operation]] = {
    one.id: one for one in sorted(_operations_of(DOCUMENT["paths"]), key=_is_static_first)
}

#: The item schemas of all top-level collections.
RESOURCES: Final[Mapping[str, str]] = {
    one.resource: one.item
    for one in OPERATIONS.values()
    if one.method == "GET"
    and one.item
    and one.shape in {"page", "list"}
    and not one.parameters
    # The summaries are another view of the postings.
    and one.item != "PostingSummary"
}

_PATTERNS: Final = [
    (one.method, re.compile(re.sub(r"{\w+}", "[^/]+", one.path)), one.id)
    for one in OPERATIONS.values()
]


def operation_of(method: str, path: str) -> str | None:
    """
    Return the id of the operation for *method* and *path*, None if there is none.
    """
    for wanted, pattern, operation in _PATTERNS:
        if wanted == method and pattern.fullmatch(path):
            return operation
    return None


def _with_precise_errors(schema: Any) -> Any:
    """
    Rewrite alternatives in *schema*, so that errors name the invalid member.

    For `anyOf` and `oneOf`, a validator reports only that no alternative matches. It does not
    report which member of the intended alternative is invalid. So `T or null` becomes "if not null,
    then T", and alternatives with a constant `type` become one `if` per type.
    """
    if isinstance(schema, list):
        return [_with_precise_errors(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {
        key: _with_precise_errors(value) for key, value in schema.items() if key not in _CHOICES
    }
    if "anyOf" in schema:
        meant = [one for one in schema["anyOf"] if one.get("type") != "null"]
        if len(meant) == len(schema["anyOf"]) - 1 == 1:
            return {**rest, "if": {"type": "null"}, "else": _with_precise_errors(meant[0])}
        return {**rest, "anyOf": _with_precise_errors(schema["anyOf"])}
    if "oneOf" in schema:
        kinds = {_constant_type(one): one for one in schema["oneOf"]}
        return {
            **rest,
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"enum": list(kinds)}},
            "allOf": [
                {"if": {**_HAS_TYPE, "properties": {"type": {"const": kind}}}, "then": one}
                for kind, one in kinds.items()
            ],
        }
    return rest


_CHOICES: Final = frozenset({"anyOf", "oneOf"})
_HAS_TYPE: Final = {"type": "object", "required": ["type"]}


def _constant_type(schema: Mapping[str, Any]) -> str:
    return str(SCHEMAS[str(_name(schema))]["properties"]["type"]["const"])


_REWRITTEN: Final = {
    "schemas": {name: _with_precise_errors(schema) for name, schema in SCHEMAS.items()}
}


def validator(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """
    Return a validator for *schema*, which may refer to the contract's schemas.
    """
    return jsonschema_rs.Draft202012Validator(
        {**_with_precise_errors(schema), "components": _REWRITTEN}
    )


@functools.cache
def validator_of(name: str) -> jsonschema_rs.Draft202012Validator:
    """
    Return the cached validator for the contract's schema *name*.
    """
    return validator({"$ref": f"#/components/schemas/{name}"})
