"""
Our own client of httpx, over connections that each serve one request at a time.

httpx's own transports share a pool of httpcore's, which looks at every connection for each request
and loses places when calls are cancelled; docs/design.md says what follows from that.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import anyio
import attrs
import httpcore
import httpx

from .._core.clock import monotonic
from .._core.messages import Request
from .._core.settings import PoolSettings
from ..errors import ConfigurationError
from .connections import HOLD, ExclusiveConnections, OneConnection, is_spent
from .deadline import Deadline
from .protocols import CLEAN_UP, revealed_headers, timeouts
from .proxies import Proxies, proxies
from .senders import AsyncSender, Sender
from .setup import PROXY, configured, ssl_context, ways
from .sockets import DeadlineBackend, TidyBackend

#: Seconds that an idle connection is kept; below what servers and load balancers usually allow.
_KEEPALIVE = 5.0


class _NoCookies(httpx.Cookies):
    def extract_cookies(self, response: httpx.Response) -> None:
        """
        Leave them.
        """


_no_cookies = _NoCookies()


class _Client(httpx.Client):
    # Any: it cannot be set, as the one of httpx can.
    cookies: Any = property(lambda _: _no_cookies)


class _AsyncClient(httpx.AsyncClient):
    cookies: Any = property(lambda _: _no_cookies)

    def __init__(self, transport: _AsyncTransport, pool: _AsyncPool) -> None:
        super().__init__(transport=transport, trust_env=False)
        self._lender = pool

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """
        Do as httpx does, and leave no connection with a response that nobody gets.

        (It logs before it gives the response back, and a log handler of yours may raise anything.)
        """
        try:
            return await super().send(request, **options)
        except BaseException:
            await self._lender.abandon(request)
            raise


class _NoFlow:
    """
    An authentication in one step, without the generators that httpx has for several.
    """

    def __init__(self, request: httpx.Request) -> None:
        self._request = request

    def __next__(self) -> httpx.Request:
        return self._request

    def send(self, _: httpx.Response) -> httpx.Request:
        raise StopIteration

    def close(self) -> None:
        pass

    async def __anext__(self) -> httpx.Request:
        return self._request

    async def asend(self, _: httpx.Response) -> httpx.Request:
        raise StopAsyncIteration

    async def aclose(self) -> None:
        pass


class _NoAuth(httpx.Auth):
    """
    Leaves requests as they are: the headers that they need are there.
    """

    def sync_auth_flow(self, request: httpx.Request) -> Any:
        return _NoFlow(request)

    def async_auth_flow(self, request: httpx.Request) -> Any:
        return _NoFlow(request)


_NO_AUTH = _NoAuth()


def open_blocking(settings: PoolSettings, deadline: Deadline) -> Sender:
    """
    Open a client whose waits end at the *deadline*.
    """
    routes = proxies(settings)
    context = ssl_context(settings)
    makers = _makers(_BLOCKING, context, routes)

    def make(way: _Way) -> OneConnection:
        backend = DeadlineBackend(deadline)
        return OneConnection(makers[way[0]](way[1], backend), backend)

    connections = ExclusiveConnections(make, settings.max_connections, _KEEPALIVE)
    transport = _Transport(_Pool(routes, connections), context)
    client = _Client(transport=transport, trust_env=False)
    return Sender(client, _httpx_request, auth=_NO_AUTH, retire=connections.retire)


def open_async(settings: PoolSettings) -> AsyncSender:
    """
    Open a client for the event loop that runs.
    """
    routes = proxies(settings)
    context = ssl_context(settings)
    makers = _makers(_ASYNC, context, routes)
    backend = TidyBackend()

    def make(way: _Way) -> Any:
        return makers[way[0]](way[1], backend)

    pool = _AsyncPool(routes, make, settings.max_connections)
    client = _AsyncClient(_AsyncTransport(pool, context), pool)
    return AsyncSender(client, _httpx_request, auth=_NO_AUTH)


#: What httpcore has for the direct way, for an HTTP proxy, for a SOCKS proxy.
_BLOCKING = (httpcore.HTTPConnection, httpcore.HTTPProxy, httpcore.SOCKSProxy)
_ASYNC = (httpcore.AsyncHTTPConnection, httpcore.AsyncHTTPProxy, httpcore.AsyncSOCKSProxy)

#: Under which scheme the proxy is found (None: no proxy), and the server at the end.
_Way = tuple[str | None, httpcore.Origin]
_Maker = Callable[[httpcore.Origin, Any], Any]


def _makers(
    kinds: tuple[Any, Any, Any], context: ssl.SSLContext, routes: Proxies
) -> dict[str | None, _Maker]:
    """
    Return what makes a connection, given server and backend, by the scheme of the proxy.
    """
    direct, http_proxy, socks_proxy = kinds
    options = {"ssl_context": context, "keepalive_expiry": _KEEPALIVE}

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


class _Response(httpx.Response):
    """
    A response that leads nowhere, and lets go of its request when it is closed.
    """

    @classmethod
    def of(cls, response: httpx.Response) -> httpx.Response:
        """
        Return *response*, which may be a mock's, as one of these.
        """
        # The class is all that differs; a new one would need a body that nobody has read.
        response.__class__ = cls
        return response

    @property
    def has_redirect_location(self) -> bool:
        """
        Never: httpx would make ready the request that follows it, key included.
        """
        return False

    # httpx's client gives the response a stream that knows the response. Nobody but the garbage
    # collector would free the two, and the request with its headers stayed until then.

    def close(self) -> None:
        """
        Close it, and let go.
        """
        try:
            super().close()
        finally:
            self.stream = _NO_BODY

    async def aclose(self) -> None:
        """
        Do as `close`.
        """
        try:
            await super().aclose()
        finally:
            self.stream = _NO_BODY


class _NoBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """
    A body without pieces: httpx would have one that is empty be sent.
    """

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


_NO_BODY = _NoBody()


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """
    A body in one piece.

    httpx's is an async generator, which a write that fails would leave to the garbage collector.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._content,))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Pieces(self._content)


