"""
What the sandbox remembers: items by id, in the order in which they were added.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

import attrs

from ._schemas import Resource

ItemT = TypeVar("ItemT", bound=Resource)


@attrs.frozen(kw_only=True)
class StorePage(Generic[ItemT]):
    """
    Some consecutive items of a store, and whether others follow.

    Attributes:
        items: The items.
        has_more: Whether others follow.
        total_count: How many items the store has.

    Example:
        >>> from heymilo_async.sandbox import Store, seed_numbers
        >>> page = Store(seed_numbers(30)).page(20)
        >>> len(page.items), page.has_more, page.total_count
        (20, True, 30)
    """

    items: tuple[ItemT, ...]
    has_more: bool
    total_count: int


class Store(Generic[ItemT]):
    """
    Items that tests and the server's thread may read and change at the same time.

    Iterating it gives the items there are at that moment; later changes are not seen.

    Args:
        items: What it has at first.

    Example:
        >>> from heymilo_async import sandbox
        >>> with sandbox.running() as milo, milo.client() as client:
        ...     for number in milo.store:
        ...         changed = milo.store.change(number.id, active=False)
        ...     print(sum(number.active for number in client.phone_numbers.list_all()))
        0
    """

    def __init__(self, items: Iterable[ItemT] = ()) -> None:
        self._lock = threading.Lock()
        self._items: dict[str, ItemT] = {}
        for item in items:
            self.add(item)
        self._first_items = dict(self._items)

    def __len__(self) -> int:
        with self._lock:
            return len(self._items)

    def __iter__(self) -> Iterator[ItemT]:
        """
        Iterate over the items there are now; later changes are not seen.
        """
        with self._lock:
            return iter(tuple(self._items.values()))

    def add(self, item: ItemT) -> None:
        """
        Put *item* behind the others.

        Args:
            item: What the contract's schema says, such as a `PhoneNumberResponse`.

        Raises:
            ValueError: Its id is taken.

        Example:
            >>> from heymilo_async.sandbox import PhoneNumberResponse, Store
            >>> store = Store([])
            >>> store.add(PhoneNumberResponse(id="desk", phone_number="+442079460000", active=True))
            >>> len(store)
            1
        """
        with self._lock:
            if item.id in self._items:
                message = f"the id {item.id!r} is taken: remove that item first, or change it"
                raise ValueError(message)
            self._items[item.id] = item

    def remove(self, item_id: str) -> ItemT:
        """
        Forget the item with *item_id* and return it.

        Args:
            item_id: Its id.

        Returns:
            What was there.

        Raises:
            KeyError: There is none.

        Example:
            >>> from heymilo_async.sandbox import Store, seed_numbers
            >>> store = Store(seed_numbers(30))
            >>> store.remove("9E3779B1").phone_number, len(store)
            ('+12065550100', 29)
        """
        with self._lock:
            return self._items.pop(item_id)

    def change(self, item_id: str, **fields: Any) -> ItemT:
        """
        Give the item with *item_id* other values, in its place, and return it as it is now.

        Args:
            item_id: Its id.
            **fields: The new values, by the names of the contract.

        Returns:
            What is there now.

        Raises:
            KeyError: There is no such item.
            TypeError: The item has no such field, or the field is `id`.
            pydantic.ValidationError: The contract does not allow the value.

        Example:
            >>> from heymilo_async.sandbox import Store, seed_numbers
            >>> Store(seed_numbers(30)).change("9E3779B1", active=False).active
            False
        """
        with self._lock:
            item = self._items[item_id]
            unknown = fields.keys() - (type(item).model_fields.keys() - {"id"})
            if unknown:
                message = f"{type(item).__name__} cannot be given {', '.join(sorted(unknown))}"
                raise TypeError(message)
            changed = type(item).model_validate(item.model_dump() | fields, strict=True)
            self._items[item_id] = changed
            return changed

    def get(self, item_id: str) -> ItemT | None:
        """
        Return the item with *item_id*, or None.

        Args:
            item_id: Its id.

        Example:
            >>> from heymilo_async.sandbox import Store, seed_numbers
            >>> print(Store(seed_numbers(30)).get("nobody"))
            None
        """
        with self._lock:
            return self._items.get(item_id)

    def page(self, limit: int, starting_after: str | None = None) -> StorePage[ItemT]:
        """
        Return up to *limit* items that follow the one with the id *starting_after*.

        Args:
            limit: How many at most.
            starting_after: The id of the item before them; None: they are the first.

        Raises:
            KeyError: No item has that id.

        Example:
            >>> from heymilo_async.sandbox import Store, seed_numbers
            >>> [number.id for number in Store(seed_numbers(30)).page(2, "9E3779B1").items]
            ['3C6EF362', 'DAA66D13']
        """
        with self._lock:
            if starting_after is not None and starting_after not in self._items:
                raise KeyError(starting_after)
            ids = list(self._items)
            start = 0 if starting_after is None else ids.index(starting_after) + 1
            chosen = ids[start : start + limit]
            return StorePage(
                items=tuple(self._items[item_id] for item_id in chosen),
                has_more=start + limit < len(ids),
                total_count=len(ids),
            )

    def reset(self) -> None:
        """
        Go back to the items which the store was made with.

        Example:
            >>> from heymilo_async.sandbox import Store, seed_numbers
            >>> store = Store(seed_numbers(30))
            >>> removed = store.remove("9E3779B1")
            >>> store.reset()
            >>> len(store)
            30
        """
        with self._lock:
            self._items = dict(self._first_items)
