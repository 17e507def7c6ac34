"""
What happens during calls, as a stream of frozen values: what `events=` is told.

Each call begins with a `CallStarted` and ends with a `CallFinished`, however it ends. In between,
in the order in which things happen:

    CallStarted
        Paced                   the call waits: the credential rests, or it is not its turn
        AttemptStarted          a request goes out ...
        AttemptFinished         ... and this is what came of it
        RetryScheduled          there will be another attempt, after a wait
        PageFetched             the answer is a page of a list
    CallFinished

No event holds a key, a token or a body. The log (`HEYMILO_LOG`), the spans and metrics of
`heymilo_async.otel`, and the command's `-v` are all made of these.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import attrs

from ._mapping import Headers, ReadOnly
from ._record import Record

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
    What all events say.

    Attributes:
        call: The number of the call within this process; events of concurrent calls are mixed.
        operation: The id of the API's operation, such as `listPhoneNumbers`.
        request: Method and path, as errors show them: `GET /api/v2/phone-numbers`.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> from heymilo_async.events import Event
        >>> kinds: list[str] = []
        >>> def told(event: Event) -> None:
        ...     kinds.append(type(event).__name__)
        >>> with HeyMilo(events=told) as client:
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
    A method of a resource was called, or a walk wants its next page.

    Attributes:
        method: The HTTP method.
        url: The whole URL.
        template: The path, with its parameters as the contract names them:
            `/api/v2/phone-numbers/{config_id}`.
        deadline: Seconds until the call has to be over, None if it has no limit.
    """

    method: str
    url: str
    template: str
    deadline: float | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Paced(Event):
    """
    The call waits before an attempt: for its turn under the client's `rate_limit`, or since the
    server asked callers with this key to rest.

    Attributes:
        wait: Seconds, from now on.
    """

    wait: float


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptStarted(Event):
    """
    A request is about to be sent.

    Attributes:
        number: 1 for the first attempt of the call.
        method: The HTTP method.
        url: The whole URL.
        headers: The headers of the request, by name; credentials and headers of your own have the
            value `***`.
    """

    number: int
    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(converter=_read_only, hash=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptFinished(Event):
    """
    An attempt is over: an answer came, or it is certain that none will.

    An attempt that was cancelled, or that ended because the client was closed, has no such event.

    Attributes:
        number: 1 for the first attempt of the call.
        status_code: The status of the answer, None if none came.
        cause: What went wrong, as kind and text; None if nothing did but the status.
        error: The name of the exception's class that this attempt alone would have raised, None if
            it was a success.
        request_id: The id that the server gave this attempt, None if it gave none.
        elapsed: Seconds from sending to the end of the answer.
        headers: The headers of the answer, None if none came.
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
    The attempt before did not settle the call, and there will be another one.

    Attributes:
        number: The attempt to come: 2 or more.
        wait: Seconds until then.
        reason: What came of the attempt before: a status such as `503`, or what went wrong.
    """

    number: int
    wait: float
    reason: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PageFetched(Event):
    """
    A page of a list came, whole and well.

    Attributes:
        count: How many items it has.
        has_more: Whether there are items after it.
        total_count: How many items the whole list has, None if the server does not say.
        cursor: The id of its last item, None if it is empty.
    """

    count: int
    has_more: bool
    total_count: int | None
    cursor: str | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallFinished(Event):
    """
    The call is over: its data or its error is handed to the caller.

    Attributes:
        attempts: How many requests were sent, 0 if none was.
        status_code: The status of the last answer, None if the last attempt had none.
        error: The name of the exception's class, None if the call succeeded; cancellation and
            Ctrl-C count as errors here.
        request_id: The id that the server gave the last attempt, None if it gave none.
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
        What it came to, in words: `200`, `404 NotFoundError`, `APITimeoutError`.
        """
        return " ".join(str(part) for part in (self.status_code, self.error) if part is not None)


#: What `events=` takes, one or several of them.
Listener: TypeAlias = Callable[[Event], object]

#: Numbers the calls; taking the next one is a single step in C, so threads need no lock.
next_call: Final[Callable[[], int]] = itertools.count(1).__next__
