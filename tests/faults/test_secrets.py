"""
Secrets, cases 115 to 123 of the fault catalogue: a key is sent to the server, and appears nowhere
else.
"""

# What is shown of a thing is gathered piece by piece, and a failure may be of several statements.
# ruff: noqa: PERF401, PT012

from __future__ import annotations

import base64
import contextlib
import copy
import functools
import html
import io
import json
import logging
import pickle
import re
import signal
import ssl
import threading
import traceback
from urllib.parse import quote

import anyio
import attrs
import h11
import httpx
import pytest
import trustme
from few import few
from fronts import KEY, NO_CERTIFICATES, Front, QuickFront
from inside import CREDENTIAL_CHECK, SECRET_PATTERNS, engine_of, secrets, settings_of
from own import LIBRARIES, close, kind_of
from rich.console import Console
from rich.pretty import Pretty
from rich.traceback import Traceback
from server import NUMBER, answer, ok, page, single

import heymilo_async
from heymilo_async import (
    APIConnectionError,
    APIStatusError,
    AsyncHeyMilo,
    AuthenticationError,
    ConfigurationError,
    DeadlineExceededError,
    HeyMilo,
    HeyMiloError,
    NotFoundError,
    PaginationError,
    RateLimitError,
    ResponseDecodeError,
    ResponseMismatchError,
    RetryPolicy,
    ServerError,
    UnexpectedRedirectError,
)

TOKEN = "canary-token-9d41c07e5ab3"
HEADER = "canary-header-37be1f90d2c8"
PASSWORD = "canary-password-c81d5e2f"
#: Characters that JSON, URLs, HTML and reprs escape.
ODD_KEY = "canary/\"k'e\\y&<5+b=9f%2"
SECRETS = (KEY, TOKEN, HEADER, PASSWORD, ODD_KEY)

ONCE = RetryPolicy(max_attempts=1)


class SecretFront(QuickFront):
    """
    A front whose clients have every kind of secret.
    """

    def client(self, base_url, api_key=KEY, **options):
        """
        Return a client of this front.
        """
        secret = {"access_token": TOKEN, "default_headers": {"X-Gateway-Token": HEADER}}
        return super().client(base_url, api_key, **{**secret, **options})


@pytest.fixture
def front(front):
    """
    Each of the three fronts in turn, with every kind of secret.
    """
    return SecretFront(front.name)


@pytest.fixture
def records():
    """
    Return all log records, from DEBUG on.
    """
    kept = []

    class Keep(logging.Handler):
        def emit(self, record):
            kept.append(record)

    keep, root = Keep(), logging.getLogger()
    level = root.level
    root.addHandler(keep)
    root.setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(keep)
    root.setLevel(level)


def forms(secret):
    """
    Return the forms in which a text or its bytes may contain *secret*.
    """
    return {
        secret,
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        quote(secret),
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
        html.escape(secret),
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"user:{secret}".encode()).decode(),
    }


ALL_FORMS = sorted(form for secret in SECRETS for form in forms(secret))


def leaks(text):
    """
    Return the forms of the secrets that *text* contains.
    """
    return [form for form in ALL_FORMS if form in text]


#: The packages of the HTTP library.
HTTP = ("httpx", "httpcore")


def is_of_http(thing):
    """
    Return whether *thing* is an object of the HTTP library, such as a request.
    """
    return type(thing).__module__.partition(".")[0] in HTTP


def insides(thing, depth=6):
    """
    Return the reprs of *thing* and of all objects that its attributes lead to.
    """
    shown = [repr(thing)]
    if depth and not isinstance(thing, type):
        parts = list(getattr(thing, "__dict__", {}).values())
        # A wrapper may hold the secret that it hides: only its repr counts.
        if type(thing).__name__ != "Secret":
            for kind in type(thing).__mro__:
                slots = getattr(kind, "__slots__", ())
                for name in [slots] if isinstance(slots, str) else slots:
                    parts.append(getattr(thing, name, None))
        if isinstance(thing, list | tuple | set | frozenset):
            parts += thing
        if isinstance(thing, dict):
            parts += [*thing.keys(), *thing.values()]
        for part in parts:
            if type(part).__module__.startswith(("heymilo_async", "builtins", *HTTP)):
                shown += insides(part, depth - 1)
    return shown


def rich_text(thing, **options):
    """
    Return what rich prints of *thing*.
    """
    out = io.StringIO()
    Console(file=out, width=500, **options).print(thing)
    return out.getvalue()


def chain(error):
    """
    Return *error* with its causes, contexts and members of groups.
    """
    pending, found = [error], []
    while pending:
        link = pending.pop()
        if link is None or any(link is one for one in found):
            continue
        found.append(link)
        pending += [link.__cause__, link.__context__]
        if isinstance(link, BaseExceptionGroup):
            pending += link.exceptions
    return found


def shown_of(error):
    """
    Return all that *error* can show: texts, attributes, pickles, tracebacks with locals.
    """
    texts = []
    for link in chain(error):
        texts += [str(link), repr(link), repr(link.args), f"{link}", ascii(link)]
        texts += [repr(getattr(link, "__notes__", ()))]
        texts += insides(link.__dict__)
        texts += [rich_text(Pretty(link)), rich_text(Pretty(link.__dict__, expand_all=True))]
        with contextlib.suppress(TypeError, AttributeError, pickle.PicklingError):
            texts.append(pickle.dumps(link).decode("latin-1"))
            texts.append(pickle.dumps(link, protocol=0).decode("latin-1"))
        texts += locals_of(link.__traceback__)
    captured = traceback.TracebackException.from_exception(error, capture_locals=True)
    # The test's own frames contain the secrets; those below belong to the package.
    texts += without_tests(captured)
    return texts


def without_tests(captured):
    """
    Return the lines of *captured* without the frames of these tests.
    """
    pending, seen = [captured], set()
    while pending:
        one = pending.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield str(one)
        for frame in one.stack:
            if "/tests/" not in frame.filename:
                yield f"{frame.filename} {frame.name} {frame.line} {frame.locals}"
        pending += [one.__cause__, one.__context__, *(one.exceptions or ())]


def locals_of(tb):
    """
    Return the reprs of the locals of every frame below *tb* outside of the tests.
    """
    texts = []
    while tb is not None:
        if "/tests/" not in tb.tb_frame.f_code.co_filename:
            for value in tb.tb_frame.f_locals.values():
                # Like the traceback module: an object that has no repr shows nothing.
                with contextlib.suppress(Exception):
                    texts.append(repr(value))
                # The repr of a request does not show its headers, but debuggers do.
                if isinstance(value, dict | list | tuple) or is_of_http(value):
                    texts += insides(value, 3)
        tb = tb.tb_next
    return texts


