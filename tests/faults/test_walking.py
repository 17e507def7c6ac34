"""
Walks through a list, cases 92 to 105 of the fault catalogue: each item once, in order, to the end.
"""

# A walk is one statement that fails somewhere in the middle, and what came before counts.
# ruff: noqa: PERF401, PT012, TRY301

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import subprocess
import sys
import threading
import time
import types
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx
import pytest
from background import pause, until, workers
from few import few
from fronts import NO_CERTIFICATES, QuickFront
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from invariants import elapsed, lasting
from own import close, kind_of
from server import answer, numbers, ok, page, single

from heymilo_async import (
    APIConnectionError,
    ClientClosedError,
    DeadlineExceededError,
    HeyMiloError,
    InvalidRequestError,
    NotFoundError,
    PaginationError,
    RateLimitError,
    ResponseDecodeError,
    ResponseMismatchError,
    ServerError,
)

WAYS = ["items", "pages", "collect", "prefetch", "prefetch of 3"]


def query_of(request):
    """
    Return the query parameters of *request*, decoded.
    """
    return dict(parse_qsl(urlsplit(request.target).query, keep_blank_values=True))


def the_list(*ids):
    """
    Return the replies of a server with a list of *ids* that supports `limit` and `starting_after`.
    """

    def answers(request):
        query = query_of(request)
        start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        end = start + int(query.get("limit", 20))
        return page(*ids[start:end], more=end < len(ids))

    return answers


def endless(request):
    """
    Respond with as many items as requested, numbered, and `has_more`.
    """
    query = query_of(request)
    start = int(query.get("starting_after", -1)) + 1
    return page(*(str(start + i) for i in range(int(query["limit"]))), more=True)


async def walk(pager, way="items"):
    """
    Return the ids that *pager* returns in one of the WAYS, and the error that ended it.
    """
    seen = []
    try:
        if way == "items":
            async for number in pager:
                seen.append(number.id)
        elif way == "pages":
            async for one in pager.pages():
                seen += [number.id for number in one]
        elif way == "collect":
            seen += [number.id for number in await pager.collect()]
        else:
            async with pager.prefetch(3 if way.endswith("3") else 1) as ahead:
                async for number in ahead:
                    seen.append(number.id)
    except HeyMiloError as error:
        return seen or [number.id for number in error.collected], error
    return seen, None


# Cursors.


@pytest.mark.parametrize("way", WAYS)
def test_every_item_once_in_order(front, serve, way):
    """
    Case 92: pages of 2, 2 and 1 items are five items in order, each requested with the last id
    before.
    """
    server = serve(answers=the_list("A", "B", "C", "D", "E"))

    async def body(client):
        return await walk(client.phone_numbers.list_all(page_size=2), way)

    assert (["A", "B", "C", "D", "E"], None) == front.run(body, server.base_url)
    assert [
        {"limit": "2"},
        {"limit": "2", "starting_after": "B"},
        {"limit": "2", "starting_after": "D"},
    ] == [query_of(request) for request in server.requests]


@pytest.mark.parametrize("way", WAYS)
def test_short_page_is_not_the_end(front, serve, way):
    """
    Case 92: a page with fewer items than requested is not the last one if it has `has_more`.
    """
    server = serve(page("A", more=True), page("B", more=True), page("C", "D"))

    async def body(client):
        return await walk(client.phone_numbers.list_all(page_size=100), way)

    assert (["A", "B", "C", "D"], None) == front.run(body, server.base_url)
    assert ["100", "100", "100"] == [query_of(request)["limit"] for request in server.requests]


@pytest.mark.parametrize("way", WAYS)
def test_full_page_is_the_end_if_it_says_so(front, serve, way):
    """
    Case 92: a full page without `has_more` is the last one.
    """
    server = serve(page("A", "B"), page("never"))

    async def body(client):
        return await walk(client.phone_numbers.list_all(page_size=2), way)

    assert (["A", "B"], None) == front.run(body, server.base_url)
    assert 1 == server.n


@pytest.mark.parametrize("way", WAYS)
def test_empty_list(front, serve, way):
    """
    Case 92: an empty list is a walk without items, one request and no error.
    """
    server = serve(page())

    async def body(client):
        pager = client.phone_numbers.list_all()
        return await walk(pager, way), pager.cursor

    assert (([], None), None) == front.run(body, server.base_url)
    assert 1 == server.n


@pytest.mark.parametrize("way", WAYS)
def test_empty_last_page(front, serve, way):
    """
    Case 92: an empty last page ends a walk, and leaves the cursor at the last item.
    """
    server = serve(page("A", more=True), page())

    async def body(client):
        pager = client.phone_numbers.list_all()
        return await walk(pager, way), pager.cursor

    got, cursor = front.run(body, server.base_url)

    assert (["A"], None) == got
    # `collect` and `pages` return no single items, but have the same cursor.
    assert "A" == cursor


def test_nothing_is_sent_before_the_walk(front, serve):
    """
    Case 92: creating a pager, its iterators and its prefetch sends nothing.
    """
    server = serve(page())

    async def body(client):
        pager = client.phone_numbers.list_all()
        aiter(pager)
        pager.pages()
        pager.prefetch(2)
        return repr(pager)

    front.run(body, server.base_url)

    assert 0 == server.n


def test_walk_starts_after(front, serve):
    """
    Case 92: `starting_after` is where a walk starts, and its cursor until the first item.
    """
    server = serve(answers=the_list("A", "B", "C"))

    async def body(client):
        pager = client.phone_numbers.list_all(starting_after="A")
        return pager.cursor, await walk(pager), pager.cursor

    assert ("A", (["B", "C"], None), "C") == front.run(body, server.base_url)


def test_walk_of_a_view(front, serve):
    """
    Case 92: every page of a view's walk is requested with the view's settings.
    """
    server = serve(answers=the_list("A", "B", "C"))

    async def body(client):
        view = client.with_options(api_key="another-key", workspace_id="w1")
        return await walk(view.phone_numbers.list_all(page_size=1))

    assert (["A", "B", "C"], None) == front.run(body, server.base_url)
    assert [("another-key", "w1")] * 3 == [
        (request.headers["x-api-key"], request.headers["x-workspace-id"])
        for request in server.requests
    ]


# Lists that do not advance.


