"""
OpenTelemetry: spans and metrics, made from the events.

    from heymilo_async import AsyncHeyMilo
    from heymilo_async.otel import Telemetry

    client = AsyncHeyMilo(events=Telemetry())

A call is a span, the child of whatever span is current where the call is made, and each attempt is
a child of it:

    getPhoneNumber                                 INTERNAL
    ├── GET /api/v2/phone-numbers/{config_id}      CLIENT    503
    └── GET /api/v2/phone-numbers/{config_id}      CLIENT    200, http.request.resend_count 1

Attributes follow the semantic conventions for HTTP clients
(https://opentelemetry.io/docs/specs/semconv/http/http-spans/), which want the CLIENT spans to be
the attempts, and no other span above them to be one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from ._extras import missing
from ._version import __version__
from .events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallStarted,
    Event,
    Paced,
    PageFetched,
    RetryScheduled,
)

try:
    from opentelemetry import metrics, trace
    from opentelemetry.context import Context, attach, detach, get_current
except ModuleNotFoundError as _missing:
    raise ImportError(
        missing("heymilo_async.otel", str(_missing.name), "otel"), name=_missing.name
    ) from None

__all__ = ["Telemetry"]

_SCHEMA: Final = "https://opentelemetry.io/schemas/1.40.0"
#: Seconds, as https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ has them for requests.
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
#: Waits are part of a call, and the longest that is kept by default is a minute.
_LONG_BUCKETS: Final = (*_BUCKETS, 30.0, 60.0, 120.0)
_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}

Attributes = dict[str, str | int | float | bool]


@attrs.define
class _Current:
    """
    A span that was made the current one.
    """

    span: trace.Span
    context: Context
    token: Any

    @classmethod
    def begin(cls, span: trace.Span, parent: Context) -> _Current:
        inner = trace.set_span_in_context(span, parent)
        return cls(span, inner, attach(inner))

    def end(self) -> None:
        self.span.end()
        # A coroutine that nobody resumes is closed wherever the garbage collector runs; there
        # something else is current, and stays so.
        if get_current() is self.context:
            detach(self.token)


@attrs.define
class _OpenCall:
    """
    A call between its first event and its last one.

    Attributes:
        labels: What the spans and metrics of the call have in common.
        attempt: The attempt under way.
        wait: Seconds waited before the next attempt.
        error: The name of the exception that the last attempt came to, None if to none.
        error_type: The same as `error.type` has it.
    """

    current: _Current
    labels: Attributes
    attempt: _Current | None = None
    wait: float = 0.0
    error: str | None = None
    error_type: str | None = None


class Telemetry:
    """
    A listener for `events=` that makes spans and metrics of what it is told.

    One may serve several clients. It is told in the task or thread of each call, also in those
    that `get_many` and `prefetch` start, so that the spans are children of the span that was
    current when you called. The span of an attempt is current while its request is under way:
    that of opentelemetry-instrumentation-httpx, on an `http_client` of your own, is its child.

    The metrics are `http.client.request.duration` (seconds, an attempt each),
    `heymilo.client.call.duration` (seconds, waits included), `heymilo.client.retries` (a number)
    and `heymilo.client.wait.duration` (seconds that calls waited for their turn).

    No attribute holds a key, a token, a header or a body. It can be pickled, as a client can, if
    it goes to the global providers.

    Args:
        tracer_provider: Where the spans go; else the global one, also if it is set later on.
        meter_provider: Where the metrics go; else the global one, also if it is set later on.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> from heymilo_async.otel import Telemetry
        >>> client = HeyMilo("an example of a key", events=Telemetry())
        >>> both = client.with_options(events=[Telemetry(), print])
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._has_own_providers = tracer_provider is not None or meter_provider is not None
        self._tracer = trace.get_tracer(
            "heymilo_async", __version__, tracer_provider, schema_url=_SCHEMA
        )
        meter = metrics.get_meter("heymilo_async", __version__, meter_provider, schema_url=_SCHEMA)
        self._requests = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._calls = meter.create_histogram(
            "heymilo.client.call.duration",
            unit="s",
            description="Duration of calls, all attempts and waits included.",
            explicit_bucket_boundaries_advisory=_LONG_BUCKETS,
        )
        self._retries = meter.create_counter(
            "heymilo.client.retries",
            unit="{retry}",
            description="Attempts after the first one of a call.",
        )
        self._waits = meter.create_histogram(
            "heymilo.client.wait.duration",
            unit="s",
            description="Time that calls waited for their turn.",
            explicit_bucket_boundaries_advisory=_LONG_BUCKETS,
        )
        # Without a lock: a call touches no key but its own, in one step, and nobody walks through.
        self._open: dict[int, _OpenCall] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        # So that a client can be sent to another process, where the global providers are others.
        if self._has_own_providers:
            message = (
                "a Telemetry with providers of its own is neither pickled nor copied: leave them "
                "out and set the global ones in each process, or make a client where it is needed"
            )
            raise TypeError(message)
        return Telemetry, ()

    def __call__(self, event: Event) -> None:
        """
        Take in *event*.
        """
        if isinstance(event, CallStarted):
            self._open[event.call] = self._begin(event)
            return
        # Missing if the start of the call could not be taken in.
        call = self._open.get(event.call)
        if call is not None:
            _TAKEN_IN[type(event)](self, call, event)

    def _begin(self, event: CallStarted) -> _OpenCall:
        parts = urlsplit(event.url)
        labels: Attributes = {
            "http.request.method": event.method,
            "server.address": parts.hostname or "",
            "server.port": parts.port or _PORTS[parts.scheme],
            "url.template": event.template,
            "heymilo.operation": event.operation,
        }
        here = get_current()
        span = self._tracer.start_span(
            event.operation, here, attributes={**labels, "url.full": event.url}
        )
        return _OpenCall(_Current.begin(span, here), labels)

    def _pace(self, call: _OpenCall, event: Paced) -> None:
        call.wait += event.wait
        self._waits.record(event.wait, call.labels)

    def _begin_attempt(self, call: _OpenCall, event: AttemptStarted) -> None:
        attributes: Attributes = {**call.labels, "url.full": event.url}
        if event.number > 1:
            attributes["http.request.resend_count"] = event.number - 1
        if call.wait:
            attributes["heymilo.wait"] = call.wait
        call.wait = 0.0
        above = call.current.context
        span = self._tracer.start_span(
            f"{event.method} {call.labels['url.template']}",
            above,
            kind=trace.SpanKind.CLIENT,
            attributes=attributes,
        )
        call.attempt = _Current.begin(span, above)

    def _end_attempt(self, call: _OpenCall, event: AttemptFinished) -> None:
        call.error = event.error
        call.error_type = _error_type(event.status_code, event.error)
        outcome = _outcome(event.status_code, call.error_type)
        # Before the span ends, so that exemplars lead to it.
        self._requests.record(event.elapsed, {**call.labels, **outcome})
        if call.attempt is not None:
            _end(call.attempt, outcome, event.request_id, event.cause)
            call.attempt = None

    def _schedule(self, call: _OpenCall, event: RetryScheduled) -> None:
        call.wait = event.wait
        self._retries.add(1, {**call.labels, **_outcome(None, call.error_type)})

    def _fetch_page(self, call: _OpenCall, event: PageFetched) -> None:
        call.current.span.set_attributes(
            {"heymilo.page.count": event.count, "heymilo.page.has_more": event.has_more}
        )

    def _end_call(self, call: _OpenCall, event: CallFinished) -> None:
        del self._open[event.call]
        if call.attempt is not None:
            # Cancellation, or the end of the client: nobody will say what came of it.
            _end(call.attempt, _outcome(None, event.error))
        same = event.error == call.error
        outcome = _outcome(event.status_code, call.error_type if same else event.error)
        self._calls.record(event.elapsed, {**call.labels, **outcome})
        if event.attempts > 1:
            call.current.span.set_attribute("http.request.resend_count", event.attempts - 1)
        _end(call.current, outcome, event.request_id)


_TAKEN_IN: Final[Mapping[type[Event], Callable[[Telemetry, _OpenCall, Any], None]]] = {
    Paced: Telemetry._pace,
    AttemptStarted: Telemetry._begin_attempt,
    AttemptFinished: Telemetry._end_attempt,
    RetryScheduled: Telemetry._schedule,
    PageFetched: Telemetry._fetch_page,
    CallFinished: Telemetry._end_call,
}


def _error_type(status_code: int | None, error: str | None) -> str | None:
    # A status says more than the class that is made of it.
    return str(status_code) if error and status_code and status_code >= 400 else error


def _outcome(status_code: int | None, error_type: str | None) -> Attributes:
    outcome: Attributes = {}
    if status_code is not None:
        outcome["http.response.status_code"] = status_code
    if error_type is not None:
        outcome["error.type"] = error_type
    return outcome


def _end(
    current: _Current,
    outcome: Attributes,
    request_id: str | None = None,
    cause: str | None = None,
) -> None:
    current.span.set_attributes(outcome)
    if request_id is not None:
        current.span.set_attribute("heymilo.request_id", request_id)
    if "error.type" in outcome:
        current.span.set_status(trace.StatusCode.ERROR, cause)
    current.end()
