"""
RateLimiter: grants a permit for each attempt, by itself or shared with other processes.
"""

from __future__ import annotations

import contextlib
import copy
import math
import threading
from collections import deque
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Protocol

import attrs

from .._core.messages import Response
from .._core.retry import quota
from .._core.settings import RateLimit, RateLimitStatus
from .._core.transport import LoopState
from ..errors import APIStatusError, DeadlineExceededError, HeyMiloError

if TYPE_CHECKING:
    from .redis import SharedRateLimiter

#: After these statuses, a `Retry-After` applies to all calls with the credential.
_COOLDOWN_STATUSES = frozenset({429, 503})
#: Requests are scarce if the server has at most one twentieth of the limit left.
_SCARCE = 20
#: Seconds. If a request is sent later than this after its recorded start, the start is corrected.
_LATE = 0.01
#: How much longer our window is than the server's, as a fraction and as a minimum in seconds:
#: network delays may shorten the distance between two requests.
_MARGIN = 0.01
_LEAST_MARGIN = 0.05
#: How often a Redis that is down is tried, in seconds.
RETRY_INTERVAL = 1.0
#: How many seconds longer than a start a permit counts that is neither used nor released.
_LOST = 60.0


def span_of(per: float) -> float:
    """
    Return how many seconds a start counts, if the server's window is *per* seconds long.
    """
    return per + max(per * _MARGIN, _LEAST_MARGIN)


