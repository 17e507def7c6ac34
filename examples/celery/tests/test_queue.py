"""
Looks up a thousand ids with two workers that share one rate limit.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from heymilo_async import sandbox
from heymilo_async.sandbox import PhoneNumberResponse, RateLimit

HERE = Path(__file__).parent.parent
LIMIT, PER = 400, 2.0


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """
    Start a Redis for the tasks and for the rate limit.
    """
    program = shutil.which("redis-server")
    if program is None:
        reason = "redis-server is not installed"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    process, port = started(program, tmp_path)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


def started(program: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """
    Start *program*, a Redis, on a free port; return it when it accepts connections.
    """
    while True:
        # The system gives none of these to an outgoing connection.
        port = 20_000 + secrets.randbelow(10_000)
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
        process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        # It ends at once if another program has this port.
        while process.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return process, port
            time.sleep(0.02)


def test_a_thousand_ids(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Two workers of two processes each look up 1,000 ids within the limit: none is lost, and almost
    none is refused. If every seventh request fails, one or two tasks may fail, and no rule of
    conduct is broken.
    """
    statuses: list[int | None] = []
    with sandbox.running(
        numbers=1000,
        rate_limit=RateLimit(LIMIT, PER),
        on_exchange=lambda one: statuses.append(one.status_code),
    ) as milo:
        for name, value in (
            ("REDIS_URL", redis_url),
            ("HEYMILO_API_KEY", milo.api_key),
            ("HEYMILO_BASE_URL", milo.base_url),
            ("NUMBERS_LIMIT", str(LIMIT)),
            ("NUMBERS_PER", str(PER)),
        ):
            monkeypatch.setenv(name, value)
        # Imported only now, because it reads the environment when it is loaded.
        from queue_of_numbers import numbers_of  # noqa: PLC0415

        command = [sys.executable, "-m", "celery", "--app", "queue_of_numbers", "worker"]
        options = ["--concurrency", "2", "--loglevel", "WARNING"]
        workers = [
            subprocess.Popen([*command, *options, "--hostname", f"worker{n}@%h"], cwd=HERE)
            for n in range(2)
        ]
        try:
            numbers: list[PhoneNumberResponse] = list(milo.store)
            ids = [one.id for one in numbers]
            tasks = [numbers_of.delay(ids[start : start + 50]) for start in range(0, 1000, 50)]
            found = [number for task in tasks for number in task.get(timeout=50)]
            seen = list(statuses)
            milo.chaos(rate=0.15, seed=7)
            tasks = [numbers_of.delay(ids[start : start + 5]) for start in range(0, 100, 5)]
            rest = [task.get(timeout=50, propagate=False) for task in tasks]
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            for worker in workers:
                worker.wait(30)

    assert [one.phone_number for one in numbers] == found
    assert 1000 == seen.count(200)
    assert seen.count(429) <= 20
    lists = [one for one in rest if isinstance(one, list)]
    assert 15 <= len(lists)
    assert {number for one in lists for number in one} <= set(found)
    assert milo.conduct(), str(milo.conduct())
