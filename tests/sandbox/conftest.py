"""
An HTTP client that shares no code with the package, and a sandbox for it.
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
    A response: the status, the headers by lower-case name, and the body, decoded if it is JSON.
    """

    status: int
    headers: Mapping[str, str]
    body: Any


Ask = Callable[..., Response]


@pytest.fixture(scope="session")
def ask() -> Ask:
    """
    Send a request for *path* on a new connection, with the sandbox's key unless *headers* has
    another.
    """

    def answer(
        milo: sandbox.Sandbox,
        path: str = LIST,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: Any = None,
    ) -> Response:
        url = urlsplit(milo.base_url)
        assert url.hostname is not None
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
        with contextlib.closing(connection):
            sent = dict({"X-API-KEY": milo.api_key} if headers is None else headers)
            content = body if isinstance(body, bytes) else None
            if body is not None and content is None:
                content = json.dumps(body).encode()
            if content is not None:
                sent = {"Content-Type": "application/json", **sent}
            connection.request(method, path, body=content, headers=sent)
            response = connection.getresponse()
            answer = response.read()
        received = {name.lower(): value for name, value in response.getheaders()}
        is_json = received.get("content-type") == "application/json"
        return Response(
            response.status, received, json.loads(answer) if is_json and answer else answer
        )

    return answer


@pytest.fixture(scope="module")
def served() -> Iterator[sandbox.Sandbox]:
    """
    A sandbox that the tests of one module share.
    """
    with sandbox.running(api_key="an-api-key") as milo:
        yield milo


@pytest.fixture
def milo(served: sandbox.Sandbox) -> sandbox.Sandbox:
    """
    The shared sandbox, reset to its initial data.
    """
    served.reset()
    return served


Api = Callable[..., Response]


@pytest.fixture
def api(milo: sandbox.Sandbox, ask: Ask) -> Api:
    """
    Send a request to the shared sandbox by method, path below `/api/v2`, and body.
    """

    def answer(method: str, path: str, body: Any = None) -> Response:
        return ask(milo, f"/api/v2{path}", method=method, body=body)

    return answer


@pytest.fixture
def posting(milo: sandbox.Sandbox) -> str:
    """
    The id of its first posting, which has a step of each kind.
    """
    return str(next(iter(milo.stores["postings"])).id)
