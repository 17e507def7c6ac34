"""
OpenTelemetry: the spans of a call, their parents and attributes, and the metrics.
"""

from __future__ import annotations

import contextvars
import importlib
import json
import logging
import os
import pickle
import subprocess
import sys

import anyio
import httpx
import pytest
from fronts import KEY
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from server import Connection, answer, page, single

from heymilo_async import AsyncHeyMilo, HeyMiloError, RetryPolicy
from heymilo_async.events import AttemptStarted, CallFinished, CallStarted, RetryScheduled
from heymilo_async.otel import Telemetry

ID = "666A24C3"
ONE = "/api/v2/phone-numbers/{config_id}"
LIST = "/api/v2/phone-numbers"
GET = f"GET {ONE}"


class Seen:
    """
    A telemetry that keeps its spans and metrics in memory.
    """

    def __init__(self):
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider([self.reader], shutdown_on_exit=False)
        self.telemetry = Telemetry(tracer_provider=self.provider, meter_provider=self.meters)
        self.tracer = self.provider.get_tracer("the application")

    @property
    def spans(self):
        """
        All ended spans, in the order in which they started.
        """
        return sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time)

    @property
    def tree(self):
        """
        The spans as a tree, each with its kind and its outcome.
        """
        lines = []

        def walk(parent, indent):
            for span in self.spans:
                if (span.parent and span.parent.span_id) == parent:
                    lines.append(f"{'  ' * indent}{span.name} {described(span)}".rstrip())
                    walk(span.context.span_id, indent + 1)

        walk(None, 0)
        return lines

    @property
    def metrics(self):
        """
        The data points of each metric, by its name.
        """
        data = self.reader.get_metrics_data()
        return {
            metric.name: (metric.unit, list(metric.data.data_points))
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


def described(span):
    """
    Return the kind of *span*, its HTTP status, and its `error.type`.
    """
    facts = [None if span.kind is trace.SpanKind.INTERNAL else span.kind.name]
    facts += [span.attributes.get("http.response.status_code")]
    facts += [span.attributes.get("error.type")]
    if span.instrumentation_scope.name == "heymilo_async":
        assert ("error.type" in span.attributes) is (span.status.status_code.name == "ERROR")
    return " ".join(str(fact) for fact in facts if fact is not None)


@pytest.fixture
def seen():
    """
    Providers that keep their data in memory.
    """
    return Seen()


def get(client):
    """
    Make one call.
    """
    return client.phone_numbers.get(ID)


async def failing(client):
    """
    Make one call that fails.
    """
    with pytest.raises(HeyMiloError):
        await get(client)


def test_a_trace_as_one_reads_it(front, serve, naps, seen):
    """
    A call with two retries is below the application's own span, and its attempts are its children.
    """
    server = serve(answer(503), Connection.close, single(), page("A"))

    async def body(client):
        with seen.tracer.start_as_current_span("my work"):
            await get(client)
            await client.phone_numbers.list()

    front.run(body, server.base_url, events=seen.telemetry)

    assert [
        "my work",
        "  getPhoneNumber 200",
        f"    {GET} CLIENT 503 503",
        f"    {GET} CLIENT APIConnectionError",
        f"    {GET} CLIENT 200",
        "  listPhoneNumbers 200",
        f"    GET {LIST} CLIENT 200",
    ] == seen.tree
    assert 1 == len({span.context.trace_id for span in seen.spans})


def test_attributes(front, serve, naps, seen):
    """
    Spans have the attributes of the semantic conventions for HTTP clients, and those that explain a
    wait.
    """
    ok = single().partition(b"\r\n\r\n")[2]
    server = serve(answer(503), answer(200, ok, "X-Request-Id: r2"))
    port = int(server.base_url.rpartition(":")[2])

    front.run(get, server.base_url, events=seen.telemetry)

    common = {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.full": f"{server.base_url}/api/v2/phone-numbers/{ID}",
        "url.template": ONE,
        "heymilo.operation": "getPhoneNumber",
    }
    call, first, second = seen.spans
    again = {"http.request.resend_count": 1}
    well = {"http.response.status_code": 200, "heymilo.request_id": "r2"}
    assert {**common, **well, **again} == call.attributes
    assert {**common, "http.response.status_code": 503, "error.type": "503"} == first.attributes
    assert {**common, **well, **again, "heymilo.wait": naps[0]} == second.attributes
    assert "heymilo_async" == call.instrumentation_scope.name
    assert None is first.status.description


def test_attributes_of_a_list(front, serve, seen):
    """
    The span of a list has the page's size; the cursor appears only in the URL.
    """
    server = serve(page("B", "C", more=True))

    front.run(
        lambda client: client.phone_numbers.list(starting_after="A"),
        server.base_url,
        events=seen.telemetry,
    )

    call, attempt = seen.spans
    assert (2, True) == (
        call.attributes["heymilo.page.count"],
        call.attributes["heymilo.page.has_more"],
    )
    assert f"{server.base_url}{LIST}?starting_after=A" == call.attributes["url.full"]
    assert LIST == attempt.attributes["url.template"]


@pytest.mark.parametrize(
    ("base_url", "address", "port", "template"),
    [
        ("http://localhost/prefix", "localhost", 80, f"/prefix{ONE}"),
        ("https://[::1]", "::1", 443, ONE),
        ("https://API.example:8443", "api.example", 8443, ONE),
    ],
)
def test_addresses(seen, base_url, address, port, template):
    """
    A default port is recorded too, and a path of the base URL is part of the template.
    """
    transport = httpx.MockTransport(lambda request: httpx.Response(404))

    async def main():
        client = AsyncHeyMilo(
            KEY,
            base_url=base_url,
            events=seen.telemetry,
            http_client=httpx.AsyncClient(transport=transport),
        )
        await failing(client)

    anyio.run(main)

    for span in seen.spans:
        assert (address, port, template) == (
            span.attributes["server.address"],
            span.attributes["server.port"],
            span.attributes["url.template"],
        )
    assert f"GET {template}" == seen.spans[1].name


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer(404), ["getPhoneNumber 404 404", f"  {GET} CLIENT 404 404"]),
        (
            answer(200, b"{"),
            [
                "getPhoneNumber 200 ResponseDecodeError",
                f"  {GET} CLIENT 200 ResponseDecodeError",
            ],
        ),
        (
            answer(302, b"", "Location: https://elsewhere.example"),
            [
                "getPhoneNumber 302 UnexpectedRedirectError",
                f"  {GET} CLIENT 302 UnexpectedRedirectError",
            ],
        ),
        (
            Connection.close,
            ["getPhoneNumber APIConnectionError", f"  {GET} CLIENT APIConnectionError"],
        ),
    ],
    ids=["404", "no JSON", "redirect", "cut"],
)
def test_errors(front, serve, seen, reply, expected):
    """
    `error.type` is the status if that is the error, else the name of the exception.
    """
    server = serve(reply)

    front.run(failing, server.base_url, events=seen.telemetry, retry=RetryPolicy(max_attempts=1))

    assert expected == seen.tree


