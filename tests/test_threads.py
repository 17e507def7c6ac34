"""
Functions in threads: a blocking function neither stops an event loop nor accumulates threads.
"""

from __future__ import annotations

import contextlib
import math
import signal
import threading

import anyio
import anyio.lowlevel
import pytest
from fronts import Front
from inside import AsyncTransport, BlockingTransport, TooLateError, pool_settings

NOTHING = pool_settings(max_connections=1, proxy=None, ssl_context=None, http_client=None)
#: Seconds that no test here reaches.
LONG = 60.0


class Work:
    """
    A function that waits until it may return, and its state.

    Attributes:
        thread: The thread in which it ran, None if it did not.
        may_end: Set when it may return.
        is_done: Set just before it returns.
    """

    def __init__(self):
        self.thread = None
        self.began = threading.Event()
        self.may_end = threading.Event()
        self.is_done = threading.Event()

    def __call__(self):
        self.thread = threading.current_thread()
        self.began.set()
        self.may_end.wait(LONG)
        self.is_done.set()
        return "result"

    def end_at_once(self):
        """
        Let it return as soon as it is called.
        """
        self.may_end.set()
        return self


@pytest.fixture
def work():
    """
    Makes functions that all return after the test.
    """
    made = []

    def make():
        made.append(Work())
        return made[-1]

    yield make
    for one in made:
        one.may_end.set()


def run(front, function, within):
    """
    Return the result of *function*, run by a transport of *front*.
    """

    async def body():
        return await front.transport(NOTHING).run_in_thread(function, within)

    return front.run_alone(body)


@pytest.mark.parametrize("within", [None, math.inf, LONG])
def test_a_function_in_a_thread(front, work, within):
    """
    The function's result is returned, from another thread if other work could run meanwhile.
    """
    one = work().end_at_once()

    assert "result" == run(front, one, within)
    is_here = front.is_blocking and within in {None, math.inf}
    assert is_here == (one.thread is threading.current_thread())


@pytest.mark.parametrize("within", [None, math.inf, LONG])
def test_a_function_that_fails(front, within):
    """
    An exception of the function is raised unchanged.
    """
    with pytest.raises(ZeroDivisionError):
        run(front, lambda: 1 / 0, within)


def test_a_function_that_is_too_late(front, work):
    """
    A function that takes too long continues without its caller, in a thread that the program waits
    for, because it may have to return a permit.
    """
    one = work()

    with pytest.raises(TooLateError):
        run(front, one, 0.05)
    assert one.began.wait(LONG)
    assert not one.thread.daemon
    assert not one.is_done.is_set()
    one.may_end.set()
    assert one.is_done.wait(LONG)


def test_no_further_thread(front, work, monkeypatch):
    """
    If no thread can be started, the function still runs.
    """

    def refuse(_):
        message = "can't start new thread"
        raise RuntimeError(message)

    one = work().end_at_once()
    real = threading.Thread.start

    def start(thread):
        (refuse if thread.name == "heymilo-detached" else real)(thread)

    monkeypatch.setattr(threading.Thread, "start", start)

    assert "result" == run(front, one, LONG)
    assert one.thread is threading.current_thread()


def test_what_goes_on_is_bounded(front, work):
    """
    At most four functions continue without their callers; another one waits until one of them ends,
    and is too late if none does.
    """
    many, late = [work() for _ in range(4)], work().end_at_once()

    async def body():
        transport = front.transport(NOTHING)
        for one in many:
            with contextlib.suppress(TooLateError):
                await transport.run_in_thread(one, 0.05)
        with pytest.raises(TooLateError):
            await transport.run_in_thread(late, 0.05)
        is_run = late.thread is not None
        many[0].may_end.set()
        return is_run, await transport.run_in_thread(late, LONG)

    assert (False, "result") == front.run_alone(body)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("within", [math.inf, LONG])
def test_cancelled_in_the_middle(work, backend, within):
    """
    A cancelled caller does not wait; the function continues.
    """
    one = work()

    async def main():
        with anyio.move_on_after(0.05) as scope:
            await AsyncTransport(NOTHING).run_in_thread(one, within)
        # (asyncio itself waits for its threads at its end.)
        is_done = one.is_done.is_set()
        one.may_end.set()
        return scope.cancelled_caught, is_done

    assert (True, False) == anyio.run(main, backend=backend)
    assert one.is_done.wait(LONG)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_has_to_be_done(work, backend):
    """
    A function without a time limit runs even if its caller is already cancelled.
    """
    one, results = work().end_at_once(), []

    async def main():
        transport = AsyncTransport(NOTHING)
        with anyio.CancelScope() as scope:
            scope.cancel()
            results.append(await transport.run_in_thread(one))

    anyio.run(main, backend=backend)
    assert ["result"] == results


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_already(work, backend):
    """
    A caller that is already cancelled, or in the queue, runs nothing.
    """
    many, late = [work() for _ in range(4)], work()

    async def main():
        transport = AsyncTransport(NOTHING)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await transport.run_in_thread(late, LONG)
        async with anyio.create_task_group() as group:
            for one in many:
                group.start_soon(transport.run_in_thread, one, LONG)
            await anyio.wait_all_tasks_blocked()
            with anyio.move_on_after(0.01):
                await transport.run_in_thread(late, LONG)
            for one in many:
                one.may_end.set()

    anyio.run(main, backend=backend)
    assert None is late.thread
    assert all(one.is_done.is_set() for one in many)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_first_come_first_served(backend):
    """
    Of any number of functions four run at a time, in the order of their calls.
    """
    began, counts, lock = [], [], threading.Lock()
    running = []

    def function(number):
        with lock:
            began.append(number)
            running.append(number)
            counts.append(len(running))
        with lock:
            running.remove(number)

    async def main():
        transport = AsyncTransport(NOTHING)
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(
                    transport.run_in_thread, lambda number=number: function(number), LONG
                )
                # Trio starts tasks in any order.
                await anyio.lowlevel.checkpoint()

    anyio.run(main, backend=backend)

    assert list(range(20)) == sorted(began)
    assert 4 > max(abs(place - number) for place, number in enumerate(began))
    assert max(counts) <= 4


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_event_loop_that_ended(work, backend):
    """
    If a function ends after its event loop, its result is dropped without an error.
    """
    one = work()

    with pytest.raises(TooLateError):
        run(Front(backend), one, 0.05)
    one.may_end.set()
    one.thread.join(LONG)

    assert not one.thread.is_alive()


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="there is no such signal here")
def test_ctrl_c_while_it_waits(work):
    """
    Ctrl-C ends the wait at once; the function continues.
    """
    one = work()

    def function():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        return one()

    async def body():
        await BlockingTransport(NOTHING).run_in_thread(function, LONG)

    with pytest.raises(KeyboardInterrupt), contextlib.closing(body()) as coroutine:
        coroutine.send(None)
    assert one.began.wait(LONG)
    one.may_end.set()
    assert one.is_done.wait(LONG)
