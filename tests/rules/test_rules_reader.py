"""
The rules of the generated function that creates a model: its result equals that of the constructor.
"""

from __future__ import annotations

import json
import linecache
import math
import pickle
import traceback
from datetime import UTC, datetime
from typing import Any, NoReturn

import attrs
import pytest
from cattrs import Converter
from inside import write_readers_anew
from server import NUMBER

from heymilo_async import Page, PhoneNumber, ResponseDecodeError, TranscriptEntry, from_dict
from heymilo_async._core import codec as _codec
from heymilo_async._core.codec import configure, decode, structure
from heymilo_async._core.model import EMPTY, Model, can_generate_reader


@pytest.fixture(autouse=True)
def _from_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    # A function is kept once it was written; each test is to see it written.
    write_readers_anew(monkeypatch)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Inner(Model):
    """
    A model within another.
    """

    share: float


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Outer(Model):
    """
    A field of each kind that has a check of its own, required and not.
    """

    at: datetime
    inner: Inner
    either: str | int = 0
    ended: datetime | None = None
    maybe: Inner | None = None
    shares: tuple[float, ...] = ()
    free: Any = None


def test_a_written_function_makes_what_the_constructor_makes():
    """
    All fields are set, and a missing one has its default.
    """
    expected = Outer(
        at=datetime(2025, 2, 15, 9, 40, tzinfo=UTC),
        inner=Inner(share=1.0, extra={"more": [1]}),
        either=5,
        shares=(1.5, 2.0),
    )
    data = {
        "at": 1739612400.0,
        "inner": {"share": 1, "more": [1]},
        "either": 5,
        "shares": [1.5, 2],
    }

    read = structure(data, Outer)

    assert expected == read
    assert (None, None, EMPTY) == (read.maybe, read.free, read.extra)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Plain(Model):
    """
    A field of each kind that the generated function checks itself.
    """

    text: str
    flag: bool
    count: int
    share: float
    at: datetime
    text_or: str | None
    flag_or: bool | None
    count_or: int | None
    share_or: float | None
    at_or: datetime | None
    inner_or: Inner | None


def refuse(*_: object) -> NoReturn:
    """
    Raise.
    """
    raise AssertionError


RIGHT = {"text": "a", "flag": False, "count": 5, "share": 1.5, "at": 0}
READ = {**RIGHT, "at": datetime(1970, 1, 1, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("optional", "expected"),
    [
        ({**RIGHT, "inner": {"share": 2.5}}, {**READ, "inner": Inner(share=2.5)}),
        *[(dict.fromkeys((*RIGHT, "inner")),) * 2],
    ],
    ids=["values", "nulls"],
)
def test_what_is_right_needs_no_hook(optional, expected):
    """
    The generated function itself accepts a value of the right type, or an allowed null.
    """
    converter = configure(Converter(detailed_validation=False))
    for kind in (str, bool, int, float, datetime, Inner):
        converter.register_structure_hook(kind | None, refuse)
        if kind is not Inner:
            converter.register_structure_hook(kind, refuse)

    read = converter.structure(
        {**RIGHT, **{f"{name}_or": value for name, value in optional.items()}}, Plain
    )

    assert Plain(**READ, **{f"{name}_or": value for name, value in expected.items()}) == read


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"either": None}, "$.either must be a string or an integer, not null"),
        ({"at": None}, "$.at must be a number, not null"),
        ({"at": math.inf}, "$.at must be a finite number"),
        ({"at": 1e15}, "$.at must be Unix seconds within the years 1 to 9999"),
        ({"ended": True}, "$.ended must be a number, not a boolean"),
        ({"ended": None, "inner": None}, "$.inner must be an object, not null"),
        ({"inner": {}}, "$.inner.share is missing"),
        ({"inner": {"share": math.nan}}, "$.inner.share must be a finite number"),
        ({"maybe": {"share": "1"}}, "$.maybe.share must be a number, not a string"),
        ({"shares": [1, True]}, "$.shares[1] must be a number, not a boolean"),
        ({"free": {"a": math.inf}}, "$.free holds a number that is not finite"),
    ],
)
def test_what_is_wrong_is_told_as_ever(change, words):
    """
    A value that a check in the function rejects is refused with the text of its hook.
    """
    data = {"at": 0, "inner": {"share": 1}, **change}
    with pytest.raises(ResponseDecodeError) as caught:
        structure(data, Outer)

    assert words == str(caught.value)


