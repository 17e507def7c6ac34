"""
CI and pre-commit call existing sessions, with the same versions.
"""

from __future__ import annotations

import ast
import itertools
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
NOXFILE = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GITHUB = ROOT / ".github"
FILES = sorted((GITHUB / "workflows").glob("*.yml"))
WORKFLOWS = {file.name: yaml.safe_load(file.read_text(encoding="utf-8")) for file in FILES}
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))

#: Sessions that no workflow calls, each with its reason.
BY_HAND = {
    "bench": "what a shared machine measures means nothing",
    "pacing": "as bench: its bounds are those of a machine that is idle",
    "docs_look": "somebody has to look at what it shows",
    "mutation": "half an hour on a quiet machine, and its outcome has to be judged",
    "reliability": "as bench",
}


def jobs():
    """
    Return each job of each workflow.
    """
    return [job for workflow in WORKFLOWS.values() for job in workflow["jobs"].values()]


def sessions():
    """
    Return the names of nox's sessions.
    """
    return {
        node.name
        for node in NOXFILE.body
        if isinstance(node, ast.FunctionDef)
        and any("nox.session" in ast.unparse(mark) for mark in node.decorator_list)
    }


def called():
    """
    Return the sessions that the workflows call, including each of a matrix.
    """
    found = set()
    for job in jobs():
        for step in job["steps"]:
            for name in re.findall(r"nox -s (\S+)", step.get("run", "")):
                if name == '"$SESSION"':
                    assert "${{ matrix.session }}" == step["env"]["SESSION"]
                    found |= set(job["strategy"]["matrix"]["session"])
                else:
                    found.add(name)
    return found


def test_the_workflows_call_what_is_there():
    """
    Each session in a workflow exists, and each session is called or has a reason.
    """
    assert [] == [f"noxfile.py has no session {name}" for name in called() - sessions()]
    assert [] == [
        f"no workflow calls the session {name}: add it to .github/workflows/ci.yml, or here to "
        "BY_HAND with the reason"
        for name in sessions() - called() - BY_HAND.keys()
    ]
    assert [] == [name for name in BY_HAND if name in called() or name not in sessions()]


def test_contributing_names_every_session():
    """
    The table in CONTRIBUTING.md has a line for each session.
    """
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert sessions() == set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


def test_every_python_is_tested():
    """
    CI tests the wheel on each Python that the classifiers name.
    """
    pythons = WORKFLOWS["ci.yml"]["jobs"]["wheel"]["strategy"]["matrix"]["python"]

    assert pythons == [
        one.rpartition(" ")[2]
        for one in PYPROJECT["project"]["classifiers"]
        if one.startswith("Programming Language :: Python :: 3.")
    ]


def test_all_jobs_count():
    """
    The job that a branch can require waits for all the others, and fails if one failed.
    """
    ci = WORKFLOWS["ci.yml"]["jobs"]
    done = ci["done"]

    assert set(ci) - {"done"} == set(done["needs"])
    assert f'test "$RESULTS" = "{" ".join(["success"] * len(done["needs"]))}"' in [
        step["run"] for step in done["steps"]
    ]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_may_do_little(name):
    """
    A workflow has read permissions only, runs once at a time, has a time limit, and pins its
    actions.
    """
    workflow = WORKFLOWS[name]

    assert {"contents": "read"} == workflow["permissions"]
    assert {"group", "cancel-in-progress"} == workflow["concurrency"].keys()
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120
        assert {"id-token": "write"} == job.get("permissions", {"id-token": "write"})
    used = re.findall(r"uses: (.*)", (GITHUB / "workflows" / name).read_text(encoding="utf-8"))
    assert [] == [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", one)]


def test_nothing_of_a_stranger_is_pasted_into_a_shell():
    """
    A `run` step reads GitHub's values from its environment, where they cannot become a command.
    """
    runs = [step["run"] for job in jobs() for step in job["steps"] if "run" in step]

    assert runs
    assert [] == [run for run in runs if "${{" in run]


def test_pre_commit_uses_the_versions_of_lint():
    """
    Each hook installs what the session `lint` installs.
    """
    lint = set(PYPROJECT["dependency-groups"]["lint"])
    installed = itertools.chain.from_iterable(
        hook["additional_dependencies"] for repo in HOOKS["repos"] for hook in repo["hooks"]
    )

    assert set() == set(installed) - lint


def test_issue_forms_can_be_filled_in():
    """
    Each form has a name, a description, and fields with labels.
    """
    forms = [file for file in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if file.stem != "config"]

    assert len(forms) >= 2
    for file in forms:
        form = yaml.safe_load(file.read_text(encoding="utf-8"))
        fields = [field for field in form["body"] if field["type"] != "markdown"]
        assert form["name"]
        assert form["description"]
        assert len(fields) == len({field["id"] for field in fields})
        assert all(field["attributes"]["label"] for field in fields)
