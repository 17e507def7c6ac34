"""
Phone numbers: the numbers that a workspace's voice and SMS agents use.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from .._core.arguments import check_id
from .._core.blocking import blocking, blocking_iter
from .._core.codec import model
from .._core.messages import Operation, operation
from .._mapping import NOTHING_EXTRA, read_only
from ..errors import HeyMiloError
from ..pages import AsyncPager, Page
from ._collection import AsyncResource, Resource

#: https://www.itu.int/rec/T-REC-E.164/: a plus sign and at most 15 digits, no zero in front.
_E164 = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)


@model
@attrs.frozen(kw_only=True)
class PhoneNumber:
    """
    A phone number of the workspace, the schema `PhoneNumberResponse` of the contract.

    Attributes:
        id: What other parts of the API call it by; opaque.
        phone_number: The number, in E.164 as `+12062088075`. It is passed on as the server has
            it; `is_e164` says whether it is one.
        active: Whether agents may use it.
        country_code: ISO 3166-1 alpha-2, such as `US`; None if the server does not say.
        date_provisioned: When the workspace got it, in UTC; None if the server does not say.
        object: The contract's name of the type, `phone_number`.
        extra: Members that this version does not know, read-only.

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
    extra: Mapping[str, Any] = attrs.field(default=NOTHING_EXTRA, converter=read_only, hash=False)

    @property
    def is_e164(self) -> bool:
        """
        Whether `phone_number` is written as E.164 has it: a plus sign and 2 to 15 digits.
        """
        return _E164.fullmatch(self.phone_number) is not None


LIST: Final = Operation(
    id="listPhoneNumbers",
    method="GET",
    path="/api/v2/phone-numbers",
    returns=Page[PhoneNumber],
)
GET: Final = Operation(
    id="getPhoneNumber",
    method="GET",
    path="/api/v2/phone-numbers/{config_id}",
    returns=PhoneNumber,
    single=True,
)


