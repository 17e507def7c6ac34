"""
A network in memory, which replaces the sockets below a real client, httpcore and h11.

It uses no kernel, no thread and no wait, so a sweep can run many thousand examples. It is for the
blocking client; timeouts, TLS and cancellation need real sockets.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import attrs
import httpcore
from server import Received, Reply, read_head


@attrs.define
class Network:
    """
    Responds to each request with the result of *answers*, as `Server` does.

    Attributes:
        sizes: The maximum size of the first read, the second one, and so on, in a cycle; empty:
            unlimited.
        keeps_alive: Whether a connection serves more than one request.
    """

    answers: Callable[[Received], Reply]
    sizes: tuple[int, ...] = ()
    keeps_alive: bool = False
    requests: list[Received] = attrs.field(factory=list)
    accepted: int = 0

    base_url = "http://127.0.0.1:1"


@contextlib.contextmanager
def installed(network: Network) -> Iterator[Network]:
    """
    Make blocking clients connect to *network* within the block.
    """
    with mock.patch.object(httpcore, "SyncBackend", return_value=_Backend(network)):
        yield network


class _Backend(httpcore.NetworkBackend):
    def __init__(self, network: Network) -> None:
        self._network = network

    def connect_tcp(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        self._network.accepted += 1
        return _Stream(self._network, self._network.accepted)


class _Stream(httpcore.NetworkStream):
    """
    Both ends of one connection; it sends, closes and resets like a `Connection`.
    """

    def __init__(self, network: Network, number: int) -> None:
        self._network = network
        self._number = number
        self._reads = 0
        self._asked = b""
        self._unread = bytearray()
        self._over = False
        self._fault: Exception | None = None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        head, end, self._asked = (self._asked + buffer).partition(b"\r\n\r\n")
        if not end:
            self._asked = head
            return
        request = read_head(head, self._number)
        self._network.requests.append(request)
        reply: Any = self._network.answers(request)
        if callable(reply):
            reply(self)
        else:
            self.send(reply)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not self._unread and not self._over:
            message = "the server says no more, and here no time passes"
            raise httpcore.ReadTimeout(message)
        if self._fault is not None:
            raise self._fault
        if self._network.sizes:
            max_bytes = self._network.sizes[self._reads % len(self._network.sizes)]
            self._reads += 1
        piece = bytes(self._unread[:max_bytes])
        del self._unread[:max_bytes]
        return piece

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # an idle connection is readable when the server has closed it
            return self._over or not self._network.keeps_alive
        return self if info == "socket" else None

    def send(self, data: bytes) -> None:
        self._unread += data

    def close(self) -> None:
        self._over = True

    def reset(self) -> None:
        self._over = True
        self._fault = httpcore.ReadError("reset by peer")
