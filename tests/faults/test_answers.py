"""
Complete responses that are errors: statuses, error bodies, and models that differ from the
contract.
"""

from __future__ import annotations

import copy
import gzip
import json
import logging
import pickle
import ssl
import traceback
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from few import few
from fronts import KEY, Front
from server import NUMBER, Connection, Reply, Server, answer, numbers, ok, page, single

from heymilo_async import (
    APIStatusError,
    Attempt,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ErrorBody,
    ErrorDetail,
    HeyMiloError,
    NotFoundError,
    Page,
    PermissionDeniedError,
    PhoneNumber,
    RateLimitError,
    ResponseDecodeError,
    ResponseMismatchError,
    RetryPolicy,
    ServerError,
    UnexpectedRedirectError,
    UnprocessableEntityError,
    ValidationIssue,
    from_dict,
    to_dict,
    to_json,
)

ONCE = RetryPolicy(max_attempts=1)

#: Each client gets it, because reading this machine's certificates takes longer than most of these
#: tests.
TRUST = ssl.create_default_context()


@pytest.fixture(autouse=True)
def no_key_in_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """
    Fail a test in which a log record, of any level and any library, has the key.
    """
    caplog.set_level(logging.DEBUG)
    yield
    for record in caplog.get_records("call"):
        assert KEY not in f"{record.getMessage()} {record.args!r} {record.exc_text}"


def vetted(error: Exception) -> Any:
    """
    Return *error* after checking that it is one of this package's, has no key, and can be copied.
    """
    assert isinstance(error, HeyMiloError), error
    assert error.__cause__ is None
    assert error.__context__ is None
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    notes = getattr(error, "__notes__", [])
    for text in (str(error), repr(error), f"{error.args} {vars(error)} {notes}", *told.format()):
        assert KEY not in text
        assert text.encode()
    pickled = pickle.dumps(error)
    assert KEY.encode() not in pickled
    for twin in (pickle.loads(pickled), copy.deepcopy(error)):
        assert type(error) is type(twin)
        assert (str(error), error.args) == (str(twin), twin.args)
        assert vars(error) == vars(twin)
    return error


async def outcome(call: Awaitable[Any]) -> Any:
    """
    Return the result of *call*, or the error of this package that it raises.
    """
    try:
        return await call
    except HeyMiloError as error:
        return vetted(error)


async def get(client: Any) -> Any:
    """
    Return the server's number, or the error.
    """
    return await outcome(client.phone_numbers.get(NUMBER["id"]))


async def fetch_page(client: Any) -> Any:
    """
    Return a page, or the error.
    """
    return await outcome(client.phone_numbers.list())


def outcomes(
    front: Front,
    server: Server,
    times: int = 1,
    ask: Callable[[Any], Awaitable[Any]] = get,
    **options: Any,
) -> list[Any]:
    """
    Return the outcomes of *times* calls, made one after the other with one client.
    """

    async def body(client: Any) -> list[Any]:
        return [await ask(client) for _ in range(times)]

    return front.run(body, server.base_url, **{"ssl_context": TRUST, **options})


def by_status(*fields: str, body: bytes = b"{}") -> Callable[[Any], Reply]:
    """
    Return the replies of a server that answers each request with the status that its path names.
    """
    return lambda request: answer(int(request.target.rpartition("/")[2]), body, *fields)


CLASSES: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
}


@pytest.mark.parametrize("fields", few([[], ["Retry-After: 1"]], 1))
def test_other_4xx_are_raised_at_once(front, serve, naps, fields):
    """
    Case 4: every 4xx but 408 and 429 is raised after one request, with or without `Retry-After`.
    """
    statuses = [status for status in range(400, 500) if status not in {408, 429}]
    server = serve(answers=by_status(*fields))

    async def body(client):
        return [await outcome(client.phone_numbers.get(str(status))) for status in statuses]

    errors = front.run(body, server.base_url)

    assert [CLASSES.get(status, APIStatusError) for status in statuses] == list(map(type, errors))
    assert statuses == [error.status_code for error in errors]
    assert {1} == {len(error.attempts) for error in errors}
    assert len(statuses) == server.n
    assert [] == naps


STATUSES = {
    300: UnexpectedRedirectError,
    301: UnexpectedRedirectError,
    304: UnexpectedRedirectError,
    307: UnexpectedRedirectError,
    399: UnexpectedRedirectError,
    501: ServerError,
    505: ServerError,
    507: ServerError,
    511: ServerError,
    520: ServerError,
    529: ServerError,
    599: ServerError,
    600: APIStatusError,
    999: APIStatusError,
}


