"""
What the relay does to send an answer, as steps: whole, spoilt by a fault, over a bad network.

Pure: answers and settings in, steps out. The relay takes them.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs

from ._errors import envelope
from .faults import (
    CutBody,
    DripBody,
    Drop,
    Fault,
    InvalidJSON,
    RepeatCursor,
    Slow,
    Status,
    WrongTypes,
    number,
)


@attrs.frozen
class Wait:
    """
    Do nothing for so many seconds.
    """

    seconds: float


@attrs.frozen
class Send:
    """
    Send these bytes.
    """

    data: bytes


@attrs.frozen
class End:
    """
    End the connection, by a reset or in good order.
    """

    reset: bool = False


Step = Wait | Send | End


@attrs.frozen(kw_only=True)
class RelayedAnswer:
    """
    An answer as the application sent it.

    Attributes:
        raw: Every byte of it, head and body.
        head: The status line and the headers as they came, names in lower case.
        body: Without the framing of chunks.
        cursor: What the request asked to start after, None if it did not.
    """

    raw: bytes
    status_code: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    cursor: str | None = None

    @property
    def split(self) -> tuple[bytes, bytes]:
        """
        The bytes up to the body, and the bytes of it.
        """
        head, blank, body = self.raw.partition(b"\r\n\r\n")
        return head + blank, body


@attrs.frozen(kw_only=True)
class Network:
    """
    How bad the network is, for every answer.

    Attributes:
        latency: Seconds before an answer, 0 to 60.
        rate: Bytes a second, more than 0; None: as fast as it gets.
        slice: Bytes at a time, 1 or more; None: all at once. With a *rate*, the next one comes
            when its time has come.
        cut_after: Bytes of each connection's answers after which it ends; None: it does not.
        reset: Whether it then ends by a reset and not in good order.

    Raises:
        TypeError: A value is of the wrong type.
        ValueError: A value is out of its range.

    Example:
        >>> from heymilo_async.sandbox import Network
        >>> Network(latency=0.05, rate=10_000)
        Network(latency=0.05, rate=10000, slice=None, cut_after=None, reset=False)
    """

    latency: float = 0.0
    rate: float | None = None
    slice: int | None = None
    cut_after: int | None = None
    reset: bool = False

    def __attrs_post_init__(self) -> None:
        number("latency", self.latency, 0, 60)
        for name, lowest in (("rate", 0.001), ("slice", 1), ("cut_after", 0)):
            if (value := getattr(self, name)) is not None:
                number(name, value, lowest, math.inf)


def status_of(fault: Fault | None) -> int | None:
    """
    Return the status that *fault* answers with by itself, None if it lets the application answer.
    """
    return fault.status_code if isinstance(fault, Status) else None


def without_answer(fault: Fault | None, request_id: str) -> list[Step] | None:
    """
    Return the steps of a *fault* for which the application is not asked; None if it has to be.
    """
    if isinstance(fault, Drop):
        return [End(fault.reset)]
    if isinstance(fault, Status):
        return [Send(_refusal(fault, request_id))]
    return None


def _refusal(fault: Status, request_id: str) -> bytes:
    headers = {"X-Request-Id": request_id}
    if fault.retry_after is not None:
        headers["Retry-After"] = f"{fault.retry_after:g}"
    answer = envelope(fault.status_code, "scripted_fault", "Asked for by a test.", headers=headers)
    lines = [f"HTTP/1.1 {fault.status_code} Scripted".encode()]
    lines += [name + b": " + value for name, value in answer.raw_headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + bytes(answer.body)


@functools.singledispatch
def spoilt(fault: Fault | None, answer: RelayedAnswer) -> list[Step]:
    """
    Return the steps that send *answer* with *fault*; without one, that is every byte as it came.
    """
    del fault
    return [Send(answer.raw)]


@spoilt.register
def _(fault: Slow, answer: RelayedAnswer) -> list[Step]:
    return [Wait(fault.seconds), Send(answer.raw)]


@spoilt.register
def _(fault: CutBody, answer: RelayedAnswer) -> list[Step]:
    head, body = answer.split
    return [Send(head + body[: int(len(body) * fault.keep)]), End()]


@spoilt.register
def _(fault: DripBody, answer: RelayedAnswer) -> list[Step]:
    head, body = answer.split
    drops = (body[start : start + fault.size] for start in range(0, len(body), fault.size))
    return [Send(head), *(step for drop in drops for step in (Wait(fault.every), Send(drop)))]


@spoilt.register
def _(_: InvalidJSON, answer: RelayedAnswer) -> list[Step]:
    return [Send(_with_body(answer, answer.body[:-1]))]


@spoilt.register
def _(_: WrongTypes, answer: RelayedAnswer) -> list[Step]:
    if (document := _document(answer)) is None:
        return [Send(answer.raw)]
    data = document.get("data")
    first = data[0] if isinstance(data, list) and data else data
    if isinstance(first, dict):
        first.update(_other_types(first))
    elif isinstance(data, list):
        document["pagination"]["has_more"] = "no"
    return [Send(_with_body(answer, json.dumps(document).encode()))]


@spoilt.register
def _(_: RepeatCursor, answer: RelayedAnswer) -> list[Step]:
    if (document := _document(answer)) is None:
        return [Send(answer.raw)]
    if "pagination" in document:
        document["pagination"]["has_more"] = True
        for item in document["data"][-1:]:
            item[next(name for name in _CURSORS if name in item)] = answer.cursor
    return [Send(_with_body(answer, json.dumps(document).encode()))]


#: By what an item may be known, in a list that can be walked; a candidate has no `id`.
_CURSORS: Final = ("id", "webhook_id", "interview_id")


def _other_types(item: dict[str, Any]) -> dict[str, Any]:
    """
    Return a member of *item* with a value that it cannot have: what is there now, in a list.
    """
    if "active" in item:
        return {"active": "yes"}
    required = next((name for name in item if name != "object"), None)
    return {} if required is None else {required: [[item[required]]]}


def _document(answer: RelayedAnswer) -> dict[str, Any] | None:
    try:
        document = json.loads(answer.body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _with_body(answer: RelayedAnswer, body: bytes) -> bytes:
    """
    Return the bytes of *answer* with another body, framed by its length.
    """
    status_line = answer.raw.partition(b"\r\n")[0]
    framing = {b"content-length", b"transfer-encoding"}
    lines = [name + b": " + value for name, value in answer.headers if name not in framing]
    length = b"content-length: %d" % len(body)
    return b"\r\n".join([status_line, *lines, length]) + b"\r\n\r\n" + body


def over(network: Network, steps: Iterable[Step], sent: int = 0) -> Iterator[Step]:
    """
    Yield *steps* as *network* lets them be, after *sent* bytes on the same connection.
    """
    if network.latency:
        yield Wait(network.latency)
    for step in steps:
        if not isinstance(step, Send):
            yield step
            continue
        for piece in _pieces(step.data, network):
            if network.cut_after is not None and sent + len(piece) > network.cut_after:
                yield Send(piece[: network.cut_after - sent])
                yield End(network.reset)
                return
            if network.rate is not None:
                yield Wait(len(piece) / network.rate)
            yield Send(piece)
            sent += len(piece)


def _pieces(data: bytes, network: Network) -> Iterator[bytes]:
    # With a rate alone: a tenth of a second's worth at a time.
    size = network.slice or (max(1, int((network.rate or 0) / 10)) if network.rate else len(data))
    for start in range(0, len(data), max(1, size)):
        yield data[start : start + size]
