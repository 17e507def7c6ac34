"""
Pacing over a storage: clients that share a Redis share one budget, and do well without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import pickle
import socket
import subprocess
import sys
import threading
import time
import traceback

import anyio
import pytest
import redis
import trustme
from fronts import KEY
from redis_server import PASSWORD, RedisServer
from server import NUMBER, answer, single
from starts import Starts
from trickle import Trickle

from heymilo_async import (
    AsyncHeyMilo,
    ConfigurationError,
    DeadlineExceededError,
    HeyMilo,
    HeyMiloError,
    NotFoundError,
    RateLimit,
    RateLimitError,
    RateLimitStatus,
    RetryPolicy,
)
from heymilo_async._core import settings as _settings
from heymilo_async._core.blocking import run_now
from heymilo_async._core.secrets import Secret
from heymilo_async._core.settings import pool_settings
from heymilo_async._http import BlockingTransport
from heymilo_async._ratelimit import limiter as _turns
from heymilo_async._ratelimit import redis as _storage
from heymilo_async._ratelimit import redis_connections as _redis
from heymilo_async._ratelimit.limiter import Shared
from heymilo_async._ratelimit.redis import Book, Storage
from heymilo_async._ratelimit.steps import finish

ID = NUMBER["id"]
BOOK = Book.of((Secret(KEY), None), 60.0)
ONCE = RetryPolicy(max_attempts=1)


class Clock:
    """
    A clock that stands still until it is moved.
    """

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    """
    A clock in the hands of the test.
    """
    return Clock()


@pytest.fixture
def storages(redis_server):
    """
    Makes storages, each as if in a process of its own; they are closed when the test is over.
    """
    made = []

    def make(**options):
        made.append(Storage(Secret(redis_server.url), "redis://***@here", **options))
        return made[-1]

    yield make
    for storage in made:
        storage.close()


def take(storage, limit, *, book=BOOK, most=1e9, history=None, is_behind=False):
    """
    Return what *storage* grants for one more start.
    """
    member = storage.new_member()
    return finish(
        storage.take(book, limit, member, most=most, history=history, is_behind=is_behind)
    )


def connections_left(redis_server):
    """
    Return how many connections Redis has, that of this question included, once it has noticed
    which ones are closed.
    """
    with redis_server.told() as told:
        deadline = time.monotonic() + 10
        while (left := len(told.client_list())) > 1 and time.monotonic() < deadline:
            time.sleep(0.01)
    return left


def close_to(expected):
    """
    Return what equals a wait of *expected* seconds, but for the time that a test takes.
    """
    return pytest.approx(expected, abs=0.5)


# The turns in Redis.


def test_two_processes_share_a_window(storages):
    """
    What one process took, the other one has to wait for; each knows how things stand.
    """
    ours, theirs = storages(), storages()
    grants = [take(ours, 3), take(theirs, 3), take(ours, 3), take(theirs, 3), take(ours, 3)]

    assert [0.0, 0.0, 0.0, close_to(60.6), close_to(60.6)] == [one.wait for one in grants]
    assert [2, 1, 0, 0, 0] == [one.remaining for one in grants]
    assert [1, 2, 2, 2, 2] == [one.sharers for one in grants]
    assert [close_to(60.6)] * 3 + [close_to(121.2)] * 2 == [one.reset for one in grants]


def test_a_turn_that_would_come_too_late_is_not_taken(storages):
    """
    Who cannot wait so long is told for how long it would be, and takes no place in the line.
    """
    storage = storages()
    take(storage, 1)
    hasty = [take(storage, 1, most=20.0) for _ in range(3)]

    assert [False] * 3 == [one.has_turn for one in hasty]
    assert [close_to(60.6)] * 3 == [one.wait for one in hasty]
    assert take(storage, 1).has_turn


def test_a_turn_that_is_given_back(storages):
    """
    A turn that is given back is there for the next one.
    """
    storage = storages()
    take(storage, 1)
    for _ in range(5):
        member = storage.new_member()
        grant = finish(storage.take(BOOK, 1, member, most=1e9, history=None, is_behind=False))
        storage.leave(BOOK, member)

        assert close_to(60.6) == grant.wait


def test_credentials_do_not_share(storages):
    """
    Another credential has a window of its own, and so has another length of it.
    """
    storage = storages()
    books = [
        BOOK,
        Book.of((None, Secret(KEY)), 60.0),
        Book.of((Secret(KEY), Secret("a token")), 60.0),
        Book.of((Secret(KEY), None), 5.0),
    ]

    assert [0.0] * 4 == [take(storage, 1, book=book).wait for book in books]
    assert 4 == len({book.keys[0] for book in books})
    assert BOOK == Book.of((Secret(KEY), None), 60)


def test_turns_of_a_process_that_died(storages, monkeypatch):
    """
    The turns to come of a process that says nothing any more are free again; its starts count.
    """
    monkeypatch.setattr(_storage, "LEASE", 0.2)
    dead, alive = storages(), storages()
    waits = [take(dead, 2).wait for _ in range(6)]
    time.sleep(0.3)

    assert [0.0, 0.0, *[close_to(60.6)] * 2, *[close_to(121.2)] * 2] == waits
    assert [close_to(60.6)] * 2 + [close_to(121.2)] == [take(alive, 2).wait for _ in range(3)]


def test_turns_of_a_process_that_waits(storages, monkeypatch):
    """
    Those of a process that says that it is alive are kept.
    """
    monkeypatch.setattr(_storage, "LEASE", 0.2)
    patient, other = storages(), storages()
    for _ in range(2):
        take(patient, 1)
    for _ in range(4):
        time.sleep(0.1)
        patient.beat(BOOK, dict)

    assert close_to(121.2) == take(other, 1).wait


def test_redis_forgets_everything(storages, redis_server):
    """
    A Redis that was started anew is told of the starts and turns that are still to count.
    """
    storage = storages()
    take(storage, 2)
    redis_server.stop()
    redis_server.start()
    remembered = {storage.new_member(): since for since in (-20.0, -10.0, 40.6)}

    grant = take(storage, 2, history=lambda: remembered)
    assert close_to(50.6) == grant.wait
    redis_server.stop()
    redis_server.start()
    storage.beat(BOOK, lambda: remembered)
    assert close_to(50.6) == take(storage, 2).wait


def test_what_happened_meanwhile(storages):
    """
    Starts that were made while Redis was not asked are told with the next question, once.
    """
    storage = storages()
    take(storage, 3)
    meanwhile = {storage.new_member(): -5.0}
    for _ in range(2):
        grant = take(storage, 10, history=lambda: meanwhile, is_behind=True)

    assert 10 - 4 == grant.remaining


def test_what_the_server_says_is_for_all(storages):
    """
    If the server has less left than all of us thought, somebody else uses the key.
    """
    ours, theirs = storages(), storages()
    take(ours, 10)
    ours.learn(BOOK, 10, remaining=2, reset=20.0)
    ours.learn(BOOK, 10, remaining=5, reset=20.0)
    grants = [take(theirs, 10) for _ in range(3)]

    assert [0.0, 0.0, close_to(20.6)] == [one.wait for one in grants]


def test_a_rest_is_for_all(storages):
    """
    When the server asked one of us to rest, nobody has a turn before that.
    """
    ours, theirs = storages(), storages()
    ours.rest(BOOK, 30.0)

    assert close_to(30.0) == take(theirs, 10).wait


def test_what_is_not_used_is_forgotten(storages, redis_server, monkeypatch):
    """
    Nothing stays in Redis for longer than it counts.
    """
    monkeypatch.setattr(_storage, "LEASE", 0.2)
    storage = storages()
    book = Book.of((Secret(KEY), None), 0.05)
    take(storage, 1, book=book)
    storage.learn(book, 10, remaining=2, reset=0.05)
    storage.rest(book, 0.05)
    before = redis_server.keys()
    deadline = time.monotonic() + 10
    while redis_server.keys() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert 3 == len(before)
    assert {} == redis_server.keys()


# Without the storage.


def test_a_storage_that_is_down(storages, redis_server, clock, caplog):
    """
    It is asked once a second, not by every call; one line says so, and one that it is back.
    """
    caplog.set_level(logging.INFO, "heymilo_async")
    storage = storages(clock=clock)
    redis_server.stop()
    answers = [take(storage, 3) for _ in range(3)]
    clock.now += 0.9
    answers.append(take(storage, 3))
    clock.now += 0.2
    answers.append(take(storage, 3))
    redis_server.start()
    answers.append(take(storage, 3))
    clock.now += 1.1

    assert [None] * 6 == answers
    assert 0.0 == take(storage, 3).wait
    down, back = caplog.records
    assert (logging.WARNING, logging.INFO) == (down.levelno, back.levelno)
    assert "redis://***@here" in down.getMessage()
    assert "ConnectionError" in down.getMessage()
    assert "answers again" in back.getMessage()


def test_one_finds_out_for_all(storages, redis_server, clock):
    """
    While one asks whether a storage is back, the others do not wait for that.
    """
    storage = storages(clock=clock)
    redis_server.stop()
    take(storage, 3)
    clock.now += 1.1
    assert storage._may_ask()
    assert not storage._may_ask()

    # Another thread came between, and is asking by now.
    clock.now += 1.1
    real, storage._lock = storage._lock, threading.Lock()
    storage._lock.acquire()
    found = []
    thread = threading.Thread(target=lambda: found.append(storage._may_ask()))
    thread.start()
    storage._asks_again_at = clock.now + 1.0
    storage._lock.release()
    thread.join()
    storage._lock = real

    assert [False] == found


def test_a_storage_that_says_nothing(monkeypatch, caplog):
    """
    One that takes connections and never answers costs half a second, once.
    """
    monkeypatch.setattr(_storage, "_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        storage = Storage(Secret(f"redis://127.0.0.1:{port}"), "silent")
        began = time.monotonic()
        answers = [take(storage, 3) for _ in range(10)]
        elapsed = time.monotonic() - began
        storage.close()

    assert [None] * 10 == answers
    assert elapsed < 5
    (line,) = caplog.messages
    assert "TimeoutError" in line


def test_a_wrong_password(redis_server, caplog):
    """
    A storage that refuses us counts as down, and no text has the password.
    """
    secret = "canary-wrong-password-77"
    storage = Storage(Secret(redis_server.url.replace(PASSWORD, secret)), "redis://***@127.0.0.1")

    assert None is take(storage, 3)
    storage.close()
    assert "AuthenticationError" in caplog.text
    assert secret not in caplog.text


#: What is wrong with a Redis that answers: how that comes about, given the key of the starts; how
#: it ends; and what is said of it.
AILMENTS = {
    "it has become a replica": (
        lambda told, _: told.replicaof("127.0.0.1", "1"),
        lambda told, _: told.replicaof("NO", "ONE"),
        "read only replica",
    ),
    "its memory is full": (
        lambda told, _: told.config_set("maxmemory", "1"),
        lambda told, _: told.config_set("maxmemory", "0"),
        "maxmemory",
    ),
    "somebody else uses the key": (
        lambda told, starts: told.set(starts, "something else"),
        lambda told, starts: told.delete(starts),
        "WRONGTYPE",
    ),
}


@pytest.mark.parametrize("what", AILMENTS)
def test_a_storage_that_is_ill(storages, redis_server, clock, caplog, what):
    """
    A storage that answers with an error counts as down, until it is well again.
    """
    begins, ends, said = AILMENTS[what]
    storage = storages(clock=clock)
    with redis_server.told() as told:
        begins(told, BOOK.keys[0])
        ill = [take(storage, 3) for _ in range(3)]
        ends(told, BOOK.keys[0])
    clock.now += 1.1

    assert [None] * 3 == ill
    assert 0.0 == take(storage, 3).wait
    (line,) = caplog.messages
    assert said in line
    assert PASSWORD not in line


@pytest.mark.parametrize(
    "what",
    [
        lambda told: told.script_flush(),
        lambda told: told.client_kill_filter(_type="normal", skipme=True),
        lambda told: told.delete(BOOK.keys[0]),
        lambda told: told.delete(*BOOK.keys),
    ],
    ids=["scripts forgotten", "connections killed", "starts evicted", "all of it evicted"],
)
def test_a_storage_to_which_something_happened(storages, redis_server, caplog, what):
    """
    A storage that has lost something, but works, serves on: nobody has to notice.
    """
    storage = storages()
    granted = [take(storage, 5).has_turn]
    with redis_server.told() as told:
        what(told)
    granted += [take(storage, 5).has_turn for _ in range(3)]

    assert [True] * 4 == granted
    assert [] == caplog.messages


def test_a_storage_that_hangs(storages, redis_server, clock, monkeypatch, caplog):
    """
    A storage that stands still counts as down after half a second, until it goes on.
    """
    monkeypatch.setattr(_storage, "_TIMEOUT", 0.2)
    storage = storages(clock=clock)
    assert 0.0 == take(storage, 3).wait
    with redis_server.standing_still():
        hanging = [take(storage, 3) for _ in range(3)]
    clock.now += 1.1

    assert [None] * 3 == hanging
    assert 0.0 == take(storage, 3).wait
    (line,) = caplog.messages
    assert "TimeoutError" in line


def test_a_storage_over_tls(tmp_path):
    """
    With `rediss://` the storage is reached over TLS, by the authority that the URL names.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    certificate = authority.issue_cert("localhost")
    for name, blob in [
        ("key", certificate.private_key_pem),
        ("chain", certificate.cert_chain_pems[0]),
    ]:
        blob.write_to_path(str(tmp_path / f"{name}.pem"))

    with RedisServer(tls=tmp_path) as server:
        trusted = Storage(Secret(f"{server.url}?ssl_ca_certs={tmp_path}/authority.pem"), "trusted")
        others = Storage(Secret(server.url), "others")
        granted, refused = take(trusted, 3), take(others, 3)
        trusted.close()
        others.close()

    assert 0.0 == granted.wait
    assert None is refused


