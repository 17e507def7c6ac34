"""
The rules of a response's status and body: the error, and its text.
"""

from __future__ import annotations

import base64
import html
import json
import pickle
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pytest
from shown import shown

from heymilo_async import (
    NOT_GIVEN,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ErrorBody,
    ErrorDetail,
    Headers,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    ResponseMismatchError,
    ResponseTooLargeError,
    ServerError,
    UnexpectedRedirectError,
    UnprocessableEntityError,
    ValidationIssue,
)
from heymilo_async._core import secrets as _secrets
from heymilo_async._core.messages import Response
from heymilo_async._core.retry import retry_after
from heymilo_async._core.secrets import Secret, printable, scrub
from heymilo_async._core.status import KEPT, check, cleaned, decode_error


@pytest.fixture(autouse=True)
def _from_scratch() -> None:
    # The pattern for secrets is cached; each test compiles it anew.
    _secrets._prefix_pattern.cache_clear()
    _secrets._full_pattern.cache_clear()


KEY = "sk-5f2b/9c71+e8d0~4a36"
SECRETS = (Secret(KEY),)


def answer(status: int, body: Any = b"", *fields: tuple[str, str], **more: Any) -> Response:
    """
    Return a response; a *body* that is not bytes is encoded as JSON.
    """
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status_code=status, headers=Headers(fields), body=content, **more)


def checked(given: Response) -> Any:
    """
    Return the error for *given*.
    """
    wait = retry_after(given.headers, given.status_code, 0.0)
    return check(given, request="GET /x", secrets=SECRETS, retry_after=wait)


# The class of the error.


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, UnexpectedRedirectError) for status in (300, 301, 304, 399)),
        (400, BadRequestError),
        (401, AuthenticationError),
        (402, APIStatusError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (418, APIStatusError),
        (422, UnprocessableEntityError),
        (429, RateLimitError),
        (499, APIStatusError),
        *((status, ServerError) for status in (500, 503, 599)),
        (600, APIStatusError),
        (199, APIStatusError),
    ],
)
def test_the_status_decides(status, kind):
    """
    Cases 4, 5, 121: each status has its class, and an unknown one has the general class.
    """
    error = checked(answer(status))

    assert kind is type(error)
    assert status == error.status_code
    assert error.request == "GET /x"


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_success_is_no_error(status):
    """
    A success is no error here, unless its body could not be read.
    """
    assert checked(answer(status, b"x")) is None


def test_a_success_that_could_not_be_read():
    """
    Cases 75, 79: the error is what stopped the reading of the body; a too large body has its own.
    """
    cut = checked(answer(200, b"ab", defect="the body is cut"))
    large = checked(answer(200, b"", defect="the body is large", too_large=True))

    assert (ResponseDecodeError, ResponseTooLargeError) == (type(cut), type(large))
    assert str(cut) == "GET /x answered 200, but the body is cut (no content type)"
    assert str(large) == "GET /x answered 200, but the body is large (no content type)"


def test_an_error_whose_body_could_not_be_read():
    """
    Case 67: the status matters more than the body.
    """
    error = checked(answer(500, b"ab", defect="the body is cut"))

    assert str(error) == "GET /x answered 500 Internal Server Error: 'ab'"


def test_what_an_error_keeps():
    """
    Cases 18, 66: status, headers, body, request id, and the wait.
    """
    error = checked(
        answer(503, b"down", ("Retry-After", "7"), ("X-Request-Id", "r1"), ("Server", "s"))
    )

    assert error.retry_after == 7.0
    assert error.request_id == "r1"
    assert error.headers["server"] == "s"
    assert error.body == b"down"
    assert error.error is None
    assert error.detail == ()


# The text of the error.

