"""
What the sandbox remembers: items by id, in the order in which they were added.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import attrs

from ._items import Item, changed

ItemT = TypeVar("ItemT", bound=Item)


@attrs.frozen(kw_only=True)
class StorePage(Generic[ItemT]):
    """
    Some consecutive items of a store, and whether others follow.

    Attributes:
        items: The items.
        has_more: Whether others follow.
        total_count: How many items there are in all.

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
            items = tuple(self._items.values())
        return map(self._seen, items)

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
            if item.item_id in self._items:
                message = f"the id {item.item_id!r} is taken: remove that item first, or change it"
                raise ValueError(message)
            self._items[item.item_id] = item

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
            item = self._items.pop(item_id)
        return self._seen(item)

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
            TypeError: The item has no such field, or the field is its id.
            ValueError: The contract does not allow the value.

        Example:
            >>> from heymilo_async.sandbox import Store, seed_numbers
            >>> store = Store(seed_numbers(30))
            >>> store.change("9E3779B1", active=False).active
            False
        """
        with self._lock:
            item = self._items[item_id]
            if unknown := sorted(fields.keys() - (self._seen(item).keys() - {item.key})):
                message = f"a {type(item).__name__} cannot be given {', '.join(unknown)}"
                raise TypeError(message)
            other = changed(item, fields)
            seen = self._seen(other)
            if seen is not other:
                # What is seen was put together, and nobody has checked it against the contract.
                type(seen)(**seen)
            self._items[item_id] = other
            return seen

    def get(self, item_id: str) -> ItemT | None:
        """
        Return the item with *item_id*, None if there is none.

        Args:
            item_id: Its id.

        Example:
            >>> from heymilo_async.sandbox import Store
            >>> print(Store([]).get("9E3779B1"))
            None
        """
        with self._lock:
            item = self._items.get(item_id)
        return None if item is None else self._seen(item)

    def page(
        self,
        limit: int,
        starting_after: str | None = None,
        where: Callable[[ItemT], bool] | None = None,
        *,
        newest_first: bool = False,
    ) -> StorePage[ItemT]:
        """
        Return at most *limit* items: those behind *starting_after*, or the first ones.

        Args:
            limit: How many at most.
            starting_after: The id of the item before the page.
            where: Tells which items there are to be; None: all.
            newest_first: Whether what was added last comes first.

        Raises:
            KeyError: No item has the id *starting_after*.

        Example:
            >>> from heymilo_async.sandbox import Store, seed_numbers
            >>> store = Store(seed_numbers(30))
            >>> store.page(7, starting_after=list(store)[27].id).has_more
            False
        """
        with self._lock:
            if starting_after is not None and starting_after not in self._items:
                raise KeyError(starting_after)
            items = list(self._items.items())
        if newest_first:
            items.reverse()
        start = 0
        if starting_after is not None:
            # By its place among all, for it may be one that is not wanted (any more).
            start = [item_id for item_id, _ in items].index(starting_after) + 1
        wanted = [
            (place, item) for place, (_, item) in enumerate(items) if where is None or where(item)
        ]
        rest = [item for place, item in wanted if place >= start]
        return StorePage(
            items=tuple(map(self._seen, rest[:limit])),
            has_more=len(rest) > limit,
            total_count=len(wanted),
        )

    def reset(self) -> None:
        """
        Go back to the items it had at first.

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

    def _seen(self, item: ItemT) -> ItemT:
        """
        Return *item* as it is to be seen now.
        """
        return item
