"""
The rules of a walk: how it advances, when it ends, and which responses are not a list.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

import attrs
import pytest
from inside import awaited, run_now
from server import NUMBER

from heymilo_async import (
    AsyncPage,
    AsyncPhoneNumbers,
    HeyMilo,
    HeyMiloError,
    InvalidRequestError,
    Page,
    PaginationError,
    PaginationMeta,
    PhoneNumber,
    PhoneNumbers,
    ServerError,
    from_dict,
    pages,
)
from heymilo_async.pages import AsyncPager, Pager


def page(*ids: str, more: bool = True, **meta: Any) -> Page[PhoneNumber]:
    """
    Return a page of *ids*.
    """
    return Page(
        data=tuple(from_dict(PhoneNumber, {**NUMBER, "id": one}) for one in ids),
        pagination=PaginationMeta(has_more=more, **meta),
    )


class Prefetched:
    """
    Fetches on demand: a prefetch without a thread or a task.
    """

    def __init__(self, fetch: Callable[[], Any], count: int) -> None:
        self.next = fetch
        self.count = count
        self.left = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.left = True


class Engine:
    """
    Returns *outcomes* one after the other, and records its calls.
    """

    #: No `raw` watches.
    record = None

    def __init__(self, *outcomes: Page[PhoneNumber] | BaseException) -> None:
        self.outcomes = list(outcomes)
        self.asked: list[Any] = []
        self.deadlines: list[float | None] = []
        self.aheads: list[Prefetched] = []

    def expiry(self) -> float:
        """
        Return the deadline of a call that starts now.
        """
        return 99.0

    def clean(self, text: str) -> str:
        """
        Return *text*, because there are no secrets here.
        """
        return text

    async def perform(self, cursor: Any, *, expires: float | None = None) -> Page[PhoneNumber]:
        """
        Return the next page.
        """
        self.asked.append(cursor)
        self.deadlines.append(expires)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def prefetch(self, fetch: Callable[[], Any], count: int) -> Prefetched:
        """
        Return the prefetcher.
        """
        self.aheads.append(Prefetched(fetch, count))
        return self.aheads[-1]


def ids_of(numbers: Any) -> list[str]:
    """
    Return the id of each item.
    """
    return [number.id for number in numbers]


def read_ahead(pager: Pager[PhoneNumber]) -> list[str]:
    """
    Return the id of each item, prefetched.
    """
    with pager.prefetch() as numbers:
        return ids_of(numbers)


def pager_of(
    engine: Any,
    *,
    starting_after: str | None = None,
    max_items: int | None = None,
    keep: Callable[[PhoneNumber], bool] | None = None,
) -> Pager[PhoneNumber]:
    """
    Return a pager over the pages of *engine*; a call is its cursor.
    """
    return Pager(
        AsyncPager(
            engine,
            lambda cursor: cursor,  # type: ignore[arg-type,return-value]
            starting_after=starting_after,
            max_items=max_items,
            keep=keep,
        )
    )


# Ways to walk.

WAYS: dict[str, Callable[[Pager[PhoneNumber]], list[str]]] = {
    "items": ids_of,
    "pages": lambda pager: [one for page in pager.pages() for one in ids_of(page)],
    "collect": lambda pager: ids_of(pager.collect()),
    "prefetch": read_ahead,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_page_is_asked_for_by_the_last_id_before(way):
    """
    Case 92: every item comes once, in order, and each page is requested with the last id of the one
    before.
    """
    engine = Engine(page("a", "b"), page("c"), page("d", more=False))
    pager = pager_of(engine)

    assert ["a", "b", "c", "d"] == way(pager)
    assert [None, "b", "c"] == engine.asked
    assert pager.cursor == "d"


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_walk_starts_where_it_is_told_to_each_time(way):
    """
    Case 105: each iteration starts again, after the same id.
    """
    engine = Engine(page("b"), page("c", more=False), page("b"), page("c", more=False))
    pager = pager_of(engine, starting_after="a")

    assert pager.cursor == "a"
    assert ["b", "c"] == way(pager)
    assert ["b", "c"] == way(pager)
    assert ["a", "b", "a", "b"] == engine.asked


def test_the_cursor_starts_anew_too():
    """
    Case 105: the cursor of a second walk starts where the first one started.
    """
    pager = pager_of(Engine(page("b", more=False)), starting_after="a")
    ids_of(pager)
    assert pager.cursor == "b"

    iter(pager)

    assert pager.cursor == "a"


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("most", "expected", "asked"),
    [
        (0, [], []),
        (1, ["a"], [None]),
        (2, ["a", "b"], [None]),
        (3, ["a", "b", "c"], [None, "b"]),
        (4, ["a", "b", "c", "d"], [None, "b"]),
        (5, ["a", "b", "c", "d"], [None, "b"]),
    ],
)
def test_no_more_than_wanted(way, most, expected, asked):
    """
    Case 103: `max_items` ends a walk, and no further page is fetched.
    """
    engine = Engine(page("a", "b"), page("c", "d", more=False))

    assert expected == way(pager_of(engine, max_items=most))
    assert asked == engine.asked


def test_a_page_that_is_cut_says_that_there_is_more():
    """
    Case 103: pages are whole, except the one that `max_items` cuts, which has more after it.
    """
    first, last = page("a", "b", total_count=4), page("c", "d", more=False, total_count=4)

    assert [first, page("c", total_count=4)] == list(
        pager_of(Engine(first, last), max_items=3).pages()
    )
    assert [first, last] == list(pager_of(Engine(first, last), max_items=4).pages())


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("kept", "most", "expected", "asked"),
    [
        ("bd", None, ["b", "d"], [None, "b", "c"]),
        ("a", None, ["a"], [None, "b", "c"]),
        ("x", None, [], [None, "b", "c"]),
        ("bc", 3, ["b", "c"], [None, "b"]),
    ],
)
def test_only_what_is_looked_for(way, kept, most, expected, asked):
    """
    A search continues over items that do not match, which still count for `max_items`.
    """
    engine = Engine(page("a", "b"), page("c"), page("d", more=False))
    pager = pager_of(engine, max_items=most, keep=lambda number: number.id in kept)

    assert expected == way(pager)
    assert asked == engine.asked


def test_pages_of_which_nothing_is_kept_are_left_out():
    """
    A search returns only pages with a match; if none has one, it returns the last page, empty.
    """
    pages = page("a", "b"), page("c"), page("d", more=False)

    for kept, expected in (
        ("bd", [page("b"), page("d", more=False)]),
        ("c", [page("c"), page(more=False)]),
        ("x", [page(more=False)]),
    ):
        pager = pager_of(Engine(*pages), keep=lambda number, kept=kept: number.id in kept)
        assert expected == list(pager.pages())


def test_an_empty_list_is_one_empty_page():
    """
    Case 93: an empty page without `has_more` is the end, and does not move the cursor.
    """
    empty = page(more=False)
    pager = pager_of(Engine(empty), starting_after="a")

    assert [empty] == list(pager.pages())
    assert pager.cursor == "a"
    assert [] == ids_of(pager_of(Engine(page("a"), empty)))[1:]


def test_an_error_has_a_cursor_without_secrets():
    """
    I-1: if the cursor is the key, no error shows it; without a cursor, the error has none.
    """
    engine = Engine(HeyMiloError("no"), HeyMiloError("no"))
    engine.clean = lambda text: f"clean {text}"  # type: ignore[method-assign]
    cursors = []
    for starting_after in ("a", None):
        with pytest.raises(HeyMiloError) as caught:
            list(pager_of(engine, starting_after=starting_after))
        cursors.append(caught.value.cursor)

    assert ["clean a", None] == cursors


# Ctrl-C in the middle of a walk.


class List(Engine):
    """
    Has four items on pages of two, however often a page is requested.
    """

    async def perform(self, cursor: Any, *, expires: float | None = None) -> Page[PhoneNumber]:
        """
        Return the page after *cursor*.
        """
        self.asked.append(cursor)
        return {None: page("a", "b"), "b": page("c", "d"), "d": page("e", more=False)}[cursor]


class InterruptedAt:
    """
    Raises a KeyboardInterrupt at the *n*-th moment of pages.py, and of what runs its coroutines, at
    which Python handles signals: as a function begins, and after a call of a function in C.

    (An exception that is raised before any line, as of a debugger, may come between an exception and
    its handler, and Python then takes the exception for one that is still being handled.)
    """

    FILES = (pages.__file__, run_now.__code__.co_filename)

    def __init__(self, n: int) -> None:
        self._left = n
        self.is_over = False

    def __enter__(self) -> None:
        self._profiling = sys.getprofile()
        sys.setprofile(self._profile)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._profiling)

    def _profile(self, frame: FrameType, event: str, _: Any) -> None:
        if frame.f_code.co_filename in self.FILES and event in {"call", "c_return"}:
            self._left -= 1
            if self._left == -1:
                self.is_over = True
                raise KeyboardInterrupt


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize("keep", ["abcde", "ae", "b"])
@pytest.mark.parametrize("most", [None, 3])
@pytest.mark.parametrize("start", [iter, Pager.pages], ids=["items", "pages"])
def test_ctrl_c_at_any_moment_skips_nothing(start, most, keep):
    """
    Case 140: a call of `next` that Ctrl-C ends has returned nothing: the next call returns what it
    would have returned, and the cursor stands where it stood.
    """

    def walk(interrupted: Any) -> list[Any]:
        pager = pager_of(List(), max_items=most, keep=lambda number: number.id in keep)
        walking = start(pager)
        found: list[Any] = []
        while True:
            cursor = pager.cursor
            try:
                with interrupted:
                    one = next(walking)
                found.append(one)
            except KeyboardInterrupt:
                assert cursor == pager.cursor
            except StopIteration:
                return found

    expected = walk(contextlib.nullcontext())
    for n in range(1000):
        interrupted = InterruptedAt(n)
        assert expected == walk(interrupted)
        if not interrupted.is_over:
            break
    assert n > 50


# Lists that do not advance.

LONG = "x" * 60
NO_LIST: list[tuple[list[Any], list[str], str | None, str]] = [
    (
        [page()],
        [],
        None,
        "pagination is not advancing: the server sent an empty page with has_more",
    ),
    (
        [page("a"), page()],
        ["a"],
        "a",
        "pagination is not advancing: the server sent an empty page with has_more",
    ),
    (
        [page("a"), page("b", "a")],
        ["a"],
        "a",
        "pagination is not advancing: the page after 'a' contains it again",
    ),
    (
        [page("a"), page("a", "b", more=False)],
        ["a"],
        "a",
        "pagination is not advancing: the page after 'a' contains it again",
    ),
    (
        [page(LONG), page(LONG)],
        [LONG],
        LONG,
        f"pagination is not advancing: the page after '{LONG[:50]}' contains it again",
    ),
    (
        [page("a"), page("b"), page("c", "a")],
        ["a", "b"],
        "b",
        "pagination is not advancing: the server sent the cursor 'a' again",
    ),
    (
        [page(LONG), page("b"), page(LONG, more=False)],
        [LONG, "b"],
        "b",
        f"pagination is not advancing: the server sent the cursor '{LONG[:50]}' again",
    ),
    (
        [page("a", "")],
        [],
        None,
        "the id of the page's last item is not valid as a cursor: ''",
    ),
    (
        [page("a"), page(LONG * 200)],
        ["a"],
        "a",
        f"the id of the page's last item is not valid as a cursor: '{LONG[:50]}'",
    ),
]


@pytest.mark.parametrize(("outcomes", "expected", "cursor", "words"), NO_LIST)
def test_lists_that_do_not_get_on(outcomes, expected, cursor, words):
    """
    Cases 93, 94: the good items come first, then an error that says what is wrong, with the
    position.
    """
    pager = pager_of(Engine(*outcomes))
    got: list[str] = []

    with pytest.raises(PaginationError, match=f"^{re.escape(words)}$") as caught:
        got.extend(number.id for number in pager)

    assert expected == got
    assert cursor == caught.value.cursor
    assert cursor == pager.cursor


def test_a_last_page_may_end_with_any_id():
    """
    Case 94: an id that cannot be a cursor is allowed at the end of the last page.
    """
    assert ["a", ""] == ids_of(pager_of(Engine(page("a", "", more=False))))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_an_error_says_where_the_walk_stood(way):
    """
    Case 98: the error is that of the request, with the cursor to continue from.
    """
    failing = ServerError("down", status_code=503)
    pager = pager_of(Engine(page("a", "b"), failing))

    with pytest.raises(ServerError) as caught:
        way(pager)

    assert failing is caught.value
    assert failing.cursor == "b"
    assert pager.cursor == "b"


def test_a_walk_goes_on_after_an_error():
    """
    Case 98: after an error, the next call fetches the same page again.
    """
    engine = Engine(page("a"), ServerError("down", status_code=503), page("b", more=False))
    walk = iter(pager_of(engine))

    assert next(walk).id == "a"
    with pytest.raises(ServerError):
        next(walk)
    assert ["b"] == ids_of(walk)
    assert [None, "a", "a"] == engine.asked


def test_collecting_keeps_what_there_was():
    """
    Case 98: the error of `collect` has the items before it.
    """
    pager = pager_of(Engine(page("a", "b"), ServerError("down", status_code=503)))

    with pytest.raises(ServerError) as caught:
        pager.collect()

    assert ("a", "b") == tuple(ids_of(caught.value.collected))


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), OSError("the vault is down")])
def test_an_interrupted_collect_hands_nothing_over(interruption):
    """
    Case 98: if `collect` ends with another exception than the package's own, nobody receives its
    items; so the cursor is where it began.
    """
    pager = pager_of(Engine(page("a", "b"), interruption), starting_after="0")

    with pytest.raises(type(interruption)):
        pager.collect()

    assert "0" == pager.cursor


def test_a_walk_that_does_not_advance_is_logged_once(caplog):
    """
    The log has a WARNING for it, as for each other failure.
    """
    with pytest.raises(PaginationError) as caught:
        pager_of(Engine(page("a"), page("a"))).collect()

    (record,) = caplog.records
    assert ("WARNING", f"PaginationError: {caught.value}") == (
        record.levelname,
        record.getMessage(),
    )


# Deadlines, prefetching, and concurrent use.


def test_collecting_is_one_call_and_iterating_many():
    """
    Case 101: `collect` has one deadline for all pages; in an iteration each page has its own.
    """
    engine = Engine(page("a"), page("b", more=False), page("a"), page("b", more=False))
    pager = pager_of(engine)

    pager.collect()
    ids_of(pager)

    assert [99.0, 99.0, None, None] == engine.deadlines


def test_how_far_ahead():
    """
    By default one page is prefetched, at most 100.
    """
    engine = Engine()
    pager = pager_of(engine)
    for given in ({}, {"pages": 1}, {"pages": 100}):
        with pager.prefetch(**given):
            pass

    assert [1, 1, 100] == [ahead.count for ahead in engine.aheads]
    assert all(ahead.left for ahead in engine.aheads)
    run_now(twin := _prefetch_by_default(pager))
    assert not twin.cr_running
    assert engine.aheads[-1].count == 1


async def _prefetch_by_default(pager: Pager[PhoneNumber]) -> None:
    async with awaited(pager).prefetch():
        pass


@pytest.mark.parametrize("pages", [0, -1, 101])
def test_too_far_ahead(pages):
    """
    Case 102: the number of prefetched pages is from 1 to 100.
    """
    with pytest.raises(InvalidRequestError, match=f"^pages must be from 1 to 100: {pages}$"):
        pager_of(Engine()).prefetch(pages)


def test_reading_ahead_is_entered_once():
    """
    A prefetch is used for one walk: entering it twice, or using it afterwards, raises an error.
    """
    pager = pager_of(Engine(page("a"), page("b")))
    prefetch = pager.prefetch()
    with prefetch as numbers:
        assert next(numbers).id == "a"
    with pytest.raises(
        RuntimeError,
        match=r"^the `with` block of this prefetch has ended, so it fetches no more pages$",
    ):
        next(numbers)
    with (
        pytest.raises(
            RuntimeError,
            match=re.escape(
                "this prefetch was already entered: create a new one with pager.prefetch()"
            ),
        ) as caught,
        prefetch,
    ):
        pass
    assert str(caught.value).startswith("this")
    assert str(caught.value).endswith("()")


def test_a_second_entry_leaves_the_first_one_going():
    """
    Entering a prefetch a second time raises an error, and does not end the first one.
    """
    engine = Engine(page("a", more=False))
    prefetch = pager_of(engine).prefetch()
    with prefetch as numbers:
        with pytest.raises(RuntimeError, match="already entered"), prefetch:
            pass
        (ahead,) = engine.aheads

        assert not ahead.left
        assert ["a"] == ids_of(numbers)


def test_ctrl_c_while_a_prefetch_is_entered_ends_it(monkeypatch):
    """
    Ctrl-C after the prefetcher has begun ends it, because `with` calls no `__exit__` then.
    """

    async def interrupted(prefetched: Prefetched) -> Prefetched:
        raise KeyboardInterrupt

    monkeypatch.setattr(Prefetched, "__aenter__", interrupted)
    engine = Engine()
    with pytest.raises(KeyboardInterrupt), pager_of(engine).prefetch():
        pass

    assert [True] == [ahead.left for ahead in engine.aheads]


def test_a_page_whose_fetching_raises_stop_async_iteration(monkeypatch):
    """
    A hook that raises `StopAsyncIteration` does not make the list look complete.
    """

    async def ended(*_: object, **__: object) -> None:
        raise StopAsyncIteration

    engine = Engine()
    monkeypatch.setattr(engine, "perform", ended)
    with pytest.raises(RuntimeError, match=r"^fetching a page raised StopAsyncIteration$"):
        list(pager_of(engine))


def test_reading_ahead_that_was_left_fetches_nothing():
    """
    After the `with` no page is requested, even if the prefetcher could.
    """
    engine = Engine(page("a"), page("b"))
    with pager_of(engine).prefetch() as numbers:
        pass
    with pytest.raises(RuntimeError, match="has ended"):
        next(numbers)

    assert [] == engine.asked


@pytest.mark.parametrize("way", ["items", "pages"])
def test_two_that_take_from_one_iterator(way):
    """
    Of two tasks on one iterator, the second one gets an error, and the first one continues.
    """

    class Meddling(Engine):
        async def perform(self, cursor: Any, *, expires: float | None = None) -> Any:
            with pytest.raises(RuntimeError) as caught:
                next(walk)
            self.told = str(caught.value)
            return await super().perform(cursor, expires=expires)

    engine = Meddling(page("a"), page("b", more=False))
    pager = pager_of(engine)
    walk = iter(pager) if way == "items" else pager.pages()

    got = list(walk)

    assert ["a", "b"] == [one.id if way == "items" else one[0].id for one in got]
    assert (
        "two tasks (or threads) use one iterator at the same time: "
        "iterate in one of them, and pass the items to the other"
    ) == engine.told


def test_pagers_say_where_they_stand():
    """
    The `repr` of a pager has its class and its cursor.
    """
    pager = pager_of(Engine(page("b")), starting_after="a")

    assert "<Pager after 'a'>" == repr(pager)
    assert "<AsyncPager after 'a'>" == repr(awaited(pager))
    with HeyMilo("a-key") as client:
        assert "<Pager after 'a'>" == repr(client.phone_numbers.list_all(starting_after="a"))


def test_items_are_handed_out_one_by_one():
    """
    Case 98: the cursor is the last item that was returned, and not the last that was fetched.
    """
    pager = pager_of(Engine(page("a", "b", more=False)))
    walk = iter(pager)

    next(walk)

    assert pager.cursor == "a"


@pytest.mark.parametrize(
    ("given", "cursor"), [(page("a", "b"), "b"), (page("a", more=False), None), (page(), None)]
)
def test_the_next_cursor_of_a_page(given, cursor):
    """
    A page has the cursor of the next one, if there is one.
    """
    assert cursor == given.next_cursor
    assert given.pagination.has_more is given.has_more
    assert given.data == tuple(given)
    assert given.data[:1] == given[:1]


# From one page to the next.

FACES: dict[str, Callable[[Any], Page[PhoneNumber]]] = {
    "awaited": lambda engine: run_now(AsyncPhoneNumbers(engine).list(limit=2)),
    "blocking": lambda engine: PhoneNumbers(AsyncPhoneNumbers(engine)).list(limit=2),
}


def after(one: Page[PhoneNumber]) -> Any:
    """
    Return the page after *one*, of either class.
    """
    found: Any = one.next_page()
    return run_now(found) if isinstance(one, AsyncPage) else found


@pytest.mark.parametrize("face", FACES.values(), ids=FACES)
def test_each_page_has_the_next_one(face):
    """
    A page is returned as it came, in the client's class, and the next one is requested with the
    same arguments.
    """
    first = attrs.evolve(page("a", "b", total_count=3), extra={"x": 1})
    second = page("c", more=False)
    engine = Engine(first, second)

    one = face(engine)
    two = after(one)

    assert [first, second] == [one, two]
    assert type(one) is type(two)
    assert after(two) is None
    assert ["limit=2", "limit=2&starting_after=b"] == [call.query for call in engine.asked]


@pytest.mark.parametrize("face", FACES.values(), ids=FACES)
@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        (
            [page()],
            "pagination is not advancing: the server sent an empty page with has_more",
        ),
        (
            [page("a"), page("b", "a", more=False)],
            "pagination is not advancing: the next page repeats this page's last item",
        ),
    ],
    ids=["empty", "again"],
)
def test_pages_that_do_not_get_on(face, outcomes, words):
    """
    Cases 93, 94: an empty page with `has_more`, or one that repeats the last item, is an error.
    """
    one = face(Engine(*outcomes))

    with pytest.raises(PaginationError, match=f"^{words}$"):
        after(one)


@pytest.mark.parametrize("kind", [Page, AsyncPage])
@pytest.mark.parametrize("more", [True, False])
def test_a_page_that_no_list_returned(kind, more):
    """
    A constructed page has no next page, even if it is the last one; the error says what to do.
    """
    made = kind(data=page("a").data, pagination=PaginationMeta(has_more=more))

    with pytest.raises(InvalidRequestError) as caught:
        after(made)
    assert (
        "this page cannot fetch the next one, because no list call returned it: "
        "call the list with starting_after=page.next_cursor"
    ) == str(caught.value)


def test_pages_are_told_apart_by_their_hash():
    """
    The hash of a page depends on its items and its pagination, and not on its class.
    """
    given = page("a")
    twin = AsyncPage(data=given.data, pagination=given.pagination)

    assert hash(given) == hash(twin)
    assert hash(given) != hash(page("b"))
    assert hash(given) != hash(page("a", more=False))
