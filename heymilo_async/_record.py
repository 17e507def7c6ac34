"""
Record: how small frozen values compare, hash and show themselves, written once for all of them.
"""

from __future__ import annotations

from typing import Any

import attrs


class Record:
    """
    The base of attrs classes of plain fields, to be made with `eq=False, repr=False`.

    attrs would write these methods for each class, and compile them at each import.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(
            getattr(self, field.name) == getattr(other, field.name) for field in _fields(self)
        )

    def __hash__(self) -> int:
        hashed = (getattr(self, field.name) for field in _fields(self) if field.hash is not False)
        return hash((type(self), *hashed))

    def __repr__(self) -> str:
        shown = (f"{field.name}={getattr(self, field.name)!r}" for field in _fields(self))
        return f"{type(self).__qualname__}({', '.join(shown)})"


def _fields(record: Any) -> tuple[Any, ...]:
    fields: tuple[Any, ...] = attrs.fields(type(record))
    return fields
