"""
When a call that blocks has to be over, for all that waits on its way.
"""

from __future__ import annotations

import threading

from .._core.clock import monotonic


class Deadline(threading.local):
    """
    When the call of this thread has to be over, on the monotonic clock; None if it may last.
    """

    expires: float | None = None

    def clip(self, timeout: float | None, too_late: type[Exception]) -> float | None:
        """
        Return *timeout*, or what is left of the call if that is less.
        """
        if self.expires is None:
            return timeout
        left = self.expires - monotonic()
        if left <= 0:
            message = "the call's deadline passed"
            raise too_late(message)
        return left if timeout is None else min(timeout, left)
