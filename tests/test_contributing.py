"""
CONTRIBUTING.md is true: a resource that is added by it works, and a step that is forgotten is missed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from suites import Suite, on_asyncio, run_suite
from walk import CONTRACT, ROOT, copy_project, extend_contract, steps, take

import heymilo_async

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
STEPS = {step.name: step for step in steps()}
#: What tells that something is missing.
CHECKS = ("--noconftest", "tests/test_resources.py")
ALL_CHECKS = (
    "tests/test_resources.py",
    "tests/test_badges.py",
    "tests/test_surface.py",
    "tests/test_docstrings.py",
    "tests/test_imports.py",
    "tests/test_habits.py",
    "tests/sandbox/test_sandbox_contract.py",
)
#: What is said of a step without which the package cannot be imported.
NO_IMPORT = {
    "heymilo_async/resources/badges.py": "No module named 'heymilo_async.resources.badges'",
    "heymilo_async/_client.py: from .resources.badges import AsyncBadges, Badges": (
        "name 'AsyncBadges' is not defined"
    ),
    "heymilo_async/__init__.py: from .resources.badges import AsyncBadges, Badge, Badges": (
        "KeyError: 'AsyncBadges'"
    ),
}
#: What is said of each other step.
MISSED = {
    "heymilo_async/_client.py: badges: Final = Mounted(AsyncBadges)": (
        "AsyncHeyMilo has no line `badges: Final = Mounted(AsyncBadges)`"
    ),
    "heymilo_async/_client.py: badges: Final = Mounted(Badges)": (
        "HeyMilo has no line `badges: Final = Mounted(Badges)`"
    ),
    'heymilo_async/__init__.py: "AsyncBadges",': (
        "heymilo_async/__init__.py does not import AsyncBadges and name it in __all__"
    ),
    'heymilo_async/__init__.py: "Badge",': (
        "heymilo_async/__init__.py does not import Badge and name it in __all__"
    ),
    "tests/test_badges.py": ("no test calls badges.list(): it belongs in tests/test_badges.py"),
    "tests/typing/api.py: assert_type(await client.badges.list(limit=5), Page[Badge])": (
        "tests/typing has no assert_type() for badges.list() of AsyncHeyMilo"
    ),
    "tests/typing/api.py: assert_type(client.badges.list(limit=5), Page[Badge])": (
        "tests/typing has no assert_type() for badges.list() of HeyMilo"
    ),
    "docs/reference/badges.md": "no page of docs/reference/ shows Badge:",
    "docs/index.md: reference/badges": "docs/index.md does not list reference/badges",
}
#: What no test that runs can miss: a type checker does, and a reader.
NOT_MISSED = {
    "tests/typing/api.py: Badge,",
    "changelog.d/+badges.added.md",
    # Without it the sandbox has plausible badges, too.
    (
        'heymilo_async/sandbox/_seeds.py: "badges": {"id": "B{n}", "label": "Visitor {n}", '
        '"color": ("red", "blue", None)},'
    ),
}


#: What the project's settings ask for.
PLUGINS = (*on_asyncio("strict"), "-p", "pytest_timeout", "-p", "anyio.pytest_plugin")


@pytest.fixture
def project(tmp_path):
    """
    A copy of the project, to take steps in.
    """
    copy_project(tmp_path, Path(heymilo_async.__file__).parent)
    return tmp_path


def check(project: Path, *tests: str) -> Suite:
    """
    Run some tests of a copy, on the copy's package and not on one that is installed.
    """
    report = project / "report.xml"
    return run_suite(project, *PLUGINS, *tests, report=report, PYTHONPATH=str(project))


@pytest.mark.timeout(240)
def test_a_resource_is_added_by_the_book(project):
    """
    With all steps taken, what looks at resources, surface, imports and contract is content.
    """
    extend_contract(project)
    take(project, STEPS.values())

    # The contract is not the one that was handed out any more; what others wrote is as it was.
    chosen = (
        "not faithful and not all_operations and (badge or not (test_docstrings or test_habits))"
    )
    suite = check(project, *ALL_CHECKS, "-k", chosen)

    assert (0, ()) == (suite.code, suite.others), suite.output
    assert {"test_badges_come_as_they_are[trio]", "test_models_know_every_member[badges]"} <= set(
        suite.passed
    )


@pytest.mark.parametrize("name", NO_IMPORT)
def test_a_step_without_which_nothing_works_is_missed(project, name):
    """
    With that one left out, the package cannot be imported, and the error says for want of what.
    """
    extend_contract(project)
    take(project, [step for other, step in STEPS.items() if other != name])

    suite = check(project, *CHECKS)

    assert suite.code != 0
    assert NO_IMPORT[name] in suite.output


def test_steps_that_are_left_out_are_missed(project):
    """
    Left out all together, each of the others is missed by itself.
    """
    extend_contract(project)
    take(project, [step for name, step in STEPS.items() if name not in MISSED])

    suite = check(project, "-o", "verbosity_assertions=2", *CHECKS)

    assert [] == [said for said in MISSED.values() if said not in suite.output]
    # What is not missing is not blamed.
    assert 7 == len(suite.others)


def test_a_contract_that_is_left_out_is_missed(project):
    """
    Operations that the contract does not have are noticed.
    """
    take(project, STEPS.values())

    assert f"{CONTRACT} has no operation listBadges" in check(project, *CHECKS).output


def test_an_operation_that_is_left_out_is_missed(project):
    """
    With nothing but the contract, the tests name the operations that have no method.
    """
    extend_contract(project)

    assert "is marked as getBadge, GET /api/v2/badges/{badge_id}" in check(project, *CHECKS).output


def test_all_steps_are_known():
    """
    Each block of the walk is a step, and of each is known what is said when it is missing.
    """
    assert set(STEPS) == NO_IMPORT.keys() | MISSED.keys() | NOT_MISSED
    blocks = re.findall(r"^```+(?:python|diff|markdown)$", TEXT, re.MULTILINE)
    assert len(blocks) == len({step.path for step in STEPS.values()})


def test_the_command_is_the_readmes():
    """
    A newcomer types one command, and README and CONTRIBUTING agree on which.
    """
    (command,) = re.findall(r"^python3 -m venv .*$", TEXT, re.MULTILINE)

    assert command in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
