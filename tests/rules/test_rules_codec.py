"""
The rules of reading and writing JSON: which values are accepted, and the errors for the others.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from inside import write_readers_anew
from server import NUMBER
from shown import shown

from heymilo_async import (
    ErrorBody,
    ErrorDetail,
    InterviewData,
    Page,
    PaginationMeta,
    PhoneNumber,
    ResponseDecodeError,
    ValidationIssue,
    from_dict,
    to_dict,
    to_json,
)
from heymilo_async._core import codec as _codec
from heymilo_async._core.codec import (
    SingleResponse,
    checked_copy,
    decode,
    read_content,
    structure,
)
from heymilo_async._core.model import EMPTY, Model, resolve
from heymilo_async._values import ReadOnly

#: The smallest model with a number.
LEAST = {"id": "A", "phone_number": "+1", "active": True}


@pytest.fixture(autouse=True)
def _from_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    # cattrs caches a function for each type; each test makes it anew.
    write_readers_anew(monkeypatch)


def fault(kind: Any, data: Any) -> tuple[str, str | None]:
    """
    Return the text and the path of the error for *data* as a *kind*.
    """
    with pytest.raises(ResponseDecodeError) as caught:
        structure(data, kind)
    return str(caught.value), caught.value.path


# From bytes.


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body is empty"),
        (
            b"{",
            "the body is not JSON: Expecting property name enclosed in double quotes (character 1)",
        ),
        (b"ab", "the body is not JSON: Expecting value (character 0)"),
        (b"\xff", "the body is not UTF-8 (byte 0)"),
        (b'"\xe9"', "the body is not UTF-8 (byte 1)"),
        (
            b'{"a": NaN}',
            "the body is not JSON that can be decoded exactly: NaN is not a JSON number",
        ),
        (
            b'{"a": -Infinity}',
            "the body is not JSON that can be decoded exactly: -Infinity is not a JSON number",
        ),
        (
            b"9" * 1001,
            "the body is not JSON that can be decoded exactly: an integer of 1001 digits",
        ),
        (b'"\\ud800"', "the body contains an unpaired surrogate"),
        (b'{"\\uDFFF": 1}', "the body contains an unpaired surrogate"),
        (b'"\\uDabc"', "the body contains an unpaired surrogate"),
        (b"[" * 100_000, "the body is nested too deeply to be read here"),
    ],
    ids=shown,
)
def test_bytes_that_are_no_json(body, words):
    """
    Cases 68 to 72: it must be UTF-8, JSON, with exact numbers, complete characters, and limited
    nesting.
    """
    with pytest.raises(ResponseDecodeError, match=f"^{re.escape(words)}$") as caught:
        decode(body, PhoneNumber)

    assert caught.value.path == "$"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        ('"\u00e9"'.encode(), "\u00e9"),
        (b'"\\u00e9"', "\u00e9"),
        (b'"\\\\ud800"', "\\ud800"),
        (b'"a", "id": "b"', "b"),
    ],
)
def test_bytes_that_are(body, name):
    """
    Cases 68, 69, 74: surrogate pairs are characters, a byte order mark is skipped, and of two
    members the last counts.
    """
    given = b'\xef\xbb\xbf{"phone_number": "+1", "active": true, "id": ' + body + b"}"

    assert PhoneNumber(id=name, phone_number="+1", active=True) == decode(given, PhoneNumber)


@pytest.mark.parametrize("digits", ["9" * 1000, "-" + "9" * 999, "0", "-5"])
def test_integers_are_exact(digits):
    """
    Case 71: integers of up to a thousand digits are exact.
    """
    body = json.dumps(LEAST).encode()[:-1] + f', "more": {digits}}}'.encode()

    assert {"more": int(digits)} == decode(body, PhoneNumber).extra


# The values of each type.

OF_NUMBER: list[tuple[str, Any, str]] = [
    ("id", 5, "must be a string, not a number"),
    ("id", None, "must be a string, not null"),
    ("id", True, "must be a string, not a boolean"),
    ("id", {}, "must be a string, not an object"),
    ("id", [], "must be a string, not an array"),
    ("id", 1.5, "must be a string, not a number"),
    ("id", b"a", "must be a string, not no JSON value"),
    ("active", 1, "must be a boolean, not a number"),
    ("active", "true", "must be a boolean, not a string"),
    ("country_code", 1, "must be a string, not a number"),
    ("date_provisioned", "1", "must be a number, not a string"),
    ("date_provisioned", True, "must be a number, not a boolean"),
    ("date_provisioned", math.nan, "must be a finite number"),
    ("date_provisioned", -math.inf, "must be a finite number"),
    ("date_provisioned", 10**400, "must be a finite number"),
    ("date_provisioned", 1e15, "must be Unix seconds within the years 1 to 9999"),
    ("date_provisioned", 1e300, "must be Unix seconds within the years 1 to 9999"),
    ("date_provisioned", -1e12, "must be Unix seconds within the years 1 to 9999"),
]


@pytest.mark.parametrize(("name", "value", "words"), OF_NUMBER)
def test_nothing_is_bent(name, value, words):
    """
    Cases 84 to 86: the error for a wrong type has the expected type, the actual one, and the path.
    """
    path = f"$.{name}"

    assert (f"{path} {words}", path) == fault(PhoneNumber, {**LEAST, name: value})


@attrs.frozen
class Measured:
    """
    A model with a number.
    """

    share: float


@attrs.frozen
class Timed:
    """
    A model with times that has no generated reader.
    """

    at: datetime
    ended: datetime | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Loose(Model):
    """
    A model with strings of any name, and with any JSON.
    """

    labels: Mapping[str, str] = EMPTY
    free: Any = None


@pytest.mark.parametrize(("value", "expected"), [(5, 5.0), (1.5, 1.5), (-0.0, 0.0)])
def test_numbers_are_floats(value, expected):
    """
    Case 85: a number becomes a float, with or without a decimal point.
    """
    read = structure({"share": value}, Measured).share

    assert expected == read
    assert float is type(read)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("5", "must be a number, not a string"),
        (True, "must be a number, not a boolean"),
        (None, "must be a number, not null"),
        (math.inf, "must be a finite number"),
    ],
    ids=shown,
)
def test_what_is_no_number(value, words):
    """
    Case 85: no other value becomes a number.
    """
    assert (f"$.share {words}", "$.share") == fault(Measured, {"share": value})


@pytest.mark.parametrize("name", sorted(LEAST))
def test_what_is_missing_is_named(name):
    """
    Case 83: the error names the missing member.
    """
    data = {key: value for key, value in LEAST.items() if key != name}

    assert (f"$.{name} is missing", f"$.{name}") == fault(PhoneNumber, data)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1.5, datetime(1969, 12, 31, 23, 59, 58, 500_000, tzinfo=UTC)),
        (1739612400.0, datetime(2025, 2, 15, 9, 40, tzinfo=UTC)),
        (None, None),
    ],
)
def test_times_are_utc(seconds, expected):
    """
    Case 86: Unix seconds, with or without a fraction, become a datetime in UTC.
    """
    read = structure({**LEAST, "date_provisioned": seconds}, PhoneNumber)

    assert expected == read.date_provisioned
    assert seconds == to_dict(read)["date_provisioned"]
    assert type(to_dict(read)["date_provisioned"]) in {float, type(None)}


def test_times_are_utc_in_any_class():
    """
    Case 86: without a generated reader, too, times have a zone.
    """
    noon = datetime(1970, 1, 1, 12, tzinfo=UTC)

    assert Timed(noon, noon) == structure({"at": 43_200, "ended": 43_200.0}, Timed)
    assert Timed(noon) == structure({"at": 43_200, "ended": None}, Timed)
    assert ("$.at must be a number, not null", "$.at") == fault(Timed, {"at": None})


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (None, "must be an object, not null"),
        ([], "must be an object, not an array"),
        ({"a": "b", "c": 5}, "must have a string for 'c', not a number"),
        ({"a @ $.b": 5}, "must have a string for 'a @ $.b', not a number"),
        ({"n" * 51: None}, f"must have a string for '{'n' * 50}', not null"),
        ({"a": {"b": math.nan}}, "holds a number that is not finite"),
    ],
    ids=shown,
)
def test_texts_of_any_name(labels, words):
    """
    Case 84: in an object of strings, a member of another type is named.
    """
    assert (f"$.labels {words}", "$.labels") == fault(Loose, {"labels": labels})


@pytest.mark.parametrize(
    ("value", "kind"), [({"a": [1]}, ReadOnly), ([{"a": 1}], list), ("a", str), (None, type(None))]
)
def test_anything_is_kept_as_it_came(value, kind):
    """
    Case 82: any JSON is accepted where the contract has no schema, and an object is read-only.
    """
    read = structure({"free": value, "labels": {"a": "b"}}, Loose)

    assert (value, {"a": "b"}) == (read.free, read.labels)
    assert (kind, ReadOnly) == (type(read.free), type(read.labels))


@pytest.mark.parametrize(
    ("kind", "data", "words", "path"),
    [
        (PhoneNumber, None, "$ must be an object, not null", "$"),
        (PhoneNumber, [], "$ must be an object, not an array", "$"),
        (PhoneNumber, ReadOnly(LEAST), "$ must be an object, not no JSON value", "$"),
        (Page[PhoneNumber], {}, "$.data is missing", "$.data"),
        (
            Page[PhoneNumber],
            {"data": {}, "pagination": {"has_more": True}},
            "$.data must be an array, not an object",
            "$.data",
        ),
        (
            Page[PhoneNumber],
            {"data": (), "pagination": {"has_more": True}},
            "$.data must be an array, not no JSON value",
            "$.data",
        ),
        (
            Page[PhoneNumber],
            {"data": [LEAST, LEAST, {**LEAST, "id": 5}], "pagination": {"has_more": True}},
            "$.data[2].id must be a string, not a number",
            "$.data[2].id",
        ),
        (
            Page[PhoneNumber],
            {"data": [LEAST, None], "pagination": {"has_more": True}},
            "$.data[1] must be an object, not null",
            "$.data[1]",
        ),
        (
            Page[PhoneNumber],
            {"data": [], "pagination": {"has_more": True, "total_count": 1.5}},
            "$.pagination.total_count must be an integer, not a number",
            "$.pagination.total_count",
        ),
        (
            Page[PhoneNumber],
            {"data": [{}, {}], "pagination": 5},
            "$.data[0].id is missing",
            "$.data[0].id",
        ),
        (
            SingleResponse[PhoneNumber],
            {"data": LEAST, "meta": []},
            "$.meta must be an object, not an array",
            "$.meta",
        ),
        (
            SingleResponse[PhoneNumber],
            {"data": LEAST, "meta": {"a": math.inf}},
            "$.meta holds a number that is not finite",
            "$.meta",
        ),
        (
            ValidationIssue,
            {"loc": ["a", None], "msg": "", "type": ""},
            "$.loc[1] must be a string or an integer, not null",
            "$.loc[1]",
        ),
        (
            ValidationIssue,
            {"loc": [True], "msg": "", "type": ""},
            "$.loc[0] must be a string or an integer, not a boolean",
            "$.loc[0]",
        ),
        (
            PhoneNumber,
            {**LEAST, "id": 5, "extra": 5},
            "$.id must be a string, not a number",
            "$.id",
        ),
        (
            PhoneNumber,
            {**LEAST, "more": {"a": [object()]}},
            "$ holds a object where JSON cannot have one",
            "$",
        ),
    ],
)
def test_faults_are_told_with_their_place(kind, data, words, path):
    """
    Cases 83, 84, 89, 90: the error has the first fault, with its JSON path.
    """
    assert (words, path) == fault(kind, data)


def test_what_is_nested_too_deeply_for_the_stack():
    """
    Case 70: near the end of the stack a body is refused, and never with a `RecursionError`.
    """

    class Bottomless(dict):
        def __getitem__(self, key: str) -> Any:
            raise RecursionError

    def hook(*_: Any) -> Any:
        raise RecursionError

    _codec._fast.register_structure_hook(PhoneNumber, hook)

    assert ("$ is nested too deeply to be read here", "$") == fault(PhoneNumber, Bottomless())


def test_a_fault_that_nobody_thought_of():
    """
    Case 82: an unexpected exception of a hook is a decode error that names its class.
    """

    def hook(*_: Any) -> Any:
        raise ZeroDivisionError

    _codec._fast.register_structure_hook(PhoneNumber, hook)
    _codec._detailed().register_structure_hook(PhoneNumber, hook)

    assert ("$ cannot be read (ZeroDivisionError)", "$") == fault(PhoneNumber, LEAST)


def test_a_fault_that_is_gone_the_second_time():
    """
    The second reading only finds the path; if it succeeds, the first error stands.
    """

    def hook(*_: Any) -> Any:
        raise KeyError

    _codec._fast.register_structure_hook(PhoneNumber, hook)

    assert ("$ is missing", "$") == fault(PhoneNumber, LEAST)


def test_the_words_of_the_first_reading():
    """
    Case 84: the first reading alone refuses other JSON than an object with the same text.
    """
    _codec._detailed().register_structure_hook(PhoneNumber, lambda *_: None)

    assert ("$ must be an object, not an array", "$") == fault(PhoneNumber, [])


# Unknown members.


@pytest.mark.parametrize(
    "value",
    [None, True, 5, 1.5, "a", [], {}, [1, [2, {"a": [None]}]], {"a": {"b": [1.5, "c"]}}],
    ids=shown,
)
def test_unknown_members_are_kept(value):
    """
    Case 82: they may have any JSON type, and are read-only copies.
    """
    data = {**LEAST, "more": value, "extra": value}
    read = structure(data, PhoneNumber)

    assert {"more": value, "extra": value} == read.extra
    assert isinstance(read.extra, ReadOnly)
    assert {**to_dict(structure(LEAST, PhoneNumber)), **data} == to_dict(read)
    if isinstance(value, list | dict):
        assert read.extra["more"] is not value


def nested(kind: type, depth: int) -> Any:
    """
    Return a value with that many levels.
    """
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind is list else {"a": value}
    return value


@pytest.mark.parametrize("kind", [list, dict])
def test_how_deep_is_deep(kind):
    """
    Case 70: the limit is a hundred levels of unknown members, including the outermost object.
    """
    assert {"x": nested(kind, 99)} == checked_copy({"x": nested(kind, 99)})
    assert {"x": nested(kind, 99), "y": []} == checked_copy({"x": nested(kind, 99), "y": []})
    with pytest.raises(TypeError, match=r"^is nested deeper than 100 levels$"):
        checked_copy({"x": nested(kind, 100)})


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"a": math.nan}, "holds a number that is not finite"),
        ({"a": [1.5, math.inf]}, "holds a number that is not finite"),
        ({"a": {1: "b"}}, "holds a int where JSON cannot have one"),
        ({"a": {None: "b"}}, "holds a NoneType where JSON cannot have one"),
        ({1: "b"}, "holds a int where JSON cannot have one"),
        ({"a": (1,)}, "holds a tuple where JSON cannot have one"),
        ({"a": {"b": {1}}}, "holds a set where JSON cannot have one"),
        ({(): object()}, "holds a object where JSON cannot have one"),
    ],
    ids=shown,
)
def test_what_json_does_not_have(members, words):
    """
    Case 72: a value must have finite numbers, names that are strings, and only JSON types.
    """
    with pytest.raises(TypeError, match=f"^{words}$"):
        checked_copy(members)


def test_a_copy_shares_nothing():
    """
    Case 82: changing the caller's body does not change the copy.
    """
    given = {"a": [1, {"b": [2]}], "c": {"d": [3]}}
    got = checked_copy(given)
    given["a"][1]["b"].append(4)
    given["a"].append(5)
    given["c"]["d"].append(6)

    assert {"a": [1, {"b": [2]}], "c": {"d": [3]}} == got


# The choice of the model.


def test_a_bare_page_goes_by_what_its_items_say():
    """
    An unparametrised page reads each item as the model that its `object` names.
    """
    data = {"data": [NUMBER, NUMBER], "pagination": {"has_more": False}}

    assert structure(data, Page[PhoneNumber]) == structure(data, Page)


@pytest.mark.parametrize(
    "item", [{**NUMBER, "object": "fax"}, LEAST, {**NUMBER, "object": []}, [], 5]
)
def test_items_that_do_not_say_what_they_are(item):
    """
    An item without a known `object` is refused, and the error says what to do.
    """
    data = {"data": [NUMBER, item], "pagination": {"has_more": False}}
    words = "has no `object` that names its model: pass the model, as in Page[PhoneNumber]"

    assert (f"$.data[1] {words}", "$.data[1]") == fault(Page, data)


# Round trips.


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (PhoneNumber, {**NUMBER, "more": {"a": [1]}}),
        (
            Page[PhoneNumber],
            {
                "data": [{**NUMBER, "x": 1}, NUMBER],
                "pagination": {"has_more": True, "total_count": 5, "url": None, "y": {}},
                "z": [],
            },
        ),
        (PaginationMeta, {"has_more": False, "total_count": None, "url": "/x"}),
        (ValidationIssue, {"loc": ["a", 0], "msg": "m", "type": "t", "input": None}),
        (
            ErrorBody,
            {
                "type": "t",
                "code": "c",
                "message": "m",
                "param": None,
                "doc_url": "/d",
                "errors": [{"code": "c", "message": "m", "param": "p", "w": 1}],
                "v": 2,
            },
        ),
        (ErrorDetail, {"code": "c", "message": "m", "param": None}),
        (Loose, {"labels": {"a": "b"}, "free": {"c": [{"d": None}]}}),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_there_and_back(kind, data):
    """
    Case 82: a model is written as it was read, member by member, as a dict and as text.
    """
    read = from_dict(kind, data)

    assert data == to_dict(read)
    assert data == json.loads(to_json(read))
    assert read == from_dict(type(read), to_dict(read))


def test_json_is_short_and_readable():
    """
    The text has no superfluous blanks or escapes.
    """
    number = PhoneNumber(id="\u00e9", phone_number="+1", active=True)

    assert to_json(number) == (
        '{"id":"\u00e9","phone_number":"+1","active":true,"country_code":null,'
        '"date_provisioned":null,"object":"phone_number"}'
    )


def test_what_is_read_is_copied():
    """
    A mapping of any class is accepted, and not kept.
    """
    assert from_dict(PhoneNumber, ReadOnly(LEAST)) == structure(LEAST, PhoneNumber)


class NotOurs:
    """
    A class that is no model.
    """


@attrs.frozen
class AlmostOurs:
    """
    A model of another library.
    """

    id: str


@pytest.mark.parametrize("kind", [dict, int, NotOurs, AlmostOurs, list[int]])
def test_only_models_are_read(kind):
    """
    `from_dict` refuses a class that is no model, and names it.
    """
    words = f"from_dict() reads models of heymilo_async, not {kind!r}"
    with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
        from_dict(kind, {})


@pytest.mark.parametrize("data", [None, [], "x", 5])
def test_only_mappings_are_read(data):
    """
    `from_dict` refuses data that is no mapping, and names its type.
    """
    with pytest.raises(TypeError, match=f"^data must be a mapping, not {type(data).__name__}$"):
        from_dict(PhoneNumber, data)


@pytest.mark.parametrize("given", [{}, None, NotOurs(), AlmostOurs("a"), PhoneNumber])
def test_only_models_are_written(given):
    """
    `to_dict` and `to_json` refuse an object that is no model, and name its type.
    """
    words = f"to_dict() takes a model of heymilo_async, not {type(given).__name__}"
    for write in (to_dict, to_json):
        with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
            write(given)


@pytest.mark.parametrize("odd", [math.nan, {1, 2}, (1,), {1: 2}])
def test_what_json_cannot_say_is_not_written(odd):
    """
    Case 72: a hand-made model with a value that JSON lacks is a `TypeError`.
    """
    for model in (PhoneNumber(**LEAST, extra={"odd": odd}), Loose(free=ReadOnly({"odd": odd}))):
        with pytest.raises(TypeError, match=r"^holds a"):
            to_dict(model)


def test_no_text_is_written_that_is_no_json():
    """
    Case 72: a hand-made model with a number that JSON lacks cannot be written.
    """
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json(PaginationMeta(has_more=True, total_count=math.nan))


def test_what_a_model_knows_comes_from_its_fields():
    """
    A hand-made `extra` overrides no field, and is copied when it is written.
    """
    inner: list[int] = []
    number = PhoneNumber(**LEAST, extra={"id": "B", "more": inner})

    assert to_dict(number)["id"] == "A"
    assert to_dict(number)["more"] is not inner


NUMBERS = (PhoneNumber(**LEAST),)


@pytest.mark.parametrize(
    ("shape", "returns", "body", "expected"),
    [
        ("any", object, b"", (None, None, {}, False)),
        ("any", object, b'[1, {"a": null}]', ([1, {"a": None}], None, {}, False)),
        (
            "page",
            Page[PhoneNumber],
            {"data": [LEAST], "pagination": {"has_more": True}},
            (Page(data=NUMBERS, pagination=PaginationMeta(has_more=True)), None, {}, False),
        ),
        ("object", PhoneNumber, LEAST, (*NUMBERS, None, {}, False)),
        (
            "list",
            tuple[PhoneNumber, ...],
            {"data": [LEAST], "x": 1},
            (NUMBERS, None, {"x": 1}, False),
        ),
        (
            "list",
            tuple[PhoneNumber, ...],
            {"data": [], "pagination": {"has_more": True}},
            ((), None, {}, True),
        ),
        (
            "list",
            tuple[PhoneNumber, ...],
            {"data": [], "pagination": {"has_more": False}},
            ((), None, {}, False),
        ),
        (
            "single",
            PhoneNumber,
            {"data": LEAST, "meta": {"a": 1}, "x": 2},
            (*NUMBERS, {"a": 1}, {"x": 2}, False),
        ),
        ("items", tuple[PhoneNumber, ...], {"data": [LEAST]}, (NUMBERS, None, {}, False)),
    ],
    ids=shown,
)
def test_what_an_answer_holds(shape, returns, body, expected):
    """
    Each envelope has its data, its `meta`, unknown members, and whether there is more.
    """
    given = body if isinstance(body, bytes) else json.dumps(body).encode()

    assert expected == attrs.astuple(read_content(given, returns, shape), recurse=False)


def test_an_interview_that_is_not_ready():
    """
    Its response may lack nearly everything, even its id; unreadable parts are kept in `.extra`.
    """
    body = b'{"data": {"web_interview": 5, "resume": null}, "meta": {"status": "not_ready"}}'
    content = read_content(body, InterviewData, "single", "I1")

    assert ("I1", "not_ready", {"web_interview": 5}) == (
        content.data.interview_id,
        content.data.status,
        content.data.extra,
    )
    assert content.meta == {"status": "not_ready"}


def test_an_envelope_has_its_meta():
    """
    A single model has an envelope, with or without `meta`, and unknown members are kept.
    """
    read = structure({"data": LEAST, "meta": {"a": [1]}, "b": 2}, SingleResponse[PhoneNumber])

    assert read.data == PhoneNumber(**LEAST)
    assert read.meta == {"a": [1]}
    assert isinstance(read.meta, ReadOnly)
    assert read.extra == {"b": 2}
    assert structure({"data": LEAST, "meta": None}, SingleResponse[PhoneNumber]).meta is None
    assert structure({"data": LEAST}, SingleResponse[PhoneNumber]).meta is None


def test_what_a_constructor_takes_is_of_types_that_have_values():
    """
    Case 198: the annotations of a model's constructor are concrete types, and none is `Any`.
    """

    @attrs.frozen(kw_only=True)
    class Kind(Model):
        one: str
        some: tuple[Mapping[str, Any], ...] = ()
        maybe: Mapping[str, Any] | None = None

    resolve(Kind, sys.modules[__name__])

    free: Any = Mapping[str, object]
    assert {
        "one": str,
        "some": tuple[free, ...],
        "maybe": free | None,
        "extra": free,
    } == {name: hint for name, hint in Kind.__init__.__annotations__.items() if name != "return"}
