"""
The events that `events=` receives: each call from start to end, without a secret.
"""

from __future__ import annotations

import copy
import functools
import logging
import pickle

import anyio
import pytest
from fronts import KEY
from server import Connection, answer, page, single

from heymilo_async import (
    APIConnectionError,
    HeyMilo,
    NotFoundError,
    RetryPolicy,
    ServerError,
    events,
)
from heymilo_async.events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallStarted,
    Paced,
    PageFetched,
    RetryScheduled,
)

ID = "666A24C3"
ONE_CALL = [CallStarted, AttemptStarted, AttemptFinished, CallFinished]


def kinds(told):
    """
    Return the class of each event.
    """
    return [type(event) for event in told]


def test_a_call_from_start_to_end(front, serve):
    """
    A call that succeeds at once has four events, with the same number and operation.
    """
    server = serve(single())
    told = []

    front.run(
        lambda client: client.phone_numbers.get(ID),
        server.base_url,
        events=told.append,
        deadline=50.0,
    )

    started, sent, came, ended = told
    assert ONE_CALL == kinds(told)
    assert {("getPhoneNumber", f"GET /api/v2/phone-numbers/{ID}", started.call)} == {
        (one.operation, one.request, one.call) for one in told
    }
    assert ("GET", f"{server.base_url}/api/v2/phone-numbers/{ID}") == (started.method, started.url)
    assert "/api/v2/phone-numbers/{config_id}" == started.template
    assert 50.0 == pytest.approx(started.deadline)
    assert (1, "GET", f"{server.base_url}/api/v2/phone-numbers/{ID}") == (
        sent.number,
        sent.method,
        sent.url,
    )
    assert "***" == sent.headers["X-API-KEY"]
    assert "gzip" == sent.headers["Accept-Encoding"]
    assert (1, 200, None, None) == (came.number, came.status_code, came.cause, came.request_id)
    assert "application/json" == came.headers["content-type"]
    assert (1, 200, None) == (ended.attempts, ended.status_code, ended.error)
    assert 0 < came.elapsed <= ended.elapsed < 50


def test_no_limit_is_none(front, serve):
    """
    Without a deadline `CallStarted` has none.
    """
    server = serve(single())
    told = []

    front.run(lambda client: client.phone_numbers.get(ID), server.base_url, events=told.append)

    assert None is told[0].deadline


def test_retries_are_told(front, serve, naps):
    """
    A failed attempt is followed by an event with the wait for the next one, and the reason.
    """
    server = serve(answer(503, b"", "X-Request-Id: r1"), Connection.close, single())
    told = []

    front.run(lambda client: client.phone_numbers.get(ID), server.base_url, events=told.append)

    assert [
        CallStarted,
        *[AttemptStarted, AttemptFinished, RetryScheduled] * 2,
        AttemptStarted,
        AttemptFinished,
        CallFinished,
    ] == kinds(told)
    attempts = [event for event in told if isinstance(event, AttemptFinished)]
    assert [(1, 503, "r1"), (2, None, None), (3, 200, None)] == [
        (one.number, one.status_code, one.request_id) for one in attempts
    ]
    assert [False, True, False] == [one.headers is None for one in attempts]
    retries = [event for event in told if isinstance(event, RetryScheduled)]
    assert [(2, naps[0], "503"), (3, naps[1], attempts[1].cause)] == [
        (one.number, one.wait, one.reason) for one in retries
    ]
    assert (3, 200, None) == (told[-1].attempts, told[-1].status_code, told[-1].error)


def test_a_call_that_fails(front, serve):
    """
    The end of a call names the error that its caller gets.
    """
    server = serve(answer(404))
    told = []

    async def body(client):
        with pytest.raises(NotFoundError):
            await client.phone_numbers.get(ID)

    front.run(body, server.base_url, events=told.append)

    assert ONE_CALL == kinds(told)
    assert (1, 404, "NotFoundError") == (
        told[-1].attempts,
        told[-1].status_code,
        told[-1].error,
    )


def test_a_broken_body_has_a_cause(front, serve):
    """
    A response that cannot be decoded has a status and a cause.
    """
    server = serve(answer(200, b"{"))
    told = []

    async def body(client):
        with pytest.raises(Exception, match="JSON"):
            await client.phone_numbers.get(ID)

    front.run(body, server.base_url, events=told.append)

    assert (200, "ResponseDecodeError") == (told[2].status_code, told[2].cause)
    assert "ResponseDecodeError" == told[-1].error


