"""
What a permit of a rate limit adds to a call: by one process alone, or shared over a Redis on loopback.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

from heymilo_async import AsyncHeyMilo, HeyMilo, RateLimit

from . import numbers
from .contenders import KEY
from .fronts import Blocking
from .results import Bound, Table, table
from .server import from_tests
from .timing import Sampler, Series, interleaved

OFF = "off"
ALONE = "alone"
SHARED = "shared over Redis"

#: Microseconds that a permit may add.
_BOUNDS = {ALONE: (50.0, 20.0), SHARED: (300.0, 200.0)}
#: So many that nobody waits.
_PLENTY = 1_000_000


def lacks() -> str | None:
    """
    Return what is missing here, and how it is had.
    """
    found = shutil.which("redis-server")
    return None if found else "pacing wants redis-server (Debian: apt-get install redis-server)"


@contextlib.contextmanager
def _redis() -> Iterator[str]:
    program = shutil.which("redis-server")
    assert program is not None
    port = from_tests("ports").free_port()
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as process:
            try:
                _until_it_listens(port)
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                process.kill()


def _until_it_listens(port: int) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    message = f"redis-server does not listen on port {port}"
    raise RuntimeError(message)


def measure(fields: Sequence[Any], server: str, *, rounds: int, times: int = 20) -> Iterator[Table]:
    """
    Measure a call on each of *fields*, paced in each way, *times* calls a round.
    """
    with _redis() as url:
        rules = {
            OFF: None,
            ALONE: RateLimit(_PLENTY, per=60),
            SHARED: RateLimit(_PLENTY, per=60, storage=url),
        }
        for field in fields:
            kind = HeyMilo if isinstance(field, Blocking) else AsyncHeyMilo
            clients = {
                name: kind(KEY, base_url=server, rate_limit=rule) for name, rule in rules.items()
            }
            samplers = {name: _sampler(field, one, times) for name, one in clients.items()}
            series = interleaved(samplers, rounds, warm_up=3)
            for one in clients.values():
                field.run(one.close if isinstance(one, HeyMilo) else one.aclose)
            yield table(
                f"what pacing adds to a call, {field.name}",
                "µs",
                _above(series, OFF),
                [Bound(row=row, at_most=most, goal=goal) for row, (most, goal) in _BOUNDS.items()],
            )


def _sampler(field: Any, client: Any, times: int) -> Sampler:
    def call() -> Any:
        return client.phone_numbers.get(numbers.id_of(7))

    return lambda: field.time(call, times)


def _above(series: Series, base: str) -> Series:
    """
    Return by how much each of *series* is above *base*, round by round.
    """
    return {
        name: [one - other for one, other in zip(values, series[base], strict=True)]
        for name, values in series.items()
        if name != base
    }
