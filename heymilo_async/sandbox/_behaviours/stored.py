"""
The default behaviour: list the items of a store, or get one.
"""

from __future__ import annotations

from typing import Any

from .._contract import Operation
from .._envelopes import (
    Behaviour,
    ValidRequest,
    list_envelope,
    noun_of,
    page_envelope,
    single_envelope,
)
from .._errors import missing
from .._world import World


def behaviour_of(operation: Operation) -> Behaviour:
    """
    Return the default handler for an *operation*.
    """
    return {"page": _page, "list": _all, "single": _one}[operation.shape]


def _page(world: World, request: ValidRequest) -> Any:
    return page_envelope(world, request, world.stores[request.operation.resource])


def _all(world: World, request: ValidRequest) -> Any:
    return list_envelope(world.stores[request.operation.resource], request.url)


def _one(world: World, request: ValidRequest) -> Any:
    (param,) = request.operation.parameters
    item = world.stores[request.operation.resource].get(request.path[param])
    if item is None:
        raise missing(noun_of(request.operation), param)
    return single_envelope(item)
