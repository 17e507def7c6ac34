"""
The rules of retries: which errors are retried, and after which wait.
"""

from __future__ import annotations

import math
import time

import pytest
from shown import shown

from heymilo_async import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ClientClosedError,
    DeadlineExceededError,
    Headers,
    RateLimitError,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
)
from heymilo_async._core.retry import (
    Quota,
    Retry,
    backoff,
    is_retryable,
    next_try,
    quota,
    retry_after,
)

#: 15 February 2025, 09:40:00 UTC, and the same as an HTTP date.
NOW = 1739612400.0
DATE = "Sat, 15 Feb 2025 09:40:00 GMT"


def asked(*fields: tuple[str, str], status: int = 429, now: float = NOW) -> float | None:
    """
    Return the wait that a response with these *fields* asks for.
    """
    return retry_after(Headers(fields), status, now)


def after(*values: str, status: int = 429, now: float = NOW) -> float | None:
    """
    Return the wait that a response with these values of `Retry-After` asks for.
    """
    return asked(*(("Retry-After", value) for value in values), status=status, now=now)


# Errors that are retried.


@pytest.mark.parametrize(
    ("repeatable", "expected"), [(True, [408, 429, 500, 502, 503, 504]), (False, [429])]
)
def test_statuses_that_are_tried_again(repeatable, expected):
    """
    Cases 2, 4, 5, 8: six statuses are retried, and those of a creating call only after a 429.
    """
    assert expected == [
        status
        for status in (*range(300, 600), 999)
        if is_retryable(APIStatusError("no", status_code=status), repeatable=repeatable)
    ]


@pytest.mark.parametrize(
    ("phase", "maybe_sent", "repeatable", "expected"),
    [
        ("read", True, True, True),
        ("read", True, False, False),
        ("connect", False, True, True),
        ("connect", False, False, True),
        ("dns", False, False, True),
        ("proxy", False, True, True),
        ("tls", False, True, False),
        ("tls", False, False, False),
        ("pool", False, True, False),
        ("pool", False, False, False),
    ],
)
@pytest.mark.parametrize("kind", [APIConnectionError, APITimeoutError])
def test_faults_of_connections_that_are_tried_again(kind, phase, maybe_sent, repeatable, expected):
    """
    Cases 8, 46, 58: a request that was certainly not sent is retried; one that may have been, only
    if it is repeatable.
    """
    error = kind("no", phase=phase, maybe_sent=maybe_sent)

    assert expected is is_retryable(error, repeatable=repeatable)