def test_what_went_wrong_is_said(front, serve, seen):
    """
    The span of an attempt without a response has the error text of the library.
    """
    server = serve(Connection.close)

    front.run(failing, server.base_url, events=seen.telemetry, retry=RetryPolicy(max_attempts=1))

    assert "RemoteProtocolError: " in seen.spans[1].status.description


def cancelled_at(kind, serve_url, seen, backend):
    """
    Make a call below a span, and cancel it at an event of *kind*.
    """

    async def main():
        scope = anyio.CancelScope()

        def listen(event):
            if isinstance(event, kind):
                scope.cancel()

        events = [seen.telemetry, listen]
        async with AsyncHeyMilo(KEY, base_url=serve_url, events=events) as client:
            with seen.tracer.start_as_current_span("my work") as mine:
                with scope:
                    await get(client)
                assert trace.get_current_span() is mine

    anyio.run(main, backend=backend)
    return {"asyncio": "CancelledError", "trio": "Cancelled"}[backend]


def test_a_cancelled_call(serve, anyio_backend, seen):
    """
    Cancellation ends both spans with its name, and leaves the caller's span current.
    """
    server = serve(Connection.wait)

    name = cancelled_at(AttemptStarted, server.base_url, seen, anyio_backend)

    assert ["my work", f"  getPhoneNumber {name}", f"    {GET} CLIENT {name}"] == seen.tree


def test_a_call_that_is_cancelled_while_it_waits(serve, anyio_backend, seen):
    """
    If a call is cancelled while it waits for a retry, its error is the cancellation, not the
    status.
    """
    server = serve(answer(503, b"", "Retry-After: 30"))

    name = cancelled_at(RetryScheduled, server.base_url, seen, anyio_backend)

    assert [
        "my work",
        f"  getPhoneNumber 503 {name}",
        f"    {GET} CLIENT 503 503",
    ] == seen.tree


