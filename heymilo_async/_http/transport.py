"""
What both transports share: sending one request over a client of httpx, and reading the response.
"""

from __future__ import annotations

import errno
import logging
import sys
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .._core.arguments import wrong_type
from .._core.messages import Request, Response
from .._core.secrets import Secret, scrub
from .._core.settings import PoolSettings, Timeouts, timeouts
from .._core.transport import monotonic
from ..errors import ClientClosedError, HeyMiloError
from .body import SENDING, Receiver
from .compat import LOGGERS
from .errors import Failure, error_of, judge, proxy_to, server_of

if TYPE_CHECKING:
    from .pool import Pool

#: Which modules a client may come from.
_KNOWN_MODULES = ("httpx", "httpx2")

OnSend = Callable[[], Awaitable[None]]
#: What httpcore calls with the name of an event, or awaits.
Trace = Callable[[str, Any], Any]
#: Makes the library's own request of ours, given the timeout and the extensions.
RequestMaker = Callable[[Request, float | Timeouts, dict[str, Any]], Any]

#: The secrets of the request in progress, which a server may repeat, and httpx and httpcore then log.
_logged_secrets: ContextVar[tuple[Secret, ...]] = ContextVar("heymilo_secrets", default=())


class _WithoutSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """
        Let every record pass, but not as it is if it was made for a request with secrets.
        """
        secrets = _logged_secrets.get()
        if secrets:
            record.msg, record.args = scrub(record.getMessage(), secrets), ()
        return True


_filter = _WithoutSecrets()
for _name in LOGGERS:
    logging.getLogger(_name).addFilter(_filter)

#: Seconds that cleaning up may take when the caller has been cancelled.
CLEAN_UP = 1.0


class TimeoutException(Exception):  # noqa: N818 - named as httpx and httpcore name theirs
    """
    A timeout, named as httpx and httpcore name theirs.
    """


class PoolTimeout(TimeoutException):
    """
    No connection became free in time.
    """


class ConnectError(Exception):
    """
    No connection could be made; named as httpx and httpcore name theirs.
    """


#: Its text, where a process has as many files and sockets open as it may have.
NO_DESCRIPTOR = "no file descriptor is left: close files or sockets, or raise the limit (ulimit -n)"


def is_out_of_descriptors(error: Exception) -> bool:
    """
    Return whether *error* says that the process, or the machine, has no file descriptor left.
    """
    return isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}


class HTTPResponse(Protocol):
    """
    What an `HTTPClient` gives back.
    """

    @property
    def status_code(self) -> int: ...

    def close(self) -> None: ...


class AsyncHTTPResponse(Protocol):
    """
    What an `AsyncHTTPClient` gives back.
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
    Return the headers of *request* as they are sent. Only here a secret is more than asterisks.
    """
    return [
        (name, value if isinstance(value, str) else value.reveal())
        for name, value in request.headers
    ]


class ConnectionLease:
    """
    Keeps a connection checked out while it is referenced.

    Attributes:
        on_wait: Is awaited if the request had to wait for the connection.
    """

    __slots__ = ("__weakref__", "on_wait")

    def __init__(self, on_wait: OnSend | None = None) -> None:
        self.on_wait = on_wait


#: The extension of a request that refers, weakly, to its `ConnectionLease`.
LEASE = "heymilo.lease"


class Deadline(threading.local):
    """
    When the blocking call of this thread has to be over, on the monotonic clock; None if never.
    """

    expires: float | None = None

    def clip(self, timeout: float | None, too_late: type[Exception]) -> float | None:
        """
        Return *timeout*, or what is left of the call if that is less.
        """
        if self.expires is None:
            return timeout
        left = self.expires - monotonic()
        if left <= 0:
            message = "the call's deadline passed"
            raise too_late(message)
        return left if timeout is None else min(timeout, left)


