"""
The exceptions of this package, as a tree.

    HeyMiloError
    ├── ConfigurationError (ValueError)      a setting is invalid: no key, a broken base_url
    ├── InvalidRequestError (ValueError)     an argument is invalid: nothing was sent
    ├── ClientClosedError (RuntimeError)     used after it was closed
    ├── EventLoopError (RuntimeError)        your own http_client was used in a second event loop
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
    ├── ResponseDecodeError                  a 2xx whose body does not match the contract
    │   ├── ResponseTooLargeError            ... or is larger than 32 MiB
    │   └── ResponseMismatchError            ... or is about another object
    ├── OperationFailedError                 a 2xx that reports a failed operation
    └── PaginationError                      pagination is not advancing

An argument of the wrong *type* raises a plain `TypeError`. Every exception here can be pickled and
copied, and none of them contains a key or a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ._values import NOTHING_EXTRA, Headers, Record, read_only

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

#: The maximum number of attempts that an error's text lists one by one.
_ATTEMPTS_IN_TEXT = 5


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Attempt(Record):
    """
    One attempt of a call, with its outcome and duration.

    Attributes:
        number: 1 for the first attempt.
        status_code: The status of the response, None without a response.
        cause: The connection or decoding error, as kind and text; None without one.
        wait: Seconds waited before this attempt.
        elapsed: Seconds from sending to the end of the response.
        request_id: The server's id of this attempt, None if it sent none.

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
        The outcome in full: the status and the failure.
        """
        return " ".join(str(part) for part in (self.status_code, self.cause) if part is not None)

    def __str__(self) -> str:
        kind = (self.cause or "").partition(":")[0]
        return kind if self.status_code is None else f"{self.status_code} {kind}".rstrip()


def described(attempts: tuple[Attempt, ...]) -> str:
    """
    Return a summary of *attempts*: the outcomes of the last ones in order, with the waits.
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
    One of several errors in a request, the schema `APIErrorDetail` of the contract.

    Attributes:
        code: A machine-readable code, such as `invalid_param`.
        message: A human-readable message.
        param: The invalid parameter, None if the error has another cause.
        extra: Fields that this version does not know.

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
    The server's description of an error, the schema `APIError` of the contract.

    Attributes:
        type: The category, such as `invalid_request_error`.
        code: A machine-readable code, such as `validation_error`.
        message: A human-readable message.
        param: The invalid parameter, None if the error has another cause.
        doc_url: The URL of a page that explains the error, None if there is none.
        errors: The single errors if there are several, otherwise empty.
        extra: Fields that this version does not know.

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
        loc: The location of the parameter, such as `("query", "limit")`.
        msg: A human-readable message.
        type: A machine-readable code, such as `less_than_equal`.
        extra: Fields that this version does not know.

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
    Base class of all exceptions of this package.

    Attributes:
        request: Method and path of the call, such as `GET /api/v2/phone-numbers`; None if there
            was no call.
        attempts: The call's attempts, in order; empty if nothing was sent.
        cursor: The id of the last item that a pager returned before the error; None outside of
            pagers, or before the first item. Resume with `list_all(starting_after=cursor)`.
        collected: The items that `collect()` had fetched before the error, in order; otherwise
            empty.
        retry_budget_exhausted: True if the client would have retried, but its retry budget was
            spent; the budget limits retries while a server is down.
        maybe_sent: Whether the server may have received the request, so that a call that changes
            data may have done so; False if the server refused the request.
        advice: How to find out whether a call that changes data had an effect; empty if that is
            clear. `str` includes it.

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
        The error message, without the list of attempts that `str` adds.
        """
        return str(self.args[0])

    def __str__(self) -> str:
        notes = [described(self.attempts)] if len(self.attempts) > 1 else []
        if self.retry_budget_exhausted:
            notes.append("not retried: the client's retry budget is spent")
        if self.advice:
            notes.append(self.advice)
        return f"{self.message} ({'; '.join(notes)})" if notes else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the constructor: TimeoutError is an OSError, which has its own way of pickling.
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
    A setting of the client is invalid; raised by a constructor or by `with_options`.

    (The first call raises it for settings that only the machine can check, such as proxies and
    certificates.)

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
    An argument of a call is invalid; nothing was sent.

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
    The client was used after it was closed, or was closed during the call.

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
    Your own `http_client` was used in a second event loop, where its sockets do not work.

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
    The client could not communicate with the server.

    Attributes:
        phase: The phase that failed: `dns`, `connect`, `tls`, `proxy`, `write`, `read`,
            `protocol`, and for timeouts also `pool` (waiting for a free connection) and `pace`
            (not sent: no time for the client's rate limit, or none left at all).
        maybe_sent: False only if the server certainly did not receive the request.

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
    No data was sent or received for *timeout* seconds.

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
    The call's deadline passed, or the *timeout* of `wait_for_push` or `wait_until_ready`.

    Attributes:
        data: The last result of `wait_for_push` or `wait_until_ready`, such as a `PushStatus`;
            None for any other call, or if the server never responded.

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
    The server responded with an error status.

    Attributes:
        status_code: The HTTP status.
        error: The error in the body, None if the body has another format.
        detail: The errors of FastAPI's validation; empty if the body has another format.
        request_id: The server's id of the request, None if it sent none.
        headers: The headers of the response.
        retry_after: Seconds that the server asks to wait before a retry, None if it does not say.
        body: The body of the response, at most its first 64 KiB. It may contain secret links; the
            text of the error, `.error` and `.detail` do not.

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
    Status 400: the server could not understand the request.

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
    Status 401: the key or the token is missing, wrong or revoked.

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
    Status 403: the credential is valid, but has no permission for this request.

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
    Status 404: the workspace has no object with this id.

    Attributes:
        maybe_done: True for a retried delete: an earlier attempt may have deleted the object.

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
    Status 409: the request conflicts with the current state of the object.

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
    Status 422: the server refused a parameter; `.detail` or `.error.errors` names it.

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
    Status 429: too many requests with this API key; retry after `.retry_after` seconds.

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
    Status 3xx: the server sent a redirect, which the client does not follow.

    (Following it would send the API key to the other host.)

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
    Status 5xx: the server, or a gateway in front of it, failed.

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
    The server responded with a success, but the body does not match the contract.

    Attributes:
        path: The location in the body, as a JSON path such as `$.data[2].phone_number`.
        body: The body, at most its first 64 KiB, so that you can read its other data. It may
            contain secret links; the text of the error does not.
        status_code: The HTTP status; None if there was no response (`from_dict`).
        headers: The headers of the response.
        request_id: The server's id of the request, None if it sent none.

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
    The decompressed body is larger than 32 MiB; the client stopped reading it.

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
    The response is about another object than the request: the connection was out of sync.

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
    The server responded with a success, but the body reports that the operation failed.

    The client does not retry such a call, because the server processed it.

    Attributes:
        data: The response's model, such as a `PushStatus`; None if there is none. Its texts come
            from the server, and may repeat what was sent.

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
    Pagination is not advancing: a cursor was repeated, or an empty page has `has_more`.

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