def test_a_call_that_is_not_sent(front, serve, seen):
    """
    A call that is refused because of a cool-down beyond its deadline has no attempt.
    """
    server = serve(answer(429, b"", "Retry-After: 7"))

    async def body(client):
        await failing(client)
        await failing(client.with_options(deadline=2.0, events=seen.telemetry))

    front.run(body, server.base_url, retry=RetryPolicy(max_attempts=1))

    assert ["getPhoneNumber RateLimitError"] == seen.tree


# Parents of spans.


def test_calls_of_threads_and_tasks(front, serve, seen):
    """
    The calls of `get_many`, in its tasks or threads, are children of the caller's span.
    """
    ids = ["A", "B", "C", "D", "E", "F"]

    def answers(request):
        return single(id=request.target.rpartition("/")[2])

    server = serve(answers=answers)

    async def body(client):
        with seen.tracer.start_as_current_span("my work"):
            await client.phone_numbers.get_many(ids, concurrency=3)

    front.run(body, server.base_url, events=seen.telemetry)

    assert ["my work", *["  getPhoneNumber 200", f"    {GET} CLIENT 200"] * 6] == seen.tree
    asked = {one.attributes["url.full"].rpartition("/")[2] for one in seen.spans[1:]}
    assert set(ids) == asked


def test_pages_that_are_fetched_ahead(front, serve, seen):
    """
    The pages of `prefetch` are children of the span that was current when it was entered.
    """
    server = serve(page("A", more=True), page("B", more=True), page("C"))

    async def body(client):
        with seen.tracer.start_as_current_span("my work"):
            async with client.phone_numbers.list_all().prefetch() as numbers:
                with seen.tracer.start_as_current_span("my loop"):
                    return [number.id async for number in numbers]

    assert ["A", "B", "C"] == front.run(body, server.base_url, events=seen.telemetry)
    assert ["my work", *["  listPhoneNumbers 200", f"    GET {LIST} CLIENT 200"] * 3] == [
        line for line in seen.tree if line != "  my loop"
    ]


def test_walks(front, serve, seen):
    """
    Each page of a walk is a call of its own, below the span that was current when it was requested.
    """
    server = serve(page("A", more=True), page("B"))

    async def body(client):
        async for number in client.phone_numbers.list_all():
            with seen.tracer.start_as_current_span(number.id):
                assert not trace.get_current_span().parent

    front.run(body, server.base_url, events=seen.telemetry)

    call = ["listPhoneNumbers 200", f"  GET {LIST} CLIENT 200"]
    assert [*call, "A", *call, "B"] == seen.tree


def test_without_a_span_around_it(front, serve, seen):
    """
    Calls outside of any span start traces of their own, and leave no span current.
    """
    server = serve(single())

    async def body(client):
        await get(client)
        await get(client)
        return trace.get_current_span()

    assert trace.INVALID_SPAN is front.run(body, server.base_url, events=seen.telemetry)
    assert 2 == len({span.context.trace_id for span in seen.spans})


def test_the_log_is_within_the_span(front, serve, naps, seen, monkeypatch):
    """
    Log records of a call are written while its span is current, so that both have the same ids.
    """
    server = serve(answer(503), single())
    logged = []

    class Keep(logging.Handler):
        def emit(self, record):
            logged.append((record.levelname, trace.get_current_span().get_span_context().span_id))

    logger = logging.getLogger("heymilo_async")
    monkeypatch.setattr(logger, "handlers", [Keep()])
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    logger.manager._clear_cache()

    front.run(get, server.base_url, events=seen.telemetry)
    monkeypatch.undo()
    logger.manager._clear_cache()

    span_id = seen.spans[0].context.span_id
    assert [("WARNING", span_id), ("DEBUG", span_id)] == logged


def test_beside_a_listener_of_ones_own(front, serve, seen):
    """
    Telemetry and another listener both receive events; the listener finds the call's span current.
    """
    server = serve(single())
    current = []

    front.run(
        get,
        server.base_url,
        events=[seen.telemetry, lambda event: current.append(trace.get_current_span())],
    )

    assert ["getPhoneNumber", GET, "getPhoneNumber"] == [span.name for span in current[:-1]]
    assert trace.INVALID_SPAN is current[-1]


def test_an_end_elsewhere(seen, caplog):
    """
    If a call ends in another context, as in a garbage collection, that context is unchanged.
    """
    facts = {"call": 1, "operation": "getPhoneNumber", "request": f"GET {LIST}/{ID}"}
    started = CallStarted(
        **facts, method="GET", url=f"https://a.example{LIST}/{ID}", template=ONE, deadline=None
    )
    finished = CallFinished(
        **facts, attempts=0, status_code=None, error="GeneratorExit", request_id=None, elapsed=1.0
    )

    contextvars.copy_context().run(seen.telemetry, started)
    with seen.tracer.start_as_current_span("my work") as mine:
        seen.telemetry(finished)
        assert trace.get_current_span() is mine

    assert ["getPhoneNumber GeneratorExit", "my work"] == seen.tree
    assert [] == caplog.records


