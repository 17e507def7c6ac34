"""
A server for load and faults, in a process of its own; the first part of the path selects its
behaviour.

    /after-20/...     the requested number, after 20 ms
    /pieces-5/...     the same in four pieces, 5 ms apart
    /closing-0/...    the same, and then the connection is closed
    /status-503/...   an error of that status
    /bomb/...         a gzip body of 1 GiB; /endless/: an endless one; /length/: one of 10 GB
    /loop/...         the same page for ever, with `has_more`
    and the names in `WAYS`

It counts the received requests, and the highest number of connections.
"""

from __future__ import annotations

import asyncio
import functools
import json
import socket
import struct
import sys
import threading
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import attrs
from reliability.companion import Companion, answer_lines, say
from server import answer, numbers, ok, single

GIB = 1024**3
#: The first byte of a TLS connection.
TLS = b"\x16"


def page_of_a_loop() -> bytes:
    """
    Return a page that says there is more, in the formats of HeyMilo and of OpenAI.
    """
    more = {"has_more": True, "total_count": None}
    return ok({"object": "list", "data": numbers("A", "B"), "has_more": True, "pagination": more})


@functools.cache
def bomb(size: int = GIB) -> bytes:
    """
    Return a response of about a thousandth of *size*, whose body decompresses to *size* blanks.
    """
    blanks = b" " * 1024**2
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(blanks) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(size // len(blanks)):
        checksum = zlib.crc32(blanks, checksum)
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    tail = b"\x03\x00" + struct.pack("<II", checksum, size % 2**32)
    body = head + block * (size // len(blanks)) + tail
    return answer(200, body, "Content-Encoding: gzip")


@attrs.define
class Counts:
    """
    The requests and connections of the server.
    """

    requests: int = 0
    accepted: int = 0
    open: int = 0
    peak: int = 0


class Speaker(asyncio.Protocol):
    """
    One connection.
    """

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self.loop = asyncio.get_running_loop()
        self._unread = b""
        self._flood = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.counts.accepted += 1
        self.counts.open += 1
        self.counts.peak = max(self.counts.peak, self.counts.open)

    def connection_lost(self, _: Exception | None) -> None:
        self._flood = b""
        self.counts.open -= 1

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if self._unread[:1] == TLS:
            self.send(answer(400))
            self.end()
        while b"\r\n\r\n" in self._unread:
            head, _, self._unread = self._unread.partition(b"\r\n\r\n")
            self.counts.requests += 1
            target = head.split(b" ", 2)[1].decode("latin-1").partition("?")[0]
            _, way, *rest = target.split("/")
            name, _, argument = way.partition("-")
            WAYS[name](self, unquote(rest[-1]), argument)

    def send(self, data: bytes) -> None:
        """
        Send *data*, if the connection is still open.
        """
        if not self.transport.is_closing():
            self.transport.write(data)

    def later(self, milliseconds: float, work: Callable[..., object], *args: object) -> None:
        """
        Call *work* after that many milliseconds.
        """
        self.loop.call_later(milliseconds / 1000, work, *args)

    def drip(self, data: bytes, size: int, every: float) -> None:
        """
        Send *data* in pieces of *size*, one *every* so many milliseconds.
        """
        for index, start in enumerate(range(0, len(data), size)):
            self.later(index * every, self.send, data[start : start + size])

    def end(self) -> None:
        """
        Close the connection when everything is sent.
        """
        self.transport.close()

    def reset(self) -> None:
        """
        End the connection with an RST.
        """
        linger = struct.pack("ii", 1, 0)
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger
        )
        self.transport.abort()

    def flood(self, head: bytes, piece: bytes) -> None:
        """
        Send *head*, and then *piece* for as long as the client reads.
        """
        self.send(head)
        self._flood = piece
        self.resume_writing()

    def pause_writing(self) -> None:
        self._flood, self._paused = b"", self._flood

    def resume_writing(self) -> None:
        self._flood = self._flood or self._paused
        self.loop.call_soon(self._pour)

    def _pour(self) -> None:
        if self._flood and not self.transport.is_closing():
            self.transport.write(self._flood)
            self.loop.call_soon(self._pour)

    _paused = b""


def _after(speaker: Speaker, name: str, argument: str) -> None:
    if argument == "0":
        speaker.send(single(id=name))
    else:
        speaker.later(float(argument), speaker.send, single(id=name))


def _pieces(speaker: Speaker, name: str, argument: str) -> None:
    whole = single(id=name)
    speaker.drip(whole, len(whole) // 4 + 1, float(argument))


def _closing(speaker: Speaker, name: str, argument: str) -> None:
    whole = single(id=name).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    speaker.drip(whole, len(whole) // 4 + 1, float(argument))
    speaker.later(4 * float(argument), speaker.end)


def _status(speaker: Speaker, _: str, argument: str) -> None:
    speaker.send(answer(int(argument), b'{"error": {"message": "as you wish"}}'))


def _saying(reply: Callable[[], bytes] | bytes, *, closing: bool = False) -> Callable[..., None]:
    def way(speaker: Speaker, _: str, __: str) -> None:
        speaker.send(reply() if callable(reply) else reply)
        if closing:
            speaker.end()

    return way


CHUNK = b"10000\r\n" + b" " * 65536 + b"\r\n"

#: The behaviours, by the first word of the path's first part.
WAYS: dict[str, Callable[[Speaker, str, str], None]] = {
    "after": _after,
    "pieces": _pieces,
    "closing": _closing,
    "status": _status,
    "hang": lambda *_: None,
    "drop": lambda speaker, *_: speaker.end(),
    "reset": lambda speaker, *_: speaker.reset(),
    "cut": _saying(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"', closing=True),
    "garbage": _saying(b"hello world\r\n\r\n", closing=True),
    "html": _saying(answer(200, b"<html>Log in</html>", content_type="text/html")),
    "types": _saying(single(active="false")),
    "other": _saying(single(id="somebody else's")),
    "redirect": _saying(answer(302, b"", "Location: http://127.0.0.1:9/elsewhere")),
    "headers": lambda speaker, *_: speaker.drip(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 500, 1, 10),
    "body": lambda speaker, *_: speaker.drip(
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b" " * 500, 1, 10
    ),
    "loop": _saying(page_of_a_loop),
    "bomb": _saying(bomb),
    "endless": lambda speaker, *_: speaker.flood(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNK
    ),
    "length": lambda speaker, *_: speaker.flood(
        b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", b" " * 65536
    ),
}


class Origin(Companion):
    """
    The server, as the scenario uses it.
    """

    def __init__(self) -> None:
        super().__init__("reliability.origin")

    def url(self, way: str) -> str:
        """
        Return the base URL with that behaviour.
        """
        return f"http://127.0.0.1:{self.said['port']}/{way}"

    def prepare(self) -> None:
        """
        Build slow responses in advance.
        """
        self.ask("bomb")

    def counts(self) -> dict[str, int]:
        """
        Return the number of received requests, and of connections: in total, now, and at most.
        """
        return self.ask("counts")


async def _serve() -> None:
    counts = Counts()
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    port = listener.getsockname()[1]
    server = await loop.create_server(lambda: Speaker(counts), sock=listener, backlog=4096)
    over = asyncio.Event()

    def told(word: str) -> dict[str, int]:
        if word == "bomb":
            bomb()
        return attrs.asdict(counts)

    def talk() -> None:
        answer_lines(told)
        loop.call_soon_threadsafe(over.set)

    threading.Thread(target=talk, daemon=True).start()
    say({"port": port})
    await over.wait()
    server.close()


if __name__ == "__main__":
    json.loads(sys.argv[1])
    asyncio.run(_serve())
