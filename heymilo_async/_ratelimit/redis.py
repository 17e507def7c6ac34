"""
A rate limit that processes share in Redis: this process's part of it, and the Redis client.

The commands of `redis.lua` grant permits. A credential has three keys, named by its HMAC-SHA256:

    {...}:starts:60.0   sorted set: starts and reservations, "process:number" -> microseconds
    {...}:alive         sorted set: processes, with the time of their latest request to Redis
    {...}:cooldown      exists during a cool-down
"""

from __future__ import annotations

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
from .limiter import RETRY_INTERVAL, Caller, Permit, Reservation, Window, span_of

B = TypeVar("B")

#: Returns the starts and reservations of a process, in seconds relative to now.
History = Callable[[], Mapping[str, float]]

#: Seconds. While calls wait, their process sends Redis a heartbeat every `HEARTBEAT`. A process that
#: sent nothing for a `LEASE` counts as dead, and its reservations are free again.
HEARTBEAT = 1.0
LEASE = 4.0
#: The maximum wait for Redis in seconds: sockets have timeouts, but DNS lookups have none.
_LONGEST_REQUEST = 2.5
#: The assumed number of processes that share a limit, until Redis has reported it for a window: if
#: many processes start at once, the first reports are too low.
_ASSUMED_SHARERS = 16
#: Timeout in seconds for connecting and for each response.
_TIMEOUT: Final = 0.5

_MICRO: Final = 1_000_000
#: The maximum wait in seconds that the script receives: it cannot read infinity.
_LONGEST: Final = 1e8
_CONTEXT: Final = b"heymilo_async: rate limit of a credential"

_log = logging.getLogger("heymilo_async")

