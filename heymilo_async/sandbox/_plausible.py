"""
Valid, plausible items of any schema of the contract: the same ones each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from ._contract import RESOURCES, SCHEMAS
from ._items import Item, item_class
from ._seeds import COUNT, SEEDS

#: 1 January 2025, UTC.
_FIRST: Final = 1_735_689_600.0
_SECONDS_BETWEEN: Final = 86_413


def digits(*words: object) -> str:
    """
    Return 32 hexadecimal digits that depend on *words* and nothing else.
    """
    return hashlib.sha256(":".join(map(str, words)).encode()).hexdigest()[:32].upper()


def plausible(
    schema: str, n: int, *, seed: int = 0, said: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """
    Return the *n*-th item of *schema*; *said* has what its members are, as in `_seeds`.
    """
    hints = {} if said is None else said
    word = digits(seed, schema, n)
    return {
        name: _as_said(hints[name], n, seed, word) if name in hints else _value(name, kind, n, word)
        for name, kind in SCHEMAS[schema]["properties"].items()
    }


def items_of(resource: str, count: int, *, seed: int = 0) -> list[Item]:
    """
    Return the first *count* items of *resource*.
    """
    schema, said = RESOURCES[resource], SEEDS.get(resource, {})
    make = item_class(schema)
    return [make(**plausible(schema, n, seed=seed, said=said)) for n in range(count)]


def _as_said(said: Any, n: int, seed: int, word: str) -> Any:
    if isinstance(said, tuple):
        return _as_said(said[n % len(said)], n, seed, word)
    if isinstance(said, Mapping):
        return {name: _as_said(value, n, seed, word) for name, value in said.items()}
    if isinstance(said, str) and said.startswith("@"):
        other, place = said[1:], n % COUNT
        identity = digits(seed, RESOURCES[other], place)
        return _as_said(SEEDS[other]["id"], place, seed, identity)
    return said.format(n=n, hash=word) if isinstance(said, str) else said


def _value(name: str, kind: Mapping[str, Any], n: int, word: str) -> Any:
    if "const" in kind:
        return kind["const"]
    if "$ref" in kind:
        return plausible(kind["$ref"].rpartition("/")[2], n)
    if "anyOf" in kind:
        # Among any five there is one without it.
        return None if n % 5 == 4 else _value(name, {**kind["anyOf"][0]}, n, word)
    values: dict[str, Any] = {
        "array": [],
        "boolean": n % 7 != 6,
        "integer": n % 20,
        "number": _FIRST + n * _SECONDS_BETWEEN + (0.25 if n % 3 == 2 else 0),
        "object": {},
        "string": _text(name, n, word),
    }
    return values[kind["type"]]


def _text(name: str, n: int, word: str) -> str:
    if name == "id":
        return word[:8]
    if name.endswith("_id"):
        return word[8:20]
    if name == "cname_target":
        return "ingress.example.com"
    if name.endswith("url"):
        return f"https://example.com/{word[:8].lower()}"
    words = {"country_code": ("US", "GB", "CA")[n % 3], "language": ("en-US", "en-GB", "es")[n % 3]}
    return words.get(name, f"{name.replace('_', ' ').capitalize()} {n + 1}")
