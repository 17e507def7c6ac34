"""
What a resource brings to the sandbox: its shape, its first items, the operations on them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Generic, TypeVar

import attrs
from fastapi import APIRouter, Path, Query
from fastapi.exceptions import RequestValidationError

from ._backend import Serving
from ._errors import Refusal
from ._schemas import (
    APIErrorResponse,
    HTTPValidationError,
    ListResponse,
    PaginationMeta,
    Resource,
    SingleResponse,
)

ItemT = TypeVar("ItemT", bound=Resource)

_UNAUTHORIZED: Final = {"model": APIErrorResponse, "description": "Invalid or missing API key."}
_INVALID: Final = {"model": HTTPValidationError, "description": "Validation Error"}
_LIMITED: Final = {"model": APIErrorResponse, "description": "Rate limit exceeded."}
#: What any operation may answer beside its success.
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    401: _UNAUTHORIZED,
    422: _INVALID,
    429: _LIMITED,
}


def _of(envelope: Any, schema: type[Resource]) -> Any:
    # Any: to a type checker a subscript is a type, and not what is known only when this runs.
    return envelope[schema]


def _new_router(sample: Sample[Any]) -> APIRouter:
    return APIRouter(prefix=sample.path, tags=[sample.tag])


@attrs.frozen(kw_only=True)
class Sample(Generic[ItemT]):
    """
    One resource of the API, as the contract words it.

    `add_list` and `add_get` give it the two operations that nearly all resources have; for others
    there is its `router`.

    Attributes:
        name: What the client calls it, such as `phone_numbers`.
        noun: One of its items in words, such as `phone number`.
        path: Where it is, such as `/api/v2/phone-numbers`.
        tag: The contract's tag of its operations.
        description: The contract's description of that tag.
        schema: The shape of an item.
        seed: Returns so many items, the same ones each time.
    """

    name: str
    noun: str
    path: str
    tag: str
    description: str
    schema: type[ItemT]
    seed: Callable[[int], Sequence[ItemT]]
    router: APIRouter = attrs.field(init=False, default=attrs.Factory(_new_router, takes_self=True))

    def add_list(self, operation_id: str, *, summary: str, description: str) -> None:
        """
        Add the operation that lists the items page by page.
        """

        async def list_items(
            backend: Serving,
            limit: Annotated[int, Query(ge=1, le=100)] = 20,
            starting_after: str | None = None,
        ) -> Any:
            try:
                page = backend.stores[self.name].page(limit, starting_after)
            except KeyError:
                raise RequestValidationError(
                    [
                        {
                            "loc": ("query", "starting_after"),
                            "msg": f"Value error, no {self.noun} has this id",
                            "type": "value_error",
                        }
                    ]
                ) from None
            return ListResponse(
                data=list(page.items),
                pagination=PaginationMeta(
                    has_more=page.has_more, total_count=page.total_count, url=self.path
                ),
            )

        self.router.add_api_route(
            "",
            list_items,
            operation_id=operation_id,
            summary=summary,
            description=description,
            responses=RESPONSES,
            response_model=_of(ListResponse, self.schema),
        )

    def add_get(self, operation_id: str, *, id_name: str, summary: str, description: str) -> None:
        """
        Add the operation that answers with one item; *id_name* is what the path calls its id.
        """

        async def get_item(
            backend: Serving,
            item_id: str = Path(alias=id_name),
        ) -> Any:
            item = backend.stores[self.name].get(item_id)
            if item is None:
                raise Refusal(
                    404,
                    f"{self.noun.replace(' ', '_')}_not_found",
                    f"No {self.noun} has this id.",
                    param=id_name,
                )
            return SingleResponse(data=item)

        not_found = {
            "model": APIErrorResponse,
            "description": f"{self.noun.capitalize()} not found.",
        }
        self.router.add_api_route(
            f"/{{{id_name}}}",
            get_item,
            operation_id=operation_id,
            summary=summary,
            description=description,
            responses={**RESPONSES, 404: not_found},
            response_model=_of(SingleResponse, self.schema),
        )
