"""
The three compared clients behind one interface: heymilo-async, plain httpx, openai-python.

Each has the same limit of connections and the same timeout; all other settings are its defaults.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import attrs

#: Seconds without progress, for each of them.
TIMEOUT = 60.0


@attrs.frozen
class Caller:
    """
    One of the clients.

    Attributes:
        get: Returns the id in the response to a GET for one id.
        ids: Walks a list, page by page, and yields the ids.
    """

    get: Callable[[str], Awaitable[str]]
    ids: Callable[[], AsyncIterator[str]] | None = None


@contextlib.asynccontextmanager
async def _heymilo(
    base_url: str, api_key: str, connections: int, timeout: float
) -> AsyncIterator[Caller]:
    from heymilo_async import AsyncHeyMilo

    async with AsyncHeyMilo(
        api_key, base_url=base_url, max_connections=connections, timeout=timeout
    ) as client:

        async def get(name: str) -> str:
            return (await client.phone_numbers.get(name)).id

        async def ids() -> AsyncIterator[str]:
            async for number in client.phone_numbers.list_all():
                yield number.id

        yield Caller(get, ids)


@contextlib.asynccontextmanager
async def _httpx(
    base_url: str, api_key: str, connections: int, timeout: float
) -> AsyncIterator[Caller]:
    import httpx

    async with httpx.AsyncClient(
        base_url=base_url,
        headers={"X-API-KEY": api_key},
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        timeout=timeout,
    ) as client:

        async def get(name: str) -> str:
            response = await client.get(f"/api/v2/phone-numbers/{name}")
            return response.raise_for_status().json()["data"]["id"]

        yield Caller(get)


@contextlib.asynccontextmanager
async def _openai(
    base_url: str, api_key: str, connections: int, timeout: float
) -> AsyncIterator[Caller]:
    import httpx2
    import openai

    async with openai.AsyncOpenAI(
        api_key=api_key,
        base_url=base_url,
        default_headers={"X-API-KEY": api_key},
        timeout=timeout,
        http_client=openai.DefaultAsyncHttpxClient(
            limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        ),
    ) as client:

        async def get(name: str) -> str:
            # Its README offers this generic call for operations without a method.
            got: Any = await client.get(f"/api/v2/phone-numbers/{name}", cast_to=object)
            return got["data"]["id"]

        async def ids() -> AsyncIterator[str]:
            async for job in client.fine_tuning.jobs.list():
                yield job.id

        yield Caller(get, ids)


_CALLERS = {"heymilo": _heymilo, "httpx": _httpx, "openai": _openai}
CLIENTS = tuple(_CALLERS)


def caller(
    client: str,
    base_url: str,
    *,
    api_key: str = "key-of-the-test",
    connections: int = 100,
    timeout: float = TIMEOUT,
) -> contextlib.AbstractAsyncContextManager[Caller]:
    """
    Return *client*, opened for the block.
    """
    return _CALLERS[client](base_url, api_key, connections, timeout)
