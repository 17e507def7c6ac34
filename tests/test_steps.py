"""
Work in steps: an event loop waits for sockets by itself, and leaves to a thread what would block it.
"""

from __future__ import annotations

import contextlib
import math
import signal
import socket
import threading

import anyio
import anyio.lowlevel
import pytest
from fronts import Front

from heymilo_async._core.settings import pool_settings
from heymilo_async._http import AsyncTransport, BlockingTransport
from heymilo_async._http import blocking_transport as blocking_wire
from heymilo_async._ratelimit import steps as _steps
from heymilo_async._ratelimit.steps import Rest, finish, is_readable

NOTHING = pool_settings(max_connections=1, proxy=None, ssl_context=None, http_client=None)
#: Seconds that nothing here takes.
LONG = 60.0


class Work:
    """
    Steps over a pair of sockets, and what became of them.

    Attributes:
        threads: Which one took each step.
        is_sent: Set when an answer may be sent.
        is_done: Set when the last step was taken.
    """

    def __init__(self, *, connects=False):
        self.near, self.far = socket.socketpair()
        self.near.settimeout(LONG)
        self.threads = []
        self.is_sent = threading.Event()
        self.is_done = threading.Event()
        self._connects = connects

    def steps(self):
        """
        Send a question, and return the answer.
        """
        if self._connects:
            yield None
        self.threads.append(threading.current_thread())
        self.is_sent.set()
        yield self.near
        self.threads.append(threading.current_thread())
        answer = self.near.recv(10)
        self.is_done.set()
        return answer

    def answer_now(self):
        """
        Have the answer there before the question.
        """
        self.far.sendall(b"answer")
        return self

    @property
    def kept_its_thread(self):
        """
        Whether the thread of the test took each step.
        """
        return set(self.threads) == {threading.current_thread()}


@pytest.fixture
def work():
    """
    Makes work whose sockets are closed when the test is over.
    """
    made = []

    def make(**options):
        made.append(Work(**options))
        return made[-1]

    yield make
    for one in made:
        one.near.close()
        one.far.close()


def ask(front, steps, *, within=math.inf):
    """
    Return what a transport of *front* says of *steps*.
    """

    async def body():
        transport = front.transport(NOTHING)
        try:
            return await transport.query(steps, within=within)
        finally:
            await transport.aclose()

    return front.run_alone(body)


@pytest.mark.parametrize("within", [math.inf, LONG])
def test_an_answer_that_comes_at_once(front, work, within):
    """
    What is answered at once needs no other thread, with a deadline and without.
    """
    one = work().answer_now()

    assert b"answer" == ask(front, one.steps(), within=within)
    assert one.kept_its_thread


@pytest.mark.parametrize("within", [math.inf, LONG])
def test_a_step_that_may_block(front, work, within):
    """
    A step that may block is taken by a thread, unless the caller may be blocked for ever.
    """
    one = work(connects=True).answer_now()

    assert b"answer" == ask(front, one.steps(), within=within)
    assert (front.is_blocking and within == math.inf) == one.kept_its_thread


def test_a_step_that_may_block_and_no_thread_for_it(work, monkeypatch):
    """
    Where no further thread can be started, blocking code takes the step itself.
    """

    def refuse(_):
        message = "can't start new thread"
        raise RuntimeError(message)

    one = work(connects=True).answer_now()
    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert b"answer" == ask(Front("blocking"), one.steps(), within=LONG)
    assert one.kept_its_thread


def test_an_answer_that_is_slow(front, work):
    """
    A thread reads what did not come within a moment.
    """
    one = work()
    timer = threading.Timer(_steps.PATIENCE * 2, one.answer_now)
    timer.start()
    try:
        assert b"answer" == ask(front, one.steps(), within=LONG)
    finally:
        timer.join()
    assert threading.current_thread() is one.threads[0]
    assert threading.current_thread() is not one.threads[1]


@pytest.mark.parametrize("within", [0.01, _steps.PATIENCE * 2])
def test_an_answer_that_is_too_late(front, work, within):
    """
    Who does not wait any more gets nothing; the steps are taken all the same, by another thread.
    """
    one = work()

    assert None is ask(front, one.steps(), within=within)
    assert not one.is_done.is_set()
    one.answer_now()
    assert one.is_done.wait(LONG)
    assert threading.current_thread() is not one.threads[1]


def test_a_program_waits_for_what_was_abandoned(work):
    """
    What is abandoned is done before the program ends: there may be something to give back.
    """
    one = work()
    steps = one.steps()
    next(steps)
    Rest(steps).abandon()
    one.answer_now()

    assert one.is_done.wait(LONG)
    assert not one.threads[1].daemon