NOT_FOLLOWED = "redirects are not followed: check base_url"
SAME_WORKSPACE = "check the id, and that the credential belongs to the same workspace"
FULL = {
    "type": "invalid",
    "code": "bad_limit",
    "message": "too much",
    "param": "limit",
    "doc_url": "/docs",
    "errors": [{"code": "c", "message": "m", "param": "p", "more": 1}, 5, {"code": 5}],
    "hint": "less",
}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (answer(400), "GET /x answered 400 Bad Request"),
        (answer(499), "GET /x answered 499"),
        (answer(400, b"<b>\n"), "GET /x answered 400 Bad Request: '<b>\\\\n'"),
        (answer(400, b"\xff"), "GET /x answered 400 Bad Request: '\ufffd'"),
        (answer(400, b"x" * 513), f"GET /x answered 400 Bad Request: '{'x' * 512}...'"),
        (answer(400, b"x" * 512), f"GET /x answered 400 Bad Request: '{'x' * 512}'"),
        (
            answer(400, {"error": FULL}),
            "GET /x answered 400 Bad Request: too much (p: m) [bad_limit, parameter limit]",
        ),
        (
            answer(400, {"error": FULL}, ("X-Request-Id", "r1")),
            "GET /x answered 400 Bad Request: too much (p: m) [bad_limit, parameter limit, request id r1]",
        ),
        (
            answer(400, {"error": {"message": "m", "code": "c" * 101, "param": "p" * 101}}),
            f"GET /x answered 400 Bad Request: m [{'c' * 100}..., parameter {'p' * 100}...]",
        ),
        (
            answer(400, {"error": {"message": "m", "code": "", "param": ""}}),
            "GET /x answered 400 Bad Request: m [parameter ]",
        ),
        (
            answer(500, b"", ("X-Request-Id", "r" * 101)),
            f"GET /x answered 500 Internal Server Error [request id {'r' * 100}...]",
        ),
        (
            answer(400, {"error": {"message": "m" * 513}}),
            f"GET /x answered 400 Bad Request: {'m' * 512}...",
        ),
        (answer(400, {"error": "told"}), "GET /x answered 400 Bad Request: told"),
        (
            answer(400, {"error": {"message": ""}}),
            "GET /x answered 400 Bad Request: '" + '{"error": {"message": ""}}' + "'",
        ),
        (answer(400, {"detail": "told"}), "GET /x answered 400 Bad Request: told"),
        (
            answer(
                422,
                {
                    "detail": [
                        {"loc": ["query", "limit", 0], "msg": "too big", "type": "t"},
                        {"loc": ["query"], "msg": "odd", "type": "t"},
                    ]
                },
            ),
            f"GET /x answered 422 {HTTPStatus(422).phrase}: query.limit.0: too big; query: odd",
        ),
        (
            answer(422, {"error": {"message": "m"}, "detail": [{"loc": ["a"], "msg": "b"}]}),
            f"GET /x answered 422 {HTTPStatus(422).phrase}: m",
        ),
        (answer(401), "GET /x answered 401 Unauthorized; check the key or the token"),
        (
            answer(403),
            "GET /x answered 403 Forbidden; check the credential's permissions, and workspace_id",
        ),
        (
            answer(404, {"error": {"message": "m"}}),
            f"GET /x answered 404 Not Found: m; {SAME_WORKSPACE}",
        ),
        (
            answer(404, {"detail": "Not Found"}),
            "GET /x answered 404 Not Found: Not Found; check base_url, and the ids in the path",
        ),
        (
            answer(429, b"", ("Retry-After", "120")),
            "GET /x answered 429 Too Many Requests; the server asks for a wait of 120 s",
        ),
        (
            answer(503, b"", ("Retry-After", "0")),
            "GET /x answered 503 Service Unavailable",
        ),
        (
            answer(300, b"body"),
            f"GET /x answered 300 Multiple Choices; {NOT_FOLLOWED}",
        ),
        (
            answer(302, b"", ("Location", "https://u:p@evil.test:8/a?k=1"), ("X-Request-Id", "r")),
            f"GET /x answered 302 Found; it redirects to evil.test, but {NOT_FOLLOWED} [request id r]",
        ),
        (
            answer(302, b"", ("Location", f"https://{'h' * 101}/")),
            f"GET /x answered 302 Found; it redirects to {'h' * 100}..., but {NOT_FOLLOWED}",
        ),
        *(
            (
                answer(302, b"", ("Location", location)),
                f"GET /x answered 302 Found; {NOT_FOLLOWED}",
            )
            for location in ("/elsewhere", "", "https://[::1", "mailto:a@b")
        ),
        (answer(400, b"x", ("Location", "https://a/")), "GET /x answered 400 Bad Request: 'x'"),
    ],
    ids=lambda one: "" if isinstance(one, Response) else shown(one[22:60]),
)
def test_the_text_of_an_error(given, text):
    """
    Cases 4, 31, 66, 121: it has what happened, the server's message, the request id, and what to
    do.
    """
    assert text == str(checked(given))


