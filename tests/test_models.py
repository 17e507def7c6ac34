"""
Models: their structure, and that no part of the JSON is lost or converted.
"""

from __future__ import annotations

import copy
import json
import pickle
import sys
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inside import DEEPEST, ReadOnly, decode
from server import NUMBER

from heymilo_async import (
    ErrorBody,
    ErrorDetail,
    Headers,
    Page,
    PaginationMeta,
    PhoneNumber,
    PushStatus,
    ResponseDecodeError,
    ValidationIssue,
    from_dict,
    to_dict,
    to_json,
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


def extras(known: set[str]) -> st.SearchStrategy[dict[str, object]]:
    """
    Return strategies for unknown members of a model.
    """
    return st.dictionaries(text.filter(lambda name: name not in known), json_values, max_size=3)


numbers = st.builds(
    PhoneNumber,
    id=text,
    phone_number=text,
    active=st.booleans(),
    country_code=st.none() | text,
    date_provisioned=st.none()
    | st.floats(-60_000_000_000, 250_000_000_000).map(lambda ts: datetime.fromtimestamp(ts, UTC)),
    object=st.just("phone_number"),
    extra=extras({field.name for field in attrs.fields(PhoneNumber)} - {"extra"}),
)
metas = st.builds(
    PaginationMeta,
    has_more=st.booleans(),
    total_count=st.none() | st.integers(),
    url=st.none() | text,
    extra=extras({"has_more", "total_count", "url"}),
)
pages = st.builds(
    Page,
    data=st.lists(numbers, max_size=3).map(tuple),
    pagination=metas,
    extra=extras({"data", "pagination"}),
)
details = st.builds(ErrorDetail, code=text, message=text, param=st.none() | text)
bodies = st.builds(
    ErrorBody, type=text, code=text, message=text, errors=st.lists(details).map(tuple)
)
issues = st.builds(
    ValidationIssue,
    loc=st.lists(text | st.integers(), max_size=3).map(tuple),
    msg=text,
    type=text,
)
models = numbers | metas | pages | bodies | issues


@given(models)
def test_from_dict_is_the_way_back(model):
    """
    `from_dict(type(m), to_dict(m)) == m`, also over real JSON.
    """
    assert model == from_dict(type(model), to_dict(model))
    assert model == from_dict(type(model), json.loads(to_json(model)))


def test_a_model_of_dicts_has_the_hash_of_the_decoded_one():
    """
    A model that a program made of dicts, as its types allow, is equal to the decoded one, and has
    the same hash.
    """
    own = PushStatus(
        item_id="i",
        status="done",
        failure_instances=({"why": ["full"]}, {"when": {}}),
        success_details={"created": True},
    )
    read = from_dict(PushStatus, to_dict(own))

    assert own == read
    assert hash(own) == hash(read) != hash(attrs.evolve(own, success_details={"updated": True}))


@given(models)
def test_models_can_be_pickled_copied_and_hashed(model):
    """
    A model equals its pickle and its copies, and has the same hash.
    """
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert model == pickle.loads(pickle.dumps(model, protocol))
    assert model == copy.copy(model) == copy.deepcopy(model)
    assert hash(model) == hash(copy.deepcopy(model))


@given(json_values)
def test_any_json_is_a_page_or_a_decode_error(value):
    """
    Any JSON is read as it is, or refused with the path of the error.
    """
    body = json.dumps(value).encode()
    try:
        page = decode(body, Page[PhoneNumber])
    except ResponseDecodeError as error:
        assert error.path.startswith("$")
    else:
        assert value == {name: to_dict(page)[name] for name in value}


@given(st.binary(max_size=60))
def test_any_bytes_are_a_decode_error(body):
    """
    Bytes that are not JSON raise a `ResponseDecodeError`, and nothing else.
    """
    with pytest.raises(ResponseDecodeError):
        decode(body, Page[PhoneNumber])


@pytest.mark.parametrize("model", [PhoneNumber, PaginationMeta, Page, ErrorBody, ErrorDetail])
def test_models_are_slotted_and_frozen(model):
    """
    A model has no `__dict__`, and its attributes cannot be set.
    """
    assert "__slots__" in vars(model)
    instance = object.__new__(model)

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        instance.extra = {}


def test_extra_is_kept_and_read_only():
    """
    A new member is kept in `extra`, and counts for equality but not for the hash.
    """
    plain, more = from_dict(PhoneNumber, NUMBER), from_dict(PhoneNumber, {**NUMBER, "label": [1]})

    assert {"label": [1]} == more.extra
    assert plain != more
    assert hash(plain) == hash(more)
    with pytest.raises(TypeError):
        more.extra["label"] = 2  # type: ignore[index]


def test_extra_is_a_copy():
    """
    Neither the source of a model nor the result of `to_dict` shares data with it.
    """
    source = {**NUMBER, "tags": {"a": [1]}}
    number = from_dict(PhoneNumber, source)
    source["tags"]["a"].append(2)
    to_dict(number)["tags"]["a"].append(3)

    assert {"tags": {"a": [1]}} == number.extra


def test_to_dict_is_the_contracts_json():
    """
    `to_dict` returns every field, None as null, times as Unix seconds, then the extra members.
    """
    number = PhoneNumber(
        id="A",
        phone_number="+12065550100",
        active=False,
        date_provisioned=datetime(2025, 2, 12, 10, 0, 0, 500_000, tzinfo=UTC),
        extra={"label": None},
    )

    assert [
        ("id", "A"),
        ("phone_number", "+12065550100"),
        ("active", False),
        ("country_code", None),
        ("date_provisioned", 1739354400.5),
        ("object", "phone_number"),
        ("label", None),
    ] == list(to_dict(number).items())


def test_times_are_aware_and_utc():
    """
    A time of the API is an aware datetime in UTC.
    """
    assert datetime(2025, 2, 15, 9, 40, tzinfo=UTC) == (
        from_dict(PhoneNumber, NUMBER).date_provisioned
    )
    assert UTC is from_dict(PhoneNumber, NUMBER).date_provisioned.tzinfo


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id": 5}, "$.id"),
        ({"id": None}, "$.id"),
        ({"active": 0}, "$.active"),
        ({"active": "false"}, "$.active"),
        ({"phone_number": 12065550100}, "$.phone_number"),
        ({"country_code": 1}, "$.country_code"),
        ({"object": None}, "$.object"),
        ({"date_provisioned": "1739612400"}, "$.date_provisioned"),
        ({"date_provisioned": True}, "$.date_provisioned"),
        ({"date_provisioned": 1e20}, "$.date_provisioned"),
        ({"date_provisioned": 10**400}, "$.date_provisioned"),
        ({"date_provisioned": float("nan")}, "$.date_provisioned"),
        ({"more": float("inf")}, "$"),
        ({"more": {1: 2}}, "$"),
        ({"more": {"a": object()}}, "$"),
        ({"more": (1,)}, "$"),
    ],
)
def test_a_wrong_type_is_never_bent(change, path):
    """
    A value of the wrong type is an error that names its path.
    """
    with pytest.raises(ResponseDecodeError) as caught:
        from_dict(PhoneNumber, {**NUMBER, **change})

    assert path == caught.value.path
    assert None is caught.value.status_code


