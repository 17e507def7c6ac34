"""
A minimal server with canned answers: it costs as little as a server can, so that clients show.

A path may begin with settings: `/wait-20/...` answers after 20 ms, `/page-30000/...` has 30,000
numbers on a page whatever is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import numbers

ROOT = Path(__file__).parents[1]

#: How many numbers there are.
TOTAL = 100_000

_TARGET = re.compile(
    rb"GET (?:/wait-(?P<wait>\d+))?(?:/page-(?P<page>\d+))?/api/v2/phone-numbers"
    rb"(?:/PN(?P<id>\d+))?(?:\?limit=(?P<limit>\d+))?(?:&starting_after=PN(?P<after>\d+))? "
)


def from_tests(name: str) -> Any:
    """
    Import a module of the tests, which are no package.
    """
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def _answer_to(target: bytes) -> tuple[float, bytes]:
    """
    Return the seconds to wait before the answer to a request line, and the answer.
    """
    asked = _TARGET.match(target)
    if asked is None:
        return 0.0, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    if asked["id"] is not None:
        body = numbers.single(int(asked["id"]))
    else:
        start = 0 if asked["after"] is None else int(asked["after"]) + 1
        count = int(asked["page"] or asked["limit"] or 20)
        body = numbers.page(start, count, TOTAL)
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Date: Sat, 15 Feb 2025 09:40:00 GMT\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "X-Request-Id: 7c5f1e0ab3d94e21\r\n"
        "\r\n"
    )
    return int(asked["wait"] or 0) / 1000, head.encode() + body


class _Connection(asyncio.Protocol):
    """
    Reads heads, and takes each for a GET without a body.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while b"\r\n\r\n" in self._unread:
            head, _, self._unread = self._unread.partition(b"\r\n\r\n")
            wait, answer = _answer_to(head[: head.index(b"\r\n")])
            if wait:
                asyncio.get_running_loop().call_later(wait, self._send, answer)
            else:
                self._send(answer)

    def _send(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)  # type: ignore[attr-defined]


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(
        _Connection, "127.0.0.1", 0, backlog=4096
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    # Whoever started it holds the other end; when they go, so does this.
    await asyncio.to_thread(sys.stdin.buffer.read)
    server.close()


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """
    Run the server in a process of its own; give its URL.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve())
