"""
Webhooks: register, list the active ones, and delete softly; nothing is delivered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._asked import Asked, Behaviour, page, single
from .._errors import missing
from .._items import Item, item_class
from .._world import World


def _create(world: World, asked: Asked) -> Any:
    if world.stores["postings"].get(asked.body["posting_id"]) is None:
        raise missing("posting", "posting_id")
    same = (one for one in world.stores["webhooks"] if asked.body.items() <= one.items())
    found = next((one for one in same if one["is_active"]), None)
    if found is not None and world.assumptions.same_webhook == "same":
        return single(found)
    now = world.now()
    made = item_class("WebhookResponse")(
        webhook_id=world.new_digits(),
        posting_id=asked.body["posting_id"],
        webhook_url=asked.body["webhook_url"],
        event_type=asked.body["event_type"],
        is_active=True,
        created_at=now,
        updated_at=now,
    )
    world.stores["webhooks"].add(made)
    return single(made)


def _list(world: World, asked: Asked) -> Any:
    return page(world, asked, world.stores["webhooks"], lambda one: one["is_active"])


def _find(world: World, asked: Asked) -> Item:
    found: Item | None = world.stores["webhooks"].get(asked.path["webhook_id"])
    if found is None or not (found["is_active"] or world.assumptions.deleted_found):
        raise missing("webhook", "webhook_id")
    return found


def _get(world: World, asked: Asked) -> Any:
    return single(_find(world, asked))


def _delete(world: World, asked: Asked) -> Any:
    found = _find(world, asked)
    store = world.stores["webhooks"]
    return single(store.change(found.item_id, is_active=False, updated_at=world.now()))


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "createWebhook": _create,
    "listWebhooks": _list,
    "getWebhook": _get,
    "deleteWebhook": _delete,
}
