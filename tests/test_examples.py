"""
The example projects work, tests and all.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from suites import run_suite

EXAMPLES = Path(__file__).parent.parent / "examples"
#: What old versions of FastAPI's TestClient do to new ones of anyio.
NOT_OURS = "ignore:The anyio.abc.BlockingPortal alias is deprecated:DeprecationWarning"
#: What they stand for is not installed with our tests: `nox -s examples` runs them.
ELSEWHERE = {"celery", "gunicorn"}
PROJECTS = sorted(
    path.parent for path in EXAMPLES.glob("*/pyproject.toml") if path.parent.name not in ELSEWHERE
)


def test_the_examples_are_found():
    """
    There is a FastAPI backend among them; the others are those that nox runs.
    """
    noxfile = (EXAMPLES.parent / "noxfile.py").read_text(encoding="utf-8")

    assert [EXAMPLES / name for name in ("fastapi-backend", "process-pool")] == PROJECTS
    assert [] == [name for name in ELSEWHERE if f'"{name}"' not in noxfile]


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_an_example_passes_its_own_tests(project, tmp_path):
    """
    All of its tests pass, without a warning.
    """
    suite = run_suite(project, "-W", NOT_OURS, report=tmp_path / "report.xml")

    assert (0, ()) == (suite.code, suite.others), suite.output
    assert len(suite.passed) > 2
    assert "warning" not in suite.output.lower()
