"""
The generated responses for other tests fit the contract, and have their intended kind.
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
    A response of any kind fits the schema that it was generated from.
    """
    schema = {**success_of(name)[1], "components": CONTRACT["components"]}

    jsonschema_rs.validate(schema, answer_of(name, kind))


def test_the_kinds_differ():
    """
    All members; only the required ones; null where it is allowed; and a new member with new words.
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
    Each lost or changed member, at any depth, is named.
    """
    assert faults == lost({"a": 1, "b": [{"c": None}]}, kept)
