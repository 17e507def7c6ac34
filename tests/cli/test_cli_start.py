"""
The command before any request: help, version, the sandbox, and missing packages.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import runpy
import sys

import pytest
import typer.main
from inside_command import app

import heymilo_async
from heymilo_async import cli


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["-h"], ["--sandbox"]], ids=lambda one: " ".join(one) or "alone"
)
def test_help_teaches(heymilo, arguments):
    """
    Help also appears without arguments: examples to copy, every variable, every exit code.
    """
    shown = heymilo(*arguments)

    assert (0, "") == (shown.code, shown.err)
    for taught in (
        *("heymilo --sandbox phone-numbers list", "heymilo phone-numbers get", "--version"),
        *("HEYMILO_API_KEY", "HEYMILO_ACCESS_TOKEN", "HEYMILO_WORKSPACE_ID", "HEYMILO_BASE_URL"),
        *("NO_PROXY", "NO_COLOR", "0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "130 ", "141 "),
    ):
        assert taught in shown.out


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_a_group_shows_its_commands(heymilo, arguments):
    """
    A group without a command shows its help.
    """
    shown = heymilo("phone-numbers", *arguments)

    assert (0, "") == (shown.code, shown.err)
    assert "List phone numbers: one page, or with --all every page." in shown.out
    assert "Return one phone number." in shown.out


def test_help_of_list_names_its_options_and_formats(heymilo):
    """
    The help also names the default format.
    """
    shown = heymilo("phone-numbers", "list", "--help")

    for taught in ("--limit", "--starting-after", "--all", "--format", "jsonl", "Unix seconds"):
        assert taught in shown.out


def test_help_has_sections_of_two_columns(heymilo):
    """
    Each section has names and their descriptions in two columns, whose widths are its own.
    """
    lines = heymilo("phone-numbers", "get", "--help").out.splitlines()

    assert [*("Usage:", "Arguments:", "Options:", "Output:", "Connection:")] == [
        line.partition(" ")[0] for line in lines if line.partition(" ")[0].endswith(":")
    ]
    assert "  -h, --help  Show this message and exit." in lines
    assert "  --timeout SECONDS      Seconds without progress; default 30. Also accepts" in lines
    assert "                         500ms or 2m." in lines


def test_help_has_every_option(heymilo):
    """
    If a name is too long for its column, the description is on the next line.
    """
    shown = heymilo("postings", "create", "--help")

    assert (
        "  --allow-sms-comms / --no-allow-sms-comms\n"
        "                                         Whether invitations are also sent by\n"
        in shown.out
    )


@pytest.mark.parametrize("arguments", [["--version"], ["--sandbox", "--version"]], ids=" ".join)
def test_version(heymilo, arguments):
    """
    It prints the version of the installed distribution, also after other options.
    """
    shown = heymilo(*arguments)

    assert f"heymilo (heymilo-async) {heymilo_async.__version__}\n" == shown.out
    assert 0 == shown.code


def test_version_by_itself_needs_nothing_else(capsys, monkeypatch):
    """
    --version does not load the client; an error while it is written is reported as usual.
    """
    monkeypatch.setattr(sys, "argv", ["heymilo", "--version"])

    assert 0 == cli.main()
    assert f"heymilo (heymilo-async) {heymilo_async.__version__}\n" == capsys.readouterr().out

    monkeypatch.setattr(sys, "stdout", None)

    assert 1 == cli.main()
    assert "standard output is closed" in capsys.readouterr().err


def test_what_help_lists_is_what_a_command_says_of_itself():
    """
    The list has the first line of each command's help, without loading the command.
    """
    listed = typer.main.get_command(app.app).commands.values()

    assert len(listed) > 20
    for one in listed:
        itself = one.make_context(one.name, [], resilient_parsing=True).command
        paragraph = itself.help.strip().partition("\n\n")[0]

        assert (itself.name, " ".join(paragraph.split())) == (one.name, one.help)


def test_the_command_is_installed_under_its_name():
    """
    The entry point of `heymilo` is `heymilo_async.cli.main`.
    """
    (entry,) = [
        entry
        for entry in importlib.metadata.entry_points(group="console_scripts")
        if entry.name == "heymilo"
    ]

    assert cli.main is entry.load()


def test_the_sandbox_needs_no_key(heymilo, monkeypatch):
    """
    --sandbox needs neither a key nor a network, and ignores a proxy and a base URL that are set for
    the real API.
    """
    monkeypatch.delenv("HEYMILO_API_KEY")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.com")

    shown = heymilo(
        *("--sandbox", "phone-numbers", "list", "--limit", "2"), base_url="https://127.0.0.1:9"
    )

    assert 0 == shown.code, shown.err
    assert 2 == len([json.loads(line) for line in shown.out.splitlines()])
    assert {"NO_PROXY": "*"} == {
        name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")
    }


def test_the_sandbox_says_no_as_the_real_one_does(heymilo, monkeypatch):
    """
    Errors of the sandbox have the same texts and exit codes as errors of the API.
    """
    # Set here, so that it is restored.
    monkeypatch.setenv("NO_PROXY", "")

    assert 4 == heymilo("--sandbox", "phone-numbers", "get", "nope").code


def test_a_missing_sandbox_is_one_line(heymilo, monkeypatch):
    """
    The line says what to install.
    """
    for name in [name for name in sys.modules if name.startswith("heymilo_async.sandbox")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(heymilo_async, "sandbox", raising=False)
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)

    shown = heymilo("--sandbox", "phone-numbers", "list")

    assert (
        "heymilo: heymilo_async.sandbox needs jsonschema_rs; heymilo-async is on no package "
        "index, so in a clone of it: pip install '.[sandbox]'\n" == shown.err
    )
    assert (1, "") == (shown.code, shown.out)


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Let this process forget that it has imported the command, until the end of the test.
    """
    for name in [name for name in sys.modules if name.startswith("heymilo_async.cli._")]:
        monkeypatch.delitem(sys.modules, name)
        monkeypatch.delattr(cli, name.rpartition(".")[2], raising=False)


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("package", ["typer", "rich"])
def test_a_missing_package_is_one_line(monkeypatch, capsys, package):
    """
    The line says what to install.
    """
    for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    if package == "rich":
        monkeypatch.setenv("TYPER_USE_RICH", "0")
    monkeypatch.setattr(sys, "argv", ["heymilo", "phone-numbers", "list"])

    assert 1 == cli.main()
    assert (
        f"heymilo: this command needs {package}; heymilo-async is on no package index, "
        "so in a clone of it: pip install '.[cli]'\n" == capsys.readouterr().err
    )