@pytest.mark.parametrize("way", WAYS)
def test_empty_page_that_says_more(front, serve, way):
    """
    Case 93: an empty page with `has_more` is a PaginationError after one request.
    """
    server = serve(page(more=True))

    async def body(client):
        return await walk(client.phone_numbers.list_all(), way)

    seen, error = front.run(body, server.base_url)

    assert [] == seen
    assert PaginationError is type(error)
    assert error.cursor is None
    assert 1 == server.n


@pytest.mark.parametrize("way", WAYS)
def test_empty_page_in_the_middle_that_says_more(front, serve, way):
    """
    Case 93: an empty later page with `has_more` is an error that keeps the earlier items and the
    cursor.
    """
    server = serve(page("A", "B", more=True), page(more=True))

    async def body(client):
        return await walk(client.phone_numbers.list_all(), way)

    seen, error = front.run(body, server.base_url)

    assert ["A", "B"] == seen
    assert PaginationError is type(error)
    assert "B" == error.cursor
    assert 2 == server.n


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("replies", "items", "cursor"),
    [
        pytest.param([page("A", "B", more=True)], ["A", "B"], "B", id="the same page for ever"),
        pytest.param([page("A", more=True)], ["A"], "A", id="one item for ever"),
        pytest.param(
            [page("A", "B", more=True), page("B", "C", more=True)],
            ["A", "B"],
            "B",
            id="inclusive cursor",
        ),
        pytest.param(
            [page("A", "B", more=True), page("C", "B", more=True)],
            ["A", "B"],
            "B",
            id="same last item",
        ),
        pytest.param(
            [page("A", more=True), page("B", more=True), page("C", more=True), page("A")],
            ["A", "B", "C"],
            "C",
            id="a circle whose last page says that it is the last",
        ),
        pytest.param(
            [page("A", "B", more=True), page("C", "D", more=True), page("A", "B", more=True)],
            ["A", "B", "C", "D"],
            "D",
            id="a circle of two",
        ),
    ],
)
def test_list_that_goes_round(front, serve, way, replies, items, cursor):
    """
    Case 94: a repeated cursor is a PaginationError; no item is returned twice.
    """
    server = serve(*replies)

    async def body(client):
        return await walk(client.phone_numbers.list_all(), way)

    seen, error = front.run(body, server.base_url)

    assert items == seen
    assert PaginationError is type(error)
    assert cursor == error.cursor
    assert max(2, len(replies)) == server.n


@pytest.mark.parametrize("way", WAYS)
def test_list_that_starts_with_the_item_it_was_to_start_after(front, serve, way):
    """
    Case 94: the first page shows whether a server ignores `starting_after`.
    """
    server = serve(page("A", "B", more=True))

    async def body(client):
        return await walk(client.phone_numbers.list_all(starting_after="B"), way)

    seen, error = front.run(body, server.base_url)

    assert [] == seen
    assert PaginationError is type(error)
    assert "B" == error.cursor
    assert 1 == server.n


@pytest.mark.parametrize("way", WAYS)
def test_last_id_is_empty(front, serve, way):
    """
    Case 94: an empty last id is a PaginationError, and does not fetch the first page again.
    """
    server = serve(page("A", "", more=True), page("never"))

    async def body(client):
        return await walk(client.phone_numbers.list_all(), way)

    _, error = front.run(body, server.base_url)

    assert PaginationError is type(error)
    assert 1 == server.n


@pytest.mark.parametrize("way", WAYS)
def test_last_id_cannot_be_a_cursor(front, serve, way):
    """
    Case 94: a last id that is too long for a URL ends the walk with an error that has the cursor.
    """
    server = serve(page("A", "x" * 100_000, more=True), page("never"))

    async def body(client):
        return await walk(client.phone_numbers.list_all(), way)

    _, error = front.run(body, server.base_url)

    assert PaginationError is type(error)
    assert len(str(error)) < 500
    assert 1 == server.n


def test_walk_error_of_pagination_is_complete(front, serve):
    """
    Case 94: a PaginationError says what to do, and can be pickled with its cursor.
    """
    server = serve(page("A", more=True))

    async def body(client):
        return (await walk(client.phone_numbers.list_all(), "collect"))[1]

    error = front.run(body, server.base_url)
    again = pickle.loads(pickle.dumps(error))

    assert "A" in str(error)
    assert ("A", ["A"]) == (again.cursor, [number.id for number in again.collected])


# Other members of a page.


@pytest.mark.parametrize("count", [0, 1, 10**9, None, 2**63])
def test_total_count_decides_nothing(front, serve, count):
    """
    Case 95: `total_count` may be an estimate, so it does not affect the walk.
    """
    pagination = {"has_more": True, "total_count": count}
    server = serve(ok({"data": numbers("A", "B"), "pagination": pagination}), page("C"))

    async def body(client):
        return await walk(client.phone_numbers.list_all())

    assert (["A", "B", "C"], None) == front.run(body, server.base_url)


def test_total_count_is_missing(front, serve):
    """
    Case 95: a page without `total_count` is read.
    """
    server = serve(ok({"data": numbers("A"), "pagination": {"has_more": False}}))

    async def body(client):
        return await walk(client.phone_numbers.list_all())

    assert (["A"], None) == front.run(body, server.base_url)


@pytest.mark.parametrize("count", ["7", 7.5, True, [], {}])
def test_total_count_of_the_wrong_type(front, serve, count):
    """
    Case 95: a `total_count` of another type is an error with its path, and is not converted.
    """
    pagination = {"has_more": False, "total_count": count}
    server = serve(ok({"data": numbers("A"), "pagination": pagination}))

    async def body(client):
        return await walk(client.phone_numbers.list_all())

    seen, error = front.run(body, server.base_url)

    assert [] == seen
    assert ResponseDecodeError is type(error)
    assert "$.pagination.total_count" == error.path


@pytest.mark.parametrize("more", ["true", "false", 1, 0, None, []])
def test_has_more_of_the_wrong_type(front, serve, more):
    """
    Case 95: a `has_more` that is not a boolean is an error, and neither ends nor continues a walk.
    """
    server = serve(ok({"data": numbers("A"), "pagination": {"has_more": more}}))

    async def body(client):
        return await walk(client.phone_numbers.list_all())

    seen, error = front.run(body, server.base_url)

    assert [] == seen
    assert ResponseDecodeError is type(error)
    assert "$.pagination.has_more" == error.path
    assert 1 == server.n


