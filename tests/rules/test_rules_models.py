"""
The rules of a model: equality, repr, and the types of its fields.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
import pytest
from inside import Model, is_secret, resolve
from shown import shown


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Card(Model):
    """
    A model with a secret, and with a field for any JSON.
    """

    _cursor: ClassVar[str] = "number"

    number: str
    link: str | None = attrs.field(default=None, metadata={"secret": True})
    free: Any = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class OtherCard(Card):
    """
    The same model under another name.
    """


A = Card(number="a")


@pytest.mark.parametrize(
    "other",
    [
        Card(number="b"),
        Card(number="a", link="l"),
        Card(number="a", free=[]),
        Card(number="a", extra={"x": 1}),
        OtherCard(number="a"),
        "a",
        None,
    ],
    ids=shown,
)
def test_what_is_not_equal(other):
    """
    Models are equal if they have the same class and equal members, known or unknown.
    """
    assert A != other
    assert other != A
    assert attrs.evolve(A) == A


def test_a_hash_is_of_what_is_known():
    """
    Equal models have equal hashes, even with lists; unknown members do not count.
    """
    assert hash(A) == hash(Card(number="a", extra={"x": [1]}))
    assert hash(A) == hash(attrs.evolve(A)) != hash(Card(number="b"))
    assert hash(A) != hash(OtherCard(number="a"))
    assert hash(A) != hash(Card(number="a", link="l"))
    assert hash(Card(number="a", free=[1])) == hash(Card(number="a", free=[1]))
    assert hash(Card(number="a", free="f")) != hash(A)
    assert hash(Card(number="a", free={"k": 1})) != hash(Card(number="a", free={"l": 1}))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (A, "Card(number='a', link=None, free=None)"),
        (OtherCard(number="a", free=[1]), "OtherCard(number='a', link=None, free=[1])"),
        (Card(number="a", link=""), "Card(number='a', link=***, free=None)"),
        (
            Card(number="a", extra={"x": "y", "z": 1}),
            "Card(number='a', link=None, free=None, extra={'x': 'y', 'z': 1})",
        ),
        (
            Card(number="a", extra={"link": "y", "extra": 1}),
            "Card(number='a', link=None, free=None, extra={'link': ***, 'extra': ***})",
        ),
    ],
    ids=["plain", "named", "secret", "more", "hidden"],
)
def test_what_is_shown(given, expected):
    """
    I-1: the repr has fields in order, unknown ones last; a secret is masked, and so is an unknown
    member of that name.
    """
    assert expected == repr(given)


def test_which_fields_are_secret():
    """
    I-1: a field is secret if it is declared so.
    """
    assert [("extra", False), ("number", False), ("link", True), ("free", False)] == [
        (field.name, is_secret(Card, field.name)) for field in attrs.fields(Card)
    ]


def test_types_are_types():
    """
    Case 198: the annotations of a class and of its constructor are resolved types, at any depth.
    """

    @attrs.frozen(kw_only=True)
    class Kind(Model):
        _hidden: str
        deep: dict[str, tuple[Any, ...]] | None = None
        plain: tuple[int, ...] = ()
        upper: str = attrs.field(default="", converter=str.upper)

    resolve(Kind, sys.modules[__name__])
    made = Kind.__init__.__annotations__

    assert {
        "_hidden": str,
        "deep": dict[str, tuple[Any, ...]] | None,
        "plain": tuple[int, ...],
        "upper": str,
    } == Kind.__annotations__
    assert [str, dict[str, tuple[Any, ...]] | None, tuple[int, ...], str, Mapping[str, Any]] == [
        {field.name: field.type for field in attrs.fields(Kind)}[name]
        for name in ("_hidden", "deep", "plain", "upper", "extra")
    ]
    assert made["deep"] == dict[str, tuple[object, ...]] | None
    assert made["plain"] == tuple[int, ...]


def test_types_of_what_is_no_model():
    """
    Case 198: in a class without attrs only the annotations are resolved, with the names of the
    module that defines it.
    """

    class Kind:
        one: Mapping[str, Any]

    Kind.__module__ = "heymilo_async"

    resolve(Kind, sys.modules[__name__])

    assert {"one": Mapping[str, Any]} == Kind.__annotations__