@pytest.mark.parametrize(
    "error",
    [
        DeadlineExceededError("no", phase="read", maybe_sent=False),
        ResponseDecodeError("no"),
        ClientClosedError("no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_that_stand(error):
    """
    Cases 40, 64: a passed deadline, a broken body and a closed client are not retried.
    """
    assert is_retryable(error, repeatable=True) is False


# The wait.


def verdict(
    *,
    status: int = 503,
    asked_for: float | None = None,
    number: int = 1,
    at_least: float = 0.0,
    remaining: float = math.inf,
    policy: RetryPolicy | None = None,
    dice: float = 0.5,
) -> Retry | None:
    """
    Return the verdict on a call after attempt *number*.
    """
    kind = RateLimitError if status == 429 else ServerError
    return next_try(
        kind("no", status_code=status, retry_after=asked_for),
        number=number,
        repeatable=True,
        policy=policy or RetryPolicy(max_attempts=3),
        at_least=at_least,
        remaining=remaining,
        random=lambda: dice,
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Retry(delay=0.25, cost=14)),
        ({"number": 2}, Retry(delay=0.5, cost=14)),
        ({"number": 3}, None),
        ({"number": 4}, None),
        ({"dice": 0.0}, Retry(delay=0.0, cost=14)),
        ({"status": 429}, Retry(delay=0.25, cost=5)),
        ({"status": 404}, None),
        ({"asked_for": 0.0}, Retry(delay=0.0, cost=14)),
        ({"asked_for": 7.0}, Retry(delay=7.0, cost=14)),
        ({"asked_for": 60.0}, Retry(delay=60.0, cost=14)),
        ({"asked_for": 60.001}, None),
        ({"asked_for": math.inf}, None),
        ({"at_least": 3.0}, Retry(delay=3.0, cost=14)),
        ({"at_least": 3.0, "asked_for": 2.0}, Retry(delay=3.0, cost=14)),
        ({"at_least": 3.0, "asked_for": 4.0}, Retry(delay=4.0, cost=14)),
        ({"asked_for": 5.0, "remaining": 5.0}, None),
        ({"asked_for": 5.0, "remaining": 5.001}, Retry(delay=5.0, cost=14)),
        ({"at_least": 5.0, "remaining": 4.0}, None),
        ({"remaining": 0.25}, None),
    ],
    ids=shown,
)
def test_when_the_next_try_is(given, expected):
    """
    Cases 1, 6, 18, 22, 29, 35: the wait and the cost of a retry, or the error.
    """
    assert expected == verdict(**given)


def test_a_connection_that_broke_asks_for_nothing():
    """
    Case 46: without a response the wait is the usual one.
    """
    got = next_try(
        APIConnectionError("no", phase="read", maybe_sent=True),
        number=1,
        repeatable=True,
        policy=RetryPolicy(),
        at_least=0.0,
        remaining=math.inf,
        random=lambda: 0.5,
    )

    assert Retry(delay=0.25, cost=14) == got


@pytest.mark.parametrize("number", [*range(1, 12), 1_000, 1_001, 1_002, 10**9])
def test_backoff_is_exponential_capped_and_by_chance(number):
    """
    Case 13: the wait is at most the first delay, doubled with each attempt, and never more than the
    cap.
    """
    policy = RetryPolicy(initial_delay=0.5, max_delay=8.0)
    ceiling = min(8.0, 0.5 * 2 ** min(number - 1, 10))

    assert ceiling == backoff(policy, number, lambda: 1.0)
    assert ceiling * 0.25 == backoff(policy, number, lambda: 0.25)
    assert backoff(policy, number, lambda: 0.0) == 0.0


# Retry-After.


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["20"], 20.0),
        (["2.5"], 2.5),
        ([" \t20\t "], 20.0),
        (["0"], 0.0),
        ([""], None),
        (["X20"], None),
        (["\u00a020"], None),
        (["\x0c20"], None),
        (["x, Sat Feb 15 09:40:20 2025"], 20.0),
        (["20X"], None),
        (["5", "30"], 30.0),
        (["30", "5"], 30.0),
        (["5, 30"], 30.0),
        (["x, 30"], 30.0),
        (["x, y"], None),
        (["7", "x, 30, 2"], 30.0),
        ([",".join(["x"] * 19 + ["5"])], 5.0),
        ([",".join(["x"] * 40 + ["5"])], None),
        (["Sat, 15 Feb 2025 09:40:20 GMT"], 20.0),
        ([" Sat, 15 Feb 2025 09:40:20 GMT\t"], 20.0),
        (["Saturday, 15-Feb-25 09:40:20 GMT"], 20.0),
        (["Sat Feb 15 09:40:20 2025"], 20.0),
        (["Sat, 15 Feb 2025 09:40:00 GMT"], None),
        (["Sat, 15 Feb 2025 09:39:59 GMT"], None),
        (["Sat, 15 Feb 2025 09:40:01 GMT", "9"], 9.0),
        (["Sat, 15 Feb 2025 10:00:00 GMT, 9"], 9.0),
    ],
    ids=shown,
)
def test_what_retry_after_says(values, expected):
    """
    Cases 18 to 26: seconds or a date, in one field or in several; the longest counts.
    """
    assert expected == after(*values)


