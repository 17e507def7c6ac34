"""
Identifiers, cases 106 to 114 of the fault catalogue: an id is one segment of its path, or refused.
"""

from __future__ import annotations

import enum
import sys
import uuid
from urllib.parse import parse_qsl, unquote, unquote_to_bytes, urlsplit

import pytest
from fronts import KEY
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from server import NUMBER, ok, page, single

from heymilo_async import ConfigurationError, InvalidRequestError

PREFIX = "/api/v2/phone-numbers/"


def decoded(target):
    """
    Return the segments of *target*'s path as a server decodes them.
    """
    return [unquote(segment, errors="strict") for segment in urlsplit(target).path.split("/")]


def echo(request):
    """
    Respond with a number that has the requested id.
    """
    return single(id=decoded(request.target)[-1])


async def refused(kind, client, value):
    """
    Return the error texts of every operation for the id *value*.
    """
    numbers = client.phone_numbers
    texts = []
    for ask in (
        lambda: numbers.get(value),
        lambda: numbers.get_many(["good", value]),
        lambda: numbers.get_many_settled([value, "good"]),
        lambda: client.raw(numbers.get, value),
    ):
        with pytest.raises(kind) as caught:
            await ask()
        texts.append(str(caught.value))
    return texts


# Ids that no path can contain.


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_ids_that_name_another_path(front, serve, value):
    """
    Cases 106 and 107: an empty id, `.` and `..` are refused, so no id leads to the list's route or
    above it.
    """
    server = serve(single())

    async def body(client):
        return await refused(InvalidRequestError, client, value)

    for text, name in zip(
        front.run(body, server.base_url),
        ["phone_number_id", "ids[1]", "ids[0]", "phone_number_id"],
        strict=True,
    ):
        assert text.startswith(name)
    assert 0 == server.n


@pytest.mark.parametrize("value", ["...", ". ", " ", "..a", "....", ".a", "-", "~"])
def test_ids_that_look_like_dots(front, serve, value):
    """
    Case 107: an id that only resembles `.` and `..` is an ordinary id.
    """
    server = serve(answers=echo)

    async def body(client):
        return (await client.phone_numbers.get(value)).id

    assert value == front.run(body, server.base_url)
    assert ["", "api", "v2", "phone-numbers", value] == decoded(server.requests[0].target)


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("../webhooks", "..%2Fwebhooks"),
        ("a/b", "a%2Fb"),
        ("/", "%2F"),
        ("a/../..", "a%2F..%2F.."),
        ("a?x=1", "a%3Fx=1"),
        ("a#f", "a%23f"),
        ("#", "%23"),
        ("?", "%3F"),
        ("a b", "a%20b"),
        ("a+b", "a%2Bb"),
        ("%2e%2e", "%252e%252e"),
        ("%2F", "%252F"),
        ("%", "%25"),
        ("%00", "%2500"),
        ("%zz", "%25zz"),
        ("\u00e9", "%C3%A9"),
        ("e\u0301", "e%CC%81"),
        ("\u2025", "%E2%80%A5"),
        ("\uff0e\uff0e", "%EF%BC%8E%EF%BC%8E"),
        ("\uff0f", "%EF%BC%8F"),
        ("a\\b", "a%5Cb"),
        ("..\\", "..%5C"),
        (";x=1", "%3Bx=1"),
        ("a:b@c", "a:b@c"),
        ("\U0001f600", "%F0%9F%98%80"),
        ("{config_id}", "%7Bconfig_id%7D"),
        ("{0}", "%7B0%7D"),
        ("%s", "%25s"),
        ("\u202eabc", "%E2%80%AEabc"),
        ("list", "list"),
        ("a" * 1024, "a" * 1024),
    ],
)
def test_id_is_one_segment(front, serve, value, segment):
    """
    Case 108: any id becomes one encoded path segment.
    """
    server = serve(answers=echo)

    async def body(client):
        return (await client.phone_numbers.get(value)).id

    assert value == front.run(body, server.base_url)
    assert [PREFIX + segment] == [request.target for request in server.requests]


