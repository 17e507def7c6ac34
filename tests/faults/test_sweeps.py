"""
Sweeps: whatever a server sends, the caller gets what was sent, or one error of ours.
"""

from __future__ import annotations

import json
import math
import pickle
import ssl
from typing import Any

import pytest
from fronts import KEY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server import NUMBER, Reply, answer, numbers

from heymilo_async import (
    APIConnectionError,
    APIStatusError,
    Headers,
    HeyMiloError,
    PhoneNumber,
    ResponseDecodeError,
    RetryPolicy,
    from_dict,
    to_dict,
)
from heymilo_async._retry import retry_after

#: A fixture of a front is the same for each example.
SWEEP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
ONCE = RetryPolicy(max_attempts=1)
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
SINGLE = json.dumps({"data": NUMBER, "meta": None}).encode()
PAGE = json.dumps(
    {"data": numbers("A", "B"), "pagination": {"has_more": True, "total_count": 5, "url": "/x"}}
).encode()


@pytest.fixture
def ask(front, serve):
    """
    Return what a client of each front makes of the bytes of an answer: the data, or the error.
    """
    said: list[Reply] = [b""]
    server = serve(answers=lambda _: said[0])

    def outcome_of(reply: Reply, method: str = "get") -> Any:
        async def body(client):
            try:
                if method == "get":
                    return await client.phone_numbers.get(NUMBER["id"])
                return await client.phone_numbers.list()
            except HeyMiloError as error:
                return error

        said[0] = reply
        return front.run(body, server.base_url, retry=ONCE, ssl_context=NO_CERTIFICATES)

    return outcome_of


def is_sound(error: HeyMiloError) -> bool:
    """
    Say whether *error* keeps the rules of all errors: it prints, it pickles, it holds no secret.
    """
    shown = (str(error), repr(error), repr(vars(error)))
    again = pickle.loads(pickle.dumps(error))
    return (
        error.__cause__ is None
        and error.__context__ is None
        and all(KEY not in text for text in shown)
        and str(error).isprintable()
        and (type(error), str(error)) == (type(again), str(again))
    )


# Bodies.

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def mutated(draw, body):
    """
    Return *body* with some bytes of it taken away, put in, or put in place of others.
    """
    data = bytearray(body)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 4)))
        data[start:end] = draw(st.binary(max_size=4) | st.sampled_from([b"null", b'"', b"1", b"]"]))
    return bytes(data)


@st.composite
def drifted(draw, document):
    """
    Return *document* with one of its members, at any depth, replaced or gone.
    """
    document = json.loads(json.dumps(document))
    node = document
    while True:
        place = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        if isinstance(node[place], dict | list) and node[place] and draw(st.booleans()):
            node = node[place]
            continue
        if draw(st.booleans()):
            node[place] = draw(json_values)
        else:
            del node[place]
        return document


