"""
Changing credentials: when a callable is called, what a 401 causes, and that nothing shows the key.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
import threading
import traceback
from pathlib import Path

import anyio
import pytest
from background import pause
from faults.test_lifecycle import at_once
from fronts import KEY, NO_CERTIFICATES
from inside import settings_of
from server import NUMBER, answer, ok, page, single

import heymilo_async
from heymilo_async import (
    AsyncHeyMilo,
    AuthenticationError,
    ConfigurationError,
    DeadlineExceededError,
    HeyMilo,
    RateLimit,
    RetryPolicy,
    events,
)

#: The folder of the package's own frames.
PACKAGE = Path(heymilo_async.__file__).parent

ID = NUMBER["id"]
#: As long as real keys: shorter ones are not masked in texts.
OLD, NEW = "old-canary-71d0c3f2", "new-canary-8e41b7a9"
NO_RETRY = RetryPolicy(max_attempts=1)


class Keys:
    """
    A callable that returns one key after the other, and then the last one for ever.
    """

    def __init__(self, *keys):
        self.keys = list(keys)
        self.asked = 0

    def __call__(self):
        self.asked += 1
        key = self.keys[min(self.asked, len(self.keys)) - 1]
        if isinstance(key, BaseException):
            raise key
        return key


def coroutine_function(keys):
    """
    Return an async function with the results of *keys*.
    """

    async def ask():
        await anyio.lowlevel.checkpoint()
        return keys()

    return ask


def accepting(*keys, reply=None):
    """
    Return the reply of a server that accepts these *keys* and no other.
    """

    def answers(request):
        if request.headers.get("x-api-key") in keys:
            return reply or single()
        return answer(401, b'{"error": "unknown key %s"}' % request.headers["x-api-key"].encode())

    return answers


def keys_of(server):
    """
    Return the keys of the received requests, in order.
    """
    return [request.headers.get("x-api-key") for request in server.requests]


async def get(client):
    """
    Get one number.
    """
    return await client.phone_numbers.get(ID)


def test_asked_once_and_kept(front, serve):
    """
    A callable is called when the first call needs a key, and its result is used from then on.
    """
    server = serve(single())
    keys = Keys(OLD, NEW)

    async def body(client):
        before = keys.asked
        for _ in range(3):
            await get(client)
        await get(client.with_options(timeout=5.0))
        return before, keys.asked

    assert (0, 1) == front.run(body, server.base_url, api_key=keys)
    assert [OLD] * 4 == keys_of(server)


def test_a_401_asks_once_more(front, serve, naps):
    """
    After a 401 the callable is called again, and the request is repeated at once, without a retry.
    """
    server = serve(answers=accepting(NEW))
    keys = Keys(OLD, NEW)
    seen = []

    async def body(client):
        response = await client.raw(client.phone_numbers.get, ID)
        await get(client)
        return [(attempt.status_code, attempt.wait) for attempt in response.attempts]

    attempts = front.run(body, server.base_url, api_key=keys, retry=NO_RETRY, events=seen.append)

    assert [(401, 0.0), (200, 0.0)] == attempts
    assert [OLD, NEW, NEW] == keys_of(server)
    assert 2 == keys.asked
    assert [(2, 0.0)] == [
        (one.number, one.wait) for one in seen if isinstance(one, events.RetryScheduled)
    ]
    assert [] == naps


def test_a_second_401_stands(front, serve):
    """
    If the renewed key is refused too, the call ends with that 401 and both attempts.
    """
    server = serve(answers=accepting())
    keys = Keys(OLD, NEW)

    async def body(client):
        with pytest.raises(AuthenticationError) as caught:
            await get(client)
        return [attempt.status_code for attempt in caught.value.attempts]

    assert [401, 401] == front.run(body, server.base_url, api_key=keys)
    assert [OLD, NEW] == keys_of(server)
    assert 2 == keys.asked


def test_a_fixed_key_is_sent_once(front, serve):
    """
    A constant key is not tried again after a 401.
    """
    server = serve(answers=accepting())

    async def body(client):
        with pytest.raises(AuthenticationError):
            await get(client)

    front.run(body, server.base_url, api_key=OLD)

    assert [OLD] == keys_of(server)


def test_a_creating_call_is_sent_once_more(front, serve):
    """
    A creating call is repeated after a 401, which means that nothing was done.
    """
    created = ok({"data": {"webhook_id": "W1", "url": "https://example.com/", "events": []}})
    server = serve(answers=accepting(NEW, reply=created))

    async def body(client):
        await client.request("POST", "/api/v2/webhooks", body={"url": "https://example.com/"})

    front.run(body, server.base_url, api_key=Keys(OLD, NEW))

    assert [OLD, NEW] == keys_of(server)
    assert [server.requests[0].body] * 2 == [request.body for request in server.requests]


def test_retries_go_on_after_a_renewal(front, serve, naps):
    """
    The attempt with the renewed key replaces the refused one, so all retries remain.
    """
    broken = answer(503)
    server = serve(answer(401), broken, broken, single())

    async def body(client):
        return (await get(client)).id

    assert ID == front.run(body, server.base_url, api_key=Keys(OLD, NEW))
    assert [OLD, NEW, NEW, NEW] == keys_of(server)
    assert 2 == len(naps)


def test_a_401_after_a_retry(front, serve, naps):
    """
    A key that is refused in a retry is renewed too, once.
    """
    server = serve(answer(503), answer(401), answer(503), answer(401))

    async def body(client):
        with pytest.raises(AuthenticationError) as caught:
            await get(client)
        return [attempt.status_code for attempt in caught.value.attempts]

    assert [503, 401, 503, 401] == front.run(body, server.base_url, api_key=Keys(OLD, NEW))
    assert [OLD, OLD, NEW, NEW] == keys_of(server)
    assert 2 == len(naps)


def test_a_401_of_another_host(front, serve):
    """
    A 401 of another host, such as that of a preview, renews nothing, because that host gets no
    credential.
    """
    elsewhere = serve(answer(401))
    server = serve(answer(302, b"", f"Location: {elsewhere.base_url}/preview"))
    keys = Keys(OLD, NEW)

    async def body(client):
        with pytest.raises(AuthenticationError):
            await client.voices.get_preview("V1")

    front.run(body, server.base_url, api_key=keys)

    assert 1 == keys.asked
    assert [OLD] == keys_of(server)
    assert [None] == keys_of(elsewhere)


def test_a_token_and_a_key(front, serve):
    """
    A token may be a callable, too; after a 401 both are called.
    """
    server = serve(answer(401), single())
    keys, tokens = Keys(OLD, NEW), Keys("token-one-f00d", "token-two-cafe")

    async def body(client):
        await get(client)

    front.run(body, server.base_url, api_key=keys, access_token=tokens)

    assert [OLD, NEW] == keys_of(server)
    assert ["Bearer token-one-f00d", "Bearer token-two-cafe"] == [
        request.headers["authorization"] for request in server.requests
    ]


def test_another_call_has_renewed_it(front, serve):
    """
    A call whose key was refused uses the key that another call has got meanwhile.
    """
    server = serve(answers=accepting(NEW))
    keys = Keys(OLD, NEW)

    async def body(client):
        many = await client.phone_numbers.get_many([ID, ID, ID, ID])
        return [number.id for number in many]

    assert [ID] * 4 == front.run(body, server.base_url, api_key=keys)
    assert 2 == keys.asked


def test_asked_by_one_thread_at_a_time(serve):
    """
    Threads that need a key at the same time cause one call of the callable.
    """
    server = serve(single())
    is_asked, go_on = threading.Event(), threading.Event()
    asked = []

    def ask():
        asked.append(1)
        is_asked.set()
        go_on.wait(30)
        return KEY

    with HeyMilo(ask, base_url=server.base_url, ssl_context=NO_CERTIFICATES) as client:
        threads = [threading.Thread(target=client.phone_numbers.get, args=(ID,)) for _ in range(3)]
        threads[0].start()
        is_asked.wait(30)
        for one in threads[1:]:
            one.start()
        go_on.set()
        for one in threads:
            one.join(30)

    assert [1] == asked
    assert [KEY] * 3 == keys_of(server)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_coroutine_function(backend, serve):
    """
    `AsyncHeyMilo` awaits the callable's result; tasks that need a key at the same time cause one
    call.
    """
    server = serve(answers=accepting(NEW))
    keys = Keys(OLD, NEW)

    async def main():
        async with (
            AsyncHeyMilo(
                access_token="a-token",
                api_key=coroutine_function(keys),
                base_url=server.base_url,
                ssl_context=NO_CERTIFICATES,
            ) as client,
            anyio.create_task_group() as group,
        ):
            for _ in range(5):
                group.start_soon(get, client)

    anyio.run(main, backend=backend)

    assert 2 == keys.asked
    assert {OLD, NEW} == set(keys_of(server))


def test_a_blocking_client_awaits_nothing(serve):
    """
    `HeyMilo` refuses a coroutine function at construction, and an awaitable result during a call.
    """
    ask = coroutine_function(Keys(OLD))

    class Asker:
        async def __call__(self):
            return OLD

    for one in (ask, Asker()):
        with pytest.raises(TypeError, match="api_key must be a plain callable"):
            HeyMilo(one)
    with (
        HeyMilo(Keys(ask()), base_url=serve(page()).base_url) as client,
        pytest.raises(TypeError, match="or use AsyncHeyMilo"),
    ):
        client.phone_numbers.list()
    with (
        HeyMilo(KEY) as client,
        pytest.raises(TypeError, match="access_token must be a plain callable"),
    ):
        client.with_options(access_token=ask)


def test_what_a_callable_raises_ends_the_call(front, serve):
    """
    An exception of the callable leaves the call unchanged; the next call calls it again.
    """
    server = serve(single())
    fault = LookupError("no key in the vault")
    seen = []

    async def body(client):
        with pytest.raises(LookupError) as caught:
            await get(client)
        await get(client)
        return caught.value

    keys = Keys(fault, OLD)
    assert fault is front.run(body, server.base_url, api_key=keys, events=seen.append)
    assert [OLD] == keys_of(server)
    assert ["CallStarted", "CallFinished"] == [type(one).__name__ for one in seen[:2]]
    assert "LookupError" == seen[1].error


def test_a_deadline_that_passes_while_another_call_asks_for_the_key(front, serve):
    """
    A call that waits for another one's callable ends at its deadline, and neither calls it nor
    sends anything.
    """
    server = serve(single())
    asked, may_answer = [], threading.Event()

    def ask():
        asked.append(OLD)
        assert may_answer.wait(10)
        return OLD

    async def ask_in_the_loop():
        asked.append(OLD)
        while not may_answer.is_set():
            await anyio.sleep(0.001)
        return OLD

    async def body(client):
        brief = client.with_options(deadline=0.05)

        async def second():
            while not asked:
                await pause(front, 0.001)
            try:
                return await get(brief)
            finally:
                sent.append(server.n)
                may_answer.set()

        return await at_once(front, lambda: get(client), second)

    sent = []
    callable_key = ask if front.is_blocking else ask_in_the_loop
    number, error = front.run(body, server.base_url, api_key=callable_key)

    assert DeadlineExceededError is type(error)
    assert ("pace", False, ()) == (error.phase, error.maybe_sent, error.attempts)
    assert ([0], [OLD], [OLD]) == (sent, asked, keys_of(server))
    assert ID == number.id


def test_what_cannot_be_a_key_is_logged(front, serve, caplog):
    """
    The log has a WARNING for a call that ends because of what its callable returned.
    """
    server = serve(single())

    async def body(client):
        with pytest.raises(ConfigurationError) as caught:
            await get(client)
        return str(caught.value)

    said = front.run(body, server.base_url, api_key=Keys(" "))

    assert [f"ConfigurationError: {said}"] == [
        record.getMessage() for record in caplog.records if record.name == "heymilo_async"
    ]


def test_what_a_callable_raises_after_a_401(front, serve):
    """
    If it cannot be renewed, the call ends with what the callable raised.
    """
    server = serve(answers=accepting())

    async def body(client):
        with pytest.raises(LookupError):
            await get(client)

    front.run(body, server.base_url, api_key=Keys(OLD, LookupError()))

    assert [OLD] == keys_of(server)


@pytest.mark.parametrize(
    ("returned", "kind", "words"),
    [
        (None, TypeError, r"what api_key\(\) returned must be a str, not NoneType"),
        (b"bytes", TypeError, "must be a str, not bytes"),
        (" ", ConfigurationError, r"what api_key\(\) returned is empty"),
        (f"{NEW}\n{NEW}", ConfigurationError, "a character that is invalid in a header"),
    ],
)
def test_what_cannot_be_a_key(front, serve, returned, kind, words):
    """
    The callable's result is checked like a constant key, and not shown.
    """
    server = serve(single())

    async def body(client):
        with pytest.raises(kind, match=words) as caught:
            await get(client)
        return "".join(traceback.format_exception(caught.value))

    assert NEW not in front.run(body, server.base_url, api_key=Keys(returned))
    assert 0 == server.n


def test_blanks_around_it_are_taken_off(front, serve):
    """
    A trailing newline, as in a file, is stripped.
    """
    server = serve(single())

    front.run(get, server.base_url, api_key=lambda: f"{OLD}\n")

    assert [OLD] == keys_of(server)


@pytest.mark.parametrize("given", [7, b"bytes"])
def test_neither_text_nor_callable(given):
    """
    Any other value is refused; the error names both types.
    """
    with pytest.raises(TypeError, match="api_key must be a str, or a callable that returns one"):
        HeyMilo(given)


def test_every_key_is_masked(front, serve, caplog):
    """
    No key that was ever returned appears in an error, a log record, an event, a repr or a pickle.
    """
    caplog.set_level(logging.DEBUG)
    told = b'{"error": "%s and %s"}' % (OLD.encode(), NEW.encode())
    server = serve(answer(401), single(), answer(404, told, f"X-Told: {OLD} {NEW}"))
    seen = []

    async def body(client):
        await get(client)
        with pytest.raises(Exception, match="404") as caught:
            await client.phone_numbers.get(OLD)
        error = caught.value
        settings = settings_of(client)
        texts = [str(error), repr(error), repr(error.body), repr(error.headers), repr(client)]
        texts.append(repr(settings.sources))
        return [*texts, "".join(traceback.format_exception(error)), str(pickle.dumps(error))]

    texts = front.run(body, server.base_url, api_key=Keys(OLD, NEW), events=seen.append)

    texts += [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    texts += map(repr, seen)
    assert [] == [text for text in texts if OLD in text or NEW in text]
    assert "api_key=***" in texts[4]
    # The requested id is in the path of the request, as it must be.
    assert OLD in server.requests[2].target


def test_no_variable_shows_it(front, serve):
    """
    The local variables of a failing call's frames contain no key.
    """
    server = serve(answers=accepting())

    async def body(client):
        with pytest.raises(AuthenticationError) as caught:
            await get(client)
        told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        return "".join(
            f"{frame.name} {frame.locals}"
            for frame in told.stack
            if Path(frame.filename).is_relative_to(PACKAGE)
        )

    keys = Keys(OLD, NEW)
    # (Its own repr has none: the callable is responsible for what it stores.)
    shown = front.run(body, server.base_url, api_key=keys)

    assert "respond" in shown
    assert OLD not in shown
    assert NEW not in shown


def test_a_callable_is_not_pickled(front, serve, monkeypatch):
    """
    The pickle of a client omits the callable, and the receiver reads the key from its environment.
    """
    server = serve(single())
    client = front.client(server.base_url, Keys(OLD), ssl_context=None)
    sent = pickle.dumps(client)
    monkeypatch.setenv("HEYMILO_API_KEY", NEW)
    again = pickle.loads(sent)

    async def body():
        async with front.awaitable(again) as other:
            await get(other)

    front.run_alone(body)

    assert OLD.encode() not in sent
    assert [NEW] == keys_of(server)


def test_one_budget_for_all_its_keys(front, serve):
    """
    The keys of one callable share one rate limit, so a renewal does not start a new window.
    """
    server = serve(answers=accepting(NEW))

    async def body(client):
        await get(client)
        return client.rate_limit.remaining

    assert 8 == front.run(
        body, server.base_url, api_key=Keys(OLD, NEW), rate_limit=RateLimit(10, per=60)
    )


def test_no_time_is_left(front, serve, naps):
    """
    If the callable takes until the deadline, the 401 stands, and no further attempt starts.
    """
    server = serve(answers=accepting())
    first = iter([OLD])

    def ask():
        key = next(first, None)
        if key is None:
            # The clock advances as that of the transport does.
            naps.append(100.0)
        return key or NEW

    async def body(client):
        with pytest.raises(AuthenticationError):
            await get(client)

    front.run(body, server.base_url, api_key=ask, deadline=50.0)

    assert [OLD] == keys_of(server)


def test_a_callable_that_uses_its_own_client(serve):
    """
    A callable that needs the key that it returns raises an error, and does not recurse endlessly.
    """
    clients = []

    def ask():
        clients[0].phone_numbers.list()

    with HeyMilo(ask, base_url=serve(page()).base_url) as client:
        clients.append(client)
        with pytest.raises(RecursionError):
            client.phone_numbers.list()

    async def ask_later():
        await clients[1].phone_numbers.list()

    async def main():
        async with AsyncHeyMilo(ask_later, base_url=serve(page()).base_url) as client:
            clients.append(client)
            with pytest.raises(RuntimeError, match="Lock"):
                await client.phone_numbers.list()

    asyncio.run(main())


def test_one_who_waits_is_cancelled(serve):
    """
    If a task is cancelled while another one calls the callable, it stops waiting, and the other
    gets its key.
    """
    server = serve(single())

    async def main():
        go_on = anyio.Event()

        async def ask():
            await go_on.wait()
            return KEY

        async with (
            AsyncHeyMilo(ask, base_url=server.base_url, ssl_context=NO_CERTIFICATES) as client,
            anyio.create_task_group() as group,
        ):
            group.start_soon(get, client)
            await anyio.wait_all_tasks_blocked()
            with anyio.move_on_after(0) as scope, contextlib.suppress(LookupError):
                await get(client)
            go_on.set()
        return scope.cancelled_caught

    assert anyio.run(main)
    assert [KEY] == keys_of(server)
