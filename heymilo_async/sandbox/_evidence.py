"""
What the relay tells the judge: that a request has come, what it is answered, that this was lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import attrs

from ._requests import ReceivedRequest

#: Members that let in whoever has them, as they stand in a body.
_SECRET: Final = re.compile(
    rb'"(?:interview_url|ingestion_url_key|resume_(?:link|url)|(?:audio|video)_recording_(?:link|url))"'
    rb':\s*"([^"\\]{12,})"'
)


@attrs.frozen(kw_only=True, eq=False)
class Arrival:
    """
    A request that has come.

    Attributes:
        place: How many came before it.
        at: When, in seconds of a monotonic clock.
        operation: The id of what it asks for; None: of nothing that there is.
    """

    place: int
    at: float
    operation: str | None
    request: ReceivedRequest

    @property
    def route(self) -> tuple[str, str]:
        """
        Its method and its path.
        """
        return self.request.method, self.request.path

    @property
    def query(self) -> Mapping[str, str]:
        """
        The parameters of its query that have a value.
        """
        return dict(parse_qsl(self.request.query))

    @property
    def body(self) -> Any:
        """
        Its body as JSON, or as text if it is none; None if it is empty.
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
        What those have in common that ask for the very same.
        """
        return *self.route, self.request.query, str(hash(self.request.body))

    def texts(self) -> Iterator[tuple[str, str, str]]:
        """
        Yield each text in it, headers aside: the part it is in, its name there, and itself.
        """
        for segment in self.request.path.split("/"):
            yield "path", "", unquote(segment)
        for name, value in self.query.items():
            yield "query", name, value
        yield from _texts(self.body)


def secrets_in(body: bytes) -> tuple[int, ...]:
    """
    Return the links and keys in the *body* of an answer, each by its hash.
    """
    return tuple(hash(found.decode()) for found in _SECRET.findall(body))


def _texts(body: Any) -> Iterator[tuple[str, str, str]]:
    # (Not by recursion: it may be nested as deep as JSON can be read.)
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
    What a request is answered.

    Attributes:
        at: When its first byte goes out.
        status: Its status; None: the client does not get to know what became of the request.
        retry_after: The seconds that it says to wait.
        secrets: The links and keys in it, each by its hash.
    """

    at: float
    status: int | None
    retry_after: float = 0.0
    secrets: tuple[int, ...] = ()

    @property
    def is_good(self) -> bool:
        """
        Whether it is a success, and came whole.
        """
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_failure(self) -> bool:
        """
        Whether nobody can tell by it what was done: a 5xx, or none at all.
        """
        return self.status is None or self.status >= 500
