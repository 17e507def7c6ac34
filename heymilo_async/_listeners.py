"""
Whom a client tells its events: the log, and what `events=` names.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable

import attrs

from ._log import LOGGER, is_logged, log
from .events import Event, Listener


class _Guarded:
    """
    A listener that is told events; what it raises is logged once, and breaks no call.
    """

    def __init__(self, told: Listener) -> None:
        self.told = told
        # Taking the next number is a single step in C: of several threads one has the first.
        self._failures = itertools.count()

    def tell(self, event: Event) -> None:
        """
        Tell *event*.
        """
        try:
            self.told(event)
        except Exception as error:
            if next(self._failures) == 0:
                self._report(event, error)

    def _report(self, event: Event, error: Exception) -> None:
        # Not its repr, which may hold anything: that of a `partial` has its arguments.
        name = getattr(self.told, "__qualname__", type(self.told).__qualname__)
        # What fails may be a handler of the log itself.
        with contextlib.suppress(Exception):
            LOGGER.warning(
                "events=%s raised %s on %s; calls go on, and this is said once",
                name,
                type(error).__name__,
                type(event).__name__,
                exc_info=error,
            )


_log = _Guarded(log)


def _guarded(told: Iterable[Listener]) -> tuple[_Guarded, ...]:
    return tuple(map(_Guarded, told))


@attrs.frozen
class Listeners:
    """
    All those whom one view of a client tells its events.
    """

    _listeners: tuple[_Guarded, ...] = attrs.field(converter=_guarded)

    @property
    def told(self) -> tuple[Listener, ...]:
        """
        Those whom `events=` names.
        """
        return tuple(one.told for one in self._listeners)

    def hear(self, kind: type[Event]) -> bool:
        """
        Return whether anybody wants to know of events of *kind*; if not, none need be made.
        """
        return bool(self._listeners) or is_logged(kind)

    def tell(self, event: Event) -> None:
        """
        Tell *event* to each in turn, to the log first.
        """
        if is_logged(type(event)):
            _log.tell(event)
        for listener in self._listeners:
            listener.tell(event)
