"""
Pacing within one process: a sliding window, a FIFO queue, and limits learned from the server.
"""

from __future__ import annotations

import contextlib
import copy
import os
import threading
import time
from collections import deque

import anyio
import attrs
import pytest
from fronts import KEY
from hypothesis import given
from hypothesis import strategies as st
from inside import (
    MANY_LIMITERS,
    CoolDowns,
    Quota,
    RateLimiter,
    Receiver,
    Reservation,
    Window,
    clients,
    engine_of,
    lending,
    limiters_of,
    quota,
    run_now,
    span_of,
)
from server import NUMBER, answer, page, single
from starts import Starts

from heymilo_async import (
    APIConnectionError,
    AsyncHeyMilo,
    ClientClosedError,
    ConfigurationError,
    DeadlineExceededError,
    Headers,
    HeyMilo,
    RateLimit,
    RateLimitError,
    RateLimitStatus,
    RetryPolicy,
    ServerError,
)
from heymilo_async.events import AttemptStarted, Paced

ID = NUMBER["id"]
#: A window of 60 seconds, plus the margin.
SPAN = 60.6


def reserve(window, limit, now):
    """
    Reserve a start, and make it if it need not wait; return the reservation and the wait.
    """
    one = Reservation(limit, now)
    wait = window.wait(one, now)
    if not wait:
        window.start(one, now)
    return one, wait


def wait(window, one, now):
    """
    Return the remaining wait of *one*; if that is zero, it starts.
    """
    left = window.wait(one, now)
    if not left:
        window.start(one, now)
    return left


def started(window, limit, now):
    """
    Return whether one more may start at *now*, without joining the queue otherwise.
    """
    one, left = reserve(window, limit, now)
    if left:
        window.release(one)
    return not left


# The window.


def test_as_many_as_the_limit_start_at_once():
    """
    The first requests of a window start without a wait, the next one when the first has left the
    window.
    """
    window = Window(60.0)
    waits = [reserve(window, 3, now)[1] for now in (0.0, 1.0, 2.0, 3.0)]

    assert [0.0, 0.0, 0.0, SPAN - 3.0] == pytest.approx(waits)


def test_the_margin():
    """
    A start counts 1 % longer than the server's window, and at least 50 ms longer.
    """
    assert [60.6, 5.05, 1.05, 0.15] == pytest.approx([span_of(p) for p in (60.0, 5.0, 1.0, 0.1)])


def test_the_window_slides():
    """
    Each start frees its place when it is one window old, not all of them at once.
    """
    window = Window(60.0)
    for now in (0.0, 20.0, 40.0):
        assert started(window, 3, now)

    assert [False, True, False, True] == [
        started(window, 3, now) for now in (60.5, 60.6, 80.5, 80.7)
    ]


def test_first_come_first_served():
    """
    A caller that arrives when a place becomes free does not overtake those that wait.
    """
    window = Window(60.0)
    reserve(window, 1, 0.0)
    first, _ = reserve(window, 1, 1.0)
    second, wait_of_second = reserve(window, 1, 2.0)
    _, wait_of_late = reserve(window, 1, SPAN + 1.0)

    assert 2 * SPAN - 2.0 == pytest.approx(wait_of_second)
    assert 2 * SPAN - 1.0 == pytest.approx(wait_of_late)
    assert 0.0 < wait(window, second, SPAN + 2.0)
    assert 0.0 == wait(window, first, SPAN + 3.0)


def test_who_starts_late_is_followed_late():
    """
    The window counts from when a request really started, not from when it was due.
    """
    window = Window(60.0)
    reserve(window, 1, 0.0)
    first, _ = reserve(window, 1, 0.0)
    second, planned = reserve(window, 1, 0.0)

    assert 0.0 == wait(window, first, SPAN + 5.0)
    assert 2 * SPAN == pytest.approx(planned)
    assert 5.0 == pytest.approx(wait(window, second, 2 * SPAN))
    assert 0.0 == wait(window, second, 2 * SPAN + 5.0)


def test_who_leaves_gives_the_turn_back():
    """
    A released reservation goes to the next caller; releasing one that has started changes nothing.
    """
    window = Window(60.0)
    turn, _ = reserve(window, 1, 0.0)
    window.release(turn)
    waiting = [reserve(window, 1, 1.0)[0] for _ in range(100)]
    for one in waiting:
        window.release(one)

    assert SPAN - 2.0 == pytest.approx(reserve(window, 1, 2.0)[1])