@pytest.mark.parametrize(
    "pagination", [None, {}, [], "x", {"total_count": 1}], ids=["null", "{}", "[]", "text", "rest"]
)
def test_pagination_is_missing(front, serve, pagination):
    """
    Case 95: a page without `has_more` is an error, and not the last page.
    """
    server = serve(
        ok({"data": numbers("A")}),
        ok({"data": numbers("A"), "pagination": pagination}),
    )

    async def body(client):
        first = await walk(client.phone_numbers.list_all())
        return first, await walk(client.phone_numbers.list_all())

    for seen, error in front.run(body, server.base_url):
        assert [] == seen
        assert ResponseDecodeError is type(error)
    assert 2 == server.n


@pytest.mark.parametrize(
    "url",
    [
        "http://{host}:{port}/x",
        "//{host}:{port}/x",
        "@{host}:{port}",
        "http://api.heymilo.ai@{host}:{port}/api/v2/phone-numbers",
        "/somewhere/else",
        "../../../else?starting_after=Z",
        "file:///etc/passwd",
        "",
    ],
)
def test_pagination_url_is_never_followed(front, serve, url):
    """
    Case 96: the next page is requested from the base URL, whatever `pagination.url` contains.
    """
    elsewhere = serve(page("Z"))
    url = url.format(host="127.0.0.1", port=elsewhere.port)
    pagination = {"has_more": True, "total_count": 3, "url": url}
    server = serve(ok({"data": numbers("A", "B"), "pagination": pagination}), page("C"))

    async def body(client):
        first = await anext(client.phone_numbers.list_all().pages())
        server.requests.clear()
        return first.pagination.url, await walk(client.phone_numbers.list_all())

    assert (url, (["A", "B", "C"], None)) == front.run(body, server.base_url)
    assert 0 == elsewhere.accepted
    assert ["/api/v2/phone-numbers"] * 2 == [
        urlsplit(request.target).path for request in server.requests
    ]


@pytest.mark.parametrize(
    "last",
    [
        "x&limit=1000#?%00\r\n\u00e9",
        "a b+c",
        "%26limit%3D1",
        "../../admin",
        "=&;,/\\\"'<>",
        "\u2028\u2029\u0085",
        "\x00",
        "\U0001f600\u0301",
        "None",
    ],
)
def test_odd_last_id_stays_one_parameter(front, serve, last):
    """
    Case 97: the server decodes exactly the last id, whatever it is, and no other parameter changes.
    """
    server = serve(page("A", last, more=True), page("Z"))

    async def body(client):
        return await walk(client.phone_numbers.list_all(page_size=7))

    assert (["A", last, "Z"], None) == front.run(body, server.base_url)
    assert {"limit": "7", "starting_after": last} == query_of(server.requests[1])
    assert ["limit", "starting_after"] == [
        name for name, _ in parse_qsl(urlsplit(server.requests[1].target).query)
    ]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=8, unique=True))
def test_any_ids_are_walked(front, serve, ids):
    """
    Case 97: a list with any ids, one a page, is walked to its end, or refused by name.
    """
    server = serve(answers=the_list(*ids))

    async def body(client):
        return await walk(client.phone_numbers.list_all(page_size=1))

    seen, error = front.run(body, server.base_url)

    if any("\ud800" <= character <= "\udfff" for one in ids for character in one):
        assert seen == ids[: len(seen)]
        assert error is None or isinstance(error, ResponseDecodeError | PaginationError)
    else:
        assert (ids, None) == (seen, error)


# Errors in the middle of a walk.


@pytest.mark.parametrize("way", WAYS)
def test_error_says_where_to_go_on(front, serve, naps, way):
    """
    Case 98: if page 3 keeps failing, the earlier items are kept, and `.cursor` resumes without a
    gap.
    """
    server = serve(
        page("A", "B", more=True),
        page("C", "D", more=True),
        *[answer(500, b"{}")] * 3,
        page("E"),
    )

    async def body(client):
        seen, error = await walk(client.phone_numbers.list_all(), way)
        rest, none = await walk(client.phone_numbers.list_all(starting_after=error.cursor))
        return seen, error, rest, none

    seen, error, rest, none = front.run(body, server.base_url)

    assert ServerError is type(error)
    assert ["A", "B", "C", "D"] == seen
    assert "D" == error.cursor
    assert 3 == len(error.attempts)
    assert (["E"], None) == (rest, none)
    assert 6 == server.n


def test_cursor_of_an_error_on_the_first_page(front, serve):
    """
    Case 98: an error before the first item has the cursor that the walk started with.
    """
    server = serve(answer(400, b"{}"))

    async def body(client):
        _, fresh = await walk(client.phone_numbers.list_all())
        _, resumed = await walk(client.phone_numbers.list_all(starting_after="K"))
        return fresh.cursor, resumed.cursor

    assert (None, "K") == front.run(body, server.base_url)


@pytest.mark.parametrize("kind", ["items", "pages"])
def test_iterator_survives_an_error(front, serve, kind):
    """
    Case 98: after an error, the next call of the same iterator tries again.
    """
    server = serve(page("A", more=True), answer(400, b"{}"), page("B"))

    async def body(client):
        pager = client.phone_numbers.list_all()
        iterator = aiter(pager) if kind == "items" else pager.pages()
        first = await anext(iterator)
        with pytest.raises(HeyMiloError) as caught:
            await anext(iterator)
        second = await anext(iterator)
        over = await anext(iterator, "over")
        return [first, second, over, caught.value.cursor]

    first, second, over, cursor = front.run(body, server.base_url)

    ids = [first.id, second.id] if kind == "items" else [first[0].id, second[0].id]
    assert ["A", "B"] == ids
    assert ("over", "A") == (over, cursor)
    assert [None, "A", "A"] == [query_of(one).get("starting_after") for one in server.requests]


@pytest.mark.parametrize("way", WAYS)
def test_broken_connection_in_the_middle(front, serve, naps, way):
    """
    Case 98: a connection that breaks between two pages costs one more request, and loses no item.
    """
    server = serve(page("A", "B", more=True), lambda connection: connection.reset(), page("C"))

    async def body(client):
        return await walk(client.phone_numbers.list_all(), way)

    assert (["A", "B", "C"], None) == front.run(body, server.base_url)
    assert 3 == server.n


