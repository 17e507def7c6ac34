"""
What every test has: a clean environment, the three fronts, and sleep that takes no time.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import invariants
import pytest
import trustme
from catalogue import cases_of
from fronts import QuickFront
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase
from inside import AsyncTransport, BlockingTransport
from redis_server import RedisServer
from server import Reply, Server

settings.register_profile("default", deadline=None, max_examples=100)
#: For `nox -s soak`: pytest's option --hypothesis-profile takes one of these. What failed once is
#: kept in that folder and tried first the next time, and printed so that another machine can.
_KEPT = {
    "deadline": None,
    "database": DirectoryBasedExampleDatabase(Path(__file__).parent.parent / ".hypothesis/kept"),
    "print_blob": True,
}
for _name, _examples in (("sockets", 2_000), ("soak", 20_000), ("million", 1_000_000)):
    settings.register_profile(_name, max_examples=_examples, **_KEPT)
settings.load_profile("default")


#: Left to `nox -s full`, by file or folder, and why: the rest is what a newcomer runs. A single test
#: of another file says so itself, by `@pytest.mark.full(REASON)`.
FULL = {
    "cli/test_cli_credentials.py": "it starts terminals",
    "cli/test_cli_progress.py": "it starts terminals",
    "cli/test_cli_sandbox_command.py": "it starts processes",
    "cli/test_cli_terminal.py": "it starts processes on terminals of their own",
    "resources/test_bodies_of_postings.py": "it tries each member and each bound",
    "sandbox/test_sandbox_faults.py": "it goes by the clock",
    "sandbox/test_sandbox_serving.py": "it starts a server for each test",
    "sweeps": "they try many examples",
    "fixtures/test_fixtures_described.py": "it runs a suite of its own",
    "fixtures/test_fixtures_plugin.py": "it runs suites of its own",
    "faults/test_by_the_sandbox.py": "it tries each fault once more, by the sandbox",
    "faults/test_cancellation.py": "it goes by the clock, and cancels at every moment",
    "faults/test_identifiers.py": "it tries many texts",
    "faults/test_leftovers.py": "it measures memory",
    "faults/test_lifecycle.py": "it starts processes, and uses many loops and threads",
    "faults/test_rate_limit.py": "it goes by the clock",
    "jobs/test_jobs_conduct.py": "it runs the jobs until they are done, though much goes wrong",
    "jobs/test_jobs_dlt.py": "dlt takes its time",
    "jobs/test_jobs_figures.py": "it runs the benchmarks",
    "jobs/test_jobs_killed.py": "it kills processes at random moments",
    "test_benchmarks.py": "it runs the benchmarks",
    "test_contributing.py": "it adds a resource to copies of the project",
    "test_examples.py": "it runs the tests of the examples",
    "test_extras.py": "it starts processes",
    "test_many_processes.py": "it wants a Redis, and starts processes",
    "test_memory.py": "it measures memory, over long lists",
    "test_packaging.py": "it builds the package",
    "test_own_clients.py": "it tries many faults once more, by other clients",
    "test_pacing_at_the_server.py": "it goes by the clock, and wants a Redis",
    "test_pages.py": "it runs every block of the pages",
    "test_reliability.py": "it measures",
    "test_reports.py": "it starts processes",
    "test_shared_pacing.py": "it wants a Redis, and goes by the clock",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """
    Let `pytest --case 4` run what shows case 4 of the catalogue of faults.
    """
    parser.addoption("--case", action="append", type=int, help="a case of tests/catalogue.py")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """
    Load no file of which nothing is to run.
    """
    is_left_out = config.option.markexpr == "not full" and _is_full(collection_path)
    return True if is_left_out and collection_path.is_file() else None


def _is_full(path: Path) -> bool:
    here = Path(__file__).parent
    place = path.relative_to(here) if path.is_relative_to(here) else path
    return place.as_posix() in FULL or place.parts[0] in FULL


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Mark what belongs to `nox -s full`; leave out tests that show none of the cases asked for.
    """
    for item in items:
        if _is_full(item.path):
            item.add_marker("full")
    wanted = set(config.getoption("case") or ())
    if not wanted:
        return
    kept = [one for one in items if wanted & cases_of(getattr(one, "obj", one).__doc__)]
    config.hook.pytest_deselected(items=[one for one in items if one not in kept])
    items[:] = kept


def pytest_collection_finish() -> None:
    """
    Keep the garbage collector off what was collected: all of it stays, and takes 0.2 s to search.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def pulse() -> Iterator[invariants.Pulse]:
    """
    What knows for how long the machine stood still.
    """
    with invariants.pulse:
        yield invariants.pulse


@pytest.fixture(scope="session", autouse=True)
def _table_of_characters() -> None:
    # Hypothesis makes it once a clone, with 200 MB, that I-5 would take for a leak.
    st.text().validate()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("HEYMILO_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["asyncio", "trio", "blocking"])
def front(request: pytest.FixtureRequest) -> QuickFront:
    """
    Each of the three fronts in turn, quick.
    """
    return QuickFront(request.param)


@pytest.fixture
def serve() -> Iterator[object]:
    """
    Start servers that are stopped when the test is over: `serve(reply, reply, ...)`.
    """
    running: list[Server] = []

    def start(*replies: Reply, **options: object) -> Server:
        server = Server(*replies, **options)  # type: ignore[arg-type]
        running.append(server.__enter__())
        return server

    yield start
    for server in running:
        server.__exit__()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """
    An authority for certificates, which only tests trust.
    """
    return trustme.CA()


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """
    A Redis on a port of its own, empty, which is stopped when the test is over.
    """
    with RedisServer() as running:
        yield running


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """
    Let the transports' sleep take no time but on their own clock, and return what it was asked for.
    """
    slept: list[float] = []

    for transport in (AsyncTransport, BlockingTransport):

        async def sleep(self: object, seconds: float) -> None:
            slept.append(seconds)

        def now(self: object, real: object = transport.now) -> float:
            return real(self) + sum(slept)  # type: ignore[operator]

        monkeypatch.setattr(transport, "sleep", sleep)
        monkeypatch.setattr(transport, "now", now)
    return slept


class Clock:
    """
    A clock that stands still until it is moved.
    """

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """
    A clock in the hands of the test.
    """
    return Clock()


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """
    What anyio's own plugin runs its tests on.
    """
    return request.param
