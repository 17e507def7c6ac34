"""
Bodies: their size, their encoding, and invalid JSON.
"""

from __future__ import annotations

import gzip
import json
import logging
import pickle
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from faults.test_answers import (
    ONCE,
    drifted,
    faults,
    fetch_page,
    get,
    no_key_in_log,  # noqa: F401 - a fixture that pytest finds here
    outcomes,
)
from server import NUMBER, Connection, answer, numbers, ok, page, single

from heymilo_async import (
    PhoneNumber,
    ResponseDecodeError,
    ResponseTooLargeError,
    from_dict,
    to_dict,
    to_json,
)

VALUE = from_dict(PhoneNumber, NUMBER)
GOOD = json.dumps({"data": NUMBER}).encode()
GZIP = "Content-Encoding: gzip"
PACKED = gzip.compress(GOOD)
MAX_BODY = 32 * 1024**2

GetMany = Callable[[Any], Any]


def with_json(text: str | bytes) -> bytes:
    """
    Return the body of a good response, with *text* as a raw member of its `meta`.
    """
    raw = text if isinstance(text, bytes) else text.encode()
    return GOOD[:-1] + b', "meta": {"x": ' + raw + b"}}"


def chunk(piece: bytes) -> bytes:
    """
    Return *piece* as a chunk; an empty one ends a body.
    """
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def chunked(*pieces: bytes) -> bytes:
    """
    Return *pieces* as a complete chunked body.
    """
    return b"".join(map(chunk, (*pieces, b"")))


def chunked_answer(*pieces: bytes, fields: tuple[str, ...] = ()) -> bytes:
    """
    Return a 200 with a chunked body.
    """
    head = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *fields, "", ""]
    return "\r\n".join(head).encode() + chunked(*pieces)


# Bodies that no success has.

NO_BODIES: dict[str, bytes] = {
    "login-page": answer(200, b"<html>" + b"q" * 10_000, content_type="text/html"),
    "empty": answer(200),
    "blank": answer(200, b" \r\n\t "),
    "null": answer(200, b"null"),
    "array": answer(200, b"[]"),
    "text": answer(200, b'"x"'),
    "number": answer(200, b"5"),
    "true": answer(200, b"true"),
    "object": answer(200, b"{}"),
    "no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "reset-content": b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
    "two-values": answer(200, GOOD + GOOD),
    "jsonp": answer(200, b"f(" + GOOD + b")"),
    "guarded": answer(200, b")]}'\n" + GOOD),
    "cut": answer(200, GOOD[:-1]),
    "nul": answer(200, GOOD + b"\x00"),
    "list-for-one": answer(200, json.dumps({"data": [NUMBER]}).encode()),
    "bare-model": answer(200, json.dumps(NUMBER).encode()),
}


def test_a_success_without_a_value(front, serve):
    """
    Case 64: a success with an unusable body is an error after one request, and shows what came.
    """
    server = serve(*NO_BODIES.values(), single())

    *errors, number = outcomes(front, server, len(NO_BODIES) + 1)

    for name, error in zip(NO_BODIES, errors, strict=True):
        assert ResponseDecodeError is type(error), name
        assert int(NO_BODIES[name][9:12]) == error.status_code, name
        assert 1 == len(error.attempts), name
        assert error.path.startswith("$"), name
        assert len(str(error)) <= 2048, name
        assert str(error).isprintable(), name
    assert "text/html" in str(errors[0])
    assert "qqq" not in str(errors[0])
    assert "text/html" == errors[0].headers["content-type"]
    assert b"<html>" == errors[0].body[:6]
    assert VALUE == number
    assert len(NO_BODIES) + 1 == server.n


