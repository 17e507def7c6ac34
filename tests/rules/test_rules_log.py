"""
The rules of the log and of listeners: which events are logged, and which listeners receive them.
"""

from __future__ import annotations

import io
import logging
import re
from typing import Any

import pytest
from inside import emitter
from shown import shown

from heymilo_async import (
    ConfigurationError,
    HeyMiloError,
    NotFoundError,
)
from heymilo_async.events import CallFinished, CallStarted, RetryScheduled

LOGGER = logging.getLogger("heymilo_async")
CALL = {"call": 7, "operation": "getPhoneNumber", "request": "GET /x"}
STARTED = CallStarted(**CALL, method="GET", url="http://h/x", template="/x", deadline=None)
RETRY = RetryScheduled(**CALL, number=2, wait=0.256, reason="503")
FINISHED = CallFinished(
    **CALL, attempts=3, status_code=404, error="NotFoundError", request_id="r1", elapsed=1.2346
)


class Kept(logging.Handler):
    """
    Keeps what it receives, and raises *fault* if there is one.
    """

    def __init__(self, fault: Exception | None = None, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.fault = fault
        self.records: list[logging.LogRecord] = []

    def handle(self, record: logging.LogRecord) -> bool:
        """
        Keep *record*.
        """
        self.records.append(record)
        if self.fault is not None:
            raise self.fault
        return True

    @property
    def lines(self) -> list[str]:
        """
        The level and the text of each record.
        """
        return [f"{one.levelname} {one.getMessage()}" for one in self.records]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Any:
    """
    Return the only handler of the log, which keeps all records and does not propagate them.
    """
    handler, level = Kept(), LOGGER.level
    monkeypatch.setattr(LOGGER, "handlers", [handler])
    monkeypatch.setattr(LOGGER, "propagate", False)
    LOGGER.setLevel(logging.DEBUG)
    yield handler
    LOGGER.setLevel(level)


def facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """
    Return the fields of a record that come from the event.
    """
    return {name: value for name, value in vars(record).items() if name.startswith("heymilo_")}


@pytest.mark.parametrize(
    ("event", "line", "facts"),
    [
        (
            RETRY,
            "WARNING GET /x failed with 503; attempt 2 follows in 0.26 s",
            {"heymilo_attempt": 2, "heymilo_wait": 0.256, "heymilo_reason": "503"},
        ),
        (
            FINISHED,
            "DEBUG GET /x ended with 404 NotFoundError in 1.235 s, attempts: 3",
            {
                "heymilo_attempts": 3,
                "heymilo_status_code": 404,
                "heymilo_error": "NotFoundError",
                "heymilo_request_id": "r1",
                "heymilo_elapsed": 1.2346,
            },
        ),
    ],
    ids=["retry", "end of a call"],
)
def test_the_line_of_an_event(kept, event, line, facts):
    """
    Case 154: a retry is a warning, and the end of a call is for debugging, as text and as fields.
    """
    emitter.log(event)

    assert [line] == kept.lines
    common = {
        "heymilo_call": 7,
        "heymilo_operation": "getPhoneNumber",
        "heymilo_request": "GET /x",
    }
    assert common | facts == facts_of(kept.records[0])


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (logging.DEBUG, [CallFinished, RetryScheduled]),
        (logging.INFO, [RetryScheduled]),
        (logging.WARNING, [RetryScheduled]),
        (logging.ERROR, []),
    ],
)
def test_which_events_are_logged(kept, level, expected):
    """
    Case 154: two kinds of events have a line, each from its own level on; for the log, no others
    are created.
    """
    kinds = [CallStarted, CallFinished, RetryScheduled]
    nobody, somebody = emitter.Emitter(()), emitter.Emitter((print,))
    LOGGER.setLevel(level)

    assert expected == [kind for kind in kinds if emitter.is_logged(kind)]
    assert expected == [kind for kind in kinds if nobody.wants(kind)]
    assert kinds == [kind for kind in kinds if somebody.wants(kind)]
    assert (False, True) == (nobody.has_listeners, somebody.has_listeners)


@pytest.mark.parametrize(
    ("level", "expected"),
    [(logging.WARNING, ["WARNING NotFoundError: it is not there"]), (logging.ERROR, [])],
)
def test_a_failure_is_a_warning(kept, level, expected):
    """
    The line of a failed call has the error's class and its text, and no reference to the error.
    """
    LOGGER.setLevel(level)
    emitter.log_failure(NotFoundError("it is not there", status_code=404))

    assert expected == kept.lines
    assert all(isinstance(one, str) for record in kept.records for one in record.args or ())


def test_a_handler_that_fails_fails_no_call(kept):
    """
    An exception of a handler is not passed on, for lines of calls and of failures alike.
    """
    kept.fault = ZeroDivisionError()

    emitter.log_failure(HeyMiloError("no"))
    emitter.Emitter(()).tell(RETRY)

    assert "WARNING HeyMiloError: no" == kept.lines[0]
    assert RETRY.request in kept.lines[1]


def test_each_is_told_in_order(kept):
    """
    The log receives each event first, then each listener; the log only receives events that have a
    line.
    """
    told: list[Any] = []

    def first(event: Any) -> None:
        told.append(("first", event, len(kept.records)))

    def second(event: Any) -> None:
        told.append(("second", event, len(kept.records)))

    one = emitter.Emitter((first, second))
    one.tell(STARTED)
    one.tell(RETRY)

    assert (first, second) == one.listeners
    assert [
        ("first", STARTED, 0),
        ("second", STARTED, 0),
        ("first", RETRY, 1),
        ("second", RETRY, 1),
    ] == told


