"""
The user's own clients for `http_client=`, of httpx and of its successor.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import httpx
import httpx2
from fronts import Front

LIBRARIES = (httpx, httpx2)


def kind_of(front: Front, library: ModuleType) -> Any:
    """
    Return the class of *library* that fits *front*.
    """
    return library.Client if front.is_blocking else library.AsyncClient


async def close(own: Any) -> None:
    """
    Close a client of either kind.
    """
    if hasattr(own, "aclose"):
        await own.aclose()
    else:
        own.close()