def test_what_the_body_is_called_does_not_matter(front, serve):
    """
    Case 65: JSON is read, whatever its content type.
    """
    kinds = [
        "text/plain",
        "application/json; charset=utf-16",
        "application/json;charset=latin-1",
        "text/html",
        "application/vnd.api+json",
        "application/octet-stream",
        "image/png; a=b",
        "; ; ;",
        "nonsense",
        "",
        "application/json; charset=no-such",
        "application/json; charset=" + "x" * 5000,
    ]
    bare = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(GOOD), GOOD)
    server = serve(*(answer(200, GOOD, content_type=kind) for kind in kinds), bare)

    assert [VALUE] * (len(kinds) + 1) == outcomes(front, server, len(kinds) + 1)


def test_other_successes_hold_values_too(front, serve):
    """
    Case 65: any 2xx with the right body is a value.
    """
    server = serve(*(answer(status, GOOD) for status in (201, 202, 203, 226, 299)))

    assert [VALUE] * 5 == outcomes(front, server, 5)


def test_encodings(front, serve):
    """
    Case 68: UTF-8 is read, with or without a byte order mark; no other encoding is read or guessed.
    """
    accented = json.dumps({"data": {**NUMBER, "country_code": "é"}}, ensure_ascii=False)
    bad = [
        accented.encode("latin-1"),
        accented.encode("utf-16"),
        accented.encode("utf-16-le"),
        accented.encode("utf-16-be"),
        accented.encode("utf-32"),
        GOOD.decode().encode("utf-16-le"),
        GOOD.decode().encode("utf-32-be"),
        GOOD.replace(b"US", b"\xff\xfe"),
        GOOD.replace(b"US", b"\xc0\xaf"),  # an overlong slash
        GOOD.replace(b"US", b"\xed\xa0\x80"),  # half a surrogate pair
        GOOD.replace(b"US", b"\xf4\x90\x80\x80"),  # beyond the last character
        GOOD[:-20] + b"\xc3",
        b"\xef\xbb" + GOOD,
        b"\xef\xbb\xbf" * 2 + GOOD,
        b"\xfe\xff",
        bytes(range(256)),
    ]
    good = [accented.encode(), b"\xef\xbb\xbf" + accented.encode()]
    server = serve(*(answer(200, body) for body in [*bad, *good]))

    read = outcomes(front, server, len(bad) + 2)

    assert drifted(["$"] * len(bad)) == faults(read[:-2])
    assert bad == [error.body for error in read[:-2]]
    assert ["é", "é"] == [number.country_code for number in read[-2:]]


def test_half_a_surrogate_pair(front, serve, caplog):
    """
    Case 69: an unpaired surrogate anywhere is an error that can be printed.
    """
    bad = [
        GOOD.replace(b"US", rb"\ud800"),
        GOOD.replace(b"US", rb"\uDFFF"),
        GOOD.replace(b"US", rb"\udc00\ud800"),
        GOOD.replace(b"US", rb"\ud83d\u0041"),
        GOOD.replace(b'"country_code"', rb'"\ud800"'),
        with_json(rb'"\ud800"'),
        with_json(rb'[{"\udead": 1}]'),
    ]
    server = serve(*(answer(200, body) for body in bad))

    errors = outcomes(front, server, len(bad))

    assert [ResponseDecodeError] * len(bad) == list(map(type, errors))
    for error in errors:
        assert f"{error} {error!r} {vars(error)}".encode()
        logging.getLogger("heymilo.test").error("%s", error)
    assert all(record.getMessage().encode() for record in caplog.records)


def test_whole_surrogate_pairs(front, serve):
    """
    Case 69: surrogate pairs, and text that only looks like half of one, are ordinary text.
    """
    good = {
        rb"\ud83d\ude00": "😀",
        rb"\\ud800": r"\ud800",
        rb"\\\ud83d\ude00": "\\😀",
        rb"\uD83D\uDE00": "😀",
    }
    server = serve(*(answer(200, GOOD.replace(b"US", text)) for text in good))

    read = outcomes(front, server, len(good))

    assert list(good.values()) == [number.country_code for number in read]
    for number in read:
        assert number == pickle.loads(pickle.dumps(number))
        assert repr(number).encode()
        assert number == from_dict(PhoneNumber, json.loads(to_json(number)))