@pytest.mark.parametrize("status", [200, 301, 400, 429, 500, 503])
def test_retry_after_is_read_with_any_status(status):
    """
    Case 27: an error has the wait whatever its status is; the policy decides what to do with it.
    """
    assert after("20", status=status) == 20.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Thu, 01 Jan 1970 00:00:07 GMT", 7),
        ("Thu, 01 Jan 1970 00:07:00 GMT", 420),
        ("Thu, 01 Jan 1970 07:00:00 GMT", 25_200),
        ("Fri, 02 Jan 1970 00:00:00 GMT", 86_400),
        ("Sun, 01 Feb 1970 00:00:00 GMT", 31 * 86_400),
        ("Tue, 01 Dec 1970 00:00:00 GMT", 334 * 86_400),
        ("Fri, 01 Jan 1971 00:00:00 GMT", 365 * 86_400),
        ("Thu, 01 Jan 1970 00:00:60 GMT", 60),
        ("Thu, 01 Jan 1970 00:00:61 GMT", None),
        ("Thu, 01 Jan 1970 00:00:07 UTC", None),
        ("Thu, 31 Feb 1970 00:00:07 GMT", None),
        ("Thu, 1 Jan 1970 00:00:07 GMT", None),
        ("Thu Jan  1 00:00:07 1970", 7),
        ("Thu Jan 01 00:00:07 1970", 7),
        ("Wednesday, 01-Jan-75 00:00:00 GMT", 3_313_526_400),
        ("Thursday, 01-Jan-76 00:00:00 GMT", 189_302_400),
        ("Saturday, 01-Jan-00 00:00:00 GMT", 946_684_800),
    ],
)
def test_what_a_date_means(text, seconds):
    """
    Cases 24, 25: each part of a date counts; a year of two digits means 1976 to 2075.
    """
    got = asked(("Retry-After", text), ("Date", " Thu, 01 Jan 1970 00:00:00 GMT "))

    assert seconds == got


def test_a_date_of_its_own_is_what_a_wait_is_measured_by():
    """
    Case 24: the response's `Date` takes precedence over our clock, unless it is invalid.
    """
    until = ("Retry-After", "Sat, 15 Feb 2025 09:40:20 GMT")

    assert asked(until, ("Date", DATE), now=0.0) == 20.0
    assert asked(until, ("Date", "yesterday"), now=NOW + 15) == 5.0
    assert asked(until, now=NOW + 15) == 5.0


# RateLimit, and older headers.


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"default";r=0;t=7', 7.0),
        ("default;r=0;t=7", 7.0),
        ('"default" ; r=0 ; t=7', 7.0),
        ('"default";t=7;r=0', 7.0),
        ('"default";t=7', 7.0),
        ('"default";r=0;t=7=8', None),
        ('"default";r=0;t=Sat Feb 15 09:40:09 2025', 9.0),
        ('"default";r=0', None),
        ('"default";r=0;x=7', None),
        ('"default"', None),
        ('"default";r=12;t=30', None),
        ('"minute";r=0;t=7, "day";r=90;t=9000', 7.0),
        ('"day";r=90;t=9000, "minute";r=0;t=7', 7.0),
        ('"minute";r=0;t=7, "day";r=0;t=50', 50.0),
        ('"minute";r=0;t=50, "day";r=0;t=x', 50.0),
        ("7", None),
        (", ".join(["x"] * 40 + ['"a";r=0;t=7']), None),
    ],
)
def test_what_a_rate_limit_says(value, expected):
    """
    Case 28: an exhausted limit counts, and of several the longest.
    """
    assert expected == asked(("RateLimit", value))


@pytest.mark.parametrize("prefix", ["RateLimit", "X-RateLimit"])
@pytest.mark.parametrize(
    ("remaining", "reset", "expected"),
    [
        ("0", "7", 7.0),
        (" 0 ", "7", 7.0),
        (None, "7", 7.0),
        ("1", "7", None),
        ("0", "0.5", 0.5),
        ("0", "0", None),
        ("0", "soon", None),
        ("0", None, None),
        ("0", "1739612410", 10.0),
        ("0", "1739612400", None),
        ("0", "869806200", 869_806_200.0),
        ("0", "869806201", None),
        ("0", "9" * 400, None),
        ("0", "Sat, 15 Feb 2025 09:40:09 GMT", 9.0),
    ],
)
def test_what_a_reset_says(prefix, remaining, reset, expected):
    """
    Case 28: a reset is in seconds, or a time; it is ignored if requests remain, or if the time has
    passed.
    """
    fields = [(f"{prefix}-Remaining", remaining), (f"{prefix}-Reset", reset)]

    assert expected == asked(*((name, value) for name, value in fields if value is not None))


