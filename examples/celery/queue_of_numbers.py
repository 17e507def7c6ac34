"""
Tasks that look up phone numbers: each worker process has a client, and all share one rate limit.

    celery --app queue_of_numbers worker --concurrency 4
"""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import worker_process_shutdown

from heymilo_async import HeyMilo, RateLimit

REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

app = Celery("queue_of_numbers", broker=REDIS, backend=REDIS)
app.conf.broker_connection_retry_on_startup = True

#: Made before the workers fork; each worker opens connections of its own. The limit is kept in the
#: Redis that is also the broker of the tasks.
client = HeyMilo(
    rate_limit=RateLimit(
        int(os.environ.get("NUMBERS_LIMIT", "300")),
        per=float(os.environ.get("NUMBERS_PER", "60")),
        storage=REDIS,
    )
)


@worker_process_shutdown.connect
def close(**_: object) -> None:
    """
    Close the connections of a worker process when it ends.
    """
    client.close()


@app.task
def numbers_of(ids: list[str]) -> list[str]:
    """
    Return the phone numbers of *ids*, in E.164.
    """
    return [one.phone_number for one in client.phone_numbers.get_many(ids)]
