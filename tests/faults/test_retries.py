"""
Retries: which outcomes are retried, when a retry comes, and when none is left.
"""

from __future__ import annotations

import email.utils
import itertools
import random
import socket
import threading
import time
from datetime import UTC, datetime
from typing import Any

import anyio
import attrs
import httpx
import pytest
from background import pause
from faults.test_answers import (
    ONCE,
    fetch_page,
    get,
    no_key_in_log,  # noqa: F401 - a fixture that pytest finds here
    outcome,
    outcomes,
)
from faults.test_lifecycle import at_once
from fronts import Front
from inside import (
    AsyncTransport,
    BlockingTransport,
    Engine,
    Operation,
    RetryBudget,
    backoff,
    engine_of,
    next_try,
    retry_after,
)
from invariants import elapsed
from server import NUMBER, Connection, answer, page, single

from heymilo_async import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    DeadlineExceededError,
    Headers,
    NotFoundError,
    PhoneNumber,
    RateLimit,
    RateLimitError,
    RetryPolicy,
    ServerError,
    from_dict,
)
from heymilo_async.events import CallFinished, RetryScheduled

VALUE = from_dict(PhoneNumber, NUMBER)

#: A creating operation, and one that may be sent twice.
CREATE: Operation[PhoneNumber] = Operation(
    id="createThing", method="POST", path="/api/v2/things", returns=PhoneNumber, shape="single"
)
DELETE: Operation[PhoneNumber] = Operation(
    id="deleteThing",
    method="DELETE",
    path="/api/v2/things/1",
    returns=PhoneNumber,
    shape="single",
    repeatable=True,
)

_paths = itertools.count(1)


def perform(operation: Operation[Any]) -> Any:
    """
    Return a function that makes a call of *operation*, each time with another path.

    So if a server receives a path twice, one call has sent it twice.
    """

    async def ask(client: Any) -> Any:
        one = attrs.evolve(operation, path=f"{operation.path}/{next(_paths)}")
        return await outcome(engine_of(client).perform(one.call()))

    return ask


@pytest.fixture
def refusing():
    """
    Return a socket whose port refuses connections until it listens.
    """
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


def url_of(listener: socket.socket) -> str:
    """
    Return the base URL of that socket.
    """
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


# Outcomes that are retried.


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_fault_is_mended_by_another_try(front, serve, naps, status):
    """
    Cases 1 and 2: after one failure the second response counts, after a short random wait.
    """
    server = serve(answer(status, b"oops"), single())

    assert [VALUE] == outcomes(front, server)
    assert 2 == server.n
    assert 1 == len(naps)
    assert 0 <= naps[0] <= 0.5


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_the_last_answer_is_the_error(front, serve, naps, status):
    """
    Case 3: if no attempt succeeds, the error is that of the last one, and has all attempts.
    """
    bodies = [f"try {number}".encode() for number in range(1, 4)]
    server = serve(*(answer(status, body) for body in bodies), single())

    error, number = outcomes(front, server, 2)

    assert (
        RateLimitError if status == 429 else ServerError if status >= 500 else APIStatusError
    ) is type(error)
    assert status == error.status_code
    assert bodies[-1] == error.body
    assert [status] * 3 == [attempt.status_code for attempt in error.attempts]
    assert [1, 2, 3] == [attempt.number for attempt in error.attempts]
    assert [0.0, *naps] == [attempt.wait for attempt in error.attempts]
    assert "3 attempts" in str(error)
    assert not error.retry_budget_exhausted
    assert VALUE == number
    assert 4 == server.n


def test_one_attempt_means_no_retry(front, serve, naps, refusing):
    """
    Case 6: with `max_attempts=1` every failure is raised at once, with or without `Retry-After`.
    """
    server = serve(
        answer(429, b"", "Retry-After: 0"), answer(503), Connection.close, Connection.reset
    )

    errors = outcomes(front, server, 4, retry=ONCE)

    async def body(client):
        return await get(client)

    errors.append(front.run(body, url_of(refusing), retry=ONCE))

    assert [RateLimitError, ServerError, *[APIConnectionError] * 3] == list(map(type, errors))
    assert [1] * 5 == [len(error.attempts) for error in errors]
    assert 4 == server.n
    assert [] == naps


@pytest.mark.parametrize("value", [None, 0, -1, "3", 1.5, True, float("nan"), [3], 10**400 * -1])
def test_max_attempts_that_cannot_be(value):
    """
    Case 7: a number of attempts that is not an integer of at least 1 is refused at once.
    """
    with pytest.raises((TypeError, ConfigurationError), match="max_attempts"):
        RetryPolicy(max_attempts=value)


@pytest.mark.full("it tries eight hundred times")
def test_attempts_without_number(front, serve, naps):
    """
    Case 7: four hundred failures use no deeper stack than one, and the text stays short.
    """
    tries = 400  # a frame or three for each would reach the recursion limit
    server = serve(answers=lambda _: answer(503) if server.n < tries else single())

    async def body(client):
        engine_of(client).pool.budget = RetryBudget(10**9)
        few = client.with_options(retry=RetryPolicy(max_attempts=tries - 1, initial_delay=0))
        return await get(few), await client.raw(client.phone_numbers.get, NUMBER["id"])

    policy = RetryPolicy(max_attempts=10**9, initial_delay=0)
    error, response = front.run(body, server.base_url, retry=policy)

    assert tries - 1 == len(error.attempts)
    assert len(str(error)) < 500
    assert [200] == [attempt.status_code for attempt in response.attempts]
    assert tries == server.n


