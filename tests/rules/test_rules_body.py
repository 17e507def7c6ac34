"""
The rules of bodies: which members are sent, which are null, and which values are refused unsent.
"""

from __future__ import annotations

import json
import pickle
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

import attrs
import pytest

from heymilo_async import NOT_GIVEN, InvalidRequestError, NotGiven
from heymilo_async._core.arguments import Body, Length, Metadata, Range, body_of, json_body
from heymilo_async._core.secrets import Secret


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Leaf(Body):
    text: Annotated[str, Length(1, 3)]
    type: Literal["leaf"] = "leaf"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Knot(Body):
    count: Annotated[int, Range(1, 5)] | None | NotGiven = NOT_GIVEN
    type: Literal["knot"] = "knot"

    def _check(self, name: str) -> None:
        if self.count == 4:
            message = f"{name}count must not be 4"
            raise InvalidRequestError(message)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Tree(Body):
    name: str | None | NotGiven = NOT_GIVEN
    share: Annotated[float, Range(0)] | NotGiven = NOT_GIVEN
    flag: bool | NotGiven = NOT_GIVEN
    word: Literal["a", "b"] | NotGiven = NOT_GIVEN
    words: Annotated[Sequence[str], Length(1)] | NotGiven = NOT_GIVEN
    time: datetime | str | NotGiven = NOT_GIVEN
    moment: datetime | NotGiven = NOT_GIVEN
    metadata: Metadata | NotGiven = NOT_GIVEN
    free: Mapping[str, Any] | NotGiven = NOT_GIVEN
    any: Any = NOT_GIVEN
    leaf: Leaf | NotGiven = NOT_GIVEN
    parts: Sequence[Leaf | Knot] | NotGiven = NOT_GIVEN


class Text(str):
    """
    A subclass of str from another library.
    """

    __slots__ = ()


