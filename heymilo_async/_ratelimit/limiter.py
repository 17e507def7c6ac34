"""
RateLimiter: grants a permit for each attempt, by itself or shared with other processes.
"""

from __future__ import annotations

import copy
import functools
import math
import threading
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Protocol, TypeVar

import attrs

from .._core.messages import Response
from .._core.settings import RateLimit
from .._core.transport import TooLateError, Transport
from ..errors import APIStatusError, DeadlineExceededError, HeyMiloError
from .headers import Quota, quota
from .window import BEAT, LEASE, CoolDowns, RateLimitStatus, Reservation, Window

if TYPE_CHECKING:
    from .redis import Grant, LimiterKeys, Storage

B = TypeVar("B")

#: After these statuses, a `Retry-After` applies to all calls with the credential.
_COOLDOWN_STATUSES = frozenset({429, 503})
#: Requests are scarce if the server has at most one twentieth of the limit left.
_SCARCE = 20
#: The maximum wait for Redis in seconds. Its sockets have timeouts, but DNS lookups have none.
_PATIENCE = 2.5
#: The maximum delay in seconds between the start that Redis has recorded and the actual one.
_LATE = 0.01
#: The assumed number of processes that share a limit, until Redis has reported it for a window:
#: where many start at once, the first reports are too low.
_ASSUMED_SHARERS = 16


class LoopState(Protocol):
    """
    A transport, and a clock that all event loops of a pool share.
    """

    @property
    def transport(self) -> Transport: ...

    def now(self) -> float:
        """
        Return the time of that clock in seconds.
        """
        ...


class Caller(Protocol):
    """
    A call that needs a permit for each of its attempts.
    """

    @property
    def name(self) -> str:
        """
        The name of the request, for errors.
        """
        ...

    @property
    def loop_state(self) -> LoopState: ...

    @property
    def remaining(self) -> float:
        """
        Seconds until the deadline.
        """
        ...

    @property
    def is_closed(self) -> bool:
        """
        Whether the client is closed.
        """
        ...

    def will_wait(self, seconds: float) -> None:
        """
        Record a wait that is about to start.
        """
        ...


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
        """
        Count it from now on, because its request is being sent; call it again if that is slow.
        """
        now = self._caller.loop_state.now()
        lateness = now - self._reservation.at
        self._window.start(self._reservation, now)
        if self._shared is not None and self._member is not None and lateness > _LATE:
            await self._shared.start(self._member, self._caller)

    async def release(self) -> None:
        """
        Return the permit, unless the request was sent.
        """
        if not self._reservation.is_started:
            self._window.release(self._reservation)
            if self._shared is not None and self._member is not None:
                await self._shared.release(self._member, self._caller)


