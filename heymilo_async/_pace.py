"""
When may the next request go: what the server has asked one caller to wait for, the others heed.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable

from .errors import APIStatusError


class CoolDown:
    """
    Until when each credential is to rest, and the answer that said so.

    Arithmetic on a clock that the caller reads; the waiting is the engine's.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._resting: dict[Hashable, tuple[float, APIStatusError]] = {}

    def rest(self, credential: Hashable, until: float, because: APIStatusError) -> None:
        """
        Let *credential* rest until the moment *until*, if it does not rest longer already.
        """
        with self._lock:
            if until > self._resting.get(credential, (0.0, because))[0]:
                self._resting[credential] = until, because

    def remaining(self, credential: Hashable, now: float) -> tuple[float, APIStatusError] | None:
        """
        Return for how many seconds *credential* has to rest, and why; None if it need not.
        """
        if not self._resting:
            return None
        with self._lock:
            until, because = self._resting.get(credential, (now, None))
            if because is None:
                return None
            if until <= now:
                del self._resting[credential]
                return None
            # (now + 20.0) - now may be a hair more than 20.0, and then the wait would be no number
            # that the server named.
            return round(until - now, 6), because
