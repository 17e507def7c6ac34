"""
The application: serves every operation of the contract to clients with a key.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ._behaviours import behaviour_of
from ._contract import OPERATIONS, TEXT, Operation
from ._envelopes import ValidRequest
from ._errors import Invalid, Refusal, invalid, refused
from ._limits import Limiter
from ._middleware import ErrorMiddleware, add_headers
from ._validation import read_body, read_query
from ._world import World

#: Paths for which the contract declares no credential parameter, though `security` covers all.
_DISCOVERY: Final = ("/health", "/api/v2/schemas/")


@attrs.frozen(kw_only=True)
class Backend:
    """
    The state behind the application.

    Attributes:
        world: The data.
        api_key: The accepted key.
        access_token: The accepted token.
        limiter: Counts the requests; None: no rate limit.
    """

    world: World
    api_key: str = attrs.field(repr=False)
    access_token: str = attrs.field(repr=False)
    limiter: Limiter | None = None


def create_app(backend: Backend) -> Starlette:
    """
    Return the application that answers from *backend*.
    """
    by_path = itertools.groupby(OPERATIONS.values(), lambda one: one.path)
    routes = [_route(path, list(operations), backend) for path, operations in by_path]
    return Starlette(
        routes=[*routes, _restrict_methods(Route("/openapi.json", _document), ["GET"])],
        exception_handlers={HTTPException: refused, Invalid: invalid},
        middleware=[Middleware(ErrorMiddleware)],
    )


async def _document(_request: Request) -> Response:
    return Response(TEXT, media_type="application/json")


def _route(path: str, operations: Sequence[Operation], backend: Backend) -> Route:
    # One route per path, because the `Allow` header has the methods of a single route.
    methods = {one.method: one for one in operations}

    async def endpoint(request: Request) -> Response:
        return await _respond(methods[request.method], request, backend)

    return _restrict_methods(Route(path, endpoint), list(methods))


def _restrict_methods(route: Route, methods: Sequence[str]) -> Route:
    # Starlette accepts HEAD for every GET route; FastAPI, which the real API uses, does not.
    route.methods = set(methods)
    return route


async def _respond(operation: Operation, request: Request, backend: Backend) -> Response:
    _authenticate(operation, request, backend)
    query = read_query(operation, request.query_params)
    body = None
    if operation.body is not None:
        content_type = request.headers.get("content-type", "")
        body = read_body(operation, await request.body(), content_type)
    valid = ValidRequest(
        operation=operation,
        path=request.path_params,
        query=query,
        body=body,
        url=request.url.path,
        headers=request.headers,
    )
    handler: Callable[[World, ValidRequest], Any] = behaviour_of(operation)
    response = handler(backend.world, valid)
    return response if isinstance(response, Response) else JSONResponse(response, operation.status)


def _authenticate(operation: Operation, request: Request, backend: Backend) -> None:
    x_api_key = request.headers.get("x-api-key")
    authorization = request.headers.get("authorization")
    if x_api_key is None and authorization is None:
        if backend.world.assumptions.keyless_discovery and operation.path.startswith(_DISCOVERY):
            return
        raise Refusal(401, "missing_credentials", "Send your API key in the X-API-KEY header.")
    scheme, _, token = (authorization or "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    takes_key = backend.world.assumptions.bearer_takes_key
    if not (
        _is_equal(x_api_key or "", backend.api_key)
        or _is_equal(bearer, backend.access_token)
        or (takes_key and _is_equal(bearer, backend.api_key))
    ):
        raise Refusal(401, "invalid_credentials", "The API key or access token is not valid.")
    # Count only authenticated requests: other clients must not use up the key's limit.
    if backend.limiter is not None:
        _count(request, backend.limiter, "token" if x_api_key is None else "key")


def _count(request: Request, limiter: Limiter, credential: str) -> None:
    verdict = limiter.take(credential)
    add_headers(request.scope, limiter.headers(verdict))
    if not verdict.allowed:
        raise Refusal(429, "rate_limit_exceeded", "Too many requests: wait and retry.")


def _is_equal(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())
