"""
BlockingTransport: waiting and sending in the calling thread, with no event loop anywhere.
"""

from __future__ import annotations

import contextvars
import math
import os
import queue
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar, Generic, TypeVar, cast

from .._core.blocking import run_now
from .._core.settings import PoolSettings, clipped
from .._core.transport import Prefetched, TooLateError, monotonic
from .body import SENDING
from .transport import Client, Exchange, HTTPTransport, OnSend, Trace, start_thread

#: The maximum number of threads for functions that continue after their caller has left.
_THREADS = 4

A = TypeVar("A")
B = TypeVar("B")

#: In threads that `map` and `prefetch` start: the event that tells them to stop.
_stop: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar(
    "heymilo_stop", default=None
)


class _Stopped(BaseException):
    """
    Ends a worker thread whose result is no longer needed; it never leaves this module.
    """


class BlockingTransport(HTTPTransport):
    """
    The transport of `HeyMilo` in one process. Its coroutines never suspend.
    """

    client_name: ClassVar[str] = "Client"
    owner: ClassVar[str] = "HeyMilo"

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(settings)
        #: For functions that continue after their caller has left; each counts until it ends.
        self._detached = _new_semaphore(_THREADS)

    @staticmethod
    def loop_key() -> Any:
        """
        Return the same key always, because there is no event loop.
        """
        return BlockingTransport

    def now(self) -> float:
        """
        Return the time of the monotonic clock.
        """
        return monotonic()

    async def sleep(self, seconds: float) -> None:
        """
        Wait for *seconds*; in a worker thread, only until it is told to stop.
        """
        stop = _stop.get()
        if stop is None:
            time.sleep(seconds)  # noqa: ASYNC251 - nothing else could run
        elif stop.wait(seconds):
            raise _Stopped

    def _open(self) -> Client:
        # Imported with the first client, as httpx does, because httpcore imports trio if it is
        # installed, and that takes longer than all the rest.
        from .clients import open_blocking  # noqa: PLC0415 - see above

        return open_blocking(self._settings)

    @staticmethod
    def _traced(on_event: Callable[[str, Any], None], on_send: OnSend | None) -> Trace:
        def trace(event: str, info: Any) -> None:
            on_event(event, info)
            if on_send is not None and event.endswith(SENDING):
                run_now(on_send())

        return trace

    async def _transfer(
        self, client: Client, exchange: Exchange, extensions: dict[str, Any]
    ) -> None:
        stop = _stop.get()
        if stop is not None and stop.is_set():
            raise _Stopped
        timeout, expires, receiver = exchange.timeout, exchange.expires, exchange.receiver
        if exchange.on_send is not None:
            await exchange.on_send()
        if expires is not None:
            timeout = clipped(timeout, expires - self.now())
        response = client.send(exchange.request, timeout, extensions)
        try:
            if not receiver.take_head(response):
                return
            # If a hook of the user's has closed the response, `iter_raw` raises the right error.
            for piece in response.iter_raw() if response.is_closed else response.stream:
                if not receiver.feed(piece):
                    return
                # Our own sockets observe the deadline; those of the user's client do not.
                if expires is not None and self.now() >= expires:
                    return
            receiver.is_complete = True
        finally:
            if receiver.is_ambiguous:
                client.shut_down(response)
            response.close()

    async def map(
        self, function: Callable[[A], Coroutine[Any, Any, B]], items: Sequence[A], limit: int
    ) -> list[B]:
        """
        Call *function* with each of *items* in *limit* threads; return the results in order.
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
                results[index] = run_now(function(cast("A", item)))

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
            # After an error or Ctrl-C, requests in flight may end, but no retry starts.
            stop.set()
        return [results[index] for index in range(len(items))]

    def prefetch(self, fetch: Callable[[], Coroutine[Any, Any, B]], count: int) -> Prefetched[B]:
        """
        Return a prefetcher that calls *fetch* repeatedly, up to *count* results ahead.
        """
        return _BlockingAhead(fetch, count)

    async def run_in_thread(self, function: Callable[[], B], within: float | None = None) -> B:
        """
        Return the result of *function*, which runs in this thread, or with *within* in another.
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
                self._detached.put(None)

        try:
            self._detached.get(timeout=max(within, 0.0))
        except queue.Empty:
            raise TooLateError from None
        # Not a daemon, because it may have to release a permit.
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


def _new_semaphore(count: int) -> queue.SimpleQueue[None]:
    """
    Return a semaphore: `get` acquires it, `put` releases it.

    (It is written in C. Ctrl-C within one of `threading`'s could leave its lock locked for ever.)
    """
    tokens: queue.SimpleQueue[None] = queue.SimpleQueue()
    for _ in range(count):
        tokens.put(None)
    return tokens


def _start(
    work: Callable[[], None],
    stop: threading.Event,
    ended: Callable[[BaseException | None], None],
    *,
    daemon: bool = True,
) -> bool:
    """
    Run *work* in a thread until *stop* is set, and pass *ended* the exception that it raised. Return
    False if the system allows no more threads: callers then do without concurrency.

    The thread is a daemon, so that the interpreter need not wait for a request in flight.
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
    # A system or a container limits threads, and so does an interpreter that is about to end.
    return start_thread(thread)


class _BlockingAhead(Generic[B]):
    """
    A prefetcher with a thread, and a semaphore that limits how far ahead the thread gets.
    """

    def __init__(self, fetch: Callable[[], Coroutine[Any, Any, B]], count: int) -> None:
        self._fetch = fetch
        self._stop = threading.Event()
        self._process = os.getpid()
        self._has_thread = self._has_failed = False
        self._room = _new_semaphore(count)
        #: After an error, the thread waits for this before it fetches the same again.
        self._again = _new_semaphore(0)
        self._results: queue.SimpleQueue[tuple[B, None] | tuple[None, BaseException]] = (
            queue.SimpleQueue()
        )

    async def __aenter__(self) -> _BlockingAhead[B]:
        self._has_thread = _start(self._work, self._stop, self._ended)
        return self

    async def __aexit__(self, *_: object) -> None:
        # Do not wait for the thread, which ends after its current request.
        try:
            self._stop.set()
        finally:
            self._room.put(None)
            self._again.put(None)

    async def next(self) -> B:
        if not self._has_thread:
            return await self._fetch()
        if os.getpid() != self._process:
            message = "this prefetch belongs to the parent process: start another one after a fork"
            raise RuntimeError(message)
        if self._has_failed:
            self._again.put(None)
            self._has_failed = False
        result, error = self._results.get()
        if isinstance(error, StopAsyncIteration):
            self._ended(None)
        if error is not None:
            self._has_failed = True
            raise error
        self._room.put(None)
        return cast("B", result)

    def _ended(self, failure: BaseException | None) -> None:
        self._results.put((None, failure or StopAsyncIteration()))

    def _work(self) -> None:
        while True:
            self._room.get()
            # To end after an error would make the list look complete.
            while not self._stop.is_set() and self._has_put_error():
                self._again.get()
            if self._stop.is_set():
                return

    def _has_put_error(self) -> bool:
        """
        Fetch a result; return whether that was an error.
        """
        try:
            self._results.put((run_now(self._fetch()), None))
        except (StopAsyncIteration, _Stopped):
            raise
        except BaseException as error:
            self._results.put((None, error))
            return True
        return False
