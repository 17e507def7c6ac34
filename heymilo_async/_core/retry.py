"""
Decides whether and when to retry; returns a delay, and never waits itself.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from .._values import Record
from ..errors import APIConnectionError, APIStatusError, DeadlineExceededError, HeyMiloError
from .settings import RetryPolicy

#: Statuses of transient errors. The list is that of
#: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
#: and 408, which a proxy sends if it closes an idle connection while a request arrives.
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

#: Cost of a retry in tokens of the retry budget, as in botocore's standard mode.
COST_OF_THROTTLED_RETRY = 5
COST_OF_TRANSIENT_RETRY = 14


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
