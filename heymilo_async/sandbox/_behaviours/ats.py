"""
The applicant tracking system: its people, and the queue of pushes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._asked import Asked, Behaviour, single
from .._errors import Refusal, missing
from .._items import Item, changed, item_class
from .._plausible import digits
from .._world import World

#: The two systems that HeyMilo's pages name.
_KNOWN: Final = frozenset({"bullhorn", "avionte"})


def _check_name(asked: Asked) -> None:
    if asked.body["ats_name"].casefold() not in _KNOWN:
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


def _resolve(world: World, asked: Asked) -> Any:
    _check_name(asked)
    email, known_id = asked.body.get("email"), asked.body.get("ats_candidate_id")
    answer = {"email": email, "ats_candidate_id": known_id, "matches": [], "error": None}
    if email is None and known_id is None:
        words = "Give an email or an ats_candidate_id to search for."
        if world.assumptions.resolve_without_criteria == "refuse":
            raise Refusal(400, "missing_criteria", words, param="email")
        return single({**answer, "success": False, "status": "error", "error": words})
    matches = [
        {**one, "match_reason": "email" if email is not None else "ats_candidate_id"}
        for one in _people(world)
        if (email is None or (one["email"] or "").casefold() == email.casefold())
        and known_id in {None, one["ats_candidate_id"]}
    ]
    answer["matches"] = matches[: asked.body.get("limit")]
    status = "found" if matches else "not_found"
    return single({**answer, "success": True, "status": status})


def _push(world: World, asked: Asked) -> Any:
    _check_name(asked)
    outcome = world.assumptions.ats_push
    if outcome == "refused":
        error = "The push was not queued: the connection to the ATS is paused."
        return single({"status": "failed", "item_id": None, "error": error})
    word, now = world.new_digits(), world.now()
    person = asked.body["candidate"]
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
    return single({"status": "queued", "item_id": made.item_id, "error": None})


def _status(world: World, asked: Asked) -> Any:
    found: Item | None = world.stores["pushes"].get(asked.path["item_id"])
    if found is None:
        if world.assumptions.unknown_push == 400:
            raise Refusal(400, "unknown_item", "The queue has no such item.", param="item_id")
        raise missing("queue item", "item_id")
    polls = world.polls[found.item_id] = world.polls.get(found.item_id, 0) + 1
    outcome, tries = world.assumptions.ats_push, polls - world.assumptions.push_polls
    if tries <= 0 or outcome in {"never", "refused"}:
        return single(found)
    now = world.now()
    if outcome == "success":
        details = world.pushed[found.item_id]
        return single(
            changed(found, {"status": "completed", "success_details": details, "updated_at": now})
        )
    failures = [{"attempt": n, "error": "The ATS refused it."} for n in range(1, tries + 1)]
    return single(
        changed(
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
