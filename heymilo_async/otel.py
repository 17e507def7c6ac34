"""
OpenTelemetry: builds spans and metrics from events.

    from heymilo_async import AsyncHeyMilo
    from heymilo_async.otel import Telemetry

    client = AsyncHeyMilo(events=Telemetry())

Each call is a span, a child of the current span, and each attempt is a child of the call's span:

    getPhoneNumber                                 INTERNAL
    ├── GET /api/v2/phone-numbers/{config_id}      CLIENT    503
    └── GET /api/v2/phone-numbers/{config_id}      CLIENT    200, http.request.resend_count 1

Attributes follow the semantic conventions for HTTP clients
(https://opentelemetry.io/docs/specs/semconv/http/http-spans/), which require a CLIENT span for
each attempt, and none for the call above them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from ._distribution import __version__, missing
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
#: In seconds, from https://opentelemetry.io/docs/specs/semconv/http/http-metrics/.
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
#: A call includes waits, which last up to a minute by default.
_LONG_BUCKETS: Final = (*_BUCKETS, 30.0, 60.0, 120.0)
_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}

Attributes = dict[str, str | int | float | bool]


@attrs.define
class _Current:
    """
    A span that is the current span.
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
        # The garbage collector may close an abandoned coroutine in another context, whose
        # current span must stay.
        if get_current() is self.context:
            detach(self.token)


@attrs.define
class _OpenCall:
    """
    A call between its first event and its last one.

    Attributes:
        labels: The attributes that all spans and metrics of the call share.
        attempt: The current attempt.
        wait: Seconds waited before the next attempt.
        error: The class name of the last attempt's exception, None if it succeeded.
        error_type: The same error as a value of `error.type`.
    """

    current: _Current
    labels: Attributes
    attempt: _Current | None = None
    wait: float = 0.0
    error: str | None = None
    error_type: str | None = None


class Telemetry:
    """
    A listener for `events=` that builds spans and metrics.

    Several clients can share one. It runs in the task or thread of each call, including those
    that `get_many` and `prefetch` start, so the spans are children of the span that was current
    when you made the call. The span of an attempt is current while its request runs, so spans of
    opentelemetry-instrumentation-httpx on your own `http_client` are its children.

    The metrics are `http.client.request.duration` (seconds per attempt),
    `heymilo.client.call.duration` (seconds, waits included), `heymilo.client.retries` (a count)
    and `heymilo.client.wait.duration` (seconds that calls waited for the rate limit).

    No attribute contains a key, a token, a header or a body. A `Telemetry` with the global
    providers can be pickled, like a client.

    Args:
        tracer_provider: The provider of the tracer. Default: the global one, even if you set it
            later.
        meter_provider: The provider of the meter. Default: the global one, even if you set it
            later.

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
            description="Time that calls waited for the rate limit.",
            explicit_bucket_boundaries_advisory=_LONG_BUCKETS,
        )
        # No lock: each call changes only its own key, in one step, and no code iterates over it.
        self._open: dict[int, _OpenCall] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        # A client can then be sent to another process, which has its own global providers.
        if self._has_own_providers:
            message = (
                "a Telemetry with its own providers can be neither pickled nor copied: set the "
                "global providers in each process instead, or create a client in each process"
            )
            raise TypeError(message)
        return Telemetry, ()

    def __call__(self, event: Event) -> None:
        """
        Record *event*.
        """
        if isinstance(event, CallStarted):
            self._open[event.call] = self._begin(event)
            return
        # Missing if handling the start of the call failed.
        call = self._open.get(event.call)
        if call is not None:
            _HANDLERS[type(event)](self, call, event)

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
        # Record the duration before the span ends, so that exemplars refer to the span.
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
            # The call was cancelled or the client closed, so there is no AttemptFinished.
            _end(call.attempt, _outcome(None, event.error))
        same = event.error == call.error
        outcome = _outcome(event.status_code, call.error_type if same else event.error)
        self._calls.record(event.elapsed, {**call.labels, **outcome})
        if event.attempts > 1:
            call.current.span.set_attribute("http.request.resend_count", event.attempts - 1)
        _end(call.current, outcome, event.request_id)


_HANDLERS: Final[Mapping[type[Event], Callable[[Telemetry, _OpenCall, Any], None]]] = {
    Paced: Telemetry._pace,
    AttemptStarted: Telemetry._begin_attempt,
    AttemptFinished: Telemetry._end_attempt,
    RetryScheduled: Telemetry._schedule,
    PageFetched: Telemetry._fetch_page,
    CallFinished: Telemetry._end_call,
}


def _error_type(status_code: int | None, error: str | None) -> str | None:
    # The status is more specific than the exception's class.
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