async def deep_down(levels: int, work: Callable[[], Any]) -> Any:
    """
    Return the result of *work*, called that many frames further down.
    """
    return await (deep_down(levels - 1, work) if levels else work())


DEEP: dict[str, bytes] = {
    "open-arrays": b"[" * 100_000,
    "open-objects": b'{"a":' * 100_000,
    "open-in-member": with_json(b"[" * 100_000),
    "mixed": b'[{"a":' * 50_000,
    "closed": b"[" * 5_000 + b"]" * 5_000,
    "closed-in-member": with_json(b"[" * 5_000 + b"]" * 5_000),
    "closed-in-data": GOOD.replace(b'"US"', b"[" * 5_000 + b"]" * 5_000),
    "below-the-limit-of-recursion": with_json(b"[" * 900 + b"]" * 900),
    "objects": with_json(b'{"a":' * 500 + b"1" + b"}" * 500),
    "just-too-deep": with_json(b"[" * 120 + b"]" * 120),
}


@pytest.mark.parametrize("frames", [0, 400])
def test_nesting(front, serve, frames):
    """
    Case 70: a body nested too deeply is an error, quickly, however deep the caller's stack is.
    """
    server = serve(*(answer(200, body) for body in DEEP.values()), single())

    async def body(client):
        return [await deep_down(frames, lambda: get(client)) for _ in range(len(DEEP) + 1)]

    began = time.thread_time()
    *errors, number = front.run(body, server.base_url)

    assert [ResponseDecodeError] * len(DEEP) == list(map(type, errors))
    assert VALUE == number
    assert time.thread_time() - began < 1.0


@pytest.mark.parametrize("frames", [0, 400])
def test_nesting_that_can_be_read(front, serve, frames):
    """
    Case 70: ninety levels of unknown members are read, kept, copied and written.
    """
    nested = b"[" * 90 + b"]" * 90
    server = serve(answer(200, GOOD.replace(b'"US"', b'"US", "more": ' + nested)))

    async def body(client):
        return await deep_down(frames, lambda: get(client))

    number = front.run(body, server.base_url)

    assert json.loads(nested) == number.extra["more"]
    assert json.loads(nested) == to_dict(number)["more"]
    assert number == pickle.loads(pickle.dumps(number))


def test_the_text_of_a_deep_error_body(front, serve):
    """
    Case 70: an error's body with endless nesting leaves the status, and quickly.
    """
    server = serve(*(answer(400, body[:60_000]) for body in DEEP.values()))

    errors = outcomes(front, server, len(DEEP))

    assert {400} == {error.status_code for error in errors}


LONG = b"9" * 5_000


def test_giant_integers(front, serve):
    """
    Case 71: an integer of thousands of digits is an error at once, in a known or unknown member.
    """
    content = {"data": numbers("A"), "pagination": {"has_more": False, "total_count": 1}}
    listed = json.dumps(content).encode().replace(b'"total_count": 1', b'"total_count": ' + LONG)
    bodies = [
        GOOD.replace(b"1739612400.0", LONG),
        GOOD.replace(b"1739612400.0", b"-" + LONG),
        GOOD.replace(b'"US"', LONG),
        GOOD.replace(b'"US"', b'"US", "more": ' + LONG),
        with_json(b"[[" + LONG + b"]]"),
        LONG,
    ]
    server = serve(*(answer(200, body) for body in bodies))
    pages = serve(answer(200, listed))

    began = time.thread_time()
    errors = outcomes(front, server, len(bodies)) + outcomes(front, pages, ask=fetch_page)

    assert [ResponseDecodeError] * (len(bodies) + 1) == list(map(type, errors))
    assert time.thread_time() - began < 1.0


