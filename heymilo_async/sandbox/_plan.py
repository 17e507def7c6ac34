"""
Chooses the fault of each request: from a script, or at random.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Collection, Iterable, Sequence

import attrs

from .faults import SURVIVABLE, Fault, RepeatCursor, Status, number


@attrs.define
class _Entry:
    """
    An entry of the script: a fault for an operation (None: any), with its remaining *times*.
    """

    fault: Fault
    operation: str | None
    times: int


@attrs.frozen
class _Chaos:
    rate: float
    seed: int
    faults: Sequence[Fault]
    operation: str | None


class Plan:
    """
    Chooses the fault of each request; thread-safe.

    *operations* are the known ids of operations.
    """

    def __init__(self, operations: Collection[str]) -> None:
        self._operations = operations
        self._lock = threading.Lock()
        self.calm()

    def calm(self) -> None:
        """
        Remove all faults.
        """
        with self._lock:
            self._script: list[_Entry] = []
            self._chaos: _Chaos | None = None
            self._count = 0

    def fail_next(
        self,
        fault: Fault | None,
        *,
        status: int | None,
        retry_after: float | None,
        operation: str | None,
        times: int,
    ) -> None:
        """
        Add an entry to the script; *status* and *retry_after* are short for a `Status`.
        """
        if (fault is None) == (status is None):
            message = "fail_next takes either a fault or status="
            raise TypeError(message)
        if status is not None:
            fault = Status(status, retry_after)
        elif retry_after is not None:
            message = "retry_after needs status="
            raise TypeError(message)
        entry = _Entry(_checked(fault), self._check_operation(operation), _checked_times(times))
        with self._lock:
            self._script.append(entry)

    def set_chaos(
        self,
        *,
        rate: float,
        seed: int,
        faults: Iterable[Fault] | None,
        operation: str | None,
    ) -> None:
        """
        Give the share *rate* of all further requests one of *faults*.
        """
        chosen = SURVIVABLE if faults is None else tuple(_checked(fault) for fault in faults)
        if not chosen:
            message = "chaos needs at least one fault to choose from"
            raise ValueError(message)
        if isinstance(seed, bool) or not isinstance(seed, int):
            message = f"the seed must be an int, not {type(seed).__name__}"
            raise TypeError(message)
        chaos = _Chaos(number("rate", rate, 0, 1), seed, chosen, self._check_operation(operation))
        with self._lock:
            self._chaos, self._count = chaos, 0

    def next_fault(self, operation: str | None, *, has_cursor: bool) -> Fault | None:
        """
        Return the fault of the next request, None if it has none.

        The script has priority. The random fault of the n-th request depends only on the seed and
        on n.
        """
        with self._lock:
            for entry in self._script:
                if _matches(entry.fault, entry.operation, operation, has_cursor=has_cursor):
                    entry.times -= 1
                    self._script = [one for one in self._script if one.times]
                    return entry.fault
            if self._chaos is None or self._chaos.operation not in {None, operation}:
                return None
            self._count += 1
            lot = random.Random(f"{self._chaos.seed}:{self._count}")  # noqa: S311 - reproducible
            if lot.random() >= self._chaos.rate:
                return None
            fault = lot.choice(self._chaos.faults)
            return fault if _matches(fault, None, operation, has_cursor=has_cursor) else None

    def _check_operation(self, operation: str | None) -> str | None:
        if operation is not None and operation not in self._operations:
            known = ", ".join(sorted(self._operations))
            message = f"unknown operation {operation!r}; known: {known}"
            raise ValueError(message)
        return operation


def _matches(fault: Fault, wanted: str | None, operation: str | None, *, has_cursor: bool) -> bool:
    return wanted in {None, operation} and (has_cursor or not isinstance(fault, RepeatCursor))


def _checked(fault: object) -> Fault:
    if not isinstance(fault, Fault) or type(fault) is Fault:
        message = f"a fault must be one of heymilo_async.sandbox.faults, not {fault!r}"
        raise TypeError(message)
    return fault


def _checked_times(times: object) -> int:
    if isinstance(times, bool) or not isinstance(times, int):
        message = f"times must be an int, not {type(times).__name__}"
        raise TypeError(message)
    if times < 1:
        message = f"times must be 1 or more, not {times}"
        raise ValueError(message)
    return times
