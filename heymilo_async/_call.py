"""
One call as data: what is asked, and what came back.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import attrs

from ._mapping import NOTHING_EXTRA, Headers, read_only
from ._settings import Secret, whole_number, wrong_type
from .errors import Attempt, InvalidRequestError, described

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

#: Far beyond any id that the API documents (32 characters), far below what a URL may hold.
_LONGEST_ID = 1024
_LONGEST_CURSOR = 4096


@attrs.frozen(kw_only=True)
class Operation(Generic[T]):
    """
    One operation of the API, as data.

    Attributes:
        id: The contract's `operationId`.
        method: The HTTP method.
        path: The contract's path, parameters in braces.
        returns: The model that the answer holds.
        single: Whether the answer is `{"data": ..., "meta": ...}` around that model.
        repeatable: Whether sending it twice does no more than sending it once; true of GET.
    """

    id: str
    method: str
    path: str
    returns: type[T]
    single: bool = False
    repeatable: bool = attrs.field(
        default=attrs.Factory(lambda self: self.method == "GET", takes_self=True)
    )

    def call(
        self,
        *,
        query: Mapping[str, str | int | None] | None = None,
        answers_id: str | None = None,
        **segments: str,
    ) -> Call[T]:
        """
        Return the call of this operation with *segments* in its path and *query* after it.

        A parameter of *query* that is None is not sent. *answers_id* is what `data.id` of the
        answer must be.
        """
        return Call(
            operation=self,
            path=self.path.format_map(
                {name: quote(segments[name], safe="=:@") for name in segments}
            ),
            query="&".join(
                f"{quote(name, safe='')}={quote(str(value), safe='')}"
                for name, value in (query or {}).items()
                if value is not None
            ),
            answers_id=answers_id,
        )


@attrs.frozen(kw_only=True)
class Call(Generic[T]):
    """
    One invocation of an operation: everything that is asked, nothing of how it is sent.
    """

    operation: Operation[T]
    path: str
    query: str = ""
    body: bytes | None = None
    answers_id: str | None = None

    @property
    def target(self) -> str:
        """
        Path and query.
        """
        return f"{self.path}?{self.query}" if self.query else self.path

    def __str__(self) -> str:
        return f"{self.operation.method} {self.path}"


@attrs.frozen(kw_only=True, eq=False)
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
    body: bytes | None = None

    @property
    def url(self) -> str:
        """
        The whole URL.
        """
        return self.base_url + self.path


@attrs.frozen(kw_only=True)
class Answer:
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


def operation(described: Operation[Any]) -> Callable[[F], F]:
    """
    Mark a method as the one that stands for an operation: `raw` takes those, tests list them.
    """

    def mark(method: F) -> F:
        marked: Any = method
        marked.__operation__ = described
        return method

    return mark


def check_id(name: str, value: object) -> str:
    """
    Return *value* as a plain str if it can stand in a path as one segment.
    """
    text = _plain_text(name, value)
    if text in {"", ".", ".."}:
        message = f"{name} must not be {text!r}: it would name another path"
        raise InvalidRequestError(message)
    if len(text) > _LONGEST_ID:
        message = f"{name} has {len(text)} characters, at most {_LONGEST_ID}"
        raise InvalidRequestError(message)
    # Controls, surrogates, line and paragraph separators: in no id, and trouble in every log.
    _refuse_categories(
        name, text, {"Cc", "Cs", "Zl", "Zp"}, "a control character or half a character"
    )
    return text


def check_limit(name: str, value: object) -> int:
    """
    Return *value* if it is a page size that the API takes.
    """
    return whole_number(name, value, 1, 100, refusal=InvalidRequestError)


def check_cursor(name: str, value: object) -> str:
    """
    Return *value* as a plain str if it can stand in a query; any id of the server's can.
    """
    text = _plain_text(name, value)
    if not text:
        message = f"{name} must not be empty: leave it out to start at the beginning"
        raise InvalidRequestError(message)
    if len(text) > _LONGEST_CURSOR:
        message = f"{name} has {len(text)} characters, at most {_LONGEST_CURSOR}"
        raise InvalidRequestError(message)
    _refuse_categories(name, text, {"Cs"}, "half a character")
    return text


def _plain_text(name: str, value: object) -> str:
    # A subclass that prints as something else is ambiguous: which of its two texts is the id?
    if not isinstance(value, str) or type(value).__str__ is not str.__str__:
        raise wrong_type(name, "a str", value)
    return str.__str__(value)


def _refuse_categories(name: str, text: str, categories: set[str], what: str) -> None:
    for index, character in enumerate(text):
        if unicodedata.category(character) in categories:
            # Where, and not the text: somebody may have mistaken the key for an id.
            place = f"{character!a}, at index {index} of {len(text)}"
            message = f"{name} has {what}: {place}"
            raise InvalidRequestError(message)
