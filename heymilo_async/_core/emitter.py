"""
The emitter: hands each event to the log and to the listeners that `events=` names.

The log is made of events, a line a retry and a line a call, on the logger `heymilo_async`. What an
event says is in the record too, for formatters that write JSON: `heymilo_call`,
`heymilo_operation`, `heymilo_request`, `heymilo_wait`, and so on.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, Final

import attrs

from ..errors import ConfigurationError, HeyMiloError
from ..events import CallFinished, Event, Listener, RetryScheduled

LOGGER: Final = logging.getLogger("heymilo_async")
# Without a handler `logging` would print warnings to stderr:
# https://docs.python.org/3/howto/logging.html#configuring-logging-for-a-library
LOGGER.addHandler(logging.NullHandler())

#: The value of `HEYMILO_LOG`, and from which level on it shows the log.
_SHOWN_FROM: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
}
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@attrs.frozen(eq=False, repr=False)
class _Line:
    """
    How events of one kind are logged.
    """

    level: int
    text: str
    arguments: Callable[[Any], tuple[object, ...]]


_LINES: Final[Mapping[type[Event], _Line]] = {
    RetryScheduled: _Line(
        logging.WARNING,
        "%s came to %s; attempt %d follows in %.2f s",
        attrgetter("request", "reason", "number", "wait"),
    ),
    CallFinished: _Line(
        logging.DEBUG,
        "%s came to %s in %.3f s, attempts: %d",
        attrgetter("request", "outcome", "elapsed", "attempts"),
    ),
}
#: A number says less in a record than beside its event.
_NAMES: Final[Mapping[str, str]] = {"number": "attempt"}


def is_logged(kind: type[Event]) -> bool:
    """
    Return whether an event of *kind* makes a line at present; levels may change at any time.
    """
    line = _LINES.get(kind)
    return line is not None and LOGGER.isEnabledFor(line.level)


def log(event: Event) -> None:
    """
    Log *event*, which is of a kind that makes a line.
    """
    line = _LINES[type(event)]
    facts = {
        f"heymilo_{_NAMES.get(field.name, field.name)}": getattr(event, field.name)
        for field in attrs.fields(type(event))
    }
    LOGGER.log(line.level, line.text, *line.arguments(event), extra=facts)


def log_failure(error: HeyMiloError) -> None:
    """
    Log that a call failed for good, with what its *error* says.
    """
    if LOGGER.isEnabledFor(logging.WARNING):
        # What fails may be a handler of the log; the call has an error of its own to raise.
        with contextlib.suppress(Exception):
            # Its text: a record that held the error would hold all that its frames do.
            LOGGER.warning("%s: %s", type(error).__name__, str(error))


def show(wanted: str | None) -> None:
    """
    Write the log to stderr if *wanted*, the value of `HEYMILO_LOG`, names a level.

    It happens once in a process: what the application sets afterwards stays as it is.

    Raises:
        ConfigurationError: *wanted* is something else than a level.
    """
    name = (wanted or "").strip().lower()
    if not name:
        return
    if name not in _SHOWN_FROM:
        message = f"HEYMILO_LOG must be one of {', '.join(_SHOWN_FROM)}: {name[:20]!a}"
        raise ConfigurationError(message)
    if not any(isinstance(handler, _ToStderr) for handler in LOGGER.handlers):
        handler = _ToStderr()
        handler.setFormatter(logging.Formatter(_FORMAT))
        LOGGER.addHandler(handler)
        LOGGER.setLevel(_SHOWN_FROM[name])


class _ToStderr(logging.Handler):
    """
    Writes to what stderr is at the moment, unless a handler of the application does.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """
        Write *record* as a line.
        """
        if any(record.levelno >= handler.level for handler in _handlers_of_the_application()):
            return
        try:
            sys.stderr.write(f"{self.format(record)}\n")
        except Exception:
            self.handleError(record)


def _handlers_of_the_application() -> list[logging.Handler]:
    handlers: list[logging.Handler] = []
    place: logging.Logger | None = LOGGER
    while place is not None:
        handlers += place.handlers
        place = place.parent if place.propagate else None
    return [one for one in handlers if not isinstance(one, _ToStderr | logging.NullHandler)]


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


@attrs.frozen(eq=False, repr=False)
class Emitter:
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

    def wants(self, kind: type[Event]) -> bool:
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
