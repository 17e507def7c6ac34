"""
The Python client for the HeyMilo Public API: asyncio, trio and blocking from one implementation.

How to read this package. Imports run one way only, from the bottom of this list to its top:

    __init__            the public names
    _client             AsyncHeyMilo and HeyMilo: settings in, resources out, open and close
    resources           one module a resource: its model, its operations, its blocking face
    pages               a page, and walking from page to page
    _engine             THE loop: pace, sign, send, check, retry, decode
    _pool               what the views of one client share
    _wire               the border to httpx, and all that waits
    _check              pure: a status and a body to the right error
    _settings, _call, _codec, _hints, _retry, _pace
                        pure: values, JSON, and decisions
    _listeners, _log    whom events are told; the log, which is made from them
    errors, events, _drive, _mapping
                        the tree of exceptions; what listeners are told; running a coroutine that
                        never suspends

One request goes downward: the resource says *what* (a `Call`), `Engine.respond` repeats attempts,
`Transport.send` crosses the border and gives back a `Response`, the codec makes a model of it.
"""

from ._client import AsyncHeyMilo, HeyMilo
from ._core.codec import from_dict, to_dict, to_json
from ._core.messages import APIResponse
from ._core.settings import RateLimit, RetryPolicy
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
from .resources.phone_numbers import AsyncPhoneNumbers, PhoneNumber, PhoneNumbers

__all__ = [
    "APIConnectionError",
    "APIResponse",
    "APIStatusError",
    "APITimeoutError",
    "AsyncHeyMilo",
    "AsyncPager",
    "AsyncPhoneNumbers",
    "AsyncPrefetch",
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
    "Headers",
    "HeyMilo",
    "HeyMiloError",
    "InvalidRequestError",
    "NotFoundError",
    "Page",
    "Pager",
    "PaginationError",
    "PaginationMeta",
    "PermissionDeniedError",
    "PhoneNumber",
    "PhoneNumbers",
    "Prefetch",
    "RateLimit",
    "RateLimitError",
    "RateLimitStatus",
    "ResponseDecodeError",
    "ResponseMismatchError",
    "ResponseTooLargeError",
    "RetryPolicy",
    "ServerError",
    "UnexpectedRedirectError",
    "UnprocessableEntityError",
    "ValidationIssue",
    "__version__",
    "from_dict",
    "to_dict",
    "to_json",
]

# A traceback names what a user would import. (Not so the models: whoever resolves their
# annotations looks for the names in the module that `__module__` says.)
for _name in __all__:
    _value = globals()[_name]
    if isinstance(_value, type) and issubclass(_value, HeyMiloError):
        _value.__module__ = __name__
