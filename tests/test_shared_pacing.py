"""
Pacing over a storage: clients that share a Redis share one rate limit, and each works without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
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
from inside import CoolDowns, RateLimiter
from redis_server import PASSWORD, RedisServer, SilentRedis
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
from heymilo_async._core.transport import TooLateError
from heymilo_async._http.body import Receiver
from heymilo_async._ratelimit import redis as _storage
from heymilo_async._ratelimit.limiter import Permit, Window
from heymilo_async._ratelimit.redis import HEARTBEAT, LimiterKeys, SharedRateLimiter, Storage

ID = NUMBER["id"]
KEYS = LimiterKeys.of((Secret(KEY), None), 60.0)
ONCE = RetryPolicy(max_attempts=1)


@pytest.fixture
def storages(redis_server):
    """
    Makes storages, each as in a process of its own; they are closed after the test.
    """
    made = []

    def make(**options):
        made.append(Storage(Secret(redis_server.url), "redis://***@here", **options))
        return made[-1]

    yield make
    for storage in made:
        storage.close()


def take(storage, limit, *, keys=KEYS, most=1e9, history=None, sends_history=False):
    """
    Return the permit and the wait that *storage* grants for one more start.
    """
    member = storage.new_member()
    return storage.reserve(
        keys, limit, member, most=most, history=history, sends_history=sends_history
    )


def connections_left(redis_server):
    """
    Return the number of Redis's connections, including this one, once it has noticed which ones are
    closed.
    """
    with redis_server.told() as told:
        deadline = time.monotonic() + 10
        while (left := len(told.client_list())) > 1 and time.monotonic() < deadline:
            time.sleep(0.01)
    return left


def close_to(expected):
    """
    Return an object that equals a wait of *expected* seconds, minus the time that a test takes.
    """
    return pytest.approx(expected, abs=0.5)


def lasting(expected, began):
    """
    Return an object that equals waits of *expected* seconds, minus the time that went by since
    *began*: a test moves only one of the two clocks by itself.
    """
    passed = time.monotonic() - began
    return pytest.approx(expected - passed / 2, abs=passed / 2 + 0.01)


# Permits in Redis.


def test_two_processes_share_a_window(storages):
    """
    A second process waits for the starts of the first; each knows the current state.
    """
    ours, theirs = storages(), storages()
    grants = [take(ours, 3), take(theirs, 3), take(ours, 3), take(theirs, 3), take(ours, 3)]

    assert [0.0, 0.0, 0.0, close_to(60.6), close_to(60.6)] == [one.wait for one in grants]
    assert [2, 1, 0, 0, 0] == [one.remaining for one in grants]
    assert [1, 2, 2, 2, 2] == [one.sharers for one in grants]


def test_a_turn_that_would_come_too_late_is_not_taken(storages):
    """
    A caller that cannot wait long enough learns the wait, and joins no queue.
    """
    storage = storages()
    take(storage, 1)
    hasty = [take(storage, 1, most=20.0) for _ in range(3)]

    assert [False] * 3 == [one.is_granted for one in hasty]
    assert [close_to(60.6)] * 3 == [one.wait for one in hasty]
    assert take(storage, 1).is_granted


def test_a_turn_that_is_given_back(storages):
    """
    A released permit is available to the next caller.
    """
    storage = storages()
    take(storage, 1)
    for _ in range(5):
        member = storage.new_member()
        grant = storage.reserve(KEYS, 1, member, most=1e9, history=None, sends_history=False)
        storage.release(KEYS, member)

        assert close_to(60.6) == grant.wait


def test_a_request_that_is_sent_twice(storages):
    """
    If redis-py repeats a request because its response was lost, the second one does not wait for
    the permit of the first.
    """
    storage = storages()
    member = storage.new_member()
    waits = [
        storage.reserve(KEYS, 1, member, most=1e9, history=None, sends_history=False).wait
        for _ in range(2)
    ]

    assert [0.0, 0.0] == waits


def test_credentials_do_not_share(storages):
    """
    Another credential has its own window, and so has another period.
    """
    storage = storages()
    several = [
        KEYS,
        LimiterKeys.of((None, Secret(KEY)), 60.0),
        LimiterKeys.of((Secret(KEY), Secret("a token")), 60.0),
        LimiterKeys.of((Secret(KEY), None), 5.0),
    ]

    assert [0.0] * 4 == [take(storage, 1, keys=one).wait for one in several]
    assert 4 == len({one.names[0] for one in several})
    assert KEYS == LimiterKeys.of((Secret(KEY), None), 60)


def test_turns_of_a_process_that_died(storages, monkeypatch):
    """
    The reserved permits of a process that has died become free again; its starts count.
    """
    monkeypatch.setattr(_storage, "LEASE", 0.2)
    dead, alive = storages(), storages()
    waits = [take(dead, 2).wait for _ in range(6)]
    time.sleep(0.3)

    assert [0.0, 0.0, *[close_to(60.6)] * 2, *[close_to(121.2)] * 2] == waits
    assert [close_to(60.6)] * 2 + [close_to(121.2)] == [take(alive, 2).wait for _ in range(3)]


def test_turns_of_a_process_that_waits(storages, monkeypatch):
    """
    The permits of a process that renews them are kept.
    """
    monkeypatch.setattr(_storage, "LEASE", 0.2)
    patient, other = storages(), storages()
    for _ in range(2):
        take(patient, 1)
    for _ in range(4):
        time.sleep(0.1)
        patient.heartbeat(KEYS, dict)

    assert close_to(121.2) == take(other, 1).wait


def test_redis_forgets_everything(storages, redis_server):
    """
    A restarted Redis receives the starts and permits that still count.
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
    storage.heartbeat(KEYS, lambda: remembered)
    assert close_to(50.6) == take(storage, 2).wait


