"""
Clients are pickled as their settings, without a secret, and open lazily in the receiving process.
"""

from __future__ import annotations

import copy
import pickle
import ssl

import httpx
import pytest
from fronts import KEY
from inside import engine_of, has_opened
from server import NUMBER, page, single

from heymilo_async import (
    AsyncHeyMilo,
    ConfigurationError,
    HeyMilo,
    RateLimit,
    RetryPolicy,
)
from heymilo_async.events import Event

ID = NUMBER["id"]
HEARD: list[Event] = []


def hear(event):
    """
    Keep *event*; a function of a module, as pickle wants it.
    """
    HEARD.append(event)


def sent(thing):
    """
    Return *thing* as another process receives it.
    """
    return pickle.loads(pickle.dumps(thing))


def test_a_client_works_where_it_arrives(front, serve, monkeypatch):
    """
    If the receiving process has the key in its environment, the client works at once.
    """
    server = serve(single())
    client = front.client(server.base_url, deadline=20.0, ssl_context=None)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert KEY.encode() not in pickle.dumps(client, protocol)
    monkeypatch.setenv("HEYMILO_API_KEY", KEY)
    again = sent(client)

    async def body():
        other = front.awaitable(again)
        await other.phone_numbers.get(ID)
        await other.aclose()

    front.run_alone(body)
    assert type(client) is type(again)
    assert [KEY] == [one.headers["x-api-key"] for one in server.requests]


def test_every_setting_arrives(front, monkeypatch):
    """
    All settings arrive, except the secrets; nothing is opened.
    """
    monkeypatch.setenv("HEYMILO_API_KEY", "the-key-over-there")
    monkeypatch.setenv("HEYMILO_WORKSPACE_ID", "another-workspace")
    monkeypatch.setenv("HEYMILO_BASE_URL", "http://127.0.0.1:2")
    client = front.client(
        "http://192.0.2.1:8080/prefix",
        ssl_context=None,
        workspace_id="ours",
        timeout=7.0,
        deadline=None,
        retry=RetryPolicy(max_attempts=9),
        rate_limit=RateLimit(3, per=5.0),
        events=hear,
        max_connections=12,
        default_headers={"X-Team": "desk"},
        proxy="http://127.0.0.1:3128",
        allow_insecure_http=True,
    )
    ours, theirs = engine_of(client), engine_of(sent(client))

    assert (ours.settings.timeout, ours.settings.deadline) == (7.0, None)
    assert ours.settings.default_headers == theirs.settings.default_headers
    assert ours.settings.events.listeners == theirs.settings.events.listeners
    for name in ("base_url", "workspace_id", "timeout", "deadline", "retry", "rate_limit"):
        assert getattr(ours.settings, name) == getattr(theirs.settings, name), name
    assert ours.settings.allow_insecure_http is theirs.settings.allow_insecure_http
    assert ours.pool.settings == theirs.pool.settings
    assert "the-key-over-there" == theirs.settings.api_key.reveal()
    assert not has_opened(theirs.pool)


def test_without_a_key_where_it_arrives(front, serve):
    """
    Without a key in the receiving process, the client arrives; its calls say what to do, and views
    work.
    """
    server = serve(single())
    again = sent(front.client(server.base_url, ssl_context=None))

    async def body():
        other = front.awaitable(again)
        with pytest.raises(ConfigurationError, match="HEYMILO_API_KEY") as caught:
            await other.phone_numbers.get(ID)
        with pytest.raises(ConfigurationError, match="no credentials"):
            other.with_options(timeout=1.0)
        await other.with_options(api_key=KEY).phone_numbers.get(ID)
        await other.aclose()
        return caught.value

    assert "with_options(api_key=...)" in str(front.run_alone(body))
    assert "api_key" not in repr(again)
    assert 1 == server.n