def test_giant_integers_where_python_would_read_them(front, serve):
    """
    Case 71: the same holds in a program that has lifted Python's own limit of digits.
    """
    server = serve(answer(200, with_json(LONG)), answer(200, GOOD.replace(b"1739612400.0", LONG)))

    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        errors = outcomes(front, server, 2)
    finally:
        sys.set_int_max_str_digits(before)

    assert [ResponseDecodeError] * 2 == list(map(type, errors))


def test_numbers_that_are_none(front, serve):
    """
    Case 72: NaN, Infinity and numbers out of range are errors, in a known or unknown member.
    """
    texts = ["NaN", "-NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e99999999999", "inf"]
    members = [
        lambda text: GOOD.replace(b"1739612400.0", text),
        lambda text: GOOD.replace(b'"US"', b'"US", "more": ' + text),
        lambda text: GOOD.replace(b'"US"', b'"US", "more": [[{"a": ' + text + b"}]]"),
        with_json,
        lambda text: GOOD[:-1] + b', "more": ' + text + b"}",
    ]
    bodies = [member(text.encode()) for member in members for text in texts]
    server = serve(*(answer(200, body) for body in bodies))

    errors = outcomes(front, server, len(bodies))

    assert [ResponseDecodeError] * len(bodies) == list(map(type, errors))
    assert [1] * len(bodies) == [len(error.attempts) for error in errors]


def test_numbers_that_are_numbers(front, serve):
    """
    Case 72: numbers in every form of JSON are read as their values.
    """
    texts = ["0", "-0", "0.0", "1e3", "1E+2", "1e-400", "-1.5e-5", "123456789012345678901234567890"]
    server = serve(
        *(answer(200, GOOD.replace(b'"US"', f'"US", "n": {text}'.encode())) for text in texts)
    )

    read = outcomes(front, server, len(texts))

    assert [json.loads(text) for text in texts] == [number.extra["n"] for number in read]


#: Our own set, with the classes of JSONTestSuite; each replaces a value.
NOT_JSON = """
    [1,] [,1] [1,,2] [1 [ [1}  ]  {"a":1,}  {,"a":1}  {"a"}  {"a" 1}  {"a":}  {:1}  {1:1}
    {a:1}  {'a':1}  {"a":1  {"a":1]  {"a":1,,"b":2}  {"a":1}}  {"a";1}  {null:null}  {[]:1}
    'a'  "a  a  "\\x00"  "\\a"  "\\u12"  "\\u12zz"  "\\U0041"  "\\"  "a"b"  ""a  "\\'"  `a`
    01  -01  00  +1  1.  .5  -.5  -  --1  1e  1e+  1.e1  1ee2  1e1.5  0x10  0b1  0o7  1_000  1,5  1a
    -Infinity1  Infinit  nan  nAn  -nan  +Inf  ∞  １  ١
    True  FALSE  nul  nulll  truE  None  undefined  tru
    [1]x  [1]//  /**/1  1/**/  #1  // [1;2]  (1)  <1>  [1:2]  ["a":1]  {"a":"b":"c"}  @  ~  \\
    [a  ["x"  ["x",  [true  [1e  {"  {"a":"  * $ %  ...  … \\u0061
""".split()  # noqa: SIM905 - a list of a hundred lines
NOT_JSON += [
    '"a\nb"',
    '"a\tb"',
    '"a\x00b"',
    '"a\x1fb"',
    "\x0b1",
    "\x0c1",
    "\u00a01",
    "\u20281",
    "\ufeff1",
    "\u30001",
    "1 2",
    "[1 2]",
    "- 1",
    "1 .5",
    "",
    "\x00",
    "\x7f",
]