def test_who_never_comes_holds_nobody_up():
    """
    A reservation that is overdue for a whole window expires; if its caller comes after all, it
    joins the queue again.
    """
    window = Window(60.0)
    reserve(window, 1, 0.0)
    lost, _ = reserve(window, 1, 0.0)
    later = 2 * SPAN + 1.0

    assert started(window, 1, later)
    assert SPAN - 1.0 == pytest.approx(wait(window, lost, later + 1.0))


@attrs.define
class Caller:
    """
    A simulated caller: it checks again at one time, gives up at another, or sends.
    """

    reservation: object
    asks_at: float
    leaves_at: float
    takes: float
    sends_at: float = 1e9

    @property
    def next_at(self):
        """
        The time of its next action.
        """
        return min(self.asks_at, self.leaves_at, self.sends_at)

    def take(self, left, now):
        """
        Wait *left* more seconds, or send after a while if that is zero.
        """
        if left:
            self.asks_at = now + left
        else:
            self.asks_at = self.leaves_at = 1e9
            self.sends_at = now + self.takes


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["come", "observe"]),
        st.floats(0.0, 5.0),  # after how long
        st.floats(0.0, 2.0),  # how late it wakes up
        st.one_of(st.just(1e9), st.floats(0.0, 30.0)),  # when it loses patience
        st.one_of(st.just(0.0), st.floats(0.0, 25.0)),  # how long it takes to send
    ),
    min_size=1,
    max_size=40,
)


@given(limit=st.integers(1, 4), steps=STEPS)
def test_never_more_than_the_limit(limit, steps):
    """
    Callers may arrive, be late, leave, learn, or hold a permit before they send: no window has more
    requests than the limit.
    """
    window, now, sent = Window(10.0), 0.0, []
    callers: list[Caller] = []
    coming = deque(steps)
    while coming or callers:
        due = min((one.next_at for one in callers), default=1e9)
        if coming and now + coming[0][1] <= due:
            kind, after, late, patience, takes = coming.popleft()
            now += after
            if kind == "observe":
                window.observe(limit, int(late), patience, now)
                continue
            reservation = Reservation(limit, now)
            left = window.wait(reservation, now)
            callers.append(Caller(reservation, 0.0, now + patience, takes))
            callers[-1].take(left and left + late, now)
            continue
        now = max(now, due)
        one = min(callers, key=lambda each: each.next_at)
        if one.sends_at == one.next_at:
            window.start(one.reservation, now)
            sent.append(now)
            callers.remove(one)
        elif one.leaves_at <= one.asks_at:
            window.release(one.reservation)
            callers.remove(one)
        else:
            one.take(window.wait(one.reservation, now), now)

    assert [] == [(a, b) for a, b in zip(sent, sent[limit:], strict=False) if b - a < 10.05 - 1e-6]


def test_a_permit_counts_until_its_request_is_sent():
    """
    A permit in use counts as a start at the current time, and afterwards at the time when its
    request was sent, however often it had to connect.
    """
    window = Window(60.0)
    one, late = Reservation(1, 0.0), Reservation(1, 100.0)
    assert 0.0 == window.wait(one, 0.0)
    assert SPAN == pytest.approx(window.wait(late, 100.0))
    assert (0, SPAN) == (window.status(1, 100.0).remaining, window.status(2, 100.0).reset - SPAN)

    window.start(one, 101.0)
    window.start(one, 101.005)
    assert SPAN == pytest.approx(window.wait(late, 101.0))
    window.start(one, 103.0)
    assert SPAN == pytest.approx(window.wait(late, 103.0))
    assert 0.0 == window.wait(late, 103.0 + SPAN)


def test_a_permit_that_was_lost():
    """
    A permit that is neither used nor released is free again after a minute and a window.
    """
    window = Window(60.0)
    window.wait(Reservation(1, 0.0), 0.0)

    assert not started(window, 1, 60.0 + SPAN - 0.1)
    assert started(window, 1, 60.0 + SPAN)


