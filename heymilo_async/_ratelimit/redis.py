"""
A rate limit that processes share in Redis: the part of a process in it, and the client of Redis.

Permits are granted by the commands of `redis.lua`. A credential has three keys, named by its
HMAC-SHA256:

    {...}:starts:60.0   sorted set: starts and reservations, "process:number" -> microseconds
    {...}:alive         sorted set: processes, with the time of their last request
    {...}:cooldown      exists during a cool-down
"""

from __future__ import annotations

import contextlib
import functools
import hmac
import itertools
import logging
import math
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

import attrs

from .._core.retry import Quota
from .._core.secrets import Secret, printable, scrub
from .._core.settings import STORAGE_PASSWORD, Credential, RateLimitStatus
from .._core.transport import TooLateError
from .limiter import Caller, Permit, Window, fits, span_of

B = TypeVar("B")

#: Returns the starts and reservations of a process, in seconds relative to now.
History = Callable[[], Mapping[str, float]]

#: Seconds. A process with waiting calls is seen every `BEAT` by those that share its limit, and
#: believed dead after `LEASE`.
BEAT = 1.0
LEASE = 4.0
#: The maximum wait for Redis in seconds. Its sockets have timeouts, but DNS lookups have none.
_PATIENCE = 2.5
#: The assumed number of processes that share a limit, until Redis has reported it for a window:
#: where many start at once, the first reports are too low.
_ASSUMED_SHARERS = 16
#: Timeout in seconds for connecting and for each response, and the pause while Redis is down.
_TIMEOUT: Final = 0.5
_RETRY_AFTER: Final = 1.0

_MICRO: Final = 1_000_000
#: The maximum wait in seconds that a script gets.
_LONGEST: Final = 1e8
_CONTEXT: Final = b"heymilo_async: turns of a credential"

_log = logging.getLogger("heymilo_async")

#: One script for all commands, so that Redis has to be sent it once.
_SCRIPT: Final = (resources.files("heymilo_async._ratelimit") / "redis.lua").read_text("utf-8")


@attrs.frozen(kw_only=True)
class LimiterKeys:
    """
    Redis keys of one credential and window, which do not reveal the credential.
    """

    per: float
    span: float
    names: tuple[str, str, str]

    @classmethod
    def of(cls, credential: Credential, per: float) -> LimiterKeys:
        # Joined with NUL, which credentials do not contain.
        text = "\0".join("" if one is None else one.reveal() for one in credential)
        # (In braces, so that a cluster keeps them together.)
        name = f"heymilo:{{{hmac.new(_CONTEXT, text.encode(), 'sha256').hexdigest()}}}"
        names = (f"{name}:starts:{float(per)!r}", f"{name}:alive", f"{name}:cooldown")
        return cls(per=per, span=span_of(per), names=names)


@attrs.frozen
class Grant:
    """
    The response of Redis to a request for a permit.

    Attributes:
        is_granted: False if the wait would be too long; then nothing is reserved.
        wait: Seconds until the permit.
        reset: Seconds until all permits are available again.
        remaining: Permits that are available without a wait.
        sharers: The number of processes that used this credential recently, including this one.
    """

    is_granted: bool
    wait: float
    reset: float
    remaining: int
    sharers: int


