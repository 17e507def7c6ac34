"""
Scripted and random faults: the bytes on the wire, and the client's results.
"""

from __future__ import annotations

import http.client
import socket
import time
from urllib.parse import urlsplit

import pytest

from heymilo_async import (
    APIConnectionError,
    APITimeoutError,
    PaginationError,
    RateLimitError,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
    sandbox,
)
from heymilo_async.sandbox import faults
from heymilo_async.sandbox.faults import (
    SURVIVABLE,
    CutBody,
    DripBody,
    Drop,
    Fault,
    InvalidJSON,
    RepeatCursor,
    Slow,
    Status,
    WrongTypes,
)

LIST = "/api/v2/phone-numbers"
ONCE = RetryPolicy(max_attempts=1)


@pytest.fixture(scope="module")
def shared():
    """
    A sandbox of five numbers for all tests of this file.
    """
    with sandbox.running(numbers=5) as milo:
        yield milo


@pytest.fixture
def milo(shared):
    """
    That sandbox, reset.
    """
    shared.reset()
    yield shared
    shared.reset()


def raw(milo, path=LIST):
    """
    Return every byte of the response on a new connection, and how the connection ended.
    """
    url = urlsplit(milo.base_url)
    with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nX-API-KEY: {milo.api_key}\r\n"
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
        came = b""
        try:
            while piece := connection.recv(65536):
                came += piece
        except ConnectionResetError:
            return came, "reset"
    return came, "closed"


def fetch(front, milo, **options):
    """
    Return the number of items that a client of *front* gets on a page, or its error.
    """

    async def body(client):
        try:
            return len(await client.phone_numbers.list())
        except Exception as error:
            return error

    return front.run(body, milo.base_url, api_key=milo.api_key, **options)


# Bytes.


def test_a_status_is_an_envelope(milo, ask):
    """
    A scripted status comes in the contract's envelope, with its wait and an id.
    """
    milo.fail_next(status=429, retry_after=2)
    refused, good = ask(milo), ask(milo)

    assert [429, 200] == [refused.status, good.status]
    assert "rate_limit_error" == refused.body["error"]["type"]
    assert "2" == refused.headers["retry-after"]
    assert refused.headers["x-request-id"]


def test_a_drop_is_no_byte(milo):
    """
    A dropped connection ends normally or by a reset, without a byte before that.
    """
    milo.fail_next(Drop())
    milo.fail_next(Drop(reset=True))

    assert [(b"", "closed"), (b"", "reset")] == [raw(milo), raw(milo)]


