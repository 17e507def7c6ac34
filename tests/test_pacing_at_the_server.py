"""
Pacing as the server sees it: from a cold process, with a Redis that dies, or with a silent one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
from counting import job
from fronts import KEY
from inside import redis_timeout
from invariants import lasting
from redis_server import SilentRedis
from server import NUMBER, single
from workers import Workers

from heymilo_async import DeadlineExceededError, HeyMiloError, RateLimit
from heymilo_async.sandbox import running

#: Makes thirty calls, ten at a time, in a new process.
COLD = """
import sys

front, base_url, key, limit, per, calls = sys.argv[1:]

from heymilo_async import AsyncHeyMilo, HeyMilo, RateLimit

rule = RateLimit(int(limit), per=float(per))
options = {"base_url": base_url, "rate_limit": rule, "deadline": 60.0}
ids = ["666A24C3"] * int(calls)
if front == "blocking":
    with HeyMilo(key, **options) as client:
        print(len(client.phone_numbers.get_many(ids, concurrency=10)))
else:
    import anyio

    async def main():
        async with AsyncHeyMilo(key, **options) as client:
            print(len(await client.phone_numbers.get_many(ids, concurrency=10)))

    anyio.run(main, backend=front)
"""


def most_within(times, seconds):
    """
    Return the most of *times* that fall into one span of that many *seconds*.
    """
    return max(sum(1 for one in times if start <= one < start + seconds) for start in times)


def test_a_cold_process(front, serve):
    """
    Case 195: the server of a cold process never sees more requests in a window than the limit.
    """
    limit, per, calls = 10, 2.0, 30
    times = []

    def answers(_):
        times.append(time.monotonic())
        return single()

    server = serve(answers=answers)
    program = [sys.executable, "-c", COLD, front.name, server.base_url, KEY]
    done = subprocess.run(
        [*program, *map(str, (limit, per, calls))],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert (f"{calls}\n", "") == (done.stdout, done.stderr)
    assert calls == len(times)
    # Half of the window, because requests arrive a little sooner or later than they were sent;
    # counting a permit too early would send two windows at once.
    assert most_within(times, per / 2) <= limit


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("killed_after", [0.1, 1.3])
def test_a_redis_that_dies(front, redis_server, killed_after):
    """
    Case 196: four processes whose Redis dies send no more than the limit and what was already under
    way.
    """
    limit, per, processes, concurrency, calls = 16, 1.0, 4, 2, 40
    details = {
        "limit": limit,
        "per": per,
        "processes": processes,
        "concurrency": concurrency,
        "calls": calls,
        "deadline": 100.0,
    }
    times = []

    def note(exchange):
        # The workers connect with requests of another credential, which are refused.
        if exchange.status_code == 200:
            times.append(time.monotonic())

    with (
        running(on_exchange=note) as milo,
        Workers(milo, **job(milo, redis_server, front=front.name, **details)) as workers,
    ):
        workers.begin()
        time.sleep(killed_after)
        redis_server.stop()
        done = workers.finish()

    assert (processes, calls, []) == (done.workers, done.calls, done.errors)
    assert calls == len(times)
    assert most_within(times, per / 2) <= limit + processes * concurrency


def test_a_redis_that_is_silent(front, serve, monkeypatch):
    """
    Case 197: three hundred calls with a silent Redis use at most four threads and four connections,
    and none exceeds its deadline because of it.
    """
    # A call that waited for Redis would take seconds.
    monkeypatch.setattr(*redis_timeout(), 30.0)
    server = serve(single())
    threads, ends = [], []

    async def body(client):
        for _ in range(10):
            with lasting(0.0, 2.0):
                ends.extend(
                    await client.phone_numbers.get_many_settled([NUMBER["id"]] * 30, concurrency=10)
                )
            threads.append([one.name for one in threading.enumerate()].count("heymilo-detached"))

    with SilentRedis() as silent:
        rule = RateLimit(100_000, per=60, storage=silent.url)
        front.run(body, server.base_url, rate_limit=rule, deadline=0.4)
        connections = silent.connections()

    # Redis costs the first calls their deadline; then it counts as down.
    assert 300 == len(ends)
    assert {DeadlineExceededError} >= {type(one) for one in ends if isinstance(one, HeyMiloError)}
    assert [] != [one for one in ends if not isinstance(one, HeyMiloError)]
    assert max(threads) <= 4
    assert connections <= 4
