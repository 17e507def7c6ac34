"""
What all views of one client share: transports, cool-downs, turns, and the budget for retries.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Hashable
from typing import Any

import attrs

from ._core.secrets import Secret
from ._core.settings import Credential, PoolSettings, RateLimit, Settings
from ._http import AsyncTransport, BlockingTransport
from ._ratelimit.limiter import Shared, Turns
from ._ratelimit.redis import Book, Storage
from ._ratelimit.window import CoolDown
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

    Clocks differ between event loops, so the cool-downs are here and not in the pool.

    Attributes:
        ahead: Seconds by which the pool's clock is ahead of the transport's.
    """

    transport: AsyncTransport | BlockingTransport
    ahead: float
    cool_down: CoolDown = attrs.field(factory=CoolDown)

    def now(self) -> float:
        """
        Return the pool's clock, which all its lanes share; it goes as fast as the transport's.
        """
        return self.transport.now() + self.ahead


class Pool:
    """
    A lane for each event loop that the client is used in, and a new set of them after a fork.
    """

    #: Whether there ever was a lane in this process; on the class for one whose making failed.
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
        self._turns: dict[Hashable, Turns] = {}
        self._many = _MANY
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
        Return the lane of the running event loop, a new one if there is none yet.

        Raises:
            ClientClosedError: The client is closed.
            EventLoopError: The `http_client` is the user's own and belongs to another loop.
        """
        self.require_open()
        place = self._transport_type.loop_key()
        lane = self._loop_states.get(place)
        return lane if lane is not None else self._new_loop_state(place)

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
            lane = self._loop_states[place] = LoopState(
                transport, time.monotonic() - transport.now()
            )
            return lane

    def _let_closed_loops_go(self) -> None:
        # A state knows its loop, by the clock: as long as it is kept, so is the loop.
        for reference in self._loop_states.keyrefs():
            loop = reference()
            if getattr(loop, "is_closed", bool)():
                self._loop_states.pop(loop, None)

    def now(self) -> float:
        """
        Return the clock that the lanes share; with an event loop or without.
        """
        lane = None
        with contextlib.suppress(RuntimeError):
            lane = self._loop_states.get(self._transport_type.loop_key())
        return time.monotonic() if lane is None else lane.now()

    def turns(self, settings: Settings) -> Turns | None:
        """
        Return the turns of the settings' credential, None if these settings have no rate limit.
        """
        rule = settings.rate_limit
        if rule is None:
            return None
        key = settings.credential, rule.per, rule._storage
        return self._turns.get(key) or self._new_turns(key, rule, settings.credential)

    def _new_turns(self, key: Hashable, rule: RateLimit, credential: Credential) -> Turns:
        with self._lock:
            if len(self._turns) >= self._many:
                # Keys come and go, in a program that serves many of them.
                now = self.now()
                self._turns = {one: it for one, it in self._turns.items() if not it.is_idle(now)}
                self._many = max(_MANY, 2 * len(self._turns))
            shared = None
            if rule._storage is not None and rule.storage is not None:
                storage = self._storages.setdefault(
                    rule._storage, Storage(rule._storage, rule.storage)
                )
                shared = Shared(storage, Book.of(credential, rule.per))
            return self._turns.setdefault(key, Turns(rule.per, shared))

    async def aclose(self) -> None:
        """
        Close the connections of the running event loop; the others are closed with theirs.
        """
        if not self._closed:
            lane = self._loop_states.get(self._transport_type.loop_key())
            self._closed = True
            with self._lock:
                # Another thread may be about to add one, to a view with a storage of its own.
                storages = list(self._storages.values())
            for storage in storages:
                storage.close()
            if lane is not None:
                await lane.transport.aclose()

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
