"""
Every operation of the contract, on three fronts: its request, and the result of each response.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import jsonschema_rs
import pytest
from contract_answers import CONTRACT, KINDS, OPERATIONS, answer_of, lost, success_of
from fronts import KEY
from inside import AsyncCollection, AsyncSearchable
from resources import FOUND
from talking import URL, talk

from heymilo_async import (
    APIConnectionError,
    Audio,
    ClientClosedError,
    HeyMiloError,
    Model,
    Page,
    RetryPolicy,
    ServerError,
    to_dict,
)

QUESTION = {"modality": "voice", "text": "Why?"}
#: How an error of each operation advises to find out whether it had an effect.
ADVICE = {one.id: one.advice for found in FOUND for one in found.operations}
CANDIDATE = {"name": "Ada Doe", "email": "ada@example.com"}


def plain_calls():
    """
    Yield the operations of plain lists and gets, and how each is called.
    """
    for one in FOUND:
        if issubclass(one.awaited, AsyncCollection):
            found = {"search": "x"} if issubclass(one.awaited, AsyncSearchable) else {}
            name = one.name
            yield (
                one.awaited.list.__operation__.id,
                lambda c, name=name, found=found: getattr(c, name).list(limit=5, **found),
            )
            yield (
                one.awaited.get.__operation__.id,
                lambda c, name=name: getattr(c, name).get("X1"),
            )


#: The call of each operation; all ids are `X1`.
CALLS: dict[str, Callable[[Any], Any]] = dict(plain_calls()) | {
    "createPosting": lambda c: c.postings.create(
        title="Welder",
        workflow=[{"type": "web_interview", "questions": [QUESTION]}, {"type": "resume"}],
    ),
    "listPostingSummaries": lambda c: c.postings.list_summaries(limit=5, search="x"),
    "updatePosting": lambda c: c.postings.update("X1", title="Baker", deadline=None),
    "getPostingStats": lambda c: c.postings.get_stats("X1"),
    "updateInterviewerWorkflowStep": lambda c: c.postings.update_step("X1", 1, {"video": True}),
    "archivePosting": lambda c: c.postings.archive("X1"),
    "activatePosting": lambda c: c.postings.activate("X1"),
    "clonePosting": lambda c: c.postings.clone("X1"),
    "listQuestions": lambda c: c.questions.list("X1", limit=5, modality="sms"),
    "createQuestion": lambda c: c.questions.create("X1", **QUESTION),
    "getQuestion": lambda c: c.questions.get("X0", "X1"),
    "updateQuestion": lambda c: c.questions.update("X0", "X1", text=None, answer={"a": 1}),
    "deleteQuestion": lambda c: c.questions.delete("X0", "X1"),
    "reorderQuestions": lambda c: c.questions.reorder("X1", modality="voice", order=["A", "B"]),
    "ingestCandidate": lambda c: c.candidates.ingest("X1", **CANDIDATE),
    "listCandidates": lambda c: c.candidates.list("X1", limit=5, created_after=1739612400),
    "ingestCandidatesBulk": lambda c: c.candidates.ingest_many("X1", [CANDIDATE]),
    "ingestCandidateAsync": lambda c: c.candidates.enqueue("X1", **CANDIDATE),
    "ingestCandidatesBulkAsync": lambda c: c.candidates.enqueue_many("X1", [CANDIDATE]),
    "getInterviewData": lambda c: c.interviews.get("X1"),
    "getInterviewMetadata": lambda c: c.interviews.get_metadata("X1"),
    "setInterviewMetadata": lambda c: c.interviews.set_metadata("X1", {"a": "b"}),
    "deleteInterviewMetadata": lambda c: c.interviews.delete_metadata("X1"),
    "createWebhook": lambda c: c.webhooks.create(
        posting_id="X1", webhook_url="https://example.com/hook", event_type="interview_completed"
    ),
    "deleteWebhook": lambda c: c.webhooks.delete("X1"),
    "resolveAtsCandidate": lambda c: c.ats.resolve_candidate(
        ats_name="bullhorn", email="ada@example.com"
    ),
    "pushAtsCandidate": lambda c: c.ats.push_candidate(
        ats_name="bullhorn", candidate={"first_name": "Ada"}, create=True
    ),
    "getAtsPushStatus": lambda c: c.ats.get_push("X1"),
    "listAtsConnections": lambda c: c.ats.list_connections(),
    "getVoicePreview": lambda c: c.voices.get_preview("X1"),
    "listWorkspaces": lambda c: c.workspaces.list(),
    "list_agent_types_api_v2_schemas_agents_get": lambda c: c.schemas.list_agent_types(),
    "list_question_types_api_v2_schemas_question_types_get": lambda c: (
        c.schemas.list_question_types()
    ),
    "health_check_health_get": lambda c: c.health.check(detail="full"),
}
DESCRIBED = {
    method.__operation__.id: method.__operation__
    for one in FOUND
    for method in one.methods.values()
    if hasattr(method, "__operation__")
}
WRITES = [name for name, (method, _, _) in OPERATIONS.items() if method != "GET" and name in CALLS]
#: The calls that are not repeated if they may have arrived.
CREATING = [
    "createPosting",
    "clonePosting",
    "createQuestion",
    "ingestCandidate",
    "ingestCandidatesBulk",
    "ingestCandidateAsync",
    "ingestCandidatesBulkAsync",
    "createWebhook",
    "pushAtsCandidate",
]


def ask(front, name, *answers, **options):
    """
    Return the outcome of a call of the operation *name*, and its requests.
    """
    return talk(front, CALLS[name], *answers, **options)


def answered(name, kind="everything", **changes):
    """
    Return a success response of the operation *name* about the requested id.
    """
    status, _ = success_of(name)
    if name == "getVoicePreview":
        return httpx.Response(200, content=b"ID3", headers={"Content-Type": "audio/mpeg"})
    content = answer_of(name, kind)
    if DESCRIBED[name].answers:
        content["data"][DESCRIBED[name].answers] = "x1"
    if isinstance(content.get("data"), dict):
        content["data"].update(changes)
    return httpx.Response(status, json=content)


def plain(result):
    """
    Return the result of a call as JSON.
    """
    if isinstance(result, Page | Model):
        return to_dict(result)
    if isinstance(result, tuple):
        return [plain(one) for one in result]
    return result if not hasattr(result, "keys") else dict(result)


def test_every_operation_is_called_here():
    """
    Traps 48 and 50: the table above contains each operation of the contract, under its own name,
    and each has a method.
    """
    assert [] == [f"CALLS has no {name}" for name in OPERATIONS if name not in CALLS]
    assert set(OPERATIONS) == set(CALLS) == set(DESCRIBED)


@pytest.mark.parametrize("name", [one for one in CALLS if one != "getVoicePreview"])
def test_nothing_of_an_answer_is_lost(front, name):
    """
    Traps 13, 33 to 39, 43: every response that the contract allows is decoded without loss.
    """
    # Other tests cover failures within a success, and what is missing without an item.
    changes = {"success": True, "item_id": "Q1"} if name.endswith("AtsCandidate") else {}
    for kind in KINDS:
        sent = answered(name, kind, **changes)
        result, _ = ask(front, name, sent)

        assert not isinstance(result, HeyMiloError), f"{kind}: {result}"
        content = sent.json()
        if isinstance(result, Page):
            assert [] == lost(content, plain(result)), kind
        else:
            # Traps 7, 8, 10: single envelopes, lists without pagination, and responses without an
            # envelope.
            data = content if DESCRIBED[name].shape == "object" else content["data"]
            assert [] == lost(data, plain(result)), kind


@pytest.mark.parametrize("name", CALLS)
def test_what_goes_out_is_what_the_contract_has(front, name):
    """
    Traps 3, 28, 49: method, path, parameters and body are those of the contract, and the key is
    sent.
    """
    method, path, operation = OPERATIONS[name]
    _, (request,) = ask(front, name, answered(name, success=True, item_id="Q1"))

    assert method == request.method
    ids = iter(["X0", "X1"] if path.count("{") == 2 and name != STEP else ["X1", "1"])
    expected = "/".join(next(ids) if part.startswith("{") else part for part in path.split("/"))
    assert expected == request.url.path
    declared = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    assert set(request.url.params) <= declared
    assert KEY == request.headers["X-API-KEY"]
    body = operation.get("requestBody")
    if body is None:
        assert b"" == request.content
        assert "content-type" not in request.headers
    else:
        assert "application/json" == request.headers["Content-Type"]
        assert str(len(request.content)) == request.headers["Content-Length"]
        schema = {**body["content"]["application/json"]["schema"], "components": COMPONENTS}
        jsonschema_rs.validate(schema, json.loads(request.content))


STEP = "updateInterviewerWorkflowStep"
COMPONENTS = CONTRACT["components"]


@pytest.mark.parametrize("name", CALLS)
def test_what_may_be_sent_again(front, name, naps):
    """
    Traps 16 and 31: after a 503, creating calls are not repeated, and all others are.
    """
    down = [httpx.Response(503)] * 3
    error, requests = ask(front, name, *down)

    assert ServerError is type(error)
    assert (1 if name in CREATING else 3) == len(requests)
    if name in CREATING:
        assert error.maybe_sent
        assert "check" in str(error)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_was_refused_for_now(front, name, naps):
    """
    Case 200: after a 429 any call is repeated, because the server has done nothing.
    """
    busy = httpx.Response(429, headers={"Retry-After": "1"})
    result, requests = ask(front, name, busy, answered(name, success=True, item_id="Q1"))

    assert not isinstance(result, HeyMiloError), str(result)
    assert 2 == len(requests)
    assert requests[0].content == requests[1].content


@pytest.mark.parametrize("name", WRITES)
def test_a_write_whose_answer_was_lost(front, name, naps):
    """
    Case 200: if a creating call may have arrived, it is not repeated, and its error says so.
    """
    gone = [httpx.ReadError("gone")] * 3
    error, requests = ask(front, name, *gone)

    assert isinstance(error, APIConnectionError)
    assert error.maybe_sent
    assert (1 if name in CREATING else 3) == len(requests)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_was_never_sent(front, name, naps):
    """
    Case 200: if no connection was made, any call is repeated.
    """
    refused = httpx.ConnectError("refused")
    result, requests = ask(front, name, refused, answered(name, success=True, item_id="Q1"))

    assert not isinstance(result, HeyMiloError), str(result)
    assert 2 == len(requests)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_whose_answer_cannot_be_read(front, name):
    """
    Case 200: the error about an undecodable success says that the request was carried out; it is
    not repeated.
    """
    error, requests = ask(front, name, httpx.Response(200, json={"data": 5}))

    assert 1 == len(requests)
    assert error.maybe_sent
    assert "the server processed the request itself" in str(error)


@pytest.mark.parametrize("name", sorted(CREATING))
@pytest.mark.parametrize("page", [{"html": "<h1>Sign in</h1>"}, {"text": "Access denied"}])
def test_a_page_in_place_of_an_answer(front, name, page):
    """
    A success that is no JSON may come from a proxy: the error advises to find out what happened.
    """
    error, requests = ask(front, name, httpx.Response(200, **page))

    assert 1 == len(requests)
    assert error.maybe_sent
    assert ADVICE[name] == error.advice


@pytest.mark.parametrize("name", ["deleteQuestion", "deleteWebhook", "deleteInterviewMetadata"])
def test_a_delete_that_may_have_been_done_before(front, name, naps):
    """
    Traps 17 and 18: a 404 after an attempt that may have arrived says so; a first 404 does not.
    """
    again, _ = ask(front, name, httpx.Response(502), httpx.Response(404))
    first, _ = ask(front, name, httpx.Response(404))

    assert (404, True, 2) == (again.status_code, again.maybe_done, len(again.attempts))
    assert "an earlier attempt may have" in str(again)
    assert (404, False) == (first.status_code, first.maybe_done)


@pytest.mark.parametrize("name", [one for one in CALLS if DESCRIBED[one].answers is not None])
def test_an_answer_about_something_else(front, name):
    """
    Trap 5: the contract's id member must have the requested id.
    """
    other = answered(name, **{DESCRIBED[name].answers: "another"})
    error, _ = ask(front, name, other)

    assert f"$.data.{DESCRIBED[name].answers}" == error.path
    assert "sent 'another' instead of 'X1'" in str(error)


def test_a_preview_is_bytes(front):
    """
    Trap 10: a preview is returned as bytes, unchanged.
    """
    sent = httpx.Response(200, content=b"\xff\xfb\x00", headers={"Content-Type": "audio/mpeg"})
    result, (request,) = ask(front, "getVoicePreview", sent)

    assert Audio(content=b"\xff\xfb\x00", content_type="audio/mpeg") == result
    assert "audio/mpeg, application/json" == request.headers["Accept"]


def test_a_preview_on_another_host(front):
    """
    Cases 122 and 202, trap 22: one 302 is followed, over https, without a credential or a caller's
    header.
    """
    there = httpx.Response(302, headers={"Location": "https://cdn.example.com/a.mp3?sig=1"})
    audio = httpx.Response(200, content=b"ID3", headers={"Content-Type": "audio/mpeg"})
    result, (_, followed) = ask(
        front, "getVoicePreview", there, audio, default_headers={"X-Mine": "1"}
    )

    assert b"ID3" == result.content
    assert "https://cdn.example.com/a.mp3?sig=1" == str(followed.url)
    assert {"x-api-key", "authorization", "x-workspace-id", "x-mine", "cookie"}.isdisjoint(
        followed.headers
    )


@pytest.mark.parametrize(
    "location",
    [
        None,
        "http://cdn.example.com/a.mp3",
        "http://127.0.0.1/a.mp3",
        "ftp://cdn.example.com/a",
        "https://user:secret@cdn.example.com/a",
    ],
)
def test_a_preview_that_points_where_nobody_goes(front, location):
    """
    Case 202, trap 22: a redirect to http, to a URL with a password, or to an invalid URL is an
    error, and not followed.
    """
    headers = {} if location is None else {"Location": location}
    error, requests = ask(front, "getVoicePreview", httpx.Response(302, headers=headers))

    assert ("UnexpectedRedirectError", 1) == (type(error).__name__, len(requests))


def test_a_preview_that_points_on(front):
    """
    Case 202: a second redirect is not followed.
    """
    there = httpx.Response(302, headers={"Location": "https://cdn.example.com/a.mp3"})
    error, requests = ask(front, "getVoicePreview", there, there)

    assert ("UnexpectedRedirectError", 2) == (type(error).__name__, len(requests))


def test_a_preview_without_end(front):
    """
    Case 202: a preview from another host is limited to 32 MiB, like any body.
    """
    there = httpx.Response(302, headers={"Location": "https://cdn.example.com/a.mp3"})
    sound = {"Content-Type": "audio/mpeg"}
    large = httpx.Response(200, content=bytes(40 * 1024**2), headers=sound)
    error, requests = ask(front, "getVoicePreview", there, large)

    assert ("ResponseTooLargeError", 2) == (type(error).__name__, len(requests))


def test_a_preview_gets_no_secret_of_the_callers(front):
    """
    Case 202: a caller's header with a secret is sent to the API only.
    """
    there = httpx.Response(302, headers={"Location": "https://cdn.example.com/a.mp3"})
    audio = httpx.Response(200, content=b"ID3", headers={"Content-Type": "audio/mpeg"})
    secret = "canary-of-a-gateway"
    options = {"access_token": "a-token", "default_headers": {"X-Gateway-Token": secret}}
    _, (first, second) = ask(front, "getVoicePreview", there, audio, **options)

    assert secret == first.headers["X-Gateway-Token"]
    assert {"accept", "accept-encoding", "connection", "host", "user-agent"} >= {*second.headers}


@pytest.mark.parametrize("sent", [{"url": "https://example.com"}, None])
def test_a_preview_that_is_no_audio(front, sent):
    """
    A preview that is JSON of an unknown shape is an error that contains it; an empty one is an
    error, too.
    """
    answer = httpx.Response(200) if sent is None else httpx.Response(200, json=sent)
    error, _ = ask(front, "getVoicePreview", answer)

    assert "ResponseDecodeError" == type(error).__name__
    assert (b"" if sent is None else json.dumps(sent, separators=(",", ":")).encode()) == error.body


@pytest.mark.parametrize("name", ["listWorkspaces", "listAtsConnections", "reorderQuestions"])
def test_a_list_that_cannot_be_walked_says_that_there_is_more(front, name, caplog):
    """
    Trap 9: if a list without pagination says that there is more, that is logged, because no page
    can be requested.
    """
    content = answer_of(name, "everything")
    content["pagination"]["has_more"] = True
    ask(front, name, httpx.Response(200, json=content))

    assert "the server has more items" in caplog.text


def test_a_closed_client(front):
    """
    A closed client sends nothing, for every operation.
    """

    async def body(client):
        await client.aclose()
        outcomes = []
        for call in CALLS.values():
            try:
                outcomes.append(await call(client))
            except HeyMiloError as error:
                outcomes.append(type(error))
        return outcomes

    assert [ClientClosedError] * len(CALLS) == front.run(body, URL)


def test_once_is_once(front):
    """
    With `max_attempts=1` no request is repeated.
    """
    once = RetryPolicy(max_attempts=1)
    _, requests = ask(front, "getPosting", httpx.Response(503), retry=once)

    assert 1 == len(requests)