def test_bad_item_in_the_middle(front, serve):
    """
    Case 98: a page with an invalid item is an error as a whole, and the items before it are kept.
    """
    broken = numbers("C", "D")
    broken[1]["active"] = "yes"
    server = serve(
        page("A", "B", more=True), ok({"data": broken, "pagination": {"has_more": False}})
    )

    async def body(client):
        return await walk(client.phone_numbers.list_all())

    seen, error = front.run(body, server.base_url)

    assert ["A", "B"] == seen
    assert ("$.data[1].active", "B") == (error.path, error.cursor)


@pytest.mark.parametrize("way", WAYS)
def test_rate_limit_in_the_middle(front, serve, naps, way):
    """
    Case 99: a 429 in the middle of a walk is one wait and one more request.
    """
    server = serve(
        page("A", more=True), answer(429, b"{}", "Retry-After: 1"), page("B", more=True), page("C")
    )

    async def body(client):
        return await walk(client.phone_numbers.list_all(), way)

    assert (["A", "B", "C"], None) == front.run(body, server.base_url)
    assert [1.0] == naps
    assert [None, "A", "A", "B"] == [
        query_of(request).get("starting_after") for request in server.requests
    ]


@pytest.mark.parametrize("way", WAYS)
def test_cursor_is_gone(front, serve, way):
    """
    Case 104: if the cursor's item was deleted, a NotFoundError has the cursor, and the items are
    kept.
    """
    server = serve(page("A", "B", more=True), answer(404, b'{"detail": "no such id"}'))

    async def body(client):
        return await walk(client.phone_numbers.list_all(), way)

    seen, error = front.run(body, server.base_url)

    assert ["A", "B"] == seen
    assert NotFoundError is type(error)
    assert "B" == error.cursor
    assert 2 == server.n


# Walks that end early.


@pytest.mark.full("it goes by the clock")
@pytest.mark.parametrize("way", ["items", "pages"])
def test_break_leaves_nothing_behind(front, serve, caplog, way):
    """
    Case 100: a `break` causes no warning and no log record, and frees the connection.
    """
    server = serve(answers=the_list(*"ABCDE"))

    async def body(client):
        pager = client.phone_numbers.list_all(page_size=2)
        async for _ in pager if way == "items" else pager.pages():
            break
        gc.collect()
        await client.phone_numbers.list()
        return pager.cursor

    with caplog.at_level(logging.WARNING):
        cursor = front.run(body, server.base_url)

    assert {"items": "A", "pages": "B"}[way] == cursor
    assert [] == caplog.records
    assert (1, 2) == (server.accepted, server.n)


BREAKS = """
import asyncio, gc, logging, sys
import anyio, trio
from heymilo_async import AsyncHeyMilo, HeyMilo

logging.basicConfig(level=logging.WARNING)

async def main():
    if not trio.lowlevel.in_trio_run():
        # In its debug mode asyncio complains of a machine that is busy.
        asyncio.get_running_loop().slow_callback_duration = 60.0
    async with AsyncHeyMilo("k", base_url=sys.argv[1]) as client:
        async for number in client.phone_numbers.list_all():
            break
        async with client.phone_numbers.list_all().prefetch(2) as numbers:
            async for number in numbers:
                break
        iterator = aiter(client.phone_numbers.list_all())
        await anext(iterator)
        del iterator, numbers
        gc.collect()
    print("done", number.id)

anyio.run(main, backend="asyncio")
anyio.run(main, backend="trio")

with HeyMilo("k", base_url=sys.argv[1]) as client:
    for number in client.phone_numbers.list_all():
        break
    with client.phone_numbers.list_all().prefetch(2) as numbers:
        for number in numbers:
            break
    iterator = iter(client.phone_numbers.list_all())
    next(iterator)
    del iterator, numbers
    gc.collect()
print("done", number.id)
gc.collect()
"""


@pytest.mark.full("it starts a process")
def test_break_in_developer_mode(serve):
    """
    Case 100: with -X dev and warnings as errors, walks that end early print nothing.
    """
    server = serve(answers=endless)

    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", BREAKS, server.base_url],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (0, "done 0\n" * 3, "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("way", ["items", "pages"])
def test_slow_consumer_meets_no_deadline(front, serve, naps, way):
    """
    Case 101: a consumer may take longer between two items than the client's deadline.
    """
    server = serve(answers=the_list("A", "B", "C"))

    async def body(client):
        pager = client.phone_numbers.list_all(page_size=1)
        seen = 0
        async for _ in pager if way == "items" else pager.pages():
            naps.append(1000.0)
            seen += 1
        return seen

    assert 3 == front.run(body, server.base_url, deadline=5.0, timeout=5.0)


@pytest.mark.full("it goes by the clock")
@pytest.mark.parametrize("way", ["items", "prefetch"])
def test_timeout_of_a_page_is_not_the_consumers(front, serve, way):
    """
    Case 101: a consumer that really sleeps past the deadline is not cancelled.
    """
    server = serve(answers=the_list("A", "B"))

    async def body(client):
        pager = client.phone_numbers.list_all(page_size=1)
        seen = []
        if way == "items":
            async for number in pager:
                await pause(front, 0.25)
                seen.append(number.id)
        else:
            async with pager.prefetch() as ahead:
                async for number in ahead:
                    await pause(front, 0.25)
                    seen.append(number.id)
        return seen

    assert ["A", "B"] == front.run(body, server.base_url, deadline=0.2, timeout=0.2)


# Arguments.


@pytest.mark.parametrize("limit", [0, 101, -1, 10**30, -(10**30)])
def test_limit_out_of_range(front, serve, limit):
    """
    Case 102: a `limit` outside 1 to 100 is an InvalidRequestError, and nothing is sent.
    """
    server = serve(page())

    async def body(client):
        with pytest.raises(InvalidRequestError, match="limit"):
            await client.phone_numbers.list(limit=limit)
        with pytest.raises(InvalidRequestError, match="page_size"):
            client.phone_numbers.list_all(page_size=limit)

    front.run(body, server.base_url)

    assert 0 == server.n


@pytest.mark.parametrize("limit", [True, False, "20", 20.0, [20], b"20", float("nan")])
def test_limit_of_the_wrong_type(front, serve, limit):
    """
    Case 102: a `limit` that is no int is a TypeError, and nothing is sent.
    """
    server = serve(page())

    async def body(client):
        with pytest.raises(TypeError, match="limit"):
            await client.phone_numbers.list(limit=limit)
        with pytest.raises(TypeError, match="page_size"):
            client.phone_numbers.list_all(page_size=limit)

    front.run(body, server.base_url)

    assert 0 == server.n


