"""
Fictional phone numbers, from ranges that regulators reserve for fiction.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from ._items import Item

T = TypeVar("T")


class PhoneNumberResponse(Item):
    """
    A phone number of the workspace, the schema of this name in the contract.

    Args:
        id: The id that other operations take.
        phone_number: The number in E.164 format.
        country_code: The ISO code of its country, None if it is unknown.
        active: Whether it is active.
        date_provisioned: When it was provisioned, in Unix seconds; None if that is unknown.

    Raises:
        ValueError: The contract does not allow a value.

    Example:
        >>> from heymilo_async.sandbox import PhoneNumberResponse
        >>> number = PhoneNumberResponse(id="desk", phone_number="+442079460000", active=True)
        >>> number.phone_number, number.country_code
        ('+442079460000', None)
    """

    __slots__ = ()

    schema: ClassVar[str] = "PhoneNumberResponse"
    key: ClassVar[str] = "id"

    if TYPE_CHECKING:
        id: str
        phone_number: str
        country_code: str | None
        active: bool
        date_provisioned: float | None
        object: str


# 555-0100 to 555-0199 in every geographic area code:
# https://www.nanpa.com/numbering/555-line-numbers
_US_AREA_CODES: Final = (
    *("206", "212", "213", "305", "312", "404", "415", "503", "512", "602"),
    *("615", "617", "702", "713", "718", "720", "808", "816", "901", "919"),
)
_CA_AREA_CODES: Final = ("204", "306", "403", "416", "418", "506", "514", "604", "613", "902")

# A thousand numbers with each prefix:
# https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
_GB_PREFIXES: Final = (
    *("+441134960", "+441144960", "+441154960", "+441164960", "+441174960", "+441184960"),
    *("+441214960", "+441314960", "+441414960", "+441514960", "+441614960", "+441914980"),
    *("+442079460", "+442920180", "+441632960", "+447700900"),
)

# Ten thousand landlines with each prefix, and single mobile numbers:
# https://www.acma.gov.au/phone-numbers-use-tv-shows-films-and-creative-works
_AU_PREFIXES: Final = (
    *("+6125550", "+6135550", "+6175550", "+6185550"),
    *("+6127010", "+6137010", "+6177010", "+6187010"),
)
_AU_MOBILES: Final = (
    *("+61491570006", "+61491570110", "+61491570156"),
    *("+61491570157", "+61491570158", "+61491570159"),
)

CAPACITY: Final = (
    (len(_US_AREA_CODES) + len(_CA_AREA_CODES)) * 100
    + len(_GB_PREFIXES) * 1000
    + len(_AU_PREFIXES) * 10_000
    + len(_AU_MOBILES)
)

_FIRST_PROVISIONED: Final = 1_735_689_600.0
_SECONDS_BETWEEN: Final = 86_413


def seed_numbers(count: int) -> list[PhoneNumberResponse]:
    """
    Return *count* distinct phone numbers, always the same ones.

    A shorter list is the start of a longer one. Every twelve numbers include some that are
    inactive, have no country, have no provisioning date, or have one with a fraction of a second.

    Args:
        count: The number of phone numbers, 0 or more.

    Returns:
        The numbers, each with a unique id.

    Raises:
        TypeError: *count* is not an int.
        ValueError: *count* is below 0, or exceeds the number of fictional phone numbers.

    Example:
        >>> from heymilo_async.sandbox import seed_numbers
        >>> [number.phone_number for number in seed_numbers(2)]
        ['+12065550100', '+12045550100']
    """
    if isinstance(count, bool) or not isinstance(count, int):
        message = f"the count of numbers must be an int, not {type(count).__name__}"
        raise TypeError(message)
    if not 0 <= count <= CAPACITY:
        message = f"the count of numbers must be within 0..{CAPACITY}, not {count}"
        raise ValueError(message)
    fictional = itertools.islice(_fictional_numbers(), count)
    return [_phone_number(index, *number) for index, number in enumerate(fictional)]


def _phone_number(index: int, country_code: str, phone_number: str) -> PhoneNumberResponse:
    provisioned = _FIRST_PROVISIONED + index * _SECONDS_BETWEEN + (0.25 if index % 3 == 2 else 0)
    return PhoneNumberResponse(
        id=_id(index),
        phone_number=phone_number,
        country_code=None if index % 11 == 10 else country_code,
        active=index % 7 != 6,
        date_provisioned=None if index % 5 == 4 else provisioned,
    )


def _id(index: int) -> str:
    # Multiplying by an odd number permutes the 32-bit integers, so no two ids are equal:
    # https://en.wikipedia.org/wiki/Hash_function#Fibonacci_hashing
    return f"{(index + 1) * 2_654_435_761 % 2**32:08X}"


def _fictional_numbers() -> Iterator[tuple[str, str]]:
    """
    Yield the country code and the E.164 form of every number, alternating between countries.
    """
    return _round_robin(
        _round_robin(
            *(_lines("US", f"+1{code}555", range(100, 200), 4) for code in _US_AREA_CODES)
        ),
        _round_robin(
            *(_lines("CA", f"+1{code}555", range(100, 200), 4) for code in _CA_AREA_CODES)
        ),
        _round_robin(*(_lines("GB", prefix, range(1000), 3) for prefix in _GB_PREFIXES)),
        _round_robin(
            [("AU", mobile) for mobile in _AU_MOBILES],
            *(_lines("AU", prefix, range(10_000), 4) for prefix in _AU_PREFIXES),
        ),
    )


def _lines(country: str, prefix: str, lines: range, digits: int) -> Iterator[tuple[str, str]]:
    # A generator, because most sandboxes use thirty of the hundred thousand numbers.
    return ((country, f"{prefix}{line:0{digits}}") for line in lines)


def _round_robin(*sources: Iterable[T]) -> Iterator[T]:
    """
    Yield one item of each source in turn; an exhausted source is skipped.

    This is the recipe `roundrobin` of https://docs.python.org/3/library/itertools.html.
    """
    iterators: Iterator[Iterator[T]] = map(iter, sources)
    for active in range(len(sources), 0, -1):
        iterators = itertools.cycle(itertools.islice(iterators, active))
        yield from map(next, iterators)
