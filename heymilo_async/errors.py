"""
Every exception that this package raises, as one tree.

    HeyMiloError
    ├── ConfigurationError (ValueError)      a setting cannot work: no key, a broken base_url
    ├── InvalidRequestError (ValueError)     an argument cannot work: nothing was sent
    ├── ClientClosedError (RuntimeError)     used after it was closed
    ├── EventLoopError (RuntimeError)        your own http_client met a second event loop
    ├── APIConnectionError                   could not talk to the server
    │   └── APITimeoutError (TimeoutError)   ... in time
    │       └── DeadlineExceededError        the call's deadline passed
    ├── APIStatusError                       the server answered with an error
    │   ├── BadRequestError                  400
    │   ├── AuthenticationError              401
    │   ├── PermissionDeniedError            403
    │   ├── NotFoundError                    404
    │   ├── ConflictError                    409
    │   ├── UnprocessableEntityError         422
    │   ├── RateLimitError                   429
    │   ├── UnexpectedRedirectError          3xx
    │   └── ServerError                      5xx
    ├── ResponseDecodeError                  a 2xx whose body is not what the contract says
    │   ├── ResponseTooLargeError            ... or more than 32 MiB of it
    │   └── ResponseMismatchError            ... or the answer to another question
    ├── OperationFailedError                 a 2xx that says that the operation failed
    └── PaginationError                      a list that does not get on

A wrong *type* of argument is a plain `TypeError`. Every exception here can be pickled and copied,
and none of them holds a key or a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ._mapping import NOTHING_EXTRA, Headers, read_only
from ._record import Record

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "Attempt",
    "AuthenticationError",
    "BadRequestError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "DeadlineExceededError",
    "ErrorBody",
    "ErrorDetail",
    "EventLoopError",
    "HeyMiloError",
    "InvalidRequestError",
    "NotFoundError",
    "OperationFailedError",
    "PaginationError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResponseDecodeError",
    "ResponseMismatchError",
    "ResponseTooLargeError",
    "ServerError",
    "UnexpectedRedirectError",
    "UnprocessableEntityError",
    "ValidationIssue",
]

#: How many attempts an error's text lists one by one before it only counts them.
_ATTEMPTS_IN_TEXT = 5


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Attempt(Record):
    """
    One try of a call: what came of it, and how long it took.

    Attributes:
        number: 1 for the first try.
        status_code: The status of the answer, None if none came.
        cause: What went wrong below HTTP, as kind and text, None if an answer came.
        wait: Seconds waited before this try.
        elapsed: Seconds from sending to the end of the answer.
        request_id: The id that the server gave this try, None if it gave none.

    Example:
        >>> from heymilo_async import Attempt
        >>> print(Attempt(number=2, status_code=503, wait=0.3, elapsed=0.1))
        503
    """

    number: int
    status_code: int | None = None
    cause: str | None = None
    wait: float = 0.0
    elapsed: float = 0.0
    request_id: str | None = None

    @property
    def reason(self) -> str:
        """
        What came of it in full, the status and what went wrong.
        """
        return " ".join(str(part) for part in (self.status_code, self.cause) if part is not None)

    def __str__(self) -> str:
        kind = (self.cause or "").partition(":")[0]
        return kind if self.status_code is None else f"{self.status_code} {kind}".rstrip()


def described(attempts: tuple[Attempt, ...]) -> str:
    """
    Return what became of *attempts*, the last ones in their order: how each ended, and the waits.
    """
    shown = attempts[-_ATTEMPTS_IN_TEXT:]
    parts = ["..."] if len(shown) < len(attempts) else []
    for attempt in shown:
        if attempt.wait:
            parts.append(f"waited {_rounded(attempt.wait)}")
        parts.append(f"{attempt} in {_rounded(attempt.elapsed)}")
    total = sum(attempt.wait + attempt.elapsed for attempt in attempts)
    number = "1 attempt" if len(attempts) == 1 else f"{len(attempts)} attempts"
    return f"{number} in {_rounded(total)}: {', '.join(parts)}"


def _rounded(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ErrorDetail(Record):
    """
    One fault among several, the schema `APIErrorDetail` of the contract.

    Attributes:
        code: A name for programs, such as `invalid_param`.
        message: A sentence for people.
        param: The parameter at fault, None if it is not about one.
        extra: Members that this version does not know.

    Example:
        >>> from heymilo_async import ErrorDetail
        >>> ErrorDetail(code="invalid_param", message="Too large.", param="limit").param
        'limit'
    """

    code: str
    message: str
    param: str | None = None
    extra: Mapping[str, Any] = attrs.field(default=NOTHING_EXTRA, converter=read_only, hash=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ErrorBody(Record):
    """
    What the server says of an error, the schema `APIError` of the contract.

    Attributes:
        type: The category, such as `invalid_request_error`.
        code: A name for programs, such as `validation_error`.
        message: A sentence for people.
        param: The parameter at fault, None if it is not about one.
        doc_url: A page that explains the error, None if there is none.
        errors: The single faults, empty if there is only this one.
        extra: Members that this version does not know.

    Example:
        >>> from heymilo_async import HeyMilo, NotFoundError
        >>> with HeyMilo() as client:
        ...     try:
        ...         client.phone_numbers.get("nobody")
        ...     except NotFoundError as error:
        ...         print(error.error.code, error.error.param)
        phone_number_not_found config_id
    """

    type: str
    code: str
    message: str
    param: str | None = None
    doc_url: str | None = None
    errors: tuple[ErrorDetail, ...] = ()
    extra: Mapping[str, Any] = attrs.field(default=NOTHING_EXTRA, converter=read_only, hash=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ValidationIssue(Record):
    """
    One parameter that the server refused, the schema `ValidationError` of the contract.

    Attributes:
        loc: Where it stands, such as `("query", "limit")`.
        msg: What is wrong with it.
        type: A name for programs, such as `less_than_equal`.
        extra: Members that this version does not know.

    Example:
        >>> from heymilo_async import HeyMilo, UnprocessableEntityError
        >>> with HeyMilo() as client:
        ...     try:
        ...         client.phone_numbers.list(starting_after="nobody")
        ...     except UnprocessableEntityError as error:
        ...         print([issue.loc for issue in error.detail])
        [('query', 'starting_after')]
    """

    loc: tuple[str | int, ...]
    msg: str
    type: str
    extra: Mapping[str, Any] = attrs.field(default=NOTHING_EXTRA, converter=read_only, hash=False)


class HeyMiloError(Exception):
    """
    The root: `except HeyMiloError` catches whatever this package raises on its own.

    Attributes:
        request: Method and path of the call, such as `GET /api/v2/phone-numbers`; None if there
            was no call.
        attempts: One `Attempt` a try, in order; empty if nothing was sent.
        cursor: Where a walk through a list stood, the id of the last item before the error; None
            outside of walks, or if the walk had no item yet. `list_all(starting_after=cursor)`
            goes on there.
        collected: What `collect()` had gathered before the error, in order; else empty.
        retry_budget_exhausted: True if another try was worth it but the client had spent the
            retries it allows itself while a server is down.
        maybe_sent: Whether the server may have got the request, and a call that changes something
            may have done so; False of an answer that refuses it.
        advice: How to find out what became of a call that changes something; empty where that is
            clear. `str` says it too.

    Example:
        >>> from heymilo_async import HeyMilo, HeyMiloError
        >>> with HeyMilo() as client:
        ...     try:
        ...         client.phone_numbers.get("nobody")
        ...     except HeyMiloError as error:
        ...         print(error.request, len(error.attempts))
        GET /api/v2/phone-numbers/nobody 1
    """

    request: str | None = None
    attempts: tuple[Attempt, ...] = ()
    cursor: str | None = None
    collected: tuple[Any, ...] = ()
    retry_budget_exhausted: bool = False
    maybe_sent: bool = False
    advice: str = ""

    def __init__(self, message: str, /, **facts: Any) -> None:
        super().__init__(message)
        self.__dict__.update(facts)

    @property
    def message(self) -> str:
        """
        What happened, without the list of attempts that `str` adds.
        """
        return str(self.args[0])

    def __str__(self) -> str:
        notes = [described(self.attempts)] if len(self.attempts) > 1 else []
        if self.retry_budget_exhausted:
            notes.append("not tried again: the client's retry budget is spent")
        if self.advice:
            notes.append(self.advice)
        return f"{self.message} ({'; '.join(notes)})" if notes else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Not the constructor: subclasses of OSError (by way of TimeoutError) have their own ideas.
        return _restore, (type(self), self.args, self.__dict__.copy())


def _restore(
    kind: type[HeyMiloError], args: tuple[Any, ...], facts: dict[str, Any]
) -> HeyMiloError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(facts)
    return error


class ConfigurationError(HeyMiloError, ValueError):
    """
    A setting of the client cannot work; raised by a constructor or by `with_options`.

    (By the first call where only the machine can tell, as with proxies and certificates.)

    Example:
        >>> from heymilo_async import ConfigurationError, HeyMilo
        >>> try:
        ...     HeyMilo("a-key", deadline=-1.0)
        ... except ConfigurationError as error:
        ...     print(error)
        deadline must be more than 0 and at most 31536000 seconds (a year): -1.0
    """


class InvalidRequestError(HeyMiloError, ValueError):
    """
    An argument of a call cannot work: nothing was sent.

    Example:
        >>> from heymilo_async import HeyMilo, InvalidRequestError
        >>> with HeyMilo() as client:
        ...     try:
        ...         client.phone_numbers.list(limit=1000)
        ...     except InvalidRequestError as error:
        ...         print(error)
        limit must be from 1 to 100: 1000
    """


class ClientClosedError(HeyMiloError, RuntimeError):
    """
    The client was used after it was closed, or closed while this call was under way.

    Example:
        >>> from heymilo_async import ClientClosedError, HeyMilo
        >>> with HeyMilo() as client:
        ...     pass
        >>> try:
        ...     client.phone_numbers.list()
        ... except ClientClosedError as error:
        ...     print(error.attempts)
        ()
    """


class EventLoopError(HeyMiloError, RuntimeError):
    """
    An `http_client` of your own was used in a second event loop, where its sockets cannot work.

    Example:
        >>> import asyncio
        >>> import httpx
        >>> from heymilo_async import AsyncHeyMilo, EventLoopError
        >>> client = AsyncHeyMilo(http_client=(own := httpx.AsyncClient()))
        >>> async def first() -> None:
        ...     print(len(await client.phone_numbers.list()))
        ...     await own.aclose()
        >>> asyncio.run(first())
        20
        >>> try:
        ...     asyncio.run(first())
        ... except EventLoopError as error:
        ...     print("a second loop")
        a second loop
    """


class APIConnectionError(HeyMiloError):
    """
    The client could not talk to the server.

    Attributes:
        phase: Where it went wrong: `dns`, `connect`, `tls`, `proxy`, `write`, `read`, `protocol`,
            and for timeouts also `pool` (waiting for a free connection) and `pace` (no turn under
            the client's rate limit in time).
        maybe_sent: False only if the server certainly did not get the request.

    Example:
        >>> from heymilo_async import APIConnectionError, HeyMilo, RetryPolicy
        >>> once = RetryPolicy(max_attempts=1)
        >>> with HeyMilo("a-key", base_url="http://127.0.0.1:9", retry=once) as client:
        ...     try:
        ...         client.phone_numbers.list()
        ...     except APIConnectionError as error:
        ...         print(error.phase, error.maybe_sent)
        connect False
    """

    phase: str = "connect"
    maybe_sent: bool = False


class APITimeoutError(APIConnectionError, TimeoutError):
    """
    Nothing moved for *timeout* seconds.

    Example:
        >>> from heymilo_async import APITimeoutError, RetryPolicy
        >>> from heymilo_async.sandbox import faults, running
        >>> with running() as sandbox, sandbox.client(timeout=0.5, retry=RetryPolicy(max_attempts=1)) as client:
        ...     sandbox.fail_next(faults.Slow(60), times=3)
        ...     try:
        ...         client.phone_numbers.list()
        ...     except APITimeoutError as error:
        ...         print(error.phase, len(error.attempts))
        read 1
    """


class DeadlineExceededError(APITimeoutError):
    """
    The call's deadline passed, or the *timeout* of a method that waits for something.

    Attributes:
        data: What the server sent last about what `wait_for_push` or `wait_until_ready` waited
            for, such as a `PushStatus`; None for any other call, or if no response came.

    Example:
        >>> from heymilo_async import DeadlineExceededError
        >>> from heymilo_async.sandbox import faults, running
        >>> with running() as sandbox, sandbox.client(deadline=0.5) as client:
        ...     sandbox.fail_next(faults.Slow(60))
        ...     try:
        ...         client.phone_numbers.list()
        ...     except DeadlineExceededError as error:
        ...         print(error.phase, len(error.attempts))
        read 1
    """

    data: Any = None


class APIStatusError(HeyMiloError):
    """
    The server answered, with a status that is not a success.

    Attributes:
        status_code: The HTTP status.
        error: The error envelope's content, None if the body was something else.
        detail: What FastAPI's own validation answers carry; empty if the body was something else.
        request_id: The id that the server gave the request, None if it gave none.
        headers: The answer's headers.
        retry_after: Seconds until the server wants to be asked again, None if it did not say.
        body: The answer's body, at most 64 KiB of it.

    Example:
        >>> from heymilo_async import APIStatusError, HeyMilo
        >>> with HeyMilo() as client:
        ...     try:
        ...         client.phone_numbers.get("nobody")
        ...     except APIStatusError as error:
        ...         print(error.status_code, error.error.code, error.retry_after)
        404 phone_number_not_found None
    """

    status_code: int = 0
    error: ErrorBody | None = None
    detail: tuple[ValidationIssue, ...] = ()
    request_id: str | None = None
    headers: Headers = Headers()
    retry_after: float | None = None
    body: bytes = b""


class BadRequestError(APIStatusError):
    """
    Status 400: the server could not make sense of the request.

    Example:
        >>> from heymilo_async import BadRequestError
        >>> from heymilo_async.sandbox import running
        >>> with running() as sandbox, sandbox.client() as client:
        ...     sandbox.fail_next(status=400)
        ...     try:
        ...         client.phone_numbers.list()
        ...     except BadRequestError as error:
        ...         print(error.status_code)
        400
    """


class AuthenticationError(APIStatusError):
    """
    Status 401: the key or the token is missing, wrong or withdrawn.

    Example:
        >>> from heymilo_async import AuthenticationError, HeyMilo
        >>> with HeyMilo("a-wrong-key") as client:
        ...     try:
        ...         client.phone_numbers.list()
        ...     except AuthenticationError as error:
        ...         print(error.status_code)
        401
    """


class PermissionDeniedError(APIStatusError):
    """
    Status 403: the credential is good, but not for this.

    Example:
        >>> from heymilo_async import PermissionDeniedError
        >>> from heymilo_async.sandbox import running
        >>> with running() as sandbox, sandbox.client() as client:
        ...     sandbox.fail_next(status=403)
        ...     try:
        ...         client.phone_numbers.list()
        ...     except PermissionDeniedError as error:
        ...         print(error.status_code)
        403
    """


class NotFoundError(APIStatusError):
    """
    Status 404: there is nothing under this id in the workspace of the credential.

    Attributes:
        maybe_done: Whether this is a delete that was tried before: that attempt may have done it.

    Example:
        >>> from heymilo_async import HeyMilo, NotFoundError
        >>> with HeyMilo() as client:
        ...     try:
        ...         client.phone_numbers.get("nobody")
        ...     except NotFoundError as error:
        ...         print(error.error.message)
        No phone number has this id.
    """

    maybe_done: bool = False


class ConflictError(APIStatusError):
    """
    Status 409: the request does not fit the present state of what it is about.

    Example:
        >>> from heymilo_async import ConflictError
        >>> from heymilo_async.sandbox import running
        >>> with running() as sandbox, sandbox.client() as client:
        ...     sandbox.fail_next(status=409)
        ...     try:
        ...         client.phone_numbers.list()
        ...     except ConflictError as error:
        ...         print(error.status_code)
        409
    """


class UnprocessableEntityError(APIStatusError):
    """
    Status 422: the server refused a parameter; `.detail` or `.error.errors` says which.

    Example:
        >>> from heymilo_async import HeyMilo, UnprocessableEntityError
        >>> with HeyMilo() as client:
        ...     try:
        ...         client.phone_numbers.list(starting_after="nobody")
        ...     except UnprocessableEntityError as error:
        ...         print(error.detail[0].msg)
        Value error, no phone number has this id
    """


class RateLimitError(APIStatusError):
    """
    Status 429: too many requests with this key; `.retry_after` says when to come back.

    Example:
        >>> from heymilo_async import RateLimitError
        >>> from heymilo_async.sandbox import running
        >>> with running() as sandbox, sandbox.client(deadline=10.0) as client:
        ...     sandbox.fail_next(status=429, retry_after=30)
        ...     try:
        ...         client.phone_numbers.list()
        ...     except RateLimitError as error:
        ...         print(error.retry_after)
        30.0
    """


class UnexpectedRedirectError(APIStatusError):
    """
    Status 3xx: the server points elsewhere, and redirects are not followed.

    (The key would go along to wherever it points.)

    Example:
        >>> import httpx
        >>> from heymilo_async import HeyMilo, UnexpectedRedirectError
        >>> def answer(request: httpx.Request) -> httpx.Response:
        ...     return httpx.Response(302, headers={"Location": "https://elsewhere.example"})
        >>> with httpx.Client(transport=httpx.MockTransport(answer)) as own:
        ...     with HeyMilo("a-key", http_client=own) as client:
        ...         try:
        ...             client.phone_numbers.list()
        ...         except UnexpectedRedirectError as error:
        ...             print(error.status_code)
        302
    """


class ServerError(APIStatusError):
    """
    Status 5xx: the server, or a gateway before it, failed.

    Example:
        >>> from heymilo_async import RetryPolicy, ServerError
        >>> from heymilo_async.sandbox import running
        >>> with running() as sandbox, sandbox.client(retry=RetryPolicy(initial_delay=0.0)) as client:
        ...     sandbox.fail_next(status=503, times=3)
        ...     try:
        ...         client.phone_numbers.list()
        ...     except ServerError as error:
        ...         print([attempt.status_code for attempt in error.attempts])
        [503, 503, 503]
    """


class ResponseDecodeError(HeyMiloError):
    """
    A success whose body is not what the contract says.

    Attributes:
        path: Where in the body, as a JSON path such as `$.data[2].phone_number`.
        body: The body, at most 64 KiB of it; what else it held can be read from here.
        status_code: The HTTP status; None if there was no response (`from_dict`).
        headers: The answer's headers.
        request_id: The id that the server gave the request, None if it gave none.

    Example:
        >>> from heymilo_async import ResponseDecodeError
        >>> from heymilo_async.sandbox import faults, running
        >>> with running() as sandbox, sandbox.client() as client:
        ...     sandbox.fail_next(faults.WrongTypes())
        ...     try:
        ...         client.phone_numbers.list()
        ...     except ResponseDecodeError as error:
        ...         print(error.path)
        $.data[0].active
    """

    path: str = "$"
    body: bytes = b""
    status_code: int | None = None
    headers: Headers = Headers()
    request_id: str | None = None


class ResponseTooLargeError(ResponseDecodeError):
    """
    The body is larger than 32 MiB once unpacked; it was not read to its end.

    Example:
        >>> import httpx
        >>> from heymilo_async import HeyMilo, ResponseTooLargeError
        >>> def answer(request: httpx.Request) -> httpx.Response:
        ...     return httpx.Response(200, content=b" " * (32 * 1024**2 + 1))
        >>> with httpx.Client(transport=httpx.MockTransport(answer)) as own:
        ...     with HeyMilo("a-key", http_client=own) as client:
        ...         try:
        ...             client.phone_numbers.list()
        ...         except ResponseTooLargeError as error:
        ...             print(error.status_code)
        200
    """


class ResponseMismatchError(ResponseDecodeError):
    """
    One thing was asked for and another came: the connection had an answer left over.

    Example:
        >>> import httpx
        >>> from heymilo_async import HeyMilo, ResponseMismatchError
        >>> def answer(request: httpx.Request) -> httpx.Response:
        ...     return httpx.Response(200, json={"data": {"id": "B", "phone_number": "+1", "active": True}})
        >>> with httpx.Client(transport=httpx.MockTransport(answer)) as own:
        ...     with HeyMilo("a-key", http_client=own) as client:
        ...         try:
        ...             client.phone_numbers.get("A")
        ...         except ResponseMismatchError as error:
        ...             print(error.path)
        $.data.id
    """


class OperationFailedError(HeyMiloError):
    """
    The request succeeded, but the operation did not: the body of a 2xx says so.

    The client does not repeat such a call: the server understood it, and answered.

    Attributes:
        data: The model that says so, such as a `PushStatus`; None if there is none.

    Example:
        >>> from heymilo_async import OperationFailedError
        >>> try:
        ...     raise OperationFailedError("nothing was queued", data={"item_id": None})
        ... except OperationFailedError as error:
        ...     print(error, error.data["item_id"])
        nothing was queued None
    """

    data: Any = None


class PaginationError(HeyMiloError):
    """
    A list does not get on: a cursor came back, or an empty page says that there is more.

    Example:
        >>> from heymilo_async import PaginationError
        >>> from heymilo_async.sandbox import faults, running
        >>> with running() as sandbox, sandbox.client() as client:
        ...     sandbox.fail_next(faults.RepeatCursor())
        ...     try:
        ...         client.phone_numbers.list_all(page_size=10).collect()
        ...     except PaginationError as error:
        ...         print(len(error.collected), error.cursor)
        10 2E2AC0EA
    """
