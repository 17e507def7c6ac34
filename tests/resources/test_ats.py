"""
The ATS: searching and pushing, failures inside a 200, and waiting for a push.
"""

from __future__ import annotations

import pytest
from talking import listed, sent, single, talk

from heymilo_async import (
    ATSCandidate,
    AtsConnection,
    DeadlineExceededError,
    InvalidRequestError,
    OperationFailedError,
    PushReceipt,
    PushStatus,
)

PERSON = {"ats_candidate_id": "4711", "phone": "+12065550123"}
QUEUED = {"item_id": "Q1", "status": "queued"}
DONE = {**QUEUED, "success_details": {"id": 5}}
FAILED = {**QUEUED, "failure_instances": [{"reason": "down"}]}


def test_who_is_found(front):
    """
    A search returns matches, which may lack an id.
    """
    matches = [{"ats_candidate_id": None, "email": "ada@example.com"}, {"ats_candidate_id": "7"}]
    found, (request,) = talk(
        front,
        lambda c: c.ats.resolve_candidate(ats_name="bullhorn", email="ada@example.com"),
        single({"success": True, "matches": matches}),
    )

    assert [None, "7"] == [one.ats_candidate_id for one in found.matches]
    assert {"ats_name": "bullhorn", "email": "ada@example.com"} == sent(request)


@pytest.mark.parametrize(
    ("call", "data", "words"),
    [
        (
            lambda c: c.ats.resolve_candidate(ats_name="bullhorn", email="a@example.com"),
            {"success": False, "error": "no connection"},
            "the search failed: no connection",
        ),
        (
            lambda c: c.ats.push_candidate(ats_name="bullhorn", candidate=PERSON),
            {"status": "refused", "error": "no such job"},
            "nothing was queued: no such job",
        ),
        (
            lambda c: c.ats.push_candidate(ats_name="bullhorn", candidate=PERSON),
            {"status": "refused", "item_id": None},
            "nothing was queued",
        ),
    ],
)
def test_a_failure_inside_a_success(front, call, data, words):
    """
    Trap 19: an ATS failure has status 200; the error contains the response, and the request is not
    repeated.
    """
    error, requests = talk(front, call, single(data))

    assert OperationFailedError is type(error)
    assert str(error).endswith(words)
    assert data.get("error") == error.data.error
    assert 1 == len(requests)


def test_an_error_beside_an_item_is_a_remark(front):
    """
    A queued push is a success, whatever remark the server adds.
    """
    receipt, (request,) = talk(
        front,
        lambda c: c.ats.push_candidate(ats_name="bullhorn", candidate=ATSCandidate(**PERSON)),
        single({**QUEUED, "error": "slow today"}),
    )

    assert PushReceipt(item_id="Q1", status="queued", error="slow today") == receipt
    assert {"ats_name": "bullhorn", "candidate": PERSON} == sent(request)


@pytest.mark.parametrize("candidate", [{}, {"ats_candidate_id": None}, ATSCandidate()])
def test_nobody_is_created_by_accident(front, candidate):
    """
    Trap 25: a push without an id creates a person, so it is sent only with `create=True`.
    """
    refused, nothing = talk(
        front,
        lambda c: c.ats.push_candidate(ats_name="bullhorn", candidate=candidate),
        single(QUEUED),
    )
    meant, requests = talk(
        front,
        lambda c: c.ats.push_candidate(ats_name="bullhorn", candidate=candidate, create=True),
        single(QUEUED),
    )

    assert InvalidRequestError is type(refused)
    assert "create=True" in str(refused)
    assert [] == nothing
    assert "Q1" == meant.item_id
    assert 1 == len(requests)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"candidate": PERSON, "create": True}, InvalidRequestError),
        ({"candidate": {"ats_candidate_id": " "}, "create": False}, InvalidRequestError),
        ({"candidate": PERSON, "create": "yes"}, TypeError),
        ({"candidate": "4711"}, TypeError),
    ],
)
def test_a_push_that_contradicts_itself(front, given, error):
    """
    An id together with `create`, an empty id, or an object that is no candidate is refused unsent.
    """

    async def body(client):
        with pytest.raises(error):
            await client.ats.push_candidate(ats_name="bullhorn", **given)

    front.run(body, "https://api.example.com")


def test_waiting_for_a_push(front, naps):
    """
    The client polls until there are `success_details`.
    """
    push, requests = talk(
        front,
        lambda c: c.ats.wait_for_push("Q1", timeout=60, poll=5),
        single(QUEUED),
        single(FAILED),
        single(DONE),
    )

    assert PushStatus is type(push)
    assert push.is_done
    assert [5, 5] == naps
    assert 3 == len(requests)


@pytest.mark.parametrize(
    ("last", "error", "words"),
    [
        (FAILED, OperationFailedError, "1 attempt by the server failed"),
        (
            {**FAILED, "failure_instances": [{}, {}]},
            OperationFailedError,
            "2 attempts by the server failed",
        ),
        (QUEUED, DeadlineExceededError, "the push was not done in time; its status is 'queued'"),
    ],
)
def test_waiting_for_a_push_in_vain(front, naps, last, error, words):
    """
    After the timeout, the error says whether attempts failed, and has the last response.
    """
    raised, _ = talk(front, lambda c: c.ats.wait_for_push("Q1", timeout=12, poll=5), single(last))

    assert error is type(raised)
    assert words in str(raised)
    assert "Q1" == raised.data.item_id
    assert [5, 5] == naps[:2]
    assert 0 < naps[2] <= 2


def test_connections(front):
    """
    Trap 1: connections have an `integration_id`, and no `id`.
    """
    one = {"integration_id": "I1", "ats_provider": "bullhorn"}
    connections, _ = talk(front, lambda c: c.ats.list_connections(), listed(one))

    assert (AtsConnection(**one),) == connections


def test_a_push_is_looked_at(front):
    """
    Trap 20: the status of a push is a GET by its `item_id`.
    """
    push, _ = talk(front, lambda c: c.ats.get_push("Q1"), single(FAILED))

    assert ({"reason": "down"},) == push.failure_instances
    assert not push.is_done
