"""
Questions: listing, creating, changing and ordering them, and arguments that are refused unsent.
"""

from __future__ import annotations

import httpx
import pytest
from contract_answers import answer_of
from talking import listed, sent, single, talk

from heymilo_async import InvalidRequestError, NewQuestion, NotFoundError

QUESTION = {**answer_of("getQuestion", "least")["data"], "id": "Q1"}


def test_questions_of_one_kind(front):
    """
    Trap 11: a list of questions is filtered by modality, and has no search.
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
    Trap 30: a separate question has other bounds than one within a step.
    """
    error, requests = talk(front, call, single(QUESTION))

    assert (InvalidRequestError, []) == (type(error), requests)
    assert words in str(error)
    assert 0 == NewQuestion(modality="voice", text="?", score_weight=0).score_weight


def test_what_is_done_with_questions(front):
    """
    Traps 8, 17, 27 and 43: a created, changed, ordered or deleted question is as the server
    responds.
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


@pytest.mark.parametrize("ids", [[], ["Q1"]], ids=["none", "one"])
@pytest.mark.parametrize("many", ["get_many", "get_many_settled"])
def test_several_questions_of_a_posting_that_cannot_be(front, many, ids):
    """
    Trap 4: the posting's id is checked before those of the questions, however many there are.
    """
    error, requests = talk(
        front, lambda c: getattr(c.questions, many)("list", ids), single(QUESTION)
    )

    assert (InvalidRequestError, []) == (type(error), requests)
    assert "posting_id must not be 'list'" in str(error)


def test_what_became_of_each_question(front):
    """
    A missing question has its error in its place, and the others are returned.
    """

    def answer(request):
        if request.url.path.endswith("/Q2"):
            return httpx.Response(404)
        return single(QUESTION)

    outcomes, _ = talk(
        front, lambda c: c.questions.get_many_settled("P1", ["Q1", "Q2", "q1"]), answer
    )

    assert ["Q1", NotFoundError, "Q1"] == [getattr(one, "id", type(one)) for one in outcomes]


def test_lists_of_a_question(front):
    """
    Trap 35: a missing list is empty, and null is None.
    """
    lists = ("dropdown_values", "file_types", "options")
    absent, _ = talk(front, lambda c: c.questions.get("P1", "Q1"), single(QUESTION))
    null, _ = talk(
        front,
        lambda c: c.questions.get("P1", "Q1"),
        single({**QUESTION, **dict.fromkeys(lists)}),
    )

    assert [()] * 3 == [getattr(absent, name) for name in lists]
    assert [None] * 3 == [getattr(null, name) for name in lists]


def test_words_that_are_new(front):
    """
    Traps 39 and 43: unknown words are data, and the response may differ from the request.
    """
    answered = {"modality": "video", "question_type": "hologram", "operator": "minimum"}
    made, (request,) = talk(
        front,
        lambda c: c.questions.create("P1", modality="form", text="?", operator="gte"),
        single({**QUESTION, **answered}, 201),
    )

    assert {"modality": "form", "text": "?", "operator": "gte"} == sent(request)
    assert answered == {name: getattr(made, name) for name in answered}


def test_every_active_question_is_in_the_order(front):
    """
    Trap 8: the ids of all pages are sent in one order, and the resulting list is a tuple.
    """
    first = listed({**QUESTION, "id": "Q1"}, {**QUESTION, "id": "Q2"}, more=True)
    last = listed({**QUESTION, "id": "Q3"})
    answer = listed(*({**QUESTION, "id": one} for one in ("Q3", "Q2", "Q1")))

    async def turn_round(client):
        walk = client.questions.list_all("P1", modality="voice", page_size=2)
        ids = [one.id async for one in walk]
        return await client.questions.reorder("P1", modality="voice", order=ids[::-1])

    questions, requests = talk(front, turn_round, first, last, answer)

    assert {"modality": "voice", "order": ["Q3", "Q2", "Q1"]} == sent(requests[-1])
    assert ("Q3", "Q2", "Q1") == tuple(one.id for one in questions)
    assert isinstance(questions, tuple)


@pytest.mark.parametrize("order", ["Q1", {"Q1"}, ["Q1", 2], None])
def test_an_order_that_is_none(front, order):
    """
    An order is a list or a tuple of ids; a single str is refused.
    """

    async def body(client):
        with pytest.raises(TypeError, match="order"):
            await client.questions.reorder("P1", modality="voice", order=order)

    front.run(body, "https://api.example.com")
