"""
The API's resources, one module each: models, operations, and both faces of a group.

This file is written by `python scripts/index.py`. A group is imported when it is first used, so
that an import costs the same however many there are.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from .._core.codec import finders
from .._core.model import Model, resolve_annotations
from ._collection import Mounted

if TYPE_CHECKING:
    from .phone_numbers import (
        AsyncPhoneNumbers,
        PhoneNumber,
        PhoneNumbers,
    )

__all__ = [
    "AsyncPhoneNumbers",
    "PhoneNumber",
    "PhoneNumbers",
]

#: Every public class of a resource, and the module that it is in.
EXPORTS: Final[Mapping[str, str]] = {
    "AsyncPhoneNumbers": "phone_numbers",
    "PhoneNumber": "phone_numbers",
    "PhoneNumbers": "phone_numbers",
}

_PACKAGE: Final = __name__.rpartition(".")[0]

#: What `object` says of the items of a list, and the model of these.
_BY_OBJECT: Final[Mapping[str, str]] = {
    "phone_number": "PhoneNumber",
}


class AsyncResources:
    """
    The resources of an `AsyncHeyMilo`.
    """

    phone_numbers: Final = Mounted["AsyncPhoneNumbers"]("AsyncPhoneNumbers")


class Resources:
    """
    The resources of a `HeyMilo`.
    """

    phone_numbers: Final = Mounted["PhoneNumbers"]("PhoneNumbers")


def load(name: str) -> Any:
    """
    Return the class of the public *name*, and import its module if nobody has yet.
    """
    module = importlib.import_module(f".{EXPORTS[name]}", __name__)
    for exported, where in EXPORTS.items():
        kind = getattr(module, exported) if where == EXPORTS[name] else None
        if kind is not None and kind.__module__ == module.__name__:
            resolve_annotations(kind, module)
            kind.__module__ = _PACKAGE
    return getattr(module, name)


def _model_named(word: str) -> type[Model] | None:
    name = _BY_OBJECT.get(word)
    return load(name) if name is not None else None


def __getattr__(name: str) -> Any:
    if name in EXPORTS:
        return load(name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted({*vars(sys.modules[__name__]), *__all__})


finders.append(_model_named)
