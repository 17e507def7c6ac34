"""
The relay's evidence for the judge: requests, and their responses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import attrs

from ._requests import ReceivedRequest

#: Matches members of a body whose value is a secret, such as a link that needs no credential.
_SECRET: Final = re.compile(
    rb'"(?:interview_url|ingestion_url_key|resume_(?:link|url)|(?:audio|video)_recording_(?:link|url))"'
    rb':\s*"([^"\\]{12,})"'
)


@attrs.frozen(kw_only=True, eq=False)
class ObservedRequest:
    """
    A received request.

    Attributes:
        index: The number of requests before it.
        at: Its arrival, in seconds of a monotonic clock.
        operation: The id of its operation; None if there is none.
    """

    index: int
    at: float
    operation: str | None
    request: ReceivedRequest

    @property
    def route(self) -> tuple[str, str]:
        """
        Its method and path.
        """
        return self.request.method, self.request.path

    @property
    def query(self) -> Mapping[str, str]:
        """
        The query parameters that have a value.
        """
        return dict(parse_qsl(self.request.query))

    @property
    def body(self) -> Any:
        """
        Its body as JSON, or as text if it is not JSON; None if it is empty.
        """
        if not self.request.body:
            return None
        try:
            return json.loads(self.request.body)
        except (ValueError, RecursionError):
            return self.request.body.decode("utf-8", "replace")

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """
        A key that identical requests share.
        """
        return *self.route, self.request.query, str(hash(self.request.body))

    def texts(self) -> Iterator[tuple[str, str, str]]:
        """
        Yield each text outside of the headers: the part of the request, the name, and the text.
        """
        for segment in self.request.path.split("/"):
            yield "path", "", unquote(segment)
        for name, value in self.query.items():
            yield "query", name, value
        yield from _texts(self.body)


def secrets_in(body: bytes) -> tuple[int, ...]:
    """
    Return the hashes of the links and keys in the *body* of a response.
    """
    return tuple(hash(found.decode()) for found in _SECRET.findall(body))


def _texts(body: Any) -> Iterator[tuple[str, str, str]]:
    # (Without recursion, because JSON can be nested deeply.)
    left: list[tuple[str, Any]] = [("", body)]
    while left:
        name, value = left.pop()
        if isinstance(value, str):
            yield "body", name, value
        elif isinstance(value, list):
            left += [(name, one) for one in value]
        elif isinstance(value, dict):
            left += value.items()


@attrs.frozen(kw_only=True, eq=False)
class ObservedResponse:
    """
    The response to a request.

    Attributes:
        at: The time of its first byte.
        status: Its status; None if the client did not receive a usable response.
        retry_after: The seconds that it asks the client to wait.
        secrets: The hashes of the links and keys in it.
    """

    at: float
    status: int | None
    retry_after: float = 0.0
    secrets: tuple[int, ...] = ()

    @property
    def is_success(self) -> bool:
        """
        Whether it is a complete success.
        """
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_outcome_unknown(self) -> bool:
        """
        Whether the request may have had an effect: the response is a 5xx, or is missing.
        """
        return self.status is None or self.status >= 500
