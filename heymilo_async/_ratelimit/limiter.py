"""
Waiting for one's turn under a rate limit, through the transport: alone, or with all who share a storage.
"""

from __future__ import annotations

import functools
import threading
from typing import Protocol

import attrs

from .._core.settings import RateLimit
from .._core.transport import Steps, Transport
from .headers import Quota
from .redis import BEAT, LEASE, Book, Grant, Storage
from .window import RateLimitStatus, Window

#: Requests are scarce when the server has no more left than this part of the limit: one in 20.
_SCARCE = 20


class LoopState(Protocol):
    """
    A transport, and a clock that the lanes of one pool share.
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
    Who wants a turn.
    """

    @property
    def remaining(self) -> float:
        """
        The seconds until its deadline.
        """
        ...

    def may_wait(self, seconds: float) -> bool:
        """
        Return whether it can wait for so long; if so, it takes it that it will.
        """
        ...

    def is_closed(self) -> bool:
        """
        Return whether its client was closed.
        """
        ...


class Turns:
    """
    The turns of one credential in one process, for windows of one length.
    """

    def __init__(self, per: float, shared: Shared | None = None) -> None:
        self._per = per
        self._window = Window(per)
        self._shared = shared
        #: What the server said the limit of such windows is.
        self._said: int | None = None

    async def take(self, rule: RateLimit, lane: LoopState, caller: Caller) -> float:
        """
        Wait for a turn. Return 0.0 when it has come, or a wait that was too long for *caller*.
        """
        limit = self._limit(rule)
        if self._shared is None:
            return await self._take_alone(limit, lane, caller)
        late = await self._shared.take(limit, lane, caller)
        if late is None:
            late = await self._take_alone(self._shared.own_part(limit), lane, caller)
            self._shared.remember(lane.now())
        elif not late:
            self._window.note(lane.now())
        return late

    async def _take_alone(self, limit: int, lane: LoopState, caller: Caller) -> float:
        turn, wait = self._window.line_up(limit, lane.now())
        try:
            while wait and not caller.is_closed():
                if not caller.may_wait(wait):
                    self._window.leave(turn)
                    return wait
                await lane.transport.sleep(wait)
                wait = self._window.wait(turn, lane.now())
        except BaseException:
            self._window.leave(turn)
            raise
        return 0.0

    async def learn(self, rule: RateLimit, quota: Quota, lane: LoopState) -> None:
        """
        Heed what an answer says of the server's own limit.
        """
        if quota.window == self._per:
            self._said = quota.limit
        limit = self._limit(rule)
        if self._shared is None:
            self._window.learn(limit, quota.remaining, quota.reset, lane.now())
        elif (
            # Most answers say nothing new, and to tell the others takes a while.
            quota.remaining * _SCARCE <= limit
            or quota.remaining < self.status(rule, lane.now()).remaining
        ):
            await self._shared.learn(limit, quota, lane)

    async def rest(self, seconds: float, lane: LoopState) -> None:
        """
        Let those rest too that have lined up already, and all who share the storage.
        """
        self._window.rest(lane.now() + seconds)
        if self._shared is not None:
            await self._shared.rest(seconds, lane)

    def status(self, rule: RateLimit, now: float) -> RateLimitStatus:
        """
        Return how things stand.
        """
        status = self._window.status(self._limit(rule), now)
        return status if self._shared is None else self._shared.status(status, now)

    def is_idle(self, now: float) -> bool:
        """
        Return whether nothing would be lost if these were made anew.
        """
        return self._window.is_empty(now)

    def _limit(self, rule: RateLimit) -> int:
        # A limit of nothing would be for ever.
        return rule.limit if not self._said else min(rule.limit, self._said)


@attrs.define
class _Known:
    """
    What the storage said last, and when.
    """

    remaining: int
    until: float


@attrs.define
class _Question:
    """
    One who asks the storage for a turn, and whether there is still somebody who wants it.
    """

    limit: int
    member: str
    most: float
    now: float
    is_answered: bool = False
    is_given_up: bool = False


