"""
One call as data: what is asked, and what came back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import attrs

from .._mapping import NOTHING_EXTRA, Headers, read_only
from ..errors import Attempt, described
from .secrets import Secret

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


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
