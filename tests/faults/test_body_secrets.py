"""
Secrets in bodies, case 203 of the fault catalogue: a webhook's URL, a token for an ATS, the links
of candidates. They reach the server and the caller, and no text.
"""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from urllib.parse import quote

import attrs
import httpx
import pytest
from few import few
from inside import (
    SECRET_MEMBERS,
    Model,
    is_secret,
    mask_json_members,
    mask_members,
    scrub,
    secrets_in,
    secrets_of,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from server import answer, ok
from talking import talk

import heymilo_async
from heymilo_async import (
    APIConnectionError,
    APIStatusError,
    HeyMiloError,
    InvalidRequestError,
    OperationFailedError,
    ResponseDecodeError,
    RetryPolicy,
    UnprocessableEntityError,
)
from heymilo_async.otel import Telemetry

TOKEN = "t0ken-9d41c07e5ab3"
#: A credential of the client that a caller has used by mistake.
OTHER = "canary-of-a-token-4c1d"
SEGMENT = "B0004-77c1-Xk29QhVv0Lr4"
PASSWORD = "passw0rd/of a hook"
URL = f"https://user:{quote(PASSWORD, safe='')}@example.com/services/{SEGMENT}?token={TOKEN}#there"
SECRETS = (URL, TOKEN, SEGMENT, PASSWORD, quote(PASSWORD, safe=""))
LINK = "https://example.com/interview/of-a-candidate/3f1b"


async def create(client):
    """
    Create a webhook whose URL contains a token.
    """
    return await client.webhooks.create(posting_id="P1", webhook_url=URL, event_type="any")


async def push(client):
    """
    Push a candidate with a token.
    """
    person = {"ats_candidate_id": "4711"}
    return await client.ats.push_candidate(
        ats_name="bullhorn", candidate=person, ingestion_token=URL
    )


async def request(client):
    """
    Send a request that no method covers with `request`, the secret nested deeply.
    """
    body = {"hooks": [{"webhook_url": URL}], "name": "any"}
    return await client.request("POST", "/api/v2/hooks", body=body)


async def raw(client):
    """
    Create a webhook with `raw`.
    """
    return await client.raw(
        client.webhooks.create, posting_id="P1", webhook_url=URL, event_type="any"
    )


def envelope(message):
    """
    Return an error in the contract's own format.
    """
    return json.dumps(
        {
            "error": {
                "type": "invalid_request_error",
                "code": "validation_error",
                "message": message,
                "errors": [{"code": "invalid_param", "message": message, "given": message}],
                "given": message,
            }
        }
    )


def validation(text):
    """
    Return an error in FastAPI's format, with the invalid input.
    """
    return json.dumps(
        {
            "detail": [
                {
                    "loc": ["body", "webhook_url"],
                    "msg": f"Value error, {text} is no URL",
                    "type": "value_error",
                    "input": text,
                    "ctx": {"error": text},
                }
            ]
        }
    )


ECHOES = {
    "envelope": envelope(f"{URL} cannot be reached"),
    "a text": json.dumps({"error": f"no {URL}"}),
    "validation": validation(URL),
    "the whole body": json.dumps(
        {"detail": [{"loc": ["body"], "msg": "no", "type": "x", "input": {"webhook_url": URL}}]}
    ),
    "one sentence": json.dumps({"detail": f"{URL} is taken"}),
    "no JSON": f"<html>cannot POST to {URL}</html>",
    "a repr": f"{{'webhook_url': {URL!r}}}",
    "without its host": envelope(f"/services/{SEGMENT} and token={TOKEN} of example.com"),
    "its last segment": envelope(f"no hook {SEGMENT}"),
    "unescaped": envelope(URL.replace(quote(PASSWORD, safe=""), PASSWORD)),
    "escaped": envelope(quote(URL, safe="")),
    "JSON in JSON": envelope(json.dumps({"webhook_url": URL}).replace("/", "\\/")),
}


def shown_of(error):
    """
    Return all that a program can show of *error* except `.body`, including the locals of our
    frames.
    """
    texts = []
    link = error
    while link is not None:
        texts += [str(link), repr(link), repr(link.args), repr(getattr(link, "__notes__", ()))]
        texts += [repr(value) for name, value in vars(link).items() if name != "body"]
        link = link.__cause__ or link.__context__
    captured = traceback.TracebackException.from_exception(error, capture_locals=True)
    texts += [
        f"{frame.name}: {frame.locals}"
        for frame in captured.stack
        if "/tests/" not in frame.filename
    ]
    return texts


class Spans:
    """
    Records the spans that telemetry makes of calls.
    """

    def __init__(self):
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.telemetry = Telemetry(
            tracer_provider=provider, meter_provider=MeterProvider(shutdown_on_exit=False)
        )

    def __str__(self):
        return "".join(span.to_json() for span in self.exporter.get_finished_spans())


def failure(front, base_url, call, **options):
    """
    Return the error of *call*, and the texts of its events and spans.
    """
    events, spans = [], Spans()

    async def body(client):
        try:
            await call(client)
        except (HeyMiloError, TypeError) as error:
            return error
        return None

    error = front.run(body, base_url, events=[events.append, spans.telemetry], **options)
    return error, [*map(repr, events), str(spans)]


def leaks(*texts, secrets=SECRETS):
    """
    Return each of *secrets* that is in one of *texts*, with the text.
    """
    return [(secret, text) for text in texts for secret in secrets if secret in text]


@pytest.mark.parametrize("call", [create, push, request, raw])
@pytest.mark.parametrize("echo", few(ECHOES, 3))
def test_a_refusal_that_repeats_a_secret(front, serve, caplog, call, echo):
    """
    Case 203: if a refusal repeats a secret of the body, no text, log, event or span shows it.
    """
    caplog.set_level(logging.DEBUG)
    body, header = ECHOES[echo].encode(), f"X-Request-Id: {TOKEN}"
    for status in (400, 422):
        server = serve(answer(status, body, header, f"X-Why: {URL}"))
        error, told = failure(front, server.base_url, call)

        assert (status, 1) == (error.status_code, len(server.requests))
        assert [] == leaks(*shown_of(error), *told, pickle.dumps(error).decode("latin-1"))
        # Whatever the message quotes, the rest of it remains.
        assert "***" in f"{error} {error.error} {error.detail}"
    # The log of the test's own server is not ours.
    assert [] == leaks(*(one.getMessage() for one in caplog.records))


def test_what_is_around_the_secret_stays(front, serve):
    """
    Case 203: only the secret is removed from a refusal; its subject remains readable.
    """
    server = serve(answer(422, validation(URL).encode()))

    error, _ = failure(front, server.base_url, create)

    assert UnprocessableEntityError is type(error)
    assert "POST /api/v2/webhooks answered 422" in str(error)
    assert "body.webhook_url: Value error, *** is no URL" in str(error)
    assert {"input": "***", "ctx": "***"} == dict(error.detail[0].extra)
    assert "body.webhook_url" == ".".join(map(str, error.detail[0].loc))


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
def test_an_answer_with_a_secret_of_its_own(front, serve, caplog, status):
    """
    Case 203: a secret that the caller did not send is recognised by the name of its member; `.body`
    keeps it.
    """
    caplog.set_level(logging.DEBUG)
    existing = {"interview_url": LINK, "urls": {"ingestion_url_key": LINK}, "name": "Jo Doe"}
    for body in (
        {"existing": existing},
        {"error": {"message": "is there", "existing": existing}},
        {"error": {"message": f"is there: {existing}"}},
        {"detail": [{"loc": ["body"], "msg": "is there", "type": "x", "ctx": existing}]},
        {"detail": json.dumps(existing)},
    ):
        server = serve(answer(status, json.dumps(body).encode()))

        async def ingest(client):
            return await client.candidates.ingest("P1", name="Jo Doe", email="jo@example.com")

        error, told = failure(front, server.base_url, ingest, retry=RetryPolicy(max_attempts=1))

        assert status == error.status_code
        assert [] == leaks(*shown_of(error), *told, caplog.text, secrets=(LINK,))
        assert LINK.encode() in error.body


def test_a_success_that_cannot_be_read(front, serve, caplog):
    """
    Case 203: the error about an undecodable success does not show what was sent, either.
    """
    caplog.set_level(logging.DEBUG)
    hook = {"webhook_id": 5, "webhook_url": URL, "posting_id": "P1"}
    server = serve(answer(201, json.dumps({"data": hook}).encode()))

    error, told = failure(front, server.base_url, create)

    assert ResponseDecodeError is type(error)
    assert [] == leaks(*shown_of(error), *told, caplog.text)
    assert b'"webhook_id": 5' in error.body


@pytest.mark.lets_out(httpx.ConnectError)
def test_a_failure_below_http_that_repeats_a_secret(front, caplog):
    """
    Case 203: the errors of a caller's own client may contain any text.
    """
    caplog.set_level(logging.DEBUG)
    once = RetryPolicy(max_attempts=1)
    for call in (create, push, request, raw):
        error, _ = talk(front, call, httpx.ConnectError(f"cannot send {URL}"), retry=once)

        assert APIConnectionError is type(error)
        assert [] == leaks(*shown_of(error), caplog.text)


def test_a_push_that_was_not_queued(front, serve):
    """
    Case 203: the text about a 200 that reports a failure is masked; `.data` is unchanged.
    """
    receipt = {
        "status": "no",
        "item_id": None,
        "error": f"{URL} is unknown, ingestion_token={LINK}",
    }
    server = serve(ok({"data": receipt}))

    error, told = failure(front, server.base_url, push)

    assert OperationFailedError is type(error)
    assert [] == leaks(str(error), repr(error), *told, secrets=(*SECRETS, LINK))
    assert "*** is unknown, ingestion_token=***" in str(error)
    assert receipt["error"] == error.data.error


@pytest.mark.parametrize(
    ("kind", "call"),
    {
        "a member": (
            InvalidRequestError,
            lambda c: c.request(
                "POST", "/api/v2/any", body={OTHER: float("nan"), "webhook_url": URL}
            ),
        ),
        "beside it": (
            InvalidRequestError,
            lambda c: c.request("POST", "/any", body={"webhook_url": URL, URL: float("inf")}),
        ),
        "of the wrong type": (TypeError, lambda c: c.request("POST", "/any", body={OTHER: {1, 2}})),
        "a key": (
            InvalidRequestError,
            lambda c: c.interviews.set_metadata("I1", {f"{OTHER} is far too long for this": "a"}),
        ),
        "a key's value": (TypeError, lambda c: c.interviews.set_metadata("I1", {OTHER: 5})),
        "an unknown member": (
            InvalidRequestError,
            lambda c: c.ats.push_candidate(
                ats_name="bullhorn",
                candidate={"ats_candidate_id": "4711", URL: "a", OTHER: "b"},
                ingestion_token=URL,
            ),
        ),
    }.values(),
)
def test_a_refusal_of_our_own(front, serve, kind, call):
    """
    Case 203: an argument that is refused unsent is not quoted if it is a secret.
    """
    server = serve(ok({}))

    error, told = failure(front, server.base_url, call, access_token=OTHER)

    assert kind is type(error)
    shown = (str(error), repr(error), repr(error.args), repr(error.__context__))
    assert [] == leaks(*shown, *told, secrets=(*SECRETS, OTHER))
    assert 0 == len(server.requests)


@pytest.mark.parametrize(
    "call",
    {
        "half a character": lambda c: c.webhooks.create(
            posting_id="P1", webhook_url=URL + "\ud800", event_type="any"
        ),
        "no text": lambda c: c.webhooks.create(
            posting_id="P1", webhook_url=[URL], event_type="any"
        ),
        "no event": lambda c: c.raw(
            c.webhooks.create, posting_id="P1", webhook_url=URL, event_type=5
        ),
        "a push": lambda c: c.ats.push_candidate(
            ats_name="bullhorn", candidate={}, ingestion_token=URL
        ),
        "no JSON": lambda c: c.request("POST", "/any", body={"a": {1}, "webhook_url": URL}),
    }.values(),
)
def test_the_locals_of_a_refusal_of_our_own(front, serve, call):
    """
    Case 203: the frames of a refused argument contain no secret, either.
    """
    error, _ = failure(front, serve(ok({})).base_url, call)

    assert isinstance(error, InvalidRequestError | TypeError)
    assert [] == leaks(*shown_of(error))


def test_the_error_of_a_call_has_no_secret_among_its_locals(front, serve):
    """
    Case 203: a tool that shows the locals of a traceback shows no secret of our frames.
    """
    for call in (create, push, request, raw):
        error, _ = failure(front, serve(answer(500, b"{}")).base_url, call)
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        ours = [one for one in frames if "/heymilo_async/" in one.filename]

        assert APIStatusError in type(error).__mro__
        assert len(ours) > 1
        assert [] == leaks(*(f"{one.locals}" for one in ours))


# The decisions.


def test_the_members_are_those_that_models_mark():
    """
    Case 203: the members masked by name are those that models mask in `repr`, and the token of a
    push.
    """
    public = [getattr(heymilo_async, name) for name in heymilo_async.__all__]
    models = [one for one in public if isinstance(one, type) and issubclass(one, Model)]
    marked = {name for one in models for name in attrs.fields_dict(one) if is_secret(one, name)}

    assert {*marked, "ingestion_token"} == SECRET_MEMBERS


@pytest.mark.parametrize(
    ("body", "secrets"),
    [
        (b'{"a":"webhook_url"}', []),
        (b'{"webhook_url":"abc"}', ["abc"]),
        (b'{"webhook_url":null,"image":5}', []),
        (b'{"webhook_url":"http://["}', ["http://["]),
        (b'{"webhook_url":"https://example.com/a"}', ["https://example.com/a"]),
        (b'{"webhook_url":"https://example.com/a/b"}', ["https://example.com/a/b", "/a/b"]),
        (b'{"webhook_url":"https://a/api/v2/x"}', ["https://a/api/v2/x"]),
        (
            b'[{"a":{"image":"//u:p@a/?x=%20y#z"}}]',
            ["//u:p@a/?x=%20y#z", "//u:p@a/?x= y#z", "p", " y", "x= y", "z"],
        ),
    ],
)
def test_the_secrets_in_a_body(body, secrets):
    """
    Case 203: the secrets in a body are found at any depth, and so are the parts of a URL.
    """
    assert secrets == [one.reveal() for one in secrets_in(body)]


def test_a_body_that_holds_itself_is_looked_at_once():
    """
    Case 203: a caller's body may contain itself.
    """
    body = {"image": LINK, "b": [(), []]}
    body["b"] += [body, body["b"]]

    assert LINK == secrets_of(body)[0].reveal()


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ('{"image": "https:\\/\\/a\\"b", "b": 1}', '{"image": ***, "b": 1}'),
        ('{"image": "cut off', '{"image": ***'),
        ("{'image': 'https://a'}", "{'image': ***}"),
        ('"{\\"image\\":\\"https://a\\"}"', '"{\\"image\\":***}"'),
        ("image=https://example.com/a&b=c", "image=***&b=c"),
        ("body.image: must be a link", "body.image: must be a link"),
        ('{"image": null, "my_image": "a"}', '{"image": null, "my_image": "a"}'),
    ],
)
def test_members_are_hidden_in_any_text(text, hidden):
    """
    Case 203: members are masked in JSON, in JSON within a string, in a repr and in a form; plain
    sentences remain.
    """
    assert hidden == mask_members(text)


def test_parsed_members_are_hidden_whole():
    """
    Case 203: in parsed JSON, the whole value under the name is masked; null is not.
    """
    content = {
        "image": [LINK],
        "resume_url": None,
        "b": [{"loc": [1, "image"], "input": {"a": LINK}}],
    }

    assert {
        "image": "***",
        "resume_url": None,
        "b": [{"loc": [1, "image"], "input": "***"}],
    } == mask_json_members(content)


def test_a_part_is_found_in_another_form():
    """
    Case 203: the path of a URL, alone and escaped, is found like the whole URL.
    """
    body = json.dumps({"webhook_url": URL}, separators=(",", ":")).encode()

    assert "at *** and ***" == scrub(
        f"at {quote(f'/services/{SEGMENT}', safe='')} and {TOKEN}", secrets_in(body)
    )
