"""
Candidates: ingest one, many, or asynchronously; list them by time of invitation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .._envelopes import Behaviour, ValidRequest, page_envelope, single_envelope, to_json
from .._errors import Invalid, Refusal, issue
from .._hiring import applicant
from .._items import Item
from .._rules import check_metadata, unix_seconds
from .._world import World
from .postings import find


def _open_posting(world: World, request: ValidRequest) -> Item:
    posting = find(world, request)
    if posting["status"] != "active":
        status = world.assumptions.closed_posting
        words = f"The posting is {posting['status']}: it accepts no candidates."
        if status == 422:
            raise Invalid(issue(("path", "posting_id"), "value_error", words))
        raise Refusal(status, "posting_not_active", words, param="posting_id")
    return posting


def _people(request: ValidRequest) -> list[Mapping[str, Any]]:
    """
    Return the candidates in the request; check their metadata.
    """
    if not request.operation.is_bulk:
        check_metadata(request.body.get("metadata"))
        return [request.body]
    people: list[Mapping[str, Any]] = request.body["data"]
    for n, given in enumerate(people):
        check_metadata(given.get("metadata"), ("body", "data", n, "metadata"))
    return people


def _by_email(world: World, posting_id: str) -> dict[str, Item]:
    kept = (one for one in world.candidates.kept() if one["posting_id"] == posting_id)
    return {one["email"].casefold(): one for one in kept}


def _add_candidates(
    world: World, posting_id: str, people: Iterable[Mapping[str, Any]], *, at: float
) -> list[Item]:
    """
    Return the candidates for *people*; each email address has one interview per posting.
    """
    known, found = _by_email(world, posting_id), []
    for given in people:
        email = given["email"].casefold()
        if email not in known:
            known[email] = applicant(world.new_digits()[:16], posting_id, at, given)
            world.candidates.add(known[email])
        found.append(known[email])
    return found


def _add_candidates_now(world: World, request: ValidRequest) -> list[Item]:
    people, posting_id = _people(request), _open_posting(world, request)["id"]
    if world.assumptions.same_email == "conflict":
        known = _by_email(world, posting_id)
        if any(given["email"].casefold() in known for given in people):
            words = "This posting has a candidate with this e-mail address."
            raise Refusal(409, "candidate_exists", words, param="email")
    return _add_candidates(world, posting_id, people, at=world.now())


def _ingest(world: World, request: ValidRequest) -> Any:
    (made,) = _add_candidates_now(world, request)
    names = ("interview_id", "interview_url", "posting_id")
    receipt = {"object": "candidate", **{name: made[name] for name in names}}
    return single_envelope({**receipt, "candidate": to_json(world.candidates.get(made.item_id))})


def _ingest_bulk(world: World, request: ValidRequest) -> Any:
    names = ("interview_id", "interview_url")
    receipts = [
        {
            "object": "candidate",
            **{name: made[name] for name in names},
            "metadata": given.get("metadata"),
        }
        for made, given in zip(_add_candidates_now(world, request), _people(request), strict=True)
    ]
    return single_envelope(receipts if world.assumptions.bulk_keeps_order else receipts[::-1])


def _enqueue(world: World, request: ValidRequest) -> Any:
    people, posting_id = _people(request), _open_posting(world, request)["id"]
    _add_candidates(world, posting_id, people, at=world.now() + world.assumptions.ingestion_seconds)
    word = world.new_digits()[:12].lower()
    return single_envelope(
        {"object": "ingestion", "ingestion_id": f"intake_{word}", "status": "queued"}
    )


def _list(world: World, request: ValidRequest) -> Any:
    posting_id, now = find(world, request)["id"], world.now()
    after = _bound(world, request, "created_after", float("-inf"))
    before = _bound(world, request, "created_before", float("inf"))
    if after > before:
        words = "created_after must not be later than created_before."
        raise Refusal(400, "invalid_range", words, param="created_after")

    def wanted(one: Item) -> bool:
        # An asynchronous ingestion becomes visible later.
        at: float = one["created_at"]
        return bool(one["posting_id"] == posting_id) and at <= now and after <= at <= before

    return page_envelope(world, request, world.candidates, wanted)


def _bound(world: World, request: ValidRequest, param: str, default: float) -> float:
    text = request.query[param]
    if text is None:
        return default
    try:
        return unix_seconds(text, fractions=world.assumptions.fractional_bounds)
    except (ValueError, OverflowError):
        words = f"{param} must be a time in ISO 8601 or Unix seconds."
        raise Refusal(400, "invalid_range", words, param=param) from None


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "ingestCandidate": _ingest,
    "ingestCandidatesBulk": _ingest_bulk,
    "ingestCandidateAsync": _enqueue,
    "ingestCandidatesBulkAsync": _enqueue,
    "listCandidates": _list,
}