def test_a_creating_call_is_not_repeated_when_it_may_have_been_done(front, serve, naps):
    """
    Case 8 a: after a status that does not rule out that it was carried out, a POST is not repeated.
    """
    statuses = [408, 500, 502, 504, 503]  # the last one starts a cool-down
    server = serve(*(answer(status, b"", "Retry-After: 1") for status in statuses))

    errors = outcomes(front, server, len(statuses), ask=perform(CREATE))

    assert statuses == [error.status_code for error in errors]
    assert {1} == {len(error.attempts) for error in errors}
    assert len(statuses) == server.n
    assert {"POST"} == {request.method for request in server.requests}
    assert [] == naps


@pytest.mark.parametrize("cut", [Connection.close, Connection.reset])
def test_a_creating_call_is_not_repeated_after_a_cut(front, serve, naps, cut):
    """
    Case 8 b: a POST whose connection broke after it was sent may have been carried out: it is not
    repeated.
    """
    server = serve(cut, single(), cut, single())

    errors = outcomes(front, server, 3, ask=perform(CREATE))

    assert [APIConnectionError, PhoneNumber, APIConnectionError] == list(map(type, errors))
    assert [True, True] == [errors[0].maybe_sent, errors[2].maybe_sent]
    assert 3 == server.n
    assert [] == naps


def test_a_creating_call_that_was_not_answered(front, serve, naps):
    """
    Case 8 b: a POST without a response in time may have been carried out: it is not repeated.
    """
    server = serve(Connection.wait, single())

    (error,) = outcomes(front, server, ask=perform(CREATE), timeout=0.1)

    assert APITimeoutError is type(error)
    assert ("read", True) == (error.phase, error.maybe_sent)
    assert 1 == server.n
    assert [] == naps


def test_a_creating_call_that_was_refused_is_repeated(front, serve, naps):
    """
    Case 8 c: a 429 means that nothing was done: the POST is retried.
    """
    server = serve(answer(429, b"", "Retry-After: 1"), single(), answer(429), single())

    assert [VALUE, VALUE] == outcomes(front, server, 2, ask=perform(CREATE))
    assert 4 == server.n
    assert 1.0 == naps[0]


def test_a_creating_call_that_was_never_sent_is_repeated(front, monkeypatch, refusing):
    """
    Cases 8 d and 56: refused connections are retried, and the server receives one POST.
    """
    heard: list[bytes] = []
    slept: list[float] = []

    def serve_one() -> None:
        connection, _ = refusing.accept()
        with connection:
            heard.append(connection.recv(65536))
            connection.sendall(single())
            connection.recv(65536)

    thread = threading.Thread(target=serve_one, daemon=True)

    async def sleep(_self: Any, seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            refusing.listen()
            thread.start()

    monkeypatch.setattr(front.transport, "sleep", sleep)
    got = front.run(perform(CREATE), url_of(refusing))
    thread.join(5)

    assert VALUE == got
    assert 2 == len(slept)
    assert [b"POST"] == [data[:4] for data in heard]


@pytest.mark.parametrize("operation", [CREATE, DELETE])
def test_refused_connections_for_ever(front, naps, refusing, operation):
    """
    Case 56: if no server listens, the error comes after three attempts, and says that nothing was
    sent.
    """
    error = front.run(perform(operation), url_of(refusing))

    assert APIConnectionError is type(error)
    assert ("connect", False) == (error.phase, error.maybe_sent)
    assert 3 == len(error.attempts)
    assert 2 == len(naps)


def test_a_repeatable_call_that_was_done_and_then_is_not_there(front, serve, naps):
    """
    Case 9: if a DELETE was carried out, lost its response and is repeated, its result is the 404 of
    the second attempt.
    """
    server = serve(Connection.close, answer(404))

    (error,) = outcomes(front, server, ask=perform(DELETE))

    assert NotFoundError is type(error)
    assert [None, 404] == [attempt.status_code for attempt in error.attempts]
    assert 2 == server.n


@pytest.mark.parametrize("failures", [0, 2, 4])
@pytest.mark.parametrize("fault", [answer(500), Connection.close], ids=["status", "cut"])
def test_attempts_are_counted(front, serve, naps, failures, fault):
    """
    Cases 10 and 12: a response has each attempt before it, and the waits.
    """
    server = serve(*[fault] * failures, single())

    async def body(client):
        return await client.raw(client.phone_numbers.get, NUMBER["id"])

    response = front.run(body, server.base_url, retry=RetryPolicy(max_attempts=5))

    assert VALUE == response.data
    assert failures + 1 == len(response.attempts) == server.n
    assert failures == len(naps)
    assert [0.0, *naps] == [attempt.wait for attempt in response.attempts]
    assert 200 == response.attempts[-1].status_code


def test_a_list_is_retried_like_a_single_call(front, serve, naps):
    """
    Case 2: `list` is retried like `get`, with the same query.
    """
    server = serve(answer(503), Connection.close, page("A"))

    (listed,) = outcomes(front, server, ask=fetch_page)

    assert ["A"] == [number.id for number in listed]
    assert 1 == len({request.target for request in server.requests})
    assert 3 == server.n


def test_timeouts_are_passed_on_unchanged(front, naps):
    """
    Case 12: the transport receives the client's timeout unchanged, for each of its phases.
    """
    seen: list[dict[str, float]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, json={"data": NUMBER})

    kind = httpx.Client if front.is_blocking else httpx.AsyncClient
    native = kind(transport=httpx.MockTransport(handle))
    got = front.run(get, "https://api.example.com", http_client=native, timeout=7.25)
    if front.is_blocking:
        native.close()

    assert VALUE == got
    assert [dict.fromkeys(("connect", "read", "write", "pool"), 7.25)] == seen
    assert [] == naps


# Backoff arithmetic.


@pytest.mark.parametrize("initial", [0.05, 0.5, 1.0, 3.0])
def test_the_ceiling_doubles_up_to_its_cap(initial):
    """
    Case 13: with the highest random numbers, the waits are b, 2b, 4b ... and then the cap.
    """
    policy = RetryPolicy(initial_delay=initial, max_delay=20)

    assert [min(20, initial * 2**number) for number in range(12)] == [
        backoff(policy, number, lambda: 1.0) for number in range(1, 13)
    ]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (RetryPolicy(initial_delay=0), 0.0),
        (RetryPolicy(max_delay=0), 0.0),
        (RetryPolicy(initial_delay=30, max_delay=8), 8.0),
        (RetryPolicy(initial_delay=5e-324, max_delay=8), None),
        (RetryPolicy(initial_delay=1, max_delay=31_536_000), 31_536_000.0),
    ],
    ids=repr,
)
def test_backoff_at_the_edge(policy, expected):
    """
    Case 13: no number of attempts and no policy makes a wait that is negative, infinite or too
    long.
    """
    for number in (60, 1023, 1024, 1025, 2000, 10**9, 10**400):
        delay = backoff(policy, number, lambda: 1.0)
        assert 0 <= delay <= policy.max_delay
        if expected is not None:
            assert expected == delay