@pytest.mark.usefixtures("forgotten")
def test_another_missing_module_is_not_blamed_on_the_extra(monkeypatch):
    """
    A broken installation raises its own error.
    """
    monkeypatch.setitem(sys.modules, "heymilo_async.cli._connection", None)

    with pytest.raises(ModuleNotFoundError, match="_connection"):
        cli.main()


@pytest.mark.parametrize("module", ["heymilo_async.__main__", "heymilo_async.cli.__main__"])
def test_python_runs_the_package(monkeypatch, capsys, module):
    """
    `python -m heymilo_async` runs the command, and so does `python -m heymilo_async.cli`.
    """
    monkeypatch.setattr(sys, "argv", ["heymilo", "--version"])
    monkeypatch.delitem(sys.modules, module, raising=False)

    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__")

    assert 0 == ended.value.code
    assert capsys.readouterr().out.startswith("heymilo ")


def test_importing_it_runs_nothing(capsys, monkeypatch):
    """
    Importing the module has no side effect, because tools import modules to inspect them.
    """
    for module in ("heymilo_async.__main__", "heymilo_async.cli.__main__"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    runpy.run_module("heymilo_async.cli.__main__", run_name="looked_at")
    runpy.run_module("heymilo_async.__main__", run_name="looked_at")

    assert "" == capsys.readouterr().out


@pytest.mark.full("it starts a process")
def test_the_client_imports_neither_typer_nor_the_sandbox(program):
    """
    The command does not import the sandbox either, before it needs it.

    (httpx itself imports rich, if click is installed too.)
    """
    ended = program(
        code="import sys, heymilo_async; before = set(sys.modules);"
        "import heymilo_async.cli._app;"
        "print({'typer', 'starlette'} & before, 'starlette' in sys.modules)"
    )

    assert ("set() False\n", "") == (ended.out, ended.err)


@pytest.mark.full("it starts a process")
def test_a_shell_completes_commands(program, environment):
    """
    Typer's completion works for the name `heymilo`.
    """
    environment.update(
        _HEYMILO_COMPLETE="complete_bash", COMP_WORDS="heymilo phone-numbers l", COMP_CWORD="2"
    )

    ended = program()

    assert ("list", "") == (ended.out.strip(), ended.err)
