"""
Walking a list with and without prefetch, and getting many numbers, from a server 20 ms away.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import anyio

from heymilo_async import AsyncHeyMilo, HeyMilo

from .contenders import KEY, OURS
from .fronts import Blocking, Front
from .numbers import id_of
from .programs import run
from .results import Bound, Table, table
from .timing import interleaved

#: Seconds of work that the consumer of a page has with it; the server takes as long.
WORK = 0.02
PAGE_SIZE = 20


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _expect(count: int, found: int) -> None:
    if count != found:
        message = f"{found} numbers came, and not {count}"
        raise ValueError(message)


def _walks(front: Front, server: str, pages: int) -> dict[str, Callable[[], None]]:
    total = pages * PAGE_SIZE

    def walk(*, ahead: bool) -> None:
        found = 0
        with HeyMilo(KEY, base_url=server) as client:
            pager = client.phone_numbers.list_all(page_size=PAGE_SIZE, max_items=total)
            with pager.prefetch() if ahead else contextlib.nullcontext(pager) as numbers:
                for found, _ in enumerate(numbers, 1):
                    if found % PAGE_SIZE == 0:
                        time.sleep(WORK)
        _expect(total, found)

    async def await_walk(*, ahead: bool) -> None:
        found = 0
        async with AsyncHeyMilo(KEY, base_url=server) as client:
            pager = client.phone_numbers.list_all(page_size=PAGE_SIZE, max_items=total)
            async with pager.prefetch() if ahead else contextlib.nullcontext(pager) as numbers:
                async for _ in numbers:
                    found += 1
                    if found % PAGE_SIZE == 0:
                        await anyio.sleep(WORK)
        _expect(total, found)

    way: Callable[..., Any] = walk if isinstance(front, Blocking) else await_walk
    return {
        "one page after the other": partial(front.run, partial(way, ahead=False)),
        "with prefetch": partial(front.run, partial(way, ahead=True)),
    }


def _gets(front: Front, server: str, count: int) -> dict[str, Callable[[], None]]:
    ids = [id_of(index) for index in range(count)]

    def get_one_by_one() -> None:
        with HeyMilo(KEY, base_url=server) as client:
            _expect(count, len([client.phone_numbers.get(one) for one in ids]))

    def get_many() -> None:
        with HeyMilo(KEY, base_url=server) as client:
            _expect(count, len(client.phone_numbers.get_many(ids, concurrency=20)))

    async def await_one_by_one() -> None:
        async with AsyncHeyMilo(KEY, base_url=server) as client:
            _expect(count, len([await client.phone_numbers.get(one) for one in ids]))

    async def await_many() -> None:
        async with AsyncHeyMilo(KEY, base_url=server) as client:
            _expect(count, len(await client.phone_numbers.get_many(ids, concurrency=20)))

    ways: tuple[Callable[[], Any], ...] = (await_one_by_one, await_many)
    if isinstance(front, Blocking):
        ways = (get_one_by_one, get_many)
    return {
        "one by one": partial(front.run, ways[0]),
        "get_many, 20 at a time": partial(front.run, ways[1]),
    }


def measure(
    fronts: Sequence[Front], server: str, *, rounds: int, pages: int, gets: int
) -> Iterator[Table]:
    """
    Measure walks through *pages* pages, and getting *gets* numbers.
    """
    far = f"{server}/wait-20"
    for front in fronts:
        ways = _walks(front, far, pages)
        series = interleaved(
            {name: partial(_timed, way) for name, way in ways.items()}, rounds, warm_up=0
        )
        yield table(
            f"walking {pages} pages, {front.name}, 20 ms at the server and 20 ms with each",
            "s",
            series,
            [
                Bound(
                    row="with prefetch", beside="one page after the other", at_most=0.60, goal=0.52
                )
            ],
        )
    for front in fronts:
        ways = _gets(front, far, gets)
        series = interleaved(
            {name: partial(_timed, way) for name, way in ways.items()}, rounds, warm_up=0
        )
        yield table(
            f"getting {gets} numbers, {front.name}, 20 ms at the server",
            "s",
            series,
            [Bound(row="get_many, 20 at a time", beside="one by one", at_most=0.08, goal=0.055)],
        )


def measure_beside(
    ways: Mapping[str, Callable[[int], int]], *, rounds: int, total: int = 2_000
) -> Iterator[Table]:
    """
    Measure the processor time of a walk through *total* numbers, 100 a page, each way.
    """

    def walk(way: Callable[[int], int]) -> float:
        start = time.thread_time()
        _expect(total, way(total))
        return time.thread_time() - start

    yield table(
        f"a walk through {total:,} numbers, blocking",
        "ms",
        interleaved({name: partial(walk, way) for name, way in ways.items()}, rounds),
        [Bound(row=OURS, beside=name) for name in ways if name != OURS],
    )


def measure_memory(server: str) -> Iterator[Table]:
    """
    Measure what a walk through 20,000 items takes in memory.
    """
    found = [run("walk", server, 20_000) for _ in range(2)]
    more = "more for the walk than for the page"
    yield table(
        "memory of a walk through 20,000 items",
        "MB",
        {
            "one page of 100": [one["page"] for one in found],
            "the walk": [one["walk"] for one in found],
            more: [one["more"] for one in found],
        },
        [Bound(row=more, at_most=8, goal=4)],
    )
