"""
Open, share, fork, close: cases 133 to 153 of the fault catalogue, and related ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
import weakref
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpx
import httpx2
import pytest
from background import open_files, pause, until, workers
from fronts import KEY, NO_CERTIFICATES, Front, QuickFront
from inside import FAULTS, engine_of
from invariants import elapsed, lasting
from own import LIBRARIES, close, kind_of
from server import NUMBER, answer, numbers, ok, page, single

import heymilo_async
from heymilo_async import (
    APIConnectionError,
    APIResponse,
    APITimeoutError,
    AsyncHeyMilo,
    Attempt,
    ClientClosedError,
    ConfigurationError,
    DeadlineExceededError,
    EventLoopError,
    HeyMilo,
    HeyMiloError,
    InvalidRequestError,
    NotFoundError,
    PhoneNumber,
    RetryPolicy,
    ServerError,
    UnexpectedRedirectError,
    errors,
)

ID = NUMBER["id"]
ONCE = RetryPolicy(max_attempts=1)


def echo(request):
    """
    Respond with a number that has the requested id.
    """
    return single(id=urlsplit(request.target).path.rpartition("/")[2])


def hang(connection):
    """
    Read the request, and send nothing.
    """
    connection.wait()


async def at_once(front, *calls):
    """
    Make *calls* concurrently, each in a task or a thread; return their results or errors.
    """
    outcomes = [None] * len(calls)

    async def one(index):
        try:
            outcomes[index] = await calls[index]()
        except Exception as error:
            outcomes[index] = error

    if front.is_blocking:
        # Over the blocking transport one `send` runs a coroutine to its end.
        def run(index):
            with contextlib.suppress(StopIteration):
                one(index).send(None)

        threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    else:
        async with anyio.create_task_group() as group:
            for index in range(len(calls)):
                group.start_soon(one, index)
    return outcomes


# Concurrent calls.


def test_attempts_of_calls_are_apart(front, serve, naps):
    """
    Case 133: ten concurrent calls that fail three times each record three attempts each, all their
    own.
    """
    server = serve(answers=lambda request: answer(503, urlsplit(request.target).path.encode()))

    async def body(client):
        return await at_once(
            front, *[lambda i=i: client.phone_numbers.get(f"id-{i}") for i in range(10)]
        )

    found = front.run(body, server.base_url)

    assert [ServerError] * 10 == [type(error) for error in found]
    assert [3] * 10 == [len(error.attempts) for error in found]
    assert [f"/id-{i}" in error.request for i, error in enumerate(found)] == [True] * 10
    assert [f"id-{i}".encode() in error.body for i, error in enumerate(found)] == [True] * 10
    assert 30 == server.n


@pytest.mark.parametrize("connections", [2, 16, 100])
def test_threads_share_a_client(blocking, serve, connections):
    """
    Case 138: 32 threads with 20 calls each get 640 right responses at the first attempt.
    """
    server = serve(answers=echo)
    wrong = []

    def work(client, name):
        for i in range(20):
            try:
                got = client.phone_numbers.get(f"{name}-{i}").id
            except HeyMiloError as error:
                got = error
            if got != f"{name}-{i}":
                wrong.append(got)

    with blocking.client(
        server.base_url, max_connections=connections, retry=ONCE, timeout=5.0
    ) as client:
        threads = [threading.Thread(target=work, args=(client, f"t{n}")) for n in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    assert [] == wrong
    assert 640 == server.n
    assert server.accepted <= connections


def test_threads_make_the_pool_once(blocking, serve):
    """
    Case 138: threads that start at the same moment open one pool, not one each.
    """
    server = serve(answers=echo)
    start = threading.Barrier(16)
    got = []

    def work(client):
        start.wait()
        got.append(client.phone_numbers.get("A").id)

    with blocking.client(server.base_url, max_connections=1) as client:
        threads = [threading.Thread(target=work, args=(client,)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

    assert ["A"] * 16 == got
    assert 1 == server.accepted


def test_tasks_make_the_pool_once(loop, serve):
    """
    Case 138: tasks that start at the same moment share the connections from the first one on.
    """
    server = serve(answers=echo)

    async def body(client):
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(client.phone_numbers.get, "A")

    loop.run(body, server.base_url, max_connections=2)

    assert (50, 2) == (server.n, server.accepted)


@pytest.mark.parametrize("calls", [300])
def test_more_calls_than_connections(loop, serve, calls):
    """
    Case 137, small: hundreds of concurrent calls wait for a connection, and none fails.
    """
    server = serve(answers=echo)

    async def body(client):
        async with anyio.create_task_group() as group:
            for i in range(calls):
                group.start_soon(client.phone_numbers.get, str(i))

    loop.run(body, server.base_url, max_connections=10)

    assert calls == server.n
    assert server.accepted <= 10


def test_connections_are_waited_for_so_long(front, serve):
    """
    Case 147: a timeout while waiting for a connection is an APITimeoutError with the phase `pool`,
    never retried.
    """
    server = serve(hang)

    async def body(client):
        quick = client.with_options(timeout=0.15, retry=RetryPolicy(max_attempts=5))

        async def wait_for_place():
            while not server.n:
                await pause(front, 0.002)
            try:
                with lasting(0.15, 0.15), pytest.raises(HeyMiloError) as caught:
                    await quick.phone_numbers.get(ID)
            finally:
                await client.aclose()
            return caught.value

        _, error = await at_once(front, lambda: client.phone_numbers.get(ID), wait_for_place)
        return error, tokens(client)

    error, left = front.run(body, server.base_url, max_connections=1)

    assert APITimeoutError is type(error)
    assert ("pool", False) == (error.phase, error.maybe_sent)
    assert 1 == len(error.attempts)
    assert "max_connections" in str(error)
    # The queue is our own, so the retry budget is not affected.
    assert 500 == left
    assert 1 == server.n


def tokens(client):
    """
    Return what is left of the retry budget of *client*.
    """
    return engine_of(client).pool.budget.tokens


def test_deadline_while_waiting_for_a_connection(front, serve):
    """
    Case 147: a deadline that passes in the queue raises in time, and says that the call was queued.
    """
    server = serve(hang)

    async def body(client):
        quick = client.with_options(deadline=0.15)

        async def wait_for_place():
            while not server.n:
                await pause(front, 0.002)
            try:
                with lasting(0.15, 0.15), pytest.raises(HeyMiloError) as caught:
                    await quick.phone_numbers.get(ID)
            finally:
                await client.aclose()
            return caught.value

        return (await at_once(front, lambda: client.phone_numbers.get(ID), wait_for_place))[1]

    error = front.run(body, server.base_url, max_connections=1)

    assert DeadlineExceededError is type(error)
    assert "pool" == error.phase
    assert 1 == server.n


# Closing.


def test_close_with_requests_in_flight(front, serve):
    """
    Case 134: closing ends ten calls under way with a ClientClosedError, within a second.
    """
    server = serve(hang)

    async def body(client):
        async def close():
            while server.n < 10:
                await pause(front, 0.002)
            started = time.monotonic()
            await client.aclose()
            return elapsed(started)

        started = time.monotonic()
        *outcomes, took = await at_once(front, *[lambda: client.phone_numbers.get(ID)] * 10, close)
        return outcomes, took, elapsed(started)

    outcomes, took, overall = front.run(body, server.base_url)

    assert [ClientClosedError] * 10 == [type(error) for error in outcomes]
    assert took < 1
    assert overall < 2
    assert 10 == server.n


@pytest.mark.parametrize("what", ["backoff", "queue", "get_many", "settled", "collect"])
def test_close_while_calls_wait(front, serve, what):
    """
    Case 134: a call that waits for a retry or for a connection ends when the client closes.

    (In blocking code a wait for a retry ends first, because nothing wakes `time.sleep`.)
    """
    wait = 1 if front.is_blocking else 30
    server = serve(answer(503, b"", f"Retry-After: {wait}") if what == "backoff" else hang)
    options = {"queue": {"max_connections": 1}}.get(what, {})

    async def body(client):
        async def close():
            while not server.n:
                await pause(front, 0.002)
            await pause(front, 0.05)
            await client.aclose()

        calls = {
            "get_many": [lambda: client.phone_numbers.get_many([ID] * 20)],
            "settled": [lambda: client.phone_numbers.get_many_settled([ID] * 20)],
            "collect": [lambda: client.phone_numbers.list_all().collect()],
        }.get(what, [lambda: client.phone_numbers.get(ID)] * 3)
        started = time.monotonic()
        *outcomes, _ = await at_once(front, *calls, close)
        return outcomes, elapsed(started)

    outcomes, took = front.run(body, server.base_url, **options)

    if what == "settled":
        (outcomes,) = outcomes
        assert 20 == len(outcomes)
    assert {ClientClosedError} == {type(error) for error in outcomes}
    assert took < 1.5


def test_close_while_connecting(blocking, serve, monkeypatch):
    """
    Case 134: a call that is still connecting ends when another thread closes the client.
    """
    server = serve(hang)
    looking, go_on = threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def slow(*args, **options):
        looking.set()
        go_on.wait(5)
        return look_up(*args, **options)

    client = blocking.client(server.base_url, timeout=5.0, retry=ONCE)
    errors_ = []

    def work():
        try:
            client.phone_numbers.get(ID)
        except HeyMiloError as error:
            errors_.append(type(error))

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    thread = threading.Thread(target=work)
    thread.start()
    assert looking.wait(5)
    client.close()
    go_on.set()
    thread.join(2)

    assert [ClientClosedError] == errors_


def test_close_again(front, serve):
    """
    Case 134: a second close does nothing; a later call is a ClientClosedError without I/O.
    """
    server = serve(single())

    async def body(client):
        await client.phone_numbers.get(ID)
        await client.aclose()
        await client.aclose()
        for call in (
            lambda: client.phone_numbers.get(ID),
            client.phone_numbers.list,
            lambda: client.phone_numbers.get_many([ID]),
            lambda: client.phone_numbers.get_many_settled([ID]),
            lambda: client.raw(client.phone_numbers.get, ID),
            lambda: client.phone_numbers.list_all().collect(),
            client.__aenter__,
        ):
            with pytest.raises(ClientClosedError) as caught:
                await call()
            assert "closed" in str(caught.value)
        await client.aclose()

    front.run(body, server.base_url)

    assert 1 == server.n


def test_close_at_the_same_time(front, serve):
    """
    Case 134: several tasks, or threads, may close at the same time.
    """
    server = serve(single())

    async def body(client):
        await client.phone_numbers.get(ID)
        return await at_once(front, *[client.aclose] * 8)

    assert [None] * 8 == front.run(body, server.base_url)


def test_enter_again_after_leaving(front, serve):
    """
    Case 134: a closed client cannot be entered again; the error says to make a new one.
    """
    server = serve(single())

    async def body():
        client = front.awaitable(front.client(server.base_url))
        async with client:
            await client.phone_numbers.get(ID)
        with pytest.raises(ClientClosedError, match="new one"):
            async with client:
                pass

    front.run_alone(body)

    assert 1 == server.n


def test_close_of_an_unused_client(front):
    """
    Case 134: a client that never opened a connection can be closed without a running loop.
    """
    client = front.client("http://127.0.0.1:1")

    async def body():
        await front.awaitable(client).aclose()

    front.run_alone(body)


def test_arguments_are_checked_before_the_state(front, serve):
    """
    Case 134: on a closed client, a wrong argument raises one of the two errors, and nothing is sent.
    """
    server = serve(single())

    async def body(client):
        await client.aclose()
        with pytest.raises((InvalidRequestError, ClientClosedError)):
            await client.phone_numbers.get("")

    front.run(body, server.base_url)

    assert 0 == server.n


def test_many_clients_leave_nothing(front, serve):
    """
    Case 144: 300 clients that are made, used and closed leave no file, thread or task.
    """
    server = serve(single())

    async def body():
        for i in range(300):
            async with front.awaitable(front.client(server.base_url)) as client:
                if i % 10 == 0:
                    await client.phone_numbers.get(ID)
        if front.name == "asyncio":
            assert 1 == len(asyncio.all_tasks())

    def ours():
        # Neither this server's threads nor those of the harness's server.
        return [t for t in threading.enumerate() if t.name != "test server"]

    before = open_files(), len(ours())
    front.run_alone(body)
    gc.collect()
    server.__exit__()

    # A server closes its side of a connection a moment after the client.
    assert until(lambda: open_files() <= before[0])
    assert len(ours()) <= before[1]


@pytest.mark.parametrize("fault", ["500", "timeout", "not JSON", "another id"])
def test_errors_leave_no_connection_busy(front, serve, naps, fault):
    """
    Case 145: after many errors, every connection of the pool is free again.
    """
    reply = {
        "500": answer(500, b"x" * 300_000),
        "timeout": hang,
        "not JSON": answer(200, b"<html>" * 50_000),
        "another id": single(id="other"),
    }[fault]
    server = serve(reply)

    async def body(client):
        for _ in range(2):
            with pytest.raises(HeyMiloError):
                await client.phone_numbers.get(ID)
        server.replies[:] = [single()]
        # With a pool of one connection, a leaked one would cause a timeout.
        return (await client.phone_numbers.get(ID)).id

    assert ID == front.run(body, server.base_url, max_connections=1, timeout=0.1)


# Event loops.


def test_two_loops_one_after_the_other(loop, serve):
    """
    Case 135: in its second event loop, a client opens new connections.
    """
    server = serve(single())
    client = loop.client(server.base_url)

    async def main():
        return (await client.phone_numbers.get(ID)).id

    async def last():
        got = (await client.phone_numbers.get(ID)).id
        await client.aclose()
        return got

    got = [anyio.run(main, backend=loop.name) for _ in range(3)]
    got.append(anyio.run(last, backend=loop.name))
    gc.collect()

    assert [ID] * 4 == got
    assert [1, 2, 3, 4] == [request.connection for request in server.requests]


LOOPS = """
import asyncio, gc, sys
import trio
from heymilo_async import AsyncHeyMilo

