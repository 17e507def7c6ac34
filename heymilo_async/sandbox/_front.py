"""
What every request passes first: it is noted, its answer gets an id, and a crash becomes a 500.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ._errors import envelope
from ._requests import ReceivedRequest

_log = logging.getLogger("heymilo_async.sandbox")
# Without a handler `logging` would print errors to stderr:
# https://docs.python.org/3/howto/logging.html#configuring-logging-for-a-library
_log.addHandler(logging.NullHandler())


class Front:
    """
    ASGI middleware around the routes of the sandbox.

    It answers crashes itself, because Starlette would do so outside of all middleware, where the
    answer got no id.
    """

    def __init__(self, app: ASGIApp, *, on_request: Callable[[ReceivedRequest], object]) -> None:
        self._app = app
        self._on_request = on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._on_request(_received(scope))
        request_id = uuid.uuid4().hex

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            _log.exception("the sandbox could not answer request %s", request_id)
            answer = envelope(500, "internal_error", "The sandbox failed; its log says why.")
            await answer(scope, receive, send_with_id)


def _received(scope: Scope) -> ReceivedRequest:
    headers = Headers(scope=scope)
    return ReceivedRequest(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=MappingProxyType({name: ", ".join(headers.getlist(name)) for name in headers}),
    )
