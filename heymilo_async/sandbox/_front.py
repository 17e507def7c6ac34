"""
What every request passes first: its answer gets an id, and a crash becomes a 500.
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

#: Where a scope keeps the headers that its answer gets beside its own.
_ADDED: Final = "heymilo_async.sandbox.headers"


def add_headers(scope: Scope, headers: Mapping[str, str]) -> None:
    """
    Have the answer to the request of *scope* sent with *headers*, also if it is a refusal.
    """
    scope.setdefault(_ADDED, {}).update(headers)


class Front:
    """
    ASGI middleware around the routes of the sandbox.

    It answers crashes itself, because Starlette would do so outside of all middleware, where the
    answer got no id.
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
            _log.exception("the sandbox could not answer request %s", request_id)
            answer = envelope(500, "internal_error", "The sandbox failed; its log says why.")
            await answer(scope, receive, send_with_id)
