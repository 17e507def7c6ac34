"""
What our callers are told when HeyMilo fails: never its words, which are for our log.
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

#: Seconds after which to come back, if HeyMilo does not say.
DEFAULT_REST = 1


def add_to(app: FastAPI) -> None:
    """
    Let *app* answer HeyMilo's errors: for each, the handler of the closest class.
    """
    app.add_exception_handler(NotFoundError, _not_found)
    app.add_exception_handler(InvalidRequestError, _no_id)
    app.add_exception_handler(UnprocessableEntityError, _no_id)
    app.add_exception_handler(RateLimitError, _too_busy)
    app.add_exception_handler(APITimeoutError, _too_late)
    # All others: no connection, a status 5xx, an answer that cannot be trusted. A refused key is
    # one of them too, for it is a mistake of ours, and no business of our callers.
    app.add_exception_handler(HeyMiloError, _failed)


async def _not_found(_request: Request, _error: Exception) -> JSONResponse:
    return _answer(404, "There is no such number.")


async def _no_id(_request: Request, _error: Exception) -> JSONResponse:
    return _answer(422, "That is not the id of a number.")


async def _too_busy(_request: Request, error: Exception) -> JSONResponse:
    # 503 and not 429: it is us who asked too often, and not this caller.
    assert isinstance(error, RateLimitError)
    log.warning("HeyMilo wants a rest: %s", error)
    rest = DEFAULT_REST if error.retry_after is None else math.ceil(error.retry_after)
    return _answer(503, "We are busy. Please come back.", {"Retry-After": str(rest)})


async def _too_late(_request: Request, error: Exception) -> JSONResponse:
    log.warning("HeyMilo was too slow: %s", error)
    return _answer(504, "The phone numbers took too long to come.")


async def _failed(_request: Request, error: Exception) -> JSONResponse:
    log.error("HeyMilo failed: %s", error)
    return _answer(502, "The phone numbers cannot be had right now.")


def _answer(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)
