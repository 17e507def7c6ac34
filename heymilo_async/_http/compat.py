"""
What httpx, httpcore and h11 have not promised and we use all the same, each with its reason.

`tests/test_compat.py` has a canary for each, which fails when the part has another name. It has one
too for what is used outside of this border: the text of cattrs's `transform_error` (`_core/codec.py`),
tenacity's `iter_state` (`_engine.py`), click below typer (`cli/_errors.py`, `cli/_help.py`,
`cli/_later.py`), and what uvicorn knows of its connections (`sandbox/_serve.py`).
"""

from __future__ import annotations

import http.cookiejar
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio.abc
import httpx

from ..errors import ConfigurationError

#: A logging filter counts for records made on the very logger that has it, so each is named.
LOGGERS = tuple(
    name.replace("{}", suffix)
    for suffix in ("", "2")
    for name in (
        "httpx{}",
        "httpcore{}.connection",
        "httpcore{}.http11",
        "httpcore{}.http2",
        "httpcore{}.proxy",
        "httpcore{}.socks",
    )
)


def replace_pool(transport: Any, pool: Any) -> Any:
    """
    Have an httpx transport send over *pool*, and return the pool that it had.

    The tools that mock and trace replace `handle_request` of these transports, so ours have to be
    some; and `_pool` is where they keep their connections, in httpx 0.24 to 0.28.1 and in httpx2.

    Raises:
        ConfigurationError: It keeps them elsewhere. Requests would go past our deadlines, proxies
            and limits.
    """
    if not hasattr(transport, "_pool"):
        message = "this version of httpx is not supported: its transports have no `_pool`"
        raise ConfigurationError(message)
    own, transport._pool = transport._pool, pool
    return own


def lacks_socks(error: Exception) -> bool:
    """
    Return whether *error* says that the package for SOCKS proxies is missing.

    httpcore has no exception for that; where the text is another, the error names less of a cure.
    """
    return "socksio" in str(error)


def says_closed(error: BaseException) -> bool:
    """
    Return whether *error* says that a client of httpx's has been closed.

    httpx has no exception for that; where the text is another, the error names no client.
    """
    return isinstance(error, RuntimeError) and "client has been closed" in str(error)


class _NoCookies(httpx.Cookies):
    """
    Keeps no cookie, without looking for one: that costs more than the rest of the client does.

    The policy says the same, should a client ask for cookies in another way.
    """

    def __init__(self) -> None:
        policy = http.cookiejar.DefaultCookiePolicy(allowed_domains=())
        super().__init__(http.cookiejar.CookieJar(policy))

    def extract_cookies(self, response: httpx.Response) -> None:
        """
        Leave them.
        """


NO_COOKIES = _NoCookies()


class Client(httpx.Client):
    """
    A client of httpx's without cookies, which httpx has no setting for.
    """

    # Any: it is a property of httpx's, which can be set.
    cookies: Any = NO_COOKIES


class AsyncClient(httpx.AsyncClient):
    """
    The same, awaited.
    """

    cookies: Any = NO_COOKIES


class _OneStep:
    """
    An authentication flow in one step.

    httpx has generators for that, asynchronous ones in event loops, which keep a record of each.
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
        return _OneStep(request)

    def async_auth_flow(self, request: httpx.Request) -> Any:
        return _OneStep(request)


NO_AUTH = _NoAuth()


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """
    A request's body in one piece, or in none if it is empty.

    httpx's is an asynchronous generator, which a failed write would leave to the garbage collector.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._content,) if self._content else ())

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Pieces(iter(self))


class _Pieces(AsyncIterator[bytes]):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


NO_BODY = Body(b"")


class _Response(httpx.Response):
    # httpx's client would make the request ready that follows a redirect, key included.
    has_redirect_location: Any = False

    # It gives the response a stream that knows the response. Nobody but the garbage collector would
    # free the two, and the request with its headers stayed until then.

    def close(self) -> None:
        try:
            super().close()
        finally:
            self.stream = NO_BODY

    async def aclose(self) -> None:
        try:
            await super().aclose()
        finally:
            self.stream = NO_BODY


def without_redirects(response: httpx.Response) -> httpx.Response:
    """
    Return *response*, which may be a mock's, so that it leads nowhere and frees its request.
    """
    # The class is all that differs; a new response would need a body that nobody has read.
    response.__class__ = _Response
    return response


def is_reusable(stream: Any, network_stream: Any, *, may_be_tls: bool) -> bool:
    """
    Return whether the server has sent nothing after the response that comes by *stream*.

    httpcore 1.0.9 would take it for the next response, and give it to whoever sends the next
    request, and has no public way to see it. Where h11's state is elsewhere, nobody knows: then no
    connection is used twice, which is slower and as safe.
    """
    # Through a proxy the stream is wrapped once more, by a pool.
    connection = getattr(getattr(stream, "_stream", stream), "_connection", None)
    state = getattr(connection, "_h11_state", None)
    if state is None or state.trailing_data[0]:
        return False
    return not (may_be_tls and _tls_holds_more(network_stream))


def _tls_holds_more(network_stream: Any) -> bool:
    """
    Return whether TLS has read more from the socket than the response, or the end.

    The socket does not show what is there already. (An SSLSocket reads no further than it must.)
    """
    tls = network_stream.get_extra_info("ssl_object")
    if not isinstance(tls, ssl.SSLObject):
        return False
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:
        pass
    return True


def is_spent(connection: Any) -> bool:
    """
    Return whether a connection of httpcore's, which is idle, cannot be used again.

    One through a proxy is in a pool of its own, which has no such method and finds out by itself.
    """
    return hasattr(connection, "has_expired") and (
        connection.is_closed() or connection.has_expired()
    )


def stream_over(like: Any, socket: ssl.SSLSocket) -> Any:
    """
    Return a blocking stream of httpcore's over *socket*, of the same class as *like*.

    Its own `start_tls` shakes hands within `wrap_socket`, which leaves the socket open if Ctrl-C
    comes meanwhile.
    """
    return type(like)(socket)


def replace_anyio_stream(stream: Any, replaced: Callable[[anyio.abc.SocketStream], Any]) -> None:
    """
    Let *replaced* stand in for the anyio stream below *stream*, if it is httpcore's over anyio.

    httpcore takes no stream of ours. Without it, a refusal in the middle of an upload is an error
    of the connection on asyncio.
    """
    below = getattr(stream, "_stream", None)
    if isinstance(below, anyio.abc.SocketStream):
        stream._stream = replaced(below)
