"""
Errors that stop a job on this machine: a file, a journal, a database, a missing package.
"""

from __future__ import annotations

import importlib
from typing import Any

from .._distribution import missing
from ..errors import HeyMiloError


class JobError(HeyMiloError):
    """
    A job cannot start or continue because of something on this machine; the message says what to do.
    """


def needs(package: str, extra: str) -> Any:
    """
    Import and return *package*, which the extra *extra* installs.

    Raises:
        ImportError: It is not installed.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError:
        pass
    raise ImportError(missing(f"heymilo_async.jobs.{extra}", package, extra), name=package)


def go_on(error: BaseException) -> str:
    """
    Return advice on when to run the job again after *error*.
    """
    wait: float | None = getattr(error, "retry_after", None)
    return f"run it again {f'in {wait:g} s ' if wait else ''}to go on"