@pytest.mark.parametrize("what", ["it has become a replica", "somebody else uses the key"])
def test_calls_beside_a_storage_that_is_ill(front, serve, redis_server, caplog, what):
    """
    No call is lost while the storage is ill; the client paces alone, and one line says so.
    """
    server = serve(single())
    rule = RateLimit(3, per=0.4, storage=redis_server.url)
    begins, ends, _ = AILMENTS[what]
    starts = Book.of((Secret(KEY), None), 0.4).keys[0]

    async def body(client):
        await client.phone_numbers.get(ID)
        with redis_server.told() as told:
            begins(told, starts)
            await client.phone_numbers.get_many([ID] * 6)
            ends(told, starts)

    began = Starts()
    front.run(body, server.base_url, rate_limit=rule, deadline=10.0, events=began)

    assert 7 == server.n
    assert [] == began.closer_than(0.4, limit=3)
    assert 1 == len([line for line in caplog.messages if "does not answer" in line])


def test_a_password_that_redis_repeats(monkeypatch, caplog):
    """
    Should an error's text hold the password, it is masked.
    """
    url = Secret("redis://:canary%2Fstorage%2Fpw@127.0.0.1:1")
    monkeypatch.setenv("HEYMILO_STORAGE_PASSWORD", "canary-of-the-environment")

    def refuse(_):
        message = "no: canary/storage/pw, canary-of-the-environment"
        raise OSError(message)

    monkeypatch.setattr(_storage, "_open", refuse)
    storage = Storage(url, "masked")

    assert None is take(storage, 3)
    assert "OSError: no: ***, ***" in caplog.text