def test_a_cut_body_is_shorter_than_it_says(milo):
    """
    The head promises the whole body, a part of it is sent, and the connection ends.
    """
    whole, _ = raw(milo)
    milo.fail_next(CutBody(keep=0.25))
    cut, end = raw(milo)

    body = whole.partition(b"\r\n\r\n")[2]
    assert (body[: len(body) // 4], "closed") == (cut.partition(b"\r\n\r\n")[2], end)
    assert f"content-length: {len(body)}".encode() in cut.lower()


def test_a_slow_answer_is_whole(milo):
    """
    The response is late, and otherwise unchanged.
    """
    whole, _ = raw(milo)
    milo.fail_next(Slow(0.1))
    began = time.monotonic()
    late, _ = raw(milo)

    assert 0.1 <= time.monotonic() - began
    assert whole.partition(b"\r\n\r\n")[2] == late.partition(b"\r\n\r\n")[2]


def test_a_dripping_body_is_whole(milo):
    """
    It arrives in pieces, each after a wait, and is otherwise unchanged.
    """
    whole = raw(milo)[0].partition(b"\r\n\r\n")[2]
    milo.fail_next(DripBody(size=len(whole) // 4, every=0.02))
    began = time.monotonic()

    assert whole == raw(milo)[0].partition(b"\r\n\r\n")[2]
    assert 0.08 <= time.monotonic() - began


def test_a_kept_connection_goes_on(milo):
    """
    After a fault that keeps the connection, the next request uses the same one.
    """
    milo.fail_next(status=503)
    milo.fail_next(InvalidJSON())
    connection = http.client.HTTPConnection(urlsplit(milo.base_url).netloc, timeout=10)
    statuses, sockets = [], set()
    for _ in range(3):
        connection.request("GET", LIST, headers={"X-API-KEY": milo.api_key})
        sockets.add(connection.sock)
        response = connection.getresponse()
        statuses.append((response.status, len(response.read()) > 10))
    connection.close()

    assert [(503, True), (200, True), (200, True)] == statuses
    assert 1 == len(sockets)


def test_a_request_with_a_body(milo):
    """
    A request with a body is forwarded and answered, and the connection stays usable.
    """
    connection = http.client.HTTPConnection(urlsplit(milo.base_url).netloc, timeout=10)
    statuses = []
    for body in (b"x" * 200_000, iter([b"chunk"] * 3), None):
        connection.request(
            "GET" if body is None else "POST", LIST, body, {"X-API-KEY": milo.api_key}
        )
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    connection.close()

    assert [405, 405, 200] == statuses


def test_who_waits_to_be_told_to_go_on(milo):
    """
    A request with `Expect: 100-continue` gets its 100 from the application.
    """
    url = urlsplit(milo.base_url)
    with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
        connection.sendall(
            b"POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n"
            b"Connection: close\r\n\r\n"
        )
        first = connection.recv(12)
        connection.sendall(b"x")
        while connection.recv(4096):
            pass

    assert first in {b"HTTP/1.1 100", b"HTTP/1.1 404"}


def test_two_requests_at_once(milo):
    """
    Requests in one packet are answered one after the other.
    """
    url = urlsplit(milo.base_url)
    request = f"GET {LIST} HTTP/1.1\r\nHost: x\r\nX-API-KEY: {milo.api_key}\r\n"
    with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
        connection.sendall(f"{request}\r\n{request}Connection: close\r\n\r\n".encode())
        came = b""
        while piece := connection.recv(65536):
            came += piece

    assert 2 == came.count(b"HTTP/1.1 200")
    assert 2 == len(milo.requests)


# Clients.


def test_a_client_gets_over_them(front, milo, naps):
    """
    Each of the faults that chaos chooses from costs one more request, and fails no call.
    """
    for fault in SURVIVABLE:
        milo.reset()
        milo.fail_next(fault)

        assert 5 == fetch(front, milo), fault
        assert (1 if isinstance(fault, Slow) else 2) == len(milo.requests), fault


def test_so_many_times(front, milo, naps):
    """
    A fault for three requests applies to three, and waits as long as it says.
    """
    milo.fail_next(status=429, retry_after=2, times=3)

    error = fetch(front, milo)
    assert isinstance(error, RateLimitError)
    assert (3, 2.0) == (len(error.attempts), error.retry_after)
    assert [2.0, 2.0] == naps[:2]
    assert 5 == fetch(front, milo)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Status(500), ServerError),
        (Drop(), APIConnectionError),
        (Drop(reset=True), APIConnectionError),
        (CutBody(), APIConnectionError),
        (CutBody(keep=0), APIConnectionError),
        (InvalidJSON(), ResponseDecodeError),
        (WrongTypes(), ResponseDecodeError),
        (Slow(5), APITimeoutError),
        (DripBody(every=0.2), APITimeoutError),
    ],
    ids=repr,
)
def test_what_a_client_calls_them(front, milo, fault, kind):
    """
    Each fault raises the same error as its counterpart on a real network.
    """
    milo.fail_next(fault)
    deadline = 0.3 if kind is APITimeoutError else None

    assert isinstance(fetch(front, milo, retry=ONCE, deadline=deadline), kind)
    assert 5 == fetch(front, milo)


def test_a_wrong_type_has_its_path(front, milo):
    """
    The path of a wrong type is the number's `active`, or `has_more` on an empty page.
    """

    async def body(client):
        errors = []
        for ask in (client.phone_numbers.list, lambda: client.phone_numbers.get(first)):
            milo.fail_next(WrongTypes())
            with pytest.raises(ResponseDecodeError) as caught:
                await ask()
            errors.append(caught.value.path)
        for number in list(milo.store):
            milo.store.remove(number.id)
        milo.fail_next(WrongTypes())
        with pytest.raises(ResponseDecodeError) as caught:
            await client.phone_numbers.list()
        return [*errors, caught.value.path]

    first = next(iter(milo.store)).id
    paths = front.run(body, milo.base_url, api_key=milo.api_key)

    assert ["$.data[0].active", "$.data.active", "$.pagination.has_more"] == paths


def test_a_cursor_that_repeats(front, milo):
    """
    The fault waits for a page after a cursor, where it ends the walk with an error.
    """

    async def body(client):
        milo.fail_next(RepeatCursor())
        with pytest.raises(PaginationError) as caught:
            await client.phone_numbers.list_all(page_size=2).collect()
        return [number.id for number in caught.value.collected], caught.value.cursor

    ids = [number.id for number in milo.store]

    assert (ids[:2], ids[1]) == front.run(body, milo.base_url, api_key=milo.api_key)


def test_an_error_answer_has_no_types_to_spoil(milo, ask):
    """
    Faults that change a body do not change an error response.
    """
    milo.fail_next(WrongTypes(), times=2)
    milo.fail_next(RepeatCursor())
    missing = ask(milo, f"{LIST}/no-such-id")
    schema = ask(milo, "/openapi.json?starting_after=x")
    refused = ask(milo, f"{LIST}?starting_after=no-such-id")

    assert [404, 200, 422] == [missing.status, schema.status, refused.status]
    assert ["error", "detail"] == [*missing.body, *refused.body]
    assert "openapi" in schema.body


def test_for_one_operation(milo, ask):
    """
    A fault for one operation does not affect other operations, or other paths.
    """
    milo.fail_next(status=503, operation="getPhoneNumber")
    milo.fail_next(status=502)
    first = next(iter(milo.store)).id

    assert [502, 200, 503, 200] == [
        ask(milo, path).status for path in (LIST, LIST, f"{LIST}/{first}", "/openapi.json")
    ]


def test_calm_and_reset(milo, ask):
    """
    `calm` ends the faults; `reset` also restores the numbers, and clears the recorded requests.
    """
    milo.fail_next(status=503, times=100)
    milo.chaos(rate=1, faults=[Status(502)])
    before = ask(milo).status
    milo.calm()
    after = ask(milo).status
    milo.store.remove(next(iter(milo.store)).id)
    milo.reset()

    assert (503, 200) == (before, after)
    assert (5, ()) == (len(milo.store), milo.requests)


# Chance.


def lots(milo, ask, count=60, **options):
    """
    Return the status of each of that many requests under chaos with 503s.
    """
    milo.reset()
    milo.chaos(**{"faults": [Status(503)], **options})
    return [ask(milo).status for _ in range(count)]


def test_chaos_can_be_repeated(milo, ask):
    """
    The same seed fails the same requests, another seed fails others; their number fits the rate.
    """
    first, again, other = (lots(milo, ask, rate=0.25, seed=seed) for seed in (7, 7, 8))

    assert first == again
    assert first != other
    assert 5 <= first.count(503) <= 30


def test_chaos_of_none_and_of_all(milo, ask):
    """
    A rate of 0 fails no request and one of 1 fails each; chaos can be limited to one operation.
    """
    assert {200} == set(lots(milo, ask, 10, rate=0))
    assert {503} == set(lots(milo, ask, 10, rate=1.0))
    assert {200} == set(lots(milo, ask, 10, rate=1, operation="getPhoneNumber"))
    assert {200} == set(lots(milo, ask, 10, rate=1, faults=[RepeatCursor()]))


def test_a_client_amid_chaos(front, milo, naps):
    """
    With one request in twenty failing, four attempts are enough for each of 150 calls.
    """
    milo.chaos(rate=0.05, seed=7)

    async def body(client):
        return [len(await client.phone_numbers.list(limit=1)) for _ in range(150)]

    got = front.run(body, milo.base_url, api_key=milo.api_key, retry=RetryPolicy(max_attempts=4))
    assert [1] * 150 == got
    assert 150 < len(milo.requests) < 180


# What is refused.


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({}, TypeError, "either a fault or status="),
        ({"fault": Drop(), "status": 503}, TypeError, "either a fault or status="),
        ({"fault": Drop(), "retry_after": 2}, TypeError, "retry_after needs status="),
        ({"fault": "drop"}, TypeError, "sandbox.faults, not 'drop'"),
        ({"fault": Fault()}, TypeError, "sandbox.faults"),
        ({"status": 200}, ValueError, "status_code must be within 400..599"),
        ({"status": "503"}, TypeError, "status_code must be an int"),
        ({"status": 429, "retry_after": -1}, ValueError, "retry_after must be within 0"),
        ({"status": 503, "operation": "list"}, ValueError, "getPhoneNumber, .*listPhoneNumbers"),
        ({"status": 503, "times": 0}, ValueError, "times must be 1 or more"),
        ({"status": 503, "times": True}, TypeError, "times must be an int"),
    ],
)
def test_scripts_that_cannot_be(milo, ask, options, kind, words):
    """
    An invalid script is refused, and changes nothing.
    """
    with pytest.raises(kind, match=words):
        milo.fail_next(**options)

    assert 200 == ask(milo).status


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"rate": 1.5}, ValueError, "rate must be within 0..1"),
        ({"rate": "1"}, TypeError, "rate must be a number"),
        ({"rate": 0.5, "seed": 0.5}, TypeError, "seed must be an int"),
        ({"rate": 0.5, "seed": True}, TypeError, "seed must be an int"),
        ({"rate": 0.5, "faults": []}, ValueError, "at least one fault"),
        ({"rate": 0.5, "faults": [503]}, TypeError, "sandbox.faults, not 503"),
        ({"rate": 0.5, "operation": "x"}, ValueError, "unknown operation 'x'"),
    ],
)
def test_chaos_that_cannot_be(milo, options, kind, words):
    """
    Chaos with an invalid rate, seed or fault is refused.
    """
    with pytest.raises(kind, match=words):
        milo.chaos(**options)


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: Slow(0), ValueError, "seconds must be more than 0"),
        (lambda: Slow(-1), ValueError, "seconds must be within"),
        (lambda: Slow(float("nan")), ValueError, "seconds must be within"),
        (lambda: Drop(reset=1), TypeError, "reset"),
        (lambda: CutBody(keep=1), ValueError, "keep must be within"),
        (lambda: DripBody(size=0), ValueError, "size must be within"),
        (lambda: DripBody(size=1.5), TypeError, "size must be an int"),
        (lambda: DripBody(every=0), ValueError, "every must be more than 0"),
        (lambda: Status(True), TypeError, "status_code"),
    ],
)
def test_faults_that_cannot_be(make, kind, words):
    """
    A fault's numbers are checked when it is made.
    """
    with pytest.raises(kind, match=words):
        make()


def test_faults_are_exported():
    """
    Each kind of fault is in `faults.__all__`, in order, and has a docstring.
    """
    kinds = [value for value in vars(faults).values() if isinstance(value, type)]
    own = {kind.__name__ for kind in kinds if issubclass(kind, Fault)}

    assert {*own, "SURVIVABLE"} == set(faults.__all__)
    assert all(getattr(faults, name).__doc__ for name in own)
