"""
What the handler of an operation receives and returns: a validated request, an envelope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from ._contract import Operation
from ._errors import Invalid, issue
from ._items import Item, members_of
from ._store import Store
from ._world import World


@attrs.frozen(kw_only=True)
class ValidRequest:
    """
    A validated request.

    Attributes:
        path: The path parameters.
        query: The query parameters, including defaults.
        body: The JSON body; None if the operation takes none.
        url: The path of the URL.
        headers: The headers by lower-case name.
    """

    operation: Operation
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any
    url: str
    headers: Mapping[str, str]


#: Handles a request; returns JSON for the operation's status, or a complete response.
Behaviour = Callable[[World, ValidRequest], Any]


def single_envelope(data: Any, meta: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """
    Return *data* in the envelope for a single object.
    """
    return {"data": to_json(data), "meta": meta}


def list_envelope(items: Iterable[Any], url: str) -> dict[str, Any]:
    """
    Return all *items* in the envelope for a list.
    """
    data = [to_json(item) for item in items]
    pagination = {"has_more": False, "total_count": len(data), "url": url}
    return {"data": data, "pagination": pagination}


def page_envelope(
    world: World,
    request: ValidRequest,
    store: Store[Any],
    where: Callable[[Any], bool] | None = None,
    noun: str | None = None,
) -> dict[str, Any]:
    """
    Return the requested page of *store*.

    Raises:
        Invalid: No item has the id `starting_after`.
    """
    search = (request.query.get("search") or "").casefold()

    def wanted(item: Any) -> bool:
        return (where is None or where(item)) and search in _title(item).casefold()

    needed = wanted if search else where
    try:
        found = store.page(
            request.query["limit"],
            request.query["starting_after"],
            needed,
            newest_first=world.assumptions.newest_first,
        )
    except KeyError:
        words = f"Value error, no {noun or noun_of(request.operation)} has this id"
        raise Invalid(issue(("query", "starting_after"), "value_error", words)) from None
    return {
        "data": [to_json(item) for item in found.items],
        "pagination": {
            "has_more": found.has_more,
            "total_count": found.total_count,
            "url": request.url,
        },
    }


def _title(item: Mapping[str, Any]) -> str:
    return str(item["title"] if "title" in item else item["name"])


def noun_of(operation: Operation) -> str:
    """
    Return the noun for an item of the operation's resource.
    """
    return operation.resource.replace("_", " ").removesuffix("s")


def to_json(value: Any) -> Any:
    """
    Return *value* as JSON-compatible data.
    """
    return members_of(value) if isinstance(value, Item) else value