@pytest.mark.parametrize(
    ("kind", "data", "path"),
    [
        (
            Page[PhoneNumber],
            {"data": [NUMBER, {**NUMBER, "id": 1}], "pagination": {}},
            "$.data[1].id",
        ),
        (Page[PhoneNumber], {"data": [NUMBER], "pagination": {}}, "$.pagination.has_more"),
        (Page[PhoneNumber], {"data": "", "pagination": {"has_more": True}}, "$.data"),
        (
            Page,
            {"data": [{**NUMBER, "object": "fax"}], "pagination": {"has_more": True}},
            "$.data[0]",
        ),
        (Page, {"data": [5], "pagination": {"has_more": True}}, "$.data[0]"),
        (ValidationIssue, {"loc": [1.5], "msg": "", "type": ""}, "$.loc[0]"),
        (PaginationMeta, {"has_more": True, "total_count": 7.0}, "$.total_count"),
        (PaginationMeta, {"has_more": True, "total_count": True}, "$.total_count"),
    ],
)
def test_the_path_leads_through_lists(kind, data, path):
    """
    The path of an error is a JSON path with indices.
    """
    with pytest.raises(ResponseDecodeError) as caught:
        from_dict(kind, data)

    assert path == caught.value.path


@pytest.mark.parametrize("depth", [1, DEEPEST - 1])
def test_deep_is_fine_up_to_a_point(depth):
    """
    Unknown members may be nested, up to a hundred levels.
    """
    value: object = 1
    for _ in range(depth):
        value = [value]

    assert {"more": value} == from_dict(PhoneNumber, {**NUMBER, "more": value}).extra
    with pytest.raises(ResponseDecodeError, match="deeper than 100"):
        from_dict(PhoneNumber, {**NUMBER, "more": [[value] * 2] * DEEPEST, "x": _nested(DEEPEST)})


