"""
The sandbox's items: immutable mappings that match the contract's schemas.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeVar

from ._contract import SCHEMAS, key_of
from ._validation import faults_of, unsendable

ItemT = TypeVar("ItemT", bound="Item")

_CONTAINERS: Final = (dict, list)


class Item(Mapping[str, Any]):
    """
    An object from the `data` of a response: a mapping whose members are also attributes.

    It is frozen; `Store.change` replaces it by another one.

    Args:
        **members: The members, by the contract's names; optional ones get their defaults.

    Raises:
        ValueError: A member is missing, or has a value that the contract does not allow, or that JSON
            in UTF-8 cannot have, such as half of a surrogate pair.

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
    #: The name of the member that identifies it.
    key: ClassVar[str]

    def __init__(self, **members: Any) -> None:
        complete = with_defaults(self.schema, members)
        _refuse(self.schema, unsendable(complete) or faults_of(self.schema, complete))
        self._set_members(copy.deepcopy(complete))

    def _set_members(self, members: Mapping[str, Any]) -> None:
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
        # Most item classes are created on demand, so pickle cannot find them by name.
        return _restore, (self.schema, self._members)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.items())})"

    @property
    def item_id(self) -> str:
        """
        The value of the member that identifies it.
        """
        return str(self._members[self.key])


# Functions instead of methods, because the methods of an item are public.


def members_of(item: Item) -> Mapping[str, Any]:
    """
    Return the members of *item* without a copy; do not modify them.
    """
    return item._members


def with_changes(item: ItemT, fields: Mapping[str, Any]) -> ItemT:
    """
    Return a copy of *item* with other values for some members.

    Raises:
        ValueError: A value is not allowed.
    """
    # Here too, because an item may be checked only after it has been copied.
    _refuse(item.schema, unsendable(fields))
    return type(item)(**{**members_of(item), **fields})


def _refuse(schema: str, faults: Sequence[str]) -> None:
    if faults:
        message = f"the contract does not allow this {schema}: {'; '.join(faults)}"
        raise ValueError(message)


def unchecked_item(kind: type[ItemT], members: Mapping[str, Any]) -> ItemT:
    """
    Return an item from valid *members* without checking and copying them.
    """
    item = kind.__new__(kind)
    item._set_members(with_defaults(kind.schema, members))
    return item


@functools.cache
def item_class(schema: str) -> type[Item]:
    """
    Return the class of the items of the contract's *schema*.
    """
    own = {one.schema: one for one in Item.__subclasses__() if one.__name__ == one.schema}
    members = {"schema": schema, "key": key_of(schema), "__slots__": ()}
    return own.get(schema) or type(schema, (Item,), members)


def _restore(schema: str, members: Mapping[str, Any]) -> Item:
    return unchecked_item(item_class(schema), members)


def with_defaults(schema: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return *members* with the optional ones of *schema* added: the default, null, or empty.
    """
    properties = SCHEMAS[schema]["properties"]
    required = SCHEMAS[schema].get("required", ())
    known = {
        name: _with_default(spec, members[name]) if name in members else _default(spec)
        for name, spec in properties.items()
        if name in members or name not in required
    }
    return {**known, **{name: value for name, value in members.items() if name not in properties}}


def _default(spec: Mapping[str, Any]) -> Any:
    if "default" in spec:
        return spec["default"]
    empty: dict[Any, Any] = {"array": [], "object": {}}
    return empty.get(spec.get("type"))


def _with_default(spec: Mapping[str, Any], value: Any) -> Any:
    if "$ref" in spec and isinstance(value, Mapping):
        return with_defaults(spec["$ref"].rpartition("/")[2], value)
    if "anyOf" in spec:
        return _with_default(spec["anyOf"][0], value)
    if "items" in spec and isinstance(value, list):
        return [_with_default(spec["items"], one) for one in value]
    return value
