"""
What every resource has: the engine that performs its calls, and in the blocking face a twin.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from .._engine import Engine

A = TypeVar("A", bound="AsyncResource")


class AsyncResource:
    """
    A group of operations, awaited.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._engine.settings.base_url}>"


class Resource(Generic[A]):
    """
    The same group of operations, blocking: each is the twin's, run to its end at once.
    """

    def __init__(self, twin: A) -> None:
        self._twin = twin

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._twin._engine.settings.base_url}>"
