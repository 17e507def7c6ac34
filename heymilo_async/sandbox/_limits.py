"""
The sandbox's rate limit per key: a fixed window or a token bucket.

It uses no library: tests need fractions of a second, but `limits` and `throttled-py` count whole
seconds, and only `throttled-py` has token buckets.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, get_args

import attrs

from .._core.settings import read_rate

Algorithm = Literal["fixed-window", "token-bucket"]
ALGORITHMS: Final[tuple[str, ...]] = get_args(Algorithm)

_LONGEST: Final = 86_400.0


def _check_limit(_: object, __: object, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"the limit must be an int, not {type(value).__name__}"
        raise TypeError(message)
    if not 1 <= value <= 1_000_000:
        message = f"the limit must be within 1..1,000,000 requests, not {value}"
        raise ValueError(message)


def _check_period(_: object, __: object, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"per must be a number of seconds, not {type(value).__name__}"
        raise TypeError(message)
    if not 0.001 <= value <= _LONGEST:
        message = f"per must be within 0.001..86,400 seconds, not {value}"
        raise ValueError(message)


def _check_algorithm(_: object, __: object, value: Any) -> None:
    if value not in ALGORITHMS:
        message = f"the algorithm must be one of {', '.join(ALGORITHMS)}, not {value!r}"
        raise ValueError(message)


@attrs.frozen
class RateLimit:
    """
    A rate limit per credential: *limit* requests in *per* seconds.

    A fixed window starts with the first request after the previous window, and allows *limit*
    requests until it ends. A token bucket starts full with *limit* tokens; a request takes one, and
    the bucket refills evenly, *limit* tokens in *per* seconds.

    Attributes:
        limit: Requests, 1 to 1,000,000.
        per: Seconds, 0.001 to 86,400.
        algorithm: `fixed-window` or `token-bucket`.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A value is out of range.

    Example:
        >>> from heymilo_async.sandbox import RateLimit
        >>> RateLimit(300, per=60.0)
        RateLimit(limit=300, per=60.0, algorithm='fixed-window')
    """

    limit: int = attrs.field(validator=_check_limit)
    per: float = attrs.field(default=60.0, validator=_check_period)
    algorithm: Algorithm = attrs.field(
        # (pyright treats the default as any str.)
        default="fixed-window",  # pyright: ignore[reportAssignmentType]
        kw_only=True,
        validator=_check_algorithm,
    )

    @classmethod
    def parse(cls, text: str, *, algorithm: Algorithm = "fixed-window") -> RateLimit:
        """
        Parse a limit: `300/min`, `5/s`, `1000/hour`, `30/0.5s`.

        Args:
            text: The limit.
            algorithm: As in the class.

        Returns:
            The limit.

        Raises:
            ValueError: *text* is not a limit, or a number in it is out of range.

        Example:
            >>> from heymilo_async.sandbox import RateLimit
            >>> RateLimit.parse("5/s").per
            1.0
        """
        return cls(*read_rate(text), algorithm=algorithm)


@attrs.frozen(kw_only=True)
class Verdict:
    """
    Whether a request is allowed, and the state after it.

    Attributes:
        remaining: How many more requests are allowed right now.
        reset: Seconds until *limit* requests are allowed again.
        wait: Seconds until the next request is allowed, 0 if it is allowed right now.
    """

    allowed: bool
    remaining: int
    reset: float
    wait: float


@attrs.frozen
class _Count:
    """
    How many requests a credential has left at the time *at*; for a window, *at* is its start.
    """

    left: float
    at: float


class Limiter:
    """
    Counts the requests of each credential; thread-safe.
    """

    def __init__(self, rule: RateLimit, clock: Callable[[], float] = time.monotonic) -> None:
        self._rule = rule
        self._clock = clock
        self._judge = _windowed if rule.algorithm == "fixed-window" else _by_tokens
        self._counts: dict[str, _Count] = {}
        self._lock = threading.Lock()

    def take(self, credential: str) -> Verdict:
        """
        Count one request of *credential*.
        """
        with self._lock:
            now = self._clock()
            count = self._counts.get(credential, _Count(self._rule.limit, now))
            self._counts[credential], verdict = self._judge(self._rule, count, now)
            return verdict

    def reset(self) -> None:
        """
        Reset all counts.
        """
        with self._lock:
            self._counts.clear()

    def headers(self, verdict: Verdict) -> Mapping[str, str]:
        """
        Return the response headers for *verdict*.
        """
        headers = {
            "X-RateLimit-Limit": str(self._rule.limit),
            "X-RateLimit-Remaining": str(verdict.remaining),
            "X-RateLimit-Reset": self._seconds(verdict.reset),
        }
        if not verdict.allowed:
            headers["Retry-After"] = self._seconds(verdict.wait)
        return headers

    def _seconds(self, seconds: float) -> str:
        # HTTP allows only whole seconds. With the short window of a test, a client would then wait
        # for several windows.
        if self._rule.per >= 60:
            return str(math.ceil(seconds))
        return f"{math.ceil(seconds * 1000) / 1000:.3f}"


def _windowed(rule: RateLimit, count: _Count, now: float) -> tuple[_Count, Verdict]:
    if now >= count.at + rule.per:
        count = _Count(rule.limit, now)
    allowed = count.left >= 1
    left = count.left - allowed
    until_end = count.at + rule.per - now
    verdict = Verdict(
        allowed=allowed, remaining=int(left), reset=until_end, wait=0.0 if left >= 1 else until_end
    )
    return _Count(left, count.at), verdict


def _by_tokens(rule: RateLimit, count: _Count, now: float) -> tuple[_Count, Verdict]:
    rate = rule.limit / rule.per
    tokens = min(float(rule.limit), count.left + (now - count.at) * rate)
    # Tolerate rounding errors of float sums.
    allowed = tokens >= 1 - 1e-9
    tokens = max(0.0, tokens - allowed)
    verdict = Verdict(
        allowed=allowed,
        remaining=int(tokens + 1e-9),
        reset=(rule.limit - tokens) / rate,
        wait=max(0.0, 1 - tokens) / rate,
    )
    return _Count(tokens, now), verdict