NOON = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"name": NOT_GIVEN}, {}),
        ({"name": None}, {"name": None}),
        ({"name": Text("x")}, {"name": "x"}),
        ({"name": "\u00e9\U0001f600"}, {"name": "\u00e9\U0001f600"}),
        ({"share": 0}, {"share": 0}),
        ({"share": 0.5}, {"share": 0.5}),
        ({"flag": False}, {"flag": False}),
        ({"word": "b"}, {"word": "b"}),
        ({"words": ("x", "y")}, {"words": ["x", "y"]}),
        ({"time": "tomorrow"}, {"time": "tomorrow"}),
        ({"time": NOON}, {"time": "2026-01-01T11:00:00Z"}),
        ({"moment": NOON.astimezone(UTC)}, {"moment": "2026-01-01T11:00:00Z"}),
        ({"metadata": {"a": "b"}}, {"metadata": {"a": "b"}}),
        ({"free": {"a": [1, None, {"b": 2.5}]}}, {"free": {"a": [1, None, {"b": 2.5}]}}),
        ({"any": None}, {"any": None}),
        ({"any": (True, "x")}, {"any": [True, "x"]}),
        ({"leaf": Leaf(text="x")}, {"leaf": {"text": "x", "type": "leaf"}}),
        ({"leaf": {"text": "x"}}, {"leaf": {"text": "x", "type": "leaf"}}),
        (
            {"parts": [{"type": "knot"}, Leaf(text="x"), {"type": "knot", "count": None}]},
            {
                "parts": [
                    {"type": "knot"},
                    {"text": "x", "type": "leaf"},
                    {"count": None, "type": "knot"},
                ]
            },
        ),
    ],
)
def test_what_is_given_is_sent_and_nothing_else(given, expected):
    """
    Traps 24 and 25: members that are not given are left out, and None is null.
    """
    assert expected == json.loads(body_of(Tree, given))


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"nmae": "x"}, InvalidRequestError, "the body has no member 'nmae'"),
        ({"flag": None}, TypeError, "flag must be given, or omitted"),
        ({"flag": 1}, TypeError, "flag must be a bool, not int"),
        ({"share": True}, TypeError, "share must be a number, not bool"),
        ({"share": "1"}, TypeError, "share must be a number, not str"),
        ({"share": float("nan")}, InvalidRequestError, "share must be a finite number"),
        ({"share": -1}, InvalidRequestError, "share must be at least 0: -1"),
        ({"name": 5}, TypeError, "name must be a str, not int"),
        ({"name": "\ud800"}, InvalidRequestError, "name has an unpaired surrogate"),
        ({"word": "c"}, InvalidRequestError, "word must be one of 'a', 'b'"),
        ({"word": 5}, TypeError, "word must be a str"),
        ({"words": "xy"}, TypeError, "words must be a list or a tuple"),
        ({"words": {"x"}}, TypeError, "words must be a list or a tuple"),
        ({"words": []}, InvalidRequestError, "words must have 1 or more items, not 0"),
        ({"words": ["x", 5]}, TypeError, r"words\[1\] must be a str"),
        ({"time": 5}, TypeError, "time must be a datetime, or a str, not int"),
        ({"moment": "now"}, TypeError, "moment must be a datetime"),
        ({"time": datetime(2026, 1, 1)}, InvalidRequestError, "time must have a time zone"),  # noqa: DTZ001 - a time without a zone is refused
        ({"metadata": {"a": 1}}, TypeError, r"metadata\['a'\] must be a str"),
        ({"metadata": {1: "a"}}, TypeError, "a key of metadata must be a str"),
        ({"metadata": ["a"]}, TypeError, "metadata must be a mapping"),
        ({"metadata": dict.fromkeys(map(str, range(51)), "")}, InvalidRequestError, "at most 50"),
        ({"metadata": {"k" * 41: ""}}, InvalidRequestError, "a key of 41 characters, at most 40"),
        ({"metadata": {"k": "v" * 501}}, InvalidRequestError, "501 characters, at most 500"),
        ({"free": {"a": {1}}}, TypeError, r"free\['a'\] must be JSON-compatible"),
        ({"free": {"a": object()}}, TypeError, r"free\['a'\] must be JSON-compatible"),
        ({"any": {"a": float("inf")}}, InvalidRequestError, r"any\['a'\] must be a finite number"),
        ({"any": {1: 2}}, TypeError, "a key of any must be a str"),
        ({"leaf": 5}, TypeError, "leaf must be a Leaf, or a mapping of its members, not int"),
        ({"leaf": Knot()}, TypeError, "leaf must be a Leaf"),
        ({"leaf": {}}, InvalidRequestError, "leaf.text is missing"),
        ({"leaf": {"text": ""}}, InvalidRequestError, "leaf.text must have 1 to 3 characters"),
        ({"leaf": {"text": "x", "y": 1}}, InvalidRequestError, "leaf has no member 'y'"),
        ({"parts": [{"type": "?"}]}, InvalidRequestError, r"parts\[0\].type must be one of 'leaf'"),
        ({"parts": [{}]}, TypeError, r"parts\[0\].type must be a str"),
        ({"parts": [{"type": "knot", "count": 9}]}, InvalidRequestError, r"parts\[0\].count must"),
        ({"parts": [{"type": "knot", "count": 4}]}, InvalidRequestError, r"parts\[0\].count must"),
        ({"parts": [{"type": "knot", "count": True}]}, TypeError, r"parts\[0\].count must be an"),
        ({"share": 10.0**21}, None, ""),
        (
            {"parts": [{"type": "knot", "count": 10**30}]},
            InvalidRequestError,
            "a very large number",
        ),
    ],
)
def test_what_cannot_work_is_refused(given, error, words):
    """
    A wrong type is a TypeError, a value out of bounds an InvalidRequestError; both name the member.
    """
    if error is None:
        assert given == json.loads(body_of(Tree, given))
        return
    with pytest.raises(error, match=words):
        body_of(Tree, given)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Forest(Body):
    trees: Sequence[Tree]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Bush(Body):
    count: int | NotGiven = NOT_GIVEN
    type: Literal["bush"] = "bush"


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Leaf, {"text": "xyz"}),
        (Knot, {"count": 5}),
        (Tree, {"metadata": dict.fromkeys(map(str, range(50)), "")}),
        (Tree, {"metadata": {"k" * 40: "v" * 500}}),
    ],
)
def test_bounds_are_allowed(kind, given):
    """
    Values exactly at the bounds are sent.
    """
    assert given.items() <= json.loads(body_of(kind, given)).items()