def test_what_happened_meanwhile(storages):
    """
    Starts from a time without Redis are reported once, with the next request.
    """
    storage = storages()
    take(storage, 3)
    meanwhile = {storage.new_member(): -5.0}
    for _ in range(2):
        grant = take(storage, 10, history=lambda: meanwhile, sends_history=True)

    assert 10 - 4 == grant.remaining


def test_what_the_server_says_is_for_all(storages):
    """
    If the server has less left than our clients have counted, somebody else uses the key.
    """
    ours, theirs = storages(), storages()
    take(ours, 10)
    ours.observe(KEYS, 10, remaining=2, reset=20.0)
    ours.observe(KEYS, 10, remaining=5, reset=20.0)
    grants = [take(theirs, 10) for _ in range(3)]

    assert [0.0, 0.0, close_to(20.6)] == [one.wait for one in grants]


def test_a_rest_is_for_all(storages):
    """
    If the server asks one client for a cool-down, no client gets a permit before its end.
    """
    ours, theirs = storages(), storages()
    ours.cool_down(KEYS, 30.0)

    assert close_to(30.0) == take(theirs, 10).wait


def test_what_is_not_used_is_forgotten(storages, redis_server, monkeypatch):
    """
    No entry stays in Redis for longer than it counts.
    """
    monkeypatch.setattr(_storage, "LEASE", 0.2)
    storage = storages()
    keys = LimiterKeys.of((Secret(KEY), None), 0.05)
    take(storage, 1, keys=keys)
    storage.observe(keys, 10, remaining=2, reset=0.05)
    storage.cool_down(keys, 0.05)
    before = redis_server.keys()
    deadline = time.monotonic() + 10
    while redis_server.keys() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert 3 == len(before)
    assert {} == redis_server.keys()


# Without the storage.


def test_a_storage_that_is_down(storages, redis_server, clock, caplog):
    """
    One call a second tries Redis again, the others do not; the log has one line for its failure and
    one for its return.
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
    assert "is available again" in back.getMessage()


def test_one_finds_out_for_all(storages, redis_server, clock):
    """
    While one call checks whether a storage is back, the others do not wait for it.
    """
    storage = storages(clock=clock)
    redis_server.stop()
    take(storage, 3)
    clock.now += 1.1
    assert storage._may_send()
    assert not storage._may_send()

    # Another thread has come between, and is checking by now.
    clock.now += 1.1
    real, storage._lock = storage._lock, threading.Lock()
    storage._lock.acquire()
    found = []
    thread = threading.Thread(target=lambda: found.append(storage._may_send()))
    thread.start()
    storage._next_try_at = clock.now + 1.0
    storage._lock.release()
    thread.join()
    storage._lock = real

    assert [False] == found


def test_a_storage_that_says_nothing(monkeypatch, caplog):
    """
    A storage that accepts connections and never responds costs half a second, once.
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
    A storage that refuses us counts as down, and no text contains the password.
    """
    secret = "canary-wrong-password-77"
    storage = Storage(Secret(redis_server.url.replace(PASSWORD, secret)), "redis://***@127.0.0.1")

    assert None is take(storage, 3)
    storage.close()
    assert "AuthenticationError" in caplog.text
    assert secret not in caplog.text


#: Faults of a Redis that responds: how to cause one, given the key of the starts; how to end it;
#: and the log's text.
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
    A storage that responds with an error counts as down, until it works again.
    """
    begins, ends, said = AILMENTS[what]
    storage = storages(clock=clock)
    with redis_server.told() as told:
        begins(told, KEYS.names[0])
        ill = [take(storage, 3) for _ in range(3)]
        ends(told, KEYS.names[0])
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
        lambda told: told.delete(KEYS.names[0]),
        lambda told: told.delete(*KEYS.names),
    ],
    ids=["scripts forgotten", "connections killed", "starts evicted", "all of it evicted"],
)
def test_a_storage_to_which_something_happened(storages, redis_server, caplog, what):
    """
    A storage that has lost data, but works, stays in use.
    """
    storage = storages()
    granted = [take(storage, 5).is_granted]
    with redis_server.told() as told:
        what(told)
    granted += [take(storage, 5).is_granted for _ in range(3)]

    assert [True] * 4 == granted
    assert [] == caplog.messages


