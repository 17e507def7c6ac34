"""
The default behaviour: list the items of a store, or get one.
"""

from __future__ import annotations

from typing import Any

from .._asked import Asked, Behaviour, listed, noun_of, page, single
from .._contract import Operation
from .._errors import missing
from .._world import World


def behaviour_of(operation: Operation) -> Behaviour:
    """
    Return the default handler for an *operation*.
    """
    return {"page": _page, "list": _all, "single": _one}[operation.shape]


def _page(world: World, asked: Asked) -> Any:
    return page(world, asked, world.stores[asked.operation.resource])


def _all(world: World, asked: Asked) -> Any:
    return listed(world.stores[asked.operation.resource], asked.url)


def _one(world: World, asked: Asked) -> Any:
    (param,) = asked.operation.parameters
    item = world.stores[asked.operation.resource].get(asked.path[param])
    if item is None:
        raise missing(noun_of(asked.operation), param)
    return single(item)
