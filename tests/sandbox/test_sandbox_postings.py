"""
The sandbox's postings: created from steps or a template, updated, archived, activated, cloned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from heymilo_async import sandbox

Api = Callable[..., Any]

#: 5 January 2026, nine in the morning.
NOW = 1_767_603_600.0


def refusal(answer: Any) -> tuple[int, str, str | None]:
    """
    Return the status, the code and the parameter of a refusal in the envelope.
    """
    return answer.status, answer.body["error"]["code"], answer.body["error"]["param"]


def places(answer: Any) -> list[str]:
    """
    Return the locations of the errors in a 422, below the body or the path.
    """
    assert 422 == answer.status
    return [".".join(map(str, one["loc"][1:])) for one in answer.body["detail"]]


def of_the_ats(milo: sandbox.Sandbox) -> str:
    """
    Return the id of the template of a job in an ATS.
    """
    return str(list(milo.stores["interview_templates"])[-1].id)


def test_a_posting_is_made_from_its_steps(api: Api) -> None:
    """
    It is active, its steps have ids and an order, and it has questions for each of them.
    """
    workflow = [
        {"type": "resume"},
        {"type": "web_interview", "questions": [{"modality": "voice", "text": "Why?"}]},
    ]
    made = api("POST", "/postings", {"title": "Baker", "workflow": workflow}).body["data"]
    posting, asked = made["posting"], f"/postings/{made['id']}/questions"
    questions = api("GET", asked).body["data"]

    assert ("active", NOW, posting["urls"]) == (made["status"], made["created_at"], made["urls"])
    assert [("resume", 1), ("web_interview", 2)] == [
        (step["type"], step["order"]) for step in posting["workflow"]
    ]
    assert ("en", "Sarah", "") == tuple(
        posting[name] for name in ("language", "interviewer_name", "description")
    )
    assert ["resume_eligibility", "resume_scoring", "resume_scoring", "voice"] == [
        one["modality"] for one in questions
    ]
    assert "Why?" == questions[-1]["text"]
    assert posting == api("GET", f"/postings/{made['id']}").body["data"]


def test_a_config_is_filled_in(api: Api) -> None:
    """
    The server chooses values that are null or left out, and ignores unknown members.
    """
    config = {"video": None, "num_questions": 7, "colour": "red"}
    questions = [{"modality": "sms", "text": "How many?", "expected_value": 3}]
    workflow = [
        {"type": "web_interview", "config": config},
        {"type": "conversational_sms", "questions": questions},
    ]
    made = api("POST", "/postings", {"title": "Baker", "workflow": workflow}).body["data"]
    found = made["posting"]["workflow"][0]["config"]
    (question,) = api("GET", f"/postings/{made['id']}/questions?modality=sms").body["data"]

    assert (True, 7, False) == (found["video"], found["num_questions"], "colour" in found)
    assert "NUMERIC" == question["question_type"]


def test_unknown_members_of_a_steps_question_are_ignored(api: Api) -> None:
    """
    Also those that only other schemas of a question have.
    """
    question = {"modality": "voice", "text": "Why?", "score_weight": 0}
    others = {"object": "mine", "rank": 9, "color": "red", "structured_config": {"a": 1}}
    workflow = [{"type": "web_interview", "questions": [{**question, **others}], "color": "red"}]
    made = api("POST", "/postings", {"title": "Baker", "workflow": workflow})

    assert 201 == made.status
    assert {"id", "type", "order", "config"} == {*made.body["data"]["posting"]["workflow"][0]}
    [listed] = api("GET", f"/postings/{made.body['data']['id']}/questions").body["data"]
    assert {**question, "object": "question", "rank": 1}.items() <= listed.items()
    assert None is listed["structured_config"]
    assert "color" not in listed


def test_a_deadline_is_a_month_away_by_default(api: Api) -> None:
    """
    A month is a calendar month, whether the deadline is left out or null; a given one must be a
    time.
    """
    bare = {"title": "Baker", "workflow": [{"type": "form"}]}
    given = [{}, {"deadline": None}, {"deadline": "2026-03-01T00:00:00Z"}]
    made = [api("POST", "/postings", {**bare, **one}).body["data"]["posting"] for one in given]

    a_month = 31 * 86_400
    assert [NOW + a_month, NOW + a_month, 1_772_323_200.0] == [one["deadline"] for one in made]
    assert ["deadline"] == places(api("POST", "/postings", {**bare, "deadline": "soon"}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        # Only `created_after` and `created_before` may be Unix seconds.
        "1772323200",
        "1772323200.5",
        "-5",
        "9" * 400,
        # After the year 9999, and before the year 1, in UTC.
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
    ],
)
def test_a_deadline_is_in_iso_8601(api: Api, posting: str, text: str) -> None:
    """
    Anything else is refused, for a new posting and for an update, and so is a time that a response
    could not contain.
    """
    new = {"title": "Baker", "workflow": [{"type": "resume"}], "deadline": text}

    assert ["deadline"] == places(api("POST", "/postings", new))
    assert ["deadline"] == places(api("PATCH", f"/postings/{posting}", {"deadline": text}))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-03-01", 1_772_323_200.0),
        ("2026-03-01T00:00:00", 1_772_323_200.0),
        ("2026-03-01T02:00:00.500+02:00", 1_772_323_200.5),
        ("0001-01-01T00:00:00Z", -62_135_596_800.0),
        ("9999-12-31T23:59:59Z", 253_402_300_799.0),
    ],
)
def test_a_deadline_comes_back_in_unix_seconds(
    api: Api, posting: str, text: str, seconds: float
) -> None:
    """
    Without an offset it is in UTC.
    """
    answer = api("PATCH", f"/postings/{posting}", {"deadline": text})

    assert (200, seconds) == (answer.status, answer.body["data"]["deadline"])


def test_a_format_that_no_answer_has(api):
    """
    The contract allows any string as the format of a step's question, but no response could have
    it.
    """
    questions = [
        {"modality": "form", "text": "When?", "response_format": one}
        for one in ("date", None, "haiku")
    ]
    workflow = [{"type": "resume", "questions": None}, {"type": "form", "questions": questions}]
    refused = api("POST", "/postings", {"title": "Baker", "workflow": workflow})

    assert ["workflow.1.questions.2.response_format"] == places(refused)
    assert (
        201
        == api(
            "POST",
            "/postings",
            {"title": "Baker", "workflow": [{"type": "form", "questions": questions[:2]}]},
        ).status
    )


@pytest.mark.parametrize(
    "source", [{}, {"workflow": None}, {"workflow": [], "interview_template_id": "IT_1"}]
)
def test_a_posting_has_one_source(milo: sandbox.Sandbox, api: Api, source: Any) -> None:
    """
    Steps and a template exclude each other; the status of the refusal is an assumption.
    """
    body = {"title": "Baker", **source}
    first = api("POST", "/postings", body)
    milo.assume(wrong_source=400)
    second = api("POST", "/postings", body)

    assert ["workflow"] == places(first)
    assert (400, "invalid_source", "workflow") == refusal(second)


@pytest.mark.parametrize(
    ("metadata", "place"),
    [
        ({f"key {n}": "" for n in range(51)}, "metadata"),
        ({"k" * 41: ""}, f"metadata.{'k' * 41}"),
        ({"key": "v" * 501}, "metadata.key"),
    ],
)
def test_metadata_is_limited(api: Api, posting: str, metadata: Any, place: str) -> None:
    """
    The limits are 50 keys of 40 characters, and values of 500; values at the limit are accepted.
    """
    most = {f"{n:040}": "v" * 500 for n in range(50)}

    assert [place] == places(api("PATCH", f"/postings/{posting}", {"metadata": metadata}))
    assert 200 == api("PATCH", f"/postings/{posting}", {"metadata": most}).status


def test_a_step_is_checked_by_its_type(api: Api) -> None:
    """
    The refusal names the fields within the step, all errors at once.
    """
    workflow = [
        {"type": "web_interview", "config": {"min_evaluation_score": 2}},
        {"type": "llm_assessment"},
        {},
        {"type": "form", "questions": [{"modality": "form"}]},
    ]

    assert [
        "workflow.0.config.min_evaluation_score",
        "workflow.1.type",
        "workflow.2.type",
        "workflow.3.questions.0.text",
    ] == places(api("POST", "/postings", {"title": "Baker", "workflow": workflow}))


def test_a_template_is_copied_but_for_what_is_given(milo: sandbox.Sandbox, api: Api) -> None:
    """
    Its steps and texts are copied; a given description, even an empty one, replaces the template's.
    """
    template = next(iter(milo.stores["interview_templates"]))
    blueprint = api("GET", f"/postings/{template.posting_id}").body["data"]
    body = {"title": "Baker", "interview_template_id": template.id}
    plain = api("POST", "/postings", body).body["data"]["posting"]
    wiped = api("POST", "/postings", {**body, "description": ""}).body["data"]["posting"]

    kinds = [step["type"] for step in blueprint["workflow"]]
    assert [kinds] * 2 == [[step["type"] for step in one["workflow"]] for one in (plain, wiped)]
    assert (blueprint["description"], "") == (plain["description"], wiped["description"])
    assert ("Baker", "active") == (plain["title"], plain["status"])
    assert api("GET", f"/postings/{plain['id']}/questions").body["data"]


def test_an_unknown_template_is_not_found(api: Api) -> None:
    """
    The refusal names the field.
    """
    answer = api("POST", "/postings", {"title": "Baker", "interview_template_id": "IT_none"})

    assert (404, "interview_template_not_found", "interview_template_id") == refusal(answer)


def test_what_a_posting_points_at_may_have_to_exist(milo: sandbox.Sandbox, api: Api) -> None:
    """
    Whether the referenced object must exist is an assumption, and both values work.
    """
    body = {"title": "Baker", "workflow": [{"type": "form"}], "phone_number_id": "nobody"}
    known = {**body, "phone_number_id": next(iter(milo.store)).id}
    lenient = api("POST", "/postings", body)
    milo.assume(checks_references=True)
    strict = api("POST", "/postings", body)

    assert 201 == lenient.status
    assert (404, "phone_number_not_found", "phone_number_id") == refusal(strict)
    assert 201 == api("POST", "/postings", known).status


def test_what_an_ats_led_to_is_a_draft_until_it_is_activated(
    milo: sandbox.Sandbox, api: Api
) -> None:
    """
    As a draft it takes no candidates; activating attaches it, and may be repeated.
    """
    body = {"title": "Baker", "interview_template_id": of_the_ats(milo)}
    made = api("POST", "/postings", body).body["data"]
    path, person = f"/postings/{made['id']}", {"name": "Ada", "email": "ada@example.com"}

    assert ("draft", True) == (
        made["status"],
        made["posting"]["ats_metadata"]["pending_activation"],
    )
    assert ["posting_id"] == places(api("POST", f"{path}/candidates", person))
    for _ in range(2):
        active = api("POST", f"{path}/activate").body["data"]
        assert ("active", True) == (active["status"], active["finalized"])
        assert not active["ats_metadata"]["pending_activation"]
        assert "2026-01-05T09:00:00" == active["ats_metadata"]["mapping_activated_at"]
    assert 201 == api("POST", f"{path}/candidates", person).status

    clone = api("POST", f"{path}/clone").body["data"]
    assert "draft" == clone["status"]
    assert {"source", "ats_name", "ats_job_id", "pending_activation"} == clone["posting"][
        "ats_metadata"
    ].keys()


def test_an_update_changes_what_it_names(milo: sandbox.Sandbox, api: Api, posting: str) -> None:
    """
    Nothing else changes; a map is replaced as a whole, and unknown members are ignored.
    """
    before = api("GET", f"/postings/{posting}").body["data"]
    milo.advance(minutes=1)
    fields = {
        "title": "Chef",
        "metadata": {"a": "b"},
        "deadline": "2026-03-01T00:00:00Z",
        "retake_cooldown_days": 1.5,
    }
    after = api("PATCH", f"/postings/{posting}", {**fields, "colour": "red"}).body["data"]

    changed = {**fields, "deadline": 1_772_323_200.0, "updated_at": NOW + 60}
    assert {**before, **changed} == after
    assert after == api("GET", f"/postings/{posting}").body["data"]


def test_null_clears_or_changes_nothing(milo: sandbox.Sandbox, api: Api, posting: str) -> None:
    """
    Which of the two is an assumption; members that a response requires stay in any case.
    """
    nulls = {"metadata": None, "deadline": None, "title": None}
    before = api("GET", f"/postings/{posting}").body["data"]
    milo.assume(null_clears=False)
    ignored = api("PATCH", f"/postings/{posting}", nulls).body["data"]
    milo.assume(null_clears=True)
    cleared = api("PATCH", f"/postings/{posting}", nulls).body["data"]

    assert {**before, "updated_at": NOW} == ignored
    assert {**ignored, "metadata": None, "deadline": None} == cleared


@pytest.mark.parametrize("step", ["web_interview", "4"])
def test_a_step_is_found_by_its_type_or_its_order(api: Api, posting: str, step: str) -> None:
    """
    The named settings are replaced, nested objects as a whole.
    """
    before = api("GET", f"/postings/{posting}").body["data"]["workflow"]
    config = {"num_questions": 7, "cheat_detection_config": {"enabled": False}}
    after = api("PATCH", f"/postings/{posting}/workflow/{step}", {"config": config})

    expected = [*before[:3], {**before[3], "config": {**before[3]["config"], **config}}]
    assert expected == after.body["data"]["workflow"]


def test_a_step_has_the_keys_of_its_type(milo: sandbox.Sandbox, api: Api, posting: str) -> None:
    """
    Other keys are a 400; whether bounds are checked, and the effect of null, are assumptions.
    """
    path = f"/postings/{posting}/workflow"

    def update(step: str, **config: Any) -> Any:
        return api("PATCH", f"{path}/{step}", {"config": config})

    assert (404, "workflow_step_not_found", "step_id") == refusal(update("agent_vi_1", video=True))
    assert (400, "unknown_config_keys", "config") == refusal(update("form", video=True))
    assert ["config.num_questions"] == places(update("web_interview", num_questions=26))
    milo.assume(step_bounds=False)
    assert 200 == update("web_interview", num_questions=26).status
    config = update("web_interview", num_questions=None).body["data"]["workflow"][3]["config"]
    assert config["num_questions"] is None
    milo.assume(null_clears=False)
    config = update("web_interview", video=None).body["data"]["workflow"][3]["config"]
    assert config["video"] is True


def test_archiving_ends_a_posting_for_candidates(
    milo: sandbox.Sandbox, api: Api, posting: str
) -> None:
    """
    Whether activating opens it again, and the status of a candidate's refusal, are assumptions.
    """
    path, person = f"/postings/{posting}", {"name": "Ada", "email": "ada@example.com"}
    for _ in range(2):
        archived = api("POST", f"{path}/archive").body["data"]
        assert ("archived", True) == (archived["status"], archived["archived"])
    assert ["posting_id"] == places(api("POST", f"{path}/candidates", person))
    for status in (400, 409):
        milo.assume(closed_posting=status, activate_unarchives=False)
        answer = api("POST", f"{path}/candidates", person)
        assert (status, "posting_not_active", "posting_id") == refusal(answer)
    assert ["posting_id"] == places(api("POST", f"{path}/activate"))
    milo.assume(activate_unarchives=True)
    active = api("POST", f"{path}/activate").body["data"]
    assert ("active", False) == (active["status"], active["archived"])


def test_a_posting_without_steps_cannot_be_activated(api: Api) -> None:
    """
    Activating requires a valid workflow.
    """
    made = api("POST", "/postings", {"title": "Baker", "workflow": []}).body["data"]

    answer = api("POST", f"/postings/{made['id']}/activate")

    assert ["posting_id"] == places(answer)


def test_a_clone_is_another_posting(milo: sandbox.Sandbox, api: Api, posting: str) -> None:
    """
    It has the same steps and questions; its title is an assumption.
    """
    original = api("GET", f"/postings/{posting}").body["data"]
    answer = api("POST", f"/postings/{posting}/clone")
    clone = answer.body["data"]["posting"]
    milo.assume(clone_title="same")
    namesake = api("POST", f"/postings/{posting}/clone").body["data"]["posting"]
    texts = [
        [one["text"] for one in api("GET", f"/postings/{one}/questions").body["data"]]
        for one in (posting, clone["id"])
    ]

    assert 201 == answer.status
    assert clone["id"] != posting
    assert [step["type"] for step in original["workflow"]] == [
        step["type"] for step in clone["workflow"]
    ]
    assert texts[0] == texts[1]
    assert (f"Copy of {original['title']}", original["title"]) == (
        clone["title"],
        namesake["title"],
    )


def test_a_clone_keeps_the_order_of_its_questions(api: Api, posting: str) -> None:
    """
    Also after the original's questions got another order, and one was deleted.
    """

    def ranked(posting_id: str) -> list[str]:
        found = api("GET", f"/postings/{posting_id}/questions?modality=voice").body["data"]
        return [one["text"] for one in sorted(found, key=lambda one: one["rank"])]

    path = f"/postings/{posting}/questions"
    ids = [one["id"] for one in api("GET", f"{path}?modality=voice").body["data"]]
    order = {"modality": "voice", "order": ids[::-1]}
    assert 200 == api("POST", f"{path}/reorder", order).status
    assert 200 == api("DELETE", f"{path}/{ids[1]}").status
    clone = api("POST", f"/postings/{posting}/clone").body["data"]["id"]

    assert 2 == len(ranked(posting))
    assert ranked(posting) == ranked(clone)


def test_lists_may_leave_out_what_is_not_active(
    milo: sandbox.Sandbox, api: Api, posting: str
) -> None:
    """
    Whether they do, and their order, are assumptions.
    """
    api("POST", f"/postings/{posting}/archive")
    ids = [one.id for one in milo.stores["postings"]]

    def listed(path: str) -> list[str]:
        return [one["id"] for one in api("GET", path).body["data"]]

    for path in ("/postings", "/postings/list"):
        milo.assume(lists_inactive=True, newest_first=False)
        assert ids == listed(path)
        milo.assume(newest_first=True)
        assert ids[::-1] == listed(path)
        assert ids[:1] == listed(f"{path}?starting_after={ids[1]}")
        milo.assume(lists_inactive=False)
        assert ids[:0:-1] == listed(path)


def test_stats_count_candidates(milo: sandbox.Sandbox, api: Api) -> None:
    """
    Only this posting's candidates count; an average is null without such a step, or without a
    score.
    """
    people = list(milo.stores["candidates"])
    for one in milo.stores["postings"]:
        own = [person for person in people if person.posting_id == one.id]
        stats = api("GET", f"/postings/{one.id}/stats").body["data"]
        has_resume = "resume" in {step["type"] for step in one.workflow}

        assert (one.id, len(own)) == (stats["posting_id"], stats["total_candidates"])
        assert (
            sum(person.workflow["all_complete"] for person in own)
            == (stats["completed_interviews"])
        )
        assert 0 < stats["average_interview_score"] <= 100
        assert has_resume == (stats["average_resume_score"] is not None)
    made = api("POST", "/postings", {"title": "Baker", "workflow": [{"type": "web_interview"}]})
    stats = api("GET", f"/postings/{made.body['data']['id']}/stats").body["data"]
    assert (0, None) == (stats["total_candidates"], stats["average_interview_score"])


def test_stats_never_blend_two_agents(api: Api, posting: str) -> None:
    """
    Each average is that of its own agent's scores, and also counts candidates who are not done.
    """
    interviews: list[str] = []
    after = ""
    while after is not None:
        page = api("GET", f"/postings/{posting}/candidates?limit=100{after}").body
        interviews += [one["interview_id"] for one in page["data"]]
        more = page["pagination"]["has_more"]
        after = f"&starting_after={interviews[-1]}" if more else None
    found = [api("GET", f"/interviews/{one}/data").body["data"] for one in interviews]
    resumes = [one["resume"]["overall_score"] for one in found if one["resume"]]
    talks = [one["web_interview"]["match_score"] for one in found if one["web_interview"]]
    stats = api("GET", f"/postings/{posting}/stats").body["data"]

    assert len(resumes) > len(talks) > 0
    assert pytest.approx(sum(resumes) / len(resumes), abs=0.01) == stats["average_resume_score"]
    # A match score is a whole number.
    assert pytest.approx(sum(talks) / len(talks), abs=0.5) == stats["average_interview_score"]
    assert stats["average_resume_score"] != stats["average_interview_score"]


def test_stats_count_no_candidate_who_is_not_there_yet(
    milo: sandbox.Sandbox, api: Api, posting: str
) -> None:
    """
    An asynchronous ingestion that is not done counts no more in the statistics than in the list.
    """
    milo.assume(ingestion_seconds=60)
    before = api("GET", f"/postings/{posting}/stats").body["data"]["total_candidates"]
    person = {"name": "Ada", "email": "ada@example.com"}
    assert 202 == api("POST", f"/postings/{posting}/candidates/async", person).status

    assert before == api("GET", f"/postings/{posting}/stats").body["data"]["total_candidates"]
    milo.advance(minutes=2)
    assert before + 1 == api("GET", f"/postings/{posting}/stats").body["data"]["total_candidates"]
