"""
A client that you gave, of httpx or of its successor: what it is, and sending by it.
"""

from __future__ import annotations

import sys
from functools import partial
from types import ModuleType
from typing import Any

import anyio
import attrs

from .._call import Request
from .._settings import wrong_type
from ._base import CLEAN_UP, Received, revealed_headers, timeouts

#: Which modules a client may come from.
_KNOWN_MODULES = ("httpx", "httpx2")


def module_of(client: Any, name: str, owner: str) -> ModuleType:
    """
    Return the module, httpx or its successor, whose *name* the *client* is.

    Raises:
        TypeError: It is none; *owner* is the class that it was given to.
    """
    for kind in type(client).__mro__:
        root = kind.__module__.partition(".")[0]
        if kind.__name__ == name and root in _KNOWN_MODULES:
            return sys.modules[root]
    raise wrong_type(f"http_client of {owner}", f"an httpx.{name}", client)


@attrs.frozen(eq=False)
class GivenClient:
    """
    Sends by a blocking client of yours.
    """

    _client: Any
    _module: ModuleType

    def send(self, request: Request, timeout: float, extensions: dict[str, Any]) -> Received:
        """
        Send *request* and return what comes back, its body still to be read.
        """
        response = self._client.send(
            _native_request(self._module, request, timeout, extensions),
            stream=True,
            auth=None,
            follow_redirects=False,
        )
        return _received(response, pieces=response.iter_raw(), close=response.close)


@attrs.frozen(eq=False)
class GivenAsyncClient:
    """
    Sends by an async client of yours.
    """

    _client: Any
    _module: ModuleType

    async def send(self, request: Request, timeout: float, extensions: dict[str, Any]) -> Received:
        """
        Send *request* and return what comes back, its body still to be read.
        """
        response = await self._client.send(
            _native_request(self._module, request, timeout, extensions),
            stream=True,
            auth=None,
            follow_redirects=False,
        )
        return _received(response, pieces=response.aiter_raw(), close=partial(_close, response))


async def _close(response: Any) -> None:
    # Who was cancelled closes all the same.
    with anyio.move_on_after(CLEAN_UP, shield=True):
        await response.aclose()


def _native_request(
    module: ModuleType, request: Request, timeout: float, extensions: dict[str, Any]
) -> Any:
    return module.Request(
        request.method,
        request.url,
        headers=revealed_headers(request),
        content=request.body,
        extensions={"timeout": timeouts(timeout), **extensions},
    )


def _received(response: Any, *, pieces: Any, close: Any) -> Received:
    return Received(
        status_code=response.status_code,
        fields=response.headers.raw,
        pieces=pieces,
        close=close,
        # By a hook of yours, or a mock that never had a stream.
        content=response.content if response.is_stream_consumed else None,
    )
