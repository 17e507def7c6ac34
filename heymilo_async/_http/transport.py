"""
HTTPTransport: the common part of both transports, which sends one request over a client of httpx.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import sys
import threading
import weakref
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import attrs

from .._core.arguments import wrong_type
from .._core.messages import Request, Response
from .._core.secrets import Secret, scrub
from .._core.settings import PoolSettings, Timeouts, timeouts
from .._core.transport import Transport
from ..errors import ClientClosedError, HeyMiloError
from .body import Receiver
from .compat import LOGGERS
from .errors import Failure, error_of, translate

if TYPE_CHECKING:
    from .pool import Pool

#: The modules that a user's client may be from.
_KNOWN_MODULES = ("httpx", "httpx2")

OnSend = Callable[[], Coroutine[Any, Any, None]]
#: A function that httpcore calls, or awaits, with the name of an event.
Trace = Callable[[str, Any], Any]
#: Creates the library's request from ours, the timeout and the extensions.
RequestMaker = Callable[[Request, float | Timeouts, dict[str, Any]], Any]

#: The secrets of the current request: httpx and httpcore log what a server says, secrets included.
_logged_secrets: ContextVar[tuple[Secret, ...]] = ContextVar("heymilo_secrets", default=())


class _WithoutSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """
        Mask the secrets of the current request in *record*, and let it pass.
        """
        secrets = _logged_secrets.get()
        if secrets:
            record.msg, record.args = scrub(record.getMessage(), secrets), ()
        return True


_filter = _WithoutSecrets()
for _name in LOGGERS:
    logging.getLogger(_name).addFilter(_filter)

#: The maximum number of seconds to clean up after the caller was cancelled.
CLEAN_UP = 1.0


class TimeoutException(Exception):  # noqa: N818 - named as httpx and httpcore name theirs
    """
    A timeout, with the name that httpx and httpcore use.
    """


class PoolTimeout(TimeoutException):
    """
    No connection became free in time.
    """


class ConnectError(Exception):
    """
    Connecting failed; the name is that of httpx and httpcore.
    """


#: Its text if the process has reached its limit of open files and sockets.
NO_DESCRIPTOR = "no file descriptor is left: close files or sockets, or raise the limit (ulimit -n)"


def is_out_of_descriptors(error: Exception) -> bool:
    """
    Return whether *error* says that the process or the system has no file descriptor left.
    """
    return isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}


def start_thread(thread: threading.Thread) -> bool:
    """
    Start *thread*; return False if the system allows no more threads.
    """
    handled = sys.exception()
    try:
        thread.start()
    except RuntimeError as error:
        # If Ctrl-C interrupts `start`, the thread runs, and one of Python's locks may raise an error.
        interruption = error.__context__
        if interruption is not None and interruption is not handled:
            raise interruption  # noqa: B904 - it is the one that came
        return False
    return True


class HTTPResponse(Protocol):
    """
    The response of an `HTTPClient`.
    """

    @property
    def status_code(self) -> int: ...

    def close(self) -> None: ...


class AsyncHTTPResponse(Protocol):
    """
    The response of an `AsyncHTTPClient`.
    """

    @property
    def status_code(self) -> int: ...

    async def aclose(self) -> None: ...


class HTTPClient(Protocol):
    """
    What `HeyMilo(http_client=...)` takes: an `httpx.Client`, or one of httpx2.
    """

    def send(self, request: Any, *, stream: bool, auth: Any, follow_redirects: Any) -> HTTPResponse:
        """
        Send *request* and return a response whose body is still to be read.
        """
        ...


class AsyncHTTPClient(Protocol):
    """
    What `AsyncHeyMilo(http_client=...)` takes: an `httpx.AsyncClient`, or one of httpx2.
    """

    async def send(
        self, request: Any, *, stream: bool, auth: Any, follow_redirects: Any
    ) -> AsyncHTTPResponse:
        """
        Send *request* and return a response whose body is still to be read.
        """
        ...


def revealed_headers(request: Request) -> list[tuple[str, str]]:
    """
    Return the headers of *request* as they are sent: only here are secrets revealed.
    """
    return [
        (name, value if isinstance(value, str) else value.reveal())
        for name, value in request.headers
    ]


@attrs.define(kw_only=True, eq=False, repr=False)
class Exchange:
    """
    A request that is being sent, and the response that is being received.

    Attributes:
        on_send: Is awaited just before the request is sent, and once more after connecting.
        on_wait: Is awaited if the request had to wait for a connection.
        was_cancelled: Whether the deadline, or closing the client, has cut it short.
    """

    request: Request
    timeout: float | Timeouts
    expires: float | None = None
    on_send: OnSend | None = None
    on_wait: OnSend | None = None
    receiver: Receiver = attrs.field(factory=Receiver)
    was_cancelled: bool = False


class ConnectionLease:
    """
    Keeps a connection checked out for an exchange while it is referenced.
    """

    __slots__ = ("__weakref__", "exchange")

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange


#: The request extension with a weak reference to its `ConnectionLease`.
LEASE = "heymilo.lease"


class Client:
    """
    A client of the HTTP library, our own or the user's, with what it needs for each request.

    Attributes:
        native: The library's own.
        pool: Of our own client, which is ours to close; None of the user's.
        secrets: Values that no error may contain, in addition to a request's own.
    """

    def __init__(
        self,
        native: Any,
        request: RequestMaker,
        *,
        auth: Any = None,
        pool: Pool | None = None,
        secrets: tuple[Secret, ...] = (),
    ) -> None:
        self.native = native
        self.pool = pool
        self.secrets = secrets
        self._request = request
        #: Replaces the native client's `auth`.
        self._auth = auth

    @classmethod
    def of_user(cls, client: Any, module: ModuleType) -> Client:
        """
        Wrap the user's *client*, which is from *module*.
        """

        def make(request: Request, timeout: float | Timeouts, extensions: dict[str, Any]) -> Any:
            return module.Request(
                request.method,
                request.url,
                headers=revealed_headers(request),
                content=request.body,
                extensions={"timeout": timeouts(timeout), **extensions},
            )

        return cls(client, make)

    def send(self, request: Request, timeout: float | Timeouts, extensions: dict[str, Any]) -> Any:
        """
        Send *request*; return the response, or an awaitable of it, with its body unread.
        """
        return self.native.send(
            self._request(request, timeout, extensions),
            stream=True,
            auth=self._auth,
            follow_redirects=False,
        )

    def shut_down(self, response: Any) -> None:
        """
        Shut down the connection of *response*, whose end is uncertain, if the client is the user's.

        Such a client would send its next request over it; our own pool does not.
        """
        # If a hook has read and closed it, the connection may be busy with another request.
        if self.pool is not None or response.is_closed:
            return
        stream = response.extensions.get("network_stream")
        theirs = stream and stream.get_extra_info("socket")
        # HTTP/2 has frames, which say where a response ends, and other responses use that connection.
        if theirs is None or response.http_version == "HTTP/2":
            return
        # Through a copy, because the sockets of event loops and of TLS have their own ways of ending.
        with (
            contextlib.suppress(OSError),
            socket.fromfd(theirs.fileno(), theirs.family, theirs.type) as ours,
        ):
            ours.shutdown(socket.SHUT_RDWR)


class HTTPTransport(Transport):
    """
    The common part of both transports; over a blocking client its coroutines never suspend.

    Attributes:
        client_name: The name of the class in httpx whose instances `http_client` may be.
        owner: The class of ours that it serves.
    """

    client_name: ClassVar[str]
    owner: ClassVar[str]

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._opening = threading.Lock()
        self._client: Client | None = None
        self._closed = False
        #: Values that no error may contain, beside a request's secrets; set when a client opens.
        self.secrets: tuple[Secret, ...] = ()

    async def send(
        self,
        request: Request,
        *,
        timeout: float | Timeouts,
        expires: float | None,
        on_send: OnSend | None = None,
        on_wait: OnSend | None = None,
    ) -> Response:
        """
        Send *request* once and read the whole response.
        """
        handled = sys.exception()
        started = self.now()
        exchange = Exchange(
            request=request, timeout=timeout, expires=expires, on_send=on_send, on_wait=on_wait
        )
        receiver = exchange.receiver
        failure: Failure | None = None
        own: BaseException | None = None
        try:
            await self._exchange(exchange)
        except HeyMiloError:
            raise
        except Exception as error:
            verdict = translate(
                error,
                handled,
                secrets=request.secrets + self.secrets,
                phase=receiver.phase,
                is_ours=self._settings.http_client is None,
            )
            if verdict is error:
                raise
            failure, own = (verdict, None) if isinstance(verdict, Failure) else (None, verdict)
            del verdict
        except BaseException as interruption:
            # The frames below this one hold the request's headers, with the key.
            interruption.__context__ = None
            raise interruption.with_traceback(None)  # noqa: B904 - it is the one that came
        if own is not None:
            try:
                # Raise it as the caller's code did, without the library's exception around it.
                own.__context__ = None
                raise own
            finally:
                del own
        if receiver.is_ambiguous:
            await self.aclose(gracefully=True)
        now = self.now()
        late = exchange.was_cancelled or (expires is not None and now >= expires)
        # The status of an error is enough, even if the rest of its body is missing.
        if not self._closed and (receiver.is_error or (failure is None and not late)):
            return receiver.response(now - started)
        raise error_of(
            exchange,
            failure,
            self._settings,
            closed=self._closed,
            late=late,
            elapsed=now - started,
        )

    async def _exchange(self, exchange: Exchange) -> None:
        """
        Send the request of *exchange*, and pass the response to its receiver.
        """
        client = self._client or self._opened()
        # Only this frame refers to the lease, so the lease ends with the frame in any case.
        lease = ConnectionLease(exchange)
        reference = weakref.ref(lease)
        hidden = _logged_secrets.set(exchange.request.secrets + self.secrets)
        try:
            exchange.receiver.phase = "connect"
            await self._transfer(
                client, exchange, {LEASE: reference, **self._trace(client, exchange)}
            )
        finally:
            _logged_secrets.reset(hidden)
            if client.pool is not None:
                # The lease still has a connection if httpx failed before it returned the response:
                # it logs first, and a log handler may raise any exception.
                await client.pool.give_back(reference)
            # The traceback of an exception that passes keeps this frame.
            del lease

    def _trace(self, client: Client, exchange: Exchange) -> dict[str, Trace]:
        """
        Return httpcore's `trace` extension, if anything needs to know the phases.
        """
        pool, on_send = client.pool, exchange.on_send
        is_traced = exchange.expires is not None or on_send is not None
        # Only the phases tell whether the request had been sent when a proxy failed.
        if not is_traced and pool is not None and not pool.has_proxies:
            return {}
        return {"trace": self._traced(exchange.receiver.trace, on_send)}

    def _opened(self) -> Client:
        with self._opening:
            if self._closed:
                message = "the client was closed meanwhile"
                raise ClientClosedError(message)
            client = self._client
            if client is None:
                users = self._settings.http_client
                client = self._open() if users is None else Client.of_user(users, self.check(users))
                self._client, self.secrets = client, client.secrets
            return client

    async def aclose(self, *, gracefully: bool = False) -> None:
        """
        Close all connections; requests in progress fail at once.

        With *gracefully*, they finish first, and the next request opens new connections.
        """
        with self._opening:
            self._closed = self._closed or not gracefully
            client, self._client = self._client, None
        if client is None or client.pool is None:
            return
        if gracefully:
            # Requests in progress finish, even those that wait for a connection, and close it.
            await client.pool.retire()
        else:
            with contextlib.suppress(Exception):
                await client.pool.retire(close=True)

    @classmethod
    def check(cls, client: Any) -> ModuleType:
        """
        Return the module of *client*, httpx or its successor, if it fits this transport.

        Raises:
            TypeError: It does not fit.
        """
        for kind in type(client).__mro__:
            root = kind.__module__.partition(".")[0]
            if kind.__name__ == cls.client_name and root in _KNOWN_MODULES:
                return sys.modules[root]
        raise wrong_type(f"http_client of {cls.owner}", f"an httpx.{cls.client_name}", client)

    @abstractmethod
    def _open(self) -> Client:
        """
        Open a client of our own.
        """

    # How to call the HTTP library, whose methods return results, or awaitables of them.

    @abstractmethod
    async def _transfer(
        self, client: Client, exchange: Exchange, extensions: dict[str, Any]
    ) -> None:
        """
        Send the request, read the response, and close it.
        """

    @staticmethod
    @abstractmethod
    def _traced(on_event: Callable[[str, Any], None], on_send: OnSend | None) -> Trace:
        """
        Return httpcore's `trace`: it passes each event to *on_event*, and awaits *on_send* before
        the request is sent.
        """