def assert_clean(error):
    """
    Assert that nothing that *error* can show contains a secret.
    """
    found = {form: text[:400] for text in shown_of(error) for form in leaks(text)}
    assert {} == found


async def failure(client, operation=None):
    """
    Return the error of a call, of any class.
    """
    try:
        if operation is None:
            await client.phone_numbers.get(NUMBER["id"])
        else:
            await operation(client)
    except BaseException as error:
        return error
    return None


# Unusable keys.


@pytest.mark.parametrize("key", ["", "   ", "\t", "\n", "\r\n \r\n"])
@pytest.mark.parametrize("name", ["api_key", "access_token"])
def test_empty_credential(front, name, key):
    """
    Case 115: the constructor refuses an empty credential, and names the variable.
    """
    with pytest.raises(ConfigurationError, match=f"HEYMILO_{name.upper()}"):
        Front(front.name).client("http://127.0.0.1:1", **{"api_key": None, name: key})


def test_no_credential(front):
    """
    Case 115: without a credential the constructor names the variables that it has read.
    """
    with pytest.raises(ConfigurationError, match=r"HEYMILO_API_KEY.*HEYMILO_ACCESS_TOKEN"):
        Front(front.name).client("http://127.0.0.1:1", None)


@pytest.mark.parametrize("variable", ["HEYMILO_API_KEY", "HEYMILO_ACCESS_TOKEN"])
def test_variables_set_to_nothing(front, monkeypatch, variable):
    """
    Case 115: an empty variable counts as unset.
    """
    monkeypatch.setenv(variable, "  ")

    with pytest.raises(ConfigurationError, match="no credentials"):
        Front(front.name).client("http://127.0.0.1:1", None)


@pytest.mark.parametrize("key", [b"canary-5f2b9c71e8d04a36", 5, ["canary-5f2b9c71e8d04a36"], True])
@pytest.mark.parametrize("name", ["api_key", "access_token", "workspace_id", "proxy"])
def test_credential_of_the_wrong_type(front, name, key):
    """
    Case 115: a credential that is not a str is a TypeError that names the argument, and does not
    show the value.
    """
    with pytest.raises(TypeError, match=name) as caught:
        Front(front.name).client("http://127.0.0.1:1", **{name: key})

    assert_clean(caught.value)


@pytest.mark.parametrize(
    "key", [KEY * 10_000, KEY + "\u00e9", "\ud800" + KEY, KEY + "\u2028" + KEY]
)
@pytest.mark.parametrize("name", ["api_key", "access_token", "workspace_id"])
def test_credential_that_is_no_header(front, name, key):
    """
    Case 115: a credential that is too long, or beyond ASCII, is refused, and no part of it is
    shown.
    """
    with pytest.raises(ConfigurationError, match=f"HEYMILO_{name.upper()}") as caught:
        Front(front.name).client("http://127.0.0.1:1", **{name: key})

    assert_clean(caught.value)


@pytest.mark.parametrize("key", ["{}\n", "{}\r\n", " {}", "{} ", "\t{}\t", "\n\n{}\n\n", "\r{}"])
@pytest.mark.parametrize("source", ["argument", "environment"])
def test_key_with_blanks_round_it(front, serve, monkeypatch, source, key):
    """
    Case 116: blanks around a copied key are stripped.
    """
    server = serve(single())
    key = key.format(KEY)
    if source == "environment":
        monkeypatch.setenv("HEYMILO_API_KEY", key)
        key = None

    async def body(client):
        await client.phone_numbers.get(NUMBER["id"])

    front.run(body, server.base_url, api_key=key, access_token=None)

    assert KEY == server.requests[0].headers["x-api-key"]


@pytest.mark.parametrize("name", ["api_key", "access_token", "workspace_id"])
@pytest.mark.parametrize("source", ["argument", "environment", "with_options"])
def test_key_with_controls_in_it(front, serve, monkeypatch, source, name):
    """
    Case 117: a credential that would break a header is refused, and appears in no text.
    """
    server = serve(single())
    front = Front(front.name)
    given = {"api_key": KEY if name == "workspace_id" else None, "ssl_context": NO_CERTIFICATES}
    marks = ["\r\nX-Evil: 1", "\nX-Evil: 1", "\rX", "\x7f", "\x1b", "\x0b" + KEY, "\u00a0" + KEY]
    # An environment variable cannot contain it.
    marks += [] if source == "environment" else ["\x00", "\x00" + KEY]

    for mark in marks:
        with pytest.raises(ConfigurationError, match=name) as caught:
            if source == "argument":
                front.client(server.base_url, **{**given, name: KEY + mark})
            elif source == "with_options":
                front.client(server.base_url, **given | {"api_key": KEY}).with_options(
                    **{name: KEY + mark}
                )
            else:
                monkeypatch.setenv(f"HEYMILO_{name.upper()}", KEY + mark)
                front.client(server.base_url, **given)
        assert_clean(caught.value)
    assert 0 == server.n


@pytest.mark.parametrize("token", ["Bearer {}", "bearer {}", "BEARER  {}"])
def test_token_with_its_scheme(front, token):
    """
    Case 117: a token that is given with its `Bearer` is refused, and not shown; the error says what
    to do.
    """
    with pytest.raises(ConfigurationError, match="Bearer") as caught:
        Front(front.name).client("http://127.0.0.1:1", None, access_token=token.format(TOKEN))

    assert_clean(caught.value)


# What a client can show.


@pytest.mark.parametrize("proxied", [False, True])
def test_outputs_of_a_client(front, proxied):
    """
    Case 118: no output of a client, a view, a resource, a pager or their attributes shows a secret.
    """
    proxy = {"proxy": f"http://user:{PASSWORD}@127.0.0.1:1"} if proxied else {}
    client = front.client("http://127.0.0.1:1", workspace_id="w", **proxy)
    view = client.with_options(api_key=ODD_KEY, timeout=1.0)
    texts = []

    for one in (client, view):
        pager = one.phone_numbers.list_all()
        for thing in (one, one.phone_numbers, pager, pager.prefetch(), one.phone_numbers.get):
            texts += [repr(thing), str(thing), format(thing), ascii(thing), f"{thing}"]
            texts += insides(thing)
            texts += [rich_text(Pretty(thing)), rich_text(Pretty(getattr(thing, "__dict__", 0)))]
        engine = engine_of(one)
        texts += insides(attrs.asdict(engine, recurse=False))
        texts += insides(attrs.asdict(engine.settings))
        texts += insides(attrs.astuple(engine.settings))
        texts += [repr(vars(one)), rich_text(Pretty(vars(one), expand_all=True))]
    assert any("api_key=***" in text for text in texts)
    assert [] == [(text[:300], leaks(text)) for text in texts if leaks(text)]


