"""
Voices: the voices that an interviewer can have.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import attrs

from .._core.blocking import blocking
from .._core.messages import Audio, Operation, operation
from .._core.model import EMPTY, Model
from ._collection import AsyncSearchable, Searchable, get_operation, list_operation


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Voice(Model):
    """
    A voice that an interviewer can have, the schema `VoiceResponse` of the contract.

    Attributes:
        id: The id that other operations take; opaque.
        provider: The provider: `elevenlabs`, `cartesia`, `lmnt`; an open list.
        provider_voice_id: The provider's id of the voice.
        name: The display name.
        language: BCP 47, such as `en`; None if the server does not say.
        country_code: ISO 3166-1 alpha-2, such as `US`; None if the server does not say.
        gender: `male`, `female`, `neutral`; an open list; None if the server does not say.
        preview_url: The URL of a sample; None if there is none. `get_preview` downloads a sample.
        labels: The provider's labels, such as accent, age and style.
        created_at: Creation time, in UTC.
        updated_at: Time of the last change, in UTC.
        object: The contract's name for this type, `voice`.
    """

    id: str
    provider: str
    provider_voice_id: str
    name: str
    language: str | None = None
    country_code: str | None = None
    gender: str | None = None
    preview_url: str | None = None
    labels: Mapping[str, str] = EMPTY
    created_at: datetime
    updated_at: datetime
    object: str = "voice"


GET_PREVIEW: Final = Operation(
    id="getVoicePreview",
    method="GET",
    path="/api/v2/voices/{voice_id}/preview",
    returns=Audio,
    shape="bytes",
)


class AsyncVoices(AsyncSearchable[Voice]):
    """
    The voices of a workspace; `client.voices` of an `AsyncHeyMilo`.
    """

    _list_operation = list_operation("listVoices", "/api/v2/voices", Voice)
    _get_operation = get_operation("getVoice", "/api/v2/voices/{voice_id}", Voice)
    _id_name = "voice_id"

    @operation(GET_PREVIEW)
    async def get_preview(self, voice_id: str) -> Audio:
        """
        Return a sample of a voice (operation `getVoicePreview`).

        The server sends the sample or redirects to another host. The client follows one redirect,
        over https only (http if both hosts are on this machine), and sends that host none of your
        credentials or headers.

        Args:
            voice_id: The voice's `id`, which starts with `wrv-`.

        Returns:
            The recording, `.content` and `.content_type`, usually `audio/mpeg`.

        Raises:
            InvalidRequestError: The id is not valid in a URL path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: There is no such voice, or no sample of it (404).
            UnexpectedRedirectError: The server redirected to a URL that the client does not
                follow, or the other host redirected again.
            ResponseDecodeError: The server sent JSON instead of audio; `.body` has it.
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     voice = client.voices.list(limit=1)[0]
            ...     print(client.voices.get_preview(voice.id).content_type)
            audio/mpeg
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print((await client.voices.get_preview(voice.id)).content_type)
            >>> asyncio.run(main())
            audio/mpeg
        """
        return await self._perform(GET_PREVIEW, voice_id=voice_id)


class Voices(Searchable[Voice]):
    """
    The voices of a workspace; `client.voices` of a `HeyMilo`.
    """

    _twin_type = AsyncVoices
    get_preview: Final = blocking(AsyncVoices.get_preview)
