"""
What arrived at the sandbox, for tests that ask what a client really sent.
"""

from __future__ import annotations

import collections
import threading
from collections.abc import Mapping
from typing import Final

import attrs

_SECRET_HEADERS: Final = frozenset({"x-api-key", "authorization", "proxy-authorization", "cookie"})


def _masked(headers: Mapping[str, str]) -> str:
    return repr(
        {name: "***" if name in _SECRET_HEADERS else value for name, value in headers.items()}
    )


@attrs.frozen(kw_only=True)
class ReceivedRequest:
    """
    One request as it was on the wire; its repr hides what is in credential headers.
    """

    method: str
    #: Still percent-encoded.
    path: str
    #: What followed the question mark, still percent-encoded.
    query: str
    #: By lower-case name; a header that was sent twice is joined by ``", "``.
    headers: Mapping[str, str] = attrs.field(repr=_masked)


class RequestLog:
    """
    The latest requests, in the order of their arrival.
    """

    def __init__(self, keep: int = 10_000) -> None:
        self._lock = threading.Lock()
        self._requests: collections.deque[ReceivedRequest] = collections.deque(maxlen=keep)

    def add(self, request: ReceivedRequest) -> None:
        """
        Remember *request*, and forget the oldest one when there are too many.
        """
        with self._lock:
            self._requests.append(request)

    def snapshot(self) -> tuple[ReceivedRequest, ...]:
        """
        Return the requests that have arrived until now.
        """
        with self._lock:
            return tuple(self._requests)