def test_prefix_of_the_base_url_is_kept(front, serve):
    """
    Case 108: the base URL's path prefix remains before any id, with or without a trailing slash.
    """
    server = serve(answers=echo)

    async def body(client):
        for prefix in ("/proxy/v9", "/proxy/v9/", "/a%20b"):
            view = client.with_options(base_url=server.base_url + prefix)
            await view.phone_numbers.get("../x")

    front.run(body, server.base_url)

    assert [
        f"/proxy/v9{PREFIX}..%2Fx",
        f"/proxy/v9{PREFIX}..%2Fx",
        f"/a%20b{PREFIX}..%2Fx",
    ] == [request.target for request in server.requests]


@pytest.mark.parametrize(
    "value",
    [
        "http://127.0.0.1:{port}/x",
        "//127.0.0.1:{port}",
        "\\\\127.0.0.1:{port}",
        "@127.0.0.1:{port}",
        ":{port}",
        "/\\127.0.0.1:{port}",
    ],
)
def test_id_that_is_another_host(front, serve, value):
    """
    Case 109: an id that looks like a URL is a segment, and the client connects only to its server.
    """
    elsewhere = serve(single())
    server = serve(answers=echo)
    value = value.format(port=elsewhere.port)

    async def body(client):
        return (await client.phone_numbers.get(value)).id

    assert value == front.run(body, server.base_url)
    assert 0 == elsewhere.accepted
    assert PREFIX == server.requests[0].target[: len(PREFIX)]
    assert value == decoded(server.requests[0].target)[-1]


@pytest.mark.parametrize(
    "value",
    [
        "a\r\nX-Evil: 1",
        "a\n",
        "\ta",
        "a\x00b",
        "\x7f",
        "\x1b[31m",
        "\x85",
        "\ud800",
        "a\udfff",
        "\u2028",
        "a\u2029b",
        "x" * 1025,
        "x" * 10_000,
        "\u00e9" * 100_000,
        "\x00" * 100_000,
    ],
    ids=lambda value: ascii(value[:12]),
)
def test_ids_that_are_no_text(front, serve, value):
    """
    Case 110: an id with a control character, an unpaired surrogate or a line end, or one that is
    too long, is refused without showing it.
    """
    server = serve(single())

    async def body(client):
        return await refused(InvalidRequestError, client, value)

    for text in front.run(body, server.base_url):
        assert text.startswith(("phone_number_id", "ids["))
        assert text.isprintable()
        assert text.isascii()
        assert len(text) < 130
        # It may be the key, with a line end, in the wrong place.
        assert value[:3] not in text
    assert 0 == server.n
    assert 0 == server.accepted


class Odd(str):
    """
    A str whose `__str__` returns another text.
    """

    __slots__ = ()

    def __str__(self):
        return "../../other"


class Liar(str):
    """
    A str whose methods all lie, except `__str__`.
    """

    __slots__ = ()

    def __eq__(self, other):
        return False

    def __hash__(self):
        return 0

    def __len__(self):
        return 1

    def __iter__(self):
        return iter("x")

    def __contains__(self, other):
        return False

    def __format__(self, how):
        return "../../other"

    def encode(self, *_):
        return b"../../other"


class Which(enum.StrEnum):
    """
    An enum of strings, whose members are strings.
    """

    MAIN = "666A24C3"


class Both(str, enum.Enum):  # noqa: UP042 - the older kind
    """
    An enum of strings whose `__str__` returns the names.
    """

    MAIN = "666A24C3"


class Sneaky:
    """
    An object that is not a str, but claims to be one.
    """

    def __init__(self):
        self.asked = 0

    def __str__(self):
        # A tool that shows a traceback with its locals may call this.
        self.asked += sys._getframe(1).f_globals["__name__"].startswith("heymilo_async")
        return "666A24C3"

    __repr__ = __fspath__ = __str__