client = None

def be_patient():
    # In its debug mode asyncio complains of a machine that is busy.
    if trio.lowlevel.in_trio_run():
        return
    asyncio.get_running_loop().slow_callback_duration = 60.0

async def main():
    be_patient()
    return len(await client.phone_numbers.list())

async def last():
    be_patient()
    async with client:
        return len(await client.phone_numbers.list())

def on_asyncio(main):
    return asyncio.run(main())

def on_a_bare_loop(main):
    loop = asyncio.new_event_loop()
    got = loop.run_until_complete(main())
    loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    return got

for runs in (
    [on_asyncio] * 3,
    [trio.run] * 3,
    [on_asyncio, trio.run, on_asyncio],
    [on_a_bare_loop, on_asyncio],
):
    client = AsyncHeyMilo("k", base_url=sys.argv[1])
    print([run(main) for run in runs[:-1]], runs[-1](last))
    gc.collect()
"""


def run_python(code, *args, options=("-X", "dev", "-W", "error"), **kinds):
    """
    Run *code* in a new Python process; return exit status, stdout and stderr.
    """
    done = subprocess.run(
        [sys.executable, *options, "-c", code, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        **kinds,
    )
    return done.returncode, done.stdout, done.stderr


def test_two_loops_in_developer_mode(serve):
    """
    Case 135: with -X dev and warnings as errors, using one client in several loops prints nothing.
    """
    server = serve(page("A"))

    assert (0, "[1, 1] 1\n" * 3 + "[1] 1\n", "") == run_python(LOOPS, server.base_url)


def test_loops_of_two_kinds(serve):
    """
    Case 136: a client may be used under asyncio and then under trio.
    """
    server = serve(single())
    client = QuickFront("asyncio").client(server.base_url)

    async def main():
        return (await client.phone_numbers.get(ID)).id

    async def last():
        async with client:
            return (await client.phone_numbers.get(ID)).id

    assert [ID] * 4 == [
        anyio.run(main, backend="asyncio"),
        anyio.run(main, backend="trio"),
        anyio.run(main, backend="asyncio"),
        anyio.run(last, backend="trio"),
    ]


def test_threads_with_their_own_loops(loop, serve):
    """
    Case 136: several threads, each with its own loop, share a client without mixing up responses.
    """
    server = serve(answers=echo)
    client = loop.client(server.base_url)
    outcomes = []

    def work(name):
        async def main():
            got = [(await client.phone_numbers.get(f"{name}-{i}")).id for i in range(20)]
            return got == [f"{name}-{i}" for i in range(20)]

        outcomes.append(anyio.run(main, backend=loop.name))

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    anyio.run(client.aclose, backend=loop.name)

    assert [True] * 6 == outcomes
    assert 120 == server.n


def test_loops_of_other_threads_come_and_go(serve):
    """
    Cases 136 and 190: loops that start and end in other threads do not disturb the setup of another
    one.
    """
    server = serve(answers=echo)
    client = AsyncHeyMilo(KEY, base_url=server.base_url)
    outcomes = []

    class SlowLoop(asyncio.SelectorEventLoop):
        def __init__(self):
            super().__init__()
            self.owner = threading.get_ident()

        def is_closed(self):
            # Switch to another thread here, in the middle of the loop.
            if threading.get_ident() != self.owner:
                time.sleep(0.001)
            return super().is_closed()

    def work():
        for _ in range(3):
            try:
                with asyncio.Runner(loop_factory=SlowLoop) as runner:
                    outcomes.append(runner.run(client.phone_numbers.get(ID)).id)
            except Exception as error:
                outcomes.append(repr(error))

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    asyncio.run(client.aclose())

    assert [ID] * 36 == outcomes


#: A separate program in which threads switch as often as possible. All start with the first use of
#: a group, and share connections, a rate limit and a listener.
THREADS_AND_LOOPS = """
import asyncio, collections, ssl, sys, threading
from heymilo_async import AsyncHeyMilo, RateLimit
from heymilo_async.otel import Telemetry

