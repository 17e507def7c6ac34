"""
AsyncTransport: waiting and sending with anyio, on asyncio and trio.
"""

from __future__ import annotations

import contextlib
import functools
import math
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, ClassVar, Generic, NoReturn, TypeVar, cast

import anyio
import anyio.lowlevel
import anyio.to_thread

from .._core.messages import Request
from .._core.settings import PoolSettings, Timeouts, timeouts
from .._core.transport import Prefetched, TooLateError
from ..errors import APIConnectionError
from .body import Receiver
from .transport import (
    CLEAN_UP,
    NO_DESCRIPTOR,
    Client,
    HTTPTransport,
    OnSend,
    PoolTimeout,
    Trace,
    is_out_of_descriptors,
)

A = TypeVar("A")
B = TypeVar("B")

#: Threads at a time for what blocks for a moment.
_THREADS = 4

#: Pieces that may still be in a buffer after a response was closed in the middle.
_LEFT_OVER = 100_000

#: For each event loop: what the loop ends when it ends, and the transports that this closes.
_guards: weakref.WeakKeyDictionary[
    Any, tuple[AsyncGenerator[None], weakref.WeakSet[AsyncTransport]]
] = weakref.WeakKeyDictionary()


class AsyncTransport(HTTPTransport):
    """
    The transport of `AsyncHeyMilo`, for one event loop.
    """

    client_name: ClassVar[str] = "AsyncClient"
    owner: ClassVar[str] = "AsyncHeyMilo"

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(settings)
        self._clock = _clock_of(self.loop_key())
        # httpx 0.28.1 with httpcore 1.0.9 loses a place in its pool whenever a call is cancelled
        # that waits for one, until none is left: https://github.com/encode/httpcore/issues/1093.
        # So nobody waits there; the queue is here.
        self._places = anyio.CapacityLimiter(settings.max_connections)
        # Of our own: those that all share may be taken by what takes longer.
        self._threads = anyio.CapacityLimiter(_THREADS)
        #: Of what goes on though nobody waits: a place is free when the thread has ended.
        self._detached = anyio.CapacityLimiter(_THREADS)
        self._scopes: set[anyio.CancelScope] = set()

    @staticmethod
    def loop_key() -> Any:
        """
        Return what tells this event loop from others.
        """
        try:
            return anyio.lowlevel.current_token().native_token
        except Exception as error:
            # What it is called depends on the version of anyio.
            missing = type(error).__name__
            is_full = is_out_of_descriptors(error)
        if is_full:
            # anyio has yet to open the files of its back end.
            message = f"could not connect to the server: {NO_DESCRIPTOR}"
            raise APIConnectionError(message, phase="connect", maybe_sent=False)
        message = (
            f"no event loop is running ({missing}): await this under asyncio or trio, "
            "or use HeyMilo, which needs none"
        )
        raise RuntimeError(message)

    def now(self) -> float:
        """
        Return the event loop's clock, which a test's virtual clock moves.
        """
        return self._clock()

    async def sleep(self, seconds: float) -> None:
        """
        Wait, until the client is closed at the latest.
        """
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                await anyio.sleep(seconds)
            finally:
                self._scopes.discard(scope)

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
        # One scope is both: the call's deadline, and what closing the client cancels.
        with anyio.CancelScope(deadline=math.inf if expires is None else expires) as scope:
            self._scopes.add(scope)
            try:
                # Before a client is leased: one that waits may not go on with connections that
                # were given up meanwhile.
                place = object()
                waited = await _take_place(self._places, place, timeouts(timeout)["pool"])
                try:
                    if waited and on_wait is not None:
                        await on_wait()
                    if self._client is None:
                        await _close_with_the_loop(self)
                    await super()._exchange(
                        request, timeout, expires, receiver, on_send=on_send, on_wait=on_wait
                    )
                finally:
                    self._places.release_on_behalf_of(place)
            finally:
                self._scopes.discard(scope)
        return scope.cancelled_caught

    def _open(self) -> Client:
        # As in httpx, httpcore comes with the first client: it brings trio along, if there is one,
        # which takes longer than all the rest.
        from .clients import open_async  # noqa: PLC0415 - see above

        return open_async(self._settings)

    @staticmethod
    async def _result(sent: Any) -> Any:
        return await sent

    @staticmethod
    def _traced(trace: Callable[[str, Any], Awaitable[None]]) -> Trace:
        return trace

    async def _read(self, response: Any, receiver: Receiver) -> None:
        left_over = 0
        try:
            # What a hook of the user's has closed says so, if it is asked the first way.
            async for piece in response.aiter_raw() if response.is_closed else response.stream:
                if left_over:
                    left_over -= 1
                    if not left_over:
                        break
                elif not receiver.feed(piece):
                    # To leave the loop would leave several nested async generators to the garbage
                    # collector, which trio reports; closed, the response ends them with an error.
                    await self._close_response(response)
                    left_over = _LEFT_OVER
        except Exception:
            if not left_over:
                raise

    @staticmethod
    async def _close_response(response: Any) -> None:
        # Also if the caller was cancelled.
        with anyio.move_on_after(CLEAN_UP, shield=True):
            await response.aclose()

    @staticmethod
    async def _close(client: Client) -> None:
        with anyio.move_on_after(CLEAN_UP, shield=True), contextlib.suppress(Exception):
            await client.native.aclose()

    async def map(
        self, function: Callable[[A], Awaitable[B]], items: Sequence[A], limit: int
    ) -> list[B]:
        """
        Return *function* of each of *items*, in order, *limit* at a time.
        """
        results: dict[int, B] = {}
        failures: list[BaseException] = []
        waiting = iter(enumerate(items))

        async def work() -> None:
            for index, item in waiting:
                try:
                    results[index] = await function(item)
                except anyio.get_cancelled_exc_class():
                    raise
                except BaseException as error:
                    failures.append(error)
                    group.cancel_scope.cancel()
                    return

        async with anyio.create_task_group() as group:
            for _ in range(min(limit, len(items))):
                group.start_soon(work)
        try:
            # Bare: the caller asked for one thing, and did not start the tasks.
            if failures:
                raise failures[0]
        finally:
            failures.clear()
        return [results[index] for index in range(len(items))]

    def prefetch(self, fetch: Callable[[], Awaitable[B]], count: int) -> Prefetched[B]:
        """
        Return what calls *fetch* again and again, *count* results ahead of who takes them.
        """
        return _AsyncAhead(fetch, count)

    async def run_in_thread(self, function: Callable[[], B], within: float | None = None) -> B:
        """
        Return what *function* does, in a thread.

        Without *within* it is waited for, though its caller be cancelled; with it, it is not.
        """
        if within is None:
            done: list[B] = []
            # Shielded, or nobody would know what came of it.
            with anyio.CancelScope(shield=True):
                done.append(await anyio.to_thread.run_sync(function, limiter=self._threads))
            return done[0]
        if within == math.inf:
            # Nobody would miss what comes of it.
            return await anyio.to_thread.run_sync(
                function, limiter=self._threads, abandon_on_cancel=True
            )
        outcome: list[Callable[[], B]] = []
        with anyio.move_on_after(within):
            await anyio.lowlevel.checkpoint_if_cancelled()
            place = object()
            await _take_place(self._detached, place, math.inf)
            await self._detach(function, place, outcome)
        if not outcome:
            raise TooLateError
        return outcome[0]()

    async def _detach(
        self, function: Callable[[], B], place: object, outcome: list[Callable[[], B]]
    ) -> None:
        """
        Run *function* in a thread that gives *place* back when it ends, and append a function to
        *outcome* that returns or raises what it did.
        """
        ended = anyio.Event()
        tell = _teller(self.loop_key())

        def end() -> None:
            self._detached.release_on_behalf_of(place)
            ended.set()

        def run() -> None:
            outcome.append(_outcome_of(function))
            # The event loop may have ended before.
            with contextlib.suppress(RuntimeError):
                tell(end)

        try:
            # Of our own: anyio lets go of a thread that nobody waits for, and takes another one.
            # No daemon, for there may be a permit to give back.
            threading.Thread(target=run, name="heymilo-detached").start()
        except RuntimeError:
            # No further thread can be started.
            run()
        await ended.wait()

    async def aclose(self, *, gracefully: bool = False) -> None:
        """
        Close every connection; requests in progress end at once, with an error.

        *gracefully*: they finish first, and the next request opens new connections.
        """
        if not gracefully:
            self._closed = True
            for scope in list(self._scopes):
                scope.cancel()
        await super().aclose(gracefully=gracefully)


