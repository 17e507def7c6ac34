"""
The text about earlier attempts in an error, and in a raw response.
"""

from __future__ import annotations

import copy
import pickle
import re

import pytest
from fronts import KEY
from server import Connection, answer, single

from heymilo_async import Attempt, HeyMiloError, NotFoundError, RetryPolicy, ServerError

ID = "666A24C3"
REQUEST = f"GET /api/v2/phone-numbers/{ID}"
THREE = (
    Attempt(number=1, status_code=503, elapsed=0.0204),
    Attempt(number=2, cause="ReadError: [Errno 104] reset", wait=0.5, elapsed=0.25),
    Attempt(number=3, status_code=200, cause="ResponseDecodeError", wait=7.0, elapsed=1.04),
)


def failure(front, server, **options):
    """
    Return the error of one call.
    """

    async def body(client):
        with pytest.raises(HeyMiloError) as caught:
            await client.phone_numbers.get(ID)
        return caught.value

    return front.run(body, server.base_url, **options)


def test_an_error_lists_its_attempts():
    """
    Each attempt has its outcome and its duration, with the waits in between.
    """
    error = HeyMiloError("It failed", attempts=THREE)

    assert (
        "It failed (3 attempts in 8.8 s: 503 in 20 ms, waited 500 ms, ReadError in 250 ms, "
        "waited 7.0 s, 200 ResponseDecodeError in 1.0 s)" == str(error)
    )
    assert "It failed" == error.message


def test_a_long_list_shows_its_end():
    """
    Of many attempts the last five are listed, and all are counted.
    """
    attempts = tuple(
        Attempt(number=number, status_code=500 + number, wait=1.0) for number in range(1, 8)
    )

    text = str(HeyMiloError("It failed", attempts=attempts))

    assert text.startswith("It failed (7 attempts in 7.0 s: ..., waited 1.0 s, 503 in 0 ms, ")
    assert text.endswith("waited 1.0 s, 507 in 0 ms)")
    assert not re.search("501|502", text)


@pytest.mark.parametrize("attempts", [(), THREE[:1]])
def test_one_attempt_is_no_list(attempts):
    """
    The error of a call with one attempt has no list of attempts.
    """
    assert "It failed" == str(HeyMiloError("It failed", attempts=attempts))


def test_the_error_of_three_attempts(front, serve, naps):
    """
    The error of a call with three attempts has the outcome of each, without secrets.
    """
    echo = (f"X-Request-Id: {KEY}", f"X-Echo: {KEY}")
    server = serve(answer(503, KEY.encode(), *echo), Connection.close, answer(500, KEY.encode()))

    error = failure(front, server)

    assert ServerError is type(error)
    waits = [
        f"waited {wait * 1000:.0f} ms" if wait < 1 else f"waited {wait:.1f} s" for wait in naps
    ]
    assert re.search(
        rf" \(3 attempts in [\d.]+ m?s: 503 in \d+ ms, {waits[0]}, \w+ in \d+ ms, {waits[1]}, "
        r"500 in \d+ ms\)$",
        str(error),
    )
    assert "canary" not in str(error)
    for copied in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert (str(error), error.attempts) == (str(copied), copied.attempts)


def test_the_error_of_one_attempt(front, serve):
    """
    The error of a call that is not retried has no list of attempts.
    """
    error = failure(front, serve(answer(404)))

    assert NotFoundError is type(error)
    assert "attempt" not in str(error)


def test_a_raw_response_lists_them_too(front, serve, naps):
    """
    The text of a raw response has the same list for a success.
    """
    echo = f"X-Request-Id: {KEY}"
    server = serve(answer(503), single(), answer(200, single().partition(b"\r\n\r\n")[2], echo))

    async def body(client):
        return [await client.raw(client.phone_numbers.get, ID) for _ in range(2)]

    twice, once = front.run(body, server.base_url, retry=RetryPolicy(max_attempts=2))

    assert REQUEST == twice.request == once.request
    assert re.fullmatch(
        rf"{REQUEST} answered 200 "
        r"\(2 attempts in \d+ ms: 503 in \d+ ms, waited \d+ ms, 200 in \d+ ms\)",
        str(twice),
    )
    assert re.fullmatch(
        rf"{REQUEST} answered 200 \(1 attempt in \d+ ms: 200 in \d+ ms\)", str(once)
    )
    assert "***" == once.attempts[0].request_id
    assert "canary" not in repr(once)