def _nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def test_a_deep_caller_gets_a_decode_error():
    """
    Near the end of the stack a body may be refused, but never with a `RecursionError`.
    """

    def at(depth: int) -> object:
        if depth:
            return at(depth - 1)
        try:
            return decode(b'{"data":' + b"[" * 500 + b"]" * 500 + b"}", Page[PhoneNumber])
        except ResponseDecodeError:
            return "refused"

    assert "refused" == at(sys.getrecursionlimit() - 150)


@pytest.mark.parametrize("kind", [dict, int, Headers])
def test_only_models_are_read(kind):
    """
    `from_dict` and `to_dict` refuse other classes than models, and data that is no mapping.
    """
    with pytest.raises(TypeError, match="model"):
        from_dict(kind, {})
    with pytest.raises(TypeError, match="model"):
        to_dict(kind())
    with pytest.raises(TypeError, match="mapping"):
        from_dict(PhoneNumber, [])


def test_what_json_cannot_say_is_not_written():
    """
    A value in a hand-made `extra` that JSON lacks is a `TypeError`.
    """
    number = PhoneNumber(id="A", phone_number="", active=True, extra={"odd": {1, 2}})

    with pytest.raises(TypeError, match="set"):
        to_dict(number)


def test_a_hand_made_extra_does_not_hide_a_field():
    """
    The field has the value of a known member, whatever `extra` contains.
    """
    number = PhoneNumber(id="A", phone_number="", active=True, extra={"id": "B"})

    assert "A" == to_dict(number)["id"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("+12065550100", True),
        ("+441134960000", True),
        ("12065550100", False),
        ("(206) 555-0100", False),
        ("+", False),
        ("+0123456", False),
        ("+1234567890123456", False),
        ("+１２０６", False),
        ("+12065550100\n", False),
        ("", False),
    ],
)
def test_is_e164(written, expected):
    """
    `is_e164` describes the number as it is written; the number itself is unchanged.
    """
    number = PhoneNumber(id="A", phone_number=written, active=True)

    assert expected is number.is_e164
    assert written == number.phone_number


def test_a_page_is_a_sequence():
    """
    A page has a length, indices, slices and an order, and never fetches more items.
    """
    items = tuple(from_dict(PhoneNumber, {**NUMBER, "id": one}) for one in "ABC")
    page = Page(data=items, pagination=PaginationMeta(has_more=False))

    assert (3, "A", items[1:], list(items)) == (len(page), page[0].id, page[1:], list(page))
    assert items[1] in page
    assert ["C", "B", "A"] == [number.id for number in reversed(page)]
    assert None is page.next_cursor


def test_an_empty_page_is_false_and_has_no_cursor():
    """
    An empty page is false, and has no cursor even if it says that there is more.
    """
    page: Page[PhoneNumber] = Page(data=(), pagination=PaginationMeta(has_more=True))

    assert not page
    assert None is page.next_cursor


def test_headers_are_a_read_only_mapping():
    """
    Headers are found in upper and lower case, joined if they are repeated, and contain no
    credential.
    """
    headers = Headers(
        [
            ("X-Request-Id", "1"),
            ("Link", "a"),
            ("link", "b"),
            ("Set-Cookie", "s"),
            ("X-API-KEY", "k"),
        ]
    )

    assert ("1", "a, b", ("a", "b")) == (
        headers["x-REQUEST-id"],
        headers["LINK"],
        headers.get_all("Link"),
    )
    assert ["x-request-id", "link"] == list(headers)
    assert "set-cookie" not in headers
    assert 5 not in headers
    assert {"X-Request-Id": "1", "Link": "a, b"} == headers
    assert Headers([("link", "c")]) != headers
    assert headers != 5
    assert headers == pickle.loads(pickle.dumps(headers)) == copy.deepcopy(headers)
    assert hash(headers) == hash(copy.deepcopy(headers))
    turned = Headers([("link", "a"), ("link", "b"), ("x-request-id", "1")])
    assert headers == turned
    assert hash(headers) == hash(turned) != hash(Headers([("link", "a")]))
    assert "Headers({'x-request-id': '1', 'link': 'a, b'})" == repr(headers)
    assert 2 == len(headers)


def test_read_only_mappings_compare_with_any_mapping():
    """
    A read-only mapping equals a dict with the same items, and nothing that is not a mapping.
    """
    assert ReadOnly({"a": 1}) == {"a": 1}
    assert ReadOnly({"a": 1}) != 5
    assert "{'a': 1}" == repr(ReadOnly({"a": 1}))
