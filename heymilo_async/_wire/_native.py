"""
Opening a client of httpx as this package needs it, or checking the one that was given.
"""

from __future__ import annotations

import http.cookiejar
import os
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from functools import partial
from types import ModuleType
from typing import Any, TypeVar

import attrs
import httpcore
import httpx

from .._call import Request
from .._settings import PoolSettings, Secret, wrong_type
from ..errors import ConfigurationError
from ._exclusive import ExclusivePools, OneConnection
from ._proxies import Proxies, proxies
from ._sockets import Deadline, DeadlineBackend, TidyBackend

T = TypeVar("T")

#: Seconds that an idle connection is kept; below what servers and load balancers usually allow.
_KEEPALIVE = 5.0

#: Which modules a client may come from.
_KNOWN_MODULES = ("httpx", "httpx2")

#: What a failure to set up the way out is blamed on.
_PROXY = "proxy (or HTTP_PROXY, HTTPS_PROXY, ALL_PROXY)"

_LOCATION = "heymilo.location"
#: The extension of a request that says for whom a connection is lent.
HOLD = "heymilo.hold"


class _NoCookies(http.cookiejar.CookieJar):
    """
    A jar that takes nothing in.
    """

    def extract_cookies(self, response: Any, request: Any) -> None:
        """
        Leave the cookies where they are.
        """


def module_of(client: Any, name: str, owner: str) -> ModuleType:
    """
    Return the module, httpx or its successor, whose *name* the *client* is.

    Raises:
        TypeError: It is none; *owner* is the class that it was given to.
    """
    for kind in type(client).__mro__:
        root = kind.__module__.partition(".")[0]
        if kind.__name__ == name and root in _KNOWN_MODULES:
            return sys.modules[root]
    raise wrong_type(f"http_client of {owner}", f"an httpx.{name}", client)


def native_request(module: ModuleType, request: Request, timeout: float, **extensions: Any) -> Any:
    """
    Return *request* as the library has it. Only here a secret is more than three asterisks.
    """
    return module.Request(
        request.method,
        request.url,
        headers=[
            (name, value if isinstance(value, str) else value.reveal())
            for name, value in request.headers
        ],
        content=request.body,
        extensions={
            "timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout),
            **extensions,
        },
    )


def head_of(response: Any) -> tuple[int, list[tuple[bytes, bytes]]]:
    """
    Return the status and the header fields of a library's *response*.
    """
    location = response.extensions.get(_LOCATION)
    hidden = [] if location is None else [(b"location", location.encode("latin-1", "replace"))]
    return response.status_code, [*response.headers.raw, *hidden]


def open_blocking(settings: PoolSettings, deadline: Deadline) -> httpx.Client:
    """
    Open an `httpx.Client` whose waits end at the *deadline*.
    """
    routes = proxies(settings)
    makers = _core_pools(_BLOCKING, settings, routes, max_connections=1)

    def make(way: Hashable) -> OneConnection:
        backend = DeadlineBackend(deadline)
        return OneConnection(makers[way](network_backend=backend), backend)

    return httpx.Client(
        transport=_Transport(routes, ExclusivePools(make, settings.max_connections, _KEEPALIVE)),
        cookies=_NoCookies(),
        trust_env=False,
        event_hooks={"response": [_hide_location]},
    )


def open_async(settings: PoolSettings) -> httpx.AsyncClient:
    """
    Open an `httpx.AsyncClient`, for the event loop that runs.
    """

    async def hide_location(response: httpx.Response) -> None:
        _hide_location(response)

    routes = proxies(settings)
    makers = _core_pools(_ASYNC, settings, routes, settings.max_connections)
    pools = {way: make(network_backend=TidyBackend()) for way, make in makers.items()}
    return httpx.AsyncClient(
        transport=_AsyncTransport(routes, pools),
        cookies=_NoCookies(),
        trust_env=False,
        event_hooks={"response": [hide_location]},
    )


def _ways(routes: Proxies) -> list[tuple[str, httpx.Proxy]]:
    """
    Return the proxies as httpx reads them, by scheme.
    """
    return [
        (scheme, _configured(_PROXY, partial(_proxy, secret)))
        for scheme, secret in routes.by_scheme.items()
    ]


def _proxy(url: Secret) -> httpx.Proxy:
    return httpx.Proxy(url.reveal())


def proxy_secrets(settings: PoolSettings) -> tuple[Secret, ...]:
    """
    Return the passwords of the proxies in use, which a proxy might repeat.
    """
    secrets: list[Secret] = []
    for _, proxy in _ways(proxies(settings)):
        if proxy.raw_auth is not None:
            user, password = proxy.raw_auth
            # Some have a token for a user, and no password.
            secrets += [
                Secret((password or user).decode()),
                Secret((user + b":" + password).decode()),
            ]
    return tuple(secrets)


def _hide_location(response: httpx.Response) -> None:
    # httpx builds the redirected request, key and all, even if it is not to follow; and fails if
    # the target is no URL. Without the header it takes the response as it is.
    if "location" in response.headers:
        response.extensions[_LOCATION] = response.headers["location"]
        del response.headers["location"]


