"""
The private names of the sandbox that tests use, in one place: moving a part breaks only this file.
"""

from __future__ import annotations

from typing import Any

from heymilo_async.sandbox import Assumptions
from heymilo_async.sandbox import _judge as judging
from heymilo_async.sandbox import _serve as serve
from heymilo_async.sandbox._app import Backend, create_app
from heymilo_async.sandbox._behaviours import _OWN as BEHAVIOURS
from heymilo_async.sandbox._clock import clock
from heymilo_async.sandbox._contract import OPERATIONS, RESOURCES, operation_of
from heymilo_async.sandbox._evidence import ObservedRequest, ObservedResponse
from heymilo_async.sandbox._judge import ConductMonitor, Judge
from heymilo_async.sandbox._limits import ALGORITHMS, Limiter, Verdict
from heymilo_async.sandbox._phone_numbers import CAPACITY
from heymilo_async.sandbox._plausible import items_of
from heymilo_async.sandbox._requests import RequestLog
from heymilo_async.sandbox._steps import (
    Close,
    RelayedResponse,
    Send,
    Wait,
    over_network,
    with_fault,
)
from heymilo_async.sandbox._world import make_world
from heymilo_async.testing import _accept as accept

__all__ = [
    "ALGORITHMS",
    "BEHAVIOURS",
    "CAPACITY",
    "MOST_SECRETS",
    "OPERATIONS",
    "RESOURCES",
    "Close",
    "ConductMonitor",
    "Judge",
    "Limiter",
    "ObservedRequest",
    "ObservedResponse",
    "RelayedResponse",
    "RequestLog",
    "Send",
    "Verdict",
    "Wait",
    "accept",
    "empty_app",
    "items_of",
    "judging",
    "operation_of",
    "over_network",
    "serve",
    "with_fault",
]

#: How many secrets a report searches for; tests change it.
MOST_SECRETS = (judging, "_MAX_SECRETS")


def empty_app() -> Any:
    """
    Return the application of a sandbox without any data.
    """
    world = make_world(
        numbers=0,
        postings=0,
        candidates=0,
        seed=0,
        assumptions=Assumptions(),
        clock=clock(None, real_time=False),
    )
    return create_app(Backend(world=world, api_key="an-api-key", access_token="a-token"))
