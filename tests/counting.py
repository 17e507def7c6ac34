"""
A server that counts its responses, and the job of workers that share its rate limit.
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
    statuses of its responses.
    """
    rule, statuses = sandbox.RateLimit(limit, per, algorithm=algorithm), []
    with sandbox.running(
        rate_limit=rule, on_exchange=lambda one: statuses.append(one.status_code)
    ) as milo:
        yield milo, statuses


def job(milo: sandbox.Sandbox, storage: RedisServer, **details: Any) -> dict[str, Any]:
    """
    Return the job of the workers: look up a number repeatedly, with a shared rate limit.
    """
    return {"id": next(iter(milo.store)).id, "storage": storage.url, **details}