def test_the_password_of_the_environment(redis_server, monkeypatch):
    """
    If the URL has no password, that of HEYMILO_STORAGE_PASSWORD is used.
    """
    monkeypatch.setenv("HEYMILO_STORAGE_PASSWORD", PASSWORD)
    storage = Storage(Secret(f"redis://127.0.0.1:{redis_server.port}/0"), "plain")

    assert 0.0 == take(storage, 3).wait
    storage.close()


def test_ctrl_c_in_the_middle(storages, monkeypatch):
    """
    Ctrl-C leaves with a cut traceback: the frames below hold the password.
    """
    storage = storages()

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        finish(storage._ask(interrupt))

    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert "interrupt" not in names
    assert 0.0 == take(storage, 3).wait


def test_a_closed_storage_says_nothing(storages, caplog):
    """
    After it was closed it answers nobody, and that is no fault to tell.
    """
    storage = storages()
    take(storage, 3)
    storage.close()

    assert None is take(storage, 3)
    assert [] == caplog.messages


def test_connections_that_all_died(storages, redis_server, caplog):
    """
    A Redis that closed many connections is asked again over a new one, and nobody has to notice.
    """
    storage = storages()
    asked = [
        storage.take(BOOK, 9, storage.new_member(), most=1e9, history=None, is_behind=False)
        for _ in range(3)
    ]
    sources = [next(source for source in one if source is not None) for one in asked]
    granted = [finish(one).remaining for one in asked]
    with redis_server.told() as told:
        told.client_kill_filter(_type="normal", skipme=True)

    assert 3 == len(set(sources))
    assert [8, 7, 6] == granted
    assert 5 == take(storage, 9).remaining
    assert [] == caplog.messages


