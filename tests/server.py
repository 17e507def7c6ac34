"""
A server that sends exactly the bytes that a test gives it, over real sockets.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

import attrs

NUMBER = {
    "id": "666A24C3",
    "object": "phone_number",
    "phone_number": "+12065550100",
    "country_code": "US",
    "active": True,
    "date_provisioned": 1739612400.0,
}


def numbers(*ids: str) -> list[dict[str, Any]]:
    """
    Return a phone number as parsed JSON for each of *ids*.
    """
    return [{**NUMBER, "id": one} for one in ids]


def page(*ids: str, more: bool = False) -> bytes:
    """
    Return a response with a page of *ids*.
    """
    return ok({"data": numbers(*ids), "pagination": {"has_more": more, "total_count": None}})


def single(number: dict[str, Any] | None = None, **changes: Any) -> bytes:
    """
    Return a response with one number.
    """
    return ok({"data": {**(number or NUMBER), **changes}, "meta": None})


def ok(content: Any, *headers: str) -> bytes:
    """
    Return a 200 with *content* as JSON.
    """
    return answer(200, json.dumps(content).encode(), *headers)


def answer(
    status: int, body: bytes = b"", *headers: str, content_type: str = "application/json"
) -> bytes:
    """
    Return a response with a correct head.
    """
    head = [
        f"HTTP/1.1 {status} Whatever",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@attrs.frozen
class Received:
    """
    A request as the server received it.
    """

    method: str
    target: str
    headers: dict[str, str]
    connection: int
    at: float
    body: bytes = b""

    @property
    def json(self) -> Any:
        """
        The body, read as JSON.
        """
        return json.loads(self.body)


def read_head(head: bytes, connection: int) -> Received:
    """
    Return the request with this *head*, without its empty line, from that *connection*.
    """
    first, *fields = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)
    }
    return Received(method, target, headers, connection, time.monotonic())


@attrs.define
class Connection:
    """
    The operations on a connection that a reply may use besides sending bytes.
    """

    socket: socket.socket
    number: int
    stopping: threading.Event

    def send(self, data: bytes) -> None:
        """
        Send *data*, even if nobody reads it.
        """
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def drip(self, data: bytes, every: float, size: int = 1) -> None:
        """
        Send *data* in pieces of *size* bytes, one *every* so many seconds.
        """
        for start in range(0, len(data), size):
            self.send(data[start : start + size])
            if self.stopping.wait(every):
                return

    def wait(self, seconds: float = 30.0) -> None:
        """
        Send nothing for *seconds*, or until the server stops.
        """
        self.stopping.wait(seconds)

    def close(self) -> None:
        """
        Close the connection normally.
        """
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def reset(self) -> None:
        """
        End the connection with an RST.
        """
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


#: Called when a server stops, with the POSTs that it received: the target, and whether it refused
#: it with 429.
_told_of_posts: list[Callable[[list[tuple[str, bool]]], None]] = []


@contextlib.contextmanager
def told_of_posts(listener: Callable[[list[tuple[str, bool]]], None]) -> Iterator[None]:
    """
    Pass *listener* the POSTs of each server that stops within the block.
    """
    _told_of_posts.append(listener)
    try:
        yield
    finally:
        _told_of_posts.remove(listener)


#: Bytes to send, or a function to call instead.
Reply = bytes | Callable[[Connection], None]


class Server:
    """
    Sends the n-th reply to the n-th request, and the last one to all that follow.

    A reply may also be a function that takes the request and returns a reply: pass it as *answers*.
    """

    def __init__(
        self,
        *replies: Reply,
        answers: Callable[[Received], Reply] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        reads_bodies: bool = True,
    ) -> None:
        self.replies = list(replies)
        self._reads_bodies = reads_bodies
        self._answers = answers
        self._ssl_context = ssl_context
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._connections: list[socket.socket] = []
        self.threads: list[threading.Thread] = []
        self.requests: list[Received] = []
        self.posts: list[tuple[str, bool]] = []
        self.accepted = 0
        self._listener = socket.create_server((host, 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        scheme = "http" if ssl_context is None else "https"
        self.base_url = f"{scheme}://{host}:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for listener in _told_of_posts:
            listener(self.posts)
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        # First the accepting thread: it may hold a connection that is not in the list yet.
        self.threads[0].join(5)
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        with self._lock:
            threads = list(self.threads)
        for thread in threads:
            thread.join(5)
        for connection in connections:
            connection.close()

    @property
    def n(self) -> int:
        """
        The number of received requests.
        """
        return len(self.requests)

    @property
    def gaps(self) -> list[float]:
        """
        The seconds between consecutive requests.
        """
        return [b.at - a.at for a, b in zip(self.requests, self.requests[1:], strict=False)]

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, name="test server", daemon=True)
        with self._lock:
            self.threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.accepted += 1
                number = self.accepted
                self._connections.append(connection)
            self._start(self._serve, connection, number)

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            if self._ssl_context is not None:
                plain = connection
                connection = self._ssl_context.wrap_socket(plain, server_side=True)
                with self._lock:
                    self._connections.remove(plain)
                    self._connections.append(connection)
            for request in self._requests(connection, number):
                self._reply(request, Connection(connection, number, self._stopping))
            # The client has closed its side. Finished connections are not kept: a test may open
            # thousands.
            connection.close()
            with self._lock:
                self._connections.remove(connection)
        with self._lock:
            self.threads.remove(threading.current_thread())

    def _requests(self, connection: socket.socket, number: int) -> Iterator[Received]:
        unread = b""
        while True:
            while b"\r\n\r\n" not in unread:
                more = connection.recv(65536)
                if not more:
                    return
                unread += more
            head, _, unread = unread.partition(b"\r\n\r\n")
            request = read_head(head, number)
            if not self._reads_bodies:
                yield request
                return
            length = int(request.headers.get("content-length", 0))
            while len(unread) < length:
                more = connection.recv(65536)
                if not more:
                    return
                unread += more
            body, unread = unread[:length], unread[length:]
            yield attrs.evolve(request, body=body)

    def _reply(self, request: Received, connection: Connection) -> None:
        with self._lock:
            self.requests.append(request)
            index = min(len(self.requests), len(self.replies)) - 1
        reply = self.replies[index] if self._answers is None else self._answers(request)
        if request.method == "POST":
            refused = isinstance(reply, bytes) and reply.startswith(b"HTTP/1.1 429")
            self.posts.append((request.target, refused))
        if callable(reply):
            reply(connection)
        else:
            connection.send(reply)