def test_delays_are_spread_evenly():
    """
    Case 14: delays at the cap are distributed evenly over its whole range.
    """
    policy = RetryPolicy(initial_delay=20, max_delay=20)
    dice = random.Random(20).random
    buckets = [0] * 20
    for _ in range(10_000):
        buckets[int(backoff(policy, 9, dice))] += 1

    assert 10_000 == sum(buckets)
    assert [] == [count for count in buckets if not 400 <= count <= 600]


def test_no_two_hundred_clients_come_back_at_once():
    """
    Case 15: with real randomness, 200 second attempts are spread out.
    """
    dice = attrs.fields_dict(Engine)["random"].default
    error = ServerError("down", status_code=503)
    delays = [
        next_try(
            error,
            number=1,
            repeatable=True,
            policy=RetryPolicy(),
            at_least=0.0,
            remaining=60.0,
            random=dice,
        ).delay
        for _ in range(200)
    ]

    assert 0 < min(delays)
    assert max(delays) <= 0.5
    slices = [
        sum(start <= delay < start + 0.05 for delay in delays)
        for start in (tenth / 20 for tenth in range(10))
    ]
    assert max(slices) <= 50


@pytest.mark.parametrize("name", ["initial_delay", "max_delay", "max_retry_after"])
@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -1, -0.001, "x", "1", None, True, (1, 2), 10**400, 1e300]
)
def test_delays_that_cannot_be(name, value):
    """
    Case 17: a policy refuses a delay that is out of range.
    """
    with pytest.raises((TypeError, ConfigurationError), match=name):
        RetryPolicy(**{name: value})


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_wait_leaves_the_event_loop_to_others(serve, backend):
    """
    Case 16: while a call waits for its retry, another task runs.
    """
    server = serve(answer(503, b"", "Retry-After: 0.3"), single())
    ticks: list[float] = []

    async def tick():
        while True:
            await anyio.sleep(0.01)
            ticks.append(time.monotonic())

    async def body(client):
        async with anyio.create_task_group() as group:
            group.start_soon(tick)
            number = await get(client)
            group.cancel_scope.cancel()
        return number

    assert VALUE == Front(backend).run(body, server.base_url)
    assert len(ticks) >= 10


# Retry-After.

#: A time and one 20 seconds later, in the three forms of HTTP.
SENT = "Date: Sun, 06 Nov 1994 08:49:37 GMT"
LATER = [
    "Sun, 06 Nov 1994 08:49:57 GMT",
    "Sunday, 06-Nov-94 08:49:57 GMT",
    "Sun Nov  6 08:49:57 1994",
]


WISHES: list[tuple[list[str], float]] = [
    (["Retry-After: 20"], 20.0),
    (["retry-after: 20"], 20.0),
    (["Retry-After: \t42 "], 42.0),
    (["Retry-After: 0"], 0.0),
    (["Retry-After: 0.0"], 0.0),
    (["Retry-After: 000007"], 7.0),
    (["Retry-After: 2.5"], 2.5),
    (["Retry-After: 60"], 60.0),
    (["Retry-After: 5", "Retry-After: 30"], 30.0),
    (["Retry-After: 30", "Retry-After: 5"], 30.0),
    (["Retry-After: 5, 30"], 30.0),
    (["Retry-After: soon", "Retry-After: 5"], 5.0),
    (["Retry-After: -3", "Retry-After: 5"], 5.0),
    *[([SENT, f"Retry-After: {later}"], 20.0) for later in LATER],
    ([SENT, f"Retry-After: {LATER[0]}", "Retry-After: 3"], 20.0),
]


