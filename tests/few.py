"""
Values for `parametrize`, of which a newcomer's run takes the first few.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def few(values: Iterable[Any], count: int) -> list[Any]:
    """
    Return *values* as parameters; all but the first *count* run only in `nox -s full`.
    """
    left = pytest.mark.full("it tries each value")
    return [
        value if index < count else pytest.param(*_parts(value), **_marked(value, left))
        for index, value in enumerate(values)
    ]


def _parts(value: Any) -> tuple[Any, ...]:
    if hasattr(value, "marks"):
        return tuple(value.values)
    return value if isinstance(value, tuple) else (value,)


def _marked(value: Any, mark: pytest.MarkDecorator) -> dict[str, Any]:
    if hasattr(value, "marks"):
        return {"marks": [*value.marks, mark], "id": value.id}
    return {"marks": mark}
