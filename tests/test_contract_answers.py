"""
The answers that other tests are made of: each is allowed by the contract, and of its kind.
"""

from __future__ import annotations

import jsonschema_rs
import pytest
from contract_answers import CONTRACT, KINDS, OPERATIONS, answer_of, lost, success_of

WITH_JSON = [name for name in OPERATIONS if success_of(name)[1]]
VOICE = CONTRACT["components"]["schemas"]["VoiceResponse"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", WITH_JSON)
def test_answers_are_what_the_contract_allows(name, kind):
    """
    An answer of any kind fits the schema that it was made from.
    """
    schema = {**success_of(name)[1], "components": CONTRACT["components"]}

    jsonschema_rs.validate(schema, answer_of(name, kind))


def test_the_kinds_differ():
    """
    All members; the required ones; null where it may be; and one that is new, with new words.
    """
    answers = {kind: answer_of("getVoice", kind)["data"] for kind in KINDS}
    nullable = [name for name, one in VOICE["properties"].items() if "anyOf" in one]

    assert set(VOICE["properties"]) == set(answers["everything"])
    assert set(VOICE["required"]) == set(answers["least"])
    assert nullable == [name for name, value in answers["nulls"].items() if value is None]
    assert {"new_member"} == set(answers["news"]) - set(VOICE["properties"])
    assert "a new gender" == answers["news"]["gender"]


@pytest.mark.parametrize(
    ("kept", "faults"),
    [
        ({"a": 1, "b": [{"c": None}], "more": 1}, []),
        ({"b": [{"c": None}]}, ["$.a is gone"]),
        ({"a": 2, "b": [{"c": None}]}, ["$.a was 1 and is 2"]),
        ({"a": 1, "b": [{}]}, ["$.b[0].c is gone"]),
        ({"a": 1, "b": []}, ["$.b was [{'c': None}] and is []"]),
    ],
)
def test_what_is_lost_is_noticed(kept, faults):
    """
    Each member that is gone or changed, at any depth, is named.
    """
    assert faults == lost({"a": 1, "b": [{"c": None}]}, kept)
