"""
The sandbox's interviews: their results grow with the candidate's progress, and they have metadata.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest
from sandbox_operations import CONTRACT

from heymilo_async import sandbox

Api = Callable[..., Any]

SLOTS = {
    "agent_res": "resume",
    "agent_form": "form",
    "agent_sms": "sms",
    "agent_vi": "web_interview",
}
NOT_READY = {"pending", "in_progress", "evaluating"}
SCHEMA = {
    "$ref": "#/components/schemas/InterviewDataResponse",
    "components": CONTRACT["components"],
}


def with_status(milo: sandbox.Sandbox, *statuses: str) -> list[Any]:
    """
    Return the candidates whose status is one of *statuses*; there must be at least one.
    """
    found = [one for one in milo.stores["candidates"] if one.status in statuses]
    assert found
    return found


def test_there_is_a_result_of_each_step_that_has_ended(milo: sandbox.Sandbox, api: Api) -> None:
    """
    Results fit the contract at any time, for any candidate.
    """
    check = jsonschema_rs.validator_for(SCHEMA)
    for _ in range(3):
        for one in milo.stores["candidates"]:
            data = api("GET", f"/interviews/{one.interview_id}/data").body["data"]
            ended = {
                SLOTS[step["step_id"].rpartition("_")[0]]
                for step in one.workflow["steps"]
                if step["status"] in {"completed", "knocked_out"}
            }
            check.validate(data)
            assert ended == {name for name in SLOTS.values() if data[name] is not None}
            assert one.score == data["score"]
            assert (one.status if one.status not in NOT_READY else "not_ready") == data["status"]
        milo.advance(days=2)


def test_results_are_about_what_was_asked(milo: sandbox.Sandbox, api: Api, posting: str) -> None:
    """
    Each question of the posting has an answer with its id, in the posting's order.
    """
    one = next(
        one for one in with_status(milo, "completed", "shortlisted") if one.posting_id == posting
    )
    data = api("GET", f"/interviews/{one.interview_id}/data").body["data"]
    asked: dict[str, list[str]] = {}
    for question in api("GET", f"/postings/{posting}/questions?limit=100").body["data"]:
        asked.setdefault(question["modality"], []).append(question["id"])

    assert asked["voice"] == [q["question_id"] for q in data["web_interview"]["scorecard"]]
    assert asked["sms"] == [q["criteria_id"] for q in data["sms"]["criteria"]]
    assert asked["form"] == [q["question_id"] for q in data["form"]["questions"]]
    assert asked["resume_scoring"] == [q["criteria_id"] for q in data["resume"]["score_criteria"]]
    times = [entry["timestamp"] for entry in data["web_interview"]["transcript"]]
    assert sorted(times) == times


def test_cheating_is_looked_for_where_it_is_set_up(milo: sandbox.Sandbox, api: Api) -> None:
    """
    It is absent if it is switched off, and before the interview.
    """
    done, *_ = with_status(milo, "completed")
    pending, *_ = with_status(milo, "pending")
    path = f"/interviews/{done.interview_id}/data"
    steps = f"/postings/{done.posting_id}/workflow/web_interview"

    assert api("GET", path).body["data"]["cheat_detection"]["enabled"] is True
    assert (
        api("GET", f"/interviews/{pending.interview_id}/data").body["data"]["cheat_detection"]
        is None
    )
    off = {"config": {"cheat_detection_config": {"enabled": False}}}
    assert 200 == api("PATCH", steps, off).status
    assert api("GET", path).body["data"]["cheat_detection"] is None


@pytest.mark.parametrize(
    ("how", "meta", "says"),
    [("data", None, True), ("meta", {"status": "not_ready"}, False), ("nowhere", None, False)],
)
def test_not_ready_may_stand_anywhere(
    milo: sandbox.Sandbox, api: Api, how: str, meta: Any, says: bool
) -> None:
    """
    Where an interview says so is an assumption.
    """
    milo.assume(not_ready=how)
    for one in with_status(milo, *NOT_READY):
        answer = api("GET", f"/interviews/{one.interview_id}/data").body

        assert meta == answer["meta"]
        assert ("not_ready" if says else one.status) == answer["data"]["status"]


def test_not_ready_may_be_all_there_is(milo: sandbox.Sandbox, api: Api) -> None:
    """
    The interview then lacks members that the contract requires.
    """
    milo.assume(not_ready="bare")
    one, *_ = with_status(milo, *NOT_READY)

    answer = api("GET", f"/interviews/{one.interview_id}/data").body

    assert {"object": "interview_data", "status": "not_ready"} == answer["data"]


def test_an_interview_of_a_posting_that_is_gone_has_no_results(
    milo: sandbox.Sandbox, api: Api, posting: str
) -> None:
    """
    The candidate's name and address remain.
    """
    one = next(one for one in milo.stores["candidates"] if one.posting_id == posting)
    milo.stores["postings"].remove(posting)
    data = api("GET", f"/interviews/{one.interview_id}/data").body["data"]

    assert (one.name, None) == (data["name"], data["web_interview"])


def test_metadata_is_set_and_deleted(milo: sandbox.Sandbox, api: Api) -> None:
    """
    Whether keys that are not sent remain is an assumption; the candidate shows the metadata, too.
    """
    one = next(iter(milo.stores["candidates"]))
    path = f"/interviews/{one.interview_id}/metadata"
    api("POST", path, {"metadata": {"a": "1", "b": "2"}})
    merged = api("POST", path, {"metadata": {"b": "3"}}).body["data"]
    milo.assume(metadata_merges=False)
    replaced = api("POST", path, {"metadata": {"b": "4"}}).body["data"]

    assert {"object": "metadata", "metadata": {**one.metadata, "a": "1", "b": "3"}} == merged
    assert {"object": "metadata", "metadata": {"b": "4"}} == replaced
    assert replaced == api("GET", path).body["data"]
    assert {"b": "4"} == next(iter(milo.stores["candidates"])).metadata
    for _ in range(2):
        assert {} == api("DELETE", path).body["data"]["metadata"]


def test_metadata_has_its_limits_after_merging(milo: sandbox.Sandbox, api: Api) -> None:
    """
    One key too many is refused, and changes nothing.
    """
    one = next(iter(milo.stores["candidates"]))
    path = f"/interviews/{one.interview_id}/metadata"
    milo.assume(metadata_merges=False)
    full = {f"key {n}": "" for n in range(50)}
    assert 200 == api("POST", path, {"metadata": full}).status
    milo.assume(metadata_merges=True)

    answer = api("POST", path, {"metadata": {"one more": ""}})

    assert [["body", "metadata"]] == [issue["loc"] for issue in answer.body["detail"]]
    assert full == api("GET", path).body["data"]["metadata"]
