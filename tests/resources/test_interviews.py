"""
Interviews: their results, incomplete ones, waiting, and metadata.
"""

from __future__ import annotations

import attrs
import httpx
import pytest
from contract_answers import answer_of, lost
from talking import sent, single, talk

from heymilo_async import (
    DeadlineExceededError,
    InterviewData,
    InvalidRequestError,
    Model,
    ResponseDecodeError,
    ResponseMismatchError,
    from_dict,
    to_dict,
)

LEAST = {**answer_of("getInterviewData", "least")["data"], "interview_id": "I1"}
WHOLE = {**answer_of("getInterviewData", "everything")["data"], "interview_id": "I1"}


def get(client):
    """
    Get the interview.
    """
    return client.interviews.get("I1")


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {**LEAST, "status": "not_ready"}},
        {"data": {"status": "not_ready"}},
        {"data": {"status": "not_ready", "interview_id": "I1", "name": None, "email": None}},
        {"data": {"status": "not_ready", "web_interview": {}}},
        {"data": {"status": "not_ready", "interview_id": "I1", "web_interview": None}},
        {"data": None, "meta": {"status": "not_ready"}},
        {"data": {}, "meta": {"status": "not_ready"}},
        {"data": {"interview_id": "I1"}, "status": "not_ready"},
        {"meta": {"status": "not_ready"}},
    ],
)
def test_an_interview_that_is_not_ready(front, answer):
    """
    Trap 39: the word `not_ready` in any place makes an interview that is not ready, whatever it
    lacks.
    """
    data, _ = talk(front, get, httpx.Response(200, json=answer))

    assert InterviewData is type(data)
    assert ("I1", "not_ready", False) == (data.interview_id, data.status, data.is_ready)
    assert [] == lost(answer.get("data") or {}, to_dict(data))


def test_a_part_that_is_not_whole_is_kept(front):
    """
    An incomplete part of an interview that is not ready is in `.extra`, and in the result of
    `to_dict`.
    """
    part = {"transcript": "soon"}
    data, _ = talk(front, get, single({**LEAST, "status": "not_ready", "web_interview": part}))

    assert None is data.web_interview
    assert part == data.extra["web_interview"] == to_dict(data)["web_interview"]
    assert "soon" not in repr(data)


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {**LEAST, "status": "not_ready", "interview_id": 5}},
        {"data": 5, "meta": {"status": "not_ready"}},
        {"data": {**WHOLE, "web_interview": {"transcript": 5}}},
        {"data": {name: value for name, value in LEAST.items() if name != "name"}},
        {"data": {**LEAST, "name": None}},
        {"data": {**LEAST, "name": None}, "meta": {"status": "done"}},
        {"data": None},
        [],
        5,
    ],
)
def test_what_is_no_interview(front, answer):
    """
    Any other interview that lacks a required member is an error.
    """
    error, _ = talk(front, get, httpx.Response(200, json=answer))

    assert ResponseDecodeError is type(error)


def test_a_whole_interview_whose_meta_says_not_ready(front):
    """
    If all required members are present, the interview's own status decides.
    """
    answer = {"data": LEAST, "meta": {"status": "not_ready"}}
    data, _ = talk(front, get, httpx.Response(200, json=answer))

    assert LEAST["status"] == data.status


def test_a_model_is_read_without_an_envelope():
    """
    `from_dict` reads the result of `to_dict`, also of an interview that is not ready.
    """
    unready = from_dict(InterviewData, {"interview_id": "I1", "status": "not_ready"})

    assert unready == from_dict(InterviewData, to_dict(unready))


def test_scales_and_times_of_an_interview(front):
    """
    Traps 33, 36, 37: offsets are seconds from the start, messages have times, scores are unchanged.
    """
    data, _ = talk(front, get, single(WHOLE))

    assert 2.5 == data.web_interview.transcript[0].timestamp
    assert None is not data.sms.transcript[0].timestamp.tzinfo
    assert type(data.web_interview.match_score) is int
    assert type(data.score) is float


