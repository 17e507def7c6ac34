"""
What all views of one client share: transports, limiters, cool-downs, and the budget for retries.
"""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Hashable
from typing import Any

import attrs

from ._core.clock import monotonic
from ._core.secrets import Secret
from ._core.settings import PoolSettings, Settings
from ._http import AsyncTransport, BlockingTransport
from ._ratelimit.limiter import RateLimiter, SharedRateLimiter
from ._ratelimit.redis import LimiterKeys, Storage
from ._ratelimit.window import CoolDowns
from .errors import ClientClosedError, EventLoopError

#: Credentials with a rate limit before those are forgotten that nobody uses any more.
_MANY = 1000


class RetryBudget:
    """
    Tokens that retries cost and successes bring back, so that a dead server is left alone.

    As in the standard mode of botocore: 500 tokens, of which a retry takes 14 (5 after a 429);
    a success gives back what its last retry took, or 1.
    """

    CAPACITY = 500

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = self._tokens = capacity
        self._lock = threading.Lock()

    @property
    def tokens(self) -> int:
        """
        How many are left.
        """
        return self._tokens

    def take(self, cost: int) -> bool:
        """
        Take *cost* tokens; return False, and take none, if there are not so many.
        """
        with self._lock:
            enough = cost <= self._tokens
            self._tokens -= cost if enough else 0
            return enough

    def give_back(self, tokens: int) -> None:
        """
        Put *tokens* back, up to the capacity.
        """
        if self._tokens < self._capacity:
            with self._lock:
                self._tokens = min(self._capacity, self._tokens + tokens)


@attrs.frozen(eq=False)
class LoopState:
    """
    What belongs to one event loop (or to blocking code) in one process.

    Attributes:
        ahead: Seconds by which the pool's clock is ahead of the transport's.
    """

    transport: AsyncTransport | BlockingTransport
    ahead: float

    def now(self) -> float:
        """
        Return the pool's clock, which all its event loops share; it goes as fast as the transport's.
        """
        return self.transport.now() + self.ahead


class Pool:
    """
    State for each event loop that the client is used in, and a new set of them after a fork.
    """

    #: Whether there ever was one in this process; on the class for one whose making failed.
    _opened = False

    def __init__(
        self,
        settings: PoolSettings,
        transport: type[AsyncTransport | BlockingTransport],
        *,
        owner: str,
        warn: Callable[..., None] = warnings.warn,
    ) -> None:
        self._settings = settings
        self._transport_type = transport
        self._owner = owner
        # Bound now: at the interpreter's exit the module may be gone before this object is.
        self._warn = warn
        self._closed = False
        self._start_anew()
        _pools.add(self)

    def _start_anew(self) -> None:
        # Locks too: the parent's may have been held, by a thread that this process does not have.
        self._lock = threading.Lock()
        self._opened = False
        self._loop_states: weakref.WeakKeyDictionary[Any, LoopState] = weakref.WeakKeyDictionary()
        self._limiters: dict[Hashable, RateLimiter] = {}
        self._many = _MANY
        self._cool_downs = CoolDowns()
        self._storages: dict[Secret, Storage] = {}
        self.budget: RetryBudget = RetryBudget()

    @property
    def settings(self) -> PoolSettings:
        """
        What it was made with.
        """
        return self._settings

    @property
    def closed(self) -> bool:
        """
        Whether it was closed; it stays so.
        """
        return self._closed

    def require_open(self) -> None:
        """
        Raise `ClientClosedError` if it was closed.
        """
        if self._closed:
            message = f"this {self._owner} is closed: make a new one, or use it within its `with`"
            raise ClientClosedError(message)

    def loop_state(self) -> LoopState:
        """
        Return the state of the running event loop, a new one if there is none yet.

        Raises:
            ClientClosedError: The client is closed.
            EventLoopError: The `http_client` is the user's own and belongs to another loop.
        """
        self.require_open()
        place = self._transport_type.loop_key()
        state = self._loop_states.get(place)
        return state if state is not None else self._new_loop_state(place)

    def _new_loop_state(self, place: Any) -> LoopState:
        with self._lock:
            if place in self._loop_states:
                return self._loop_states[place]
            if self._settings.http_client is not None and self._opened:
                message = (
                    "your http_client was used in another event loop, where its connections "
                    "are: give each loop a client of its own, or leave http_client out"
                )
                raise EventLoopError(message)
            self._opened = True
            self._let_closed_loops_go()
            transport = self._transport_type(self._settings)
            state = self._loop_states[place] = LoopState(transport, monotonic() - transport.now())
            return state

    def _let_closed_loops_go(self) -> None:
        # A state knows its loop, by the clock: as long as it is kept, so is the loop.
        for reference in self._loop_states.keyrefs():
            loop = reference()
            if getattr(loop, "is_closed", bool)():
                self._loop_states.pop(loop, None)

    def now(self) -> float:
        """
        Return the clock that all its event loops share; with an event loop or without.
        """
        state = None
        with contextlib.suppress(RuntimeError):
            state = self._loop_states.get(self._transport_type.loop_key())
        return monotonic() if state is None else state.now()

    def limiter(self, settings: Settings) -> RateLimiter:
        """
        Return the limiter of the settings' credential, for windows as long as theirs.
        """
        policy = settings.rate_limit
        key = settings.credential, policy and policy.per, policy and policy._storage
        return self._limiters.get(key) or self._new_limiter(key, settings)

    def _new_limiter(self, key: Hashable, settings: Settings) -> RateLimiter:
        policy, credential = settings.rate_limit, settings.credential
        with self._lock:
            if len(self._limiters) >= self._many:
                # Keys come and go, in a program that serves many of them.
                now = self.now()
                self._limiters = {
                    one: it for one, it in self._limiters.items() if not it.is_idle(now)
                }
                self._many = max(_MANY, 2 * len(self._limiters))
            shared = None
            if policy is not None and policy._storage is not None and policy.storage is not None:
                storage = self._storages.setdefault(
                    policy._storage, Storage(policy._storage, policy.storage)
                )
                shared = SharedRateLimiter(storage, LimiterKeys.of(credential, policy.per))
            per = 1.0 if policy is None else policy.per
            limiter = RateLimiter(credential, self._cool_downs, per, shared)
            return self._limiters.setdefault(key, limiter)

    async def aclose(self) -> None:
        """
        Close the connections of the running event loop; the others are closed with theirs.
        """
        if not self._closed:
            state = self._loop_states.get(self._transport_type.loop_key())
            self._closed = True
            with self._lock:
                # Another thread may be about to add one, to a view with a storage of its own.
                storages = list(self._storages.values())
            for storage in storages:
                storage.close()
            if state is not None:
                await state.transport.aclose()

    def __del__(self) -> None:
        # No I/O here, and no import: this may run in any thread, at any time, even at exit.
        if self._opened and not self._closed and self._settings.http_client is None:
            message = f"unclosed {self._owner}: use `with`, or call its close method"
            self._warn(message, ResourceWarning, stacklevel=2, source=self)


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
#: In a child process: the parent's transports, never used and never closed, since closing a
#: connection may write to it.
_abandoned: list[Any] = []


def _after_fork() -> None:
    for pool in list(_pools):
        _abandoned.extend(pool._loop_states.values())
        _abandoned.extend(pool._storages.values())
        pool._start_anew()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has none, and needs none
    os.register_at_fork(after_in_child=_after_fork)
