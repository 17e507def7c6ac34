"""
Mappings that cannot be changed: a model's unknown fields, and a response's headers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class ReadOnly(Mapping[str, Value], Generic[Value]):
    """
    A mapping without the methods that change one; equal to any mapping of the same items.

    (`types.MappingProxyType` would do, but it can be neither pickled nor deep-copied.)
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
        # Values may be lists or dicts. What is equal has the same keys, which is all it takes.
        return hash(frozenset(self._items))

    def __repr__(self) -> str:
        return repr(self._items)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._items,)


NOTHING_EXTRA: ReadOnly[Any] = ReadOnly()


def read_only(items: Mapping[str, Any]) -> ReadOnly[Any]:
    """
    Return *items* so that nobody can change them: a copy, unless they are so already.
    """
    return items if type(items) is ReadOnly else ReadOnly(items)


class Headers(Mapping[str, str]):
    """
    The headers of a response: names in any case, read-only, picklable, credentials left out.

    A header that came several times reads as its values joined by a comma and a blank;
    `get_all` gives them one by one.

    Example:
        >>> from heymilo_async import Headers
        >>> headers = Headers([("Vary", "Accept"), ("vary", "Origin"), ("Set-Cookie", "a=b")])
        >>> headers["VARY"], "set-cookie" in headers
        ('Accept, Origin', False)
    """

    __slots__ = ("_fields",)

    #: Never kept: a server that echoes them, or hands out a session, would put a secret here.
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
        Read the bytes of a response's head; any byte is allowed, as RFC 9110 5.5 has it.

        Args:
            fields: Name and value of each header, in order.

        Returns:
            The headers, as text of Latin-1.

        Example:
            >>> from heymilo_async import Headers
            >>> Headers.from_wire([(b"X-Request-Id", b"a1b2")])
            Headers({'x-request-id': 'a1b2'})
        """
        return cls((name.decode("latin-1"), value.decode("latin-1")) for name, value in fields)

    def get_all(self, name: str) -> tuple[str, ...]:
        """
        Return every value that came under *name*, in order; empty if none did.

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
        Yield name and value of each header field, as often as it came.

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
        return hash(tuple(self._fields.items()))

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (tuple(self.items_one_by_one()),)
