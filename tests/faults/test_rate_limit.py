"""
The rate limit: more calls than the server allows, without losing any.
"""

from __future__ import annotations

import time

from inside_sandbox import Limiter
from server import NUMBER, answer, ok, single

from heymilo_async import RateLimit
from heymilo_async.sandbox import RateLimit as Rule

#: A small size, with a bound that a busy machine keeps; the full size is in `nox -s pacing`.
LIMIT, PER, CALLS = 60, 1.5, 150


def counting():
    """
    Return the replies of a counting server, and the list of the statuses of its responses.
    """
    limiter, statuses = Limiter(Rule(LIMIT, PER)), []

    def answers(_):
        verdict = limiter.take("the key")
        statuses.append(200 if verdict.allowed else 429)
        fields = [f"{name}: {value}" for name, value in limiter.headers(verdict).items()]
        return ok({"data": NUMBER}, *fields) if verdict.allowed else answer(429, b"", *fields)

    return answers, statuses


def test_more_calls_at_once_than_the_limit(front, serve, pulse):
    """
    Case 30: with more than twice the limit at once, all calls succeed, in little more than two
    windows.
    """
    answers, statuses = counting()
    server = serve(answers=answers)
    free = serve(single())

    async def body(client):
        # The time that the calls of the last window take by themselves.
        began = time.monotonic()
        unpaced = client.with_options(rate_limit=None, base_url=free.base_url)
        await unpaced.phone_numbers.get_many([NUMBER["id"]] * LIMIT, concurrency=LIMIT)
        alone = time.monotonic() - began
        began = time.monotonic()
        got = await client.phone_numbers.get_many([NUMBER["id"]] * CALLS, concurrency=CALLS)
        return len(got), time.monotonic() - began, pulse.stalled(began), alone

    got, elapsed, stalled, alone = front.run(
        body, server.base_url, rate_limit=RateLimit(LIMIT, per=PER)
    )

    assert CALLS == got == statuses.count(200)
    assert statuses.count(429) <= 0.05 * len(statuses)
    assert 2 * PER <= elapsed
    # On a machine that is too slow for the limit, the calls themselves take longer than the limit
    # does.
    assert elapsed - stalled <= 2 * max(2 * PER + alone, CALLS / LIMIT * alone)
