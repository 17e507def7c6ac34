"""
One call as data: what is asked, and what came back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import quote

import attrs

from .._mapping import NOTHING_EXTRA, Headers, read_only
from ..errors import Attempt, ResponseDecodeError, described
from .arguments import check_method, check_path, wrong_type
from .secrets import Secret

if TYPE_CHECKING:
    from .body import Body

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_BRACES = re.compile(r"{(\w+)}")


#: How an answer holds what was asked for:
#:
#: - `page`: a list envelope that can be walked; *returns* is a `Page[...]`;
#: - `list`: a list envelope that cannot; *returns* is a `tuple[..., ...]`;
#: - `single`: `{"data": ..., "meta": ...}` round one model;
#: - `items`: the same round a list; *returns* is a `tuple[..., ...]`;
#: - `object`: a bare object, without an envelope;
#: - `bytes`: no JSON at all;
#: - `any`: whatever JSON it is, None if there is none.
Shape: TypeAlias = Literal["page", "list", "single", "items", "object", "bytes", "any"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Operation(Generic[T]):
    """
    One operation of the API, as data.

    Attributes:
        id: The contract's `operationId`.
        method: The HTTP method.
        path: The contract's path, parameters in braces.
        returns: What the answer holds.
        shape: How it holds it.
        takes: What the request's body is, None if it has none.
        repeatable: Whether sending it twice does no more than sending it once; so it is unless the
            method is POST, where it has to be said.
        answers: The member of the answer that must equal the last id of the path, None if there is
            nothing to compare.
        advice: For a call that may not be sent twice: how to find out what became of it.
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
    advice: str = "it may have been carried out: look before you send it again"
    #: The names in braces.
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
        Return the call of this operation with *ids* in its path, in order.

        What is None in *query* or *headers*, or NOT_GIVEN in *body*, is not sent.
        """
        quoted = (quote(one, safe="=:@") for one in ids)
        return Call(
            operation=self,
            path=self.path.format_map(dict(zip(self.segments, quoted, strict=True))),
            query=_query(query or {}),
            body=None if self.takes is None else _body_of(self.takes, body or {}),
            headers=tuple(
                (name, value) for name, value in (headers or {}).items() if value is not None
            ),
            answers_id=ids[-1] if self.answers is not None else None,
        )


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Call(Generic[T]):
    """
    One invocation of an operation: everything that is asked, nothing of how it is sent.
    """

    operation: Operation[T]
    path: str
    query: str = ""
    body: bytes | None = attrs.field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    answers_id: str | None = None

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
    Return the call of an operation that no method stands for.

    Raises:
        InvalidRequestError: It could leave base_url, or cannot be sent.
        TypeError: Something is of the wrong type.
    """
    verb, checked = check_method("method", method), check_path("path", path)
    if repeatable is None:
        repeatable = verb == "GET"
    if not isinstance(repeatable, bool):
        raise wrong_type("repeatable", "a bool, or None", repeatable)
    operation: Operation[Any] = Operation(
        id="request", method=verb, path=checked, returns=object, shape="any", repeatable=repeatable
    )
    return Call(
        operation=operation,
        path=checked,
        query=_query(query or {}),
        body=None if body is None else _json_body(body),
    )


def _body_of(kind: type[Body], members: Mapping[str, Any]) -> bytes:
    # Not above: most programs only read.
    from .body import body_of  # noqa: PLC0415

    return body_of(kind, members)


def _json_body(body: object) -> bytes:
    from .body import json_body  # noqa: PLC0415 - see above

    return json_body("body", body)


def _query(query: Mapping[str, str | int | None]) -> str:
    return "&".join(
        f"{quote(name, safe='')}={quote(str(value), safe='')}"
        for name, value in query.items()
        if value is not None
    )


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Request:
    """
    What goes over the border to the HTTP library.

    Attributes:
        name: Method and path, as texts show the call.
        path: What comes after *base_url*, query included; ASCII.
        secrets: What no text may repeat.
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


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Response:
    """
    What came back over the border.

    Attributes:
        body: Unpacked; of an error at most 64 KiB.
        defect: What kept the body from being read as a whole, None if nothing did.
        too_large: Whether that is its size.
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
        The id that the server, or a gateway before it, gave the request.
        """
        for name in ("x-request-id", "request-id", "x-correlation-id"):
            if name in self.headers:
                return self.headers[name]
        return None


@attrs.frozen(kw_only=True)
class Audio:
    """
    A recording.

    Attributes:
        content: Its bytes, at most 32 MiB.
        content_type: What the server says it is, such as `audio/mpeg`.

    Example:
        >>> from heymilo_async import Audio
        >>> Audio(content=b"...", content_type="audio/mpeg").content_type
        'audio/mpeg'
    """

    content: bytes = attrs.field(repr=lambda content: f"<{len(content)} bytes>")
    content_type: str


def audio_of(answer: Response) -> Audio:
    """
    Return what *answer* is; JSON, whose shape nobody describes, is an error that shows it.
    """
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json") or not answer.body:
        message = "the body is JSON and not audio" if answer.body else "the body is empty"
        raise ResponseDecodeError(message)
    return Audio(content=answer.body, content_type=kind or "application/octet-stream")


@attrs.frozen(kw_only=True)
class APIResponse(Generic[T]):
    """
    A successful call with everything around its data, what `raw` returns.

    As a text it says what was asked, the status, and what became of each attempt.

    Attributes:
        request: Method and path of the call, such as `GET /api/v2/phone-numbers`.
        data: What the method itself would have returned.
        meta: The answer's `meta`, None if it had none.
        extra: Members beside `data` and `meta` that this version does not know.
        status_code: The HTTP status.
        headers: The headers of the answer.
        request_id: The id that the server gave the request, None if it gave none.
        attempts: One `Attempt` a try, in order; the last one is the success.
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


#: What `client.request` stands for, until it is called.
ANY: Final[Operation[Any]] = Operation(
    id="request", method="GET", path="/", returns=object, shape="any"
)


def operation(described: Operation[Any]) -> Callable[[F], F]:
    """
    Mark a method as the one that stands for an operation: `raw` takes those, tests list them.
    """

    def mark(method: F) -> F:
        marked: Any = method
        marked.__operation__ = described
        return method

    return mark
