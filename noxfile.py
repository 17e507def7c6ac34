"""
Every check of this project, by name: `nox -l` lists them, `nox -s tests` is what a change needs.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = [
    "tests",
    "full",
    "coverage",
    "contract",
    "docs",
    "lint",
    "typing",
    "package",
]
nox.options.default_venv_backend = "virtualenv"
# A Python that is missing must not pass for one that was tested.
nox.options.error_on_missing_interpreters = bool(os.environ.get("CI"))

PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)
#: Where the documentation is built.
SITE = "build/docs"
DIST = Path("dist")
#: Left out where the tests run again. To walk through CONTRIBUTING.md is the same on every Python,
#: and the scenarios of reliability are programs of their own, whose lines nobody traces.
ONCE = ("--ignore=tests/test_contributing.py", "--ignore=tests/test_reliability.py")
#: These want a package that is whole.
WHOLE = (
    *("--deselect", "tests/test_benchmarks.py::test_the_house_is_counted"),
    *("--deselect", "tests/test_index.py::test_nothing_that_follows_is_stale"),
)
#: Extras that only `jobs` and `coverage` need.
JOBS = ("dlt", "ingest", "sync")
#: What `matrix` runs of the rest of the tests: with the oldest dependencies those that lean on theirs,
#: and on the newest Python all the faults, for event loops, forks and the garbage collector differ.
#: The sweeps, the pages and what measures run once, in `coverage`.
MORE = {
    PYTHONS[0]: ("tests/jobs", "tests/test_shared_pacing.py", "tests/test_extras.py"),
    PYTHONS[-1]: ("tests/faults",),
}
#: No version with a known hole.
CONSTRAINED = ("-c", "constraints.txt")

if shutil.which("pyenv"):
    # A shim of pyenv's fails unless its version is active, and uv takes that for "not there". What
    # is active already comes first; a shim that started this has seen to that.
    installed = subprocess.run(
        ["pyenv", "versions", "--bare"], capture_output=True, text=True, check=True
    ).stdout.split()
    active = [one for one in os.environ.get("PYENV_VERSION", "").split(":") if one]
    active += [one for one in installed if one.rpartition(".")[0] in PYTHONS and one not in active]
    if active:
        os.environ["PYENV_VERSION"] = ":".join(active)


def built(*extras: str) -> str:
    """
    Return the requirement of the wheel that `package` has built.
    """
    (wheel,) = DIST.glob("*.whl")
    return f"{PYPROJECT['project']['name']}[{','.join(extras)}] @ {wheel.resolve().as_uri()}"


def dependencies() -> list[str]:
    """
    Return the requirements of the package and of its extras, but for those of its own name.
    """
    project = PYPROJECT["project"]
    named = [project["dependencies"], *project["optional-dependencies"].values()]
    return [one for part in named for one in part if not one.startswith(project["name"])]


def extras(*without: str) -> str:
    """
    Return this project with all extras but those.
    """
    names = PYPROJECT["project"]["optional-dependencies"].keys() - {"all", *without}
    return f".[{','.join(sorted(names))}]"


def group(name: str) -> list[str]:
    """
    Return the requirements of one of the dependency groups.
    """
    return list(nox.project.dependency_groups(PYPROJECT, name))


def run_tests(session: nox.Session, *options: str) -> None:
    """
    Run the tests on every core there is.
    """
    session.run("pytest", "-n", "auto", *options, *session.posargs)


@contextlib.contextmanager
def walked(session: nox.Session) -> Iterator[None]:
    """
    Stand in a copy of the project to which a resource was added, as CONTRIBUTING.md has it.
    """
    with tempfile.TemporaryDirectory() as folder:
        session.run("python", "tests/walk.py", folder)
        with session.chdir(folder):
            yield


@nox.session
def tests(session: nox.Session) -> None:
    """
    Run what every change has to pass: the rules, the surface, the faults, command and sandbox.

    It takes two minutes on two idle cores. What was named after `--` is run whole.
    """
    session.install(*CONSTRAINED, "-e", extras(*JOBS), *group("tests"))
    run_tests(session, *([] if session.posargs else ["-m", "not full"]))


@nox.session
def full(session: nox.Session) -> None:
    """
    Run the rest of the tests: sweeps, processes, clocks, Redis, the pages, what measures.
    """
    session.install(*CONSTRAINED, "-e", extras(*JOBS), *group("tests"))
    run_tests(session, "-m", "full")


@nox.session
def jobs(session: nox.Session) -> None:
    """
    Run the tests of the two jobs and their pages, with DuckDB, dlt and phonenumbers.
    """
    session.install(*CONSTRAINED, "-e", ".[all]", *group("tests"))
    if session.posargs:
        run_tests(session)
        return
    run_tests(session, "tests/jobs")
    pages = "candidates-in or data-home or other-warehouses or questions-in-sql"
    session.run("pytest", "tests/test_pages.py", "-k", pages)


# By itself, for tracing makes the tests half as slow again.
@nox.session
def coverage(session: nox.Session) -> None:
    """
    See that the tests reach every line and every branch of the package.
    """
    session.install(*CONSTRAINED, "-e", ".[all]", *group("tests"))
    run_tests(session, "--cov", "--cov-report=term", *ONCE)


@nox.session
def soak(session: nox.Session) -> None:
    """
    Sweep with 20,000 examples of each kind; with a million: -- --hypothesis-profile=million.

    Then run the tests in developer mode and on uvloop, and measure every promise in full size.
    """
    session.install(*CONSTRAINED, "-e", ".[all]", *group("tests"))
    sweep(session)
    for plugin, developing in (("in_debug_mode", "1"), ("on_uvloop", "")):
        options = ["-n", "auto", "-o", "timeout=300", *ONCE, "-p", f"reliability.{plugin}"]
        session.run("pytest", *options, env={"PYTHONDEVMODE": developing})
    session.run("python", "tests/reliability", "soak")


@nox.session
def reliability(session: nox.Session) -> None:
    """
    Measure what docs/reliability.md says, beside other clients too; `-- load` only that part.
    """
    session.install(*CONSTRAINED, "-e", ".[all]", *group("tests"), *group("reliability"))
    session.run("python", "tests/reliability", "publish", *session.posargs)


def sweep(session: nox.Session) -> None:
    """
    Run the sweeps and state machines: by the many in memory, some thousand of each over sockets.
    """
    # To do the same again, give pytest the seed that nox prints, as it stands there.
    options = ["-n", "auto", "-o", "timeout=0", f"--hypothesis-seed={secrets.randbits(32)}"]
    sockets = "asyncio or trio or blocking or sockets"
    for profile, fronts in (("soak", f"not ({sockets})"), ("sockets", sockets)):
        # A million is for memory only: over sockets it would take weeks.
        asked = [one for one in session.posargs if profile == "soak" or "-profile" not in one]
        chosen = [f"--hypothesis-profile={profile}", "-k", fronts, *asked]
        session.run("pytest", "tests/sweeps", *options, *chosen)


@nox.session
def examples(session: nox.Session) -> None:
    """
    Type the commands of each example's README, as printed, in a clone of this project.
    """
    session.install("attrs", "markdown-it-py")
    with tempfile.TemporaryDirectory() as folder:
        session.run("git", "clone", "--quiet", ".", folder, external=True)
        for page in sorted(Path("examples").glob("*/README.md")):
            session.run("python", "tests/follow.py", page, folder)


@nox.session
def pacing(session: nox.Session) -> None:
    """
    Let eight processes share one rate limit over Redis in full size, two minutes long.
    """
    session.install(*CONSTRAINED, "-e", ".[all]", *group("tests"))
    session.run("pytest", "-s", "tests/proofs/proof_pacing.py", *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """
    Build wheel and sdist into dist/, check what an index checks, and look at what is in them.
    """
    session.install(*group("package"), *group("tests"))
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(DIST))
    session.run("twine", "check", "--strict", *map(str, DIST.iterdir()))
    session.install(*CONSTRAINED, built())
    session.run("pytest", "tests/test_packaging.py", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """
    Change the decisions one by one, and see that a test notices: thousands of runs, twenty minutes of one core.
    """
    session.install(*CONSTRAINED, "-e", ".[all]", *group("mutation"))
    if not session.posargs:
        # mutmut would keep what it found before a test was changed.
        shutil.rmtree("mutants", ignore_errors=True)
    session.run("mutmut", "run", *session.posargs)
    session.run("python", "tests/mutation/score.py")


# The oldest Python with the oldest dependencies that we allow, the others with the newest; the
# oldest one with the newest is what `tests` and `coverage` run on, where that is the Python at hand.
@nox.session(venv_backend="uv", requires=["package"])
@nox.parametrize(
    ("python", "resolution"),
    [(PYTHONS[0], "lowest-direct"), *((python, "highest") for python in PYTHONS[1:])],
)
def matrix(session: nox.Session, resolution: str) -> None:
    """
    Run the tests on the built wheel on each Python, from the oldest dependencies to the newest.

    They are the tests of the sdist, whose package is none any more: only the installed one is found.
    """
    # What the wheel wants is not "direct" to uv, unless it is named here too.
    wanted = [*dependencies(), built("all"), *group("tests")]
    session.install(*CONSTRAINED, f"--resolution={resolution}", *wanted)
    if resolution == "lowest-direct":
        session.run("python", "tests/floors.py", *dependencies())
    (sdist,) = DIST.glob("*.tar.gz")
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(sdist, folder, filter="data")
        with session.chdir(Path(folder) / sdist.name.removesuffix(".tar.gz")):
            # Python goes on to look for a package that has one; pages link to the other files.
            Path("heymilo_async", "__init__.py").unlink()
            session.run("python", "-c", "import heymilo_async; print(heymilo_async.__file__)")
            left_out = ("--ignore=tests/test_packaging.py", *WHOLE)
            if session.posargs:
                run_tests(session, *ONCE, *left_out)
                return
            run_tests(session, *ONCE, *left_out, "-m", "not full")
            if session.python in MORE:
                run_tests(session, "-m", "full", *MORE[session.python])


@nox.session
def contract(session: nox.Session) -> None:
    """
    Point schemathesis at a running sandbox, which has to answer as the contract says.
    """
    session.install(*CONSTRAINED, "-e", ".[sandbox]", *group("contract"))
    session.run("python", "tests/schemathesis/probe.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """
    Build the documentation, without a warning, and read what was built.
    """
    session.install(*CONSTRAINED, "-e", ".[all]", *group("docs"))
    shutil.rmtree(SITE, ignore_errors=True)
    session.run("sphinx-build", "-q", "-W", "-n", "--keep-going", "docs", SITE)
    session.run("python", "tests/site/check.py", SITE)


@nox.session(venv_backend="none")
def docs_look(session: nox.Session) -> None:
    """
    Look at the built site in Debian's chromium, on a desktop and a phone, light and dark.
    """
    session.run("python3", "tests/site/look.py", SITE, "build/pictures", external=True)


@nox.session
def install(session: nox.Session) -> None:
    """
    Type what the pages say of installing, in environments that are new.
    """
    session.install("attrs", "markdown-it-py")
    session.run("python", "tests/site/install.py")


@nox.session
def lint(session: nox.Session) -> None:
    """
    Check style and format.
    """
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("validate-pyproject", "pyproject.toml")
    session.run("pre-commit", "validate-config")
    # The fragments must make a section; of which version it is does not matter here.
    session.run("towncrier", "build", "--draft", "--version", "next")
    with walked(session):
        session.run("ruff", "check", ".")
        session.run("ruff", "format", "--check", ".")


@nox.session
def typing(session: nox.Session) -> None:
    """
    Check the types of the package, of the tests about types, and that nothing public lacks one.
    """
    session.install(*CONSTRAINED, "-e", ".[all]", *group("typing"))
    session.run("mypy", "heymilo_async", "noxfile.py", "tests/typing")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "heymilo_async", "--ignoreexternal")
    with walked(session):
        session.run("mypy", "heymilo_async", "tests/typing")


@nox.session
def bench(session: nox.Session) -> None:
    """
    Measure this client beside what a user would pick instead; `-- --quick` only looks.

    `-- jobs` measures the two jobs, by themselves.
    """
    session.install(*CONSTRAINED, "-e", ".[cli,ingest,redis,sandbox,sync]", *group("bench"))
    session.run("python", "-m", "benchmarks", *session.posargs)
