"""
The command as a program: in a terminal of 80 and of 40 columns, in pipes, and interrupted.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest
from rich.cells import cell_len
from server import NUMBER, answer, ok, page, single

FULL = Path("/dev/full")
LIST = ("phone-numbers", "list")


@pytest.fixture
def terminal(environment):
    """
    Run the command in a pseudo-terminal of *width* columns, and return its exit code and its
    output.
    """

    def run(*arguments, width, base_url, **variables):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        environment.pop("COLUMNS", None)
        process = subprocess.Popen(
            [sys.executable, "-m", "heymilo_async.cli", *arguments],
            env={
                **environment,
                "TERM": "xterm-256color",
                "HEYMILO_BASE_URL": base_url,
                **variables,
            },
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        # Linux ends a terminal that no process has open any more with EIO.
        with contextlib.suppress(OSError):
            while more := os.read(ours, 65536):
                shown += more
        os.close(ours)
        return process.wait(30), shown.decode().replace("\r\n", "\n")

    return run


@pytest.fixture
def start(environment):
    """
    Start the command with pipes, and make sure that it ends.
    """
    started: list[subprocess.Popen[bytes]] = []

    def run(*arguments, base_url, **options):
        process = subprocess.Popen(
            [sys.executable, "-m", "heymilo_async.cli", *arguments],
            env={**environment, "HEYMILO_BASE_URL": base_url},
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def plain(shown: str) -> str:
    """
    Return *shown* without its colours.
    """
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)


def widths(shown: str) -> list[int]:
    """
    Return the width of each line.
    """
    return [len(line) for line in plain(shown).splitlines()]


def test_a_terminal_of_80_columns_gets_a_table(terminal, milo):
    """
    The table is in colour, with a hint below it.
    """
    code, shown = terminal(*LIST, "--limit", "3", width=80, base_url=milo.base_url)

    text = plain(shown)
    assert 0 == code
    assert "\x1b[1m" in shown
    assert text.startswith("Phone number    ID         Country")
    assert "+12065550100    9E3779B1   US        yes" in text
    assert "heymilo: there are more items: add --all, or --starting-after DAA66D13\n" in text
    assert max(widths(shown)) <= 80


def test_a_terminal_of_40_columns_gets_blocks(terminal, milo):
    """
    With NO_COLOR the output has no colour, only bold.
    """
    code, shown = terminal(
        *(*LIST, "--limit", "100"), width=40, base_url=milo.base_url, NO_COLOR="1"
    )

    assert 0 == code
    assert "\nID                 DAA66D13" in plain(shown)
    assert max(widths(shown)) <= 40
    assert {"\x1b[1m", "\x1b[0m"} >= set(re.findall(r"\x1b\[[0-9;]*m", shown))


def test_a_hostile_answer_in_a_terminal(terminal, serve):
    """
    The output has no escape sequences but our own.
    """
    hostile = {**NUMBER, "phone_number": "\x1b]0;owned\x07\x1b[8m", "id": "電話"}
    server = serve(ok({"data": [hostile], "pagination": {"has_more": False}}))

    code, shown = terminal(*LIST, width=80, base_url=server.base_url)

    assert 0 == code
    assert r"\x1b]0;owned\x07\x1b[8m" in shown
    assert {"\x1b[1m", "\x1b[0m"} >= set(re.findall(r"\x1b\[[0-9;]*m", shown))
    assert "\x07" not in shown


def test_help_fits_a_narrow_terminal(terminal):
    """
    At 40 columns a description is below its name, unless the name is very short.
    """
    code, shown = terminal("--help", width=40, base_url="")

    assert 0 == code
    assert max(widths(shown)) < 40
    assert "\n  --version\n      Show the version and exit.\n" in plain(shown)
    assert "\n  4    not found (404)\n" in plain(shown)


def test_help_fits_a_terminal_of_80_columns(terminal):
    """
    A wide terminal gets lines of a readable length.
    """
    at_80 = terminal(*LIST, "--help", width=80, base_url="")[1]
    at_200 = terminal(*LIST, "--help", width=200, base_url="")[1]

    assert 70 < max(widths(at_80)) < 80
    assert 90 < max(widths(at_200)) < 100


def test_help_in_a_terminal_is_bold_in_places(terminal):
    """
    Headings and names are bold, without a colour that NO_COLOR would forbid.
    """
    shown = terminal("--help", width=80, base_url="")[1]
    dumb = terminal("--help", width=80, base_url="", TERM="dumb")[1]

    assert "\n\x1b[1mOptions:\x1b[0m\n  \x1b[1m--sandbox\x1b[0m   " in shown
    assert {"\x1b[1m", "\x1b[0m"} == set(re.findall(r"\x1b\[[0-9;]*m", shown))
    assert plain(shown) == dumb


def test_a_reader_that_has_enough(start, serve):
    """
    With `| head -1`, the reader gets its line, and the command ends silently with the usual exit
    code.
    """
    server = serve(answers=lambda request: page(f"N{server.n}", more=True))
    process = start(*LIST, "--all", "--format", "jsonl", base_url=server.base_url)

    assert b'"N1"' in process.stdout.readline()
    process.stdout.close()

    assert b"" == process.stderr.read()
    assert 141 == process.wait(30)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_nobody_reads_the_help(start, arguments):
    """
    A closed pipe is no error of the command.
    """
    ours, theirs = os.pipe()
    os.close(ours)
    process = start(*arguments, base_url="", stdout=theirs)
    os.close(theirs)

    assert b"" == process.stderr.read()
    assert 141 == process.wait(30)


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk(start, serve):
    """
    One line reports it, and the interpreter prints no complaint at its end.
    """
    server = serve(page("A"))
    with FULL.open("wb") as full:
        process = start(*LIST, base_url=server.base_url, stdout=full)

    assert b"heymilo: cannot write the output: No space left on device\n" == process.stderr.read()
    assert 1 == process.wait(30)


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_after_a_candidate_was_invited(start, serve):
    """
    The line says that the request has succeeded, so nobody sends it again; other requests may be
    repeated, so theirs does not.
    """
    receipt = b'{"data": {"ingestion_id": "intake_abc123"}}'
    person = ("--name", "Jo Doe", "--email", "jo.doe@example.com")
    advice = {
        ("candidates", "enqueue", "P1", *person): "; the request itself has succeeded: do not "
        "repeat it",
        ("phone-numbers", "get", "A"): "",
    }
    for arguments, expected in advice.items():
        server = serve(single(id="A") if arguments[-1] == "A" else answer(202, receipt))
        with FULL.open("wb") as full:
            process = start(*arguments, base_url=server.base_url, stdout=full)

        said = process.stderr.read().decode()
        assert f"heymilo: cannot write the output: No space left on device{expected}\n" == said
        assert (1, 1) == (process.wait(30), server.n)


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["health", "--help"]])
def test_help_on_a_full_disk(start, arguments):
    """
    One line reports it, too.
    """
    with FULL.open("wb") as full:
        process = start(*arguments, base_url="", stdout=full)

    assert b"heymilo: cannot write the output: No space left on device\n" == process.stderr.read()
    assert 1 == process.wait(30)


def test_ctrl_c_says_where_to_go_on(start, serve):
    """
    It exits with 130 after one line, and keeps what was written.
    """
    arrived = threading.Event()

    def stall(connection):
        arrived.set()
        connection.wait()

    server = serve(page("A", "B", more=True), stall)
    process = start(*LIST, "--all", "--format", "jsonl", base_url=server.base_url)
    assert arrived.wait(30)
    process.send_signal(signal.SIGINT)

    out, err = process.communicate(timeout=30)

    assert 130 == process.returncode
    assert b"heymilo: interrupted; to resume: --starting-after B\n" == err
    assert [b"A", b"B"] == re.findall(rb'"id": "(.)"', out)


def test_ctrl_c_with_a_table_shows_what_there_is(start, serve):
    """
    The rows so far are written, although a table is usually written as a whole.
    """
    arrived = threading.Event()

    def stall(connection):
        arrived.set()
        connection.wait()

    server = serve(page("A", "B", more=True), stall)
    process = start(*LIST, "--all", "--format", "table", base_url=server.base_url)
    assert arrived.wait(30)
    process.send_signal(signal.SIGINT)

    out, err = process.communicate(timeout=30)

    assert 130 == process.returncode
    assert b"heymilo: interrupted; to resume: --starting-after B\n" == err
    assert 2 == out.count(b"+12065550100")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        pytest.param(page("A"), 0, id="done"),
        pytest.param(answer(401), 3, id="401"),
        pytest.param(answer(429, b"", "Retry-After: 3600"), 5, id="429"),
    ],
)
def test_the_shell_gets_the_exit_code(program, serve, reply, code):
    """
    There is never a traceback, nor a warning about an unclosed resource.
    """
    server = serve(reply)

    ended = program(*LIST, base_url=server.base_url)

    assert code == ended.code
    assert (code != 0) == (ended.err.count("\n") == 1)
    assert "Traceback" not in ended.err


def test_the_sandbox_as_a_program(program):
    """
    A newcomer types this command first.
    """
    ended = program("--sandbox", *LIST, "--all", "--format", "csv")

    assert (0, "") == (ended.code, ended.err)
    assert 31 == ended.out.count("\n")


@pytest.mark.parametrize("width", [80, 40])
def test_wide_characters_in_a_terminal(terminal, serve, width):
    """
    Characters of double width count as two columns: no line is too long, and nothing is cut off.
    """
    wide = {**NUMBER, "id": "電話番号", "country_code": "日本"}
    server = serve(ok({"data": [NUMBER, wide], "pagination": {"has_more": False}}))

    code, shown = terminal(*LIST, width=width, base_url=server.base_url)

    lines = plain(shown).splitlines()
    assert 0 == code
    assert max(map(cell_len, lines)) <= width
    assert 2 == sum("電話番号" in line or NUMBER["id"] in line for line in lines)
    # The text after the id begins in the same column in both.
    if width == 80:
        ends = [cell_len(line[: line.rindex("yes")]) for line in lines if "yes" in line]
        assert 2 == len(ends)
        assert 1 == len(set(ends))