def test_closed_while_somebody_asks(storages, redis_server):
    """
    A storage that is closed leaves the connection in use to its user, who closes it afterwards.
    """
    storage = storages()
    take(storage, 9)
    asked = storage.take(BOOK, 9, storage.new_member(), most=1e9, history=None, is_behind=False)
    source = next(asked)
    storage.close()

    assert -1 < source.fileno()
    assert 7 == finish(asked).remaining
    assert -1 == source.fileno()


def test_a_turn_that_is_given_back_late(storages, redis_server):
    """
    A turn is given back though the storage was closed meanwhile, and no connection is left.
    """
    storage = storages()
    member = storage.new_member()
    finish(storage.take(BOOK, 9, member, most=1e9, history=None, is_behind=False))
    storage.close()
    storage.leave(BOOK, member)

    assert 1 == connections_left(redis_server)
    kept = redis_server.keys()
    assert [] == [key for key in kept if ":starts:" in key]


def test_closed_while_it_is_opened(storages, redis_server):
    """
    A storage that is closed while its first question opens it keeps no connection.
    """
    storage = storages()
    asked = storage.take(BOOK, 9, storage.new_member(), most=1e9, history=None, is_behind=False)
    assert None is next(asked)
    storage.close()
    finish(asked)

    assert 1 == connections_left(redis_server)


def test_who_finds_out_opens_the_way(storages, redis_server, clock):
    """
    Once one has found out that the storage is back, nobody waits any longer.
    """
    storage = storages(clock=clock)
    redis_server.stop()
    assert None is take(storage, 3)
    redis_server.start()
    clock.now += 1.1

    assert [2, 1, 0] == [take(storage, 3).remaining for _ in range(3)]


def test_a_redis_py_that_hides_its_sockets(storages, monkeypatch):
    """
    Should redis-py call its socket otherwise, turns are taken all the same, by steps that block.
    """
    monkeypatch.setattr(_redis, "_socket_of", lambda _: None)
    storage = storages()
    take(storage, 9)
    asked = storage.take(BOOK, 9, storage.new_member(), most=1e9, history=None, is_behind=False)

    assert None is next(asked)
    assert 7 == finish(asked).remaining


def test_connections_that_a_burst_needed(storages, monkeypatch):
    """
    Of the connections that were in use at a time, so many are kept and no more.
    """
    monkeypatch.setattr(_redis, "_IDLE", 2)
    storage = storages()
    asked = [
        storage.take(BOOK, 9, storage.new_member(), most=1e9, history=None, is_behind=False)
        for _ in range(5)
    ]
    sources = [next(source for source in one if source is not None) for one in asked]
    for one in asked:
        finish(one)

    assert 3 == [source.fileno() for source in sources].count(-1)


def test_a_log_in_that_fails(storages, redis_server, clock, caplog):
    """
    Where connecting ends in an error, the next question connects anew, and says that this blocks.
    """
    url = redis_server.url.removesuffix("/0") + "/9999"
    storage = Storage(Secret(url), "no such database", clock=clock)
    answers = []
    for _ in range(3):
        asked = storage.take(BOOK, 9, "a:1", most=1e9, history=None, is_behind=False)
        assert None is next(asked)
        answers.append(finish(asked))
        clock.now += 1.1
    storage.close()

    assert [None] * 3 == answers
    (line,) = caplog.messages
    assert "out of range" in line


@pytest.mark.parametrize(
    ("pause", "timeout", "is_answered"),
    [(0.02, 10.0, True), (0.2, 0.5, False)],
    ids=["in time", "for too long"],
)
def test_an_answer_in_pieces(redis_server, monkeypatch, pause, timeout, is_answered, caplog):
    """
    An answer may come in pieces, as long as all of it takes no more than half a second.
    """
    monkeypatch.setattr(_storage, "_TIMEOUT", timeout)
    with Trickle(redis_server.port, size=10) as between:
        url = redis_server.url.replace(str(redis_server.port), str(between.port))
        storage = Storage(Secret(url), "in pieces")
        take(storage, 9)
        between.pause = pause
        began = time.monotonic()
        grant = take(storage, 9)
        elapsed = time.monotonic() - began
        between.pause = 0.0
        storage.close()

    assert is_answered == (grant is not None)
    assert elapsed < 5
    assert (not is_answered) == ("TimeoutError" in caplog.text)


