"""
A HeyMilo of one's own: the contract answered from memory, over a real socket on this machine.

    from heymilo_async import sandbox

    with sandbox.running(numbers=30) as milo, milo.client() as client:
        assert 30 == len(list(client.phone_numbers.list_all()))

How to read it, from the transport inwards: `_serve` hands out a `Sandbox` and runs what is behind it in
a thread (`_background`); `_relay` notes each request in `_requests`, asks the `_plan` which of the
`faults` it meets, and sends the answer by `_steps`; by its `_evidence` the `_judge` says how the one
who asks behaves (`conduct`); uvicorn passes what is left to `_front`; `_app`
lets in who has a key, as often as `_limits` lets them, checks what is asked against the `_contract`
(`_validation`), and has one of the `_behaviours` answer it from the `_world`: from its `_store`s of
`_items`, by its `_clock` and its `_assumptions`. What there is at first comes from `_seeds`, and from
what is `_plausible` by the contract's schemas; how candidates get on, from `_hiring`, and what comes of
their interviews, from `_results`. `_errors` says no.
"""

from __future__ import annotations

from .._extras import missing

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
