"""
Interviews: their results so far, and their metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._envelopes import Behaviour, ValidRequest, single_envelope
from .._errors import missing
from .._items import Item, with_defaults
from .._results import results
from .._rules import check_metadata
from .._world import World

_NOT_READY: Final = frozenset({"pending", "in_progress", "evaluating"})
#: The fields that a candidate and the interview's data share.
_SHARED: Final = (
    *("interview_id", "candidate_id", "posting_id", "name", "email"),
    *("score", "status", "workflow", "metadata", "data"),
)


def _find(world: World, request: ValidRequest) -> Item:
    found: Item | None = world.candidates.get(request.path["interview_id"])
    if found is None or found["created_at"] > world.now():
        raise missing("interview", "interview_id")
    return found


def _data(world: World, request: ValidRequest) -> Any:
    found = _find(world, request)
    data = {name: found[name] for name in _SHARED}
    posting = world.posting(found["posting_id"])
    if posting is not None:
        questions = [
            one for one in world.stores["questions"] if one["posting_id"] == found["posting_id"]
        ]
        journey = world.candidates.journey(found)
        data |= results(
            journey,
            interview_id=found["interview_id"],
            posting=posting,
            questions=questions,
            seed=world.seed,
            now=world.now(),
        )
    meta, how = None, world.assumptions.not_ready
    if found["status"] in _NOT_READY and how != "nowhere":
        meta = {"status": "not_ready"} if how == "meta" else None
        data["status"] = data["status"] if how == "meta" else "not_ready"
        if how == "bare":
            return single_envelope({"object": "interview_data", "status": "not_ready"})
    return single_envelope(with_defaults("InterviewDataResponse", data), meta)


def _metadata(metadata: Mapping[str, str] | None) -> Any:
    return single_envelope({"object": "metadata", "metadata": dict(metadata or {})})


def _get_metadata(world: World, request: ValidRequest) -> Any:
    return _metadata(_find(world, request)["metadata"])


def _set_metadata(world: World, request: ValidRequest) -> Any:
    found = _find(world, request)
    kept = found["metadata"] if world.assumptions.metadata_merges else None
    metadata = {**(kept or {}), **request.body["metadata"]}
    check_metadata(metadata)
    world.candidates.change(found.item_id, metadata=metadata)
    return _metadata(metadata)


def _delete_metadata(world: World, request: ValidRequest) -> Any:
    world.candidates.change(_find(world, request).item_id, metadata={})
    return _metadata({})


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "getInterviewData": _data,
    "getInterviewMetadata": _get_metadata,
    "setInterviewMetadata": _set_metadata,
    "deleteInterviewMetadata": _delete_metadata,
}
