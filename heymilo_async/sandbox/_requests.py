"""
What arrived at the sandbox, for tests that ask what a client really sent.
"""

from __future__ import annotations

import collections
import threading
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

import attrs

from .faults import Fault

_SECRET_HEADERS: Final = frozenset({"x-api-key", "authorization", "proxy-authorization", "cookie"})


def _masked(headers: Mapping[str, str]) -> str:
    return repr(
        {name: "***" if name in _SECRET_HEADERS else value for name, value in headers.items()}
    )


@attrs.frozen(kw_only=True)
class ReceivedRequest:
    """
    One request as it was on the transport; its repr hides what is in credential headers.

    Attributes:
        method: The HTTP method.
        path: The path, still percent-encoded.
        query: What followed the question mark, still percent-encoded.
        headers: By lower-case name; the values of a header that was sent twice are joined by a
            comma and a blank.
        body: Its bytes, without the framing of chunks; the repr has only their count.

    Example:
        >>> from heymilo_async import sandbox
        >>> with sandbox.running() as milo, milo.client() as client:
        ...     page = client.phone_numbers.list(limit=3)
        ...     [request] = milo.requests
        ...     print(request.method, request.path, request.query)
        GET /api/v2/phone-numbers limit=3
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = attrs.field(repr=_masked)
    body: bytes = attrs.field(default=b"", repr=lambda body: f"<{len(body)} bytes>")

    def parameter(self, name: str) -> str | None:
        """
        Return the value of the query's parameter *name*, None if it is not there.

        Args:
            name: The parameter's name.

        Example:
            >>> from heymilo_async.sandbox import ReceivedRequest
            >>> request = ReceivedRequest(method="GET", path="/", query="limit=3", headers={})
            >>> request.parameter("limit")
            '3'
        """
        return dict(parse_qsl(self.query, keep_blank_values=True)).get(name)


class RequestLog:
    """
    The latest requests, in the order of their arrival.
    """

    def __init__(self, keep: int = 10_000) -> None:
        self._lock = threading.Lock()
        self._requests: collections.deque[ReceivedRequest] = collections.deque(maxlen=keep)
        self._count = 0

    def add(self, request: ReceivedRequest) -> int:
        """
        Remember *request*, and forget the oldest one when there are too many.

        Returns:
            How many were added before it.
        """
        with self._lock:
            self._requests.append(request)
            self._count += 1
            return self._count - 1

    def clear(self) -> None:
        """
        Forget them all.
        """
        with self._lock:
            self._requests.clear()
            self._count = 0

    def snapshot(self) -> tuple[ReceivedRequest, ...]:
        """
        Return the requests that have arrived until now.
        """
        with self._lock:
            return tuple(self._requests)


@attrs.frozen(kw_only=True)
class Exchange:
    """
    One request and what became of it.

    Attributes:
        request: The request as it arrived.
        operation: The id of the API's operation, such as `listPhoneNumbers`; None if it is none.
        status_code: The status that was sent, None if none was.
        fault: What went wrong on purpose, None if nothing did.
        elapsed: Seconds from the end of the request to the end of the answer.

    Example:
        >>> from heymilo_async import sandbox
        >>> exchanges: list[sandbox.Exchange] = []
        >>> with sandbox.running(on_exchange=exchanges.append) as milo, milo.client() as client:
        ...     page = client.phone_numbers.list(limit=3)
        >>> [(exchange.operation, exchange.status_code) for exchange in exchanges]
        [('listPhoneNumbers', 200)]
    """

    request: ReceivedRequest
    operation: str | None
    status_code: int | None
    fault: Fault | None
    elapsed: float
