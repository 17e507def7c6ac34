"""
Serves the voice previews that redirects lead to, on a second port that refuses credentials.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

#: A second of silence: 38 empty frames of MPEG-1 layer III, 128 kbit/s at 44.1 kHz.
SILENT_MP3: Final = (bytes.fromhex("fffb90c4") + bytes(413)) * 38
_CREDENTIALS: Final = ("x-api-key", "authorization", "cookie", "x-workspace-id")


class PreviewMiddleware:
    """
    ASGI middleware that serves the previews on *port*, and passes all other requests to *app*.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["server"][1] == self._port:
            await _respond(Request(scope))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _respond(request: Request) -> Response:
    # Object stores refuse credentials in a request with a signed link. No client may send a key.
    if any(name in request.headers for name in _CREDENTIALS):
        return PlainTextResponse("Send no credentials here.", 400)
    if request.method == "GET" and request.url.path.endswith(".mp3"):
        return Response(SILENT_MP3, media_type="audio/mpeg")
    return PlainTextResponse("There is nothing here.", 404)
