"""
Turns HeyMilo's errors into responses for our callers; HeyMilo's own words go only to our log.
"""

from __future__ import annotations

import logging
import math

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from heymilo_async import (
    APITimeoutError,
    HeyMiloError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    UnprocessableEntityError,
)

log = logging.getLogger(__name__)

#: Seconds after which a caller may try again, if HeyMilo does not say.
DEFAULT_WAIT = 1


def add_to(app: FastAPI) -> None:
    """
    Register a handler in *app* for each error; Starlette picks the one of the closest class.
    """
    app.add_exception_handler(NotFoundError, _not_found)
    app.add_exception_handler(InvalidRequestError, _no_id)
    app.add_exception_handler(UnprocessableEntityError, _no_id)
    app.add_exception_handler(RateLimitError, _too_busy)
    app.add_exception_handler(APITimeoutError, _too_late)
    # All others: no connection, a status 5xx, an invalid response. A refused key belongs here,
    # because it is our mistake and does not concern our callers.
    app.add_exception_handler(HeyMiloError, _failed)


async def _not_found(_request: Request, _error: Exception) -> JSONResponse:
    return _answer(404, "There is no such number.")


async def _no_id(_request: Request, _error: Exception) -> JSONResponse:
    return _answer(422, "That is not the id of a number.")


async def _too_busy(_request: Request, error: Exception) -> JSONResponse:
    # 503 and not 429: our backend sent too many requests, and not this caller.
    assert isinstance(error, RateLimitError)
    log.warning("HeyMilo's rate limit is reached: %s", error)
    wait = DEFAULT_WAIT if error.retry_after is None else math.ceil(error.retry_after)
    return _answer(503, "We are busy. Please come back.", {"Retry-After": str(wait)})


async def _too_late(_request: Request, error: Exception) -> JSONResponse:
    log.warning("HeyMilo was too slow: %s", error)
    return _answer(504, "The phone numbers took too long to come.")


async def _failed(_request: Request, error: Exception) -> JSONResponse:
    log.error("HeyMilo failed: %s", error)
    return _answer(502, "The phone numbers cannot be had right now.")


def _answer(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)
