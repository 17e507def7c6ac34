"""
The sandbox's phone numbers belong to nobody.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from inside_sandbox import CAPACITY

from heymilo_async import sandbox

US = (
    r"\+1(206|21[23]|305|312|404|415|503|512|602|615|617|702|713|718|720|808|816|901|919)"
    r"55501\d\d"
)
CA = r"\+1(204|306|403|41[68]|506|514|604|613|902)55501\d\d"
GB = (
    r"\+44(11[3-8]4960\d{3}|1[2-6]14960\d{3}|1914980\d{3}|2079460\d{3}|2920180\d{3}"
    r"|1632960\d{3}|7700900\d{3})"
)
AU = r"\+61([2378](5550|7010)\d{4}|491570(006|110|156|157|158|159))"
RESERVED = {"US": re.compile(US), "CA": re.compile(CA), "GB": re.compile(GB), "AU": re.compile(AU)}


def country_of(phone_number: str) -> str:
    """
    Return the only country in whose reserved ranges *phone_number* lies.
    """
    (country,) = [name for name, range_ in RESERVED.items() if range_.fullmatch(phone_number)]
    return country


@pytest.mark.full("it looks at every number there is")
@pytest.mark.parametrize("count", [0, 1, 30, 3000, CAPACITY])
def test_numbers_are_distinct_and_reserved_for_fiction(count: int) -> None:
    """
    There are as many as requested, with unique numbers and ids; the country is the number's own or
    unknown.
    """
    numbers = sandbox.seed_numbers(count)

    assert count == len({number.phone_number for number in numbers})
    assert count == len({number.id for number in numbers})
    for number in numbers:
        assert re.fullmatch("[0-9A-F]{8}", number.id)
        assert number.country_code in {None, country_of(number.phone_number)}


def test_seeds_are_always_the_same() -> None:
    """
    The same count gives the same list, which starts like every longer list.
    """
    numbers = sandbox.seed_numbers(50)

    assert numbers == sandbox.seed_numbers(50)
    assert numbers[:20] == sandbox.seed_numbers(20)
    assert ["9E3779B1", "+12065550100"] == [numbers[0].id, numbers[0].phone_number]


def test_a_dozen_numbers_are_of_every_kind() -> None:
    """
    Known and unknown countries, active and inactive, never provisioned, with whole and fractional
    seconds.
    """
    numbers = sandbox.seed_numbers(12)
    times = [number.date_provisioned for number in numbers]

    assert {"US", "CA", "GB", "AU", None} == {number.country_code for number in numbers}
    assert {True, False} == {number.active for number in numbers}
    assert {None, 0.0, 0.25} == {None if time is None else time % 1 for time in times}


@pytest.mark.parametrize("count", [True, 1.0, "30", None])
def test_a_count_must_be_an_int(count: Any) -> None:
    """
    A wrong type is refused before anything is generated.
    """
    with pytest.raises(TypeError, match=f"must be an int, not {type(count).__name__}"):
        sandbox.seed_numbers(count)


@pytest.mark.parametrize("count", [-1, CAPACITY + 1])
def test_a_count_must_not_exceed_what_is_reserved(count: int) -> None:
    """
    The error names the bounds.
    """
    with pytest.raises(ValueError, match=rf"within 0\.\.{CAPACITY}, not {count}"):
        sandbox.seed_numbers(count)
