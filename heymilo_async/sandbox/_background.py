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
    The event loop. Named outright, because a loop policy of the process may prefer another kind.
    """

    def time(self) -> float:
        """
        Return its clock, which goes on while a test lets the clocks of modules stand still.
        """
        return monotonic()


@contextlib.contextmanager
def background(
    main: Main, *, name: str, seconds_to_start: float = _SECONDS_TO_START
) -> Generator[None, None, None]:
    """
    Run *main* in its own event loop and thread during the `with` block.

    An exception before it has started is raised here.
    """
    begun: concurrent.futures.Future[None] = concurrent.futures.Future()
    stops: concurrent.futures.Future[Callable[[], object]] = concurrent.futures.Future()

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        stops.set_result(lambda: loop.call_soon_threadsafe(stop.set))
        await main(lambda: begun.set_result(None), stop)

    def work() -> None:
        # An explicit loop factory, because the process's policy may create another kind of loop.
        try:
            with asyncio.Runner(loop_factory=_Loop) as runner:
                runner.run(run())
        except BaseException as error:
            # After the start, the future is done: `set_exception` then raises, and
            # `threading.excepthook` shows both errors.
            begun.set_exception(error)

    # A daemon thread, so that an unfinished `with` block does not keep the interpreter alive.
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    stop = stops.result(seconds_to_start)
    try:
        try:
            begun.result(seconds_to_start)
        except TimeoutError:
            message = f"the sandbox did not start within {seconds_to_start:g} seconds"
            raise TimeoutError(message) from None
        yield
    finally:
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            stop()
        thread.join()
