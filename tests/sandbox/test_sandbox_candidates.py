"""
The sandbox's candidates: how they are ingested and listed, and how they progress.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from heymilo_async import sandbox

Api = Callable[..., Any]

NOW = 1_767_603_600.0
ADA = {"name": "Ada Example", "email": "ada@example.com", "metadata": {"row": "1"}}
BEN = {"name": "Ben Example", "email": "ben@example.com", "data": {"shift": ["early"]}}


def invited(api: Api, posting: str, query: str = "") -> list[dict[str, Any]]:
    """
    Return the candidates of a posting that *query* selects.
    """
    answer = api("GET", f"/postings/{posting}/candidates?limit=100{query}")
    assert 200 == answer.status
    found: list[dict[str, Any]] = answer.body["data"]
    return found


def test_who_is_ingested_has_an_interview(api: Api, posting: str) -> None:
    """
    The receipt has the interview's id and its link, and the candidate as in the list.
    """
    answer = api("POST", f"/postings/{posting}/candidates", ADA)
    receipt = answer.body["data"]

    assert (201, posting) == (answer.status, receipt["posting_id"])
    assert receipt["candidate"] == invited(api, posting)[-1]
    assert (NOW, "pending", {"row": "1"}) == tuple(
        receipt["candidate"][name] for name in ("created_at", "status", "metadata")
    )
    assert receipt["interview_id"] in receipt["interview_url"]


def test_a_person_is_one_candidate_with_an_interview_for_each_posting(
    milo: sandbox.Sandbox, api: Api
) -> None:
    """
    Two postings share the candidate's id, but not the interview's.
    """
    one, other, *_ = [
        api("POST", f"/postings/{posting.id}/candidates", ADA).body["data"]["candidate"]
        for posting in milo.stores["postings"]
    ]

    assert one["candidate_id"] == other["candidate_id"]
    assert one["interview_id"] != other["interview_id"]


def test_an_address_that_is_known_is_the_same_interview_or_a_conflict(
    milo: sandbox.Sandbox, api: Api, posting: str
) -> None:
    """
    Which of the two is an assumption; a queued candidate is never refused.
    """
    path, again = f"/postings/{posting}/candidates", {**ADA, "email": "ADA@example.com"}
    first = api("POST", path, ADA).body["data"]
    count = len(invited(api, posting))
    assert first["interview_id"] == api("POST", path, again).body["data"]["interview_id"]
    twice = api("POST", f"{path}/bulk", {"data": [BEN, BEN]}).body["data"]
    assert twice[0] == twice[1]
    assert count + 1 == len(invited(api, posting))

    milo.assume(same_email="conflict")
    answers = [api("POST", path, again), api("POST", f"{path}/bulk", {"data": [ADA]})]
    assert [(409, "candidate_exists")] * 2 == [
        (one.status, one.body["error"]["code"]) for one in answers
    ]
    assert 202 == api("POST", f"{path}/async", ADA).status
    assert 201 == api("POST", path, {**ADA, "email": "new@example.com"}).status


def test_a_bulk_answers_a_list_in_the_envelope_of_one(
    milo: sandbox.Sandbox, api: Api, posting: str
) -> None:
    """
    There is an entry for each candidate, with its metadata; the order is an assumption.
    """
    path = f"/postings/{posting}/candidates/bulk"
    kept = api("POST", path, {"data": [ADA, BEN]})
    milo.assume(bulk_keeps_order=False)
    turned = api("POST", path, {"data": [ADA, BEN]})

    assert (201, {"data", "meta"}) == (kept.status, kept.body.keys())
    assert [{"row": "1"}, None] == [one["metadata"] for one in kept.body["data"]]
    assert kept.body["data"][::-1] == turned.body["data"]


def test_who_is_queued_comes_later(milo: sandbox.Sandbox, api: Api, posting: str) -> None:
    """
    They arrive at once, or after the ingestion's duration; the response has only an id of the
    ingestion.
    """
    path, before = f"/postings/{posting}/candidates", len(invited(api, posting))
    answer = api("POST", f"{path}/async", ADA)
    assert (202, "queued") == (answer.status, answer.body["data"]["status"])
    assert before + 1 == len(invited(api, posting))
    milo.assume(ingestion_seconds=90)
    api("POST", f"{path}/bulk/async", {"data": [BEN]})
    (late,) = [one for one in milo.stores["candidates"] if one.email == "ben@example.com"]
    data = f"/interviews/{late.interview_id}/data"

    assert (before + 1, 404) == (len(invited(api, posting)), api("GET", data).status)
    milo.advance(minutes=1, seconds=30)
    assert (before + 2, 200) == (len(invited(api, posting)), api("GET", data).status)


@pytest.mark.parametrize("way", ["", "/async", "/bulk", "/bulk/async"])
def test_metadata_is_limited(api: Api, posting: str, way: str) -> None:
    """
    The refusal names the candidate, and no other candidate of the request is ingested.
    """
    wrong = {**ADA, "metadata": {"k" * 41: ""}}
    body = {"data": [BEN, wrong]} if "bulk" in way else wrong
    place = ["data", 1] if "bulk" in way else []
    before = len(invited(api, posting))
    answer = api("POST", f"/postings/{posting}/candidates{way}", body)

    assert [["body", *place, "metadata", "k" * 41]] == [one["loc"] for one in answer.body["detail"]]
    assert before == len(invited(api, posting))


def test_a_list_begins_and_ends_when_it_is_told(api: Api, posting: str) -> None:
    """
    Both ends are inclusive, in ISO 8601 with or without an offset, or in Unix seconds.
    """
    everyone = invited(api, posting)
    times = [one["created_at"] for one in everyone]
    third = dt.datetime.fromtimestamp(times[2], dt.UTC)
    naive, zulu = third.replace(tzinfo=None).isoformat(), f"{third:%Y-%m-%dT%H:%M:%S.%f}Z"

    for text in (str(times[2]), naive, zulu):
        assert everyone[2:] == invited(api, posting, f"&created_after={text}")
        assert everyone[:3] == invited(api, posting, f"&created_before={text}")
    both = f"&created_after={times[2]}&created_before={times[2]}"
    assert [everyone[2]] == invited(api, posting, both)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("created_after=2&created_before=1", "created_after"),
        ("created_after=yesterday", "created_after"),
        ("created_before=", "created_before"),
    ],
)
def test_a_range_that_cannot_be_is_refused(api: Api, posting: str, query: str, param: str) -> None:
    """
    A 400 names the invalid end.
    """
    answer = api("GET", f"/postings/{posting}/candidates?{query}")

    assert (400, "invalid_range", param) == (
        answer.status,
        answer.body["error"]["code"],
        answer.body["error"]["param"],
    )


def test_seconds_may_have_a_fraction_or_not(milo: sandbox.Sandbox, api: Api, posting: str) -> None:
    """
    Whether a fraction is allowed is an assumption; whole seconds always are.
    """
    milo.assume(fractional_bounds=False)
    path = f"/postings/{posting}/candidates?created_before"

    assert [200, 400] == [api("GET", f"{path}={text}").status for text in ("1767603600", "1.5")]


def test_time_stands_until_it_is_let_pass(milo: sandbox.Sandbox) -> None:
    """
    After that, candidates have progressed and none has regressed, and `reset` restores the initial
    state.
    """
    before = list(milo.stores["candidates"])
    assert before == list(milo.stores["candidates"])
    noon = milo.advance(hours=48)
    after = list(milo.stores["candidates"])

    assert dt.datetime(2026, 1, 7, 9, tzinfo=dt.UTC) == noon == milo.now
    assert before != after
    for one, other in zip(before, after, strict=True):
        assert one.interview_id == other.interview_id
        done = [step["completed"] for step in one.workflow["steps"]]
        done_after = [step["completed"] for step in other.workflow["steps"]]
        assert all(not was or now for was, now in zip(done, done_after, strict=True))
    milo.reset()
    assert before == list(milo.stores["candidates"])


def test_candidates_are_everywhere_on_their_way() -> None:
    """
    Not started, in progress, evaluating, completed, decided, knocked out; some never start.
    """
    seen: Counter[str] = Counter()
    with sandbox.running(candidates=300) as milo:
        for _ in range(60):
            seen.update(one.status for one in milo.stores["candidates"])
            milo.advance(hours=12)
        last = Counter(one.status for one in milo.stores["candidates"])

    words = {"pending", "in_progress", "evaluating", "completed", "knocked_out"}
    assert words | {"shortlisted", "dismissed"} == seen.keys()
    assert 0 < last["pending"]
    assert 0 < last["in_progress"]
    assert 0 == last["evaluating"]


def test_a_status_agrees_with_the_steps(milo: sandbox.Sandbox) -> None:
    """
    The score is present when the interview is evaluated.
    """
    for one in milo.stores["candidates"]:
        words = [step["status"] for step in one.workflow["steps"]]
        done = ["completed"] * len(words)
        expected = {
            "pending": words == ["not_started"] * len(words),
            "in_progress": {"completed", "in_progress", "not_started"}
            >= set(words)
            != {"completed"},
            "knocked_out": "knocked_out" in words,
            "evaluating": words == done,
        }
        assert expected.get(one.status, words == done)
        assert (one.score is not None) == (one.status in {"completed", "shortlisted", "dismissed"})
        assert (one.interviewed_at is not None) == one.workflow["all_complete"]
        assert (one.shortlisted, one.dismissed) == (
            one.status == "shortlisted",
            one.status == "dismissed",
        )


def test_runs_repeat() -> None:
    """
    The same seed gives the same workspace, another seed gives another one.
    """
    found = []
    for seed in (1, 1, 2):
        with sandbox.running(postings=2, candidates=20, seed=seed) as milo:
            milo.advance(days=1)
            found.append({name: list(store) for name, store in milo.stores.items()})

    assert found[0] == found[1]
    assert found[0]["phone_numbers"] == found[2]["phone_numbers"]
    assert found[0]["postings"] != found[2]["postings"]
    assert [20, 2] == [len(found[0][name]) for name in ("candidates", "postings")]


def test_time_may_run_and_begin_anywhere() -> None:
    """
    In real time the clock starts now, and advances by itself.
    """
    start = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    with sandbox.running(start=start) as milo:
        assert start == milo.now
    before = dt.datetime.now(dt.UTC)
    with sandbox.running(real_time=True) as milo:
        first = milo.now
        assert milo.now > first >= before
        assert milo.advance(hours=1) >= first + dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("passing", "error", "words"),
    [
        ({}, TypeError, "needs an amount of time"),
        ({"fortnights": 1}, TypeError, "fortnights"),
        ({"hours": -1}, ValueError, "needs a time of 0 or more"),
        ({"hours": float("nan")}, ValueError, "NaN"),
        ({"hours": float("inf")}, ValueError, "cannot take this time: cannot convert float inf"),
        ({"days": 10**9}, ValueError, "cannot take this time: days=1000000000"),
        ({"days": 10**7}, ValueError, "to the end of the year 9998, not on for 8.64e"),
    ],
)
def test_time_that_cannot_pass_is_refused(
    milo: sandbox.Sandbox, passing: Any, error: type[Exception], words: str
) -> None:
    """
    The clock does not advance.
    """
    before = milo.now

    with pytest.raises(error, match=words):
        milo.advance(**passing)

    assert before == milo.now


@pytest.mark.parametrize(
    "start", [dt.datetime(2, 1, 1, tzinfo=dt.UTC), dt.datetime(9998, 12, 31, 23, tzinfo=dt.UTC)]
)
def test_all_times_of_the_data_are_times(start: dt.datetime) -> None:
    """
    At both ends of the clock, clients can read what is there and what they create.
    """
    with sandbox.running(start=start) as milo, milo.client() as client:
        milo.advance(minutes=59, seconds=59)
        with pytest.raises(ValueError, match="to the end of the year 9998"):
            milo.advance(days=366 * 9998)
        posting = client.postings.create(title="Baker", workflow=[]).posting
        assert start.replace(minute=59, second=59) == milo.now == posting.created_at
        first = client.postings.list()[0].id
        assert 4 == len(client.postings.list())
        assert 40 == len(client.candidates.list_all(first).collect())
        assert 11 == len(client.questions.list_all(first).collect())


def test_a_test_may_have_its_way_with_a_candidate(
    milo: sandbox.Sandbox, api: Api, posting: str
) -> None:
    """
    The change stays, whatever the time; it has to fit the contract.
    """
    candidates = milo.stores["candidates"]
    first = next(iter(candidates))
    candidates.change(first.interview_id, status="shortlisted", score=99.5)
    milo.advance(days=30)

    shown = invited(api, posting)[0]
    assert ("shortlisted", 99.5) == (shown["status"], shown["score"])
    with pytest.raises(ValueError, match="score: Input should be a valid number"):
        candidates.change(first.interview_id, score="high")
    with pytest.raises(TypeError, match="cannot change colour of a"):
        candidates.change(first.interview_id, colour="red")
    assert ("shortlisted", 99.5) == (shown["status"], shown["score"])
    removed = candidates.remove(first.interview_id)
    assert (first.name, None) == (removed.name, candidates.get(first.interview_id))


def test_candidates_of_a_posting_that_is_gone_stay(milo: sandbox.Sandbox, posting: str) -> None:
    """
    They have no steps any more, so they do not progress.
    """
    milo.stores["postings"].remove(posting)
    milo.advance(days=30)

    mine = [one for one in milo.stores["candidates"] if one.posting_id == posting]
    assert {("pending", None)} == {(one.status, one.interviewed_at) for one in mine}
