"""
RateLimiter: the permit that each attempt needs, alone or shared with other processes.
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

#: With these statuses the server may ask all callers to wait.
_COOLDOWN_STATUSES = frozenset({429, 503})
#: Requests are scarce when the server has no more left than this part of the limit: one in 20.
_SCARCE = 20
#: Seconds that a call waits for Redis at most. Its sockets have timeouts, but looking up a name has
#: none.
_PATIENCE = 2.5
#: Seconds by which a request may be sent later than Redis believes.
_LATE = 0.01
#: How many processes share a limit at least, as long as Redis has not said so for a window: where
#: many start at once, the first ones hear of few.
_ASSUMED_SHARERS = 16


class LoopState(Protocol):
    """
    A transport, and a clock that all event loops of one pool share.
    """

    @property
    def transport(self) -> Transport: ...

    def now(self) -> float:
        """
        Return the seconds on that clock.
        """
        ...


class Caller(Protocol):
    """
    A call that needs a permit for each of its attempts.
    """

    @property
    def name(self) -> str:
        """
        The request, for an error.
        """
        ...

    @property
    def loop_state(self) -> LoopState: ...

    @property
    def remaining(self) -> float:
        """
        The seconds until its deadline.
        """
        ...

    @property
    def is_closed(self) -> bool:
        """
        Whether its client was closed.
        """
        ...

    def will_wait(self, seconds: float) -> None:
        """
        Take note of a wait that begins.
        """
        ...


@attrs.frozen(eq=False, repr=False)
class Permit:
    """
    Leave to send one request. It counts from the moment that the request is sent.
    """

    _window: Window
    _reservation: Reservation
    _caller: Caller
    _shared: SharedRateLimiter | None = None
    _member: str | None = None

    async def start(self) -> None:
        """
        Count it from now on: the request is about to be sent. Repeat it if that takes longer.
        """
        now = self._caller.loop_state.now()
        lateness = now - self._reservation.at
        self._window.start(self._reservation, now)
        if self._shared is not None and self._member is not None and lateness > _LATE:
            await self._shared.start(self._member, self._caller)

    async def release(self) -> None:
        """
        Give it back, unless the request was sent.
        """
        if not self._reservation.is_started:
            self._window.release(self._reservation)
            if self._shared is not None and self._member is not None:
                await self._shared.release(self._member, self._caller)


class RateLimiter:
    """
    The permits of one credential in one process, for windows of one length, and its cool-down.
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
        #: What the server said the limit of such windows is.
        self._server_limit: int | None = None

    async def acquire(
        self, caller: Caller, policy: RateLimit | None
    ) -> Permit | HeyMiloError | None:
        """
        Wait until *caller* may send a request. Return its permit, None if *policy* asks for none,
        or an error if the wait would be longer than its deadline allows.
        """
        error = await self._wait_for_cool_down(caller)
        if error is not None or policy is None:
            return error
        permit = await self._reserve(caller, self._limit(policy))
        if not isinstance(permit, Permit):
            return _deadline_error(caller.name, permit, policy)
        try:
            # While it waited, the server may have asked for a pause.
            error = await self._wait_for_cool_down(caller)
        except BaseException:
            await permit.release()
            raise
        if error is not None:
            await permit.release()
        return error or permit

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
        Heed what *response* says of the server's limit, and the cool-down that *error*, which was
        made of it, asks for, unless that is longer than *longest* seconds.
        """
        if policy is not None:
            said = quota(response.headers, wall_clock())
            if said is not None:
                await self._observe_quota(caller, policy, said)
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
        Return for how many seconds the server wants no request with this credential.
        """
        found = self._cool_downs.remaining(self._credential, now)
        return 0.0 if found is None else found[0]

    def status(self, policy: RateLimit, now: float) -> RateLimitStatus:
        """
        Return how things stand.
        """
        status = self._window.status(self._limit(policy), now)
        return status if self._shared is None else self._shared.status(status, now)

    def is_idle(self, now: float) -> bool:
        """
        Return whether nothing would be lost if this were made anew.
        """
        return self._window.is_empty(now)

    async def _wait_for_cool_down(self, caller: Caller) -> HeyMiloError | None:
        # Look again after each wait: meanwhile the server may have asked for a longer one. A call
        # that waits when its client is closed wakes early; sending it raises that error.
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
        Return a permit when its time has come, or a wait that is too long for *caller*.
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

    async def _observe_quota(self, caller: Caller, policy: RateLimit, said: Quota) -> None:
        if said.window == self._per:
            self._server_limit = said.limit
        limit, now = self._limit(policy), caller.loop_state.now()
        if self._shared is None:
            self._window.observe(limit, said.remaining, said.reset, now)
        elif (
            # Most responses say nothing new, and to tell the others takes a while.
            said.remaining * _SCARCE <= limit or said.remaining < self.status(policy, now).remaining
        ):
            await self._shared.observe(limit, said, caller)

    def _limit(self, policy: RateLimit) -> int:
        # A limit of nothing would be for ever.
        server_limit = self._server_limit or policy.limit
        return min(policy.limit, server_limit)


