"""
The routes: a page of numbers, and one number.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from heymilo_async import AsyncHeyMilo, PhoneNumber

router = APIRouter(prefix="/numbers", tags=["numbers"])


class Number(BaseModel):
    """
    A phone number as our frontend sees it.
    """

    id: str
    number: str
    country: str | None
    active: bool

    @classmethod
    def of(cls, number: PhoneNumber) -> Number:
        """
        Return the fields to show of a HeyMilo phone number.
        """
        return cls(
            id=number.id,
            number=number.phone_number,
            country=number.country_code,
            active=number.active,
        )


class NumberPage(BaseModel):
    """
    A page of numbers, and the cursor of the next one.
    """

    numbers: list[Number]
    total: int | None
    #: The value of `after` for the next page; None on the last one.
    next: str | None


async def heymilo(request: Request) -> AsyncHeyMilo:
    """
    Return the client that the application opened when it started.
    """
    client = request.app.state.heymilo
    assert isinstance(client, AsyncHeyMilo)
    return client


HeyMiloClient = Annotated[AsyncHeyMilo, Depends(heymilo)]


@router.get("")
async def list_numbers(
    client: HeyMiloClient,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str | None, Query(min_length=1)] = None,
) -> NumberPage:
    """
    Return up to *limit* numbers that follow the one with the id *after*.
    """
    page = await client.phone_numbers.list(limit=limit, starting_after=after)
    return NumberPage(
        numbers=[Number.of(number) for number in page],
        total=page.pagination.total_count,
        next=page.next_cursor,
    )


@router.get("/{number_id}")
async def get_number(client: HeyMiloClient, number_id: str) -> Number:
    """
    Return one number.
    """
    return Number.of(await client.phone_numbers.get(number_id))
