"""
What the operations work on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import attrs
from fastapi import Depends, Request

from ._limits import Limiter
from ._store import Store


@attrs.frozen(kw_only=True)
class Backend:
    """
    What the operations work on; it is kept in `app.state`.

    Attributes:
        stores: The items of each sample, by its name.
        api_key: The key that is let in.
        access_token: The token that is let in.
        limiter: Counts the requests; None: they are not counted.
    """

    stores: Mapping[str, Store[Any]]
    api_key: str = attrs.field(repr=False)
    access_token: str = attrs.field(repr=False)
    limiter: Limiter | None = None


async def _backend(request: Request) -> Backend:
    backend = request.app.state.backend
    assert isinstance(backend, Backend)
    return backend


#: How an operation asks for it.
Serving = Annotated[Backend, Depends(_backend)]
