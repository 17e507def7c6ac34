"""
The application: one client, made before gunicorn forks; each worker opens connections of its own.

    gunicorn --preload --workers 4 --threads 8 desk:application
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from heymilo_async import HeyMilo, HeyMiloError, NotFoundError, RateLimit

#: One client for all threads of a worker. After the fork a worker has connections of its own; if
#: REDIS_URL is set, all workers share one rate limit.
client = HeyMilo(
    deadline=5.0, rate_limit=RateLimit(300, per=60, storage=os.environ.get("REDIS_URL") or None)
)


def application(
    environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], Any]
) -> Iterable[bytes]:
    """
    Answer `/ID` with the phone number that has that id, and the worker that looked it up.
    """
    try:
        number = client.phone_numbers.get(environ["PATH_INFO"].lstrip("/"))
    except NotFoundError:
        status, content = "404 Not Found", {"detail": "There is no such number."}
    except HeyMiloError:
        status, content = "502 Bad Gateway", {"detail": "The number cannot be had right now."}
    else:
        status, content = "200 OK", {"number": number.phone_number, "worker": str(os.getpid())}
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(content).encode()]