sys.setswitchinterval(1e-6)
url, threads, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
client = AsyncHeyMilo(
    "k",
    base_url=url,
    ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    rate_limit=RateLimit(1_000_000, per=60),
    events=Telemetry(),
)
outcomes = collections.Counter()
together = threading.Barrier(threads)

def work(thread):
    together.wait()
    for number in range(rounds):
        name = f"{thread}-{number}"
        try:
            with asyncio.Runner() as runner:
                got = runner.run(client.phone_numbers.get(name))
            outcomes["right" if got.id == name else "mixed up"] += 1
        except BaseException as error:
            outcomes[repr(error)] += 1

working = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
for one in working:
    one.start()
for one in working:
    one.join()
asyncio.run(client.aclose())
print(dict(outcomes))
"""


@pytest.mark.timeout(600)
def test_many_threads_with_their_own_loops(serve):
    """
    Cases 136 and 190: 24 threads share a client, each with a new event loop for each of 300 calls,
    and every call succeeds.
    """
    server = serve(answers=echo)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", THREADS_AND_LOOPS, server.base_url, "24", "300"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ("{'right': 7200}\n", "") == (done.stdout, done.stderr)


#: A separate program, in which nothing is loaded yet.
FIRST_USES = """
import random, sys, threading, typing
import heymilo_async

sys.setswitchinterval(1e-6)
names = list(heymilo_async.resources.EXPORTS)
together, failed = threading.Barrier(24), []

def work(seed):
    mine = random.Random(seed).sample(names, len(names))
    together.wait()
    for name in mine:
        try:
            kind = getattr(heymilo_async, name)
            assert "heymilo_async" == kind.__module__
            typing.get_type_hints(kind)
        except BaseException as error:
            failed.append((name, repr(error)))

working = [threading.Thread(target=work, args=(n,)) for n in range(24)]
for one in working:
    one.start()
for one in working:
    one.join()
print(failed)
"""


def test_threads_that_use_all_groups_for_the_first_time():
    """
    Case 190: 24 threads that load every group at the same moment all find each class complete.
    """
    done = subprocess.run(
        [sys.executable, "-c", FIRST_USES], capture_output=True, text=True, check=True
    )

    assert ("[]\n", "") == (done.stdout, done.stderr)


# If a program closes a loop by hand, its connections stay open, and asyncio warns.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.parametrize("library", ["asyncio", "uvloop"])
def test_loops_that_have_ended_are_let_go(serve, library, by_hand):
    """
    Cases 135 and 185: a client that is used in one loop after the other keeps at most the last of
    them in memory.
    """
    kind = pytest.importorskip(library, reason="there is no uvloop on this system")
    server = serve(answers=echo)
    client = AsyncHeyMilo(KEY, base_url=server.base_url, ssl_context=NO_CERTIFICATES)
    loops = []
    for _ in range(100):
        loop = kind.new_event_loop()
        loops.append(weakref.ref(loop))
        loop.run_until_complete(client.phone_numbers.get(ID))
        if not by_hand:
            loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        del loop
    gc.collect()

    assert 1 >= sum(loop() is not None for loop in loops)
    asyncio.run(client.aclose())


@pytest.mark.parametrize("allowed", [0, 1, 3])
def test_no_more_threads(serve, monkeypatch, allowed):
    """
    Cases 138 and 189: if no further thread can be started, blocking calls continue with the
    existing ones.
    """
    start = threading.Thread.start
    left = [allowed]

    def start_if_allowed(thread):
        # The threads of the server do not count.
        if thread.name == "heymilo":
            if not left[0]:
                message = "can't start new thread"
                raise RuntimeError(message)
            left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_if_allowed)
    server = serve(answers=echo)
    ids = [f"N{n}" for n in range(5)]

    with HeyMilo(KEY, base_url=server.base_url) as client:
        assert ids == [one.id for one in client.phone_numbers.get_many(ids)]
        assert ids == [one.id for one in client.phone_numbers.get_many_settled(ids)]
    assert 10 == server.n


def test_prefetch_without_a_thread(serve, monkeypatch):
    """
    Cases 138 and 189: a prefetch that cannot start a thread fetches each page when it is needed.
    """
    start = threading.Thread.start

    def refuse(thread):
        if thread.name == "heymilo":
            message = "can't start new thread"
            raise RuntimeError(message)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    server = serve(page("A", "B", more=True), page("C"))

    with (
        HeyMilo(KEY, base_url=server.base_url) as client,
        client.phone_numbers.list_all().prefetch(pages=2) as walk,
    ):
        assert ["A", "B", "C"] == [one.id for one in walk]


def test_closed_in_one_loop_is_closed_in_all(loop, serve):
    """
    Case 136: a client that is closed in one loop is closed in all.
    """
    server = serve(single())
    client = loop.client(server.base_url)

    async def use():
        await client.phone_numbers.get(ID)

    anyio.run(use, backend=loop.name)
    anyio.run(client.aclose, backend=loop.name)

    with pytest.raises(ClientClosedError, match="create a new one, or use it inside `async with`"):
        anyio.run(use, backend=loop.name)
    assert 1 == server.n


def test_loops_that_come_and_go_leave_nothing(loop, serve):
    """
    Cases 135 and 185: twenty loops with one client that is not closed in between leave no open
    file.
    """
    server = serve(single())
    client = loop.client(server.base_url)

    async def main():
        await client.phone_numbers.get(ID)

    anyio.run(main, backend=loop.name)
    gc.collect()
    before = open_files()
    for _ in range(20):
        anyio.run(main, backend=loop.name)
    gc.collect()
    # The server closes its side of a connection a moment after the client.
    settled = until(lambda: open_files() <= before, seconds=30)
    anyio.run(client.aclose, backend=loop.name)

    assert settled
    assert 21 == server.accepted


@pytest.mark.lets_out("RuntimeError")
def test_no_loop_at_all():
    """
    Case 136: an async client may be made without a loop; its calls are awaited in one.
    """
    client = AsyncHeyMilo(KEY, base_url="http://127.0.0.1:1")

    call = client.phone_numbers.get(ID)

    with pytest.raises(BaseException) as caught:
        call.send(None)
    assert "event loop" in str(caught.value)
    call.close()


@pytest.mark.parametrize("where", ["asyncio", "trio", "to_thread"])
def test_blocking_client_in_a_loop(blocking, serve, where):
    """
    Case 142: the blocking client works within a running loop, as in a notebook, and in threads of
    it.
    """
    server = serve(answers=lambda r: echo(r) if "/phone-numbers/" in r.target else page("A"))

    def use():
        with blocking.client(server.base_url) as client:
            got = [client.phone_numbers.get("A").id]
            got += [number.id for number in client.phone_numbers.get_many(["B", "C"])]
            with client.phone_numbers.list_all().prefetch() as ahead:
                got += [number.id for number in ahead]
        return got

    async def main():
        return await anyio.to_thread.run_sync(use) if where == "to_thread" else use()

    assert ["A", "B", "C", "A"] == anyio.run(
        main, backend="asyncio" if where == "to_thread" else where
    )


def test_blocking_client_within_a_callback_of_a_loop(blocking, serve):
    """
    Case 142: the blocking client, used in the middle of a task, does not affect the task or its
    loop.
    """
    server = serve(single())

    async def main():
        async with AsyncHeyMilo(KEY, base_url=server.base_url) as outer:
            await outer.phone_numbers.get(ID)
            with blocking.client(server.base_url) as inner:
                inner.phone_numbers.get(ID)
            return (await outer.phone_numbers.get(ID)).id

    assert ID == anyio.run(main, backend="asyncio")


# Processes.


def in_a_child(work):
    """
    Return the result of *work* in a forked child, as text, and the child's exit status.
    """
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns about threads: the server has some, and the child needs none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        status = 1
        try:
            os.write(theirs, repr(work()).encode())
            status = 0
        except BaseException as error:
            os.write(theirs, repr(error).encode())
        finally:
            os._exit(status)
    os.close(theirs)
    said = b""
    while piece := os.read(ours, 65536):
        said += piece
    os.close(ours)
    return said.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.in_flight
@pytest.mark.lets_out("RuntimeError")
def test_a_prefetch_after_a_fork(blocking, serve, monkeypatch):
    """
    Case 105: a forked child, which has no other threads, does not wait for its parent's prefetch.
    """
    forked = threading.Event()
    server = serve(
        page("A", more=True),
        # While the parent's thread waits for this, it holds no lock.
        lambda connection: (forked.wait(10), connection.send(page("B", more=True))),
        page("C"),
    )

    with (
        blocking.client(server.base_url) as client,
        client.phone_numbers.list_all(page_size=1).prefetch() as ahead,
    ):
        assert "A" == next(ahead).id
        assert until(lambda: server.n == 2)
        said, status = in_a_child(lambda: (signal.alarm(5), next(ahead)))
        forked.set()
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: 0)
            with pytest.raises(RuntimeError, match="fork"):
                next(ahead)
        assert ["B", "C"] == [number.id for number in ahead]

    assert said.startswith("RuntimeError('this prefetch belongs to the parent process")
    assert 1 == status


#: A separate program, because it leaves no free file descriptor.
FULL = """
import asyncio, json, resource, sys
from heymilo_async import AsyncHeyMilo, HeyMilo
import heymilo_async._http.clients

