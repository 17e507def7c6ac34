"""
A HeyMilo of one's own: the contract answered from memory, over a real socket on this machine.

    from heymilo_async import sandbox

    with sandbox.running(numbers=30) as milo, milo.client() as client:
        assert 30 == len(list(client.phone_numbers.list_all()))

How to read it, from the wire inwards: `_serve` runs uvicorn in a thread and hands out a `Sandbox`;
`_front` notes each request in `_requests`; `_app` holds the operations, which answer in the shapes
of `_schemas` from a `_store`; `_errors` says no. `_numbers` fills the store at first.
"""

from __future__ import annotations

try:
    from ._numbers import seed_numbers
    from ._requests import ReceivedRequest
    from ._schemas import PhoneNumberResponse
    from ._serve import Sandbox, running
    from ._store import Store, StorePage
except ModuleNotFoundError as _missing:
    if _missing.name not in {"fastapi", "pydantic", "uvicorn"}:
        raise
    _message = f"heymilo_async.sandbox needs {_missing.name}: pip install 'heymilo-async[sandbox]'"
    raise ImportError(_message, name=_missing.name) from None

__all__ = [
    "PhoneNumberResponse",
    "ReceivedRequest",
    "Sandbox",
    "Store",
    "StorePage",
    "running",
    "seed_numbers",
]
