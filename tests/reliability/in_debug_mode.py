"""
A plugin of pytest for developer mode, where event loops run in their debug mode.

    PYTHONDEVMODE=1 pytest -p reliability.in_debug_mode
"""

from __future__ import annotations

import logging
import sys

assert sys.flags.dev_mode, "set PYTHONDEVMODE=1"

#: Seconds. asyncio logs a step of 0.1 s of wall time, which is a breach of an invariant; here the
#: workers share the processors, so the bound is higher.
SLOW = 0.5


def _is_of_interest(record: logging.LogRecord) -> bool:
    is_about_time = record.msg == "Executing %s took %.3f seconds"
    return not (is_about_time and isinstance(record.args, tuple) and record.args[1] < SLOW)


logging.getLogger("asyncio").addFilter(_is_of_interest)