def test_an_envelope_is_read_as_a_whole():
    """
    Case 66: every member of the contract's error, and unknown ones.
    """
    assert checked(answer(400, {"error": FULL})).error == ErrorBody(
        type="invalid",
        code="bad_limit",
        message="too much",
        param="limit",
        doc_url="/docs",
        errors=(
            ErrorDetail(code="c", message="m", param="p", extra={"more": 1}),
            ErrorDetail(code="", message="", param=None),
        ),
        extra={"hint": "less"},
    )


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"message": "m"}, ErrorBody(type="", code="", message="m")),
        ({"message": ""}, ErrorBody(type="", code="", message="")),
        (
            {"message": "m", "type": 5, "code": [], "param": {}, "doc_url": 1.5, "errors": {}},
            ErrorBody(type="", code="", message="m"),
        ),
        ("told", ErrorBody(type="", code="", message="told")),
        ({"message": 5}, None),
        ({"Message": "m"}, None),
        ({}, None),
        (None, None),
        ([{"message": "m"}], None),
        (
            {"message": "\u00e9\ud800", "errors": None},
            ErrorBody(type="", code="", message="\u00e9\\ud800"),
        ),
    ],
    ids=shown,
)
def test_envelopes_that_are_not_as_they_should_be(members, expected):
    """
    Case 66: members of the wrong type are left out, and without a message there is no envelope.
    """
    assert expected == checked(answer(400, {"error": members})).error


@pytest.mark.parametrize("body", [b"[]", b"5", b'"error"', b"null", b"{", b"\xff", b"[" * 100_000])
def test_bodies_that_are_no_envelope(body):
    """
    Cases 66, 70: the status decides, whatever the body is.
    """
    error = checked(answer(400, body))

    assert (None, ()) == (error.error, error.detail)


def test_a_byte_order_mark_is_let_pass():
    """
    Case 68: an error's body may begin with a byte order mark.
    """
    assert checked(answer(400, b"\xef\xbb\xbf" + b'{"error": "m"}')).error.message == "m"


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ([], ()),
        (None, ()),
        ({"loc": []}, ()),
        ([5, "x", None], ()),
        (
            [{"loc": ["a", 1], "msg": "m", "type": "t", "input": 5}],
            (ValidationIssue(loc=("a", 1), msg="m", type="t", extra={"input": 5}),),
        ),
        ([{}], (ValidationIssue(loc=(), msg="", type=""),)),
        (
            [{"loc": "a", "msg": 5, "type": None}],
            (ValidationIssue(loc=(), msg="", type=""),),
        ),
        (
            [{"loc": [True, 1.5, None, [], 0, "\ud800"]}],
            (ValidationIssue(loc=(0, "\\ud800"), msg="", type=""),),
        ),
    ],
    ids=shown,
)
def test_issues_are_read_as_far_as_they_go(detail, expected):
    """
    Case 66: in the other format of an error, members of the wrong type are left out.
    """
    assert expected == checked(answer(422, {"detail": detail})).detail