def test_the_credentials_it_had(monkeypatch):
    """
    The receiver reads what the client had: a key, a token, or both, and never one instead of the
    other.
    """
    monkeypatch.setenv("HEYMILO_API_KEY", "a-key")
    monkeypatch.setenv("HEYMILO_ACCESS_TOKEN", "a-token")
    given = [{"api_key": "k"}, {"access_token": "t"}, {"api_key": "k", "access_token": "t"}]
    had = []
    for one in given:
        with HeyMilo(**one) as client:
            settings = engine_of(sent(client)).settings
            had.append([name for name in one if getattr(settings, name) is not None])
            assert len(one) == sum(each is not None for each in settings.credential)

    assert [list(one) for one in given] == had


def test_a_view_becomes_a_client(front, serve, monkeypatch):
    """
    A view arrives with its own settings, as a client with connections of its own.
    """
    monkeypatch.setenv("HEYMILO_API_KEY", KEY)
    server = serve(page())
    client = front.client(server.base_url, ssl_context=None)
    again = sent(client.with_options(timeout=3.0))

    async def body():
        other = front.awaitable(again)
        async with other:
            await other.phone_numbers.list()

    front.run_alone(body)
    assert 3.0 == engine_of(again).settings.timeout
    assert engine_of(again).pool.closed
    assert not engine_of(client).pool.closed


def test_a_client_of_a_class_of_yours(monkeypatch):
    """
    A subclass keeps its class.
    """
    monkeypatch.setenv("HEYMILO_API_KEY", KEY)

    assert Mine is type(sent(Mine(KEY)))
    assert AsyncMine is type(sent(AsyncMine(KEY)))


class Mine(HeyMilo):
    """
    A client of one's own.
    """


class AsyncMine(AsyncHeyMilo):
    """
    An awaited client of one's own.
    """


def test_the_storage_of_a_rate_limit(front, serve, redis_server, monkeypatch):
    """
    The pickle omits the password of a storage; without it no call starts, and it can be set again.
    """
    monkeypatch.setenv("HEYMILO_API_KEY", KEY)
    server = serve(single())
    rule = RateLimit(5, per=60, storage=redis_server.url)
    client = front.client(server.base_url, rate_limit=rule, ssl_context=None)
    again = sent(client)

    async def body():
        other = front.awaitable(again)
        with pytest.raises(ConfigurationError, match="HEYMILO_STORAGE_PASSWORD"):
            await other.phone_numbers.get(ID)
        await other.with_options(rate_limit=rule).phone_numbers.get(ID)
        await other.aclose()

    assert b"canary" not in pickle.dumps(client)
    front.run_alone(body)
    assert redis_server.keys()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"http_client": httpx.Client}, "http_client="),
        ({"ssl_context": lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}, "ssl_context="),
        ({"proxy": lambda: "http://me:pw-canary@127.0.0.1:1"}, "HTTPS_PROXY"),
        ({"default_headers": lambda: {"X-Gateway-Token": "pw-canary"}}, "X-Gateway-Token"),
        ({"events": lambda: lambda _: None}, "events="),
        ({"events": lambda: [hear, lambda _: None]}, "events="),
    ],
)
def test_what_cannot_be_pickled(options, named):
    """
    A setting that cannot be pickled, or is secret, is a `TypeError` that names it and says what to
    do.
    """
    made = {name: make() for name, make in options.items()}
    with HeyMilo(KEY, **made) as client, pytest.raises(TypeError) as caught:
        pickle.dumps(client)

    assert named in str(caught.value)
    assert ": " in str(caught.value)
    assert "canary" not in str(caught.value)
    for one in made.values():
        if isinstance(one, httpx.Client):
            one.close()


def test_clients_are_not_copied(front):
    """
    Copying a client is a `TypeError` that suggests `with_options`.
    """
    client = front.client("http://127.0.0.1:1", ssl_context=None)
    for attempt in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="with_options"):
            attempt(client)


def test_what_belongs_to_a_client(front):
    """
    A resource, a method and a pager cannot be pickled; the error says to pickle the client.
    """
    client = front.client("http://127.0.0.1:1", ssl_context=None)
    for thing in (
        client.phone_numbers,
        client.phone_numbers.get,
        client.phone_numbers.list_all(),
    ):
        with pytest.raises(TypeError, match="pickle the client"):
            pickle.dumps(thing)