def test_a_step_that_fails(front, work):
    """
    An error in a step leaves as it is.
    """
    one = work().answer_now()

    def steps():
        yield from one.steps()
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        ask(front, steps(), within=LONG)


@pytest.mark.parametrize("seconds", [0.01, _steps.PATIENCE * 2])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_in_the_middle(work, backend, seconds):
    """
    Whoever is cancelled does not wait for the answer; the steps are taken all the same.
    """
    one = work()

    async def main():
        transport = AsyncTransport(NOTHING)
        with anyio.move_on_after(seconds) as scope:
            await transport.query(one.steps(), within=math.inf)
        return scope.cancelled_caught

    assert anyio.run(main, backend=backend)
    assert not one.is_done.is_set()
    one.answer_now()
    assert one.is_done.wait(LONG)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_already(work, backend):
    """
    Whoever is cancelled already asks nothing.
    """
    one = work().answer_now()

    async def main():
        transport = AsyncTransport(NOTHING)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await transport.query(one.steps(), within=math.inf)

    anyio.run(main, backend=backend)
    assert [] == one.threads


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_before_it_asked(work, backend):
    """
    Whoever is cancelled in the queue asks nothing.
    """
    ahead, late = [work() for _ in range(4)], work().answer_now()

    async def main():
        transport = AsyncTransport(NOTHING)
        async with anyio.create_task_group() as group:
            for one in ahead:
                group.start_soon(lambda one=one: transport.query(one.steps(), within=math.inf))
            await anyio.wait_all_tasks_blocked()
            with anyio.move_on_after(0.01) as scope:
                await transport.query(late.steps(), within=math.inf)
            for one in ahead:
                one.answer_now()
        return scope.cancelled_caught

    assert anyio.run(main, backend=backend)
    assert [] == late.threads
    assert all(one.is_done.is_set() for one in ahead)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_who_asks_first_is_answered_first(work, backend):
    """
    However many ask, four at a time do, and nobody overtakes more than those.
    """
    many = [work() for _ in range(20)]
    asked, under_way = [], []

    def steps(number):
        asked.append(number)
        under_way.append(len(asked) - sum(one.is_done.is_set() for one in many))
        return (yield from many[number].answer_now().steps())

    async def main():
        transport = AsyncTransport(NOTHING)
        async with anyio.create_task_group() as group:
            for number in range(len(many)):
                group.start_soon(
                    lambda number=number: transport.query(steps(number), within=math.inf)
                )
                # Trio starts tasks in any order.
                await anyio.lowlevel.checkpoint()

    anyio.run(main, backend=backend)

    assert list(range(20)) == sorted(asked)
    assert 4 > max(abs(place - number) for place, number in enumerate(asked))
    assert max(under_way) <= 4


def test_ctrl_c_while_it_waits(work, monkeypatch):
    """
    Ctrl-C ends the waiting at once; the steps are taken all the same.
    """
    one = work()
    monkeypatch.setattr(blocking_wire, "is_readable", lambda *_: signal.raise_signal(signal.SIGINT))

    async def body():
        await BlockingTransport(NOTHING).query(one.steps(), within=LONG)

    with pytest.raises(KeyboardInterrupt), contextlib.closing(body()) as coroutine:
        coroutine.send(None)
    one.answer_now()
    assert one.is_done.wait(LONG)


def test_a_socket_that_nobody_can_wait_for(work):
    """
    Where an event loop cannot wait for a socket, as for one that is closed, a thread finds out.
    """
    one = work()
    one.near.close()

    async def main():
        with pytest.raises(OSError, match="Bad file descriptor"):
            await AsyncTransport(NOTHING).query(one.steps(), within=math.inf)

    for backend in ("asyncio", "trio"):
        anyio.run(main, backend=backend)


def test_the_rest_is_taken_once(work):
    """
    The rest of the steps is for one thread; another one that comes finds nothing to do.
    """
    one = work().answer_now()
    rest = Rest(one.steps())

    assert b"answer" == rest()
    assert None is rest()
    rest.abandon()
    assert 2 == len(one.threads)


def test_a_program_that_ends(work, monkeypatch):
    """
    Where no thread can be started any more, what is abandoned is given up.
    """

    def refuse(_):
        message = "can't create new thread at interpreter shutdown"
        raise RuntimeError(message)

    one = work()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    Rest(one.steps()).abandon()

    assert [] == one.threads


def test_readable(work):
    """
    A socket is readable when something has come, and not before.
    """
    one = work()

    assert not is_readable(one.near, 0.0)
    one.answer_now()
    assert is_readable(one.near, LONG)
    assert b"answer" == finish(one.steps())
