"""
The ATS: failures inside a 200, creating a person only on purpose, and waiting for a push.
"""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime

import pytest
from fronts import KEY
from server import answer, ok

from heymilo_async import (
    NOT_GIVEN,
    APIConnectionError,
    ATSCandidate,
    AtsConnection,
    CandidateMatch,
    DeadlineExceededError,
    InvalidRequestError,
    NotFoundError,
    OperationFailedError,
    PushReceipt,
    PushStatus,
    ResolveCandidate,
    RetryPolicy,
    from_dict,
    to_dict,
)

RESOLVE = "/api/v2/ats/candidates/resolve"
PUSH = "/api/v2/ats/candidates/push"
PERSON = {"ats_candidate_id": "4711", "phone": "+12065550123"}
QUICK = RetryPolicy(initial_delay=0.0)

PENDING = {"item_id": "Q1", "status": "pending"}
FAILED = {
    **PENDING,
    "status": "retrying",
    "retry_count": 2,
    "failure_instances": [{"reason": "locked", "at": [1, 2]}, {"reason": "locked"}],
}
DONE = {**PENDING, "status": "sent", "success_details": {"ats_candidate_id": "4711"}}


def single(content):
    """
    Return a response with *content* in the envelope of a single item.
    """
    return ok({"data": content, "meta": None})


def sent_again(error):
    """
    Return *error* after pickling, and a copy.
    """
    return pickle.loads(pickle.dumps(error)), copy.copy(error)


# Searching.


@pytest.mark.parametrize(
    "given",
    [
        {"ats_name": "bullhorn"},
        {"ats_name": "bullhorn", "email": "jo.doe@example.com", "limit": 5},
        {"ats_name": "avionte", "ats_candidate_id": "4711"},
        {"ats_name": "bullhorn", "email": None, "ats_candidate_id": None, "limit": None},
    ],
    ids=repr,
)
def test_a_search_sends_what_is_given(front, serve, given):
    """
    Trap 25: arguments that are not given are not sent, and None is sent as null.
    """
    server = serve(single({"success": True}))

    async def body(client):
        return await client.ats.resolve_candidate(**given)

    found = front.run(body, server.base_url)

    assert ResolveCandidate(success=True) == found
    assert ((), "") == (found.matches, found.status)
    assert [("POST", RESOLVE, given)] == [
        (one.method, one.target, one.json) for one in server.requests
    ]


def test_a_search_returns_whom_it_found(front, serve):
    """
    A match may have no `ats_candidate_id`, and an `error` beside a success is data.
    """
    content = {
        "success": True,
        "status": "ambiguous",
        "email": "jo.doe@example.com",
        "matches": [{"ats_candidate_id": "4711", "email2": "jo@example.com"}, {"first_name": "Jo"}],
        "error": "one source did not answer",
    }
    server = serve(single(content))

    async def body(client):
        return await client.ats.resolve_candidate(ats_name="bullhorn", email="jo.doe@example.com")

    found = front.run(body, server.base_url)

    assert (
        CandidateMatch(ats_candidate_id="4711", email2="jo@example.com"),
        CandidateMatch(first_name="Jo"),
    ) == found.matches
    assert "one source did not answer" == found.error


def test_a_search_that_failed_is_an_error(front, serve):
    """
    Trap 19: a 200 with `success: false` raises an error with the response as data; it is not
    repeated.
    """
    content = {"success": False, "status": "error", "error": "no such ATS here", "matches": []}
    server = serve(single(content))

    async def body(client):
        with pytest.raises(OperationFailedError) as caught:
            await client.ats.resolve_candidate(ats_name="bullhorn")
        with pytest.raises(OperationFailedError):
            await client.raw(client.ats.resolve_candidate, ats_name="bullhorn")
        return caught.value

    error = front.run(body, server.base_url)

    assert f"POST {RESOLVE}: the search failed: no such ATS here" == str(error)
    assert f"POST {RESOLVE}" == error.request
    assert [200] == [attempt.status_code for attempt in error.attempts]
    assert from_dict(ResolveCandidate, content) == error.data
    assert 2 == server.n
    for again in sent_again(error):
        assert (str(error), error.data) == (str(again), again.data)


