"""
Sending by a client of httpx or of its successor, our own or one that you gave.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import anyio
import attrs

from .._core.arguments import wrong_type
from .._core.messages import Request
from .._core.settings import Timeouts
from .protocols import CLEAN_UP, Received, revealed_headers, timeouts

#: Which modules a client may come from.
_KNOWN_MODULES = ("httpx", "httpx2")

#: Makes the library's own request of ours, given the timeout and the extensions.
RequestMaker = Callable[[Request, float | Timeouts, dict[str, Any]], Any]


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
class _Sender:
    """
    A client, and what it is asked with.
    """

    client: Any
    request: RequestMaker
    #: What the client is given in place of its own.
    auth: Any = None

    def _sent(self, request: Request, timeout: float | Timeouts, extensions: dict[str, Any]) -> Any:
        return self.client.send(
            self.request(request, timeout, extensions),
            stream=True,
            auth=self.auth,
            follow_redirects=False,
        )


@attrs.frozen(eq=False)
class Sender(_Sender):
    """
    Sends by a blocking client.
    """

    #: Has no connection used twice any more; of our own client.
    retire: Callable[[], None] | None = None

    def send(
        self, request: Request, timeout: float | Timeouts, extensions: dict[str, Any]
    ) -> Received:
        """
        Send *request* and return what comes back, its body still to be read.
        """
        response = self._sent(request, timeout, extensions)
        # What a hook of yours has closed says so, if it is asked this way.
        pieces = response.iter_raw() if response.is_closed else response.stream
        return _received(response, pieces=pieces, close=response.close)

    def close(self) -> None:
        """
        Close the client.
        """
        self.client.close()


@attrs.frozen(eq=False)
class AsyncSender(_Sender):
    """
    Sends by an async client.
    """

    async def send(
        self, request: Request, timeout: float | Timeouts, extensions: dict[str, Any]
    ) -> Received:
        """
        Send *request* and return what comes back, its body still to be read.
        """
        response = await self._sent(request, timeout, extensions)
        pieces = response.aiter_raw() if response.is_closed else response.stream
        return _received(response, pieces=pieces, close=partial(_close, response))

    async def aclose(self) -> None:
        """
        Close the client.
        """
        await self.client.aclose()


async def _close(response: Any) -> None:
    # Who was cancelled closes all the same.
    with anyio.move_on_after(CLEAN_UP, shield=True):
        await response.aclose()


def _received(response: Any, *, pieces: Any, close: Any) -> Received:
    return Received(
        status_code=response.status_code,
        fields=response.headers.raw,
        pieces=pieces,
        close=close,
        # By a hook of yours, or a mock that never had a stream.
        content=response.content if response.is_stream_consumed else None,
    )


def request_of(module: ModuleType) -> RequestMaker:
    """
    Return what makes the requests of a client that is from *module*.
    """

    def make(request: Request, timeout: float | Timeouts, extensions: dict[str, Any]) -> Any:
        return module.Request(
            request.method,
            request.url,
            headers=revealed_headers(request),
            content=request.body,
            extensions={"timeout": timeouts(timeout), **extensions},
        )

    return make
