"""
Generates valid, plausible items of any schema of the contract, always the same ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from ._contract import RESOURCES, SCHEMAS
from ._items import Item, item_class
from ._seeds import COUNT, COUNTS, SEEDS

#: 1 January 2025, UTC.
_FIRST: Final = 1_735_689_600.0
_SECONDS_BETWEEN: Final = 86_413


def digits(*words: object) -> str:
    """
    Return 32 hexadecimal digits that depend only on *words*.
    """
    return hashlib.sha256(":".join(map(str, words)).encode()).hexdigest()[:32].upper()


def plausible(
    schema: str, n: int, *, seed: int = 0, hints: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """
    Return the *n*-th item of *schema*; *hints* has values for its members, as in `_seeds`.
    """
    known = {} if hints is None else hints
    word = digits(seed, schema, n)
    return {
        name: _from_hint(known[name], n, seed, word)
        if name in known
        else _value(schema, name, kind, n, word)
        for name, kind in SCHEMAS[schema]["properties"].items()
    }


def items_of(resource: str, count: int, *, seed: int = 0) -> list[Item]:
    """
    Return the first *count* items of *resource*.
    """
    schema, hints = RESOURCES[resource], SEEDS.get(resource, {})
    make = item_class(schema)
    return [make(**plausible(schema, n, seed=seed, hints=hints)) for n in range(count)]


def _from_hint(hint: Any, n: int, seed: int, word: str) -> Any:
    if isinstance(hint, tuple):
        return _from_hint(hint[n % len(hint)], n, seed, word)
    if isinstance(hint, Mapping):
        return {name: _from_hint(value, n, seed, word) for name, value in hint.items()}
    if isinstance(hint, str) and hint.startswith("@"):
        other = hint[1:]
        place = n % COUNTS.get(other, COUNT)
        identity = digits(seed, RESOURCES[other], place)
        return _from_hint(SEEDS[other]["id"], place, seed, identity)
    return hint.format(n=n, hash=word) if isinstance(hint, str) else hint


def _value(schema: str, name: str, kind: Mapping[str, Any], n: int, word: str) -> Any:
    if "const" in kind:
        return kind["const"]
    if "$ref" in kind:
        return plausible(kind["$ref"].rpartition("/")[2], n)
    if "anyOf" in kind:
        # One in five items has no value.
        return None if n % 5 == 4 else _value(schema, name, kind["anyOf"][0], n, word)
    values: dict[str, Any] = {
        "array": [],
        "boolean": n % 7 != 6,
        "integer": n % 20,
        "number": _time(n) if name.endswith("_at") else n % 20 + 0.5,
        "object": {},
        "string": _text(schema, name, n, word),
    }
    return values[kind["type"]]


def _time(n: int) -> float:
    return _FIRST + n * _SECONDS_BETWEEN + (0.25 if n % 3 == 2 else 0)


def _text(schema: str, name: str, n: int, word: str) -> str:
    if name == "id":
        return word[:8]
    if name.endswith("_id"):
        return word[8:20]
    if name == "cname_target":
        return "ingress.example.com"
    if name.endswith("url"):
        return f"https://example.com/{word[:8].lower()}"
    words = {
        "country_code": ("US", "GB", "CA")[n % 3],
        "language": ("en-US", "en-GB", "es")[n % 3],
        "timezone": "Etc/UTC",
    }
    # Names are built from the schema: the fifth email template is `Email template 5`.
    kind = re.sub(r"(?<!^)(?=[A-Z])", " ", schema.removesuffix("Response"))
    noun = kind if name == "name" else name.replace("_", " ")
    return words.get(name, f"{noun.capitalize()} {n + 1}")
