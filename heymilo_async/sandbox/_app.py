"""
The FastAPI application: the contract's operations, answered from a store.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Final

import attrs
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from ._errors import Refusal, invalid, refused
from ._front import Front, add_headers
from ._limits import Limiter
from ._schemas import (
    APIErrorResponse,
    HTTPValidationError,
    ListResponse,
    PaginationMeta,
    PhoneNumberResponse,
    SingleResponse,
)
from ._store import Store

_UNAUTHORIZED: Final = {"model": APIErrorResponse, "description": "Invalid or missing API key."}
_NOT_FOUND: Final = {"model": APIErrorResponse, "description": "Phone number not found."}
_INVALID: Final = {"model": HTTPValidationError, "description": "Validation Error"}
_LIMITED: Final = {"model": APIErrorResponse, "description": "Rate limit exceeded."}

_PHONE_NUMBERS: Final = "/api/v2/phone-numbers"


@attrs.frozen(kw_only=True)
class Backend:
    """
    What the operations work on; it is kept in `app.state`.
    """

    store: Store[PhoneNumberResponse]
    api_key: str = attrs.field(repr=False)
    access_token: str = attrs.field(repr=False)
    limiter: Limiter | None = None


def create_app(backend: Backend) -> FastAPI:
    """
    Return the application that answers from *backend*.
    """
    app = _Application(
        title="HeyMilo Public API",
        version="2.0.0",
        servers=[{"url": "https://api.heymilo.ai", "description": "Production"}],
        openapi_tags=[
            {
                "name": "Phone Numbers",
                "description": "List provisioned phone numbers for SMS and voice agents.",
            }
        ],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: refused, RequestValidationError: invalid},
    )
    app.state.backend = backend
    app.include_router(_phone_numbers)
    app.add_middleware(Front)
    return app


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """
        Add what FastAPI can only say operation by operation: the security of the whole API.

        https://fastapi.tiangolo.com/how-to/extending-openapi/
        """
        document = super().openapi()
        document["security"] = [{"ApiKeyAuth": []}]
        document["components"]["securitySchemes"] = {
            "ApiKeyAuth": {
                "type": "apiKey",
                "in": "header",
                "name": "X-API-KEY",
                "description": (
                    "API key for authentication. Pass your key in the X-API-KEY header."
                ),
            }
        }
        return document


async def _backend(request: Request) -> Backend:
    backend = request.app.state.backend
    assert isinstance(backend, Backend)
    return backend


Serving = Annotated[Backend, Depends(_backend)]


async def _authenticate(
    request: Request,
    backend: Serving,
    x_api_key: Annotated[str | None, Header(alias="X-API-KEY")] = None,
    authorization: Annotated[str | None, Header(alias="Authorization")] = None,
    _x_workspace_id: Annotated[str | None, Header(alias="X-Workspace-Id")] = None,
) -> None:
    if x_api_key is None and authorization is None:
        raise Refusal(401, "missing_credentials", "Send your API key in the X-API-KEY header.")
    scheme, _, token = (authorization or "").partition(" ")
    is_bearer = scheme.lower() == "bearer"
    if not (
        _same(x_api_key or "", backend.api_key)
        or (is_bearer and _same(token.strip(), backend.access_token))
    ):
        raise Refusal(401, "invalid_credentials", "The API key or access token is not valid.")
    # Only who is let in is counted: a stranger could otherwise use up a key's requests.
    if backend.limiter is not None:
        _count(request, backend.limiter, "token" if x_api_key is None else "key")


def _count(request: Request, limiter: Limiter, credential: str) -> None:
    verdict = limiter.take(credential)
    add_headers(request.scope, limiter.headers(verdict))
    if not verdict.allowed:
        raise Refusal(429, "rate_limit_exceeded", "Too many requests: wait, then go on.")


def _same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())


# FastAPI runs the dependencies of a router before it validates an operation's own parameters, so
# a caller without a key learns nothing else.
_phone_numbers = APIRouter(
    prefix=_PHONE_NUMBERS,
    tags=["Phone Numbers"],
    dependencies=[Depends(_authenticate)],
)


@_phone_numbers.get(
    "",
    operation_id="listPhoneNumbers",
    summary="List phone numbers",
    description="Returns all phone numbers provisioned for the workspace.",
    responses={401: _UNAUTHORIZED, 422: _INVALID, 429: _LIMITED},
)
async def _list_phone_numbers(
    backend: Serving,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    starting_after: str | None = None,
) -> ListResponse[PhoneNumberResponse]:
    try:
        page = backend.store.page(limit, starting_after)
    except KeyError:
        raise RequestValidationError(
            [
                {
                    "loc": ("query", "starting_after"),
                    "msg": "Value error, no phone number has this id",
                    "type": "value_error",
                }
            ]
        ) from None
    return ListResponse(
        data=list(page.items),
        pagination=PaginationMeta(
            has_more=page.has_more, total_count=page.total_count, url=_PHONE_NUMBERS
        ),
    )


@_phone_numbers.get(
    "/{config_id}",
    operation_id="getPhoneNumber",
    summary="Get a phone number",
    description="Returns a single phone number configuration by ID.",
    responses={401: _UNAUTHORIZED, 404: _NOT_FOUND, 422: _INVALID, 429: _LIMITED},
)
async def _get_phone_number(
    backend: Serving, config_id: str
) -> SingleResponse[PhoneNumberResponse]:
    phone_number = backend.store.get(config_id)
    if phone_number is None:
        raise Refusal(
            404, "phone_number_not_found", "No phone number has this id.", param="config_id"
        )
    return SingleResponse(data=phone_number)


_ROUTES: Final = tuple(route for route in _phone_numbers.routes if isinstance(route, APIRoute))
#: The ids of the operations there are.
OPERATIONS: Final = frozenset(str(route.operation_id) for route in _ROUTES)


def operation_of(method: str, path: str) -> str | None:
    """
    Return the id of the operation that *method* and *path* ask for, None if they ask for none.
    """
    for route in _ROUTES:
        if method in (route.methods or ()) and route.path_regex.match(path):
            return route.operation_id
    return None