# Clients.


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_event_loop_goes_on_while_pieces_come(serve, redis_server, backend):
    """
    While an answer comes in pieces, the event loop does something else.
    """
    server = serve(single())
    ticks = []

    async def tick():
        while True:
            await anyio.sleep(0.01)
            ticks.append(1)

    async def main(url, between):
        async with (
            AsyncHeyMilo(
                KEY, base_url=server.base_url, rate_limit=RateLimit(9, per=60, storage=url)
            ) as client,
            anyio.create_task_group() as group,
        ):
            await client.phone_numbers.get(ID)
            between.pause = 0.04
            group.start_soon(tick)
            await client.phone_numbers.get(ID)
            group.cancel_scope.cancel()

    with Trickle(redis_server.port, size=5) as between:
        url = redis_server.url.replace(str(redis_server.port), str(between.port))
        anyio.run(main, url, between, backend=backend)

    assert 2 == redis_server.keys()[BOOK.keys[0]]
    assert len(ticks) > 5


@pytest.mark.parametrize("deadline", [None, 60.0])
def test_ctrl_c_while_redis_answers(serve, redis_server, deadline):
    """
    Ctrl-C in the middle of the question leaves no turn behind.
    """
    server = serve(single())
    rule = RateLimit(9, per=60, storage=redis_server.url)
    with HeyMilo(KEY, base_url=server.base_url, rate_limit=rule, deadline=deadline) as client:
        client.phone_numbers.get(ID)
        real, interruptions = redis.Connection.read_response, [KeyboardInterrupt]

        def interrupted(self, *args, **options):
            answer = real(self, *args, **options)
            if interruptions:
                raise interruptions.pop()
            return answer

        with pytest.MonkeyPatch.context() as patching:
            patching.setattr(redis.Connection, "read_response", interrupted)
            with pytest.raises(KeyboardInterrupt):
                client.phone_numbers.get(ID)

        assert 1 == redis_server.keys()[BOOK.keys[0]]
        client.phone_numbers.get(ID)
    assert 2 == redis_server.keys()[BOOK.keys[0]]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_event_loop_needs_no_threads(serve, redis_server, monkeypatch, backend):
    """
    Once a connection is open, turns are taken without a thread, over four connections at most.
    """
    server = serve(single())
    rule = RateLimit(1000, per=60, storage=redis_server.url)
    threads = []

    async def main():
        async with AsyncHeyMilo(KEY, base_url=server.base_url, rate_limit=rule) as client:
            await client.phone_numbers.get_many([ID] * 40, concurrency=20)
            real = anyio.to_thread.run_sync
            monkeypatch.setattr(
                anyio.to_thread, "run_sync", lambda *a, **o: threads.append(a) or real(*a, **o)
            )
            await client.phone_numbers.get_many([ID] * 40, concurrency=20)
            with redis_server.told() as told:
                return len(told.client_list()) - 1

    opened = anyio.run(main, backend=backend)
    assert 80 == server.n
    assert 1 <= opened <= 4
    # (Where the machine stood still for a moment, a thread may have read an answer.)
    assert len(threads) < 20


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_event_loop_goes_on(serve, redis_server, backend):
    """
    While a storage stands still, the event loop does not.
    """
    server = serve(single())
    rule = RateLimit(9, per=60, storage=redis_server.url)
    ticks = []

    async def tick():
        while True:
            await anyio.sleep(0.01)
            ticks.append(1)

    async def main():
        async with (
            AsyncHeyMilo(KEY, base_url=server.base_url, rate_limit=rule) as client,
            anyio.create_task_group() as group,
        ):
            await client.phone_numbers.get(ID)
            group.start_soon(tick)
            with redis_server.standing_still():
                await client.phone_numbers.get(ID)
            group.cancel_scope.cancel()

    anyio.run(main, backend=backend)

    # It counts as down after half a second.
    assert 2 == server.n
    assert len(ticks) > 10


def test_clients_share_one_budget(front, serve, redis_server):
    """
    Two clients with one key start no more requests than the limit, together.
    """
    server = serve(single())
    began = Starts()
    rule = RateLimit(4, per=0.5, storage=redis_server.url)

    async def body(client):
        other = front.client(server.base_url, rate_limit=rule, events=began)
        for _ in range(5):
            await client.phone_numbers.get(ID)
            await front.awaitable(other).phone_numbers.get(ID)
        seen = client.rate_limit
        await front.awaitable(other).aclose()
        return seen

    seen = front.run(body, server.base_url, rate_limit=rule, events=began)

    assert 10 == len(began.at)
    assert [] == began.closer_than(0.5, limit=4)
    assert (4, 0) == (seen.limit, seen.remaining)
    assert 0 < seen.reset <= 1.2