def test_an_interview_of_two_megabytes(front):
    """
    A long interview is read completely.
    """
    entry = {**WHOLE["web_interview"]["transcript"][0], "text": "x" * 4000}
    web = {**WHOLE["web_interview"], "transcript": [entry] * 500}
    answer = single({**WHOLE, "web_interview": web})
    data, _ = talk(front, get, answer)

    assert len(answer.content) > 2_000_000
    assert web["transcript"] == to_dict(data)["web_interview"]["transcript"]


def test_waiting_for_an_interview(front, naps):
    """
    The client polls until the interview is over and evaluated.
    """
    statuses = ["pending", "in_progress", "evaluating", "not_ready", "completed"]
    answers = [single({**LEAST, "status": one}) for one in statuses]
    data, requests = talk(
        front, lambda c: c.interviews.wait_until_ready("I1", timeout=600, poll=60), *answers
    )

    assert "completed" == data.status
    assert [60] * 4 == naps
    assert 5 == len(requests)


def test_waiting_for_an_interview_in_vain(front, naps):
    """
    After the timeout, the error has the last state of the interview.
    """
    error, _ = talk(
        front,
        lambda c: c.interviews.wait_until_ready("I1", timeout=90, poll=60),
        single({**LEAST, "status": "pending"}),
    )

    assert DeadlineExceededError is type(error)
    assert "pending" == error.data.status
    assert "GET /api/v2/interviews/I1/data" == error.request
    assert str(error).startswith(f"{error.request}: the interview was not ready in time")
    assert [200] == [attempt.status_code for attempt in error.attempts]
    assert 60 == naps[0]
    assert 0 < naps[1] <= 30


def test_waiting_ends_with_the_clients_deadline(front, naps):
    """
    The client's deadline ends the wait; if the last poll comes too late, the error has the state
    before.
    """
    error, _ = talk(
        front,
        lambda c: c.interviews.wait_until_ready("I1", timeout=90, poll=60),
        single({**LEAST, "status": "pending"}),
        deadline=30,
    )

    assert (DeadlineExceededError, "pending") == (type(error), error.data.status)
    assert 0 < sum(naps) <= 30


def test_waiting_without_an_answer(front, naps):
    """
    If no poll got a response in time, the error has no state.
    """
    late = httpx.Response(503, headers={"Retry-After": "50"})
    error, _ = talk(front, lambda c: c.interviews.wait_until_ready("I1", timeout=40, poll=5), late)

    assert 503 == error.status_code


@pytest.mark.parametrize("given", [{"timeout": 0}, {"timeout": 5, "poll": 0}])
def test_waits_that_cannot_work(front, given):
    """
    A timeout of zero is refused unsent.
    """
    error, requests = talk(
        front, lambda c: c.interviews.wait_until_ready("I1", **given), single(LEAST)
    )

    assert (InvalidRequestError, []) == (type(error), requests)


def test_several_interviews(front):
    """
    Several interviews are fetched at once, in order, each with its own outcome.
    """

    def answer(request):
        name = request.url.path.split("/")[-2]
        return single({**LEAST, "interview_id": name}) if name != "I3" else httpx.Response(404)

    many, _ = talk(front, lambda c: c.interviews.get_many(["I1", "I2"]), answer)
    settled, _ = talk(front, lambda c: c.interviews.get_many_settled(["I3", "I1"]), answer)

    assert ["I1", "I2"] == [one.interview_id for one in many]
    assert (404, "I1") == (settled[0].status_code, settled[1].interview_id)


def test_metadata(front):
    """
    Traps 12, 14 and 28: it is wrapped in `metadata`, has no id, and is not the envelope's `meta`.
    """
    answer = {"object": "metadata", "metadata": {"a": "b"}}
    metadata, (request,) = talk(
        front, lambda c: c.interviews.set_metadata("I1", {"a": "b"}), single(answer)
    )
    empty, _ = talk(front, lambda c: c.interviews.delete_metadata("I1"), single({"object": "x"}))
    got, _ = talk(front, lambda c: c.interviews.get_metadata("I1"), single(answer))

    assert {"metadata": {"a": "b"}} == sent(request)
    assert {"a": "b"} == metadata.metadata == got.metadata
    assert {} == empty.metadata


