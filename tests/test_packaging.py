"""
The contents of the wheel and of the sdist, and their metadata.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import heymilo_async

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: The top level of the sdist: the whole repository except what only CI uses.
FOLDERS = {
    *(".github", "benchmarks", "changelog.d", "docs", "examples", "findings", "heymilo_async"),
    *("scripts", "tests"),
}
FILES = {
    *(".gitignore", ".pre-commit-config.yaml", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"),
    *("PKG-INFO", "README.md", "RELEASING.md", "SECURITY.md", "constraints.txt", "noxfile.py"),
    "pyproject.toml",
}


def build(kind: str, source: Path, target: Path) -> Path:
    """
    Return the wheel or the sdist of *source*, built as a build front end does it.
    """
    code = f"import hatchling.build as b, sys; print(b.build_{kind}(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)],
        cwd=source,
        capture_output=True,
        text=True,
        check=True,
    )
    return target / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """
    The wheel, opened.
    """
    with zipfile.ZipFile(build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """
    The sdist, unpacked into a folder.
    """
    target = tmp_path_factory.mktemp("sdist")
    packed = build("sdist", ROOT, target)
    with tarfile.open(packed) as opened:
        # Python 3.11.4 added it; from 3.12 on, leaving it out is deprecated.
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        opened.extractall(target, **safely)
    return target / packed.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def metadata(wheel):
    """
    The metadata of the wheel.
    """
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return message_from_bytes(wheel.read(name))


def test_the_wheel_has_the_package_and_nothing_else(wheel):
    """
    The wheel contains each module, the contract and `py.typed`, and no test.
    """
    here = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "heymilo_async").rglob("*")
        if file.suffix == ".py" or file.name in {"contract.json", "py.typed", "redis.lua"}
    }
    about = f"heymilo_async-{heymilo_async.__version__}.dist-info"
    described = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}

    assert here | {f"{about}/{name}" for name in described} == set(wheel.namelist())
    assert "heymilo_async/py.typed" in here


def test_the_sdist_has_all_that_the_tests_want(sdist):
    """
    Its top level has the expected files; the tests and the files that they read are complete.
    """
    tops = {path.name for path in sdist.iterdir()}
    tests = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py")}

    assert set() == tops - FOLDERS - FILES
    assert {one for one in FOLDERS | FILES if (ROOT / one).exists()} - tops == set()
    assert tests == {str(path.relative_to(sdist)) for path in (sdist / "tests").rglob("*.py")}


def test_nothing_that_was_made_by_running_is_packed(wheel, sdist):
    """
    Neither contains bytecode, caches or results.
    """
    names = [*wheel.namelist(), *(str(path.relative_to(sdist)) for path in sdist.rglob("*"))]
    made = ("__pycache__", ".pyc", ".coverage", ".pytest_cache", ".nox", ".venv", "dist")

    assert [] == [name for name in names if {*Path(name).parts, Path(name).suffix} & set(made)]


def test_the_wheel_is_the_same_by_way_of_the_sdist(wheel, sdist, tmp_path):
    """
    A wheel that is built from the sdist has the same bytes as ours, at any time.
    """
    again = build("wheel", sdist, tmp_path)

    assert Path(wheel.filename).read_bytes() == again.read_bytes()


def test_the_version_is_said_once(metadata):
    """
    `_distribution.py` has the version; pyproject.toml and the wheel read it from there.
    """
    code = (ROOT / "heymilo_async" / "_distribution.py").read_text(encoding="utf-8")

    assert f'__version__ = "{heymilo_async.__version__}"' in code
    assert heymilo_async.__version__ == metadata["Version"]
    assert ("version" in PROJECT, ["version"]) == (False, PROJECT["dynamic"])


def test_the_metadata_is_complete(metadata):
    """
    It has the name, the summary, the licence, the Pythons, the README as description, and no
    invented URL.
    """
    pythons = [
        one.rpartition(" ")[2]
        for one in metadata.get_all("Classifier")
        if one.startswith("Programming Language :: Python :: 3.")
    ]

    assert ("heymilo-async", "MIT", "LICENSE", ">=3.11") == tuple(
        metadata[name] for name in ("Name", "License-Expression", "License-File", "Requires-Python")
    )
    assert "unofficial" in metadata["Summary"]
    assert "text/markdown" == metadata["Description-Content-Type"]
    assert (ROOT / "README.md").read_text(encoding="utf-8") == metadata.get_payload(
        decode=True
    ).decode("utf-8")
    assert ["3.11", "3.12", "3.13"] == pythons
    assert "Typing :: Typed" in metadata.get_all("Classifier")
    assert None is metadata["Project-URL"]


def test_all_is_every_extra(metadata):
    """
    `heymilo-async[all]` contains all other extras.
    """
    wanted = [Requirement(one) for one in metadata.get_all("Requires-Dist")]
    by_extra = {
        extra: {(one.name, str(one.specifier)) for one in wanted if extra in _extras(one)}
        for extra in metadata.get_all("Provides-Extra")
    }
    everything = by_extra.pop("all")

    assert {"cli", "sandbox"} <= by_extra.keys()
    assert everything == set().union(*by_extra.values())


def _extras(wanted: Requirement) -> set[str]:
    return set(re.findall(r'extra == "([\w-]+)"', str(wanted.marker)))


def test_the_command_is_there(wheel):
    """
    The wheel installs `heymilo`.
    """
    (name,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]

    assert (
        "[console_scripts]\nheymilo = heymilo_async.cli:main" == wheel.read(name).decode().strip()
    )
