"""
The example projects work, tests and all.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import follow
import pytest
from suites import run_suite

EXAMPLES = Path(__file__).parent.parent / "examples"
#: Warnings of old versions of FastAPI's TestClient with new ones of anyio.
NOT_OURS = "ignore:The anyio.abc.BlockingPortal alias is deprecated:DeprecationWarning"
#: Their dependencies are not installed with our tests: `nox -s examples` runs them.
ELSEWHERE = {"celery", "data-home", "gunicorn"}
PROJECTS = sorted(
    path.parent for path in EXAMPLES.glob("*/pyproject.toml") if path.parent.name not in ELSEWHERE
)


def test_the_examples_are_found():
    """
    The FastAPI backend is among them, and each has a README with the command for its tests.
    """
    folders = sorted(path.parent.name for path in EXAMPLES.glob("*/pyproject.toml"))

    assert [EXAMPLES / name for name in ("conduct", "fastapi-backend", "process-pool")] == PROJECTS
    assert [
        "celery",
        "conduct",
        "data-home",
        "fastapi-backend",
        "gunicorn",
        "process-pool",
    ] == folders
    assert [] == [
        name
        for name in folders
        if "-m pytest\n" not in follow.script_of(EXAMPLES / name / "README.md")
    ]


def test_how_a_page_is_followed(tmp_path):
    """
    Commands run in one shell, in order; servers run beside them; a failing command ends the script.
    """
    page = tmp_path / "README.md"
    page.write_text(
        "```console\ncd below\n```\n```console server\nsleep 0.3; touch up; sleep 60\n```\n"
        "```console\nls up\n```\n",
        encoding="utf-8",
    )
    (tmp_path / "below").mkdir()
    command = [sys.executable, follow.__file__, page, tmp_path]

    followed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "+ cd below" in followed.stdout
    assert followed.stdout.endswith("up\n")

    page.write_text("```console\nfalse\n```\n", encoding="utf-8")
    assert 1 == subprocess.run(command, capture_output=True, check=False).returncode


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_an_example_passes_its_own_tests(project, tmp_path):
    """
    All of its tests pass, without a warning.
    """
    suite = run_suite(project, "-W", NOT_OURS, report=tmp_path / "report.xml")

    assert (0, ()) == (suite.code, suite.others), suite.output
    assert len(suite.passed) > 2
    assert "warning" not in suite.output.lower()