class Broken:
    """
    A listener that is an object.
    """

    def __call__(self, event: Any) -> None:
        raise ZeroDivisionError


def broken(event: Any) -> None:
    """
    Raise.
    """
    raise ZeroDivisionError


@pytest.mark.parametrize(("listener", "name"), [(Broken(), "Broken"), (broken, "broken")])
def test_a_listener_that_fails_is_named_once(kept, listener, name):
    """
    An exception of a listener breaks no call, and is logged once, with its traceback.
    """
    told: list[Any] = []
    one = emitter.Emitter((listener, told.append))

    one.tell(STARTED)
    one.tell(STARTED)

    (line,) = kept.lines
    assert (
        f"WARNING events={name} raised ZeroDivisionError on CallStarted; "
        "calls continue, and this is logged only once"
    ) == line
    assert kept.records[0].exc_info[0] is ZeroDivisionError
    assert [STARTED, STARTED] == told


def test_a_listener_and_a_handler_that_fail(kept):
    """
    A listener whose failure cannot even be logged breaks no call.
    """
    kept.fault = ZeroDivisionError()

    emitter.Emitter((broken,)).tell(STARTED)

    assert 1 == len(kept.records)


# HEYMILO_LOG.


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Any:
    """
    Return the root logger of an application without logging; afterwards the log is restored.
    """
    root, level = logging.RootLogger(logging.WARNING), LOGGER.level
    monkeypatch.setattr(LOGGER, "handlers", [logging.NullHandler()])
    monkeypatch.setattr(LOGGER, "parent", root)
    LOGGER.setLevel(logging.NOTSET)
    yield root
    LOGGER.setLevel(level)


def on_stderr(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """
    Return the replacement of stderr.
    """
    taken = io.StringIO()
    monkeypatch.setattr("sys.stderr", taken)
    return taken


@pytest.mark.parametrize(
    ("wanted", "level"),
    [
        ("debug", logging.DEBUG),
        (" Debug\n", logging.DEBUG),
        ("info", logging.INFO),
        ("WARNING", logging.WARNING),
        ("", logging.NOTSET),
        (" ", logging.NOTSET),
        (None, logging.NOTSET),
    ],
)
def test_the_variable_names_a_level(bare, wanted, level):
    """
    HEYMILO_LOG sets the level; an empty value sets none.
    """
    emitter.show(wanted)

    assert level == LOGGER.level
    assert (level != logging.NOTSET) + 1 == len(LOGGER.handlers)


@pytest.mark.parametrize(
    ("wanted", "named"),
    [("verbose", "'verbose'"), ("\u00e9" * 21, "'" + "\\xe9" * 20 + "'")],
    ids=shown,
)
def test_the_variable_names_no_level(bare, wanted, named):
    """
    Any other value of HEYMILO_LOG is refused, and the error lists the valid ones.
    """
    words = f"HEYMILO_LOG must be one of debug, info, warning: {named}"
    with pytest.raises(ConfigurationError, match=f"^{re.escape(words)}$"):
        emitter.show(wanted)

    assert 1 == len(LOGGER.handlers)


def test_the_first_one_counts(bare):
    """
    A second client adds no handler, and keeps the current level.
    """
    emitter.show("debug")
    LOGGER.setLevel(logging.ERROR)
    emitter.show("info")

    assert (2, logging.ERROR) == (len(LOGGER.handlers), LOGGER.level)


def test_a_line_on_stderr(bare, monkeypatch):
    """
    A line has the time, the level and the name of the logger; it goes to the current stderr.
    """
    emitter.show("debug")
    taken = on_stderr(monkeypatch)

    LOGGER.debug("a line")

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} DEBUG heymilo_async: a line\n", taken.getvalue()
    )


@pytest.mark.parametrize("where", ["log", "root"])
@pytest.mark.parametrize(("level", "expected"), [(logging.WARNING, ["first"]), (logging.DEBUG, [])])
def test_no_line_comes_twice(bare, monkeypatch, where, level, expected):
    """
    If a handler of the application, of the log or of the root, takes a record, it is not on stderr
    too.
    """
    emitter.show("debug")
    taken = on_stderr(monkeypatch)
    (bare if where == "root" else LOGGER).addHandler(Kept(level=level))

    LOGGER.debug("first")
    LOGGER.warning("second")

    assert expected == re.findall(r"heymilo_async: (.+)", taken.getvalue())


def test_a_handler_out_of_reach(bare, monkeypatch):
    """
    A record that the root's handlers do not receive is written to stderr.
    """
    emitter.show("debug")
    taken = on_stderr(monkeypatch)
    bare.addHandler(Kept())
    monkeypatch.setattr(LOGGER, "propagate", False)

    LOGGER.debug("first")

    assert ["first"] == re.findall(r"heymilo_async: (.+)", taken.getvalue())


def test_a_stderr_that_is_closed(bare, monkeypatch):
    """
    If a line cannot be written, logging reports that, and no call breaks.
    """
    emitter.show("debug")
    on_stderr(monkeypatch).close()
    told: list[logging.LogRecord] = []
    monkeypatch.setattr(logging.Handler, "handleError", lambda self, record: told.append(record))

    LOGGER.debug("a line")

    assert ["a line"] == [record.getMessage() for record in told]