def test_a_wish_to_wait_is_heeded(front, serve, naps):
    """
    Cases 18, 19, 22, 23, 24, 26: the client waits as long as the server asks, to the second.
    """
    server = serve(
        *(reply for fields, _ in WISHES for reply in (answer(429, b"", *fields), single()))
    )

    assert [VALUE] * len(WISHES) == outcomes(front, server, len(WISHES))
    assert WISHES == list(zip([fields for fields, _ in WISHES], naps, strict=True))
    assert 2 * len(WISHES) == server.n


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_wish_to_wait_is_heeded_with_any_status(front, serve, naps, status):
    """
    Case 27: every retried status may ask for a wait.
    """
    server = serve(answer(status, b"", "Retry-After: 2"), single())

    assert [VALUE] == outcomes(front, server)
    assert [2.0] == naps


NONSENSE = [
    "-1",
    "-10",
    "+5",
    "",
    "soon",
    "120; x",
    "1e3",
    "0x10",
    "5s",
    "5 6",
    "5.",
    ".5",
    "1_0",
    "NaN",
    "nan",
    "inf",
    "Infinity",
    "null",
    "\u0665".encode().decode("latin-1"),
    "\u00b2",
    "1" + "\u00a0",
    "Fri, 29 Sep 100000 16:26:57 GMT",
    "Fri, 99 Sep 2023 16:26:57 GMT",
    "Fri, 29 Sep 2023 16:26:57 +99999999999",
    "Zun, 06 Nov 2994 08:49:57 GMT",
    "Sun, 30 Feb 2094 08:49:57 GMT",
    "Sun, 06 Nov 2094 24:00:00 GMT",
    "Sun, 06 Nov 2094 23:60:00 GMT",
    "Sun, 06 Nov 2094 23:59:61 GMT",
    "Sun, 06 Nov 0000 08:49:57 GMT",
    "Sun, 06 Nov 2094 08:49:57 PST",
    "Sun, 06 Nov 2094 08:49:57",
    "2094-11-06T08:49:57Z",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:27 GMT",
    "Sun, 06 Nov 0001 08:49:27 GMT",
    "a" * 60_000,
    "9" * 4_000 + "x",
]


def with_retry_after(value: str) -> bytes:
    """
    Return a 429 of 1994 with *value*, byte by byte, as its `Retry-After`.
    """
    head, _, _ = answer(429, b"", SENT).partition(b"\r\n\r\n")
    return head + b"\r\nRetry-After: " + value.encode("latin-1") + b"\r\n\r\n"


def test_nonsense_and_the_past_are_ignored(front, serve, naps):
    """
    Cases 20, 24, 25: an invalid `Retry-After`, or one in the past, leaves the usual backoff.
    """
    server = serve(*(reply for value in NONSENSE for reply in (with_retry_after(value), single())))

    assert [VALUE] * len(NONSENSE) == outcomes(front, server, len(NONSENSE))
    assert [] == [wish for wish in zip(NONSENSE, naps, strict=True) if not 0 < wish[1] <= 0.5]


