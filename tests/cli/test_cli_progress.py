"""
The progress bar of a walk: shown to a person at a terminal, and nowhere else.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading

import pytest
from inside_command import progress
from server import numbers, ok

LIST = ("phone-numbers", "list", "--limit", "2", "--all")


def page_of(*ids, more=False, total=4):
    """
    Return a page of a list with that many numbers.
    """
    return ok({"data": numbers(*ids), "pagination": {"has_more": more, "total_count": total}})


@pytest.fixture
def gate():
    """
    The event that the second page waits for.
    """
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def two_pages(serve, gate):
    """
    A server whose second page is sent when the gate opens.
    """

    def second(connection):
        gate.wait(30)
        connection.send(page_of("C", "D"))

    return serve(page_of("A", "B", more=True), second).base_url


@pytest.fixture
def start(environment):
    """
    Start the command with a terminal for its stderr and a pipe for its stdout.
    """
    started = []

    def run(*arguments, base_url, width=80, **variables):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        known = {name: value for name, value in environment.items() if name != "COLUMNS"}
        process = subprocess.Popen(
            [sys.executable, "-m", "heymilo_async.cli", *arguments],
            env={**known, "TERM": "xterm-256color", "HEYMILO_BASE_URL": base_url, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)
        started.append((process, ours))
        return process, Terminal(ours)

    yield run
    for process, ours in started:
        process.kill()
        process.communicate()
        os.close(ours)


class Terminal:
    """
    A terminal that records its output.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.shown = ""

    def until(self, text: str | None) -> str:
        """
        Read until *text* was shown, or, if it is None, until the program ends; return all output.
        """
        # Linux ends a terminal that no process has open any more with EIO.
        with contextlib.suppress(OSError):
            while text is None or text not in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.shown):
                more = os.read(self._descriptor, 65536)
                if not more:
                    break
                self.shown += more.decode()
        return self.shown


@pytest.mark.parametrize("width", [80, 40])
def test_a_bar_for_a_person(start, two_pages, gate, width):
    """
    A walk into a file shows its progress on the terminal; the file has only the numbers.
    """
    process, terminal = start(*LIST, base_url=two_pages, width=width)
    terminal.until("2 of 4")
    gate.set()
    out, _ = process.communicate(timeout=30)
    shown = terminal.until(None)

    assert 0 == process.returncode
    assert ["A", "B", "C", "D"] == [json.loads(line)["id"] for line in out.splitlines()]
    assert "phone numbers" in shown
    # It never takes a second line.
    assert shown.count("\n") <= 1
    assert b"\x1b" not in out
    # At the end the bar is gone: its line was erased, and the cursor is back.
    assert shown.rstrip().endswith(("\x1b[2K", "\x1b[?25h"))


def test_ctrl_c_says_how_to_go_on(start, two_pages):
    """
    An interrupted walk has written whole pages, and says where the next one begins.
    """
    process, terminal = start(*LIST, base_url=two_pages)
    terminal.until("2 of 4")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)

    assert 130 == process.returncode
    assert ["A", "B"] == [json.loads(line)["id"] for line in out.splitlines()]
    assert "interrupted; to resume: --starting-after B" in terminal.until(None)


def test_no_colour(start, two_pages, gate):
    """
    With NO_COLOR the bar has none.
    """
    process, terminal = start(*LIST, base_url=two_pages, NO_COLOR="1")
    terminal.until("2 of 4")
    gate.set()
    process.communicate(timeout=30)

    assert not re.search(r"\x1b\[(?:[0-9;]*;)?(?:3|9)[0-9]", terminal.until(None))


def test_no_bar_beside_a_trace(start, two_pages, gate):
    """
    -v prints more than a bar, and would break it.
    """
    gate.set()
    process, terminal = start("-v", *LIST, base_url=two_pages)
    process.communicate(timeout=30)
    shown = terminal.until(None)

    assert "attempt 1" in shown
    assert "\x1b" not in shown


def test_no_bar_for_a_file(program, two_pages, gate):
    """
    If stderr is no terminal, no bar is shown.
    """
    gate.set()
    ended = program(*LIST, base_url=two_pages)

    assert (0, "") == (ended.code, ended.err)
    assert 4 == len(ended.out.splitlines())


class Stream(io.StringIO):
    """
    A stream that claims to be a terminal or not.
    """

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        """
        Return the claim.
        """
        return self._terminal


@pytest.mark.parametrize(
    ("out", "err", "verbose", "writes_lines", "expected"),
    [
        (True, True, 0, False, True),
        (False, True, 0, True, True),
        (True, True, 0, True, False),
        (False, False, 0, False, False),
        (False, True, 1, False, False),
        (None, True, 0, True, True),
        (False, None, 0, True, False),
    ],
)
def test_when_a_bar_is_wanted(monkeypatch, out, err, verbose, writes_lines, expected):
    """
    A bar is only for a terminal on stderr to which nothing else is written meanwhile.
    """
    for name, terminal in (("stdout", out), ("stderr", err)):
        stream = None if terminal is None else Stream(terminal=terminal)
        monkeypatch.setattr(sys, name, stream)

    assert expected is progress.is_wanted(verbose=verbose, writes_lines=writes_lines)


@pytest.mark.parametrize(
    ("most", "is_total_known", "total", "shown"),
    [
        (None, True, 1200, "1,000 of 1,200"),
        (1100, True, 1200, "1,000 of 1,100"),
        (1100, True, None, "1,000 of 1,100"),
        (None, True, None, "1,000"),
        (None, False, 1200, "1,000"),
    ],
)
def test_what_a_bar_shows(monkeypatch, most, is_total_known, total, shown):
    """
    It shows the count, and the total if that is known.
    """
    err = Stream(terminal=True)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("TERM", "xterm")
    with progress.progress(
        "phone numbers", most=most, is_total_known=is_total_known, wanted=True
    ) as advance:
        advance(400, total)
        advance(600, total)

    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", err.getvalue())
    assert re.search(rf" {shown}(,| |\r|\n)", text)
    assert ("of" in text) is ("of" in shown)