@pytest.mark.parametrize("fields", [(), ("Retry-After: 2",)])
def test_statuses_that_another_try_cannot_mend(front, serve, naps, fields):
    """
    Cases 5 and 27: 3xx, other 5xx and unknown statuses are raised after one request, without a
    wait.
    """
    server = serve(answers=by_status(*fields, body=b""))

    async def body(client):
        return [await outcome(client.phone_numbers.get(str(status))) for status in STATUSES]

    errors = front.run(body, server.base_url)

    assert list(STATUSES.items()) == [(error.status_code, type(error)) for error in errors]
    assert len(STATUSES) == server.n
    assert [] == naps


def test_a_success_with_a_wish_to_wait_is_a_success(front, serve, naps):
    """
    Case 27: a 200, 201 or 202 with `Retry-After` returns a value at once.
    """
    body = json.dumps({"data": NUMBER}).encode()
    server = serve(*(answer(status, body, "Retry-After: 2") for status in (200, 201, 202)))

    assert [from_dict(PhoneNumber, NUMBER)] * 3 == outcomes(front, server, 3)
    assert [] == naps


def test_switching_protocols_is_no_success(front, serve, naps):
    """
    Case 5: an unrequested 101 ends in one of this package's errors.
    """
    server = serve(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")

    (error,) = outcomes(front, server)

    assert vetted(error)


FULL = {
    "type": "invalid_request_error",
    "code": "validation_error",
    "message": "That will not do.",
    "param": "limit",
    "doc_url": "https://example.com/errors",
    "errors": [{"code": "invalid_param", "message": "too many", "param": "limit", "more": [1]}],
    "hint": {"a": None},
}
WRONG = {
    "type": 5,
    "code": None,
    "message": "Only this.",
    "param": [],
    "doc_url": {},
    "errors": "x",
}
ISSUE = {"loc": ["query", "limit", 0], "msg": "too big", "type": "less_than_equal", "input": 500}

FULL_READ = ErrorBody(
    type="invalid_request_error",
    code="validation_error",
    message="That will not do.",
    param="limit",
    doc_url="https://example.com/errors",
    errors=(
        ErrorDetail(code="invalid_param", message="too many", param="limit", extra={"more": [1]}),
    ),
    extra={"hint": {"a": None}},
)
ISSUE_READ = ValidationIssue(
    loc=("query", "limit", 0), msg="too big", type="less_than_equal", extra={"input": 500}
)

FAULTS = [
    {"code": "invalid_param", "message": "too short", "param": "title"},
    {"code": "missing", "message": "no steps"},
]
FAULTS_READ = (
    ErrorDetail(code="invalid_param", message="too short", param="title"),
    ErrorDetail(code="missing", message="no steps"),
)

#: The body; the values of `.error` and `.detail`; the text.
ERROR_BODIES: dict[str, tuple[bytes, ErrorBody | None, tuple[ValidationIssue, ...], str]] = {
    "envelope": (
        json.dumps({"error": FULL}).encode(),
        FULL_READ,
        (),
        ": That will not do. (limit: too many) [",
    ),
    "envelope-with-several-faults": (
        json.dumps({"error": {"message": "Invalid request", "errors": FAULTS}}).encode(),
        ErrorBody(type="", code="", message="Invalid request", errors=FAULTS_READ),
        (),
        ": Invalid request (title: too short; no steps)",
    ),
    "envelope-that-repeats-its-fault": (
        json.dumps(
            {"error": {"message": "too short", "param": "title", "errors": FAULTS[:1]}}
        ).encode(),
        ErrorBody(type="", code="", message="too short", param="title", errors=FAULTS_READ[:1]),
        (),
        ": too short [parameter title, request id r-1]",
    ),
    "envelope-of-faults-alone": (
        json.dumps({"error": {"message": "", "errors": FAULTS}}).encode(),
        ErrorBody(type="", code="", message="", errors=FAULTS_READ),
        (),
        ": title: too short; no steps",
    ),
    "envelope-of-wrong-types": (
        json.dumps({"error": WRONG}).encode(),
        ErrorBody(type="", code="", message="Only this."),
        (),
        "Only this.",
    ),
    "faults-of-wrong-types": (
        json.dumps({"error": {"message": "m", "errors": [1, None, [], {"code": 1}]}}).encode(),
        ErrorBody(type="", code="", message="m", errors=(ErrorDetail(code="", message=""),)),
        (),
        ": m",
    ),
    "detail": (json.dumps({"detail": [ISSUE]}).encode(), None, (ISSUE_READ,), "too big"),
    "detail-text": (b'{"detail": "Not Found"}', None, (), ": Not Found"),
    "detail-of-wrong-types": (
        (
            b'{"detail": [5, "x", null, [], {"loc": "query", "msg": 3},'
            b' {"loc": [true, 1.5, null, "a", 0], "msg": "m", "type": "t"}]}'
        ),
        None,
        (
            ValidationIssue(loc=(), msg="", type=""),
            ValidationIssue(loc=("a", 0), msg="m", type="t"),
        ),
        "a.0: m",
    ),
    "detail-object": (b'{"detail": {"a": 1}}', None, (), "answered"),
    "detail-null": (b'{"detail": null}', None, (), "answered"),
    "both": (
        json.dumps({"error": {"message": "m"}, "detail": [ISSUE]}).encode(),
        ErrorBody(type="", code="", message="m"),
        (ISSUE_READ,),
        ": m",
    ),
    "error-text": (b'{"error": "No luck"}', None, (), "No luck"),
    "error-null": (b'{"error": null}', None, (), "answered"),
    "error-number": (b'{"error": 5}', None, (), "answered"),
    "error-list": (b'{"error": [{"message": "m"}]}', None, (), "answered"),
    "problem": (
        b'{"type": 5, "title": [], "status": "400", "detail": 7, "instance": null}',
        None,
        (),
        "answered",
    ),
    "array": (b"[]", None, (), "answered"),
    "null": (b"null", None, (), "answered"),
    "number": (b"5", None, (), "answered"),
    "html": (b"<html><h1>Bad Gateway</h1></html>", None, (), "Bad Gateway"),
    "empty": (b"", None, (), "answered"),
    "cut": (b'{"error": {"message": "m', None, (), "answered"),
    "bytes": (bytes(range(256)) * 2, None, (), "answered"),
    "utf-16": ('{"detail": "x"}'.encode("utf-16"), None, (), "answered"),
    "latin-1": ('{"detail": "é"}'.encode("latin-1"), None, (), "answered"),
    "byte-order-mark": (b'\xef\xbb\xbf{"detail": "marked"}', None, (), "marked"),
    "deep": (b"[" * 60_000, None, (), "answered"),
    "deep-extra": (
        b'{"error": {"message": "m", "x": ' + b"[" * 500 + b"]" * 500 + b"}}",
        ErrorBody(type="", code="", message="m"),
        (),
        ": m",
    ),
    "not-a-number": (
        b'{"error": {"message": "m", "x": NaN}}',
        ErrorBody(type="", code="", message="m"),
        (),
        ": m",
    ),
    "giant-integer": (b'{"error": {"message": "m", "x": ' + b"9" * 5000 + b"}}", None, (), ""),
    "control-characters": (
        b'{"detail": "a\\r\\nX-Evil: 1\\u001b[31m\\u0000\\u202e"}',
        None,
        (),
        r": a\r\nX-Evil: 1\x1b[31m\x00\u202e",
    ),
    "long": (b'{"detail": "' + b"y" * 60_000 + b'"}', None, (), "y" * 500),
}


@pytest.mark.parametrize("status", few([422, 503, 400, 404, 418, 500], 2))
def test_error_bodies(front, serve, status):
    """
    Case 66: whatever the body, the status decides the class; the readable part of the body is kept.
    """
    kinds = {418: APIStatusError, 500: ServerError, 503: ServerError, **CLASSES}
    fields = ("X-Request-Id: r-1", "X-Other: kept")
    server = serve(*(answer(status, body, *fields) for body, *_ in ERROR_BODIES.values()))

    errors = outcomes(front, server, len(ERROR_BODIES), retry=ONCE)

    assert {kinds[status]} == set(map(type, errors))
    assert {(status, "r-1", "kept")} == {
        (error.status_code, error.request_id, error.headers["x-other"]) for error in errors
    }
    for (name, (body, envelope, detail, text)), error in zip(
        ERROR_BODIES.items(), errors, strict=True
    ):
        assert body[:65536] == error.body, name
        if name not in {"error-text", "giant-integer"}:  # read or not, both are acceptable
            assert envelope == error.error, name
        assert detail == error.detail, name
        assert text in str(error), name
        assert str(error).isprintable(), name
        assert len(str(error)) <= 2048, name


@pytest.mark.parametrize("status", [400, 500])
def test_half_a_surrogate_pair_in_an_error(front, serve, status):
    """
    Case 69: an unpaired surrogate in an error's body leaves an error that can be printed.
    """
    body = (
        rb'{"error": {"type": "\ud800", "code": "\udc00", "message": "x \ud800", "param": "\udfff",'
        rb' "doc_url": "\ud800", "\ud801": "\ud802", "more": ["\ud800", {"\ud800": 1}],'
        rb' "errors": [{"code": "\ud800", "message": "\ud800", "\ud800": 5}]},'
        rb' "detail": [{"loc": ["\ud800"], "msg": "\ud800", "type": "t", "\ud800": "\ud800"}]}'
    )
    server = serve(answer(status, body))

    (error,) = outcomes(front, server, retry=ONCE)

    assert status == error.status_code
    assert str(error).encode()
    assert f"{error.error!r} {error.detail!r}".encode()
    assert repr(vars(error)).encode()


def test_duplicate_members_in_an_error(front, serve):
    """
    Case 74: of duplicate members the last one counts, in errors too.
    """
    server = serve(answer(400, b'{"error": {"message": "a"}, "error": {"message": "b"}}'))

    (error,) = outcomes(front, server)

    assert "b" == error.error.message


def test_a_compressed_error_is_read(front, serve):
    """
    Case 66: an error's body may be gzip; if the gzip is broken, the status remains.
    """
    packed = gzip.compress(b'{"detail": "unpacked"}')
    fields = "Content-Encoding: gzip"
    server = serve(
        answer(400, packed, fields),
        answer(400, packed[:-4], fields),
        answer(400, packed[:15], fields),
        answer(400, b'{"detail": "plain"}', fields),
        answer(400, b"", fields),
        answer(400, packed, "Content-Encoding: br"),
    )

    errors = outcomes(front, server, 6)

    assert [BadRequestError] * 6 == list(map(type, errors))
    assert "unpacked" in str(errors[0])
    assert "plain" not in str(errors[3])


def test_a_cut_error_body_leaves_the_status(front, serve, naps):
    """
    Case 49: an error whose body is cut short or badly framed is still that error.
    """
    head = b"HTTP/1.1 403 Forbidden\r\n"
    server = serve(
        lambda c: (c.send(head + b"Content-Length: 100\r\n\r\n{}"), c.close()),
        lambda c: (c.send(head + b"Content-Length: 100\r\n\r\n{}"), c.reset()),
        lambda c: (c.send(head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"), c.close()),
        head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab",
        single(),
    )

    errors = outcomes(front, server, 4)

    assert [PermissionDeniedError] * 4 == list(map(type, errors))
    assert [] == naps
    assert 4 == server.n


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_huge_error_body_is_not_read_to_its_end(front, serve, framing):
    """
    Case 67: of a 64 MB error body 64 KiB are kept, and the rest is not even read.
    """
    sent: list[int] = []
    piece = b"x" * 65536

    def flood(connection: Connection) -> None:
        fields = {
            "length": f"Content-Length: {64 * 1024**2}",
            "chunked": "Transfer-Encoding: chunked",
        }
        head = ["HTTP/1.1 500 Oh", fields.get(framing, "Connection: close"), "", ""]
        data = b"10000\r\n" + piece + b"\r\n" if framing == "chunked" else piece
        connection.socket.sendall("\r\n".join(head).encode())
        for _ in range(1024):
            connection.socket.sendall(data)
            sent.append(len(data))

    server = serve(flood, single())

    error, number = outcomes(front, server, 2, retry=ONCE)

    assert ServerError is type(error)
    assert piece == error.body
    assert len(str(error)) <= 2048
    assert sum(sent) < 24 * 1024**2  # the buffers of both sockets
    assert from_dict(PhoneNumber, NUMBER) == number


ESCAPED = KEY.replace("-", r"\u002d").replace("a", r"\u0061")
ECHOES: dict[str, bytes] = {
    "body": answer(401, f"Invalid key: {KEY}".encode(), content_type="text/plain"),
    "message": answer(401, json.dumps({"error": {"message": KEY, "code": KEY}}).encode()),
    "member": answer(401, json.dumps({"error": {"message": "m", KEY: KEY}}).encode()),
    "detail": answer(422, json.dumps({"detail": [{"loc": [KEY], "input": KEY}]}).encode()),
    "escaped": answer(401, f'{{"error": {{"message": "{ESCAPED}", "x": "{ESCAPED}"}}}}'.encode()),
    "escaped-detail": answer(422, f'{{"detail": [{{"loc": ["{ESCAPED}"]}}]}}'.encode()),
    "escaped-text": answer(422, f'{{"detail": "{ESCAPED}"}}'.encode()),
    "gzip": answer(
        401, gzip.compress(KEY.encode()), "Content-Encoding: gzip", content_type="text/plain"
    ),
    "utf-16": answer(401, KEY.encode("utf-16")),
    "header": answer(401, b"", f"X-Echo: {KEY}", f"Retry-After: {KEY}"),
    "header-name": answer(401, b"", f"{KEY}: 1"),
    "request-id": answer(401, b"", f"X-Request-Id: {KEY}"),
    "reason": b"HTTP/1.1 401 " + KEY.encode() + b"\r\nContent-Length: 0\r\n\r\n",
    "location": answer(302, b"", f"Location: https://{KEY}.example/?k={KEY}"),
    "content-type": answer(200, b"x", content_type=f"text/{KEY}"),
    "border-of-what-is-kept": answer(400, b"z" * (65536 - 9) + KEY.encode()),
    "border-of-what-is-shown": answer(400, b"z" * (512 - 9) + KEY.encode()),
    "success": answer(200, KEY.encode()),
    "wrong-shape": ok({"data": {**NUMBER, "id": [KEY]}}),
    "wrong-id": single(id=KEY),
    "wrong-id-in-part": single(id="x" * 30 + KEY),
    "wrong-id-escaped": ok({}).replace(b"{}", f'{{"data":{{"id":"{ESCAPED}"}}}}'.encode()),
    "coding": answer(200, b"", f"Content-Encoding: {KEY}"),
    "surrogate": answer(200, f'{{"data": "\\ud800 {KEY}"}}'.encode()),
    "status-line": KEY.encode() + b" 200 OK\r\n\r\n",
    "status": b"HTTP/1.1 " + KEY.encode() + b"\r\n\r\n",
    "header-line": b"HTTP/1.1 200 OK\r\n" + KEY.encode() + b"\r\n\r\n",
    "length": answer(200, b"", f"Content-Length: {KEY}"),
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + KEY.encode() + b"\r\n",
    "transfer-coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + KEY.encode() + b"\r\n\r\n",
}


@pytest.mark.parametrize("where", few(ECHOES, 10))
def test_an_echoed_key_is_in_no_error(front, serve, where):
    """
    I-1: if a server repeats the key anywhere, no error and no log contains it.
    """
    server = serve(ECHOES[where])

    (error,) = outcomes(front, server, retry=ONCE)  # it also checks that the error has no key

    assert isinstance(error, HeyMiloError)
    assert KEY[:12] not in str(error)


def test_attempts_tell_of_each_try(front, serve, naps):
    """
    Case 3: an error's attempts record the outcome of each, in order, with its request id.
    """
    server = serve(
        answer(500, b"", "X-Request-Id: one"),
        Connection.close,
        answer(404, b"", "X-Request-Id: three"),
    )

    (error,) = outcomes(front, server)

    assert NotFoundError is type(error)
    assert [(1, 500, "one"), (2, None, None), (3, 404, "three")] == [
        (attempt.number, attempt.status_code, attempt.request_id) for attempt in error.attempts
    ]
    assert [0.0, *naps] == [attempt.wait for attempt in error.attempts]
    assert all(isinstance(attempt, Attempt) and attempt.elapsed >= 0 for attempt in error.attempts)
    assert "Error" in error.attempts[1].cause


# Models whose JSON differs from the contract.

ODD: list[Any] = [
    None,
    True,
    0,
    -1.5,
    "",
    "text",
    [],
    [None, [1, {"a": "b"}]],
    {},
    {"b": {"c": [1, "2", None]}},
]
ODD_NAMES = ["new", "extra", "_extra", "self", "", "__class__", "data", "é", "a.b", "$", "kind"]


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_unknown_members_are_kept(front, serve, value):
    """
    Case 82: unknown members, of any type and at every level, are only kept.
    """
    more = dict.fromkeys(ODD_NAMES, value)
    other = {name: member for name, member in more.items() if name != "data"}
    content = {
        "data": [{**more, **NUMBER}],
        "pagination": {**more, "has_more": False},
        **other,
    }
    server = serve(ok(content), ok({"data": {**NUMBER, **more}, "meta": {**more}, **other}))

    async def body(client):
        return await fetch_page(client), await client.raw(client.phone_numbers.get, NUMBER["id"])

    listed, response = front.run(body, server.base_url)

    assert more == listed[0].extra == listed.pagination.extra == response.data.extra
    assert other == listed.extra == response.extra
    assert more == response.meta
    assert {**NUMBER, **more} == to_dict(response.data)
    assert listed == from_dict(Page[PhoneNumber], json.loads(to_json(listed)))


def without(content: dict[str, Any], *path: Any) -> dict[str, Any]:
    """
    Return a copy of *content* without the member at *path*.
    """
    changed = copy.deepcopy(content)
    holder: Any = changed
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    return changed


def having(content: dict[str, Any], value: Any, *path: Any) -> dict[str, Any]:
    """
    Return a copy of *content* with *value* at *path*.
    """
    changed = copy.deepcopy(content)
    holder: Any = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return changed


LISTED: dict[str, Any] = {
    "data": numbers("A", "B", "C", "D"),
    "pagination": {"has_more": False, "total_count": 4, "url": "/x"},
}
ONE: dict[str, Any] = {"data": NUMBER, "meta": None}

REQUIRED_OF_A_PAGE = {
    "$.data": ("data",),
    "$.pagination": ("pagination",),
    "$.pagination.has_more": ("pagination", "has_more"),
    "$.data[0].id": ("data", 0, "id"),
    "$.data[2].phone_number": ("data", 2, "phone_number"),
    "$.data[3].active": ("data", 3, "active"),
}
REQUIRED_OF_ONE = {
    "$.data": ("data",),
    "$.data.id": ("data", "id"),
    "$.data.phone_number": ("data", "phone_number"),
    "$.data.active": ("data", "active"),
}


def faults(errors: list[Any]) -> list[tuple[type, str, int]]:
    """
    Return the kind of each of *errors*, the path in it, and the number of attempts.
    """
    return [(type(error), error.path, len(error.attempts)) for error in errors]


def drifted(paths: Any) -> list[tuple[type, str, int]]:
    """
    Return the result of `faults` for changes at *paths*.
    """
    return [(ResponseDecodeError, path, 1) for path in paths]


def test_a_missing_member_is_named(front, serve):
    """
    Case 83: a missing required member is an error that names its path, after one attempt.
    """
    pages = serve(*(ok(without(LISTED, *path)) for path in REQUIRED_OF_A_PAGE.values()))
    singles = serve(*(ok(without(ONE, *path)) for path in REQUIRED_OF_ONE.values()))

    of_pages = outcomes(front, pages, len(REQUIRED_OF_A_PAGE), ask=fetch_page)
    of_singles = outcomes(front, singles, len(REQUIRED_OF_ONE))

    assert drifted(REQUIRED_OF_A_PAGE) == faults(of_pages)
    assert drifted(REQUIRED_OF_ONE) == faults(of_singles)
    for error in [*of_pages, *of_singles]:
        assert f"{error.path} is missing" in str(error)
        assert 200 == error.status_code
        assert json.loads(error.body)


def test_members_that_may_be_missing(front, serve):
    """
    Case 83: members that the contract does not require may be missing.
    """
    bare = {name: NUMBER[name] for name in ("id", "phone_number", "active")}
    server = serve(ok({"data": bare}), ok({"data": [bare], "pagination": {"has_more": False}}))

    number = outcomes(front, server)[0]
    (listed,) = outcomes(front, server, ask=fetch_page)

    assert (None, None, "phone_number") == (
        number.country_code,
        number.date_provisioned,
        number.object,
    )
    assert [number] == list(listed)
    assert (None, None) == (listed.pagination.total_count, listed.pagination.url)


def test_null_where_there_must_be_a_value(front, serve):
    """
    Cases 84 and 89: null for a member that cannot be null is an error that names its path.
    """
    of_page = {
        **REQUIRED_OF_A_PAGE,
        "$.data[1]": ("data", 1),
        "$.data[1].object": ("data", 1, "object"),
    }
    of_one = {**REQUIRED_OF_ONE, "$.data.object": ("data", "object")}
    pages = serve(*(ok(having(LISTED, None, *path)) for path in of_page.values()))
    singles = serve(*(ok(having(ONE, None, *path)) for path in of_one.values()))

    assert drifted(of_page) == faults(outcomes(front, pages, len(of_page), ask=fetch_page))
    assert drifted(of_one) == faults(outcomes(front, singles, len(of_one)))


def test_null_where_it_may_be(front, serve):
    """
    Case 84: null is a valid value where the contract allows it.
    """
    server = serve(single(country_code=None, date_provisioned=None))

    (number,) = outcomes(front, server)

    assert (None, None) == (number.country_code, number.date_provisioned)


WRONG_TYPES: dict[str, list[Any]] = {
    "id": [5, 5.0, True, [], {}, ["666A24C3"]],
    "phone_number": [12062088075, 1.5, False, [], {}],
    "active": ["false", "true", "", 0, 1, 0.0, [], {}],
    "country_code": [1, True, [], {}],
    "object": [1, False, ["phone_number"], {}],
    "date_provisioned": [
        "1739612400",
        "",
        True,
        False,
        [],
        {},
        [1739612400],
        "2024-13-01",
        "2016-12-31T23:59:60Z",
        "infinity",
        "nan",
        "9999-12-31T23:59:59-14:00",
        "2025-02-15T09:40:00Z",
    ],
}


@pytest.mark.parametrize("name", WRONG_TYPES)
def test_nothing_is_coerced(front, serve, name):
    """
    Cases 85 and 86: a member of the wrong type is an error that names it, and is never converted.
    """
    values = WRONG_TYPES[name]
    singles = serve(*(single(**{name: value}) for value in values))
    pages = serve(*(ok(having(LISTED, value, "data", 3, name)) for value in values))

    of_singles = outcomes(front, singles, len(values))
    of_pages = outcomes(front, pages, len(values), ask=fetch_page)

    assert drifted([f"$.data.{name}"] * len(values)) == faults(of_singles)
    assert drifted([f"$.data[3].{name}"] * len(values)) == faults(of_pages)


WRONG_PAGES: list[tuple[str, Any, tuple[Any, ...]]] = [
    ("$.data", {}, ("data",)),
    ("$.data", "x", ("data",)),
    ("$.data", 5, ("data",)),
    ("$.data", True, ("data",)),
    ("$.data", {"0": NUMBER}, ("data",)),
    ("$.data[1]", [], ("data", 1)),
    ("$.data[1]", "B", ("data", 1)),
    ("$.data[3]", 5, ("data", 3)),
    ("$.pagination", [], ("pagination",)),
    ("$.pagination", "x", ("pagination",)),
    ("$.pagination", False, ("pagination",)),
    ("$.pagination.has_more", "false", ("pagination", "has_more")),
    ("$.pagination.has_more", 0, ("pagination", "has_more")),
    ("$.pagination.has_more", 1, ("pagination", "has_more")),
    ("$.pagination.total_count", "7", ("pagination", "total_count")),
    ("$.pagination.total_count", 1.5, ("pagination", "total_count")),
    ("$.pagination.total_count", True, ("pagination", "total_count")),
    ("$.pagination.url", 1, ("pagination", "url")),
]


def test_a_page_of_the_wrong_shape(front, serve):
    """
    Case 89: a page whose envelope is of the wrong type is an error, never an empty page.
    """
    server = serve(*(ok(having(LISTED, value, *path)) for _, value, path in WRONG_PAGES))

    errors = outcomes(front, server, len(WRONG_PAGES), ask=fetch_page)

    assert drifted([path for path, *_ in WRONG_PAGES]) == faults(errors)


def test_a_single_answer_of_the_wrong_shape(front, serve):
    """
    Cases 85 and 89: data or meta of the wrong type is an error that names its path.
    """
    wrong = [("data", value) for value in ([], [NUMBER], "x", 5, True)]
    wrong += [("meta", value) for value in ([], "x", 5, True)]
    server = serve(*(ok(having(ONE, value, name)) for name, value in wrong))

    errors = outcomes(front, server, len(wrong))

    assert drifted([f"$.{name}" for name, _ in wrong]) == faults(errors)


def test_times_at_the_edge(front, serve):
    """
    Case 86: the years 1 to 9999 are valid, and any other is an error.
    """
    good = [0, -0.0, 1, -1, 0.5, -62135596800, 253402300799, 1739612400.123456]
    bad = [
        -62135596801,
        253402300800,
        10**12 * 2,
        1e300,
        -1e300,
        1.7976931348623157e308,
        int("9" * 400),
        -int("9" * 400),
    ]
    server = serve(*(single(date_provisioned=value) for value in [*good, *bad]))

    read = outcomes(front, server, len(good) + len(bad))

    assert good == [number.date_provisioned.timestamp() for number in read[: len(good)]]
    assert drifted(["$.data.date_provisioned"] * len(bad)) == faults(read[len(good) :])


ODD_NUMBERS = [
    "(206) 208-8075",
    "",
    "+",
    "sip:a@b",
    "+0123456",
    "+1" + "2" * 15,
    "+12062088075\n",
    " +12062088075",
    "\u202e+12062088075",
    "+\u0661\u0662\u0663\u0664",
    "0" * 65536,
    "\x00",
    "🙂",
]


def test_odd_phone_numbers_are_passed_on(front, serve):
    """
    Case 87: a number that is not E.164 is returned unchanged, and `is_e164` is false.
    """
    server = serve(*(single(phone_number=text) for text in [*ODD_NUMBERS, "+12062088075"]))

    read = outcomes(front, server, len(ODD_NUMBERS) + 1)

    assert [*ODD_NUMBERS, "+12062088075"] == [number.phone_number for number in read]
    assert [False] * len(ODD_NUMBERS) + [True] == [number.is_e164 for number in read]


def test_another_object_is_passed_on(front, serve):
    """
    Case 88: an `object` or a country that the contract does not name is an ordinary value.
    """
    server = serve(single(object="phone_number.v3"), single(object=""), single(country_code="Zzz"))

    read = outcomes(front, server, 3)

    assert ["phone_number.v3", "", "phone_number"] == [number.object for number in read]
    assert "Zzz" == read[2].country_code


def test_one_bad_item_among_a_hundred(front, serve):
    """
    Case 90: the error names the bad item, and its body has the other 99.
    """
    content = {"data": numbers(*map(str, range(100))), "pagination": {"has_more": False}}
    server = serve(ok(having(content, "yes", "data", 57, "active")))

    (error,) = outcomes(front, server, ask=fetch_page)

    assert drifted(["$.data[57].active"]) == faults([error])
    others = [item for item in json.loads(error.body)["data"] if item["active"] != "yes"]
    assert 99 == len([from_dict(PhoneNumber, item) for item in others])


def test_the_first_of_several_faults_is_named(front, serve):
    """
    Case 90: of several bad items, the error names one.
    """
    content = having(having(LISTED, None, "data", 1, "id"), "x", "pagination", "has_more")
    server = serve(ok(content))

    (error,) = outcomes(front, server, ask=fetch_page)

    assert error.path in {"$.data[1].id", "$.pagination.has_more"}


def test_the_answer_to_another_question(front, serve):
    """
    Case 91: a response about another id is an error, and its connection is not reused.
    """
    other = ["B", "", " 666A24C3", "666A24C3 ", "666A24C", "666A24C33", "string", "é" * 70_000]
    server = serve(*(single(id=one) for one in other), single())

    errors = outcomes(front, server, len(other) + 1)

    assert [(ResponseMismatchError, "$.data.id", 1)] * len(other) == faults(errors[:-1])
    assert {200} == {error.status_code for error in errors[:-1]}
    assert from_dict(PhoneNumber, NUMBER) == errors[-1]
    assert list(range(1, len(other) + 2)) == [request.connection for request in server.requests]
    assert all(len(str(error)) <= 2048 for error in errors[:-1])


def test_the_same_id_in_another_case(front, serve):
    """
    Case 91: an id that differs only in upper and lower case is the same id, and is returned
    unchanged.
    """
    server = serve(single(id="666a24c3"))

    assert "666a24c3" == outcomes(front, server)[0].id
    assert 1 == server.accepted


def test_an_answer_too_many_is_not_handed_to_the_next_caller(front, serve):
    """
    Case 91: a second response that arrives with the first never reaches another call.
    """
    server = serve(single() + single(phone_number="+12065550199", id="OTHER"), page("A"), single())

    async def body(client):
        first = await get(client)
        second = await get(client)
        return first, second, await get(client)

    first, second, third = front.run(body, server.base_url)

    assert from_dict(PhoneNumber, NUMBER) == first == third or isinstance(
        third, ResponseDecodeError
    )
    assert isinstance(second, ResponseDecodeError | PhoneNumber)
    assert "OTHER" != getattr(second, "id", None)
    assert server.accepted >= 2


def test_rate_limit_error_says_what_it_knows(front, serve, naps):
    """
    Case 31: a 429 without any details is a `RateLimitError` after all attempts.
    """
    html = answer(429, b"<html>slow down</html>", content_type="text/html")
    server = serve(html, html, html, *[answer(429)] * 3, single())

    *errors, number = outcomes(front, server, 3)

    assert [RateLimitError] * 2 == list(map(type, errors))
    assert [None, None] == [error.retry_after for error in errors]
    assert [3, 3] == [len(error.attempts) for error in errors]
    assert 7 == server.n
    assert 4 == len(naps)
    assert from_dict(PhoneNumber, NUMBER) == number