def test_a_storage_that_hangs(storages, redis_server, clock, monkeypatch, caplog):
    """
    A storage that hangs counts as down after half a second, until it continues.
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
    With `rediss://` the storage is reached over TLS, with the certificate authority that the URL
    names.
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
    No call is lost while the storage fails; the client paces alone, and the log has one line.
    """
    server = serve(single())
    rule = RateLimit(3, per=0.4, storage=redis_server.url)
    begins, ends, _ = AILMENTS[what]
    starts = LimiterKeys.of((Secret(KEY), None), 0.4).names[0]

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
    assert 1 == len([line for line in caplog.messages if "is unavailable" in line])


def test_a_password_that_redis_repeats(monkeypatch, caplog):
    """
    If an error's text contains the password, it is masked.
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
    If the URL has no password, HEYMILO_STORAGE_PASSWORD is used.
    """
    monkeypatch.setenv("HEYMILO_STORAGE_PASSWORD", PASSWORD)
    storage = Storage(Secret(f"redis://127.0.0.1:{redis_server.port}/0"), "plain")

    assert 0.0 == take(storage, 3).wait
    storage.close()


def test_ctrl_c_in_the_middle(storages, monkeypatch):
    """
    Ctrl-C is raised with a shortened traceback, because the frames below contain the password.
    """
    storage = storages()

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        storage._send(interrupt)

    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert "interrupt" not in names
    assert 0.0 == take(storage, 3).wait


def test_a_closed_storage_says_nothing(storages, caplog):
    """
    A closed storage grants nothing, and that is not logged.
    """
    storage = storages()
    take(storage, 3)
    storage.close()

    assert None is take(storage, 3)
    assert [] == caplog.messages


def connection_of(pool):
    """
    Take a connection out of redis-py's pool; version 5.0 requires the name of a command, and later
    ones warn about it.
    """
    named = inspect.signature(pool.get_connection).parameters.get("command_name")
    wants = named is not None and named.default is inspect.Parameter.empty
    return pool.get_connection("_") if wants else pool.get_connection()


def test_connections_that_all_died(storages, redis_server, caplog):
    """
    If Redis has closed many connections, a new one is used, and the call succeeds.
    """
    storage = storages()
    take(storage, 9)
    pool = storage._redis.connection_pool
    for connection in [connection_of(pool) for _ in range(3)]:
        pool.release(connection)
    with redis_server.told() as told:
        told.client_kill_filter(_type="normal", skipme=True)

    assert [7, 6, 5, 4] == [take(storage, 9).remaining for _ in range(4)]
    assert [] == caplog.messages


def test_closed_while_somebody_asks(storages, redis_server):
    """
    Closing a storage leaves the connection in use to its user, and closes it afterwards.
    """
    storage = storages()
    connection_ids = []

    def question(redis):
        pool = redis.connection_pool
        connection = connection_of(pool)
        storage.close()
        connection.send_command("CLIENT", "ID")
        connection_ids.append(connection.read_response())
        pool.release(connection)

    storage._send(question)

    assert 1 == len(connection_ids)
    assert 1 == connections_left(redis_server)


def test_a_turn_that_is_given_back_late(storages, redis_server):
    """
    A permit is returned even if the storage was closed meanwhile, and no connection remains.
    """
    storage = storages()
    member = storage.new_member()
    storage.reserve(KEYS, 9, member, most=1e9, history=None, sends_history=False)
    storage.close()
    storage.release(KEYS, member)

    assert 1 == connections_left(redis_server)
    kept = redis_server.keys()
    assert [] == [key for key in kept if ":starts:" in key]


def test_closed_while_it_is_opened(storages, redis_server, monkeypatch):
    """
    A storage that is closed while its first request opens it keeps no connection.
    """
    storage, real = storages(), _storage._open

    def opened(url):
        storage.close()
        return real(url)

    monkeypatch.setattr(_storage, "_open", opened)

    assert take(storage, 9).is_granted
    assert 1 == connections_left(redis_server)


def test_who_finds_out_opens_the_way(storages, redis_server, clock):
    """
    As soon as one call has found that the storage is back, all calls use it.
    """
    storage = storages(clock=clock)
    redis_server.stop()
    assert None is take(storage, 3)
    redis_server.start()
    clock.now += 1.1

    assert [2, 1, 0] == [take(storage, 3).remaining for _ in range(3)]


