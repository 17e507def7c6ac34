"""
The default behaviour: list, get, create, change and delete the items of a store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._contract import RESOURCES, SCHEMAS, Operation
from .._envelopes import (
    Behaviour,
    ValidRequest,
    list_envelope,
    page_envelope,
    single_envelope,
)
from .._errors import missing
from .._items import Item, item_class
from .._plausible import plausible
from .._seeds import SEEDS
from .._store import Store
from .._world import World

_RESOURCE_OF: Final = {item: name for name, item in RESOURCES.items()}


def behaviour_of(operation: Operation) -> Behaviour:
    """
    Return the default handler for an *operation*.

    Raises:
        NotImplementedError: There is none, because its response is not an item of a store.
    """
    if operation.item not in _RESOURCE_OF:
        message = f"{operation.id} needs a handler in heymilo_async/sandbox/_behaviours/"
        raise NotImplementedError(message)
    if operation.method == "GET":
        return {"page": _page, "list": _all, "single": _one}[operation.shape]
    if operation.method == "DELETE":
        return _delete
    return _change if operation.parameters else _create


def _store(world: World, request: ValidRequest) -> Store[Item]:
    return world.stores[_RESOURCE_OF[str(request.operation.item)]]


def _page(world: World, request: ValidRequest) -> Any:
    return page_envelope(world, request, _store(world, request))


def _all(world: World, request: ValidRequest) -> Any:
    return list_envelope(_store(world, request), request.url)


def _find(world: World, request: ValidRequest) -> Item:
    (param,) = request.operation.parameters
    found = _store(world, request).get(request.path[param])
    if found is None:
        resource = _RESOURCE_OF[str(request.operation.item)]
        raise missing(resource.replace("_", " ").removesuffix("s"), param)
    return found


def _one(world: World, request: ValidRequest) -> Any:
    return single_envelope(_find(world, request))


def _create(world: World, request: ValidRequest) -> Any:
    """
    Add an item with the members of the body, the time, and plausible values for the rest of the
    required members.
    """
    schema, store = str(request.operation.item), _store(world, request)
    kind, now = item_class(schema), world.now()
    hints = SEEDS.get(_RESOURCE_OF[schema], {})
    filled = plausible(schema, len(store), seed=world.seed, hints=hints)
    made = kind(
        **{
            **{name: filled[name] for name in SCHEMAS[schema].get("required", ())},
            **_members(request),
            **{name: now for name in ("created_at", "updated_at") if name in filled},
            kind.key: world.new_digits()[:8],
        }
    )
    store.add(made)
    return single_envelope(made)


def _change(world: World, request: ValidRequest) -> Any:
    """
    Change the members that are in the body. An action without a body returns the item as it is.
    """
    found, fields = _find(world, request), _members(request)
    if fields and "updated_at" in found:
        fields["updated_at"] = world.now()
    return single_envelope(_store(world, request).change(found.item_id, **fields))


def _delete(world: World, request: ValidRequest) -> Any:
    return single_envelope(_store(world, request).remove(_find(world, request).item_id))


def _members(request: ValidRequest) -> dict[str, Any]:
    """
    Return the members of the body that the item has, too.
    """
    body: Mapping[str, Any] = request.body or {}
    known = SCHEMAS[str(request.operation.item)]["properties"]
    return {name: value for name, value in body.items() if name in known}