def test_a_failure_is_logged_once(front, serve, caplog):
    """
    The log has a WARNING for a 200 that says that the operation failed, as for other failures.
    """
    server = serve(single({"success": False, "error": "no such ATS here"}))

    async def body(client):
        with pytest.raises(OperationFailedError):
            await client.ats.resolve_candidate(ats_name="bullhorn")

    front.run(body, server.base_url)

    text = f"OperationFailedError: POST {RESOLVE}: the search failed: no such ATS here"
    assert [("WARNING", text)] == [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name == "heymilo_async"
    ]


def test_a_failure_without_a_reason(front, serve):
    """
    Trap 19: a failure without a reason is an error, too.
    """
    server = serve(single({"success": False, "error": None}))

    async def body(client):
        with pytest.raises(OperationFailedError) as caught:
            await client.ats.resolve_candidate(ats_name="bullhorn")
        return str(caught.value)

    assert f"POST {RESOLVE}: the search failed" == front.run(body, server.base_url)


def test_a_reason_is_shown_in_part(front, serve):
    """
    The server's reason is shown on one line, shortened, and without the key.
    """
    server = serve(single({"success": False, "error": f"key {KEY}\nwas refused {'!' * 900}"}))

    async def body(client):
        with pytest.raises(OperationFailedError) as caught:
            await client.ats.resolve_candidate(ats_name="bullhorn")
        return str(caught.value)

    text = front.run(body, server.base_url)

    assert r"\nwas refused !!!" in text
    assert KEY not in text
    assert len(text) < 300


# Pushing.


@pytest.mark.parametrize(
    "candidate", [PERSON, ATSCandidate(**PERSON), {**PERSON, "email": NOT_GIVEN}], ids=type
)
def test_a_push_sends_what_is_given(front, serve, candidate):
    """
    Trap 24: neither the default of `create_submission` nor `create` is sent.
    """
    server = serve(single({"status": "queued", "item_id": "Q1"}))

    async def body(client):
        return await client.ats.push_candidate(ats_name="bullhorn", candidate=candidate)

    receipt = front.run(body, server.base_url)

    assert PushReceipt(status="queued", item_id="Q1") == receipt
    assert [("POST", PUSH, {"ats_name": "bullhorn", "candidate": PERSON})] == [
        (one.method, one.target, one.json) for one in server.requests
    ]


def test_a_push_sends_all_that_is_given(front, serve):
    """
    Every member of the request is sent under its own name, including false and null.
    """
    server = serve(single({"status": "queued", "item_id": "Q1"}))
    everything = {
        "ats_name": "avionte",
        "posting_id": "13D77095",
        "interview_id": None,
        "ingestion_token": "token-of-ours",
        "create_submission": False,
        "candidate": {
            "ats_candidate_id": None,
            "first_name": "Jo",
            "last_name": "Doe",
            "email": "jo.doe@example.com",
            "phone": "+12065550123",
            "set_heymilo_source": False,
        },
    }

    async def body(client):
        await client.ats.push_candidate(**everything, create=True)

    front.run(body, server.base_url)

    assert [everything] == [one.json for one in server.requests]


