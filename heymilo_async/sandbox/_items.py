"""
What the sandbox keeps: items as the contract's schemas say, which nobody can change in place.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, Self

from ._contract import SCHEMAS, key_of
from ._validation import faults_of

_CONTAINERS: Final = (dict, list)


class Item(Mapping[str, Any]):
    """
    What an answer of the API has in its `data`: a mapping whose members are attributes, too.

    It is frozen; `Store.change` puts another one in its place.

    Args:
        **members: What it has, by the names of the contract; what may be left out is filled in.

    Raises:
        ValueError: The contract does not allow the value of a member, or one is missing.

    Example:
        >>> from heymilo_async import sandbox
        >>> with sandbox.running() as milo:
        ...     voice = next(iter(milo.stores["voices"]))
        ...     print(voice.object, voice["object"])
        voice voice
    """

    __slots__ = ("_members",)

    #: The contract's schema.
    schema: ClassVar[str]
    #: The member by which it is known.
    key: ClassVar[str]

    def __init__(self, **members: Any) -> None:
        complete = completed(self.schema, members)
        if faults := faults_of(self.schema, complete):
            message = f"the contract does not allow this {self.schema}: {'; '.join(faults)}"
            raise ValueError(message)
        self._keep(copy.deepcopy(complete))

    @classmethod
    def trusted(cls, members: Mapping[str, Any]) -> Self:
        """
        Return an item of *members* that are known to be right, and are nobody else's.
        """
        item = cls.__new__(cls)
        item._keep(completed(cls.schema, members))
        return item

    def _keep(self, members: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_members", members)

    def shown(self) -> Mapping[str, Any]:
        """
        Return its members as they are, to be read and not to be changed.
        """
        members: Mapping[str, Any] = self._members
        return members

    def __getitem__(self, name: str) -> Any:
        value = self._members[name]
        return copy.deepcopy(value) if isinstance(value, _CONTAINERS) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __getattr__(self, name: str) -> Any:
        # Its own ones are there before this is asked, but while a copy of it is made.
        if not name.startswith("_") and name in self._members:
            return self[name]
        message = f"{type(self).__name__!r} has no member {name!r}"
        raise AttributeError(message)

    def __setattr__(self, name: str, _: Any) -> None:
        message = f"{name} is frozen: use the store's change()"
        raise AttributeError(message)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.items())})"

    @property
    def item_id(self) -> str:
        """
        By what it is known.
        """
        return str(self._members[self.key])

    def changed(self, fields: Mapping[str, Any]) -> Item:
        """
        Return another one, with other values of some members.
        """
        return type(self)(**{**self._members, **fields})


@functools.cache
def item_class(schema: str) -> type[Item]:
    """
    Return the class of the items of the contract's *schema*.
    """
    own = {one.schema: one for one in Item.__subclasses__() if one.__name__ == one.schema}
    return own.get(schema) or type(schema, (Item,), {**members_of(schema), "__slots__": ()})


def members_of(schema: str) -> dict[str, str]:
    """
    Return what a class of items says of its *schema*.
    """
    return {"schema": schema, "key": key_of(schema)}


def completed(schema: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return *members* with all that *schema* lets one leave out: its default, null, or nothing in it.
    """
    properties = SCHEMAS[schema]["properties"]
    required = SCHEMAS[schema].get("required", ())
    known = {
        name: _filled(said, members[name]) if name in members else _default(said)
        for name, said in properties.items()
        if name in members or name not in required
    }
    return {**known, **{name: value for name, value in members.items() if name not in properties}}


def _default(said: Mapping[str, Any]) -> Any:
    if "default" in said:
        return said["default"]
    empty: dict[Any, Any] = {"array": [], "object": {}}
    return empty.get(said.get("type"))


def _filled(said: Mapping[str, Any], value: Any) -> Any:
    if "$ref" in said and isinstance(value, Mapping):
        return completed(said["$ref"].rpartition("/")[2], value)
    if "anyOf" in said:
        return _filled(said["anyOf"][0], value)
    if "items" in said and isinstance(value, list):
        return [_filled(said["items"], one) for one in value]
    return value