@pytest.mark.parametrize(
    "value",
    [
        5,
        5.0,
        b"a",
        bytearray(b"a"),
        True,
        None,
        Odd("a"),
        Both.MAIN,
        uuid.UUID(int=1),
        ["a"],
        {"id": "a"},
        object(),
        NUMBER,
    ],
    ids=lambda value: type(value).__name__,
)
def test_ids_of_the_wrong_type(front, serve, value):
    """
    Case 111: an id that is not a str, or whose `__str__` returns another text, is a TypeError that
    names its type.
    """
    server = serve(single())

    async def body(client):
        return await refused(TypeError, client, value)

    for text in front.run(body, server.base_url):
        assert type(value).__name__ in text
    assert 0 == server.n


def test_foreign_object_is_not_asked_for_its_text(front, serve):
    """
    Case 111: the `__str__` of a foreign object is never called.
    """
    server = serve(single())
    sneaky = Sneaky()

    async def body(client):
        await refused(TypeError, client, sneaky)
        with pytest.raises(TypeError):
            await client.phone_numbers.list(starting_after=sneaky)

    front.run(body, server.base_url)

    assert (0, 0) == (sneaky.asked, server.n)


def test_texts_with_names(front, serve):
    """
    Case 111: a member of a StrEnum counts as its value.
    """
    server = serve(answers=echo)

    async def body(client):
        return (await client.phone_numbers.get(Which.MAIN)).id

    assert "666A24C3" == front.run(body, server.base_url)


@pytest.mark.parametrize("text", ["a/b", "..", "", "a\r\n"])
def test_subclass_that_lies(front, serve, text):
    """
    Case 111: of a subclass of str only the text counts, whatever its methods return.
    """
    server = serve(answers=echo)

    async def body(client):
        try:
            number = await client.phone_numbers.get(Liar(text))
        except (TypeError, ValueError) as error:
            return type(error)
        return number.id

    got = front.run(body, server.base_url)

    if text == "a/b":
        assert got in {"a/b", TypeError}
    else:
        assert got in {InvalidRequestError, TypeError}
        assert 0 == server.n


@pytest.mark.parametrize("ids", ["666A24C3", b"ab", None, 5, object()])
def test_many_ids_of_the_wrong_type(front, serve, ids):
    """
    Case 111: `get_many` takes an iterable of str, and refuses a single str.
    """
    server = serve(single())

    async def body(client):
        for method in (client.phone_numbers.get_many, client.phone_numbers.get_many_settled):
            with pytest.raises(TypeError, match="ids"):
                await method(ids)

    front.run(body, server.base_url)

    assert 0 == server.n


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.lists(st.text(max_size=60), min_size=1, max_size=25))
@example(ids=[".", "..", "", "/", "%2e", "\ud800", "\x00", "\u2028", "a" * 1025])
@example(ids=[chr(code) for code in range(256)])
def test_any_text_is_one_segment_or_refused(front, serve, ids):
    """
    Case 112: any text is refused unsent, or the server decodes exactly that text.
    """
    server = serve(answers=echo)

    async def body(client):
        sent = []
        for one in ids:
            try:
                number = await client.phone_numbers.get(one)
            except ValueError as error:
                assert InvalidRequestError is type(error)
            else:
                assert one == number.id
                sent.append(one)
        return sent

    sent = front.run(body, server.base_url)

    assert [["", "api", "v2", "phone-numbers", one] for one in sent] == [
        decoded(request.target) for request in server.requests
    ]
    assert all(request.target.isascii() for request in server.requests)


