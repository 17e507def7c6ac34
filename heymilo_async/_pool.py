"""
The state that all views of one client share: transports, limiters, cool-downs, retry budget.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from ._core.blocking import BlockingLock
from ._core.secrets import CredentialSource, Secret
from ._core.settings import PoolSettings, Settings
from ._core.transport import monotonic
from ._ratelimit.limiter import CoolDowns, RateLimiter
from .errors import ClientClosedError, EventLoopError

if TYPE_CHECKING:
    from ._http import AsyncTransport, BlockingTransport
    from ._ratelimit.redis import Storage

#: When the pool has this many limiters, it drops those that count nothing.
_MANY = 1000


class RetryBudget:
    """
    A token bucket that limits retries while a server is down.

    As in botocore's standard mode, it has 500 tokens. A retry takes 14 tokens, or 5 after a 429. A
    call that succeeds returns the tokens that its last retry took, or 1 if it had no retry.
    """

    CAPACITY = 500

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = self._tokens = capacity
        self._lock = threading.Lock()

    @property
    def tokens(self) -> int:
        """
        The number of remaining tokens.
        """
        return self._tokens

    def take(self, cost: int) -> bool:
        """
        Take *cost* tokens, or return False if there are fewer.
        """
        with self._lock:
            enough = cost <= self._tokens
            self._tokens -= cost if enough else 0
            return enough

    def give_back(self, tokens: int) -> None:
        """
        Return *tokens*, up to the capacity.
        """
        if self._tokens < self._capacity:
            with self._lock:
                self._tokens = min(self._capacity, self._tokens + tokens)


class AsyncLock:
    """
    A lock of an event loop, as `BlockingLock` is one of threads.
    """

    def __init__(self) -> None:
        self._lock = anyio.Lock()

    async def acquire_within(self, seconds: float) -> bool:
        """
        Wait for the lock for at most *seconds*; return whether this task has it now.
        """
        with anyio.move_on_after(seconds) as waiting:
            await self._lock.acquire()
        return not waiting.cancelled_caught

    def release(self) -> None:
        """
        Release the lock.
        """
        self._lock.release()


@attrs.frozen(eq=False, repr=False)
class LoopState:
    """
    State owned by one event loop, or by blocking code.

    Attributes:
        clock_offset: How many seconds the pool's clock is ahead of the transport's.
        awaits: Whether a credential function may return an awaitable.
    """

    transport: AsyncTransport | BlockingTransport
    clock_offset: float
    awaits: bool
    _locks: weakref.WeakKeyDictionary[CredentialSource, AsyncLock | BlockingLock] = attrs.field(
        factory=weakref.WeakKeyDictionary, init=False
    )
    _table: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def lock_of(self, source: CredentialSource) -> AsyncLock | BlockingLock:
        """
        Return the lock that lets one call at a time call *source*.
        """
        with self._table:
            if source not in self._locks:
                self._locks[source] = AsyncLock() if self.awaits else BlockingLock()
            return self._locks[source]

    def now(self) -> float:
        """
        Return the time of the pool's clock, which all its event loops share.
        """
        return self.transport.now() + self.clock_offset


class Pool:
    """
    Keeps a `LoopState` for each event loop, and starts with new ones after a fork.
    """

    #: Whether this process has created a loop state. (`__del__` reads it even if `__init__` failed.)
    _opened = False

    def __init__(
        self,
        settings: PoolSettings,
        transport: type[AsyncTransport | BlockingTransport],
        *,
        owner: str,
        awaits: bool,
        warn: Callable[..., None] = warnings.warn,
    ) -> None:
        # Import it now: a call that fails for lack of a file descriptor could not import it later.
        importlib.import_module("tenacity")

        self._settings = settings
        self._transport_type = transport
        self._owner = owner
        self._awaits = awaits
        self._statement, self._method = (
            ("`async with`", "aclose") if awaits else ("`with`", "close")
        )
        # Kept here, because `warnings` may be unloaded before this object when the interpreter exits.
        self._warn = warn
        #: Whether the pool is closed, which is final.
        self.closed = False
        self._reset()
        _pools.add(self)

    def _reset(self) -> None:
        # New locks too, because a thread of the parent may have held the old ones during the fork.
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
        The pool's settings.
        """
        return self._settings

    def require_open(self) -> None:
        """
        Raise `ClientClosedError` if the pool is closed.
        """
        if self.closed:
            message = f"this {self._owner} is closed: create a new one, or use it inside {self._statement}"
            raise ClientClosedError(message)

    def loop_state(self) -> LoopState:
        """
        Return the state of the running event loop; create it if necessary.

        Raises:
            ClientClosedError: The client is closed.
            EventLoopError: The user's own `http_client` belongs to another loop.
        """
        self.require_open()
        loop_id = self._transport_type.loop_key()
        state = self._loop_states.get(loop_id)
        return state if state is not None else self._new_loop_state(loop_id)

    def _new_loop_state(self, loop_id: Any) -> LoopState:
        with self._lock:
            if loop_id in self._loop_states:
                return self._loop_states[loop_id]
            if self._settings.http_client is not None and self._opened:
                message = (
                    "your http_client was already used in another event loop, which owns its "
                    "connections: create a client for each loop, or omit http_client"
                )
                raise EventLoopError(message)
            self._opened = True
            self._drop_closed_loops()
            transport = self._transport_type(self._settings)
            clock_offset = monotonic() - transport.now()
            state = self._loop_states[loop_id] = LoopState(transport, clock_offset, self._awaits)
            return state

    def _drop_closed_loops(self) -> None:
        # A state keeps its loop alive, because the transport's clock refers to the loop.
        for reference in self._loop_states.keyrefs():
            loop = reference()
            if getattr(loop, "is_closed", bool)():
                self._loop_states.pop(loop, None)

    def now(self) -> float:
        """
        Return the time of the clock that all event loops share; works without an event loop, too.
        """
        state = None
        with contextlib.suppress(RuntimeError):
            state = self._loop_states.get(self._transport_type.loop_key())
        return monotonic() if state is None else state.now()

    def limiter(self, settings: Settings) -> RateLimiter:
        """
        Return the limiter for the credential and the window of *settings*.

        A renewed credential keeps its limiter. With a shared storage, each credential has its own,
        because other processes know only the credential that they send.
        """
        policy = settings.rate_limit
        storage = policy and policy._storage
        counted_by = settings.identity if storage is None else settings.credential
        key = counted_by, policy and policy.per, storage
        return self._limiters.get(key) or self._new_limiter(key, settings)

    def _new_limiter(self, key: Hashable, settings: Settings) -> RateLimiter:
        policy, credential = settings.rate_limit, settings.credential
        with self._lock:
            if len(self._limiters) >= self._many:
                # For example, a web server that uses each customer's key for a moment.
                now = self.now()
                self._limiters = {
                    other: one
                    for other, one in self._limiters.items()
                    if not one.window.is_empty(now)
                }
                self._many = max(_MANY, 2 * len(self._limiters))
            shared = None
            if policy is not None and policy._storage is not None and policy.storage is not None:
                # Imported here, because only programs that share a limit need it.
                from ._ratelimit.redis import (  # noqa: PLC0415
                    LimiterKeys,
                    SharedRateLimiter,
                    Storage,
                )

                storage = self._storages.setdefault(
                    policy._storage, Storage(policy._storage, policy.storage)
                )
                shared = SharedRateLimiter(storage, LimiterKeys.of(credential, policy.per))
            per = 1.0 if policy is None else policy.per
            limiter = RateLimiter(settings.identity, self._cool_downs, per, shared)
            return self._limiters.setdefault(key, limiter)

    async def aclose(self) -> None:
        """
        Close the connections of the running event loop; other loops close their own.
        """
        if not self.closed:
            state = self._loop_states.get(self._transport_type.loop_key())
            self.closed = True
            with self._lock:
                # A copy: another thread may add a storage at the same time, for another view.
                storages = list(self._storages.values())
            for storage in storages:
                storage.close()
            if state is not None:
                await state.transport.aclose()

    def __del__(self) -> None:
        # No I/O and no import here: it may run in any thread, at any time, even at exit.
        if self._opened and not self.closed and self._settings.http_client is None:
            message = f"unclosed {self._owner}: use {self._statement}, or call {self._method}()"
            self._warn(message, ResourceWarning, stacklevel=2, source=self)


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
#: In a child process, the parent's transports. They are never used, and never closed, because
#: closing a connection may write to it.
_abandoned: list[Any] = []


def _after_fork() -> None:
    for pool in list(_pools):
        _abandoned.extend(pool._loop_states.values())
        _abandoned.extend(pool._storages.values())
        pool._reset()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
