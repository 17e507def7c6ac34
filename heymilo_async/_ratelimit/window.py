"""
When may the next request start: arithmetic that returns a delay and never waits.

    CoolDowns   the waits that the server asked for, per credential
    Window      a sliding window: so many starts in so many seconds, first come, first served
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections import deque
from collections.abc import Hashable

import attrs

from .._record import Record
from ..errors import APIStatusError

#: How much longer than the server's our window is, as a part of it and in seconds at least: two
#: requests that start a window apart may arrive closer together than that.
_MARGIN = 0.01
_LEAST_MARGIN = 0.05
#: Seconds after which a permit counts as used that was neither used nor released.
_LOST = 60.0
#: Seconds. A process with waiting calls is seen every `BEAT` by those that share its limit, and
#: believed dead after `LEASE`.
BEAT = 1.0
LEASE = 4.0


def span_of(per: float) -> float:
    """
    Return the seconds for which a start counts, in a window of *per* seconds at the server.
    """
    return per + max(per * _MARGIN, _LEAST_MARGIN)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RateLimitStatus(Record):
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


class CoolDowns:
    """
    Until when each credential has to wait, and the error that said so.

    It reads no clock; the caller passes the time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[Hashable, tuple[float, APIStatusError]] = {}

    def start(self, credential: Hashable, until: float, because: APIStatusError) -> None:
        """
        Let *credential* wait until the moment *until*, if it does not wait longer already.
        """
        with self._lock:
            if until > self._until.get(credential, (0.0, because))[0]:
                self._until[credential] = until, because

    def remaining(self, credential: Hashable, now: float) -> tuple[float, APIStatusError] | None:
        """
        Return for how many seconds *credential* has to wait, and why; None if it need not.
        """
        if not self._until:
            return None
        with self._lock:
            until, because = self._until.get(credential, (now, None))
            if because is None:
                return None
            if until <= now:
                del self._until[credential]
                return None
            # (now + 20.0) - now may be a hair more than 20.0, a number that no server named.
            return round(until - now, 6), because


@attrs.define(eq=False, repr=False)
class Reservation:
    """
    A place in the queue of a `Window`, and then the permit that came of it.

    Attributes:
        limit: How many starts this one's window may hold, itself included.
        at: The moment for which the start is planned, or at which it was.
        is_started: Whether its request is being sent, or was.
    """

    limit: int
    at: float
    is_started: bool = False


class Window:
    """
    The latest starts with one credential, the permits in use, and the queue for the next ones.

    A permit is granted if fewer than the limit started in the *per* seconds before, a small margin
    included. It counts as a start of this very moment until its request is sent, and from then on
    as one of that moment. Permits are granted in the order of the queue: each reservation counts
    those before it as if they had started. The caller passes the time, and does the waiting.
    """

    def __init__(self, per: float) -> None:
        self._lock = threading.Lock()
        self._per = per
        self._span = span_of(per)
        #: In order; among them those of other clients that the server counted.
        self._starts: deque[float] = deque()
        #: Granted, and not sent yet.
        self._permits: deque[Reservation] = deque()
        self._queue: deque[Reservation] = deque()
        self._cool_down_until = -math.inf

    def reserve(self, limit: int, now: float) -> tuple[Reservation, float]:
        """
        Return a new reservation at the end of the queue, and what `wait` returns for it.
        """
        one = Reservation(limit, now)
        with self._lock:
            self._forget(now)
            self._queue.append(one)
            return one, self._settle(one, len(self._queue) - 1, now)

    def wait(self, one: Reservation, now: float) -> float:
        """
        Return for how many seconds *one* has to wait; 0.0 if it is a permit now.

        Ask again after that wait: those before it may have been late.
        """
        with self._lock:
            self._forget(now)
            if one not in self._queue:
                self._queue.append(one)
            return self._settle(one, self._queue.index(one), now)

    def plan(self, limit: int, now: float, wait: float) -> Reservation:
        """
        Return the reservation, *wait* seconds ahead, or the permit that was granted elsewhere.
        """
        one = Reservation(limit, now + wait)
        with self._lock:
            (self._queue if wait else self._permits).append(one)
        return one

    def start(self, one: Reservation, now: float) -> None:
        """
        Count *one* from now on: its request is being sent. Repeat it if that takes longer.
        """
        if one.is_started and now - one.at < _LEAST_MARGIN / 5:
            return
        with self._lock:
            with contextlib.suppress(ValueError):
                if one.is_started:
                    self._starts.remove(one.at)
                else:
                    self._remove(one)
            one.is_started = True
            # The clocks of two event loops may differ by a hair.
            one.at = max(now, self._starts[-1]) if self._starts else now
            self._starts.append(one.at)

    def release(self, one: Reservation) -> None:
        """
        Give *one*, which has not started, back to those behind it.
        """
        with self._lock, contextlib.suppress(ValueError):
            self._remove(one)

    def observe(self, limit: int, remaining: int, reset: float, now: float) -> None:
        """
        Heed that the server will answer *remaining* requests more in the next *reset* seconds.

        As many starts as it has counted are kept until then, though they be older: they took a
        while to arrive. What is missing counts as starts of somebody else with the same credential.
        A reset that is farther away than *per* counts as *per*: the next response repeats it.
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

    def cool_down(self, until: float) -> None:
        """
        Grant no permit before the moment *until*, not to those in the queue either.
        """
        with self._lock:
            self._cool_down_until = max(self._cool_down_until, until)

    def status(self, limit: int, now: float) -> RateLimitStatus:
        """
        Return how things stand for a window of *limit* starts.
        """
        with self._lock:
            self._forget(now)
            used = len(self._starts) + len(self._permits)
            last = now if self._permits else self._starts[-1] if self._starts else now - self._span
            if self._queue:
                last = self._queue[-1].at
            return RateLimitStatus(
                limit=limit,
                remaining=0 if self._queue else max(0, limit - used),
                reset=round(last + self._span - now, 6),
            )

    def is_empty(self, now: float) -> bool:
        """
        Return whether no start counts, and nobody has or waits for a permit.
        """
        with self._lock:
            self._forget(now)
            return not (self._starts or self._permits or self._queue)

    def _settle(self, one: Reservation, before: int, now: float) -> float:
        one.at = max(now, self._cool_down_until, self._free_at(one.limit, before, now))
        if one.at > now:
            # (now + 20.0) - now may be a hair more than 20.0, and a wait of nothing would be a start.
            return round(one.at - now, 6) or 1e-6
        del self._queue[before]
        self._permits.append(one)
        return 0.0

    def _free_at(self, limit: int, before: int, now: float) -> float:
        """
        Return when the start is a window old that keeps the one after *before* others waiting.
        """
        if before >= limit:
            return self._queue[before - limit].at + self._span
        back = limit - before - len(self._permits)
        if back <= 0:
            return now + self._span
        return self._starts[-back] + self._span if back <= len(self._starts) else -math.inf

    def _remove(self, one: Reservation) -> None:
        (self._permits if one in self._permits else self._queue).remove(one)

    def _forget(self, now: float) -> None:
        while self._starts and self._starts[0] + self._span <= now:
            self._starts.popleft()
        # Ctrl-C came before it could be released; or its caller sleeps too long, and queues again.
        while self._queue and self._queue[0].at + self._span <= now:
            self._queue.popleft()
        while self._permits and self._permits[0].at + self._span + _LOST <= now:
            self._permits.popleft()
