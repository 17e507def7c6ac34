"""
The types of the public names; type checkers read this file, and it is never run.

An expected error has an ignore comment with its code, and an unneeded ignore is an error itself. So
each line here is a claim, even the refused ones.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import assert_type

import httpx
import httpx2

from heymilo_async import (
    APIResponse,
    APIStatusError,
    AsyncHeyMilo,
    AsyncPage,
    AsyncPager,
    ConversationalSMSStep,
    FormConfig,
    FormStep,
    HeyMilo,
    HeyMiloError,
    Page,
    Pager,
    PhoneNumber,
    Posting,
    PostingReceipt,
    ResumeConfig,
    ResumeStep,
    RetryPolicy,
    Timeouts,
    WebInterviewStep,
    from_dict,
    to_dict,
    to_json,
)
from heymilo_async.events import Event


async def async_key() -> str:
    """
    A key that must be awaited.
    """
    return "key"


async def awaited(client: AsyncHeyMilo) -> None:
    """
    One line for each operation, async.
    """
    numbers = client.phone_numbers
    assert_type(await numbers.list(limit=5, starting_after="A"), AsyncPage[PhoneNumber])
    assert_type(await (await numbers.list()).next_page(), AsyncPage[PhoneNumber] | None)
    assert_type(await numbers.get("A"), PhoneNumber)
    assert_type(await numbers.get_many(["A"], concurrency=2), list[PhoneNumber])
    assert_type(await numbers.get_many_settled(["A"]), list[PhoneNumber | HeyMiloError])
    assert_type(numbers.list_all(page_size=5), AsyncPager[PhoneNumber])
    assert_type(await numbers.list_all().collect(), list[PhoneNumber])
    assert_type(numbers.list_all().pages(), AsyncIterator[Page[PhoneNumber]])
    async for number in numbers.list_all():
        assert_type(number, PhoneNumber)
    async with numbers.list_all().prefetch(pages=2) as ahead:
        assert_type(ahead, AsyncIterator[PhoneNumber])
    assert_type(await client.raw(numbers.get, "A"), APIResponse[PhoneNumber])
    assert_type(await client.raw(numbers.list, limit=5), APIResponse[AsyncPage[PhoneNumber]])
    assert_type(client.with_options(deadline=None), AsyncHeyMilo)

    # Lists of several kinds that were made before the call.
    steps = [ResumeStep(), ConversationalSMSStep(), WebInterviewStep(), FormStep()]
    assert_type(await client.postings.create(title="Welder", workflow=steps), PostingReceipt)
    config = ResumeConfig() if steps else FormConfig()
    assert_type(await client.postings.update_step("A", 1, config), Posting)
    await client.postings.create(title="Welder", workflow=[config])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    await client.postings.update_step("A", 1, FormStep())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    await numbers.list(limti=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await numbers.list(5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await numbers.list(limit="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await numbers.get()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await numbers.get(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.get("A").id  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # noqa: B018 - not awaited
    await numbers.get_many([5])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    await numbers.get_many(["A"], 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await numbers.get_many_settled(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await numbers.list_all()  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    numbers.list_all(limit=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    for _ in numbers.list_all():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    await client.raw(numbers.get, 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.raw(numbers.list_all)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.phone_numbers = numbers  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    client.with_options(proxy="http://proxy")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with client:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    AsyncHeyMilo("key", "token")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    AsyncHeyMilo(http_client=httpx.Client())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncHeyMilo(http_client=httpx2.Client())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncHeyMilo(http_client=httpx.AsyncClient())
    AsyncHeyMilo(http_client=httpx2.AsyncClient())


def blocking(client: HeyMilo) -> None:
    """
    One line for each operation, blocking.
    """
    numbers = client.phone_numbers
    assert_type(numbers.list(limit=5, starting_after="A"), Page[PhoneNumber])
    assert_type(numbers.list().next_page(), Page[PhoneNumber] | None)
    assert_type(numbers.get("A"), PhoneNumber)
    assert_type(numbers.get_many(["A"], concurrency=2), list[PhoneNumber])
    assert_type(numbers.get_many_settled(["A"]), list[PhoneNumber | HeyMiloError])
    assert_type(numbers.list_all(page_size=5), Pager[PhoneNumber])
    assert_type(numbers.list_all().collect(), list[PhoneNumber])
    assert_type(numbers.list_all().pages(), Iterator[Page[PhoneNumber]])
    for number in numbers.list_all():
        assert_type(number, PhoneNumber)
    with numbers.list_all().prefetch(pages=2) as ahead:
        assert_type(ahead, Iterator[PhoneNumber])
    assert_type(client.raw(numbers.get, "A"), APIResponse[PhoneNumber])
    assert_type(client.raw(numbers.list, limit=5), APIResponse[Page[PhoneNumber]])
    assert_type(client.with_options(deadline=None), HeyMilo)

    numbers.list(limti=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    numbers.list(5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    numbers.list(limit="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.get()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    numbers.get(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.get_many([5])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    numbers.get_many(["A"], 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    numbers.get_many_settled(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.list_all(limit=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.raw(numbers.get, 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.phone_numbers = numbers  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    client.with_options(http_client=httpx.Client())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    HeyMilo("key", "token")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    HeyMilo(timeout=Timeouts(read=60), api_key=lambda: "key")
    HeyMilo(async_key)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncHeyMilo(async_key, access_token=lambda: "token")
    HeyMilo(timeout=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    HeyMilo(retry=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    HeyMilo(http_client=httpx.AsyncClient())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    HeyMilo(http_client=httpx2.AsyncClient())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    HeyMilo(events=lambda event: assert_type(event, Event))
    HeyMilo(events=[print, lambda event: assert_type(event, Event)])
    HeyMilo(events=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    HeyMilo(http_client=httpx.Client(), retry=RetryPolicy(max_attempts=2))
    HeyMilo(http_client=httpx2.Client())


def values(number: PhoneNumber, page: Page[PhoneNumber], error: APIStatusError) -> None:
    """
    Models, pages and errors.
    """
    assert_type(number.date_provisioned, datetime | None)
    assert_type(page[0], PhoneNumber)
    assert_type(page[:1], tuple[PhoneNumber, ...])
    assert_type(page.next_cursor, str | None)
    assert_type(from_dict(PhoneNumber, to_dict(number)), PhoneNumber)
    assert_type(to_json(page), str)
    assert_type(error.retry_after, float | None)
    number.id = "B"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    page["id"]  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    PhoneNumber("A", "+12065550100", True)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue]
    from_dict(PhoneNumber, [])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def closing() -> None:
    """
    The blocking client fits the protocol of `contextlib.closing`.
    """
    with contextlib.closing(HeyMilo("k")) as client:
        assert_type(client, HeyMilo)
