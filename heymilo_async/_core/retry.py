"""
Is it worth another try, and when: arithmetic that returns a delay and never waits.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from .._record import Record
from ..errors import APIConnectionError, APIStatusError, DeadlineExceededError, HeyMiloError
from .settings import RetryPolicy

#: What a later try may mend. https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
#: has all but 408, which a proxy sends when an idle connection met a request.
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

#: Tokens of the retry budget, as in the standard mode of botocore.
COST_OF_THROTTLED_RETRY = 5
COST_OF_TRANSIENT_RETRY = 14


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Retry(Record):
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
