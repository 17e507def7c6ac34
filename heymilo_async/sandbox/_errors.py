"""
How the sandbox says no: the contract's error envelope, and its shape for validation errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ._schemas import APIError, APIErrorResponse, HTTPValidationError, ValidationError

_TYPES: Final = {
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


class Refusal(HTTPException):
    """
    An answer in the error envelope, raised by an operation or by what it depends on.
    """

    def __init__(self, status_code: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(status_code, detail=message)
        self.code = code
        self.param = param


def envelope(
    status_code: int,
    code: str,
    message: str,
    *,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """
    Return an answer of *status_code* in the error envelope.
    """
    default_type = "api_error" if status_code >= 500 else "invalid_request_error"
    error = APIError(
        type=_TYPES.get(status_code, default_type), code=code, message=message, param=param
    )
    return JSONResponse(APIErrorResponse(error=error).model_dump(), status_code, headers)


async def refused(_request: Request, error: Exception) -> JSONResponse:
    """
    Answer a `Refusal`, or what the framework itself refuses: an unknown route, a wrong method.
    """
    assert isinstance(error, HTTPException)
    if isinstance(error, Refusal):
        return envelope(error.status_code, error.code, error.detail, param=error.param)
    code = HTTPStatus(error.status_code).name.lower()
    return envelope(error.status_code, code, str(error.detail), headers=error.headers)


async def invalid(_request: Request, error: Exception) -> JSONResponse:
    """
    Answer that the request's parameters are not what the contract says.

    FastAPI's own answer also repeats the input; the contract has no field for that.
    """
    assert isinstance(error, RequestValidationError)
    body = HTTPValidationError(
        detail=[
            ValidationError(loc=list(issue["loc"]), msg=issue["msg"], type=issue["type"])
            for issue in error.errors()
        ]
    )
    return JSONResponse(body.model_dump(), 422)
