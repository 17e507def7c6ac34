"""
Postings and their questions: making and changing them, and what is refused before it is sent.
"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from contract_answers import answer_of
from talking import listed, sent, single, talk

from heymilo_async import (
    ConversationalSMSConfig,
    ConversationalSMSStep,
    FormConfig,
    FormStep,
    InvalidRequestError,
    NewQuestion,
    PostingReceipt,
    ResumeConfig,
    ResumeStep,
    UnprocessableEntityError,
    WebInterviewConfig,
    WebInterviewStep,
)

POSTING = {**answer_of("getPosting", "least")["data"], "id": "P1"}
QUESTION = {**answer_of("getQuestion", "least")["data"], "id": "Q1"}
RECEIPT = {"id": "P1", "status": "draft", "urls": {}, "created_at": 1739612400.5}
STEPS = [FormStep()]


def create(**given):
    """
    Return how to create a posting.
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
    Traps 24, 29 and 42: no default goes out, which would overwrite a template's.
    """
    receipt, (request,) = talk(front, create(**given), single(RECEIPT, 201))

    assert body == sent(request)
    assert PostingReceipt is type(receipt)
    assert datetime(2025, 2, 15, 9, 40, 0, 500_000, tzinfo=UTC) == receipt.created_at
    assert None is receipt.posting


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"title": "Welder"}, "either workflow or interview_template_id"),
        (
            {"title": "Welder", "workflow": [], "interview_template_id": "IT_1"},
            "either workflow or interview_template_id",
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
    Trap 32: what the contract and its prose do not allow is refused unsent.
    """

    async def body(client):
        with pytest.raises(InvalidRequestError, match=words):
            await client.postings.create(**given)

    front.run(body, "https://api.example.com")


def test_a_refusal_of_the_servers_names_the_field(front):
    """
    What only the server can know is its 422.
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
    Case 201, traps 25, 26 and 27: left out is unchanged, None is null, and nothing at all is refused.
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
    Trap 26: an update is held to tighter bounds than a new posting.
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
    Traps 3, 4 and 5: a step's id is no step's id, and the answer is the whole posting.
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
        (True, {}, TypeError),
        (1, 5, TypeError),
    ],
)
def test_a_step_that_there_cannot_be(front, step, config, error):
    """
    A place below 1, no name, or something else than settings is refused unsent.
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
        lambda c: c.questions.list("list"),
    ],
)
def test_a_posting_called_list(front, call):
    """
    Trap 4: the id `list` would be the path of the summaries.
    """
    error, requests = talk(front, call, single(POSTING))

    assert (InvalidRequestError, []) == (type(error), requests)


def test_activating_does_not_prove_an_attachment(front):
    """
    What stands in `ats_metadata` after a 200 says whether the ATS is attached.
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
    Case 203, trap 45: who has the ingestion key can add candidates; `repr` does not show it.
    """
    urls = {"ingestion_url_key": "canary"}
    posting, _ = talk(front, lambda c: c.postings.get("P1"), single({**POSTING, "urls": urls}))

    assert "canary" not in repr(posting)
    assert "canary" == posting.urls.ingestion_url_key


def test_walks_through_summaries(front):
    """
    Trap 15: summaries are of their own kind, and their walk goes by `id`.
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


def test_questions_of_one_kind(front):
    """
    Trap 11: a list of questions is filtered by modality, and not searched.
    """
    page, (request,) = talk(
        front, lambda c: c.questions.list("P1", modality="sms"), listed(QUESTION)
    )
    walk, _ = talk(front, lambda c: c.questions.list_all("P1").collect(), listed(QUESTION))
    wrong, requests = talk(
        front, lambda c: c.questions.list("P1", modality="video"), listed(QUESTION)
    )

    assert "sms" == request.url.params["modality"]
    assert ["Q1"] == [one.id for one in page] == [one.id for one in walk]
    assert (InvalidRequestError, []) == (type(wrong), requests)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda c: c.questions.create("P1", modality="voice", text="?", score_weight=0),
            "score_weight must be from 1 to 10: 0",
        ),
        (
            lambda c: c.questions.create("P1", modality="video", text="?"),
            "modality must be one of",
        ),
        (lambda c: c.questions.update("P1", "Q1"), "nothing to update"),
        (
            lambda c: c.questions.reorder("P1", modality="all", order=[]),
            "modality must be one of",
        ),
    ],
)
def test_questions_that_cannot_be_made(front, call, words):
    """
    Trap 30: a question by itself has other bounds than one within a step.
    """
    error, requests = talk(front, call, single(QUESTION))

    assert (InvalidRequestError, []) == (type(error), requests)
    assert words in str(error)
    assert 0 == NewQuestion(modality="voice", text="?", score_weight=0).score_weight


def test_what_is_done_with_questions(front):
    """
    Traps 8, 17, 27 and 43: made, changed, put in order and taken out, each is what the server says.
    """
    made, (request,) = talk(
        front,
        lambda c: c.questions.create("P1", modality="form", text="Age?", answer=[18]),
        single({**QUESTION, "operator": "minimum"}, 201),
    )
    changed, (change,) = talk(
        front, lambda c: c.questions.update("P1", "Q1", options=None), single(QUESTION)
    )
    order, _ = talk(
        front,
        lambda c: c.questions.reorder("P1", modality="form", order=["Q1"]),
        listed(QUESTION),
    )
    gone, _ = talk(front, lambda c: c.questions.delete("P1", "Q1"), single(QUESTION))
    got, _ = talk(front, lambda c: c.questions.get("P1", "Q1"), single(QUESTION))
    many, _ = talk(front, lambda c: c.questions.get_many("P1", ["Q1"] * 2), single(QUESTION))
    settled, _ = talk(front, lambda c: c.questions.get_many_settled("P1", ["Q1"]), single(QUESTION))

    assert {"modality": "form", "text": "Age?", "answer": [18]} == sent(request)
    assert "minimum" == made.operator
    assert {"options": None} == sent(change)
    assert ["Q1"] * 7 == [one.id for one in (changed, *order, gone, got, *many, *settled)]


@pytest.mark.parametrize(
    "posting_id", ["13D77095", "posting_xyz789", "IT_abc123", "42AE4CFA720B1C35D499E9E39C14F321"]
)
def test_ids_are_opaque(front, posting_id):
    """
    Trap 6: ids do not look alike, and none is judged by its looks.
    """
    posting, (request,) = talk(
        front, lambda c: c.postings.get(posting_id), single({**POSTING, "id": posting_id.lower()})
    )

    assert posting_id.lower() == posting.id
    assert f"/api/v2/postings/{posting_id}" == request.url.path


def test_names_and_languages_are_what_the_server_says(front):
    """
    Traps 41 and 44: `name` is a part of the URL and may be null, the title is `title`; a language
    goes out and comes in as it is.
    """
    posting, (request,) = talk(
        front,
        lambda c: c.postings.update("P1", language="pt-BR"),
        single({**POSTING, "name": None, "title": "Welder", "language": "pt-BR"}),
    )

    assert {"language": "pt-BR"} == sent(request)
    assert (None, "Welder", "pt-BR") == (posting.name, posting.title, posting.language)
