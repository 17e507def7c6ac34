"""
A program that runs beside a scenario and answers each line of its input with a line of JSON.

Servers run in such processes, so that a scenario measures only the client.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

TESTS = Path(__file__).parent.parent


def environment() -> dict[str, str]:
    """
    Return the variables for a program of ours: no credentials and no proxies, and this folder on
    its path.

    The variables of a surrounding pytest are left out, too.
    """
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HEYMILO_", "PYTEST_")) and not name.lower().endswith("_proxy")
    }
    return {**clean, "PYTHONPATH": str(TESTS)}


class Companion:
    """
    Runs the program of *module* until the block ends; `said` is its first line.
    """

    def __init__(self, module: str, **options: object) -> None:
        self._command = [sys.executable, "-m", module, json.dumps(options)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self.said: dict[str, Any] = self._read()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)

    def ask(self, word: str) -> dict[str, Any]:
        """
        Send *word*, and return the program's answer.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            message = f"{self._command[2]} ended by itself: {self._process.wait(30)}"
            raise RuntimeError(message)
        return json.loads(line)


def say(fact: Mapping[str, object]) -> None:
    """
    Print the line that `Companion` waits for.
    """
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


def answer_lines(answers: Callable[[str], Mapping[str, object]]) -> None:
    """
    Answer every line of stdin until it ends.
    """
    for line in sys.stdin:
        say(answers(line.strip()))
