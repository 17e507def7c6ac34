"""
What both transports share: sending one request over a client of httpx, and reading the response.
"""

from __future__ import annotations

import sys
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import attrs

from .._core.arguments import wrong_type
from .._core.messages import Request, Response
from .._core.secrets import Secret
from .._core.settings import PoolSettings, Timeouts
from ..errors import ClientClosedError, HeyMiloError
from .body import SENDING, Receiver
from .errors import Failure, conclude, judge
from .logs import no_secrets_logged
from .places import proxy_to, server_of
from .protocols import LEASE, ConnectionLease, revealed_headers, timeouts
from .proxies import proxy_secrets

if TYPE_CHECKING:
    from .pool import Pool

#: Which modules a client may come from.
_KNOWN_MODULES = ("httpx", "httpx2")

OnSend = Callable[[], Awaitable[None]]
#: What httpcore calls with the name of an event, or awaits.
Trace = Callable[[str, Any], Any]
#: Makes the library's own request of ours, given the timeout and the extensions.
RequestMaker = Callable[[Request, float | Timeouts, dict[str, Any]], Any]


@attrs.frozen(eq=False)
class Client:
    """
    A client of the HTTP library, our own or the user's, and what it is given with each request.
    """

    native: Any
    request: RequestMaker
    #: Given in place of the client's own.
    auth: Any = None
    #: Of our own client.
    pool: Pool | None = None

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
            self.request(request, timeout, extensions),
            stream=True,
            auth=self.auth,
            follow_redirects=False,
        )


class ClientLease:
    """
    Counts the requests on a client, so that replacing it cuts none of them short.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False

    @property
    def owned(self) -> bool:
        """
        Whether the client is our own, and ours to close.
        """
        return self.client.pool is not None

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
            return self.owned and self._retired and self._users == 0

    def retire(self) -> bool:
        """
        Take no more requests; return whether it is for the caller to close the client.
        """
        with self._lock:
            already, self._retired = self._retired, True
            return self.owned and not already and self._users == 0


class HTTPTransport(ABC):
    """
    A transport without its way to wait: over a blocking client its coroutines never suspend.
    """

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._opening = threading.Lock()
        self._lease: ClientLease | None = None
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
            was_cancelled = await self._exchange(request, timeout, expires, receiver, on_send)
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
        return conclude(
            request,
            receiver,
            failure,
            closed=self._closed,
            late=was_cancelled or (expires is not None and self.now() >= expires),
            timeout=timeout,
            elapsed=self.now() - started,
            route_to=self._route_to,
        )

    async def _exchange(
        self,
        request: Request,
        timeout: float | Timeouts,
        expires: float | None,
        receiver: Receiver,
        on_send: OnSend | None,
    ) -> bool:
        """
        Have *receiver* take in the response; return whether that was cancelled.
        """
        client_lease = await self._leased()
        client = client_lease.client
        # In this frame and nowhere else: when it ends, however it does, so does the lease.
        lease = ConnectionLease()
        try:
            receiver.phase = "connect"
            extensions = {LEASE: weakref.ref(lease), **self._trace(expires, receiver, on_send)}
            if on_send is not None:
                await on_send()
            with no_secrets_logged(request.secrets + self.secrets):
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
            if client.pool is not None:
                await client.pool.abandon(lease)
            # A traceback of somebody else's exception keeps the frame.
            del lease
            if client_lease.give_back():
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

    async def _leased(self) -> ClientLease:
        lease = self._lease
        if lease is not None and lease.take():
            return lease
        with self._opening:
            if self._closed:
                message = "the client was closed meanwhile"
                raise ClientClosedError(message)
            lease = self._lease
            if lease is None or not lease.take():
                users = self._settings.http_client
                if users is None:
                    client = self._open()
                    self.secrets = proxy_secrets(self._settings)
                else:
                    client = Client.of_user(users, self.check(users))
                lease = self._lease = ClientLease(client)
                lease.take()
            return lease

    async def aclose(self, *, gracefully: bool = False) -> None:
        """
        Close every connection; requests in progress end at once, with an error.

        *gracefully*: they finish first, and the next request opens new connections.
        """
        with self._opening:
            self._closed = self._closed or not gracefully
            lease, self._lease = self._lease, None
        if lease is None:
            return
        client = lease.client
        if lease.retire() or (lease.owned and not gracefully):
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

    @staticmethod
    @abstractmethod
    def check(client: Any) -> ModuleType:
        """
        Return the module that an `http_client` for this transport is from.

        Raises:
            TypeError: It does not fit this transport.
        """

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

    @staticmethod
    @abstractmethod
    async def _result(sent: Any) -> Any:
        """
        Return what a method of the HTTP library returned, or what it is awaited for.
        """

    @staticmethod
    @abstractmethod
    def _traced(trace: Callable[[str, Any], Awaitable[None]]) -> Trace:
        """
        Return *trace* as httpcore wants it.
        """

    @abstractmethod
    async def _read(self, response: Any, receiver: Receiver) -> None:
        """
        Feed the body of *response* to *receiver*, as much as it wants.
        """

    @staticmethod
    @abstractmethod
    async def _close_response(response: Any) -> None:
        """
        Close *response*.
        """

    @staticmethod
    @abstractmethod
    async def _close(client: Client) -> None:
        """
        Close *client*, which is our own; nothing more is to be said if that fails.
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