@pytest.mark.parametrize("limit", [1, 100])
def test_limits_of_the_limit(front, serve, limit):
    """
    Case 102: 1 and 100 are sent, None is not sent, and a `page_size` of None is a TypeError.
    """
    server = serve(page())

    async def body(client):
        await client.phone_numbers.list(limit=limit)
        await client.phone_numbers.list(limit=None, starting_after=None)
        with pytest.raises(TypeError, match="page_size"):
            client.phone_numbers.list_all(page_size=None)

    front.run(body, server.base_url)

    assert [f"/api/v2/phone-numbers?limit={limit}", "/api/v2/phone-numbers"] == [
        request.target for request in server.requests
    ]


@pytest.mark.parametrize(
    ("most", "kind"),
    [
        (-1, InvalidRequestError),
        (-(10**30), InvalidRequestError),
        (True, TypeError),
        ("3", TypeError),
        (2.0, TypeError),
        (float("inf"), TypeError),
    ],
)
def test_max_items_cannot_work(front, serve, most, kind):
    """
    Case 102: a `max_items` that is not an integer of at least 0 is refused before the walk.
    """
    server = serve(page())

    async def body(client):
        with pytest.raises(kind, match="max_items"):
            client.phone_numbers.list_all(max_items=most)

    front.run(body, server.base_url)

    assert 0 == server.n


@pytest.mark.parametrize(
    ("count", "kind"),
    [
        (0, InvalidRequestError),
        (-1, InvalidRequestError),
        (101, InvalidRequestError),
        (True, TypeError),
        ("1", TypeError),
        (1.0, TypeError),
        (None, TypeError),
    ],
)
def test_prefetch_of_how_many(front, serve, count, kind):
    """
    Case 102: a prefetch of anything but 1 to 100 pages is refused at once.
    """
    server = serve(page())

    async def body(client):
        with pytest.raises(kind, match="pages"):
            client.phone_numbers.list_all().prefetch(count)

    front.run(body, server.base_url)

    assert 0 == server.n


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("most", "requests"), few([(0, 0), (100, 1), (101, 2), (1, 1), (99, 1), (250, 3)], 3)
)
def test_max_items(front, serve, way, most, requests):
    """
    Case 103: `max_items` of an endless list returns exactly that many items, without a superfluous
    request.
    """
    server = serve(answers=endless)

    async def body(client):
        pager = client.phone_numbers.list_all(page_size=100, max_items=most)
        return await walk(pager, way), pager.cursor

    got, cursor = front.run(body, server.base_url)

    assert ([str(i) for i in range(most)], None) == got
    assert (str(most - 1) if most else None) == cursor
    assert requests == server.n
    assert {"100"} >= {query_of(request)["limit"] for request in server.requests}


def test_max_items_of_a_shorter_list(front, serve):
    """
    Case 103: a list that ends before `max_items` ends the walk.
    """
    server = serve(answers=the_list("A", "B", "C"))

    async def body(client):
        return await walk(client.phone_numbers.list_all(page_size=2, max_items=10))

    assert (["A", "B", "C"], None) == front.run(body, server.base_url)


def test_cut_page_says_that_there_is_more(front, serve):
    """
    Case 103: the page that `max_items` cuts has `has_more` and a cursor.
    """
    server = serve(page("A", "B", "C"))

    async def body(client):
        return [one async for one in client.phone_numbers.list_all(max_items=2).pages()]

    (only,) = front.run(body, server.base_url)

    assert ["A", "B"] == [number.id for number in only]
    assert (True, "B") == (only.has_more, only.next_cursor)


def test_page_past_max_items_is_not_judged(front, serve):
    """
    Case 103: a walk that has all its items ignores an invalid continuation of the list.
    """
    server = serve(page("A", "B", more=True), page(more=True))

    async def body(client):
        return await walk(client.phone_numbers.list_all(max_items=2), "collect")

    assert (["A", "B"], None) == front.run(body, server.base_url)
    assert 1 == server.n


# Closed clients, and repeated walks.


@pytest.mark.parametrize("way", WAYS)
def test_walk_after_close(front, serve, way):
    """
    Case 105: a pager of a closed client raises ClientClosedError, and sends nothing.
    """
    server = serve(page("A"))

    async def body(client):
        pager = client.phone_numbers.list_all()
        await client.aclose()
        return await walk(pager, way)

    seen, error = front.run(body, server.base_url)

    assert [] == seen
    assert ClientClosedError is type(error)
    assert 0 == server.n


def test_close_in_the_middle(front, serve):
    """
    Case 105: after the client is closed, a walk returns the fetched items, then raises
    ClientClosedError.
    """
    server = serve(answers=the_list(*"ABCD"))

    async def body(client):
        iterator = aiter(client.phone_numbers.list_all(page_size=2))
        seen = [(await anext(iterator)).id]
        await client.aclose()
        seen.append((await anext(iterator)).id)
        with pytest.raises(ClientClosedError) as caught:
            await anext(iterator)
        return seen, caught.value.cursor

    assert (["A", "B"], "B") == front.run(body, server.base_url)
    assert 1 == server.n


def test_each_iteration_starts_anew(front, serve):
    """
    Case 105: a pager can be iterated again, from its start, in every way.
    """
    server = serve(answers=the_list("A", "B", "C"))

    async def body(client):
        pager = client.phone_numbers.list_all(page_size=2, starting_after="A", max_items=5)
        return [await walk(pager, way) for way in [*WAYS, *WAYS]]

    assert [(["B", "C"], None)] * 10 == front.run(body, server.base_url)


def test_exhausted_iterator_stays_exhausted(front, serve):
    """
    Case 105: an exhausted iterator stays exhausted, and sends nothing more.
    """
    server = serve(page("A"))

    async def body(client):
        pager = client.phone_numbers.list_all()
        overs = []
        for iterator in (aiter(pager), pager.pages()):
            await anext(iterator)
            overs += [await anext(iterator, "over") for _ in range(3)]
        async with pager.prefetch() as ahead:
            await anext(ahead)
            overs += [await anext(ahead, "over") for _ in range(3)]
        return overs

    assert ["over"] * 9 == front.run(body, server.base_url)
    assert 3 == server.n


