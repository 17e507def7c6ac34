"""
Pytest fixtures: a fresh sandbox for each test, and clients of it.

Enable them with one line in your top-level `conftest.py`:

    pytest_plugins = ["heymilo_async.testing"]

`pytest --fixtures` then lists them:

    heymilo_sandbox         the server: its data, its faults, and the requests that it received
    heymilo_client          a `HeyMilo` of that server
    async_heymilo_client    creates an `AsyncHeyMilo` of that server, on asyncio or trio
    heymilo_environment     makes clients in your own code use that server
    heymilo_conduct         fails a test whose requests break a rule of good conduct

One server runs for the whole session (under pytest-xdist, one per worker, each on its own port),
and is reset before each test. The fixtures need no real API key.

This module has no assertions to rewrite, and a `conftest.py` may import it before pytest does:
PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

try:
    import pytest
except ModuleNotFoundError as _missing:
    if _missing.name != "pytest":
        raise
    _message = "heymilo_async.testing needs pytest: pip install pytest"
    raise ImportError(_message, name="pytest") from None

from . import AsyncHeyMilo, HeyMilo, RetryPolicy
from .sandbox import Sandbox, running
from .sandbox.conduct import ConductReport

__all__ = [
    "AsyncClientFactory",
    "async_heymilo_client",
    "heymilo_client",
    "heymilo_conduct",
    "heymilo_environment",
    "heymilo_sandbox",
]

#: The type of the fixture `async_heymilo_client`: takes options of `AsyncHeyMilo`, returns one.
AsyncClientFactory = Callable[..., AsyncHeyMilo]

#: The default number of retries, but without waits, because a test's server needs no time.
_AT_ONCE: Final = RetryPolicy(initial_delay=0.0)

T = TypeVar("T")


@pytest.fixture(scope="session")
def _heymilo_server() -> Iterator[Sandbox]:
    """
    The server of the whole session; tests use `heymilo_sandbox`.
    """
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def heymilo_sandbox(_heymilo_server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """
    A running `heymilo_async.sandbox.Sandbox`, reset before each test.

    It has 3 postings, 120 candidates and 30 phone numbers. The reset restores the data, the clock
    and the assumptions, and removes all faults and recorded requests. During the test, `NO_PROXY`
    includes the sandbox's host.

    Example:
        def test_an_outage(heymilo_sandbox, heymilo_client):
            heymilo_sandbox.fail_next(status=503)

            assert 30 == len(heymilo_client.phone_numbers.list_all().collect())
            assert 2 == len(heymilo_sandbox.requests)
    """
    host = urlsplit(_heymilo_server.base_url).hostname
    # The lower-case variable overrides the other, so set both.
    direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, f"{direct},{host}" if direct else str(host))
    _heymilo_server.reset()
    return _heymilo_server


@pytest.fixture
def heymilo_client(heymilo_sandbox: Sandbox) -> Iterator[HeyMilo]:
    """
    A blocking client of the sandbox, a `heymilo_async.HeyMilo`; closed after the test.

    It has the default settings, except that it waits 0 seconds before a retry. It still honors
    the server's `Retry-After`. Use `with_options` to change its settings. It ignores the
    environment variables `HEYMILO_...`.

    Example:
        def test_a_number(heymilo_client):
            first = heymilo_client.phone_numbers.list(limit=1)[0]

            assert first == heymilo_client.phone_numbers.get(first.id)
    """
    with _made(heymilo_sandbox.client, {}) as client:
        yield client


@pytest.fixture
def async_heymilo_client(heymilo_sandbox: Sandbox) -> AsyncClientFactory:
    """
    A function that creates a client of the sandbox, a `heymilo_async.AsyncHeyMilo`.

    It takes the options of `AsyncHeyMilo`; their defaults are those of `heymilo_client`. Open the
    client with `async with`, in your test's own event loop: this works with pytest-asyncio, and
    with anyio's plugin on asyncio and on trio.

    Example:
        import pytest

        @pytest.mark.anyio
        async def test_a_walk(async_heymilo_client):
            async with async_heymilo_client(deadline=20.0) as client:
                assert 30 == len(await client.phone_numbers.list_all().collect())
    """

    def make(**options: Any) -> AsyncHeyMilo:
        return _made(heymilo_sandbox.async_client, options)

    return make


@pytest.fixture
def heymilo_environment(heymilo_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """
    Sets environment variables, so that clients in your own code use the sandbox.

    During the test, `HEYMILO_API_KEY` and `HEYMILO_BASE_URL` point to the sandbox, and all other
    variables `HEYMILO_...` are unset, such as a developer's token or workspace. The fixture's
    value is the sandbox, the same object as `heymilo_sandbox`.

    Example:
        import pytest
        from heymilo_async import HeyMilo

        @pytest.mark.usefixtures("heymilo_environment")
        def test_own_client():
            with HeyMilo() as client:
                assert 30 == len(client.phone_numbers.list_all().collect())
    """
    _forget_variables(monkeypatch)
    monkeypatch.setenv("HEYMILO_API_KEY", heymilo_sandbox.api_key)
    monkeypatch.setenv("HEYMILO_BASE_URL", heymilo_sandbox.base_url)
    return heymilo_sandbox


@pytest.fixture
def heymilo_conduct(heymilo_sandbox: Sandbox) -> Iterator[Callable[..., ConductReport]]:
    """
    Fails a test whose requests break a rule that no correct integration breaks.

    It judges all requests after the test. pytest's report lists each violation, with its requests
    and the cure. The fixture's value is `heymilo_sandbox.conduct`, for a report at any time. It
    ignores requests with the headers `heymilo_async.sandbox.conduct.NOT_JUDGED`.

    Example:
        def test_an_outage_in_the_middle(heymilo_sandbox, heymilo_client, heymilo_conduct):
            numbers = heymilo_client.phone_numbers.list_all(page_size=10)
            first = next(iter(numbers.pages()))
            heymilo_sandbox.fail_next(status=503)

            assert 20 == len(heymilo_client.phone_numbers.list(starting_after=first.next_cursor))
            assert "walk-restarted" in heymilo_conduct().kept
    """
    yield heymilo_sandbox.conduct
    _accept(heymilo_sandbox.conduct())


def _accept(report: ConductReport) -> None:
    if not report:
        pytest.fail(str(report), pytrace=False)


def _made(make: Callable[..., T], options: dict[str, Any]) -> T:
    # Only the constructor reads the variables, so the patch ends after it.
    with pytest.MonkeyPatch.context() as patch:
        _forget_variables(patch)
        return make(**{"retry": _AT_ONCE, **options})


def _forget_variables(patch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HEYMILO_")]:
        patch.delenv(name)