url, front = sys.argv[1:]
client = (HeyMilo if front == "blocking" else AsyncHeyMilo)("k", base_url=url)
client.phone_numbers  # its module is a file, too
loop = asyncio.new_event_loop() if front == "asyncio" else None

def ask():
    if front == "blocking":
        return client.phone_numbers.get("A")
    return loop.run_until_complete(client.phone_numbers.get("A"))

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
taken = []
try:
    while True:
        taken.append(open("/dev/null"))
except OSError:
    pass
try:
    ask()
except Exception as error:
    said = [type(error).__name__, str(error), error.phase, error.maybe_sent]
for one in taken:
    one.close()
print(json.dumps([*said, ask().id]))
loop.run_until_complete(client.aclose()) if loop else client.close()
"""


@pytest.mark.parametrize("name", ["asyncio", "blocking"])
def test_no_file_descriptor_left(serve, name):
    """
    Case 193: if no file descriptor is left when a client opens, that is a connection error; when
    there are some again, the same client works.
    """
    server = serve(answers=echo)

    done = subprocess.run(
        [sys.executable, "-c", FULL, server.base_url, name],
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    kind, text, phase, maybe_sent, got = json.loads(done.stdout)

    assert ("APIConnectionError", "connect", False) == (kind, phase, maybe_sent)
    assert "no file descriptor is left" in text
    assert "A" == got


#: A separate program, because it forks while another of its threads runs: the tracer of a coverage
#: run has a lock, which would stay locked in the child.
FORKS = """
import os, sys, threading, warnings
from heymilo_async import HeyMilo

warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of threads
url, mode = sys.argv[1:]
client = HeyMilo("k", base_url=url)
client.phone_numbers.get("first")

def ask(name):
    return [client.phone_numbers.get(f"{name}-{i}").id for i in range(3)]

def in_a_child(name):
    pid = os.fork()
    if not pid:
        status = 1
        try:
            status = 0 if ask(name) == [f"{name}-{i}" for i in range(3)] else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

stop = threading.Event()
answers = []

def work():
    while True:
        answers.append(ask("p"))
        if mode == "once" or stop.is_set():
            return

for round_ in range(10):
    if mode == "once" or not round_:
        threads = [threading.Thread(target=work) for _ in range(1 if mode == "once" else 4)]
        for thread in threads:
            thread.start()
    print(in_a_child(f"c{round_}"), end=" ")
    if mode == "once":
        threads[0].join()
stop.set()
for thread in threads:
    thread.join()
print(client.phone_numbers.get("last").id, {tuple(answer) for answer in answers})
client.close()
"""
FORKED = (0, "0 " * 10 + "last {('p-0', 'p-1', 'p-2')}\n", "")


def test_fork_after_the_first_request(serve):
    """
    Case 139: parent and child continue with the same client, and neither gets the other's response.
    """

    def answers(request):
        def slowly(connection):
            connection.wait(0.005)
            connection.send(echo(request))

        return slowly

    server = serve(answers=answers)

    assert FORKED == run_python(FORKS, server.base_url, "once", options=("-X", "dev"))
    # The parent's own connections still work.
    assert 1 + 30 + 30 + 1 == server.n


def test_fork_while_a_request_is_under_way(blocking, serve):
    """
    Case 139: a fork in the middle of another thread's request disturbs neither process.
    """
    release = threading.Event()

    def slow(connection):
        release.wait(10)
        connection.send(single(id="slow"))

    server = serve(slow, single(id="child"), single(id="after"))
    got = []

    with blocking.client(server.base_url) as client:
        thread = threading.Thread(target=lambda: got.append(client.phone_numbers.get("slow").id))
        thread.start()
        assert until(lambda: server.n == 1)

        said, status = in_a_child(lambda: client.phone_numbers.get("child").id)
        release.set()
        thread.join(10)
        got.append(client.phone_numbers.get("after").id)

    assert ("'child'", 0) == (said, status)
    assert ["slow", "after"] == got


def test_close_in_the_child(blocking, serve):
    """
    Case 139: closing the client in the child closes only the child's connections.
    """
    server = serve(answers=echo)

    with blocking.client(server.base_url) as client:
        client.phone_numbers.get("A")

        def work():
            client.phone_numbers.get("B")
            client.close()
            return client.phone_numbers.list()

        said, status = in_a_child(work)
        again = client.phone_numbers.get("C").id

    assert "ClientClosedError" in said
    assert 1 == status
    assert "C" == again
    # One for the parent, before and after; one for the child.
    assert [1, 2, 1] == [request.connection for request in server.requests]


def test_closed_before_the_fork(blocking, serve):
    """
    Case 139: a client that was closed before the fork is closed in the child.
    """
    server = serve(single())
    client = blocking.client(server.base_url)
    client.close()

    said, status = in_a_child(lambda: client.phone_numbers.get(ID))

    assert "ClientClosedError" in said
    assert (1, 0) == (status, server.n)


def test_fork_with_an_async_client(serve):
    """
    Case 139: a child may run a loop of its own with the parent's async client.
    """
    server = serve(answers=echo)
    client = AsyncHeyMilo(KEY, base_url=server.base_url, ssl_context=NO_CERTIFICATES)

    async def get(name):
        return (await client.phone_numbers.get(name)).id

    first = asyncio.run(get("A"))
    said, status = in_a_child(lambda: asyncio.run(get("B")))
    last = asyncio.run(get("C"))
    asyncio.run(client.aclose())

    assert (["A", "C"], "'B'", 0) == ([first, last], said, status)


def test_locks_held_by_another_thread_at_the_fork(serve):
    """
    Case 139: a lock that a thread held at the fork does not block the child.
    """
    server = serve(answers=echo)

    assert FORKED == run_python(FORKS, server.base_url, "busy", options=("-X", "dev"))


# The end of the interpreter.

EXIT = """
import sys, time
from heymilo_async import AsyncHeyMilo, HeyMilo

