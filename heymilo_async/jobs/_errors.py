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
    A file, database or package on this machine stops a job; the message says how to fix it.
    """


def needs(package: str, extra: str) -> Any:
    """
    Import and return *package*, which is part of the extra *extra*.

    Raises:
        ImportError: It is not installed.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError:
        pass
    raise ImportError(missing(f"heymilo_async.jobs.{extra}", package, extra), name=package)


def resume_advice(error: BaseException) -> str:
    """
    Return advice on when to run the job again after *error*.
    """
    wait: float | None = getattr(error, "retry_after", None)
    return f"run it again {f'in {wait:g} s ' if wait else ''}to resume"