def believed(body: bytes) -> PhoneNumber | None:
    """
    Return the number in *body* by the strictest reading there is, without any code of the client's.
    """
    try:
        data = json.loads(body.decode())["data"]
        wrong = (
            [data["id"], data["phone_number"], data.get("object", "phone_number")],
            data["active"],
            data.get("country_code"),
            data.get("date_provisioned"),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    texts, active, country, provisioned = wrong
    if not (
        all(isinstance(text, str) for text in texts)
        and isinstance(active, bool)
        and (country is None or isinstance(country, str))
        and (
            provisioned is None
            or (isinstance(provisioned, int | float) and not isinstance(provisioned, bool))
        )
        and data["id"].casefold() == NUMBER["id"].casefold()
    ):
        return None
    try:
        return from_dict(PhoneNumber, data)
    except ResponseDecodeError:
        return None


@SWEEP
@given(body=st.binary(max_size=200) | mutated(SINGLE))
def test_any_body_of_a_success(ask, body):
    """
    A 200 with any bytes is the number that these bytes are, or an error that says they are none.
    """
    got = ask(answer(200, body))

    if isinstance(got, PhoneNumber):
        assert believed(body) == got
    else:
        assert isinstance(got, ResponseDecodeError)
        assert is_sound(got)


@SWEEP
@given(document=drifted({"data": NUMBER, "meta": {"a": [1, {"b": 2}]}}))
def test_any_drift_of_a_number(ask, document):
    """
    A member that is gone or of another type is an error with its path, or allowed and kept.
    """
    body = json.dumps(document).encode()
    got = ask(answer(200, body))

    if isinstance(got, PhoneNumber):
        assert believed(body) == got
        sent, kept = document["data"], to_dict(got)
        if isinstance(sent.get("date_provisioned"), float):
            # A datetime counts microseconds.
            kept["date_provisioned"] = pytest.approx(kept["date_provisioned"], rel=0, abs=1e-6)
        assert sent == {name: kept[name] for name in sent}
    else:
        assert isinstance(got, ResponseDecodeError)
        assert got.path is None or got.path.startswith("$")
        assert is_sound(got)


@SWEEP
@given(body=mutated(PAGE) | st.binary(max_size=100))
def test_any_page(ask, body):
    """
    A page is never shorter than what was sent: it has every item of the body, or it is an error.
    """
    got = ask(answer(200, body), "list")

    if isinstance(got, HeyMiloError):
        assert isinstance(got, ResponseDecodeError)
        assert is_sound(got)
    else:
        sent = json.loads(body)
        assert [item["id"] for item in sent["data"]] == [item.id for item in got]
        assert sent["pagination"]["has_more"] is got.has_more


@SWEEP
@given(
    status=st.integers(201, 599).filter(lambda status: status not in {204, 304}),
    body=st.binary(max_size=100)
    | json_values.map(lambda value: json.dumps({"error": value}).encode())
    | json_values.map(lambda value: json.dumps({"detail": value}).encode()),
)
def test_any_body_of_an_error(ask, status, body):
    """
    The status decides the class of the error, whatever the body is.
    """
    got = ask(answer(status, body))

    if status < 300:
        assert isinstance(got, PhoneNumber | ResponseDecodeError)
    else:
        assert isinstance(got, APIStatusError)
        assert status == got.status_code
        assert is_sound(got)


names = st.sampled_from(
    [
        "Content-Type",
        "Date",
        "Link",
        "Location",
        "RateLimit",
        "Retry-After",
        "Set-Cookie",
        "Server",
        "X-Api-Key",
        "X-RateLimit-Reset",
        "X-Request-Id",
    ]
)
field_values = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=30)


@SWEEP
@given(
    fields=st.lists(
        st.tuples(names, field_values | st.sampled_from([KEY, f"a {KEY}"])), max_size=5
    ),
    status=st.sampled_from([200, 302, 404, 429, 503]),
)
def test_any_headers(ask, fields, status):
    """
    No header makes a good answer a bad one, moves the error's class, or gets the key out.
    """
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(SINGLE)}"]
    head += [f"{name}: {value}" for name, value in fields]
    got = ask("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + SINGLE)

    if status == 200:
        assert NUMBER == to_dict(got)
    else:
        assert status == got.status_code
        assert is_sound(got)
        assert got.retry_after is None or 0 <= got.retry_after < math.inf


# Whole answers.

whole = answer(200, SINGLE, "X-Request-Id: r1")


def then_closed(reply: bytes) -> Any:
    """
    Return what sends *reply*, and then closes the connection.
    """

    def send(connection):
        connection.send(reply)
        connection.close()

    return send


@SWEEP
@given(reply=st.integers(0, len(whole) - 1).map(lambda end: whole[:end]))
def test_any_cut(ask, reply):
    """
    Wherever an answer breaks off, the error says that no whole answer came, and half is no data.
    """
    got = ask(then_closed(reply))

    assert isinstance(got, APIConnectionError)
    assert is_sound(got)


@SWEEP
@given(reply=mutated(whole) | st.binary(max_size=300))
def test_any_bytes(ask, reply):
    """
    Whatever bytes come, before a connection ends, it is a number or one of our errors.
    """
    got = ask(then_closed(reply))

    if isinstance(got, HeyMiloError):
        assert is_sound(got)
    else:
        assert NUMBER["id"].casefold() == got.id.casefold()


# Retry-After.


@given(
    value=st.text(max_size=40)
    | st.floats().map(str)
    | st.integers().map(str)
    | st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT")),
    status=st.sampled_from([429, 503]),
    now=st.floats(0, 4e9),
)
def test_any_retry_after(value, status, now):
    """
    Whatever `Retry-After` says, it is a finite wait of 0 or more seconds, or it says nothing.
    """
    wait = retry_after(Headers([("Retry-After", value)]), status, now)

    assert wait is None or 0 <= wait < math.inf
    if value.isascii() and value.isdigit() and len(value) < 9:
        assert float(value) == wait