def test_repr_of_a_client_is_useful(front):
    """
    Case 118: the repr has the base URL and the kinds of credentials, masked.
    """
    client = front.client("http://127.0.0.1:1", workspace_id="w-1")

    assert "http://127.0.0.1:1" in repr(client)
    assert "api_key=***" in repr(client)
    assert "access_token=***" in repr(client)


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "ftp://host"},
        {"base_url": "http://host"},
        {"base_url": f"https://user:{PASSWORD}@host"},
        {"base_url": 5},
        {"timeout": -1},
        {"timeout": None},
        {"deadline": "5"},
        {"retry": None},
        {"max_connections": 0},
        {"ssl_context": "x"},
        {"http_client": 5},
        {"proxy": f"ftp://user:{PASSWORD}@host"},
        {"proxy": f"http://user:{PASSWORD}@host:99999"},
        {"proxy": f"http://user:{PASSWORD}@"},
        {"proxy": f"http://[{PASSWORD}"},
        {"proxy": f"user:{PASSWORD}@host:80"},
        {"default_headers": {"X-Token": f"{HEADER}\r\nX-Evil: 1"}},
        {"default_headers": {"X-API-KEY": HEADER}},
        {"default_headers": {"X-Fine": HEADER, "X-Bad": 5}},
        {"default_headers": [("X-Token", HEADER)]},
        {"allow_insecure_http": "yes"},
        {"access_token": f"{TOKEN}\n{TOKEN}"},
        {"api_key": f"{KEY}\n{KEY}"},
        {"workspace_id": f"{TOKEN}\x00"},
    ],
    ids=lambda options: str(next(iter(options.items())))[:40],
)
def test_errors_of_the_constructor(front, options):
    """
    Case 118: a failing constructor shows no secret, at any depth of its traceback.
    """
    given = {"proxy": f"http://user:{PASSWORD}@127.0.0.1:1", **options}
    if "http_client" in options:
        given.pop("proxy")

    with pytest.raises((ConfigurationError, TypeError)) as caught:
        front.client(**{"base_url": "http://127.0.0.1:1", **given})

    assert len(caught.traceback) > 3
    assert_clean(caught.value)


def test_traceback_by_rich(front):
    """
    Case 118: rich's traceback, which shows the locals of every frame, shows no secret.
    """
    with pytest.raises(ConfigurationError) as caught:
        front.client("ftp://host", proxy=f"http://user:{PASSWORD}@127.0.0.1:1")

    below = next(
        link
        for link in tracebacks(caught.value)
        if "/tests/" not in link.tb_frame.f_code.co_filename
    )
    shown = rich_text(
        Traceback.from_exception(ConfigurationError, caught.value, below, show_locals=True)
    )
    assert "base_url" in shown
    assert [] == leaks(shown)


def test_repr_of_a_client_that_was_not_made(front):
    """
    Case 118: the repr of a client whose constructor failed works in a debugger.
    """
    with pytest.raises(ConfigurationError) as caught:
        front.client("ftp://host")

    frames = [frame.tb_frame for frame in tracebacks(caught.value)]
    made = [frame.f_locals["self"] for frame in frames if frame.f_code.co_name == "__init__"]
    assert 1 == len(made)
    assert "HeyMilo" in repr(made[0])


def tracebacks(error):
    """
    Return the entries of the traceback of *error*.
    """
    links, link = [], error.__traceback__
    while link is not None:
        links.append(link)
        link = link.tb_next
    return links


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "ftp://host"},
        {"base_url": None},
        {"timeout": -1},
        {"deadline": "5"},
        {"retry": 3},
        {"default_headers": {"X-Token": f"{HEADER}\n{HEADER}"}},
        {"default_headers": {"Authorization": HEADER}},
        {"allow_insecure_http": None},
        {"access_token": 5},
        {"api_key": f"{KEY}\n{KEY}"},
        {"api_key": None, "access_token": None},
    ],
    ids=lambda options: str(next(iter(options.items())))[:40],
)
def test_errors_of_with_options(front, options):
    """
    Case 118: an invalid view shows neither its own secrets nor those of its client.
    """
    client = front.client("http://127.0.0.1:1")

    with pytest.raises((ConfigurationError, TypeError)) as caught:
        client.with_options(**{"api_key": ODD_KEY, "workspace_id": TOKEN, **options})

    assert_clean(caught.value)


def test_base_url_that_holds_the_key(front):
    """
    Case 118: a key in base_url by mistake is not shown by the error about it.
    """
    texts = []
    for base_url in (KEY, f"https://host/?api_key={KEY}", f"ftp://{KEY}", f"https://{KEY}:x"):
        with pytest.raises(ConfigurationError) as caught:
            front.client(base_url)
        texts.append(str(caught.value))

    assert [[]] * 4 == [leaks(text) for text in texts]


# What an error can show.


def cut(connection):
    """
    Promise more bytes than are sent.
    """
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    connection.close()