front, used, url, *ending = sys.argv[1:]
client = (HeyMilo if front == "blocking" else AsyncHeyMilo)("k", base_url=url)

if used == "walking":
    if front == "blocking":
        numbers = client.phone_numbers.list_all().prefetch()
        print(next(numbers.__enter__()).id)
    else:
        async def main():
            async for number in client.phone_numbers.list_all():
                print(number.id)
                break
elif used == "used":
    if front == "blocking":
        print(client.phone_numbers.list()[0].id)
    else:
        async def main():
            print((await client.phone_numbers.list())[0].id)
else:
    print("A")

if front != "blocking" and used != "unused":
    import anyio
    anyio.run(main, backend=front)
if ending:
    open(ending[0], "w").write(str(time.monotonic()))
sys.exit(7)
"""


def test_exit_with_an_unclosed_client(front, serve, tmp_path):
    """
    Case 141: a program that forgets to close its client ends at once, with its own status and a
    clean stderr.
    """
    server = serve(page("A", more=True), hang)

    last_line = tmp_path / "last-line"
    ended = run_python(EXIT, front.name, "walking", server.base_url, last_line, options=())
    # All processes use the same clock.
    took = elapsed(float(last_line.read_text()))

    assert (7, "A\n", "") == ended
    assert took < 1


@pytest.mark.parametrize("used", ["unused", "used"])
def test_exit_in_developer_mode(front, serve, used):
    """
    Case 141: with -X dev, a used and unclosed client causes one ResourceWarning that names it.
    """
    server = serve(page("A"))

    status, said, complaints = run_python(
        EXIT, front.name, used, server.base_url, options=("-X", "dev")
    )

    kind = "HeyMilo" if front.is_blocking else "AsyncHeyMilo"
    assert (7, "A\n") == (status, said)
    if used == "unused":
        assert "" == complaints
    else:
        found = [line for line in complaints.splitlines() if "ResourceWarning" in line]
        assert 1 == len(found)
        assert f"unclosed {kind}" in found[0]
        assert "Traceback" not in complaints


def test_unclosed_client_is_named(front, serve):
    """
    Case 143: deleting an unclosed client warns once, and the warning says what to do.
    """
    server = serve(single())

    async def body():
        client = front.awaitable(front.client(server.base_url))
        await client.phone_numbers.get(ID)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del client
            gc.collect()
        # Its sockets may warn themselves.
        return [(one.category, str(one.message)) for one in caught if "HeyMilo" in str(one.message)]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        ((category, text),) = front.run_alone(body)
        gc.collect()

    assert ResourceWarning is category
    if front.is_blocking:
        assert "unclosed HeyMilo: use `with`, or call close()" == text
    else:
        assert "unclosed AsyncHeyMilo: use `async with`, or call aclose()" == text


def test_client_dropped_in_its_loop(loop, serve, caplog):
    """
    Case 143: deleting a client while its loop runs starts no task and prints nothing.
    """
    server = serve(single())

    async def body():
        client = loop.client(server.base_url)
        await client.phone_numbers.get(ID)
        tasks = len(asyncio.all_tasks()) if loop.name == "asyncio" else 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            del client
            gc.collect()
            await anyio.to_thread.run_sync(gc.collect)
        await anyio.sleep(0.01)
        return (len(asyncio.all_tasks()) if loop.name == "asyncio" else 0) - tasks

    with caplog.at_level(logging.WARNING):
        assert 0 == anyio.run(body, backend=loop.name)
    gc.collect()

    assert [] == caplog.records


def test_view_that_is_dropped_does_not_warn(front, serve):
    """
    Case 151: deleting a view warns only if it was the last one of an unclosed client.
    """
    server = serve(single())

    async def body(client):
        view = client.with_options(timeout=3.0)
        await view.phone_numbers.get(ID)
        del view
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            gc.collect()
        await client.phone_numbers.get(ID)

    front.run(body, server.base_url)

    assert 1 == server.accepted


def test_failed_constructor_does_not_warn(front):
    """
    Case 143: a client whose constructor failed has nothing to close, and does not warn.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for options in ({"timeout": -1}, {"retry": None}, {"http_client": 5}, {"proxy": "x"}):
            with pytest.raises((ConfigurationError, TypeError)):
                front.client("http://127.0.0.1:1", **options)
        gc.collect()


# A client of the user's own.


@pytest.fixture(params=LIBRARIES, ids=lambda library: library.__name__)
def own_kind(request, front):
    """
    The class of each library in turn.
    """
    return kind_of(front, request.param)


def test_own_client(front, serve, own_kind):
    """
    Case 152: a client of the user's own is used for every operation, and never closed.
    """
    server = serve(answers=lambda r: echo(r) if "/phone-numbers/" in r.target else page("A"))

    async def body():
        own = own_kind(trust_env=False, verify=NO_CERTIFICATES, headers={"X-Own": "1"})
        async with front.awaitable(front.client(server.base_url, http_client=own)) as client:
            got = [(await client.phone_numbers.get("G")).id]
            got += [number.id for number in await client.phone_numbers.get_many(["B", "C"])]
            got += [number.id async for number in client.phone_numbers.list_all()]
            async with client.phone_numbers.list_all().prefetch() as ahead:
                got += [number.id async for number in ahead]
        assert not own.is_closed
        async with front.awaitable(front.client(server.base_url, http_client=own)) as again:
            got.append((await again.phone_numbers.get("H")).id)
        await close(own)
        return got

    assert ["G", "B", "C", "A", "A", "H"] == front.run_alone(body)
    assert {KEY} == {request.headers["x-api-key"] for request in server.requests}


@pytest.mark.parametrize("follows", [True, False])
@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("https://elsewhere.test/x", "elsewhere.test"),
        ("https://[::1", None),
        ("https://xn--\xe9.test/", "xn--\xe9.test"),
        ("http://\x80/", None),
        ("javascript:alert(1)", None),
        ("a" * 70_000, None),
    ],
    ids=lambda one: ascii(one)[1:12],
)
def test_own_client_and_a_redirect(front, serve, own_kind, location, host, follows):
    """
    Case 121: a client of the user's own does not follow redirects either, even if the target is no
    URL.
    """
    head = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n"
    server = serve(head.encode("latin-1"))

    async def body():
        own = own_kind(trust_env=False, verify=NO_CERTIFICATES, follow_redirects=follows)
        async with front.awaitable(front.client(server.base_url, http_client=own)) as client:
            with pytest.raises(UnexpectedRedirectError) as caught:
                await client.phone_numbers.get("A")
        await close(own)
        return caught.value

    error = front.run_alone(body)

    assert error.status_code == 302
    assert location == error.headers["location"]
    assert host is None or host in str(error)
    assert 1 == server.n


def test_own_client_over_a_mock(front, own_kind):
    """
    Case 152: a mock transport can send every kind of response that a server can.
    """
    library = importlib.import_module(own_kind.__module__.partition(".")[0])
    seen = []

    def handler(request):
        seen.append((request.method, str(request.url), request.headers["x-api-key"]))
        if request.url.path.endswith("/missing"):
            return library.Response(404, json={"detail": "no such number"})
        if request.url.path.endswith("/text"):
            return library.Response(200, text="<html>")
        return library.Response(200, json={"data": NUMBER})

    async def body():
        own = own_kind(transport=library.MockTransport(handler))
        async with front.awaitable(
            front.client("https://api.heymilo.ai", http_client=own)
        ) as client:
            got = [(await client.phone_numbers.get(ID)).id]
            for name in ("missing", "text"):
                with pytest.raises(HeyMiloError) as caught:
                    await client.phone_numbers.get(name)
                got.append(type(caught.value).__name__)
        await close(own)
        return got

    assert [ID, "NotFoundError", "ResponseDecodeError"] == front.run_alone(body)
    assert ("GET", f"https://api.heymilo.ai/api/v2/phone-numbers/{ID}", KEY) == seen[0]


