"""
Tests as users write them: an asyncio backend under pytest-asyncio, anyio's plugin, and respx.
"""

from __future__ import annotations

import asyncio

import httpx
import pytest
import respx
from fronts import KEY
from server import NUMBER, numbers

from heymilo_async import AsyncHeyMilo, HeyMilo, RateLimitError, RetryPolicy

ID = NUMBER["id"]
URL = "https://api.heymilo.ai/api/v2/phone-numbers"
PAGE = {"data": numbers("A", "B"), "pagination": {"has_more": False}}


class Backend:
    """
    A small web backend: one client for its lifetime, a deadline for each request.
    """

    def __init__(self) -> None:
        self.client = AsyncHeyMilo(KEY)

    async def handle(self, path):
        """
        Answer a request with a status and a body.
        """
        try:
            number = await self.client.with_options(deadline=5.0).phone_numbers.get(path)
        except RateLimitError as error:
            return 503, {"Retry-After": str(error.retry_after)}
        return 200, number.phone_number


@pytest.mark.asyncio
@respx.mock
async def test_many_handlers_share_one_client():
    """
    Fifty concurrent handlers get their own responses from one client.
    """
    route = respx.get(url__regex=rf"{URL}/(?P<asked>\w+)").mock(
        side_effect=lambda request, asked: httpx.Response(
            200, json={"data": {**NUMBER, "id": asked, "phone_number": f"+1{asked}"}}
        )
    )
    backend = Backend()
    try:
        answers = await asyncio.gather(*(backend.handle(f"{n:08}") for n in range(50)))
    finally:
        await backend.client.aclose()

    assert [(200, f"+1{n:08}") for n in range(50)] == answers
    assert 50 == route.call_count


@pytest.mark.asyncio
@respx.mock
async def test_a_rate_limit_becomes_the_backends_own():
    """
    If a wait does not fit the handler's deadline, the handler gets the error at once, and can pass
    it on.
    """
    respx.get(f"{URL}/{ID}").respond(429, headers={"Retry-After": "30"})
    backend = Backend()
    try:
        assert (503, {"Retry-After": "30.0"}) == await backend.handle(ID)
    finally:
        await backend.client.aclose()


@pytest.mark.anyio
@respx.mock
async def test_under_anyios_plugin():
    """
    The client works in tests that anyio's plugin runs, on asyncio and on trio.
    """
    respx.get(URL).respond(json=PAGE)

    async with AsyncHeyMilo(KEY) as client:
        assert ["A", "B"] == [number.id for number in await client.phone_numbers.list()]


@respx.mock
def test_what_is_sent():
    """
    Every parameter of the contract is sent in its place, and nothing else is sent.
    """
    route = respx.get(URL).respond(json=PAGE)

    with HeyMilo(KEY, access_token="t-1", workspace_id="w-1") as client:
        client.phone_numbers.list(limit=100, starting_after="a&b=c")
        client.phone_numbers.list()
    first, second = (call.request for call in route.calls)

    assert {"limit": "100", "starting_after": "a&b=c"} == dict(first.url.params)
    assert b"/api/v2/phone-numbers?limit=100&starting_after=a%26b%3Dc" == first.url.raw_path
    assert b"/api/v2/phone-numbers" == second.url.raw_path
    assert {
        "host": "api.heymilo.ai",
        "accept": "application/json",
        "accept-encoding": "gzip",
        "user-agent": first.headers["user-agent"],
        "x-api-key": KEY,
        "authorization": "Bearer t-1",
        "x-workspace-id": "w-1",
    } == dict(first.headers)
    assert first.headers["user-agent"].startswith("heymilo-async/")


@respx.mock
def test_headers_of_your_own():
    """
    `default_headers` are sent, and may replace the client's own `User-Agent`.
    """
    route = respx.get(URL).respond(json=PAGE)

    with HeyMilo(KEY, default_headers={"user-agent": "mine/1", "X-Tag": "a"}) as client:
        client.phone_numbers.list()
        client.with_options(default_headers=None).phone_numbers.list()
    first, second = (call.request.headers for call in route.calls)

    assert (["mine/1"], "a") == (first.get_list("user-agent"), first["x-tag"])
    assert second["user-agent"].startswith("heymilo-async/")
    assert "x-tag" not in second


@respx.mock
def test_a_view_is_tried_as_it_says():
    """
    A view's settings apply to the view alone.
    """
    route = respx.get(URL).respond(429)

    with HeyMilo(KEY, retry=RetryPolicy(initial_delay=0)) as client:
        once = client.with_options(retry=RetryPolicy(max_attempts=1))
        for one, tries in ((once, 1), (client, 3)):
            with pytest.raises(RateLimitError) as caught:
                one.phone_numbers.list()

            assert tries == len(caught.value.attempts)
    assert 4 == route.call_count