#: One script with all commands, so that Redis has to receive only one.
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
        remaining: Permits that are available without a wait.
        sharers: The number of processes that used this credential recently, including this one.
    """

    is_granted: bool
    wait: float
    remaining: int
    sharers: int


class Storage:
    """
    A client of one Redis for any number of credentials; thread-safe, but not shared after a fork.

    Its methods block for at most a second. While Redis is down, they return None, and only one of
    them a second tries to reach it. A transport runs them in a thread.
    """

    def __init__(
        self, url: Secret, shown: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._shown = shown
        self._clock = clock
        self._lock = threading.Lock()
        self._redis: Any = None
        #: When to try Redis again while it is down; minus infinity while it is available.
        self._next_try_at = -math.inf
        self._is_closed = False
        #: The name of this process: the part of members before the colon.
        self._process = secrets.token_hex(6)
        self._numbers = itertools.count(1)

    @property
    def is_down(self) -> bool:
        """
        Whether Redis is down, and it is too early to try again.
        """
        return self._clock() < self._next_try_at

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
        sends_history: bool,
    ) -> Grant | None:
        """
        Reserve a permit for *member*, unless its wait would exceed *most* seconds.
        """
        command = ("reserve", limit, min(most, _LONGEST), member)
        reply = self._run(keys, history, *command, sends_history=sends_history)
        return None if reply is None else Grant(bool(reply[0]), reply[1] / _MICRO, *reply[2:])

    def start(self, keys: LimiterKeys, member: str) -> Any:
        return self._run(keys, None, "start", member)

    def release(self, keys: LimiterKeys, member: str) -> None:
        """
        Return the permit of *member*, even if the storage is closed.
        """
        self._send(lambda redis: redis.zrem(keys.names[0], member), is_after_close=True)

    def heartbeat(self, keys: LimiterKeys, history: History) -> None:
        self._run(keys, history, "heartbeat")

    def observe(self, keys: LimiterKeys, limit: int, remaining: int, reset: float) -> None:
        counted, ago = max(0, limit - remaining), max(0.0, keys.per - reset)
        self._run(keys, None, "observe", counted, ago)

    def cool_down(self, keys: LimiterKeys, wait: float) -> None:
        self._send(lambda redis: redis.set(keys.names[2], 1, px=math.ceil(wait * 1000)))

    def close(self) -> None:
        """
        Close the idle connections now, and the others as soon as they are idle.
        """
        self._is_closed = True
        if self._redis is not None:
            self._redis.connection_pool.disconnect(inuse_connections=False)

    def _run(
        self, keys: LimiterKeys, history: History | None, *command: Any, sends_history: bool = False
    ) -> Any:
        """
        Run a command of the script. Send *history* if *sends_history*, or if Redis has lost it, for
        example after a restart.
        """

        def run(*, is_complete: bool) -> Any:
            starts = history() if history is not None and is_complete else {}
            pairs = [each for member, since in starts.items() for each in (since, member)]
            arguments = (keys.span, LEASE, self._process, int(is_complete), *command, *pairs)
            return self._send(lambda redis: redis.register_script(_SCRIPT)(keys.names, arguments))

        reply = run(is_complete=history is None or sends_history)
        return run(is_complete=True) if reply == -1 else reply

    def _send(self, command: Callable[[Any], Any], *, is_after_close: bool = False) -> Any:
        if (self._is_closed and not is_after_close) or not self._may_send():
            return None
        result = fault = None
        try:
            with self._lock:
                self._redis = self._redis or _open(self._url)
            result = command(self._redis)
        except Exception as error:
            # Keep only the text of the error, because its frames contain the password.
            own = Secret(unquote(urlsplit(self._url.reveal()).password or ""))
            passwords = own, Secret(os.getenv(STORAGE_PASSWORD, ""))
            text = printable(scrub(str(error), passwords), 200)
            fault = f"{type(error).__name__}: {text}"
        except BaseException as interruption:
            interruption.__context__ = None
            raise interruption.with_traceback(None)  # noqa: B904 - the same exception
        self.mark(fault)
        if self._is_closed:
            self.close()
        return result

    def _may_send(self) -> bool:
        with self._lock:
            if self.is_down:
                return False
            if self._next_try_at > -math.inf:
                # Only one caller tries again, on behalf of all.
                self._next_try_at = self._clock() + RETRY_INTERVAL
            return True

    def mark(self, fault: str | None) -> None:
        """
        Mark Redis as down because of *fault*, or as available; log a change.
        """
        with self._lock:
            was_down = self._next_try_at > -math.inf
            self._next_try_at = -math.inf if fault is None else self._clock() + RETRY_INTERVAL
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
class _PermitRequest:
    """
    A call's request to Redis: when it was sent, if it may hold a permit, and if the call gave up.
    """

    member: str
    sent_at: float = 0.0
    may_hold: bool = False
    is_abandoned: bool = False


class SharedRateLimiter:
    """
    The part of this process in a rate limit that processes share in Redis.
    """

    def __init__(self, storage: Storage, keys: LimiterKeys) -> None:
        self._storage = storage
        self._keys = keys
        #: Redis learns of a start that is later than planned by more than a part of the margin.
        self.tolerance = (keys.span - keys.per) / 4
        #: A call asks Redis again this many seconds before its planned start, because those before it
        #: may have started late. Many calls may start at once, so it does not ask at that time.
        self._lead = min(HEARTBEAT, keys.span / 4)
        self._lock = threading.Lock()
        #: This process's starts and reservations that still count, by member, in case Redis loses them.
        self._own_starts: dict[str, float] = {}
        #: Whether some of them were never sent to Redis.
        self._has_unsent_starts = False
        self._renewed_at = 0.0
        self._sharers = 1
        #: When Redis first reported the number of sharers.
        self._known_since = math.inf
        #: The last status from Redis: remaining permits, and when all are available again.
        self._last: tuple[int, float] | None = None

    async def acquire(self, limit: int, caller: Caller, window: Window) -> Permit | float | None:
        """
        Wait for a permit and return it, or return the wait if it is too long for *caller*, or None
        if Redis is down or *caller* closed. *window* counts the permit as well.
        """
        reservation, planned = Reservation(limit, 0.0), 0.0
        request, is_granted = _PermitRequest(self._storage.new_member()), False
        try:
            while not (is_granted or caller.is_closed):
                grant = await self._run(lambda: self._reserve(request, limit, caller), caller)
                if grant is not None:
                    if not grant.is_granted:
                        return grant.wait
                    # Not from now, because the response may have come late.
                    window.plan(reservation, request.sent_at, grant.wait)
                    delay = reservation.at - max(planned, request.sent_at)
                    if delay > self.tolerance:
                        if delay >= caller.remaining:
                            return grant.wait
                        caller.will_wait(delay)
                    planned = reservation.at
                elif not planned or request.member not in self._own_starts:
                    break
                wait = planned - caller.loop_state.now()
                # While Redis is down, a reservation remains valid.
                is_last = grant is None or wait <= self._lead
                await self._wait(wait if is_last else wait - self._lead, request.member, caller)
                is_granted = is_last and request.member in self._own_starts
            return Permit(window, reservation, caller, self, request.member) if is_granted else None
        finally:
            if not is_granted:
                window.release(reservation)
                # If there is no result yet, the thread will return the permit.
                with self._lock:
                    request.is_abandoned, may_hold = True, request.may_hold
                if may_hold:
                    await self.release(request.member, caller)

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
            self._own_starts[self._storage.new_member()] = now
            self._has_unsent_starts = True

    async def start(self, member: str, caller: Caller) -> None:
        with self._lock:
            self._own_starts[member] = caller.loop_state.now()
        if not await self._run(lambda: self._storage.start(self._keys, member), caller):
            self._has_unsent_starts = True

    async def release(self, member: str, caller: Caller) -> None:
        """
        Return the permit of *member* to Redis, even if the call is cancelled.
        """
        with self._lock:
            self._own_starts.pop(member, None)
        release = functools.partial(self._storage.release, self._keys, member)
        await caller.loop_state.transport.run_in_thread(release)

    async def observe(self, limit: int, observed: Quota, caller: Caller) -> None:
        remaining, reset = observed.remaining, observed.reset
        await self._run(lambda: self._storage.observe(self._keys, limit, remaining, reset), caller)
        self._last = remaining, caller.loop_state.now() + reset

    async def cool_down(self, seconds: float, caller: Caller) -> None:
        await self._run(lambda: self._storage.cool_down(self._keys, seconds), caller)

    def status(self, own: RateLimitStatus, now: float) -> RateLimitStatus:
        remaining, until = self._last or (0, now)
        if until <= now:
            return own
        reset = max(own.reset, round(until - now, 6))
        return attrs.evolve(own, remaining=min(own.remaining, remaining), reset=reset)

    async def _run(self, request: Callable[[], B], caller: Caller) -> B | None:
        """
        Run *request* in a thread and return its result; None if Redis is down, or too slow.
        """
        while not self._storage.is_down:
            last = self._last
            # At most half of the remaining time, so that a slow Redis does not make the call fail.
            within = max(0.0, min(caller.remaining / 2, _LONGEST_REQUEST))
            try:
                return await caller.loop_state.transport.run_in_thread(request, within)
            except TooLateError:
                if within < _LONGEST_REQUEST:
                    break
                # If others got permits in the meantime, it only waited for a thread.
                if self._last is last:
                    self._storage.mark("the request took too long")
        return None

    def _reserve(self, request: _PermitRequest, limit: int, caller: Caller) -> Grant | None:
        now, member = caller.loop_state.now(), request.member
        request.sent_at = now
        self._renew_lease(now)
        # First, because `remember_start` adds a start to the history before it sets this.
        with self._lock:
            sends_history, self._has_unsent_starts = self._has_unsent_starts, False
        try:
            grant = self._storage.reserve(
                self._keys,
                limit,
                member,
                most=caller.remaining,
                sends_history=sends_history,
                history=functools.partial(self._history, now) if self._own_starts else None,
            )
        finally:
            # Even after Ctrl-C: there may be a permit to return.
            request.may_hold = True
        request.may_hold = grant is not None and grant.is_granted
        if grant is None:
            self._has_unsent_starts |= sends_history
            return None
        with self._lock:
            self._own_starts.pop(member, None)
            if grant.is_granted and not request.is_abandoned:
                self._own_starts[member] = now + grant.wait
            self._sharers = grant.sharers
            self._known_since = min(self._known_since, now)
            self._last = grant.remaining, now + grant.wait + self._keys.span
        if request.is_abandoned:
            self._storage.release(self._keys, member)
        return grant

    def _history(self, now: float) -> dict[str, float]:
        with self._lock:
            return {member: at - now for member, at in self._own_starts.items()}

    async def _wait(self, seconds: float, member: str, caller: Caller) -> None:
        """
        Wait as long as *member* is reserved, and renew this process's reservations meanwhile.
        """
        now = caller.loop_state.now
        until = now() + seconds
        while (left := until - now()) > 0 and member in self._own_starts and not caller.is_closed:
            await caller.loop_state.transport.sleep(min(left, HEARTBEAT))
            # One of the waiting calls renews for all.
            if self._renew_lease(now()) >= HEARTBEAT:
                history = functools.partial(self._history, now())
                heartbeat = functools.partial(self._storage.heartbeat, self._keys, history)
                await self._run(heartbeat, caller)

    def _renew_lease(self, now: float) -> float:
        """
        Record that a request to Redis renews the lease; return the seconds since the previous one.
        """
        with self._lock:
            silence = now - self._renewed_at
            if silence >= HEARTBEAT:
                self._renewed_at = now
                oldest = now - self._keys.span
                # After a lease, Redis may have granted the reservations of this process to others.
                latest = now if silence >= LEASE else math.inf
                starts = self._own_starts.items()
                self._own_starts = {one: at for one, at in starts if oldest < at <= latest}
        return silence


def _open(url: Secret) -> Any:
    from redis import Redis, backoff, exceptions, retry  # noqa: PLC0415 - an extra, slow to import

    return Redis.from_url(
        url.reveal(),
        # Used only if the URL has no password.
        password=os.getenv(STORAGE_PASSWORD) or None,
        socket_timeout=_TIMEOUT,
        socket_connect_timeout=_TIMEOUT,
        # Retry once, because an idle connection may be dead, for example after a restart of Redis.
        # By default redis-py retries for seconds, and a call would wait for it.
        retry=retry.Retry(backoff.NoBackoff(), 1, (exceptions.ConnectionError,)),
        retry_on_error=[exceptions.ConnectionError],
    )