def test_every_single_character_is_one_segment_or_refused(front, serve):
    """
    Case 112: the same holds for each character of the first planes, and a sample of the rest,
    within a text.
    """
    server = serve(answers=echo)
    codes = [*range(0x400), *range(0x2000, 0x2070), *range(0xD7F0, 0xE000, 97), 0xFEFF, 0x10FFFF]
    ids = [f"a{chr(code)}b" for code in codes]
    refusals = []

    async def body(client):
        for one in ids:
            try:
                await client.phone_numbers.get(one)
            except InvalidRequestError:
                refusals.append(one)

    front.run(body, server.base_url)

    assert [one for one in ids if one not in refusals] == [
        decoded(request.target)[-1] for request in server.requests
    ]
    # Only characters that no real id contains are refused.
    assert all(not one[1].isprintable() for one in refusals)
    assert all(f"a{chr(code)}b" in refusals for code in [*range(32), 127, 0x2028, 0xD7F0 + 97])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cursors=st.lists(st.text(max_size=60), min_size=1, max_size=25))
@example(cursors=["", "&limit=1", "\r\n", "\x00", "\ud800", "+", "%2B", " ", "#"])
def test_any_text_is_one_parameter_or_refused(front, serve, cursors):
    """
    Case 112: any text as `starting_after` is refused, or the server decodes exactly that text.
    """
    server = serve(page())

    async def body(client):
        sent = []
        for one in cursors:
            try:
                await client.phone_numbers.list(limit=7, starting_after=one)
            except ValueError as error:
                assert InvalidRequestError is type(error)
            else:
                sent.append(one)
        return sent

    sent = front.run(body, server.base_url)

    assert [[("limit", "7"), ("starting_after", one)] for one in sent] == [
        parse_qsl(urlsplit(request.target).query, strict_parsing=True)
        for request in server.requests
    ]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("", InvalidRequestError),
        ("\ud800", InvalidRequestError),
        ("x" * 100_000, InvalidRequestError),
        (5, TypeError),
        (b"a", TypeError),
        (True, TypeError),
        (Odd("a"), TypeError),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_cursors_that_cannot_work(front, serve, value, kind):
    """
    Case 114: a cursor that cannot be sent unchanged is refused by name before any I/O.
    """
    server = serve(page())

    async def body(client):
        with pytest.raises(kind, match=r"^starting_after") as called:
            await client.phone_numbers.list(starting_after=value)
        with pytest.raises(kind, match=r"^starting_after"):
            client.phone_numbers.list_all(starting_after=value)
        return str(called.value)

    assert len(front.run(body, server.base_url)) < 130
    assert 0 == server.n


@pytest.mark.parametrize("value", ["a&limit=1", "a#b", "a?b=c", "a b", "a+b", "%26", "a;b", "\r\n"])
def test_cursor_adds_no_parameter(front, serve, value):
    """
    Case 114: a cursor full of special characters is one parameter, and `limit` is unchanged.
    """
    server = serve(page())

    async def body(client):
        await client.phone_numbers.list(limit=50, starting_after=value)

    front.run(body, server.base_url)

    assert [("limit", "50"), ("starting_after", value)] == parse_qsl(
        urlsplit(server.requests[0].target).query
    )


@pytest.mark.parametrize(
    "value", ["w\r\nX-Evil: 1", "w\n", "\x00w", "w\x7f", "\u00e9", "w\u2028", "w\ud800", ""]
)
def test_workspace_id_that_breaks_a_header(front, serve, value):
    """
    Case 114: a workspace id never becomes a second header: it is stripped, or refused.
    """
    server = serve(page())

    async def body(client):
        try:
            view = client.with_options(workspace_id=value)
        except ConfigurationError:
            return None
        await view.phone_numbers.list()
        return server.requests[0].headers.get("x-workspace-id")

    got = front.run(body, server.base_url)

    assert got is None or got == value.strip()
    assert all("x-evil" not in request.headers for request in server.requests)
    if got is None:
        assert 0 == server.n


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "1\r\nX-Evil: 1"),
        ("X-A", "1\n 2"),
        ("X-A", "\x00"),
        ("X-A", " 1"),
        ("X-A", "\u00e9"),
        ("X-A\r\nX-Evil", "1"),
        ("X A", "1"),
        ("", "1"),
        ("X-A:", "1"),
        ("X-\u00c4", "1"),
        ("\x00", "1"),
    ],
)
def test_default_headers_that_break_a_message(front, serve, name, value):
    """
    Case 114: a header with an invalid name or value is refused, and not shown raw.
    """
    server = serve(page())

    with pytest.raises(ConfigurationError) as made:
        front.client(server.base_url, default_headers={name: value})

    async def body(client):
        with pytest.raises(ConfigurationError) as changed:
            client.with_options(default_headers={name: value})
        return str(changed.value)

    assert str(made.value) == front.run(body, server.base_url)
    assert str(made.value).isprintable()
    assert 0 == server.n


