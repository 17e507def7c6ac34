"""
A HeyMilo of one's own: the contract answered from memory, over a real socket on this machine.

    from heymilo_async import sandbox

    with sandbox.running(numbers=30) as milo, milo.client() as client:
        assert 30 == len(list(client.phone_numbers.list_all()))

How to read it, from the transport inwards: `_serve` hands out a `Sandbox` and runs what is behind it in
a thread (`_background`); `_relay` notes each request in `_requests`, asks the `_plan` which of the
`faults` it meets, and sends the answer by `_steps`; uvicorn passes what is left to `_front`; `_app`
lets in who has a key, as often as `_limits` lets them; each resource is one of the `_samples`, whose
operations (`_sample`) answer in the shapes of `_schemas` from a `_store`; `_errors` says no.
"""

from __future__ import annotations

try:
    from . import faults
    from ._limits import RateLimit
    from ._relay import Relay, relaying
    from ._requests import Exchange, ReceivedRequest
    from ._samples.phone_numbers import PhoneNumberResponse, seed_numbers
    from ._serve import Sandbox, running
    from ._steps import Network
    from ._store import Store, StorePage
except ModuleNotFoundError as _missing:
    if _missing.name not in {"fastapi", "h11", "pydantic", "uvicorn"}:
        raise
    _message = f"heymilo_async.sandbox needs {_missing.name}: pip install 'heymilo-async[sandbox]'"
    raise ImportError(_message, name=_missing.name) from None

__all__ = [
    "Exchange",
    "Network",
    "PhoneNumberResponse",
    "RateLimit",
    "ReceivedRequest",
    "Relay",
    "Sandbox",
    "Store",
    "StorePage",
    "faults",
    "relaying",
    "running",
    "seed_numbers",
]