FAILURES = {
    "status 400": (answer(400, b'{"error": {"message": "no"}}'), {}),
    "status 401": (answer(401, b'{"detail": "no"}'), {}),
    "status 422": (answer(422, b'{"detail": [{"loc": ["q"], "msg": "m", "type": "t"}]}'), {}),
    "status 429": (answer(429, b"", "Retry-After: 3600"), {}),
    "status 503": (answer(503, b"<html>"), {}),
    "redirect": (answer(307, b"", "Location: https://other.example/x"), {}),
    "not JSON": (answer(200, b"<html>"), {}),
    "wrong type": (single(active=5), {}),
    "another id": (single(id="other"), {}),
    "gzip that is none": (answer(200, b"xxxx", "Content-Encoding: gzip"), {}),
    "unknown coding": (answer(200, b"xxxx", "Content-Encoding: br"), {}),
    "too large": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", {}),
    "no HTTP": (b"hello world\r\n\r\n", {}),
    "bad header": (b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n", {}),
    "bad length": (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", {}),
    "cut short": (cut, {}),
    "hung up": (lambda connection: connection.close(), {}),
    "reset": (lambda connection: connection.reset(), {}),
    "no answer": (lambda connection: connection.wait(), {"timeout": 0.1}),
    "deadline": (lambda connection: connection.wait(), {"deadline": 0.1}),
}


@pytest.mark.full("it goes by the clock")
@pytest.mark.parametrize("name", FAILURES)
def test_errors_at_every_depth(front, serve, records, name):
    """
    Cases 118 to 120: no error shows a secret: in texts, attributes, pickles, locals, chains or
    logs.
    """
    reply, options = FAILURES[name]
    server = serve(reply)

    async def body(client):
        return [
            await failure(client),
            await failure(client, lambda c: c.phone_numbers.get_many([NUMBER["id"]] * 2)),
            await failure(client, lambda c: c.raw(c.phone_numbers.get, NUMBER["id"])),
        ]

    errors = front.run(body, server.base_url, retry=ONCE, **options)

    assert KEY == server.requests[0].headers["x-api-key"]
    for error in errors:
        assert isinstance(error, HeyMiloError)
        assert error.__cause__ is None
        assert error.__context__ is None
        assert_clean(error)
    assert [] == seen_in(records)


def seen_in(records):
    """
    Return the log records with a secret in any of their parts.
    """
    bad = []
    for record in records:
        parts = [record.getMessage(), str(record.msg), repr(record.args), repr(record.__dict__)]
        if record.exc_info:
            parts += ["".join(traceback.format_exception(*record.exc_info))]
        for arg in record.args if isinstance(record.args, tuple) else (record.args,):
            parts += [str(arg), repr(arg)]
        bad += [(record.name, part[:300]) for part in parts if leaks(part)]
    return bad


@pytest.mark.parametrize("kind", ["refused", "no such host", "TLS", "proxy"])
def test_errors_of_connecting(front, serve, records, kind):
    """
    Case 118: an error before any connection shows no secret either.
    """
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(theirs)
    server = serve(single(), ssl_context=theirs)
    options = {"retry": ONCE, "deadline": 5.0}
    base_url = {
        "refused": "http://127.0.0.1:1",
        "no such host": "http://no-such-host.invalid",
        "TLS": f"https://127.0.0.1:{server.port}",
        "proxy": "http://127.0.0.1:1",
    }[kind]
    if kind == "proxy":
        options["proxy"] = f"http://user:{PASSWORD}@127.0.0.1:1"

    error = front.run(failure, base_url, allow_insecure_http=True, **options)

    assert isinstance(error, APIConnectionError)
    assert_clean(error)
    assert [] == seen_in(records)


def test_walks_and_settled_errors(front, serve):
    """
    Case 118: the errors of walks, and those in the result of `get_many_settled`, show no secret.
    """
    server = serve(page("A", more=True), answer(500, b"{}"))

    async def body(client):
        errors = [await failure(client, lambda c: c.phone_numbers.list_all().collect())]
        return errors + await client.phone_numbers.get_many_settled(["A", "B"])

    for error in front.run(body, server.base_url, retry=ONCE):
        assert ServerError is type(error)
        assert_clean(error)


def test_error_while_another_is_handled(front, serve):
    """
    Case 118: within an `except` block, the error's context is that of the caller.
    """
    server = serve(answer(500, b"{}"))
    mine = LookupError("mine")

    async def body(client):
        try:
            raise mine
        except LookupError:
            return await failure(client)

    error = front.run(body, server.base_url, retry=ONCE)

    assert error.__cause__ is None
    assert {type(link) for link in chain(error)} <= {ServerError, LookupError}
    assert_clean(error)


# Interrupted.


@pytest.mark.parametrize("name", ["asyncio", "trio"])
@pytest.mark.parametrize("when", ["reading", "backoff", "waiting for a place", "body"])
def test_traceback_of_a_cancellation(serve, records, name, when):
    """
    Case 118: the traceback of a cancellation, locals included, shows no secret.
    """
    front = SecretFront(name)
    start = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    server = serve(
        {
            "backoff": answer(429, b"", "Retry-After: 30"),
            "body": lambda connection: (connection.send(start), connection.wait()),
        }.get(when, lambda connection: connection.wait())
    )

    async def body(client):
        errors = []

        async def call():
            errors.append(await failure(client))
            raise errors[-1]

        async with anyio.create_task_group() as group:
            if when == "waiting for a place":
                group.start_soon(call)
                await anyio.sleep(0.05)
            group.start_soon(call)
            await anyio.sleep(0.1)
            group.cancel_scope.cancel()
        return errors

    errors = front.run(body, server.base_url, max_connections=1)

    assert errors
    for error in errors:
        assert type(error).__name__ in {"CancelledError", "Cancelled"}
        assert_clean(error)
    assert [] == seen_in(records)


@pytest.mark.in_flight
@pytest.mark.parametrize("when", ["reading", "backoff", "body", "many"])
def test_traceback_of_a_ctrl_c(serve, records, when):
    """
    Case 118: the traceback of a KeyboardInterrupt in a blocking call shows no secret.
    """
    start = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    server = serve(
        {
            "backoff": answer(429, b"", "Retry-After: 30"),
            "body": lambda connection: (connection.send(start), connection.wait()),
        }.get(when, lambda connection: connection.wait())
    )
    client = SecretFront("blocking").client(server.base_url)
    main = threading.get_ident()
    timer = threading.Timer(0.15, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()

    with client, pytest.raises(KeyboardInterrupt) as caught:
        if when == "many":
            client.phone_numbers.get_many(["A", "B"])
        else:
            client.phone_numbers.get("A")

    timer.join()
    assert_clean(caught.value)
    assert [] == seen_in(records)


@pytest.mark.lets_out("SystemExit")
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, ValueError, httpx.ReadError])
def test_traceback_of_a_hook(front, serve, kind):
    """
    Case 118: if a hook of the caller's own client raises, the traceback has no secret in our frames.
    """

    def sync_hook(response):
        raise kind("mine")

    async def async_hook(response):
        raise kind("mine")

    server = serve(single())
    hook = sync_hook if front.is_blocking else async_hook
    own = (httpx.Client if front.is_blocking else httpx.AsyncClient)(
        event_hooks={"response": [hook]}, trust_env=False, verify=NO_CERTIFICATES
    )

    async def body(client):
        try:
            return await failure(client)
        finally:
            await close(own)

    error = front.run(body, server.base_url, http_client=own, retry=ONCE)

    expected = APIConnectionError if kind is httpx.ReadError else kind
    assert expected is type(error)
    for link in chain(error):
        found = [(text[:300], leaks(text)) for text in locals_of(link.__traceback__) if leaks(text)]
        assert [] == found


@pytest.mark.lets_out("MemoryError", "RecursionError", "AlarmError")
@pytest.mark.parametrize("owned", [True, False])
def test_traceback_of_what_comes_in_the_middle(front, serve, monkeypatch, owned):
    """
    Case 118: a foreign exception at any point of the library's work shows no header, and its origin
    is still visible.
    """
    server = serve(single())
    raising = {}
    sending = h11.Connection.send

    class AlarmError(Exception):
        pass

    kinds = (MemoryError, RecursionError, AlarmError)

    def interrupted(self, event):
        if isinstance(event, h11.Request):
            raise raising["kind"]("mine")
        return sending(self, event)

    async def body(client):
        with monkeypatch.context() as patch:
            patch.setattr(h11.Connection, "send", interrupted)
            return [await failure(client) for raising["kind"] in kinds]

    if owned:
        errors = front.run(body, server.base_url, retry=ONCE)
    else:
        kind = httpx.Client if front.is_blocking else httpx.AsyncClient
        own = kind(trust_env=False, verify=NO_CERTIFICATES)
        errors = front.run(body, server.base_url, retry=ONCE, http_client=own)
        front.run_alone(functools.partial(close, own))

    assert kinds == tuple(map(type, errors))
    for error in errors:
        assert_clean(error)
        frames = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
        assert "interrupted" == frames[-1]


def test_traceback_of_what_comes_while_a_secret_is_checked(front, monkeypatch):
    """
    Case 118: Ctrl-C while a key is checked, or while a text is searched for it, shows no key.
    """

    def interrupted(name, text):
        raise KeyboardInterrupt

    monkeypatch.setattr(*CREDENTIAL_CHECK, interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        front.client("https://api.heymilo.ai")
    assert_clean(caught.value)

    def searching(secret):
        octets = secret.reveal().encode()
        raise KeyboardInterrupt(len(octets))

    for step in SECRET_PATTERNS:
        monkeypatch.setattr(*step, searching)
        with pytest.raises(KeyboardInterrupt) as caught:
            secrets.scrub(f"a text with {KEY[:4]}", (secrets.Secret(KEY),))
        assert_clean(caught.value)


@pytest.mark.parametrize("fault", ["missing", "broken", "another", "silent"])
def test_key_in_place_of_an_id(front, serve, records, naps, fault):
    """
    Case 118: if the requested id is the token, no error, event or log contains it.
    """
    server = serve(
        {
            "missing": answer(404, b"{}"),
            "broken": answer(200, b"{}"),
            "another": single(),
            "silent": lambda connection: connection.close(),
        }[fault]
    )
    seen = []

    async def body(client):
        with pytest.raises(HeyMiloError) as caught:
            await client.phone_numbers.get(TOKEN)
        return caught.value

    error = front.run(body, server.base_url, access_token=TOKEN, events=seen.append)

    for text in (str(error), repr(error), repr(vars(error)), repr(seen)):
        assert [] == leaks(text)
    assert b"canary" not in pickle.dumps(error)
    assert [] == seen_in(records)


@pytest.mark.parametrize("more", [(TOKEN,), ("A", TOKEN)])
def test_key_for_a_cursor(front, serve, records, more):
    """
    Case 118: if a server's id is the token, and a walk continues from it, no error, event or log
    contains it.
    """
    server = serve(page(*more, more=True))
    seen = []

    async def body(client):
        with pytest.raises(PaginationError) as caught:
            await client.phone_numbers.list_all().collect()
        return caught.value

    error = front.run(body, server.base_url, access_token=TOKEN, events=seen.append)

    error.collected = ()
    for text in (str(error), repr(error), repr(vars(error)), repr(seen)):
        assert [] == leaks(text)
    assert "***" == error.cursor
    assert [] == seen_in(records)


# Pickles and copies.


def test_clients_are_pickled_without_the_key(front, serve):
    """
    Case 119: the pickle of a client or a view has no key and no token; a secret header is refused.
    """
    server = serve(page())
    client = front.client(server.base_url, default_headers=None, ssl_context=None)
    for one in (client, client.with_options(timeout=1.0)):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            data = pickle.dumps(one, protocol=protocol)

            assert [] == leaks(data.decode("latin-1"))
            assert [] == leaks(repr(vars(pickle.loads(data))))
    with pytest.raises(TypeError, match="X-Gateway-Token") as caught:
        pickle.dumps(client.with_options(default_headers={"X-Gateway-Token": HEADER}))
    assert_clean(caught.value)


def test_clients_are_not_copied(front, serve):
    """
    Case 119: clients and views cannot be copied, and their parts cannot be pickled.
    """
    server = serve(page())
    client = front.client(server.base_url)
    for one in (client, client.with_options(timeout=1.0)):
        for attempt in (copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="with_options") as caught:
                attempt(one)
            assert_clean(caught.value)
    for thing in (client.phone_numbers, client.phone_numbers.list_all()):
        with pytest.raises(TypeError, match="pickle the client") as caught:
            pickle.dumps(thing)
        assert_clean(caught.value)


def test_models_and_responses_are_pickled(front, serve):
    """
    Case 119: models, pages and responses survive pickle and deepcopy, with no secret in the bytes.
    """
    server = serve(single(extra_member={"a": [1]}), page("A", "B", more=True))

    async def body(client):
        response = await client.raw(client.phone_numbers.get, NUMBER["id"])
        return [response.data, response, await client.phone_numbers.list()]

    for thing in front.run(body, server.base_url):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            data = pickle.dumps(thing, protocol=protocol)
            assert thing == pickle.loads(data)
            assert [] == leaks(data.decode("latin-1"))
        assert thing == copy.deepcopy(thing)


@pytest.mark.parametrize("name", FAILURES)
def test_errors_are_pickled(front, serve, name):
    """
    Case 119: every kind of error can be pickled and copied without loss.
    """
    reply, options = FAILURES[name]
    server = serve(reply)

    error = front.run(failure, server.base_url, retry=ONCE, **options)

    for again in (
        *(pickle.loads(pickle.dumps(error, protocol)) for protocol in range(6)),
        copy.copy(error),
        copy.deepcopy(error),
    ):
        assert type(error) is type(again)
        assert (error.args, str(error)) == (again.args, str(again))
        assert error.__dict__ == again.__dict__


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in map(heymilo_async.__dict__.get, heymilo_async.__all__)
        if isinstance(kind, type) and issubclass(kind, BaseException)
    ],
)
def test_every_class_of_error_is_pickled(kind):
    """
    Case 119: every exported exception can be pickled and copied.
    """
    error = kind("text", request="GET /x", cursor="C")

    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert (kind, "text", "GET /x", "C") == (
            type(again),
            str(again),
            again.request,
            again.cursor,
        )


