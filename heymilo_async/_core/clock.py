"""
The clock that waits and deadlines go by.
"""

from __future__ import annotations

import time
from collections.abc import Callable


def monotonic(*, _clock: Callable[[], float] = time.monotonic) -> float:
    """
    Return what `time.monotonic` is, also where a tool makes it stand still for a test.

    freezegun replaces the function in every module where it finds it, and a wait would have no end;
    it does not look at defaults.
    """
    return _clock()