def test_unknown_members_that_cannot_be_kept():
    """
    Cases 70, 72: an error keeps no member that is not JSON, or nested too deeply.
    """
    deep = b'{"error": {"message": "m", "x": ' + b"[" * 200 + b"]" * 200 + b"}}"

    assert checked(answer(400, deep)).error == ErrorBody(type="", code="", message="m")
    assert checked(answer(400, b'{"error": {"message": "m", "x": NaN}}')).error.extra == {}


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        (("Retry-After", "Thu, 01 Jan 1970 00:00:20 GMT"), 20.0),
        (("RateLimit", '"a";r=0;t=7'), 7.0),
    ],
    ids=shown,
)
def test_how_long_to_wait(field, seconds):
    """
    Cases 24, 28: the wait is measured by the given clock, and depends on the status.
    """
    assert seconds == checked(answer(429, b"", field)).retry_after


# A body that does not fit the contract.


def test_the_text_of_a_decode_error():
    """
    Case 64: it has status, fault and content type, and no part of the body, which is in `.body`.
    """
    error = decode_error(
        ResponseMismatchError("it is odd", path="$.data"),
        answer(200, b"\xff" + b"b" * 600, ("Content-Type", "text/html"), ("X-Request-Id", "r1")),
        request="GET /x",
        secrets=SECRETS,
    )

    assert ResponseMismatchError is type(error)
    assert str(error) == "GET /x answered 200, but it is odd (text/html)"
    assert error.path == "$.data"
    assert error.body == b"\xff" + b"b" * 600
    assert error.status_code == 200
    assert error.headers == {"content-type": "text/html", "x-request-id": "r1"}
    assert error.request_id == "r1"
    assert error.request == "GET /x"


def test_a_decode_error_is_of_bounded_length():
    """
    Case 67: the length of the text is limited, whatever the fault and the content type.
    """
    error = decode_error(
        ResponseDecodeError("f" * 1001),
        answer(200, b"", ("Content-Type", "t" * 101)),
        request="GET /x",
        secrets=(),
    )

    assert str(error) == f"GET /x answered 200, but {'f' * 1000}... ({'t' * 100}...)"


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "abc..."),
        ("", 3, ""),
        ("\u00e9\u4e2d", 3, "\u00e9\u4e2d"),
        ("a\nb", 9, "a\\nb"),
        ("\x1b\u202e\ud800", 99, "\\x1b\\u202e\\ud800"),
        ("a\nb", 3, "a\\n..."),
        ("a\n", 3, "a\\n"),
        ("\n\n", 3, "\\n\\..."),
    ],
    ids=shown,
)
def test_what_prints(text, most, expected):
    """
    Case 48: the result is one line of printable characters, up to the given length.
    """
    assert expected == printable(text, most)


# Secrets.


def escaped(form: str, text: str = KEY) -> str:
    """
    Return *text* with each character escaped in the given *form*.
    """
    return "".join(form.format(ord(character), character) for character in text)


