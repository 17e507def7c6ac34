"""
Logs requests and responses to stderr for -v, and their headers for -vv.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from ..events import AttemptFinished, AttemptStarted, Event, Paced, RetryScheduled
from ._streams import say


def tracer(verbose: int) -> Callable[[Event], None] | None:
    """
    Return a listener for a client's events; None without -v.
    """
    if not verbose:
        return None

    def listener(event: Event) -> None:
        for line in lines(event, headers=verbose > 1):
            say(line)

    return listener


@functools.singledispatch
def lines(event: Event, *, headers: bool) -> Iterable[str]:
    """
    Return the log lines for *event*; most events have none.
    """
    del event, headers
    return ()


@lines.register
def _(event: AttemptStarted, *, headers: bool) -> Iterable[str]:
    parts = urlsplit(event.url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    yield f"> {event.method} {target} to {parts.scheme}://{parts.netloc}, attempt {event.number}"
    if headers:
        yield from _each(">", event.headers)


@lines.register
def _(event: AttemptFinished, *, headers: bool) -> Iterable[str]:
    came = " ".join(str(part) for part in (event.status_code, event.cause) if part is not None)
    named = "" if event.request_id is None else f", request id {event.request_id}"
    yield f"< {came} after {event.elapsed * 1000:.0f} ms{named}"
    if headers and event.headers is not None:
        yield from _each("<", event.headers)


@lines.register
def _(event: RetryScheduled, *, headers: bool) -> Iterable[str]:
    del headers
    yield f"retrying in {event.wait:.1f} s, because of {event.reason}"


@lines.register
def _(event: Paced, *, headers: bool) -> Iterable[str]:
    del headers
    yield f"waiting {event.wait:.1f} s (rate limit or Retry-After)"


def _each(mark: str, headers: Mapping[str, str]) -> Iterable[str]:
    return (f"{mark}   {name}: {value}" for name, value in headers.items())
