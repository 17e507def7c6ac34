"""
A server that counts what it answers, and the job of the workers that share its rate limit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from redis_server import RedisServer

from heymilo_async import sandbox


@contextlib.contextmanager
def counting(
    limit: int, per: float, algorithm: str = "fixed-window"
) -> Iterator[tuple[sandbox.Sandbox, list[int]]]:
    """
    Run a sandbox that allows *limit* requests in *per* seconds; give it with the list of the
    statuses that it answers.
    """
    rule, statuses = sandbox.RateLimit(limit, per, algorithm=algorithm), []
    with sandbox.running(
        rate_limit=rule, on_exchange=lambda one: statuses.append(one.status_code)
    ) as milo:
        yield milo, statuses


def job(milo: sandbox.Sandbox, storage: RedisServer, **details: Any) -> dict[str, Any]:
    """
    Return what the workers are to do: to look up a number again and again, by a shared limit.
    """
    return {"id": next(iter(milo.store)).id, "storage": storage.url, **details}
