"""
What needs a process of its own: many tasks, memory, and the first call.

Run as a program it does one such thing and prints what came of it, as JSON.
"""

from __future__ import annotations

import importlib
import json
import re
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from .server import ROOT


def run(name: str, *arguments: object) -> dict[str, float]:
    """
    Run the program *name* in a process of its own and return what it found.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.programs", name, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _peak() -> int:
    """
    Return the most bytes that this process had in memory.

    (Not `resource.getrusage`: on Linux that begins with what the parent had.)
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii"))
        if found is not None:
            return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def load_of(
    who: str, server: str, tasks: str, calls: str, backend: str = "asyncio"
) -> dict[str, float]:
    """
    Have so many *tasks* make so many *calls* each, one after the other, at one client of *who*.
    """
    load = partial(_load, _CLIENTS[who](server), int(tasks), int(calls))
    found: dict[str, float] = anyio.run(load, backend=backend)
    return found


async def _load(opened: Any, tasks: int, calls: int) -> dict[str, float]:
    async with opened as call:

        async def work() -> None:
            for _ in range(calls):
                await call()

        async def all_work(count: int) -> None:
            async with anyio.create_task_group() as group:
                for _ in range(count):
                    group.start_soon(work)

        await all_work(5)
        before = _peak()
        start = time.perf_counter()
        await all_work(tasks)
        seconds = time.perf_counter() - start
    after = _peak()
    return {
        "seconds": seconds,
        "per_call": seconds / (tasks * calls),
        "peak": after,
        "growth": after - before,
    }


class _Ours:
    def __init__(self, server: str) -> None:
        from heymilo_async import AsyncHeyMilo

        self._client = AsyncHeyMilo("an example of a key", base_url=server)

    async def __aenter__(self) -> Callable[[], Awaitable[Any]]:
        return partial(self._client.phone_numbers.list, limit=20)

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()


class _Bare:
    """
    Bare httpx as its documentation has it, with a pool as large as ours and time to wait for it.
    """

    def __init__(self, server: str) -> None:
        import httpx

        limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
        self._client = httpx.AsyncClient(
            limits=limits, timeout=600.0, headers={"X-API-KEY": "an example of a key"}
        )
        self._url = f"{server}/api/v2/phone-numbers?limit=20"

    async def __aenter__(self) -> Callable[[], Awaitable[Any]]:
        return self._get

    async def _get(self) -> Any:
        return (await self._client.get(self._url)).json()

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()


class _BareInTurn(_Bare):
    """
    Bare httpx by somebody who knows that its pool is slow with a long queue.
    """

    async def __aenter__(self) -> Callable[[], Awaitable[Any]]:
        self._turn = anyio.Semaphore(100)
        return self._get_in_turn

    async def _get_in_turn(self) -> Any:
        async with self._turn:
            return await self._get()


_CLIENTS: Mapping[str, Callable[[str], Any]] = {
    "ours": _Ours,
    "bare": _Bare,
    "bare-in-turn": _BareInTurn,
}


def memory_of(who: str, count: str) -> dict[str, float]:
    """
    Return the bytes that *count* numbers take, as *who* keeps them.
    """
    from . import numbers

    body = numbers.page(0, int(count), int(count))
    decode = dict(_decoders())[who]
    decode(numbers.page(0, 2, 2))
    tracemalloc.start()
    kept = decode(body)
    size, peak = tracemalloc.get_traced_memory()
    del kept
    return {"bytes": size, "peak": peak}


def walk_of(server: str, items: str) -> dict[str, float]:
    """
    Return the most bytes that a walk through so many *items* takes at a time, and through a page.
    """
    from heymilo_async import HeyMilo

    peaks = []
    with HeyMilo("an example of a key", base_url=server) as client:
        client.phone_numbers.list(limit=100)
        for most in (100, int(items)):
            tracemalloc.start()
            found = sum(1 for _ in client.phone_numbers.list_all(max_items=most))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            if found != most:
                message = f"{found} numbers came, and not {most}"
                raise ValueError(message)
    return {"page": peaks[0], "walk": peaks[1], "more": max(0, peaks[1] - peaks[0])}


def _decoders() -> Iterator[tuple[str, Callable[[bytes], Any]]]:
    from .contenders import decoders
    from .peers import peers_decoders

    yield from decoders().items()
    yield from peers_decoders().items()


def imports_of(*modules: str) -> dict[str, float]:
    """
    Import *modules*, and return the memory that it took.
    """
    for module in modules:
        importlib.import_module(module)
    return {"peak": _peak()}


def sync_of(base_url: str, key: str, file: str) -> dict[str, float]:
    """
    Bring the candidates of a sandbox into *file*.
    """
    from heymilo_async import HeyMilo
    from heymilo_async.jobs.sync import sync

    with HeyMilo(key, base_url=base_url) as client:
        start = time.perf_counter()
        report = sync(client, file, only=["candidates"])
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "peak": _peak(), "rows": report.tables[-1].rows}


def list_all_of(base_url: str, key: str) -> dict[str, float]:
    """
    Walk through the candidates of a sandbox.
    """
    from heymilo_async import HeyMilo

    with HeyMilo(key, base_url=base_url) as client:
        start = time.perf_counter()
        count = 0
        for posting in client.postings.list_all():
            count += sum(1 for _ in client.candidates.list_all(posting.id))
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "rows": count}


def ingest_of(base_url: str, key: str, posting: str, file: str, batch: str) -> dict[str, float]:
    """
    Bring the rows of *file* into a posting of a sandbox, so many in a request.
    """
    from heymilo_async import HeyMilo
    from heymilo_async.jobs.ingest import ingest

    with HeyMilo(key, base_url=base_url) as client:
        start = time.perf_counter()
        report = ingest(client, file, posting, batch=int(batch))
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "rows": report.done}


def entered_of(server: str) -> Mapping[str, float]:
    """
    Count the functions and files of ours that the first call enters.
    """
    from .house import profile

    return profile(server)


_PROGRAMS: Mapping[str, Callable[..., Mapping[str, float]]] = {
    "entered": entered_of,
    "imports": imports_of,
    "ingest": ingest_of,
    "list-all": list_all_of,
    "sync": sync_of,
    "load": load_of,
    "memory": memory_of,
    "walk": walk_of,
}

if __name__ == "__main__":
    print(json.dumps(_PROGRAMS[sys.argv[1]](*sys.argv[2:])))
