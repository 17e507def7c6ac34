"""
The tools that mock HTTP see the client's requests, and no request is sent past them.
"""

from __future__ import annotations

import contextlib
import json

import httpx
import pytest
import respx
import vcr
from fronts import KEY
from server import NUMBER, answer, single

from heymilo_async import APITimeoutError, RetryPolicy, UnprocessableEntityError

ID = NUMBER["id"]
MOCKED = {"data": {**NUMBER, "country_code": "GB"}, "meta": None}


async def country(client):
    """
    Return the country of the number that mock and server have.
    """
    return (await client.phone_numbers.get(ID)).country_code


@contextlib.contextmanager
def by_pytest_httpx(request):
    """
    Mock with pytest-httpx.
    """
    httpx_mock = request.getfixturevalue("httpx_mock")
    httpx_mock.add_response(json=MOCKED)
    yield
    (sent,) = httpx_mock.get_requests()
    assert KEY == sent.headers["X-API-KEY"]


@contextlib.contextmanager
def by_respx(_, using="httpcore"):
    """
    Mock with respx, which replaces httpcore's connections.
    """
    with respx.mock(using=using) as router:
        route = router.get(path=f"/api/v2/phone-numbers/{ID}").respond(json=MOCKED)
        yield
        assert 1 == route.call_count


@contextlib.contextmanager
def by_respx_using_httpx(request):
    """
    Mock with respx, which replaces the transports of httpx's clients.
    """
    with by_respx(request, using="httpx"):
        yield


@pytest.mark.parametrize("mocking", [by_pytest_httpx, by_respx, by_respx_using_httpx])
def test_a_mock_answers(front, serve, request, mocking):
    """
    Case 191: the mock responds instead of the server, which receives no request.
    """
    server = serve(single())

    with mocking(request):
        assert "GB" == front.run(country, server.base_url)
    assert 0 == server.accepted


def test_a_mock_transport_answers(front):
    """
    Case 191: `httpx.MockTransport` in a client of the user's own responds.
    """
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=MOCKED))
    kind = httpx.Client if front.is_blocking else httpx.AsyncClient

    assert "GB" == front.run(country, "http://127.0.0.1:1", http_client=kind(transport=transport))


@pytest.mark.parametrize(
    "name", ["send", "_send_single_request", "_transport_for_url", "handle_request"]
)
def test_a_tracer_sees_a_request(front, serve, monkeypatch, name):
    """
    Case 191: a tool that replaces a method of httpx's client or transport sees each request once,
    whichever of the usual ones it replaces.
    """
    client, transport = (
        (httpx.Client, httpx.HTTPTransport)
        if front.is_blocking
        else (httpx.AsyncClient, httpx.AsyncHTTPTransport)
    )
    owner = transport if name == "handle_request" else client
    method = name if front.is_blocking or owner is client else "handle_async_request"
    replaced, seen = getattr(owner, method), []

    def traced(self, request, **options):
        seen.append(request)
        return replaced(self, request, **options)

    monkeypatch.setattr(owner, method, traced)

    assert NUMBER["country_code"] == front.run(country, serve(single()).base_url)
    assert 1 == len(seen)


def test_a_tool_that_responds_itself(front, serve, monkeypatch):
    """
    Case 191: a tool that replaces the method of httpx's client that sends may respond with a stream
    of its own.
    """
    server = serve(single())
    kind = httpx.Client if front.is_blocking else httpx.AsyncClient

    def respond(*_):
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(MOCKED).encode()))

    async def respond_async(*_):
        return respond()

    monkeypatch.setattr(
        kind, "_send_single_request", respond if front.is_blocking else respond_async
    )

    assert "GB" == front.run(country, server.base_url)
    assert 0 == server.accepted


@pytest.mark.lets_out("AssertionError")
def test_an_assertion_of_a_mock(front, serve, httpx_mock):
    """
    Case 191: an AssertionError of a mock is raised unchanged, at once.
    """
    server = serve(single())
    httpx_mock.add_exception(AssertionError("not as expected"))

    async def body(client):
        with pytest.raises(AssertionError, match="not as expected"):
            await client.phone_numbers.get(ID)

    front.run(body, server.base_url)
    assert 1 == len(httpx_mock.get_requests())
    assert 0 == server.accepted


@pytest.mark.lets_out("JSONDecodeError")
def test_an_error_within_a_mock_transport(front):
    """
    Case 191: an exception of the standard library in a user's mock is raised unchanged.
    """
    transport = httpx.MockTransport(lambda _: json.loads("{"))
    kind = httpx.Client if front.is_blocking else httpx.AsyncClient

    async def body(client):
        with pytest.raises(json.JSONDecodeError):
            await client.phone_numbers.get(ID)

    front.run(body, "http://127.0.0.1:1", http_client=kind(transport=transport))


def test_a_timeout_of_a_mock(front, httpx_mock):
    """
    Case 191: a simulated timeout of a mock counts as a timeout.
    """
    httpx_mock.add_exception(httpx.ReadTimeout("made up"))

    async def body(client):
        with pytest.raises(APITimeoutError) as caught:
            await client.phone_numbers.get(ID)
        return caught.value.phase

    assert "read" == front.run(body, "http://127.0.0.1:1", retry=RetryPolicy(max_attempts=1))


@pytest.mark.parametrize(
    ("options", "has_key"), [({}, True), ({"filter_headers": ["X-API-KEY"]}, False)]
)
def test_a_cassette(front, serve, tmp_path, options, has_key):
    """
    Case 191: a cassette of vcrpy records and replays responses; it contains the key unless
    filtered.
    """
    server = serve(single())
    path = tmp_path / "cassette.yaml"
    for _ in range(2):
        with vcr.use_cassette(str(path), record_mode="once", **options):
            assert NUMBER["country_code"] == front.run(country, server.base_url)

    assert 1 == server.n
    assert has_key == (KEY in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("options", "has_it"), [({}, True), ({"filter_post_data_parameters": ["webhook_url"]}, False)]
)
def test_a_secret_in_a_cassette(front, serve, tmp_path, options, has_it):
    """
    Case 191: a cassette also contains the bodies of requests unchanged, unless filtered.
    """
    server = serve(answer(422, b"{}"))
    path = tmp_path / "cassette.yaml"
    token = "t0ken-of-a-hook"

    async def body(client):
        with pytest.raises(UnprocessableEntityError):
            await client.webhooks.create(
                posting_id="P1", webhook_url=f"https://example.com/{token}", event_type="any"
            )

    with vcr.use_cassette(str(path), **options):
        front.run(body, server.base_url)

    assert token in server.requests[0].body.decode()
    assert has_it == (token in path.read_text(encoding="utf-8"))