def test_the_storage_knows_no_secret(front, serve, redis_server):
    """
    What Redis holds is named by an HMAC of the credential; neither key nor token is in it.
    """
    server = serve(single())

    async def body(client):
        await client.phone_numbers.get(ID)

    rule = RateLimit(4, per=60, storage=redis_server.url)
    front.run(body, server.base_url, rate_limit=rule, access_token="canary-token")

    keys = redis_server.keys()
    assert 2 == len(keys)
    assert all(len(key.partition("{")[2].partition("}")[0]) == 64 for key in keys)
    assert [] == [key for key in keys if KEY in key or "canary" in key]


def test_a_turn_that_comes_too_late(front, serve, redis_server):
    """
    A call whose turn would come after its deadline raises at once, and leaves no trace in Redis.
    """
    server = serve(single())

    async def body(client):
        await client.phone_numbers.get(ID)
        hasty = client.with_options(deadline=5.0)
        began = time.monotonic()
        with pytest.raises(DeadlineExceededError, match="not sent") as caught:
            await hasty.phone_numbers.get(ID)
        assert time.monotonic() - began < 4
        return caught.value

    rule = RateLimit(1, per=60, storage=redis_server.url)
    error = front.run(body, server.base_url, rate_limit=rule)

    assert "pace" == error.phase
    assert 1 == server.n
    assert [1] == [count for key, count in redis_server.keys().items() if ":starts:" in key]


def test_a_storage_that_stops_and_starts(front, serve, redis_server, caplog):
    """
    No call is lost while the storage is down; the client paces alone, and comes back by itself.
    """
    server = serve(single())

    async def body(client):
        await client.phone_numbers.get(ID)
        redis_server.stop()
        for _ in range(4):
            await client.phone_numbers.get(ID)
        redis_server.start()
        deadline = time.monotonic() + 20
        while not redis_server.keys() and time.monotonic() < deadline:
            await client.phone_numbers.get(ID)

    rule = RateLimit(3, per=0.4, storage=redis_server.url)
    began = Starts()
    front.run(body, server.base_url, rate_limit=rule, deadline=10.0, events=began)

    assert [] == began.closer_than(0.4, limit=3)
    assert redis_server.keys()
    assert 1 == len([line for line in caplog.messages if "does not answer" in line])
    assert PASSWORD not in caplog.text


def test_alone_each_takes_its_share(redis_server, serve):
    """
    While the storage is down, a process allows itself what the limit is, divided by those who
    used the key lately.
    """
    server = serve(single())
    rule = RateLimit(4, per=60, storage=redis_server.url)
    clients = [HeyMilo(KEY, base_url=server.base_url, rate_limit=rule) for _ in range(2)]
    for client in clients:
        client.phone_numbers.get(ID)
    redis_server.stop()
    hasty = clients[1].with_options(deadline=5.0)
    hasty.phone_numbers.get(ID)

    with pytest.raises(DeadlineExceededError):
        hasty.phone_numbers.get(ID)
    for client in clients:
        client.close()


def test_a_lower_limit_is_told_to_others(front, serve, redis_server):
    """
    What the server says is left, and that it wants a rest, reaches the other clients.
    """
    server = serve(
        answer(429, b"", "Retry-After: 4000"),
        answer(404, b"{}", "X-RateLimit-Remaining: 1", "X-RateLimit-Reset: 30"),
        answer(429, b"", "Retry-After: 40"),
    )
    options = {
        "rate_limit": RateLimit(10, per=60, storage=redis_server.url),
        "retry": ONCE,
        "deadline": 5.0,
    }

    async def body(client):
        other = front.client(server.base_url, **options)
        seen = []
        for one in (client, client, front.awaitable(other), client):
            try:
                await one.phone_numbers.get(ID)
            except HeyMiloError as error:
                seen.append((type(error), client.rate_limit.remaining))
        await front.awaitable(other).aclose()
        return seen

    seen = front.run(body, server.base_url, **options)

    kinds = [RateLimitError, NotFoundError, RateLimitError, DeadlineExceededError]
    assert kinds == [kind for kind, _ in seen]
    # (What the other one did since then, it learns by its next call.)
    assert [9, 1, 1] == [remaining for _, remaining in seen[:3]]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_call_that_is_cancelled_while_it_waits(serve, redis_server, backend):
    """
    Whoever stops waiting gives the turn back to all.
    """
    server = serve(single())
    rule = RateLimit(2, per=60, storage=redis_server.url)

    async def main():
        async with AsyncHeyMilo(KEY, base_url=server.base_url, rate_limit=rule) as client:
            for _ in range(2):
                await client.phone_numbers.get(ID)
            with anyio.move_on_after(0.3):
                await client.phone_numbers.get_many([ID] * 20, concurrency=20)

    anyio.run(main, backend=backend)

    assert [2] == [count for key, count in redis_server.keys().items() if ":starts:" in key]


def test_a_storage_that_is_too_slow_for_the_deadline(front, serve, monkeypatch):
    """
    A storage that says nothing costs a call half of its deadline: it is sent within the rest.
    """
    monkeypatch.setattr(_storage, "_TIMEOUT", 5.0)
    server = serve(single())

    async def body(client):
        return (await client.phone_numbers.get(ID)).id

    with socket.create_server(("127.0.0.1", 0)) as silent:
        rule = RateLimit(3, per=60, storage=f"redis://127.0.0.1:{silent.getsockname()[1]}")
        assert ID == front.run(body, server.base_url, rate_limit=rule, deadline=1.0)


