"""
Our own way to the server: over httpcore, which httpx is made of, a connection a request.

httpx itself would add its own request and response, cookies, redirects and hooks to each call, of
which this client wants none; docs/performance.md says what that costs.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import anyio
import attrs
import httpcore
import httpx

from .._call import Request
from .._settings import PoolSettings
from ._base import CLEAN_UP, Received, revealed_headers, timeouts
from ._deadline import Deadline
from ._exclusive import HOLD, ExclusiveConnections, OneConnection, is_spent
from ._proxies import Proxies, proxies
from ._setup import PROXY, configured, ssl_context, ways
from ._sockets import DeadlineBackend, TidyBackend

#: Seconds that an idle connection is kept; below what servers and load balancers usually allow.
_KEEPALIVE = 5.0


def open_blocking(settings: PoolSettings, deadline: Deadline) -> OwnClient:
    """
    Open a client whose waits end at the *deadline*.
    """
    routes = proxies(settings)
    makers = _makers(_BLOCKING, settings, routes)

    def make(way: _Way) -> OneConnection:
        backend = DeadlineBackend(deadline)
        return OneConnection(makers[way[0]](way[1], backend), backend)

    return OwnClient(routes, ExclusiveConnections(make, settings.max_connections, _KEEPALIVE))


def open_async(settings: PoolSettings) -> OwnAsyncClient:
    """
    Open a client for the event loop that runs.
    """
    routes = proxies(settings)
    makers = _makers(_ASYNC, settings, routes)
    backend = TidyBackend()

    def make(way: _Way) -> Any:
        return makers[way[0]](way[1], backend)

    return OwnAsyncClient(routes, make, settings.max_connections)


#: What httpcore has for the direct way, for an HTTP proxy, for a SOCKS proxy.
_BLOCKING = (httpcore.HTTPConnection, httpcore.HTTPProxy, httpcore.SOCKSProxy)
_ASYNC = (httpcore.AsyncHTTPConnection, httpcore.AsyncHTTPProxy, httpcore.AsyncSOCKSProxy)

#: Under which scheme the proxy is found (None: no proxy), and the server at the end.
_Way = tuple[str | None, httpcore.Origin]
_Maker = Callable[[httpcore.Origin, Any], Any]


def _makers(
    kinds: tuple[Any, Any, Any], settings: PoolSettings, routes: Proxies
) -> dict[str | None, _Maker]:
    """
    Return what makes a connection, given server and backend, by the scheme of the proxy.
    """
    direct, http_proxy, socks_proxy = kinds
    options = {"ssl_context": ssl_context(settings), "keepalive_expiry": _KEEPALIVE}

    def connect(origin: httpcore.Origin, backend: Any) -> Any:
        return direct(origin, network_backend=backend, **options)

    makers: dict[str | None, _Maker] = {None: connect}
    for scheme, proxy in ways(routes):
        url = proxy.url
        through = {
            "proxy_url": httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/"
            ),
            "proxy_auth": proxy.raw_auth,
            # httpcore connects through proxies in its pools only.
            "max_connections": 1,
            **options,
        }
        if url.scheme.startswith("socks5"):
            makers[scheme] = partial(_through_socks, partial(socks_proxy, **through))
        elif url.scheme == "https":
            tls = {"proxy_ssl_context": options["ssl_context"]}
            makers[scheme] = partial(_through, partial(http_proxy, **through, **tls))
        else:
            makers[scheme] = partial(_through, partial(http_proxy, **through))
    return makers


def _through(make: Callable[..., Any], _: httpcore.Origin, backend: Any) -> Any:
    return make(network_backend=backend)


def _through_socks(make: Callable[..., Any], _: httpcore.Origin, backend: Any) -> Any:
    return configured(PROXY, lambda: make(network_backend=backend))


@attrs.frozen
class _Server:
    """
    A `base_url`, parsed.
    """

    origin: httpcore.Origin
    #: None where the scheme says it: a proxy is told so, too.
    port: int | None
    #: What the header `Host` says.
    name: bytes
    #: Scheme, host and port, for proxies.
    address: tuple[str, str, int]
    #: What stands before the path of every call.
    prefix: bytes


# Parsing one takes longer than all else that is done for a request before it is sent.
@functools.lru_cache(maxsize=64)
def _server(base_url: str) -> _Server:
    url = httpx.URL(base_url)
    port = url.port or (443 if url.scheme == "https" else 80)
    return _Server(
        origin=httpcore.Origin(url.raw_scheme, url.raw_host, port),
        port=url.port,
        name=url.netloc,
        address=(url.scheme, url.host, port),
        prefix=url.raw_path.rstrip(b"/"),
    )


class _NoBody:
    """
    A body without pieces: for None, httpcore sends one that is empty.
    """

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def __aiter__(self) -> _NoBody:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


_NO_BODY = _NoBody()


def _core_request(
    request: Request, server: _Server, timeout: float, extensions: dict[str, Any]
) -> httpcore.Request:
    origin = server.origin
    length = [] if request.body is None else [("Content-Length", str(len(request.body)))]
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(
            scheme=origin.scheme,
            host=origin.host,
            port=server.port,
            target=server.prefix + request.path.encode("ascii"),
        ),
        headers=[("Host", server.name), *length, *revealed_headers(request)],
        content=_NO_BODY if request.body is None else request.body,
        extensions={"timeout": timeouts(timeout), **extensions},
    )


@attrs.frozen
class OwnClient:
    """
    Sends from threads, each request over a connection for itself until its response is closed.
    """

    _routes: Proxies
    _connections: ExclusiveConnections

    def send(self, request: Request, timeout: float, extensions: dict[str, Any]) -> Received:
        """
        Send *request* and return what comes back, its body still to be read.
        """
        server = _server(request.base_url)
        way = self._routes.scheme_of(*server.address), server.origin
        connection = self._connections.take(extensions[HOLD], way, timeout)
        try:
            response = connection.http.handle_request(
                _core_request(request, server, timeout, extensions)
            )
        except BaseException:
            self._connections.drop(connection)
            raise
        return Received(
            status_code=response.status,
            fields=response.headers,
            pieces=response.stream,
            close=_Loan(response, connection, way, self._connections).close,
        )

    def close(self) -> None:
        """
        Close every connection.
        """
        self._connections.close()


def _spoil_if_more_came(stream: Any) -> None:
    """
    Have the connection of *stream* closed if the server sent more than the answer.

    httpcore 1.0.9 would take it for the next answer, and give it to whoever asks next. It has no
    public way to see that; where it is built otherwise, nothing is done.
    """
    # Through a proxy it is wrapped once more, by a pool.
    connection = getattr(getattr(stream, "_stream", stream), "_connection", None)
    state = getattr(connection, "_h11_state", None)
    if state is not None and state.trailing_data[0]:
        state.send_failed()


@attrs.define
class _Loan:
    """
    A connection that is given back when its response is closed.
    """

    _response: httpcore.Response
    _connection: OneConnection | None
    _way: _Way
    _connections: ExclusiveConnections

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            _spoil_if_more_came(self._response.stream)
            self._response.close()
        except BaseException:
            self._connections.drop(connection)
            raise
        self._connections.keep(self._way, connection)


@attrs.frozen
class OwnAsyncClient:
    """
    The same for the tasks of one event loop, where nobody needs a lock.

    Who sends has been admitted before: there are never more at a time than *limit*.
    """

    _routes: Proxies
    _make: Callable[[_Way], Any]
    _limit: int
    #: Since when, for which way; the one that was used last comes last.
    _idle: list[tuple[float, _Way, Any]] = attrs.field(factory=list)
    _lent: set[Any] = attrs.field(factory=set)

    async def send(self, request: Request, timeout: float, extensions: dict[str, Any]) -> Received:
        """
        Send *request* and return what comes back, its body still to be read.
        """
        server = _server(request.base_url)
        way = self._routes.scheme_of(*server.address), server.origin
        connection, surplus = self._lend(way, time.monotonic())
        try:
            for other in surplus:
                await _close(other)
            response = await connection.handle_async_request(
                _core_request(request, server, timeout, extensions)
            )
        except BaseException:
            await self.drop(connection)
            raise
        return Received(
            status_code=response.status,
            fields=response.headers,
            pieces=response.stream,
            close=_AsyncLoan(response, connection, way, self).aclose,
        )

    def _lend(self, way: _Way, now: float) -> tuple[Any, list[Any]]:
        """
        Return a connection, and those that are to be closed.
        """
        surplus = []
        while self._idle and self._idle[0][0] < now - _KEEPALIVE:
            surplus.append(self._idle.pop(0)[2])
        connection = self._newest_idle(way)
        while connection is not None and is_spent(connection):
            surplus.append(connection)
            connection = self._newest_idle(way)
        if connection is None:
            if self._idle and len(self._idle) + len(self._lent) >= self._limit:
                surplus.append(self._idle.pop(0)[2])
            connection = self._make(way)
        self._lent.add(connection)
        return connection, surplus

    def _newest_idle(self, way: _Way) -> Any:
        # The one used last is the likeliest to be alive still.
        for index in reversed(range(len(self._idle))):
            if self._idle[index][1] == way:
                return self._idle.pop(index)[2]
        return None

    def keep(self, way: _Way, connection: Any) -> None:
        """
        Take *connection* back, for the next request that goes the same *way*.
        """
        self._lent.discard(connection)
        self._idle.append((time.monotonic(), way, connection))

    async def drop(self, connection: Any) -> None:
        """
        Take *connection* back, and close it: nobody knows in what state it is.
        """
        self._lent.discard(connection)
        await _close(connection)

    async def aclose(self) -> None:
        """
        Close every connection.
        """
        connections = [*self._lent, *(connection for *_, connection in self._idle)]
        self._lent.clear()
        self._idle.clear()
        for connection in connections:
            await _close(connection)


@attrs.define
class _AsyncLoan:
    """
    A connection that is given back when its response is closed.
    """

    _response: httpcore.Response
    _connection: Any
    _way: _Way
    _client: OwnAsyncClient

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            # Closing a socket does not take long, and who was cancelled does it all the same.
            with anyio.CancelScope(shield=True):
                _spoil_if_more_came(self._response.stream)
                await self._response.aclose()
        except BaseException:
            await self._client.drop(connection)
            raise
        self._client.keep(self._way, connection)


async def _close(connection: Any) -> None:
    with anyio.move_on_after(CLEAN_UP, shield=True):
        await connection.aclose()
