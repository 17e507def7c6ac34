"""
An error is one readable line on stderr and an exit code, and never a traceback.
"""

from __future__ import annotations

import io
import sys

import pytest
from inside_command import app, errors, output, streams
from ports import free_port
from server import answer, ok, single

from heymilo_async import cli

LIST = ("phone-numbers", "list")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        pytest.param(answer(401), 3, id="401"),
        pytest.param(answer(403), 3, id="403"),
        pytest.param(answer(404), 4, id="404"),
        pytest.param(answer(429), 5, id="429"),
        pytest.param(answer(422), 1, id="422"),
        pytest.param(answer(500), 1, id="500"),
        pytest.param(answer(307, b"", "Location: /elsewhere"), 1, id="307"),
        pytest.param(ok([]), 1, id="not a page"),
        pytest.param(lambda connection: connection.reset(), 6, id="reset"),
    ],
)
@pytest.mark.usefixtures("naps")
def test_the_exit_code_says_what_kind_of_error_it_was(heymilo, serve, reply, code):
    """
    Each error is one line on stderr, and stdout is empty.
    """
    server = serve(reply)

    ended = heymilo(*LIST, base_url=server.base_url)

    assert (code, "") == (ended.code, ended.out)
    assert ended.err.startswith("heymilo: GET /api/v2/phone-numbers")
    assert 1 == ended.err.count("\n")


@pytest.mark.usefixtures("naps")
def test_nobody_listens(heymilo):
    """
    A failed connection exits with 6.
    """
    assert 6 == heymilo(*LIST, base_url=f"http://127.0.0.1:{free_port()}").code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--nonsense"], "--nonsense"),
        (["--api-key", "canary-5f2b9c71e8d04a36"], "--api-key"),
        (["nonsense"], "nonsense"),
        (["phone-numbers", "nonsense"], "nonsense"),
        (["phone-numbers", "list", "--limit", "0"], "--limit"),
        (["phone-numbers", "list", "--limit", "101"], "--limit"),
        (["phone-numbers", "list", "--limit", "many"], "--limit"),
        (["phone-numbers", "list", "--format", "xml"], "'table', 'json', 'jsonl', 'csv'"),
        (["phone-numbers", "list", "--starting-after", ""], "--starting-after must not be empty"),
        (["phone-numbers", "get"], "ID"),
        (["phone-numbers", "get", ""], "the phone number id "),
        (["phone-numbers", "get", ".."], "the phone number id "),
        (["phone-numbers", "get", "a\nb"], "the phone number id "),
        (["phone-numbers", "get", "a\udcff"], "the phone number id "),
    ],
)
def test_a_wrong_argument_is_2(heymilo, arguments, said):
    """
    The line names the wrong argument; nothing was sent.
    """
    ended = heymilo(*arguments)

    assert (2, "") == (ended.code, ended.out)
    assert said in ended.err
    assert 1 == ended.err.count("\n")


def test_a_usage_error_says_where_help_is(heymilo):
    """
    It points to the help of the command that was meant.
    """
    ended = heymilo("phone-numbers", "get")

    assert "heymilo: Missing argument 'ID' (see 'heymilo phone-numbers get --help')\n" == ended.err


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("heymilo", ["--nosuch"]),
        ("heymilo", ["--timeout"]),
        ("heymilo phone-numbers", ["phone-numbers", "--nosuch"]),
        ("heymilo phone-numbers list", ["phone-numbers", "list", "--nosuch"]),
        ("heymilo phone-numbers list", ["phone-numbers", "list", "--limit"]),
        ("heymilo phone-numbers list", ["phone-numbers", "list", "--limit", "x"]),
        ("heymilo phone-numbers list", ["phone-numbers", "list", "--timeout"]),
        ("heymilo postings create", ["postings", "create"]),
        ("heymilo ingest", ["ingest", "people.csv", "--posting"]),
        ("heymilo doctor", ["doctor", "--deadline"]),
    ],
)
def test_each_usage_error_points_to_its_command(heymilo, command, arguments):
    """
    An unknown option, an option without its value and a wrong value point to the help of the
    command that they were given to.
    """
    ended = heymilo(*arguments)

    assert 2 == ended.code
    assert ended.err.endswith(f" (see '{command} --help')\n")


def test_a_usage_error_that_knows_no_command(capsys):
    """
    It points to the help of `heymilo` itself.
    """
    assert 2 == errors.report(errors.UsageError("Something is wrong."))
    assert "(see 'heymilo --help')\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    "base_url", ["ftp://example.com", "http://example.com", "nonsense", "https://"]
)
def test_a_wrong_setting_is_2(heymilo, base_url):
    """
    A wrong setting in the environment counts as a wrong argument.
    """
    ended = heymilo(*LIST, base_url=base_url)

    assert (2, "") == (ended.code, ended.out)
    assert "--base-url" in ended.err


@pytest.mark.parametrize("key", [None, "", "  "])
def test_no_credentials_is_3(heymilo, monkeypatch, key):
    """
    Missing credentials exit with the same code as a wrong key; the line says how to try without an
    account.
    """
    if key is None:
        monkeypatch.delenv("HEYMILO_API_KEY")
    else:
        monkeypatch.setenv("HEYMILO_API_KEY", key)

    ended = heymilo(*LIST)

    assert (
        "heymilo: no credentials: set HEYMILO_API_KEY (or HEYMILO_ACCESS_TOKEN), or try the sandbox, "
        "which needs none: heymilo --sandbox phone-numbers list\n" == ended.err
    )
    assert (3, "") == (ended.code, ended.out)


