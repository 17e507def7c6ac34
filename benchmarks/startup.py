"""
Before the first call: making a client, making a view; and what models weigh.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import httpx

from heymilo_async import HeyMilo

from .contenders import KEY, OURS, PATH
from .programs import run
from .results import Bound, Table, table
from .timing import interleaved


def measure(server: str, decoders: Sequence[str], *, rounds: int) -> Iterator[Table]:
    """
    Measure clients and memory.
    """
    client = HeyMilo(KEY, base_url=server)
    yield table(
        "making a client",
        "µs",
        interleaved(
            {
                "HeyMilo(key)": partial(_timed, lambda: HeyMilo(KEY), 50),
                "client.with_options(deadline=5.0)": partial(
                    _timed, lambda: client.with_options(deadline=5.0), 50
                ),
                "httpx.Client()": partial(_timed, httpx.Client, 2),
                "HeyMilo, to the first answer": partial(_timed, partial(_first, server), 2),
                "httpx.Client, to the first answer": partial(_timed, partial(_bare, server), 2),
            },
            rounds,
        ),
        [
            Bound(row="HeyMilo, to the first answer", beside="httpx.Client, to the first answer"),
        ],
    )
    client.close()
    yield table(
        "memory of 100,000 numbers",
        "MB",
        interleaved(
            {name: partial(_memory, name) for name in decoders},
            2,
            warm_up=0,
        ),
        [Bound(row=OURS, beside=name) for name in decoders if name != OURS],
    )


def _memory(name: str) -> float:
    return run("memory", name, 100_000)["bytes"]


def _timed(make: Callable[[], object], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        make()
    return (time.perf_counter() - start) / times


def _first(server: str) -> None:
    with HeyMilo(KEY, base_url=server) as client:
        client.phone_numbers.list(limit=20)


def _bare(server: str) -> None:
    with httpx.Client() as client:
        client.get(f"{server}{PATH}?limit=20").json()
