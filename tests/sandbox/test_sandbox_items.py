"""
The sandbox's items fit the contract's schemas, and are read-only.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from inside_sandbox import items_of

from heymilo_async import sandbox
from heymilo_async.sandbox import PhoneNumberResponse

Api = Callable[..., Any]


def test_an_item_is_a_mapping_and_has_attributes() -> None:
    """
    Optional members are filled in; items with equal members are equal.
    """
    made = PhoneNumberResponse(id="desk", phone_number="+442079460000", active=True)
    members = {
        "object": "phone_number",
        "id": "desk",
        "phone_number": "+442079460000",
        "country_code": None,
        "active": True,
        "date_provisioned": None,
    }

    assert members == dict(made)
    assert (6, "desk", True) == (len(made), made.id, made["active"])
    assert made == PhoneNumberResponse(**members)
    assert "PhoneNumberResponse(object='phone_number', id='desk'" in repr(made)
    with pytest.raises(AttributeError, match="'PhoneNumberResponse' has no member 'colour'"):
        _ = made.colour
    with pytest.raises(KeyError):
        _ = made["colour"]


def test_an_item_can_be_copied() -> None:
    """
    `copy` and `pickle` work.
    """
    made = PhoneNumberResponse(id="desk", phone_number="+442079460000", active=True)

    assert made == copy.copy(made) == copy.deepcopy(made) == pickle.loads(pickle.dumps(made))


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"id": "desk"}, "phone_number: Field required; active: Field required"),
        ({"id": 1, "phone_number": "", "active": True}, "id: Input should be a valid string"),
        (
            {"id": "", "phone_number": "", "active": True, "object": "voice"},
            "object: Input should be 'phone_number'",
        ),
    ],
)
def test_an_item_fits_the_contract(members: dict[str, Any], words: str) -> None:
    """
    Otherwise the error names the invalid member.
    """
    with pytest.raises(ValueError, match=words):
        PhoneNumberResponse(**members)


LOOP: list[Any] = []
LOOP.append(LOOP)


def nested(levels: int) -> Any:
    """
    Return a text within so many lists and objects.
    """
    value: Any = "x"
    for level in range(levels):
        value = {"a": value} if level % 2 else [value]
    return value


DEEP = nested(210)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a\ud800", r"'\\ud800' is half of a surrogate pair"),
        ({"\udfff": 1}, r"'\\udfff' is half of a surrogate pair"),
        ([float("nan")], "Out of range float values"),
        ((float("inf"),), "Out of range float values"),
        ({1, 2}, "Object of type set is not JSON serializable"),
        (b"abc", "Object of type bytes is not JSON serializable"),
        (10**5000, "digits"),
        (LOOP, "Circular reference"),
        (DEEP, "it has more than 210 levels"),
        ([DEEP] * 2, "it has more than 210 levels"),
        (nested(100_000), "it has more than 210 levels"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_item_can_be_sent(milo: sandbox.Sandbox, value: Any, words: str) -> None:
    """
    What JSON or UTF-8 cannot have is refused with the member's name, also in a candidate, and nothing
    has changed.
    """
    question = next(iter(milo.stores["questions"]))
    with pytest.raises(ValueError, match=f"this QuestionResponse: answer: .*{words}"):
        type(question)(**{**question, "answer": value})
    with pytest.raises(ValueError, match=f"this QuestionResponse: answer: .*{words}"):
        milo.stores["questions"].change(question.id, answer=value)
    assert question == milo.stores["questions"].get(question.id)

    candidate = next(iter(milo.stores["candidates"]))
    with pytest.raises(ValueError, match=f"this CandidateResponse: data: .*{words}"):
        milo.stores["candidates"].change(candidate.interview_id, data={"answer": value})
    assert candidate == milo.stores["candidates"].get(candidate.interview_id)


def test_an_item_may_be_deep(milo: sandbox.Sandbox, api: Api) -> None:
    """
    A member has at most 210 levels, and the sandbox can send as many.
    """
    answer = nested(209)
    question = next(iter(milo.stores["questions"]))
    changed = milo.stores["questions"].change(question.id, answer=answer)

    assert answer == changed.answer
    shown = api("GET", f"/postings/{question.posting_id}/questions").body["data"]
    assert [answer] == [one["answer"] for one in shown if one["id"] == question.id]


def test_what_is_in_an_item_is_not_shared(milo: sandbox.Sandbox) -> None:
    """
    Changing a list that was read from an item does not change the item.
    """
    postings = milo.stores["postings"]
    first = next(iter(postings))
    first.workflow.clear()
    first["urls"]["candidate_url"] = "changed"

    assert 4 == len(next(iter(postings)).workflow)
    assert "changed" not in str(dict(next(iter(postings))))


def test_items_of_all_resources_have_all_members(milo: sandbox.Sandbox) -> None:
    """
    Of two dozen items, some lack optional members.
    """
    voices = list(milo.stores["voices"])

    assert {None, "US", "GB", "CA"} == {one.country_code for one in voices}
    assert {"elevenlabs", "cartesia", "lmnt"} == {one.provider for one in voices}
    for store in milo.stores.values():
        assert len({one.keys() and tuple(one.keys()) for one in store}) <= 1
    assert {None, "Etc/UTC"} == {
        (one.blackout_period or {}).get("timezone") for one in milo.stores["email_templates"]
    }


def test_numbers_are_times_only_where_the_name_says_so() -> None:
    """
    A member whose name ends with `_at` is a time in Unix seconds; other numbers are small.
    """
    first, second, *_ = items_of("postings", 5)

    assert (0.5, 1.5) == (first.retake_cooldown_days, second.retake_cooldown_days)
    assert 1_735_689_600 == first.created_at
