"""
Waiting for one's turn under a rate limit, through the wire.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ._hints import Quota
from ._pace import RateLimitStatus, Window
from ._settings import RateLimit
from ._wire import Wire


class Clocked(Protocol):
    """
    A wire, and a clock that event loops share.
    """

    @property
    def wire(self) -> Wire: ...

    def now(self) -> float:
        """
        Return the seconds on that clock.
        """
        ...


class Turns:
    """
    The turns of one credential, for windows of one length.
    """

    def __init__(self, per: float) -> None:
        self._per = per
        self._window = Window(per)
        #: What the server said the limit of such windows is.
        self._said: int | None = None

    async def take(
        self, rule: RateLimit, lane: Clocked, may_wait: Callable[[float], bool]
    ) -> float:
        """
        Wait for a turn, and return 0.0 when it has come.

        Each wait is asked for with *may_wait*; if it says no, the turn is given back and that wait
        is returned.
        """
        turn, wait = self._window.line_up(self._limit(rule), lane.now())
        try:
            while wait:
                if not may_wait(wait):
                    self._window.leave(turn)
                    return wait
                await lane.wire.sleep(wait)
                wait = self._window.wait(turn, lane.now())
        except BaseException:
            self._window.leave(turn)
            raise
        return 0.0

    def learn(self, rule: RateLimit, quota: Quota, lane: Clocked) -> None:
        """
        Heed what an answer says of the server's own limit.
        """
        if quota.window == self._per:
            self._said = quota.limit
        self._window.learn(self._limit(rule), quota.remaining, quota.reset, lane.now())

    def status(self, rule: RateLimit, now: float) -> RateLimitStatus:
        """
        Return how things stand.
        """
        return self._window.status(self._limit(rule), now)

    def _limit(self, rule: RateLimit) -> int:
        # A limit of nothing would be for ever.
        return rule.limit if not self._said else min(rule.limit, self._said)
