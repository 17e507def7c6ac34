"""
The log: the lines of a call at each level, the fields of their records, and HEYMILO_LOG.
"""

from __future__ import annotations

import io
import logging
import os
import re
import subprocess
import sys

import pytest
from fronts import KEY
from server import Connection, answer, page, single

from heymilo_async import ConfigurationError, HeyMilo, NotFoundError, RetryPolicy, ServerError

ID = "666A24C3"
NAME = "heymilo_async"
LOGGER = logging.getLogger(NAME)
REQUEST = f"GET /api/v2/phone-numbers/{ID}"
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ([A-Z]+) heymilo_async: (.+)")


def get(client):
    """
    Make one call.
    """
    return client.phone_numbers.get(ID)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (logging.DEBUG, ["WARNING", "WARNING", "DEBUG"]),
        (logging.INFO, ["WARNING", "WARNING"]),
        (logging.WARNING, ["WARNING", "WARNING"]),
        (logging.ERROR, []),
    ],
)
def test_lines_of_a_call_with_two_retries(front, serve, naps, caplog, level, expected):
    """
    Case 154: each retry has a line at WARNING, and each call one at DEBUG; none has a header, query
    or body.
    """
    server = serve(answer(503, b"a body", "X-Custom: a header"), Connection.close, page("A"))

    with caplog.at_level(level, NAME):
        front.run(
            lambda client: client.phone_numbers.list(starting_after="a-cursor"),
            server.base_url,
            default_headers={"X-Mine": "a header"},
        )

    lines = [one for one in caplog.records if one.name == NAME]
    assert expected == [line.levelname for line in lines]
    for line in lines:
        shown = f"{line.getMessage()} {vars(line)}"
        assert re.match(r"GET /api/v2/phone-numbers (failed|ended) with ", line.getMessage())
        assert not re.search(r"body|header|X-|cursor|canary|\+1206", shown)


def test_a_retry_is_explained(front, serve, naps, caplog):
    """
    Case 154: the line of a retry has the attempt, the reason and the wait, as text and as fields.
    """
    server = serve(answer(503), Connection.close, single())

    with caplog.at_level(logging.WARNING, NAME):
        front.run(get, server.base_url)

    first, second = caplog.records
    assert f"{REQUEST} failed with 503; attempt 2 follows in {naps[0]:.2f} s" == first.getMessage()
    assert re.fullmatch(
        rf"{REQUEST} failed with \w+: .+; attempt 3 follows in {naps[1]:.2f} s", second.getMessage()
    )
    assert {
        "heymilo_call": second.heymilo_call,
        "heymilo_operation": "getPhoneNumber",
        "heymilo_request": REQUEST,
        "heymilo_attempt": 2,
        "heymilo_wait": naps[0],
        "heymilo_reason": "503",
    } == {name: value for name, value in vars(first).items() if name.startswith("heymilo_")}


def test_a_call_is_summed_up(front, serve, caplog):
    """
    The line of a call has its outcome, its duration and its number of attempts.
    """
    server = serve(answer(200, single().partition(b"\r\n\r\n")[2], "X-Request-Id: r1"), answer(404))

    async def body(client):
        await get(client)
        with pytest.raises(NotFoundError):
            await get(client)

    with caplog.at_level(logging.DEBUG, NAME):
        front.run(body, server.base_url)

    well, ill, failed = [one for one in caplog.records if one.name == NAME]
    assert re.fullmatch(
        rf"{REQUEST} ended with 200 in \d\.\d{{3}} s, attempts: 1", well.getMessage()
    )
    assert f"{REQUEST} ended with 404 NotFoundError in " in ill.getMessage()
    assert (1, 200, None, "r1") == (
        well.heymilo_attempts,
        well.heymilo_status_code,
        well.heymilo_error,
        well.heymilo_request_id,
    )
    assert (404, "NotFoundError", None) == (
        ill.heymilo_status_code,
        ill.heymilo_error,
        ill.heymilo_request_id,
    )
    assert 0 < well.heymilo_elapsed < 5
    assert "WARNING" == failed.levelname
    assert f"NotFoundError: {REQUEST} answered 404" in failed.getMessage()


