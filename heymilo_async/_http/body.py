"""
Receiver: collects a response, and decompresses its body within a limit of size.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from .._core.messages import Response
from .._values import Headers

#: The maximum size of a success's body in bytes, decompressed: far more than the largest page.
MAX_BODY = 32 * 1024 * 1024
#: The maximum number of bytes to read of an error's body: a little more than an error keeps.
MAX_ERROR_BODY = 128 * 1024

#: zlib's name for "gzip header and trailer, largest window".
_GZIP = 31

#: The first bytes of a gzip member.
_MAGIC = b"\x1f\x8b"


#: The phase that begins with an event of httpcore's.
_PHASES = {
    "connection.connect_tcp.started": "connect",
    "connection.start_tls.started": "tls",
    "proxy.start_tls.started": "tls",
    "socks.connect_tcp.started": "connect",
    "socks.setup_socks5_connection.started": "proxy",
    "socks.start_tls.started": "tls",
    "http11.send_request_headers.started": "write",
    "http11.receive_response_headers.started": "read",
}


#: The end of the name of httpcore's event before it sends a request, by HTTP/1.1 or HTTP/2.
SENDING = ".send_request_headers.started"


class Receiver:
    """
    Collects one response: status, headers, and the pieces of the body.
    """

    #: The current phase, which an error will have as `APIConnectionError.phase`.
    phase = "pool"
    status_code: int | None = None
    #: Whether the status is known and is an error, of which a part of the body is enough.
    is_error = False
    headers = Headers()
    #: Whether the response has two lengths, so that its end is uncertain.
    #: https://www.rfc-editor.org/rfc/rfc9112#name-message-body-length asks to close then.
    is_ambiguous = False
    #: Whether it has been read to its end. Only then may its connection serve another request.
    is_complete = False
    _size = 0
    _taken = 0
    _limit = MAX_BODY
    _inflate: _Gunzip | None = None
    _defect: str | None = None
    _too_large = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def trace(self, event: str, info: Any) -> None:
        """
        Follow the phases by the events of httpcore's `trace` extension, and keep the head of a redirect.

        A client of the user's own raises an error instead of returning a redirect with an invalid
        location.
        """
        phase = _PHASES.get(event)
        if phase in {"write", "read"} and info["request"].method == b"CONNECT":
            phase = "proxy"
        self.phase = phase or self.phase
        if event.endswith(".receive_response_headers.complete") and self.phase != "proxy":
            # HTTP/1.1 returns version, status, reason and headers, HTTP/2 status and headers.
            status_code = next(part for part in info["return_value"] if isinstance(part, int))
            if 300 <= status_code < 400:
                self.begin(status_code, info["return_value"][-1])

    def take_head(self, response: Any) -> bool:
        """
        Record the head of httpx's *response*; return whether to read the body.
        """
        has_body = self.begin(response.status_code, response.headers.raw)
        if not response.is_stream_consumed:
            return has_body
        # A hook of the user's has read and decompressed it, or it is a mock's without a stream.
        self._inflate, self._defect = None, None
        self._keep(response.content)
        return False

    def begin(self, status_code: int, fields: Iterable[tuple[bytes, bytes]]) -> bool:
        """
        Record status and headers; return whether to read the body.
        """
        self.phase = "read"
        self.status_code = status_code
        self.headers = headers = Headers.from_wire(fields)
        self.is_ambiguous = "transfer-encoding" in headers and "content-length" in headers
        # A transport of the user's may have sent the request again after a redirect.
        self._inflate = self._defect = None
        self.is_error = not 200 <= status_code < 300
        self._limit = MAX_ERROR_BODY if self.is_error else MAX_BODY
        if "content-encoding" in headers:
            self._begin_coded(headers["content-encoding"].strip(" \t,").lower())
            if self._defect is not None:
                return self.is_error
        # The size of compressed data says nothing, and httpcore refuses an invalid number.
        if "content-length" in headers and self._inflate is None and not self.is_error:
            declared = headers["content-length"]
            if declared.isascii() and declared.isdigit() and int(declared[:20]) > self._limit:
                self._overflow()
                return False
        return True

    def _begin_coded(self, coding: str) -> None:
        codings = [one.strip() for one in coding.split(",")]
        # `identity` means that nothing was done: https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1
        applied = [one for one in codings if one not in {"", "identity"}]
        if applied in (["gzip"], ["x-gzip"]):
            self._inflate = _Gunzip()
        elif applied:
            self._defect = f"the body is in a coding that was not asked for: {coding[:50]!a}"

    def feed(self, piece: bytes) -> bool:
        """
        Add a piece of the body; return whether to read more.
        """
        self._taken += len(piece)
        if self._inflate is None:
            return self._keep(piece)
        # Compressed data may be endless although it decompresses to nothing.
        if self._taken > self._limit:
            if not self.is_error:
                self._overflow()
            return False
        try:
            return all(self._keep(part) for part in self._inflate.parts(piece))
        except zlib.error as error:
            self._defect = f"the body is not gzip, as it claims: {error}"
            return False

    def response(self, elapsed: float) -> Response:
        """
        Return the response.
        """
        if self._inflate is not None and self._defect is None and not self._inflate.complete:
            self._defect = "the body is cut short: its gzip data has no end"
        return Response(
            status_code=self.status_code or 0,
            headers=self.headers,
            body=b"".join(self._pieces),
            elapsed=elapsed,
            defect=self._defect,
            too_large=self._too_large,
        )

    def _keep(self, piece: bytes) -> bool:
        self._size += len(piece)
        if self._size <= self._limit:
            if piece:
                self._pieces.append(piece)
            return True
        if self.is_error:
            self._pieces.append(piece[: len(piece) - (self._size - self._limit)])
        else:
            self._overflow()
        return False

    def _overflow(self) -> None:
        self._pieces.clear()
        self._defect = f"the body is larger than {MAX_BODY // 1024**2} MiB"
        self._too_large = True


class _Gunzip:
    """
    Decompresses in steps of limited size; httpx's decoder expands a whole piece at once.
    """

    _STEP = 64 * 1024

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=_GZIP)
        self._begun = False
        self._ended = False
        #: The bytes after a member, while they are too few to tell whether another one begins.
        self._after = b""

    @property
    def complete(self) -> bool:
        return self._member.eof or not self._begun

    def parts(self, piece: bytes) -> Iterable[bytes]:
        piece = self._after + piece
        self._after = b""
        while piece and not self._ended:
            # RFC 1952 2.2: a gzip file may have several members, one after the other.
            if self._member.eof:
                if len(piece) < len(_MAGIC) and _MAGIC.startswith(piece):
                    self._after = piece
                    return
                if not piece.startswith(_MAGIC):
                    # Ignore padding, as httpx and curl do.
                    self._ended = True
                    return
                self._member = zlib.decompressobj(wbits=_GZIP)
            self._begun = True
            yield self._member.decompress(piece, self._STEP)
            piece = self._member.unconsumed_tail or self._member.unused_data
        # zlib returns the output that exceeded the step without new input.
        while not self._member.eof:
            held_back = self._member.decompress(b"", self._STEP)
            if not held_back:
                return
            yield held_back