# A server that repeats the key.


def escaped(secret):
    """
    Return *secret* with every character escaped as JSON allows.
    """
    return "".join(f"\\u{ord(character):04x}" for character in secret)


ECHOES = {
    "plain": lambda secret: secret,
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON with slashes": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "JSON, all escaped": escaped,
    "JSON, one letter escaped": lambda secret: (
        f"\\u{ord(secret[0]):04X}{json.dumps(secret[1:])[1:-1]}"
    ),
    "URL": lambda secret: quote(secret, safe=""),
    "URL in small letters": lambda secret: re.sub(
        "%..", lambda found: found[0].lower(), quote(secret, safe="")
    ),
    "HTML": html.escape,
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "repr": lambda secret: repr(secret)[1:-1],
}

BODIES = {
    "envelope": '{"error": {"type": "t", "code": "c", "message": "bad key %s", "param": "%s"}}',
    "detail text": '{"detail": "bad key %s %s"}',
    "issues": '{"detail": [{"loc": ["header", "%s"], "msg": "%s", "type": "t"}]}',
    "issues with input": '{"detail": [{"loc": [], "msg": "m", "type": "t", "input": "%s", "ctx": {"%s": 1}}]}',
    "errors": '{"error": {"type": "t", "code": "%s", "message": "m", "errors": [{"code": "c", "message": "%s"}]}}',
    "members": '{"error": {"type": "t", "code": "c", "message": "m", "key": "%s", "%s": {"a": []}}}',
    "HTML": "<html>%s and %s</html>",
    "success": '{"data": {"id": "%s", "phone_number": 5, "%s": 1}}',
}