@pytest.mark.parametrize(
    "candidate",
    [
        {},
        {"email": "jo.doe@example.com"},
        {"ats_candidate_id": None},
        {"ats_candidate_id": NOT_GIVEN},
        ATSCandidate(),
        ATSCandidate(ats_candidate_id=None),
    ],
    ids=repr,
)
def test_a_person_is_created_on_purpose_only(front, serve, candidate):
    """
    Trap 25: a push with a null or missing id creates a person, so without `create=True` nothing is
    sent.
    """
    server = serve(single({"status": "queued", "item_id": "Q1"}))

    async def body(client):
        with pytest.raises(InvalidRequestError, match="would create a person"):
            await client.ats.push_candidate(ats_name="bullhorn", candidate=candidate)
        before = server.n
        await client.ats.push_candidate(ats_name="bullhorn", candidate=candidate, create=True)
        return before

    assert (0, 1) == (front.run(body, server.base_url), server.n)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"create": True}, InvalidRequestError, "updates that person"),
        ({"create": 1}, TypeError, "create must be a bool, not int"),
        ({"create": None}, TypeError, "create must be a bool"),
        ({"candidate": "4711"}, TypeError, "candidate must be an ATSCandidate, or a mapping"),
        ({"candidate": None}, TypeError, "candidate must be an ATSCandidate"),
        ({"candidate": {"ats_candidate_id": ""}}, InvalidRequestError, "must not be empty"),
        ({"candidate": {"ats_candidate_id": " \n"}}, InvalidRequestError, "must not be empty"),
        ({"candidate": {"ats_candidate_id": 4711}}, TypeError, "candidate.ats_candidate_id"),
        ({"candidate": {**PERSON, "emial": "x"}}, InvalidRequestError, "emial"),
        ({"candidate": {**PERSON, "set_heymilo_source": 1}}, TypeError, "must be a bool"),
        ({"ats_name": None}, TypeError, "ats_name"),
        ({"create_submission": None}, TypeError, "create_submission"),
    ],
    ids=repr,
)
def test_a_push_that_cannot_work_is_refused(front, serve, changes, error, words):
    """
    Contradictory arguments, or ones of the wrong type, are refused before anything is sent.
    """
    server = serve(single({"status": "queued", "item_id": "Q1"}))
    arguments = {"ats_name": "bullhorn", "candidate": PERSON, **changes}

    async def body(client):
        with pytest.raises(error, match=words):
            await client.ats.push_candidate(**arguments)

    front.run(body, server.base_url)

    assert 0 == server.n


def test_an_empty_id_is_refused_where_it_is_made():
    """
    The constructor of `ATSCandidate` refuses an invalid id.
    """
    with pytest.raises(InvalidRequestError, match=r"^ats_candidate_id must not be empty"):
        ATSCandidate(ats_candidate_id="")


@pytest.mark.parametrize("why", ["the ATS is off", None])
def test_a_push_that_was_not_queued_is_an_error(front, serve, why):
    """
    Trap 19: a 200 without an `item_id` means that nothing was queued; the request is not repeated.
    """
    server = serve(single({"status": "rejected", "item_id": None, "error": why}))

    async def body(client):
        with pytest.raises(OperationFailedError, match="nothing was queued") as caught:
            await client.ats.push_candidate(ats_name="bullhorn", candidate=PERSON)
        return caught.value

    error = front.run(body, server.base_url)

    assert PushReceipt(status="rejected", error=why) == error.data
    assert (why or "queued") in str(error)
    assert (1, f"POST {PUSH}", 1) == (server.n, error.request, len(error.attempts))


def test_a_remark_beside_an_item_is_data(front, serve):
    """
    Trap 16: a queued push is a 200, and an `error` beside its `item_id` is data.
    """
    content = {"status": "queued", "item_id": "Q1", "error": "the ATS is slow"}
    server = serve(single(content))

    async def body(client):
        return await client.raw(client.ats.push_candidate, ats_name="bullhorn", candidate=PERSON)

    response = front.run(body, server.base_url)

    assert (200, content) == (response.status_code, to_dict(response.data))


def test_a_push_whose_answer_is_lost(front, serve):
    """
    Trap 31: a push is sent once; if its response is lost, the error says how to find out what
    happened.
    """
    server = serve(lambda connection: connection.close())

    async def body(client):
        with pytest.raises(APIConnectionError) as caught:
            await client.ats.push_candidate(ats_name="bullhorn", candidate=PERSON)
        return caught.value

    error = front.run(body, server.base_url, retry=QUICK)

    assert (1, True) == (server.n, error.maybe_sent)
    assert "client.ats.resolve_candidate" in str(error)


# Polling a push.