def _ssl_context(settings: PoolSettings) -> ssl.SSLContext:
    if settings.ssl_context is not None:
        return settings.ssl_context
    variables = " and ".join(
        name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)
    )
    return _configured(variables or "the certificates of this machine", httpx.create_ssl_context)


#: httpcore's pools: for the direct way, through an HTTP proxy, through a SOCKS proxy.
_BLOCKING = (httpcore.ConnectionPool, httpcore.HTTPProxy, httpcore.SOCKSProxy)
_ASYNC = (httpcore.AsyncConnectionPool, httpcore.AsyncHTTPProxy, httpcore.AsyncSOCKSProxy)


def _core_pools(
    kinds: tuple[Any, Any, Any],
    settings: PoolSettings,
    routes: Proxies,
    max_connections: int,
) -> dict[Hashable, Callable[..., Any]]:
    """
    Return what makes a pool for each way: the direct one is None, others are by a proxy's scheme.

    (httpx makes such pools by itself, but without the `network_backend` that each is to have.)
    """
    direct, http_proxy, socks_proxy = kinds
    context = _ssl_context(settings)
    options: dict[str, Any] = {
        "ssl_context": context,
        "max_connections": max_connections,
        "max_keepalive_connections": max_connections,
        "keepalive_expiry": _KEEPALIVE,
    }
    makers: dict[Hashable, Callable[..., Any]] = {None: partial(direct, **options)}
    for scheme, proxy in _ways(routes):
        url = proxy.url
        through = {
            "proxy_url": httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/"
            ),
            "proxy_auth": proxy.raw_auth,
        }
        if url.scheme.startswith("socks5"):
            makers[scheme] = partial(_socks, partial(socks_proxy, **options, **through))
        else:
            tls = {"proxy_ssl_context": context} if url.scheme == "https" else {}
            makers[scheme] = partial(http_proxy, **options, **through, **tls)
    return makers


def _socks(make: Callable[..., Any], network_backend: Any) -> Any:
    return _configured(_PROXY, lambda: make(network_backend=network_backend))


def _way_of(request: httpx.Request, routes: Proxies) -> str | None:
    url = request.url
    port = url.port or (443 if url.scheme == "https" else 80)
    return routes.scheme_of(url.scheme, url.host, port)


def _core_request(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        ),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def _httpx_response(answer: httpcore.Response, stream: Any) -> httpx.Response:
    return httpx.Response(
        answer.status, headers=answer.headers, stream=stream, extensions=dict(answer.extensions)
    )


@attrs.frozen
class _AsyncTransport(httpx.AsyncBaseTransport):
    """
    Sends each request the way that its address has to go.
    """

    _routes: Proxies
    _pools: dict[Hashable, httpcore.AsyncConnectionPool]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        pool = self._pools[_way_of(request, self._routes)]
        answer = await pool.handle_async_request(_core_request(request))
        return _httpx_response(answer, _AsyncBody(answer.stream))

    async def aclose(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()


@attrs.frozen
class _Transport(httpx.BaseTransport):
    """
    The same for threads, each request with a connection for itself until its response is closed.
    """

    _routes: Proxies
    _pools: ExclusivePools

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        way = _way_of(request, self._routes)
        waiting = request.extensions["timeout"]["pool"]
        pool = self._pools.take(request.extensions[HOLD], way, waiting)
        try:
            answer = pool.pool.handle_request(_core_request(request))
        except BaseException:
            self._pools.drop(pool)
            raise
        return _httpx_response(answer, _Body(answer.stream, pool, way, self._pools))

    def close(self) -> None:
        self._pools.close()


def _spoil_if_more_came(stream: Any) -> None:
    """
    Have the connection of *stream* closed if the server sent more than the answer.

    httpcore 1.0.9 would take it for the next answer, and give it to whoever asks next. It has no
    public way to see that; where it is built otherwise, nothing is done.
    """
    connection = getattr(getattr(stream, "_stream", None), "_connection", None)
    state = getattr(connection, "_h11_state", None)
    if state is not None and state.trailing_data[0]:
        state.send_failed()


@attrs.frozen
class _AsyncBody(httpx.AsyncByteStream):
    _stream: Any

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        _spoil_if_more_came(self._stream)
        await self._stream.aclose()


@attrs.define
class _Body(httpx.SyncByteStream):
    _stream: Any
    _pool: OneConnection | None
    _way: Hashable
    _pools: ExclusivePools

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            _spoil_if_more_came(self._stream)
            self._stream.close()
        except BaseException:
            self._pools.drop(pool)
            raise
        self._pools.keep(self._way, pool)


def _configured(name: str, make: Callable[[], T]) -> T:
    """
    Return what *make* makes; what the library has against it is a fault of the setting *name*.
    """
    try:
        return make()
    except Exception as error:
        # The kind alone: the text may hold the URL, and the URL a password.
        fault = f"it cannot be used ({type(error).__name__})"
        if "socksio" in str(error):
            fault = "a SOCKS proxy needs one more package: pip install 'httpx[socks]'"
    message = f"{name}: {fault}"
    raise ConfigurationError(message)
