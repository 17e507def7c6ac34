"""
Runs the command for a test: in this process, or as a program of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import attrs
import pytest

from heymilo_async import cli, sandbox

#: The variables that decide how wide and how colourful output is; tests set them themselves.
LOOKS = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS")
KEY = "canary-5f2b9c71e8d04a36"


@attrs.frozen
class Outcome:
    """
    The outcome of the command: its exit code, and its output.
    """

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _plain_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LOOKS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def heymilo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """
    Run the command in this process, with a key, against *base_url* if there is one.
    """
    monkeypatch.setenv("HEYMILO_API_KEY", KEY)

    def run(*arguments: str, base_url: str | None = None) -> Outcome:
        if base_url is not None:
            monkeypatch.setenv("HEYMILO_BASE_URL", base_url)
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["heymilo", *arguments])
        code = cli.main()
        written = capsys.readouterr()
        assert KEY not in written.out + written.err
        return Outcome(code, written.out, written.err)

    return run


@pytest.fixture
def environment() -> dict[str, str]:
    """
    The variables for a separate program, which finds the same packages and has a key.
    """
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONWARNINGS": "error",
        "HEYMILO_API_KEY": KEY,
    }


@pytest.fixture
def program(environment: dict[str, str]) -> Callable[..., Outcome]:
    """
    Run the command as a program of its own, against *base_url* if there is one.
    """

    def run(*arguments: str, base_url: str = "", code: str | None = None) -> Outcome:
        start = ["-m", "heymilo_async.cli"] if code is None else ["-c", code]
        ended = subprocess.run(
            [sys.executable, *start, *arguments],
            env={**environment, "HEYMILO_BASE_URL": base_url},
            capture_output=True,
            text=True,
            check=False,
            timeout=50,
        )
        return Outcome(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture(scope="session")
def milo() -> Iterator[sandbox.Sandbox]:
    """
    A sandbox of 30 numbers that accepts the key of these tests.
    """
    with sandbox.running(api_key=KEY) as running:
        yield running