class CoolDowns:
    """
    The cool-downs per credential, each with the error that caused it. The caller passes the time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[Hashable, tuple[float, APIStatusError]] = {}

    def start(self, credential: Hashable, until: float, cause: APIStatusError) -> None:
        """
        Start a cool-down of *credential* until the time *until*, or extend the current one.
        """
        with self._lock:
            if until > self._until.get(credential, (0.0, cause))[0]:
                self._until[credential] = until, cause

    def remaining(self, credential: Hashable, now: float) -> tuple[float, APIStatusError] | None:
        """
        Return the remaining seconds of a cool-down, and its cause; None if there is none.
        """
        if not self._until:
            return None
        with self._lock:
            until, cause = self._until.get(credential, (now, None))
            if cause is None or until <= now:
                self._until.pop(credential, None)
                return None
            # Rounded, because (now + 20.0) - now may be slightly more than 20.0.
            return round(until - now, 6), cause


@attrs.define(eq=False, repr=False)
class Reservation:
    """
    A place in the queue of a `Window`, which later becomes a permit.

    Attributes:
        limit: The maximum number of starts in its window, including itself.
        at: The time of the planned or actual start.
        is_started: Whether its request has started.
    """

    limit: int
    at: float
    is_started: bool = False


class Window:
    """
    The latest starts with one credential, its unused permits, and the queue of reservations.

    A permit is granted if fewer requests than the limit started in the previous *per* seconds, plus
    a small margin. An unused permit counts as a start right now; a used one counts from the time
    when its request was sent. Permits are granted in the order of the queue: each reservation
    counts all earlier ones as starts. The caller passes the time, and does the waiting.
    """

    def __init__(self, per: float) -> None:
        self._lock = threading.Lock()
        self.per = per
        self._span = span_of(per)
        #: In order, including starts of other clients that the server counted.
        self._starts: deque[float] = deque()
        #: Granted permits whose requests are not sent yet.
        self._permits: deque[Reservation] = deque()
        self._queue: deque[Reservation] = deque()
        self._cool_down_until = -math.inf

    def wait(self, reservation: Reservation, now: float) -> float:
        """
        Append *reservation* to the queue if it is not there, and return how many seconds it has to
        wait; 0.0 if it is now a permit. Call it again after the wait: others may have started late.
        """
        with self._lock:
            self._forget(now)
            if reservation not in self._queue:
                self._queue.append(reservation)
            before = self._queue.index(reservation)
            free_at = self._free_at(reservation.limit, before, now)
            reservation.at = max(now, self._cool_down_until, free_at)
            if reservation.at > now:
                # Rounded, because (now + 20.0) - now may exceed 20.0; but 0.0 would mean a permit.
                return round(reservation.at - now, 6) or 1e-6
            del self._queue[before]
            self._permits.append(reservation)
            return 0.0

    def plan(self, reservation: Reservation, now: float, wait: float) -> None:
        """
        Count what Redis has granted: a permit, or a reservation for *wait* seconds from *now*.
        """
        self.release(reservation)
        with self._lock:
            reservation.at = now + wait
            (self._queue if wait else self._permits).append(reservation)

    def start(self, reservation: Reservation, now: float) -> None:
        """
        Count *reservation* as a start now, at the latest call for the request that is being sent.
        """
        if reservation.is_started and now - reservation.at < _LATE:
            return
        with self._lock:
            with contextlib.suppress(ValueError):
                self._remove(reservation)
            reservation.is_started = True
            # The clocks of two event loops may differ slightly.
            reservation.at = max(now, self._starts[-1]) if self._starts else now
            self._starts.append(reservation.at)

    def release(self, reservation: Reservation, *, is_unsent: bool = False) -> None:
        if is_unsent or not reservation.is_started:
            with self._lock, contextlib.suppress(ValueError):
                self._remove(reservation)
                reservation.is_started = False

    def observe(self, limit: int, remaining: int, reset: float, now: float) -> None:
        """
        Apply the server's quota: *remaining* requests in the next *reset* seconds.

        The starts that the server has counted stay in the window until the reset, even if they are
        older here, because requests take time to arrive. If the server has counted more, the
        difference counts as starts of other clients with the same credential. A reset later than
        *per* counts as *per*, because the next response repeats it.
        """
        with self._lock:
            self._forget(now)
            counted = limit - remaining
            since = now - self.per + min(reset, self.per)
            missing = max(0, counted - len(self._starts))
            if counted <= 0 or reset <= 0:
                return
            # (The resets of one window may differ by a millisecond.)
            if missing or self._starts[-counted] < since - 0.001:
                starts = list(self._starts)
                newer = [max(start, since) for start in starts[-counted:]]
                self._starts = deque(sorted([*starts[:-counted], *[since] * missing, *newer]))

    def cool_down(self, until: float) -> None:
        """
        Grant no permit before the time *until*, not even to reservations in the queue.
        """
        with self._lock:
            self._cool_down_until = max(self._cool_down_until, until)

    def status(self, limit: int, now: float) -> RateLimitStatus:
        with self._lock:
            self._forget(now)
            remaining = max(0, limit - len(self._starts) - len(self._permits))
            last = now if self._permits else self._starts[-1] if self._starts else now - self._span
            if self._queue:
                remaining, last = 0, self._queue[-1].at
            reset = round(last + self._span - now, 6)
            return RateLimitStatus(limit=limit, remaining=remaining, reset=reset)

    def is_empty(self, now: float) -> bool:
        with self._lock:
            self._forget(now)
            return not (self._starts or self._permits or self._queue)

    def _free_at(self, limit: int, before: int, now: float) -> float:
        """
        Return when the window has room for a reservation behind *before* others.
        """
        if before >= limit:
            return self._queue[before - limit].at + self._span
        back = limit - before - len(self._permits)
        if back <= 0:
            return now + self._span
        return self._starts[-back] + self._span if back <= len(self._starts) else -math.inf

    def _remove(self, reservation: Reservation) -> None:
        if reservation.is_started:
            self._starts.remove(reservation.at)
        else:
            (self._permits if reservation in self._permits else self._queue).remove(reservation)

    def _forget(self, now: float) -> None:
        while self._starts and self._starts[0] + self._span <= now:
            self._starts.popleft()
        # Drop reservations that were not released because of Ctrl-C. A caller that only woke up late
        # joins the queue again.
        while self._queue and self._queue[0].at + self._span <= now:
            self._queue.popleft()
        while self._permits and self._permits[0].at + self._span + _LOST <= now:
            self._permits.popleft()


class Caller(Protocol):
    """
    A call that needs a permit for each of its attempts, and is notified of each wait for one.
    """

    @property
    def name(self) -> str: ...

    @property
    def loop_state(self) -> LoopState: ...

    @property
    def remaining(self) -> float: ...

    @property
    def longest_wait(self) -> float: ...

    @property
    def is_closed(self) -> bool: ...

    def will_wait(self, seconds: float) -> None: ...


@attrs.frozen(eq=False, repr=False)
class Permit:
    """
    Permission to send one request. It counts from the time when the request is sent.
    """

    _window: Window
    _reservation: Reservation
    _caller: Caller
    _shared: SharedRateLimiter | None = None
    _member: str | None = None

    async def start(self) -> None:
        now = self._caller.loop_state.now()
        lateness = now - self._reservation.at
        self._window.start(self._reservation, now)
        shared = self._shared
        if shared is not None and self._member is not None and lateness > shared.tolerance:
            await shared.start(self._member, self._caller)

    async def release(self, *, is_unsent: bool = False) -> None:
        """
        Release the permit unless its request was started, or even then if it certainly *is_unsent*.
        """
        if is_unsent or not self._reservation.is_started:
            self._window.release(self._reservation, is_unsent=True)
            if self._shared is not None and self._member is not None:
                await self._shared.release(self._member, self._caller)


@attrs.define(eq=False, repr=False)
class RateLimiter:
    """
    Grants the permits of one credential for windows of one length, and applies its cool-down.
    """

    _credential: Hashable
    _cool_downs: CoolDowns
    window: Window = attrs.field(converter=Window)
    _shared: SharedRateLimiter | None = None
    #: The server's limit for such windows, if it has sent one.
    _server_limit: int | None = attrs.field(default=None, init=False)

    async def acquire(
        self, caller: Caller, policy: RateLimit | None
    ) -> Permit | HeyMiloError | None:
        """
        Wait until *caller* may send a request. Return its permit, None if there is no *policy*, or
        an error if *caller* has no time for the wait, or none at all.
        """
        permit = None
        try:
            await self.await_cool_down(caller)
            if policy is not None:
                permit = await self._reserve(caller, policy)
                # The server may have asked for a pause during the wait.
                await self.await_cool_down(caller)
        except BaseException as error:
            if permit is not None:
                await permit.release()
            if not isinstance(error, HeyMiloError):
                raise
            # It is returned as a value, so its frames are of no use.
            return error.with_traceback(None)
        return permit

    async def await_cool_down(self, caller: Caller) -> None:
        """
        Wait for the end of a cool-down; raise an error if *caller* has no time for that, or none.
        """
        # Check again after each wait, because the server may have extended the pause. If the client
        # is closed, the call wakes up early, and sending its request raises the error.
        while not caller.is_closed and (wait := self._cool_down_of(caller)):
            caller.will_wait(wait)
            await caller.loop_state.transport.sleep(wait)
        if caller.remaining <= 0:
            raise _deadline_error(caller.name, "the call's deadline had already passed")

    async def observe(
        self,
        caller: Caller,
        policy: RateLimit | None,
        response: Response,
        error: HeyMiloError | None,
        *,
        wall_clock: Callable[[], float],
    ) -> None:
        """
        Apply the quota in the headers of *response*, and the cool-down that its *error* asks for,
        unless that is longer than *caller* would wait.
        """
        if policy is not None and (observed := quota(response.headers, wall_clock())):
            if observed.window == self.window.per:
                self._server_limit = observed.limit
            limit, now, remaining = self._limit(policy), caller.loop_state.now(), observed.remaining
            if self._shared is None:
                self.window.observe(limit, remaining, observed.reset, now)
            # Most responses have no news for other processes, and a request to Redis takes time.
            elif remaining * _SCARCE <= limit or remaining < self.status(policy, now).remaining:
                await self._shared.observe(limit, observed, caller)
        if isinstance(error, APIStatusError) and error.status_code in _COOLDOWN_STATUSES:
            wait = error.retry_after or 0.0
            # A longer one may be a mistake, and must not stop all calls for hours.
            if 0 < wait <= caller.longest_wait:
                until = caller.loop_state.now() + wait
                self._cool_downs.start(self._credential, until, copy.copy(error))
                self.window.cool_down(until)
                if self._shared is not None:
                    await self._shared.cool_down(wait, caller)

    def remaining_cool_down(self, now: float) -> float:
        found = self._cool_downs.remaining(self._credential, now)
        return 0.0 if found is None else found[0]

    def _cool_down_of(self, caller: Caller) -> float:
        """
        Return how long *caller* has to wait for the end of a cool-down; raise its error if that is
        longer than the caller's `max_retry_after`, or than its deadline leaves.
        """
        found = self._cool_downs.remaining(self._credential, caller.loop_state.now())
        if found is None:
            return 0.0
        wait, cause = found
        if wait <= caller.longest_wait and wait < caller.remaining:
            return wait
        # A copy of the error that the server sent, perhaps to another call: it has the right class.
        error, call = copy.copy(cause), caller.name
        asked = f"the server asked this API key to wait {wait:.4g} s: {cause.message}"
        error.args = (f"{call}: not sent: {asked}",)
        error.request, error.retry_after = call, wait
        raise error

    def status(self, policy: RateLimit, now: float) -> RateLimitStatus:
        status = self.window.status(self._limit(policy), now)
        return status if self._shared is None else self._shared.status(status, now)

    async def _reserve(self, caller: Caller, policy: RateLimit) -> Permit:
        """
        Wait for a permit and return it; raise an error if the wait is too long for *caller*.
        """
        loop_state, window, shared = caller.loop_state, self.window, self._shared
        now, limit, wait = loop_state.now, self._limit(policy), 0.0
        reservation = Reservation(limit, now())
        try:
            while not caller.is_closed:
                permit = None if shared is None else await shared.acquire(limit, caller, window)
                if isinstance(permit, Permit):
                    window.release(reservation)
                    return permit
                if permit is None and shared is not None:
                    reservation.limit = shared.fall_back(limit, window, now())
                wait = window.wait(reservation, now()) if permit is None else permit
                if not wait or wait >= caller.remaining:
                    break
                # Also the wait for a permit may be too long now, if the server asked for a pause.
                self._cool_down_of(caller)
                # While Redis is down, check repeatedly whether it is available again.
                nap = wait if shared is None else min(wait, RETRY_INTERVAL)
                caller.will_wait(nap)
                await loop_state.transport.sleep(nap)
        except BaseException:
            window.release(reservation)
            raise
        if wait and not caller.is_closed:
            window.release(reservation)
            reason = (
                f"the next permit comes in {wait:.1f} s, after the call's deadline (rate_limit: "
                f"{policy.limit} requests in {policy.per:g} s): allow more time, or start fewer "
                "calls at once"
            )
            raise _deadline_error(caller.name, reason)
        if shared is not None:
            shared.remember_start(now())
        return Permit(window, reservation, caller)

    def _limit(self, policy: RateLimit) -> int:
        # Ignore a server limit of 0, which would never grant a permit.
        return min(policy.limit, self._server_limit or policy.limit)


def _deadline_error(call: str, reason: str) -> DeadlineExceededError:
    message = f"{call}: not sent: {reason}"
    return DeadlineExceededError(message, request=call, phase="pace", maybe_sent=False)
