"""
The harness of the catalogue detects a breach of each invariant, and reports none otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import socket
import threading
import time
from typing import Any

import pytest
from contract_answers import OPERATIONS
from fronts import KEY
from inside import engine
from invariants import (
    GROWTH,
    LATE,
    PUBLIC,
    Pulse,
    Watch,
    forget_peak,
    in_use,
    look,
    new_threads,
    queued,
    reading_logs,
    resident,
    settled,
    sockets,
    told_by,
    watching,
)
from resources import FOUND
from server import Server, answer, page, single, told_of_posts

from heymilo_async import HeyMilo, NotFoundError

ONE = "666A24C3"


@pytest.fixture
def watch() -> Watch:
    """
    A watch that knows the key.
    """
    return Watch(KEY)


def test_every_operation_is_watched():
    """
    Each operation of the contract, async and blocking, is among the watched methods.
    """
    seen = {
        (kind.__name__.startswith("Async"), getattr(vars(kind)[name], "__operation__", None))
        for kind, names in PUBLIC.items()
        for name in names
    }
    described = {
        method.__operation__
        for one in FOUND
        for method in one.methods.values()
        if hasattr(method, "__operation__")
    }

    assert set(OPERATIONS) == {one.id for one in described}
    assert {(is_async, one) for one in described for is_async in (True, False)} <= seen


def test_a_sound_call_breaches_nothing(front, serve, watch):
    """
    A success, an error of ours, and a refused argument breach nothing.
    """
    server = serve(single(), answer(404))

    async def body(client: Any) -> None:
        await client.phone_numbers.get(ONE)
        with pytest.raises(NotFoundError):
            await client.phone_numbers.get(ONE)
        with pytest.raises(TypeError):
            await client.phone_numbers.get(5)

    with Server(page()) as healthy, watching(watch, healthy.base_url):
        front.run(body, server.base_url)

        assert 1 == healthy.n

    assert [] == watch.breaches


@pytest.mark.parametrize(
    "attach",
    [
        lambda error: error.args,
        lambda error: setattr(error, "args", (KEY,)),
        lambda error: error.add_note(KEY),
        lambda error: setattr(error, "request_id", KEY),
        lambda error: setattr(error, "__cause__", ValueError(KEY)),
    ],
    ids=["not at all", "text", "note", "attribute", "cause"],
)
def test_a_key_in_an_error(watch, attach):
    """
    I-1: a key anywhere in an error is detected; an error without it is not reported.
    """
    error = NotFoundError("gone")
    expected = attach(error) is None

    watch.error("get", error)

    assert expected == bool(watch.breaches)
    assert all("I-1" in breach for breach in watch.breaches)


def test_a_key_among_the_locals_of_a_traceback(watch):
    """
    I-1: the local variables of a frame are searched, because a traceback could show them.
    """

    def holds_it() -> None:
        key = KEY
        raise NotFoundError(str(len(key)))

    with pytest.raises(NotFoundError) as caught:
        holds_it()
    watch.error("get", caught.value)

    assert ["I-1: the key is in the traceback of NotFoundError"] == watch.breaches


class UnpickledError(NotFoundError):
    """
    An error that shows no key, except in its pickle.
    """

    def __reduce__(self) -> Any:
        return type(self), (KEY,)


def test_a_key_in_a_pickle():
    """
    I-1: a pickle is searched, too.
    """
    texts = dict(told_by(UnpickledError("gone")))

    assert KEY.encode() in pickle.dumps(UnpickledError("gone"))
    assert KEY in texts["pickle"]
    assert KEY not in texts["text"]


@pytest.mark.parametrize("way", ["message", "args", "exception"])
def test_a_key_in_a_log(watch, way):
    """
    I-1: a record of any level and logger is searched.
    """
    log = logging.getLogger("somebody.else")
    with reading_logs(watch, others=False):
        if way == "exception":
            log.debug("it failed", exc_info=ValueError(KEY))
        else:
            log.debug(*(f"with {KEY}",) if way == "message" else ("with %s", KEY))

    assert ["I-1: the key is in a record of the logger somebody.else"] == watch.breaches


def test_a_foreign_error(watch, monkeypatch, serve):
    """
    I-2: a foreign error is reported, unless a test declares it as the caller's.
    """

    def fail(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr(engine, "check", fail)
    server = serve(page())
    lenient = Watch(KEY, allowed=("RecursionError",))
    for one in (watch, lenient):
        with (
            HeyMilo(KEY, base_url=server.base_url) as client,
            watching(one, server.base_url),
            pytest.raises(RecursionError),
        ):
            client.phone_numbers.list()

    assert ["I-2: PhoneNumbers.list let out RecursionError"] == watch.breaches
    assert [] == lenient.breaches


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError(), ValueError()])
def test_what_may_leave_a_method(watch, error):
    """
    I-2: Ctrl-C, cancellation and an argument's error are allowed.
    """
    watch.error("get", error)

    assert [] == watch.breaches


def test_a_connection_in_use(front, serve, watch):
    """
    I-3: the connection of a call under way counts as in use, and not afterwards.
    """
    used: list[list[str]] = []

    def answers(connection: Any) -> None:
        used.append(in_use(clients[0]))
        connection.send(single())

    server = serve(answers)
    clients: list[Any] = []

    async def body(client: Any) -> Any:
        clients.append(client)
        await client.phone_numbers.get(ONE)
        return in_use(client)

    assert [] == front.run(body, server.base_url)
    assert ["1 connections are in use"] == used[0][:1]


def test_a_client_that_works_no_more(front, serve, watch):
    """
    I-3: a plain call that fails, or takes more than a second, is reported.
    """
    server = serve(single())

    async def body(client: Any) -> None:
        await client.phone_numbers.get(ONE)
        with watch.failing():
            await look(client, server.base_url, watch)

    front.run(body, server.base_url)
    watch.answered(time.monotonic() - 2)

    assert 2 == len(watch.breaches)
    assert "I-3: a plain call raised ResponseDecodeError" in watch.breaches[0]
    assert watch.breaches[1].startswith("I-3: a plain call took 2.0")


def test_a_task_that_is_left(watch):
    """
    I-3: a remaining task of asyncio is reported; on trio tasks cannot remain.
    """

    async def main() -> None:
        watch.tasks()
        task = asyncio.create_task(asyncio.sleep(60))
        watch.tasks()
        task.cancel()

    asyncio.run(main())
    watch.tasks()

    assert ["I-3: tasks are left"] == [breach[:19] for breach in watch.breaches]


def test_an_error_that_an_event_loop_logs(watch):
    """
    I-3: what asyncio logs at the end of a test is reported.
    """
    with reading_logs(watch, others=False):
        logging.getLogger("asyncio").error("Task exception was never retrieved")
        logging.getLogger("asyncio").debug("Using selector")

    assert ["I-3: asyncio logged Task exception was never retrieved"] == watch.breaches


def test_threads_and_sockets_that_are_left(watch):
    """
    I-3: a new thread or socket is reported.
    """
    threads, files = set(threading.enumerate()), sockets()
    ending = threading.Event()
    thread = threading.Thread(target=ending.wait, name="forgotten")
    thread.start()
    with socket.socket():
        watch.left(new_threads(threads), len(sockets() - files))
    ending.set()
    thread.join()

    assert ["I-3: threads are left: ['forgotten']", "I-3: 1 sockets are left"] == watch.breaches
    assert [] == settled(lambda: new_threads(threads))


def test_a_call_that_outlasts_its_deadline(watch):
    """
    I-4: a quarter of a second is allowed, plus the time in which the machine stood still.
    """
    slow = Watch(KEY, lambda _: 1.0)
    for one in (watch, slow):
        one.took("get", time.monotonic() - 1, 1 - LATE / 2)
        one.took("get", time.monotonic() - 1, None)
        one.took("get", time.monotonic() - 1.5, 1)

    assert ["I-4: get took 1.500 s of 1 s"] == watch.breaches
    assert [] == slow.breaches


def test_a_machine_that_stands_still():
    """
    I-4: the pulse notices a moment in which this process could not run.
    """
    with Pulse(every=0.001) as pulse:
        began = time.monotonic()
        sum(range(10**7))  # holds the interpreter's lock
        time.sleep(0.02)

        assert 0 < pulse.stalled(began) < time.monotonic() - began
        assert 0 == pulse.stalled(time.monotonic() + 1)


def test_a_machine_that_is_busy():
    """
    I-4: the time that a thread waited for a processor counts, up to the elapsed time.
    """
    waited = {"1": 5.0, "2": 3.0}
    began = time.monotonic()
    with Pulse(every=0.001, waited=waited.copy) as pulse:
        time.sleep(0.02)
        waited["2"] += 1 / 128
        waited["3"] = 1 / 256

        assert 1 / 128 <= pulse.stalled(began)

        waited["3"] += 100.0

        assert 0.02 <= pulse.stalled(began) <= time.monotonic() - began
        assert 0 == pulse.stalled(time.monotonic() + 1)
    assert str(threading.get_native_id()) in queued()


def test_memory_that_grows(watch):
    """
    I-5: growth by more than 40 MB is reported, as measured by the kernel.
    """
    # Memory of an earlier test does not count.
    forget_peak()
    before = resident()
    # Two more, because the kernel counts in steps, and memory may be freed meanwhile.
    held = bytearray((GROWTH + 2) * 1024**2)
    watch.grown(resident("VmHWM") - before, GROWTH)
    watch.grown(GROWTH - 1, GROWTH)

    assert (GROWTH + 2) * 1024**2 == len(held)
    assert ["I-5: memory grew by 4"] == [breach[:21] for breach in watch.breaches]


def test_a_creating_request_that_is_sent_again(watch):
    """
    I-6: a POST that may have been carried out must not be sent twice; one that was refused may.
    """
    with told_of_posts(watch.sent):
        for replies in ((answer(429), single()), (answer(503), single())):
            with Server(*replies) as server:
                for _ in replies:
                    with socket.create_connection(("127.0.0.1", server.port)) as connection:
                        connection.sendall(b"POST /things HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
                        connection.recv(100)

    assert ["I-6: POST /things was sent again after it may have been done"] == watch.breaches