def test_a_start_that_the_server_moved():
    """
    If the count of a request's start was changed and the request is sent again, it counts twice.
    """
    window = Window(60.0)
    one, _ = reserve(window, 3, 0.0)
    window.observe(3, remaining=2, reset=59.0, now=5.0)
    window.start(one, 6.0)

    assert 1 == window.status(3, 6.0).remaining


def test_how_things_stand():
    """
    The status has the limit, how many requests may start at once, and when all of them may.
    """
    window = Window(60.0)
    stood = [window.status(2, 0.0)]
    for now in (0.0, 10.0):
        reserve(window, 2, now)
        stood.append(window.status(2, now))
    reserve(window, 2, 20.0)
    stood.append(window.status(2, 20.0))
    reserve(window, 2, 20.0)
    stood.append(window.status(2, 2 * SPAN + 11.0))

    assert [(2, 2, 0.0), (2, 1, SPAN), (2, 0, SPAN), (2, 0, 2 * SPAN - 20.0)] == [
        (one.limit, one.remaining, one.reset) for one in stood[:4]
    ]
    assert RateLimitStatus(limit=2, remaining=2, reset=0.0) == window.status(2, 1000.0)


# The server's headers.


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"RateLimit": '"default";r=50;t=30'}, Quota(remaining=50, reset=30.0)),
        (
            {"RateLimit": '"a";r=50;t=30', "RateLimit-Policy": '"a";q=100;w=60'},
            Quota(remaining=50, reset=30.0, limit=100, window=60.0),
        ),
        (
            {
                "RateLimit": '"burst";r=5;t=1, "day";r=900;t=3600',
                "RateLimit-Policy": '"burst";q=10;w=1, "day";q=1000;w=86400',
            },
            Quota(remaining=5, reset=1.0, limit=10, window=1.0),
        ),
        (
            {"RateLimit": '"a";r=50;t=30', "RateLimit-Policy": '"a";q=many;w=60'},
            Quota(remaining=50, reset=30.0),
        ),
        (
            {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "9"},
            Quota(remaining=7, reset=9.0),
        ),
        ({"RateLimit-Remaining": "7", "RateLimit-Reset": "9"}, Quota(remaining=7, reset=9.0)),
        (
            {"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "1739612409"},
            Quota(remaining=7, reset=9.0),
        ),
        *(
            (fields, None)
            for fields in (
                {},
                {"RateLimit": "7"},
                {"RateLimit": '"default";t=30'},
                {"RateLimit": '"default";r=50'},
                {"RateLimit": '"default";r=-1;t=30'},
                {"RateLimit": '"default";r=\u0663;t=30'},
                {"RateLimit": f'"default";r={"9" * 5000};t=30'},
                {"RateLimit": f'"default";r=1;t={"9" * 5000}'},
                {"X-RateLimit-Reset": "9"},
                {"X-RateLimit-Remaining": "7"},
                {"X-RateLimit-Remaining": "many", "X-RateLimit-Reset": "9"},
                {"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "-9"},
                {"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "soon"},
            )
        ),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_what_headers_say_is_left(fields, expected):
    """
    The remaining quota is read from each of the usual headers; invalid ones are ignored.
    """
    assert expected == quota(Headers(fields.items()), 1739612400.0)


def test_others_with_the_same_key():
    """
    The server's remaining quota counts until its reset, if it is less than ours.
    """
    window = Window(60.0)
    reserve(window, 10, 0.0)
    window.observe(10, remaining=2, reset=20.0, now=0.0)

    assert 2 == window.status(10, 0.0).remaining
    assert [True, True, False] == [started(window, 10, 0.0) for _ in range(3)]
    assert 7 == window.status(10, 20.7).remaining


def test_a_server_that_has_more_left():
    """
    A server never makes the client faster than its own limit.
    """
    window = Window(60.0)
    reserve(window, 1, 0.0)
    window.observe(1, remaining=1000, reset=0.5, now=0.0)

    assert SPAN - 1.0 == pytest.approx(reserve(window, 1, 1.0)[1])


def test_starts_that_took_a_while_to_arrive():
    """
    Starts that the server has counted remain until its reset, because its window begins when the
    first arrives.
    """
    window = Window(60.0)
    for _ in range(3):
        reserve(window, 3, 0.0)
    window.observe(3, remaining=1, reset=59.0, now=5.0)
    window.observe(3, remaining=1, reset=59.0, now=5.0)

    assert [True, False, False] == [started(window, 3, now) for now in (60.6, 60.7, 64.5)]
    assert started(window, 3, 64.7)


def test_those_in_the_line_rest_too():
    """
    A cool-down applies to callers in the queue, too.
    """
    window = Window(60.0)
    reserve(window, 1, 0.0)
    turn, _ = reserve(window, 1, 0.0)
    window.cool_down(100.0)
    window.cool_down(90.0)

    assert 30.0 == pytest.approx(wait(window, turn, 70.0))
    assert 0.0 == wait(window, turn, 100.0)


def test_a_reset_in_a_year():
    """
    No header about the remaining quota stops the client for longer than one window.
    """
    window = Window(60.0)
    window.observe(5, remaining=0, reset=365 * 86_400.0, now=0.0)

    assert [False, True] == [started(window, 5, now) for now in (60.5, 60.7)]


# The client.


@pytest.mark.parametrize("retries", [False, True])
def test_a_paced_client(front, serve, naps, retries):
    """
    A client starts as many requests as its limit allows at once, then waits; each attempt counts.
    """
    server = serve(*([answer(503), answer(503)] if retries else []), single())
    told = []

    async def body(client):
        for _ in range(3):
            await client.phone_numbers.get(ID)

    front.run(
        body,
        server.base_url,
        rate_limit=RateLimit(2, per=60),
        events=told.append,
        retry=RetryPolicy(initial_delay=0.0),
    )

    # (Requests take a while too, and each keeps its own distance.)
    waits = [event.wait for event in told if isinstance(event, Paced) and event.wait > 1.0]
    assert [SPAN] * (2 if retries else 1) == pytest.approx(waits, abs=2.0)
    assert server.n == len([event for event in told if isinstance(event, AttemptStarted)])
    assert (5 if retries else 3) == server.n


class Waiting:
    """
    A call that waits on its own clock, and an action at the start of its wait.
    """

    name = "GET the number"
    is_closed = False
    longest_wait = remaining = 100.0

    def __init__(self, happens):
        self.loop_state = self.transport = self
        self.at = 0.0
        self.will_wait = happens

    def now(self):
        return self.at

    async def sleep(self, seconds):
        self.at += seconds
        if self.at > SPAN + 1.0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("pause", [5000.0, 90.0], ids=["too long", "interrupted"])
def test_a_pause_that_begins_while_a_call_waits_for_its_permit(pause):
    """
    A call with a permit waits for a cool-down that began meanwhile; if it cannot, the next call
    gets the permit.
    """
    cool_downs, policy = CoolDowns(), RateLimit(1, per=60)
    limiter = RateLimiter("a key", cool_downs, 60.0)
    because = RateLimitError("slow down", status_code=429)
    call = Waiting(lambda _: cool_downs.start("a key", pause, because))

    run_now(run_now(limiter.acquire(call, policy)).start())
    if pause > call.remaining:
        error = run_now(limiter.acquire(call, policy))
        text = "GET the number: not sent: the server asked this API key to wait 4939 s: slow down"
        assert (RateLimitError, text) == (type(error), str(error))
    else:
        with pytest.raises(KeyboardInterrupt):
            run_now(limiter.acquire(call, policy))

    assert 1 == limiter.status(policy, call.at).remaining


@pytest.mark.parametrize("what", ["loading the HTTP library", "connecting"])
def test_a_start_is_counted_when_the_request_is_sent(front, serve, naps, monkeypatch, what):
    """
    Work before the first request of a cold process does not use up its window.
    """
    server = serve(single())
    if what == "connecting":
        real = Receiver.trace

        def trace(self, event, info):
            real(self, event, info)
            if event == "connection.connect_tcp.started":
                naps.append(5.0)

        monkeypatch.setattr(Receiver, "trace", trace)
    else:
        name = "open_blocking" if front.is_blocking else "open_async"
        opening = getattr(clients, name)

        def opened(*args):
            naps.append(5.0)
            return opening(*args)

        monkeypatch.setattr(clients, name, opened)

    async def body(client):
        await client.phone_numbers.get(ID)
        return client.rate_limit

    status = front.run(body, server.base_url, rate_limit=RateLimit(5, per=60))

    assert [5.0] == naps
    assert 4 == status.remaining
    assert SPAN == pytest.approx(status.reset, abs=2.0)


def test_a_request_that_was_not_sent(front, serve, naps):
    """
    A call that fails before its request is sent releases its permit.
    """
    server = serve(single())

    async def body(client):
        transport = engine_of(client).pool.loop_state().transport
        with pytest.MonkeyPatch.context() as patching:
            patching.setattr(*lending(transport), lambda: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                await client.phone_numbers.get(ID)
        return client.rate_limit.remaining

    assert 5 == front.run(body, server.base_url, rate_limit=RateLimit(5, per=60))


def test_a_request_that_found_no_server(front, naps):
    """
    A request that certainly never reached the server, because it refused the connection, does not
    count.
    """

    async def body(client):
        with pytest.raises(APIConnectionError):
            await client.phone_numbers.get(ID)
        return client.rate_limit.remaining

    rule = RateLimit(2, per=60)

    assert 2 == front.run(body, "http://127.0.0.1:1", rate_limit=rule)
    assert sum(naps) < 60.0


def test_how_a_client_stands(front, serve, naps):
    """
    `client.rate_limit` has limit, remaining and reset, inside and outside of an event loop.
    """
    server = serve(single())

    async def body(client):
        seen = [client.rate_limit]
        for _ in range(2):
            await client.phone_numbers.get(ID)
            seen.append(client.rate_limit)
        return seen

    client = front.client(server.base_url, rate_limit=RateLimit(5, per=60))

    assert RateLimitStatus(limit=5, remaining=5, reset=0.0) == client.rate_limit
    assert None is front.client(server.base_url).rate_limit
    seen = front.run(body, server.base_url, rate_limit=RateLimit(5, per=60))
    assert [5, 4, 3] == [one.remaining for one in seen]
    assert [0.0, SPAN, SPAN] == pytest.approx([one.reset for one in seen], abs=2.0)


def test_the_wait_is_part_of_the_attempt(front, serve, naps):
    """
    An attempt records the wait before it, including that for its permit.
    """
    server = serve(single())

    async def body(client):
        await client.phone_numbers.get(ID)
        return await client.raw(client.phone_numbers.get, ID)

    (attempt,) = front.run(body, server.base_url, rate_limit=RateLimit(1, per=60)).attempts

    assert SPAN == pytest.approx(attempt.wait, abs=2.0)


def test_a_turn_that_comes_too_late(front, serve, naps):
    """
    A call whose permit would come after its deadline raises at once, unsent, and takes no permit.
    """
    server = serve(single())

    async def body(client):
        await client.phone_numbers.get(ID)
        hasty = client.with_options(deadline=20.0)
        for _ in range(3):
            with pytest.raises(DeadlineExceededError, match=r"not sent.* 1 requests in 60 s") as e:
                await hasty.phone_numbers.get(ID)
        await client.phone_numbers.get(ID)
        return e.value

    error = front.run(body, server.base_url, rate_limit=RateLimit(1, per=60.0))

    assert 2 == server.n
    assert [SPAN] == pytest.approx(naps, abs=0.5)
    assert ("pace", False, ()) == (error.phase, error.maybe_sent, error.attempts)
    assert isinstance(error, TimeoutError)


def test_another_try_without_a_turn(front, serve, naps):
    """
    If the permit of a retry would come after the deadline, the error that led to the retry is
    raised.
    """
    server = serve(answer(503), single())

    async def body(client):
        with pytest.raises(ServerError) as caught:
            await client.phone_numbers.get(ID)
        return caught.value

    error = front.run(
        body,
        server.base_url,
        rate_limit=RateLimit(1, per=60),
        deadline=20.0,
        retry=RetryPolicy(initial_delay=0.0),
    )

    assert 1 == server.n
    assert [503] == [one.status_code for one in error.attempts]


def test_what_views_share(front, serve, naps):
    """
    Each credential has its own window; other keys, and other periods, have others.
    """
    server = serve(single())

    async def body(client):
        views = [
            client,
            client.with_options(timeout=5.0),
            client.with_options(api_key="another-key-of-ours"),
            client.with_options(rate_limit=RateLimit(1, per=10)),
            client.with_options(rate_limit=None),
            client.with_options(rate_limit=RateLimit(3, per=60)),
        ]
        slept = []
        for view in views:
            naps.clear()
            await view.phone_numbers.get(ID)
            slept.append(bool(naps))
        return slept

    slept = front.run(body, server.base_url, rate_limit=RateLimit(1, per=60))

    assert [False, True, False, False, False, False] == slept


def test_what_a_client_learns(front, serve, naps):
    """
    If another client uses the same key, a client waits before the server has to refuse.
    """
    server = serve(
        single(), answer(404, b"{}", "X-RateLimit-Remaining: 1", "X-RateLimit-Reset: 20"), single()
    )

    async def body(client):
        await client.phone_numbers.get(ID)
        with contextlib.suppress(Exception):
            await client.phone_numbers.get(ID)
        remaining = client.rate_limit.remaining
        for _ in range(2):
            await client.phone_numbers.get(ID)
        return remaining

    assert 1 == front.run(body, server.base_url, rate_limit=RateLimit(300, per=60))
    assert [20.6] == pytest.approx(naps, abs=2.0)


def test_a_lower_limit_of_the_server(front, serve, naps):
    """
    The server's policy for the same window applies if it allows less, and not if it allows more.
    """
    policies = ["q=2;w=60", "q=500;w=60", "q=0;w=60", "q=1;w=3600"]
    replies = [
        answer(404, b"{}", 'RateLimit: "a";r=1000;t=60', f'RateLimit-Policy: "a";{policy}')
        for policy in policies
    ]
    server = serve(*replies, single())

    async def body(client):
        limits = []
        for _ in replies:
            with contextlib.suppress(Exception):
                await client.phone_numbers.get(ID)
            limits.append(client.rate_limit.limit)
        return limits

    limits = front.run(body, server.base_url, rate_limit=RateLimit(300, per=60))

    assert [2, 300, 300, 300] == limits


def test_a_rest_comes_first(front, serve, naps):
    """
    A client first waits for a cool-down, and then for its permit.
    """
    server = serve(answer(429, b"", "Retry-After: 30"), single())

    async def body(client):
        once = client.with_options(retry=RetryPolicy(max_attempts=1))
        with pytest.raises(RateLimitError):
            await once.phone_numbers.get(ID)
        await client.phone_numbers.get(ID)

    front.run(body, server.base_url, rate_limit=RateLimit(1, per=60))

    assert [30.0, SPAN - 30.0] == pytest.approx(naps, abs=2.0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_call_that_is_cancelled_while_it_waits(serve, backend):
    """
    A cancelled call releases its place in the queue, so the next call does not wait for it.
    """
    server = serve(single())

    async def main():
        async with AsyncHeyMilo(
            KEY, base_url=server.base_url, rate_limit=RateLimit(2, per=0.3)
        ) as client:
            for _ in range(2):
                await client.phone_numbers.get(ID)
            with anyio.move_on_after(0.05):
                await client.phone_numbers.get_many([ID] * 50, concurrency=50)
            before = anyio.current_time()
            await client.phone_numbers.get(ID)
            return anyio.current_time() - before

    assert anyio.run(main, backend=backend) < 2.0
    assert 3 == server.n


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_client_that_is_closed_while_calls_wait(serve, backend):
    """
    Closing the client ends the calls that wait for a permit, at once.
    """
    server = serve(single())

    async def main():
        client = AsyncHeyMilo(KEY, base_url=server.base_url, rate_limit=RateLimit(1, per=60))
        await client.phone_numbers.get(ID)
        ended = []

        async def call():
            try:
                await client.phone_numbers.get(ID)
            except ClientClosedError as error:
                ended.append(str(error))

        with anyio.fail_after(5):
            async with anyio.create_task_group() as group:
                group.start_soon(call)
                await anyio.sleep(0.05)
                await client.aclose()
        return ended

    (text,) = anyio.run(main, backend=backend)
    assert "closed" in text


@pytest.mark.full("it goes by the clock")
def test_threads_share_one_budget(serve):
    """
    Twelve threads with one client start no more requests in a window than its limit.
    """
    server = serve(single())

    began = Starts()
    with HeyMilo(
        KEY, base_url=server.base_url, rate_limit=RateLimit(8, per=0.4), events=began
    ) as client:
        threads = [
            threading.Thread(target=client.phone_numbers.get_many, args=([ID] * 2,))
            for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

    assert 24 == len(began.at)
    assert [] == began.closer_than(0.4, limit=8)


@pytest.mark.full("it goes by the clock")
def test_event_loops_share_one_budget(serve):
    """
    Event loops in two threads with one client start no more requests in a window than its limit.
    """
    server = serve(single())
    began = Starts()
    client = AsyncHeyMilo(
        KEY, base_url=server.base_url, rate_limit=RateLimit(6, per=0.4), events=began
    )

    def work(backend):
        anyio.run(client.phone_numbers.get_many, [ID] * 9, backend=backend)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("asyncio", "trio")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    anyio.run(client.aclose)

    assert 18 == len(began.at)
    assert [] == began.closer_than(0.4, limit=6)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_counts_anew(serve):
    """
    After a fork the child has an empty window, whatever the parent's contains.
    """
    server = serve(page())
    client = HeyMilo(KEY, base_url=server.base_url, rate_limit=RateLimit(5, per=60))
    client.phone_numbers.list()
    pid = os.fork()
    if not pid:
        os._exit(client.rate_limit.remaining)
    _, status = os.waitpid(pid, 0)

    assert 5 == os.waitstatus_to_exitcode(status)
    assert 4 == client.rate_limit.remaining
    client.close()


def test_credentials_that_nobody_uses_any_more(serve, monkeypatch):
    """
    A client that serves many keys forgets those whose starts have left the window.
    """
    monkeypatch.setattr(*MANY_LIMITERS, 2)
    server = serve(single())
    rule = RateLimit(5, per=0.001)
    with HeyMilo(KEY, base_url=server.base_url, rate_limit=rule) as client:
        for number in range(5):
            client.with_options(api_key=f"key-number-{number}").phone_numbers.get(ID)
            time.sleep(0.06)

        assert len(limiters_of(client)) <= 2


# Accepted values.


@pytest.mark.parametrize(
    ("arguments", "kind", "name"),
    [
        ((0,), ConfigurationError, "limit"),
        ((1_000_001,), ConfigurationError, "limit"),
        ((True,), TypeError, "limit"),
        (("300",), TypeError, "limit"),
        ((3.0,), TypeError, "limit"),
        ((3, 0), ConfigurationError, "per"),
        ((3, 0.0009), ConfigurationError, "per"),
        ((3, 86_401), ConfigurationError, "per"),
        ((3, float("nan")), ConfigurationError, "per"),
        ((3, float("inf")), ConfigurationError, "per"),
        ((3, "60"), TypeError, "per"),
        ((3, True), TypeError, "per"),
    ],
)
def test_limits_that_cannot_be(arguments, kind, name):
    """
    A number of the wrong type or out of range is refused by name.
    """
    with pytest.raises(kind, match=name):
        RateLimit(*arguments)


def test_a_limit_as_people_write_it():
    """
    A limit is written as a number, a slash and a period; any other text is refused.
    """
    assert RateLimit(300, per=60.0) == RateLimit.parse("300/min")
    for text in ("300", "0/min", "3/1000h"):
        with pytest.raises(ConfigurationError):
            RateLimit.parse(text)


def test_a_limit_as_people_write_it_is_a_rate_limit():
    """
    `rate_limit` takes the text, too.
    """
    with HeyMilo(KEY, rate_limit="300/min") as client:
        assert 300 == client.rate_limit.limit
        assert 5 == client.with_options(rate_limit="5/s").rate_limit.limit
    with pytest.raises(ConfigurationError):
        HeyMilo(KEY, rate_limit="300")


@pytest.mark.parametrize("value", [300, (300, 60), True, {}])
def test_what_is_no_rate_limit(value):
    """
    A client accepts a `RateLimit`, and no object that resembles one.
    """
    with pytest.raises(TypeError, match="rate_limit must be a RateLimit, a str"):
        HeyMilo(KEY, rate_limit=value)
    with HeyMilo(KEY) as client, pytest.raises(TypeError, match="rate_limit"):
        client.with_options(rate_limit=value)


def test_a_rate_limit_is_its_own_copy():
    """
    A rate limit is immutable, so `copy` and `deepcopy` return the same object.
    """
    rule = RateLimit(5, per=1)

    assert (rule, rule) == (copy.copy(rule), copy.deepcopy(rule))
    assert rule is copy.copy(rule) is copy.deepcopy(rule)
