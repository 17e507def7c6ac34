"""
The prompt for a key: only at a terminal, and the key is never shown.
"""

from __future__ import annotations

import contextlib
import getpass
import io
import os
import pty
import signal
import subprocess
import sys
import warnings

import pytest
from inside_command import credentials, errors
from server import page

LIST = ("phone-numbers", "list", "--format", "jsonl")
QUESTION = "HeyMilo API key (it is not shown): "
TYPED = "typed-7c1d90be55aa4f02"
NONE = (
    "heymilo: no credentials: set HEYMILO_API_KEY (or HEYMILO_ACCESS_TOKEN), "
    "or try the sandbox, which needs none: heymilo --sandbox phone-numbers list\n"
)
#: When the leader of a new session opens a terminal, it becomes that session's own, so Ctrl-C works
#: in it.
IN_ITS_OWN_TERMINAL = 'exec "$@" <"$TERMINAL" >"$TERMINAL" 2>&1'


class Terminal:
    """
    A program in a pseudo-terminal, with its output and a simulated user.
    """

    def __init__(self, environment, *, own, **variables):
        ours, theirs = pty.openpty()
        self._ours = ours
        self.shown = ""
        command = [sys.executable, "-m", "heymilo_async.cli", *LIST]
        if own:
            command = ["sh", "-c", IN_ITS_OWN_TERMINAL, "sh", *command]
        self.process = subprocess.Popen(
            command,
            env={**environment, "TERMINAL": os.ttyname(theirs), **variables},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def type(self, text):
        os.write(self._ours, text.encode())

    def until(self, text):
        while text not in self.shown:
            more = os.read(self._ours, 65536)
            assert more, self.shown
            self.shown += more.decode().replace("\r\n", "\n")

    def end(self):
        # Linux ends a terminal that no process has open any more with EIO.
        with contextlib.suppress(OSError):
            while more := os.read(self._ours, 65536):
                self.shown += more.decode().replace("\r\n", "\n")
        return self.process.wait(30)


@pytest.fixture
def no_key(environment):
    """
    The environment of a program, without a key.
    """
    del environment["HEYMILO_API_KEY"]
    return environment


@pytest.fixture
def terminal(no_key):
    """
    Start the command in a pseudo-terminal, and end it with the test.
    """
    with contextlib.ExitStack() as stack:
        yield lambda **variables: stack.enter_context(
            Terminal(no_key, **{"own": True, **variables})
        )


@pytest.mark.parametrize("own", [True, False], ids=["as its own", "as somebody else's"])
def test_a_typed_key_is_used_and_not_shown(terminal, serve, own):
    """
    The terminal shows the prompt and the server's response, and no character of the key.
    """
    server = serve(page("A"))
    person = terminal(own=own, HEYMILO_BASE_URL=server.base_url)
    person.until(QUESTION)
    person.type(f"  {TYPED} \n")

    assert 0 == person.end(), person.shown
    assert person.shown.startswith(f'{QUESTION}\n{{"id": "A"')
    assert TYPED[:5] not in person.shown
    assert [TYPED] == [request.headers["x-api-key"] for request in server.requests]


@pytest.mark.parametrize(
    "nothing", [pytest.param("\n", id="Enter"), pytest.param("\x04", id="Ctrl-D")]
)
def test_nothing_typed(terminal, nothing):
    """
    An empty input gives the same error as in a program, on a line of its own.
    """
    person = terminal()
    person.until(QUESTION)
    person.type(nothing)

    assert 3 == person.end()
    assert f"{QUESTION}\n{NONE}" == person.shown


def test_ctrl_c_instead_of_a_key(terminal):
    """
    Ctrl-C exits with 130, on a line of its own, and does not show what was typed.
    """
    person = terminal()
    person.until(QUESTION)
    person.type(f"{TYPED}\x03")

    assert 130 == person.end()
    assert f"{QUESTION}\nheymilo: interrupted\n" == person.shown


def test_a_key_that_cannot_be_one(terminal):
    """
    An invalid key is reported without showing it.
    """
    person = terminal()
    person.until(QUESTION)
    person.type(f"{TYPED}é\n")

    assert 2 == person.end()
    assert "api_key (or HEYMILO_API_KEY) has a character that is invalid in a hea" in person.shown
    assert TYPED[:5] not in person.shown


@pytest.mark.parametrize("variable", credentials.VARIABLES)
def test_with_a_credential_nobody_is_asked(terminal, serve, variable):
    """
    With a credential in the environment the command does not prompt, even at a terminal.
    """
    server = serve(page("A"))
    person = terminal(HEYMILO_BASE_URL=server.base_url, **{variable: TYPED})

    assert 0 == person.end()
    assert person.shown.startswith('{"id": "A"')


@pytest.mark.parametrize("blank", ["", " "])
def test_without_a_terminal_nobody_is_asked(no_key, blank):
    """
    The command does not prompt, whatever standard input contains; a blank variable counts as unset.
    """
    ended = subprocess.run(
        [sys.executable, "-m", "heymilo_async.cli", *LIST],
        env={**no_key, "HEYMILO_API_KEY": blank},
        input=f"{TYPED}\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )

    assert (3, "", NONE) == (ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize("option", ["--api-key", "--key", "--access-token", "--token"])
@pytest.mark.parametrize("place", [0, 2], ids=["before", "behind"])
def test_there_is_no_option_for_a_key(heymilo, place, option):
    """
    An option would show the key in the process list, and in the shell's history.
    """
    arguments = list(LIST)
    arguments.insert(place, f"{option}={TYPED}")

    shown = heymilo(*arguments)

    assert 2 == shown.code
    assert option in shown.err
    assert TYPED not in shown.err


class _Tty(io.StringIO):
    """
    A stream that claims to be a terminal.
    """

    def isatty(self):
        return True


@pytest.fixture
def person(monkeypatch):
    """
    Simulate a user at a terminal who types the given answer; return stderr.
    """

    def answering(answer):
        monkeypatch.setattr(sys, "stdin", _Tty())
        monkeypatch.setattr(sys, "stderr", stderr := _Tty())
        monkeypatch.setattr(getpass, "getpass", answer)
        return stderr

    return answering


def raising(error):
    """
    Return a `getpass` that raises *error*.
    """

    def answer(*_):
        raise error

    return answer


@pytest.mark.parametrize("variable", credentials.VARIABLES)
def test_a_variable_goes_before_a_person(person, monkeypatch, variable):
    """
    The client reads the variable by itself.
    """
    person(raising(AssertionError))
    monkeypatch.setenv(variable, TYPED)

    assert variable == credentials.variable_in_use()
    assert None is credentials.ask_for_key()


def test_a_key_is_wrapped_at_once(person):
    """
    No traceback shows the key.
    """
    person(lambda *_: f" {TYPED} ")

    key = credentials.ask_for_key()

    assert "***" == repr(key)
    assert TYPED == key.reveal()


def test_ctrl_z_is_ignored_while_the_key_is_typed(person):
    """
    A shell would let the terminal echo the rest of it; afterwards Ctrl-Z works again.
    """
    before = signal.getsignal(signal.SIGTSTP)
    during = []

    def answer(*_):
        during.append(signal.getsignal(signal.SIGTSTP))
        return TYPED

    person(answer)
    credentials.ask_for_key()

    assert [signal.SIG_IGN] == during
    assert before == signal.getsignal(signal.SIGTSTP)


def test_a_terminal_that_would_show_it(person):
    """
    If the terminal would show the key, the command does not prompt.
    """

    def answer(*_):
        warnings.warn("Can not control echo", getpass.GetPassWarning, stacklevel=2)
        return TYPED

    person(answer)

    with pytest.raises(errors.CommandError, match="cannot hide the key") as refused:
        credentials.ask_for_key()
    assert errors.ExitCode.AUTHENTICATION == refused.value.code


def test_what_is_no_text(person):
    """
    The decoder's error contains all that was typed, so it is not passed on.
    """
    person(raising(UnicodeDecodeError("utf-8", TYPED.encode(), 0, 1, "invalid")))

    with pytest.raises(errors.CommandError, match="the typed key is not utf-8") as refused:
        credentials.ask_for_key()
    assert None is refused.value.__context__


@pytest.mark.parametrize(
    ("error", "raised"), [(EOFError, errors.CommandError), (KeyboardInterrupt, KeyboardInterrupt)]
)
def test_the_next_line_begins_at_the_left(person, error, raised):
    """
    Ctrl-C or Ctrl-D leaves the cursor after the prompt, so the next line starts with a line break.
    """
    stderr = person(raising(error))

    with pytest.raises(raised):
        credentials.ask_for_key()
    assert "\n" == stderr.getvalue()


@pytest.mark.parametrize("closed", ["stdin", "stderr"])
def test_closed_streams_are_no_terminal(person, monkeypatch, closed):
    """
    Python replaces closed streams with None.
    """
    person(lambda *_: TYPED)
    monkeypatch.setattr(sys, closed, None)

    with pytest.raises(errors.CommandError, match="no credentials"):
        credentials.ask_for_key()
