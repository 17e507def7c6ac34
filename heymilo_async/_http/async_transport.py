"""
AsyncTransport: waiting and sending with anyio, on asyncio and trio.
"""

from __future__ import annotations

import contextlib
import math
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, ClassVar, Generic, TypeVar, cast

import anyio
import anyio.lowlevel
import anyio.to_thread

from .._core.settings import PoolSettings, timeouts
from .._core.transport import Prefetched, TooLateError
from ..errors import APIConnectionError
from .body import SENDING, Receiver
from .transport import (
    CLEAN_UP,
    NO_DESCRIPTOR,
    Client,
    Exchange,
    HTTPTransport,
    OnSend,
    PoolTimeout,
    Trace,
    is_out_of_descriptors,
    start_thread,
)

A = TypeVar("A")
B = TypeVar("B")

#: The maximum number of threads for functions that block for a moment.
_THREADS = 4

#: The maximum number of pieces that a buffer still holds after a response was closed early.
_LEFT_OVER = 100_000

#: For each event loop: an async generator, which the loop closes at its end, and the transports that
#: the generator then closes.
_guards: weakref.WeakKeyDictionary[
    Any, tuple[AsyncGenerator[None], weakref.WeakSet[AsyncTransport]]
] = weakref.WeakKeyDictionary()


