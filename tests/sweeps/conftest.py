"""
The clients of the sweeps.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from faults.conftest import (
    healthy,  # noqa: F401 - sweeps are held to the invariants of the catalogue, too
    pytest_runtest_makereport,  # noqa: F401
    watch,  # noqa: F401
)
from fronts import Front
from sweeping import Asking


@pytest.fixture(params=["asyncio", "trio", "blocking", "memory"])
def asking(request: pytest.FixtureRequest) -> Iterator[Asking]:
    """
    Each of the three fronts over real sockets, and the blocking one over a network in memory.
    """
    in_memory = request.param == "memory"
    made = Asking(Front("blocking" if in_memory else request.param))
    with made.in_memory() if in_memory else made.over_sockets():
        yield made
