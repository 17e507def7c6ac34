"""
An answer's status and body: nothing, or the right error.
"""

from __future__ import annotations

import base64
import functools
import html
import http
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

from ._call import Answer
from ._codec import checked_copy
from ._hints import retry_after
from ._mapping import NOTHING_EXTRA, Headers, ReadOnly
from ._settings import Secret
from .errors import (
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

#: How much of a body an error keeps, in bytes, and how much of it a text shows, in characters.
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

#: Shorter ones are for tests, and would blot out half of an error's text.
_SHORTEST_SECRET = 8
#: By so many bytes a longer one is known; to look for all of a token takes a pattern that takes
#: seconds to make. What follows them is the rest of it, up to one of these, or the line's end.
_TELLING = 48
_ENDS = " \t\"'<>"


def check(
    answer: Answer, *, request: str, secrets: tuple[Secret, ...], now: float
) -> APIStatusError | ResponseDecodeError | None:
    """
    Return the error that *answer* stands for, None if it is a success whose body can be read.

    *request* is method and path, for the text; *now* the wall clock in Unix seconds.
    """
    if not 200 <= answer.status_code < 300:
        return _status_error(cleaned(answer, secrets), scrub(request, secrets), now)
    if answer.defect is not None:
        kind = ResponseTooLargeError if answer.too_large else ResponseDecodeError
        return decode_error(kind(answer.defect), answer, request=request, secrets=secrets)
    return None


def decode_error(
    error: ResponseDecodeError, answer: Answer, *, request: str, secrets: tuple[Secret, ...]
) -> ResponseDecodeError:
    """
    Give *error*, which says what is wrong with a body, what is known of the *answer*.
    """
    answer, request = cleaned(answer, secrets), scrub(request, secrets)
    kind = printable(answer.headers.get("content-type", "no content type"), 100)
    shown = printable(answer.body.decode("utf-8", "replace"), SHOWN)
    text = printable(scrub(error.message, secrets), 1000)
    message = f"{request} answered {answer.status_code}, but {text} ({kind}): {shown!r}"
    return type(error)(
        message,
        path=error.path,
        body=answer.body,
        status_code=answer.status_code,
        headers=answer.headers,
        request_id=answer.request_id,
        request=request,
    )


def cleaned(answer: Answer, secrets: tuple[Secret, ...]) -> Answer:
    """
    Return what an error may keep of *answer*: a part of the body, and no secret it repeats.
    """
    # Latin-1 and back is the identity for any bytes, and the forms of a secret are ASCII.
    body = answer.body[: KEPT + 2 * 8192].decode("latin-1")
    return attrs.evolve(
        answer,
        body=scrub(body, secrets).encode("latin-1")[:KEPT],
        headers=cleaned_headers(answer.headers, secrets),
    )


def cleaned_headers(headers: Headers, secrets: tuple[Secret, ...]) -> Headers:
    """
    Return *headers* without the secrets that they repeat.
    """
    return Headers(
        (scrub(name, secrets), scrub(value, secrets)) for name, value in headers.items_one_by_one()
    )


def scrub(text: str, secrets: tuple[Secret, ...]) -> str:
    """
    Return *text* without *secrets*, in any of the forms that a server or a library shows them in.
    """
    for secret in secrets:
        if len(secret.reveal()) >= _SHORTEST_SECRET:
            try:
                text = _forms(secret).sub("***", text)
            except BaseException as interruption:
                # Ctrl-C, or a stack that is full: the frames below hold the secret.
                raise interruption.with_traceback(None)  # noqa: B904 - it is the one that came
    return text


def printable(text: str, most: int) -> str:
    """
    Return the first *most* characters of *text*, on one line, escaped where they do not print.
    """
    shown = "".join(
        character if character.isprintable() else ascii(character)[1:-1]
        for character in text[:most]
    )
    return shown[:most] + ("..." if len(text) > most or len(shown) > most else "")


# Of every answer the id is cleaned, so this is done for every call.
@functools.lru_cache(maxsize=64)
def _forms(secret: Secret) -> re.Pattern[str]:
    """
    Return what finds *secret*: in base64 or hex, or each character plain or escaped in some way.

    Serialisers differ in which characters they escape, so each may be so or so; and it may be
    UTF-16, which has a NUL between them.
    """
    octets = secret.reveal().encode()
    start, rest = octets[:_TELLING], octets[_TELLING:].decode("latin-1")
    # How many backslashes there are side by side depends on how often they were escaped.
    once = re.sub(rb"\\+", rb"\\", start).decode("latin-1")
    spelt = [_forms_of(once[0], ""), *(_forms_of(one, "++") for one in once[1:])]
    digits = [f"{code:02x}" for code in start]
    patterns = [r"\x00?".join(spelt), "[ :,-]?".join(digits), *_packed(start)]
    ends = "".join(mark for mark in _ENDS if mark not in rest)
    beyond = rf"[^\n{ends}]*+" if rest else ""
    return re.compile(f"(?:{'|'.join(patterns)}){beyond}", re.IGNORECASE)


def _forms_of(character: str, times: str) -> str:
    """
    Return what finds *character*, escaped or not, with a backslash so many *times*.

    No text must take long. Of many backslashes before the first character one is enough: to search
    for all of them, anew from each, would take their number squared. And what was found once is
    not looked for in another way ("(?>...)", "++"): two ways a character double with each.
    """
    code, backslashes = ord(character), rf"\\{times}"
    maybe = rf"(?:{backslashes})?+" if times else ""
    entity = html.escape(character).replace("&", "&(?:amp;)*", 1)
    forms = [
        # As JSON, Python, JavaScript and C have it, over and over again.
        rf"{backslashes}(?:u00|U000000|x){code:02x}",
        rf"{backslashes}u\{{0*+{code:x}\}}",
        rf"{backslashes}0*+{code:o}",
        # As in a URL, in HTML, and in mail.
        rf"%(?:25)*{code:02x}",
        rf"&(?:amp;)*+\#(?:0*+{code}|x0*+{code:x});?",
        *([entity] if entity != character else []),
        rf"={code:02x}",
        backslashes if character == "\\" else maybe + re.escape(character),
    ]
    # But what begins an escape may stand for itself, before what only looks like the rest of one.
    group = "(?:" if character in "%&=" else "(?>"
    return f"{group}{'|'.join(forms)})"


def _packed(octets: bytes) -> list[str]:
    """
    Return *octets* in base64 wherever they begin in what was packed, in either alphabet.

    Where a character holds bits of their neighbours too, it is left out.
    """
    patterns = []
    for before in range(3):
        packed = base64.b64encode(bytes(before) + octets).decode()
        own = packed[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6]
        patterns.append("".join({"+": "[+-]", "/": "[/_]"}.get(one, one) for one in own))
    return patterns


def _status_error(answer: Answer, request: str, now: float) -> APIStatusError:
    content = _json_or_none(answer.body)
    error = _envelope(content)
    detail, text = _validation(content)
    said = error.message if error is not None else text
    if not said and detail:
        said = "; ".join(f"{'.'.join(map(str, issue.loc))}: {issue.msg}" for issue in detail)
    kind = _kind(answer.status_code)
    return kind(
        _text(answer, request, said, error),
        request=request,
        status_code=answer.status_code,
        error=error,
        detail=detail,
        request_id=answer.request_id,
        headers=answer.headers,
        retry_after=retry_after(answer.headers, answer.status_code, now),
        body=answer.body,
    )


def _kind(status_code: int) -> type[APIStatusError]:
    if 300 <= status_code < 400:
        return UnexpectedRedirectError
    if 500 <= status_code < 600:
        return ServerError
    return _BY_STATUS.get(status_code, APIStatusError)


def _text(answer: Answer, request: str, said: str | None, error: ErrorBody | None) -> str:
    try:
        phrase = f" {http.HTTPStatus(answer.status_code).phrase}"
    except ValueError:
        phrase = ""
    text = f"{request} answered {answer.status_code}{phrase}"
    if 300 <= answer.status_code < 400:
        text += f"; {_target(answer)}redirects are not followed: check base_url"
    elif said:
        text += f": {printable(said, SHOWN)}"
    elif answer.body:
        text += f": {printable(answer.body.decode('utf-8', 'replace'), SHOWN)!r}"
    notes = []
    if error is not None:
        if error.code:
            notes.append(printable(error.code, 100))
        if error.param is not None:
            notes.append(f"parameter {printable(error.param, 100)}")
    if answer.request_id is not None:
        notes.append(f"request id {printable(answer.request_id, 100)}")
    if notes:
        text += f" [{', '.join(notes)}]"
    return text + _CURES.get(answer.status_code, "")


_CURES: Mapping[int, str] = {
    401: "; check the key or the token",
    403: "; check what the credential may do, and workspace_id",
    404: "; check the id, and that the credential is of the same workspace",
}


def _target(answer: Answer) -> str:
    # The host alone: the rest may hold anything, and is nothing to rely on.
    try:
        host = urlsplit(answer.headers.get("location", "")).hostname
    except ValueError:
        host = None
    return f"it points to {printable(host, 100)}, but " if host else ""


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
        return (), _well_formed(detail)
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
    # An error is no place to be strict: what is not as it should be is left out.
    value = members.get(name)
    return _well_formed(value) if isinstance(value, str) else None


def _others(members: dict[str, Any], kind: type[Any]) -> ReadOnly[Any]:
    known = attrs.fields_dict(kind)
    try:
        return ReadOnly(
            checked_copy({name: value for name, value in members.items() if name not in known})
        )
    except TypeError:
        return NOTHING_EXTRA


def _well_formed(text: str) -> str:
    # Half a surrogate pair cannot be printed, logged or stored as UTF-8.
    return text.encode("utf-8", "backslashreplace").decode() if not text.isascii() else text