@pytest.mark.parametrize("how", few(ECHOES, 4))
@pytest.mark.parametrize("key", [KEY, ODD_KEY], ids=["plain key", "odd key"])
def test_key_echoed_in_a_body(front, serve, how, key):
    """
    Case 118: an error masks a key that the server repeats, in any notation.
    """
    echoes = ECHOES[how](key), ECHOES[how](TOKEN)
    server = serve(
        *[
            answer(200 if where == "success" else 401, (body % echoes).encode())
            for where, body in BODIES.items()
        ]
    )

    async def body(client):
        return [await failure(client) for _ in BODIES]

    errors = front.run(body, server.base_url, api_key=key)

    for where, error in zip(BODIES, errors, strict=True):
        assert (ResponseDecodeError if where == "success" else AuthenticationError) is type(error)
        seen = [error.message, repr(error), repr(error.__dict__), error.body.decode()]
        seen += [repr(pickle.dumps(error)), *insides(error.__dict__)]
        # The caller may see what is decoded from the kept body, too.
        with contextlib.suppress(ValueError):
            seen.append(str(json.loads(error.body)))
        assert [] == [(where, text[:300], leaks(text)) for text in seen if leaks(text)]


def test_key_at_the_edge_of_what_is_kept(front, serve):
    """
    Case 118: of a key across the end of the kept body no half remains.
    """
    server = serve(answers=lambda request: answer(400, b"x" * next(sizes) + KEY.encode()))
    ends = [size for edge in (512, 65_536) for size in range(edge - len(KEY) - 1, edge + 2, 3)]
    sizes = iter(ends)

    async def body(client):
        return [await failure(client) for _ in ends]

    halves = [KEY[:length] for length in range(8, len(KEY) + 1)]
    for error in front.run(body, server.base_url):
        assert [] == [half for half in halves if half in str(error) or half.encode() in error.body]


@pytest.mark.parametrize("status", [200, 301, 400, 401, 429, 503])
def test_key_echoed_in_headers(front, serve, records, status):
    """
    Case 118: an error has no header with a credential, and masks the others.
    """
    fields = [
        f"X-API-KEY: {KEY}",
        f"Authorization: Bearer {TOKEN}",
        f"Set-Cookie: session={KEY}",
        f"X-Request-Id: {KEY}",
        f"X-Echo: key={KEY}; token={TOKEN}",
        f"X-Echo: {base64.b64encode(KEY.encode()).decode()}",
        f"WWW-Authenticate: Bearer realm={TOKEN}",
        f"Location: https://{KEY}.example/{KEY}?key={TOKEN}",
        f"Retry-After: {KEY}",
        f"RateLimit: {KEY};r=0;t={KEY}",
    ]
    server = serve(answer(status, b"<html>", *fields, content_type=f"text/{KEY}"))

    error = front.run(failure, server.base_url, retry=ONCE)

    assert isinstance(error, APIStatusError | ResponseDecodeError)
    assert not {"x-api-key", "authorization", "set-cookie"} & set(error.headers)
    assert "x-echo" in error.headers
    assert_clean(error)
    assert [] == seen_in(records)


@pytest.mark.parametrize("status", [200, 400, 401, 503])
def test_key_echoed_in_the_status_line(front, serve, records, status):
    """
    Case 118: a reason phrase with the key appears in no error, and in no log.
    """
    body = b"{}"
    head = f"HTTP/1.1 {status} {KEY} {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
    server = serve(head.encode() + body)

    error = front.run(failure, server.base_url, retry=ONCE)

    assert_clean(error)
    assert [] == seen_in(records)


def test_key_echoed_where_no_http_is(front, serve, records):
    """
    Case 118: if the response is the request itself, the error does not contain the key.
    """

    def mirror(request):
        return "\r\n".join(f"{name}: {value}" for name, value in request.headers.items()).encode()

    def garbled(request):
        return b"HTTP/1.1 200 " + mirror(request) + b"\r\n\r\n"

    for answers in (mirror, garbled):
        server = serve(answers=answers)
        error = front.run(failure, server.base_url, retry=ONCE, timeout=0.2)

        assert isinstance(error, HeyMiloError)
        assert_clean(error)
        assert [] == seen_in(records)


def test_key_echoed_by_a_bad_header(front, serve):
    """
    Case 118: the HTTP library's text about an invalid header does not reveal the key.
    """
    replies = [
        f"HTTP/1.1 200 OK\r\n{KEY}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nContent-Length: {KEY}\r\n\r\n",
        f"HTTP/1.1 {KEY} OK\r\n\r\n",
        f"{KEY} 200 OK\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {KEY}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{KEY}\r\n",
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {KEY}\r\nContent-Length: 2\r\n\r\n{{}}",
        f"HTTP/1.1 200 OK\r\nX-A: \x00{KEY}\r\n\r\n",
    ]

    def serving(index):
        return lambda connection: (connection.send(replies[index].encode()), connection.close())

    server = serve(*[serving(index) for index in range(len(replies))])

    async def body(client):
        return [await failure(client) for _ in replies]

    for error in front.run(body, server.base_url, retry=ONCE):
        assert isinstance(error, HeyMiloError)
        assert_clean(error)


