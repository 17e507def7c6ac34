"""
Decoding alone: the body of a page to models; and how long a very large one holds up a loop.
"""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from heymilo_async import AsyncHeyMilo

from . import interviews, numbers
from .contenders import BARE, KEY, OURS, PATH
from .results import Bound, Table, table
from .timing import interleaved

#: Numbers in a body of 5 MB.
FIVE_MEGABYTES = 33_000


def _timed(decode: Callable[[bytes], Any], body: bytes, times: int) -> float:
    start = time.thread_time()
    for _ in range(times):
        decode(body)
    return (time.thread_time() - start) / times


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


#: What reading an interview may cost beside that, and should.
_INTERVIEW = {"generated client": (0.7, 0.5), "pydantic": (1.3, 0.9)}


def measure_interview(
    decoders: Mapping[str, Callable[[bytes], Any]], *, rounds: int
) -> Iterator[Table]:
    """
    Measure what each of *decoders* takes for an interview, and what the result takes in memory.
    """
    body = interviews.interview(500)
    yield table(
        "an interview of 500 entries, bytes to model",
        "µs",
        interleaved(
            {name: partial(_timed, decode, body, 5) for name, decode in decoders.items()}, rounds
        ),
        [
            Bound(row=OURS, beside=name, at_most=at_most, goal=goal)
            for name in decoders
            if name != OURS
            for at_most, goal in [_INTERVIEW.get(name, (None, None))]
        ],
    )
    large = interviews.interview(12_000)
    yield table(
        f"memory of an interview of {len(large) / 1e6:.1f} MB",
        "MB",
        {name: [_memory(decode, large) for _ in range(2)] for name, decode in decoders.items()},
        [
            Bound(row=OURS, beside=name, at_most=1.0, goal=0.7)
            if name == "json.loads"
            else Bound(row=OURS, beside=name)
            for name in decoders
            if name != OURS
        ],
    )


def _memory(decode: Callable[[bytes], Any], body: bytes) -> float:
    gc.collect()
    tracemalloc.start()
    try:
        kept = decode(body)
        return float(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
        del kept


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