#: How a server, or a library on the way, may write a value that it received.
FORMS = {
    "plain": KEY,
    "upper": KEY.upper(),
    "json": escaped("\\u{:04x}"),
    "json-upper": escaped("\\u{:04X}"),
    "json-twice": escaped("\\\\u{:04x}"),
    "json-slash": KEY.replace("/", "\\/"),
    "json-slash-often": KEY.replace("/", "\\\\\\\\/"),
    "python": escaped("\\x{:02x}"),
    "python-long": escaped("\\U{:08x}"),
    "javascript": escaped("\\u{{{:x}}}"),
    "javascript-zeros": escaped("\\u{{00{:x}}}"),
    "octal": escaped("\\{:03o}"),
    "url": quote(KEY, safe=""),
    "url-all": escaped("%{:02X}"),
    "url-twice": quote(quote(KEY, safe=""), safe=""),
    "url-thrice": escaped("%2525{:02x}"),
    "html": escaped("&#{};"),
    "html-zeros": escaped("&#00{};"),
    "html-hex": escaped("&#x{:x};"),
    "html-hex-zeros": escaped("&#x00{:X};"),
    "html-open": escaped("&#x{:x}"),
    "html-twice": html.escape(escaped("&#{};")),
    "mail": escaped("={:02X}"),
    "mixed": KEY[:5] + escaped("\\u{:04x}", KEY[5:9]) + quote(KEY[9:], safe=""),
    "utf-16": "\0".join(KEY),
    "hex": KEY.encode().hex(),
    "hex-apart": KEY.encode().hex(" "),
    "hex-colons": KEY.encode().hex(":").upper(),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64-url": base64.urlsafe_b64encode(b"??>" + KEY.encode() + b"??>").decode(),
    "base64-basic": base64.b64encode(f"user:{KEY}".encode()).decode(),
    **{
        f"base64-{before}-{behind}": base64.b64encode(
            b"x" * before + KEY.encode() + b"x" * behind
        ).decode()
        for before in range(4)
        for behind in range(3)
    },
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_masked_in_whatever_form(form):
    """
    I-1: a key that a server repeats becomes three asterisks, however it is escaped or encoded.
    """
    got = scrub(f"invalid: <{form}>.", SECRETS)

    # In base64, the characters at both ends may stay: they hold a few bits of the key.
    assert "***" in got
    assert got.startswith("invalid: <")
    assert got.endswith(">.")
    assert [] == [start for start in range(len(form) - 13) if form[start : start + 14] in got]


@pytest.mark.parametrize("form", [KEY[1:], KEY[:-1], KEY[::-1], KEY.replace("5", "6"), ""])
def test_what_is_no_secret_is_left(form):
    """
    A text with only a part of a secret is unchanged.
    """
    assert f"<{form}>" == scrub(f"<{form}>", SECRETS)


@pytest.mark.parametrize("secret", ["seven77", "", "a"])
def test_short_secrets_are_for_tests(secret):
    """
    Masking a secret of fewer than eight characters would blot out half of a text.
    """
    assert scrub("seven77 eight888", (Secret(secret),)) == "seven77 eight888"
    assert scrub("seven77 eight888", (Secret("eight888"),)) == "seven77 ***"


def test_all_secrets_are_masked():
    """
    A call may have several secrets, and each may appear more than once.
    """
    secrets = (Secret("first-secret"), Secret("second-secret"))

    assert scrub("first-secret second-secret first-secret", secrets) == "*** *** ***"


@pytest.mark.parametrize(
    ("secret", "written"),
    [
        ("ab\\cd\\ef", "ab\\cd\\ef"),
        ("ab\\cd\\ef", "ab\\\\cd\\\\ef"),
        ("ab\\\\cd\\ef", "ab\\\\\\\\cd\\\\ef"),
        ("\\\\abab\\cd", "\\\\abab\\cd"),
        ("100%25-%-&-cd", "100%2525-%25-&amp;-cd"),
        ("a=3d=-&amp;-cd", "a=3d=-&amp;-cd"),
        ("a=3d=-&amp;-cd", "a=3d3d=3D-&amp;amp;-cd"),
        ("6666666666cd", "\\\\6666666666cd"),
        ("ab\\cd\\ef", "ab%5Ccd\\u005cef"),
        ("ab\\cdef\\", "ab\\cdef\\"),
        ('a"b<c>d&e', "a&quot;b&lt;c&gt;d&amp;e"),
        ("ab<cd<ef", "ab&amp;lt;cd&amp;amp;lt;ef"),
        ("a.b*c+d?e", "a.b*c+d?e"),
    ],
    ids=shown,
)
def test_secrets_with_characters_of_their_own_meaning(secret, written):
    """
    I-1: backslashes, quotes and other special characters in a key are matched literally.
    """
    assert "***" in (got := scrub(f"<{written}>", (Secret(secret),)))
    assert "cd" not in got
    assert not {"b<c", "b.c", "c+d"} & {got[i : i + 3] for i in range(len(got))}


@pytest.mark.parametrize("before", range(3))
@pytest.mark.parametrize("packed", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_masked_in_either_alphabet(packed, before):
    """
    I-1: base64 has two alphabets, and a key may begin at any of three offsets in it.
    """
    secret = "canary?>~-?>~?>"
    written = packed(b"x" * before + secret.encode()).decode()

    assert "***" in (got := scrub(f"<{written}>", (Secret(secret),)))
    # Some bits of the first and the last characters belong to their neighbours.
    assert len(got) <= len("<xxx***xxxx>") if before else "<***>" == got


def test_a_long_secret_is_known_by_its_beginning():
    """
    I-1: a token of any length is masked to its end.
    """
    token = "eyJ" + "0123456789" * 200
    spaced = "word " * 30 + "'last'"

    assert scrub(f'{{"a": "{token}", "b": 1}}', (Secret(token),)) == '{"a": "***", "b": 1}'
    assert scrub(f"<{token[:60]}> {token}\nx", (Secret(token),)) == "<***> ***\nx"
    assert scrub(f"<{escaped('%{:02x}', token)}>", (Secret(token),)) == "<***>"
    assert scrub(f"{token[:47]} x", (Secret(token),)) == f"{token[:47]} x"
    assert scrub(f"a {spaced} b\nc", (Secret(spaced),)) == "a ***\nc"
    exact = token[:48]
    assert scrub(f"{exact}x", (Secret(exact),)) == "***x"


@pytest.mark.parametrize(
    "text",
    [
        *("\\", "%25", "%", "&amp;", "&#0", "&", "0", "=", "s", "s\\", "\\0", "\\u{0", "s\0", "73"),
        *(
            "c2",
            "\0",
            "sk-",
            "sk-5f2b/",
            "&amp;#",
            "\\66",
            "6",
            "6\\",
            "s" * 39 + "x",
            "0" * 39 + "x",
        ),
    ],
    ids=shown,
)
@pytest.mark.parametrize(
    "secret", [KEY, "\\" * 40, "s" * 40, "0" * 40, "6" * 40, "%25" * 12, "&=" * 20, "a" * 8192]
)
def test_no_text_holds_up_the_masking(secret, text):
    """
    I-4: 64 KB of any text are searched at once, even if it is all backslashes.
    """
    full = (text * 65_536)[:65_536]
    scrub("", (Secret(secret),))
    began = time.thread_time()

    scrub(full, (Secret(secret),))

    assert time.thread_time() - began < 0.5


def test_what_an_error_may_keep_of_an_answer():
    """
    Case 67: an error keeps 64 KiB of the body without a secret, even one that crosses that limit.
    """
    given = answer(
        400,
        b"z" * (KEPT - 5) + KEY.encode() + b"\xff" * 20_000,
        ("X-A", f"a {KEY}"),
        ("X-A", "b"),
        (f"X-{KEY}", "c"),
        elapsed=1.5,
    )
    got = cleaned(given, SECRETS)

    assert got.body == b"z" * (KEPT - 5) + b"***\xff\xff"
    assert ("a ***", "b") == got.headers.get_all("x-a")
    assert got.headers["x-***"] == "c"
    assert (400, 1.5) == (got.status_code, got.elapsed)


# Secrets of bodies that no text may show.


def found_in(content) -> list[str]:
    """
    Return the secrets in *content*, in order.
    """
    return [one.reveal() for one in _secrets.secrets_of(content)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a plain text", []),
        ("/path/only", []),
        ("https://[", []),
        ("https://h", []),
        ("https://h/short", []),
        ("https://h/one/two", ["/one/two"]),
        ("https://h/api/v2/things", []),
        ("https://h/api/a-long-part-of-16", ["a-long-part-of-16"]),
        ("https://h/fifteen-letters", []),
        ("https://h/sixteen--letters", ["sixteen--letters"]),
        ("https://u:p%40ss@h/", ["https://u:p@ss@h/", "p@ss"]),
        ("https://h/?a=1%21&b=", ["https://h/?a=1!&b=", "1!", "a=1!&b="]),
        ("https://h/#end%21", ["https://h/#end!", "end!"]),
        ("https://h/a%20b/c", ["https://h/a b/c", "/a b/c"]),
    ],
)
def test_the_parts_of_a_link_are_secrets(value, expected):
    """
    Each part of a link that gives access is a secret, also unquoted; our own paths are not.
    """
    assert [value, *expected] == found_in({"resume_url": value})


def test_secrets_are_found_at_any_depth():
    """
    Members are found in objects and lists, hidden ones too, each once; an outer one comes first.
    """
    within: list[object] = [{"resume_url": "three"}, 5, {"other": "four"}]
    within.append(within)
    content = {"list": within, "image": Secret("one"), "more": Secret({"interview_url": "two"})}

    assert {"one", "two", "three"} == {*found_in(content)}
    assert "one" == found_in(content)[0]
    assert [] == found_in({"image": 5, "audio_recording_url": None})
    assert ["ab"] == found_in({"image": "a\ud800b"})


def test_secrets_of_a_body():
    """
    The JSON of a body is parsed only if it has such a member.
    """
    assert ["x"] == [one.reveal() for one in _secrets.secrets_in(b'{"a":[{"image":"x"}]}')]
    assert () == _secrets.secrets_in(b"not JSON")


def test_what_is_hidden_stays_hidden():
    """
    A value is hidden only once; None stays as it is; no output and no pickle shows the value.
    """
    hidden = Secret.hide("a key")

    assert ("a key", "***", "***") == (hidden.reveal(), repr(hidden), f"{hidden}")
    assert [None, NOT_GIVEN, hidden] == [Secret.hide(one) for one in (None, NOT_GIVEN, hidden)]
    assert Secret.hide(hidden) is hidden
    assert hash(hidden) == hash(Secret("a key")) != hash(Secret("another"))
    with pytest.raises(
        TypeError,
        match=r"^a secret can be neither pickled nor copied: read it again where it is needed$",
    ):
        pickle.dumps(hidden)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("X-Api-KEY", True), ("my-token", True), ("Sessionid", True), ("Accept", False), ("", False)],
)
def test_names_of_headers_with_secrets(name, expected):
    """
    The name of a header decides whether its value is a secret.
    """
    assert expected is _secrets.is_secret_name(name)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"image": "a", "x": "b"}, {"image": "***", "x": "b"}),
        ({"image": None}, {"image": None}),
        ([{"a": {"resume_url": 5}}], [{"a": {"resume_url": "***"}}]),
        (
            {"loc": ["body", 0, "image"], "input": "a", "ctx": {"b": 1}, "msg": "c"},
            {"loc": ["body", 0, "image"], "input": "***", "ctx": "***", "msg": "c"},
        ),
        ({"loc": ["body", "image"], "msg": "c"}, {"loc": ["body", "image"], "msg": "c"}),
        ({"loc": ["body", "name"], "input": "a"}, {"loc": ["body", "name"], "input": "a"}),
        ({"loc": "image", "input": "a"}, {"loc": "image", "input": "a"}),
    ],
)
def test_an_error_is_kept_without_the_secrets_that_it_names(content, expected):
    """
    In the JSON of an error, secret members and repeated secrets are masked.
    """
    assert expected == _secrets.mask_json_members(content)


def test_a_text_is_kept_without_the_secrets_that_it_names():
    """
    In a text, only the value is masked.
    """
    assert 'not {"image": ***, "x": 1}' == _secrets.mask_members('not {"image": "a", "x": 1}')