class _Pieces(AsyncIterator[bytes]):
    def __init__(self, content: bytes) -> None:
        self._left = iter((content,))

    async def __anext__(self) -> bytes:
        for piece in self._left:
            return piece
        raise StopAsyncIteration


#: The extension of a request that says where it goes.
_TARGET = "heymilo.target"


@attrs.frozen(eq=False)
class _Target:
    """
    A URL, parsed for everybody who wants it.
    """

    url: httpx.URL
    core_url: httpcore.URL
    origin: httpcore.Origin
    #: Scheme, host and port, for proxies.
    address: tuple[str, str, int]
    #: What the header `Host` says.
    host: bytes


def _target(text: str) -> _Target:
    # Parsing takes longer than all else that is done for a request before it is sent; but nothing
    # large is kept.
    return _known_target(text) if len(text) < _LONGEST_KEPT else _parsed_target(text)


def _parsed_target(text: str) -> _Target:
    url = httpx.URL(text)
    port = url.port or (443 if url.scheme == "https" else 80)
    return _Target(
        url=url,
        core_url=httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        ),
        origin=httpcore.Origin(url.raw_scheme, url.raw_host, port),
        address=(url.scheme, url.host, port),
        host=url.netloc,
    )


#: Characters.
_LONGEST_KEPT = 1000
_known_target = functools.lru_cache(maxsize=256)(_parsed_target)


def _httpx_request(request: Request, timeout: float, extensions: dict[str, Any]) -> httpx.Request:
    target = _target(request.url)
    length = [] if request.body is None else [("Content-Length", str(len(request.body)))]
    return httpx.Request(
        request.method,
        target.url,
        # In this expression only: no variable holds the headers.
        headers=[("Host", target.host.decode("ascii")), *length, *revealed_headers(request)],
        stream=_NO_BODY if request.body is None else _Body(request.body),
        extensions={"timeout": timeouts(timeout), _TARGET: target, **extensions},
    )


def _way(routes: Proxies, request: httpcore.Request) -> _Way:
    target = request.extensions[_TARGET]
    return routes.scheme_of(*target.address) if routes.by_scheme else None, target.origin