class AsyncTransport(HTTPTransport):
    """
    The transport of `AsyncHeyMilo` in one event loop.
    """

    client_name: ClassVar[str] = "AsyncClient"
    owner: ClassVar[str] = "AsyncHeyMilo"

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(settings)
        self._clock = _clock_of(self.loop_key())
        # httpcore 1.0.9 loses a connection of its pool whenever a call that waits for one is
        # cancelled: https://github.com/encode/httpcore/issues/1093. So calls wait here instead.
        self._places = anyio.CapacityLimiter(settings.max_connections)
        # A limiter of our own, because other code may hold anyio's default threads for long.
        self._threads = anyio.CapacityLimiter(_THREADS)
        #: For functions that continue after their caller has left; each counts until it ends.
        self._detached = anyio.CapacityLimiter(_THREADS)
        self._scopes: set[anyio.CancelScope] = set()

    @staticmethod
    def loop_key() -> Any:
        """
        Return a key that identifies the running event loop.
        """
        try:
            return anyio.lowlevel.current_token().native_token
        except Exception as error:
            # The name of the exception depends on the version of anyio.
            missing = type(error).__name__
            is_full = is_out_of_descriptors(error)
        if is_full:
            # anyio could not open the files of its backend.
            message = f"could not connect to the server: {NO_DESCRIPTOR}"
            raise APIConnectionError(message, phase="connect", maybe_sent=False)
        message = (
            f"no event loop is running ({missing}): await this under asyncio or trio, "
            "or use HeyMilo, which needs none"
        )
        raise RuntimeError(message)

    def now(self) -> float:
        """
        Return the event loop's time; a test may have replaced its clock.
        """
        return self._clock()

    async def sleep(self, seconds: float) -> None:
        """
        Wait for *seconds*, or until the client is closed.
        """
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                await anyio.sleep(seconds)
            finally:
                self._scopes.discard(scope)

    async def _exchange(self, exchange: Exchange) -> None:
        # This scope has the call's deadline, and closing the client cancels it.
        expires = math.inf if exchange.expires is None else exchange.expires
        with anyio.CancelScope(deadline=expires) as scope:
            self._scopes.add(scope)
            try:
                # First wait, then lease a client, because the client may be replaced during the wait.
                place = object()
                waited = await _take_place(self._places, place, timeouts(exchange.timeout)["pool"])
                try:
                    if waited and exchange.on_wait is not None:
                        await exchange.on_wait()
                    if self._client is None:
                        await _close_with_the_loop(self)
                    await super()._exchange(exchange)
                finally:
                    self._places.release_on_behalf_of(place)
            finally:
                self._scopes.discard(scope)
        exchange.was_cancelled = scope.cancelled_caught

    def _open(self) -> Client:
        # Imported with the first client, as httpx does, because httpcore imports trio if it is
        # installed, and that takes longer than all the rest.
        from .clients import open_async  # noqa: PLC0415 - see above

        return open_async(self._settings)

    @staticmethod
    def _traced(on_event: Callable[[str, Any], None], on_send: OnSend | None) -> Trace:
        async def trace(event: str, info: Any) -> None:
            on_event(event, info)
            if on_send is not None and event.endswith(SENDING):
                await on_send()

        return trace

    async def _transfer(
        self, client: Client, exchange: Exchange, extensions: dict[str, Any]
    ) -> None:
        if exchange.on_send is not None:
            await exchange.on_send()
        response = await client.send(exchange.request, exchange.timeout, extensions)
        try:
            if exchange.receiver.take_head(response):
                await self._read(response, exchange.receiver)
            if exchange.receiver.is_ambiguous:
                client.shut_down(response)
        except BaseException:
            await _close_response(response)
            raise
        if client.pool is None:
            # Closing may take long in a transport of the user's.
            await _close_response(response)
        else:
            # Our own pool needs no network for this; if it is cancelled, it drops the connection.
            await response.aclose()

    @staticmethod
    async def _read(response: Any, receiver: Receiver) -> None:
        left_over = 0
        try:
            # If a hook of the user's has closed the response, `aiter_raw` raises the right error.
            async for piece in response.aiter_raw() if response.is_closed else response.stream:
                if left_over:
                    left_over -= 1
                    if not left_over:
                        break
                elif not receiver.feed(piece):
                    # A `break` would leave nested async generators to the garbage collector, and
                    # trio would report them. Closing the response ends them with an error.
                    await _close_response(response)
                    left_over = _LEFT_OVER
        except Exception:
            if not left_over:
                raise
        receiver.is_complete = not left_over

    async def map(
        self, function: Callable[[A], Coroutine[Any, Any, B]], items: Sequence[A], limit: int
    ) -> list[B]:
        """
        Call *function* with each of *items*, *limit* at a time; return the results in order.
        """
        results: dict[int, B] = {}
        failures: list[BaseException] = []
        waiting = iter(enumerate(items))

        async def work() -> None:
            for index, item in waiting:
                try:
                    results[index] = await function(item)
                except BaseException as error:
                    failures.append(error)
                    group.cancel_scope.cancel()
                    # One that the caller's own code raised would otherwise end the task in silence.
                    if isinstance(error, anyio.get_cancelled_exc_class()):
                        raise
                    return

        try:
            async with anyio.create_task_group() as group:
                for _ in range(min(limit, len(items))):
                    group.start_soon(work)
            # Raise it without an exception group, because the caller did not start these tasks.
            if failures:
                raise failures[0]
        finally:
            failures.clear()
        return [results[index] for index in range(len(items))]

    def prefetch(self, fetch: Callable[[], Coroutine[Any, Any, B]], count: int) -> Prefetched[B]:
        """
        Return a prefetcher that calls *fetch* repeatedly, up to *count* results ahead.
        """
        return _AsyncAhead(fetch, count)

    async def run_in_thread(self, function: Callable[[], B], within: float | None = None) -> B:
        """
        Run *function* in a thread and return its result.

        Without *within*, a cancelled caller waits for the function; with it, the caller does not.
        """
        if within is None:
            done: list[B] = []
            # Shielded, so that the result is not lost.
            with anyio.CancelScope(shield=True):
                done.append(await anyio.to_thread.run_sync(function, limiter=self._threads))
            return done[0]
        if within == math.inf:
            # Nobody needs the result of a cancelled call.
            return await anyio.to_thread.run_sync(
                function, limiter=self._threads, abandon_on_cancel=True
            )
        outcome: Future[B] = Future()
        with anyio.move_on_after(within):
            await anyio.lowlevel.checkpoint_if_cancelled()
            place = object()
            await _take_place(self._detached, place, math.inf)
            await self._detach(function, place, outcome)
        if not outcome.done():
            raise TooLateError
        return outcome.result()

    async def _detach(self, function: Callable[[], B], place: object, outcome: Future[B]) -> None:
        """
        Run *function* in a thread that sets its *outcome*, and releases *place* when it ends.
        """
        ended = anyio.Event()
        tell = _teller(self.loop_key())

        def end() -> None:
            self._detached.release_on_behalf_of(place)
            ended.set()

        def run() -> None:
            try:
                outcome.set_result(function())
            except BaseException as error:
                outcome.set_exception(error)
            # The event loop may have ended in the meantime.
            with contextlib.suppress(RuntimeError):
                tell(end)

        # Not a thread of anyio's, whose limiter would count an abandoned thread as free. Not a
        # daemon, because it may have to release a permit.
        if not start_thread(threading.Thread(target=run, name="heymilo-detached")):
            run()
        await ended.wait()

    async def aclose(self, *, gracefully: bool = False) -> None:
        """
        Close all connections; requests in progress fail at once.

        With *gracefully*, they finish first, and the next request opens new connections.
        """
        if not gracefully:
            self._closed = True
            for scope in list(self._scopes):
                scope.cancel()
        await super().aclose(gracefully=gracefully)


