"""
The steps in which the relay sends a response: unchanged, with a fault, or over a slow network.

The functions are pure: they return steps, and the relay performs them.
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
    Wait for some seconds.
    """

    seconds: float


@attrs.frozen
class Send:
    """
    Send these bytes.
    """

    data: bytes


@attrs.frozen
class Close:
    """
    Close the connection, or reset it.
    """

    reset: bool = False


Step = Wait | Send | Close


@attrs.frozen(kw_only=True)
class RelayedResponse:
    """
    A response as the application sent it.

    Attributes:
        raw: All its bytes, head and body.
        status_code: The status.
        headers: The headers, with names in lower case.
        body: The body, without chunk framing.
        cursor: The request's `starting_after`, None if it had none.
    """

    raw: bytes
    status_code: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    cursor: str | None = None

    @property
    def split(self) -> tuple[bytes, bytes]:
        """
        The bytes before the body, and the bytes of the body.
        """
        head, blank, body = self.raw.partition(b"\r\n\r\n")
        return head + blank, body


@attrs.frozen(kw_only=True)
class Network:
    """
    A simulated network, which affects every response.

    Attributes:
        latency: Seconds before a response, 0 to 60.
        rate: Bytes per second, more than 0; None: no limit.
        slice: Bytes per write, 1 or more; None: all at once. With a *rate*, writes are delayed
            accordingly.
        cut_after: Close a connection after this many bytes of responses; None: never.
        reset: Whether to reset the connection then, instead of closing it.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A value is out of range.

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
    Return the status of a `Status` fault, None for other faults.
    """
    return fault.status_code if isinstance(fault, Status) else None


def bypassing(fault: Fault | None, request_id: str) -> list[Step] | None:
    """
    Return the steps of a *fault* that bypasses the application; None for other faults.
    """
    if isinstance(fault, Drop):
        return [Close(fault.reset)]
    if isinstance(fault, Status):
        return [Send(_scripted_response(fault, request_id))]
    return None


def _scripted_response(fault: Status, request_id: str) -> bytes:
    headers = {"X-Request-Id": request_id}
    if fault.retry_after is not None:
        headers["Retry-After"] = f"{fault.retry_after:g}"
    response = envelope(
        fault.status_code, "scripted_fault", "A test scripted this error.", headers=headers
    )
    lines = [f"HTTP/1.1 {fault.status_code} Scripted".encode()]
    lines += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + bytes(response.body)


@functools.singledispatch
def with_fault(fault: Fault | None, response: RelayedResponse) -> list[Step]:
    """
    Return the steps that send *response* with *fault*; without a fault, send it unchanged.
    """
    del fault
    return [Send(response.raw)]


@with_fault.register
def _(fault: Slow, response: RelayedResponse) -> list[Step]:
    return [Wait(fault.seconds), Send(response.raw)]


@with_fault.register
def _(fault: CutBody, response: RelayedResponse) -> list[Step]:
    head, body = response.split
    return [Send(head + body[: int(len(body) * fault.keep)]), Close()]


@with_fault.register
def _(fault: DripBody, response: RelayedResponse) -> list[Step]:
    head, body = response.split
    chunks = (body[start : start + fault.size] for start in range(0, len(body), fault.size))
    return [Send(head), *(step for chunk in chunks for step in (Wait(fault.every), Send(chunk)))]


@with_fault.register
def _(_: InvalidJSON, response: RelayedResponse) -> list[Step]:
    return [Send(_with_body(response, response.body[:-1]))]


@with_fault.register
def _(_: WrongTypes, response: RelayedResponse) -> list[Step]:
    if (document := _document(response)) is None:
        return [Send(response.raw)]
    data = document.get("data")
    first = data[0] if isinstance(data, list) and data else data
    if isinstance(first, dict):
        first.update(_other_types(first))
    elif isinstance(data, list):
        document["pagination"]["has_more"] = "no"
    return [Send(_with_body(response, json.dumps(document).encode()))]


@with_fault.register
def _(_: RepeatCursor, response: RelayedResponse) -> list[Step]:
    if (document := _document(response)) is None:
        return [Send(response.raw)]
    if "pagination" in document:
        document["pagination"]["has_more"] = True
        for item in document["data"][-1:]:
            item.update({name: response.cursor for name in _CURSORS if name in item})
    return [Send(_with_body(response, json.dumps(document).encode()))]


#: The fields that can be an item's cursor; no item has two of them.
_CURSORS: Final = ("id", "webhook_id", "interview_id")


def _other_types(item: dict[str, Any]) -> dict[str, Any]:
    """
    Return members of *item* with values of a wrong type: each value in two nested lists.
    """
    if "active" in item:
        return {"active": "yes"}
    return {name: [[value]] for name, value in item.items() if name != "object"}


def _document(response: RelayedResponse) -> dict[str, Any] | None:
    try:
        document = json.loads(response.body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _with_body(response: RelayedResponse, body: bytes) -> bytes:
    """
    Return the bytes of *response* with another body and its Content-Length.
    """
    status_line = response.raw.partition(b"\r\n")[0]
    framing = {b"content-length", b"transfer-encoding"}
    lines = [name + b": " + value for name, value in response.headers if name not in framing]
    length = b"content-length: %d" % len(body)
    return b"\r\n".join([status_line, *lines, length]) + b"\r\n\r\n" + body


def over_network(network: Network, steps: Iterable[Step], sent: int = 0) -> Iterator[Step]:
    """
    Yield *steps* with the delays and limits of *network*; *sent* bytes were sent before them.
    """
    if network.latency:
        yield Wait(network.latency)
    for step in steps:
        if not isinstance(step, Send):
            yield step
            continue
        for chunk in _chunks(step.data, network):
            if network.cut_after is not None and sent + len(chunk) > network.cut_after:
                yield Send(chunk[: network.cut_after - sent])
                yield Close(network.reset)
                return
            if network.rate is not None:
                yield Wait(len(chunk) / network.rate)
            yield Send(chunk)
            sent += len(chunk)


def _chunks(data: bytes, network: Network) -> Iterator[bytes]:
    # With only a rate: send the bytes of a tenth of a second at a time.
    size = network.slice or (max(1, int((network.rate or 0) / 10)) if network.rate else len(data))
    for start in range(0, len(data), max(1, size)):
        yield data[start : start + size]
