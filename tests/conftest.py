"""
The setup of every test: a clean environment, the three fronts, and a sleep that takes no time.
"""

from __future__ import annotations

import gc
import os
import signal
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
#: For `nox -s soak`: pytest's option --hypothesis-profile takes one of these. Failed examples are
#: kept in that folder and tried first the next time, and printed for use on another machine.
_KEPT = {
    "deadline": None,
    "database": DirectoryBasedExampleDatabase(Path(__file__).parent.parent / ".hypothesis/kept"),
    "print_blob": True,
}
for _name, _examples in (("sockets", 2_000), ("soak", 20_000), ("million", 1_000_000)):
    settings.register_profile(_name, max_examples=_examples, **_KEPT)
settings.load_profile("default")


#: Files and folders that only `nox -s full` runs, and why; a newcomer runs the rest. A single test
#: in another file is marked with `@pytest.mark.full(REASON)`.
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


def pytest_configure() -> None:
    """
    Let Ctrl-C raise `KeyboardInterrupt`, here and in processes that tests start.

    A shell starts its background jobs with SIGINT ignored, and the tests of Ctrl-C would wait for
    ever.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """
    Add `pytest --case 4`, which runs the tests that show case 4 of the catalogue of faults.
    """
    parser.addoption("--case", action="append", type=int, help="a case of tests/catalogue.py")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """
    Do not load a file without a selected test.
    """
    is_left_out = config.option.markexpr == "not full" and _is_full(collection_path)
    return True if is_left_out and collection_path.is_file() else None


def _is_full(path: Path) -> bool:
    here = Path(__file__).parent
    place = path.relative_to(here) if path.is_relative_to(here) else path
    return place.as_posix() in FULL or place.parts[0] in FULL


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Mark the tests that belong to `nox -s full`; leave out tests that show none of the given cases.
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
    Exclude the collected tests from garbage collection: all of them stay, and searching them takes
    0.2 s.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def pulse() -> Iterator[invariants.Pulse]:
    """
    Measures for how long the machine stood still.
    """
    with invariants.pulse:
        yield invariants.pulse


@pytest.fixture(scope="session", autouse=True)
def _table_of_characters() -> None:
    # Hypothesis makes it once per clone, with 200 MB, which I-5 would take for a leak.
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
    Start servers that stop after the test: `serve(reply, reply, ...)`.
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
    A certificate authority that only tests trust.
    """
    return trustme.CA()


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """
    An empty Redis on a port of its own, which stops after the test.
    """
    with RedisServer() as running:
        yield running


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """
    Make the transports' sleep advance only their own clock; return the requested durations.
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
    A clock that stands still until a test moves it.
    """

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """
    A clock that the test moves.
    """
    return Clock()


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """
    The backend on which anyio's own plugin runs its tests.
    """
    return request.param
