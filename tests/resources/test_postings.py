"""
Postings: creating and changing them, and arguments that are refused unsent.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest
from contract_answers import answer_of
from talking import listed, sent, single, talk

from heymilo_async import (
    BadRequestError,
    ConversationalSMSConfig,
    ConversationalSMSStep,
    FormConfig,
    FormStep,
    InvalidRequestError,
    NewQuestion,
    NotFoundError,
    PostingReceipt,
    ResumeConfig,
    ResumeStep,
    UnprocessableEntityError,
    WebInterviewConfig,
    WebInterviewStep,
)

POSTING = {**answer_of("getPosting", "least")["data"], "id": "P1"}
RECEIPT = {"id": "P1", "status": "draft", "urls": {}, "created_at": 1739612400.5}
STEPS = [FormStep()]


def create(**given):
    """
    Return a function that creates a posting.
    """
    return lambda client: client.postings.create(**given)


@pytest.mark.parametrize(
    ("given", "body"),
    [
        (
            {"title": "Welder", "interview_template_id": "IT_1"},
            {"title": "Welder", "interview_template_id": "IT_1"},
        ),
        (
            {"title": "Welder", "workflow": [], "deadline": datetime(2026, 3, 1, tzinfo=UTC)},
            {"title": "Welder", "workflow": [], "deadline": "2026-03-01T00:00:00Z"},
        ),
        (
            {"title": "Welder", "workflow": STEPS, "deadline": None, "name": None},
            {"title": "Welder", "workflow": [{"type": "form"}], "deadline": None, "name": None},
        ),
        (
            {
                "title": "Welder",
                "workflow": [
                    WebInterviewStep(
                        config=WebInterviewConfig(
                            num_questions=25, company_overview_delivery_mode="reference_only"
                        ),
                        questions=[NewQuestion(modality="voice", text="Why?", score_weight=0)],
                    ),
                    ConversationalSMSStep(config=ConversationalSMSConfig(max_nudge_amount=0)),
                    ResumeStep(config=ResumeConfig(min_evaluation_score=1)),
                    {"type": "form", "config": FormConfig(knockout_enabled=True)},
                ],
            },
            {
                "title": "Welder",
                "workflow": [
                    {
                        "type": "web_interview",
                        "config": {
                            "num_questions": 25,
                            "company_overview_delivery_mode": "reference_only",
                        },
                        "questions": [{"modality": "voice", "text": "Why?", "score_weight": 0}],
                    },
                    {"type": "conversational_sms", "config": {"max_nudge_amount": 0}},
                    {"type": "resume", "config": {"min_evaluation_score": 1}},
                    {"type": "form", "config": {"knockout_enabled": True}},
                ],
            },
        ),
    ],
    ids=["template", "deadline", "nulls", "steps"],
)
def test_what_is_given_is_sent(front, given, body):
    """
    Traps 24, 29 and 42: no default is sent, because it would replace a template's value.
    """
    receipt, (request,) = talk(front, create(**given), single(RECEIPT, 201))

    assert body == sent(request)
    assert PostingReceipt is type(receipt)
    assert datetime(2025, 2, 15, 9, 40, 0, 500_000, tzinfo=UTC) == receipt.created_at
    assert None is receipt.posting


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"title": "Welder"}, "either workflow or interview_template_id: neither is given"),
        (
            {"title": "Welder", "workflow": [], "interview_template_id": "IT_1"},
            "either workflow or interview_template_id: both are given",
        ),
        ({"title": "We", "workflow": []}, "title must have 3 to 200 characters, not 2"),
        ({"title": "Welder", "workflow": [{"type": "llm"}]}, r"workflow\[0\].type must be one of"),
        (
            {"title": "Welder", "workflow": [{"type": "resume", "config": {"mandatroy": True}}]},
            r"workflow\[0\].config has no member 'mandatroy'",
        ),
        (
            {"title": "Welder", "workflow": [{"type": "web_interview", "questions": [{}]}]},
            r"workflow\[0\].questions\[0\].modality is missing",
        ),
        (
            {
                "title": "Welder",
                "workflow": [
                    FormStep(),
                    {"type": "web_interview", "config": {"num_questions": 26}},
                ],
            },
            r"workflow\[1\].config.num_questions must be from 1 to 25: 26",
        ),
        ({"title": "Welder", "workflow": [], "max_retakes": 6}, "max_retakes must be from 0 to 5"),
        (
            {"title": "Welder", "workflow": [], "retake_cooldown_days": -0.5},
            "retake_cooldown_days must be at least 0",
        ),
        (
            {"title": "Welder", "workflow": [], "metadata": {"k" * 41: "v"}},
            "metadata has a key of 41 characters",
        ),
        (
            {"title": "Welder", "workflow": [], "job_overview_delivery_mode": "loud"},
            "job_overview_delivery_mode must be one of 'exact_delivery'",
        ),
    ],
)
def test_a_posting_that_cannot_be_made(front, given, words):
    """
    Trap 32: an argument that the contract or its prose rules out is refused unsent.
    """

    async def body(client):
        with pytest.raises(InvalidRequestError, match=words):
            await client.postings.create(**given)

    front.run(body, "https://api.example.com")


def test_a_refusal_of_the_servers_names_the_field(front):
    """
    Errors that only the server can detect are a 422.
    """
    detail = [{"loc": ["body", "phone_number_id"], "msg": "No such number", "type": "value_error"}]
    error, _ = talk(
        front,
        create(title="Welder", workflow=STEPS),
        httpx.Response(422, json={"detail": detail}),
    )

    assert UnprocessableEntityError is type(error)
    assert "phone_number_id: No such number" in str(error)


def test_an_update_sends_what_changes(front):
    """
    Case 201, traps 25, 26 and 27: a missing member is unchanged, None is null, and an empty update
    is refused.
    """
    posting, (request,) = talk(
        front,
        lambda c: c.postings.update("P1", title="Baker", deadline=None, metadata={}),
        single(POSTING),
    )
    refused, requests = talk(front, lambda c: c.postings.update("P1"), single(POSTING))

    assert {"title": "Baker", "deadline": None, "metadata": {}} == sent(request)
    assert "P1" == posting.id
    assert (InvalidRequestError, []) == (type(refused), requests)
    assert "nothing to update" in str(refused)


@pytest.mark.parametrize(
    "given", [{"description": "short"}, {"name": "n" * 101}, {"instructions": "i" * 10_001}]
)
def test_an_update_has_bounds_of_its_own(front, given):
    """
    Trap 26: an update has tighter bounds than a new posting.
    """
    error, requests = talk(front, lambda c: c.postings.update("P1", **given), single(POSTING))

    assert (InvalidRequestError, []) == (type(error), requests)


@pytest.mark.parametrize(
    ("step", "config", "segment"),
    [
        ("web_interview", WebInterviewConfig(video=True), "web_interview"),
        (2, {"video": True}, "2"),
    ],
)
def test_a_step_is_named_by_its_type_or_place(front, step, config, segment):
    """
    Traps 3, 4 and 5: a step is not named by its id, and the response is the whole posting.
    """
    posting, (request,) = talk(
        front, lambda c: c.postings.update_step("P1", step, config), single(POSTING)
    )

    assert f"/api/v2/postings/P1/workflow/{segment}" == request.url.path
    assert {"config": {"video": True}} == sent(request)
    assert "P1" == posting.id


@pytest.mark.parametrize(
    ("step", "config", "error"),
    [
        (0, {}, InvalidRequestError),
        ("", {}, InvalidRequestError),
        (-1, {}, InvalidRequestError),
        pytest.param(10**5000, {}, InvalidRequestError, id="giant"),
        (True, {}, TypeError),
        (1.0, {}, TypeError),
        (1, 5, TypeError),
        (1, FormStep(), TypeError),
        (1, NewQuestion(modality="form", text="?"), TypeError),
    ],
)
def test_a_step_that_there_cannot_be(front, step, config, error):
    """
    A position below 1, an empty name, and an object that is not the settings are refused unsent.
    """

    async def body(client):
        with pytest.raises(error):
            await client.postings.update_step("P1", step, config)

    front.run(body, "https://api.example.com")


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.postings.get("list"),
        lambda c: c.postings.get_stats("list"),
        lambda c: c.postings.archive("list"),
        lambda c: c.postings.activate("list"),
        lambda c: c.postings.clone("list"),
        lambda c: c.postings.update("list", title="Baker"),
        lambda c: c.postings.update_step("list", 1, {}),
        lambda c: c.postings.get_many(["P1", "list"]),
        lambda c: c.postings.get_many_settled(["P1", "list"]),
        lambda c: c.questions.list("list"),
    ],
)
def test_a_posting_called_list(front, call):
    """
    Case 113, trap 4: the id `list` would be the path of the summaries, so it is refused.
    """
    error, requests = talk(front, call, single(POSTING))

    assert (InvalidRequestError, []) == (type(error), requests)


def test_activating_does_not_prove_an_attachment(front):
    """
    After a 200, `ats_metadata` says whether the ATS is attached.
    """
    pending = {**POSTING, "ats_metadata": {"pending_activation": True}}
    posting, (request,) = talk(front, lambda c: c.postings.activate("P1"), single(pending))
    archived, _ = talk(
        front, lambda c: c.postings.archive("P1"), single({**POSTING, "archived": True})
    )

    assert posting.ats_metadata["pending_activation"]
    assert b"" == request.content
    assert archived.archived


def test_keys_and_links_of_a_posting_are_masked(front):
    """
    Case 203, trap 45: the ingestion key allows adding candidates, so `repr` masks it.
    """
    urls = {"ingestion_url_key": "canary"}
    posting, _ = talk(front, lambda c: c.postings.get("P1"), single({**POSTING, "urls": urls}))

    assert "canary" not in repr(posting)
    assert "canary" == posting.urls.ingestion_url_key


def test_walks_through_summaries(front):
    """
    Trap 15: summaries have a model of their own, and their cursor is `id`.
    """
    one = {"id": "P1", "title": "Welder"}
    answers = [listed(one, more=True), listed({**one, "id": "P2"})]
    walk, requests = talk(
        front, lambda c: c.postings.list_all_summaries(search="we").collect(), *answers
    )
    page, _ = talk(front, lambda c: c.postings.list_summaries(), listed(one))
    stats, _ = talk(
        front,
        lambda c: c.postings.get_stats("P1"),
        single({"posting_id": "P1", "title": "", "total_candidates": 1, "completed_interviews": 0}),
    )
    cloned, _ = talk(front, lambda c: c.postings.clone("P1"), single(RECEIPT, 201))

    assert ["P1", "P2"] == [summary.id for summary in walk]
    assert "P1" == requests[1].url.params["starting_after"]
    assert "we" == requests[1].url.params["search"]
    assert "Welder" == page[0].title
    assert 1 == stats.total_candidates
    assert "P1" == cloned.id


@pytest.mark.parametrize(
    "posting_id", ["13D77095", "posting_xyz789", "IT_abc123", "42AE4CFA720B1C35D499E9E39C14F321"]
)
def test_ids_are_opaque(front, posting_id):
    """
    Trap 6: ids have many forms, and the client checks none of them.
    """
    posting, (request,) = talk(
        front, lambda c: c.postings.get(posting_id), single({**POSTING, "id": posting_id.lower()})
    )

    assert posting_id.lower() == posting.id
    assert f"/api/v2/postings/{posting_id}" == request.url.path


def test_names_and_languages_are_what_the_server_says(front):
    """
    Traps 41 and 44: `name` is a part of the URL and may be null, and the title is `title`; a
    language is sent and read unchanged.
    """
    posting, (request,) = talk(
        front,
        lambda c: c.postings.update("P1", language="pt-BR"),
        single({**POSTING, "name": None, "title": "Welder", "language": "pt-BR"}),
    )

    assert {"language": "pt-BR"} == sent(request)
    assert (None, "Welder", "pt-BR") == (posting.name, posting.title, posting.language)


def test_an_ats_that_is_not_attached_yet(front):
    """
    Traps 12 and 31: `activate` may be repeated until the posting has no `pending_activation`.
    """
    pending = {**POSTING, "ats_metadata": {"ats_name": "bullhorn", "pending_activation": True}}
    attached = {**POSTING, "ats_metadata": {"ats_name": "bullhorn", "pending_activation": False}}

    async def activate(client):
        posting = await client.postings.activate("P1")
        while (posting.ats_metadata or {}).get("pending_activation"):
            posting = await client.postings.activate("P1")
        return posting

    posting, requests = talk(front, activate, single(pending), single(attached))

    assert {"ats_name": "bullhorn", "pending_activation": False} == posting.ats_metadata
    assert None is posting.metadata
    assert ["/api/v2/postings/P1/activate"] * 2 == [one.url.path for one in requests]


def test_times_of_a_posting(front):
    """
    Traps 29, 33 and 34: times are sent as text, received as seconds, and may be missing.
    """
    noon = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    times = {"deadline": noon.timestamp(), "created_at": None}
    posting, (request,) = talk(
        front, lambda c: c.postings.update("P1", deadline=noon), single({**POSTING, **times})
    )

    assert {"deadline": "2026-03-01T10:00:00Z"} == sent(request)
    assert (noon, timedelta(0)) == (posting.deadline, posting.deadline.utcoffset())
    assert (None, None) == (posting.created_at, posting.updated_at)


@pytest.mark.parametrize(
    ("deadline", "error"),
    [(1772359200, TypeError), (datetime(2026, 3, 1), InvalidRequestError)],  # noqa: DTZ001 - a time without a zone is refused
)
def test_a_deadline_that_says_no_time(front, deadline, error):
    """
    Trap 29: a deadline in seconds, as in responses, is refused, and so is a time without a zone.
    """

    async def body(client):
        with pytest.raises(error, match="deadline must"):
            await client.postings.update("P1", deadline=deadline)

    front.run(body, "https://api.example.com")


def test_a_setting_that_the_step_does_not_have(front):
    """
    Trap 21: the undeclared 400 is a BadRequestError.
    """
    refusal = {"error": {"type": "invalid_request_error", "code": "x", "message": "No videoo"}}
    error, (request,) = talk(
        front,
        lambda c: c.postings.update_step("P1", "web_interview", {"videoo": True}),
        httpx.Response(400, json=refusal),
    )

    assert (BadRequestError, {"config": {"videoo": True}}) == (type(error), sent(request))
    assert "No videoo" in str(error)


def test_a_template_that_there_is_not(front):
    """
    Trap 20: creating a posting from a missing template is a 404.
    """
    error, _ = talk(
        front,
        create(title="Welder", interview_template_id="IT_1"),
        httpx.Response(404, json={"detail": "No such template"}),
    )

    assert NotFoundError is type(error)
    assert "No such template" in str(error)
