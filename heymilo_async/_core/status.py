"""
Converts an error response to the right exception, and checks where a redirect may lead.
"""

from __future__ import annotations

import http
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

import attrs

from .._values import NOTHING_EXTRA, Headers, ReadOnly
from ..errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ErrorBody,
    ErrorDetail,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    ResponseTooLargeError,
    ServerError,
    UnexpectedRedirectError,
    UnprocessableEntityError,
    ValidationIssue,
)
from .codec import checked_copy
from .messages import Response
from .secrets import Secret, mask_json_members, mask_members, printable, scrub
from .settings import is_loopback

#: Bytes of a body that an error keeps, and characters of it that its message shows.
KEPT = 65_536
SHOWN = 512

_BY_STATUS: Mapping[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def check(
    response: Response, *, request: str, secrets: tuple[Secret, ...], retry_after: float | None
) -> APIStatusError | ResponseDecodeError | None:
    """
    Return the error for *response*; None for a success with a complete body.

    *request* is method and path, for the message. *retry_after* is the wait that the server asks
    for, in seconds.
    """
    if not 200 <= response.status_code < 300:
        return _status_error(cleaned(response, secrets), scrub(request, secrets), retry_after)
    if response.defect is not None:
        kind = ResponseTooLargeError if response.too_large else ResponseDecodeError
        return decode_error(kind(response.defect), response, request=request, secrets=secrets)
    return None


def decode_error(
    error: ResponseDecodeError, response: Response, *, request: str, secrets: tuple[Secret, ...]
) -> ResponseDecodeError:
    """
    Return a copy of *error* with the status, headers and body of *response*.
    """
    response, request = cleaned(response, secrets), scrub(request, secrets)
    kind = printable(response.headers.get("content-type", "no content type"), 100)
    text = printable(scrub(error.message, secrets), 1000)
    # The message does not show the body, because the data of a success may be confidential.
    message = f"{request} answered {response.status_code}, but {text} ({kind})"
    return type(error)(
        message,
        path=error.path,
        body=response.body,
        status_code=response.status_code,
        headers=response.headers,
        request_id=response.request_id,
        request=request,
    )


def cleaned(response: Response, secrets: tuple[Secret, ...]) -> Response:
    """
    Return *response* for an error: with a part of its body, and with secrets masked.
    """
    # Latin-1 can decode and encode any bytes, and the encodings of a secret are ASCII.
    body = response.body[: KEPT + 2 * 8192].decode("latin-1")
    return attrs.evolve(
        response,
        body=scrub(body, secrets).encode("latin-1")[:KEPT],
        headers=cleaned_headers(response.headers, secrets),
    )


def cleaned_headers(headers: Headers, secrets: tuple[Secret, ...]) -> Headers:
    """
    Return *headers* with secrets masked.
    """
    return Headers(
        (scrub(name, secrets), scrub(value, secrets)) for name, value in headers.items_one_by_one()
    )


def _status_error(response: Response, request: str, retry_after: float | None) -> APIStatusError:
    content = mask_json_members(_json_or_none(response.body))
    error = _envelope(content)
    detail, text = _validation(content)
    summary = _summary(error, text, detail)
    kind = _kind(response.status_code)
    return kind(
        _text(response, request, summary, error) + _cure(response.status_code, error, retry_after),
        request=request,
        status_code=response.status_code,
        error=error,
        detail=detail,
        request_id=response.request_id,
        headers=response.headers,
        retry_after=retry_after,
        body=response.body,
    )


def _summary(error: ErrorBody | None, text: str | None, detail: tuple[ValidationIssue, ...]) -> str:
    """
    Return what the server says is wrong, followed by what is wrong with each parameter.
    """
    if error is None:
        return text or _listed([(".".join(map(str, issue.loc)), issue.msg) for issue in detail])
    # A server may repeat its message as the only fault.
    said = {(None, error.message), (error.param, error.message), (None, "")}
    faults = [(one.param, one.message) for one in error.errors]
    listed = _listed([fault for fault in faults if fault not in said])
    return f"{error.message} ({listed})" if listed and error.message else error.message or listed


def _listed(faults: Sequence[tuple[str | None, str]]) -> str:
    return "; ".join(f"{where}: {what}" if where else what for where, what in faults)


def _kind(status_code: int) -> type[APIStatusError]:
    if 300 <= status_code < 400:
        return UnexpectedRedirectError
    if 500 <= status_code < 600:
        return ServerError
    return _BY_STATUS.get(status_code, APIStatusError)


def _text(response: Response, request: str, summary: str | None, error: ErrorBody | None) -> str:
    try:
        phrase = f" {http.HTTPStatus(response.status_code).phrase}"
    except ValueError:
        phrase = ""
    text = f"{request} answered {response.status_code}{phrase}"
    if 300 <= response.status_code < 400:
        text += f"; {_target(response)}redirects are not followed: check base_url"
    elif summary:
        text += f": {printable(summary, SHOWN)}"
    elif response.body:
        body = mask_members(response.body.decode("utf-8", "replace"))
        text += f": {printable(body, SHOWN)!r}"
    notes = []
    if error is not None:
        if error.code:
            notes.append(printable(error.code, 100))
        if error.param is not None:
            notes.append(f"parameter {printable(error.param, 100)}")
    if response.request_id is not None:
        notes.append(f"request id {printable(response.request_id, 100)}")
    if notes:
        text += f" [{', '.join(notes)}]"
    return text


_CURES: Mapping[int, str] = {
    401: "; check the key or the token",
    403: "; check the credential's permissions, and workspace_id",
    404: "; check the id, and that the credential belongs to the same workspace",
}


def _cure(status_code: int, error: ErrorBody | None, retry_after: float | None) -> str:
    if retry_after:
        return f"; the server asks for a wait of {retry_after:.1f}".removesuffix(".0") + " s"
    if status_code == 404 and error is None:
        # The API describes a missing object in its own format, and a missing path in FastAPI's.
        return "; check base_url, and the ids in the path"
    return _CURES.get(status_code, "")


def _target(response: Response) -> str:
    # Only the host, because the rest of the URL may contain secrets.
    try:
        host = urlsplit(response.headers.get("location", "")).hostname
    except ValueError:
        host = None
    return f"it redirects to {printable(host, 100)}, but " if host else ""


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def _envelope(content: Any) -> ErrorBody | None:
    members = content.get("error") if isinstance(content, dict) else None
    if isinstance(members, str):
        members = {"message": members}
    if not isinstance(members, dict) or not isinstance(members.get("message"), str):
        return None
    return ErrorBody(
        type=_text_in(members, "type") or "",
        code=_text_in(members, "code") or "",
        message=_text_in(members, "message") or "",
        param=_text_in(members, "param"),
        doc_url=_text_in(members, "doc_url"),
        errors=tuple(
            ErrorDetail(
                code=_text_in(item, "code") or "",
                message=_text_in(item, "message") or "",
                param=_text_in(item, "param"),
                extra=_others(item, ErrorDetail),
            )
            for item in _objects_in(members.get("errors"))
        ),
        extra=_others(members, ErrorBody),
    )


def _validation(content: Any) -> tuple[tuple[ValidationIssue, ...], str | None]:
    detail = content.get("detail") if isinstance(content, dict) else None
    if isinstance(detail, str):
        return (), _well_formed(mask_members(detail))
    issues = tuple(
        ValidationIssue(
            loc=_location(item.get("loc")),
            msg=_text_in(item, "msg") or "",
            type=_text_in(item, "type") or "",
            extra=_others(item, ValidationIssue),
        )
        for item in _objects_in(detail)
    )
    return issues, None


def _location(value: Any) -> tuple[str | int, ...]:
    parts = value if isinstance(value, list) else []
    return tuple(
        _well_formed(part) if isinstance(part, str) else part
        for part in parts
        if isinstance(part, str | int) and not isinstance(part, bool)
    )


def _objects_in(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text_in(members: dict[str, Any], name: str) -> str | None:
    # Lenient: an error omits invalid values.
    value = members.get(name)
    return _well_formed(mask_members(value)) if isinstance(value, str) else None


def _others(members: dict[str, Any], kind: type[Any]) -> ReadOnly[Any]:
    known = attrs.fields_dict(kind)
    try:
        return ReadOnly(
            checked_copy({name: value for name, value in members.items() if name not in known})
        )
    except TypeError:
        return NOTHING_EXTRA


def _well_formed(text: str) -> str:
    # An unpaired surrogate cannot be printed, logged or stored as UTF-8.
    return text.encode("utf-8", "backslashreplace").decode() if not text.isascii() else text


def redirect_target(location: str | None, base_url: str) -> tuple[str, str] | None:
    """
    Return origin and path of *location* if a client of *base_url* may follow it, else None.

    It may follow https, and http if both URLs are on this machine, as with a sandbox.
    """
    if not location or not location.isascii() or not location.isprintable():
        return None
    try:
        target = urlsplit(urljoin(base_url, location))
        port = "" if target.port is None else f":{target.port}"
    except ValueError:
        return None
    host = target.hostname
    if not host or target.username is not None or target.password is not None:
        return None
    is_local = is_loopback(host) and is_loopback(urlsplit(base_url).hostname or "")
    if target.scheme != "https" and not (target.scheme == "http" and is_local):
        return None
    shown = f"[{host}]" if ":" in host else host
    query = f"?{target.query}" if target.query else ""
    return f"{target.scheme}://{shown}{port}", (target.path or "/") + query
