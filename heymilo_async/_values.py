"""
Basic values: read-only mappings, headers, records, and `NOT_GIVEN`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

import attrs

Value = TypeVar("Value")


class ReadOnly(Mapping[str, Value], Generic[Value]):
    """
    A read-only mapping, equal to any mapping with the same items.

    (Not `types.MappingProxyType`, which can be neither pickled nor deep-copied.)
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, Value] | Iterable[tuple[str, Value]] = ()) -> None:
        self._items: dict[str, Value] = dict(items)

    def __getitem__(self, key: str) -> Value:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Mapping):
            return self._items == dict(other)
        return NotImplemented

    def __hash__(self) -> int:
        # Values may be unhashable lists or dicts. Equal mappings have equal keys, so hash these.
        return hash(frozenset(self._items))

    def __repr__(self) -> str:
        return repr(self._items)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._items,)


NOTHING_EXTRA: ReadOnly[Any] = ReadOnly()


def read_only(items: Mapping[str, Any]) -> ReadOnly[Any]:
    """
    Return *items* as a read-only mapping: a copy, unless it is one already.
    """
    return items if type(items) is ReadOnly else ReadOnly(items)


class Headers(Mapping[str, str]):
    """
    The headers of a response: case-insensitive, read-only, picklable, without credentials.

    The values of a repeated header are joined with a comma and a space; `get_all` returns them
    one by one.

    Example:
        >>> from heymilo_async import Headers
        >>> headers = Headers([("Vary", "Accept"), ("vary", "Origin"), ("Set-Cookie", "a=b")])
        >>> headers["VARY"], "set-cookie" in headers
        ('Accept, Origin', False)
    """

    __slots__ = ("_fields",)

    #: These headers are omitted, because their values are secrets if a server echoes them or starts
    #: a session.
    CREDENTIALS = frozenset(
        {
            "authorization",
            "cookie",
            "proxy-authorization",
            "set-cookie",
            "x-api-key",
        }
    )

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        kept: dict[str, tuple[str, ...]] = {}
        for name, value in fields:
            key = name.lower()
            if key not in self.CREDENTIALS:
                kept[key] = (*kept[key], value) if key in kept else (value,)
        self._fields = kept

    @classmethod
    def from_wire(cls, fields: Iterable[tuple[bytes, bytes]]) -> Headers:
        """
        Create headers from the raw bytes of a response; RFC 9110 5.5 allows any byte.

        Args:
            fields: Name and value of each header, in order.

        Returns:
            The headers, decoded as Latin-1.

        Example:
            >>> from heymilo_async import Headers
            >>> Headers.from_wire([(b"X-Request-Id", b"a1b2")])
            Headers({'x-request-id': 'a1b2'})
        """
        return cls([(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields])

    def get_all(self, name: str) -> tuple[str, ...]:
        """
        Return all values of the header *name*, in order; empty if there are none.

        Args:
            name: The header's name, in upper or lower case.

        Example:
            >>> from heymilo_async import Headers
            >>> Headers([("Vary", "Accept"), ("vary", "Origin")]).get_all("Vary")
            ('Accept', 'Origin')
        """
        return self._fields.get(name.lower(), ())

    def items_one_by_one(self) -> Iterator[tuple[str, str]]:
        """
        Yield the name and value of each header field; a repeated header is yielded repeatedly.

        Returns:
            An iterator of pairs, the name in lower case.

        Example:
            >>> from heymilo_async import Headers
            >>> list(Headers([("Vary", "Accept"), ("vary", "Origin")]).items_one_by_one())
            [('vary', 'Accept'), ('vary', 'Origin')]
        """
        for name, values in self._fields.items():
            for value in values:
                yield name, value

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._fields[name.lower()])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            return self._fields == other._fields
        if isinstance(other, Mapping):
            return {name: self[name] for name in self} == {
                str(name).lower(): value for name, value in other.items()
            }
        return NotImplemented

    def __hash__(self) -> int:
        # Equal headers may come in another order.
        return hash(frozenset(self._fields.items()))

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (tuple(self.items_one_by_one()),)


class Record:
    """
    The base of attrs classes with plain fields, which pass `eq=False, repr=False` to attrs.

    attrs would generate these methods for each class, and compile them at each import.
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


class NotGiven(enum.Enum):
    """
    The type of `NOT_GIVEN`, the default of arguments for which None has a meaning.

    Example:
        >>> from heymilo_async import NOT_GIVEN, NotGiven
        >>> isinstance(NOT_GIVEN, NotGiven)
        True
    """

    NOT_GIVEN = "NOT_GIVEN"

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN
