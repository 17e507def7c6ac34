"""
A local HeyMilo: serves the contract from memory, over a real socket on this machine.

    from heymilo_async import sandbox

    with sandbox.running(numbers=30) as milo, milo.client() as client:
        assert 30 == len(list(client.phone_numbers.list_all()))

How to read it, in the order of a request. `_serve` creates the `Sandbox`, and runs its server in a
thread (`_background`). `_relay` is a TCP proxy: it logs each request in `_requests`, gets a fault
from the `_plan`, if any (`faults`), and sends the response in `_steps`. uvicorn passes the request
to `_middleware` and `_app`, which checks the key, the rate limit (`_limits`) and the request
(`_contract`, `_validation`). One of the `_behaviours` then builds the response (`_envelopes`) from
the `_world`, which has `_store`s of `_items`, a `_clock` and `_assumptions`. The initial data comes
from `_seeds` and `_plausible`, the candidates' progress from `_hiring`, and the interviews' results
from `_results`.
`_errors` builds the error responses. `_judge` reports on the clients' conduct (`conduct`), from the
`_evidence` that the relay collects.
"""

from __future__ import annotations

from .._distribution import missing

try:
    from . import conduct, faults
    from ._assumptions import Assumptions
    from ._items import Item
    from ._limits import RateLimit
    from ._phone_numbers import PhoneNumberResponse, seed_numbers
    from ._relay import Relay, relaying
    from ._requests import Exchange, ReceivedRequest
    from ._serve import Sandbox, running
    from ._steps import Network
    from ._store import Store, StorePage
except ModuleNotFoundError as _missing:
    _package = str(_missing.name).partition(".")[0]
    if _package not in {"h11", "jsonschema_rs", "starlette", "uvicorn"}:
        raise
    raise ImportError(
        missing("heymilo_async.sandbox", _package, "sandbox"), name=_package
    ) from None

__all__ = [
    "Assumptions",
    "Exchange",
    "Item",
    "Network",
    "PhoneNumberResponse",
    "RateLimit",
    "ReceivedRequest",
    "Relay",
    "Sandbox",
    "Store",
    "StorePage",
    "conduct",
    "faults",
    "relaying",
    "running",
    "seed_numbers",
]
