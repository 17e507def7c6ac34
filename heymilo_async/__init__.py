"""
The Python client for the HeyMilo Public API: asyncio, trio and blocking from one implementation.

How to read this package: a module imports only from modules below it in this list.

    __init__            the public names
    _client             AsyncHeyMilo and HeyMilo: check settings, give resources, open and close
    resources/          models, operations, async and blocking methods; loaded on first use
    pages               a page, and pagers that iterate over pages
    _engine             one call: acquire a permit, attempt, decide, repeat
    _pool               the state of each event loop, which the views of one client share
    _http/              all use of httpx: transports, connections, sockets, bodies, errors, proxies
    _ratelimit/         when the next request may start: windows, cool-downs, a limit in Redis
    _core/              values and decisions without I/O: settings, secrets, messages, codec
    errors, events      the exceptions; the events for listeners (and `otel`, built from them)
    _mapping            read-only mappings and headers

A request goes straight down: a resource creates a `Call`, `Engine.respond` makes attempts,
`Transport.send` sends it through httpx and returns a `Response`, the codec creates the model.
"""

import sys
from typing import TYPE_CHECKING, Any

import attrs

from . import resources
from ._client import AsyncHeyMilo, HeyMilo
from ._core.arguments import NOT_GIVEN, NotGiven
from ._core.codec import from_dict, to_dict, to_json
from ._core.messages import APIResponse, Audio
from ._core.model import Model, resolve
from ._core.settings import RateLimit, RetryPolicy, Timeouts
from ._mapping import Headers
from ._ratelimit.window import RateLimitStatus
from ._version import __version__
from .errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    Attempt,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ConfigurationError,
    ConflictError,
    DeadlineExceededError,
    ErrorBody,
    ErrorDetail,
    EventLoopError,
    HeyMiloError,
    InvalidRequestError,
    NotFoundError,
    OperationFailedError,
    PaginationError,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    ResponseMismatchError,
    ResponseTooLargeError,
    ServerError,
    UnexpectedRedirectError,
    UnprocessableEntityError,
    ValidationIssue,
)
from .pages import AsyncPager, AsyncPrefetch, Page, Pager, PaginationMeta, Prefetch

__all__ = [
    "NOT_GIVEN",
    "APIConnectionError",
    "APIResponse",
    "APIStatusError",
    "APITimeoutError",
    "AsyncHeyMilo",
    "AsyncPager",
    "AsyncPrefetch",
    "Attempt",
    "Audio",
    "AuthenticationError",
    "BadRequestError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "DeadlineExceededError",
    "ErrorBody",
    "ErrorDetail",
    "EventLoopError",
    "Headers",
    "HeyMilo",
    "HeyMiloError",
    "InvalidRequestError",
    "Model",
    "NotFoundError",
    "NotGiven",
    "OperationFailedError",
    "Page",
    "Pager",
    "PaginationError",
    "PaginationMeta",
    "PermissionDeniedError",
    "Prefetch",
    "RateLimit",
    "RateLimitError",
    "RateLimitStatus",
    "ResponseDecodeError",
    "ResponseMismatchError",
    "ResponseTooLargeError",
    "RetryPolicy",
    "ServerError",
    "Timeouts",
    "UnexpectedRedirectError",
    "UnprocessableEntityError",
    "ValidationIssue",
    "__version__",
    "from_dict",
    "to_dict",
    "to_json",
]

__all__ += resources.__all__

if TYPE_CHECKING:
    from .resources import *  # noqa: F403 - the index has them all
else:

    def __getattr__(name: str) -> Any:
        if name in resources.EXPORTS:
            # Python finds it without this function from now on.
            return globals().setdefault(name, resources.load(name))
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[__name__]), *__all__})


# So that tracebacks and pickles have the public name.
for _name in __all__:
    _value = globals().get(_name)
    if isinstance(_value, type) and (issubclass(_value, HeyMiloError) or attrs.has(_value)):
        resolve(_value, sys.modules[_value.__module__])
        if issubclass(_value, HeyMiloError | Model):
            _value.__module__ = __name__
