"""
What happens during calls, as a stream of frozen values: what `events=` is told.

Each call begins with a `CallStarted` and ends with a `CallFinished`, however it ends. In between,
in the order in which things happen:

    CallStarted
        Paced                   the credential rests, and the call waits for that first
        AttemptStarted          a request goes out ...
        AttemptFinished         ... and this is what came of it
        RetryScheduled          there will be another attempt, after a wait
        PageFetched             the answer is a page of a list
    CallFinished

No event holds a key, a token or a body.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from ._mapping import Headers, ReadOnly

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

_log = logging.getLogger("heymilo_async")
# Without a handler `logging` would print warnings to stderr:
# https://docs.python.org/3/howto/logging.html#configuring-logging-for-a-library
_log.addHandler(logging.NullHandler())


def _read_only(headers: Mapping[str, str]) -> Mapping[str, str]:
    return ReadOnly(headers)


@attrs.frozen(kw_only=True)
class Event:
    """
    What all events say.

    Attributes:
        call: The number of the call within this process; events of concurrent calls are mixed.
        operation: The id of the API's operation, such as `listPhoneNumbers`.
    """

    call: int
    operation: str


@attrs.frozen(kw_only=True)
class CallStarted(Event):
    """
    A method of a resource was called, or a walk wants its next page.

    Attributes:
        request: Method and path, as errors show them: `GET /api/v2/phone-numbers`.
        deadline: Seconds until the call has to be over, None if it has no limit.
    """

    request: str
    deadline: float | None


@attrs.frozen(kw_only=True)
class Paced(Event):
    """
    The call waits before its first attempt, for the server asked callers with this key to rest.

    Attributes:
        wait: Seconds, from now on.
    """

    wait: float


@attrs.frozen(kw_only=True)
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


@attrs.frozen(kw_only=True)
class AttemptFinished(Event):
    """
    An attempt is over: an answer came, or it is certain that none will.

    An attempt that was cancelled, or that ended because the client was closed, has no such event.

    Attributes:
        number: 1 for the first attempt of the call.
        status_code: The status of the answer, None if none came.
        cause: What went wrong, as kind and text; None if nothing did but the status.
        request_id: The id that the server gave this attempt, None if it gave none.
        elapsed: Seconds from sending to the end of the answer.
        headers: The headers of the answer, None if none came.
    """

    number: int
    status_code: int | None
    cause: str | None
    request_id: str | None
    elapsed: float
    headers: Headers | None


@attrs.frozen(kw_only=True)
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


@attrs.frozen(kw_only=True)
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


@attrs.frozen(kw_only=True)
class CallFinished(Event):
    """
    The call is over: its data or its error is handed to the caller.

    Attributes:
        attempts: How many requests were sent, 0 if none was.
        status_code: The status of the last answer, None if the last attempt had none.
        error: The name of the exception's class, None if the call succeeded; cancellation and
            Ctrl-C count as errors here.
        elapsed: Seconds from the start of the call, waits included.
    """

    attempts: int
    status_code: int | None
    error: str | None
    elapsed: float


class Listener:
    """
    Whom the events of a client are told to; what it raises is logged once, and breaks no call.
    """

    def __init__(self, told: Callable[[Event], object]) -> None:
        self.told = told
        self._has_failed = False

    def tell(self, event: Event) -> None:
        """
        Tell *event*.
        """
        try:
            self.told(event)
        except Exception as error:
            if not self._has_failed:
                self._has_failed = True
                _log.warning(
                    "events=%r raised %s on %s; calls go on, and this is said once",
                    self.told,
                    type(error).__name__,
                    type(event).__name__,
                    exc_info=error,
                )


#: Numbers the calls; taking the next one is a single step in C, so threads need no lock.
next_call: Final[Callable[[], int]] = itertools.count(1).__next__