async def _take_place(limiter: anyio.CapacityLimiter, place: object, timeout: float) -> bool:
    """
    Take one of the limiter's places for *place*, in the order of the requests; return whether it had
    to wait.
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


def _outcome_of(function: Callable[[], B]) -> Callable[[], B]:
    """
    Call *function*, and return one that returns or raises the same.
    """
    try:
        result = function()
    except BaseException as error:
        return functools.partial(_throw, error)
    return lambda: result


def _throw(error: BaseException) -> NoReturn:
    raise error


def _teller(place: Any) -> Callable[[Callable[[], None]], object]:
    """
    Return what has an event loop call a function, for other threads.
    """
    # asyncio's loops, and trio's tokens.
    tell: Any = getattr(place, "call_soon_threadsafe", None) or place.run_sync_soon
    return cast("Callable[[Callable[[], None]], object]", tell)


def _clock_of(place: Any) -> Callable[[], float]:
    """
    Return the clock of an event loop, so that nobody has to look each time which loop it is.
    """
    # asyncio's loops have it in hand; of trio's, its own library knows.
    of_the_loop: Any = getattr(place, "time", None)
    if of_the_loop is None:
        of_the_loop = sys.modules["trio"].lowlevel.current_clock().current_time
    clock: Callable[[], float] = of_the_loop
    return clock


async def _close_with_the_loop(transport: AsyncTransport) -> None:
    """
    Have *transport* closed when the event loop ends, if nobody closed it before.

    Both asyncio and trio close the async generators that are left as their last act; it is the
    one hook that either has, and the last moment at which a socket can be closed silently.
    """
    place = AsyncTransport.loop_key()
    if place not in _guards:
        # A list of references, made in one step: loops of other threads come and go meanwhile.
        for reference in _guards.keyrefs():
            loop = reference()
            if getattr(loop, "is_closed", bool)():
                _guards.pop(loop, None)
        transports: weakref.WeakSet[AsyncTransport] = weakref.WeakSet()
        # Held here, or the garbage collector would end it in a task of its own.
        _guards[place] = _guard(transports), transports
        await anext(_guards[place][0])
    _guards[place][1].add(transport)


async def _guard(transports: weakref.WeakSet[AsyncTransport]) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        _guards.pop(AsyncTransport.loop_key(), None)
        # Not for good: who goes on with the loop all the same gets new connections.
        for transport in list(transports):
            await transport.aclose(gracefully=True)


class _AsyncAhead(Generic[B]):
    """
    A task that fetches, and a stream that lets it get so far ahead and no further.
    """

    def __init__(self, fetch: Callable[[], Awaitable[B]], count: int) -> None:
        self._fetch = fetch
        self._count = count

    async def __aenter__(self) -> _AsyncAhead[B]:
        # The task holds one result ready while it waits to hand it over; the rest is buffered.
        self._put, self._take = anyio.create_memory_object_stream[
            tuple[B, None] | tuple[None, Exception]
        ](self._count - 1)
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._group.start_soon(self._work)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._group.cancel_scope.cancel()
        try:
            # Told of no exception, the group has none to wrap: the body's leaves bare.
            await self._group.__aexit__(None, None, None)
        finally:
            self._put.close()
            self._take.close()

    async def next(self) -> B:
        try:
            result, error = await self._take.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None
        if error is not None:
            raise error
        return cast("B", result)

    async def _work(self) -> None:
        with self._put:
            while True:
                try:
                    result = await self._fetch()
                except Exception as error:
                    await self._put.send((None, error))
                    return
                await self._put.send((result, None))