def test_default_header_echoed(front, serve):
    """
    Case 118: the value of a default header may be secret, so it is masked, too.
    """
    server = serve(
        answer(403, f'{{"detail": "token {HEADER} is wrong"}}'.encode(), f"X-A: {HEADER}")
    )

    error = front.run(failure, server.base_url)

    assert 403 == error.status_code
    assert_clean(error)


def test_echoed_key_leaves_the_rest_of_the_text(front, serve):
    """
    Case 118: only the key is masked: the server's text remains readable.
    """
    server = serve(answer(401, f'{{"detail": "Key {KEY} was withdrawn"}}'.encode()))

    error = front.run(failure, server.base_url)

    assert "Key *** was withdrawn" in str(error)


def test_short_key_does_not_blot_out_the_text(front, serve):
    """
    Case 118: a one-letter key of a test server does not turn errors into asterisks.
    """
    server = serve(answer(401, b'{"detail": "a bad key was given"}'))

    error = front.run(failure, server.base_url, api_key="a", access_token=None)

    assert "a bad key was given" in str(error)


# Logs.


def test_logs_of_success_and_retry(front, serve, naps, records):
    """
    Case 120: with the root logger at DEBUG, success, retry and walks log no secret.
    """
    server = serve(
        answer(503, b"", f"X-Echo: {KEY}"),
        answer(429, b"", "Retry-After: 1"),
        single(),
        page("A", more=True),
        page("B"),
    )

    async def body(client):
        await client.phone_numbers.get(NUMBER["id"])
        return [number.id async for number in client.phone_numbers.list_all()]

    assert ["A", "B"] == front.run(body, server.base_url)
    assert records
    assert [] == seen_in(records)


def test_logs_of_a_success_that_echoes_the_key(front, serve, records):
    """
    Case 120: if a response's head repeats the key, the libraries' DEBUG records do not contain it.
    """
    head = f"HTTP/1.1 200 {KEY}\r\nX-Echo: {KEY}\r\nX-API-KEY: {TOKEN}\r\n"
    body = json.dumps({"data": NUMBER, "meta": None})
    server = serve(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())

    assert front.run(failure, server.base_url) is None
    assert [] == seen_in(records)


def test_raw_response_that_echoes_the_key(front, serve):
    """
    Case 118: the headers of a raw response contain no credentials, whoever sent them.
    """
    server = serve(
        ok({"data": NUMBER}, f"X-API-KEY: {KEY}", f"Set-Cookie: a={KEY}", f"X-Echo: {KEY}")
    )

    async def body(client):
        return await client.raw(client.phone_numbers.get, NUMBER["id"])

    response = front.run(body, server.base_url)

    assert not {"x-api-key", "set-cookie"} & set(response.headers)
    assert [] == leaks(repr(response))


# Redirects.


@pytest.mark.parametrize("status", few([302, 307, 300, 301, 303, 304, 308], 2))
@pytest.mark.parametrize(
    "target",
    [
        "/elsewhere",
        "?x=1",
        "HTTP://127.0.0.1:{own}/api",
        "http://127.0.0.1:{other}/x",
        "//127.0.0.1:{other}/x",
        "http://127.0.0.1:{own}@127.0.0.1:{other}/x",
        "http://user:pass@127.0.0.1:{other}/",
        "http://localhost:{other}/",
    ],
)
def test_redirects_are_not_followed(front, serve, status, target):
    """
    Case 121: a redirect is an error after one request, and no other host receives the key.
    """
    other = serve(single())
    server = serve(b"")
    location = target.format(own=server.port, other=other.port)
    server.replies[0] = answer(status, b"", f"Location: {location}")

    error = front.run(failure, server.base_url)

    assert UnexpectedRedirectError is type(error)
    assert status == error.status_code
    assert (1, 0) == (server.n, other.accepted)
    assert "/elsewhere" not in str(error)
    assert ("127.0.0.1" in str(error) or "localhost" in str(error)) == ("//" in target)


@pytest.mark.parametrize(
    "location",
    ["http://[", "http://host:port", "\x80\xff", "javascript:alert(1)", "", "http://" + "a" * 5000],
    ids=lambda value: ascii(value)[:24],
)
def test_redirects_to_nowhere(front, serve, location):
    """
    Case 121: a redirect whose Location is not a URL is the same error, and no foreign one.
    """
    head = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n"
    server = serve(head.encode("latin-1"))

    error = front.run(failure, server.base_url)

    assert UnexpectedRedirectError is type(error)
    assert len(str(error)) < 500
    assert str(error).isprintable()
    assert 1 == server.n


def test_redirect_keeps_its_location(front, serve):
    """
    Case 121: the target of a redirect remains in the error's headers.
    """
    server = serve(answer(308, b"", "Location: https://new.example/v3"))

    error = front.run(failure, server.base_url)

    assert "https://new.example/v3" == error.headers["location"]
    assert "new.example" in str(error)
    assert "v3" not in str(error)


def test_redirect_through_a_client_that_follows(front, serve):
    """
    Case 121: if a caller's client follows redirects, it does not do so for our requests.
    """
    other = serve(single())
    server = serve(answer(302, b"", f"Location: http://127.0.0.1:{other.port}/x"))
    own = (httpx.Client if front.is_blocking else httpx.AsyncClient)(
        follow_redirects=True, trust_env=False, verify=NO_CERTIFICATES
    )

    async def body(client):
        error = await failure(client)
        await close(own)
        return error

    error = front.run(body, server.base_url, http_client=own)

    assert UnexpectedRedirectError is type(error)
    assert (1, 0) == (server.n, other.accepted)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
@pytest.mark.parametrize("location", ["http://[", "http://host:port", "javascript:alert(1)"])
def test_redirects_to_nowhere_through_a_client_of_ones_own(front, serve, location, library):
    """
    Case 121: it is the same error if the caller's client does not recognise the redirect.
    """
    server = serve(answer(302, b"", f"Location: {location}", f"X-Echo: {KEY}"))
    own = kind_of(front, library)(trust_env=False, verify=NO_CERTIFICATES)

    async def body(client):
        error = await failure(client)
        await close(own)
        return error

    error = front.run(body, server.base_url, http_client=own)

    assert UnexpectedRedirectError is type(error)
    assert (302, location, 1) == (error.status_code, error.headers["location"], server.n)
    assert "canary" not in f"{error} {error.headers}"


