"""
A server that is down, and the requests that it still receives.
"""

from __future__ import annotations

import collections
import contextlib
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import anyio
from reliability.callers import caller
from reliability.measuring import Stopwatch
from reliability.origin import Origin

from heymilo_async import HeyMilo


@contextlib.contextmanager
def _refused() -> Iterator[tuple[str, Callable[[], int]]]:
    """
    Give the URL of a port without a listener, and a counter of the attempts to connect to it.
    """
    connects = 0

    def see(event: str, args: tuple[Any, ...]) -> None:
        nonlocal connects
        connects += event == "socket.connect" and args[1] == address

    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = reserved.getsockname()
        # An audit hook sees the system calls of any library: https://peps.python.org/pep-0578/
        sys.addaudithook(see)
        yield f"http://127.0.0.1:{address[1]}", lambda: connects


@contextlib.contextmanager
def _answering(way: str) -> Iterator[tuple[str, Callable[[], int]]]:
    with Origin() as origin:
        yield origin.url(way), lambda: origin.counts()["requests"]


def outage(
    *,
    client: str = "heymilo",
    front: str = "asyncio",
    how: str = "status-503",
    calls: int = 1000,
    concurrency: int = 100,
) -> dict[str, Any]:
    """
    Make *calls* calls, *concurrency* at a time, to a server that is down.

    *how* is `refused`, or a behaviour of an origin: `status-503`, `drop`.
    """
    failed: collections.Counter[str] = collections.Counter()
    names = [f"n{index}" for index in range(calls)]

    def block(url: str) -> None:
        with HeyMilo("k", base_url=url) as blocking:
            for outcome in blocking.phone_numbers.get_many_settled(names, concurrency=concurrency):
                failed[type(outcome).__name__] += 1

    async def main(url: str) -> None:
        waiting = iter(names)
        async with caller(client, url) as used, anyio.create_task_group() as group:
            for _ in range(concurrency):
                group.start_soon(work, used.get, waiting)

    async def work(get: Any, waiting: Iterator[str]) -> None:
        for name in waiting:
            try:
                await get(name)
            except Exception as error:
                failed[type(error).__name__] += 1

    with _refused() if how == "refused" else _answering(how) as (url, count), Stopwatch() as watch:
        if front == "blocking":
            block(url)
        else:
            anyio.run(main, url, backend=front)
        return {
            "seconds": watch.seconds,
            "calls": calls,
            "failed": failed.total(),
            "errors": dict(failed),
            "requests": count(),
            "requests_per_call": round(count() / calls, 3),
        }