def test_a_push_is_read(front, serve):
    """
    Trap 34: times are aware datetimes, or None; failures are kept unchanged, and frozen.
    """
    content = {**FAILED, "event_type": None, "created_at": 1739612400.0, "updated_at": None}
    server = serve(single(content))

    async def body(client):
        return await client.ats.get_push("Q1")

    push = front.run(body, server.base_url)

    assert [f"{PUSH}/Q1"] == [one.target for one in server.requests]
    assert datetime(2025, 2, 15, 9, 40, tzinfo=UTC) == push.created_at
    assert (None, 2, False) == (push.updated_at, push.retry_count, push.is_done)
    assert {**content, "success_details": None} == to_dict(push)
    assert {push} == {from_dict(PushStatus, content)}
    with pytest.raises(TypeError):
        push.failure_instances[0]["reason"] = "none"


def test_a_push_that_nobody_knows(front, serve):
    """
    Trap 20: a push has no declared 404, but one is a `NotFoundError`.
    """
    server = serve(answer(404))

    async def body(client):
        with pytest.raises(NotFoundError):
            await client.ats.get_push("Q1")
        with pytest.raises(NotFoundError):
            await client.ats.wait_for_push("Q1", timeout=60)

    front.run(body, server.base_url)

    assert 2 == server.n


@pytest.mark.parametrize("details", [{}, {"ats_candidate_id": "4711"}], ids=repr)
def test_a_push_that_is_done_is_not_waited_for(front, serve, naps, details):
    """
    `success_details` mean that a push is done, whatever they contain and whatever the status is.
    """
    server = serve(single({**FAILED, "success_details": details}))

    async def body(client):
        return await client.ats.wait_for_push("Q1", timeout=60)

    push = front.run(body, server.base_url)

    assert (details, True) == (push.success_details, push.is_done)
    assert (1, []) == (server.n, naps)


def test_a_push_is_waited_for(front, serve, naps):
    """
    The wait polls every 5 seconds, and continues after failed attempts.
    """
    server = serve(*map(single, (PENDING, FAILED, PENDING, DONE)))

    async def body(client):
        return await client.ats.wait_for_push("Q1", timeout=3600)

    push = front.run(body, server.base_url)

    assert from_dict(PushStatus, DONE) == push
    assert ([f"{PUSH}/Q1"] * 4, [5.0] * 3) == ([one.target for one in server.requests], naps)


def test_a_push_that_failed_in_time(front, serve, naps):
    """
    At the timeout a push with failures is an `OperationFailedError` with the last state.
    """
    server = serve(single(FAILED))

    async def body(client):
        with pytest.raises(OperationFailedError) as caught:
            await client.ats.wait_for_push("Q1", timeout=3500, poll=1000)
        return caught.value

    error = front.run(body, server.base_url)

    assert ("GET /api/v2/ats/candidates/push/Q1", 1) == (error.request, len(error.attempts))
    assert "2 attempts by the server failed, and none succeeded in time: retrying" in str(error)
    assert from_dict(PushStatus, FAILED) == error.data
    assert (5, [1000.0] * 3) == (server.n, naps[:3])
    for again in sent_again(error):
        assert (str(error), error.data) == (str(again), again.data)


def test_one_attempt_that_failed(front, serve, naps):
    """
    One failure is counted as one.
    """
    server = serve(single({**FAILED, "failure_instances": [{}]}))

    async def body(client):
        with pytest.raises(OperationFailedError, match=": 1 attempt by the server failed"):
            await client.ats.wait_for_push("Q1", timeout=1)

    front.run(body, server.base_url)


def test_a_push_of_which_nothing_is_known_in_time(front, serve, naps):
    """
    At the timeout a push without failures or success is a `DeadlineExceededError` with the last
    state.
    """
    server = serve(single(PENDING))

    async def body(client):
        with pytest.raises(DeadlineExceededError) as caught:
            await client.ats.wait_for_push("Q1", timeout=3500, poll=1000)
        return caught.value

    error = front.run(body, server.base_url)

    assert from_dict(PushStatus, PENDING) == error.data
    assert ("GET /api/v2/ats/candidates/push/Q1", "read") == (error.request, error.phase)
    assert "its status is 'pending'" in str(error)
    assert (5, [1000.0] * 3) == (server.n, naps[:3])
    for again in sent_again(error):
        assert (str(error), error.data) == (str(again), again.data)


