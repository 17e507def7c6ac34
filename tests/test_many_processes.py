"""
Many processes with one key share one limit over a storage, whatever happens to them.

The same in full size: `nox -s pacing`.
"""

from __future__ import annotations

import os
import signal
import time

import pytest
from counting import counting, job
from workers import Workers, work

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

#: 120 calls of 8 processes; 40 may start in a second.
LIMIT, PER, PROCESSES, EACH = 40, 1.0, 8, 15


JOB = {"limit": LIMIT, "per": PER, "processes": PROCESSES, "calls": PROCESSES * EACH}


@pytest.mark.parametrize(
    ("algorithm", "front"),
    [("fixed-window", "asyncio"), ("token-bucket", "trio"), ("fixed-window", "blocking")],
)
def test_eight_processes_keep_one_limit(redis_server, algorithm, front):
    """
    No call is lost, almost none is refused, and they take little longer than the limit requires.
    """
    with counting(LIMIT, PER, algorithm) as (milo, statuses):
        done = work(milo, **job(milo, redis_server, front=front, **JOB))

    assert (PROCESSES, PROCESSES * EACH, []) == (done.workers, done.calls, done.errors)
    assert statuses.count(429) <= 0.1 * PROCESSES * EACH
    assert 2 * PER <= done.elapsed


def test_a_storage_that_is_killed_and_started(redis_server):
    """
    No call is lost while Redis is killed and restarted in the middle, and none hangs.
    """
    with (
        counting(LIMIT, PER) as (milo, statuses),
        Workers(milo, **job(milo, redis_server, attempts=6, **JOB)) as workers,
    ):
        workers.begin()
        for _ in range(2):
            time.sleep(0.4)
            redis_server.stop()
            time.sleep(0.2)
            redis_server.start()
        done = workers.finish()

    assert (PROCESSES, PROCESSES * EACH, []) == (done.workers, done.calls, done.errors)
    assert PROCESSES * EACH == statuses.count(200)
    assert done.elapsed < 20


def test_a_worker_that_is_killed(redis_server):
    """
    Two workers of eight are killed with calls in the queue: the others lose none, and do not wait
    for the killed ones.
    """
    with (
        counting(LIMIT, PER) as (milo, _),
        Workers(milo, **job(milo, redis_server, doomed=2, **JOB)) as workers,
    ):
        workers.begin()
        time.sleep(0.5)
        for pid in workers.doomed:
            os.kill(pid, signal.SIGKILL)
        done = workers.finish()

    assert (PROCESSES - 2, []) == (done.workers, done.errors)
    assert (PROCESSES - 2) * EACH == done.calls
    assert done.elapsed < 12