def test_iterators_of_one_pager_are_independent(front, serve):
    """
    Case 105: two interleaved iterators of one pager have separate positions.
    """
    server = serve(answers=the_list("A", "B", "C"))

    async def body(client):
        pager = client.phone_numbers.list_all(page_size=1)
        one, two = aiter(pager), aiter(pager)
        order = [await anext(iterator) for iterator in (one, one, two, one, two, two)]
        return [number.id for number in order]

    assert ["A", "B", "A", "C", "B", "C"] == front.run(body, server.base_url)


def test_iterator_of_an_iterator(front, serve):
    """
    Case 105: an iterator is its own iterator, as the protocol requires.
    """
    server = serve(answers=the_list("A", "B"))

    async def body(client):
        iterator = aiter(client.phone_numbers.list_all(page_size=1))
        await anext(iterator)
        return [number.id async for number in iterator]

    assert ["B"] == front.run(body, server.base_url)


# One page.


def test_page_never_makes_a_request(front, serve):
    """
    Case 105: len, index, slice, iteration, `in`, reversed and count work on this page, without a
    request.
    """
    server = serve(page("A", "B", "C", more=True))

    async def body(client):
        return await client.phone_numbers.list()

    got = front.run(body, server.base_url)

    assert 3 == len(got)
    assert ["C", "B", "A"] == [number.id for number in reversed(got)]
    assert ("C", ("A", "B")) == (got[-1].id, tuple(number.id for number in got[:2]))
    assert got[1] in got
    assert 1 == got.count(got[0])
    assert (True, "C") == (got.has_more, got.next_cursor)
    assert 1 == server.n


def test_next_cursor_of_a_last_page(front, serve):
    """
    Case 105: the last page has no next cursor, nor has an empty one with `has_more`.
    """
    server = serve(page("A"), page(more=True))

    async def body(client):
        last = await client.phone_numbers.list()
        return last.next_cursor, (await client.phone_numbers.list()).next_cursor

    assert (None, None) == front.run(body, server.base_url)


# One iterator in several tasks or threads.


@pytest.mark.lets_out("RuntimeError")
@pytest.mark.parametrize("way", ["items", "pages", "prefetch"])
def test_two_users_of_one_iterator(front, serve, way):
    """
    Case 105: if two tasks, or threads, use one iterator, one gets a RuntimeError, the other
    continues.
    """
    asked, go_on = threading.Event(), threading.Event()

    def slow(connection):
        asked.set()
        go_on.wait(10)
        connection.send(page("A", more=True))

    server = serve(slow, page("B"))

    async def both(iterator):
        outcomes = []

        async def take():
            first = await anext(iterator)
            outcomes.append(first.id if way != "pages" else first[0].id)

        async with anyio.create_task_group() as group:
            group.start_soon(take)
            while not asked.is_set():
                await anyio.sleep(0.002)
            with pytest.raises(RuntimeError, match="one iterator") as caught:
                await anext(iterator)
            go_on.set()
        rest = [one if way != "pages" else one[0] async for one in iterator]
        return type(caught.value), outcomes + [one.id for one in rest]

    def both_threads(iterator):
        outcomes = []
        thread = threading.Thread(target=lambda: outcomes.append(next(iterator)))
        thread.start()
        assert asked.wait(10)
        with pytest.raises(RuntimeError, match="one iterator") as caught:
            next(iterator)
        go_on.set()
        thread.join()
        got = [*outcomes, *iterator]
        return type(caught.value), [(one if way != "pages" else one[0]).id for one in got]

    async def body(client):
        pager = client.phone_numbers.list_all()
        if way == "prefetch":
            async with pager.prefetch() as ahead:
                return both_threads(ahead.blocking) if front.is_blocking else await both(ahead)
        iterator = aiter(pager) if way == "items" else pager.pages()
        return both_threads(iterator.blocking) if front.is_blocking else await both(iterator)

    assert (RuntimeError, ["A", "B"]) == front.run(body, server.base_url)


@pytest.mark.parametrize("name", ["asyncio", "trio"])
def test_iterator_after_a_cancelled_take(serve, name):
    """
    Case 105: if a task is cancelled while it fetches an item, the iterator stays usable, without a
    gap.
    """
    front = QuickFront(name)
    server = serve(page("A", more=True), lambda connection: connection.wait(), page("B"))

    async def body(client):
        iterator = aiter(client.phone_numbers.list_all())
        seen = [(await anext(iterator)).id]
        with anyio.move_on_after(0.1):
            await anext(iterator)
        return seen + [number.id async for number in iterator]

    assert ["A", "B"] == front.run(body, server.base_url)
    assert [None, "A", "A"] == [query_of(one).get("starting_after") for one in server.requests]


# `collect`.


def test_deadline_of_collect(front, serve, naps):
    """
    Case 101: `collect` is one call with one deadline; in an iteration each page has its own.
    """
    wait = answer(429, b"{}", "Retry-After: 2")
    walked = [page("A", more=True), wait, page("B", more=True), wait, page("C")]
    server = serve(*walked, page("A", more=True), wait, page("B", more=True), wait, page("never"))

    async def body(client):
        each = await walk(client.phone_numbers.list_all())
        return each, await walk(client.phone_numbers.list_all(), "collect")

    each, (seen, error) = front.run(body, server.base_url, deadline=3.0)

    assert (["A", "B", "C"], None) == each
    # The wait does not fit, so it is not started: the server's own response is the error.
    assert (RateLimitError, 2.0) == (type(error), error.retry_after)
    assert (["A", "B"], "B") == (seen, error.cursor)
    assert [2.0, 2.0, 2.0] == naps


def test_deadline_of_collect_while_a_page_is_read(front, serve):
    """
    Case 101: the deadline of `collect` ends a page in the middle; the earlier items are kept.
    """
    server = serve(page("A", more=True), lambda connection: connection.wait())

    async def body(client):
        with lasting(0.3, 0.3):
            return await walk(client.phone_numbers.list_all(), "collect")

    seen, error = front.run(body, server.base_url, deadline=0.3)

    assert DeadlineExceededError is type(error)
    assert (["A"], "A") == (seen, error.cursor)


# Prefetch.


