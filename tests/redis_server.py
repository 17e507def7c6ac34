"""
A Redis of one's own on this machine, to be stopped and started as a test likes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import pytest

#: What clients of it have to know; nobody else can see it in a URL that is masked.
PASSWORD = "canary-storage-5d20e9"


def required() -> str:
    """
    Return the path of the program; skip the test if a contributor has none, and fail it in CI.
    """
    program = shutil.which("redis-server")
    if program is None:
        reason = "redis-server is not installed (Debian: apt-get install redis-server)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return program


def free_port() -> int:
    """
    Return a port of the loopback interface that nobody listens on.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class RedisServer:
    """
    One Redis, in memory only: what it knew is gone when it is stopped.
    """

    def __init__(self) -> None:
        self._program = required()
        self._folder = tempfile.TemporaryDirectory()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """
        Start it, and wait until it answers.
        """
        configuration = Path(self._folder.name) / "redis.conf"
        # Not as arguments: others could see the password.
        configuration.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {PASSWORD}\nsave ''\n"
            f"dir {self._folder.name}\nlogfile {self._folder.name}/log\n",
            encoding="utf-8",
        )
        self._process = subprocess.Popen([self._program, str(configuration)])
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(0.01)
        pytest.fail((Path(self._folder.name) / "log").read_text(encoding="utf-8"))

    def stop(self) -> None:
        """
        Kill it, if it runs.
        """
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def keys(self) -> dict[str, int]:
        """
        Return the keys that it holds, and how many members each has.
        """
        from redis import Redis

        with Redis.from_url(self.url, decode_responses=True) as client:
            names = list(client.scan_iter())
            return {
                name: client.zcard(name) if client.type(name) == "zset" else 1 for name in names
            }
