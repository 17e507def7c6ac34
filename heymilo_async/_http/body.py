"""
Reading a body within bounds: what comes in piece by piece, unpacked, and no more than that.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from .._core.messages import Response
from .._values import Headers

#: Bytes of a success's body, unpacked; far beyond the largest page, far below a process's memory.
MAX_BODY = 32 * 1024 * 1024
#: Bytes of an error's body; a little more than an error keeps.
MAX_ERROR_BODY = 128 * 1024

#: zlib's name for "gzip header and trailer, largest window".
_GZIP = 31

#: What a gzip member begins with.
_MAGIC = b"\x1f\x8b"


#: What httpcore says that it begins, and which phase that is.
_PHASES = {
    "connection.connect_tcp.started": "connect",
    "connection.start_tls.started": "tls",
    "http11.send_request_headers.started": "write",
    "http11.receive_response_headers.started": "read",
}


#: How the event ends that httpcore tells before it sends anything, by HTTP/1.1 or HTTP/2.
SENDING = ".send_request_headers.started"


class Receiver:
    """
    Takes in one response: status, headers, and the pieces of the body.
    """

    #: How far it got, for an error that ends it: a word of `APIConnectionError.phase`.
    phase = "pool"
    status_code: int | None = None
    headers = Headers()
    _size = 0
    _taken = 0
    _limit = MAX_BODY
    _inflate: _Gunzip | None = None
    _defect: str | None = None
    _too_large = False
    _is_tunnel = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    @property
    def is_error(self) -> bool:
        """
        Whether there is a status, and it is not a success: then a part of the body will do.
        """
        return self.status_code is not None and not 200 <= self.status_code < 300

    def trace(self, event: str, _: object) -> None:
        """
        Take in what httpcore's `trace` extension tells.
        """
        self.phase = _PHASES.get(event, self.phase)

    def trace_redirects(self, event: str, info: Any) -> None:
        """
        Do as `trace` for an `http_client` of the user's own, and take in the head of a redirect.

        Such a client raises an error in its place if the redirect leads nowhere.
        """
        self.trace(event, info)
        if event.endswith(".receive_response_headers.started"):
            self._is_tunnel = info["request"].method == b"CONNECT"
        elif event.endswith(".receive_response_headers.complete") and not self._is_tunnel:
            # HTTP/1.1 has version, status, reason and fields, HTTP/2 status and fields.
            status_code = next(part for part in info["return_value"] if isinstance(part, int))
            if 300 <= status_code < 400:
                self.begin(status_code, info["return_value"][-1])

    @property
    def ambiguous(self) -> bool:
        """
        Whether the answer is framed in two ways, so that nobody knows where it ends.

        https://www.rfc-editor.org/rfc/rfc9112#name-message-body-length asks to close then.
        """
        return "transfer-encoding" in self.headers and "content-length" in self.headers

    def begin(self, status_code: int, fields: Iterable[tuple[bytes, bytes]]) -> bool:
        """
        Take in the head; return whether the body is worth reading.
        """
        self.phase = "read"
        self.status_code = status_code
        self.headers = Headers.from_wire(fields)
        if self.is_error:
            self._limit = MAX_ERROR_BODY
        if "content-encoding" in self.headers:
            self._begin_coded(self.headers["content-encoding"].strip(" \t,").lower())
            if self._defect is not None:
                return self.is_error
        if not self.is_error and self._declared_size() > self._limit:
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

    def _declared_size(self) -> int:
        declared = self.headers.get("content-length", "")
        # The size of packed data says nothing; and what is no number is httpcore's to refuse.
        if self._inflate is not None or not (declared.isascii() and declared.isdigit()):
            return 0
        return int(declared[:20])

    def feed(self, piece: bytes) -> bool:
        """
        Take in a piece of the body; return whether more of it is wanted.
        """
        self._taken += len(piece)
        if self._inflate is None:
            return self._keep(piece)
        # Packed data may be endless, and hold nothing.
        if self._taken > self._limit:
            if not self.is_error:
                self._overflow()
            return False
        try:
            return all(self._keep(part) for part in self._inflate.parts(piece))
        except zlib.error as error:
            self._defect = f"the body is not gzip, as it claims: {error}"
            return False

    def unpacked(self, body: bytes) -> None:
        """
        Take in a whole body that somebody else has read and unpacked.
        """
        self._inflate, self._defect = None, None
        self._keep(body)

    def answer(self, elapsed: float) -> Response:
        """
        Return what was taken in.
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
    Inflates in steps of bounded size: httpx's own decoder expands a whole piece at once.
    """

    _STEP = 64 * 1024

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=_GZIP)
        self._begun = False
        self._ended = False
        #: What came after a member, too little to tell whether it begins another one.
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
                    # Padding, or what somebody on the way added: httpx and curl pass over it too.
                    self._ended = True
                    return
                self._member = zlib.decompressobj(wbits=_GZIP)
            self._begun = True
            yield self._member.decompress(piece, self._STEP)
            piece = self._member.unconsumed_tail or self._member.unused_data
        # What was held back for lack of room comes out without new input.
        while not self._member.eof:
            held_back = self._member.decompress(b"", self._STEP)
            if not held_back:
                return
            yield held_back
