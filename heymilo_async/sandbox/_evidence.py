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

#: Matches members of a body whose value is a secret: it works for anybody.
_SECRET: Final = re.compile(
    rb'"(?:interview_url|ingestion_url_key|resume_(?:link|url)|(?:audio|video)_recording_(?:link|url))"'
    rb':\s*"([^"\\]{12,})"'
)


@attrs.frozen(kw_only=True, eq=False)
class Arrival:
    """
    A received request.

    Attributes:
        place: The number of requests before it.
        at: Its arrival, in seconds of a monotonic clock.
        operation: The id of its operation; None if there is none.
    """

    place: int
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
        The parameters of its query with a value.
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
    def likeness(self) -> tuple[str, ...]:
        """
        A key that identical requests share.
        """
        return *self.route, self.request.query, str(hash(self.request.body))

    def texts(self) -> Iterator[tuple[str, str, str]]:
        """
        Yield each text in it, except in headers: the part of the request, the name, and the text.
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
class Answer:
    """
    The response to a request.

    Attributes:
        at: The time of its first byte.
        status: Its status; None if the client does not learn the outcome of the request.
        retry_after: The seconds that it asks the client to wait.
        secrets: The hashes of the links and keys in it.
    """

    at: float
    status: int | None
    retry_after: float = 0.0
    secrets: tuple[int, ...] = ()

    @property
    def is_good(self) -> bool:
        """
        Whether it is a complete success.
        """
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_failure(self) -> bool:
        """
        Whether it leaves the outcome open: a 5xx, or no response at all.
        """
        return self.status is None or self.status >= 500
