"""
The promises about a shared rate limit, in full size: `nox -s pacing`, on an idle machine.

Eight processes make 900 calls, of which the server allows 300 in a window of 4 seconds instead of a
minute. The ideal time is two windows, plus that of 300 calls without a limit.
"""

from __future__ import annotations

import os
import signal
import time

import anyio
import pytest
from counting import counting, job
from workers import Workers, work

from heymilo_async import RateLimit, sandbox

LIMIT, PER, CALLS, PROCESSES = 300, 4.0, 900, 8


JOB = {
    "limit": LIMIT,
    "per": PER,
    "processes": PROCESSES,
    "calls": CALLS,
    "concurrency": 120,
}


def ideal(redis_server, front):
    """
    Return the ideal time of all calls in seconds.
    """
    with sandbox.running() as milo:
        alone = work(
            milo,
            **job(milo, redis_server, **{**JOB, "front": front, "limit": None, "calls": LIMIT}),
        )
    return 2 * PER + alone.elapsed


@pytest.mark.parametrize("front", ["asyncio", "trio", "blocking"])
@pytest.mark.parametrize("algorithm", ["fixed-window", "token-bucket"])
def test_nothing_lost_and_little_refused(redis_server, algorithm, front):
    """
    No call is lost, at most 2 % of the requests are refused, and the time is at most 10 % above the
    ideal.
    """
    best = ideal(redis_server, front)
    with counting(LIMIT, PER, algorithm) as (milo, statuses):
        done = work(milo, **job(milo, redis_server, front=front, **JOB))
    refused = statuses.count(429) / (len(statuses) - statuses.count(401))
    print(f"{algorithm}, {front}: {done.elapsed:.2f} s, ideal {best:.2f} s, {refused:.1%} refused")

    assert [] == done.errors
    assert CALLS == done.calls == statuses.count(200)
    assert refused <= 0.02
    assert done.elapsed <= 1.1 * best


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_client(backend):
    """
    Case 30 in full size: 900 calls at once through one client, without a storage.
    """
    with counting(LIMIT, PER) as (milo, statuses):
        ids = [next(iter(milo.store)).id] * CALLS

        async def main():
            async with milo.async_client(rate_limit=RateLimit(LIMIT, per=PER)) as client:
                began = time.monotonic()
                got = await client.phone_numbers.get_many(ids, concurrency=CALLS)
                return len(got), time.monotonic() - began

        got, elapsed = anyio.run(main, backend=backend)
    refused = statuses.count(429) / len(statuses)
    print(f"one client, {backend}: {elapsed:.2f} s, {refused:.1%} refused")

    assert CALLS == got
    assert refused <= 0.05
    assert elapsed <= 1.1 * (2 * PER + 1.0)


def test_redis_killed_and_started(redis_server):
    """
    Redis is killed and restarted three times in the middle: no call is lost, and none hangs.
    """
    with (
        counting(LIMIT, PER) as (milo, statuses),
        Workers(milo, **job(milo, redis_server, attempts=6, **JOB)) as workers,
    ):
        workers.begin()
        for pause in (0.5, 2.5, 3.0):
            time.sleep(pause)
            redis_server.stop()
            time.sleep(0.5)
            redis_server.start()
        done = workers.finish()
    refused = statuses.count(429) / (len(statuses) - statuses.count(401))
    print(f"redis killed: {done.elapsed:.2f} s, {refused:.1%} refused")

    assert [] == done.errors
    assert CALLS == done.calls == statuses.count(200)
    assert done.elapsed <= 3 * PER + 5


def test_workers_killed(redis_server):
    """
    Three of eight workers are killed with calls in the queue: the others lose none, and take no
    longer than all would have.
    """
    best = ideal(redis_server, "blocking")
    with (
        counting(LIMIT, PER) as (milo, _),
        Workers(milo, **job(milo, redis_server, doomed=3, **JOB)) as workers,
    ):
        workers.begin()
        time.sleep(1.0)
        for pid in workers.doomed:
            os.kill(pid, signal.SIGKILL)
        done = workers.finish()
    print(f"workers killed: {done.elapsed:.2f} s, ideal {best:.2f} s")

    assert (PROCESSES - 3, []) == (done.workers, done.errors)
    assert done.elapsed <= 1.1 * best
