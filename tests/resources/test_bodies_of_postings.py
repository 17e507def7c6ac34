"""
Every member of postings, steps and questions: values within its bounds are sent, others are
refused.
"""

from __future__ import annotations

import jsonschema_rs
import pytest
from contract_answers import CONTRACT, answer_of
from contract_bodies import allowed, members_of, refused
from fronts import KEY
from talking import sent, single, talk

from heymilo_async import (
    ConversationalSMSConfig,
    ConversationalSMSStep,
    FormConfig,
    FormStep,
    NewQuestion,
    ResumeConfig,
    ResumeStep,
    WebInterviewConfig,
    WebInterviewStep,
)

POSTING = {**answer_of("getPosting", "least")["data"], "id": "P1"}
QUESTION = {**answer_of("getQuestion", "least")["data"], "id": "Q1"}
RECEIPT = {"id": "P1", "status": "draft", "urls": {}, "created_at": 1739612400.5}
ASKED = {"modality": "voice", "text": "Why?"}

#: For each schema: a call that sends it, its required members, and a success.
CALLS = {
    "CreatePostingRequest": (
        lambda c, given: c.postings.create(**given),
        {"title": "Welder", "workflow": []},
        RECEIPT,
    ),
    "UpdatePostingRequest": (lambda c, given: c.postings.update("P1", **given), {}, POSTING),
    "CreateQuestionRequest": (lambda c, given: c.questions.create("P1", **given), ASKED, QUESTION),
    "UpdateQuestionRequest": (
        lambda c, given: c.questions.update("P1", "Q1", **given),
        {},
        QUESTION,
    ),
}
MEMBERS = [
    (name, member)
    for name in CALLS
    for member in members_of(name, "workflow", "interview_template_id")
]
CONFIGS = {
    "WebInterviewConfig": (WebInterviewStep, WebInterviewConfig),
    "ConversationalSMSConfig": (ConversationalSMSStep, ConversationalSMSConfig),
    "ResumeConfig": (ResumeStep, ResumeConfig),
    "FormConfig": (FormStep, FormConfig),
}
SETTINGS = [(name, member) for name in CONFIGS for member in members_of(name)]


def is_valid(name, value):
    """
    Return whether the schema *name* allows *value*.
    """
    schema = {"$ref": f"#/components/schemas/{name}", "components": CONTRACT["components"]}
    return jsonschema_rs.is_valid(schema, value)


def each(front, call, answer, values):
    """
    Return the sent body for each of *values*, or the error that *call* raises.
    """

    async def one(client, value):
        try:
            return await call(client, value)
        except TypeError as error:
            return error

    outcomes = []
    for value in values:
        result, requests = talk(front, lambda c, value=value: one(c, value), answer, api_key=KEY)
        outcomes.append(sent(requests[0]) if requests else type(result))
    return outcomes


@pytest.mark.parametrize(("name", "member"), MEMBERS)
def test_a_member_goes_out_as_it_was_given(front, name, member):
    """
    Traps 24 and 25: besides the required members only the given one is sent, and None is null.
    """
    call, required, data = CALLS[name]
    bodies = [{**required, member: value} for value in allowed(name, member)]

    assert all(is_valid(name, body) for body in bodies)
    assert bodies == each(front, call, single(data), bodies)


@pytest.mark.parametrize(("name", "member"), [one for one in MEMBERS if refused(*one)])
def test_a_member_beyond_its_bounds_stays(front, name, member):
    """
    Traps 26, 30 and 32: a value that the contract does not allow is refused unsent.
    """
    call, required, data = CALLS[name]
    cases = refused(name, member)
    bodies = [{**required, member: value} for value, _ in cases]

    assert not any(is_valid(name, body) for body in bodies)
    assert [error for _, error in cases] == each(front, call, single(data), bodies)


@pytest.mark.parametrize(("name", "member"), SETTINGS)
def test_a_setting_goes_out_as_it_was_given(front, name, member):
    """
    Trap 42: a config object and an equal mapping send the given members.
    """
    step, config = CONFIGS[name]
    configs = [{member: value} for value in allowed(name, member)]

    def create(client, given):
        steps = [step(config=config(**given)), {"type": step().type, "config": given}]
        return client.postings.create(title="Welder", workflow=steps)

    def update(client, given):
        return client.postings.update_step("P1", 1, config(**given))

    assert all(is_valid(name, one) for one in configs)
    assert configs == [body["config"] for body in each(front, update, single(POSTING), configs)]
    bodies = each(front, create, single(RECEIPT), configs)
    assert all(is_valid("CreatePostingRequest", body) for body in bodies)
    assert [[one, one] for one in configs] == [
        [sent_step["config"] for sent_step in body["workflow"]] for body in bodies
    ]


@pytest.mark.parametrize(("name", "member"), SETTINGS)
def test_a_setting_beyond_its_bounds_stays(front, name, member):
    """
    Trap 32: an invalid setting is refused in a mapping, and in a constructor.
    """
    step, config = CONFIGS[name]
    cases = refused(name, member)

    def create(client, value):
        steps = [{"type": step().type, "config": {member: value}}]
        return client.postings.create(title="Welder", workflow=steps)

    values = [value for value, _ in cases]
    assert not any(is_valid(name, {member: value}) for value in values)
    assert [error for _, error in cases] == each(front, create, single(RECEIPT), values)
    for value, error in cases:
        with pytest.raises(error, match=member):
            config(**{member: value})


@pytest.mark.parametrize("member", members_of("CreateQuestion"))
def test_a_question_within_a_step(front, member):
    """
    Trap 30: a question within a step has bounds of its own, in a mapping and in a constructor.
    """
    questions = [{**ASKED, member: value} for value in allowed("CreateQuestion", member)]
    cases = refused("CreateQuestion", member)

    def create(client, given):
        step = WebInterviewStep(questions=[NewQuestion(**given), given])
        return client.postings.create(title="Welder", workflow=[step])

    def within_mapping(client, value):
        step = {"type": "web_interview", "questions": [{**ASKED, member: value}]}
        return client.postings.create(title="Welder", workflow=[step])

    bodies = each(front, create, single(RECEIPT), questions)
    assert all(is_valid("CreatePostingRequest", body) for body in bodies)
    assert [[one, one] for one in questions] == [
        body["workflow"][0]["questions"] for body in bodies
    ]
    values = [value for value, _ in cases]
    assert not any(is_valid("CreateQuestion", {**ASKED, member: value}) for value in values)
    assert [error for _, error in cases] == each(front, within_mapping, single(RECEIPT), values)
    for value, error in cases:
        with pytest.raises(error, match=member):
            NewQuestion(**{**ASKED, member: value})
