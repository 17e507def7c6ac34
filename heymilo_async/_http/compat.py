"""
The parts of httpx, httpcore and h11 that they do not promise, each with the reason why we use it.

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


def replace_pool(transport: Any, pool: Any) -> None:
    """
    Make an httpx transport send over *pool*, instead of its own, which has no connection yet.

    The tools that mock and trace replace `handle_request` of these transports, so ours have to be
    some; and `_pool` is where they keep their connections, in httpx 0.24 to 0.28.1 and in httpx2.

    Raises:
        ConfigurationError: It keeps them elsewhere, so requests would bypass our deadlines, proxies
            and limits.
    """
    if not hasattr(transport, "_pool"):
        message = "this version of httpx is not supported: its transports have no `_pool`"
        raise ConfigurationError(message)
    transport._pool = pool


def lacks_socks(error: Exception) -> bool:
    """
    Return whether *error* says that the package for SOCKS proxies is missing.

    httpcore has no exception for that. If it changes the text, our error no longer names the cure.
    """
    return "socksio" in str(error)


def says_closed(error: BaseException) -> bool:
    """
    Return whether *error* says that a client of httpx's has been closed.

    httpx has no exception for that. If it changes the text, our error no longer names the client.
    """
    return isinstance(error, RuntimeError) and "client has been closed" in str(error)


class _NoCookies(httpx.Cookies):
    """
    Keeps no cookies, and does not look for any, which would cost more than the rest of the client.

    The policy also rejects cookies, in case a client sets them in another way.
    """

    def __init__(self) -> None:
        policy = http.cookiejar.DefaultCookiePolicy(allowed_domains=())
        super().__init__(http.cookiejar.CookieJar(policy))

    def extract_cookies(self, response: httpx.Response) -> None:
        """
        Do nothing.
        """


NO_COOKIES = _NoCookies()


class Client(httpx.Client):
    """
    An httpx client without cookies, authentication flows and redirects; httpx has no setting for
    the first two.

    Tools that trace and mock replace `send` and `_send_single_request`, so both are httpx's own.
    """

    # Any, because httpx declares a property with a setter.
    cookies: Any = NO_COOKIES

    def _send_handling_auth(self, request: httpx.Request, *_: Any, **__: Any) -> httpx.Response:
        return _without_cycle(self._send_single_request(request))


class AsyncClient(httpx.AsyncClient):
    """
    The async counterpart of `Client`.
    """

    cookies: Any = NO_COOKIES

    async def _send_handling_auth(
        self, request: httpx.Request, *_: Any, **__: Any
    ) -> httpx.Response:
        return _without_cycle(await self._send_single_request(request))


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """
    A request's body in one piece, or in no piece if it is empty.

    httpx's body is an async generator, which a failed write would leave to the garbage collector.
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


def _without_cycle(response: httpx.Response) -> httpx.Response:
    """
    Return *response*, which may be a mock's, with its transport's stream.

    httpx puts a stream around it that takes the time, and refers to the response. Only the garbage
    collector would free both, and the request with its headers.
    """
    timed: Any = response.stream
    response.stream = timed._stream if getattr(timed, "_response", None) is response else timed
    return response


def is_reusable(stream: Any, network_stream: Any, *, may_be_tls: bool) -> bool:
    """
    Return whether the server has sent nothing after the response with the body *stream*.

    httpcore 1.0.9 would take it for the response to the next request, and has no public way to see
    it. If another version keeps h11's state elsewhere, no connection is used twice, which is slower
    and just as safe.
    """
    # With a proxy, httpcore's pool wraps the stream once more.
    connection = getattr(getattr(stream, "_stream", stream), "_connection", None)
    state = getattr(connection, "_h11_state", None)
    if state is None or state.trailing_data[0]:
        return False
    return not (may_be_tls and _tls_holds_more(network_stream))


def _tls_holds_more(network_stream: Any) -> bool:
    """
    Return whether TLS has read more from the socket than the response.

    The socket does not show data that TLS has already read. (An SSLSocket does not read ahead.)
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
    Return whether an idle connection of httpcore's cannot be used again.

    A connection through a proxy is a pool, which has no such method, and checks by itself.
    """
    return hasattr(connection, "has_expired") and (
        connection.is_closed() or connection.has_expired()
    )


def stream_over(like: Any, socket: ssl.SSLSocket) -> Any:
    """
    Return a blocking stream of httpcore's over *socket*, with the class of *like*.

    httpcore's own `start_tls` does the handshake within `wrap_socket`, which leaves the socket open
    after Ctrl-C.
    """
    return type(like)(socket)


def replace_anyio_stream(stream: Any, replaced: Callable[[anyio.abc.SocketStream], Any]) -> None:
    """
    Replace the anyio stream below *stream*, if *stream* is httpcore's over anyio.

    httpcore does not accept a stream of ours. Without the replacement, a response in the middle of
    an upload is a connection error on asyncio.
    """
    below = getattr(stream, "_stream", None)
    if isinstance(below, anyio.abc.SocketStream):
        stream._stream = replaced(below)
