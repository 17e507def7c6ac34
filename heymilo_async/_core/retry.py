"""
Decides whether and when to retry, from the error, and from what a response's headers ask for.

It returns a delay, and never waits itself. The headers also state how much of a rate limit is left.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from .._values import Headers, Record
from ..errors import APIConnectionError, APIStatusError, DeadlineExceededError, HeyMiloError
from .settings import RetryPolicy

#: Statuses of transient errors. The list is that of
#: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
#: and 408, which a proxy sends if it closes an idle connection while a request arrives.
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

#: Cost of a retry in tokens of the retry budget, as in botocore's standard mode.
COST_OF_THROTTLED_RETRY = 5
COST_OF_TRANSIENT_RETRY = 14

#: The maximum number of values in a Retry-After field; a proxy may join several fields.
_MOST_PARTS = 20

_DELTA = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_MONTH = "(?P<month>" + "|".join(_MONTHS) + ")"
_DAYS = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG_DAYS = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
#: The three forms of https://www.rfc-editor.org/rfc/rfc9110#name-date-time-formats
#: (Compiled with their first use, which few programs come to.)
_DATES = (
    rf"{_DAYS}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT",
    rf"{_LONG_DAYS}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT",
    rf"{_DAYS} {_MONTH} (?P<day>[ 0-9][0-9]) {_TIME} (?P<year>[0-9]{{4}})",
)
#: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/: `"default";r=0;t=7`
_ITEM = re.compile(
    r'[ ,]{0,9}("[ !#-\[\]-~]*"|[A-Za-z*][A-Za-z0-9_.:/*-]*)((?:\s*;\s*[a-z]+=[^;,]+)+)'
)
#: Longer RateLimit headers are ignored.
_LONGEST = 1000
#: A number of requests, or of whole seconds.
_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Retry(Record):
    """
    The decision to retry: the delay in seconds, and the cost in tokens of the retry budget.
    """

    delay: float
    cost: int


def next_try(
    error: HeyMiloError,
    *,
    number: int,
    repeatable: bool,
    policy: RetryPolicy,
    at_least: float,
    remaining: float,
    random: Callable[[], float],
) -> Retry | None:
    """
    Return when to retry after attempt *number* failed with *error*; None: do not retry.

    *at_least* is the remaining cool-down in seconds. *remaining* is the number of seconds until the
    call's deadline; a wait that does not fit is not started. *random* returns numbers from 0 to 1.
    """
    if number >= policy.max_attempts or not worth_another_try(error, repeatable=repeatable):
        return None
    throttled = isinstance(error, APIStatusError) and error.status_code == 429
    asked = error.retry_after if isinstance(error, APIStatusError) else None
    if asked is not None and asked > policy.max_retry_after:
        return None
    delay = max(at_least, backoff(policy, number, random) if asked is None else asked)
    if delay >= remaining:
        return None
    return Retry(
        delay=delay, cost=COST_OF_THROTTLED_RETRY if throttled else COST_OF_TRANSIENT_RETRY
    )


def worth_another_try(error: HeyMiloError, *, repeatable: bool) -> bool:
    """
    Return whether a retry may succeed, and cannot repeat an operation that must not be repeated.
    """
    if isinstance(error, DeadlineExceededError):
        return False
    if isinstance(error, APIConnectionError):
        # A retry does not fix a certificate, and a full connection pool is the client's own limit.
        return error.phase not in {"tls", "pool"} and (repeatable or not error.maybe_sent)
    if isinstance(error, APIStatusError):
        return error.status_code in RETRIED_STATUSES and (repeatable or error.status_code == 429)
    return False


def backoff(policy: RetryPolicy, number: int, random: Callable[[], float]) -> float:
    """
    Return the backoff in seconds after attempt *number*: exponential, capped, with full jitter.
    """
    # 2.0 ** 1024 overflows, so limit the exponent; the delay reaches its cap long before.
    ceiling = min(policy.max_delay, policy.initial_delay * 2.0 ** min(number - 1, 1000))
    return ceiling * random()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Quota(Record):
    """
    The quota in the headers of a response.

    Attributes:
        remaining: Remaining requests until the reset.
        reset: Seconds until the reset.
        limit: Requests per window, None if the server does not state the window.
        window: The length of the window in seconds, None if the server does not state it.
    """

    remaining: int
    reset: float
    limit: int | None = None
    window: float | None = None


def retry_after(headers: Headers, status_code: int, now: float) -> float | None:
    """
    Return how many seconds the server asks to wait, None if the headers are missing or invalid.

    *now* is the wall clock in Unix seconds, used for dates if the response has no `Date`.
    """
    sent = _sent(headers, now)
    asked = [_asked(field, sent) for field in headers.get_all("retry-after")]
    asked += [_asked(part, sent) for part in _parts(headers.get_all("retry-after"))]
    if status_code == 429 and not any(wait is not None for wait in asked):
        asked = [_until_reset(headers, sent)]
    # With several fields, use the longest wait, so as not to retry too early.
    return max((wait for wait in asked if wait is not None), default=None)


def _sent(headers: Headers, now: float) -> float:
    dated = _date_of(headers.get("date", ""))
    return now if dated is None else dated


def _parts(fields: tuple[str, ...]) -> list[str]:
    return [part for field in fields if "," in field for part in field.split(",", _MOST_PARTS)]


def _asked(text: str, sent: float) -> float | None:
    text = text.strip(" \t")
    if _DELTA.fullmatch(text):
        return float(text)
    date = _date_of(text)
    # A date in the past means that a clock is wrong, not that the client should retry at once.
    return date - sent if date is not None and date > sent else None


def _until_reset(headers: Headers, sent: float) -> float | None:
    # Some servers send only the reset: with a 429, nothing remains.
    quotas = _quotas(headers, sent, default="0")
    # Of several limits, only those with nothing remaining can have caused the 429.
    exhausted = (one.reset for one in quotas if not one.remaining and one.reset > 0)
    return max(exhausted, default=None)


def quota(headers: Headers, now: float) -> Quota | None:
    """
    Return the quota in *headers*, None if the headers are missing or invalid.

    Of several limits, return the one with the fewest remaining requests. *now* is the wall clock,
    as in `retry_after`.
    """
    quotas = _quotas(headers, _sent(headers, now))
    return min(quotas, key=lambda one: one.remaining, default=None)


def _quotas(headers: Headers, sent: float, *, default: str = "") -> list[Quota]:
    policies = _items(headers.get("ratelimit-policy", ""))
    named = [
        _quota(item.get("r", default), item.get("t"), sent, **_policy(policies.get(name, {})))
        for name, item in _items(headers.get("ratelimit", "")).items()
    ]
    quotas = [one for one in named if one is not None]
    if quotas:
        return quotas
    for prefix in ("ratelimit", "x-ratelimit"):
        left = headers.get(f"{prefix}-remaining", default)
        one = _quota(left, headers.get(f"{prefix}-reset"), sent)
        if one is not None:
            return [one]
    return []


def _quota(
    left: str,
    reset: str | None,
    sent: float,
    *,
    limit: int | None = None,
    window: float | None = None,
) -> Quota | None:
    wait = None if reset is None else _asked(reset, sent)
    if wait is None or not _COUNT.fullmatch(left.strip()):
        return None
    # Some servers send the reset as Unix seconds, others as seconds from now. A wait is never as
    # long as half the time since 1970.
    wait = wait - sent if wait > sent / 2 else wait
    if not 0 <= wait < math.inf:
        return None
    return Quota(remaining=int(left), reset=wait, limit=limit, window=window)


def _policy(item: Mapping[str, str]) -> dict[str, Any]:
    limit, window = item.get("q", ""), item.get("w", "")
    if not (_COUNT.fullmatch(limit) and _COUNT.fullmatch(window)):
        return {}
    return {"limit": int(limit), "window": float(window)}


def _items(text: str) -> dict[str, dict[str, str]]:
    """
    Return the parameters of each item of a list such as `"burst";r=5;t=1, "day";r=900;t=3600`.
    """
    items: dict[str, dict[str, str]] = {}
    start = 0 if len(text) <= _LONGEST else len(text)
    while len(items) < _MOST_PARTS and (match := _ITEM.match(text, start)):
        pairs = [one.strip().split("=", 1) for one in match[2].split(";") if "=" in one]
        items[match[1]] = {name: value.strip() for name, value in pairs}
        start = match.end()
    return items


def _date_of(text: str) -> float | None:
    if len(text) > 40:
        return None
    match = next(filter(None, (re.fullmatch(form, text.strip()) for form in _DATES)), None)
    if match is None:
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:
        # RFC 9110 5.6.7: more than 50 years in the future means the previous century. For a wait of
        # seconds, the current century does not matter much.
        year += 2000 if year < 76 else 1900
    try:
        minute = datetime(
            year,
            _MONTHS.index(match["month"]) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    # 60 is a leap second, which datetime does not support.
    return minute.timestamp() + int(match["second"]) if int(match["second"]) <= 60 else None
