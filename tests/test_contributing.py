"""
The steps in CONTRIBUTING.md add a working resource, and a test notices each omitted step.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from suites import Suite, on_asyncio, run_suite
from walk import CONTRACT, ROOT, copy_project, extend_contract, steps, take, write_index

import heymilo_async

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
STEPS = {step.name: step for step in steps()}
RESOURCE = "heymilo_async/resources/badges.py"
#: The tests that notice an omission.
CHECKS = ("--noconftest", "tests/test_resources.py", "tests/test_index.py")
ALL_CHECKS = (
    "tests/test_resources.py",
    "tests/test_operations.py",
    "tests/test_index.py",
    "tests/test_surface.py",
    "tests/test_faces.py",
    "tests/test_docstrings.py",
    "tests/test_imports.py",
    "tests/test_invariants.py::test_every_operation_is_watched",
    "tests/sandbox/test_sandbox_contract.py",
)
#: Steps that no test notices: the sandbox has plausible values without them, and a reader sees the
#: rest.
NOT_MISSED = {"heymilo_async/sandbox/_seeds.py", "changelog.d/+badges.added.md"}


#: The project's settings require these.
PLUGINS = (*on_asyncio("strict"), "-p", "pytest_timeout", "-p", "anyio.pytest_plugin")


@pytest.fixture
def project(tmp_path):
    """
    A copy of the project to take steps in.
    """
    copy_project(tmp_path, Path(heymilo_async.__file__).parent)
    return tmp_path


def check(project: Path, *tests: str) -> Suite:
    """
    Run some tests of the copy, with the copy's package and not the installed one.
    """
    report = project / "report.xml"
    return run_suite(project, *PLUGINS, *tests, report=report, PYTHONPATH=str(project))


@pytest.mark.timeout(240)
def test_a_resource_is_added_by_the_book(project):
    """
    After all steps, the tests of resources, surface, imports and contract pass.
    """
    extend_contract(project)
    take(project, STEPS.values())
    write_index(project)

    # The contract now differs from the published one.
    chosen = "not faithful and (badge or Badge or not trio)"
    suite = check(project, *ALL_CHECKS, "-k", chosen)

    assert (0, ()) == (suite.code, suite.others), suite.output
    assert {
        "test_models_know_every_member[listBadges]",
        "test_nothing_of_an_answer_is_lost[blocking-getBadge]",
        "test_what_goes_out_is_what_the_contract_has[trio-listBadges]",
    } <= set(suite.passed)


@pytest.mark.timeout(60)
def test_the_command_of_a_resource_comes_with_it(project):
    """
    After all steps, the command lists the sandbox's items.
    """
    extend_contract(project)
    take(project, STEPS.values())
    write_index(project)
    command = ["-m", "heymilo_async", "--sandbox", "badges", "list", "--limit", "2"]
    done = subprocess.run(
        [sys.executable, *command, "--format", "csv"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ["id,label,color,object", "B0,Visitor 0,red,badge", "B1,Visitor 1,blue,badge"] == (
        done.stdout.splitlines()
    ), done.stderr


def test_a_resource_costs_what_is_said_of_it():
    """
    A resource with `list` and `get` takes at most 60 lines of one file, and one line of seeds.
    """
    lines = STEPS[RESOURCE].new.splitlines()

    assert len(lines) <= 60
    assert {"changelog.d/+badges.added.md", RESOURCE} == {
        step.path for step in STEPS.values() if not step.old
    }
    assert ["heymilo_async/sandbox/_seeds.py"] == [step.path for step in STEPS.values() if step.old]


def test_an_index_that_is_not_written_is_missed(project):
    """
    Without the command, the test names each stale file.
    """
    extend_contract(project)
    take(project, STEPS.values())

    said = check(project, "--noconftest", "tests/test_index.py").output

    for name in (
        "heymilo_async/resources/__init__.py",
        "heymilo_async/__init__.py",
        "heymilo_async/resources/_attributes.py",
        "docs/reference/badges.md",
        "tests/typing/resources.py",
        "heymilo_async/sandbox/contract.json",
        "README.md",
    ):
        assert f"{name} is stale: run `python scripts/index.py`" in said


def test_the_sandbox_serves_the_contract_without_prose(project):
    """
    The script copies the contract for the sandbox: without the descriptions of the published
    document, but with those of responses, which OpenAPI requires.
    """
    extend_contract(project)
    write_index(project)

    packaged = json.loads((project / "heymilo_async/sandbox/contract.json").read_text("utf-8"))
    operation = packaged["paths"]["/api/v2/badges/{badge_id}"]["get"]
    schema = packaged["components"]["schemas"]["BadgeResponse"]
    assert {"tags", "operationId", "parameters", "responses"} == operation.keys()
    assert "Badge not found." == operation["responses"]["404"]["description"]
    assert {"type": "string"} == schema["properties"]["label"]
    assert {"properties", "type", "required"} == schema.keys()


def test_a_resource_can_be_removed(project):
    """
    Without the module, the script also removes the resource's page.
    """
    extend_contract(project)
    take(project, STEPS.values())
    write_index(project)
    (project / RESOURCE).unlink()

    said = check(project, "--noconftest", "tests/test_index.py").output
    write_index(project)

    assert "docs/reference/badges.md is left over: run `python scripts/index.py`" in said
    assert not (project / "docs/reference/badges.md").exists()
    assert (project / "docs/reference/clients.md").exists()


def test_a_contract_that_is_left_out_is_missed(project):
    """
    The test names operations that the contract lacks.
    """
    take(project, STEPS.values())
    write_index(project)

    assert f"{CONTRACT} has no operation listBadges" in check(project, *CHECKS).output


def test_an_operation_that_is_left_out_is_missed(project):
    """
    With only the contract changed, the tests name the operations without a method.
    """
    extend_contract(project)

    assert "is marked as getBadge, GET /api/v2/badges/{badge_id}" in check(project, *CHECKS).output


def test_all_steps_are_known():
    """
    Each block of the page is a known step, with or without a test that notices its omission.
    """
    assert {step.path for step in STEPS.values()} == NOT_MISSED | {RESOURCE}
    blocks = re.findall(r"^```+(?:python|diff|markdown)$", TEXT, re.MULTILINE)
    assert len(blocks) == len({step.path for step in STEPS.values()})


def test_the_command_is_the_readmes():
    """
    README and CONTRIBUTING give the same command for a newcomer.
    """
    (command,) = re.findall(r"^python3 -m venv .*$", TEXT, re.MULTILINE)

    assert command in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
