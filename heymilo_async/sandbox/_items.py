"""
What the sandbox keeps: items as the contract's schemas say, which nobody can change in place.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, TypeVar

from ._contract import SCHEMAS, key_of
from ._validation import faults_of

ItemT = TypeVar("ItemT", bound="Item")

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

    _members: Mapping[str, Any]

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

    def _keep(self, members: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_members", members)

    def __getitem__(self, name: str) -> Any:
        value = self._members[name]
        return copy.deepcopy(value) if isinstance(value, _CONTAINERS) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __getattr__(self, name: str) -> Any:
        if name in self._members:
            return self[name]
        message = f"{type(self).__name__!r} has no member {name!r}"
        raise AttributeError(message)

    def __setattr__(self, name: str, _: Any) -> None:
        message = f"{name} is frozen: use the store's change()"
        raise AttributeError(message)

    def __reduce__(self) -> tuple[Any, ...]:
        # Most classes of items are made when they are wanted, and nobody finds them by name.
        return _remade, (self.schema, self._members)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.items())})"

    @property
    def item_id(self) -> str:
        """
        By what it is known.
        """
        return str(self._members[self.key])


# These are no methods, because whoever has an item sees its methods.


def shown(item: Item) -> Mapping[str, Any]:
    """
    Return the members of *item* as they are, to be read and not to be changed.
    """
    return item._members


def changed(item: ItemT, fields: Mapping[str, Any]) -> ItemT:
    """
    Return another one, with other values of some members.
    """
    return type(item)(**{**shown(item), **fields})


def trusted(kind: type[ItemT], members: Mapping[str, Any]) -> ItemT:
    """
    Return an item of *members* that are known to be right, and are nobody else's.
    """
    item = kind.__new__(kind)
    item._keep(completed(kind.schema, members))
    return item


@functools.cache
def item_class(schema: str) -> type[Item]:
    """
    Return the class of the items of the contract's *schema*.
    """
    own = {one.schema: one for one in Item.__subclasses__() if one.__name__ == one.schema}
    members = {"schema": schema, "key": key_of(schema), "__slots__": ()}
    return own.get(schema) or type(schema, (Item,), members)


def _remade(schema: str, members: Mapping[str, Any]) -> Item:
    return trusted(item_class(schema), members)


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
