"""
Something asynchronous in a thread of its own, for as long as a `with` lasts.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final

from .._core.clock import monotonic

_SECONDS_TO_START: Final = 10.0

#: Takes what to call when it has started, and what tells it to stop.
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
    Run *main* in an event loop and a thread of its own while the `with` block lasts.

    What it raises before it has started is raised here.
    """
    begun: concurrent.futures.Future[None] = concurrent.futures.Future()
    stops: concurrent.futures.Future[Callable[[], object]] = concurrent.futures.Future()

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        stops.set_result(lambda: loop.call_soon_threadsafe(stop.set))
        await main(lambda: begun.set_result(None), stop)

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=_Loop) as runner:
                runner.run(run())
        except BaseException as error:
            # Once it has started nobody waits for this any more: then `set_exception` raises, and
            # `threading.excepthook` shows both errors.
            begun.set_exception(error)

    # A daemon, lest a `with` that is never left keeps the interpreter from ending.
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