class Client:
    """
    A client of the HTTP library, our own or the user's, and what it is given with each request.

    It counts the requests in progress, so that replacing it cuts none of them short.

    Attributes:
        native: The library's own.
        pool: Of our own client, which is ours to close; None of the user's.
        secrets: What no error may repeat, beside a request's own.
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
        #: Given in place of the client's own.
        self._auth = auth
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False

    @classmethod
    def of_user(cls, client: Any, module: ModuleType) -> Client:
        """
        Return the user's *client*, which is from *module*.
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
        Send *request*; return the response, or what is awaited for it, its body still to be read.
        """
        return self.native.send(
            self._request(request, timeout, extensions),
            stream=True,
            auth=self._auth,
            follow_redirects=False,
        )

    def take(self) -> bool:
        """
        Count one request more; return False if the client has been retired.
        """
        with self._lock:
            self._users += not self._retired
            return not self._retired

    def give_back(self) -> bool:
        """
        Count one request less; return whether it is now for the caller to close the client.
        """
        with self._lock:
            self._users -= 1
            return self.pool is not None and self._retired and self._users == 0

    def retire(self) -> bool:
        """
        Take no more requests; return whether it is for the caller to close the client.
        """
        with self._lock:
            already, self._retired = self._retired, True
            return self.pool is not None and not already and self._users == 0


class HTTPTransport(ABC):
    """
    A transport without its way to wait: over a blocking client its coroutines never suspend.

    Attributes:
        client_name: What httpx calls the clients that it takes.
        owner: The class of ours that it serves.
    """

    client_name: ClassVar[str]
    owner: ClassVar[str]

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._opening = threading.Lock()
        self._client: Client | None = None
        self._closed = False
        #: What no error may repeat, beside a request's own secrets; known once a client is open.
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
        receiver = Receiver()
        failure: Failure | None = None
        own: BaseException | None = None
        was_cancelled = False
        try:
            was_cancelled = await self._exchange(
                request, timeout, expires, receiver, on_send=on_send, on_wait=on_wait
            )
        except HeyMiloError:
            raise
        except Exception as error:
            verdict = judge(
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
            # The frames below hold the request's headers, and the key is one of them.
            interruption.__context__ = None
            raise interruption.with_traceback(None)  # noqa: B904 - it is the one that came
        if own is not None:
            try:
                # As it was raised, and not as the library's exception that it became.
                own.__context__ = None
                raise own
            finally:
                del own
        if receiver.ambiguous:
            await self.aclose(gracefully=True)
        now = self.now()
        late = was_cancelled or (expires is not None and now >= expires)
        # An error's status is worth more than the rest of its body.
        if not self._closed and (receiver.is_error or (failure is None and not late)):
            return receiver.answer(now - started)
        raise error_of(
            request,
            receiver.phase,
            failure,
            closed=self._closed,
            late=late,
            timeout=timeout,
            elapsed=now - started,
            route_to=self._route_to,
        )

    async def _exchange(
        self,
        request: Request,
        timeout: float | Timeouts,
        expires: float | None,
        receiver: Receiver,
        *,
        on_send: OnSend | None,
        on_wait: OnSend | None,
    ) -> bool:
        """
        Have *receiver* take in the response; return whether that was cancelled.
        """
        client = self._leased()
        # In this frame and nowhere else: when it ends, however it does, so does the lease.
        lease = ConnectionLease(on_wait)
        reference = weakref.ref(lease)
        hidden = _logged_secrets.set(request.secrets + self.secrets)
        try:
            receiver.phase = "connect"
            extensions = {LEASE: reference, **self._trace(expires, receiver, on_send)}
            if on_send is not None:
                await on_send()
            left = self._timeout_within(expires, timeout)
            response = await self._result(client.send(request, left, extensions))
            try:
                if response.is_stream_consumed:
                    # By a hook of the user's, or it is a mock's that never had a stream.
                    receiver.begin(response.status_code, response.headers.raw)
                    receiver.unpacked(response.content)
                elif receiver.begin(response.status_code, response.headers.raw):
                    await self._read(response, receiver)
            finally:
                await self._close_response(response)
        finally:
            _logged_secrets.reset(hidden)
            if client.pool is not None:
                # If it still has a connection, that is of a response that nobody got: httpx logs
                # before it returns one, and a log handler may raise anything.
                await client.pool.give_back(reference)
            # A traceback of somebody else's exception keeps the frame.
            del lease
            if client.give_back():
                await self._close(client)
        return False

    def _trace(
        self, expires: float | None, receiver: Receiver, on_send: OnSend | None
    ) -> dict[str, Trace]:
        """
        Return the extension by which httpcore says how far a request got, if anybody asks.
        """
        is_users = self._settings.http_client is not None
        if expires is None and on_send is None and not is_users:
            return {}
        take_in = receiver.trace_redirects if is_users else receiver.trace

        async def trace(event: str, info: Any) -> None:
            take_in(event, info)
            if on_send is not None and event.endswith(SENDING):
                await on_send()

        return {"trace": self._traced(trace)}

    def _leased(self) -> Client:
        client = self._client
        if client is not None and client.take():
            return client
        with self._opening:
            if self._closed:
                message = "the client was closed meanwhile"
                raise ClientClosedError(message)
            client = self._client
            if client is None or not client.take():
                users = self._settings.http_client
                client = self._open() if users is None else Client.of_user(users, self.check(users))
                client.take()
                self._client, self.secrets = client, client.secrets
            return client

    async def aclose(self, *, gracefully: bool = False) -> None:
        """
        Close every connection; requests in progress end at once, with an error.

        *gracefully*: they finish first, and the next request opens new connections.
        """
        with self._opening:
            self._closed = self._closed or not gracefully
            client, self._client = self._client, None
        if client is None:
            return
        if client.retire() or not (gracefully or client.pool is None):
            await self._close(client)
        elif client.pool is not None:
            # Requests that wait for a connection have leased the client already.
            await client.pool.retire()

    def _route_to(self, base_url: str) -> tuple[str, str | None]:
        """
        Return in words the server of *base_url*, and the proxy before it.
        """
        return server_of(base_url), proxy_to(base_url, self._settings)

    @abstractmethod
    def now(self) -> float:
        """
        Return the seconds on the clock that deadlines go by.
        """

    @classmethod
    def check(cls, client: Any) -> ModuleType:
        """
        Return the module, httpx or its successor, that an `http_client` for this transport is from.

        Raises:
            TypeError: It does not fit this transport.
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

    def _timeout_within(self, expires: float | None, timeout: float | Timeouts) -> float | Timeouts:
        """
        Return the timeout of what is about to be sent.
        """
        del expires
        return timeout

    # How to call the HTTP library: what its methods return is awaited, or it is the result.

    @staticmethod
    @abstractmethod
    async def _result(sent: Any) -> Any: ...

    @staticmethod
    @abstractmethod
    def _traced(trace: Callable[[str, Any], Awaitable[None]]) -> Trace: ...

    @abstractmethod
    async def _read(self, response: Any, receiver: Receiver) -> None: ...

    @staticmethod
    @abstractmethod
    async def _close_response(response: Any) -> None: ...

    @staticmethod
    @abstractmethod
    async def _close(client: Client) -> None: ...
