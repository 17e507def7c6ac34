"""
The fixtures of heymilo-async, and our application with its sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from app.main import create_app
from fastapi.testclient import TestClient

from heymilo_async import RetryPolicy
from heymilo_async.sandbox import Sandbox

pytest_plugins = ["heymilo_async.testing"]


@pytest.fixture
def backend(heymilo_environment: Sandbox) -> Iterator[TestClient]:
    """
    Start our application as in production; the environment points it to the sandbox.

    It retries as often as in production, but without waits, which would only slow a test.
    """
    with TestClient(create_app(retry=RetryPolicy(initial_delay=0.0))) as client:
        yield client