def test_a_failure_is_not_logged_below_the_level(front, serve, caplog):
    """
    At the level ERROR, a failing call is not logged.
    """
    server = serve(answer(404))

    async def body(client):
        with pytest.raises(NotFoundError):
            await get(client)

    with caplog.at_level(logging.ERROR, NAME):
        front.run(body, server.base_url)

    assert [] == [one for one in caplog.records if one.name == NAME]


def test_no_line_shows_a_secret(front, serve, naps, caplog):
    """
    Case 154: no line and no record contains the key, even if it is the id and the server repeats
    it.
    """
    echo = [f"X-Echo: {KEY}", f"X-Request-Id: {KEY}"]
    server = serve(answer(503, KEY.encode(), *echo), answer(500, KEY.encode(), *echo))

    async def body(client):
        with pytest.raises(ServerError):
            await client.phone_numbers.get(KEY)

    with caplog.at_level(logging.DEBUG, NAME):
        front.run(body, server.base_url, retry=RetryPolicy(max_attempts=2))

    lines = [one for one in caplog.records if one.name == NAME]
    assert ["WARNING", "DEBUG", "WARNING"] == [line.levelname for line in lines]
    for line in lines:
        assert "canary" not in f"{line.getMessage()} {vars(line)}"


def test_levels_may_change(front, serve, caplog):
    """
    A level that is set after construction applies from then on.
    """
    server = serve(single())

    async def body(client):
        LOGGER.setLevel(logging.WARNING)
        await get(client)
        LOGGER.setLevel(logging.DEBUG)
        await get(client)

    with caplog.at_level(logging.DEBUG, NAME):
        front.run(body, server.base_url)

    assert ["DEBUG"] == [one.levelname for one in caplog.records if one.name == NAME]


def test_a_level_that_changes_during_a_call(front, serve, caplog):
    """
    A call that is under way uses the new level, too.
    """

    def reply(connection):
        caplog.set_level(logging.DEBUG, NAME)
        connection.send(single())

    server = serve(reply)
    caplog.set_level(logging.WARNING, NAME)

    front.run(get, server.base_url)

    (line,) = (one for one in caplog.records if one.name == NAME)
    assert line.getMessage().startswith(f"{REQUEST} ended with 200 in ")


def test_log_beside_a_listener(front, serve, naps, caplog):
    """
    The log also works with `events=`, and in a view without listeners.
    """
    server = serve(answer(503), single(), answer(503), single())
    told = []

    async def body(client):
        await get(client)
        await get(client.with_options(events=None))

    with caplog.at_level(logging.WARNING, NAME):
        front.run(body, server.base_url, events=told.append)

    assert 2 == len(caplog.records)
    assert {caplog.records[0].heymilo_call} == {event.call for event in told}


def test_a_handler_that_fails(front, serve, naps, monkeypatch):
    """
    An exception of the application's log handler fails no call.
    """
    server = serve(answer(503), single())
    handled = []

    class Broken(logging.Handler):
        def handle(self, record):
            handled.append(record)
            raise ZeroDivisionError

    monkeypatch.setattr(LOGGER, "handlers", [Broken()])

    assert ID == front.run(get, server.base_url).id
    assert handled


# HEYMILO_LOG.


@pytest.fixture
def root(monkeypatch):
    """
    The root logger of an application without logging; afterwards the log is restored.
    """
    # A separate root, because pytest has handlers on the real one.
    root = logging.RootLogger(logging.WARNING)
    handlers, level = list(LOGGER.handlers), LOGGER.level
    monkeypatch.setattr(LOGGER, "parent", root)
    LOGGER.setLevel(level)  # which clears its cached level
    yield root
    LOGGER.handlers[:] = handlers
    LOGGER.setLevel(level)


def lines_of(text):
    """
    Return the level and message of each log line in *text*.
    """
    return [LINE.fullmatch(line).groups() for line in text.splitlines()]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("debug", ["WARNING", "DEBUG"]),
        (" DEBUG\n", ["WARNING", "DEBUG"]),
        ("info", ["WARNING"]),
        ("Warning", ["WARNING"]),
        ("", []),
        (" ", []),
        (None, []),
    ],
)
def test_the_variable_switches_it_on(
    front, serve, naps, root, monkeypatch, capsys, value, expected
):
    """
    HEYMILO_LOG=debug writes the log to stderr, `info` and `warning` only its warnings, an empty
    value nothing.
    """
    server = serve(answer(503), single())
    if value is not None:
        monkeypatch.setenv("HEYMILO_LOG", value)

    front.run(get, server.base_url)

    shown = capsys.readouterr()
    assert (expected, "") == ([level for level, _ in lines_of(shown.err)], shown.out)


