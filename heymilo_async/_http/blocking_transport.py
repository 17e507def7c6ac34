"""
BlockingTransport: waiting and sending in the calling thread, with no event loop anywhere.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import math
import queue
import sys
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from types import ModuleType
from typing import Any, Generic, TypeVar, cast

from .._core.blocking import run_now
from .._core.clock import monotonic
from .._core.messages import Request, Response
from .._core.secrets import Secret
from .._core.settings import PoolSettings
from .._core.transport import Prefetched, TooLateError
from ..errors import ClientClosedError, HeyMiloError
from .body import SENDING, Receiver
from .connections import HOLD, Hold
from .deadline import Deadline
from .errors import Failure, conclude, judge
from .lease import Lease
from .logs import no_secrets_logged
from .protocols import Received
from .senders import Sender, module_of, request_of
from .setup import proxy_secrets

#: Threads at a time for what goes on though nobody waits.
_THREADS = 4

A = TypeVar("A")
B = TypeVar("B")

#: Set in the threads that `map` and `ahead` start: what tells them to stop.
_stop: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar(
    "heymilo_stop", default=None
)


class _Stopped(BaseException):
    """
    Ends a worker thread that nobody waits for any more; it never leaves this module.
    """


class BlockingTransport:
    """
    The transport of `HeyMilo`, for one process. Its coroutines never suspend.
    """

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._deadline = Deadline()
        self._opening = threading.Lock()
        #: Of what goes on though nobody waits: a place is free when the thread has ended.
        self._detached = threading.Semaphore(_THREADS)
        self._lease: Lease | None = None
        self._closed = False
        #: What no error may repeat, beside a request's own secrets; known once a client is open.
        self.secrets: tuple[Secret, ...] = ()

    @staticmethod
    def loop_key() -> Any:
        """
        Return what tells this event loop from others: there is none.
        """
        return BlockingTransport

    @staticmethod
    def check(client: Any) -> ModuleType:
        """
        Return the module that an `http_client` for this transport is from; refuse what is none.
        """
        return module_of(client, "Client", "HeyMilo")

    def now(self) -> float:
        """
        Return the monotonic clock.
        """
        return monotonic()

    async def sleep(self, seconds: float) -> None:
        """
        Wait; a worker thread wakes up when it is told to stop.
        """
        stop = _stop.get()
        if stop is None:
            time.sleep(seconds)  # noqa: ASYNC251 - nothing else could run
        elif stop.wait(seconds):
            raise _Stopped

    async def send(
        self,
        request: Request,
        *,
        timeout: float,
        expires: float | None,
        on_send: Callable[[], Awaitable[None]] | None = None,
    ) -> Response:
        """
        Send *request* once and read the whole answer.
        """
        stop = _stop.get()
        if stop is not None and stop.is_set():
            raise _Stopped
        handled = sys.exception()
        started = self.now()
        receiver = Receiver()
        failure: Failure | None = None
        own: BaseException | None = None
        try:
            self._exchange(request, timeout, expires, receiver, on_send)
        except HeyMiloError:
            raise
        except Exception as error:
            secrets, is_ours = request.secrets + self.secrets, self._settings.http_client is None
            verdict = judge(error, handled, secrets=secrets, phase=receiver.phase, is_ours=is_ours)
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
            late=expires is not None and self.now() >= expires,
            timeout=timeout,
            elapsed=self.now() - started,
        )

    def _exchange(
        self,
        request: Request,
        timeout: float,
        expires: float | None,
        receiver: Receiver,
        on_send: Callable[[], Awaitable[None]] | None,
    ) -> None:
        lease = self._leased()
        self._deadline.expires = expires
        # In this frame and nowhere else: when it ends, however it does, so does the loan.
        hold = Hold()
        try:
            extensions: dict[str, Any] = {HOLD: weakref.ref(hold)}
            if self._settings.http_client is not None:
                extensions["trace"] = receiver.trace_yours
            elif expires is not None or on_send is not None:
                extensions["trace"] = receiver.trace
            if on_send is not None:
                run_now(_coroutine(on_send()))
                extensions["trace"] = functools.partial(_trace, extensions["trace"], on_send)
            left = timeout if expires is None else min(timeout, expires - self.now())
            receiver.phase = "connect"
            with no_secrets_logged(request.secrets + self.secrets):
                received = lease.client.send(request, max(left, 0.001), extensions)
                self._receive(received, receiver, expires)
        finally:
            # A traceback of somebody else's exception keeps the frame.
            del hold
            self._deadline.expires = None
            if lease.give_back():
                _close(lease)

    def _receive(self, received: Received, receiver: Receiver, expires: float | None) -> None:
        try:
            wanted = receiver.begin(received.status_code, received.fields)
            if received.content is not None:
                receiver.unpacked(received.content)
            elif wanted:
                self._read(received, receiver, expires)
        finally:
            received.close()

    def _read(self, received: Received, receiver: Receiver, expires: float | None) -> None:
        for piece in received.pieces:
            if not receiver.feed(piece):
                return
            # Our own sockets end by themselves; those of an http_client of yours do not.
            if expires is not None and self.now() >= expires:
                return

    def _leased(self) -> Lease:
        lease = self._lease
        if lease is not None and lease.take():
            return lease
        with self._opening:
            if self._closed:
                message = "this HeyMilo was closed meanwhile"
                raise ClientClosedError(message)
            if self._lease is None or not self._lease.take():
                yours = self._settings.http_client
                if yours is None:
                    # As in httpx, httpcore comes with the first client: it brings trio along, if
                    # there is one, which takes longer than all the rest.
                    from .clients import open_blocking  # noqa: PLC0415 - see above

                    own = open_blocking(self._settings, self._deadline)
                    self.secrets = proxy_secrets(self._settings)
                    self._lease = Lease(own, owned=True)
                else:
                    sender = Sender(yours, request_of(self.check(yours)))
                    self._lease = Lease(sender, owned=False)
                self._lease.take()
            return self._lease

    async def map(
        self, function: Callable[[A], Awaitable[B]], items: Sequence[A], limit: int
    ) -> list[B]:
        """
        Return *function* of each of *items*, in order, with *limit* threads.
        """
        results: dict[int, B] = {}
        waiting = iter(enumerate(items))
        taking = threading.Lock()
        done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                with taking:
                    index, item = next(waiting, (-1, None))
                if index < 0:
                    return
                results[index] = run_now(_coroutine(function(cast("A", item))))

        started = 0
        try:
            for _ in range(min(limit, len(items))):
                if not _start(work, stop, done.put):
                    break
                started += 1
            if not started:
                work()
            for _ in range(started):
                failure = done.get()
                if failure is not None:
                    raise failure
        finally:
            # An error, or Ctrl-C: requests in flight may end, no retry starts.
            stop.set()
        return [results[index] for index in range(len(items))]

    def prefetch(self, fetch: Callable[[], Awaitable[B]], count: int) -> Prefetched[B]:
        """
        Return what calls *fetch* again and again, *count* results ahead of who takes them.
        """
        return _BlockingAhead(fetch, count)

    async def run_in_thread(self, function: Callable[[], B], within: float | None = None) -> B:
        """
        Return what *function* does: here and now, unless it may go on without its caller.
        """
        if within is None or within == math.inf:
            return function()
        until = self.now() + within
        results: list[B] = []
        ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

        def run() -> None:
            try:
                results.append(function())
            finally:
                self._detached.release()

        if not self._detached.acquire(timeout=within):
            raise TooLateError
        # No daemon, for there may be a permit to give back.
        if not _start(run, threading.Event(), ended.put, daemon=False):
            run()
            return results[0]
        try:
            failure = ended.get(timeout=max(until - self.now(), 0.0))
        except queue.Empty:
            raise TooLateError from None
        if failure is not None:
            raise failure
        return results[0]

    async def aclose(self, *, gracefully: bool = False) -> None:
        """
        Close every connection; requests under way in other threads end at once, with an error.

        *gracefully*: they end first, and the next one opens new connections.
        """
        with self._opening:
            self._closed = self._closed or not gracefully
            lease, self._lease = self._lease, None
        if lease is None:
            return
        if lease.retire() or not gracefully:
            _close(lease)
        elif lease.owned:
            # Who waits for a connection has the lease already.
            lease.client.retire()


def _trace(
    take_in: Callable[[str, Any], None],
    on_send: Callable[[], Awaitable[None]],
    event: str,
    info: Any,
) -> None:
    take_in(event, info)
    if event.endswith(SENDING):
        run_now(_coroutine(on_send()))


def _close(lease: Lease) -> None:
    if lease.owned:
        with contextlib.suppress(Exception):
            lease.client.close()


def _coroutine(awaitable: Awaitable[B]) -> Coroutine[Any, Any, B]:
    async def wait() -> B:
        return await awaitable

    return wait()


def _start(
    work: Callable[[], None],
    stop: threading.Event,
    ended: Callable[[BaseException | None], None],
    *,
    daemon: bool = True,
) -> bool:
    """
    Run *work* in a thread that *stop* ends, and tell *ended* what it raised. Return False if no
    further thread can be started: concurrency is a wish, not a condition.

    A daemon: concurrent.futures would make the interpreter wait for a request in flight.
    """

    def run() -> None:
        _stop.set(stop)
        failure: BaseException | None = None
        try:
            work()
        except _Stopped:
            pass
        except BaseException as error:
            failure = error
        ended(failure)

    context = contextvars.copy_context()
    name = "heymilo" if daemon else "heymilo-detached"
    thread = threading.Thread(target=context.run, args=(run,), name=name, daemon=daemon)
    try:
        thread.start()
    except RuntimeError:
        # A limit of the system or of a container, or an interpreter that is about to end.
        return False
    return True


class _BlockingAhead(Generic[B]):
    """
    A thread that fetches, and a queue that lets it get so far ahead and no further.
    """

    def __init__(self, fetch: Callable[[], Awaitable[B]], count: int) -> None:
        self._fetch = fetch
        self._stop = threading.Event()
        self._has_thread = False
        self._room = threading.Semaphore(count)
        self._results: queue.SimpleQueue[tuple[B, None] | tuple[None, BaseException]] = (
            queue.SimpleQueue()
        )

    async def __aenter__(self) -> _BlockingAhead[B]:
        self._has_thread = _start(self._work, self._stop, self._ended)
        return self

    async def __aexit__(self, *_: object) -> None:
        # It does not wait: the thread ends after the request it is in.
        self._stop.set()
        self._room.release()

    async def next(self) -> B:
        if not self._has_thread:
            return await self._fetch()
        result, error = self._results.get()
        if error is not None:
            self._ended(None)
            raise error
        self._room.release()
        return cast("B", result)

    def _ended(self, failure: BaseException | None) -> None:
        self._results.put((None, failure or StopAsyncIteration()))

    def _work(self) -> None:
        while True:
            self._room.acquire()
            if self._stop.is_set():
                return
            self._results.put((run_now(_coroutine(self._fetch())), None))