def test_own_clients_exceptions(front, own_kind, naps):
    """
    Case 152: an exception of the library becomes a HeyMiloError, whichever library it is.
    """
    library = importlib.import_module(own_kind.__module__.partition(".")[0])
    outcomes = {}
    raising = {
        "ConnectError": APIConnectionError,
        "ConnectTimeout": APITimeoutError,
        "ReadTimeout": APITimeoutError,
        "ReadError": APIConnectionError,
        "WriteError": APIConnectionError,
        "PoolTimeout": APITimeoutError,
        "RemoteProtocolError": APIConnectionError,
        "ProxyError": APIConnectionError,
        "UnsupportedProtocol": APIConnectionError,
        "DecodingError": APIConnectionError,
        "TooManyRedirects": APIConnectionError,
    }

    async def body():
        for name in raising:

            def handler(_, name=name):
                raise getattr(library, name)("mine")

            own = own_kind(transport=library.MockTransport(handler))
            async with front.awaitable(
                front.client("https://api.heymilo.ai", http_client=own)
            ) as client:
                try:
                    await client.phone_numbers.get(ID)
                except Exception as error:
                    outcomes[name] = type(error)
                    assert error.__cause__ is None
                    assert error.__context__ is None
            await close(own)

    front.run_alone(body)

    assert raising == outcomes


def test_every_exception_of_the_library_is_known():
    """
    Case 153: this test notices an exception that a new httpx adds.
    """
    # Not about a sent request: cookies of a user's own jar, and an invalid URL.
    other = {"InvalidURL", "CookieConflict"}
    for library in LIBRARIES:
        unknown = [
            kind.__name__
            for kind in vars(library).values()
            if isinstance(kind, type)
            and issubclass(kind, Exception)
            and not {base.__name__ for base in kind.__mro__} & (FAULTS.keys() | other)
        ]
        assert [] == unknown


