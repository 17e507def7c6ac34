"""
What it costs to be watched: events, the log and OpenTelemetry, and nobody watching at all.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import attrs
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

from heymilo_async import HeyMilo
from heymilo_async._engine import Engine
from heymilo_async.otel import Telemetry

from .contenders import KEY
from .fronts import Blocking
from .results import Bound, Table, table
from .timing import Sampler, interleaved

DEAF = "without any hook"
OFF = "nobody listens"
EVENTS = "a listener"
LOG = "the log at DEBUG, into a file"
API = "Telemetry, no SDK"
SDK = "Telemetry, spans and metrics kept"

#: One call on loopback may be so much slower; goals are what is hardly seen beside a real network.
_BOUNDS = {OFF: (1.02, 1.005), EVENTS: (1.30, 1.15), LOG: (1.25, 1.10), API: (1.60, 1.30)}


class _Deaf(Engine):
    """
    An engine without hooks: what the others are compared with.
    """

    def _tell(self, *_: Any, **__: Any) -> None: ...

    def _tell_start(self, _: Any) -> None: ...

    def _tell_end(self, *_: Any) -> None: ...


def _deaf(server: str) -> HeyMilo:
    client = HeyMilo(KEY, base_url=server)
    engine = client._twin._engine
    parts = {field.name: getattr(engine, field.name) for field in attrs.fields(Engine)}
    return client._mount(client._twin._mount(_Deaf(**parts)))


@contextlib.contextmanager
def _logging() -> Iterator[None]:
    logger = logging.getLogger("heymilo_async")
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - it is no path
        handler = logging.StreamHandler(nowhere)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            logger.setLevel(logging.NOTSET)
            logger.removeHandler(handler)


def _sampler(client: HeyMilo, times: int) -> Sampler:
    def call() -> Any:
        return client.phone_numbers.list(limit=20)

    return lambda: Blocking().time(call, times)


def _logged(sampler: Sampler) -> Sampler:
    def sample() -> float:
        with _logging():
            return sampler()

    return sample


def measure(server: str, *, rounds: int, times: int = 20) -> Iterator[Table]:
    """
    Measure a call of the blocking client, watched in each way, *times* calls a round.
    """
    providers = (
        TracerProvider(shutdown_on_exit=False),
        MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False),
    )
    kept = Telemetry(tracer_provider=providers[0], meter_provider=providers[1])
    listeners: dict[str, Callable[[Any], object] | None] = {
        OFF: None,
        EVENTS: lambda _: None,
        LOG: None,
        API: Telemetry(),
        SDK: kept,
    }
    clients = {name: HeyMilo(KEY, base_url=server, events=one) for name, one in listeners.items()}
    clients[DEAF] = _deaf(server)
    samplers = {name: _sampler(client, times) for name, client in clients.items()}
    samplers[LOG] = _logged(samplers[LOG])
    series = interleaved(samplers, rounds, warm_up=3)
    for client in clients.values():
        client.close()
    yield table(
        "one call, watched",
        "µs",
        series,
        [
            *(
                Bound(row=row, beside=DEAF, at_most=most, goal=goal)
                for row, (most, goal) in _BOUNDS.items()
            ),
            Bound(row=SDK, beside=DEAF),
        ],
    )
