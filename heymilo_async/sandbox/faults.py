"""
Faults between a client and the sandbox, for `fail_next` and `chaos`.

The relay in front of the application injects each of them on a real socket.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

__all__ = [
    "SURVIVABLE",
    "CutBody",
    "DripBody",
    "Drop",
    "Fault",
    "InvalidJSON",
    "RepeatCursor",
    "Slow",
    "Status",
    "WrongTypes",
]

_LONGEST: Final = 3600.0


def number(name: str, value: object, lowest: float, highest: float) -> float:
    """
    Return *value* if it is an int or float from *lowest* to *highest*.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"{name} must be a number, not {type(value).__name__}"
        raise TypeError(message)
    if not lowest <= value <= highest:
        message = f"{name} must be within {lowest:g}..{highest:g}, not {value}"
        raise ValueError(message)
    return value


def _within(lowest: float, highest: float, *, whole: bool = False) -> Any:
    def validate(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if whole and not isinstance(value, int):
            message = f"{attribute.name} must be an int, not {type(value).__name__}"
            raise TypeError(message)
        number(attribute.name, value, lowest, highest)

    return validate


def _positive(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if number(attribute.name, value, 0, _LONGEST) == 0:
        message = f"{attribute.name} must be more than 0"
        raise ValueError(message)


@attrs.frozen
class Fault:
    """
    Base class of all faults; use one of its subclasses.

    Example:
        >>> from heymilo_async.sandbox import faults, running
        >>> with running() as milo, milo.client() as client:
        ...     milo.fail_next(faults.Drop(reset=True))
        ...     print(len(client.phone_numbers.list()), len(milo.requests))
        20 2
    """


@attrs.frozen
class Status(Fault):
    """
    An error response with this status; the request does not reach the application.

    Attributes:
        status_code: The status, 400 to 599.
        retry_after: Seconds for the `Retry-After` header, 0 or more; None: no header.

    Example:
        >>> from heymilo_async.sandbox import faults
        >>> faults.Status(429, retry_after=2)
        Status(status_code=429, retry_after=2)
    """

    status_code: int = attrs.field(validator=_within(400, 599, whole=True))
    retry_after: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(_within(0, 86_400))
    )


@attrs.frozen
class Slow(Fault):
    """
    A correct response after a delay.

    Attributes:
        seconds: The delay, more than 0 and at most 3600.
    """

    seconds: float = attrs.field(validator=_positive)


@attrs.frozen
class Drop(Fault):
    """
    The connection ends without a response; the request does not reach the application.

    Attributes:
        reset: Whether to reset the connection (RST) instead of closing it (FIN).
    """

    reset: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))


@attrs.frozen
class CutBody(Fault):
    """
    The connection ends in the middle of the body.

    Attributes:
        keep: The share of the body that is sent, 0 to 0.999.
    """

    keep: float = attrs.field(default=0.5, validator=_within(0, 0.999))


@attrs.frozen
class DripBody(Fault):
    """
    A correct response whose body is sent slowly in small pieces.

    Attributes:
        size: Bytes per piece, 1 or more.
        every: Seconds before each piece, more than 0 and at most 3600.
    """

    size: int = attrs.field(default=1, validator=_within(1, 2**20, whole=True))
    every: float = attrs.field(default=0.01, validator=_positive)


@attrs.frozen
class InvalidJSON(Fault):
    """
    A complete response with the correct status, whose body is truncated JSON.
    """


@attrs.frozen
class WrongTypes(Fault):
    """
    A complete response of valid JSON, in which a value has a wrong type.

    It is the `active` of the first item, or all its values, or the `has_more` of an empty page.
    """


@attrs.frozen
class RepeatCursor(Fault):
    """
    A page that ends with the cursor of its own request, and has `has_more`.

    It applies to the next list request with a cursor; requests without one are not affected.
    """


#: The default faults of `chaos`; a client survives each of them by retrying.
SURVIVABLE: Final[tuple[Fault, ...]] = (
    Status(429, retry_after=0),
    Status(502),
    Status(503),
    Drop(),
    Drop(reset=True),
    CutBody(),
    Slow(0.02),
)