async def _close_response(response: Any) -> None:
    """
    Close *response* within a second, even if the caller was cancelled.
    """
    with anyio.move_on_after(CLEAN_UP, shield=True):
        await response.aclose()


async def _take_place(limiter: anyio.CapacityLimiter, place: object, timeout: float) -> bool:
    """
    Acquire a token of *limiter* on behalf of *place*, first come, first served; return whether the
    task had to wait.
    """
    try:
        limiter.acquire_on_behalf_of_nowait(place)
    except anyio.WouldBlock:
        with anyio.move_on_after(timeout) as waiting:
            await limiter.acquire_on_behalf_of(place)
        if waiting.cancelled_caught:
            message = "all connections are in use"
            raise PoolTimeout(message) from None
        return True
    return False


def _teller(place: Any) -> Callable[[Callable[[], None]], object]:
    """
    Return the function by which other threads run a function in the event loop *place*.
    """
    # The first is of asyncio's loops, the second of trio's tokens.
    tell: Any = getattr(place, "call_soon_threadsafe", None) or place.run_sync_soon
    return cast("Callable[[Callable[[], None]], object]", tell)


def _clock_of(place: Any) -> Callable[[], float]:
    """
    Return the clock of the event loop *place*, so that reading it needs no lookup of the loop.
    """
    # asyncio's loops have a method `time`; trio has a function for the running loop.
    of_the_loop: Any = getattr(place, "time", None)
    if of_the_loop is None:
        of_the_loop = sys.modules["trio"].lowlevel.current_clock().current_time
    clock: Callable[[], float] = of_the_loop
    return clock


async def _close_with_the_loop(transport: AsyncTransport) -> None:
    """
    Close *transport* when the event loop ends, unless it was closed before.

    Both asyncio and trio close the async generators that are left as their last act; it is the
    one hook that either has, and the last moment at which a socket can be closed silently.
    """
    place = AsyncTransport.loop_key()
    if place not in _guards:
        # `keyrefs` copies them in one step, because other threads may start and end loops.
        for reference in _guards.keyrefs():
            loop = reference()
            if getattr(loop, "is_closed", bool)():
                _guards.pop(loop, None)
        transports: weakref.WeakSet[AsyncTransport] = weakref.WeakSet()
        # Keep a reference, or the garbage collector would close it in a task of its own.
        _guards[place] = _guard(transports), transports
        await anext(_guards[place][0])
    _guards[place][1].add(transport)


async def _guard(transports: weakref.WeakSet[AsyncTransport]) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        _guards.pop(AsyncTransport.loop_key(), None)
        # Gracefully, because code that still uses the loop then gets new connections.
        for transport in list(transports):
            await transport.aclose(gracefully=True)


class _AsyncAhead(Generic[B]):
    """
    A prefetcher with a task, and a stream that limits how far ahead the task gets.
    """

    def __init__(self, fetch: Callable[[], Coroutine[Any, Any, B]], count: int) -> None:
        self._fetch = fetch
        self._count = count
        #: The exception that ended the task; `StopAsyncIteration` after the last result.
        self._failure: BaseException | None = None
        self._has_failed = False

    async def __aenter__(self) -> _AsyncAhead[B]:
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._begin()
        return self

    def _begin(self) -> None:
        # The waiting task itself holds one result; the stream buffers the others.
        self._put, self._take = anyio.create_memory_object_stream[B](self._count - 1)
        self._has_failed = False
        self._group.start_soon(self._work)

    async def __aexit__(self, *_: object) -> None:
        self._group.cancel_scope.cancel()
        try:
            # Without the body's exception, so that the group does not wrap it in an exception group.
            await self._group.__aexit__(None, None, None)
        finally:
            self._put.close()
            self._take.close()
            self._failure = None

    async def next(self) -> B:
        if self._has_failed:
            # To end after an error would make the list look complete: fetch the same again.
            self._take.close()
            self._begin()
        try:
            return await self._take.receive()
        except anyio.EndOfStream:
            failure, self._failure = self._failure or StopAsyncIteration(), None
            self._has_failed = not isinstance(failure, StopAsyncIteration)
        try:
            raise failure
        finally:
            # The traceback refers to this frame. If the frame referred to the exception, only the
            # garbage collector would free both.
            del failure

    async def _work(self) -> None:
        with self._put:
            try:
                while True:
                    await self._put.send(await self._fetch())
            except BaseException as error:
                self._failure = error
                # One that the caller's own code raised would otherwise end the list in silence.
                if isinstance(error, anyio.get_cancelled_exc_class()):
                    raise
