"""
A Redis for a test on this machine, which the test can stop and start.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from ports import free_port

#: The password that its clients need; a URL with a masked password does not show it.
PASSWORD = "canary-storage-5d20e9"


def required() -> str:
    """
    Return the path of the program; without it, skip the test on a contributor's machine, and fail
    it in CI.
    """
    program = shutil.which("redis-server")
    if program is None:
        reason = "redis-server is not installed (Debian: apt-get install redis-server)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return program


class RedisServer:
    """
    A Redis that keeps its data in memory only, so stopping it loses them.

    Over TLS if *tls* is a folder with `chain.pem` and `key.pem`, a certificate for `localhost`.
    """

    def __init__(self, tls: Path | None = None) -> None:
        self._program = required()
        self._folder = tempfile.TemporaryDirectory()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._tls = tls
        place = f"127.0.0.1:{self.port}" if tls is None else f"localhost:{self.port}"
        self.url = f"redis{'' if tls is None else 's'}://:{PASSWORD}@{place}/0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """
        Start it, and wait until it responds. If it is running, it starts again.
        """
        self.stop()
        configuration = Path(self._folder.name) / "redis.conf"
        # Not as arguments, where other users could see the password.
        configuration.write_text(
            f"bind 127.0.0.1\n{self._listen()}\nrequirepass {PASSWORD}\nsave ''\n"
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

    def _listen(self) -> str:
        if self._tls is None:
            return f"port {self.port}"
        return (
            f"port 0\ntls-port {self.port}\ntls-auth-clients no\n"
            f"tls-cert-file {self._tls}/chain.pem\ntls-key-file {self._tls}/key.pem\n"
            f"tls-ca-cert-file {self._tls}/authority.pem"
        )

    def stop(self) -> None:
        """
        Kill it, if it is running.
        """
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """
        Stop its process for a while.
        """
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def told(self) -> Any:
        """
        Return a client for commands, to be used with `with`.
        """
        # Not at the top: the tests of the package alone have no redis-py.
        from redis import Redis

        return Redis.from_url(self.url, decode_responses=True)

    def keys(self) -> dict[str, int]:
        """
        Return its keys, each with its number of members.
        """
        with self.told() as client:
            names = list(client.scan_iter())
            return {
                name: client.zcard(name) if client.type(name) == "zset" else 1 for name in names
            }


class SilentRedis:
    """
    A port that accepts connections and sends nothing, like a Redis that hangs.
    """

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def connections(self) -> int:
        """
        Return the number of accepted connections, and close them.
        """
        self._listener.settimeout(0.0)
        with contextlib.ExitStack() as stack:
            # First accept all: a client whose connection was closed might connect again.
            for count in itertools.count():
                try:
                    stack.enter_context(self._listener.accept()[0])
                except BlockingIOError:
                    return count
        raise AssertionError