class Storage:
    """
    A client of one Redis for any number of credentials; thread-safe, but not shared after a fork.

    Its methods block for at most a second, and return None while Redis is down, then without
    blocking. A transport runs them in a thread.
    """

    def __init__(
        self, url: Secret, shown: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._shown = shown
        self._clock = clock
        self._lock = threading.Lock()
        self._redis: Any = None
        #: While Redis is down, when to try again; else in the infinite past.
        self._asks_again_at = -math.inf
        self._is_closed = False
        #: The name of this process: the part of members before the colon.
        self._process = secrets.token_hex(6)
        self._numbers = itertools.count(1)

    @property
    def is_resting(self) -> bool:
        """
        Whether Redis is down, and it is too early for another request.
        """
        return self._clock() < self._asks_again_at

    def new_member(self) -> str:
        return f"{self._process}:{next(self._numbers)}"

    def reserve(
        self,
        keys: LimiterKeys,
        limit: int,
        member: str,
        *,
        most: float,
        history: History | None,
        is_behind: bool,
    ) -> Grant | None:
        """
        Reserve a permit for *member*, unless its wait would exceed *most* seconds.
        """
        command = ("reserve", limit, _micro(min(most, _LONGEST)), member)
        answer = self._run(keys, history, *command, is_behind=is_behind)
        if answer is None:
            return None
        is_granted, in_micro, remaining, sharers = answer
        wait = in_micro / _MICRO
        return Grant(bool(is_granted), wait, wait + keys.span, remaining, sharers)

    def start(self, keys: LimiterKeys, member: str) -> None:
        self._run(keys, None, "start", member)

    def release(self, keys: LimiterKeys, member: str) -> None:
        """
        Return the permit of *member*, even if the storage is closed.
        """
        self._ask(lambda redis: redis.zrem(keys.names[0], member), is_last_word=True)

    def beat(self, keys: LimiterKeys, history: History) -> None:
        self._run(keys, history, "beat")

    def observe(self, keys: LimiterKeys, limit: int, remaining: int, reset: float) -> None:
        counted, ago = max(0, limit - remaining), max(0.0, keys.per - reset)
        self._run(keys, None, "observe", counted, _micro(ago))

    def cool_down(self, keys: LimiterKeys, wait: float) -> None:
        self._ask(lambda redis: redis.set(keys.names[2], 1, px=math.ceil(wait * 1000)))

    def close(self) -> None:
        """
        Close the idle connections now, and the others as soon as they are idle.
        """
        self._is_closed = True
        if self._redis is not None:
            self._redis.connection_pool.disconnect(inuse_connections=False)

    def _run(
        self, keys: LimiterKeys, history: History | None, *command: Any, is_behind: bool = False
    ) -> Any:
        """
        Run a command of the script, with *history* if this process *is_behind* with sending it, or
        if Redis has lost it, for example after a restart.
        """

        def run(*, is_complete: bool) -> Any:
            starts = history() if history is not None and is_complete else {}
            pairs = [each for member, since in starts.items() for each in (_micro(since), member)]
            head = (_micro(keys.span), _micro(LEASE), self._process, int(is_complete))
            return self._ask(
                lambda redis: redis.register_script(_SCRIPT)(keys.names, (*head, *command, *pairs))
            )

        answer = run(is_complete=history is None or is_behind)
        return run(is_complete=True) if answer == -1 else answer

    def _ask(self, question: Callable[[Any], Any], *, is_last_word: bool = False) -> Any:
        if (self._is_closed and not is_last_word) or not self._may_ask():
            return None
        answer = fault = None
        try:
            with self._lock:
                self._redis = self._redis or _open(self._url)
            answer = question(self._redis)
        except Exception as error:
            # Keep only the text of the error, because its frames contain the password.
            own = Secret(unquote(urlsplit(self._url.reveal()).password or ""))
            passwords = own, Secret(os.getenv(STORAGE_PASSWORD, ""))
            text = printable(scrub(str(error), passwords), 200)
            fault = f"{type(error).__name__}: {text}"
        except BaseException as interruption:
            interruption.__context__ = None
            raise interruption.with_traceback(None)  # noqa: B904 - it is the one that came
        self.judge(fault)
        if self._is_closed:
            self.close()
        return answer

    def _may_ask(self) -> bool:
        if self._asks_again_at == -math.inf:
            return True
        with self._lock:
            if self.is_resting:
                return False
            # Only one caller tries again, for all.
            self._asks_again_at = self._clock() + _RETRY_AFTER
            return True

    def judge(self, fault: str | None) -> None:
        """
        Mark Redis as down because of *fault*, or as available; log a change.
        """
        with self._lock:
            was_down = self._asks_again_at > -math.inf
            self._asks_again_at = -math.inf if fault is None else self._clock() + _RETRY_AFTER
        if was_down and fault is None:
            _log.info("the storage of the rate limit, %s, is available again", self._shown)
        if fault is not None and not (was_down or self._is_closed):
            _log.warning(
                "the storage of the rate limit, %s, is unavailable (%s): "
                "until it is available again, this process uses its own share of the limit",
                self._shown,
                fault,
            )


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
            grant = None
            try:
                grant = await self._ask(functools.partial(self._answer, question), caller)
            finally:
                if grant is None:
                    # If the result is still outstanding, its thread returns the permit.
                    with self._lock:
                        question.is_given_up, is_answered = True, question.is_answered
                    if is_answered:
                        await self.release(question.member, caller)
            if grant is None or not grant.is_granted:
                return None if grant is None else grant.wait
            reservation = window.plan(limit, now(), grant.wait)
            permit = Permit(window, reservation, caller, self, question.member)
            if not grant.wait:
                return permit
            async with contextlib.AsyncExitStack() as unless_used:
                unless_used.push_async_callback(permit.release)
                # If there is no time for it any more, Redis says so when it is asked again.
                if fits(grant.wait, caller) and await self._wait(grant.wait, caller):
                    unless_used.pop_all()
                    return permit
        return Permit(window, window.plan(limit, now(), 0.0), caller)

    def fall_back(self, limit: int, window: Window, now: float) -> int:
        """
        Return this process's share of *limit* while Redis is down. Count starts in *window* that
        other processes may have made since the last response from Redis.
        """
        is_known = now - self._known_since >= self._keys.span
        sharers = self._sharers if is_known else max(self._sharers, _ASSUMED_SHARERS)
        share = max(1, limit // sharers)
        (remaining, until), self._last = self._last or (0, now), None
        window.observe(share, remaining // sharers, until - now, now)
        return share

    def remember_start(self, now: float) -> None:
        with self._lock:
            self._mine[self._storage.new_member()] = now
            self._is_behind = True

    async def start(self, member: str, caller: Caller) -> None:
        with self._lock:
            self._mine[member] = caller.loop_state.now()
        await self._ask(lambda: self._storage.start(self._keys, member), caller)

    async def release(self, member: str, caller: Caller) -> None:
        """
        Return the permit of *member* to Redis, even if the call is cancelled.
        """
        with self._lock:
            self._mine.pop(member, None)
        release = functools.partial(self._storage.release, self._keys, member)
        await caller.loop_state.transport.run_in_thread(release)

    async def observe(self, limit: int, observed: Quota, caller: Caller) -> None:
        remaining, reset = observed.remaining, observed.reset
        await self._ask(lambda: self._storage.observe(self._keys, limit, remaining, reset), caller)
        self._last = remaining, caller.loop_state.now() + reset

    async def cool_down(self, seconds: float, caller: Caller) -> None:
        await self._ask(lambda: self._storage.cool_down(self._keys, seconds), caller)

    def status(self, own: RateLimitStatus, now: float) -> RateLimitStatus:
        remaining, until = self._last or (0, now)
        if until <= now:
            return own
        reset = max(own.reset, round(until - now, 6))
        return attrs.evolve(own, remaining=min(own.remaining, remaining), reset=reset)

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
                self._storage.judge("the request took too long")
            return None

    def _answer(self, question: _Question) -> Grant | None:
        now, member = question.now, question.member
        self._hear(now)
        try:
            grant = self._storage.reserve(
                self._keys,
                question.limit,
                member,
                most=question.most,
                # First, because a start that is missing in Redis sets it after the history.
                is_behind=self._is_behind,
                history=functools.partial(self._history, now) if self._mine else None,
            )
        finally:
            # Also after Ctrl-C, when it is unknown whether there is a permit to return.
            question.is_answered = True
        if grant is None:
            question.is_answered = False  # there is nothing to return
            return None
        with self._lock:
            if grant.is_granted and not question.is_given_up:
                self._mine[member] = now + grant.wait
            self._is_behind = False
            self._sharers = grant.sharers
            self._known_since = min(self._known_since, now)
            self._last = grant.remaining, now + grant.reset
        if question.is_given_up:
            self._storage.release(self._keys, member)
        return grant

    def _history(self, now: float) -> dict[str, float]:
        with self._lock:
            return {member: at - now for member, at in self._mine.items()}

    async def _wait(self, seconds: float, caller: Caller) -> bool:
        """
        Wait, and renew the reservations of this process; return whether they are still valid.
        """
        now, lapses = caller.loop_state.now, self._lapses
        until = now() + seconds
        while (left := until - now()) > 0 and not caller.is_closed:
            await caller.loop_state.transport.sleep(min(left, BEAT))
            # One of the waiting calls renews for all.
            if self._hear(now()) >= BEAT:
                history = functools.partial(self._history, now())
                await self._ask(functools.partial(self._storage.beat, self._keys, history), caller)
        return lapses == self._lapses

    def _hear(self, now: float) -> float:
        """
        Record that a request to Redis happens now; return the seconds since the previous one.
        """
        with self._lock:
            silence = now - self._heard_at
            if silence >= BEAT:
                self._heard_at = now
                is_lapse = silence >= LEASE
                self._lapses += is_lapse
                self._mine = {
                    member: at
                    for member, at in self._mine.items()
                    if at + self._keys.span > now and not (is_lapse and at > now)
                }
        return silence


def _open(url: Secret) -> Any:
    from redis import Redis, backoff, exceptions, retry  # noqa: PLC0415 - an extra, slow to import

    return Redis.from_url(
        url.reveal(),
        # Used only if the URL has no password.
        password=os.getenv(STORAGE_PASSWORD) or None,
        socket_timeout=_TIMEOUT,
        socket_connect_timeout=_TIMEOUT,
        # Once, because the connection may have been idle for too long, or Redis was restarted. By
        # default it would retry for seconds while a call waits.
        retry=retry.Retry(backoff.NoBackoff(), 1, (exceptions.ConnectionError,)),
        retry_on_error=[exceptions.ConnectionError],
    )


def _micro(seconds: float) -> int:
    return round(seconds * _MICRO)
