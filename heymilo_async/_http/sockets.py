"""
Sockets that end when they should, through httpcore's public `network_backend`.

The blocking ones end every wait at the call's deadline (httpx's timeouts start anew with each
read, so a server that drips one byte a second is never late), and another thread can close them.
The async ones are closed if a TLS handshake is cancelled, which httpcore 1.0.9 forgets.
"""

from __future__ import annotations

import atexit
import contextlib
import socket
import ssl
import threading
import weakref
from collections.abc import Iterable
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
import httpcore

from .compat import replace_anyio_stream, stream_over
from .errors import is_callers_own
from .transport import CLEAN_UP, Deadline

#: Bytes that may be sent in one piece without a look at what comes: any socket takes them at once.
_LARGE_SEND = 32 * 1024

#: What httpcore lets through: a broken TLS record, a socket that another thread closed in the
#: middle.
_BROKEN = (ssl.SSLError, ValueError)


class DeadlineBackend(httpcore.NetworkBackend):
    """
    httpcore's own backend for blocking sockets, each wait clipped to the *deadline*.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._inner = httpcore.SyncBackend()
        self._deadline = deadline
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._ended = False
        _backends.add(self)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """
        Connect to *host*, one address after the other, all of it within the deadline.
        """
        options = None if socket_options is None else list(socket_options)
        last: Exception | None = None
        for address in self._addresses(host, port):
            clipped = self._deadline.clip(timeout, httpcore.ConnectTimeout)
            try:
                stream = self._inner.connect_tcp(address, port, clipped, local_address, options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
            else:
                return _DeadlineStream(stream, self._deadline, self)
        raise last or httpcore.ConnectError(f"no address for {host}")

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    def opened(self, stream: httpcore.NetworkStream) -> socket.socket:
        """
        Remember the socket of *stream*, so that `shut_down` reaches it.
        """
        connection: socket.socket = stream.get_extra_info("socket")
        with self._lock:
            self._open.add(connection)
            ended = self._ended
        if ended:
            # It came about while somebody closed the client.
            self.shut_down()
        return connection

    def closed(self, connection: socket.socket) -> None:
        """
        Forget a socket.
        """
        with self._lock:
            self._open.discard(connection)

    def shut_down(self) -> None:
        """
        End every connection, so that threads which wait for one wake up at once.

        (Closing a file descriptor does not wake who waits for it.)
        """
        with self._lock:
            self._ended = True
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                # The plain method: that of an SSLSocket takes the encryption away from a reader.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def drop(self) -> None:
        """
        Close every socket, without a word to the other side nor to anybody else.
        """
        with self._lock:
            self._ended = True
            connections = list(self._open)
            self._open.clear()
        for connection in connections:
            connection.close()


_backends: weakref.WeakSet[DeadlineBackend] = weakref.WeakSet()


@atexit.register
def _drop_all() -> None:
    # An unclosed client says so by itself; its sockets need not.
    for backend in list(_backends):
        backend.drop()


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(
        self, inner: httpcore.NetworkStream, deadline: Deadline, backend: DeadlineBackend
    ) -> None:
        self._inner = inner
        self._deadline = deadline
        self._backend = backend
        self._socket = backend.opened(inner)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._inner.read(max_bytes, self._deadline.clip(timeout, httpcore.ReadTimeout))
        except _BROKEN as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            self._inner.write(buffer, self._deadline.clip(timeout, httpcore.WriteTimeout))
        except (httpcore.WriteError, httpcore.WriteTimeout, *_BROKEN) as error:
            cause = error.__cause__ or error
            if is_callers_own(cause):
                # httpcore would pass over it, since the server may have answered all the same.
                raise cause  # noqa: B904 - it is the one that came
            if isinstance(error, _BROKEN):
                raise httpcore.WriteError(str(error)) from error
            raise

    def close(self) -> None:
        self._backend.closed(self._socket)
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        clipped = self._deadline.clip(timeout, httpcore.ConnectTimeout)
        # The encrypted socket takes over the file descriptor of the plain one.
        self._backend.closed(self._socket)
        if isinstance(self._socket, ssl.SSLSocket):  # to an https proxy: one within the other
            inner = self._inner.start_tls(ssl_context, server_hostname, clipped)
        else:
            secure = _shake_hands(self._socket, ssl_context, server_hostname, clipped)
            inner = stream_over(self._inner, secure)
        return _DeadlineStream(inner, self._deadline, self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _shake_hands(
    plain: socket.socket,
    context: ssl.SSLContext,
    server_hostname: str | None,
    timeout: float | None,
) -> ssl.SSLSocket:
    """
    Return *plain*, encrypted; closed if that fails, by Ctrl-C too.

    (Where the handshake is a part of `wrap_socket`, an interrupted one leaves its socket open.)
    """
    try:
        secure = context.wrap_socket(
            plain, server_hostname=server_hostname, do_handshake_on_connect=False
        )
        try:
            secure.settimeout(timeout)
            secure.do_handshake()
        except BaseException:
            secure.close()
            raise
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(str(error)) from error
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return secure


class TidyBackend(httpcore.AsyncNetworkBackend):
    """
    httpcore's backends for asyncio and for trio, so that they leave no socket behind.
    """

    def __init__(self) -> None:
        token = anyio.lowlevel.current_token().native_token
        # Any: for a type checker it may be the stub that httpcore has where a library is missing.
        self._inner: Any = (
            httpcore.TrioBackend()
            if type(token).__module__.startswith("trio.")
            else httpcore.AnyIOBackend()
        )

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """
        Connect to *host*.
        """
        try:
            stream = await self._inner.connect_tcp(
                host, port, timeout, local_address, socket_options
            )
        except BaseExceptionGroup as group:
            # trio tries the addresses side by side, and would let out what ended each of them.
            interruption = _first_in(group)
        else:
            replace_anyio_stream(stream, _Duplex)
            return _TidyStream(stream)
        raise interruption


class _Duplex(anyio.abc.ByteStream):
    """
    A stream that stops sending when the other side answers, and keeps what came.

    asyncio's transport reads nothing while it sends what is large, and once a write fails, what the
    server said before it hung up, such as a 413, is lost.
    """

    def __init__(self, below: anyio.abc.SocketStream) -> None:
        self._below = below
        self._early: list[bytes] = []

    @property
    def extra_attributes(self) -> Any:
        return self._below.extra_attributes

    async def send(self, item: bytes) -> None:
        if len(item) < _LARGE_SEND:
            await self._below.send(item)
            return
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._listen, group.cancel_scope)
            try:
                # First it has to listen: the other side may be done with us before the first write.
                await anyio.lowlevel.checkpoint()
                await self._below.send(item)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
                # Not out of the group, which would wrap it.
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        if self._early:
            # httpcore takes it for a failed write, and reads the answer.
            raise anyio.BrokenResourceError

    async def _listen(self, sending: anyio.CancelScope) -> None:
        # That the other side says no more is no reason to stop.
        with contextlib.suppress(
            anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError
        ):
            self._early.append(await self._below.receive())
            sending.cancel()

    async def receive(self, max_bytes: int = 65536) -> bytes:
        if not self._early:
            return await self._below.receive(max_bytes)
        early = self._early.pop(0)
        if len(early) > max_bytes:
            self._early.insert(0, early[max_bytes:])
        return early[:max_bytes]

    async def send_eof(self) -> None:
        await self._below.send_eof()

    async def aclose(self) -> None:
        await self._below.aclose()


def _first_in(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """
    Return what ended a *group*: Ctrl-C, say, rather than that the others were cancelled for it.
    """
    _, others = group.split(anyio.get_cancelled_exc_class())
    found: BaseException = others or group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


class _TidyStream(httpcore.AsyncNetworkStream):
    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        # There is nothing to add to these.
        self.aclose = inner.aclose  # type: ignore[method-assign]  # on purpose
        self.get_extra_info = inner.get_extra_info  # type: ignore[method-assign]  # likewise

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return await self._inner.read(max_bytes, timeout)
        except _BROKEN as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            await self._inner.write(buffer, timeout)
        except _BROKEN as error:
            raise httpcore.WriteError(str(error)) from error

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _TidyStream(await self._inner.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            with anyio.move_on_after(CLEAN_UP, shield=True):
                await self._inner.aclose()
            raise
