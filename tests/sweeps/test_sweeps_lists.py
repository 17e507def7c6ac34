"""
Sweeps of ids, cursors, and any pages that a server may make of a list.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs
from hypothesis import example, given
from hypothesis import strategies as st
from server import Received, Reply, answer, page, single
from sweeping import (
    SWEEP,
    Asking,
    is_sound,
    settled,
    then_closed,
)

from heymilo_async import (
    APIConnectionError,
    HeyMiloError,
    InvalidRequestError,
    NotFoundError,
    PaginationError,
    PhoneNumber,
    ResponseDecodeError,
    ServerError,
)

#: Characters with a meaning in a path, a query or a head, and ones that resemble them.
LOADED = st.sampled_from(
    [
        *(
            "..",
            "../",
            "/",
            "//",
            "\\",
            "?",
            "#",
            "%",
            "%2e",
            "%2F",
            "%00",
            "&",
            "=",
            ";",
            ":",
            "@",
        ),
        *("+", "\r\n", "\x00", "\x7f", "\x85", "\u2028", "\u2024", "\uff0f", "\ud800", "e\u0301"),
    ]
)
#: Any text, surrogates included, and text made of special parts.
texts = st.text(st.characters(), max_size=30) | st.lists(
    LOADED | st.text(max_size=3), max_size=6
).map("".join)


def echo(request: Received) -> Reply:
    """
    Respond with a number that has the requested id, as a server decodes it.
    """
    return single(id=unquote(request.target.rpartition("/")[2]))


# Ids and cursors.


@SWEEP
@given(text=texts)
@example(text=".")
@example(text="..")
@example(text="")
def test_any_id(asking, text):
    """
    Case 112: any text is one segment of the path, or refused unsent.
    """
    got: Any = asking.run(lambda client: settled(client.phone_numbers.get(text)), echo)

    if isinstance(got, InvalidRequestError):
        assert [] == asking.requests
        assert is_sound(got)
        # The refused ids name another path, or have characters that no id has.
        assert text in {"", ".", ".."} or any(
            unicodedata.category(character)[0] in "CZ" for character in text
        )
    else:
        (request,) = asking.requests
        assert text == got.id
        assert request.target.isascii()
        parts = urlsplit(request.target)
        assert ("", "", "") == (parts.netloc, parts.query, parts.fragment)
        assert ["", "api", "v2", "phone-numbers", text] == [
            unquote(segment) for segment in parts.path.split("/")
        ]


@SWEEP
@given(text=texts)
def test_any_cursor(asking, text):
    """
    Case 112: any text is the value of one parameter, or refused unsent.
    """
    got: Any = asking.run(
        lambda client: settled(client.phone_numbers.list(limit=7, starting_after=text)),
        lambda _: page(),
    )

    if isinstance(got, InvalidRequestError):
        assert [] == asking.requests
        assert not text or any(unicodedata.category(character) == "Cs" for character in text)
    else:
        (request,) = asking.requests
        assert request.target.isascii()
        path, _, query = request.target.partition("?")
        assert "/api/v2/phone-numbers" == path
        assert [("limit", "7"), ("starting_after", text)] == parse_qsl(query, strict_parsing=True)


# Pages.

#: Responses other than a page, and the caller's result.
BROKEN: dict[str, tuple[Reply, type[HeyMiloError]]] = {
    "cut": (then_closed(page("x")[:-9]), APIConnectionError),
    "close": (then_closed(), APIConnectionError),
    "gone": (answer(404), NotFoundError),
    "html": (answer(200, b"<html>"), ResponseDecodeError),
    "item": (
        answer(200, page("x").partition(b"\r\n\r\n")[2].replace(b"true", b"1")),
        ResponseDecodeError,
    ),
    "null": (
        answer(200, b'{"data": null, "pagination": {"has_more": false}}'),
        ResponseDecodeError,
    ),
    "503": (answer(503), ServerError),
}


@attrs.frozen
class Sent:
    """
    A page that the server sends, or the name of another response.
    """

    ids: tuple[str, ...] = ()
    more: bool = True
    broken: str | None = None

    @property
    def reply(self) -> Reply:
        """
        Its bytes.
        """
        return BROKEN[self.broken][0] if self.broken else page(*self.ids, more=self.more)


ids = st.text("ab&\u00e9", max_size=2)
pages = st.builds(
    Sent,
    ids=st.lists(ids, max_size=4).map(tuple),
    more=st.sampled_from([True, True, True, False]),
)
broken = st.sampled_from(sorted(BROKEN)).map(lambda name: Sent(broken=name))
lists = st.lists(pages | pages | pages | broken, min_size=1, max_size=6)


async def items(client: Any) -> tuple[list[str], HeyMiloError | None, str | None]:
    """
    Walk item by item; return the ids, the error if there was one, and the cursor.
    """
    pager = client.phone_numbers.list_all(page_size=3)
    return await _gathered(pager, aiter(pager))


async def in_pages(client: Any) -> tuple[list[str], HeyMiloError | None, str | None]:
    """
    Walk page by page.
    """
    pager = client.phone_numbers.list_all(page_size=3)
    got, error, cursor = await _gathered(pager, pager.pages())
    return [number.id for one in got for number in one], error, cursor


async def ahead(client: Any) -> tuple[list[str], HeyMiloError | None, str | None]:
    """
    Walk with prefetched pages.
    """
    pager = client.phone_numbers.list_all(page_size=3)
    async with pager.prefetch(pages=2) as numbers:
        return await _gathered(pager, numbers)


async def collected(client: Any) -> tuple[list[str], HeyMiloError | None, str | None]:
    """
    Collect all at once.
    """
    pager = client.phone_numbers.list_all(page_size=3)
    try:
        got, error = await pager.collect(), None
    except HeyMiloError as raised:
        got, error = raised.collected, raised
    return [number.id for number in got], error, pager.cursor


async def _gathered(pager: Any, walk: Any) -> tuple[list[Any], HeyMiloError | None, str | None]:
    got: list[Any] = []
    while True:
        try:
            one = await anext(walk)
        except StopAsyncIteration:
            return got, None, pager.cursor
        except HeyMiloError as error:
            return got, error, pager.cursor
        got.append(one.id if isinstance(one, PhoneNumber) else one)


def in_turn(sent: list[Sent]) -> Callable[[Received], Reply]:
    """
    Return replies with one page after the other, and then the last one for ever.
    """
    left = list(sent)
    return lambda _: (left.pop(0) if len(left) > 1 else left[0]).reply


def cursor_of(request: Received) -> str | None:
    """
    Return the cursor of a request.
    """
    return dict(parse_qsl(request.target.partition("?")[2])).get("starting_after")


@SWEEP
@given(sent=lists, walk=st.sampled_from([items, in_pages, ahead, collected]))
@example(sent=[Sent(("a",)), Sent(("b",), more=False)], walk=items)
@example(sent=[Sent(())], walk=collected)
@example(sent=[Sent(("a", "b")), Sent(("aa", "a")), Sent(("ab", "b"))], walk=in_pages)
@example(sent=[Sent(("a",)), Sent((), more=False)], walk=ahead)
def test_any_pages(asking: Asking, sent, walk):
    """
    Cases 93, 94, 98, 104: a walk returns all items, once each, or ends in an error with its
    position.

    No item is lost or returned twice, and every walk ends.
    """
    got, error, cursor = asking.run(walk, in_turn(sent))

    # As many whole pages as needed, one after the other, each requested with the last id before.
    asked = [cursor_of(request) for request in asking.requests]
    answered = [*sent, *[sent[-1]] * len(asked)][: len(asked)]
    whole = answered if error is None else answered[:-1]
    assert [one for page in whole for one in page.ids] == got
    ends = [page.ids[-1] for page in whole if page.ids]
    assert [None, *ends][: len(asked)] == asked
    assert (ends[-1] if ends else None) == cursor

    if error is None:
        assert [*[True] * (len(whole) - 1), False] == [page.more for page in whole]
        return
    assert is_sound(error)
    assert cursor == error.cursor
    last = answered[-1]
    if last.broken:
        assert BROKEN[last.broken][1] is type(error)
        return
    # Only lists that do not advance are refused.
    assert PaginationError is type(error)
    assert (
        (last.more and (not last.ids or not last.ids[-1]))
        or cursor in last.ids
        or last.ids[-1] in ends
    )


@SWEEP
@given(
    count=st.integers(0, 30),
    size=st.integers(1, 100),
    most=st.none() | st.integers(0, 35),
    walk=st.sampled_from(["items", "pages", "ahead", "collected"]),
)
def test_any_list(asking: Asking, count, size, most, walk):
    """
    Cases 92, 103: a walk over a consistent list returns every item, in order, up to the limit.
    """
    known = [f"{number:02}" for number in range(count)]

    def answers(request: Received) -> Reply:
        query = dict(parse_qsl(request.target.partition("?")[2]))
        first = known.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        last = first + int(query["limit"])
        return page(*known[first:last], more=last < count)

    async def body(client: Any) -> list[str]:
        pager = client.phone_numbers.list_all(page_size=size, max_items=most)
        if walk == "pages":
            return [number.id async for one in pager.pages() for number in one]
        if walk == "collected":
            return [number.id for number in await pager.collect()]
        if walk == "items":
            return [number.id async for number in pager]
        async with pager.prefetch() as numbers:
            return [number.id async for number in numbers]

    got = asking.run(body, answers)

    wanted = count if most is None else min(count, most)
    assert known[:wanted] == got
    assert max(1, -(-wanted // size)) - (most == 0) == len(asking.requests)
    assert {str(size)} >= {
        dict(parse_qsl(request.target.partition("?")[2]))["limit"] for request in asking.requests
    }
