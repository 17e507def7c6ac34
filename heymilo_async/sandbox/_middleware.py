"""
Middleware for every request: adds a request id, and turns a crash into a 500.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ._errors import envelope

_log = logging.getLogger("heymilo_async.sandbox")
# Without a handler `logging` would print errors to stderr:
# https://docs.python.org/3/howto/logging.html#configuring-logging-for-a-library
_log.addHandler(logging.NullHandler())

#: The key in a scope for additional headers of the response.
_ADDED: Final = "heymilo_async.sandbox.headers"


def add_headers(scope: Scope, headers: Mapping[str, str]) -> None:
    """
    Add *headers* to the response for *scope*, including an error response.
    """
    scope.setdefault(_ADDED, {}).update(headers)


class ErrorMiddleware:
    """
    ASGI middleware around the routes of the sandbox.

    It handles crashes itself: Starlette would handle them outside of all middleware, and the
    response would have no id.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(
                    {"X-Request-Id": request_id, **scope.get(_ADDED, {})}
                )
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            _log.exception("the sandbox failed to handle request %s", request_id)
            response = envelope(500, "internal_error", "The sandbox failed; see its log.")
            await response(scope, receive, send_with_id)