@pytest.mark.full("it goes by the clock")
@pytest.mark.parametrize("count", [1, 2, 4])
def test_prefetch_is_so_far_ahead_and_no_further(front, serve, count):
    """
    Case 103: while a page is consumed, exactly the given number of pages is prefetched.
    """
    server = serve(answers=endless)

    async def body(client):
        async with client.phone_numbers.list_all(page_size=2).prefetch(count) as ahead:
            await anext(ahead)
            for _ in range(200):
                if server.n == count + 1:
                    break
                await pause(front, 0.005)
            await pause(front, 0.03)
            ahead_then = server.n - 1
            await anext(ahead)  # the second item of the first page needs no new page
            await pause(front, 0.03)
            return ahead_then, server.n - 1

    assert (count, count) == front.run(body, server.base_url)


def test_prefetch_really_is_ahead(front, serve):
    """
    Case 103: the next page is requested while the consumer processes this one.
    """
    asked = threading.Event()

    def answers(request):
        if "starting_after" in query_of(request):
            asked.set()
        return the_list("A", "B")(request)

    server = serve(answers=answers)

    async def body(client):
        async with client.phone_numbers.list_all(page_size=1).prefetch() as ahead:
            await anext(ahead)
            for _ in range(500):
                if asked.is_set():
                    return True
                await pause(front, 0.004)
            return False

    assert front.run(body, server.base_url) is True


def test_cursor_under_prefetch(front, serve):
    """
    Case 98: with a prefetch, the cursor is the last returned item, not the last fetched one.
    """
    server = serve(answers=endless)

    async def body(client):
        pager = client.phone_numbers.list_all(page_size=2)
        cursors = [pager.cursor]
        async with pager.prefetch(3) as ahead:
            for _ in range(3):
                await anext(ahead)
                cursors.append(pager.cursor)
        return cursors, pager.cursor

    assert ([None, "0", "1", "2"], "2") == front.run(body, server.base_url)


def test_error_ahead_surfaces_in_its_turn(front, serve):
    """
    Case 98: an error of a prefetched page is raised after the items before it; then that page is
    fetched again, and not before, for an end would make the list look complete.
    """
    failed = threading.Event()

    def fail(connection):
        connection.send(answer(400, b"{}"))
        failed.set()

    server = serve(page("A", "B", more=True), page("C", more=True), fail, page("D"))

    async def body(client):
        seen = []
        async with client.phone_numbers.list_all().prefetch(3) as ahead:
            while not failed.is_set():
                await pause(front, 0.002)
            await pause(front, 0.02)
            with pytest.raises(HeyMiloError) as caught:
                async for number in ahead:
                    seen.append(number.id)
            sent = server.n
            rest = [number.id async for number in ahead]
            over = await anext(ahead, "over")
        return seen, caught.value.cursor, caught.value.__context__, sent, rest, over

    assert (["A", "B", "C"], "C", None, 3, ["D"], "over") == front.run(body, server.base_url)
    assert 4 == server.n


def test_error_after_error_ahead(front, serve):
    """
    Case 98: a prefetch raises each error of a page that fails again and again, and loses no item.
    """
    failing = [answer(400, b"{}")] * 3
    server = serve(page("A", more=True), *failing, page("B", more=True), *failing, page("C"))

    async def body(client):
        seen, errors = [], 0
        async with client.phone_numbers.list_all().prefetch(2) as ahead:
            while True:
                try:
                    seen.append((await anext(ahead)).id)
                except HeyMiloError:
                    errors += 1
                except StopAsyncIteration:
                    return seen, errors

    assert (["A", "B", "C"], 6) == front.run(body, server.base_url)
    assert 9 == server.n


def test_error_ahead_that_nobody_asks_for(front, serve):
    """
    Case 98: leaving a prefetch before its error was reached raises nothing.
    """
    server = serve(page("A", "B", more=True), answer(400, b"{}"))

    async def body(client):
        async with client.phone_numbers.list_all().prefetch(2) as ahead:
            first = await anext(ahead)
            while server.n < 2:
                await pause(front, 0.002)
            await pause(front, 0.02)
        return first.id

    assert "A" == front.run(body, server.base_url)


@pytest.mark.full("it goes by the clock")
@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("mine"),
        ExceptionGroup("mine", [ValueError("x")]),
        KeyboardInterrupt(),
        StopAsyncIteration(),
        StopIteration(),
        SystemExit(3),
        GeneratorExit(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_error_of_the_body_leaves_bare(front, serve, error):
    """
    Case 100: an error in the body of a prefetch is raised unchanged, never in a group.
    """
    server = serve(answers=endless)

    async def body(client):
        # Caught inside, because event loops treat a KeyboardInterrupt differently.
        try:
            async with client.phone_numbers.list_all().prefetch(2) as ahead:
                await anext(ahead)
                raise error
        except BaseException as caught:
            return caught

    assert error is front.run(body, server.base_url)


class BareError(BaseException):
    """
    An exception of the caller's own, and not even an `Exception`.
    """


def raising_from(front, error):
    """
    Return a client of httpx for *front*, whose hook raises *error* after the second response.
    """
    seen = []

    def hook(response):
        seen.append(response)
        if len(seen) == 2:
            raise error

    async def awaited_hook(response):
        hook(response)

    return kind_of(front, httpx)(
        event_hooks={"response": [hook if front.is_blocking else awaited_hook]},
        trust_env=False,
        verify=NO_CERTIFICATES,
    )


@pytest.mark.lets_out("BareError", "RuntimeError")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [StopAsyncIteration, BareError, asyncio.CancelledError])
def test_error_of_a_hook_does_not_end_a_list(front, serve, way, kind):
    """
    Case 100: what a hook of the caller's own raises leaves a walk bare, and the list does not look
    complete, even if the exception is one that ends an iteration or a task.
    """
    raised = kind()
    own = raising_from(front, raised)
    server = serve(answers=the_list("A", "B", "C"))

    async def body(client):
        try:
            return await walk(client.phone_numbers.list_all(page_size=1), way)
        except BaseException as caught:
            return caught
        finally:
            await close(own)

    caught = front.run(body, server.base_url, http_client=own)

    if kind is StopAsyncIteration:
        assert RuntimeError is type(caught)
        assert raised is caught.__cause__
    else:
        assert raised is caught
    assert 2 == server.n


@pytest.mark.lets_out("BareError")
@pytest.mark.parametrize("kind", [StopAsyncIteration, BareError, asyncio.CancelledError])
def test_error_of_a_hook_in_get_many(front, serve, kind):
    """
    Case 100: what a hook of the caller's own raises leaves `get_many` bare.
    """
    raised = kind()
    own = raising_from(front, raised)
    server = serve(answers=lambda request: single(id=request.target.rpartition("/")[2]))

    async def body(client):
        try:
            return await client.phone_numbers.get_many(["A", "B", "C"], concurrency=2)
        except BaseException as caught:
            return caught
        finally:
            # A thread of the blocking front may be in a request.
            assert until(lambda: not workers())
            await close(own)

    assert raised is front.run(body, server.base_url, http_client=own)