@attrs.define(eq=False, repr=False)
class _Question:
    """
    One request for a permit, and whether its call still waits for the answer.
    """

    limit: int
    member: str
    most: float
    now: float
    is_answered: bool = False
    is_given_up: bool = False


class SharedRateLimiter:
    """
    The part of one process in a limit that all who use one credential share.
    """

    def __init__(self, storage: Storage, keys: LimiterKeys) -> None:
        self._storage = storage
        self._keys = keys
        self._lock = threading.Lock()
        #: The starts and reservations of this process that still count, should Redis forget them.
        self._mine: dict[str, float] = {}
        #: Whether there are some among them that Redis was never told.
        self._is_behind = False
        self._heard_at = 0.0
        #: Counts how often this process was silent for so long that it lost its reservations.
        self._lapses = 0
        self._sharers = 1
        #: When Redis first said how many share.
        self._known_since = math.inf
        #: What Redis said last: permits left, and when all are free again.
        self._last: tuple[int, float] | None = None

    async def acquire(self, limit: int, caller: Caller, window: Window) -> Permit | float | None:
        """
        Return a permit when its time has come, a wait that is too long for *caller*, or None while
        Redis is down. *window* counts it as well.
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
        Return how many starts this process allows itself while Redis is down. In *window* count
        first what others may have started since Redis answered last.
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
        Count a start that Redis was not asked for.
        """
        with self._lock:
            self._mine[self._storage.new_member()] = now
            self._is_behind = True

    async def start(self, member: str, caller: Caller) -> None:
        """
        Tell Redis that the permit of *member* counts from now on.
        """
        with self._lock:
            self._mine[member] = caller.loop_state.now()
        await self._ask(lambda: self._storage.start(self._keys, member), caller)

    async def release(self, member: str, caller: Caller) -> None:
        """
        Give the permit of *member* back, whether the call is cancelled or not.
        """
        with self._lock:
            self._mine.pop(member, None)
        await caller.loop_state.transport.run_in_thread(
            lambda: self._storage.release(self._keys, member)
        )

    async def observe(self, limit: int, said: Quota, caller: Caller) -> None:
        """
        Tell the others what a response says is left.
        """
        await self._ask(
            lambda: self._storage.observe(self._keys, limit, said.remaining, said.reset), caller
        )
        self._last = said.remaining, caller.loop_state.now() + said.reset

    async def cool_down(self, seconds: float, caller: Caller) -> None:
        """
        Tell the others that the server asked for a pause.
        """
        await self._ask(lambda: self._storage.cool_down(self._keys, seconds), caller)

    def status(self, own: RateLimitStatus, now: float) -> RateLimitStatus:
        """
        Return how things stand, given how this process would by itself.
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
        Return the answer to *question*; None if Redis is down, or too slow for *caller*.
        """
        if self._storage.is_resting:
            return None
        # Half of its time: a Redis that is too slow is no reason to lose the call.
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
            # Ctrl-C, say. Nobody knows whether there is a permit to give back.
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
        Take no permit for *question*: its call was cancelled, or it came too late. If the answer is
        still to come, the thread that gets it gives the permit back.
        """
        with self._lock:
            question.is_given_up = True
            is_answered = question.is_answered
        if is_answered:
            await self.release(question.member, caller)

    def _history(self, now: float) -> dict[str, float]:
        """
        Return the starts and reservations of this process, each with its distance from *now*.
        """
        with self._lock:
            return {member: at - now for member, at in self._mine.items()}

    async def _wait(self, seconds: float, caller: Caller) -> bool:
        """
        Wait, and keep the reservations of this process alive; return whether they were kept.
        """
        loop_state, lapses = caller.loop_state, self._lapses
        until = loop_state.now() + seconds
        while (left := until - loop_state.now()) > 0 and not caller.is_closed:
            await loop_state.transport.sleep(min(left, BEAT))
            with self._lock:
                is_due = self._hear(loop_state.now()) >= BEAT
            # One call does it, for all that wait.
            if is_due:
                history = functools.partial(self._history, loop_state.now())
                await self._ask(functools.partial(self._storage.beat, self._keys, history), caller)
        return lapses == self._lapses

    def _hear(self, now: float) -> float:
        """
        Note that Redis is asked something now; return after how many seconds of silence.
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
    Return whether *caller* has the time to wait; if so, it takes note of that.
    """
    if wait >= caller.remaining:
        return False
    caller.will_wait(wait)
    return True


def _cool_down_error(call: str, wait: float, because: APIStatusError) -> APIStatusError:
    # The last real error, though another call had it: it has the right class, and says when to
    # come back.
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
