"""
The sandbox's rate limit: which requests pass, when more may pass, and the headers of responses.
"""

from __future__ import annotations

import pytest
from inside_sandbox import ALGORITHMS, Limiter, Verdict

from heymilo_async import RateLimitError, RetryPolicy, sandbox
from heymilo_async.sandbox import RateLimit

LIST = "/api/v2/phone-numbers"


# Counting.


def test_a_fixed_window(clock):
    """
    A window allows three requests, whenever they come; the first request after it begins the next
    window.
    """
    limiter = Limiter(RateLimit(3, per=60.0), clock)
    passed = []
    for moment in (0.0, 1.0, 59.0, 59.5, 60.0, 60.1, 60.2, 119.9, 130.0):
        clock.now = 1000.0 + moment
        passed.append(limiter.take("key").allowed)

    assert [True, True, True, False, True, True, True, False, True] == passed


def test_what_a_fixed_window_says(clock):
    """
    A verdict has the remaining requests, the end of the window, and the wait if none remain.
    """
    limiter = Limiter(RateLimit(2, per=60.0), clock)
    said = [limiter.take("key")]
    clock.now += 20.0
    said += [limiter.take("key"), limiter.take("key")]

    assert [
        Verdict(allowed=True, remaining=1, reset=60.0, wait=0.0),
        Verdict(allowed=True, remaining=0, reset=40.0, wait=40.0),
        Verdict(allowed=False, remaining=0, reset=40.0, wait=40.0),
    ] == said


def test_a_token_bucket(clock):
    """
    A full bucket allows a burst, and afterwards as many requests as tokens return, evenly.
    """
    limiter = Limiter(RateLimit(6, per=60.0, algorithm="token-bucket"), clock)
    burst = [limiter.take("key").allowed for _ in range(7)]
    later = []
    for seconds in (9.9, 0.1, 10.0, 5.0, 5.0, 1000.0):
        clock.now += seconds
        later.append(limiter.take("key").allowed)

    assert [True] * 6 + [False] == burst
    assert [False, True, True, False, True, True] == later
    assert [True] * 5 + [False] == [limiter.take("key").allowed for _ in range(6)]


def test_what_a_token_bucket_says(clock):
    """
    A verdict has the remaining tokens, the time when the bucket is full, and that of the next
    token.
    """
    limiter = Limiter(RateLimit(2, per=8.0, algorithm="token-bucket"), clock)
    said = [limiter.take("key"), limiter.take("key")]
    clock.now += 2.0
    said.append(limiter.take("key"))

    assert [
        Verdict(allowed=True, remaining=1, reset=4.0, wait=0.0),
        Verdict(allowed=True, remaining=0, reset=8.0, wait=4.0),
        Verdict(allowed=False, remaining=0, reset=6.0, wait=2.0),
    ] == said


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_who_waits_as_told_may_pass(clock, algorithm):
    """
    After the wait that a refusal names, the next request passes, whatever the numbers are.
    """
    for limit in (1, 3, 7, 300):
        limiter = Limiter(RateLimit(limit, per=0.7, algorithm=algorithm), clock)
        for _ in range(3 * limit):
            verdict = limiter.take("key")
            if not verdict.allowed:
                clock.now += verdict.wait
                assert limiter.take("key").allowed


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_credential_by_itself(clock, algorithm):
    """
    Each credential has its own count; a reset restores all of them.
    """
    limiter = Limiter(RateLimit(1, algorithm=algorithm), clock)
    passed = [limiter.take(one).allowed for one in ("a", "b", "a", "b")]
    limiter.reset()

    assert [True, True, False, False] == passed
    assert limiter.take("a").allowed


# The settings.


@pytest.mark.parametrize(
    ("text", "limit", "per"),
    [
        ("300/min", 300, 60.0),
        (" 300 / minute ", 300, 60.0),
        ("5/s", 5, 1.0),
        ("5/2 seconds", 5, 2.0),
        ("30/0.5s", 30, 0.5),
        ("1000/h", 1000, 3600.0),
        ("1000/2HOURS", 1000, 7200.0),
    ],
)
def test_limits_as_people_write_them(text, limit, per):
    """
    A limit is written as a number, a slash and a period.
    """
    assert RateLimit(limit, per) == RateLimit.parse(text)
    assert RateLimit(limit, per, algorithm="token-bucket") == RateLimit.parse(
        text, algorithm="token-bucket"
    )


@pytest.mark.parametrize(
    "text",
    [
        *("", "300", "300/", "/min", "300/fortnight", "300 min", "-3/min", "3.5/min", "0/min"),
        *("\u0663/min", "3/0s", "3/1000h", "9999999999/s", "3/1.s", "nan/min", "3/min\n/s"),
    ],
)
def test_texts_that_are_no_limit(text):
    """
    Any other text is refused with an example, or with the error in its number.
    """
    with pytest.raises(ValueError, match=r"300/min|within"):
        RateLimit.parse(text)