@pytest.mark.in_flight
def test_error_of_the_body_while_a_page_is_on_its_way(front, serve):
    """
    Case 100: an error in the body does not wait for a page that is being fetched.
    """
    server = serve(page("A", more=True), lambda connection: connection.wait())

    async def body(client):
        started = time.monotonic()
        with pytest.raises(ZeroDivisionError):
            async with client.phone_numbers.list_all().prefetch() as ahead:
                await anext(ahead)
                while server.n < 2:
                    await pause(front, 0.002)
                raise ZeroDivisionError
        return elapsed(started)

    assert 0.5 > front.run(body, server.base_url)
    assert until(lambda: not workers())


def test_leaving_a_prefetch_leaves_no_thread(front, serve):
    """
    Case 100: ten prefetches that end early leave no thread and no task, and the client works.
    """
    server = serve(answers=endless)

    async def body(client):
        for _ in range(10):
            async with client.phone_numbers.list_all(page_size=1).prefetch(2) as ahead:
                async for _ in ahead:
                    break
        assert until(lambda: not workers())
        return len(await client.phone_numbers.list(limit=3))

    assert 3 == front.run(body, server.base_url)


@pytest.mark.lets_out("RuntimeError")
def test_iterator_kept_after_its_prefetch(front, serve):
    """
    Case 105: an iterator that is used after its `with` ends, or raises our own error, and never
    hangs.
    """
    server = serve(answers=endless)

    async def body(client):
        async with client.phone_numbers.list_all(page_size=2).prefetch() as ahead:
            seen = [(await anext(ahead)).id]
        before = server.n
        try:
            for _ in range(20):
                seen.append((await anext(ahead)).id)
        except BaseException as error:
            end = type(error)
        await pause(front, 0.02)
        return seen, end, server.n - before

    seen, end, requests = front.run(body, server.base_url)

    # It may return what was already fetched, but in order.
    assert [str(i) for i in range(len(seen))] == seen
    assert end in {StopAsyncIteration, RuntimeError}
    # The thread of the blocking prefetch may have been in a request.
    assert requests <= 1


def test_prefetch_entered_twice(front, serve):
    """
    Case 105: entering a prefetch twice is a RuntimeError that says what to do.
    """
    server = serve(answers=endless)

    async def body(client):
        prefetch = client.phone_numbers.list_all().prefetch()
        async with prefetch as ahead:
            await anext(ahead)
            with pytest.raises(RuntimeError, match="prefetch"):
                await prefetch.__aenter__()
            second = await anext(ahead)
        with pytest.raises(RuntimeError, match="prefetch"):
            await prefetch.__aenter__()
        return second.id

    assert "1" == front.run(body, server.base_url)


def test_prefetch_that_was_never_entered(front, serve):
    """
    Case 105: leaving a prefetch that was never entered does nothing.
    """
    server = serve(page())

    async def body(client):
        await client.phone_numbers.list_all().prefetch().__aexit__(None, None, None)

    front.run(body, server.base_url)

    assert 0 == server.n


def test_close_under_a_prefetch(front, serve):
    """
    Case 105: closing the client under a prefetch ends the walk with a ClientClosedError.
    """
    server = serve(page("A", more=True), lambda connection: connection.wait())

    async def body(client):
        seen = []
        with pytest.raises(ClientClosedError) as caught:
            async with client.phone_numbers.list_all().prefetch() as ahead:
                async for number in ahead:
                    seen.append(number.id)
                    while server.n < 2:
                        await pause(front, 0.002)
                    await client.aclose()
        return seen, caught.value.cursor

    assert (["A"], "A") == front.run(body, server.base_url)


def test_prefetches_side_by_side(front, serve):
    """
    Case 103: several nested prefetches do not affect each other.
    """
    server = serve(answers=the_list(*"ABCDEF"))

    async def body(client):
        pairs = []
        pager = client.phone_numbers.list_all(page_size=2)
        async with pager.prefetch() as outer, pager.prefetch(2) as inner:
            async for number in outer:
                pairs.append(number.id + (await anext(inner)).id)
        return pairs

    assert ["AA", "BB", "CC", "DD", "EE", "FF"] == front.run(body, server.base_url)


def test_walk_within_a_walk(front, serve):
    """
    Case 105: calls can be made during a walk, with a pool of one connection.
    """
    server = serve(answers=the_list("A", "B", "C"))

    async def body(client):
        seen = []
        async for number in client.phone_numbers.list_all(page_size=1):
            inner = [one.id async for one in client.phone_numbers.list_all(page_size=2)]
            seen.append(number.id + "".join(inner))
        return seen

    assert ["AABC", "BABC", "CABC"] == front.run(body, server.base_url, max_connections=1)


def test_pagers_are_no_generators(front, serve):
    """
    Case 100: a pager is an iterator class without a finaliser, and not an async generator.
    """
    server = serve(page("A"))

    async def body(client):
        pager = client.phone_numbers.list_all()
        return [aiter(pager), pager.pages()]

    for iterator in front.run(body, server.base_url):
        assert not isinstance(iterator, types.AsyncGeneratorType | types.GeneratorType)


def test_mismatch_does_not_reach_a_walk(front, serve):
    """
    Case 94: after a response about another id, a walk uses a new connection.
    """

    def answers(request):
        if "/phone-numbers/" in request.target:
            return ok({"data": numbers("other")[0]})
        return the_list("A", "B")(request)

    server = serve(answers=answers)

    async def body(client):
        with pytest.raises(ResponseMismatchError):
            await client.phone_numbers.get("mine")
        return await walk(client.phone_numbers.list_all(page_size=1))

    assert (["A", "B"], None) == front.run(body, server.base_url)
    assert [1, 2, 2] == [request.connection for request in server.requests]


def test_no_server_at_all(front, naps):
    """
    Case 98: a walk that fails at its start raises the error of a call, without a cursor.
    """

    async def body(client):
        return await walk(client.phone_numbers.list_all())

    seen, error = front.run(body, "http://127.0.0.1:1")

    assert [] == seen
    assert APIConnectionError is type(error)
    assert error.cursor is None