@pytest.mark.parametrize(
    "metadata",
    [
        {f"key {n}": "" for n in range(51)},
        {"k" * 41: ""},
        {"key": "v" * 501},
    ],
)
def test_metadata_beyond_its_bounds(front, metadata):
    """
    Trap 32: the limits of 50 keys, 40 and 500 characters are in no schema, but are checked unsent.
    """
    error, requests = talk(
        front, lambda c: c.interviews.set_metadata("I1", metadata), single({"object": "x"})
    )

    assert (InvalidRequestError, []) == (type(error), requests)


def test_links_are_masked(front):
    """
    Trap 45: a link gives access to the recording, so `repr` shows none at any depth.
    """
    data, _ = talk(front, get, single(WHOLE))
    (movement,) = data.cheat_detection.web_interview.interview_integrity.aggregated.movements
    links = [
        (data.web_interview, "audio_recording_url"),
        (data.web_interview, "video_recording_url"),
        (data.resume, "resume_url"),
        (movement, "image"),
    ]

    for holder, name in links:
        assert f"{name}=***" in repr(holder)
        assert f"some {name}" not in repr(data)
        assert f"some {name}" == getattr(holder, name) == to_dict(holder)[name]


def test_links_of_an_incomplete_part_are_masked(front):
    """
    Trap 45: the same holds for an incomplete part of an interview that is not ready.
    """
    part = {"audio_recording_url": "https://cdn.example.com/1.mp3?signature=abc"}
    answer = {**LEAST, "status": "not_ready", "web_interview": part, "more": [1]}
    data, _ = talk(front, get, single(answer))

    assert "signature" not in repr(data)
    assert "'more': [1]" in repr(data)


def _models_in(value):
    if isinstance(value, Model):
        yield value
        for field in attrs.fields(type(value)):
            yield from _models_in(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _models_in(item)


def test_new_members_at_every_depth(front):
    """
    Trap 39: an unknown member is in the `.extra` of its own level.
    """
    news = {**answer_of("getInterviewData", "news")["data"], "interview_id": "I1"}
    data, _ = talk(front, get, single(news))
    found = list(_models_in(data))

    assert 28 == len({type(one) for one in found})
    assert [{"new_member": {"of": ["a", 1]}}] * len(found) == [one.extra for one in found]


def test_lists_that_are_null_or_absent(front):
    """
    Trap 35: a missing list is empty; null is None in the only list that may be null.
    """
    absent, _ = talk(front, get, single({**LEAST, "cheat_detection": {}}))
    null, _ = talk(front, get, single({**LEAST, "cheat_detection": {"types": None}}))
    bare, _ = talk(front, get, single({**LEAST, "resume": {"interview_id": "I1"}}))
    wrong = {"resume": {"interview_id": "I1", "score_criteria": None}}
    error, _ = talk(front, get, single({**LEAST, **wrong}))

    assert () == absent.cheat_detection.types
    assert None is null.cheat_detection.types
    assert () == bare.resume.score_criteria == bare.resume.eligibility_criteria
    assert (ResponseDecodeError, "$.data.resume.score_criteria") == (type(error), error.path)


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ({"score": "78.5"}, "score"),
        (
            {"web_interview": {"interview_id": "I1", "match_score": 82.5}},
            "web_interview.match_score",
        ),
        ({"web_interview": {"interview_id": "I1"}}, "web_interview.match_score"),
        ({"metadata": {"key": 1}}, "metadata"),
        ({"workflow": {"steps": []}}, "workflow.all_complete"),
    ],
)
def test_numbers_and_members_are_as_the_contract_says(front, part, path):
    """
    Trap 37: an integer accepts no fraction, and text is not converted.
    """
    error, _ = talk(front, get, single({**LEAST, **part}))

    assert (ResponseDecodeError, f"$.data.{path}") == (type(error), error.path)


