"""
A call as data: operation, call, request and response.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import quote

import attrs

from .._values import NOTHING_EXTRA, Headers, Record, read_only
from ..errors import Attempt, ResponseDecodeError, described
from .arguments import Body, body_of, check_method, check_path, json_body, wrong_type
from .secrets import Secret, printable, secrets_in

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_BRACES = re.compile(r"{(\w+)}")


#: The envelope of a response:
#:
#: - `page`: a list with pagination; *returns* is a `Page[...]`;
#: - `list`: a list without pagination; *returns* is a `tuple[..., ...]`;
#: - `single`: `{"data": ..., "meta": ...}` with one model;
#: - `items`: the same with a list; *returns* is a `tuple[..., ...]`;
#: - `object`: a plain object, without an envelope;
#: - `bytes`: not JSON;
#: - `any`: any JSON, or None for an empty body.
Shape: TypeAlias = Literal["page", "list", "single", "items", "object", "bytes", "any"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Operation(Generic[T]):
    """
    One operation of the API, as data.

    Attributes:
        id: The contract's `operationId`.
        method: The HTTP method.
        path: The contract's path, parameters in braces.
        returns: The type of the response's data.
        shape: The envelope of the response.
        takes: The type of the request's body, None if it has none.
        repeatable: Whether the operation is idempotent; by default all are, except for POST.
        answers: The field of the response that must equal the last id of the path, None if there is
            nothing to compare.
        advice: How to find out whether a non-idempotent operation had an effect.
    """

    id: str
    method: str
    path: str
    returns: type[T]
    shape: Shape
    takes: type[Body] | None = None
    repeatable: bool = attrs.field(
        default=attrs.Factory(lambda self: self.method != "POST", takes_self=True)
    )
    answers: str | None = None
    advice: str = "the server may have processed it: check that before you send it again"
    #: The names of the path parameters.
    segments: tuple[str, ...] = attrs.field(
        init=False,
        default=attrs.Factory(lambda self: tuple(_BRACES.findall(self.path)), takes_self=True),
    )

    def call(
        self,
        *ids: str,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Call[T]:
        """
        Return a call of this operation with *ids* as its path parameters.

        None in *query* or *headers*, and NOT_GIVEN in *body*, are not sent.
        """
        path = self.path
        if self.segments:
            quoted = [_quoted(one, safe="=:@") for one in ids]
            path = path.format_map(dict(zip(self.segments, quoted, strict=True)))
        content = None if self.takes is None else body_of(self.takes, body or {})
        return Call(
            operation=self,
            path=path,
            query=_query(query) if query else "",
            body=content,
            secrets=() if content is None else secrets_in(content),
            headers=(
                tuple((name, value) for name, value in headers.items() if value is not None)
                if headers
                else ()
            ),
            answers_id=ids[-1] if self.answers is not None else None,
        )


# `Call`, `Request` and `Response` are not frozen, because attrs takes four times as long to set a
# field of a frozen class, and each call creates them. Nothing changes them.
@attrs.define(kw_only=True, eq=False, repr=False)
class Call(Generic[T]):
    """
    One invocation of an operation, independent of settings and transport.

    Attributes:
        secrets: The values in the body that no text may contain.
    """

    operation: Operation[T]
    path: str
    query: str = ""
    body: bytes | None = attrs.field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    answers_id: str | None = None
    secrets: tuple[Secret, ...] = ()

    @property
    def target(self) -> str:
        """
        Path and query.
        """
        return f"{self.path}?{self.query}" if self.query else self.path

    def __str__(self) -> str:
        return f"{self.operation.method} {self.path}"


def call_of(
    method: object,
    path: object,
    *,
    query: Mapping[str, str | int | None] | None,
    body: object,
    repeatable: bool | None,
) -> Call[Any]:
    """
    Return a call of an operation without a method.

    Raises:
        InvalidRequestError: The path could leave base_url, or a value cannot be sent.
        TypeError: A value has the wrong type.
    """
    verb, checked = check_method("method", method), check_path("path", path)
    if repeatable is None:
        repeatable = verb == "GET"
    if not isinstance(repeatable, bool):
        raise wrong_type("repeatable", "a bool, or None", repeatable)
    operation: Operation[Any] = Operation(
        id="request", method=verb, path=checked, returns=object, shape="any", repeatable=repeatable
    )
    content = None if body is None else json_body("body", body)
    return Call(
        operation=operation,
        path=checked,
        query=_query(_checked_query(query)) if query else "",
        body=content,
        secrets=() if content is None else secrets_in(content),
    )


def _checked_query(query: object) -> Mapping[str, str | int | None]:
    if not isinstance(query, Mapping):
        raise wrong_type("query", "a mapping", query)
    checked = {}
    for name, value in query.items():
        if not isinstance(name, str):
            raise wrong_type("a name in query", "a str", name)
        if not isinstance(value, str | int | None):
            raise wrong_type(f"query[{printable(name, 50)!r}]", "a str, an int or None", value)
        # A server does not expect a bool as Python writes it.
        checked[name] = str(value).lower() if isinstance(value, bool) else value
    return checked


def _query(query: Mapping[str, str | int | None]) -> str:
    return "&".join(
        [
            f"{_quoted(name)}={_quoted(str(value))}"
            for name, value in query.items()
            if value is not None
        ]
    )


def _quoted(text: str, safe: str = "") -> str:
    # A shortcut, four times as fast as `quote`: nearly all values are letters and digits.
    return text if text.isascii() and text.isalnum() else quote(text, safe=safe)


@attrs.define(kw_only=True, eq=False, repr=False)
class Request:
    """
    A request for the HTTP library.

    Attributes:
        name: Method and path, the name of the call in errors.
        path: The part of the URL after *base_url*, including the query; ASCII.
        secrets: The values that no text may contain.
    """

    name: str
    method: str
    base_url: str
    path: str
    headers: tuple[tuple[str, Secret | str], ...]
    secrets: tuple[Secret, ...]
    body: bytes | None = attrs.field(default=None, repr=False)

    @property
    def url(self) -> str:
        """
        The whole URL.
        """
        return self.base_url + self.path


@attrs.define(kw_only=True, eq=False, repr=False)
class Response:
    """
    A response from the HTTP library.

    Attributes:
        body: The decompressed body; for an error, at most 64 KiB.
        defect: Why the body could not be read completely, None if it could.
        too_large: Whether the reason is its size.
    """

    status_code: int
    headers: Headers
    body: bytes = attrs.field(repr=False)
    elapsed: float = 0.0
    defect: str | None = None
    too_large: bool = False

    @property
    def request_id(self) -> str | None:
        """
        The request id from the server, or from a gateway in front of it.
        """
        for name in ("x-request-id", "request-id", "x-correlation-id"):
            if name in self.headers:
                return self.headers[name]
        return None


@attrs.frozen(kw_only=True, eq=False)
class Audio(Record):
    """
    A recording.

    Attributes:
        content: The bytes, at most 32 MiB.
        content_type: The server's content type, such as `audio/mpeg`.

    Example:
        >>> from heymilo_async import Audio
        >>> Audio(content=b"...", content_type="audio/mpeg").content_type
        'audio/mpeg'
    """

    content: bytes = attrs.field(repr=lambda content: f"<{len(content)} bytes>")
    content_type: str


def audio_of(response: Response) -> Audio:
    """
    Return the audio in *response*; raise `ResponseDecodeError` for JSON, which has no schema.
    """
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json") or not response.body:
        message = "the body is JSON instead of audio" if response.body else "the body is empty"
        raise ResponseDecodeError(message)
    return Audio(content=response.body, content_type=kind or "application/octet-stream")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class APIResponse(Record, Generic[T]):
    """
    A successful call with its response's status and headers, returned by `raw`.

    `str` shows the request, the status, and the outcome of each attempt.

    Attributes:
        request: Method and path of the call, such as `GET /api/v2/phone-numbers`.
        data: The result of the method.
        meta: The response's `meta`, None if it has none.
        extra: Fields beside `data` and `meta` that this version does not know.
        status_code: The HTTP status.
        headers: The headers of the response.
        request_id: The server's id of the request, None if it sent none.
        attempts: The call's attempts, in order; the last one succeeded.
        elapsed: Seconds from the start of the call to its end, waits included.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> with HeyMilo() as client:
        ...     response = client.raw(client.phone_numbers.get, "9E3779B1")
        ...     print(response.status_code, response.data.phone_number, len(response.attempts))
        200 +12065550100 1
    """

    request: str
    data: T
    meta: Mapping[str, Any] | None = attrs.field(default=None, hash=False)
    extra: Mapping[str, Any] = attrs.field(default=NOTHING_EXTRA, converter=read_only, hash=False)
    status_code: int
    headers: Headers
    request_id: str | None
    attempts: tuple[Attempt, ...]
    elapsed: float

    def __str__(self) -> str:
        return f"{self.request} answered {self.status_code} ({described(self.attempts)})"


#: The placeholder operation of `client.request`, which creates an operation for each call.
ANY: Final[Operation[Any]] = Operation(
    id="request", method="GET", path="/", returns=object, shape="any"
)


def operation(described: Operation[Any]) -> Callable[[F], F]:
    """
    Mark a method with its operation: `raw` requires the mark, and tests list marked methods.
    """

    def mark(method: F) -> F:
        marked: Any = method
        marked.__operation__ = described
        return method

    return mark