def test_which_of_them_goes_first():
    """
    Case 28: first `Retry-After`, then `RateLimit`, then the older headers; and only on a 429.
    """
    older = [("X-RateLimit-Reset", "9"), ("RateLimit-Reset", "8")]
    draft = ("RateLimit", '"a";r=0;t=7')

    assert asked(*older) == 8.0
    assert asked(*older, draft) == 7.0
    assert asked(*older, draft, ("Retry-After", "6")) == 6.0
    assert asked(*older, draft, ("Retry-After", "soon")) == 7.0
    assert asked(*older, draft, status=503) is None
    assert asked(*older, ("RateLimit", ";;;")) == 8.0
    assert asked(*older, ("RateLimit", '"a";r=1;t=7')) is None


def limits(count: int, last: int) -> str:
    """
    Return that many exhausted limits, each for a second except the last.
    """
    waits = [1] * (count - 1) + [last]
    return ",".join(f"a{number};r=0;t={wait}" for number, wait in enumerate(waits))


def test_how_much_of_a_rate_limit_is_read():
    """
    Case 28: at most twenty limits in a thousand characters are read; a longer header is ignored.
    """
    for padding, expected in ((0, 9.0), (1, None)):
        value = '"a";r=0;t=9;x=' + "1" * (1000 - 14 + padding)
        assert expected == asked(("RateLimit", value))
    assert asked(("RateLimit", limits(20, 50))) == 50.0
    assert asked(("RateLimit", limits(21, 50))) == 1.0


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], None),
        ([("RateLimit-Reset", "7")], None),
        ([("RateLimit", '"a";t=7')], None),
        ([("RateLimit", '"a";r=5;t=7')], Quota(remaining=5, reset=7.0)),
        ([("RateLimit", '"a";r=5;t=0')], Quota(remaining=5, reset=0.0)),
        ([("RateLimit", '"a";r=5;t=7, "b";r=3;t=9')], Quota(remaining=3, reset=9.0)),
        ([("RateLimit", '"b";r=3;t=9, "a";r=5;t=7')], Quota(remaining=3, reset=9.0)),
        (
            [("RateLimit", '"a";r=5;t=7'), ("RateLimit-Policy", '"a";q=100;w=60')],
            Quota(remaining=5, reset=7.0, limit=100, window=60.0),
        ),
        (
            [("RateLimit", '"a";r=5;t=7'), ("RateLimit-Policy", '"b";q=9;w=1, "a";q=100;w=60')],
            Quota(remaining=5, reset=7.0, limit=100, window=60.0),
        ),
        *(
            (
                [("RateLimit", '"a";r=5;t=7'), ("RateLimit-Policy", policy)],
                Quota(remaining=5, reset=7.0),
            )
            for policy in ('"b";q=100;w=60', '"a";q=100', '"a";w=60', '"a";q=x;w=60', '"a";q=9;w=x')
        ),
        (
            [("X-RateLimit-Remaining", "4"), ("X-RateLimit-Reset", "1739612410")],
            Quota(remaining=4, reset=10.0),
        ),
        (
            [("RateLimit-Remaining", "4"), ("RateLimit-Reset", "8"), ("RateLimit-Policy", "x")],
            Quota(remaining=4, reset=8.0),
        ),
        (
            [
                ("Date", "Sat, 15 Feb 2025 09:40:05 GMT"),
                ("X-RateLimit-Remaining", "4"),
                ("X-RateLimit-Reset", "1739612410"),
            ],
            Quota(remaining=4, reset=5.0),
        ),
    ],
    ids=shown,
)
def test_what_is_left_of_a_rate_limit(fields, expected):
    """
    Case 28: the remaining requests until a time, of a limit for a period; the lowest of several
    limits.
    """
    assert expected == quota(Headers(fields), NOW)


def test_dates_are_not_of_here(monkeypatch):
    """
    Case 24: an HTTP date is UTC, whatever this machine's time zone is.
    """
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert after("Sat, 15 Feb 2025 09:40:20 GMT") == 20.0
    finally:
        monkeypatch.undo()
        time.tzset()
