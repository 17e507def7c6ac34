"""
Records the requests that the sandbox receives, so that tests can check what a client sent.
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
    A request as the server received it; its repr masks credential headers.

    Attributes:
        method: The HTTP method.
        path: The path, percent-encoded.
        query: The query string without the question mark, percent-encoded.
        headers: The headers by lower-case name; the values of a repeated header are joined with a
            comma and a space.
        body: The bytes of the body, without chunk framing; the repr shows only their count.

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
        Return the value of the query parameter *name*, None if it is missing.

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
    The latest requests, in order of arrival.
    """

    def __init__(self, keep: int = 10_000) -> None:
        self._lock = threading.Lock()
        self._requests: collections.deque[ReceivedRequest] = collections.deque(maxlen=keep)
        self._count = 0

    def add(self, request: ReceivedRequest) -> int:
        """
        Record *request*, and drop the oldest one if the log is full.

        Returns:
            The number of requests before it.
        """
        with self._lock:
            self._requests.append(request)
            self._count += 1
            return self._count - 1

    @property
    def count(self) -> int:
        """
        The number of requests since the start or the last `clear`, including dropped ones.
        """
        with self._lock:
            return self._count

    def clear(self) -> None:
        """
        Drop all requests.
        """
        with self._lock:
            self._requests.clear()
            self._count = 0

    def snapshot(self) -> tuple[ReceivedRequest, ...]:
        """
        Return all recorded requests.
        """
        with self._lock:
            return tuple(self._requests)


@attrs.frozen(kw_only=True)
class Exchange:
    """
    A request and its outcome.

    Attributes:
        request: The received request.
        operation: The id of the API's operation, such as `listPhoneNumbers`; None if there is none.
        status_code: The status of the response, None without a response.
        fault: The injected fault, None if there was none.
        elapsed: Seconds from the end of the request to the end of the response.

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