def test_the_deadline_of_the_client_ends_a_wait(front, serve, naps):
    """
    The client's deadline ends a wait if it comes before the timeout.
    """
    server = serve(single(PENDING))

    async def body(client):
        with pytest.raises(DeadlineExceededError) as caught:
            await client.ats.wait_for_push("Q1", timeout=86_400, poll=1000)
        return caught.value.data

    data = front.run(body, server.base_url, deadline=2500.0)

    assert (from_dict(PushStatus, PENDING), 4) == (data, server.n)


def test_a_look_that_is_answered_too_late(front, serve, naps):
    """
    If the last poll gets no response in time, the error has the previous state.
    """

    def late(connection):
        naps.append(7200.0)
        connection.send(single(DONE))

    server = serve(single(PENDING), late)

    async def body(client):
        with pytest.raises(DeadlineExceededError) as caught:
            await client.ats.wait_for_push("Q1", timeout=3600)
        return caught.value.data

    assert from_dict(PushStatus, PENDING) == front.run(body, server.base_url)


def test_a_wait_that_is_shorter_than_its_pace(front, serve, naps):
    """
    Whatever the interval is, the last poll comes before the timeout.
    """
    server = serve(single(PENDING), single(DONE))

    async def body(client):
        return await client.ats.wait_for_push("Q1", timeout=300, poll=1000)

    push = front.run(body, server.base_url)

    assert (from_dict(PushStatus, DONE), 2) == (push, server.n)
    (nap,) = naps
    assert nap < 300


def test_no_look_is_answered(front, serve):
    """
    If no poll got a response, the error has no last state.
    """
    server = serve(lambda connection: connection.wait())

    async def body(client):
        with pytest.raises(DeadlineExceededError) as caught:
            await client.ats.wait_for_push("Q1", timeout=0.1)
        return caught.value.data

    assert front.run(body, server.base_url) is None


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"timeout": 0}, InvalidRequestError, "timeout must be more than 0"),
        ({"timeout": float("nan")}, InvalidRequestError, "timeout"),
        ({"timeout": None}, TypeError, "timeout"),
        ({"timeout": 5, "poll": 0}, InvalidRequestError, "poll must be more than 0"),
        ({"timeout": 5, "poll": True}, TypeError, "poll"),
    ],
    ids=repr,
)
def test_a_wait_that_cannot_work_is_refused(front, serve, arguments, error, words):
    """
    An invalid timeout or interval is refused, and nothing is sent.
    """
    server = serve(single(DONE))

    async def body(client):
        with pytest.raises(error, match=words):
            await client.ats.wait_for_push("Q1", **arguments)

    front.run(body, server.base_url)

    assert 0 == server.n


# Connections.


def test_connections_come_as_a_tuple(front, serve, caplog):
    """
    Traps 1 and 9: connections are identified by `integration_id`, and their list has no pages.
    """
    items = [
        {"integration_id": "intg_1", "ats_provider": "bullhorn", "created_at": 1739612400},
        {
            "integration_id": "intg_2",
            "ats_provider": "other",
            "source": "kombo",
            "is_active": False,
        },
    ]
    server = serve(ok({"data": items, "pagination": {"has_more": False}}))

    async def body(client):
        return await client.ats.list_connections()

    first, second = connections = front.run(body, server.base_url)

    assert tuple is type(connections)
    assert (datetime(2025, 2, 15, 9, 40, tzinfo=UTC), "native", True) == (
        first.created_at,
        first.source,
        first.is_active,
    )
    assert AtsConnection(**items[1]) == second
    assert ["/api/v2/ats/connections"] == [one.target for one in server.requests]
    assert [] == caplog.records
