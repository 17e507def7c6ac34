"""
Decides whether and when to retry, from the error and from the response's headers.

Its functions return a delay and never wait. Others read the remaining rate limit from headers.
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

#: Statuses of transient errors: those of
#: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
#: and 408, which a proxy sends when it closes an idle connection on which a request just arrives.
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

#: Cost of a retry in tokens of the retry budget, as in botocore's standard mode.
COST_OF_THROTTLED_RETRY = 5
COST_OF_TRANSIENT_RETRY = 14

#: How many values of one header are read: a proxy may join several headers into a list.
_MAX_VALUES = 20

_DELTA = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_MONTH = "(?P<month>" + "|".join(_MONTHS) + ")"
_DAYS = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG_DAYS = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
#: The three forms of https://www.rfc-editor.org/rfc/rfc9110#name-date-time-formats
#: (They are compiled on first use, because few programs need them.)
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
_MAX_LENGTH = 1000
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
    if number >= policy.max_attempts or not is_retryable(error, repeatable=repeatable):
        return None
    throttled = isinstance(error, APIStatusError) and error.status_code == 429
    requested = error.retry_after if isinstance(error, APIStatusError) else None
    if max(at_least, requested or 0.0) > policy.max_retry_after:
        return None
    delay = max(at_least, backoff(policy, number, random) if requested is None else requested)
    if delay >= remaining:
        return None
    return Retry(
        delay=delay, cost=COST_OF_THROTTLED_RETRY if throttled else COST_OF_TRANSIENT_RETRY
    )


def is_retryable(error: HeyMiloError, *, repeatable: bool) -> bool:
    """
    Return whether a retry may succeed, and is safe for an operation that is not *repeatable*.
    """
    if isinstance(error, DeadlineExceededError):
        return False
    if isinstance(error, APIConnectionError):
        # A retry cannot fix a certificate. A full connection pool is the client's own limit.
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
    sent = _response_time(headers, now)
    waits = [_seconds_in(field, sent) for field in headers.get_all("retry-after")]
    waits += [_seconds_in(part, sent) for part in _values_of(headers.get_all("retry-after"))]
    if status_code == 429 and not any(wait is not None for wait in waits):
        waits = [_until_reset(headers, sent)]
    # With several fields, use the longest wait, so as not to retry too early.
    return max((wait for wait in waits if wait is not None), default=None)


def _response_time(headers: Headers, now: float) -> float:
    dated = _date_of(headers.get("date", ""))
    return now if dated is None else dated


def _values_of(fields: tuple[str, ...]) -> list[str]:
    return [part for field in fields if "," in field for part in field.split(",", _MAX_VALUES)]


def _seconds_in(text: str, sent: float) -> float | None:
    text = text.strip(" \t")
    if _DELTA.fullmatch(text):
        return float(text)
    date = _date_of(text)
    # Ignore a date in the past: a clock is wrong, and the client should not retry at once.
    return date - sent if date is not None and date > sent else None


def _until_reset(headers: Headers, sent: float) -> float | None:
    # Some servers send only the time of the reset; after a 429, no requests remain until then.
    quotas = _quotas(headers, sent, default="0")
    # Only an exhausted limit can have caused the 429.
    exhausted = (one.reset for one in quotas if not one.remaining and one.reset > 0)
    return max(exhausted, default=None)


def quota(headers: Headers, now: float) -> Quota | None:
    """
    Return the quota in *headers*, None if the headers are missing or invalid.

    Of several limits, return the one with the fewest remaining requests. *now* is the wall clock,
    as in `retry_after`.
    """
    quotas = _quotas(headers, _response_time(headers, now))
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
        remaining = headers.get(f"{prefix}-remaining", default)
        one = _quota(remaining, headers.get(f"{prefix}-reset"), sent)
        if one is not None:
            return [one]
    return []


def _quota(
    remaining: str,
    reset: str | None,
    sent: float,
    *,
    limit: int | None = None,
    window: float | None = None,
) -> Quota | None:
    wait = None if reset is None else _seconds_in(reset, sent)
    if wait is None or not _COUNT.fullmatch(remaining.strip()):
        return None
    # Some servers send the reset as Unix seconds, others as seconds from now. Unix seconds are
    # recognized by their size.
    wait = wait - sent if wait > sent / 2 else wait
    if not 0 <= wait < math.inf:
        return None
    return Quota(remaining=int(remaining), reset=wait, limit=limit, window=window)


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
    start = 0 if len(text) <= _MAX_LENGTH else len(text)
    while len(items) < _MAX_VALUES and (match := _ITEM.match(text, start)):
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
        # RFC 9110 5.6.7: a year more than 50 years in the future belongs to the previous century.
        # (The RFC counts from the current year. For waits of seconds, a fixed year does as well.)
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
