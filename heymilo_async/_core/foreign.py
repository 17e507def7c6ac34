"""
Keyword arguments that other SDKs and HTTP clients have, and what does the same here.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

from .secrets import Secret

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")

#: Settings that hold a secret, or what is taken for one.
_HIDDEN: Final = frozenset(
    {"api_key", "access_token", "workspace_id", "base_url", "default_headers", "proxy"}
)

_RETRIES: Final = "use retry=RetryPolicy(max_attempts=...), which counts the first attempt too"
_TIMEOUTS: Final = "use timeout=Timeouts(connect=..., read=..., write=..., pool=...)"
_WORKSPACE: Final = "use workspace_id="
_HEADERS: Final = "use default_headers="
_TRUST: Final = "use ssl_context=ssl.create_default_context(cafile=...), or set SSL_CERT_FILE"

#: What people write who come from somewhere else, and what to write here.
FOREIGN: Final[Mapping[str, str]] = {
    "max_retries": _RETRIES,
    "num_retries": _RETRIES,
    "retries": _RETRIES,
    "retry_policy": "use retry=",
    "organization": _WORKSPACE,
    "project": _WORKSPACE,
    "workspace": _WORKSPACE,
    "stripe_account": _WORKSPACE,
    "apikey": "use api_key=",
    "key": "use api_key=",
    "secret_key": "use api_key=",
    "auth": "use api_key= or access_token=",
    "auth_token": "use access_token=",
    "bearer_token": "use access_token=",
    "token": "use access_token=",
    "api_base": "use base_url=",
    "endpoint": "use base_url=",
    "host": "use base_url=",
    "url": "use base_url=",
    "headers": _HEADERS,
    "extra_headers": _HEADERS,
    "connect_timeout": _TIMEOUTS,
    "read_timeout": _TIMEOUTS,
    "total_timeout": "use deadline=",
    "limits": "use max_connections=",
    "pool_size": "use max_connections=",
    "proxies": "use proxy=",
    "verify": _TRUST,
    "cert": "use ssl_context= with load_cert_chain()",
    "client": "use http_client=",
    "session": "use http_client=",
    "transport": "use http_client=",
    "event_hooks": "use events=",
    "hooks": "use events=",
    "logger": "use events=, or the logger heymilo_async",
    "follow_redirects": "redirects are an error here, and there is nothing to set",
    "http2": "this client speaks HTTP/1.1; http_client= takes one that does otherwise",
    "default_query": "give a parameter to the call that it is for",
    "api_version": "this client is for version 2 of the API",
}


def names_ours(
    method: Callable[Concatenate[S, P], T],
) -> Callable[Concatenate[S, P], T]:
    """
    Return *method*, which takes settings, so that it refuses a keyword it has not with one it has.
    """
    ours = frozenset(inspect.signature(method).parameters)

    @functools.wraps(method)
    def call(self: Any, /, *args: Any, **kwargs: Any) -> T:
        # First of all, so that no traceback shows a key among its locals.
        args = tuple(map(Secret.hide, args))
        kwargs.update((name, Secret.hide(kwargs[name])) for name in _HIDDEN & kwargs.keys())
        if not ours.issuperset(kwargs):
            name = next(name for name in kwargs if name not in ours)
            kwargs.clear()
            called = type(self).__name__
            if method.__name__ != "__init__":
                called += f".{method.__name__}"
            message = f"{called}() has no {name}={_instead(name, ours)}"
            raise TypeError(message)
        return method(self, *args, **kwargs)

    return cast("Callable[Concatenate[S, P], T]", call)


def _instead(name: str, ours: Collection[str]) -> str:
    if name in FOREIGN:
        return f": {FOREIGN[name]}"
    alike = difflib.get_close_matches(name, ours, n=1)
    return f": did you mean {alike[0]}=?" if alike else ""
