"""
Runs a coroutine in its own thread during a `with` block.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final

from .._core.transport import monotonic

_SECONDS_TO_START: Final = 10.0

#: Takes a callback for "started", and an event for "stop".
Main = Callable[[Callable[[], None], asyncio.Event], Coroutine[Any, Any, None]]


class _Loop(asyncio.SelectorEventLoop):
    """
    The sandbox's event loop, independent of the loop policy of the process.
    """

    def time(self) -> float:
        """
        Return the time of a clock that keeps running when a test freezes `time.monotonic`.
        """
        return monotonic()


@contextlib.contextmanager
def background(
    main: Main, *, name: str, seconds_to_start: float = _SECONDS_TO_START
) -> Generator[None, None, None]:
    """
    Run *main* in its own event loop and thread during the `with` block.

    If *main* fails before it has started, this function raises its exception.
    """
    started: concurrent.futures.Future[None] = concurrent.futures.Future()
    stops: concurrent.futures.Future[Callable[[], object]] = concurrent.futures.Future()

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        stops.set_result(lambda: loop.call_soon_threadsafe(stop.set))
        await main(lambda: started.set_result(None), stop)

    def work() -> None:
        # An explicit loop factory, because the process's policy may create another kind of loop.
        try:
            with asyncio.Runner(loop_factory=_Loop) as runner:
                runner.run(run())
        except BaseException as error:
            # After the start, the future is done: `set_exception` then raises, and
            # `threading.excepthook` shows both errors.
            started.set_exception(error)

    # A daemon thread, so that an unfinished `with` block does not keep the interpreter alive.
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    stop = stops.result(seconds_to_start)
    try:
        try:
            started.result(seconds_to_start)
        except TimeoutError:
            message = f"the sandbox did not start within {seconds_to_start:g} seconds"
            raise TimeoutError(message) from None
        yield
    finally:
        with contextlib.suppress(RuntimeError):  # the loop is already closed
            stop()
        thread.join()
