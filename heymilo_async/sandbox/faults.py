"""
What can go wrong between a client and the sandbox: values for `fail_next` and `chaos`.

Each is made of real bytes on a real socket, by the relay in front of the application.
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
    Return *value* if it is a number, and no bool, from *lowest* to *highest*.
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
    What all faults are; make one of its kinds.

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
    An answer of that status, in the error envelope; the application is not asked.

    Attributes:
        status_code: 400 to 599.
        retry_after: Seconds for the `Retry-After` header, 0 or more; None sends no such header.

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
    The right answer, but late.

    Attributes:
        seconds: How late, more than 0 and at most 3600.
    """

    seconds: float = attrs.field(validator=_positive)


@attrs.frozen
class Drop(Fault):
    """
    The connection ends without an answer; the application is not asked.

    Attributes:
        reset: Whether by a reset (RST) and not in good order (FIN).
    """

    reset: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))


@attrs.frozen
class CutBody(Fault):
    """
    The connection ends in the middle of the body.

    Attributes:
        keep: The part of the body that arrives, from 0 to less than 1.
    """

    keep: float = attrs.field(default=0.5, validator=_within(0, 0.999))


@attrs.frozen
class DripBody(Fault):
    """
    The right answer, but its body comes drop by drop.

    Attributes:
        size: Bytes at a time, 1 or more.
        every: Seconds before each of them, more than 0 and at most 3600.
    """

    size: int = attrs.field(default=1, validator=_within(1, 2**20, whole=True))
    every: float = attrs.field(default=0.01, validator=_positive)


@attrs.frozen
class InvalidJSON(Fault):
    """
    A whole answer, with the right status, whose body breaks off as JSON.
    """


@attrs.frozen
class WrongTypes(Fault):
    """
    A whole answer of good JSON, in which something is not of the contract's type.

    It is the `active` of the first item or else its first member, or `has_more` of an empty page.
    """


@attrs.frozen
class RepeatCursor(Fault):
    """
    A page that ends with the very cursor it was asked to start after, and says that there is more.

    It waits for a list request with a cursor; those without pass as they are.
    """


#: What `chaos` picks from unless it is told otherwise: a client that tries again gets over each.
SURVIVABLE: Final[tuple[Fault, ...]] = (
    Status(429, retry_after=0),
    Status(502),
    Status(503),
    Drop(),
    Drop(reset=True),
    CutBody(),
    Slow(0.02),
)