class FailingTracers(TracerProvider):
    """
    A provider whose tracers fail from the n-th span on.
    """

    def __init__(self, number):
        super().__init__(shutdown_on_exit=False)
        self.left = number

    def get_tracer(self, *args, **kwargs):
        """
        Return a counting tracer.
        """
        tracer = super().get_tracer(*args, **kwargs)
        start_span = tracer.start_span

        def counted(*args, **kwargs):
            self.left -= 1
            return start_span(*args, **kwargs) if self.left > 0 else 1 / 0

        tracer.start_span = counted
        return tracer


@pytest.mark.parametrize(("number", "kind"), [(1, "CallStarted"), (2, "AttemptStarted")])
def test_a_start_that_was_missed(front, serve, seen, caplog, number, kind):
    """
    A call or an attempt continues without its span if that could not be created; the error is
    logged once.
    """
    server = serve(single())
    telemetry = Telemetry(tracer_provider=FailingTracers(number), meter_provider=seen.meters)

    async def body(client):
        return [(await get(client)).id for _ in range(2)]

    with caplog.at_level(logging.WARNING, "heymilo_async"):
        assert [ID, ID] == front.run(body, server.base_url, events=telemetry)

    (record,) = caplog.records
    assert f"Telemetry raised ZeroDivisionError on {kind}" in record.getMessage()


# Metrics.


def test_metrics(front, serve, naps, seen):
    """
    The metrics record the durations of calls and of requests, and the retries, each once.
    """
    server = serve(answer(503), Connection.close, single(), answer(404))
    port = int(server.base_url.rpartition(":")[2])

    async def body(client):
        await get(client)
        await failing(client)

    front.run(body, server.base_url, events=seen.telemetry)

    common = {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.template": ONE,
        "heymilo.operation": "getPhoneNumber",
    }
    well = {**common, "http.response.status_code": 200}
    lost = {**common, "http.response.status_code": 404, "error.type": "404"}
    busy = {**common, "http.response.status_code": 503, "error.type": "503"}
    cut = {**common, "error.type": "APIConnectionError"}
    assert [
        ("heymilo.client.call.duration", "s", [(1, well), (1, lost)]),
        ("heymilo.client.retries", "{retry}", [(1, {**common, "error.type": "503"}), (1, cut)]),
        ("http.client.request.duration", "s", [(1, busy), (1, cut), (1, well), (1, lost)]),
    ] == [
        (name, unit, [(getattr(p, "count", None) or p.value, dict(p.attributes)) for p in points])
        for name, (unit, points) in sorted(seen.metrics.items())
    ]
    call = seen.metrics["heymilo.client.call.duration"][1][0]
    assert sum(naps) <= call.sum < sum(naps) + 5


def test_waiting_for_a_turn(front, serve, naps, seen):
    """
    The time that a call waited for its permit is a metric, and an attribute of its first attempt.
    """
    server = serve(answer(429, b"", "Retry-After: 7"), single())

    async def body(client):
        await failing(client.with_options(retry=RetryPolicy(max_attempts=1)))
        await get(client.with_options(events=seen.telemetry))

    front.run(body, server.base_url)

    unit, (point,) = seen.metrics["heymilo.client.wait.duration"]
    assert ("s", 1, naps[0]) == (unit, point.count, point.sum)
    assert naps[0] == seen.spans[1].attributes["heymilo.wait"]
    assert 7.0 == pytest.approx(naps[0], abs=1)


# Secrets, and other instrumentation.


def test_no_secret_is_exported(front, serve, naps, seen):
    """
    No span and no metric contains a key, a token or a header, even if the server repeats them all.
    """
    token, mine = "canary-token-0123456789", "canary-header-0123456789"
    echo = [f"X-Echo: {KEY} {token} {mine}", f"X-Request-Id: {KEY}"]
    ok = single().partition(b"\r\n\r\n")[2]
    server = serve(answer(503, KEY.encode(), *echo), Connection.reset, answer(200, ok, *echo))

    async def body(client):
        with pytest.raises(HeyMiloError):
            await client.phone_numbers.get(KEY)
        await client.phone_numbers.get(ID)

    front.run(
        body,
        server.base_url,
        events=seen.telemetry,
        access_token=token,
        default_headers={"X-Gateway-Secret": mine},
    )

    assert 6 == len(seen.spans)
    for span in seen.spans:
        assert "canary" not in span.to_json()
    assert "canary" not in seen.reader.get_metrics_data().to_json()