def test_texts_that_look_like_times_and_words(front):
    """
    Traps 33 and 38: times of an unknown format stay text, and three names are in camel case.
    """
    data, _ = talk(front, get, single(WHOLE))
    integrity = data.cheat_detection.web_interview.interview_integrity
    scan = data.cheat_detection.resume.gpt_detection

    assert ("some created_at", "some updated_at") == (integrity.created_at, integrity.updated_at)
    assert "some timestamp_str" == data.web_interview.transcript[0].timestamp_str
    assert ("some scanId", "some neatVersion") == (scan.scanId, scan.neatVersion)
    assert "some editorDocumentId" == scan.editorDocumentId


def test_free_objects_cannot_be_changed(front):
    """
    An object without a schema becomes an immutable, hashable mapping.
    """
    data, _ = talk(front, get, single(WHOLE))
    cheat = data.cheat_detection.web_interview

    for free in (data.data, cheat.tab_switch_detection, cheat.integrity_analysis_v2):
        assert {"of": ["any", "form", 1, None]} == free["free"]
        assert not hasattr(free, "update")
    assert hash(data) == hash(from_dict(InterviewData, to_dict(data)))


@pytest.mark.parametrize("status", ["completed", "not_ready"])
def test_another_interview(front, status):
    """
    Traps 1 and 5: the response must be about the requested `interview_id`, ready or not.
    """
    error, _ = talk(front, get, single({**LEAST, "interview_id": "I2", "status": status}))
    same, _ = talk(front, get, single({**LEAST, "interview_id": "i1", "status": status}))

    assert (ResponseMismatchError, "$.data.interview_id") == (type(error), error.path)
    assert "i1" == same.interview_id


def test_what_came_with_an_interview_that_is_not_ready(front):
    """
    Trap 12: `raw` returns the response's `meta`, which may contain the word.
    """
    meta = {"status": "not_ready", "retry": 60}
    response, _ = talk(
        front, lambda c: c.raw(c.interviews.get, "I1"), httpx.Response(200, json={"meta": meta})
    )

    assert ("not_ready", meta) == (response.data.status, response.meta)


@pytest.mark.parametrize("status", ["completed", "shortlisted", "dismissed", "knocked_out", "new"])
def test_words_that_end_a_wait(front, naps, status):
    """
    Traps 39 and 40: any status except the four ends the wait, even an unknown one.
    """
    data, requests = talk(
        front,
        lambda c: c.interviews.wait_until_ready("I1", timeout=1),
        single({**LEAST, "status": status}),
    )

    assert (status, True, 1, []) == (data.status, data.is_ready, len(requests), naps)


def test_metadata_is_set_again_after_a_failure(front, naps):
    """
    Traps 16 and 31: it is a POST with status 200 that may be repeated.
    """
    answer = {"object": "metadata", "metadata": {"a": "b"}}
    metadata, requests = talk(
        front,
        lambda c: c.interviews.set_metadata("I1", {"a": "b"}),
        httpx.Response(503),
        single(answer),
    )

    assert [("POST", "/api/v2/interviews/I1/metadata")] * 2 == [
        (request.method, request.url.path) for request in requests
    ]
    assert {"metadata": {"a": "b"}} == sent(requests[0]) == sent(requests[1])
    assert {"a": "b"} == metadata.metadata


def test_metadata_without_its_object(front):
    """
    Trap 14: here `object` is required, with any value.
    """
    error, _ = talk(front, lambda c: c.interviews.get_metadata("I1"), single({"metadata": {}}))

    assert (ResponseDecodeError, "$.data.object") == (type(error), error.path)


@pytest.mark.parametrize("metadata", ["a=b", [("a", "b")], {"a": 1}, {1: "a"}, None])
def test_what_is_no_metadata(front, metadata):
    """
    Metadata is a mapping of str to str; anything else is refused unsent.
    """

    async def refused(client):
        with pytest.raises(TypeError, match="metadata"):
            await client.interviews.set_metadata("I1", metadata)

    _, requests = talk(front, refused, single({"object": "x"}))

    assert [] == requests
