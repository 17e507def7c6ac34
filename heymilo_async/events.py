"""
Events: frozen values that describe a call; the client passes them to `events=`.

Each call emits a `CallStarted` first and a `CallFinished` last, however it ends. In between, in
chronological order:

    CallStarted
        Paced                   the call waits for the rate limit, or for a pause of the server
        AttemptStarted          the client sends a request ...
        AttemptFinished         ... and this is its outcome
        RetryScheduled          the client will retry after a wait
        PageFetched             the response is a page of a list
    CallFinished

No event contains a key, a token or a body. The log (`HEYMILO_LOG`), the spans and metrics of
`heymilo_async.otel`, and the command's `-v` are built from these events.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import attrs

from ._values import Headers, ReadOnly, Record

__all__ = [
    "AttemptFinished",
    "AttemptStarted",
    "CallFinished",
    "CallStarted",
    "Event",
    "Paced",
    "PageFetched",
    "RetryScheduled",
]


def _read_only(headers: Mapping[str, str]) -> Mapping[str, str]:
    return ReadOnly(headers)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Event(Record):
    """
    Base class of all events.

    Attributes:
        call: The number of the call in this process; events of concurrent calls are interleaved.
        operation: The id of the API's operation, such as `listPhoneNumbers`.
        request: Method and path, as errors show them: `GET /api/v2/phone-numbers`.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> from heymilo_async.events import Event
        >>> kinds: list[str] = []
        >>> def listener(event: Event) -> None:
        ...     kinds.append(type(event).__name__)
        >>> with HeyMilo(events=listener) as client:
        ...     page = client.phone_numbers.list(limit=3)
        >>> kinds
        ['CallStarted', 'AttemptStarted', 'AttemptFinished', 'PageFetched', 'CallFinished']
    """

    call: int
    operation: str
    request: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallStarted(Event):
    """
    A call starts: a resource's method was called, or a pager fetches a page.

    Attributes:
        method: The HTTP method.
        url: The whole URL.
        template: The path template of the contract: `/api/v2/phone-numbers/{config_id}`.
        deadline: Seconds until the deadline, None if the call has none.
    """

    method: str
    url: str
    template: str
    deadline: float | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Paced(Event):
    """
    The call waits before an attempt, for the client's `rate_limit` or because the server asked
    this API key to wait.

    Attributes:
        wait: The wait in seconds, from now.
    """

    wait: float


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptStarted(Event):
    """
    The client is about to send a request.

    Attributes:
        number: 1 for the first attempt of the call.
        method: The HTTP method.
        url: The whole URL.
        headers: The headers of the request, by name; the values of credentials and of your own
            headers are `***`.
    """

    number: int
    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(converter=_read_only, hash=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptFinished(Event):
    """
    An attempt has ended with a response or a failure.

    An attempt that was cancelled, or that ended because the client was closed, has no such event.

    Attributes:
        number: 1 for the first attempt of the call.
        status_code: The status of the response, None without a response.
        cause: The connection or decoding error, as kind and text; None without one.
        error: The class name of the exception for this attempt, None if it succeeded.
        request_id: The server's id of this attempt, None if it sent none.
        elapsed: Seconds from sending to the end of the response.
        headers: The headers of the response, None without a response.
    """

    number: int
    status_code: int | None
    cause: str | None
    error: str | None
    request_id: str | None
    elapsed: float
    headers: Headers | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RetryScheduled(Event):
    """
    The previous attempt failed, and the client will retry the call.

    Attributes:
        number: The number of the next attempt, 2 or more.
        wait: Seconds before the next attempt.
        reason: Why the previous attempt failed: a status such as `503`, or the failure.
    """

    number: int
    wait: float
    reason: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PageFetched(Event):
    """
    The client received a complete, valid page of a list.

    Attributes:
        count: The number of items on the page.
        has_more: Whether the list has items after the page.
        total_count: The number of items in the whole list, None if the server does not say.
        cursor: The id of its last item, None if it is empty.
    """

    count: int
    has_more: bool
    total_count: int | None
    cursor: str | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallFinished(Event):
    """
    The call has ended: it returns its data, or raises its error.

    Attributes:
        attempts: The number of sent requests, possibly 0.
        status_code: The status of the last attempt, None if it had no response.
        error: The class name of the exception, None if the call has a response that could be read;
            cancellation and Ctrl-C count as errors here. What a method makes of a response comes
            later: an `OperationFailedError`, for example, is not known here.
        request_id: The server's id of the last attempt, None if it sent none.
        elapsed: Seconds from the start of the call, waits included.
    """

    attempts: int
    status_code: int | None
    error: str | None
    request_id: str | None
    elapsed: float

    @property
    def outcome(self) -> str:
        """
        The outcome as text: `200`, `404 NotFoundError`, `APITimeoutError`.
        """
        return " ".join(str(part) for part in (self.status_code, self.error) if part is not None)


#: The type of a listener; `events=` takes one or several.
Listener: TypeAlias = Callable[[Event], object]

#: Returns the next call number; it is a single step in C, so threads need no lock.
next_call: Final[Callable[[], int]] = itertools.count(1).__next__
