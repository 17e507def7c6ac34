"""
The emitter: passes each event to the log and to the listeners of `events=`.

The logger `heymilo_async` gets a line per retry and a line per call. The log records also have the
event's fields, for formatters that write JSON: `heymilo_call`, `heymilo_operation`,
`heymilo_request`, `heymilo_wait`, and so on.
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

#: The values of `HEYMILO_LOG`, with their log levels.
_SHOWN_FROM: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
}
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@attrs.frozen(eq=False, repr=False)
class _Line:
    """
    The log level and text for a kind of event.
    """

    level: int
    text: str
    arguments: Callable[[Any], tuple[object, ...]]


_LINES: Final[Mapping[type[Event], _Line]] = {
    RetryScheduled: _Line(
        logging.WARNING,
        "%s failed with %s; attempt %d follows in %.2f s",
        attrgetter("request", "reason", "number", "wait"),
    ),
    CallFinished: _Line(
        logging.DEBUG,
        "%s ended with %s in %.3f s, attempts: %d",
        attrgetter("request", "outcome", "elapsed", "attempts"),
    ),
}
#: Other names for fields in log records: `number` alone would be unclear.
_NAMES: Final[Mapping[str, str]] = {"number": "attempt"}


def is_logged(kind: type[Event]) -> bool:
    """
    Return whether events of *kind* are currently logged; a program can change the level any time.
    """
    line = _LINES.get(kind)
    return line is not None and LOGGER.isEnabledFor(line.level)


def log(event: Event) -> None:
    """
    Log *event*; `_LINES` must contain its kind.
    """
    line = _LINES[type(event)]
    fields = {
        f"heymilo_{_NAMES.get(field.name, field.name)}": getattr(event, field.name)
        for field in attrs.fields(type(event))
    }
    LOGGER.log(line.level, line.text, *line.arguments(event), extra=fields)


def log_failure(error: HeyMiloError) -> None:
    """
    Log the *error* of a failed call.
    """
    if LOGGER.isEnabledFor(logging.WARNING):
        # A log handler may fail, but the call has to raise its own error.
        with contextlib.suppress(Exception):
            # Log its text, because a record with the error would keep its frames alive.
            LOGGER.warning("%s: %s", type(error).__name__, str(error))


def show(level_name: str | None) -> None:
    """
    Write the log to stderr if *level_name*, the value of `HEYMILO_LOG`, is a level.

    Only the first call in a process has an effect, so it does not override later settings.

    Raises:
        ConfigurationError: *level_name* is not a level.
    """
    name = (level_name or "").strip().lower()
    if not name:
        return
    if name not in _SHOWN_FROM:
        message = f"HEYMILO_LOG must be one of {', '.join(_SHOWN_FROM)}: {name[:20]!a}"
        raise ConfigurationError(message)
    if not any(isinstance(handler, _StderrHandler) for handler in LOGGER.handlers):
        handler = _StderrHandler()
        handler.setFormatter(logging.Formatter(_FORMAT))
        LOGGER.addHandler(handler)
        LOGGER.setLevel(_SHOWN_FROM[name])


class _StderrHandler(logging.Handler):
    """
    Writes to the current stderr, unless the application has a handler for the record.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """
        Write *record* as a line.
        """
        if any(record.levelno >= handler.level for handler in _application_handlers()):
            return
        try:
            sys.stderr.write(f"{self.format(record)}\n")
        except Exception:
            self.handleError(record)


def _application_handlers() -> list[logging.Handler]:
    handlers: list[logging.Handler] = []
    logger: logging.Logger | None = LOGGER
    while logger is not None:
        handlers += logger.handlers
        logger = logger.parent if logger.propagate else None
    return [one for one in handlers if not isinstance(one, _StderrHandler | logging.NullHandler)]


class _SafeListener:
    """
    Calls a listener; logs its first exception, and ignores the others.
    """

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        # `next` is a single step in C, so only one thread gets 0.
        self._failures = itertools.count()

    def tell(self, event: Event) -> None:
        """
        Pass *event* to the listener.
        """
        try:
            self.listener(event)
        except Exception as error:
            if next(self._failures) == 0:
                self._report(event, error)

    def _report(self, event: Event, error: Exception) -> None:
        # Do not log the listener's repr: that of a `partial` contains its arguments.
        name = getattr(self.listener, "__qualname__", type(self.listener).__qualname__)
        # A log handler may fail, too.
        with contextlib.suppress(Exception):
            LOGGER.warning(
                "events=%s raised %s on %s; calls continue, and this is logged only once",
                name,
                type(error).__name__,
                type(event).__name__,
                exc_info=error,
            )


_log = _SafeListener(log)


def _safe_listeners(listeners: Iterable[Listener]) -> tuple[_SafeListener, ...]:
    return tuple(map(_SafeListener, listeners))


@attrs.frozen(repr=False)
class Emitter:
    """
    Passes the events of a client or view to the log and to its listeners.
    """

    _listeners: tuple[_SafeListener, ...] = attrs.field(converter=_safe_listeners)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """
        The listeners of `events=`.
        """
        return tuple(one.listener for one in self._listeners)

    @property
    def has_listeners(self) -> bool:
        """
        Whether there is a listener, which receives every event.
        """
        return bool(self._listeners)

    def wants(self, kind: type[Event]) -> bool:
        """
        Return whether a listener or the log needs events of *kind*.
        """
        return bool(self._listeners) or is_logged(kind)

    def tell(self, event: Event) -> None:
        """
        Pass *event* to the log, and then to each listener in order.
        """
        if is_logged(type(event)):
            _log.tell(event)
        for listener in self._listeners:
            listener.tell(event)
