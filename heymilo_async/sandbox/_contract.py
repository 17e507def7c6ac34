"""
The packaged contract, read: its operations, its schemas, and what checks a value against them.
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

#: The document as it is served: facts of the published one, without its prose.
TEXT: Final = resources.files(__package__).joinpath("contract.json").read_bytes()
DOCUMENT: Final[dict[str, Any]] = json.loads(TEXT)
SCHEMAS: Final[dict[str, Any]] = DOCUMENT["components"]["schemas"]

#: The member by which an item is known, and which `starting_after` takes, where it is not `id`.
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
        path: With the names of its parameters, such as `/api/v2/voices/{voice_id}`.
        query: The schemas of the query's parameters.
        body: The name of the body's schema; None: it takes no body.
        status: The lowest status that is a success.
        shape: How the answer is framed: a page can be walked, a list cannot, an object has no
            envelope.
        answer: The schema of the whole answer.
        item: The name of the schema of `data`, or of an item in it; None: it has no name.
    """

    id: str
    method: str
    path: str
    query: Mapping[str, Any]
    body: str | None
    status: int
    shape: Shape
    answer: Mapping[str, Any] | bool
    item: str | None

    @property
    def parameters(self) -> list[str]:
        """
        The names in its path, the outermost first.
        """
        return re.findall(r"{(\w+)}", self.path)

    @property
    def is_bulk(self) -> bool:
        """
        Whether its body has many of what another operation takes one of.
        """
        return "/bulk" in self.path

    @property
    def resource(self) -> str:
        """
        What a client calls the collection that the path ends in: `voices` for a voice, too.
        """
        words = [word for word in self.path.split("/") if word and not word.startswith("{")]
        return words[-1].replace("-", "_")


def key_of(schema: str) -> str:
    """
    Return the member by which an item of *schema* is known.
    """
    return _KEYS.get(schema, "id")


def _name(schema: Mapping[str, Any]) -> str | None:
    reference = schema.get("$ref")
    return None if reference is None else str(reference).rpartition("/")[2]


def _framed(answer: Any, query: Mapping[str, Any]) -> tuple[Shape, str | None]:
    name = _name(answer) if isinstance(answer, dict) else None
    if name is None:
        return "object", None
    data = SCHEMAS[name]["properties"]["data"]
    item = _name(data) or _name(data.get("items", {}))
    if "pagination" not in SCHEMAS[name]["properties"]:
        return "single", item
    return ("page" if "starting_after" in query else "list"), item


def _operation(path: str, method: str, said: Mapping[str, Any]) -> Operation:
    status = min(status for status in said["responses"] if status.startswith("2"))
    content = said["responses"][status].get("content", {})
    answer = content["application/json"]["schema"]
    query = {one["name"]: one["schema"] for one in said["parameters"] if one["in"] == "query"}
    shape, item = ("bytes", None) if "audio/mpeg" in content else _framed(answer, query)
    body = said.get("requestBody", {}).get("content", {}).get("application/json", {})
    return Operation(
        id=said["operationId"],
        method=method.upper(),
        path=path,
        query=query,
        body=_name(body.get("schema", {})),
        status=int(status),
        shape=shape,
        answer=answer,
        item=item,
    )


def _is_static_first(operation: Operation) -> tuple[bool, ...]:
    # Routes are tried in order, and `/postings/list` would be a posting of that id.
    return tuple(part.startswith("{") for part in operation.path.split("/"))


def _read(paths: Mapping[str, Any]) -> Iterable[Operation]:
    for path, methods in paths.items():
        for method, said in methods.items():
            yield _operation(path, method, {"parameters": [], **said})


#: Every operation by its id, in the order in which their paths are to be tried.
OPERATIONS: Final[Mapping[str, Operation]] = {
    one.id: one for one in sorted(_read(DOCUMENT["paths"]), key=_is_static_first)
}

#: The schema of the items of each collection that no other one is above of.
RESOURCES: Final[Mapping[str, str]] = {
    one.resource: one.item
    for one in OPERATIONS.values()
    if one.method == "GET"
    and one.item
    and one.shape in {"page", "list"}
    and not one.parameters
    # Another view of the postings.
    and one.item != "PostingSummary"
}

_PATTERNS: Final = [
    (one.method, re.compile(re.sub(r"{\w+}", "[^/]+", one.path)), one.id)
    for one in OPERATIONS.values()
]


def operation_of(method: str, path: str) -> str | None:
    """
    Return the id of the operation that *method* and *path* ask for, None if they ask for none.
    """
    for wanted, pattern, operation in _PATTERNS:
        if wanted == method and pattern.fullmatch(path):
            return operation
    return None


def _rewritten(schema: Any) -> Any:
    """
    Return *schema* so that an error in an alternative names the member that is wrong.

    A validator of `anyOf` or `oneOf` says that no alternative fits, and where, but not what is
    wrong in the one that was meant. It does if there is just one left: `T or null` becomes "if it is
    not null, then T", and a choice by a constant `type` becomes an `if` for each of them.
    """
    if isinstance(schema, list):
        return [_rewritten(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {key: _rewritten(value) for key, value in schema.items() if key not in _CHOICES}
    if "anyOf" in schema:
        meant = [one for one in schema["anyOf"] if one.get("type") != "null"]
        if len(meant) == len(schema["anyOf"]) - 1 == 1:
            return {**rest, "if": {"type": "null"}, "else": _rewritten(meant[0])}
        return {**rest, "anyOf": _rewritten(schema["anyOf"])}
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


_REWRITTEN: Final = {"schemas": {name: _rewritten(schema) for name, schema in SCHEMAS.items()}}


def validator(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """
    Return what checks values against *schema*, which may point into the contract.
    """
    return jsonschema_rs.Draft202012Validator({**_rewritten(schema), "components": _REWRITTEN})


@functools.cache
def validator_of(name: str) -> jsonschema_rs.Draft202012Validator:
    """
    Return what checks values against the contract's schema *name*; it is made once.
    """
    return validator({"$ref": f"#/components/schemas/{name}"})