def test_a_rest_is_told(front, serve, naps):
    """
    A call that waits for a cool-down emits an event before its first attempt.
    """
    server = serve(answer(429, b"", "Retry-After: 7"), single())
    told = []

    async def body(client):
        with pytest.raises(Exception, match="429"):
            await client.with_options(retry=RetryPolicy(max_attempts=1)).phone_numbers.get(ID)
        await client.with_options(events=told.append).phone_numbers.get(ID)

    front.run(body, server.base_url)

    assert [CallStarted, Paced, *ONE_CALL[1:]] == kinds(told)
    assert naps == [told[1].wait]
    assert 7.0 == pytest.approx(told[1].wait, abs=1)


def test_a_call_that_is_not_sent(front, serve):
    """
    A call that is refused unsent because of its deadline has an end, and no attempt.
    """
    server = serve(answer(429, b"", "Retry-After: 7"))
    told = []

    async def body(client):
        for view in (client, client.with_options(deadline=2.0, events=told.append)):
            with pytest.raises(Exception, match=r"429|rest"):
                await view.phone_numbers.get(ID)

    front.run(body, server.base_url, retry=RetryPolicy(max_attempts=1))

    assert [CallStarted, CallFinished] == kinds(told)
    assert (0, None, "RateLimitError") == (
        told[-1].attempts,
        told[-1].status_code,
        told[-1].error,
    )


def test_pages_are_told(front, serve):
    """
    A walk emits an event for each page: the number of items, whether there are more, and the
    cursor.
    """
    server = serve(page("A", "B", more=True), page("C"), page())
    told = []

    async def body(client):
        await client.phone_numbers.list_all().collect()
        await client.phone_numbers.list()

    front.run(body, server.base_url, events=told.append)

    assert [(2, True, None, "B"), (1, False, None, "C"), (0, False, None, None)] == [
        (one.count, one.has_more, one.total_count, one.cursor)
        for one in told
        if isinstance(one, PageFetched)
    ]
    assert 3 == len({one.call for one in told})
    assert [*ONE_CALL[:3], PageFetched, CallFinished] == kinds(told)[:5]


def test_a_cancelled_call_has_an_end(serve, anyio_backend):
    """
    The end of a cancelled call names the cancellation.
    """
    server = serve(Connection.wait)
    told = []

    async def main():
        from heymilo_async import AsyncHeyMilo

        async with AsyncHeyMilo(KEY, base_url=server.base_url, events=told.append) as client:
            with anyio.move_on_after(0.05):
                await client.phone_numbers.get(ID)

    anyio.run(main, backend=anyio_backend)

    assert [CallStarted, AttemptStarted, CallFinished] == kinds(told)
    assert {"asyncio": "CancelledError", "trio": "Cancelled"}[anyio_backend] == told[-1].error


def test_a_listener_that_fails(front, serve, caplog):
    """
    An exception of a listener fails no call, and is logged once.
    """
    server = serve(single())

    def broken(event):
        raise ZeroDivisionError

    async def body(client):
        return [(await client.phone_numbers.get(ID)).id for _ in range(3)]

    with caplog.at_level(logging.WARNING, "heymilo_async"):
        assert [ID] * 3 == front.run(body, server.base_url, events=broken)
    (record,) = caplog.records
    assert "ZeroDivisionError" in record.getMessage()
    assert "broken" in record.getMessage()


def test_several_listeners(front, serve):
    """
    Each of several listeners receives every event, in their order, even if another one raises.
    """
    server = serve(single())
    told = []

    def broken(event):
        told.append(0)
        raise ZeroDivisionError

    front.run(
        lambda client: client.phone_numbers.get(ID),
        server.base_url,
        events=(broken, told.append, lambda event: told.append(2)),
    )

    assert [0, CallStarted, 2] * 1 == [told[0], type(told[1]), told[2]]
    assert ONE_CALL == kinds(told[1::3])
    assert [2] * 4 == told[2::3]


@pytest.fixture
def made(monkeypatch):
    """
    Return the class of each created event, in order.
    """
    kinds = []
    for kind in map(vars(events).get, events.__all__):

        def init(self, real=kind.__init__, **facts):
            kinds.append(type(self))
            real(self, **facts)

        monkeypatch.setattr(kind, "__init__", init)
    return kinds


