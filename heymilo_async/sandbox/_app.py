"""
The FastAPI application: the operations of the samples, for who has a key.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from ._backend import Backend, Serving
from ._errors import Refusal, invalid, refused
from ._front import Front, add_headers
from ._limits import Limiter
from ._samples import SAMPLES


def create_app(backend: Backend) -> FastAPI:
    """
    Return the application that answers from *backend*.
    """
    app = _Application(
        title="HeyMilo Public API",
        version="2.0.0",
        servers=[{"url": "https://api.heymilo.ai", "description": "Production"}],
        openapi_tags=[
            {"name": sample.tag, "description": sample.description} for sample in SAMPLES
        ],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: refused, RequestValidationError: invalid},
    )
    app.state.backend = backend
    # FastAPI runs the dependencies of a router before it validates an operation's own parameters,
    # so a caller without a key learns nothing else.
    for sample in SAMPLES:
        app.include_router(sample.router, dependencies=[Depends(_authenticate)])
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


_ROUTES: Final = tuple(
    route for sample in SAMPLES for route in sample.router.routes if isinstance(route, APIRoute)
)
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