IS_JSON = """
    []  [[]]  [null]  [1]  {}  {"":0}  {"a":{}}  {"a":[1,{"b":null}]}  ""  "a"  "\\u0000"  "\\u0061"
    "\\"\\\\\\/\\b\\f\\n\\r\\t"  "é"  "😀"  "\\uD834\\uDD1E"  "/"  "\\/"  "\\u2028"  "\x7f"
    0  -0  -1  1.0  0.5  1e1  1E1  1e+1  1e-1  123e65  -0.0  0e+1  1.5E-10  12345678901234567890
    true  false  null  [1,-2.5e3,"x",null,true,{"a":[]}]  {"a":1,"a":2}
    "\ufeff"  "\\uFFFF"  "\uffff"
""".split()  # noqa: SIM905 - likewise
IS_JSON += ['"\u2028"', "[ 1 , 2 ]", ' {"a" : 1 } ', "\t[\r\n]\t", "[]\n", '" "']


@pytest.mark.parametrize("way", ["member", "whole"])
def test_what_is_not_json(front, serve, way):
    """
    Case 73: text that only resembles JSON is an error, and nothing else.
    """
    bodies = [with_json(text) if way == "member" else text.encode() for text in NOT_JSON]
    server = serve(*(answer(200, body) for body in bodies))

    errors = outcomes(front, server, len(bodies))

    assert [] == [
        text
        for text, error in zip(NOT_JSON, errors, strict=True)
        if type(error) is not ResponseDecodeError
    ]


def test_what_is_json(front, serve):
    """
    Case 73: JSON is read as Python's own reader reads it.
    """
    server = serve(*(answer(200, with_json(text)) for text in IS_JSON))

    async def body(client):
        return [
            (await client.raw(client.phone_numbers.get, NUMBER["id"])).meta["x"] for _ in IS_JSON
        ]

    assert [json.loads(text) for text in IS_JSON] == front.run(body, server.base_url)


def test_duplicate_members(front, serve):
    """
    Case 74: of duplicate members the last one counts as a whole, at every level.
    """
    other = json.dumps({**NUMBER, "id": "B", "country_code": None, "more": 1})
    twice = [
        GOOD.replace(b'"id"', b'"id": "B", "id"'),
        b'{"data": ' + other.encode() + b", " + GOOD[1:],
        GOOD[:-1] + b', "meta": {"x": 1}, "meta": {"x": 2}}',
    ]
    server = serve(*(answer(200, body) for body in twice))
    pages = serve(
        answer(
            200,
            b'{"data": [], "pagination": {"has_more": true, "total_count": 9}, "data": [%b],'
            b' "pagination": {"has_more": false}}' % json.dumps(NUMBER).encode(),
        )
    )

    async def body(client):
        one, two = await get(client), await get(client)
        return one, two, (await client.raw(client.phone_numbers.get, NUMBER["id"])).meta

    (listed,) = outcomes(front, pages, ask=fetch_page)

    assert (VALUE, VALUE, {"x": 2}) == front.run(body, server.base_url)
    assert [VALUE] == list(listed)
    assert (False, None) == (listed.has_more, listed.pagination.total_count)


# Size.


class Flood:
    """
    A reply that sends pieces for as long as the client reads, and counts what it has read.
    """

    def __init__(self, head: bytes, pieces: Iterator[bytes]) -> None:
        self.head = head
        self.pieces = pieces
        self.sent = 0

    def __call__(self, connection: Connection) -> None:
        """
        Send until the client closes the connection, which raises an OSError here.
        """
        connection.socket.sendall(self.head)
        for piece in self.pieces:
            connection.socket.sendall(piece)
            self.sent += len(piece)
        connection.close()


