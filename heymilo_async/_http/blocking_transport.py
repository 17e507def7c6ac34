"""
BlockingTransport: waiting and sending in the calling thread, with no event loop anywhere.
"""

from __future__ import annotations

import contextlib
import contextvars
import math
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, ClassVar, Generic, TypeVar, cast

from .._core.blocking import run_now
from .._core.messages import Request
from .._core.settings import PoolSettings, Timeouts, clipped
from .._core.transport import Prefetched, TooLateError, monotonic
from .body import Receiver
from .transport import Client, Deadline, HTTPTransport, OnSend, Trace

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


class BlockingTransport(HTTPTransport):
    """
    The transport of `HeyMilo`, for one process. Its coroutines never suspend.
    """

    client_name: ClassVar[str] = "Client"
    owner: ClassVar[str] = "HeyMilo"

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(settings)
        self._deadline = Deadline()
        #: Of what goes on though nobody waits: a place is free when the thread has ended.
        self._detached = threading.Semaphore(_THREADS)

    @staticmethod
    def loop_key() -> Any:
        """
        Return what tells this event loop from others: there is none.
        """
        return BlockingTransport

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
        stop = _stop.get()
        if stop is not None and stop.is_set():
            raise _Stopped
        self._deadline.expires = expires
        try:
            return await super()._exchange(
                request, timeout, expires, receiver, on_send=on_send, on_wait=on_wait
            )
        finally:
            self._deadline.expires = None

    def _timeout_within(self, expires: float | None, timeout: float | Timeouts) -> float | Timeouts:
        return timeout if expires is None else clipped(timeout, expires - self.now())

    def _open(self) -> Client:
        # As in httpx, httpcore comes with the first client: it brings trio along, if there is one,
        # which takes longer than all the rest.
        from .clients import open_blocking  # noqa: PLC0415 - see above

        return open_blocking(self._settings, self._deadline)

    @staticmethod
    async def _result(sent: Any) -> Any:
        return sent

    @staticmethod
    def _traced(trace: Callable[[str, Any], Awaitable[None]]) -> Trace:
        return lambda event, info: run_now(_coroutine(trace(event, info)))

    async def _read(self, response: Any, receiver: Receiver) -> None:
        expires = self._deadline.expires
        # What a hook of the user's has closed says so, if it is asked the first way.
        for piece in response.iter_raw() if response.is_closed else response.stream:
            if not receiver.feed(piece):
                return
            # Our own sockets end by themselves; those of the user's http_client do not.
            if expires is not None and self.now() >= expires:
                return

    @staticmethod
    async def _close_response(response: Any) -> None:
        response.close()

    @staticmethod
    async def _close(client: Client) -> None:
        with contextlib.suppress(Exception):
            client.native.close()

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
