"""
One test body, three fronts: asyncio, trio, and blocking.

A body is a coroutine function that takes a client and awaits its calls. On the blocking front it
gets a `HeyMilo` whose results can be awaited, and runs without a loop.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import attrs
from inside import AsyncTransport, BlockingTransport, Resource, run_now

from heymilo_async import AsyncHeyMilo, HeyMilo
from heymilo_async.pages import Pager, Prefetch

Body = Callable[[Any], Awaitable[Any]]

KEY = "canary-5f2b9c71e8d04a36"

#: Reading this machine's certificates takes longer than most tests.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@attrs.frozen
class Front:
    """
    One of the three ways to use the client.
    """

    name: str

    @property
    def is_blocking(self) -> bool:
        """
        Whether it is the blocking front.
        """
        return self.name == "blocking"

    @property
    def transport(self) -> type[AsyncTransport | BlockingTransport]:
        """
        The transport that it waits with.
        """
        return BlockingTransport if self.is_blocking else AsyncTransport

    def client(self, base_url: str, api_key: str = KEY, **options: Any) -> Any:
        """
        Return a client of this front, for a test that closes it itself.
        """
        kind = HeyMilo if self.is_blocking else AsyncHeyMilo
        return kind(api_key, base_url=base_url, **options)

    def run(self, body: Body, base_url: str, **options: Any) -> Any:
        """
        Return the result of *body*, called with a client of *base_url* that is closed afterwards.
        """
        if self.is_blocking:
            with self.client(base_url, **options) as client:
                return run_now(_as_coroutine(body(Awaited(client))))

        async def main() -> Any:
            async with self.client(base_url, **options) as client:
                return await body(client)

        return anyio.run(main, backend=self.name)

    def run_alone(self, body: Callable[[], Awaitable[Any]]) -> Any:
        """
        Return the result of *body*, which makes its own clients with `self.awaitable`.
        """
        if self.is_blocking:
            return run_now(_as_coroutine(body()))
        return anyio.run(body, backend=self.name)

    def awaitable(self, client: Any) -> Any:
        """
        Return *client* so that a body can await it.
        """
        return Awaited(client) if self.is_blocking else client


class QuickFront(Front):
    """
    A front whose clients read no certificates, unless `ssl_context=None` is passed.
    """

    def client(self, base_url: str, api_key: str = KEY, **options: Any) -> Any:
        """
        Return a client of this front.
        """
        if "http_client" not in options:
            options.setdefault("ssl_context", NO_CERTIFICATES)
        return super().client(base_url, api_key, **options)


async def _as_coroutine(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


class Awaited:
    """
    A blocking object with methods that can be awaited, and that `async for` can iterate.
    """

    def __init__(self, blocking: Any) -> None:
        self.blocking = blocking

    def __getattr__(self, name: str) -> Any:
        name = {"aclose": "close"}.get(name, name)
        return _wrapped(getattr(self.blocking, name))

    def __aiter__(self) -> Awaited:
        return Awaited(iter(self.blocking))

    async def __anext__(self) -> Any:
        try:
            return next(self.blocking)
        except StopIteration:
            pass
        raise StopAsyncIteration

    async def __aenter__(self) -> Any:
        return _wrapped(self.blocking.__enter__())

    async def __aexit__(self, *exc_info: object) -> Any:
        return self.blocking.__exit__(*exc_info)

    def __repr__(self) -> str:
        return repr(self.blocking)


def _wrapped(value: Any) -> Any:
    if isinstance(value, HeyMilo | Resource | Pager | Prefetch) or hasattr(value, "__next__"):
        return Awaited(value)
    return _Method(value) if callable(value) else value


class _Method:
    """
    A blocking method; its result can be awaited, iterated or entered.
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = method

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._method.__name__.startswith("list_all") or self._method.__name__ in {
            "find",
            "list_all",
            "pages",
            "prefetch",
            "with_options",
        }:
            return _wrapped(self._method(*args, **kwargs))
        return self._later(*args, **kwargs)

    async def _later(self, *args: Any, **kwargs: Any) -> Any:
        plain = [arg._method if isinstance(arg, _Method) else arg for arg in args]
        return self._method(*plain, **kwargs)