class AsyncPhoneNumbers(AsyncResource):
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

    @operation(LIST)
    async def list(
        self, *, limit: int | None = None, starting_after: str | None = None
    ) -> Page[PhoneNumber]:
        """
        Return one page of the workspace's phone numbers (operation `listPhoneNumbers`).

        One request; what is not given is not sent. The order is the server's.

        Args:
            limit: Numbers on the page, 1 to 100; the server's default is 20.
            starting_after: The id of the last number before this page; without it, the first
                page. `Page.next_cursor` of the page before has it.

        Returns:
            The page: a sequence of its numbers, with `.has_more` and `.next_cursor`.

        Raises:
            InvalidRequestError: *limit* or *starting_after* cannot work; nothing was sent.
            TypeError: *limit* is not an int, or *starting_after* not a str.
            AuthenticationError: The key or the token is wrong (401).
            UnprocessableEntityError: The server refused a parameter (422).
            RateLimitError: Too many requests, and waiting did not help (429).
            APIStatusError: Any other status that is not a success.
            APIConnectionError: No answer came; APITimeoutError and DeadlineExceededError are
                kinds of it.
            ResponseDecodeError: The answer is not what the contract says.
            ClientClosedError: The client is closed.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     page = client.phone_numbers.list(limit=3)
            ...     print([number.phone_number for number in page])
            ['+12065550100', '+12045550100', '+441134960000']
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         page = await client.phone_numbers.list(limit=3)
            ...         print(len(page), page.has_more, page.next_cursor)
            >>> asyncio.run(main())
            3 True DAA66D13
        """
        return await self._list(LIST, limit, starting_after)

    @operation(GET)
    async def get(self, phone_number_id: str) -> PhoneNumber:
        """
        Return one phone number (operation `getPhoneNumber`).

        The answer must be about the id that was asked for, upper and lower case aside.

        Args:
            phone_number_id: The number's `id`, 1 to 1024 characters; not the number itself.

        Returns:
            The number.

        Raises:
            InvalidRequestError: *phone_number_id* cannot stand in a path; nothing was sent.
            TypeError: *phone_number_id* is not a str.
            AuthenticationError: The key or the token is wrong (401).
            NotFoundError: The workspace has no such number (404).
            UnprocessableEntityError: The server refused the id (422).
            RateLimitError: Too many requests, and waiting did not help (429).
            APIStatusError: Any other status that is not a success.
            APIConnectionError: No answer came; APITimeoutError and DeadlineExceededError are
                kinds of it.
            ResponseDecodeError: The answer is not what the contract says; ResponseMismatchError
                if it is about another number.
            ClientClosedError: The client is closed.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     print(client.phone_numbers.get("9E3779B1").phone_number)
            +12065550100
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         number = await client.phone_numbers.get("9E3779B1")
            ...         print(number.country_code, number.date_provisioned)
            >>> asyncio.run(main())
            US 2025-01-01 00:00:00+00:00
        """
        return await self._get(check_id("phone_number_id", phone_number_id))

    async def get_many(
        self, ids: Iterable[str], *, concurrency: int = 8
    ) -> builtins.list[PhoneNumber]:
        """
        Return several phone numbers, in the order of *ids* (operation `getPhoneNumber` for each).

        The client's deadline is for all of them together.

        Args:
            ids: The ids, each as in `get`; an id that comes twice is asked for twice.
            concurrency: Requests at a time, 1 to 1000.

        Returns:
            A number for each id.

        Raises:
            InvalidRequestError: *concurrency* or one of *ids* cannot work; nothing was sent.
            TypeError: *ids* is a str or holds something else than str, or *concurrency* is not
                an int.
            HeyMiloError: The first error of any of them, as `get` raises it, by itself and not
                in a group; the others are stopped.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     numbers = client.phone_numbers.get_many(["3C6EF362", "9E3779B1"])
            ...     print([number.phone_number for number in numbers])
            ['+12045550100', '+12065550100']
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         numbers = client.phone_numbers
            ...         first = await numbers.get_many([one.id for one in await numbers.list()])
            ...         print(len(first))
            >>> asyncio.run(main())
            20
        """
        return await self._get_many(self._get, ids, concurrency)

    async def get_many_settled(
        self, ids: Iterable[str], *, concurrency: int = 8
    ) -> builtins.list[PhoneNumber | HeyMiloError]:
        """
        Return what became of each of *ids*, in their order (operation `getPhoneNumber` for each).

        The client's deadline is for all of them together; who comes too late has a
        `DeadlineExceededError` in its place.

        Args:
            ids: The ids, each as in `get`; an id that comes twice is asked for twice.
            concurrency: Requests at a time, 1 to 1000.

        Returns:
            A number, or the error that `get` would have raised, for each id.

        Raises:
            InvalidRequestError: *concurrency* or one of *ids* cannot work; nothing was sent.
            TypeError: *ids* is a str or holds something else than str, or *concurrency* is not
                an int.
            ClientClosedError: The client is closed.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> ids = ["9E3779B1", "nobody"]
            >>> with HeyMilo() as client:
            ...     outcomes = client.phone_numbers.get_many_settled(ids)
            ...     print([type(outcome).__name__ for outcome in outcomes])
            ['PhoneNumber', 'NotFoundError']
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         outcomes = await client.phone_numbers.get_many_settled(ids)
            ...         print([type(outcome).__name__ for outcome in outcomes])
            >>> asyncio.run(main())
            ['PhoneNumber', 'NotFoundError']
        """
        return await self._get_many_settled(self._get, ids, concurrency)

    def list_all(
        self,
        *,
        page_size: int = 100,
        starting_after: str | None = None,
        max_items: int | None = None,
    ) -> AsyncPager[PhoneNumber]:
        """
        Walk through all phone numbers of the workspace (operation `listPhoneNumbers` per page).

        Nothing is sent before the walk begins. Each iteration starts anew at *starting_after*.

        Args:
            page_size: Numbers asked for at a time, 1 to 100.
            starting_after: The id of the last number before the walk; without it, from the start.
            max_items: Where to end at the latest, 0 or more numbers; None: at the end.

        Returns:
            A pager: iterate it for numbers, `pages()` for pages, `collect()` for a list,
            `prefetch()` to read ahead; `cursor` says where the walk stands.

        Raises:
            InvalidRequestError: A parameter cannot work; nothing was sent.
            TypeError: A parameter is of the wrong type.
            HeyMiloError: While walking, what `list` raises, with `.cursor` to go on from.
            PaginationError: While walking, if the list does not get on.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     print(sum(number.active for number in client.phone_numbers.list_all()))
            26
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         async for number in client.phone_numbers.list_all(max_items=2):
            ...             print(number.phone_number)
            >>> asyncio.run(main())
            +12065550100
            +12045550100
        """
        return self._walk(LIST, page_size, starting_after, max_items)

    async def _get(self, phone_number_id: str, expires: float | None = None) -> PhoneNumber:
        call = GET.call(config_id=phone_number_id, answers_id=phone_number_id)
        return await self._engine.perform(call, expires=expires)


class PhoneNumbers(Resource[AsyncPhoneNumbers]):
    """
    The phone numbers of a workspace; `client.phone_numbers` of a `HeyMilo`.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> with HeyMilo() as client:
        ...     print(client.phone_numbers.get("9E3779B1").phone_number)
        +12065550100
    """

    list: Final = blocking(AsyncPhoneNumbers.list)
    get: Final = blocking(AsyncPhoneNumbers.get)
    get_many: Final = blocking(AsyncPhoneNumbers.get_many)
    get_many_settled: Final = blocking(AsyncPhoneNumbers.get_many_settled)
    list_all: Final = blocking_iter(AsyncPhoneNumbers.list_all)
