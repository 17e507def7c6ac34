"""
Helpers for work in the background: let real time pass, wait for a condition, and see what is left.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import anyio


async def pause(front, seconds):
    """
    Let real time pass, for work in the background.
    """
    if front.is_blocking:
        time.sleep(seconds)  # noqa: ASYNC251 - there is no loop
    else:
        await anyio.sleep(seconds)


def until(condition, seconds=3.0):
    """
    Wait until *condition* holds, and return whether it did.
    """
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.002)
    return condition()


def workers():
    """
    Return the threads of the package that are still running.
    """
    return [thread for thread in threading.enumerate() if thread.name == "heymilo"]


def open_files():
    """
    Return how many file descriptors this process has open.
    """
    return len(list(Path("/dev/fd").iterdir()))