@pytest.mark.lets_out("LookupError", "MemoryError")
@pytest.mark.parametrize("kind", [ValueError, LookupError, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("when", ["request", "response"])
def test_own_clients_hook_that_raises(front, serve, own_kind, kind, when):
    """
    Case 152: an exception of a hook is raised unchanged, after one attempt, and the client still
    works.
    """
    server = serve(single())
    mine = [kind("mine")]

    def hook(_):
        if mine:
            raise mine[0]

    async def async_hook(_):
        hook(_)

    async def body():
        own = own_kind(
            event_hooks={when: [hook if front.is_blocking else async_hook]},
            trust_env=False,
            verify=NO_CERTIFICATES,
        )
        async with front.awaitable(front.client(server.base_url, http_client=own)) as client:
            try:
                await client.phone_numbers.get(ID)
            except BaseException as error:
                caught = error
            before, expected = server.n, mine.pop()
            got = (await client.phone_numbers.get(ID)).id
        await close(own)
        return caught is expected, before, got

    assert (True, int(when == "response"), ID) == front.run_alone(body)


@pytest.mark.lets_out("HTTPStatusError")
def test_own_clients_hook_that_refuses_a_status(front, serve, own_kind):
    """
    Case 152: what `raise_for_status` raises in a hook is the caller's own exception: it is no
    broken connection, and the call is not repeated.
    """
    server = serve(answer(404), single())

    def hook(response):
        response.raise_for_status()

    async def async_hook(response):
        hook(response)

    async def body():
        own = own_kind(
            event_hooks={"response": [hook if front.is_blocking else async_hook]},
            trust_env=False,
            verify=NO_CERTIFICATES,
        )
        async with front.awaitable(front.client(server.base_url, http_client=own)) as client:
            try:
                await client.phone_numbers.get(ID)
            except Exception as error:
                caught = type(error).__name__, error.response.status_code
            sent, got = server.n, await client.phone_numbers.get(ID)
        await close(own)
        return caught, sent, got.id

    assert (("HTTPStatusError", 404), 1, ID) == front.run_alone(body)


@pytest.mark.lets_out("LookupError")
def test_own_clients_hook_that_raises_in_get_many(front, own_kind):
    """
    Case 152: in `get_many` a foreign exception is raised unchanged too, and `get_many_settled` does
    not store it.
    """
    library = importlib.import_module(own_kind.__module__.partition(".")[0])

    def handler(request):
        if request.url.path.endswith("/bad"):
            raise LookupError("mine")
        return library.Response(200, json={"data": {**NUMBER, "id": request.url.path[-1]}})

    async def body():
        own = own_kind(transport=library.MockTransport(handler))
        async with front.awaitable(
            front.client("https://api.heymilo.ai", http_client=own)
        ) as client:
            for method in (client.phone_numbers.get_many, client.phone_numbers.get_many_settled):
                with pytest.raises(LookupError, match="mine"):
                    await method(["a", "bad", "c"])
        await close(own)

    front.run_alone(body)


def test_own_client_that_reads_the_body(front, serve, own_kind):
    """
    Case 152: a hook may read the response, and we still get its body.
    """
    server = serve(single())

    def hook(response):
        response.read()

    async def async_hook(response):
        await response.aread()

    async def body():
        own = own_kind(
            event_hooks={"response": [hook if front.is_blocking else async_hook]},
            trust_env=False,
            verify=NO_CERTIFICATES,
        )
        async with front.awaitable(front.client(server.base_url, http_client=own)) as client:
            got = (await client.phone_numbers.get(ID)).id
        await close(own)
        return got

    assert ID == front.run_alone(body)


def test_own_client_that_is_closed(front, serve, own_kind):
    """
    Case 152: if a client of the user's own is closed, a ClientClosedError says which client it is.
    """
    server = serve(single())

    async def body():
        own = own_kind(trust_env=False, verify=NO_CERTIFICATES)
        async with front.awaitable(front.client(server.base_url, http_client=own)) as client:
            await client.phone_numbers.get(ID)
            await close(own)
            with pytest.raises(ClientClosedError, match="http_client"):
                await client.phone_numbers.get(ID)

    front.run_alone(body)

    assert 1 == server.n


def test_own_client_of_the_wrong_kind(front):
    """
    Case 152: a client of the wrong kind is a TypeError of the constructor.
    """
    other = Front("asyncio" if front.is_blocking else "blocking")
    wrong = [*(kind_of(other, library) for library in LIBRARIES), object, dict]

    class Client:
        """
        A class of another library that has the same name.
        """

    class AsyncClient(Client):
        """
        The same.
        """

    for kind in (*wrong, Client, AsyncClient):
        own = kind(verify=NO_CERTIFICATES) if kind.__module__.startswith("httpx") else kind()
        with pytest.raises(TypeError, match="http_client"):
            front.client("https://api.heymilo.ai", http_client=own)
    for value in (httpx.Client, httpx, "httpx", True):
        with pytest.raises(TypeError, match="http_client"):
            front.client("https://api.heymilo.ai", http_client=value)


def test_own_client_of_a_subclass(front, serve, own_kind):
    """
    Case 152: a subclass of the library's client is accepted.
    """
    server = serve(single())
    mine = type("Mine", (own_kind,), {"__module__": "somewhere"})

    async def body():
        own = mine(trust_env=False, verify=NO_CERTIFICATES)
        async with front.awaitable(front.client(server.base_url, http_client=own)) as client:
            got = (await client.phone_numbers.get(ID)).id
        await close(own)
        return got

    assert ID == front.run_alone(body)


@pytest.mark.parametrize("own_kind", [httpx.AsyncClient, httpx2.AsyncClient])
def test_own_client_in_a_second_loop(loop, serve, own_kind):
    """
    Case 135: using a client of the user's own in a second loop is an EventLoopError before any I/O.
    """
    server = serve(single())
    own = own_kind(trust_env=False, verify=NO_CERTIFICATES)
    client = loop.client(server.base_url, http_client=own)

    async def main():
        await client.phone_numbers.get(ID)

    async def last():
        await client.phone_numbers.get(ID)
        await own.aclose()

    async def first():
        await client.phone_numbers.get(ID)
        # Otherwise its socket would warn that it was not closed.
        await own._transport.aclose()

    anyio.run(first, backend=loop.name)
    with pytest.raises(EventLoopError, match="http_client") as caught:
        anyio.run(main, backend=loop.name)
    with pytest.raises(EventLoopError):
        anyio.run(main, backend="trio" if loop.name == "asyncio" else "asyncio")

    assert 1 == server.n
    assert isinstance(caught.value, RuntimeError)


def test_own_client_that_is_not_closed_does_not_warn(front, serve, own_kind):
    """
    Case 152: with a client of the user's own there is nothing to close, and no warning.
    """
    server = serve(single())

    async def body():
        own = own_kind(trust_env=False, verify=NO_CERTIFICATES)
        client = front.awaitable(front.client(server.base_url, http_client=own))
        await client.phone_numbers.get(ID)
        del client
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            gc.collect()
        await close(own)

    front.run_alone(body)


def test_own_clients_headers_do_not_replace_ours(front, serve, own_kind):
    """
    Case 152: authentication and headers of a client of the user's own do not replace the key.
    """
    server = serve(single())

    async def body():
        own = own_kind(
            trust_env=False,
            verify=NO_CERTIFICATES,
            auth=("user", "password"),
            headers={"X-API-KEY": "other", "Authorization": "other", "Accept-Encoding": "br"},
            params={"limit": "9"},
            base_url="http://127.0.0.1:1",
        )
        async with front.awaitable(
            front.client(server.base_url, http_client=own, access_token="token")
        ) as client:
            await client.phone_numbers.get(ID)
        await close(own)

    front.run_alone(body)

    (request,) = server.requests
    assert (KEY, "Bearer token", "gzip") == tuple(
        request.headers[name] for name in ("x-api-key", "authorization", "accept-encoding")
    )
    assert f"/api/v2/phone-numbers/{ID}" == request.target


def test_close_with_ones_own_client_in_flight(front, serve, own_kind):
    """
    Case 134: closing also ends calls on a client of the user's own, and leaves that client open.
    """
    server = serve(lambda connection: (connection.wait(0.5), connection.send(single())))

    async def body():
        own = own_kind(trust_env=False, verify=NO_CERTIFICATES)
        client = front.awaitable(front.client(server.base_url, http_client=own))

        async def end():
            while not server.n:
                await pause(front, 0.002)
            await client.aclose()
            return own.is_closed

        outcomes = await at_once(front, lambda: client.phone_numbers.get(ID), end)
        await close(own)
        return outcomes

    error, closed = front.run_alone(body)

    # The blocking call cannot be interrupted: it ends with its response, and reports the outcome.
    assert ClientClosedError is type(error)
    assert closed is False


# Several ids.


@pytest.mark.parametrize("concurrency", [1, 3, 8, 1000])
def test_many_in_order(front, serve, concurrency):
    """
    Case 138: `get_many` returns the numbers in the order of the ids, whatever the order of the
    responses.
    """

    def answers(request):
        index = int(request.target.rpartition("-")[2])

        def slowly(connection):
            connection.wait(0.02 if index % 4 == 0 else 0.0)
            connection.send(echo(request))

        return slowly

    server = serve(answers=answers)
    ids = [f"id-{i}" for i in range(24)]

    async def body(client):
        got = await client.phone_numbers.get_many(ids, concurrency=concurrency)
        settled = await client.phone_numbers.get_many_settled(iter(ids), concurrency=concurrency)
        return [number.id for number in got], [number.id for number in settled]

    assert (ids, ids) == front.run(body, server.base_url)


@pytest.mark.parametrize("ids", [[], (), iter(()), {}, {"A": 1}, {"A"}, ("A", "A"), iter("AB")])
def test_many_of_any_iterable(front, serve, ids):
    """
    Case 138: the ids may be none, one, duplicates, a set, a dict's keys or an iterator: each is
    requested once.
    """
    server = serve(answers=echo)
    ids = list(ids)

    async def body(client):
        return [number.id for number in await client.phone_numbers.get_many(iter(ids))]

    assert ids == front.run(body, server.base_url)
    assert len(ids) == server.n


@pytest.mark.parametrize("method", ["get_many", "get_many_settled"])
def test_many_at_a_time_and_no_more(front, serve, method):
    """
    Case 138: the server sees up to `concurrency` requests at a time, and never more.
    """
    changed = threading.Condition()
    now, most = 0, 0

    def slowly(connection):
        nonlocal now, most
        with changed:
            now += 1
            most = max(most, now)
            changed.notify_all()
            # No response is sent before there are five requests, however slow the machine.
            changed.wait_for(lambda: most >= 5, timeout=20)
        connection.wait(0.01)  # in which a sixth would show
        with changed:
            now -= 1
        connection.send(single())

    server = serve(slowly)

    async def body(client):
        return await getattr(client.phone_numbers, method)([ID] * 30, concurrency=5)

    assert 30 == len(front.run(body, server.base_url))
    assert 5 == most


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (0, InvalidRequestError),
        (-1, InvalidRequestError),
        (1001, InvalidRequestError),
        (True, TypeError),
        ("8", TypeError),
        (8.0, TypeError),
        (None, TypeError),
    ],
)
def test_concurrency_that_cannot_work(front, serve, value, kind):
    """
    Case 138: a concurrency outside 1 to 1000 is refused before anything is sent.
    """
    server = serve(single())

    async def body(client):
        for method in (client.phone_numbers.get_many, client.phone_numbers.get_many_settled):
            with pytest.raises(kind, match="concurrency"):
                await method([ID], concurrency=value)

    front.run(body, server.base_url)

    assert 0 == server.n


@pytest.mark.in_flight
def test_first_error_of_many_stops_the_rest(front, serve):
    """
    Case 132: the first error of `get_many` is raised at once, without a group, and no new request
    is sent.
    """

    def answers(request):
        return refuse if request.target.endswith("bad") else hang

    def refuse(connection):
        until(lambda: server.n == 3)
        connection.send(answer(404, b"{}"))

    server = serve(answers=answers)

    async def body(client):
        started = time.monotonic()
        with pytest.raises(NotFoundError) as caught:
            await client.phone_numbers.get_many(["a", "b", "bad", *"cdefgh"], concurrency=3)
        return caught.value, elapsed(started)

    error, took = front.run(body, server.base_url)

    assert took < 1
    assert error.__context__ is None
    assert error.__cause__ is None
    assert "bad" in error.request
    assert 3 == server.n
    assert until(lambda: not workers())


def test_outcome_of_each_of_many(front, serve, naps):
    """
    Case 132: `get_many_settled` returns the number or the error of each id, in order.
    """

    def answers(request):
        name = request.target.rpartition("/")[2]
        kinds = {"bad": answer(404, b"{}"), "down": answer(503), "odd": answer(200, b"<")}
        return kinds.get(name) or echo(request)

    server = serve(answers=answers)
    ids = ["a", "bad", "b", "down", "odd", "c"]

    async def body(client):
        return await client.phone_numbers.get_many_settled(ids)

    outcomes = front.run(body, server.base_url)

    assert ["a", "NotFoundError", "b", "ServerError", "ResponseDecodeError", "c"] == [
        one.id if isinstance(one, PhoneNumber) else type(one).__name__ for one in outcomes
    ]
    assert [1, 3, 1] == [len(one.attempts) for one in outcomes if isinstance(one, HeyMiloError)]
    # An error that is kept for long keeps no frames alive.
    assert [None] * 3 == [one.__traceback__ for one in outcomes if isinstance(one, HeyMiloError)]


