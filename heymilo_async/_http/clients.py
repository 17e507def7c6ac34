"""
Our own clients of httpx, over a pool of ours.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable
from typing import Any

import httpcore
import httpx

from .._core.messages import Request
from .._core.secrets import Secret
from .._core.settings import PoolSettings, Timeouts, timeouts
from .compat import NO_BODY, Body, replace_pool
from .compat import AsyncClient as HTTPXAsyncClient
from .compat import Client as HTTPXClient
from .pool import AsyncPool, BlockingPool, Connection, Connections, Pool, Route
from .proxies import PROXY, Proxies, configured, httpx_proxies, proxies, proxy_secrets, ssl_context
from .sockets import DeadlineBackend, TidyBackend
from .transport import Client, revealed_headers

#: Seconds before an idle connection expires; less than servers and load balancers usually allow.
_KEEPALIVE = 5.0
#: Without it, httpx would look in each URL for a user and a password.
_NO_AUTH = httpx.Auth()
#: The maximum length of a URL that is cached with its parts.
_LONGEST_KEPT = 1000


def open_blocking(settings: PoolSettings) -> Client:
    """
    Open a client whose sockets observe the deadline of a call.
    """
    kinds = (httpcore.HTTPConnection, httpcore.HTTPProxy, httpcore.SOCKSProxy)
    context, pool, secrets = _opened(settings, BlockingPool, kinds, DeadlineBackend)
    transport = httpx.HTTPTransport(verify=context, trust_env=False)
    replace_pool(transport, pool)
    client = HTTPXClient(transport=transport, trust_env=False)
    return Client(client, _httpx_request, auth=_NO_AUTH, pool=pool, secrets=secrets)


def open_async(settings: PoolSettings) -> Client:
    """
    Open a client for the running event loop.
    """
    kinds = (httpcore.AsyncHTTPConnection, httpcore.AsyncHTTPProxy, httpcore.AsyncSOCKSProxy)
    backend = TidyBackend()
    context, pool, secrets = _opened(settings, AsyncPool, kinds, lambda: backend)
    transport = httpx.AsyncHTTPTransport(verify=context, trust_env=False)
    replace_pool(transport, pool)
    client = HTTPXAsyncClient(transport=transport, trust_env=False)
    return Client(client, _httpx_request, auth=_NO_AUTH, pool=pool, secrets=secrets)


def _opened(
    settings: PoolSettings,
    kind: type[Pool],
    connection_kinds: tuple[Any, Any, Any],
    new_backend: Callable[[], Any],
) -> tuple[ssl.SSLContext, Pool, tuple[Secret, ...]]:
    """
    Return the TLS context, a pool of *kind*, whose connections are of *connection_kinds* (httpcore's
    for the direct route, for an HTTP proxy, for a SOCKS proxy), and the secrets of the proxies.
    """
    routes = proxies(settings)
    found = httpx_proxies(routes)
    context = ssl_context(settings)
    direct, http_proxy, socks_proxy = connection_kinds
    through = {scheme: _through(proxy, http_proxy, socks_proxy, context) for scheme, proxy in found}

    def make(route: Route) -> Connection:
        scheme, origin = route
        backend = new_backend()
        if scheme is None:
            http = direct(origin, ssl_context=context, network_backend=backend)
        else:
            http = configured(PROXY, functools.partial(through[scheme], network_backend=backend))
        return Connection(http, backend)

    connections = Connections(make, settings.max_connections, _KEEPALIVE)
    pool = kind(connections, functools.partial(_route, routes), has_proxies=bool(found))
    return context, pool, proxy_secrets(found)


def _through(
    proxy: httpx.Proxy, http_proxy: Any, socks_proxy: Any, context: ssl.SSLContext
) -> Callable[..., Any]:
    """
    Return a function that creates a connection through *proxy*.
    """
    url = proxy.url
    return functools.partial(
        socks_proxy if url.scheme.startswith("socks5") else http_proxy,
        proxy_url=httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/"
        ),
        proxy_auth=proxy.raw_auth,
        ssl_context=context,
        # httpcore has proxy connections only as pools.
        max_connections=1,
        **({"proxy_ssl_context": context} if url.scheme == "https" else {}),
    )


@functools.lru_cache(maxsize=256)
def _known_origin(scheme: bytes, host: bytes, port: int | None) -> httpcore.Origin:
    """
    Return the same origin each time, so that comparing routes calls nothing.
    """
    return httpcore.URL(scheme=scheme, host=host, port=port, target=b"/").origin


def _route(routes: Proxies, request: httpcore.Request) -> Route:
    url = request.url
    origin = _known_origin(url.scheme, url.host, url.port)
    if not routes.by_scheme:
        return None, origin
    scheme, host = origin.scheme.decode("ascii"), origin.host.decode("ascii")
    return routes.scheme_of(scheme, host, origin.port), origin


def _parse_url(text: str) -> tuple[httpx.URL, str]:
    """
    Return *text* as a URL, and its `Host`.
    """
    url = httpx.URL(text)
    return url, url.netloc.decode("ascii")


#: Parsing a URL takes longer than all other preparations of a request.
_cached_url = functools.lru_cache(maxsize=256)(_parse_url)


def _httpx_request(
    request: Request, timeout: float | Timeouts, extensions: dict[str, Any]
) -> httpx.Request:
    text = request.url
    url, host = _cached_url(text) if len(text) < _LONGEST_KEPT else _parse_url(text)
    length = [] if request.body is None else [("Content-Length", str(len(request.body)))]
    return httpx.Request(
        request.method,
        url,
        # Revealed in this expression only, so that no variable holds the headers.
        headers=[("Host", host), *length, *revealed_headers(request)],
        stream=Body(request.body) if request.body else NO_BODY,
        extensions={"timeout": timeouts(timeout), **extensions},
    )
