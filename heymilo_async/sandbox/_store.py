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
    """

    items: tuple[ItemT, ...]
    has_more: bool
    total_count: int


class Store(Generic[ItemT]):
    """
    Items that tests and the server's thread may read and change at the same time.
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
        Put *item* behind the others; its id must be new.
        """
        with self._lock:
            if item.id in self._items:
                message = f"the id {item.id!r} is taken: remove that item first, or change it"
                raise ValueError(message)
            self._items[item.id] = item

    def remove(self, item_id: str) -> ItemT:
        """
        Forget the item with *item_id* and return it; raise `KeyError` if there is none.
        """
        with self._lock:
            return self._items.pop(item_id)

    def change(self, item_id: str, **fields: Any) -> ItemT:
        """
        Give the item with *item_id* other values, in its place, and return it as it is now.
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
        """
        with self._lock:
            return self._items.get(item_id)

    def page(self, limit: int, starting_after: str | None = None) -> StorePage[ItemT]:
        """
        Return up to *limit* items that follow the one with the id *starting_after*.

        Raises `KeyError` if no item has that id.
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
        """
        with self._lock:
            self._items = dict(self._first_items)