class _Transport(httpx.HTTPTransport):
    """
    httpx's own transport over our pool: what mocks and tracers replace in that class counts here.
    """

    def __init__(self, pool: _Pool, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        _require_pool(self)
        self._pool.close()
        # Any: it has of httpcore's pool what httpx asks it for.
        self._pool: Any = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """
        Send *request* and return what comes back, its body still to be read.
        """
        return _Response.of(super().handle_request(request))


class _AsyncTransport(httpx.AsyncHTTPTransport):
    """
    The same, awaited.
    """

    def __init__(self, pool: _AsyncPool, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        _require_pool(self)
        # Of httpx's own nothing is open yet.
        self._pool: Any = pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """
        Send *request* and return what comes back, its body still to be read.
        """
        return _Response.of(await super().handle_async_request(request))


def _require_pool(transport: object) -> None:
    """
    Refuse to open a client with an httpx that keeps its pool elsewhere.

    Requests would go through that one, past our deadlines, proxies and limits. (`_pool` is there in
    httpx 0.24 to 0.28.1, and in httpx2.)
    """
    if not hasattr(transport, "_pool"):
        message = "this version of httpx is not supported: its transports have no `_pool`"
        raise ConfigurationError(message)


@attrs.frozen(eq=False)
class _Pool:
    """
    Lends a connection to each request of any thread, until its response is closed.
    """

    _routes: Proxies
    _connections: ExclusiveConnections

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """
        Send *request* and return what comes back, its body still to be read.
        """
        way = _way(self._routes, request)
        hold, timeout = request.extensions[HOLD], request.extensions["timeout"]["pool"]
        connection = self._connections.take(hold, way, timeout)
        try:
            response = connection.http.handle_request(request)
        except BaseException:
            self._connections.drop(connection)
            raise
        return _lent(response, _Loan(response, connection, way, self._connections))

    def close(self) -> None:
        """
        Close every connection.
        """
        self._connections.close()


def _lent(response: httpcore.Response, loan: Any) -> httpcore.Response:
    """
    Return *response* with a body that gives the connection back when it is closed.
    """
    lent = httpcore.Response(response.status, content=loan, extensions=response.extensions)
    # They are bytes; given to the constructor, each would be looked at once more.
    lent.headers = response.headers
    return lent


def _spoil_if_more_came(response: httpcore.Response, way: _Way) -> None:
    """
    Have the connection of *response* closed if the server sent more than the answer, or framed it
    in two ways, so that nobody knows where it ended.

    httpcore 1.0.9 would take it for the next answer, and give it to whoever asks next. It has no
    public way to see that; where it is built otherwise, nothing is done.
    """
    # Through a proxy it is wrapped once more, by a pool.
    stream: Any = response.stream
    connection = getattr(getattr(stream, "_stream", stream), "_connection", None)
    state = getattr(connection, "_h11_state", None)
    if state is None:
        return
    names = {name.lower() for name, _ in response.headers}
    is_ambiguous = names >= {b"transfer-encoding", b"content-length"}
    proxy, server = way
    may_be_tls = proxy is not None or server.scheme == b"https"
    if is_ambiguous or state.trailing_data[0] or (may_be_tls and _tls_holds_more(response)):
        state.send_failed()


def _tls_holds_more(response: httpcore.Response) -> bool:
    """
    Return whether TLS has read more from the socket than the answer, or the end.

    The socket does not show what is there already. (An SSLSocket reads no further than it must.)
    """
    tls = response.extensions["network_stream"].get_extra_info("ssl_object")
    if not isinstance(tls, ssl.SSLObject):
        return False
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:
        return True
    return True


@attrs.define(eq=False)
class _Loan:
    """
    A body, and the connection it comes by, which is given back when it is closed.
    """

    _response: httpcore.Response
    _connection: OneConnection | None
    _way: _Way
    _connections: ExclusiveConnections

    def __iter__(self) -> Iterator[bytes]:
        stream: Any = self._response.stream
        return iter(stream)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            _spoil_if_more_came(self._response, self._way)
            self._response.close()
        except BaseException:
            self._connections.drop(connection)
            raise
        self._connections.keep(self._way, connection)


@attrs.frozen(eq=False)
class _AsyncPool:
    """
    The same for the tasks of one event loop, where nobody needs a lock.

    A request that comes here has been admitted: there are never more at a time than *limit*.
    """

    _routes: Proxies
    _make: Callable[[_Way], Any]
    _limit: int
    #: Since when, for which way; the one that was used last comes last.
    _idle: list[tuple[float, _Way, Any]] = attrs.field(factory=list)
    #: For which request, by its extensions: httpx and httpcore share them.
    _lent: dict[Any, Any] = attrs.field(factory=dict)

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """
        Send *request* and return what comes back, its body still to be read.
        """
        way = _way(self._routes, request)
        connection, surplus = self._lend(way, monotonic(), request)
        try:
            for other in surplus:
                await _close(other)
            response = await connection.handle_async_request(request)
        except BaseException:
            await self.drop(connection)
            raise
        return _lent(response, _AsyncLoan(response, connection, way, self))

    def _lend(self, way: _Way, now: float, request: httpcore.Request) -> tuple[Any, list[Any]]:
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
        self._lent[connection] = request.extensions
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
        self._lent.pop(connection, None)
        self._idle.append((monotonic(), way, connection))

    async def drop(self, connection: Any) -> None:
        """
        Take *connection* back, and close it: nobody knows in what state it is.
        """
        self._lent.pop(connection, None)
        await _close(connection)

    async def abandon(self, request: httpx.Request) -> None:
        """
        Take back, and close, what is lent for *request*, if anything is.
        """
        for connection in [one for one, other in self._lent.items() if other is request.extensions]:
            await self.drop(connection)

    async def aclose(self) -> None:
        """
        Close every connection.
        """
        connections = [*self._lent, *(connection for *_, connection in self._idle)]
        self._lent.clear()
        self._idle.clear()
        for connection in connections:
            await _close(connection)


@attrs.define(eq=False)
class _AsyncLoan:
    """
    A body, and the connection it comes by, which is given back when it is closed.
    """

    _response: httpcore.Response
    _connection: Any
    _way: _Way
    _pool: _AsyncPool

    def __aiter__(self) -> AsyncIterator[bytes]:
        stream: Any = self._response.stream
        return aiter(stream)

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            _spoil_if_more_came(self._response, self._way)
            await self._response.aclose()
        except BaseException:
            await self._pool.drop(connection)
            raise
        self._pool.keep(self._way, connection)


async def _close(connection: Any) -> None:
    with anyio.move_on_after(CLEAN_UP, shield=True):
        await connection.aclose()