@pytest.mark.parametrize("value", ["verbose", "1", "10", "debug,info", "\x1b[2J" * 99])
def test_the_variable_has_to_name_a_level(front, root, monkeypatch, value):
    """
    Any other value of HEYMILO_LOG is an error of the constructor that lists the valid ones.
    """
    monkeypatch.setenv("HEYMILO_LOG", value)

    with pytest.raises(ConfigurationError, match="HEYMILO_LOG must be one of debug, ") as caught:
        front.client("http://127.0.0.1:1")

    assert len(str(caught.value)) < 150
    assert str(caught.value).isprintable()


def test_it_is_switched_on_once(front, serve, root, monkeypatch, capsys):
    """
    A second client doubles no line, and keeps the level that the application has set meanwhile.
    """
    server = serve(single())
    monkeypatch.setenv("HEYMILO_LOG", "debug")

    front.run(get, server.base_url)
    front.run(get, server.base_url)
    LOGGER.setLevel(logging.WARNING)
    front.run(get, server.base_url)

    assert ["DEBUG", "DEBUG"] == [level for level, _ in lines_of(capsys.readouterr().err)]


@pytest.mark.parametrize("where", ["the log's own", "root"])
def test_no_line_is_doubled(front, serve, naps, root, monkeypatch, capsys, where):
    """
    If a handler of the application takes a record, only that handler writes it to stderr.
    """
    server = serve(answer(503), single())
    monkeypatch.setenv("HEYMILO_LOG", "debug")
    taken = io.StringIO()
    theirs = logging.StreamHandler(taken)
    theirs.setLevel(logging.INFO)
    (root if where == "root" else LOGGER).addHandler(theirs)

    front.run(get, server.base_url)

    assert f"{REQUEST} failed with 503" == taken.getvalue().partition(";")[0]
    assert ["DEBUG"] == [level for level, _ in lines_of(capsys.readouterr().err)]


def test_handlers_that_a_record_does_not_reach(front, serve, root, monkeypatch, capsys):
    """
    If a logger does not propagate its records to the application's handlers, they still go to
    stderr.
    """
    server = serve(single())
    monkeypatch.setenv("HEYMILO_LOG", "debug")
    monkeypatch.setattr(LOGGER, "propagate", False)
    taken = io.StringIO()
    root.addHandler(logging.StreamHandler(taken))

    front.run(get, server.base_url)

    assert ["DEBUG"] == [level for level, _ in lines_of(capsys.readouterr().err)]
    assert "" == taken.getvalue()


def test_stderr_that_cannot_be_written_to(serve, naps, root, monkeypatch):
    """
    A program without a stderr, as without a console, can make calls.
    """
    server = serve(answer(503), single())
    monkeypatch.setenv("HEYMILO_LOG", "debug")
    monkeypatch.setattr(sys, "stderr", None)

    with HeyMilo(KEY, base_url=server.base_url) as client:
        assert ID == client.phone_numbers.get(ID).id


@pytest.mark.full("it starts a process")
def test_as_a_user_sees_it(serve):
    """
    In a program without logging, setting the variable is enough.
    """
    server = serve(answer(503, b"", "Retry-After: 0.01"), single())
    code = (
        "from heymilo_async import HeyMilo\n"
        f"with HeyMilo({KEY!r}, base_url={server.base_url!r}) as client:\n"
        f"    client.phone_numbers.get({ID!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HEYMILO_LOG": "debug"},
        capture_output=True,
        text=True,
        check=True,
    )

    (first, retry), (second, call) = lines_of(done.stderr)
    assert ("WARNING", "DEBUG", "") == (first, second, done.stdout)
    assert f"{REQUEST} failed with 503; attempt 2 follows in 0.01 s" == retry
    assert call.startswith(f"{REQUEST} ended with 200 in ")