def test_proxy_that_redirects(front, serve):
    """
    Case 121: a proxy that responds to CONNECT with a redirect is a failed proxy.
    """
    proxy = serve(answer(302, b"", "Location: http://["))
    own = kind_of(front, httpx)(proxy=proxy.base_url, verify=NO_CERTIFICATES)

    async def body(client):
        error = await failure(client)
        await close(own)
        return error

    error = front.run(body, "https://a.example", http_client=own, retry=ONCE)

    assert (APIConnectionError, "proxy") == (type(error), error.phase)


# Cookies.


@pytest.mark.parametrize("owned", [True, False])
def test_cookies_are_not_kept(front, serve, owned):
    """
    Case 123: cookies are never sent back, and not stored.
    """
    count = iter(range(1000))
    server = serve(
        answers=lambda _: ok(
            {"data": NUMBER},
            f"Set-Cookie: c{next(count)}=1; Path=/",
            "Set-Cookie: session=abc; Max-Age=9999",
        )
    )
    options = {}
    if not owned:
        options["http_client"] = (httpx.Client if front.is_blocking else httpx.AsyncClient)(
            trust_env=False, verify=NO_CERTIFICATES
        )

    async def body(client):
        for _ in range(20):
            await client.phone_numbers.get(NUMBER["id"])
        if not owned:
            await close(options["http_client"])

    front.run(body, server.base_url, **options)

    assert 20 == server.n
    assert all("cookie" not in request.headers for request in server.requests)


def test_basic_authentication_of_netrc(front, serve, monkeypatch, tmp_path):
    """
    Case 121: the password of a netrc file is not sent instead of the token.
    """
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login user password {PASSWORD}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(single())

    assert front.run(failure, server.base_url) is None
    assert f"Bearer {TOKEN}" == server.requests[0].headers["authorization"]


# Proxies.


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("user", [f"user:{PASSWORD}", f"{PASSWORD}:", PASSWORD])
def test_proxy_that_echoes_its_password(front, serve, records, scheme, user):
    """
    Case 118: if a proxy's refusal repeats its password, no text contains it, nor the user's name if
    there is no password.
    """
    login = base64.b64encode((user if ":" in user else f"{user}:").encode()).decode()
    body = f"wrong: {login} {PASSWORD}"
    proxy = serve(
        (
            f"HTTP/1.1 407 wrong {login} {PASSWORD}\r\nX-Echo: Basic {login}\r\n"
            f"Proxy-Authenticate: Basic\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
    )

    error = front.run(
        failure,
        f"{scheme}://127.0.0.1:1",
        proxy=f"http://{user}@127.0.0.1:{proxy.port}",
        retry=ONCE,
    )

    assert f"Basic {login}" == proxy.requests[0].headers["proxy-authorization"]
    assert isinstance(error, APIConnectionError | APIStatusError)
    assert_clean(error)
    assert [] == seen_in(records)


def test_proxy_does_not_see_the_key_of_an_encrypted_call(front, serve):
    """
    Case 121: a proxy receives a request for a tunnel, and neither key, token nor default headers.
    """
    proxy = serve(answer(502))

    front.run(failure, "https://127.0.0.1:1", proxy=proxy.base_url, retry=ONCE)

    (request,) = proxy.requests
    assert "CONNECT" == request.method
    assert [] == leaks(repr(request))


@pytest.mark.parametrize(
    "value",
    [
        "http://user:{}@127.0.0.1:99999",
        "ftp://user:{}@127.0.0.1:1",
        "http://user:{}@[",
        "http://user:{}@",
        "socks5://user:{}@127.0.0.1:1",
        "socks9://user:{}@127.0.0.1:1",
    ],
)
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_password_in_a_broken_variable(front, monkeypatch, records, variable, value):
    """
    Case 118: the error names an invalid proxy variable, and does not show its password.
    """
    monkeypatch.setenv(variable, value.format(PASSWORD))

    error = front.run(failure, "http://127.0.0.1:1", retry=ONCE)

    assert isinstance(error, ConfigurationError | APIConnectionError)
    if isinstance(error, ConfigurationError):
        assert variable in str(error) or "proxy" in str(error).lower()
    assert_clean(error)
    assert [] == seen_in(records)


def test_values_that_compare_secrets(front):
    """
    Case 118: settings compare by their secrets, have equal hashes, and do not show them.
    """
    one = front.client("http://127.0.0.1:1")
    two = front.client("http://127.0.0.1:1")
    three = one.with_options(api_key=ODD_KEY)

    assert settings_of(one) == settings_of(two)
    assert settings_of(one) != settings_of(three)
    assert hash(settings_of(one)) == hash(settings_of(two))
    assert settings_of(one).api_key != KEY


def test_deadline_error_of_a_wait_shows_no_key(front, serve):
    """
    Case 118: the error during a key's cool-down names the call and not the key.
    """
    server = serve(answer(429, b"", "Retry-After: 20"))

    async def body(client):
        hasty = client.with_options(deadline=1.0)
        return [await failure(hasty), await failure(hasty)]

    for error in front.run(body, server.base_url):
        assert RateLimitError is type(error)
        assert_clean(error)
    assert 1 == server.n


def test_kinds_of_errors_are_the_expected_ones(front, serve):
    """
    Case 118: the failures above cover every kind of error.
    """
    kinds = set()
    for name in ("status 400", "redirect", "not JSON", "another id", "no HTTP", "deadline"):
        reply, options = FAILURES[name]
        server = serve(reply)
        kinds.add(type(front.run(failure, server.base_url, retry=ONCE, **options)))

    assert {
        heymilo_async.BadRequestError,
        UnexpectedRedirectError,
        ResponseDecodeError,
        ResponseMismatchError,
        APIConnectionError,
        DeadlineExceededError,
    } == kinds


def test_error_for_a_missing_number_names_it(front, serve):
    """
    Case 118: an error has method and path, which are not secret, and no query.
    """
    server = serve(answer(404, b"{}"))

    async def body(client):
        return await failure(client, lambda c: c.phone_numbers.list(starting_after="q-1"))

    error = front.run(body, server.base_url)

    assert NotFoundError is type(error)
    assert "GET /api/v2/phone-numbers" == error.request
    assert "q-1" not in str(error)


def test_both_faces_are_masked_alike():
    """
    Case 118: the two clients' reprs differ only in their names.
    """
    one = AsyncHeyMilo(KEY, base_url="http://127.0.0.1:1")
    two = HeyMilo(KEY, base_url="http://127.0.0.1:1")

    assert repr(two) == repr(one).replace("AsyncHeyMilo", "HeyMilo")
