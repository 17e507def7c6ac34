"""
The sandbox's error responses: the contract's error envelope, and FastAPI's formats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

_TYPES: Final = {
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


class Refusal(HTTPException):
    """
    An error response in the error envelope.
    """

    def __init__(self, status_code: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(status_code, detail=message)
        self.code = code
        self.param = param


class Invalid(Exception):  # noqa: N818 - it is a response, and never leaves the application
    """
    The request does not match the contract; *issues* are FastAPI's `detail`.
    """

    def __init__(self, *issues: Mapping[str, Any]) -> None:
        super().__init__(issues)
        self.issues = issues


def issue(loc: Sequence[str | int], kind: str, message: str) -> Mapping[str, Any]:
    """
    Return an item of `detail`: location, kind and message.
    """
    return {"loc": list(loc), "msg": message, "type": kind}


def missing(noun: str, param: str) -> Refusal:
    """
    Return the 404 for an unknown id in the parameter *param*.
    """
    code = f"{noun.replace(' ', '_')}_not_found"
    return Refusal(404, code, f"No {noun} has this id.", param=param)


def envelope(
    status_code: int,
    code: str,
    message: str,
    *,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """
    Return a response with *status_code* in the error envelope.
    """
    default_type = "api_error" if status_code >= 500 else "invalid_request_error"
    error: dict[str, Any] = {
        "type": _TYPES.get(status_code, default_type),
        "code": code,
        "message": message,
        "param": param,
        "doc_url": None,
        "errors": [],
    }
    return JSONResponse({"error": error}, status_code, headers)


async def refused(_request: Request, error: Exception) -> JSONResponse:
    """
    Return the response for a `Refusal`, or for a router error: unknown path, wrong method.
    """
    assert isinstance(error, HTTPException)
    if isinstance(error, Refusal):
        return envelope(error.status_code, error.code, error.detail, param=error.param)
    # As in FastAPI, whose router does not use the API's envelope.
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


async def invalid(_request: Request, error: Exception) -> JSONResponse:
    """
    Return the response for `Invalid`.

    FastAPI's own response also repeats the input; the contract has no field for that.
    """
    assert isinstance(error, Invalid)
    return JSONResponse({"detail": error.issues}, 422)