@pytest.mark.parametrize(
    ("arguments", "kind", "name"),
    [
        ((0,), ValueError, "limit"),
        ((1_000_001,), ValueError, "limit"),
        ((True,), TypeError, "limit"),
        (("300",), TypeError, "limit"),
        ((3.0,), TypeError, "limit"),
        ((3, 0), ValueError, "per"),
        ((3, float("nan")), ValueError, "per"),
        ((3, float("inf")), ValueError, "per"),
        ((3, "60"), TypeError, "per"),
        ((3, True), TypeError, "per"),
    ],
)
def test_limits_that_cannot_be(arguments, kind, name):
    """
    A number of the wrong type or out of range is refused by name.
    """
    with pytest.raises(kind, match=name):
        RateLimit(*arguments)


def test_an_algorithm_that_there_is_not():
    """
    An unknown algorithm is refused, and the text lists the known ones.
    """
    with pytest.raises(ValueError, match="fixed-window, token-bucket"):
        RateLimit(3, algorithm="leaky-bucket")  # type: ignore[arg-type]


# The responses.


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_answers_under_a_limit(ask, algorithm):
    """
    Each response has the rate limit headers; one request too many is a 429 in the envelope, with a
    wait.
    """
    with sandbox.running(rate_limit=RateLimit(2, per=600.0, algorithm=algorithm)) as milo:
        first, second, third = (ask(milo) for _ in range(3))

    assert [200, 200, 429] == [one.status for one in (first, second, third)]
    assert ["1", "0", "0"] == [
        one.headers["x-ratelimit-remaining"] for one in (first, second, third)
    ]
    assert {"2"} == {one.headers["x-ratelimit-limit"] for one in (first, second, third)}
    assert "retry-after" not in first.headers
    assert 1 <= int(third.headers["retry-after"]) <= 600
    assert 1 <= int(third.headers["x-ratelimit-reset"]) <= 600
    assert ("rate_limit_error", "rate_limit_exceeded") == (
        third.body["error"]["type"],
        third.body["error"]["code"],
    )
    assert third.headers["x-request-id"]


def test_who_is_counted(ask):
    """
    Requests without a valid credential do not count, other refused requests do, and the token has a
    count of its own.
    """
    with sandbox.running(rate_limit="3/h") as milo:
        stranger = ask(milo, headers={"X-API-KEY": "wrong"})
        missing = ask(milo, f"{LIST}/no-such-id")
        invalid = ask(milo, f"{LIST}?limit=0")
        good, refused = ask(milo), ask(milo)
        token = ask(milo, headers={"Authorization": f"Bearer {milo.access_token}"})

    assert [401, 404, 422, 200, 429, 200] == [
        one.status for one in (stranger, missing, invalid, good, refused, token)
    ]
    assert "x-ratelimit-limit" not in stranger.headers
    assert ["2", "1", "0", "0", "2"] == [
        one.headers["x-ratelimit-remaining"] for one in (missing, invalid, good, refused, token)
    ]


def test_no_limit_says_nothing(ask):
    """
    Without a limit no response has rate limit headers.
    """
    with sandbox.running() as milo:
        answer = ask(milo)

    assert [] == [name for name in answer.headers if "ratelimit" in name]


def test_a_client_waits_as_it_is_told(front, naps):
    """
    A refused client waits until the window ends, and retries; without a retry it raises the
    server's error.
    """
    with sandbox.running(rate_limit="2/min") as milo:

        async def body(client):
            for _ in range(2):
                await client.phone_numbers.list()
            once = client.with_options(retry=RetryPolicy(max_attempts=1))
            with pytest.raises(RateLimitError) as caught:
                await once.phone_numbers.list()
            with pytest.raises(RateLimitError):
                await client.phone_numbers.list()
            return caught.value

        error = front.run(body, milo.base_url, api_key=milo.api_key)

    assert 0 < error.retry_after <= 60
    assert "rate_limit_exceeded" == error.error.code
    assert error.retry_after == pytest.approx(naps[0], abs=1.0)


@pytest.mark.full("it goes by the clock")
def test_scaled_down_in_time(front):
    """
    A limit for a fraction of a second works, and waiting for it takes no longer than that.
    """
    with sandbox.running(rate_limit="3/0.3s") as milo:

        async def body(client):
            return [len(await client.phone_numbers.list(limit=1)) for _ in range(7)]

        got = front.run(body, milo.base_url, api_key=milo.api_key)
        asked = len(milo.requests)

    assert [1] * 7 == got
    assert 7 < asked <= 11


def test_reset_forgets_what_was_counted(ask):
    """
    After `reset`, an exhausted key may send requests again.
    """
    with sandbox.running(rate_limit="1/h") as milo:
        before = [ask(milo).status, ask(milo).status]
        milo.reset()
        after = ask(milo).status

    assert [200, 429, 200] == [*before, after]
