"""
Sockets that observe deadlines and are always closed, by httpcore's public `network_backend`.

The blocking ones end every wait at the call's deadline, and another thread can close them. (httpx's
timeouts restart with each read, so a server that sends one byte a second never exceeds them.) The
async ones are closed if a TLS handshake is cancelled, which httpcore 1.0.9 does not do.
"""

from __future__ import annotations

import atexit
import contextlib
import socket
import ssl
import weakref
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
import httpcore

from .._core.transport import monotonic
from .compat import replace_anyio_stream, stream_over
from .errors import is_callers_own
from .transport import CLEAN_UP

#: From this number of bytes on, listen while sending: a socket may not accept them at once.
_LARGE_SEND = 32 * 1024

#: Exceptions that httpcore does not map: of a broken TLS record, and of a socket that another thread
#: has closed.
_BROKEN = (ssl.SSLError, ValueError)


class DeadlineBackend(httpcore.NetworkBackend):
    """
    httpcore's own backend for the socket of one blocking connection, each wait clipped to the
    deadline.

    Attributes:
        expires: The deadline of the call that uses the connection, on the monotonic clock; None
            without a deadline.
    """

    def __init__(self) -> None:
        self.expires: float | None = None
        self._inner = httpcore.SyncBackend()
        self._socket: socket.socket | None = None
        self._ended = False
        _backends.add(self)

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *_: Any, **__: Any
    ) -> httpcore.NetworkStream:
        """
        Connect to *host*, trying one address after the other until the deadline.

        (httpcore passes two more options, which no connection of ours has.)
        """
        last: Exception | None = None
        for address in self._addresses(host, port):
            clipped = self.clip(timeout, httpcore.ConnectTimeout)
            try:
                stream = self._inner.connect_tcp(address, port, clipped)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
            else:
                return _DeadlineStream(stream, self, timeout)
        raise last or httpcore.ConnectError(f"no address for {host}")

    def clip(self, timeout: float | None, too_late: type[Exception]) -> float | None:
        """
        Return *timeout*, or the remaining time of the call if that is less.
        """
        if self.expires is None:
            return timeout
        left = self.expires - monotonic()
        if left <= 0:
            message = "the call's deadline passed"
            raise too_late(message)
        return left if timeout is None else min(timeout, left)

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    def opened(self, stream: httpcore.NetworkStream) -> socket.socket:
        """
        Return the socket of *stream*, from now on the one to shut down or close.
        """
        connection: socket.socket = stream.get_extra_info("socket")
        self._socket = connection
        if self._ended:
            # The client was closed while the socket was opened.
            self.shut_down()
        return connection

    def shut_down(self) -> None:
        """
        Shut the socket down, so that a thread that waits for it wakes up at once.

        (Closing a file descriptor does not wake who waits for it.)
        """
        self._ended = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket's method, which would remove the encryption under a reader.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def drop(self) -> None:
        """
        Close the socket, without a TLS goodbye.
        """
        self._ended = True
        if self._socket is not None:
            self._socket.close()


_backends: weakref.WeakSet[DeadlineBackend] = weakref.WeakSet()


