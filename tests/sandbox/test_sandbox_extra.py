"""
The sandbox is an extra: without it, an error says how to install it, and the client does not load
it.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest


def run(code: str) -> subprocess.CompletedProcess[str]:
    """
    Run *code* in a new interpreter that finds the same packages.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("package", ["starlette", "jsonschema_rs", "uvicorn"])
def test_a_missing_package_names_the_extra(package: str) -> None:
    """
    The last line of the traceback has the command to type.
    """
    ended = run(f"import sys; sys.modules[{package!r}] = None; import heymilo_async.sandbox")

    assert 1 == ended.returncode
    assert (
        f"ImportError: heymilo_async.sandbox needs {package}; heymilo-async is on no package "
        "index, so in a clone of it: pip install '.[sandbox]'" == ended.stderr.splitlines()[-1]
    )
    assert "During handling" not in ended.stderr


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Let this process forget that it has imported the sandbox, until the end of the test.
    """
    for name in [name for name in sys.modules if name.startswith("heymilo_async.sandbox")]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("package", ["jsonschema_rs", "uvicorn"])
def test_the_error_knows_what_is_missing(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """
    Code that catches the error can read which module is missing.
    """
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(ImportError, match=r"pip install '\.\[sandbox\]'") as caught:
        importlib.import_module("heymilo_async.sandbox")

    assert package == caught.value.name


@pytest.mark.usefixtures("forgotten")
def test_another_missing_module_is_not_blamed_on_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A broken installation raises its own error.
    """
    monkeypatch.setitem(sys.modules, "heymilo_async.sandbox._limits", None)

    with pytest.raises(ModuleNotFoundError, match="_limits"):
        importlib.import_module("heymilo_async.sandbox")


def test_the_client_does_not_import_the_sandbox() -> None:
    """
    `import heymilo_async` loads no web framework.
    """
    ended = run("import sys, heymilo_async; print('starlette' in sys.modules)")

    assert ("False\n", "") == (ended.stdout, ended.stderr)
