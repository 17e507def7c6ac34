"""
The rules of a call: its path and its query, and the values that they accept.
"""

from __future__ import annotations

import re
from typing import Any

import attrs
import pytest
from shown import shown

from heymilo_async import (
    NOT_GIVEN,
    APIResponse,
    Attempt,
    Audio,
    ConfigurationError,
    Headers,
    InvalidRequestError,
    NotGiven,
    PhoneNumber,
    ResponseDecodeError,
)
from heymilo_async._core.arguments import (
    Body,
    check_cursor,
    check_header,
    check_id,
    check_limit,
    check_method,
    check_path,
    check_search,
    seconds,
    whole_number,
)
from heymilo_async._core.messages import Operation, Response, audio_of, call_of, operation

GET: Operation[PhoneNumber] = Operation(
    id="getThing",
    method="GET",
    path="/v2/things/{thing_id}/of/{owner}",
    returns=PhoneNumber,
    shape="single",
    answers="id",
)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Drawing(Body):
    """
    A body with a secret in it.
    """

    name: str | None | NotGiven = NOT_GIVEN
    image: str | NotGiven = NOT_GIVEN


POST = attrs.evolve(GET, method="POST", path="/v2/drawings/{id}", takes=Drawing)


# The path and the query.


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("666A24C3", "666A24C3"),
        ("a/b", "a%2Fb"),
        ("a b", "a%20b"),
        ("a+b", "a%2Bb"),
        ("a?b#c", "a%3Fb%23c"),
        ("a%2Fb", "a%252Fb"),
        ("a:b@c=d", "a:b@c=d"),
        ("~.-_", "~.-_"),
        ("{owner}", "%7Bowner%7D"),
        ("\u00e9", "%C3%A9"),
        ("&;", "%26%3B"),
    ],
)
def test_an_argument_is_one_segment(text, segment):
    """
    Case 108: each argument is one segment of the path, in its own place.
    """
    call = GET.call(text, "me")

    assert f"/v2/things/{segment}/of/me" == call.path
    assert f"GET /v2/things/{segment}/of/me" == str(call)
    assert not call.query
    assert call.operation is GET
    assert call.body is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (None, ""),
        ({}, ""),
        ({"limit": None}, ""),
        ({"limit": 5}, "limit=5"),
        ({"limit": 0}, "limit=0"),
        ({"after": ""}, "after="),
        ({"limit": 5, "after": "x"}, "limit=5&after=x"),
        ({"limit": None, "after": "x"}, "after=x"),
        ({"after": "a b+c/d&e=f"}, "after=a%20b%2Bc%2Fd%26e%3Df"),
        ({"after": "\u00e9"}, "after=%C3%A9"),
    ],
    ids=shown,
)
def test_a_query_is_what_was_given(query, expected):
    """
    Cases 92, 97: None is not sent, and a value adds no other parameter.
    """
    assert expected == GET.call("a", "b", query=query).query


@pytest.mark.parametrize("ids", [[], ["a"], ["a", "b", "c"]])
def test_a_path_takes_as_many_ids_as_it_has_places(ids):
    """
    Case 108: a path takes exactly as many ids as it has places.
    """
    with pytest.raises(ValueError, match=r"^zip"):
        GET.call(*ids)


@pytest.mark.parametrize(
    ("given", "body", "secrets"),
    [
        (None, b"{}", []),
        ({}, b"{}", []),
        ({"name": None, "image": NOT_GIVEN}, b'{"name":null}', []),
        ({"name": "a", "image": "b"}, b'{"name":"a","image":"b"}', ["b"]),
    ],
    ids=shown,
)
def test_a_body_is_what_was_given(given, body, secrets):
    """
    A body has the given members, and a call knows which of them no text may show.
    """
    call = POST.call("a", body=given)

    assert body == call.body
    assert secrets == [one.reveal() for one in call.secrets]


