"""
`next_page`: it keeps the arguments, ends after the last page, and needs a client.
"""

from __future__ import annotations

import copy
import pickle

import pytest
from server import numbers, ok, page

from heymilo_async import (
    AsyncPage,
    InvalidRequestError,
    Page,
    PaginationError,
    PaginationMeta,
    ServerError,
    from_dict,
    to_dict,
)


async def following(one):
    """
    Return the page after *one*, of either class.
    """
    found = one.next_page()
    return await found if isinstance(one, AsyncPage) else found


async def walked(one):
    """
    Return the ids of *one* and of all following pages.
    """
    ids = []
    while one is not None:
        ids.append([number.id for number in one])
        one = await following(one)
    return ids


def test_to_the_end(front, serve):
    """
    Each page has a next one, and the last returns None; the arguments stay the same.
    """
    server = serve(page("A", "B", more=True), page("C", more=True), page("D"))

    async def body(client):
        return await walked(await client.phone_numbers.list(limit=2))

    assert [["A", "B"], ["C"], ["D"]] == front.run(body, server.base_url)
    assert ["limit=2", "limit=2&starting_after=B", "limit=2&starting_after=C"] == [
        request.target.partition("?")[2] for request in server.requests
    ]


def test_an_empty_list(front, serve):
    """
    An empty page is the last one.
    """
    server = serve(page())

    async def body(client):
        return await walked(await client.phone_numbers.list())

    assert [[]] == front.run(body, server.base_url)
    assert 1 == server.n


def test_each_list_has_it(front, serve):
    """
    Lists with a parent or with arguments of their own support it too, and keep these.
    """
    listed = ok({"data": [], "pagination": {"has_more": False}})
    summary = {"id": "P1", "title": "A", "object": "posting_summary"}
    first = ok({"data": [summary], "pagination": {"has_more": True}})
    server = serve(first, listed)

    async def body(client):
        one = await client.postings.list_summaries(search="A")
        return len(await following(one))

    assert 0 == front.run(body, server.base_url)
    assert "search=A" in server.requests[1].target
    assert "starting_after=P1" in server.requests[1].target


def test_of_raw(front, serve):
    """
    The page of a raw answer has it as well, and what it fetches is in no answer.
    """
    server = serve(page("A", more=True), page("B"))

    async def body(client):
        response = await client.raw(client.phone_numbers.list, limit=1)
        return await walked(response.data), len(response.attempts)

    assert ([["A"], ["B"]], 1) == front.run(body, server.base_url)


def test_the_settings_of_a_view(front, serve):
    """
    The next page is fetched with the settings of the view that fetched the first.
    """
    server = serve(page("A", more=True), page("B"))

    async def body(client):
        view = client.with_options(api_key="the-key-of-a-view")
        return await walked(await view.phone_numbers.list())

    front.run(body, server.base_url)

    assert {"the-key-of-a-view"} == {request.headers["x-api-key"] for request in server.requests}


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ([page("A", more=True), page("A", more=True)], "is not advancing"),
        ([page("A", more=True), page("B", "A")], "is not advancing"),
        ([page(more=True)], "an empty page with has_more"),
    ],
)
def test_a_list_that_does_not_get_on(front, serve, replies, words):
    """
    A page that repeats the last item, or is empty and promises more, is a PaginationError.
    """
    server = serve(*replies)

    async def body(client):
        with pytest.raises(PaginationError, match=words):
            await walked(await client.phone_numbers.list())

    front.run(body, server.base_url)


def test_an_error_leaves_the_page_as_it_was(front, serve, naps):
    """
    An error of the list is raised, and another call tries again.
    """
    server = serve(page("A", more=True), *[b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"] * 3)

    async def body(client):
        one = await client.phone_numbers.list()
        with pytest.raises(ServerError):
            await following(one)
        server.replies[:] = [page("B")]
        return [number.id for number in await following(one)]

    assert ["B"] == front.run(body, server.base_url)
    assert 2 == len(naps)


def test_a_page_without_a_client(front, serve):
    """
    A page that was constructed, copied, unpickled or decoded has no next page; the error says what
    to do.
    """
    server = serve(page("A", more=True))

    async def body(client):
        return await client.phone_numbers.list()

    one = front.run(body, server.base_url)
    kind = type(one)
    orphans = [
        pickle.loads(pickle.dumps(one)),
        copy.copy(one),
        from_dict(Page, to_dict(one)),
        kind(data=one.data, pagination=PaginationMeta(has_more=True)),
    ]

    async def ask(_):
        for orphan in orphans:
            with pytest.raises(InvalidRequestError, match=r"starting_after=page\.next_cursor"):
                await following(orphan)

    front.run(ask, server.base_url)
    assert [True] * 3 == [one == orphan for orphan in orphans[:3]]
    assert [hash(one)] * 3 == [hash(orphan) for orphan in orphans[:3]]


def test_both_faces_are_equal(serve):
    """
    Pages of both clients with the same items are equal; other objects are not.
    """
    made = [
        kind(data=tuple(numbers("A")), pagination=PaginationMeta(has_more=False))
        for kind in (Page, AsyncPage)
    ]
    other = Page(data=(), pagination=PaginationMeta(has_more=False))

    assert made[0] == made[1]
    assert made[1] == made[0]
    assert other != made[0]
    assert made[0] != tuple(made[0].data)
