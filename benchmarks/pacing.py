"""
What pacing costs a call on loopback: off, alone, and over a Redis; interleaved, as milliseconds.

    python -m benchmarks.pacing
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import anyio

from heymilo_async import RateLimit, sandbox

ROUNDS = 500
#: So many that nobody waits.
PLENTY = 1_000_000


@contextmanager
def redis() -> Iterator[str]:
    """
    Run a Redis on a socket in a folder of its own; give its URL.
    """
    program = shutil.which("redis-server")
    if program is None:
        message = "redis-server is not installed"
        raise RuntimeError(message)
    with tempfile.TemporaryDirectory() as folder:
        # Also over TCP it is the loopback interface, but a port would have to be found.
        path = Path(folder) / "redis.sock"
        options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", folder]
        process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            while not path.exists():
                time.sleep(0.01)
            yield f"unix://{path}"
        finally:
            process.kill()
            process.wait()


def report(front: str, times: dict[str, list[float]]) -> None:
    """
    Print the median of each way to pace, and what it is above that of none.
    """
    base = statistics.median(times["off"])
    for name, taken in times.items():
        median = statistics.median(taken)
        line = f"{front:9} {name:6} {median * 1e3:.3f} ms  {(median - base) * 1e3:+.3f} ms\n"
        sys.stdout.write(line)


def rules(url: str) -> dict[str, RateLimit | None]:
    """
    Return the ways to pace.
    """
    return {
        "off": None,
        "alone": RateLimit(PLENTY, per=60),
        "shared": RateLimit(PLENTY, per=60, storage=url),
    }


def blocking(milo: sandbox.Sandbox, url: str) -> None:
    """
    Measure the blocking client.
    """
    one = next(iter(milo.store)).id
    times: dict[str, list[float]] = {name: [] for name in rules(url)}
    with ExitStack() as stack:
        clients = {
            name: stack.enter_context(milo.client(rate_limit=rule))
            for name, rule in rules(url).items()
        }
        for _ in range(ROUNDS):
            for name, client in clients.items():
                began = time.perf_counter()
                client.phone_numbers.get(one)
                times[name].append(time.perf_counter() - began)
    report("blocking", times)


async def awaited(milo: sandbox.Sandbox, url: str, front: str) -> None:
    """
    Measure the awaited client.
    """
    one = next(iter(milo.store)).id
    times: dict[str, list[float]] = {name: [] for name in rules(url)}
    clients: dict[str, Any] = {
        name: milo.async_client(rate_limit=rule) for name, rule in rules(url).items()
    }
    for _ in range(ROUNDS):
        for name, client in clients.items():
            began = time.perf_counter()
            await client.phone_numbers.get(one)
            times[name].append(time.perf_counter() - began)
    for client in clients.values():
        await client.aclose()
    report(front, times)


def main() -> None:
    """
    Measure all fronts.
    """
    with redis() as url, sandbox.running() as milo:
        blocking(milo, url)
        for front in ("asyncio", "trio"):
            anyio.run(awaited, milo, url, front, backend=front)


if __name__ == "__main__":
    main()
