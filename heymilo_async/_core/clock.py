"""
The clock that waits and deadlines go by.
"""

from __future__ import annotations

import time
from collections.abc import Callable


def monotonic(*, _clock: Callable[[], float] = time.monotonic) -> float:
    """
    Return `time.monotonic()`, even if a test tool has stopped that clock.

    freezegun replaces the function in every module that has it, so waits would never end; it does
    not replace a default.
    """
    return _clock()