def test_a_token_will_do(heymilo, serve, monkeypatch):
    """
    The client reads the same variables as in a program.
    """
    monkeypatch.delenv("HEYMILO_API_KEY")
    monkeypatch.setenv("HEYMILO_ACCESS_TOKEN", "a-token")
    monkeypatch.setenv("HEYMILO_WORKSPACE_ID", "a-workspace")
    server = serve(single())

    assert 0 == heymilo("phone-numbers", "get", "666A24C3", base_url=server.base_url).code
    assert ("Bearer a-token", "a-workspace") == tuple(
        server.requests[0].headers[name] for name in ("authorization", "x-workspace-id")
    )


def test_what_the_server_says_cannot_drive_the_terminal(heymilo, serve):
    """
    A server's text contains no escape sequences and no line breaks when it is printed.
    """
    body = (
        rb'{"detail": "\u001b]0;title\u0007 one\ntwo \u202e [red]x[/red] canary-5f2b9c71e8d04a36"}'
    )
    server = serve(answer(404, body))

    ended = heymilo(*LIST, base_url=server.base_url)

    assert 4 == ended.code
    assert "[red]x[/red]" in ended.err
    assert ended.err.removesuffix("\n").isprintable()


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (RuntimeError("two\nlines"), 1, "heymilo: unexpected RuntimeError: two lines\n"),
        (KeyboardInterrupt(), 130, "heymilo: interrupted\n"),
        (BrokenPipeError(), 141, ""),
        (SystemExit(4), 4, ""),
        (SystemExit("text"), 1, ""),
    ],
)
def test_nothing_leaves_the_command_as_an_exception(heymilo, serve, monkeypatch, error, code, said):
    """
    An exception of any kind, while the command runs or before, ends as one line.
    """

    def fail(*_):
        raise error

    server = serve(single())
    monkeypatch.setattr(output, "write_one", fail)
    working = heymilo("phone-numbers", "get", "666A24C3", base_url=server.base_url)
    monkeypatch.setattr("typer.main.get_command", fail)
    before = heymilo("phone-numbers", "get", "666A24C3", base_url=server.base_url)

    assert [(code, "", said)] * 2 == [(one.code, one.out, one.err) for one in (working, before)]


def test_help_that_nobody_reads_is_a_closed_pipe(monkeypatch):
    """
    Rich and Typer end the process with 1 then, which would hide the closed pipe.
    """
    # Not the stream that the test runner reads from: that one is redirected to nowhere.
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    error = SystemExit(1)
    error.__context__ = BrokenPipeError()

    assert 141 == errors.report(error)


def test_help_that_cannot_be_written(monkeypatch, capsys):
    """
    Typer's own error of the system is one of the output; that of a file keeps its name.
    """
    monkeypatch.setattr(sys, "stdout", io.StringIO())

    assert 1 == errors.report(OSError(28, "No space left on device"))
    assert 1 == errors.report(OSError(28, "No space left on device", "candidates.csv"))

    written, other = capsys.readouterr().err.splitlines()
    assert "heymilo: cannot write the output: No space left on device" == written
    assert other.startswith("heymilo: unexpected OSError")
    assert "candidates.csv" in other


class _Refusing(io.StringIO):
    """
    A stream that refuses all output.
    """

    encoding = "ascii"

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def write(self, _: str) -> int:
        raise self._error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (
            UnicodeEncodeError("ascii", "a\xfc", 1, 2, "ordinal not in range"),
            r"the output's encoding ascii has no '\xfc': use --format json or jsonl",
        ),
    ],
)
def test_an_output_that_takes_nothing_is_an_error(monkeypatch, error, said):
    """
    A refused output is an error, so nobody relies on a file that is incomplete.
    """
    monkeypatch.setattr(sys, "stdout", _Refusing(error))

    with pytest.raises(streams.OutputError) as caught:
        streams.write("text")

    assert said in str(caught.value)
    assert 1 == errors.exit_code(caught.value)


@pytest.mark.parametrize("error", [BrokenPipeError(), KeyboardInterrupt()])
def test_what_is_no_error_of_the_output_passes_through_it(monkeypatch, error):
    """
    A closed pipe and Ctrl-C have meanings of their own.
    """
    monkeypatch.setattr(sys, "stdout", _Refusing(error))

    with pytest.raises(type(error)):
        streams.write("text")


def test_a_closed_stdout_is_an_error(monkeypatch):
    """
    A stdout that the shell closed (`>&-`) is an error.
    """
    monkeypatch.setattr(sys, "stdout", None)

    assert not streams.is_terminal()
    with pytest.raises(streams.OutputError, match="standard output is closed"):
        streams.write("text")


def test_a_closed_stderr_is_nobodys_error(monkeypatch, capsys):
    """
    A closed stderr is no error, and the line does not go to stdout instead.
    """
    monkeypatch.setattr(sys, "stderr", None)
    streams.say("text")
    monkeypatch.setattr(sys, "stderr", _Refusing(BrokenPipeError()))
    streams.say("text")

    assert "" == capsys.readouterr().out


def test_an_output_that_is_no_file_will_do(monkeypatch):
    """
    Any object that replaces stdout works, such as a notebook's.
    """
    taken = io.StringIO()
    monkeypatch.setattr(sys, "stdout", taken)

    streams.write("text\r\n")

    assert "text\r\n" == taken.getvalue()


def test_main_reads_the_arguments_of_the_process(monkeypatch, capsys):
    """
    It is the entry point, and returns the exit code for the shell.
    """
    monkeypatch.setattr(sys, "argv", ["heymilo", "nonsense"])

    assert 2 == cli.main()
    assert "nonsense" in capsys.readouterr().err


def test_ctrl_c_while_an_error_is_reported(monkeypatch):
    """
    A second Ctrl-C still causes no traceback.
    """

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "run", interrupt)

    assert 130 == cli.main()