def test_a_body_of_another_kind():
    """
    A body of the wrong type is refused, and an operation without a body takes none.
    """
    with pytest.raises(InvalidRequestError, match=r"^the body has no member 'x'"):
        POST.call("a", body={"x": 1})
    call = GET.call("a", "b", body={"name": "a"})

    assert (None, ()) == (call.body, call.secrets)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ()),
        ({}, ()),
        ({"X-A": None}, ()),
        ({"X-A": "1", "X-B": None, "X-C": ""}, (("X-A", "1"), ("X-C", ""))),
    ],
    ids=shown,
)
def test_headers_are_what_was_given(given, expected):
    """
    A header that is None is not sent.
    """
    assert expected == GET.call("a", "b", headers=given).headers


def free_call(method: Any, path: Any, **given: Any) -> Any:
    """
    Return the call of *method* and *path*.
    """
    return call_of(method, path, **{"query": None, "body": None, "repeatable": None, **given})


def test_a_call_without_a_method():
    """
    A call without a method of its own has the given parts, and accepts any response.
    """
    call = free_call("post", "/a b", query={"c": "d e", "f": None}, body={"image": "g"})

    assert "/a%20b?c=d%20e" == call.target
    assert "POST /a%20b" == str(call)
    assert call.body == b'{"image":"g"}'
    assert ["g"] == [one.reveal() for one in call.secrets]
    assert ("request", "POST", "/a%20b", object, "any") == (
        call.operation.id,
        call.operation.method,
        call.operation.path,
        call.operation.returns,
        call.operation.shape,
    )


def test_a_call_with_nothing_more():
    """
    Without a query and a body the call has none; null is a body, too.
    """
    call = free_call("GET", "/a")

    assert ("/a", "", None, ()) == (call.target, call.query, call.body, call.secrets)
    assert free_call("PUT", "/a", body=[None]).body == b"[null]"


@pytest.mark.parametrize(
    ("method", "given", "expected"),
    [
        ("GET", None, True),
        ("get", None, True),
        ("PUT", None, False),
        ("DELETE", None, False),
        ("POST", None, False),
        ("POST", True, True),
        ("GET", False, False),
    ],
)
def test_which_free_call_may_be_sent_twice(method, given, expected):
    """
    Case 8: of calls without a method only a GET is repeatable, unless the caller says otherwise.
    """
    assert expected is free_call(method, "/a", repeatable=given).operation.repeatable


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"method": "HEAD"}, InvalidRequestError, "method must be one of "),
        ({"path": "a"}, InvalidRequestError, "path must start with one /"),
        ({"repeatable": 1}, TypeError, "repeatable must be a bool, or None, not int"),
        ({"body": {"a": {1}}}, TypeError, "body['a'] must be JSON-compatible, not set"),
    ],
    ids=shown,
)
def test_what_no_free_call_is(given, kind, words):
    """
    The error about an invalid call names the argument.
    """
    with pytest.raises(kind, match=f"^{re.escape(words)}"):
        free_call(**{"method": "GET", "path": "/a", **given})


def test_what_an_answer_has_to_be_about():
    """
    Case 91: a call remembers the last id of its path, if its response must have it.
    """
    assert "b" == GET.call("a", "b").answers_id
    assert "a" == POST.call("a").answers_id
    assert None is attrs.evolve(GET, answers=None).call("a", "b").answers_id


@pytest.mark.parametrize(
    ("method", "repeatable"),
    [("GET", True), ("PATCH", True), ("DELETE", True), ("POST", False)],
)
def test_what_may_be_sent_twice(method, repeatable):
    """
    Case 8: a POST is not repeatable, unless its operation says so.
    """
    made = {"id": "x", "method": method, "path": "/x", "returns": PhoneNumber, "shape": "single"}

    assert repeatable is Operation(**made).repeatable
    assert Operation(**made, repeatable=True).repeatable is True
    assert Operation(**made, repeatable=False).repeatable is False