@pytest.mark.parametrize(
    ("nobody", "level", "expected"),
    [
        (None, logging.WARNING, [RetryScheduled]),
        ([], logging.WARNING, [RetryScheduled]),
        (None, logging.ERROR, []),
        (None, logging.DEBUG, [RetryScheduled, CallFinished, CallFinished]),
    ],
)
def test_nobody_listens(front, serve, naps, caplog, made, nobody, level, expected):
    """
    Without listeners only events that the log writes at its level are created.
    """
    server = serve(answer(503), single(), page("A"))

    async def body(client):
        await client.phone_numbers.get(ID)
        await client.phone_numbers.list()

    with caplog.at_level(level, "heymilo_async"):
        front.run(body, server.base_url, events=nobody)

    assert expected == made


def test_ctrl_c_in_a_listener(serve):
    """
    Ctrl-C during a listener reaches the caller.
    """
    server = serve(single())

    def interrupted(event):
        raise KeyboardInterrupt

    with (
        HeyMilo(KEY, base_url=server.base_url, events=interrupted) as client,
        pytest.raises(KeyboardInterrupt),
    ):
        client.phone_numbers.get(ID)


def test_a_view_has_its_own_listener(front, serve):
    """
    A view uses its own listener, or that of its client if it was given none; None turns listeners
    off.
    """
    server = serve(single())
    mine, its = [], []

    async def body(client):
        await client.with_options(timeout=5.0).phone_numbers.get(ID)
        await client.with_options(events=its.append).phone_numbers.get(ID)
        await client.with_options(events=None).phone_numbers.get(ID)

    front.run(body, server.base_url, events=mine.append)

    assert (ONE_CALL, ONE_CALL) == (kinds(mine), kinds(its))


async def _later(event):
    pass


class _Awaited:
    async def __call__(self, event):
        pass


@pytest.mark.parametrize(
    "value",
    [
        5,
        "print",
        True,
        {print},
        [5],
        [print, _later],
        _later,
        _Awaited(),
        functools.partial(_later),
    ],
)
def test_what_cannot_listen(front, value):
    """
    A listener that is not callable, or is async, is refused at construction.
    """
    with pytest.raises(TypeError, match="events"):
        front.client("http://127.0.0.1:1", events=value)


def test_no_secret_is_told(front, serve, naps):
    """
    No event contains the key, a token or a header of the caller, even if the server repeats them
    all.
    """
    token, mine = "canary-token-0123456789", "canary-header-0123456789"
    echo = [f"X-Echo: {KEY} {token} {mine}", f"X-Request-Id: {KEY}"]
    server = serve(answer(503, b"", *echo), Connection.reset, answer(500, KEY.encode(), *echo))
    told = []

    async def body(client):
        with pytest.raises(ServerError):
            await client.phone_numbers.list(starting_after=KEY)

    front.run(
        body,
        server.base_url,
        events=told.append,
        access_token=token,
        default_headers={"X-Gateway-Secret": mine},
    )

    assert 10 == len(told)
    for event in told:
        for shown in (repr(event), str(event), repr(pickle.dumps(event))):
            assert "canary" not in shown


def test_events_are_values():
    """
    Events are immutable, can be pickled and copied, and compare by value.
    """
    event = AttemptStarted(
        call=1,
        operation="getPhoneNumber",
        request=f"GET /api/v2/phone-numbers/{ID}",
        number=1,
        method="GET",
        url="u",
        headers={"A": "b"},
    )

    assert event == pickle.loads(pickle.dumps(event)) == copy.deepcopy(event)
    assert {event} == {copy.copy(event)}
    assert event != Paced(call=1, operation="getPhoneNumber", request=event.request, wait=1.0)
    assert "number=1, method='GET', url='u', headers=" in repr(event)
    with pytest.raises(AttributeError):
        event.number = 2
    with pytest.raises(TypeError):
        event.headers["A"] = "c"


@pytest.mark.parametrize("name", events.__all__)
def test_events_are_described(name):
    """
    Each event's docstring explains its own fields.
    """
    kind = getattr(events, name)
    own = list(vars(kind)["__annotations__"])

    assert own
    assert [] == [one for one in own if f"    {one}: " not in kind.__doc__]


def test_a_connection_that_fails(front, serve, naps):
    """
    The reason for a retry after a failed connection is the kind and text of the error.
    """
    told = []

    async def body(client):
        with pytest.raises(APIConnectionError):
            await client.phone_numbers.get(ID)

    server = serve(Connection.reset)
    front.run(body, server.base_url, events=told.append, retry=RetryPolicy(max_attempts=2))

    (retry,) = [one for one in told if isinstance(one, RetryScheduled)]
    assert ": " in retry.reason
    assert (2, None) == (told[-1].attempts, told[-1].status_code)
