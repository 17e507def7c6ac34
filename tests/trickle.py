"""
A proxy between a client and a Redis that can forward responses in small pieces.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Self


class Trickle:
    """
    Listens on loopback, and forwards to *port*.

    Attributes:
        pause: Seconds before each piece of an answer, while that is not zero.
        size: Bytes in a piece.
    """

    def __init__(self, port: int, size: int) -> None:
        self.pause = 0.0
        self.size = size
        self._behind = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        """
        Its port.
        """
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._sockets:
            one.close()

    def _start(self, *work: object) -> None:
        target, *given = work
        thread = threading.Thread(target=target, args=given, name="test server trickle")  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._behind))
                self._sockets += [near, far]
                self._start(self._hand_on, near, far, False)
                self._start(self._hand_on, far, near, True)

    def _hand_on(self, source: socket.socket, sink: socket.socket, in_pieces: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                size = self.size if in_pieces and self.pause else len(data)
                for start in range(0, len(data), size):
                    time.sleep(self.pause if in_pieces else 0.0)
                    sink.sendall(data[start : start + size])
            sink.shutdown(socket.SHUT_RDWR)