@atexit.register
def _drop_all() -> None:
    # An unclosed client warns by itself, so its sockets need not.
    for backend in list(_backends):
        backend.drop()


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(
        self,
        inner: httpcore.NetworkStream,
        backend: DeadlineBackend,
        timeout: float | None = None,
    ) -> None:
        self._inner = inner
        #: For reads and writes without a timeout: httpcore 1.0.9 passes none to a SOCKS proxy,
        #: https://github.com/encode/httpcore/issues/1089.
        self._timeout = timeout
        self._backend = backend
        self._socket = backend.opened(inner)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            timeout = self._timeout if timeout is None else timeout
            return self._inner.read(max_bytes, self._backend.clip(timeout, httpcore.ReadTimeout))
        except _BROKEN as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            timeout = self._timeout if timeout is None else timeout
            self._inner.write(buffer, self._backend.clip(timeout, httpcore.WriteTimeout))
        except (httpcore.WriteError, httpcore.WriteTimeout, *_BROKEN) as error:
            cause = error.__cause__ or error
            if is_callers_own(cause):
                # httpcore would ignore it, because the server may have responded anyway.
                raise cause  # noqa: B904 - it is the one that came
            if isinstance(error, _BROKEN):
                raise httpcore.WriteError(str(error)) from error
            raise

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        clipped = self._backend.clip(timeout, httpcore.ConnectTimeout)
        if isinstance(self._socket, ssl.SSLSocket):  # to an https proxy: one within the other
            inner = self._inner.start_tls(ssl_context, server_hostname, clipped)
        else:
            secure = _shake_hands(self._socket, ssl_context, server_hostname, clipped)
            inner = stream_over(self._inner, secure)
        return _DeadlineStream(inner, self._backend, self._timeout)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _shake_hands(
    plain: socket.socket,
    context: ssl.SSLContext,
    server_hostname: str | None,
    timeout: float | None,
) -> ssl.SSLSocket:
    """
    Return *plain* with encryption; close it if the handshake fails or is interrupted.

    (If `wrap_socket` does the handshake, an interrupted one leaves the socket open.)
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
        # Any, because type checkers may see httpcore's stub for a missing library.
        self._inner: Any = (
            httpcore.TrioBackend()
            if type(token).__module__.startswith("trio.")
            else httpcore.AnyIOBackend()
        )

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *_: Any, **__: Any
    ) -> httpcore.AsyncNetworkStream:
        """
        Connect to *host*.
        """
        try:
            stream = await self._inner.connect_tcp(host, port, timeout)
        except BaseExceptionGroup as group:
            # trio tries the addresses concurrently, and raises a group with the error of each.
            interruption = _first_in(group)
        else:
            replace_anyio_stream(stream, _Duplex)
            return _TidyStream(stream, timeout)
        raise interruption


class _Duplex(anyio.abc.ByteStream):
    """
    A stream that stops sending when the server responds, and keeps the response.

    asyncio's transport reads nothing while it sends what is large, and once a write fails, what the
    server said before it hung up, such as a 413, is lost.
    """

    def __init__(self, below: anyio.abc.SocketStream) -> None:
        self._below = below
        self._early: list[bytes] = []
        # anyio would make them anew for each look at the socket.
        self._attributes = below.extra_attributes

    @property
    def extra_attributes(self) -> Any:
        return self._attributes

    async def send(self, item: bytes) -> None:
        if len(item) < _LARGE_SEND:
            await self._below.send(item)
            return
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._listen, group.cancel_scope)
            try:
                # Listen first, because the server may respond before the first write.
                await anyio.lowlevel.checkpoint()
                await self._below.send(item)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
                # Raise it outside the group, which would wrap it.
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        if self._early:
            # httpcore takes this for a failed write, and reads the response.
            raise anyio.BrokenResourceError

    async def _listen(self, sending: anyio.CancelScope) -> None:
        # If the server only closes its side, continue sending.
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
    Return the exception that ended a *group*, such as Ctrl-C, and not a cancellation it caused.
    """
    _, others = group.split(anyio.get_cancelled_exc_class())
    found: BaseException = others or group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


class _TidyStream(httpcore.AsyncNetworkStream):
    def __init__(self, inner: httpcore.AsyncNetworkStream, timeout: float | None = None) -> None:
        self._inner = inner
        #: The same as in `_DeadlineStream`.
        self._timeout = timeout
        # These need no change.
        self.aclose = inner.aclose  # type: ignore[method-assign]  # on purpose
        self.get_extra_info = inner.get_extra_info  # type: ignore[method-assign]  # likewise

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            timeout = self._timeout if timeout is None else timeout
            return await self._inner.read(max_bytes, timeout)
        except _BROKEN as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            timeout = self._timeout if timeout is None else timeout
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
            inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
            return _TidyStream(inner, self._timeout)
        except BaseException:
            with anyio.move_on_after(CLEAN_UP, shield=True):
                await self._inner.aclose()
            raise