class RateLimiter:
    """
    Grants the permits of one credential for windows of one length, and applies its cool-down.
    """

    def __init__(
        self,
        credential: Hashable,
        cool_downs: CoolDowns,
        per: float,
        shared: SharedRateLimiter | None = None,
    ) -> None:
        self._credential = credential
        self._cool_downs = cool_downs
        self._per = per
        self._window = Window(per)
        self._shared = shared
        #: The server's limit for such windows, if it has sent one.
        self._server_limit: int | None = None

    async def acquire(
        self, caller: Caller, policy: RateLimit | None
    ) -> Permit | HeyMiloError | None:
        """
        Wait until *caller* may send a request. Return its permit, None if there is no *policy*, or
        an error if the wait would exceed the caller's deadline.
        """
        error = await self._wait_for_cool_down(caller)
        if error is not None or policy is None:
            return error
        permit = await self._reserve(caller, self._limit(policy))
        if not isinstance(permit, Permit):
            return _deadline_error(caller.name, permit, policy)
        try:
            # The server may have asked for a pause during the wait.
            error = await self._wait_for_cool_down(caller)
        except BaseException:
            await permit.release()
            raise
        if error is not None:
            await permit.release()
        return error or permit

    async def check_again(self, caller: Caller) -> None:
        """
        Wait for a cool-down that began after *caller* got its permit.

        Raises:
            HeyMiloError: It is longer than the caller's deadline allows.
        """
        error = await self._wait_for_cool_down(caller)
        if error is not None:
            raise error

    async def observe(
        self,
        caller: Caller,
        policy: RateLimit | None,
        response: Response,
        error: HeyMiloError | None,
        *,
        wall_clock: Callable[[], float],
        longest: float,
    ) -> None:
        """
        Apply the quota in the headers of *response*, and the cool-down that its *error* asks for,
        unless that is longer than *longest* seconds.
        """
        if policy is not None:
            observed = quota(response.headers, wall_clock())
            if observed is not None:
                await self._observe_quota(caller, policy, observed)
        if not isinstance(error, APIStatusError) or error.status_code not in _COOLDOWN_STATUSES:
            return
        wait = error.retry_after
        if wait is not None and 0 < wait <= longest:
            until = caller.loop_state.now() + wait
            self._cool_downs.start(self._credential, until, copy.copy(error))
            self._window.cool_down(until)
            if self._shared is not None:
                await self._shared.cool_down(wait, caller)

    def cool_down(self, now: float) -> float:
        """
        Return the remaining cool-down of this credential in seconds, 0.0 if there is none.
        """
        found = self._cool_downs.remaining(self._credential, now)
        return 0.0 if found is None else found[0]

    def status(self, policy: RateLimit, now: float) -> RateLimitStatus:
        """
        Return the status of the rate limit.
        """
        status = self._window.status(self._limit(policy), now)
        return status if self._shared is None else self._shared.status(status, now)

    def is_idle(self, now: float) -> bool:
        """
        Return whether it has no state that a new limiter would lack.
        """
        return self._window.is_empty(now)

    async def _wait_for_cool_down(self, caller: Caller) -> HeyMiloError | None:
        # Check again after each wait, because the server may have extended the pause. If the client
        # is closed, the call wakes up early, and sending its request raises the error.
        while not caller.is_closed and (
            found := self._cool_downs.remaining(self._credential, caller.loop_state.now())
        ):
            wait, because = found
            if not _fits(wait, caller):
                return _cool_down_error(caller.name, wait, because)
            await caller.loop_state.transport.sleep(wait)
        return None

    async def _reserve(self, caller: Caller, limit: int) -> Permit | float:
        """
        Wait for a permit and return it, or return the wait if it is too long for *caller*.
        """
        if self._shared is None:
            return await self._reserve_alone(caller, limit)
        permit = await self._shared.acquire(limit, caller, self._window)
        if permit is None:
            share = self._shared.fall_back(limit, self._window, caller.loop_state.now())
            permit = await self._reserve_alone(caller, share)
            self._shared.remember(caller.loop_state.now())
        return permit

    async def _reserve_alone(self, caller: Caller, limit: int) -> Permit | float:
        loop_state = caller.loop_state
        reservation, wait = self._window.reserve(limit, loop_state.now())
        try:
            while wait and not caller.is_closed:
                if not _fits(wait, caller):
                    self._window.release(reservation)
                    return wait
                await loop_state.transport.sleep(wait)
                wait = self._window.wait(reservation, loop_state.now())
        except BaseException:
            self._window.release(reservation)
            raise
        return Permit(self._window, reservation, caller)

    async def _observe_quota(self, caller: Caller, policy: RateLimit, observed: Quota) -> None:
        if observed.window == self._per:
            self._server_limit = observed.limit
        limit, now = self._limit(policy), caller.loop_state.now()
        if self._shared is None:
            self._window.observe(limit, observed.remaining, observed.reset, now)
        elif (
            # Most responses have no news for other processes, and a request to Redis takes time.
            observed.remaining * _SCARCE <= limit
            or observed.remaining < self.status(policy, now).remaining
        ):
            await self._shared.observe(limit, observed, caller)

    def _limit(self, policy: RateLimit) -> int:
        # Ignore a server limit of 0, which would never grant a permit.
        server_limit = self._server_limit or policy.limit
        return min(policy.limit, server_limit)


@attrs.define(eq=False, repr=False)
class _Question:
    """
    A request to Redis for a permit, and whether its call still waits for the result.
    """

    limit: int
    member: str
    most: float
    now: float
    is_answered: bool = False
    is_given_up: bool = False


