"""
The applicant tracking system: its people, and the queue of pushes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._envelopes import Behaviour, ValidRequest, single_envelope
from .._errors import Refusal, missing
from .._items import Item, item_class, with_changes
from .._plausible import digits
from .._world import World

#: The two systems that HeyMilo's pages name.
_KNOWN: Final = frozenset({"bullhorn", "avionte"})


def _check_name(request: ValidRequest) -> None:
    if request.body["ats_name"].casefold() not in _KNOWN:
        words = "This ATS is not supported: use Bullhorn or Avionte."
        raise Refusal(400, "unsupported_ats", words, param="ats_name")


def _people(world: World) -> list[dict[str, Any]]:
    """
    Return the people in the ATS: the sandbox's candidates, and those that pushes created.
    """
    people = {
        one["email"]: {
            "ats_candidate_id": str(int(digits("ats", one["email"])[:6], 16)),
            "first_name": one["name"].partition(" ")[0],
            "last_name": one["name"].partition(" ")[2] or None,
            "email": one["email"],
            "status": "Active",
        }
        for one in world.candidates.kept()
    }
    return [*people.values(), *world.people]


def _resolve(world: World, request: ValidRequest) -> Any:
    _check_name(request)
    email, known_id = request.body.get("email"), request.body.get("ats_candidate_id")
    response = {"email": email, "ats_candidate_id": known_id, "matches": [], "error": None}
    if email is None and known_id is None:
        words = "Give an email or an ats_candidate_id to search for."
        if world.assumptions.resolve_without_criteria == "refuse":
            raise Refusal(400, "missing_criteria", words, param="email")
        return single_envelope({**response, "success": False, "status": "error", "error": words})
    limit = request.body.get("limit")
    if limit is not None and limit < 0:
        # The contract has no bounds for it, so this is no 422 of the schema.
        raise Refusal(400, "invalid_limit", "limit must be 0 or more.", param="limit")
    matches = [
        {**one, "match_reason": "email" if email is not None else "ats_candidate_id"}
        for one in _people(world)
        if (email is None or (one["email"] or "").casefold() == email.casefold())
        and known_id in {None, one["ats_candidate_id"]}
    ]
    response["matches"] = matches[:limit]
    status = "found" if matches else "not_found"
    return single_envelope({**response, "success": True, "status": status})


def _push(world: World, request: ValidRequest) -> Any:
    _check_name(request)
    outcome = world.assumptions.ats_push
    if outcome == "refused":
        error = "The push was not queued: the connection to the ATS is paused."
        return single_envelope({"status": "failed", "item_id": None, "error": error})
    word, now = world.new_digits(), world.now()
    person = request.body["candidate"]
    given_id = person.get("ats_candidate_id")
    known_id = given_id or str(int(word[:6], 16))
    made = item_class("QueueItemStatus")(
        item_id=word[:24].lower(),
        status="queued",
        event_type="candidate_push",
        created_at=now,
        updated_at=now,
    )
    world.stores["pushes"].add(made)
    world.pushed[made.item_id] = {"ats_candidate_id": known_id, "created": given_id is None}
    if outcome == "success" and given_id is None:
        names = ("first_name", "last_name", "email", "phone")
        world.people.append(
            {name: person.get(name) for name in names} | {"ats_candidate_id": known_id}
        )
    return single_envelope({"status": "queued", "item_id": made.item_id, "error": None})


def _status(world: World, request: ValidRequest) -> Any:
    found: Item | None = world.stores["pushes"].get(request.path["item_id"])
    if found is None:
        if world.assumptions.unknown_push == 400:
            raise Refusal(400, "unknown_item", "The queue has no such item.", param="item_id")
        raise missing("queue item", "item_id")
    polls = world.polls[found.item_id] = world.polls.get(found.item_id, 0) + 1
    outcome, tries = world.assumptions.ats_push, polls - world.assumptions.push_polls
    if tries <= 0 or outcome in {"never", "refused"}:
        return single_envelope(found)
    now = world.now()
    if outcome == "success":
        details = world.pushed[found.item_id]
        return single_envelope(
            with_changes(
                found, {"status": "completed", "success_details": details, "updated_at": now}
            )
        )
    failures = [{"attempt": n, "error": "The ATS refused it."} for n in range(1, tries + 1)]
    return single_envelope(
        with_changes(
            found,
            {
                "status": "retrying",
                "retry_count": tries,
                "failure_instances": failures,
                "updated_at": now,
            },
        )
    )


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "resolveAtsCandidate": _resolve,
    "pushAtsCandidate": _push,
    "getAtsPushStatus": _status,
}