@pytest.mark.parametrize("method", ["get_many", "get_many_settled"])
def test_deadline_over_many(front, serve, method):
    """
    Case 138: the deadline is for all ids together, not for each.
    """
    server = serve(single(), single(), lambda connection: connection.wait())

    async def body(client):
        with lasting(1.0, 1.0):
            try:
                return await getattr(client.phone_numbers, method)([ID] * 20, concurrency=2)
            except HeyMiloError as error:
                return [error]

    outcomes = front.run(body, server.base_url, deadline=1.0)

    kinds = [type(one) for one in outcomes]
    if method == "get_many":
        assert [DeadlineExceededError] == kinds
    else:
        assert [2, 18] == [kinds.count(PhoneNumber), kinds.count(DeadlineExceededError)]
    assert 4 == server.n


def test_many_within_many(front, serve):
    """
    Case 138: concurrent `get_many` calls on few connections do not deadlock.
    """
    server = serve(answers=echo)

    async def body(client):
        calls = [lambda: client.phone_numbers.get_many(list("abcdefgh")) for _ in range(5)]
        return [[n.id for n in one] for one in await at_once(front, *calls)]

    assert [list("abcdefgh")] * 5 == front.run(body, server.base_url, max_connections=2)


@pytest.mark.lets_out("LookupError")
def test_ids_that_raise(front, serve):
    """
    Case 132: an iterable that raises half-way raises before anything is sent.
    """
    server = serve(single())

    def broken():
        yield "A"
        raise LookupError("mine")

    async def body(client):
        for method in (client.phone_numbers.get_many, client.phone_numbers.get_many_settled):
            with pytest.raises(LookupError, match="mine"):
                await method(broken())

    front.run(body, server.base_url)

    assert 0 == server.n


# The whole response.


def test_raw_response(front, serve, naps):
    """
    Case 153: `raw` returns data, meta, status, headers, request id, attempts and elapsed time.
    """
    server = serve(
        answer(503, b"", "X-Request-Id: r-1"),
        ok({"data": NUMBER, "meta": {"a": [1]}, "new": 5}, "X-Request-Id: r-2", "X-A: 1", "X-A: 2"),
    )

    async def body(client):
        return await client.raw(client.phone_numbers.get, ID)

    response = front.run(body, server.base_url)

    assert APIResponse is type(response)
    assert ID == response.data.id
    assert {"a": [1]} == response.meta
    assert {"new": 5} == response.extra
    assert (200, "r-2") == (response.status_code, response.request_id)
    assert ("1, 2", ("1", "2")) == (response.headers["x-a"], response.headers.get_all("X-A"))
    assert [(1, 503, "r-1"), (2, 200, "r-2")] == [
        (one.number, one.status_code, one.request_id) for one in response.attempts
    ]
    assert all(isinstance(one, Attempt) for one in response.attempts)
    assert (0.0, naps[0]) == (response.attempts[0].wait, response.attempts[1].wait)
    assert response.elapsed >= naps[0]


def test_raw_list(front, serve):
    """
    Case 153: `raw` of a list has the page, and takes what `list` takes.
    """
    server = serve(ok({"data": numbers("A"), "pagination": {"has_more": True}}))

    async def body(client):
        return await client.raw(client.phone_numbers.list, limit=3, starting_after="Z")

    response = front.run(body, server.base_url)

    assert ["A"] == [number.id for number in response.data]
    assert response.meta is None
    assert response.request_id is None
    assert 1 == len(response.attempts)
    assert "/api/v2/phone-numbers?limit=3&starting_after=Z" == server.requests[0].target


def test_raw_refuses_what_is_no_operation(front, serve):
    """
    Case 153: `raw` takes single operations of this client or of its views, and nothing else.
    """
    server = serve(single())
    other = front.client(server.base_url)

    async def body(client):
        for method in (
            client.phone_numbers.get_many,
            client.phone_numbers.get_many_settled,
            client.phone_numbers.list_all,
            client.aclose,
            len,
            lambda: None,
            None,
            "get",
            5,
            PhoneNumber,
        ):
            with pytest.raises(TypeError, match="method"):
                await client.raw(method, [ID])
        with pytest.raises(InvalidRequestError, match="another client"):
            await client.raw(front.awaitable(other).phone_numbers.get, ID)
        with pytest.raises(TypeError):
            await client.raw(client.phone_numbers.get)
        with pytest.raises(TypeError, match="nonsense"):
            await client.raw(client.phone_numbers.get, ID, nonsense=1)
        with pytest.raises(InvalidRequestError):
            await client.raw(client.phone_numbers.get, "")

    front.run(body, server.base_url)

    assert 0 == server.n


def test_raw_of_the_other_face(blocking, serve):
    """
    Case 153: the blocking `raw` refuses an async client's method, and the other way round.
    """
    server = serve(single())
    twin = AsyncHeyMilo(KEY, base_url=server.base_url, ssl_context=NO_CERTIFICATES)

    with blocking.client(server.base_url) as client:
        with pytest.raises((TypeError, InvalidRequestError)):
            client.raw(twin.phone_numbers.get, ID)

        async def main():
            with pytest.raises((TypeError, InvalidRequestError)):
                await twin.raw(client.phone_numbers.get, ID)

        anyio.run(main)

    assert 0 == server.n


def test_raw_leaves_the_client_as_it_is(front, serve):
    """
    Case 150: after `raw`, and at the same time, the client's methods return plain data.
    """
    server = serve(single())

    async def body(client):
        calls = [
            lambda: client.raw(client.phone_numbers.get, ID),
            lambda: client.phone_numbers.get(ID),
        ] * 4
        return [type(one) for one in await at_once(front, *calls)]

    assert [APIResponse, PhoneNumber] * 4 == front.run(body, server.base_url)


# Errors as objects.


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name.endswith("Error")])
def test_every_error_is_documented(name):
    """
    Case 153: each exception is a HeyMiloError, exported at the top, with a docstring of its own.
    """
    kind = getattr(heymilo_async, name)

    assert issubclass(kind, HeyMiloError)
    assert name in heymilo_async.__all__
    assert kind.__doc__ != kind.__mro__[1].__doc__
    assert kind.__doc__.strip()
    assert name in errors.__doc__ or kind is HeyMiloError


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        ("ConfigurationError", ValueError),
        ("InvalidRequestError", ValueError),
        ("ClientClosedError", RuntimeError),
        ("EventLoopError", RuntimeError),
        ("APITimeoutError", TimeoutError),
        ("DeadlineExceededError", TimeoutError),
        ("DeadlineExceededError", APITimeoutError),
        ("APITimeoutError", APIConnectionError),
        ("ResponseTooLargeError", errors.ResponseDecodeError),
        ("ResponseMismatchError", errors.ResponseDecodeError),
        ("UnexpectedRedirectError", errors.APIStatusError),
        ("RateLimitError", errors.APIStatusError),
        ("ServerError", errors.APIStatusError),
    ],
)
def test_kinds_of_errors(kind, base):
    """
    Case 153: the tree of exceptions is the documented one.
    """
    assert issubclass(getattr(heymilo_async, kind), base)


def test_tracebacks_name_what_is_imported():
    """
    Case 153: a traceback shows an exception under the name that a caller imports.
    """
    assert "heymilo_async.NotFoundError" == f"{NotFoundError.__module__}.{NotFoundError.__name__}"


def test_blocking_client_has_no_loop(blocking, serve):
    """
    Case 142: a call of the blocking client starts no thread and no event loop.
    """
    server = serve(single())
    threads = []

    def answers(request):
        threads.append([t for t in threading.enumerate() if t not in server.threads])
        return single()

    server._answers = answers
    before = set(threading.enumerate())
    with blocking.client(server.base_url) as client:
        client.phone_numbers.get(ID)
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()

    assert [] == [t for t in threads[0] if t not in before]


def test_client_in_a_finalizer(blocking, serve):
    """
    Case 143: closing from a finalizer works in any thread.
    """
    server = serve(single())

    class Owner:
        def __init__(self):
            self.client = HeyMilo(KEY, base_url=server.base_url, ssl_context=NO_CERTIFICATES)

        def __del__(self):
            self.client.close()

    owner = Owner()
    owner.client.phone_numbers.get(ID)
    holder = [owner]
    del owner

    thread = threading.Thread(target=holder.clear)
    thread.start()
    thread.join(5)
    gc.collect()

    assert [] == holder