def test_a_method_is_marked_with_its_operation():
    """
    `raw` and the tests find an operation by its method.
    """

    def method():
        """
        Do nothing.
        """

    assert operation(GET)(method) is method
    assert method.__operation__ is GET


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], None),
        (["Server"], None),
        (["X-Request-Id"], "X-Request-Id"),
        (["Request-Id"], "Request-Id"),
        (["X-Correlation-Id"], "X-Correlation-Id"),
        (["X-Correlation-Id", "Request-Id", "X-Request-Id"], "X-Request-Id"),
        (["X-Correlation-Id", "Request-Id"], "Request-Id"),
    ],
    ids=shown,
)
def test_the_id_of_a_request(names, expected):
    """
    The id is in one of three headers, checked in the order of likelihood.
    """
    answer = Response(status_code=200, headers=Headers([(name, name) for name in names]), body=b"")

    assert expected == answer.request_id


def recording(kind: str | None, body: bytes = b"...") -> Response:
    """
    Return a response with this content type.
    """
    fields = [] if kind is None else [("Content-Type", kind)]
    return Response(status_code=200, headers=Headers(fields), body=body)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("audio/mpeg", "audio/mpeg"),
        (" Audio/MPEG ; a=b; c=d", "audio/mpeg"),
        ("application/jsonl", "application/jsonl"),
        ("", "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
def test_a_recording_is_of_the_type_that_came(kind, expected):
    """
    A recording has its bytes and its content type, which is a general one if the server sends none.
    """
    assert Audio(content=b"...", content_type=expected) == audio_of(recording(kind))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (recording("application/json"), "the body is JSON instead of audio"),
        (recording("Application/JSON; charset=utf-8"), "the body is JSON instead of audio"),
        (recording("application/problem+json"), "the body is JSON instead of audio"),
        (recording("audio/mpeg", b""), "the body is empty"),
        (recording("application/json", b""), "the body is empty"),
    ],
)
def test_what_is_no_recording(given, words):
    """
    JSON with any content type, and an empty body, are no recording.
    """
    with pytest.raises(ResponseDecodeError, match=f"^{words}$"):
        audio_of(given)


def test_the_text_of_a_response():
    """
    The text has the request, the response, and the outcome of each attempt.
    """
    response = APIResponse(
        request="GET /x",
        data=None,
        status_code=200,
        headers=Headers(),
        request_id=None,
        attempts=(Attempt(number=1, status_code=200, elapsed=0.25),),
        elapsed=0.25,
    )

    assert str(response) == "GET /x answered 200 (1 attempt in 250 ms: 200 in 250 ms)"


# Refusals.


def refusal(check, value, name="thing") -> str | None:
    """
    Return the text with which *check* refuses *value*, None if it accepts it.
    """
    try:
        assert value == check(name, value)
    except InvalidRequestError as error:
        return str(error)
    return None


