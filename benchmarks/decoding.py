"""
Decoding alone: the body of a page to models; and how long a very large one holds up a loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from heymilo_async import AsyncHeyMilo

from . import numbers
from .contenders import BARE, KEY, OURS, PATH
from .results import Bound, Table, table
from .timing import interleaved

#: Numbers in a body of 5 MB.
FIVE_MEGABYTES = 33_000


def _timed(decode: Callable[[bytes], Any], body: bytes, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        decode(body)
    return (time.perf_counter() - start) / times


def measure(decoders: Mapping[str, Callable[[bytes], Any]], *, rounds: int) -> Iterator[Table]:
    """
    Measure what each of *decoders* takes for bodies of 100 and of 10,000 numbers.
    """
    for count, times in ((100, 20), (10_000, 1)):
        body = numbers.page(0, count, count)
        series = interleaved(
            {name: partial(_timed, decode, body, times) for name, decode in decoders.items()},
            rounds,
        )
        yield table(
            f"decoding {count:,} numbers",
            "µs",
            series,
            [Bound(row=OURS, beside=name) for name in decoders if name != OURS],
        )


async def _longest_pause(work: Callable[[], Any]) -> float:
    """
    Return the longest time in seconds that the loop did nothing else while *work* went on.
    """
    longest, last = 0.0, time.perf_counter()
    task = asyncio.ensure_future(work())
    while not task.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    await task
    return longest


async def _page_of_ours(server: str) -> None:
    async with AsyncHeyMilo(KEY, base_url=server) as client:
        page = await client.phone_numbers.list()
    if len(page) != FIVE_MEGABYTES:
        message = f"{len(page)} numbers came"
        raise ValueError(message)


async def _page_of_httpx(server: str) -> None:
    import httpx

    async with httpx.AsyncClient() as client:
        (await client.get(server + PATH)).json()


def measure_pause(server: str, *, rounds: int) -> Iterator[Table]:
    """
    Measure how long the loop stands still for a page of 5 MB.
    """
    large = f"{server}/page-{FIVE_MEGABYTES}"
    ways = {OURS: _page_of_ours, BARE: _page_of_httpx}
    series = interleaved(
        {
            name: lambda way=way: asyncio.run(_longest_pause(partial(way, large)))  # type: ignore[misc]
            for name, way in ways.items()
        },
        rounds,
    )
    yield table(
        "event loop held up by one page of 5 MB",
        "ms",
        series,
        [Bound(row=OURS, at_most=250, goal=50), Bound(row=OURS, beside=BARE)],
    )