def test_a_client_that_is_closed_while_calls_wait(serve, redis_server):
    """
    A call that waits for its turn ends soon after the client was closed.
    """
    server = serve(single())
    rule = RateLimit(1, per=60, storage=redis_server.url)
    client = HeyMilo(KEY, base_url=server.base_url, rate_limit=rule)
    client.phone_numbers.get(ID)
    ended = []

    def call():
        try:
            client.phone_numbers.get(ID)
        except Exception as error:
            ended.append(type(error).__name__)

    thread = threading.Thread(target=call)
    thread.start()
    time.sleep(0.2)
    client.close()
    thread.join(10)

    assert ["ClientClosedError"] == ended


# The part of one process.


class LoopState:
    """
    The state of a loop whose clock its sleep moves.
    """

    def __init__(self, clock):
        self.now = clock
        self.transport = self
        self.naps = []
        self.late = 0.0

    async def sleep(self, seconds):
        self.naps.append(seconds)
        self.now.now += seconds + self.late
        self.late = 0.0

    async def run_in_thread(self, function):
        return function()

    async def query(self, steps, *, within):
        del within
        return finish(steps)


class Patient:
    """
    A caller that waits for anything.
    """

    remaining = 1e9

    def __init__(self, *, patience=1e9):
        self.patience = patience

    def may_wait(self, seconds):
        return seconds <= self.patience

    def is_closed(self):
        return False


@pytest.fixture
def shared(storages, clock):
    """
    The part of one process, whose waits take no time, and its lane.
    """
    return Shared(storages(), BOOK), LoopState(clock)


def test_a_process_that_waits_says_so(shared, monkeypatch):
    """
    Of the calls that wait, one says every second that their process is alive.
    """
    mine, lane = shared
    beats = []
    monkeypatch.setattr(mine._storage, "beat", lambda *_: beats.append(lane.now()))
    run_now(mine.take(1, lane, Patient()))
    assert 0.0 == run_now(mine.take(1, lane, Patient()))

    assert 60.6 == pytest.approx(sum(lane.naps), abs=0.5)
    assert max(lane.naps) <= _turns.BEAT
    assert 60 <= len(beats) <= 62


def test_a_process_that_was_stopped_for_a_while(shared):
    """
    A process that was silent for so long that its turns were given away lines up again.
    """
    mine, lane = shared
    run_now(mine.take(1, lane, Patient()))
    lane.late = 10.0
    assert 0.0 == run_now(mine.take(1, lane, Patient(patience=70.0)))

    assert sum(lane.naps) > 60.7


def test_who_will_not_wait(shared, redis_server):
    """
    A caller that says no to a wait gives its turn back.
    """
    mine, lane = shared
    run_now(mine.take(1, lane, Patient()))
    late = run_now(mine.take(1, lane, Patient(patience=5.0)))

    assert close_to(60.6) == late
    assert 1 == redis_server.keys()[BOOK.keys[0]]


# What it takes.


@pytest.mark.parametrize("is_answered", [True, False])
@pytest.mark.parametrize("is_cancelled", [True, False])
def test_who_asks_and_does_not_wait_for_the_answer(
    shared, redis_server, monkeypatch, is_answered, is_cancelled
):
    """
    A call that is cancelled or too late while it asks for a turn has none, whenever the answer
    comes.
    """
    mine, lane = shared
    running = []

    async def query(steps, *, within):
        del within
        running.append(steps)
        if is_answered:
            finish(steps)
        if is_cancelled:
            raise asyncio.CancelledError

    monkeypatch.setattr(lane, "query", query)
    with contextlib.suppress(asyncio.CancelledError):
        assert None is run_now(mine.take(3, lane, Patient()))
    if not is_answered:
        finish(running[0])

    kept = redis_server.keys()
    assert [] == [key for key in kept if ":starts:" in key]
    assert {} == mine._mine


def test_a_fault_in_the_thread_that_asks():
    """
    What goes wrong in the thread that asks leaves as it is, with a deadline and without.
    """
    transport = BlockingTransport(
        pool_settings(max_connections=1, proxy=None, ssl_context=None, http_client=None)
    )

    def faulty():
        yield None
        return 1 / 0

    for within in (math.inf, 5.0):
        with pytest.raises(ZeroDivisionError):
            run_now(transport.query(faulty(), within=within))


