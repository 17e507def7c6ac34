"""
Memory: a walk keeps one page, and an interview takes no more than its parsed JSON.
"""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Awaitable, Callable

import httpx
import pytest
from fronts import Front
from inside import decode
from server import NUMBER

from heymilo_async import WebInterviewResult

PAGE = 100
#: Bytes that a walk may take beyond those of one page.
SLACK = 1_000_000


def numbers(many: int) -> Callable[[httpx.Request], httpx.Response]:
    """
    Return the replies for a list of *many* numbers, page by page.
    """

    def answer(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("starting_after", "-1")) + 1
        end = min(start + PAGE, many)
        return httpx.Response(
            200,
            json={
                "data": [NUMBER | {"id": str(index)} for index in range(start, end)],
                "pagination": {"has_more": end < many, "url": "/", "total_count": many},
            },
        )

    return answer


def peak(front: Front, many: int, walk: Callable[[object], Awaitable[int]]) -> int:
    """
    Return the peak memory of *walk* in bytes, for a list of *many* numbers.
    """
    kind = httpx.Client if front.is_blocking else httpx.AsyncClient
    own = kind(transport=httpx.MockTransport(numbers(many)))
    gc.collect()
    tracemalloc.start()
    try:
        assert many == front.run(walk, "https://api.example.com", http_client=own)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def by_item(client):
    """
    Count the items of a list.
    """
    count = 0
    async for _ in client.phone_numbers.list_all(page_size=PAGE):
        count += 1
    return count


async def reading_ahead(client):
    """
    Count them with the next page prefetched.
    """
    count = 0
    async with client.phone_numbers.list_all(page_size=PAGE).prefetch(pages=1) as ahead:
        async for _ in ahead:
            count += 1
    return count


async def collected(client):
    """
    Keep them, and count them.
    """
    return len(await client.phone_numbers.list_all(page_size=PAGE).collect())


@pytest.mark.parametrize("walk", [by_item, reading_ahead], ids=lambda walk: walk.__name__)
def test_a_walk_takes_the_memory_of_a_page(front, walk):
    """
    A walk of any length keeps no earlier page.
    """
    peak(front, PAGE, walk)  # memory that is allocated once does not belong to the walk

    assert peak(front, 20_000, walk) < peak(front, PAGE, walk) + SLACK


def test_what_is_kept_is_seen(front):
    """
    The test above would fail for a walk that keeps its items.
    """
    peak(front, PAGE, collected)

    assert peak(front, 20_000, collected) > peak(front, PAGE, collected) + SLACK


def test_an_interview_takes_less_than_its_json():
    """
    A long interview takes less memory as models than as parsed JSON.
    """
    entries = [
        {
            "speaker": "Interviewer" if index % 2 else "Candidate",
            "text": f"{index} " + "what somebody says in an interview " * 3,
            "timestamp": index * 1.5,
            "timestamp_str": f"{index // 60:02}:{index % 60:02}",
        }
        for index in range(12_000)
    ]
    body = json.dumps(
        {"interview_id": "5E1B2C9A", "match_score": 71, "transcript": entries}
    ).encode()

    def taken(read: Callable[[], object]) -> int:
        read()
        gc.collect()
        tracemalloc.start()
        try:
            kept = read()
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
            del kept

    assert taken(lambda: decode(body, WebInterviewResult)) < taken(lambda: json.loads(body))
