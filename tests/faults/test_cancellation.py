"""
Cancellation and Ctrl-C, cases 129 to 132 and 140 of the fault catalogue: the call ends at once.
"""

# What is interrupted is a walk as a whole, and what came before counts.
# ruff: noqa: PERF401, PT012, SIM117

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import anyio
import anyio.lowlevel
import httpx
import pytest
from background import until, workers
from fronts import QuickFront
from invariants import elapsed, lasting
from server import NUMBER, answer, page, single

from heymilo_async import ClientClosedError, RetryPolicy

ID = NUMBER["id"]
ONCE = RetryPolicy(max_attempts=1)


def in_pieces(*headers):
    """
    Return a reply that comes in four pieces, a millisecond apart.
    """
    whole = single()
    if headers:
        whole = whole.replace(b"\r\n", b"\r\n" + b"".join(f"{h}\r\n".encode() for h in headers), 1)

    def reply(connection):
        connection.wait(0.001)
        connection.drip(whole, 0.001, size=len(whole) // 4 + 1)

    return reply


async def cancel_when(client, moment, call=None):
    """
    Cancel a call when *moment* has passed; return the seconds until it ended.
    """
    ended = []

    async def work():
        try:
            await (client.phone_numbers.get(ID) if call is None else call(client))
        finally:
            ended.append(elapsed(cancelled) if cancelled else 0.0)

    cancelled = 0.0
    async with anyio.create_task_group() as group:
        group.start_soon(work)
        await moment()
        cancelled = time.monotonic()
        group.cancel_scope.cancel()
    return ended[0] if ended else 0.0


def after_steps(count):
    """
    Return a coroutine function that waits for *count* iterations of the event loop.
    """

    async def wait():
        for _ in range(count):
            await anyio.lowlevel.checkpoint()

    return wait


def after(seconds):
    """
    Return a wait for *seconds*.
    """
    return lambda: anyio.sleep(seconds)


def once_asked(server, count=1):
    """
    Return a wait until *server* has received *count* requests.
    """

    async def wait():
        while server.n < count:
            await anyio.sleep(0.002)
        await anyio.sleep(0.01)

    return wait


# At every point.


@pytest.mark.parametrize("fresh", [True, False], ids=["fresh connection", "kept connection"])
def test_cancelled_at_every_step(loop, serve, fresh):
    """
    Case 129: if a call is cancelled after any number of iterations of the loop, its connection is
    free at once.
    """
    server = serve(in_pieces(*["Connection: close"] * fresh))
    slowest = 0.0

    async def body(client):
        nonlocal slowest
        for count in range(0, 60, 1 if fresh else 2):
            slowest = max(slowest, await cancel_when(client, after_steps(count)))
            before = server.n
            with anyio.fail_after(1):
                assert ID == (await client.phone_numbers.get(ID)).id
            # The cancelled call may have been sent; it is not retried.
            assert server.n <= before + 2

    loop.run(body, server.base_url, max_connections=1)

    assert slowest < 0.1


@pytest.mark.parametrize("fresh", [True, False], ids=["fresh connection", "kept connection"])
def test_cancelled_at_every_moment(loop, serve, fresh):
    """
    Case 129: if a call is cancelled at any tenth of a millisecond, a pool of one connection stays
    usable.
    """
    server = serve(in_pieces(*["Connection: close"] * fresh))
    slowest = 0.0

    async def body(client):
        nonlocal slowest
        for tenth in range(0, 80, 2):
            slowest = max(slowest, await cancel_when(client, after(tenth / 10_000)))
            with anyio.fail_after(1):
                assert ID == (await client.phone_numbers.get(ID)).id

    loop.run(body, server.base_url, max_connections=1)

    assert slowest < 0.1


def test_cancelled_before_it_starts(loop, serve):
    """
    Case 129: a call in a scope that is already cancelled sends nothing.
    """
    server = serve(single())

    async def body(client):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await client.phone_numbers.get(ID)
        assert scope.cancelled_caught
        return (await client.phone_numbers.get(ID)).id

    assert ID == loop.run(body, server.base_url)
    assert 1 == server.n


def test_churn_of_cancelled_calls(loop, serve):
    """
    Case 130: after a second of calls cancelled at random, every connection of the pool is free
    again.
    """
    server = serve(in_pieces())
    dice = random.Random(130)

    seen, all_there = set(), threading.Event()

    def together(connection):
        seen.add(connection.number)
        if len(seen) == 10:
            all_there.set()
        all_there.wait(3)
        connection.send(single())

    async def churn(client, end):
        while time.monotonic() < end:
            with anyio.move_on_after(dice.random() * 0.02):
                await client.phone_numbers.get(ID)

    async def body(client):
        end = time.monotonic() + 1.0
        async with anyio.create_task_group() as group:
            for _ in range(40):
                group.start_soon(churn, client, end)
        await anyio.sleep(0.05)  # for what was on its way
        # All ten places at once, and they are ten connections.
        server.replies[:] = [together]
        with anyio.fail_after(3):
            async with anyio.create_task_group() as group:
                for _ in range(10):
                    group.start_soon(client.phone_numbers.get, ID)
        server.replies[:] = [single()]
        with anyio.fail_after(1):
            return [(await client.phone_numbers.get(ID)).id for _ in range(5)]

    assert [ID] * 5 == loop.run(body, server.base_url, max_connections=10)


def test_cancelled_while_waiting_for_a_place(loop, serve):
    """
    Case 130: calls cancelled in the queue for a connection leave it, and the next ones advance.
    """
    server = serve(lambda connection: connection.wait(), single())

    async def body(client):
        async with anyio.create_task_group() as group:
            group.start_soon(client.phone_numbers.get, ID)
            await once_asked(server)()
            async with anyio.create_task_group() as queue:
                for _ in range(20):
                    queue.start_soon(client.phone_numbers.get, ID)
                await anyio.sleep(0.05)
                queue.cancel_scope.cancel()
            assert 1 == server.n
            group.cancel_scope.cancel()
        with anyio.fail_after(1):
            return (await client.phone_numbers.get(ID)).id

    assert ID == loop.run(body, server.base_url, max_connections=1)
    assert 2 == server.n


@pytest.mark.parametrize("what", ["backoff", "Retry-After", "the key rests"])
def test_cancelled_while_it_waits(loop, serve, what):
    """
    Case 131: a call cancelled while it waits for a retry ends at once, and is not retried.
    """
    server = serve(answer(503) if what == "backoff" else answer(429, b"", "Retry-After: 5"))

    async def body(client):
        if what == "the key rests":
            # The server asked another call to wait; this one has not been sent yet.
            async with anyio.create_task_group() as group:
                group.start_soon(client.phone_numbers.get, ID)
                await once_asked(server)()
                slow = await cancel_when(client, after(0.05))
                group.cancel_scope.cancel()
        else:
            slow = await cancel_when(client, once_asked(server))
        await anyio.sleep(0.05)
        return slow

    retry = RetryPolicy(initial_delay=3600.0, max_delay=3600.0)
    assert 0.05 > loop.run(body, server.base_url, retry=retry)
    assert 1 == server.n


@pytest.mark.parametrize(
    "what", ["get", "raw", "get_many", "get_many_settled", "list_all", "collect", "prefetch"]
)
def test_every_operation_is_cancelled(loop, serve, what):
    """
    Case 131: whatever is under way, a cancellation ends it at once, and raises nothing else.
    """

    async def walk(client):
        async for _ in client.phone_numbers.list_all():
            pass

    async def ahead(client):
        async with client.phone_numbers.list_all().prefetch(2) as numbers:
            async for _ in numbers:
                pass

    calls = {
        "get": lambda client: client.phone_numbers.get(ID),
        "raw": lambda client: client.raw(client.phone_numbers.get, ID),
        "get_many": lambda client: client.phone_numbers.get_many([ID] * 20),
        "get_many_settled": lambda client: client.phone_numbers.get_many_settled([ID] * 20),
        "list_all": walk,
        "collect": lambda client: client.phone_numbers.list_all().collect(),
        "prefetch": ahead,
    }
    server = serve(
        page("A", more=True) if what in {"list_all", "collect", "prefetch"} else single()
    )
    server.replies.append(lambda connection: connection.wait())

    async def body(client):
        slow = await cancel_when(client, once_asked(server, 2), calls[what])
        await anyio.sleep(0.02)  # for what was on its way
        count = server.n
        await anyio.sleep(0.05)
        server.replies[:] = [single()]
        with anyio.fail_after(1):
            await client.phone_numbers.get(ID)
        return slow, server.n - count

    if what in {"get", "raw"}:
        del server.replies[0]
        server.requests.append(None)  # one request is enough for these

    slow, further = loop.run(body, server.base_url)

    assert slow < 0.1
    assert 1 == further


def test_sibling_that_fails(loop, serve):
    """
    Case 132: when a sibling task fails, the group's error is that of the sibling, and none of the
    client's.
    """
    server = serve(lambda connection: connection.wait(), single())

    async def body(client):
        async def fail():
            await once_asked(server)()
            raise LookupError("the sibling's")

        with pytest.raises(ExceptionGroup) as caught:
            async with anyio.create_task_group() as group:
                group.start_soon(client.phone_numbers.get, ID)
                group.start_soon(fail)
        (only,) = caught.value.exceptions
        assert LookupError is type(only)
        with anyio.fail_after(1):
            return (await client.phone_numbers.get(ID)).id

    assert ID == loop.run(body, server.base_url)


@pytest.mark.parametrize("when", ["reading", "backoff"])
def test_timeout_of_the_caller(loop, serve, when):
    """
    Case 131: a timeout of the caller raises the caller's TimeoutError, and no class of ours.
    """
    server = serve(
        answer(429, b"", "Retry-After: 30")
        if when == "backoff"
        else lambda connection: connection.wait()
    )

    async def body(client):
        with (
            lasting(0.2, 0.2),
            pytest.raises(TimeoutError) as caught,
            anyio.fail_after(0.2),
        ):
            await client.phone_numbers.get(ID)
        return type(caught.value)

    assert TimeoutError is loop.run(body, server.base_url, deadline=60.0)
    assert 1 == server.n


@pytest.mark.parametrize("how", ["timeout", "wait_for"])
def test_timeout_of_asyncio(serve, how):
    """
    Case 131: asyncio's own timeouts work as with any other awaitable.
    """
    server = serve(lambda connection: connection.wait(), single())

    async def body(client):
        with pytest.raises(TimeoutError) as caught:
            if how == "timeout":
                async with asyncio.timeout(0.1):
                    await client.phone_numbers.get(ID)
            else:
                await asyncio.wait_for(client.phone_numbers.get(ID), 0.1)
        return type(caught.value), (await client.phone_numbers.get(ID)).id

    assert (TimeoutError, ID) == QuickFront("asyncio").run(body, server.base_url)


@pytest.mark.parametrize("what", ["get", "get_many", "collect", "prefetch"])
@pytest.mark.parametrize("deadline", [None, 30.0])
def test_task_of_asyncio_cancelled(serve, what, deadline):
    """
    Case 131: `task.cancel()` gives a CancelledError, not swallowed and not counted twice.
    """
    server = serve(page("A", more=True) if what in {"collect", "prefetch"} else single())
    server.replies.append(lambda connection: connection.wait())

    async def body(client):
        async def call():
            if what == "get":
                await client.phone_numbers.get(ID)
                await client.phone_numbers.get(ID)
            elif what == "get_many":
                await client.phone_numbers.get_many([ID] * 5)
            elif what == "collect":
                await client.phone_numbers.list_all().collect()
            else:
                async with client.phone_numbers.list_all().prefetch() as numbers:
                    async for _ in numbers:
                        pass

        task = asyncio.create_task(call())
        await once_asked(server, 2)()
        task.cancel("mine")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        # The task that cancelled is not cancelled itself.
        assert 0 == asyncio.current_task().cancelling()
        server.replies[:] = [single()]
        return (await client.phone_numbers.get(ID)).id

    assert ID == QuickFront("asyncio").run(body, server.base_url, deadline=deadline)


def test_cancellation_that_is_caught(serve):
    """
    Case 131: a task that catches its cancellation may continue and call again.
    """
    server = serve(lambda connection: connection.wait(), single())

    async def body(client):
        async def stubborn():
            with contextlib.suppress(asyncio.CancelledError):
                await client.phone_numbers.get(ID)
            asyncio.current_task().uncancel()
            return (await client.phone_numbers.get(ID)).id

        task = asyncio.create_task(stubborn())
        await once_asked(server)()
        task.cancel()
        return await task

    assert ID == QuickFront("asyncio").run(body, server.base_url)


def test_cancelled_in_a_group_of_many(loop, serve):
    """
    Case 130: a cancelled `get_many` stops all of its requests.
    """
    open_now, lock = set(), threading.Lock()

    def hang(connection):
        with lock:
            open_now.add(connection.number)
        with contextlib.suppress(OSError):
            connection.socket.recv(1)
        with lock:
            open_now.discard(connection.number)

    server = serve(hang)

    async def body(client):
        slow = await cancel_when(
            client, once_asked(server, 8), lambda c: c.phone_numbers.get_many([ID] * 50)
        )
        for _ in range(200):
            if not open_now:
                break
            await anyio.sleep(0.005)
        return slow, server.n

    slow, asked = loop.run(body, server.base_url)

    assert slow < 0.1
    assert 8 == asked
    assert set() == open_now


def test_closing_is_cancelled(loop, serve):
    """
    Case 130: a cancelled `aclose` has still closed the client.
    """
    server = serve(single())

    async def body(client):
        await client.phone_numbers.get(ID)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await client.aclose()
        with pytest.raises(ClientClosedError):
            await client.phone_numbers.get(ID)

    loop.run(body, server.base_url)

    assert 1 == server.n


def test_nothing_is_logged_about_cancelled_calls(loop, serve, caplog):
    """
    Case 130: cancelled calls leave no record on the loggers of the event loops.
    """
    server = serve(in_pieces())

    async def body(client):
        for tenth in range(0, 60, 5):
            await cancel_when(client, after(tenth / 10_000))

    with caplog.at_level("WARNING"):
        loop.run(body, server.base_url)

    assert [] == caplog.records


# Ctrl-C in blocking code.


class Interrupted:
    """
    Sends this process a Ctrl-C as soon as *ready*, and measures how long it took to take effect.
    """

    def __init__(self, ready, after=0.05):
        self._ready = ready
        self._after = after
        self.sent = 0.0
        self.took = math.inf

    def __enter__(self):
        main = threading.get_ident()

        def press():
            end = time.monotonic() + 5
            while not self._ready() and time.monotonic() < end:
                time.sleep(0.002)
            time.sleep(self._after)
            self.sent = time.monotonic()
            signal.pthread_kill(main, signal.SIGINT)

        self._thread = threading.Thread(target=press)
        self._thread.start()
        return self

    def __exit__(self, kind, error, _):
        self.took = elapsed(self.sent)
        self._thread.join()
        return kind is KeyboardInterrupt


class Watched:
    """
    A reply that sends *data*, then nothing more, and records when the client closes the connection.
    """

    def __init__(self, data=b""):
        self._data = data
        self.gone = threading.Event()

    def __call__(self, connection):
        connection.send(self._data)
        with contextlib.suppress(OSError):
            while connection.socket.recv(1):
                pass
        self.gone.set()


@pytest.mark.parametrize(
    "data",
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"],
    ids=["before the answer", "within its head", "within its body"],
)
@pytest.mark.parametrize("deadline", [None, 30.0])
def test_ctrl_c_while_reading(blocking, serve, data, deadline):
    """
    Case 140: Ctrl-C while reading is a KeyboardInterrupt at once; the connection is closed.
    """
    watched = Watched(data)
    server = serve(watched, single())

    with blocking.client(server.base_url, deadline=deadline) as client:
        with Interrupted(lambda: server.n) as interrupted:
            client.phone_numbers.get(ID)

        assert 0 <= interrupted.took < 0.2
        assert watched.gone.wait(1)
        assert ID == client.phone_numbers.get(ID).id
    assert 2 == server.n


def test_ctrl_c_while_shaking_hands(blocking):
    """
    Case 140: Ctrl-C ends a TLS handshake that the server does not answer.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        seen = threading.Event()

        def accept():
            connection, _ = listener.accept()
            with connection:
                connection.recv(1)
                seen.set()
                while connection.recv(4096):
                    pass

        thread = threading.Thread(target=accept)
        thread.start()
        with blocking.client(f"https://127.0.0.1:{port}") as client:
            with Interrupted(seen.is_set) as interrupted:
                client.phone_numbers.get(ID)
        thread.join(2)

    assert 0 <= interrupted.took < 0.2
    assert not thread.is_alive()


def test_ctrl_c_during_backoff(blocking, serve):
    """
    Case 140: Ctrl-C during the wait for a retry ends the wait, and there is no retry.
    """
    server = serve(answer(503, b"", "Retry-After: 30"), single())

    with blocking.client(server.base_url) as client:
        with Interrupted(lambda: server.n) as interrupted:
            client.phone_numbers.get(ID)

        assert 0 <= interrupted.took < 0.2
        assert 1 == server.n


def test_ctrl_c_between_pages(blocking, serve):
    """
    Case 140: Ctrl-C in a walk leaves the cursor in place, so the walk can be resumed.
    """
    watched = Watched()
    server = serve(page("A", "B", more=True), watched, page("C"))
    seen = []

    with blocking.client(server.base_url) as client:
        pager = client.phone_numbers.list_all()
        with Interrupted(lambda: server.n == 2) as interrupted:
            for number in pager:
                seen.append(number.id)

        assert 0 <= interrupted.took < 0.2
        assert (["A", "B"], "B") == (seen, pager.cursor)
        rest = client.phone_numbers.list_all(starting_after=pager.cursor)
        assert ["C"] == [number.id for number in rest]


@pytest.mark.in_flight
def test_ctrl_c_in_a_prefetch(blocking, serve):
    """
    Case 140: Ctrl-C does not wait for a page that is being prefetched.
    """
    server = serve(page("A", more=True), lambda connection: connection.wait(), single())

    with blocking.client(server.base_url) as client:
        with Interrupted(lambda: server.n == 2) as interrupted:
            with client.phone_numbers.list_all().prefetch() as ahead:
                for _ in ahead:
                    pass

        assert 0 <= interrupted.took < 0.2
        assert ID == client.phone_numbers.get(ID).id


def test_ctrl_c_in_get_many(blocking, serve):
    """
    Case 140: Ctrl-C in `get_many` does not wait for the requests in flight, and starts no new ones.
    """
    server = serve(lambda connection: (connection.wait(0.4), connection.send(answer(503))))

    with blocking.client(server.base_url) as client:
        with Interrupted(lambda: server.n == 4) as interrupted:
            client.phone_numbers.get_many([ID] * 50, concurrency=4)

        assert 0 <= interrupted.took < 0.2
        # They end by themselves: no retry, no next id.
        end = time.monotonic() + 3
        while workers() and time.monotonic() < end:
            time.sleep(0.01)
        assert [] == workers()
        assert 4 == server.n
        server.replies[:] = [single()]
        assert ID == client.phone_numbers.get(ID).id


def test_ctrl_c_in_get_many_during_backoff(blocking, serve):
    """
    Case 140: Ctrl-C in `get_many` wakes up the threads that wait for a retry.
    """
    server = serve(answer(503, b"", "Retry-After: 30"))

    with blocking.client(server.base_url) as client:
        with Interrupted(lambda: server.n) as interrupted:
            client.phone_numbers.get_many([ID] * 50, concurrency=4)

        assert 0 <= interrupted.took < 0.2
        end = time.monotonic() + 3
        while workers() and time.monotonic() < end:
            time.sleep(0.01)
        assert [] == workers()
    assert server.n <= 4


SCRIPT = """
import sys
from heymilo_async import AsyncHeyMilo, HeyMilo

what, url = sys.argv[1:]
key = "canary-" + "5f2b9c71e8d04a36"

async def main():
    async with AsyncHeyMilo(key, base_url=url) as client:
        print("ready", flush=True)
        await client.phone_numbers.get_many(["A", "B"])

if what in ("asyncio", "trio"):
    import anyio
    anyio.run(main, backend=what)
else:
    client = HeyMilo(key, base_url=url)
    print("ready", flush=True)
    if what == "many":
        client.phone_numbers.get_many(["A", "B"])
    elif what == "prefetch":
        with client.phone_numbers.list_all().prefetch() as numbers:
            list(numbers)
    else:
        client.phone_numbers.get("A")
"""


@pytest.mark.parametrize("what", ["many", "prefetch", "asyncio", "trio"])
def test_ctrl_c_ends_a_program(serve, what):
    """
    Case 140: an interrupted program ends within a second, and its traceback has no key.
    """
    server = serve(lambda connection: connection.wait())
    program = subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", SCRIPT, what, server.base_url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "ready\n" == program.stdout.readline()
    end = time.monotonic() + 5
    while not server.n and time.monotonic() < end:
        time.sleep(0.005)
    time.sleep(0.05)

    started = time.monotonic()
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=10)
    took = elapsed(started)

    assert took < 1
    assert program.returncode in {-signal.SIGINT, 1, 130}
    assert "KeyboardInterrupt" in errors
    assert "canary-5f2b" not in errors
    assert "never retrieved" not in errors
    assert "was destroyed" not in errors


@contextlib.contextmanager
def handling(handler):
    """
    Use *handler* for a signal that nothing else uses; pytest's own timeout uses SIGALRM.
    """
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def signal_after(seconds):
    """
    Return a thread that sends this thread a signal after *seconds*.
    """
    here = threading.get_ident()
    timer = threading.Timer(seconds, lambda: signal.pthread_kill(here, signal.SIGUSR1))
    timer.start()
    return timer


def ringing(gone):
    """
    Return a reply that sends this thread a signal, and sets *gone* when the client has closed the
    connection.
    """
    here = threading.get_ident()

    def reply(connection):
        signal.pthread_kill(here, signal.SIGUSR1)
        with contextlib.suppress(OSError):
            while connection.socket.recv(1):
                pass
        gone.set()

    return reply


class TimeIsUpError(Exception):
    """
    The exception of a caller's signal handler.
    """


@pytest.mark.lets_out("TimeIsUpError")
def test_signal_handler_that_raises(blocking, serve):
    """
    Cases 140 and 186: an exception of the caller's signal handler leaves a blocking call unchanged.
    """

    def ring(*_):
        raise TimeIsUpError

    watched = Watched()
    server = serve(watched, single())
    with handling(ring), blocking.client(server.base_url) as client:
        timer = signal_after(0.15)
        with pytest.raises(TimeIsUpError):
            client.phone_numbers.get(ID)
        timer.join()
        assert watched.gone.wait(1)
        assert ID == client.phone_numbers.get(ID).id
    assert 2 == server.n


#: Exceptions that look like a network error to the HTTP library, or like a bug of the library to
#: our own code.
LOOKALIKES = [TimeoutError, OSError, InterruptedError, ConnectionError, ValueError, LookupError]
LOOKALIKES += [AssertionError, AttributeError, UnicodeError, OverflowError]


@pytest.mark.lets_out(*(kind.__name__ for kind in LOOKALIKES))
@pytest.mark.parametrize("kind", LOOKALIKES)
def test_signal_handler_that_raises_what_looks_like_the_network(blocking, serve, kind):
    """
    Cases 140 and 186: an exception of a signal handler leaves the call unchanged, whatever its
    class, and nothing is retried.
    """
    gone = threading.Event()
    raised = kind("of the handler")

    def ring(*_):
        raise raised

    server = serve(ringing(gone), single())
    with handling(ring), blocking.client(server.base_url) as client:
        with pytest.raises(kind) as caught:
            client.phone_numbers.get(ID)
        assert raised is caught.value
        assert gone.wait(5)
        assert ID == client.phone_numbers.get(ID).id
    assert 2 == server.n


@pytest.mark.lets_out(*(kind.__name__ for kind in LOOKALIKES))
@pytest.mark.parametrize("kind", LOOKALIKES)
def test_signal_handler_that_raises_while_a_request_goes_out(blocking, serve, monkeypatch, kind):
    """
    Cases 140 and 186: an exception of a signal handler leaves the call unchanged in the middle of
    sending, too.
    """
    raised = kind("of the handler")

    def ring(*_):
        raise raised

    def send(self, *args):
        signal.raise_signal(signal.SIGUSR1)
        return super(socket.socket, self).send(*args)

    server = serve(single())
    with handling(ring), blocking.client(server.base_url) as client:
        with monkeypatch.context() as patched:
            patched.setattr(socket.socket, "send", send)
            with pytest.raises(kind) as caught:
                client.phone_numbers.get(ID)
        assert raised is caught.value
        assert ID == client.phone_numbers.get(ID).id
    assert 1 == server.n


@pytest.mark.lets_out("OSError")
def test_signal_handler_that_raises_in_a_later_attempt(blocking, serve):
    """
    Cases 140 and 186: an exception of a signal handler ends a call in its second attempt, too.
    """
    raised = OSError("of the handler")

    def ring(*_):
        raise raised

    server = serve(answer(503), ringing(threading.Event()), single())
    with (
        handling(ring),
        blocking.client(server.base_url, retry=RetryPolicy(initial_delay=0.0)) as client,
    ):
        with pytest.raises(OSError, match="of the handler") as caught:
            client.phone_numbers.get(ID)
        assert raised is caught.value
        assert ID == client.phone_numbers.get(ID).id
    assert 3 == server.n


@pytest.mark.lets_out("OSError")
def test_signal_handler_that_raises_while_a_client_opens(blocking, serve, monkeypatch):
    """
    Cases 140 and 186: an exception of a signal handler that comes while certificates are read is
    not reported as a certificate error.
    """
    raised = OSError("of the handler")

    def ring(*_):
        raise raised

    real = httpx.create_ssl_context

    def slowly(*args, **kwargs):
        signal.raise_signal(signal.SIGUSR1)
        return real(*args, **kwargs)

    monkeypatch.setattr(httpx, "create_ssl_context", slowly)
    server = serve(single())
    with handling(ring), blocking.client(server.base_url, ssl_context=None) as client:
        with pytest.raises(OSError, match="of the handler") as caught:
            client.phone_numbers.get(ID)
        assert raised is caught.value
        monkeypatch.setattr(httpx, "create_ssl_context", real)
        assert ID == client.phone_numbers.get(ID).id


def test_signal_handler_that_returns(blocking, serve):
    """
    Case 140: a signal that is handled in the middle of a call does not disturb it.
    """
    rung = []
    server = serve(lambda connection: (connection.wait(0.3), connection.send(single())))
    with (
        handling(lambda *_: rung.append(True)),
        blocking.client(server.base_url, deadline=5.0) as client,
    ):
        timer = signal_after(0.1)
        assert ID == client.phone_numbers.get(ID).id
        timer.join()
    assert ([True], 1) == (rung, server.n)


def test_ctrl_c_while_waiting_for_a_connection(blocking, serve):
    """
    Case 140: Ctrl-C while waiting for a free connection ends the wait, and leaks no connection.
    """
    release = threading.Event()
    server = serve(lambda connection: (release.wait(10), connection.send(single())), single())
    got = []

    with blocking.client(server.base_url, max_connections=1) as client:
        holder = threading.Thread(target=lambda: got.append(client.phone_numbers.get(ID).id))
        holder.start()
        until(lambda: server.n)
        with Interrupted(lambda: True) as interrupted:
            client.phone_numbers.get(ID)
        release.set()
        holder.join(5)
        got.append(client.with_options(timeout=1.0).phone_numbers.get(ID).id)

    assert 0 <= interrupted.took < 0.2
    assert [ID, ID] == got
    assert 2 == server.n


# An interrupt within `socket.create_connection` leaves its socket to the garbage collector, which
# warns, and one within a callback of a weak reference is printed and lost: Python causes both, and
# neither leaks a connection of ours.
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh connection", "kept connection"])
def test_ctrl_c_at_every_moment(blocking, serve, fresh):
    """
    Case 140: Ctrl-C at any fraction of a millisecond leaves a pool of one connection usable.
    """
    server = serve(in_pieces(*["Connection: close"] * fresh))
    dice = random.Random(140)
    interrupted = 0
    with (
        handling(signal.default_int_handler),
        blocking.client(server.base_url, max_connections=1, timeout=1.0, retry=ONCE) as client,
    ):
        for _ in range(120):
            ended = False
            try:
                timer = signal_after(dice.random() * 0.007)
                client.phone_numbers.get(ID)
                ended = True
                # Wherever it arrives, it arrives in this block, except for the rare one that is
                # lost.
                timer.join()
                time.sleep(0.02)
            except KeyboardInterrupt:
                interrupted += not ended
            timer.join()
            assert ID == client.phone_numbers.get(ID).id

    assert interrupted > 50


class InterruptedAt:
    """
    Raises a KeyboardInterrupt at the *n*-th point at which Python handles signals: as a function
    begins, and after a call of a function in C. *skipped* is a file of functions that are left alone.
    """

    def __init__(self, n, skipped=None):
        self._left = n
        self._skipped = skipped
        self.is_over = False

    def __enter__(self):
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)

    def _profile(self, frame, event, _):
        file = frame.f_code.co_filename
        if event not in {"call", "c_return"} or file in {self._skipped, __file__}:
            return
        self._left -= 1
        if self._left < 0:
            sys.setprofile(None)
            self.is_over = True
            raise KeyboardInterrupt


# Ctrl-C between the creation of a coroutine and its start makes Python warn.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_ctrl_c_while_a_prefetch_is_entered(blocking, serve):
    """
    Case 140: Ctrl-C at any point of entering a prefetch leaves no thread behind.
    """
    server = serve(answers=lambda _: page("A", "B"))

    with blocking.client(server.base_url) as client:
        client.phone_numbers.list()
        for n in range(1000):
            prefetch = client.phone_numbers.list_all().prefetch()
            try:
                # Within `Thread.start`, Python itself may lose a thread that has not begun.
                with InterruptedAt(n, skipped=threading.__file__) as interrupted:
                    prefetch.__enter__()
            except KeyboardInterrupt:
                assert interrupted.is_over
            else:
                prefetch.__exit__()
            assert until(lambda: not workers())
            if not interrupted.is_over:
                break
    assert n > 10


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_ctrl_c_while_a_page_is_taken(blocking, serve):
    """
    Case 140: Ctrl-C at any point of taking a prefetched page leaves a prefetch that can be left.
    """
    server = serve(answers=lambda _: page("A", "B"))

    with blocking.client(server.base_url) as client:
        client.phone_numbers.list()
        for n in range(1000):
            with client.phone_numbers.list_all().prefetch() as ahead:
                try:
                    with InterruptedAt(n) as interrupted:
                        next(ahead)
                except KeyboardInterrupt:
                    assert interrupted.is_over
            assert until(lambda: not workers())
            if not interrupted.is_over:
                break
    assert n > 10


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_ctrl_c_while_an_item_is_taken(blocking, serve):
    """
    Case 140: after Ctrl-C at any point of taking an item, the iterator may be used again.
    """
    ids = [str(number) for number in range(100)]
    server = serve(page(*ids))

    with blocking.client(server.base_url) as client:
        items = iter(client.phone_numbers.list_all())
        assert "0" == next(items).id
        for n in range(100):
            try:
                with InterruptedAt(n) as interrupted:
                    next(items)
            except KeyboardInterrupt:
                assert interrupted.is_over
            assert next(items).id in ids
            if not interrupted.is_over:
                break
    assert n > 5


@pytest.mark.parametrize("what", ["prefetch", "get_many"])
def test_ctrl_c_while_a_thread_starts(blocking, serve, monkeypatch, what):
    """
    Case 140: Ctrl-C while a thread starts, which Python may report as an error of a lock, is not
    taken for a system that allows no threads.
    """
    server = serve(answers=lambda request: page("A") if "?" in request.target else single())
    armed = [True]
    real = threading.Condition._release_save

    def released(self):
        real(self)
        if armed and threading.current_thread() is threading.main_thread():
            armed.clear()
            raise KeyboardInterrupt

    with blocking.client(server.base_url) as client:
        monkeypatch.setattr(threading.Condition, "_release_save", released)
        with pytest.raises(KeyboardInterrupt):
            if what == "prefetch":
                with client.phone_numbers.list_all().prefetch() as ahead:
                    list(ahead)
            else:
                client.phone_numbers.get_many([ID] * 5)
        assert not armed
        assert until(lambda: not workers())
        assert ID == client.phone_numbers.get(ID).id