class SharedRateLimiter:
    """
    The part of a process in a rate limit that processes share in Redis.
    """

    def __init__(self, storage: Storage, keys: LimiterKeys) -> None:
        self._storage = storage
        self._keys = keys
        self._lock = threading.Lock()
        #: The starts and reservations of this process that still count, in case Redis loses them.
        self._mine: dict[str, float] = {}
        #: Whether some of them were never sent to Redis.
        self._is_behind = False
        self._heard_at = 0.0
        #: How often this process lost its reservations, because it did not renew them in time.
        self._lapses = 0
        self._sharers = 1
        #: When Redis first reported the number of sharers.
        self._known_since = math.inf
        #: The last status from Redis: remaining permits, and when all are available again.
        self._last: tuple[int, float] | None = None

    async def acquire(self, limit: int, caller: Caller, window: Window) -> Permit | float | None:
        """
        Wait for a permit and return it, or return the wait if it is too long for *caller*, or None
        while Redis is down. *window* counts the permit as well.
        """
        now = caller.loop_state.now
        while not caller.is_closed:
            question = _Question(limit, self._storage.new_member(), caller.remaining, now())
            try:
                grant = await self._ask(functools.partial(self._answer, question), caller)
            except BaseException:
                await self._give_up(question, caller)
                raise
            if grant is None:
                await self._give_up(question, caller)
                return None
            if not grant.is_granted:
                return grant.wait
            reservation = window.plan(limit, now(), grant.wait)
            permit = Permit(window, reservation, caller, self, question.member)
            if not grant.wait:
                return permit
            if not _fits(grant.wait, caller):
                await permit.release()
                return grant.wait
            try:
                is_kept = await self._wait(grant.wait, caller)
            except BaseException:
                await permit.release()
                raise
            if is_kept:
                return permit
            await permit.release()
        return Permit(window, window.plan(limit, now(), 0.0), caller)

    def fall_back(self, limit: int, window: Window, now: float) -> int:
        """
        Return this process's share of *limit* while Redis is down. Count starts in *window* that
        other processes may have made since the last response from Redis.
        """
        is_known = now - self._known_since >= self._keys.span
        sharers = self._sharers if is_known else max(self._sharers, _ASSUMED_SHARERS)
        share = max(1, limit // sharers)
        last, self._last = self._last, None
        if last is not None:
            remaining, until = last
            window.observe(share, remaining // sharers, until - now, now)
        return share

    def remember(self, now: float) -> None:
        """
        Count a start that Redis does not know.
        """
        with self._lock:
            self._mine[self._storage.new_member()] = now
            self._is_behind = True

    async def start(self, member: str, caller: Caller) -> None:
        """
        Record in Redis that the permit of *member* counts from now on.
        """
        with self._lock:
            self._mine[member] = caller.loop_state.now()
        await self._ask(lambda: self._storage.start(self._keys, member), caller)

    async def release(self, member: str, caller: Caller) -> None:
        """
        Return the permit of *member* to Redis, even if the call is cancelled.
        """
        with self._lock:
            self._mine.pop(member, None)
        await caller.loop_state.transport.run_in_thread(
            lambda: self._storage.release(self._keys, member)
        )

    async def observe(self, limit: int, observed: Quota, caller: Caller) -> None:
        """
        Share the quota of a response with the other processes.
        """
        await self._ask(
            lambda: self._storage.observe(self._keys, limit, observed.remaining, observed.reset),
            caller,
        )
        self._last = observed.remaining, caller.loop_state.now() + observed.reset

    async def cool_down(self, seconds: float, caller: Caller) -> None:
        """
        Share the server's request for a pause with the other processes.
        """
        await self._ask(lambda: self._storage.cool_down(self._keys, seconds), caller)

    def status(self, own: RateLimitStatus, now: float) -> RateLimitStatus:
        """
        Return the shared status, given this process's *own* status.
        """
        remaining, until = self._last or (0, now)
        if until <= now:
            return own
        return attrs.evolve(
            own,
            remaining=min(own.remaining, remaining),
            reset=max(own.reset, round(until - now, 6)),
        )

    async def _ask(self, question: Callable[[], B], caller: Caller) -> B | None:
        """
        Run *question* in a thread and return its result; None if Redis is down, or too slow.
        """
        if self._storage.is_resting:
            return None
        # At most half of the remaining time, so that a slow Redis does not make the call fail.
        within = max(0.0, min(caller.remaining / 2, _PATIENCE))
        try:
            return await caller.loop_state.transport.run_in_thread(question, within)
        except TooLateError:
            if within == _PATIENCE:
                self._storage.give_up()
            return None

    def _answer(self, question: _Question) -> Grant | None:
        now, member = question.now, question.member
        with self._lock:
            self._hear(now)
            is_behind = self._is_behind
        try:
            grant = self._storage.reserve(
                self._keys,
                question.limit,
                member,
                most=question.most,
                history=functools.partial(self._history, now) if self._mine else None,
                is_behind=is_behind,
            )
        except BaseException:
            # For example Ctrl-C. It is unknown whether there is a permit to return.
            question.is_answered = True
            raise
        if grant is None:
            return None
        with self._lock:
            question.is_answered = True
            if grant.is_granted and not question.is_given_up:
                self._mine[member] = now + grant.wait
            self._is_behind = False
            self._sharers = grant.sharers
            self._known_since = min(self._known_since, now)
            self._last = grant.remaining, now + grant.reset
        if question.is_given_up:
            self._storage.release(self._keys, member)
        return grant

    async def _give_up(self, question: _Question, caller: Caller) -> None:
        """
        Abandon *question*, whose call was cancelled or ran out of time. If the result is still
        outstanding, its thread returns the permit.
        """
        with self._lock:
            question.is_given_up = True
            is_answered = question.is_answered
        if is_answered:
            await self.release(question.member, caller)

    def _history(self, now: float) -> dict[str, float]:
        """
        Return the starts and reservations of this process, relative to *now*.
        """
        with self._lock:
            return {member: at - now for member, at in self._mine.items()}

    async def _wait(self, seconds: float, caller: Caller) -> bool:
        """
        Wait, and renew the reservations of this process; return whether they are still valid.
        """
        loop_state, lapses = caller.loop_state, self._lapses
        until = loop_state.now() + seconds
        while (left := until - loop_state.now()) > 0 and not caller.is_closed:
            await loop_state.transport.sleep(min(left, BEAT))
            with self._lock:
                is_due = self._hear(loop_state.now()) >= BEAT
            # One of the waiting calls renews for all.
            if is_due:
                history = functools.partial(self._history, loop_state.now())
                await self._ask(functools.partial(self._storage.beat, self._keys, history), caller)
        return lapses == self._lapses

    def _hear(self, now: float) -> float:
        """
        Record that a request to Redis happens now; return the seconds since the previous one.
        """
        silence = now - self._heard_at
        if silence >= LEASE:
            self._lapses += 1
        if silence >= BEAT:
            self._heard_at = now
            self._mine = {
                member: at
                for member, at in self._mine.items()
                if at + self._keys.span > now and not (silence >= LEASE and at > now)
            }
        return silence


def _fits(wait: float, caller: Caller) -> bool:
    """
    Return whether *caller* has time for the wait; if so, record the wait.
    """
    if wait >= caller.remaining:
        return False
    caller.will_wait(wait)
    return True


def _cool_down_error(call: str, wait: float, because: APIStatusError) -> APIStatusError:
    # A copy of the server's last error, even if another call received it: it has the right class.
    error = copy.copy(because)
    message = (
        f"{call}: not sent: the server asked this API key to wait {wait:.3g} s: {because.message}"
    )
    error.args = (message,)
    error.request, error.retry_after = call, wait
    return error


def _deadline_error(call: str, wait: float, policy: RateLimit) -> DeadlineExceededError:
    message = (
        f"{call}: not sent: the next permit comes in {wait:.1f} s, after the call's deadline "
        f"(rate_limit: {policy.limit} requests in {policy.per:g} s): allow more time, or start "
        "fewer calls at once"
    )
    return DeadlineExceededError(message, request=call, phase="pace", maybe_sent=False)
