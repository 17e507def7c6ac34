"""
Worker processes that make calls with one key, as a program, and a helper that runs them for a test.

    python tests/workers.py '{"processes": 8, "calls": 20, ...}'

The first `doomed` workers have endless work, so that a test can kill them with calls in the queue.
Each worker writes a line with its process id when it is ready, and one when it is done; they start
when stdin ends. The program forks, so that it is loaded once, and before any thread starts.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import anyio
import attrs
import redis  # noqa: F401 - imported here, so that no worker has to load it

from heymilo_async import AsyncHeyMilo, HeyMilo, HeyMiloError, RateLimit, RetryPolicy

#: A number of calls that no limit allows during a test.
_NEVER_DONE = 100_000


@attrs.frozen
class Done:
    """
    The result of the workers.

    Attributes:
        calls: The number of successful ones.
        errors: The errors of the others.
        elapsed: Seconds from the start to the end of the last call.
        workers: The number of workers that reported.
    """

    calls: int
    errors: list[str]
    elapsed: float
    workers: int


class Workers:
    """
    Workers that are ready, and start on a signal.
    """

    def __init__(self, milo: Any, **job: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, json.dumps({"base_url": milo.base_url, **job})],
            env={**os.environ, "HEYMILO_API_KEY": milo.api_key},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        said = [json.loads(self._process.stdout.readline()) for _ in range(job["processes"])]
        #: The process ids of those that never end by themselves.
        self.doomed: list[int] = [one["pid"] for one in said if one["doomed"]]
        self._began = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()

    def begin(self) -> None:
        """
        Let them start.
        """
        assert self._process.stdin is not None
        self._began = time.monotonic()
        self._process.stdin.close()

    def finish(self) -> Done:
        """
        Wait for them.
        """
        assert self._process.stdout is not None
        told = [json.loads(line) for line in self._process.stdout]
        return Done(
            calls=sum(one["calls"] for one in told),
            errors=[error for one in told for error in one["errors"]],
            elapsed=max(one["ended"] for one in told) - self._began,
            workers=len(told),
        )


def work(milo: Any, **job: Any) -> Done:
    """
    Let workers do *job*, and wait for them.
    """
    with Workers(milo, **job) as workers:
        workers.begin()
        return workers.finish()


def _options(job: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "base_url": job["base_url"],
        "deadline": job.get("deadline", 50.0),
        "retry": RetryPolicy(max_attempts=job.get("attempts", 3)),
        # Reading the machine's certificates takes longer than most calls.
        "ssl_context": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        "rate_limit": None
        if job.get("limit") is None
        else RateLimit(job["limit"], per=job["per"], storage=job.get("storage")),
    }


def _ready(job: Mapping[str, Any]) -> None:
    told = {"pid": os.getpid(), "doomed": job["is_doomed"]}
    os.write(1, json.dumps(told).encode() + b"\n")
    sys.stdin.read()


def _call(job: Mapping[str, Any]) -> list[Any]:
    ids = [job["id"]] * job["calls"]
    concurrency = job.get("concurrency", 20)
    # A counting server does not count requests without a valid credential, but they open the
    # connections.
    stranger = {"api_key": "a-stranger", "rate_limit": None}
    if job.get("front", "blocking") == "blocking":
        with HeyMilo(**_options(job)) as client:
            client.with_options(**stranger).phone_numbers.get_many_settled(ids[:concurrency])
            _ready(job)
            return list(client.phone_numbers.get_many_settled(ids, concurrency=concurrency))

    async def main() -> list[Any]:
        async with AsyncHeyMilo(**_options(job)) as client:
            await client.with_options(**stranger).phone_numbers.get_many_settled(ids[:concurrency])
            _ready(job)
            return list(await client.phone_numbers.get_many_settled(ids, concurrency=concurrency))

    return anyio.run(main, backend=job["front"])


def _work(job: Mapping[str, Any]) -> None:
    outcomes = _call(job)
    errors = [repr(one) for one in outcomes if isinstance(one, HeyMiloError)]
    told = {"calls": len(outcomes) - len(errors), "errors": errors, "ended": time.monotonic()}
    os.write(1, json.dumps(told).encode() + b"\n")


def main(job: Mapping[str, Any]) -> None:
    """
    Fork, and wait.
    """
    pids = []
    each, rest = divmod(job["calls"], job["processes"])
    for number in range(job["processes"]):
        pid = os.fork()
        if not pid:
            try:
                is_doomed = number < job.get("doomed", 0)
                calls = _NEVER_DONE if is_doomed else each + (number < rest)
                _work({**job, "calls": calls, "is_doomed": is_doomed})
            finally:
                os._exit(0)
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    # So that the other programs here are found.
    sys.path[0] = str(Path(__file__).parent)
    main(json.loads(sys.argv[1]))
