"""
The questions of the sandbox's postings: created, updated, ordered, deleted softly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from heymilo_async import sandbox

Api = Callable[..., Any]


def listed(api: Api, posting: str, modality: str | None = None) -> list[dict[str, Any]]:
    """
    Return the active questions of a posting.
    """
    query = "" if modality is None else f"&modality={modality}"
    found: list[dict[str, Any]] = api(
        "GET", f"/postings/{posting}/questions?limit=100{query}"
    ).body["data"]
    return found


def test_questions_are_listed_by_modality(api: Api, posting: str) -> None:
    """
    Without a modality all are listed, mixed; an unknown modality is refused.
    """
    everything = listed(api, posting)
    voices = listed(api, posting, "voice")

    assert ["voice"] * 3 == [one["modality"] for one in voices]
    assert len(voices) < len(everything)
    answer = api("GET", f"/postings/{posting}/questions?modality=telepathy")
    assert [["query", "modality"]] == [one["loc"] for one in answer.body["detail"]]


def test_a_new_question_comes_last(api: Api, posting: str) -> None:
    """
    It is the last one of its modality.
    """
    body = {"modality": "voice", "text": "Why?", "question_type": "scored"}
    made = api("POST", f"/postings/{posting}/questions", body)

    assert (201, 4, "scored") == (
        made.status,
        made.body["data"]["rank"],
        made.body["data"]["question_type"],
    )
    assert made.body["data"] == listed(api, posting, "voice")[-1]


def test_unknown_members_are_ignored(api: Api, posting: str) -> None:
    """
    Also those that only a response has, such as `object` and `rank`.
    """
    body = {"modality": "voice_tags", "text": "Notice"}
    others = {"object": "tag", "id": "mine", "rank": 9, "created_at": 0, "color": "red"}
    made = api("POST", f"/postings/{posting}/questions", {**body, **others})

    assert 201 == made.status
    question = made.body["data"]
    assert body.items() <= question.items()
    assert ("question", 2) == (question["object"], question["rank"])
    assert "color" not in question
    assert others["id"] != question["id"]
    assert others["created_at"] != question["created_at"]


def test_a_whole_number_may_be_written_with_a_point(api: Api, posting: str) -> None:
    """
    JSON Schema takes 5.0 for an integer, and the response has 5; other numbers stay as they are.
    """
    question = {"modality": "voice", "text": "Why?", "score_weight": 5.0, "slider_min": 5.0}
    free = {"structured_config": {"score_weight": 5.0}}
    made = api("POST", f"/postings/{posting}/questions", {**question, **free}).body["data"]
    steps = [{"type": "resume"}, {"type": "form", "questions": [question]}]
    new = {"title": "Baker", "workflow": steps, "max_retakes": 2.0, "retake_cooldown_days": 2.0}
    other = api("POST", "/postings", new).body["data"]["posting"]
    [asked] = listed(api, other["id"], "voice")

    assert [int, float, float] == [
        type(made["score_weight"]),
        type(made["slider_min"]),
        type(made["structured_config"]["score_weight"]),
    ]
    assert [int, float] == [type(asked["score_weight"]), type(asked["slider_min"])]
    assert [int, float] == [type(other["max_retakes"]), type(other["retake_cooldown_days"])]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"modality": "sms"}, "YES_NO"),
        ({"modality": "sms", "expected_value": 3}, "NUMERIC"),
        ({"modality": "form"}, "textarea"),
        ({"modality": "form", "dropdown_values": [{"label": "a"}]}, "dropdown"),
        ({"modality": "form", "file_types": [".pdf"]}, "file_upload"),
        ({"modality": "form", "slider_min": 0}, "slider"),
        ({"modality": "voice_tags"}, None),
    ],
)
def test_the_server_finds_the_type(
    milo: sandbox.Sandbox, api: Api, posting: str, body: dict[str, Any], kind: str | None
) -> None:
    """
    Whether the server also does so if one was sent is an assumption.
    """
    path = f"/postings/{posting}/questions"
    made = api("POST", path, {**body, "text": "Why?"}).body["data"]
    milo.assume(infers_question_type=False)
    kept = api("POST", path, {**body, "text": "Why?", "question_type": "mine"}).body["data"]

    assert (kind, "mine") == (made["question_type"], kept["question_type"])


def test_an_update_changes_what_it_names(milo: sandbox.Sandbox, api: Api, posting: str) -> None:
    """
    The modality and the rank do not change; the effect of null is an assumption.
    """
    before = listed(api, posting, "sms")[0]
    path = f"/postings/{posting}/questions/{before['id']}"
    sent = {"text": "How many?", "expected_value": 3, "modality": "voice", "rank": 9}
    after = api("PATCH", path, sent).body["data"]
    expected = {"text": "How many?", "expected_value": 3, "question_type": "NUMERIC"}
    nulls = {"text": None, "expected_value": None}
    milo.assume(null_clears=False, infers_question_type=False)
    ignored = api("PATCH", path, nulls).body["data"]
    milo.assume(null_clears=True)
    cleared = api("PATCH", path, nulls).body["data"]

    assert {**before, **expected, "updated_at": after["updated_at"]} == after
    assert after == ignored
    assert {**after, "expected_value": None} == cleared


def test_a_deleted_question_is_gone_from_the_list(
    milo: sandbox.Sandbox, api: Api, posting: str
) -> None:
    """
    The response is the question; whether `get` still finds it is an assumption.
    """
    question = listed(api, posting)[0]
    path = f"/postings/{posting}/questions/{question['id']}"

    assert (200, question) == ((gone := api("DELETE", path)).status, gone.body["data"])
    assert question not in listed(api, posting)
    clone = api("POST", f"/postings/{posting}/clone").body["data"]["id"]
    assert [one["text"] for one in listed(api, posting)] == [
        one["text"] for one in listed(api, clone)
    ]
    assert [404] * 3 == [
        api("GET", path).status,
        api("PATCH", path, {"text": "Why?"}).status,
        api("DELETE", path).status,
    ]
    milo.assume(deleted_found=True)
    assert [200, 200] == [api("GET", path).status, api("DELETE", path).status]


def test_a_question_belongs_to_its_posting(milo: sandbox.Sandbox, api: Api, posting: str) -> None:
    """
    The path of another posting gives a 404.
    """
    other = list(milo.stores["postings"])[1].id
    question = listed(api, posting)[0]["id"]

    assert 404 == api("GET", f"/postings/{other}/questions/{question}").status


def test_an_order_has_every_active_question(milo: sandbox.Sandbox, api: Api, posting: str) -> None:
    """
    The response is a list in that order; an incomplete order is refused with an assumed status.
    """
    ids = [one["id"] for one in listed(api, posting, "voice")]
    path = f"/postings/{posting}/questions/reorder"
    placed = api("POST", path, {"modality": "voice", "order": ids[::-1]}).body

    assert list(zip(ids[::-1], (1, 2, 3), strict=True)) == [
        (one["id"], one["rank"]) for one in placed["data"]
    ]
    assert {"has_more": False, "total_count": 3} == {
        name: placed["pagination"][name] for name in ("has_more", "total_count")
    }
    for order in (ids[1:], [*ids, "nobody"], [*ids, ids[0]]):
        answer = api("POST", path, {"modality": "voice", "order": order})
        assert [["body", "order"]] == [one["loc"] for one in answer.body["detail"]]
    for status in (400, 404):
        milo.assume(incomplete_order=status)
        answer = api("POST", path, {"modality": "voice", "order": ids[1:]})
        assert (status, "order") == (answer.status, answer.body["error"]["param"])
