"""
Tools that instrument httpx see each request of the client, and their data never contains the key.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from fronts import KEY
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from server import NUMBER, answer, single

ID = NUMBER["id"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_instrumentation_of_opentelemetry(front, serve, when):
    """
    Case 191: OpenTelemetry's instrumentation makes a span for each attempt, before or after the
    client was opened, and none after its removal.
    """
    spans, instrumentor = InMemorySpanExporter(), HTTPXClientInstrumentor()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    server = serve(single(), answer(503, b"", "Retry-After: 0.01"), single(), single())

    async def body(client):
        if when == "before":
            instrumentor.instrument(tracer_provider=provider)
        await client.phone_numbers.get(ID)
        if when == "after":
            instrumentor.instrument(tracer_provider=provider)
        await client.phone_numbers.get(ID)
        instrumentor.uninstrument()
        await client.phone_numbers.get(ID)

    try:
        front.run(body, server.base_url)
    finally:
        if instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.uninstrument()

    seen = spans.get_finished_spans()
    first = 1 if when == "after" else 0
    assert [200, 503, 200][first:] == [
        span.attributes.get("http.status_code", span.attributes.get("http.response.status_code"))
        for span in seen
    ]
    assert [f"{span.context.span_id:016x}" for span in seen] == [
        request.headers["traceparent"].split("-")[2] for request in server.requests[first:3]
    ]
    assert "traceparent" not in server.requests[3].headers
    assert [] == [span for span in seen if KEY in span.to_json()]


#: A separate program with Sentry's defaults, because Sentry patches a process once.
WATCHED_BY_SENTRY = """
import json, logging, sys
import sentry_sdk
from sentry_sdk.transport import Transport
from fronts import Front
from heymilo_async import HeyMiloError, RetryPolicy

kept = []

class KeepingTransport(Transport):
    def capture_envelope(self, envelope):
        kept.extend(item.payload.json for item in envelope.items)

sentry_sdk.init(
    dsn="http://public@sentry.invalid/1",
    transport=KeepingTransport,
    traces_sample_rate=1.0,
    send_default_pii=True,
)

async def body(client):
    with sentry_sdk.start_transaction(name="work"):
        for _ in range(int(sys.argv[3])):
            try:
                await client.phone_numbers.get("666A24C3")
            except HeyMiloError as error:
                sentry_sdk.capture_exception(error)
                logging.getLogger("app").exception("it failed")

Front(sys.argv[1]).run(body, sys.argv[2], retry=RetryPolicy(max_attempts=1), timeout=5.0)
print(json.dumps(kept))
"""


@pytest.mark.full("it starts processes")
def test_sentry(front, serve):
    """
    Case 191: Sentry has a breadcrumb and a span for each answered request, and an event for each
    error; none of them, with the variables of every frame, contains the key.
    """
    replies = [
        single(),
        answer(401, b"{}"),
        answer(200, b"<html>", content_type="text/html"),
        lambda connection: connection.reset(),
        answer(503),
    ]
    server = serve(*replies)
    done = subprocess.run(
        [sys.executable, "-c", WATCHED_BY_SENTRY, front.name, server.base_url, str(len(replies))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    *events, transaction = json.loads(done.stdout)

    assert [
        "AuthenticationError",
        "ResponseDecodeError",
        "APIConnectionError",
        "ServerError",
    ] == [event["exception"]["values"][-1]["type"] for event in events]
    assert [200, 401, 200, 503] == [
        crumb["data"]["http.response.status_code"]
        for crumb in events[-1]["breadcrumbs"]["values"]
        if "http.response.status_code" in crumb.get("data", {})
    ]
    address = f"GET {server.base_url}/api/v2/phone-numbers/{ID}"
    assert [address] * 5 == [
        span["description"] for span in transaction["spans"] if span["op"] == "http.client"
    ]
    assert all("sentry-trace" in request.headers for request in server.requests)
    assert {KEY} == {request.headers["x-api-key"] for request in server.requests}
    assert KEY not in done.stdout + done.stderr