@pytest.mark.parametrize(
    ("kind", "given", "error", "text"),
    [
        (Knot, {"count": 201}, InvalidRequestError, "count must be from 1 to 5: 201"),
        (
            Knot,
            {"count": 10**20},
            InvalidRequestError,
            "count must be from 1 to 5: a very large number",
        ),
        (
            Leaf,
            {"text": "x", "y": 1},
            InvalidRequestError,
            "the body has no member 'y': it takes text, type",
        ),
        (Tree, {"word": 5}, TypeError, "word must be a str, not int"),
        (Tree, {"words": {"x"}}, TypeError, "words must be a list or a tuple, not set"),
        (Tree, {"metadata": ["a"]}, TypeError, "metadata must be a mapping, not list"),
        (
            Tree,
            {"any": [{"a": object()}]},
            TypeError,
            "any[0]['a'] must be JSON-compatible, not object",
        ),
        (
            Tree,
            {"any": [Secret(object())]},
            TypeError,
            "any[0] must be JSON-compatible, not object",
        ),
        (
            Tree,
            {"parts": [5]},
            TypeError,
            "parts[0] must be a Leaf or Knot, or a mapping of its members, not int",
        ),
        (
            Tree,
            {"parts": [{"type": "knot", "x": 1}]},
            InvalidRequestError,
            "parts[0] has no member 'x': it takes count, type",
        ),
        (Forest, {"trees": [{"word": 5}]}, TypeError, "trees[0].word must be a str, not int"),
        (
            Forest,
            {"trees": [5]},
            TypeError,
            "trees[0] must be a Tree, or a mapping of its members, not int",
        ),
    ],
)
def test_a_refusal_says_what_and_where(kind, given, error, text):
    """
    A refusal names the member and what it accepts; of the value it shows only a number, or the
    type.
    """
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        body_of(kind, given)


def test_a_body_that_was_changed_is_refused_where_it_is_used():
    """
    A list may change after its body was checked; the refusal names the member of the outer body.
    """
    words = ["x"]
    tree = Tree(words=words)
    words.append(5)

    with pytest.raises(TypeError, match=r"^trees\[0\]\.words\[1\] must be a str, not int$"):
        body_of(Forest, {"trees": [tree]})


def test_what_is_hidden_is_sent():
    """
    A hidden value is sent unchanged, as a member and within JSON.
    """
    given = {"name": Secret("x"), "any": [Secret(["y"])]}

    assert {"name": "x", "any": [["y"]]} == json.loads(body_of(Tree, given))


def test_json_is_compact():
    """
    JSON is sent without spaces, and in UTF-8.
    """
    assert b'{"name":"\xc3\xa9","any":[1,{"a":2}]}' == body_of(
        Tree, {"name": "\u00e9", "any": [1, {"a": 2}]}
    )
    with pytest.raises(TypeError, match=r"^body must be JSON-compatible, not object$"):
        json_body("body", object())


def test_times_are_sent_in_utc(monkeypatch):
    """
    A time is sent in UTC, wherever the program runs.
    """
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    try:
        assert {"moment": "2026-01-01T11:00:00Z"} == json.loads(body_of(Tree, {"moment": NOON}))
    finally:
        monkeypatch.undo()
        time.tzset()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Moment(Body):
    at: datetime


def test_a_time_that_has_to_be_given():
    """
    A member whose only type is a time accepts nothing else.
    """
    assert {"at": "2026-01-01T11:00:00Z"} == json.loads(body_of(Moment, {"at": NOON}))
    with pytest.raises(TypeError, match="at must be a datetime"):
        body_of(Moment, {"at": None})


def test_a_body_checks_itself_when_it_is_made():
    """
    An error is raised where the body is made, and not where it is used.
    """
    with pytest.raises(InvalidRequestError, match="text must have 1 to 3 characters, not 4"):
        Leaf(text="four")
    with pytest.raises(InvalidRequestError, match="count must not be 4"):
        Knot(count=4)


def test_bodies_are_values():
    """
    Bodies compare by the given members, can be hashed and pickled, and show the given members.
    """
    assert Knot(count=1) == Knot(count=1) != Knot()
    assert Knot() != Leaf(text="x")
    assert hash(Tree(words=["x"])) == hash(Tree(words=["x"]))
    assert 3 == len({hash(one) for one in (Knot(), Knot(count=1), Bush())})
    assert Tree(words=["x"]) == pickle.loads(pickle.dumps(Tree(words=["x"])))
    assert "Knot(count=None, type='knot')" == repr(Knot(count=None))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Knot().count = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner, _: [inner],
        lambda inner, _: {"a": inner},
        lambda inner, _: Secret([inner]),
        lambda inner, level: [inner] if level % 2 else {"a": inner},
    ],
    ids=["lists", "mappings", "hidden", "both"],
)
def test_what_is_nested_without_end(wrap):
    """
    A hundred levels are sent; one more is refused, without exhausting the caller's stack.
    """
    nested: Any = 1
    for level in range(100):
        nested = wrap(nested, level)

    assert 100 == json_body("body", nested).count(b"[") + json_body("body", nested).count(b"{")
    with pytest.raises(InvalidRequestError, match="deeper than 100 levels"):
        json_body("body", wrap(nested, 100))
