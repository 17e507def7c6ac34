"""
How the sandbox says no: the contract's error envelope, and FastAPI's shapes, as the real API does.
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
    An answer in the error envelope, raised by an operation or by what comes before it.
    """

    def __init__(self, status_code: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(status_code, detail=message)
        self.code = code
        self.param = param


class Invalid(Exception):  # noqa: N818 - it is an answer, and never leaves the application
    """
    What was sent is not what the contract says; *issues* are FastAPI's `detail`.
    """

    def __init__(self, *issues: Mapping[str, Any]) -> None:
        super().__init__(issues)
        self.issues = issues


def issue(loc: Sequence[str | int], kind: str, message: str) -> Mapping[str, Any]:
    """
    Return one line of `detail`: where, what, in words.
    """
    return {"loc": list(loc), "msg": message, "type": kind}


def missing(noun: str, param: str) -> Refusal:
    """
    Return the refusal for an id, given as *param*, that no such thing has.
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
    Return an answer of *status_code* in the error envelope.
    """
    default_type = "api_error" if status_code >= 500 else "invalid_request_error"
    error = {
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
    Answer a `Refusal`, or what the router itself refuses: an unknown path, a wrong method.
    """
    assert isinstance(error, HTTPException)
    if isinstance(error, Refusal):
        return envelope(error.status_code, error.code, error.detail, param=error.param)
    # As FastAPI does: the router knows nothing of the API's envelope.
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


async def invalid(_request: Request, error: Exception) -> JSONResponse:
    """
    Answer that what was sent is not what the contract says.

    FastAPI's own answer also repeats the input; the contract has no field for that.
    """
    assert isinstance(error, Invalid)
    return JSONResponse({"detail": error.issues}, 422)
