"""
The files that `scripts/index.py` generates are current.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import heymilo_async

ROOT = Path(__file__).parent.parent


def test_nothing_that_follows_is_stale():
    """
    The index and the reference pages are as `scripts/index.py` writes them.
    """
    script = ROOT / "scripts" / "index.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )

    assert (0, "") == (done.returncode, done.stdout), done.stdout


@pytest.mark.full("it starts a process")
def test_an_import_loads_no_resource():
    """
    A group is loaded on first use, alone; `dir` lists all groups before.
    """
    code = """
import sys, heymilo_async
heymilo_async.HeyMilo
loaded = lambda: sorted(one for one in sys.modules if one.startswith("heymilo_async.resources."))
print(loaded())
print("PhoneNumber" in dir(heymilo_async), "phone_numbers" in dir(heymilo_async.HeyMilo))
print(heymilo_async.PhoneNumber.__module__, loaded()[-1])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert [
        "['heymilo_async.resources._attributes', 'heymilo_async.resources._collection']",
        "True True",
        "heymilo_async heymilo_async.resources.phone_numbers",
    ] == done.stdout.splitlines()


@pytest.mark.full("it starts a process")
def test_a_module_is_found_as_an_attribute():
    """
    After `import heymilo_async`, `heymilo_async.errors` exists, too.
    """
    code = "import heymilo_async; print(heymilo_async.errors.HeyMiloError)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "<class 'heymilo_async.HeyMiloError'>" == done.stdout.strip()


def test_a_name_that_is_nobodys():
    """
    An unknown name of the package is an AttributeError that names it.
    """
    for module in (heymilo_async, heymilo_async.resources):
        assert not hasattr(module, "NothingOfThatName")
        assert "PhoneNumber" in dir(module)


def test_all_can_be_imported_at_once():
    """
    `from heymilo_async import *` gives every public name.
    """
    names: dict[str, object] = {}
    exec("from heymilo_async import *", names)

    assert set(heymilo_async.__all__) <= set(names)
