"""
Where previews of voices are when they are elsewhere: a second port, which knows nobody's key.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

#: A second of silence: 38 frames of MPEG-1 layer III, 128 kbit/s at 44.1 kHz, with nothing in them.
SOUND: Final = (bytes.fromhex("fffb90c4") + bytes(413)) * 38
_CREDENTIALS: Final = ("x-api-key", "authorization", "cookie", "x-workspace-id")


class Elsewhere:
    """
    An ASGI application that answers what comes to *port*, and leaves the rest to *app*.
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
    # As object stores do it with signed links. A key that arrives here has gone to a stranger.
    if any(name in request.headers for name in _CREDENTIALS):
        return PlainTextResponse("Send no credentials here.", 400)
    if request.method == "GET" and request.url.path.endswith(".mp3"):
        return Response(SOUND, media_type="audio/mpeg")
    return PlainTextResponse("There is nothing here.", 404)
