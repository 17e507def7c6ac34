"""
Fixtures for pytest: a HeyMilo of one's own for each test, and clients that talk to it.

They are there for suites that ask for them, by one line in the topmost `conftest.py`:

    pytest_plugins = ["heymilo_async.testing"]

`pytest --fixtures` then lists them:

    heymilo_sandbox         the server: what it knows, what goes wrong, what was asked
    heymilo_client          a `HeyMilo` of that server
    async_heymilo_client    makes an `AsyncHeyMilo` of that server, on asyncio and on trio
    heymilo_environment     points the clients that your own code makes to that server

One server runs for a whole session (under pytest-xdist, one in each worker, on a port of its own),
and each test finds it as new. Nobody's key is needed or used.

There is no assertion to explain here, and a `conftest.py` may import this module before pytest
does: PYTEST_DONT_REWRITE.
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

__all__ = [
    "AsyncClientFactory",
    "async_heymilo_client",
    "heymilo_client",
    "heymilo_environment",
    "heymilo_sandbox",
]

#: The type of the fixture `async_heymilo_client`: options of `AsyncHeyMilo` in, a client out.
AsyncClientFactory = Callable[..., AsyncHeyMilo]

#: Tries as often as ever, but does not idle in between: in a test nobody recovers meanwhile.
_AT_ONCE: Final = RetryPolicy(initial_delay=0.0)

T = TypeVar("T")


@pytest.fixture(scope="session")
def _heymilo_server() -> Iterator[Sandbox]:
    """
    The one server of a session: tests use `heymilo_sandbox`.
    """
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def heymilo_sandbox(_heymilo_server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """
    A running HeyMilo, fresh for each test: a `heymilo_async.sandbox.Sandbox`.

    It has 3 postings, 120 candidates and 30 phone numbers. Fresh means: all is as it was at the
    start, the time and what is assumed too, nothing is set to fail, and no request has come yet. While the test runs, `NO_PROXY` says that no proxy leads to it.

    Example:
        def test_an_outage(heymilo_sandbox, heymilo_client):
            heymilo_sandbox.fail_next(status=503)

            assert 30 == len(heymilo_client.phone_numbers.list_all().collect())
            assert 2 == len(heymilo_sandbox.requests)
    """
    host = urlsplit(_heymilo_server.base_url).hostname
    # The lower-case one hides the other, so both get what either of them says.
    direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, f"{direct},{host}" if direct else str(host))
    _heymilo_server.reset()
    return _heymilo_server


@pytest.fixture
def heymilo_client(heymilo_sandbox: Sandbox) -> Iterator[HeyMilo]:
    """
    A blocking client of the sandbox, a `heymilo_async.HeyMilo`; closed when the test is over.

    It has the default settings, but for the wait before another try: that is 0 seconds. A wait
    that the server asks for with `Retry-After` counts. `with_options` gives it other settings.
    It heeds no variable `HEYMILO_...` of the environment.

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
    A function that makes a client of the sandbox, a `heymilo_async.AsyncHeyMilo`; use `async with`.

    It takes the options of `AsyncHeyMilo`; what is not given is as in `heymilo_client`. A function
    and not a client, so that your test opens and closes it in its own event loop, whichever that
    is: this works under pytest-asyncio, and under anyio's plugin on asyncio and on trio.

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
    Points clients that your own code makes to the sandbox, by the variables they read.

    While the test runs, `HEYMILO_API_KEY` and `HEYMILO_BASE_URL` are the sandbox's, and no other
    variable `HEYMILO_...` is set: no token and no workspace of a developer's. Its value is the
    sandbox, the same one as `heymilo_sandbox`.

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


def _made(make: Callable[..., T], options: dict[str, Any]) -> T:
    # A client reads its variables while it is made, so nobody else has to do without them.
    with pytest.MonkeyPatch.context() as patch:
        _forget_variables(patch)
        return make(**{"retry": _AT_ONCE, **options})


def _forget_variables(patch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HEYMILO_")]:
        patch.delenv(name)