def test_a_log_in_that_fails(storages, redis_server, clock, caplog):
    """
    A storage that refuses the URL's settings is tried again once a second, and the reason is logged
    once.
    """
    url = redis_server.url.removesuffix("/0") + "/9999"
    storage = Storage(Secret(url), "no such database", clock=clock)
    answers = []
    for _ in range(3):
        answers.append(take(storage, 9))
        clock.now += 1.1
    storage.close()

    assert [None] * 3 == answers
    (line,) = caplog.messages
    assert "out of range" in line


def test_an_answer_in_pieces(front, serve, redis_server, monkeypatch, caplog):
    """
    A storage whose response arrives in small pieces delays no call, and counts as down.
    """
    monkeypatch.setattr(_storage, "_LONGEST_REQUEST", 0.5)
    server = serve(single())

    async def body(client):
        await client.phone_numbers.get(ID)
        between.pause = 0.2
        await client.phone_numbers.get(ID)
        between.pause = 0.0

    with Trickle(redis_server.port, size=2) as between:
        url = redis_server.url.replace(str(redis_server.port), str(between.port))
        front.run(body, server.base_url, rate_limit=RateLimit(99, per=60, storage=url))

    assert 2 == server.n
    (line,) = caplog.messages
    assert "the request took too long" in line


# Clients.


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_event_loop_goes_on_while_pieces_come(serve, redis_server, backend):
    """
    While a response arrives in pieces, the event loop runs other tasks.
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
                KEY, base_url=server.base_url, rate_limit=RateLimit(99, per=60, storage=url)
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

    assert 2 == redis_server.keys()[KEYS.names[0]]
    assert len(ticks) > 5


@pytest.mark.parametrize("deadline", [None, 60.0])
def test_ctrl_c_while_redis_answers(serve, redis_server, deadline):
    """
    Ctrl-C in the middle of a request to Redis leaves no permit behind.
    """
    server = serve(single())
    rule = RateLimit(99, per=60, storage=redis_server.url)
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

        assert 1 == redis_server.keys()[KEYS.names[0]]
        client.phone_numbers.get(ID)
    assert 2 == redis_server.keys()[KEYS.names[0]]


@pytest.mark.parametrize("concurrency", [1, 20])
def test_few_connections(front, serve, redis_server, concurrency):
    """
    Any number of calls use at most four connections to Redis.
    """
    server = serve(single())
    rule = RateLimit(1000, per=60, storage=redis_server.url)

    async def body(client):
        await client.phone_numbers.get_many([ID] * 40, concurrency=concurrency)
        with redis_server.told() as told:
            return len(told.client_list()) - 1

    assert 1 <= front.run(body, server.base_url, rate_limit=rule) <= 4
    assert 40 == server.n


def test_calls_beside_a_storage_that_says_nothing(front, serve, monkeypatch):
    """
    With a storage that accepts connections and never responds, at most four threads are used, and
    no call misses its deadline because of it.
    """
    monkeypatch.setattr(_storage, "_TIMEOUT", 30.0)
    server = serve(single())
    threads = []

    async def body(client):
        for _ in range(3):
            await client.phone_numbers.get_many([ID] * 10)
            threads.append([one.name for one in threading.enumerate()].count("heymilo-detached"))

    with SilentRedis() as silent:
        rule = RateLimit(1000, per=60, storage=silent.url)
        front.run(body, server.base_url, rate_limit=rule, deadline=5.0)
        connections = silent.connections()

    assert 30 == server.n
    assert max(threads) <= 4
    assert connections <= 4


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_event_loop_goes_on(serve, redis_server, backend):
    """
    While a storage hangs, the event loop runs.
    """
    server = serve(single())
    rule = RateLimit(99, per=60, storage=redis_server.url)
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
    Two clients with one key start no more requests together than the limit.
    """
    server = serve(single())
    began = Starts()
    rule = RateLimit(4, per=0.5, storage=redis_server.url)

    async def body(client):
        other = front.client(server.base_url, rate_limit=rule, events=began)
        for _ in range(5):
            await client.phone_numbers.get(ID)
            await front.awaitable(other).phone_numbers.get(ID)
        await front.awaitable(other).aclose()

    front.run(body, server.base_url, rate_limit=rule, events=began)

    assert 10 == len(began.at)
    assert [] == began.closer_than(0.5, limit=4)


def test_clients_know_the_shared_budget(front, serve, redis_server):
    """
    Each of two clients with one key shows what remained when it last started a request.
    """
    server = serve(single())
    rule = RateLimit(4, per=60.0, storage=redis_server.url)

    async def body(client):
        other = front.client(server.base_url, rate_limit=rule)
        for _ in range(2):
            await client.phone_numbers.get(ID)
            await front.awaitable(other).phone_numbers.get(ID)
        seen = client.rate_limit, front.awaitable(other).rate_limit
        await front.awaitable(other).aclose()
        return seen

    seen = front.run(body, server.base_url, rate_limit=rule)

    assert [(4, 1), (4, 0)] == [(one.limit, one.remaining) for one in seen]
    assert all(50.0 < one.reset <= 60.6 for one in seen)