def test_redis_is_loaded_when_it_is_used():
    """
    A client without a storage loads no redis, nor does one with it before its first call.
    """
    code = (
        "import sys; from heymilo_async import HeyMilo, RateLimit\n"
        "client = HeyMilo('a key', rate_limit=RateLimit(3, storage='redis://127.0.0.1:1'))\n"
        "client.rate_limit; client.close()\n"
        "print('redis' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ("False", "") == (done.stdout.strip(), done.stderr)


def test_without_the_extra(monkeypatch):
    """
    Without redis a storage is refused at once, with what to install; all else works.
    """
    monkeypatch.setattr(_settings, "find_spec", lambda _: None)
    rule = RateLimit(3, storage="redis://:a-password@127.0.0.1")

    with pytest.raises(ConfigurationError, match=r"pip install 'heymilo-async\[redis\]'") as caught:
        HeyMilo(KEY, rate_limit=rule)
    assert "a-password" not in str(caught.value)
    with HeyMilo(KEY, rate_limit=RateLimit(3)) as client:
        assert 3 == client.rate_limit.remaining


@pytest.mark.parametrize(
    "url",
    [
        *("", "redis://", "http://127.0.0.1", "127.0.0.1:6379", "redis://h:99999", "redis://h:0"),
        *("redis://h\n", "redis://h/x", "redis://:canary/pw@h", "redis://[::1", "unix://"),
        *("redis://h?socket_timeout=900", "redis://h?password=canary", "redis://:canary#pw@h"),
        "redis://h:canary",
        "redis://h/0#canary",
        "redis://h?db=canary",
        "redis://h?password=canary",
        "rediss://h?ssl_password=canary",
        "rediss://h?ssl%5Fpassword=canary",
        "unix://me:a/canary@/run/redis.sock",
    ],
)
def test_what_is_no_storage(url):
    """
    Another text is refused without showing it: it may hold a password.
    """
    with pytest.raises(ConfigurationError, match="storage must") as caught:
        RateLimit(3, storage=url)
    assert "canary" not in str(caught.value)
    below = caught.value.__traceback__.tb_next
    told = traceback.TracebackException(
        ConfigurationError, caught.value, below, capture_locals=True
    )
    assert "canary" not in "".join(told.format())


@pytest.mark.parametrize("value", [6379, b"redis://h", True])
def test_a_storage_of_another_type(value):
    """
    A storage is a text.
    """
    with pytest.raises(TypeError, match="storage must be a str"):
        RateLimit(3, storage=value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://h", "redis://h"),
        ("redis://:pw-canary@h:6379/0", "redis://***@h:6379/0"),
        ("rediss://me:pw-canary@[::1]:1/2?db=3&ssl_cert_reqs=none", None),
        ("unix:///run/redis.sock?db=1", "unix:///run/redis.sock?db=1"),
        ("unix://:pw-canary@/run/redis.sock", "unix://***@/run/redis.sock"),
    ],
)
def test_a_storage_is_shown_without_its_password(url, shown):
    """
    Neither `storage` nor the repr of a rate limit has the password or the user's name.
    """
    rule = RateLimit(300, per=60.0, storage=url)

    assert shown in {None, rule.storage}
    for text in (repr(rule), str(rule), rule.storage):
        assert "canary" not in text
        assert "me:" not in text
    assert RateLimit(300, per=60.0, storage=url) == rule != RateLimit(300, per=60.0)


def test_a_rate_limit_is_pickled_without_the_password(monkeypatch):
    """
    A pickle has the storage without the password; it is read from the environment again.
    """
    rule = RateLimit(300, per=60.0, storage="redis://me:pw-canary@h:1/0")
    pickled = pickle.dumps(rule)
    again = pickle.loads(pickled)

    assert b"canary" not in pickled
    assert "redis://***@h:1/0" == again.storage
    assert again.lacks_password
    assert pickle.loads(pickle.dumps(again)).lacks_password
    monkeypatch.setenv("HEYMILO_STORAGE_PASSWORD", "pw-canary")
    assert not again.lacks_password
    for plain in (RateLimit(3, per=1.0), RateLimit(3, storage="redis://h"), rule):
        assert plain == (plain if plain is rule else pickle.loads(pickle.dumps(plain)))
        assert not plain.lacks_password


def test_the_error_of_a_refused_call_is_the_servers(front, serve, redis_server):
    """
    With a storage too, a 429 that does not end is the server's own error.
    """
    server = serve(answer(429, b"", "Retry-After: 0"))

    async def body(client):
        with pytest.raises(RateLimitError) as caught:
            await client.phone_numbers.get(ID)
        return caught.value

    rule = RateLimit(100, per=60, storage=redis_server.url)
    error = front.run(body, server.base_url, rate_limit=rule, retry=RetryPolicy(initial_delay=0.0))

    assert [429] * 3 == [one.status_code for one in error.attempts]


# Corners.


def test_a_storage_that_was_never_asked():
    """
    A storage that nobody asked has nothing to close.
    """
    Storage(Secret("redis://127.0.0.1:1"), "unused").close()


def test_a_caller_whose_client_is_closed(shared, redis_server):
    """
    A caller whose client was closed already takes no turn.
    """
    mine, lane = shared
    caller = Patient()
    caller.is_closed = lambda: True

    assert 0.0 == run_now(mine.take(1, lane, caller))
    assert {} == redis_server.keys()


def test_what_redis_said_grows_old(shared, clock):
    """
    What Redis said of how things stand counts until everything is free again.
    """
    mine, lane = shared
    own = RateLimitStatus(limit=3, remaining=3, reset=0.0)
    run_now(mine.take(3, lane, Patient()))

    assert 2 == mine.status(own, clock.now).remaining
    assert own == mine.status(own, clock.now + 61.0)


def test_answers_that_say_nothing_new(front, serve, redis_server):
    """
    While the server has as much left as we thought, the others are told nothing.
    """
    server = serve(answer(404, b"{}", "X-RateLimit-Remaining: 9", "X-RateLimit-Reset: 30"))

    async def body(client):
        with pytest.raises(NotFoundError):
            await client.phone_numbers.get(ID)

    rule = RateLimit(10, per=60, storage=redis_server.url)
    front.run(body, server.base_url, rate_limit=rule)

    assert 1 == redis_server.keys()[BOOK.keys[0]]
