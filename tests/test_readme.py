"""
The README's examples run as they are printed, and so do the examples in docstrings.
"""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import runpy
import shlex
from pathlib import Path

import pytest

import heymilo_async
from heymilo_async.cli import _app
from heymilo_async.sandbox import running, seed_numbers

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
COMMANDS = re.findall(r"^heymilo .*$", README, re.MULTILINE)
FIRST = next(iter(seed_numbers(1))).id
MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(heymilo_async.__path__, "heymilo_async.")
    if not name.startswith("heymilo_async.cli")
]


@pytest.fixture
def _at_the_sandbox(monkeypatch):
    with running() as sandbox:
        monkeypatch.setenv("HEYMILO_API_KEY", sandbox.api_key)
        monkeypatch.setenv("HEYMILO_BASE_URL", sandbox.base_url)
        yield


def test_the_readme_has_all_three_fronts():
    """
    There is an example for asyncio, one for trio, one for blocking code, and one of the sandbox.
    """
    calls = ["asyncio.run(", "trio.run(", "with HeyMilo(", "with sandbox.running("]

    assert calls == [next(call for call in calls if call in block) for block in BLOCKS]


@pytest.mark.usefixtures("_at_the_sandbox")
@pytest.mark.parametrize("block", BLOCKS, ids=["asyncio", "trio", "blocking", "sandbox"])
def test_the_readme_runs_as_printed(block, tmp_path, capsys):
    """
    A block of the README, saved to a file and run, prints phone numbers.
    """
    script = tmp_path / "example.py"
    script.write_text(block, encoding="utf-8")
    runpy.run_path(str(script), run_name="__main__")

    shown = capsys.readouterr().out
    assert "250 5" in shown if "running(" in block else "+12065550100" in shown


@pytest.mark.usefixtures("_at_the_sandbox")
@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_run_as_printed(line, capsys, monkeypatch):
    """
    Each command of the README that asks the API does what it says; the sandbox has that number.
    """
    words = shlex.split(line.partition(" > ")[0])[1:]
    code = _app.run([FIRST if word == "666A24C3" else word for word in words])

    assert 0 == code
    assert FIRST in capsys.readouterr().out or words == ["doctor"]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings_run(name):
    """
    What a docstring shows is what happens; examples that need a server have one.
    """
    module = importlib.import_module(name)

    assert 0 == doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed


def test_docstring_examples_are_found():
    """
    The test above looks at examples, and does not pass for want of them.
    """
    modules = [importlib.import_module(name) for name in MODULES]

    assert 10 < sum(doctest.testmod(module).attempted for module in modules)
