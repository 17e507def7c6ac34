"""
Runs the jobs for a test: on each front, against a sandbox, without waiting.

They need packages that `nox -s jobs` installs, and `nox -s tests` does not.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from fronts import KEY, Front

from heymilo_async import sandbox

PACKAGES = ("duckdb", "phonenumbers")
collect_ignore_glob = [] if all(map(importlib.util.find_spec, PACKAGES)) else ["test_*"]
if importlib.util.find_spec("dlt") is None:
    collect_ignore_glob.append("test_jobs_dlt.py")


@pytest.fixture(autouse=True)
def _no_waiting(naps: list[float]) -> None:
    """
    Make retries and the wait before a search take no time.
    """


@pytest.fixture
def milo() -> Iterator[sandbox.Sandbox]:
    """
    A sandbox of three postings without candidates, which refuses a repeated invitation with 409.
    """
    wary = sandbox.Assumptions(same_email="conflict")
    with sandbox.running(candidates=0, assumptions=wary, api_key=KEY) as running:
        yield running


@pytest.fixture
def posting(milo: sandbox.Sandbox) -> str:
    """
    The id of an active posting.
    """
    return next(one.item_id for one in milo.stores["postings"] if one["status"] == "active")


@pytest.fixture
def perform(front: Front) -> Callable[..., Any]:
    """
    Run a job on the front: the blocking function, or its async namesake.
    """

    def run(
        milo: sandbox.Sandbox,
        blocking: Callable[..., Any],
        awaited: Callable[..., Any],
        *args: Any,
        options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        if front.is_blocking:
            with milo.client(**(options or {})) as client:
                return blocking(client, *args, **kwargs)

        async def main() -> Any:
            async with milo.async_client(**(options or {})) as client:
                return await awaited(client, *args, **kwargs)

        return anyio.run(main, backend=front.name)

    return run
