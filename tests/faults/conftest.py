"""
Checks the invariants in every test of the fault catalogue.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import invariants
import pytest
import server
from fronts import KEY, QuickFront


@pytest.fixture(params=["asyncio", "trio"])
def loop(request: pytest.FixtureRequest) -> QuickFront:
    """
    Each of the two fronts that have an event loop.
    """
    return QuickFront(request.param)


@pytest.fixture
def blocking() -> QuickFront:
    """
    The front without an event loop.
    """
    return QuickFront("blocking")


@pytest.fixture(scope="session")
def healthy() -> Iterator[str]:
    """
    The URL of a server that answers every plain call.
    """
    with server.Server(server.page()) as running:
        yield running.base_url


@pytest.fixture(autouse=True)
def watch(
    request: pytest.FixtureRequest, pulse: invariants.Pulse, healthy: str
) -> Iterator[invariants.Watch]:
    """
    Fail the test if an invariant does not hold in it (see `invariants.py`).
    """
    lets_out, memory, in_flight = map(
        request.node.get_closest_marker, ("lets_out", "memory", "in_flight")
    )
    seen = invariants.Watch(
        KEY,
        pulse.stalled,
        allowed=lets_out.args if lets_out else (),
        in_flight=in_flight is not None,
    )
    sockets, threads = invariants.sockets(), set(threading.enumerate())
    size = invariants.resident()
    invariants.forget_peak()
    with (
        invariants.watching(seen, healthy),
        invariants.reading_logs(seen, others="caplog" in request.fixturenames),
        server.told_of_posts(seen.sent),
    ):
        yield seen
    seen.grown(invariants.resident("VmHWM") - size, memory.args[0] if memory else invariants.GROWTH)
    seen.left(
        invariants.settled(lambda: invariants.new_threads(threads)),
        len(invariants.settled(lambda: invariants.sockets() - sockets)),
    )
    assert [] == seen.breaches


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """
    Fail a test that printed the key (I-1).
    """
    report = yield
    if report.passed and any(KEY in text for _, text in report.sections):
        report.outcome = "failed"
        report.longrepr = "I-1: the key is in what was printed or logged"
    return report