class Shared:
    """
    The part of one process in the turns that all who use one credential share.
    """

    def __init__(self, storage: Storage, book: Book) -> None:
        self._storage = storage
        self._book = book
        self._lock = threading.Lock()
        #: The starts and turns of this process that still count, should Redis forget them.
        self._mine: dict[str, float] = {}
        #: Whether there are some among them that it was never told.
        self._is_behind = False
        self._heard_at = 0.0
        #: Counts how often this process was silent for so long that its turns were given away.
        self._lapses = 0
        self._sharers = 1
        self._last: _Known | None = None

    async def take(self, limit: int, lane: LoopState, caller: Caller) -> float | None:
        """
        Wait for a turn. Return what `Turns.take` does, or None if the storage is down.
        """
        while not caller.is_closed():
            member = self._storage.new_member()
            question = _Question(limit, member, caller.remaining, lane.now())
            try:
                # Half of its time: a storage that is too slow is no reason to lose the call.
                grant = await lane.transport.query(self._ask(question), within=question.most / 2)
            except BaseException:
                await self._give_up(question, lane)
                raise
            if grant is None:
                await self._give_up(question, lane)
                return None
            if not grant.has_turn:
                return grant.wait
            if not grant.wait:
                return 0.0
            if not caller.may_wait(grant.wait):
                await self._leave(member, lane)
                return grant.wait
            try:
                is_kept = await self._wait(grant.wait, self._lapses, lane, caller)
            except BaseException:
                await self._leave(member, lane)
                raise
            if is_kept:
                return 0.0
            await self._leave(member, lane)
        return 0.0

    def own_part(self, limit: int) -> int:
        """
        Return how many starts this process allows itself while nobody can be asked.
        """
        return max(1, limit // self._sharers)

    def remember(self, now: float) -> None:
        """
        Count a start that the storage was not asked for.
        """
        with self._lock:
            self._mine[self._storage.new_member()] = now
            self._is_behind = True

    async def learn(self, limit: int, quota: Quota, lane: LoopState) -> None:
        """
        Tell the others what an answer said.
        """
        await lane.transport.run_in_thread(
            lambda: self._storage.learn(self._book, limit, quota.remaining, quota.reset)
        )
        self._last = _Known(quota.remaining, lane.now() + quota.reset)

    async def rest(self, seconds: float, lane: LoopState) -> None:
        """
        Tell the others that the server asked to rest.
        """
        await lane.transport.run_in_thread(lambda: self._storage.rest(self._book, seconds))

    def status(self, own: RateLimitStatus, now: float) -> RateLimitStatus:
        """
        Return how things stand, given how this process would by itself.
        """
        last = self._last
        if last is None or last.until <= now:
            return own
        return attrs.evolve(
            own,
            remaining=min(own.remaining, last.remaining),
            reset=max(own.reset, round(last.until - now, 6)),
        )

    def _ask(self, question: _Question) -> Steps[Grant | None]:
        now, member = question.now, question.member
        with self._lock:
            self._hear(now)
            is_behind = self._is_behind
        try:
            grant = yield from self._storage.take(
                self._book,
                question.limit,
                member,
                most=question.most,
                history=functools.partial(self._history, now) if self._mine else None,
                is_behind=is_behind,
            )
        except BaseException:
            # Ctrl-C, say. Nobody knows whether there is a turn to give back.
            question.is_answered = True
            raise
        if grant is None:
            return None
        with self._lock:
            question.is_answered = True
            if grant.has_turn and not question.is_given_up:
                self._mine[member] = now + grant.wait
            self._is_behind = False
            self._sharers = grant.sharers
            self._last = _Known(grant.remaining, now + grant.reset)
        if question.is_given_up:
            self._storage.leave(self._book, member)
        return grant

    async def _give_up(self, question: _Question, lane: LoopState) -> None:
        """
        Take no turn for *question*: it was cancelled, or is too late. If the answer is still to
        come, the thread that gets it gives the turn back.
        """
        with self._lock:
            question.is_given_up = True
            is_answered = question.is_answered
        if is_answered:
            await self._leave(question.member, lane)

    def _history(self, now: float) -> dict[str, float]:
        """
        Return the starts and turns of this process, each with its distance from *now* in seconds.
        """
        with self._lock:
            return {member: at - now for member, at in self._mine.items()}

    async def _leave(self, member: str, lane: LoopState) -> None:
        with self._lock:
            self._mine.pop(member, None)
        await lane.transport.run_in_thread(lambda: self._storage.leave(self._book, member))

    async def _wait(self, seconds: float, lapses: int, lane: LoopState, caller: Caller) -> bool:
        """
        Wait, and say meanwhile that this process is alive; return whether its turns were kept.
        """
        until = lane.now() + seconds
        while (left := until - lane.now()) > 0 and not caller.is_closed():
            await lane.transport.sleep(min(left, BEAT))
            # One call does it, for all that wait.
            if self._is_to_beat(lane.now()):
                history = functools.partial(self._history, lane.now())
                await lane.transport.run_in_thread(
                    functools.partial(self._storage.beat, self._book, history)
                )
        return lapses == self._lapses

    def _is_to_beat(self, now: float) -> bool:
        with self._lock:
            return self._hear(now) >= BEAT

    def _hear(self, now: float) -> float:
        """
        Note that something is said to the storage now; return after how many seconds of silence.
        """
        silence = now - self._heard_at
        if silence >= LEASE:
            self._lapses += 1
        if silence >= BEAT:
            self._heard_at = now
            self._forget(now, is_lapsed=silence >= LEASE)
        return silence

    def _forget(self, now: float, *, is_lapsed: bool) -> None:
        self._mine = {
            member: at
            for member, at in self._mine.items()
            if at + self._book.span > now and not (is_lapsed and at > now)
        }
