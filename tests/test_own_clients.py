"""
An `http_client=` of httpx or httpx2 gives the same results over real sockets as our own client.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import subprocess
import sys
import time

import anyio
import pytest
from fronts import KEY, NO_CERTIFICATES, QuickFront
from own import LIBRARIES, close, kind_of
from server import NUMBER, answer, ok, page, single

from heymilo_async import (
    APIConnectionError,
    DeadlineExceededError,
    HeyMiloError,
    PhoneNumber,
    RetryPolicy,
    UnexpectedRedirectError,
    from_dict,
)

ID = NUMBER["id"]
ONCE = RetryPolicy(max_attempts=1)
BODY = json.dumps({"data": NUMBER, "meta": None}).encode()
PACKED = gzip.compress(BODY)
GZIP = "Content-Encoding: gzip"


def chunked(*pieces):
    """
    Return a response with a chunked body.
    """
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    return head + b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in (*pieces, b""))


#: Responses, and the outcome for a client that receives them.
ANSWERS = {
    "well": single(),
    "gzip": answer(200, PACKED, GZIP),
    "two members of gzip": answer(200, gzip.compress(BODY[:9]) + gzip.compress(BODY[9:]), GZIP),
    "chunks": chunked(BODY[:5], BODY[5:6], BODY[6:]),
    "gzip cut short": answer(200, PACKED[:-9], GZIP),
    "gzip that is none": answer(200, BODY, GZIP),
    "gzip of 33 MiB": answer(200, gzip.compress(bytes(33 * 1024**2), 1), GZIP),
    "a coding not asked for": answer(200, BODY, "Content-Encoding: br"),
    "body cut short": single()[:-9],
    "chunks cut short": chunked(BODY)[:-9],
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "no JSON": answer(200, b"<html>", content_type="text/html"),
    "another id": single(id="OTHER"),
    "404": answer(404, b'{"detail": "no such number"}'),
    "503 of a gateway": answer(503, b"<html>", "Retry-After: 7", content_type="text/html"),
    "an error in gzip": answer(422, gzip.compress(b'{"detail": "packed"}'), GZIP),
}
#: The valid ones.
WELL = {"well", "gzip", "two members of gzip", "chunks"}


def told(connection, what):
    """
    Send *what*, and close the connection.
    """
    connection.send(what)
    connection.close()


@pytest.fixture(params=LIBRARIES, ids=lambda library: library.__name__)
def library(request):
    """
    Each of the two libraries in turn.
    """
    return request.param


@contextlib.asynccontextmanager
async def own_client(front, library, base_url, hooks=None, **options):
    """
    Give a client of ours over one of *library*, for a body to await.
    """
    own = kind_of(front, library)(
        trust_env=False, verify=NO_CERTIFICATES, follow_redirects=True, event_hooks=hooks
    )
    async with front.awaitable(front.client(base_url, http_client=own, **options)) as client:
        yield client
    assert not own.is_closed
    await close(own)


async def outcome(client):
    """
    Return the outcome of a `get`: the number, or the fields of its error.
    """
    try:
        return await client.phone_numbers.get(ID)
    except HeyMiloError as error:
        facts = ("phase", "maybe_sent", "status_code", "retry_after", "path")
        return type(error), *(getattr(error, fact, None) for fact in facts)


@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_a_server_says(front, serve, library, name):
    """
    The number, or the error with its phase and its status, is the same with your client and ours.
    """
    server = serve(lambda connection: told(connection, ANSWERS[name]))

    async def ours(client):
        return await outcome(client)

    async def theirs():
        async with own_client(front, library, server.base_url, retry=ONCE) as client:
            return await outcome(client)

    expected = front.run(ours, server.base_url, retry=ONCE, ssl_context=NO_CERTIFICATES)

    assert expected == front.run_alone(theirs)
    assert (name in WELL) is (expected == from_dict(PhoneNumber, NUMBER))
    assert 2 == server.n


def test_nobody_listens(front, serve, library):
    """
    A refused connection means that nothing was sent, so the call is retried.
    """
    server = serve()
    server.__exit__()

    async def body():
        retry = RetryPolicy(max_attempts=3, initial_delay=0.001, max_delay=0.001)
        async with own_client(front, library, server.base_url, retry=retry) as client:
            with pytest.raises(APIConnectionError, match="could not connect") as caught:
                await client.phone_numbers.get(ID)
        return caught.value

    error = front.run_alone(body)

    assert (APIConnectionError, "connect", False, 3) == (
        type(error),
        error.phase,
        error.maybe_sent,
        len(error.attempts),
    )


def test_a_hook_that_closes_the_response(front, serve, library):
    """
    If a hook of yours has closed the response, the call is an error, and the body is not read.
    """
    server = serve(single())

    def closes(response):
        response.close()

    async def closes_too(response):
        await response.aclose()

    async def body():
        hooks = {"response": [closes if front.is_blocking else closes_too]}
        async with own_client(front, library, server.base_url, hooks, retry=ONCE) as client:
            return await outcome(client)

    kind, phase, *_ = front.run_alone(body)

    assert ("APIConnectionError", "protocol") == (kind.__name__, phase)


def sending_again(front, library):
    """
    Return a transport of *library* that follows a redirect itself.
    """
    kind = library.HTTPTransport if front.is_blocking else library.AsyncHTTPTransport

    class Blocking(kind):
        def handle_request(self, request):
            response = super().handle_request(request)
            if response.status_code != 307:
                return response
            response.close()
            return super().handle_request(request)

    class Awaited(kind):
        async def handle_async_request(self, request):
            response = await super().handle_async_request(request)
            if response.status_code != 307:
                return response
            await response.aclose()
            return await super().handle_async_request(request)

    return (Blocking if front.is_blocking else Awaited)()


@pytest.mark.parametrize("coding", [(), (GZIP,)], ids=["plain", "in gzip"])
@pytest.mark.parametrize("name", ["well", "body cut short"])
def test_a_transport_that_sends_again(front, serve, library, name, coding):
    """
    The response after a redirect is read as a whole, and not in part like an error.
    """
    redirect = answer(307, b"", "Location: /elsewhere", "Connection: close", *coding)
    server = serve(
        lambda connection: told(connection, redirect),
        lambda connection: told(connection, ANSWERS[name]),
    )
    own = kind_of(front, library)(transport=sending_again(front, library))

    async def theirs():
        client = front.client(server.base_url, http_client=own, retry=ONCE)
        async with front.awaitable(client) as client:
            result = await outcome(client)
        await close(own)
        return result

    expected = {
        "well": from_dict(PhoneNumber, NUMBER),
        "body cut short": (APIConnectionError, "protocol", True, None, None, None),
    }
    assert expected[name] == front.run_alone(theirs)


def test_a_page_after_a_redirect(front, serve, library):
    """
    The limit of an error's body does not apply to it either.
    """
    ids = [f"number {i}" for i in range(2000)]
    redirect = answer(307, b"", "Location: /elsewhere", "Connection: close")
    server = serve(lambda connection: told(connection, redirect), page(*ids))
    own = kind_of(front, library)(transport=sending_again(front, library))

    async def theirs():
        client = front.client(server.base_url, http_client=own, retry=ONCE)
        async with front.awaitable(client) as client:
            result = await client.phone_numbers.list()
        await close(own)
        return [one.id for one in result]

    assert ids == front.run_alone(theirs)


def test_a_server_that_is_silent(front, serve, library):
    """
    No data for `timeout` seconds is an APITimeoutError, whatever timeout the given client has.
    """
    server = serve(lambda connection: connection.wait())

    async def body():
        async with own_client(front, library, server.base_url, retry=ONCE, timeout=0.2) as client:
            return await outcome(client)

    kind, phase, maybe_sent, *_ = front.run_alone(body)

    assert ("APITimeoutError", "read", True) == (kind.__name__, phase, maybe_sent)


def test_a_deadline_within_a_body(front, serve, library):
    """
    A server that sends its body byte by byte exceeds the deadline.
    """
    server = serve(lambda connection: connection.drip(single() + b" " * 400, 0.02, size=8))

    async def body():
        started = time.monotonic()
        async with own_client(front, library, server.base_url, deadline=0.5) as client:
            with pytest.raises(DeadlineExceededError):
                await client.phone_numbers.get(ID)
        return time.monotonic() - started

    assert 0.45 < front.run_alone(body) < 5


def test_a_call_that_is_cancelled(front, serve, library):
    """
    Cancellation is raised unchanged; your client stays usable, and its connection is free again.
    """
    if front.is_blocking:
        front = type(front)("trio")
    server = serve(lambda connection: connection.wait(), single())

    async def body():
        async with own_client(front, library, server.base_url, max_connections=1) as client:
            with anyio.move_on_after(0.3) as scope:
                await client.phone_numbers.get(ID)
            return scope.cancelled_caught, (await client.phone_numbers.get(ID)).id

    assert (True, ID) == front.run_alone(body)


TWO_LENGTHS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
    % (len(BODY), BODY)
)


async def thrice(front, base_url, own):
    """
    Look a number up three times with the user's client *own*, and close that.
    """
    async with front.awaitable(front.client(base_url, http_client=own, retry=ONCE)) as client:
        for _ in range(3):
            assert ID == (await client.phone_numbers.get(ID)).id
    await close(own)


def test_a_response_of_two_lengths(front, serve, library):
    """
    Case 61: with a client of yours, too, its connection serves no second request.
    """
    server = serve(TWO_LENGTHS, single())
    own = kind_of(front, library)()

    front.run_alone(lambda: thrice(front, server.base_url, own))

    assert [1, 2, 2] == [request.connection for request in server.requests]


def test_a_response_of_two_lengths_over_http_2(front, serve, library):
    """
    A connection of HTTP/2 stays open, because its frames show where a response ends.
    """
    server = serve(TWO_LENGTHS, single())
    kind = library.HTTPTransport if front.is_blocking else library.AsyncHTTPTransport

    def as_of_http_2(response):
        response.extensions["http_version"] = b"HTTP/2"
        return response

    class Blocking(kind):
        def handle_request(self, request):
            return as_of_http_2(super().handle_request(request))

    class Awaited(kind):
        async def handle_async_request(self, request):
            return as_of_http_2(await super().handle_async_request(request))

    own = kind_of(front, library)(transport=(Blocking if front.is_blocking else Awaited)())

    front.run_alone(lambda: thrice(front, server.base_url, own))

    assert [1, 1, 1] == [request.connection for request in server.requests]


def test_a_mock_of_two_lengths(front, library):
    """
    A transport without connections has none to close.
    """
    heads = {"Transfer-Encoding": "chunked", "Content-Length": "5"}
    stream = library.ByteStream(BODY)
    transport = library.MockTransport(lambda _: library.Response(200, headers=heads, stream=stream))

    front.run_alone(
        lambda: thrice(front, "http://127.0.0.1:1", kind_of(front, library)(transport=transport))
    )


class Hanging:
    """
    The body of a response whose close never ends.
    """

    async def __aiter__(self):
        yield BODY

    async def aclose(self):
        """
        Wait for ever.
        """
        await anyio.sleep_forever()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_transport_that_hangs_in_closing(library, backend):
    """
    A complete response is returned, even if your transport never finishes closing it.
    """
    stream = type("Stream", (Hanging, library.AsyncByteStream), {})
    transport = library.MockTransport(lambda _: library.Response(200, stream=stream()))
    front = QuickFront(backend)

    async def body():
        own = library.AsyncClient(transport=transport)
        async with front.client("http://127.0.0.1:1", http_client=own) as client:
            with anyio.fail_after(20):
                return (await client.phone_numbers.get(ID)).id

    assert ID == front.run_alone(body)


def test_a_client_that_follows_redirects_does_not_for_us(front, serve, library):
    """
    A redirect is an error after one request, because the key would be sent along.
    """
    elsewhere = serve(single())
    server = serve(answer(307, b"", f"Location: {elsewhere.base_url}/x"))

    async def body():
        async with own_client(front, library, server.base_url) as client:
            with pytest.raises(UnexpectedRedirectError) as caught:
                await client.phone_numbers.get(ID)
        return caught.value.status_code

    assert 307 == front.run_alone(body)
    assert (1, 0) == (server.n, elsewhere.n)


def test_the_library_does_not_log_the_key(front, serve, library, caplog):
    """
    The key is masked in the logs of httpx and httpcore, or their successors, if a response repeats
    it.
    """
    server = serve(ok({"data": NUMBER}, f"X-Echo: {KEY}"))

    async def body():
        async with own_client(front, library, server.base_url) as client:
            await client.phone_numbers.get(ID)

    with caplog.at_level(logging.DEBUG):
        front.run_alone(body)

    assert library.__name__ in {record.name for record in caplog.records}
    assert "X-Echo" in caplog.text
    assert KEY not in caplog.text


def in_a_new_interpreter(code, base_url):
    """
    Return the output of *code*, run in a new interpreter with a `client`.
    """
    asks = (
        f"import warnings; warnings.simplefilter('error'); import sys\n{code}\n"
        "import heymilo_async\n"
        f"with heymilo_async.HeyMilo('a-key', base_url={base_url!r}) as client:\n"
        f"    number = client.phone_numbers.get({ID!r})\n"
        "print(number.id, sorted({'httpx', 'httpx2', 'httpcore', 'httpcore2'} & set(sys.modules)))"
        "\nprint({sys.modules[name].__name__ for name in ('httpx', 'httpcore')})"
    )
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("code", ["", "sys.modules['httpx2'] = sys.modules['httpcore2'] = None"])
def test_who_does_not_bring_the_successor_does_not_get_it(serve, code):
    """
    We do not import httpx2, so it need not be installed.
    """
    server = serve(single())

    first, second = in_a_new_interpreter(code, server.base_url)

    names = ["httpcore", "httpx"] if not code else ["httpcore", "httpcore2", "httpx", "httpx2"]
    assert f"{ID} {names}" == first
    assert second in {"{'httpx', 'httpcore'}", "{'httpcore', 'httpx'}"}


def test_a_program_that_aliases_httpx(serve):
    """
    After `httpx2.alias_httpx()` our own connections use httpx2, without a change of ours.
    """
    server = serve(single())

    first, second = in_a_new_interpreter("import httpx2; httpx2.alias_httpx()", server.base_url)

    assert first.startswith(f"{ID} ")
    assert second in {"{'httpx2', 'httpcore2'}", "{'httpcore2', 'httpx2'}"}