@pytest.mark.parametrize("whole", [True, False], ids=["all clients", "one client"])
def test_beside_the_instrumentation_of_httpx(front, serve, seen, whole):
    """
    The span of opentelemetry-instrumentation-httpx is a child of the attempt's span, and has no
    key.
    """
    server = serve(answer(503, b"", "Retry-After: 0.01"), single())
    kind = httpx.Client if front.is_blocking else httpx.AsyncClient
    http_client = kind()
    instrumentor = HTTPXClientInstrumentor()
    if whole:
        instrumentor.instrument(tracer_provider=seen.provider, meter_provider=seen.meters)
    else:
        instrumentor.instrument_client(http_client, tracer_provider=seen.provider)

    async def body(client):
        await get(client)
        if not front.is_blocking:
            await http_client.aclose()

    try:
        front.run(body, server.base_url, events=seen.telemetry, http_client=http_client)
    finally:
        if whole:
            instrumentor.uninstrument()
    if front.is_blocking:
        http_client.close()

    assert [
        "getPhoneNumber 200",
        f"  {GET} CLIENT 503 503",
        "    GET CLIENT",
        f"  {GET} CLIENT 200",
        "    GET CLIENT",
    ] == seen.tree
    for span in seen.spans:
        assert "canary" not in span.to_json()
    # It sends its span's id to the server, whose own spans would be below it.
    inner = [f"{span.context.span_id:016x}" for span in seen.spans if span.name == "GET"]
    assert inner == [one.headers["traceparent"].split("-")[2] for one in server.requests]
    assert {KEY} == {one.headers["x-api-key"] for one in server.requests}


def test_the_server_is_not_told_of_traces(front, serve, seen):
    """
    Telemetry itself sends no header, because a server need not learn of our traces.
    """
    server = serve(single())

    front.run(get, server.base_url, events=seen.telemetry)

    assert "traceparent" not in server.requests[0].headers


# The extra.


def run(code, **environment):
    """
    Run *code* in a new interpreter that finds the same packages.
    """
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
    return subprocess.run(
        [sys.executable, "-c", code], env=paths, capture_output=True, text=True, check=False
    )


@pytest.mark.full("it starts a process")
def test_providers_that_are_set_up_later(serve):
    """
    Without providers of its own, telemetry uses the global ones, even if they are set later.
    """
    server = serve(single())
    ended = run(
        f"""
from heymilo_async import HeyMilo
from heymilo_async.otel import Telemetry
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

with HeyMilo({KEY!r}, base_url={server.base_url!r}, events=Telemetry()) as client:
    client.phone_numbers.get({ID!r})
    provider = TracerProvider()
    provider.add_span_processor(
        SimpleSpanProcessor(ConsoleSpanExporter(formatter=lambda span: span.name + "\\n"))
    )
    trace.set_tracer_provider(provider)
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader]))
    client.phone_numbers.get({ID!r})
print(reader.get_metrics_data().to_json(indent=None))
"""
    )

    assert "" == ended.stderr
    *spans, data = ended.stdout.splitlines()
    assert [GET, "getPhoneNumber"] == spans
    assert 2 == len(json.loads(data)["resource_metrics"][0]["scope_metrics"][0]["metrics"])


def test_telemetry_is_pickled(seen):
    """
    Telemetry with the global providers can be pickled; with others the error says what to do
    instead.
    """
    assert isinstance(pickle.loads(pickle.dumps(Telemetry())), Telemetry)
    with pytest.raises(TypeError, match="set the global providers in each process"):
        pickle.dumps(seen.telemetry)


def test_the_error_knows_what_is_missing(monkeypatch):
    """
    Code that catches the error can read which module is missing.
    """
    monkeypatch.delitem(sys.modules, "heymilo_async.otel")
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    with pytest.raises(ImportError, match=r"pip install '\.\[otel\]'") as caught:
        importlib.import_module("heymilo_async.otel")

    assert "opentelemetry" == caught.value.name


@pytest.mark.full("it starts a process")
def test_it_costs_nothing_where_it_is_not_used(serve):
    """
    A client that makes a call does not load OpenTelemetry.
    """
    server = serve(single())
    ended = run(
        "import sys, heymilo_async\n"
        f"with heymilo_async.HeyMilo({KEY!r}, base_url={server.base_url!r}) as client:\n"
        f"    client.phone_numbers.get({ID!r})\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )

    assert ("[]\n", "") == (ended.stdout, ended.stderr)
