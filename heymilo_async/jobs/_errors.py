"""
What ends a job that no request has ended: a file, a journal, a database, a package that is missing.
"""

from __future__ import annotations

import importlib
from typing import Any

from .._distribution import missing
from ..errors import HeyMiloError


class JobError(HeyMiloError):
    """
    A job cannot begin or go on because of something on this machine; the text says what to do.
    """


def needs(package: str, extra: str) -> Any:
    """
    Return the module of *package*, which comes with *extra*.

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
    Return when to run a job again that *error* has ended.
    """
    wait: float | None = getattr(error, "retry_after", None)
    return f"run it again {f'in {wait:g} s ' if wait else ''}to go on"