def test_the_storage_knows_no_secret(front, serve, redis_server):
    """
    The keys in Redis are an HMAC of the credential; neither key nor token is stored.
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
    A call whose permit would come after its deadline raises at once, and leaves no entry in Redis.
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
    No call is lost while the storage is down; the client paces alone, and uses it again when it is
    back.
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
    assert 1 == len([line for line in caplog.messages if "is unavailable" in line])
    assert PASSWORD not in caplog.text


def test_alone_each_takes_its_share(redis_server, serve, naps):
    """
    While the storage is down, a process uses the limit divided by the number of recent processes,
    if it has known that number for a window.
    """
    server = serve(single())
    # To Redis, whose clock does not move, four are used up, and each may have one of the other two.
    rule = RateLimit(6, per=60, storage=redis_server.url)
    clients = [HeyMilo(KEY, base_url=server.base_url, rate_limit=rule) for _ in range(2)]
    for client in clients:
        client.phone_numbers.get(ID)
    naps.append(2 * 60.0)
    for client in clients:
        client.phone_numbers.get(ID)
    redis_server.stop()
    hasty = clients[1].with_options(deadline=5.0)
    hasty.phone_numbers.get(ID)

    with pytest.raises(DeadlineExceededError):
        hasty.phone_numbers.get(ID)
    for client in clients:
        client.close()


def test_a_storage_that_dies_early(front, serve, redis_server):
    """
    Case 196: a process that has known the others for less than a window assumes that there are more
    of them.
    """
    server = serve(single())

    async def body(client):
        await client.phone_numbers.get(ID)
        redis_server.stop()
        await client.phone_numbers.get(ID)
        with pytest.raises(DeadlineExceededError):
            await client.phone_numbers.get(ID)

    rule = RateLimit(32, per=60, storage=redis_server.url)
    front.run(body, server.base_url, rate_limit=rule, deadline=20.0)

    assert 2 == server.n


def test_a_storage_that_never_answered(front, serve, redis_server):
    """
    A process that does not know how many share the limit uses a sixteenth of it.
    """
    server = serve(single())
    redis_server.stop()

    async def body(client):
        for _ in range(2):
            await client.phone_numbers.get(ID)
        with pytest.raises(DeadlineExceededError):
            await client.phone_numbers.get(ID)

    rule = RateLimit(32, per=60, storage=redis_server.url)
    front.run(body, server.base_url, rate_limit=rule, deadline=20.0)


def test_a_storage_that_dies_when_nothing_is_left(front, serve, redis_server):
    """
    For a window after Redis's last response, starts that others may have made count.
    """
    server = serve(single())
    rule = RateLimit(6, per=60, storage=redis_server.url)

    async def body(client):
        for _ in range(5):
            take(other, 6)
        await client.phone_numbers.get(ID)
        redis_server.stop()
        with pytest.raises(DeadlineExceededError):
            await client.phone_numbers.get(ID)

    other = Storage(Secret(redis_server.url), "other")
    front.run(body, server.base_url, rate_limit=rule, deadline=20.0)
    other.close()

    assert 1 == server.n


def test_a_request_that_is_sent_late(front, serve, redis_server, naps, monkeypatch):
    """
    Redis counts a start when its request is sent, and not when its permit was granted.
    """
    server = serve(single())
    rule = RateLimit(2, per=60, storage=redis_server.url)
    members = []
    real = Receiver.trace

    def trace(self, event, info):
        real(self, event, info)
        if event == "connection.connect_tcp.started":
            with redis_server.told() as told:
                members.extend(told.zrange(KEYS.names[0], 0, -1, withscores=True))
            naps.append(5.0)

    monkeypatch.setattr(Receiver, "trace", trace)

    async def body(client):
        await client.phone_numbers.get(ID)

    front.run(body, server.base_url, rate_limit=rule)
    with redis_server.told() as told:
        ((member, at),) = told.zrange(KEYS.names[0], 0, -1, withscores=True)

    assert [member] == [one for one, _ in members]
    assert members[0][1] < at


def test_a_lower_limit_is_told_to_others(front, serve, redis_server):
    """
    The server's remaining quota and its cool-down reach the other clients.
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
    # (The other client learns of the later starts with its next call.)
    assert [9, 1, 1] == [remaining for _, remaining in seen[:3]]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_call_that_is_cancelled_while_it_waits(serve, redis_server, backend):
    """
    A cancelled call returns its permit to all clients.
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
    A silent storage costs a call half of its deadline: the request is sent within the rest.
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
    A call that waits for its permit ends soon after the client was closed.
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


# Within one process.


class LoopState:
    """
    A loop state whose clock advances with its sleep, and so does that of Redis.
    """

    def __init__(self, clock, redis_server):
        self.now = clock
        self.redis_server = redis_server
        self.transport = self
        self.naps = []
        self.late = 0.0

    async def sleep(self, seconds):
        self.naps.append(seconds)
        self.now.now += seconds + self.late
        # The clock of Redis cannot be moved, so its records grow older.
        with self.redis_server.told() as told:
            for key in told.scan_iter(_type="zset"):
                for member in told.zrange(key, 0, -1):
                    told.zincrby(key, -(seconds + self.late) * 1e6, member)
        self.late = 0.0

    async def run_in_thread(self, function, within=None):
        del within
        return function()


class Caller:
    """
    A call with an endless deadline, unless it is given another.
    """

    name = "GET the number"
    is_closed = False

    def __init__(self, loop_state, *, remaining=1e9):
        self.loop_state = loop_state
        self.remaining = remaining
        self.waits = []

    def will_wait(self, seconds):
        self.waits.append(seconds)


@pytest.fixture
def shared(storages, clock, redis_server):
    """
    The part of one process, whose waits take no time, and the state of its loop.
    """
    return SharedRateLimiter(storages(), KEYS), LoopState(clock, redis_server)


def acquire(mine, loop_state, *, limit=1, remaining=1e9, window=None):
    """
    Acquire a permit and use it at once; return it, and count it.
    """
    got = run_now(
        mine.acquire(limit, Caller(loop_state, remaining=remaining), window or Window(60.0))
    )
    if isinstance(got, Permit):
        run_now(got.start())
    return got


def test_a_process_that_waits_says_so(shared, monkeypatch):
    """
    Of the waiting calls, one renews the reservations of their process every second.
    """
    mine, loop_state = shared
    began, beats = time.monotonic(), []
    monkeypatch.setattr(mine._storage, "heartbeat", lambda *_: beats.append(loop_state.now()))
    acquire(mine, loop_state)
    assert isinstance(acquire(mine, loop_state), Permit)

    assert lasting(60.6, began) == sum(loop_state.naps)
    assert max(loop_state.naps) <= HEARTBEAT
    assert 60 <= len(beats) <= 62


def test_a_process_that_was_stopped_for_a_while(shared, storages, monkeypatch):
    """
    A process that was stopped for so long that its permits were given away joins the queue again.
    """
    mine, loop_state = shared
    began = time.monotonic()
    acquire(mine, loop_state)
    loop_state.late, theirs, sleep = 10.0, storages(), loop_state.sleep

    async def sleep_while_others_ask(seconds):
        was_stopped = loop_state.late
        await sleep(seconds)
        if was_stopped:
            take(theirs, 1)

    monkeypatch.setattr(loop_state, "sleep", sleep_while_others_ask)
    assert isinstance(acquire(mine, loop_state), Permit)

    assert lasting(2 * 60.6 - 10.0, began) == sum(loop_state.naps)


def test_a_call_asks_again_shortly_before_its_start(shared, monkeypatch):
    """
    A call asks Redis when it begins, and again a second before its planned start; its wait is
    recorded once.
    """
    mine, loop_state = shared
    began, asked, reserve = time.monotonic(), [], mine._storage.reserve

    def reserve_and_record(*arguments, **options):
        asked.append(sum(loop_state.naps))
        return reserve(*arguments, **options)

    acquire(mine, loop_state)
    monkeypatch.setattr(mine._storage, "reserve", reserve_and_record)
    caller = Caller(loop_state)
    assert isinstance(run_now(mine.acquire(1, caller, Window(60.0))), Permit)

    assert [0.0, lasting(59.6, began)] == asked
    assert lasting(60.6, began) == sum(loop_state.naps)
    assert [lasting(60.6, began)] == caller.waits


@pytest.mark.parametrize(("late", "expected"), [(0.0, 60.6), (10.0, None)])
def test_a_reservation_while_redis_is_down(shared, monkeypatch, late, expected):
    """
    If Redis is down when a call asks again, its reservation remains valid until its planned start,
    but not that of a process that was stopped for a while.
    """
    mine, loop_state = shared
    began, reserve = time.monotonic(), mine._storage.reserve

    def reserve_at_first(*arguments, **options):
        return None if loop_state.naps else reserve(*arguments, **options)

    acquire(mine, loop_state)
    loop_state.late = late
    monkeypatch.setattr(mine._storage, "reserve", reserve_at_first)
    got = acquire(mine, loop_state)
    waited = sum(loop_state.naps) if isinstance(got, Permit) else got

    assert (expected and lasting(expected, began)) == waited


def test_a_start_that_comes_late(shared, redis_server, monkeypatch):
    """
    A call that waited asks Redis again, and waits for those before it that started late.
    """
    mine, loop_state = shared
    began = time.monotonic()
    acquire(mine, loop_state)
    sleep, late = loop_state.sleep, [20.0]

    async def sleep_while_it_starts(seconds):
        await sleep(seconds)
        with redis_server.told() as told:
            first = told.zrange(KEYS.names[0], 0, 0)[0]
            told.zincrby(KEYS.names[0], late.pop() * 1e6 if late else 0.0, first)

    monkeypatch.setattr(loop_state, "sleep", sleep_while_it_starts)
    caller = Caller(loop_state)
    assert isinstance(run_now(mine.acquire(1, caller, Window(60.0))), Permit)

    assert lasting(80.6, began) == sum(loop_state.naps)
    assert lasting(80.6, began) == sum(caller.waits)


def test_a_call_that_wakes_up_late(storages, redis_server):
    """
    A call that asks again later than planned waits for those that started in the meantime.
    """
    storage = storages()
    member = storage.new_member()
    with redis_server.told() as told:
        seconds, micro = told.time()
        now = seconds * 1e6 + micro
        # It was due five seconds ago, and the one before it started a second ago.
        told.zadd(KEYS.names[0], {"another:1": now - 1e6, member: now - 5e6})
    grant = storage.reserve(KEYS, 1, member, most=1e9, history=None, sends_history=False)

    assert close_to(59.6) == grant.wait


@pytest.mark.parametrize(("seconds", "expected"), [(0.1, []), (0.5, [1000.5])])
def test_an_answer_that_comes_late(shared, monkeypatch, seconds, expected):
    """
    A start counts from the time when its request is sent, even if the permit arrived late; a delay
    within the window's margin is not worth another request to Redis.
    """
    mine, loop_state = shared
    real, sent = mine._storage.reserve, []

    def reserve(*arguments, **options):
        grant = real(*arguments, **options)
        loop_state.now.now += seconds
        return grant

    monkeypatch.setattr(mine._storage, "reserve", reserve)
    monkeypatch.setattr(mine._storage, "start", lambda *_: sent.append(loop_state.now()))
    acquire(mine, loop_state)

    assert expected == sent


def test_a_call_that_has_no_time_left(shared, redis_server, monkeypatch):
    """
    A call whose deadline passed during the request to Redis returns its permit.
    """
    mine, loop_state = shared
    acquire(mine, loop_state)
    caller = Caller(loop_state)
    real = mine._reserve

    def slow(*arguments):
        grant = real(*arguments)
        caller.remaining = 5.0
        return grant

    monkeypatch.setattr(mine, "_reserve", slow)
    late = run_now(mine.acquire(1, caller, Window(60.0)))

    assert close_to(60.6) == late
    assert [] == caller.waits
    assert 1 == redis_server.keys()[KEYS.names[0]]


def test_a_storage_that_is_back(storages, redis_server, clock, monkeypatch):
    """
    Calls that wait for their process's own share use the storage as soon as it is available.
    """
    shared = SharedRateLimiter(storages(clock=clock), KEYS)
    limiter, rule = RateLimiter("a key", CoolDowns(), 60.0, shared), RateLimit(16, per=60)
    loop_state = LoopState(clock, redis_server)
    caller, sleep = Caller(loop_state), loop_state.sleep
    redis_server.stop()
    run_now(run_now(limiter.acquire(caller, rule)).start())

    async def start_it(seconds):
        redis_server.start()
        await sleep(seconds)

    monkeypatch.setattr(loop_state, "sleep", start_it)
    permit = run_now(limiter.acquire(caller, rule))

    assert [1.0] == caller.waits
    assert 2 == redis_server.keys()[KEYS.names[0]]
    run_now(permit.release())
    assert 1 == redis_server.keys()[KEYS.names[0]]


def test_more_calls_than_threads(shared, monkeypatch, caplog):
    """
    A call that waits too long for a thread asks Redis again, if Redis responds to other calls.
    """
    mine, loop_state = shared
    run_in_thread, late = loop_state.run_in_thread, [TooLateError(), TooLateError()]

    async def run_late(function, within=None):
        if late and within is not None:
            # Another call gets a permit in the meantime.
            mine._last = 0, loop_state.now() + 60.0
            raise late.pop()
        return await run_in_thread(function, within)

    acquire(mine, loop_state, limit=3)
    monkeypatch.setattr(loop_state, "run_in_thread", run_late)

    assert isinstance(acquire(mine, loop_state, limit=3), Permit)
    assert [] == late
    assert "unavailable" not in caplog.text


def test_a_start_while_another_call_asks(shared, redis_server, monkeypatch):
    """
    A start that Redis lacks, and that was made during a request to Redis, is sent with the next one.
    """
    mine, loop_state = shared
    real = mine._storage.reserve

    def reserve(*arguments, **options):
        grant = real(*arguments, **options)
        mine.remember_start(loop_state.now())
        return grant

    with monkeypatch.context() as during:
        during.setattr(mine._storage, "reserve", reserve)
        acquire(mine, loop_state, limit=9)
    acquire(mine, loop_state, limit=9)

    assert 3 == redis_server.keys()[KEYS.names[0]]


def test_a_late_start_that_redis_misses(shared, redis_server, monkeypatch):
    """
    If Redis does not learn that a request was sent late, the next request tells it.
    """
    mine, loop_state = shared

    def scores():
        with redis_server.told() as told:
            return dict(told.zrange(KEYS.names[0], 0, -1, withscores=True))

    permit = run_now(mine.acquire(9, Caller(loop_state), Window(60.0)))
    ((member, planned),) = scores().items()
    loop_state.now.now += 5.0
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(mine._storage, "start", lambda *_: None)
        run_now(permit.start())
    assert planned == scores()[member]
    acquire(mine, loop_state, limit=9)

    assert planned < scores()[member]


# Accepted values.


@pytest.mark.parametrize("is_answered", [True, False])
@pytest.mark.parametrize("is_cancelled", [True, False])
def test_a_call_that_does_not_wait_for_the_answer(
    shared, redis_server, monkeypatch, is_answered, is_cancelled
):
    """
    A call that is cancelled or late while it acquires a permit gets none, whenever the response
    arrives.
    """
    mine, loop_state = shared
    running = []

    async def run_in_thread(function, within=None):
        if within is None:
            return function()
        running.append(function)
        if is_answered:
            function()
        raise asyncio.CancelledError if is_cancelled else TooLateError

    monkeypatch.setattr(loop_state, "run_in_thread", run_in_thread)
    with contextlib.suppress(asyncio.CancelledError):
        assert None is acquire(mine, loop_state, limit=3, remaining=2.0)
    if not is_answered:
        running[0]()

    kept = redis_server.keys()
    assert [] == [key for key in kept if ":starts:" in key]
    assert {} == mine._own_starts


def test_redis_is_loaded_when_it_is_used():
    """
    A client without a storage does not load redis, nor does one with a storage before its first
    call.
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
    Without the extra, a storage is refused at once, with what to install; all else works.
    """
    monkeypatch.setattr(_settings, "find_spec", lambda _: None)
    rule = RateLimit(3, storage="redis://:a-password@127.0.0.1")

    with pytest.raises(ConfigurationError, match=r"pip install '\.\[redis\]'") as caught:
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
    Any other text is refused without showing it, because it may contain a password.
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
    A storage is a str.
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
    Neither `storage` nor the repr of a rate limit contains the password or the user's name.
    """
    rule = RateLimit(300, per=60.0, storage=url)

    assert shown in {None, rule.storage}
    for text in (repr(rule), str(rule), rule.storage):
        assert "canary" not in text
        assert "me:" not in text
    assert RateLimit(300, per=60.0, storage=url) == rule != RateLimit(300, per=60.0)