@pytest.mark.parametrize(
    "name",
    [
        "X-API-KEY",
        "x-api-key",
        "Authorization",
        "AUTHORIZATION",
        "Proxy-Authorization",
        "Cookie",
        "X-Workspace-Id",
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Accept-Encoding",
    ],
)
def test_default_headers_that_are_the_clients(front, name):
    """
    Case 114: credentials and framing headers are refused as default headers, in upper and lower
    case.
    """
    with pytest.raises(ConfigurationError, match=f"(?i){name}") as caught:
        front.client("http://127.0.0.1:1", default_headers={name: "a-secret-value"})

    assert "a-secret-value" not in str(caught.value)


@pytest.mark.parametrize(
    "headers", ["X-A: 1", [("X-A", "1")], 5, {"X-A": 1}, {"X-A": b"1"}, {"X-A": None}, {5: "1"}]
)
def test_default_headers_of_the_wrong_type(front, headers):
    """
    Case 114: default headers are a mapping of str to str; anything else is a TypeError.
    """
    with pytest.raises(TypeError, match="default_headers"):
        front.client("http://127.0.0.1:1", default_headers=headers)


def test_default_headers_are_sent_once(front, serve):
    """
    Case 114: default headers are sent unchanged, and replace those of ours that may be replaced.
    """
    server = serve(page())
    raw = {"X-A": "1, 2", "user-agent": "mine/1", "X-Empty": ""}

    async def body(client):
        await client.phone_numbers.list()

    front.run(body, server.base_url, default_headers=raw)
    headers = server.requests[0].headers

    assert ("1, 2", "mine/1", "") == (headers["x-a"], headers["user-agent"], headers["x-empty"])
    assert KEY == headers["x-api-key"]


def test_default_headers_cannot_be_changed_afterwards(front, serve):
    """
    Case 114: later changes of the caller's mapping do not change the client.
    """
    server = serve(page())
    mapping = {"X-A": "1"}

    async def body(client):
        mapping["X-A"] = "2\r\nX-Evil: 1"
        mapping["X-B"] = "3"
        await client.phone_numbers.list()

    front.run(body, server.base_url, default_headers=mapping)

    assert "1" == server.requests[0].headers["x-a"]
    assert not {"x-b", "x-evil"} & set(server.requests[0].headers)


def test_answer_in_another_case_is_the_same_id(front, serve):
    """
    Case 108: the id of a response is compared without regard to upper and lower case.
    """
    server = serve(single(id="abc-\u00c4"))

    async def body(client):
        return (await client.phone_numbers.get("ABC-\u00e4")).id

    assert "abc-\u00c4" == front.run(body, server.base_url)


def test_id_of_bytes_on_the_wire_is_utf_8(front, serve):
    """
    Case 108: characters beyond ASCII are percent-encoded UTF-8, without normalization.
    """
    server = serve(ok({"data": {**NUMBER, "id": "e\u0301"}}))

    async def body(client):
        await client.phone_numbers.get("e\u0301")

    front.run(body, server.base_url)

    sent = urlsplit(server.requests[0].target).path.rpartition("/")[2]
    assert "e\u0301".encode() == unquote_to_bytes(sent)
