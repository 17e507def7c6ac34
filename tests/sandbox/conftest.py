"""
An HTTP client that shares nothing with the package, and a sandbox to ask.
"""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest

from heymilo_async import sandbox

LIST = "/api/v2/phone-numbers"


@attrs.frozen
class Response:
    """
    What came back: the status, the headers by lower-case name, the decoded body.
    """

    status: int
    headers: Mapping[str, str]
    body: Any


Ask = Callable[..., Response]


@pytest.fixture(scope="session")
def ask() -> Ask:
    """
    Ask a sandbox for *path* on a new connection, with its key unless *headers* say otherwise.
    """

    def answer(
        milo: sandbox.Sandbox,
        path: str = LIST,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
    ) -> Response:
        url = urlsplit(milo.base_url)
        assert url.hostname is not None
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
        with contextlib.closing(connection):
            sent = {"X-API-KEY": milo.api_key} if headers is None else headers
            connection.request(method, path, headers=dict(sent))
            response = connection.getresponse()
            content = response.read()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Response(response.status, received, json.loads(content) if content else None)

    return answer


@pytest.fixture(scope="module")
def served() -> Iterator[sandbox.Sandbox]:
    """
    A sandbox of 30 numbers that the tests of one module share.
    """
    with sandbox.running(api_key="an-api-key") as milo:
        yield milo


@pytest.fixture
def milo(served: sandbox.Sandbox) -> sandbox.Sandbox:
    """
    The shared sandbox with the numbers it started with.
    """
    served.store.reset()
    return served