def test_nonsense_never_hides_the_error(front, serve, naps):
    """
    Case 25: with an invalid `Retry-After`, the error is that of the status.
    """
    server = serve(*(with_retry_after(value) for value in NONSENSE))

    errors = outcomes(front, server, len(NONSENSE), retry=ONCE)

    assert [(RateLimitError, None)] * len(NONSENSE) == [
        (type(error), error.retry_after) for error in errors
    ]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("61", 61.0),
        ("60.001", 60.001),
        ("3600", 3600.0),
        ("9" * 35, 1e35),
        ("9" * 5000, float("inf")),
        ("99999999999999999999.5", 1e20),
        ("Sun, 06 Nov 1994 09:49:37 GMT", 3600.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("5, 61", 61.0),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wish_that_is_too_long(front, serve, naps, value, seconds):
    """
    Cases 21, 22, 24: if the server asks for a longer wait than the policy allows, the error comes
    at once.
    """
    server = serve(answer(429, b"", SENT, f"Retry-After: {value}"), single())

    began = time.monotonic()
    error, number = outcomes(front, server, 2)

    assert RateLimitError is type(error)
    assert 60 < error.retry_after
    if seconds is not None:
        assert seconds == error.retry_after
    assert 1 == len(error.attempts)
    assert [] == naps
    # A wait that no call accepts stops no other call.
    assert VALUE == number
    assert elapsed(began) < 1.0


@pytest.mark.parametrize("value", ["60", "61"])
def test_the_longest_wait_is_the_policys(front, serve, naps, value):
    """
    Case 22: `max_retry_after` is the longest allowed wait.
    """
    server = serve(answer(503, b"", f"Retry-After: {value}"), single())

    (got,) = outcomes(front, server, retry=RetryPolicy(max_retry_after=60.5))

    assert ([60.0], VALUE) == (naps, got) if value == "60" else got.retry_after == 61.0
    assert (2 if value == "60" else 1) == server.n


def test_a_date_without_a_date_to_measure_it_by(front, serve, naps):
    """
    Case 24: without a `Date` in the response, a date is measured by this machine's clock.
    """
    soon = email.utils.format_datetime(datetime.fromtimestamp(time.time() + 20, UTC), usegmt=True)
    server = serve(answer(429, b"", f"Retry-After: {soon}"), single())

    assert [VALUE] == outcomes(front, server)
    assert 1 == len(naps)
    assert 18.5 <= naps[0] <= 20


def test_a_server_whose_clock_is_off(front, serve, naps):
    """
    Case 24: a date is measured by the server's own clock, even if that is decades off.
    """
    fields = ["Date: Fri, 01 Jan 2060 00:00:00 GMT", "Retry-After: Fri, 01 Jan 2060 00:00:09 GMT"]
    server = serve(answer(503, b"", *fields), single())

    assert [VALUE] == outcomes(front, server)
    assert [9.0] == naps


def read_retry_after(*fields: tuple[str, str], status: int = 429, now: float = 0.0) -> Any:
    """
    Return the wait that the header fields of a response ask for.
    """
    return retry_after(Headers(fields), status, now)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "9" * 100_000,
        "9" * 100_000 + "x",
        "0." + "9" * 100_000,
        "," * 100_000,
        "1," * 50_000,
        "Sun, 06 Nov 1994 " * 6_000,
        " " * 100_000 + "x",
        '"' * 100_000,
        '"a"' + ";" * 100_000,
        '"a"' + ";t=1" * 25_000,
        '"a"' + " " * 100_000 + ";",
        '"a";r=' + " " * 100_000,
        '"a"' + "; a= " * 20_000,
        "a" * 50_000 + ";" + "a" * 50_000,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_a_long_header_is_read_quickly(text):
    """
    Case 25: a header of 100 KB does not block the event loop.
    """
    for name in ("retry-after", "ratelimit", "ratelimit-reset", "date"):
        began = time.thread_time()

        read_retry_after((name, text))

        assert time.thread_time() - began < 0.1, name


@pytest.mark.parametrize(
    ("fields", "delay"),
    [
        (['RateLimit: "default";r=0;t=7'], 7.0),
        (["RateLimit: default;r=0;t=7"], 7.0),
        (['RateLimit: "default"; r=0; t=7'], 7.0),
        (['RateLimit: "default";t=7;r=0'], 7.0),
        (['RateLimit: "default";r=0;t=7', "Retry-After: 3"], 3.0),
        (["RateLimit-Remaining: 0", "RateLimit-Reset: 7"], 7.0),
        (["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 7"], 7.0),
        (["X-RateLimit-Limit: 300", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 7"], 7.0),
        (
            [
                "Date: Sat, 15 Feb 2025 09:40:00 GMT",
                "X-RateLimit-Remaining: 0",
                "X-RateLimit-Reset: 1739612410",
            ],
            10.0,
        ),
        (["Retry-After: 3", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 9"], 3.0),
    ],
    ids=repr,
)
def test_rate_limit_headers(front, serve, naps, fields, delay):
    """
    Case 28: on a 429 the rate limit's reset is the wait, and `Retry-After` takes precedence.
    """
    server = serve(answer(429, b"", *fields), single())

    assert [VALUE] == outcomes(front, server)
    assert 2 == server.n
    assert [delay] == naps


def test_a_reset_as_a_moment():
    """
    Case 28: a reset in Unix seconds is measured by the response's own date.
    """
    fields = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1739612410")]

    assert 10.0 == read_retry_after(*fields, now=1739612400.0)
    assert 10.0 == read_retry_after(*fields, ("date", "Sat, 15 Feb 2025 09:40:00 GMT"), now=5e9)


@pytest.mark.parametrize(
    "fields",
    [
        ["RateLimit: ;;;"],
        ["RateLimit: "],
        ["RateLimit: 7"],
        ['RateLimit: "default"'],
        ['RateLimit: "default";r=0;t=-7'],
        ['RateLimit: "default";r=0;t=soon'],
        ['RateLimit: "default";r=0;t='],
        ['RateLimit: "default";r=0'],
        ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: soon"],
        ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: -5"],
        ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1000000001"],
        ["X-RateLimit-Remaining: 12", "X-RateLimit-Reset: 30"],
        ["X-RateLimit-Remaining: 0"],
    ],
    ids=repr,
)
def test_malformed_rate_limit_headers(front, serve, naps, fields):
    """
    Case 28: malformed rate limit headers are ignored.
    """
    server = serve(answer(429, b"", *fields), single())

    assert [VALUE] == outcomes(front, server)
    assert 1 == len(naps)
    assert 0 <= naps[0] <= 1.0


@pytest.mark.parametrize("status", [200, 301, 400, 404, 500, 503])
def test_rate_limit_headers_are_for_429(front, serve, naps, status):
    """
    Case 28: other responses have the limit's headers too, and cause no wait.
    """
    body = b'{"data": ' + single().partition(b'"data": ')[2]
    server = serve(
        answer(status, body, 'RateLimit: "default";r=0;t=7', "X-RateLimit-Reset: 7"), single()
    )

    outcomes(front, server)

    assert [] == [nap for nap in naps if nap > 0.5]


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_does_not_fit_the_deadline(front, serve, naps, status):
    """
    Case 29: a wait that would end after the deadline is not started: the server's error comes at
    once.
    """
    server = serve(answer(status, b"", "Retry-After: 30"), single())

    began = time.monotonic()
    (error,) = outcomes(front, server, deadline=10.0)

    assert (RateLimitError if status == 429 else ServerError) is type(error)
    assert 30.0 == error.retry_after
    assert 1 == server.n == len(error.attempts)
    assert [] == naps
    assert elapsed(began) < 0.5


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimitError), (503, ServerError)])
def test_the_others_wait_too(front, serve, naps, status, kind):
    """
    Case 29: during a call's cool-down, the next call with that key sends nothing either.
    """
    server = serve(answer(status, b"", "Retry-After: 30"), single())

    async def body(client):
        impatient = client.with_options(deadline=10.0)
        return await get(impatient), await get(impatient), await get(client)

    first, second, third = front.run(body, server.base_url)

    assert (30.0, 1) == (first.retry_after, len(first.attempts))
    assert kind is type(first) is type(second)
    assert 25 < second.retry_after <= 30
    assert 0 == len(second.attempts)
    assert VALUE == third
    assert 2 == server.n
    assert 1 == len(naps)
    assert 25 < naps[0] <= 30


def test_each_view_waits_as_long_as_its_own_policy_says(front, serve, naps):
    """
    Cases 18, 22: a cool-down that is longer than the `max_retry_after` of a view ends that view's
    call at once, unsent; the call of another view waits for it.
    """
    server = serve(answer(429, b"", "Retry-After: 30"), single())

    async def body(client):
        brief = client.with_options(retry=RetryPolicy(max_retry_after=5))
        return await get(client.with_options(deadline=10.0)), await get(brief), await get(client)

    first, second, third = front.run(body, server.base_url)

    assert RateLimitError is type(first) is type(second)
    assert "not sent: the server asked this API key to wait " in str(second)
    assert 25 < second.retry_after <= 30
    assert () == second.attempts
    assert VALUE == third
    assert 2 == server.n
    assert 1 == len(naps)


def test_a_retry_waits_for_no_cool_down_longer_than_its_policy_allows():
    """
    Cases 18, 22: a call that failed while another call was asked to wait for long is not retried,
    unless its own policy allows that wait.
    """
    for longest, expected in [(30.0, 30.0), (29.9, None)]:
        verdict = next_try(
            ServerError("broken", status_code=503),
            number=1,
            repeatable=True,
            policy=RetryPolicy(max_retry_after=longest),
            at_least=30.0,
            remaining=60.0,
            random=lambda: 1.0,
        )

        assert expected == (verdict and verdict.delay)


@pytest.mark.parametrize(
    ("status", "expected"),
    [*((status, True) for status in (301, 302, 303, 408)), (307, False), (308, False)],
)
def test_what_may_mean_that_something_was_created(front, serve, naps, status, expected):
    """
    Case 2: after a POST, "see there" and a server that gave up waiting prove nothing; so the error
    says that the request may have been processed, and how to find out.
    """
    server = serve(answer(status, b"", "Location: /api/v2/things/1"))

    error, other = outcomes(front, server, 2, ask=perform(CREATE))

    assert expected == error.maybe_sent == bool(error.advice)
    assert status == error.status_code == other.status_code
    assert 2 == server.n


@pytest.mark.parametrize("method", ["get", "create"])
def test_a_deadline_that_has_already_passed(front, serve, method):
    """
    Case 29: a call without any time left sends nothing, even over an open connection, and its error
    says so.
    """
    server = serve(answers=lambda _: single())

    async def body(client):
        await get(client)
        late = client.with_options(deadline=1e-9)
        if method == "get":
            return await get(late)
        return await perform(CREATE)(late)

    error = front.run(body, server.base_url)

    assert DeadlineExceededError is type(error)
    assert str(error).endswith(": not sent: the call's deadline had already passed")
    assert ("pace", False, ()) == (error.phase, error.maybe_sent, error.attempts)
    assert 1 == server.n


@pytest.mark.parametrize("status", [408, 500, 502, 504])
def test_the_others_do_not_wait_for_one_broken_answer(front, serve, naps, status):
    """
    Case 27: a wait after a failed response applies to that call alone; the next call is sent.
    """
    server = serve(answer(status, b"", "Retry-After: 30"), single())

    error, number = outcomes(front, server, 2, retry=ONCE)

    assert (status, 30.0) == (error.status_code, error.retry_after)
    assert VALUE == number
    assert [] == naps


def test_the_cool_down_is_the_shortest_wait():
    """
    Case 18: if a call's own wait is shorter than the key's cool-down, the call waits for the
    cool-down.
    """
    for asked in (None, 0.0, 1.0):
        verdict = next_try(
            RateLimitError("slow down", status_code=429, retry_after=asked),
            number=1,
            repeatable=True,
            policy=RetryPolicy(),
            at_least=5.0,
            remaining=60.0,
            random=lambda: 1.0,
        )

        assert verdict is not None
        assert verdict.delay >= 5.0


def test_a_wait_as_long_as_what_is_left_is_not_begun():
    """
    Case 29: a wait that ends at the deadline leaves no time for an attempt, so it is not started.
    """
    for at_least, asked, remaining in [(0, 10.0, 10.0), (10.0, None, 10.0), (0, 1.0, -1.0)]:
        assert (
            next_try(
                RateLimitError("slow down", status_code=429, retry_after=asked),
                number=1,
                repeatable=True,
                policy=RetryPolicy(),
                at_least=at_least,
                remaining=remaining,
                random=lambda: 0.0,
            )
            is None
        )


class HeldClock:
    """
    A clock that only the waits of the client move, and they end once the test releases them.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.is_waiting = threading.Event()
        self.is_released = threading.Event()
        for transport in (AsyncTransport, BlockingTransport):
            monkeypatch.setattr(transport, "now", lambda _: self.now)

        async def sleep(_: object, seconds: float) -> None:
            self.is_waiting.set()
            until = self.now + seconds
            while not self.is_released.is_set():
                await anyio.sleep(0.001)
            self.now = max(self.now, until)

        async def sleep_in_thread(_: object, seconds: float) -> None:
            self.is_waiting.set()
            until = self.now + seconds
            assert self.is_released.wait(10)
            self.now = max(self.now, until)

        monkeypatch.setattr(AsyncTransport, "sleep", sleep)
        monkeypatch.setattr(BlockingTransport, "sleep", sleep_in_thread)


@pytest.mark.parametrize(
    ("attempts", "expected"), [(1, {"third"}), (4, {"first", "held", "third"})]
)
def test_a_cool_down_that_grows_while_calls_wait(front, serve, attempts, expected, monkeypatch):
    """
    Cases 18 and 194: a call checks again after its wait, before a first attempt or a retry, because
    the server may have extended the cool-down.
    """
    clock = HeldClock(monkeypatch)
    is_first_answered = threading.Event()
    heard: list[tuple[str, float]] = []
    asked_at: list[float] = []

    def held(connection: Any) -> None:
        # It is in flight when another call gets a 429 and starts to wait.
        assert clock.is_waiting.wait(10)
        asked_at.append(clock.now)
        connection.send(answer(503, b"", "Retry-After: 0.8"))

    def first(connection: Any) -> None:
        connection.send(answer(429, b"", "Retry-After: 0.3"))
        is_first_answered.set()

    def answers(request: Any) -> Any:
        name = request.target.rpartition("/")[2]
        heard.append((name, clock.now))
        if name == "held" and not asked_at:
            return held
        return first if name == "first" and not is_first_answered.is_set() else single(id=name)

    def release(event: Any) -> None:
        # The client knows of the 503, so the wait of 0.3 seconds may end.
        if isinstance(event, CallFinished | RetryScheduled) and event.request.endswith("/held"):
            clock.is_released.set()

    server = serve(answers=answers)

    async def body(client: Any) -> Any:
        await client.phone_numbers.get_many_settled(["held", "first", "third"], concurrency=2)

    front.run(body, server.base_url, retry=RetryPolicy(max_attempts=attempts), events=release)

    assert {"held", "first"} == {name for name, _ in heard[:2]}
    assert expected == {name for name, _ in heard[2:]}
    assert all(asked_at[0] + 0.8 <= at for _, at in heard[2:])


def test_a_long_cool_down_begins_while_a_call_waits_for_a_permit(front, serve, monkeypatch):
    """
    Cases 18 and 22: a call in the queue for a permit does not wait longer for a cool-down than its
    own policy says.
    """
    clock = HeldClock(monkeypatch)

    def refuse(connection: Any) -> None:
        assert clock.is_waiting.wait(10)
        connection.send(answer(429, b"", "Retry-After: 100"))

    def release(event: Any) -> None:
        # The client knows of the 429, so the wait for the permit may end.
        if isinstance(event, CallFinished):
            clock.is_released.set()

    server = serve(refuse, single())

    async def body(client):
        brief = client.with_options(retry=RetryPolicy(max_retry_after=5))

        async def second():
            while not server.n:
                await pause(front, 0.002)
            return await get(brief)

        return await at_once(front, lambda: get(client), second)

    first, second = front.run(
        body,
        server.base_url,
        retry=RetryPolicy(max_attempts=1, max_retry_after=200),
        rate_limit=RateLimit(1, per=60),
        events=release,
    )

    assert (RateLimitError, 100.0) == (type(first), first.retry_after)
    assert "not sent: the server asked this API key to wait " in str(second)
    assert 30 < second.retry_after < 50
    assert 1 == server.n


@pytest.mark.full("it goes by the clock")
@pytest.mark.parametrize("deadline", [None, 0.5])
def test_a_cool_down_that_begins_while_calls_wait_for_a_connection(front, serve, deadline):
    """
    Cases 18 and 194: a call that waited for a connection checks the cool-down again; if that does
    not fit its deadline, the call ends with the server's refusal, and nothing is sent.
    """
    heard: list[float] = []
    asked_at: list[float] = []

    def refuse(connection: Any) -> None:
        # By now the other two calls have their permits, and wait for this connection.
        connection.wait(0.2)
        asked_at.append(time.monotonic())
        connection.send(answer(429, b"", "Retry-After: 0.8"))

    def answers(request: Any) -> Any:
        heard.append(time.monotonic())
        return single(id=request.target.rpartition("/")[2]) if asked_at else refuse

    server = serve(answers=answers)

    async def body(client: Any) -> Any:
        return await client.phone_numbers.get_many_settled(["A", "B", "C"], concurrency=3)

    got = front.run(body, server.base_url, retry=ONCE, max_connections=1, deadline=deadline)

    later = [at for at in heard if asked_at[0] < at]
    assert (2 if deadline is None else 0) == len(later)
    assert all(asked_at[0] + 0.8 <= at for at in later)
    assert (1 if deadline is None else 3) == sum(isinstance(one, RateLimitError) for one in got)


# The retry budget.


def budget_of(client: Any) -> RetryBudget:
    """
    Return the retry budget of a client.
    """
    return engine_of(client).pool.budget


def test_a_dead_server_is_left_alone(front, serve, naps):
    """
    Case 32: 200 calls to a server that is down send 235 requests, and then one for each call.
    """
    server = serve(answer(503))

    errors = outcomes(front, server, 200)

    assert {(ServerError, 503)} == {(type(error), error.status_code) for error in errors}
    assert 200 + 500 // 14 == server.n
    assert {1} == {len(error.attempts) for error in errors[20:]}
    assert [True] * 180 == [error.retry_budget_exhausted for error in errors[20:]]
    assert not errors[0].retry_budget_exhausted
    assert "budget" in str(errors[-1])


def test_throttled_retries_cost_less(front, serve, naps):
    """
    Case 32: a retry after a 429 costs 5 of the 500, so there are 100 of them.
    """
    server = serve(answer(429))

    errors = outcomes(front, server, 60)

    assert 60 + 500 // 5 == server.n
    assert errors[-1].retry_budget_exhausted


def test_the_budget_comes_back(front, serve, naps):
    """
    Case 33: a success returns 1 token, one after a retry the cost of that retry, up to 500 in all.
    """
    server = serve(*[answer(503)] * 55, *[single()] * 20, answer(503), single())
    tokens: list[int] = []

    async def body(client):
        for calls, given in ((20, 0), (20, 0), (1, 0), (20, 465)):
            budget_of(client).give_back(given)
            for _ in range(calls):
                await get(client)
            tokens.append(budget_of(client).tokens)

    front.run(body, server.base_url)

    assert [500 - 35 * 14, 30, 30, 500] == tokens


def test_the_budget_holds_between_threads():
    """
    Case 34: threads that take and return tokens at random never exceed the bounds, and lose none.
    """
    budget = RetryBudget(50)
    seen: set[bool] = set()

    def work(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(2000):
            cost = dice.choice((1, 5, 14))
            if budget.take(cost):
                seen.add(0 <= budget.tokens <= 50)
                budget.give_back(cost)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {True} == seen
    assert 50 == budget.tokens


def test_a_budget_that_is_almost_spent(front, serve, naps):
    """
    Case 35: with 20 tokens one retry is possible, which leaves 6 tokens.
    """
    server = serve(answer(500), answer(502), single())

    async def body(client):
        engine_of(client).pool.budget = RetryBudget(20)
        return await get(client), budget_of(client).tokens

    error, tokens = front.run(body, server.base_url, retry=RetryPolicy(max_attempts=5))

    assert (502, 2, True) == (
        error.status_code,
        len(error.attempts),
        error.retry_budget_exhausted,
    )
    assert 6 == tokens
    assert 2 == server.n


def test_connection_errors_spend_the_budget_too(front, serve, naps):
    """
    Case 35: a retry after a broken connection costs the same, and the error says that the budget is
    spent.
    """
    server = serve(Connection.close)

    async def body(client):
        engine_of(client).pool.budget = RetryBudget(20)
        return await get(client), budget_of(client).tokens

    error, tokens = front.run(body, server.base_url, retry=RetryPolicy(max_attempts=5))

    assert (APIConnectionError, True, 2) == (
        type(error),
        error.retry_budget_exhausted,
        len(error.attempts),
    )
    assert 6 == tokens


def test_errors_that_stand_spend_nothing(front, serve, naps):
    """
    Case 33: an error that is not retried takes no tokens, and returns none.
    """
    server = serve(answer(404), answer(503), single(), answer(503), answer(503), answer(400))
    tokens: list[int] = []

    async def body(client):
        for _ in range(3):
            await get(client)
            tokens.append(budget_of(client).tokens)

    front.run(body, server.base_url)

    assert [500, 500, 500 - 2 * 14] == tokens


def test_budgets_are_apart(front, serve, naps):
    """
    Case 36: a spent budget is that of one client and its views; another client still retries.
    """
    server = serve(answer(503))

    async def body():
        spent, fresh = (front.awaitable(front.client(server.base_url)) for _ in range(2))
        engine_of(spent).pool.budget = RetryBudget(0)
        view = spent.with_options(timeout=5.0)
        try:
            return [await get(client) for client in (spent, view, fresh)]
        finally:
            await spent.aclose()
            await fresh.aclose()

    errors = front.run_alone(body)

    assert [1, 1, 3] == [len(error.attempts) for error in errors]
    assert [True, True, False] == [error.retry_budget_exhausted for error in errors]
