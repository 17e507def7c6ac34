"""
Gunicorn loads the application once, forks, and each worker answers.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heymilo_async.sandbox import Sandbox

HERE = Path(__file__).parent.parent


def ask(url: str) -> tuple[int, Any]:
    """
    Return the status and the content of *url*.
    """
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture
def desk(heymilo_environment: Sandbox) -> Iterator[str]:
    """
    Start the application under gunicorn with two workers, connected to our sandbox; give its URL.
    """
    # Gunicorn takes over this socket, which accepts connections from now on.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, number = listener.getsockname()[1], listener.fileno()
        options = ["--preload", "--workers", "2", "--threads", "4", "--bind", f"fd://{number}"]
        command = [sys.executable, "-m", "gunicorn", *options, "desk:application"]
        process = subprocess.Popen(command, cwd=HERE, env=dict(os.environ), pass_fds=[number])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        # A worker that is still starting loses the signal; gunicorn kills it after 30 seconds.
        process.wait(60)


@pytest.mark.usefixtures("heymilo_conduct")
def test_both_workers_answer(desk: str, heymilo_environment: Sandbox) -> None:
    """
    Both workers answer requests, and each number is right.
    """
    numbers = {one.id: one.phone_number for one in heymilo_environment.store}
    workers = set()
    for _ in range(10):
        for phone_number_id, number in numbers.items():
            status, content = ask(f"{desk}/{phone_number_id}")
            assert (200, number) == (status, content["number"])
            workers.add(content["worker"])
        if len(workers) == 2:
            break

    assert 2 == len(workers)


@pytest.mark.usefixtures("heymilo_conduct")
def test_chaos(desk: str, heymilo_environment: Sandbox) -> None:
    """
    If every seventh request fails, the application finds nearly all numbers, reports the others as
    unavailable, and breaks no rule of conduct.
    """
    heymilo_environment.chaos(rate=0.15, seed=7)

    statuses = [ask(f"{desk}/{one.id}")[0] for one in heymilo_environment.store]

    assert set(statuses) <= {200, 502}
    assert 25 <= statuses.count(200)


def test_a_number_that_there_is_not(desk: str) -> None:
    """
    An error of the client becomes a response.
    """
    assert 404 == ask(f"{desk}/no-such-id")[0]
