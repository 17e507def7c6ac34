"""
The preview of a voice: the audio, or a redirect to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from .._envelopes import Behaviour, ValidRequest
from .._errors import missing
from .._previews import SILENT_MP3
from .._world import World


def _preview(world: World, request: ValidRequest) -> Any:
    voice_id = request.path["voice_id"]
    if world.stores["voices"].get(voice_id) is None:
        raise missing("voice", "voice_id")
    if world.assumptions.preview == "redirect":
        return Response(status_code=302, headers={"Location": f"{world.previews}/{voice_id}.mp3"})
    if world.assumptions.preview == "json":
        return {"preview_url": f"{world.previews}/{voice_id}.mp3"}
    return Response(SILENT_MP3, media_type="audio/mpeg")


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {"getVoicePreview": _preview}