def test_a_rate_limit_is_pickled_without_the_password(monkeypatch):
    """
    A pickle contains the storage without the password, which the receiver reads from its
    environment.
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
    With a storage too, the error of a lasting 429 is the server's own.
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
    A storage that was never used has nothing to close.
    """
    Storage(Secret("redis://127.0.0.1:1"), "unused").close()


def test_a_caller_whose_client_is_closed(shared, redis_server):
    """
    A call of a closed client takes no permit in Redis.
    """
    mine, loop_state = shared
    caller, window = Caller(loop_state), Window(60.0)
    caller.is_closed = True

    assert None is run_now(mine.acquire(1, caller, window))
    assert {} == redis_server.keys()
    assert window.is_empty(loop_state.now())


def test_what_redis_said_grows_old(shared, clock):
    """
    The state that Redis reported counts until everything is free again.
    """
    mine, loop_state = shared
    own = RateLimitStatus(limit=3, remaining=3, reset=0.0)
    acquire(mine, loop_state, limit=3)

    assert (2, 60.6) == (mine.status(own, clock.now).remaining, mine.status(own, clock.now).reset)
    assert own == mine.status(own, clock.now + 61.0)


def test_answers_that_say_nothing_new(front, serve, redis_server):
    """
    If the server has as much left as we have counted, nothing is written to Redis.
    """
    server = serve(answer(404, b"{}", "X-RateLimit-Remaining: 9", "X-RateLimit-Reset: 30"))

    async def body(client):
        with pytest.raises(NotFoundError):
            await client.phone_numbers.get(ID)

    rule = RateLimit(10, per=60, storage=redis_server.url)
    front.run(body, server.base_url, rate_limit=rule)

    assert 1 == redis_server.keys()[KEYS.names[0]]
