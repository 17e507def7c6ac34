"""
Phone numbers: the numbers that a workspace's voice and SMS agents use.
"""

from __future__ import annotations

import re
from datetime import datetime

import attrs

from .._core.model import Model
from ._collection import AsyncCollection, Collection, get_operation, list_operation

#: https://www.itu.int/rec/T-REC-E.164/: a plus sign and at most 15 digits, no zero in front.
_E164 = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PhoneNumber(Model):
    """
    A phone number of the workspace, the schema `PhoneNumberResponse` of the contract.

    Attributes:
        id: The id that other operations take; opaque.
        phone_number: The number, usually in E.164, such as `+12062088075`. The client does not
            change what the server sends; `is_e164` checks the format.
        active: Whether agents may use it.
        country_code: ISO 3166-1 alpha-2, such as `US`; None if the server does not say.
        date_provisioned: When the workspace got the number, in UTC; None if the server does not
            say.
        object: The contract's name for this type, `phone_number`.

    Example:
        >>> from heymilo_async import PhoneNumber
        >>> number = PhoneNumber(id="666A24C3", phone_number="+12062088075", active=True)
        >>> number.is_e164
        True
    """

    id: str
    phone_number: str
    active: bool
    country_code: str | None = None
    date_provisioned: datetime | None = None
    object: str = "phone_number"

    @property
    def is_e164(self) -> bool:
        """
        Whether `phone_number` is in E.164 format: a plus sign and 2 to 15 digits.
        """
        return _E164.fullmatch(self.phone_number) is not None


class AsyncPhoneNumbers(AsyncCollection[PhoneNumber]):
    """
    The phone numbers of a workspace; `client.phone_numbers` of an `AsyncHeyMilo`.

    Example:
        >>> import asyncio
        >>> from heymilo_async import AsyncHeyMilo
        >>> async def main() -> None:
        ...     async with AsyncHeyMilo() as client:
        ...         print((await client.phone_numbers.get("9E3779B1")).phone_number)
        >>> asyncio.run(main())
        +12065550100
    """

    _list_operation = list_operation("listPhoneNumbers", "/api/v2/phone-numbers", PhoneNumber)
    _get_operation = get_operation(
        "getPhoneNumber", "/api/v2/phone-numbers/{config_id}", PhoneNumber
    )
    _id_name = "phone_number_id"


class PhoneNumbers(Collection[PhoneNumber]):
    """
    The phone numbers of a workspace; `client.phone_numbers` of a `HeyMilo`.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> with HeyMilo() as client:
        ...     print(client.phone_numbers.get("9E3779B1").phone_number)
        +12065550100
    """

    _twin_type = AsyncPhoneNumbers