FORTY = "a" * 40


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", None),
        ("...", None),
        (" ", None),
        ("a" * 1024, None),
        ("\u00a0\u200b\u00ad", None),
        ("", "thing must not be '': it would name another path"),
        (".", "thing must not be '.': it would name another path"),
        ("..", "thing must not be '..': it would name another path"),
        ("a" * 1025, "thing has 1025 characters, at most 1024"),
        ("a\n", "thing has a control character or an unpaired surrogate: '\\n', at index 1 of 2"),
        (
            "\x7f",
            "thing has a control character or an unpaired surrogate: '\\x7f', at index 0 of 1",
        ),
        (
            "\x85",
            "thing has a control character or an unpaired surrogate: '\\x85', at index 0 of 1",
        ),
        (
            "\u2028",
            "thing has a control character or an unpaired surrogate: '\\u2028', at index 0 of 1",
        ),
        (
            "\u2029",
            "thing has a control character or an unpaired surrogate: '\\u2029', at index 0 of 1",
        ),
        (
            "\ud800",
            "thing has a control character or an unpaired surrogate: '\\ud800', at index 0 of 1",
        ),
        (
            "\x00" + FORTY,
            "thing has a control character or an unpaired surrogate: '\\x00', at index 0 of 41",
        ),
    ],
    ids=shown,
)
def test_ids(value, expected):
    """
    Cases 106, 107, 110: ids that name another path, or have characters that no id has, are refused.
    """
    assert expected == refusal(check_id, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", None),
        (".", None),
        ("\r\n\x00", None),
        ("a" * 4096, None),
        ("\ud7ff\ue000", None),
        ("", "thing must not be empty: omit it to start at the beginning"),
        ("a" * 4097, "thing has 4097 characters, at most 4096"),
        ("\ud800", "thing has an unpaired surrogate: '\\ud800', at index 0 of 1"),
        ("\udfff", "thing has an unpaired surrogate: '\\udfff', at index 0 of 1"),
        (FORTY + "\ud800", "thing has an unpaired surrogate: '\\ud800', at index 40 of 41"),
        ("a\ud800\udfff", "thing has an unpaired surrogate: '\\ud800', at index 1 of 3"),
    ],
    ids=shown,
)
def test_cursors(value, expected):
    """
    Case 97: any id of the server is a valid cursor; text that no URL can contain is refused.
    """
    assert expected == refusal(check_cursor, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, None),
        (100, None),
        (0, "thing must be from 1 to 100: 0"),
        (101, "thing must be from 1 to 100: 101"),
        (-1, "thing must be from 1 to 100: -1"),
    ],
)
def test_limits(value, expected):
    """
    Case 102: a page has 1 to 100 items.
    """
    assert expected == refusal(check_limit, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", None),
        ("\u00e9 & more", None),
        ("a" * 4096, None),
        ("a" * 4097, "thing has 4097 characters, at most 4096"),
        ("a\ud800", "thing has an unpaired surrogate: '\\ud800', at index 1 of 2"),
    ],
    ids=shown,
)
def test_searches(value, expected):
    """
    Any text that a URL can contain may be searched for.
    """
    assert expected == refusal(check_search, value)


NOT_A_HEADER = "thing must be printable ASCII, without spaces around it"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", None),
        ("a b, c;d=1", None),
        ("", NOT_A_HEADER),
        (" a", NOT_A_HEADER),
        ("a ", NOT_A_HEADER),
        ("\u00e9", NOT_A_HEADER),
        ("a\nb", NOT_A_HEADER),
    ],
    ids=shown,
)
def test_headers(value, expected):
    """
    A header value is printable ASCII.
    """
    assert expected == refusal(check_header, value)


@pytest.mark.parametrize("value", ["GET", "post", "Put", "PATCH", "delete"])
def test_methods(value):
    """
    A method is one of five, and sent in capitals.
    """
    assert value.upper() == check_method("thing", value)
    with pytest.raises(
        InvalidRequestError, match=r"^thing must be one of DELETE, GET, PATCH, POST, PUT$"
    ):
        check_method("thing", f"{value}S")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/a/", "/a/"),
        ("/a b/\u00e9", "/a%20b/%C3%A9"),
        ("/a%2Fb/%:=@~!$&'()*+,;", "/a%2Fb/%:=@~!$&'()*+,;"),
        ("/...", "/..."),
        ("/a//b", "/a//b"),
    ],
)
def test_paths(value, expected):
    """
    A path below base_url is sent quoted; existing quoting stays.
    """
    assert expected == check_path("thing", value)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("", "must start with one /"),
        ("a/b", "must start with one /"),
        ("//host/a", "must start with one /"),
        ("/a?b", "must have no query and no fragment: use query="),
        ("/a#b", "must have no query and no fragment: use query="),
        ("/a\\b", "must have no backslash"),
        ("/.", "must have no segment . or .."),
        ("/a/../b", "must have no segment . or .."),
        ("/a/%2e%2E", "must have no segment . or .."),
        ("/a\n", "has a control character or an unpaired surrogate: '\\n', at index 2 of 3"),
        ("/\u2028", "has a control character or an unpaired surrogate: '\\u2028', at index 1 of 2"),
        ("/\u2029", "has a control character or an unpaired surrogate: '\\u2029', at index 1 of 2"),
        ("/\ud800", "has a control character or an unpaired surrogate: '\\ud800', at index 1 of 2"),
    ],
    ids=shown,
)
def test_what_is_no_path(value, fault):
    """
    A path that could leave base_url, or has more than a path, is refused.
    """
    assert f"thing {fault}" == refusal(check_path, value)


