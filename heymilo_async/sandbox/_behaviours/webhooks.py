"""
Webhooks: register, list the active ones, and delete softly; nothing is delivered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._envelopes import Behaviour, ValidRequest, page_envelope, single_envelope
from .._errors import missing
from .._items import Item, item_class
from .._world import World


def _create(world: World, request: ValidRequest) -> Any:
    if world.stores["postings"].get(request.body["posting_id"]) is None:
        raise missing("posting", "posting_id")
    same = (one for one in world.stores["webhooks"] if request.body.items() <= one.items())
    found = next((one for one in same if one["is_active"]), None)
    if found is not None and world.assumptions.same_webhook == "same":
        return single_envelope(found)
    now = world.now()
    made = item_class("WebhookResponse")(
        webhook_id=world.new_digits(),
        posting_id=request.body["posting_id"],
        webhook_url=request.body["webhook_url"],
        event_type=request.body["event_type"],
        is_active=True,
        created_at=now,
        updated_at=now,
    )
    world.stores["webhooks"].add(made)
    return single_envelope(made)


def _list(world: World, request: ValidRequest) -> Any:
    return page_envelope(world, request, world.stores["webhooks"], lambda one: one["is_active"])


def _find(world: World, request: ValidRequest) -> Item:
    found: Item | None = world.stores["webhooks"].get(request.path["webhook_id"])
    if found is None or not (found["is_active"] or world.assumptions.deleted_found):
        raise missing("webhook", "webhook_id")
    return found


def _get(world: World, request: ValidRequest) -> Any:
    return single_envelope(_find(world, request))


def _delete(world: World, request: ValidRequest) -> Any:
    found = _find(world, request)
    store = world.stores["webhooks"]
    return single_envelope(store.change(found.item_id, is_active=False, updated_at=world.now()))


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "createWebhook": _create,
    "listWebhooks": _list,
    "getWebhook": _get,
    "deleteWebhook": _delete,
}
