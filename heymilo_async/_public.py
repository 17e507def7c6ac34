"""
The public names, except those of the resources.
"""

import sys

import attrs

from ._client import AsyncHeyMilo, HeyMilo
from ._core.codec import from_dict, to_dict, to_json
from ._core.messages import APIResponse, Audio
from ._core.model import Model, resolve
from ._core.settings import RateLimit, RateLimitStatus, RetryPolicy, Timeouts
from ._values import NOT_GIVEN, Headers, NotGiven
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
from .pages import AsyncPage, AsyncPager, AsyncPrefetch, Page, Pager, PaginationMeta, Prefetch

__all__ = [
    "NOT_GIVEN",
    "APIConnectionError",
    "APIResponse",
    "APIStatusError",
    "APITimeoutError",
    "AsyncHeyMilo",
    "AsyncPage",
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
    "from_dict",
    "to_dict",
    "to_json",
]


# Tracebacks and pickles then show the module that a user imports.
for _name in __all__:
    _value = globals()[_name]
    if isinstance(_value, type):
        if issubclass(_value, HeyMiloError) or attrs.has(_value):
            resolve(_value, sys.modules[_value.__module__])
        # (Not the clients, whose methods Sphinx looks for in their own module.)
        is_client = issubclass(_value, AsyncHeyMilo | HeyMilo)
        if issubclass(_value, HeyMiloError | Model) or (
            "._" in _value.__module__ and not is_client
        ):
            _value.__module__ = "heymilo_async"
