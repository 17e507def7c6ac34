"""
The sandbox's storage: items by id, in order of insertion.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import attrs

from ._items import Item, with_changes

ItemT = TypeVar("ItemT", bound=Item)


@attrs.frozen(kw_only=True)
class StorePage(Generic[ItemT]):
    """
    A page of a store.

    Attributes:
        items: The items of the page.
        has_more: Whether the store has items after the page.
        total_count: The number of items in the store.

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
    A collection of items that tests and the server's thread can use at the same time.

    Iteration uses a snapshot of the items, so it does not see later changes.

    Args:
        items: The initial items.

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
        Iterate over a snapshot of the items.
        """
        with self._lock:
            items = tuple(self._items.values())
        return map(self._current_form, items)

    def add(self, item: ItemT) -> None:
        """
        Append *item*.

        Args:
            item: An item of the contract's schema, such as a `PhoneNumberResponse`.

        Raises:
            ValueError: The store already has an item with its id.

        Example:
            >>> from heymilo_async.sandbox import PhoneNumberResponse, Store
            >>> store = Store([])
            >>> store.add(PhoneNumberResponse(id="desk", phone_number="+442079460000", active=True))
            >>> len(store)
            1
        """
        with self._lock:
            if item.item_id in self._items:
                message = f"the id {item.item_id!r} already exists: remove or change that item"
                raise ValueError(message)
            self._items[item.item_id] = item

    def remove(self, item_id: str) -> ItemT:
        """
        Remove the item with *item_id* and return it.

        Args:
            item_id: The item's id.

        Returns:
            The removed item.

        Raises:
            KeyError: There is no such item.

        Example:
            >>> from heymilo_async.sandbox import Store, seed_numbers
            >>> store = Store(seed_numbers(30))
            >>> store.remove("9E3779B1").phone_number, len(store)
            ('+12065550100', 29)
        """
        with self._lock:
            item = self._items.pop(item_id)
        return self._current_form(item)

    def change(self, item_id: str, **fields: Any) -> ItemT:
        """
        Change fields of the item with *item_id*, and return the new item.

        Args:
            item_id: The item's id.
            **fields: The new values, by the contract's names.

        Returns:
            The new item.

        Raises:
            KeyError: There is no such item.
            TypeError: The item has no such field, or the field is its id.
            ValueError: The contract does not allow the value, or JSON in UTF-8 cannot have it.

        Example:
            >>> from heymilo_async.sandbox import Store, seed_numbers
            >>> store = Store(seed_numbers(30))
            >>> store.change("9E3779B1", active=False).active
            False
        """
        with self._lock:
            item = self._items[item_id]
            if unknown := sorted(fields.keys() - (self._current_form(item).keys() - {item.key})):
                message = f"cannot change {', '.join(unknown)} of a {type(item).__name__}"
                raise TypeError(message)
            other = with_changes(item, fields)
            current = self._current_form(other)
            if current is not other:
                # The visible item was created without validation, so validate it here.
                type(current)(**current)
            self._items[item_id] = other
            return current

    def get(self, item_id: str) -> ItemT | None:
        """
        Return the item with *item_id*, None if there is none.

        Args:
            item_id: The item's id.

        Example:
            >>> from heymilo_async.sandbox import Store
            >>> print(Store([]).get("9E3779B1"))
            None
        """
        with self._lock:
            item = self._items.get(item_id)
        return None if item is None else self._current_form(item)

    def page(
        self,
        limit: int,
        starting_after: str | None = None,
        where: Callable[[ItemT], bool] | None = None,
        *,
        newest_first: bool = False,
    ) -> StorePage[ItemT]:
        """
        Return a page of at most *limit* items.

        Args:
            limit: The maximum number of items.
            starting_after: Return the items after the item with this id; None: the first items.
            where: A filter for items; None: all items.
            newest_first: Whether to reverse the order of insertion.

        Raises:
            KeyError: No item has the id *starting_after*.
            ValueError: *limit* is negative.

        Example:
            >>> from heymilo_async.sandbox import Store, seed_numbers
            >>> store = Store(seed_numbers(30))
            >>> store.page(7, starting_after=list(store)[27].id).has_more
            False
        """
        if limit < 0:
            message = f"limit must be 0 or more, not {limit}"
            raise ValueError(message)
        with self._lock:
            if starting_after is not None and starting_after not in self._items:
                raise KeyError(starting_after)
            items = list(self._items.items())
        if newest_first:
            items.reverse()
        start = 0
        if starting_after is not None:
            # Search among all items, because the filter may exclude this one.
            start = [item_id for item_id, _ in items].index(starting_after) + 1
        wanted = [
            (place, item) for place, (_, item) in enumerate(items) if where is None or where(item)
        ]
        rest = [item for place, item in wanted if place >= start]
        return StorePage(
            items=tuple(map(self._current_form, rest[:limit])),
            has_more=len(rest) > limit,
            total_count=len(wanted),
        )

    def reset(self) -> None:
        """
        Restore the initial items.

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

    def _current_form(self, item: ItemT) -> ItemT:
        """
        Return the visible form of *item* at the current time.
        """
        return item
