"""
When may the next request go: arithmetic that returns a delay and never waits.

    CoolDown    what the server has asked one caller to wait for, the others heed
    Window      so many starts in so many seconds, first come, first served
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections import deque
from collections.abc import Hashable

import attrs

from ..errors import APIStatusError

#: How much longer than the server's our window is, as a part of it and in seconds at least: two
#: requests that start a window apart may arrive closer together than that.
_MARGIN = 0.01
_LEAST_MARGIN = 0.05


def span_of(per: float) -> float:
    """
    Return the seconds for which a start counts, in a window of *per* seconds at the server.
    """
    return per + max(per * _MARGIN, _LEAST_MARGIN)


@attrs.frozen(kw_only=True)
class RateLimitStatus:
    """
    How a client stands to its rate limit: what its attribute `rate_limit` shows.

    Attributes:
        limit: Requests that may start in the window: yours, or fewer if the server says so.
        remaining: How many of them could start right now, without a wait; 0 while calls wait.
        reset: Seconds until all of them could, if nothing started meanwhile; 0.0 if they can.

    Example:
        >>> from heymilo_async import HeyMilo, RateLimit
        >>> with HeyMilo(rate_limit=RateLimit(300, per=60)) as client:
        ...     page = client.phone_numbers.list()
        ...     print(client.rate_limit.limit, client.rate_limit.remaining)
        300 299
    """

    limit: int
    remaining: int
    reset: float


class CoolDown:
    """
    Until when each credential is to rest, and the answer that said so.

    Arithmetic on a clock that the caller reads; the waiting is the engine's.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._resting: dict[Hashable, tuple[float, APIStatusError]] = {}

    def rest(self, credential: Hashable, until: float, because: APIStatusError) -> None:
        """
        Let *credential* rest until the moment *until*, if it does not rest longer already.
        """
        with self._lock:
            if until > self._resting.get(credential, (0.0, because))[0]:
                self._resting[credential] = until, because

    def remaining(self, credential: Hashable, now: float) -> tuple[float, APIStatusError] | None:
        """
        Return for how many seconds *credential* has to rest, and why; None if it need not.
        """
        if not self._resting:
            return None
        with self._lock:
            until, because = self._resting.get(credential, (now, None))
            if because is None:
                return None
            if until <= now:
                del self._resting[credential]
                return None
            # (now + 20.0) - now may be a hair more than 20.0, and then the wait would be no number
            # that the server named.
            return round(until - now, 6), because


@attrs.define(eq=False)
class Turn:
    """
    A place in the line before a `Window`.

    Attributes:
        limit: How many starts this one's window may hold, itself included.
        at: The moment for which it is planned; it may still become later.
    """

    limit: int
    at: float


class Window:
    """
    The latest starts with one credential, and the line of those that wait for theirs.

    A start is allowed if fewer than the limit were made in the *per* seconds before it, a small
    margin included. Who comes first starts first: each in the line counts those before it as if
    they had started. All times are on a clock that the caller reads; the waiting is the caller's.
    """

    def __init__(self, per: float) -> None:
        self._lock = threading.Lock()
        self._per = per
        self._span = span_of(per)
        #: In order; among them what others used up, as the server said.
        self._starts: deque[float] = deque()
        self._line: deque[Turn] = deque()
        self._resting_until = -math.inf

    def line_up(self, limit: int, now: float) -> tuple[Turn, float]:
        """
        Return a new place at the end of the line, and what `wait` says of it.
        """
        turn = Turn(limit, now)
        with self._lock:
            self._forget(now)
            self._line.append(turn)
            return turn, self._settled(turn, len(self._line) - 1, now)

    def wait(self, turn: Turn, now: float) -> float:
        """
        Return for how many seconds *turn* has to wait; if it is 0.0, it has started.

        Ask again after that wait: those before it may have been late.
        """
        with self._lock:
            self._forget(now)
            if turn not in self._line:
                self._line.append(turn)
            return self._settled(turn, self._line.index(turn), now)

    def leave(self, turn: Turn) -> None:
        """
        Give the place of *turn* back to those behind it, if it has not started.
        """
        with self._lock, contextlib.suppress(ValueError):
            self._line.remove(turn)

    def note(self, now: float) -> None:
        """
        Count a start that was allowed elsewhere.
        """
        with self._lock:
            self._forget(now)
            self._note(now)

    def learn(self, limit: int, remaining: int, reset: float, now: float) -> None:
        """
        Heed that the server will answer *remaining* requests more in the next *reset* seconds.

        As many starts as it has counted are kept until then, though they be older: they took a
        while to arrive. What is missing counts as starts of somebody else with the same credential.
        A reset that is farther away than *per* counts as *per*: the next answer will say it again.
        """
        with self._lock:
            self._forget(now)
            counted = limit - remaining
            since = now - self._per + min(reset, self._per)
            missing = max(0, counted - len(self._starts))
            if counted <= 0 or reset <= 0:
                return
            # (A millisecond is what the resets of one window may differ by.)
            if missing or self._starts[-counted] < since - 0.001:
                starts = list(self._starts)
                newer = [max(start, since) for start in starts[-counted:]]
                self._starts = deque(sorted([*starts[:-counted], *[since] * missing, *newer]))

    def rest(self, until: float) -> None:
        """
        Let nobody start before the moment *until*, those in the line included.
        """
        with self._lock:
            self._resting_until = max(self._resting_until, until)

    def status(self, limit: int, now: float) -> RateLimitStatus:
        """
        Return how things stand for a window of *limit* starts.
        """
        with self._lock:
            self._forget(now)
            if self._line:
                until = self._line[-1].at + self._span
            else:
                until = self._starts[-1] + self._span if self._starts else now
            return RateLimitStatus(
                limit=limit,
                remaining=0 if self._line else max(0, limit - len(self._starts)),
                reset=round(until - now, 6),
            )

    def is_empty(self, now: float) -> bool:
        """
        Return whether no start counts and nobody waits.
        """
        with self._lock:
            self._forget(now)
            return not (self._starts or self._line)

    def _settled(self, turn: Turn, before: int, now: float) -> float:
        turn.at = max(now, self._resting_until, self._free_at(turn.limit, before))
        if turn.at > now:
            # (now + 20.0) - now may be a hair more than 20.0, and a wait of nothing would be a start.
            return round(turn.at - now, 6) or 1e-6
        del self._line[before]
        self._note(now)
        return 0.0

    def _free_at(self, limit: int, before: int) -> float:
        """
        Return when the start from which the one after *before* others has to keep its distance is
        far enough back.
        """
        if before >= limit:
            return self._line[before - limit].at + self._span
        back = limit - before
        return self._starts[-back] + self._span if back <= len(self._starts) else -math.inf

    def _note(self, now: float) -> None:
        # The clocks of two event loops may differ by a hair.
        self._starts.append(max(now, self._starts[-1]) if self._starts else now)

    def _forget(self, now: float) -> None:
        while self._starts and self._starts[0] + self._span <= now:
            self._starts.popleft()
        # Ctrl-C came before it could leave; or it sleeps too long, and has to line up again.
        while self._line and self._line[0].at + self._span <= now:
            self._line.popleft()
