"""
Is it worth another try, and when: arithmetic that returns a delay and never waits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import attrs

from ._mapping import Headers
from ._settings import RetryPolicy
from .errors import APIConnectionError, APIStatusError, DeadlineExceededError, HeyMiloError

#: What a later try may mend. https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
#: has all but 408, which a proxy sends when an idle connection met a request.
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

#: Tokens of the retry budget, as in the standard mode of botocore.
COST_OF_THROTTLED_RETRY = 5
COST_OF_TRANSIENT_RETRY = 14

#: Values that one Retry-After field may hold, joined by somebody on the way.
_MOST_PARTS = 20

_DELTA = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
_MONTHS: Sequence[str] = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_MONTH = "(?P<month>" + "|".join(_MONTHS) + ")"
_DAYS = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG_DAYS = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
#: The three forms of https://www.rfc-editor.org/rfc/rfc9110#name-date-time-formats
_DATES = (
    re.compile(rf"{_DAYS}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"),
    re.compile(rf"{_LONG_DAYS}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"),
    re.compile(rf"{_DAYS} {_MONTH} (?P<day>[ 0-9][0-9]) {_TIME} (?P<year>[0-9]{{4}})"),
)
#: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/: `"default";r=0;t=7`
_RATE_LIMIT = re.compile(
    r'(?:"[ !#-\[\]-~]*"|[A-Za-z*][A-Za-z0-9_.:/*-]*)((?:\s*;\s*[a-z]+=[^;,]+)+)'
)


@attrs.frozen(kw_only=True)
class Retry:
    """
    The verdict that another try is worth it: after how long, and for how much of the budget.
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
    Return when to try again after *error* ended try *number*, or None if it stands.

    *at_least* is how long the credential has to rest anyway. *remaining* is the time in seconds until the call's deadline: a wait that does not fit is
    never started. *random* gives numbers from 0 up to 1.
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
    Return whether another try might end better, and could not do the same thing twice.
    """
    if isinstance(error, DeadlineExceededError):
        return False
    if isinstance(error, APIConnectionError):
        # A certificate will not have changed, and a full pool is our own queue, not their fault.
        return error.phase not in {"tls", "pool"} and (repeatable or not error.maybe_sent)
    if isinstance(error, APIStatusError):
        return error.status_code in RETRIED_STATUSES and (repeatable or error.status_code == 429)
    return False


def backoff(policy: RetryPolicy, number: int, random: Callable[[], float]) -> float:
    """
    Return the seconds to wait after try *number*: exponential, capped, with full jitter.
    """
    # 2.0 ** 1024 overflows; long before it any delay worth a name has met its cap.
    ceiling = min(policy.max_delay, policy.initial_delay * 2.0 ** min(number - 1, 1000))
    return ceiling * random()


def retry_after(headers: Headers, status_code: int, now: float) -> float | None:
    """
    Return the seconds that the server asks to wait, None if it does not say, or says nonsense.

    *now* is the wall clock in Unix seconds, for dates in an answer without a `Date` of its own.
    """
    sent = _date_of(headers.get("date", "")) or now
    asked = [_asked(field, sent) for field in headers.get_all("retry-after")]
    asked += [_asked(part, sent) for part in _parts(headers.get_all("retry-after"))]
    if status_code == 429 and not any(wait is not None for wait in asked):
        asked = [_until_reset(headers, sent)]
    # Several fields: the longest, so that nobody is asked again too early.
    return max((wait for wait in asked if wait is not None), default=None)


def _parts(fields: tuple[str, ...]) -> list[str]:
    return [part for field in fields if "," in field for part in field.split(",", _MOST_PARTS)]


def _asked(text: str, sent: float) -> float | None:
    text = text.strip(" \t")
    if _DELTA.fullmatch(text):
        return float(text)
    date = _date_of(text)
    # A moment that has passed is a clock that is off, not a wish to be asked at once.
    return date - sent if date is not None and date > sent else None


def _until_reset(headers: Headers, sent: float) -> float | None:
    draft = _RATE_LIMIT.match(headers.get("ratelimit", ""))
    if draft is not None:
        parameters = dict(
            parameter.strip().split("=", 1) for parameter in draft[1].split(";") if "=" in parameter
        )
        return _asked(parameters.get("t", ""), sent)
    for prefix in ("ratelimit", "x-ratelimit"):
        reset = _asked(headers.get(f"{prefix}-reset", ""), sent)
        if reset is not None and headers.get(f"{prefix}-remaining", "0").strip() == "0":
            # Some send the moment itself, in Unix seconds, others the seconds until then; no wait
            # is as long as half the time since 1970.
            wait = reset - sent if reset > sent / 2 else reset
            return wait if 0 < wait < math.inf else None
    return None


def _date_of(text: str) -> float | None:
    if len(text) > 40:
        return None
    match = next(filter(None, (form.fullmatch(text.strip()) for form in _DATES)), None)
    if match is None:
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:
        # RFC 9110 5.6.7: more than 50 years ahead means the century before. Which century it is
        # now does not matter much to a wait of seconds.
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
    # 60 is a leap second, which datetime does not know.
    return minute.timestamp() + int(match["second"]) if int(match["second"]) <= 60 else None
