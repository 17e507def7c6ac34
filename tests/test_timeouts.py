"""
Timeouts for each part of a request: which are sent, which are refused, and what an error says.
"""

from __future__ import annotations

import pickle
import threading

import httpx
import pytest
from server import NUMBER, page, single

from heymilo_async import APITimeoutError, ConfigurationError, HeyMilo, RetryPolicy, Timeouts
from heymilo_async.events import AttemptFinished

ID = NUMBER["id"]
EACH = Timeouts(connect=1, read=2, write=3.5, pool=4)


def watched(front, seen):
    """
    Return an http_client of this front that records the timeouts of each request.
    """

    def answer(request):
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, json={"data": NUMBER, "meta": None})

    kind = httpx.Client if front.is_blocking else httpx.AsyncClient
    return kind(transport=httpx.MockTransport(answer))


def sent_with(front, **options):
    """
    Return the timeouts of the requests of a client, of a view with `EACH`, and of one with 9 s.
    """
    seen = []

    async def body(client):
        await client.phone_numbers.get(ID)
        await client.with_options(timeout=EACH).phone_numbers.get(ID)
        await client.with_options(timeout=9).phone_numbers.get(ID)

    front.run(body, "https://example.com", http_client=watched(front, seen), **options)
    return seen


def test_each_part_has_its_own(front):
    """
    A client and a view may have a number for each part, or one for all parts.
    """
    assert [
        {"connect": 1, "read": 30, "write": 30, "pool": 30},
        {"connect": 1, "read": 2, "write": 3.5, "pool": 4},
        {"connect": 9, "read": 9, "write": 9, "pool": 9},
    ] == sent_with(front, timeout=Timeouts(connect=1))


def test_none_outlasts_the_deadline():
    """
    With your own blocking http_client, no part may last longer than the call.
    """
    seen = []
    http_client = httpx.Client(
        transport=httpx.MockTransport(
            lambda request: (
                seen.append(request.extensions["timeout"])
                or httpx.Response(200, json={"data": NUMBER, "meta": None})
            )
        )
    )
    with HeyMilo(
        "a key",
        base_url="https://example.com",
        http_client=http_client,
        timeout=Timeouts(connect=1, read=1000),
        deadline=60,
    ) as client:
        client.phone_numbers.get(ID)

    assert 1 == seen[0]["connect"]
    assert 0 < seen[0]["read"] <= 60


def test_the_error_says_which(front, serve):
    """
    The error of a timeout has the seconds of its part.
    """
    server = serve(lambda connection: connection.wait())

    async def body(client):
        with pytest.raises(APITimeoutError, match=r"no data for 0.02 s") as caught:
            await client.phone_numbers.get(ID)
        return caught.value.phase

    timeout = Timeouts(connect=50, read=0.02, write=51, pool=52)
    assert "read" == front.run(
        body, server.base_url, timeout=timeout, retry=RetryPolicy(max_attempts=1)
    )


def test_the_wait_for_a_connection(front, serve):
    """
    A call waits for a connection for `pool` seconds, whatever the other parts are.
    """
    is_over = threading.Event()
    server = serve(lambda connection: (is_over.wait(30), connection.send(single())))

    def hear(event):
        if isinstance(event, AttemptFinished) and event.error:
            is_over.set()

    async def body(client):
        return await client.phone_numbers.get_many_settled([ID, ID])

    results = front.run(
        body,
        server.base_url,
        max_connections=1,
        timeout=Timeouts(pool=0.02),
        events=hear,
    )
    (error,) = [one for one in results if isinstance(one, APITimeoutError)]

    assert "pool" == error.phase
    assert "no data for 0.02 s" in str(error)
    assert 1 == server.n


@pytest.mark.parametrize("name", ["connect", "read", "write", "pool"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (0, ConfigurationError),
        (-1.0, ConfigurationError),
        (float("nan"), ConfigurationError),
        ("5", TypeError),
        (None, TypeError),
        (True, TypeError),
    ],
)
def test_what_is_no_number_of_seconds(name, value, kind):
    """
    Each part is checked like the timeout for all parts, and named in the error.
    """
    with pytest.raises(kind, match=f"{name} must be"):
        Timeouts(**{name: value})


@pytest.mark.parametrize("value", [httpx.Timeout(5.0), {"connect": 5.0}, (1, 2), True, None, "5"])
def test_what_is_no_timeout(value):
    """
    Another library's timeout is refused, and the error says what is accepted.
    """
    with pytest.raises(TypeError, match="timeout must be a number of seconds, or Timeouts, not"):
        HeyMilo("a key", timeout=value)


def test_they_are_a_value(front, serve):
    """
    Timeouts compare by value, have a repr, and can be pickled, alone and with a client.
    """
    client = front.client(serve(page()).base_url, timeout=EACH, ssl_context=None)
    arrived = pickle.loads(pickle.dumps(EACH))

    assert EACH == arrived == Timeouts(connect=1.0, read=2.0, write=3.5, pool=4.0)
    assert "Timeouts(connect=1, read=2, write=3.5, pool=4)" == repr(EACH)
    assert b"Timeouts" in pickle.dumps(client)