def repeated(piece: bytes, total: int) -> Iterator[bytes]:
    """
    Yield *piece* until *total* bytes were yielded.
    """
    for _ in range(total // len(piece)):
        yield piece


@pytest.mark.parametrize("length", ["10000000000", "33554433", "9" * 19, "9" * 20])
def test_a_length_that_is_too_much(front, serve, length):
    """
    Case 75: a body with a too large Content-Length is refused before it is read.
    """
    flood = Flood(
        f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode(),
        repeated(b" " * 65536, 64 * 1024**2),
    )
    server = serve(flood, single())

    error, number = outcomes(front, server, 2, retry=ONCE)

    assert ResponseTooLargeError is type(error)
    assert b"" == error.body
    assert "32 MiB" in str(error)
    assert flood.sent < 16 * 1024**2  # the buffers of both sockets
    assert VALUE == number


# Case 75 allows twice the largest body.
@pytest.mark.memory(64)
@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_a_body_without_end(front, serve, framing):
    """
    Case 75: an endless body is refused at 32 MiB, and no more than that is held in memory.
    """
    piece = b" " * 65536
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    if framing == "chunked":
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        piece = b"10000\r\n" + piece + b"\r\n"
    flood = Flood(head, repeated(piece, 2 * MAX_BODY))
    server = serve(flood, single())

    tracemalloc.start()
    try:
        error, number = outcomes(front, server, 2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert ResponseTooLargeError is type(error)
    assert b"" == error.body
    assert 1 == len(error.attempts)
    assert flood.sent < MAX_BODY + 16 * 1024**2
    assert peak < 2 * MAX_BODY
    assert VALUE == number


@pytest.mark.full("it takes 64 MB")
@pytest.mark.memory(128)
def test_the_largest_body(front, serve):
    """
    Case 75: a body of exactly 32 MiB is read; one byte more is refused.
    """
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = [GOOD, *repeated(b" " * 1024**2, MAX_BODY - 1024**2), b" " * (1024**2 - len(GOOD))]
    # Sent piece by piece, so that the server holds none of what is measured.
    server = serve(*(Flood(head, map(chunk, [*pieces, *more, b""])) for more in ([], [b" "])))

    number, error = outcomes(front, server, 2)

    assert VALUE == number
    assert ResponseTooLargeError is type(error)


def bomb(size: int, member: int | None = None) -> bytes:
    """
    Return the gzip of *size* blanks, in one gzip member or in many.
    """
    if member is not None:
        return gzip.compress(b" " * member, 1) * (size // member)
    packer = zlib.compressobj(1, wbits=31)
    return b"".join(map(packer.compress, repeated(b" " * 1024**2, size))) + packer.flush()


@pytest.mark.parametrize("member", [None, 1024**2], ids=["one", "many"])
def test_a_bomb(front, serve, member):
    """
    Case 76: a small body that decompresses to a huge one is refused at 32 MiB, quickly, and is not
    held in memory.
    """
    packed = bomb(128 * 1024**2, member)
    server = serve(answer(200, packed, GZIP), single())

    tracemalloc.start()
    try:
        error, number = outcomes(front, server, 2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert ResponseTooLargeError is type(error)
    assert b"" == error.body
    assert peak < MAX_BODY + 16 * 1024**2
    assert VALUE == number


def test_a_bomb_as_an_error(front, serve):
    """
    Case 76: an error whose body is a gzip bomb is still that error, with 64 KiB of its body.
    """
    server = serve(answer(400, bomb(64 * 1024**2), GZIP), single())

    error, number = outcomes(front, server, 2)

    assert (400, b" " * 65536) == (error.status_code, error.body)
    assert VALUE == number


def test_a_body_that_unpacks_to_nothing_for_ever(front, serve):
    """
    Case 76: an endless body is refused even if it decompresses to nothing.
    """
    empty_blocks = b"\x00\x00\x00\xff\xff" * 13_000
    flood = Flood(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + PACKED[:10],
        repeated(empty_blocks, MAX_BODY + 16 * 1024**2),
    )
    server = serve(flood, single())

    error, number = outcomes(front, server, 2)

    assert ResponseTooLargeError is type(error)
    assert VALUE == number


def test_many_members_are_unpacked_quickly(front, serve):
    """
    Case 76: the time to decompress a body grows linearly with its size.
    """
    packed = gzip.compress(GOOD) + gzip.compress(b"") * 50_000
    server = serve(answer(200, packed, GZIP))

    began = time.thread_time()

    assert [VALUE] == outcomes(front, server)
    assert time.thread_time() - began < 1.0


def test_only_gzip_is_asked_for(front, serve):
    """
    Case 77: requests accept only gzip, whatever else this machine can decompress.
    """
    server = serve(single(), page("A"))

    outcomes(front, server)
    outcomes(front, server, ask=fetch_page)

    assert ["gzip", "gzip"] == [request.headers["accept-encoding"] for request in server.requests]


@pytest.mark.parametrize(
    "name", ["gzip", "GZIP", "x-gzip", " gzip ", "gzip,", "gzip, identity", "identity,gzip"]
)
def test_gzip_is_unpacked(front, serve, name):
    """
    Cases 78 and 192: gzip under any of its names is decompressed, in one piece, byte by byte, and
    in members.
    """
    field = f"Content-Encoding: {name}"
    half = len(GOOD) // 2
    server = serve(
        answer(200, PACKED, field),
        chunked_answer(*(PACKED[at : at + 1] for at in range(len(PACKED))), fields=(field,)),
        answer(200, gzip.compress(GOOD[:half]) + gzip.compress(GOOD[half:]), field),
        answer(200, gzip.compress(GOOD, 0), field),
    )

    assert [VALUE] * 4 == outcomes(front, server, 4)


@pytest.mark.parametrize(
    "surplus", [b"\0", b"\0" * 8, b"\n", b"\x1f", b"\x1f\n", b"garbage", GOOD, b"\0" * 70_000]
)
def test_what_follows_the_end_of_gzip(front, serve, surplus):
    """
    Cases 78 and 192: bytes after the end of gzip that start no further member are ignored, in one
    piece and byte by byte.
    """
    body = PACKED + surplus
    pieces = [body[at : at + 1] for at in range(len(PACKED) + 3)] + [body[len(PACKED) + 3 :]]
    server = serve(
        answer(200, body, GZIP), chunked_answer(*filter(None, pieces), fields=(GZIP,)), single()
    )

    assert [VALUE] * 3 == outcomes(front, server, 3)


@pytest.mark.parametrize(
    "fields",
    [
        ["Content-Encoding: identity"],
        ["Content-Encoding: identity, identity"],
        ["Content-Encoding:"],
        [],
    ],
)
def test_no_coding(front, serve, fields):
    """
    Case 78: a body with the encoding `identity` is read as it is.
    """
    server = serve(answer(200, GOOD, *fields))

    assert [VALUE] == outcomes(front, server)


WRONG_CODINGS: dict[str, bytes] = {
    "unknown": answer(200, GOOD, "Content-Encoding: xyz"),
    "brotli": answer(200, GOOD, "Content-Encoding: br"),
    "zstd": answer(200, GOOD, "Content-Encoding: zstd"),
    "deflate": answer(200, zlib.compress(GOOD), "Content-Encoding: deflate"),
    "twice": answer(200, gzip.compress(PACKED), "Content-Encoding: gzip, gzip"),
    "twice-in-two-fields": answer(200, gzip.compress(PACKED), GZIP, GZIP),
    "fifty-times": answer(200, PACKED, "Content-Encoding: " + ", ".join(["gzip"] * 50)),
    "with-another": answer(200, PACKED, "Content-Encoding: br, gzip"),
    "long": answer(200, GOOD, "Content-Encoding: " + "x" * 50_000),
    "not-gzip": answer(200, GOOD, GZIP),
    "not-gzip-either": answer(200, b"\x1f\x8b" + GOOD, GZIP),
    "zlib": answer(200, zlib.compress(GOOD), GZIP),
    "nothing": answer(200, b"", GZIP),
    "gzip-after-json": answer(200, GOOD + PACKED, GZIP),
    "unasked": answer(200, PACKED),
    "a-flipped-bit": answer(200, PACKED[:30] + bytes([PACKED[30] ^ 4]) + PACKED[31:], GZIP),
    "a-wrong-checksum": answer(200, PACKED[:-8] + b"\x00\x00\x00\x00" + PACKED[-4:], GZIP),
    "a-wrong-length": answer(200, PACKED[:-4] + b"\xff\x00\x00\x00", GZIP),
    "an-unknown-method": answer(200, PACKED[:2] + b"\x07" + PACKED[3:], GZIP),
}


def test_codings_that_cannot_be_read(front, serve):
    """
    Case 78: a body that is not in its declared encoding, or in one that was not requested, is an
    error.
    """
    server = serve(*WRONG_CODINGS.values(), single())

    *errors, number = outcomes(front, server, len(WRONG_CODINGS) + 1)

    assert dict.fromkeys(WRONG_CODINGS, ResponseDecodeError) == dict(
        zip(WRONG_CODINGS, map(type, errors), strict=True)
    )
    assert all(len(str(error)) <= 2048 and str(error).isprintable() for error in errors)
    assert VALUE == number


def test_gzip_cut_short(front, serve):
    """
    Case 79: a gzip body that is cut anywhere is an error, even if its JSON is complete.
    """
    flushed = zlib.compressobj(wbits=31)
    open_ended = flushed.compress(GOOD) + flushed.flush(zlib.Z_SYNC_FLUSH)
    cuts = [1, 2, 9, 10, 11, len(PACKED) // 2, *range(len(PACKED) - 9, len(PACKED))]
    bodies = [
        *(PACKED[:cut] for cut in cuts),
        open_ended,
        PACKED + PACKED[:12],
        PACKED[:-8] + b"\x00" * 7,
    ]
    server = serve(*(chunked_answer(body, fields=(GZIP,)) for body in bodies), single())

    *errors, number = outcomes(front, server, len(bodies) + 1)

    assert [(len(body), ResponseDecodeError) for body in bodies] == [
        (len(body), type(error)) for body, error in zip(bodies, errors, strict=True)
    ]
    assert VALUE == number


def test_tiny_chunks(front, serve):
    """
    Case 80: the time to read a chunked body grows linearly with the number of chunks.
    """

    def seconds(count: int) -> float:
        padded = with_json('"' + "x" * count + '"')
        server = serve(chunked_answer(*(padded[at : at + 1] for at in range(len(padded)))))
        began = time.thread_time()
        assert [VALUE] == outcomes(front, server)
        return time.thread_time() - began

    assert seconds(20_000) < 1.5


def fat_page(size: int) -> bytes:
    """
    Return a page of 100 numbers with about *size* bytes.
    """
    items = [{**number, "note": "é" * (size // 200)} for number in numbers(*map(str, range(100)))]
    return ok({"data": items, "pagination": {"has_more": False}})


def test_a_fat_page(front, serve):
    """
    Case 81: a page of 5 MB is read, in little more memory than its size, and without blocking
    others.
    """
    server = serve(fat_page(2 * 1024**2), page("A"))
    gaps: list[float] = []

    async def body(client):
        if front.is_blocking:
            return await fetch_page(client)
        async with anyio.create_task_group() as group:
            group.start_soon(heartbeat)
            read = await fetch_page(client)
            group.cancel_scope.cancel()
        return read

    async def heartbeat():
        # On the clock of this thread, which other programs do not advance.
        while True:
            began = time.thread_time()
            await anyio.sleep(0.001)
            gaps.append(time.thread_time() - began)

    tracemalloc.start()
    try:
        read = front.run(body, server.base_url)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert 100 == len(read)
    assert {"é" * (2 * 1024**2 // 200)} == {number.extra["note"] for number in read}
    assert max(gaps, default=0.0) < 0.25
    assert peak < 60 * 1024**2
