"""
Questions of a posting: create, update, reorder and delete softly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._contract import SCHEMAS
from .._envelopes import Behaviour, ValidRequest, list_envelope, page_envelope, single_envelope
from .._errors import Invalid, Refusal, issue, missing
from .._items import Item, item_class
from .._posting_seeds import question_type
from .._store import Store
from .._world import World
from .postings import find

_MEMBERS: Final = SCHEMAS["CreateQuestionRequest"]["properties"].keys()
_NOT_NULL: Final = {"text"}


def _active(world: World, posting_id: str, modality: str | None = None) -> list[Item]:
    store: Store[Item] = world.stores["questions"]
    return [
        one
        for one in store
        if one["posting_id"] == posting_id
        and one["id"] not in world.deleted
        and modality in {None, one["modality"]}
    ]


def _find(world: World, request: ValidRequest, *, deleted: bool = False) -> Item:
    posting = find(world, request)
    found: Item | None = world.stores["questions"].get(request.path["question_id"])
    if (
        found is None
        or found["posting_id"] != posting["id"]
        or (found["id"] in world.deleted and not deleted)
    ):
        raise missing("question", "question_id")
    return found


def _list(world: World, request: ValidRequest) -> Any:
    posting_id, modality = find(world, request)["id"], request.query["modality"]

    def wanted(one: Item) -> bool:
        return (
            one["posting_id"] == posting_id
            and one["id"] not in world.deleted
            and modality in {None, one["modality"]}
        )

    return page_envelope(world, request, world.stores["questions"], wanted)


def _get(world: World, request: ValidRequest) -> Any:
    return single_envelope(_find(world, request, deleted=world.assumptions.deleted_found))


def _create(world: World, request: ValidRequest) -> Any:
    posting, modality, now = find(world, request), request.body["modality"], world.now()
    last = max((one["rank"] for one in _active(world, posting["id"], modality)), default=0)
    made = item_class("QuestionResponse")(
        **{
            # The API ignores unknown members.
            **{name: value for name, value in request.body.items() if name in _MEMBERS},
            "id": world.new_digits()[:12],
            "posting_id": posting["id"],
            "rank": last + 1,
            "question_type": _type(world, modality, request.body),
            "created_at": now,
            "updated_at": now,
        }
    )
    world.stores["questions"].add(made)
    return single_envelope(made)


def _type(world: World, modality: str, members: Mapping[str, Any]) -> str | None:
    given: str | None = members.get("question_type")
    is_servers = world.assumptions.infers_question_type and modality in {"sms", "form"}
    return question_type(modality, members) if given is None or is_servers else given


def _update(world: World, request: ValidRequest) -> Any:
    found = _find(world, request)
    fields = {
        name: value
        for name, value in request.body.items()
        if value is not None or (world.assumptions.null_clears and name not in _NOT_NULL)
    }
    fields = {name: value for name, value in fields.items() if name in found.keys() - _FIXED}
    if world.assumptions.infers_question_type:
        fields["question_type"] = _type(world, found["modality"], {**found, **fields})
    store: Store[Item] = world.stores["questions"]
    return single_envelope(store.change(found.item_id, **fields, updated_at=world.now()))


#: Fields that an update ignores.
_FIXED: Final = {"object", "id", "posting_id", "modality", "rank", "created_at", "updated_at"}


def _delete(world: World, request: ValidRequest) -> Any:
    found = _find(world, request, deleted=world.assumptions.deleted_found)
    world.deleted.add(found["id"])
    return single_envelope(found)


def _reorder(world: World, request: ValidRequest) -> Any:
    posting, order = find(world, request), request.body["order"]
    active = {one["id"]: one for one in _active(world, posting["id"], request.body["modality"])}
    if sorted(order) != sorted(active):
        status = world.assumptions.incomplete_order
        words = "it must contain every active question of the modality exactly once"
        if status == 422:
            raise Invalid(issue(("body", "order"), "value_error", f"Value error, {words}"))
        raise Refusal(status, "incomplete_order", f"The order is wrong: {words}.", param="order")
    store: Store[Item] = world.stores["questions"]
    placed = [store.change(one, rank=n, updated_at=world.now()) for n, one in enumerate(order, 1)]
    return list_envelope(placed, request.url)


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "listQuestions": _list,
    "getQuestion": _get,
    "createQuestion": _create,
    "updateQuestion": _update,
    "deleteQuestion": _delete,
    "reorderQuestions": _reorder,
}