YEAR = 31_536_000.0


@pytest.mark.parametrize(
    ("value", "options", "expected"),
    [
        (1, {}, None),
        (0.001, {}, None),
        (YEAR, {}, None),
        (0, {"zero": True}, None),
        (0, {}, "more than 0 and at most 31536000 seconds (a year): 0"),
        (-1, {}, "more than 0 and at most 31536000 seconds (a year): -1"),
        (-0.5, {"zero": True}, "0 or more and at most 31536000 seconds (a year): -0.5"),
        (YEAR + 1, {}, "more than 0 and at most 31536000 seconds (a year): 31536001.0"),
        (float("nan"), {}, "more than 0 and at most 31536000 seconds (a year): nan"),
        (10**20 - 1, {}, f"more than 0 and at most 31536000 seconds (a year): {10**20 - 1}"),
        (10**20, {}, "more than 0 and at most 31536000 seconds (a year): a very large number"),
        (-(10**20), {}, "more than 0 and at most 31536000 seconds (a year): a very large number"),
        (1e30, {}, "more than 0 and at most 31536000 seconds (a year): 1e+30"),
    ],
)
@pytest.mark.parametrize("refusal_type", [None, InvalidRequestError])
def test_seconds(value, options, expected, refusal_type):
    """
    A number of seconds is a float up to a year; anything else is refused.
    """
    if refusal_type is not None:
        options = {**options, "refusal": refusal_type}
    if expected is None:
        taken = seconds("thing", value, **options)
        assert (float, value) == (type(taken), taken)
        return
    with pytest.raises(refusal_type or ConfigurationError) as caught:
        seconds("thing", value, **options)
    assert f"thing must be {expected}" == str(caught.value)


@pytest.mark.parametrize("check", [seconds, lambda name, value: whole_number(name, value, 1)])
@pytest.mark.parametrize("value", ["1", None, True])
def test_what_is_no_number(check, value):
    """
    A bool or a str is not a number.
    """
    with pytest.raises(
        TypeError,
        match=rf"^thing must be (an int|a number of seconds), not {type(value).__name__}$",
    ):
        check("thing", value)


@pytest.mark.parametrize(
    ("value", "highest", "expected"),
    [
        (2, None, None),
        (10**19, None, None),
        (5, 5, None),
        (1, None, "at least 2: 1"),
        (1, 5, "from 2 to 5: 1"),
        (6, 5, "from 2 to 5: 6"),
        (10**20, 5, "from 2 to 5: a very large number"),
    ],
)
def test_whole_numbers(value, highest, expected):
    """
    An integer must be within its bounds; the refusal names them.
    """
    if expected is None:
        assert value == whole_number("thing", value, 2, highest)
        return
    with pytest.raises(ConfigurationError) as caught:
        whole_number("thing", value, 2, highest)
    assert f"thing must be {expected}" == str(caught.value)


class Lying(str):
    """
    A str whose `__str__` returns another text.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return "other"


class Plain(str):
    """
    A plain subclass of str.
    """

    __slots__ = ()


TEXTS = [check_id, check_cursor, check_search, check_header]


@pytest.mark.parametrize("check", [*TEXTS, check_method, check_path])
@pytest.mark.parametrize(
    "value", [None, 5, b"a", ["a"], Lying("a")], ids=["None", "int", "bytes", "list", "lying"]
)
def test_what_is_no_text(check, value):
    """
    Case 111: an id, a cursor, or any other text must be a str that prints as itself.
    """
    with pytest.raises(TypeError, match=rf"^thing must be a str, not {type(value).__name__}$"):
        check("thing", value)


@pytest.mark.parametrize("check", TEXTS)
def test_a_subclass_becomes_a_plain_str(check):
    """
    Case 111: the result is a plain str, and no subclass.
    """
    assert str is type(check("thing", Plain("a")))
