"""
`client.request`: it sends any request, with the same retries, limits and errors as every call.
"""

from __future__ import annotations

import re

import httpx
import pytest
from fronts import KEY
from talking import sent, talk

from heymilo_async import HeyMilo, InvalidRequestError, NotFoundError, ServerError

PATH = "/api/v2/badges"


def test_the_json_of_an_answer_comes_back(front):
    """
    Any JSON is returned; None if there is none. The key is sent.
    """
    answers = [httpx.Response(200, json=[1, {"a": None}]), httpx.Response(204)]
    some, (request,) = talk(
        front, lambda c: c.request("get", PATH, query={"a": "b c", "n": None, "i": 5}), answers[0]
    )
    nothing, _ = talk(front, lambda c: c.request("DELETE", f"{PATH}/1"), answers[1])

    assert [1, {"a": None}] == some
    assert None is nothing
    assert "https://api.example.com/api/v2/badges?a=b%20c&i=5" == str(request.url)
    assert ("GET", KEY) == (request.method, request.headers["X-API-KEY"])


def test_flags_in_a_query_are_written_as_in_json(front):
    """
    A bool is sent as `true` or `false`, and not as Python writes it.
    """
    _, (request,) = talk(
        front,
        lambda c: c.request("GET", PATH, query={"old": True, "new": False}),
        httpx.Response(204),
    )

    assert "old=true&new=false" == request.url.query.decode()


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"a": ["x"]}, "query['a'] must be a str, an int or None, not list"),
        ({"a": b"x"}, "query['a'] must be a str, an int or None, not bytes"),
        ({"a": 1.5}, "query['a'] must be a str, an int or None, not float"),
        ({1: "x"}, "a name in query must be a str, not int"),
        ("a=x", "query must be a mapping, not str"),
    ],
)
def test_queries_of_other_types_are_not_sent(front, query, fault):
    """
    A value whose text in a query is not obvious is refused with its name.
    """
    with pytest.raises(TypeError, match=f"^{re.escape(fault)}$"):
        talk(front, lambda c: c.request("GET", PATH, query=query), AssertionError("was sent"))


def test_a_body_goes_out_as_json(front):
    """
    The body is any JSON, and a request that may have arrived is not repeated.
    """
    error, (request,) = talk(
        front, lambda c: c.request("POST", PATH, body={"a": [1]}), httpx.Response(503)
    )

    assert {"a": [1]} == sent(request)
    assert "application/json" == request.headers["Content-Type"]
    assert (ServerError, True) == (type(error), error.maybe_sent)


def test_what_is_repeatable_is_said(front, naps):
    """
    By default a GET is repeatable and a POST is not; the caller can change both.
    """
    down = httpx.Response(503)
    _, posted = talk(front, lambda c: c.request("POST", PATH, repeatable=True), down)
    _, got = talk(front, lambda c: c.request("GET", PATH, repeatable=False), down)
    _, usual = talk(front, lambda c: c.request("GET", PATH), down)

    assert (3, 1, 3) == (len(posted), len(got), len(usual))


def test_errors_are_those_of_every_call(front):
    """
    A 404 is a `NotFoundError`.
    """
    error, _ = talk(front, lambda c: c.request("GET", PATH), httpx.Response(404))

    assert NotFoundError is type(error)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/a b", "/a%20b"),
        ("/a%2Fb", "/a%2Fb"),
        ("/\u00e9", "/%C3%A9"),
        ("/a/...", "/a/..."),
    ],
)
def test_paths_are_quoted(front, path, expected):
    """
    Characters that a URL cannot contain are quoted, and existing quoting is kept.
    """
    _, (request,) = talk(front, lambda c: c.request("GET", path), httpx.Response(204))

    assert expected == request.url.raw_path.decode()


@pytest.mark.parametrize(
    ("method", "path", "given", "error"),
    [
        ("GET", "api", {}, InvalidRequestError),
        ("GET", "", {}, InvalidRequestError),
        ("GET", "//evil.example.com/", {}, InvalidRequestError),
        ("GET", "https://evil.example.com/", {}, InvalidRequestError),
        ("GET", "/a?b=c", {}, InvalidRequestError),
        ("GET", "/a#b", {}, InvalidRequestError),
        ("GET", "/a\\b", {}, InvalidRequestError),
        ("GET", "/a/../b", {}, InvalidRequestError),
        ("GET", "/a/.", {}, InvalidRequestError),
        ("GET", "/a/%2e%2E/b", {}, InvalidRequestError),
        ("GET", "/a\n", {}, InvalidRequestError),
        ("GET", "/\ud800", {}, InvalidRequestError),
        ("TRACE", "/a", {}, InvalidRequestError),
        ("GET", "/a", {"repeatable": 1}, TypeError),
        ("GET", 5, {}, TypeError),
        (5, "/a", {}, TypeError),
        ("POST", "/a", {"body": {1, 2}}, TypeError),
        ("POST", "/a", {"body": float("nan")}, InvalidRequestError),
    ],
)
def test_what_cannot_be_asked_is_refused(front, method, path, given, error):
    """
    A path that leaves base_url, or an invalid argument, is refused unsent.
    """

    async def body(client):
        with pytest.raises(error):
            await client.request(method, path, **given)

    front.run(body, "https://api.example.com")


def test_raw_takes_requests_and_says_what_it_does_not_take(front):
    """
    `raw` returns a request's whole response; for a walk, the error names the method to use.
    """
    response, _ = talk(
        front, lambda c: c.raw(c.request, "GET", PATH), httpx.Response(200, json={"a": 1})
    )

    assert (200, {"a": 1}) == (response.status_code, response.data)

    async def body(client):
        for walk, name in (
            (client.phone_numbers.list_all, "client.phone_numbers.list"),
            (client.postings.list_all_summaries, "client.postings.list_summaries"),
        ):
            method = getattr(walk, "_method", walk)
            with pytest.raises(TypeError, match=f"pass {name}$"):
                await client.raw(method)

    front.run(body, "https://api.example.com")


def test_requests_of_another_client():
    """
    `raw` refuses another client's request.
    """
    with HeyMilo(KEY) as one, HeyMilo(KEY) as other, pytest.raises(InvalidRequestError):
        one.raw(other.request, "GET", PATH)
