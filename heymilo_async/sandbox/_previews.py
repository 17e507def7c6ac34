"""
A second port that serves voice previews for redirects, and accepts no credentials.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

#: A second of silence: 38 empty frames of MPEG-1 layer III, 128 kbit/s at 44.1 kHz.
SOUND: Final = (bytes.fromhex("fffb90c4") + bytes(413)) * 38
_CREDENTIALS: Final = ("x-api-key", "authorization", "cookie", "x-workspace-id")


class Elsewhere:
    """
    An ASGI application that handles requests to *port*, and passes all others to *app*.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["server"][1] == self._port:
            await _answer(Request(scope))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _answer(request: Request) -> Response:
    # Object stores refuse credentials beside signed links. A key must never arrive here.
    if any(name in request.headers for name in _CREDENTIALS):
        return PlainTextResponse("Send no credentials here.", 400)
    if request.method == "GET" and request.url.path.endswith(".mp3"):
        return Response(SOUND, media_type="audio/mpeg")
    return PlainTextResponse("There is nothing here.", 404)