def test_what_is_read_is_of_its_class_and_frozen():
    """
    The object is mutable only while it is filled, before anybody sees it.
    """
    number = from_dict(PhoneNumber, NUMBER)
    page = from_dict(Page[PhoneNumber], {"data": [NUMBER], "pagination": {"has_more": False}})

    assert (PhoneNumber, Page) == (type(number), type(page))
    assert number == pickle.loads(pickle.dumps(number))
    assert hash(PhoneNumber(**{**NUMBER, "date_provisioned": number.date_provisioned})) == hash(
        number
    )
    for made, name in ((number, "id"), (page, "data")):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(made, name, "B")
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            delattr(made, name)


def test_a_traceback_shows_the_line_that_was_written():
    """
    The source of the function is readable in a traceback.
    """
    structure({"share": 1.0}, Inner)
    hook = _codec._fast.get_structure_hook(Inner)
    with pytest.raises(KeyError) as caught:
        hook({}, Inner)

    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (f"<reader of {Inner!r}>", "share_ = value['share']") == (last.filename, last.line)
    assert compile("".join(linecache.getlines(last.filename)), last.filename, "exec")


def refuse_empty(model: Any, field: Any, text: str) -> None:
    """
    Refuse an empty string.
    """
    if not text:
        message = f"{field.name} is empty"
        raise ValueError(message)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Validated(Model):
    """
    A model whose constructor does more than setting fields.
    """

    name: str = attrs.field(validator=refuse_empty)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Converted(Model):
    """
    Another.
    """

    name: str = attrs.field(converter=str.upper)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Made(Model):
    """
    Another.
    """

    names: tuple[str, ...] = attrs.field(factory=tuple)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Set(Model):
    """
    Another.
    """

    name: str = attrs.field(default="a", init=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Looked(Model):
    """
    Another.
    """

    name: str = "a"

    def __attrs_post_init__(self) -> None:
        raise NotImplementedError


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Begun(Model):
    """
    Another.
    """

    name: str = "a"

    def __attrs_pre_init__(self) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("kind", [Validated, Converted, Made, Set, Looked, Begun])
def test_a_constructor_that_does_more_is_called(kind):
    """
    A model is created without its constructor only if the constructor does nothing but set fields.
    """
    assert not can_generate_reader(kind)
    assert can_generate_reader(Outer)


def test_a_model_that_cannot_be_written_is_read_by_its_constructor():
    """
    Such a model is as strict, and its validators run.
    """
    read = structure({"name": "a", "more": 1, "extra": 2}, Validated)

    assert Validated(name="a", extra={"more": 1, "extra": 2}) == read
    with pytest.raises(ResponseDecodeError, match="cannot be read"):
        structure({"name": ""}, Validated)
    with pytest.raises(ResponseDecodeError, match=r"^\$\.name must be a string, not a number$"):
        structure({"name": 5}, Validated)


def test_words_that_come_again_are_shared():
    """
    Repeated words, such as a speaker or an object's name, are one string for all models.
    """
    parts = [{"speaker": "Candi", "text": "Well.", "timestamp": 1, "timestamp_str": "00:01"}] * 2
    bodies = [json.dumps(part | {"speaker": part["speaker"] + "date"}) for part in parts]
    one, two = (decode(body.encode(), TranscriptEntry) for body in bodies)

    assert (one, "Candidate") == (two, one.speaker)
    assert one.speaker is two.speaker
    assert one.text is not two.text
    kinds = [decode(json.dumps(NUMBER).encode(), PhoneNumber).object for _ in range(2)]
    assert kinds[0] is kinds[1]
