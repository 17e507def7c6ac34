"""
Who is measured: this client, and what a user would write by hand over httpx.

Everyone asks for the same page and hands out its numbers in its own form; `ids` reads them, so
that a contender that does not do the work is found out.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import attrs
import cattrs
import httpx

from heymilo_async import AsyncHeyMilo, HeyMilo

from .interviews import ID

KEY = "an example of a key"
PATH = "/api/v2/phone-numbers"

OURS = "heymilo-async"
BY_HAND = "its coroutine, by hand"
BARE = "httpx + json"
#: The same with the query written into the URL, which spares httpx from making it.
BARE_URL = "httpx + json, query in the URL"
CATTRS = "httpx + cattrs"


@attrs.frozen(kw_only=True)
class Contender:
    """
    One way to get a page.

    Attributes:
        call: Gets a page of so many numbers; to be awaited, unless the front is the blocking one.
        ids: Reads the ids of the numbers in what *call* returned.
        close: Ends it; to be awaited likewise.
    """

    name: str
    call: Callable[[int], Any]
    ids: Callable[[Any], list[str]]
    close: Callable[[], Any]


def ids_of_models(page: Any) -> list[str]:
    """
    Read the ids of models with a `data` of models.
    """
    return [number.id for number in page.data]


def ids_of_json(page: Any) -> list[str]:
    """
    Read the ids of parsed JSON.
    """
    return [number["id"] for number in page["data"]]


@attrs.frozen
class Number:
    """
    A number as somebody would write it down by hand.
    """

    id: str
    phone_number: str
    active: bool
    object: str = "phone_number"
    country_code: str | None = None
    date_provisioned: datetime | None = None


@attrs.frozen
class Pagination:
    """
    Likewise.
    """

    has_more: bool
    url: str | None = None
    total_count: int | None = None


@attrs.frozen
class Numbers:
    """
    Likewise.
    """

    data: list[Number]
    pagination: Pagination


def by_hand() -> cattrs.Converter:
    """
    Return a converter as somebody would set it up by hand: as it comes, and taught the times.
    """
    converter = cattrs.Converter()
    converter.register_structure_hook(
        datetime, lambda value, _: datetime.fromtimestamp(value, tz=UTC)
    )
    return converter


def drive(coroutine: Any) -> Any:
    """
    Run a coroutine that does not suspend to its end, and return its result.
    """
    try:
        coroutine.send(None)
    except StopIteration as finished:
        return finished.value
    message = "it suspended"
    raise RuntimeError(message)


def blocking_contenders(server: str) -> list[Contender]:
    """
    Return those that block.
    """
    client = HeyMilo(KEY, base_url=server)
    twin = client.phone_numbers._twin
    bare = httpx.Client(headers={"X-API-KEY": KEY})
    typed = httpx.Client(headers={"X-API-KEY": KEY})
    converter = by_hand()
    url = server + PATH

    def get_json(limit: int) -> Any:
        return bare.get(url, params={"limit": limit}).json()

    def get_json_of_url(limit: int) -> Any:
        return bare.get(f"{url}?limit={limit}").json()

    def get_typed(limit: int) -> Numbers:
        response = typed.get(url, params={"limit": limit})
        response.raise_for_status()
        return converter.structure(response.json(), Numbers)

    return [
        Contender(
            name=OURS,
            call=lambda limit: client.phone_numbers.list(limit=limit),
            ids=ids_of_models,
            close=client.close,
        ),
        Contender(
            name=BY_HAND,
            call=lambda limit: drive(twin.list(limit=limit)),
            ids=ids_of_models,
            close=lambda: None,
        ),
        Contender(name=BARE, call=get_json, ids=ids_of_json, close=bare.close),
        Contender(name=BARE_URL, call=get_json_of_url, ids=ids_of_json, close=bare.close),
        Contender(name=CATTRS, call=get_typed, ids=ids_of_models, close=typed.close),
    ]


def async_contenders(server: str) -> list[Contender]:
    """
    Return those that are awaited.
    """
    client = AsyncHeyMilo(KEY, base_url=server)
    bare = httpx.AsyncClient(headers={"X-API-KEY": KEY})
    typed = httpx.AsyncClient(headers={"X-API-KEY": KEY})
    converter = by_hand()
    url = server + PATH

    async def get_json(limit: int) -> Any:
        return (await bare.get(url, params={"limit": limit})).json()

    async def get_json_of_url(limit: int) -> Any:
        return (await bare.get(f"{url}?limit={limit}")).json()

    async def get_typed(limit: int) -> Numbers:
        response = await typed.get(url, params={"limit": limit})
        response.raise_for_status()
        return converter.structure(response.json(), Numbers)

    return [
        Contender(
            name=OURS,
            call=lambda limit: client.phone_numbers.list(limit=limit),
            ids=ids_of_models,
            close=client.aclose,
        ),
        Contender(name=BARE, call=get_json, ids=ids_of_json, close=bare.aclose),
        Contender(name=BARE_URL, call=get_json_of_url, ids=ids_of_json, close=bare.aclose),
        Contender(name=CATTRS, call=get_typed, ids=ids_of_models, close=typed.aclose),
    ]


def interview_decoders() -> dict[str, Callable[[bytes], Any]]:
    """
    Return what reads an interview without any HTTP; the first is only half of the way.
    """
    from heymilo_async import InterviewData
    from heymilo_async._core.codec import read_content

    return {
        "json.loads": json.loads,
        OURS: lambda body: read_content(body, InterviewData, "single", ID).data,
    }


def decoders() -> dict[str, Callable[[bytes], Any]]:
    """
    Return what makes models of a body without any HTTP; the first is only half of the way.
    """
    from heymilo_async import Page, PhoneNumber
    from heymilo_async._core.codec import decode

    converter = by_hand()
    return {
        "json.loads": json.loads,
        OURS: lambda body: decode(body, Page[PhoneNumber]),
        "json + cattrs": lambda body: converter.structure(json.loads(body), Numbers),
    }


def walked(page_after: Callable[[str], Any], total: int) -> int:
    """
    Go through the pages that *page_after* gets, by hand, up to *total* numbers; count them.
    """
    found, cursor = 0, ""
    while found < total:
        data = page_after(f"?limit=100{cursor}")
        found += len(data)
        last = data[-1]
        cursor = f"&starting_after={last['id'] if isinstance(last, dict) else last.id}"
    return found


@contextlib.contextmanager
def walks(server: str) -> Iterator[dict[str, Callable[[int], int]]]:
    """
    Give the ways to walk so many numbers, this client's and by hand over httpx.
    """
    with HeyMilo(KEY, base_url=server) as client, httpx.Client(headers={"X-API-KEY": KEY}) as bare:
        url = server + PATH
        yield {
            OURS: lambda total: sum(1 for _ in client.phone_numbers.list_all(max_items=total)),
            BARE: lambda total: walked(lambda query: bare.get(url + query).json()["data"], total),
        }
