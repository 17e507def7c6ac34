"""
Pages and pagers: one page of a list, iterating over all pages, and prefetching pages.
"""

from __future__ import annotations

import threading
from collections.abc import (
    AsyncIterator,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar, overload

import attrs

from ._core.arguments import check_cursor, whole_number
from ._core.blocking import run_now
from ._core.emitter import log_failure
from ._core.messages import Call
from ._core.model import Model, cursor_of
from ._core.transport import Prefetched
from ._values import NOTHING_EXTRA, Record, read_only
from .errors import HeyMiloError, InvalidRequestError, PaginationError

if TYPE_CHECKING:
    from ._engine import Engine

T = TypeVar("T", bound=Model)
Item = TypeVar("Item")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PaginationMeta(Record):
    """
    A page's position in its list, the schema `PaginationMeta` of the contract.

    Attributes:
        has_more: Whether the list has items after this page.
        total_count: The number of items in the whole list, possibly an estimate; None if the
            server does not say.
        url: The URL of the list, as the server sends it; the client never requests it.
        extra: Fields that this version does not know.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> with HeyMilo() as client:
        ...     print(client.phone_numbers.list().pagination.total_count)
        30
    """

    has_more: bool
    total_count: int | None = None
    url: str | None = None
    extra: Mapping[str, Any] = attrs.field(default=NOTHING_EXTRA, converter=read_only, hash=False)


class _PageSource:
    """
    Holds the function that fetches the next page; unset if no list call returned the page.

    It is not a field, so comparison, pickling and `repr` ignore it.
    """

    __slots__ = ("_source",)

    _source: Any


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Page(_PageSource, Record, Sequence[T], Generic[T]):
    """
    One page of a list: a sequence of its items. It never sends a request.

    Attributes:
        data: The items of this page.
        pagination: The page's position in the list.
        extra: Other fields of the response that this version does not know.

    Example:
        >>> from heymilo_async import Page, PaginationMeta, PhoneNumber
        >>> number = PhoneNumber(id="666A24C3", phone_number="+12062088075", active=True)
        >>> page = Page(data=(number,), pagination=PaginationMeta(has_more=True))
        >>> len(page), page[0].id, page.next_cursor
        (1, '666A24C3', '666A24C3')
    """

    data: tuple[T, ...]
    pagination: PaginationMeta
    extra: Mapping[str, Any] = attrs.field(default=NOTHING_EXTRA, converter=read_only, hash=False)

    @property
    def has_more(self) -> bool:
        """
        Whether the list has items after this page.
        """
        return self.pagination.has_more

    @property
    def next_cursor(self) -> str | None:
        """
        The value of `starting_after` for the next page; None on the last page.
        """
        return cursor_of(self.data[-1]) if self.data and self.has_more else None

    def next_page(self) -> Page[T] | None:
        """
        Fetch the page after this one with the same arguments, in one request.

        Returns:
            The page; None if this one is the last.

        Raises:
            InvalidRequestError: This page does not come from a list call: it was created, copied or
                unpickled, or comes from a pager.
            PaginationError: Pagination is not advancing.
            HeyMiloError: Any error of the list call.

        Example:
            >>> from heymilo_async import HeyMilo
            >>> with HeyMilo() as client:
            ...     page = client.phone_numbers.list(limit=20)
            ...     while page is not None:
            ...         print(len(page))
            ...         page = page.next_page()
            20
            10
        """
        twin: AsyncPage[T] = self._require_source()
        following = run_now(twin.next_page())
        return None if following is None else following._as_blocking()

    def _require_source(self) -> Any:
        source = getattr(self, "_source", None)
        if source is None:
            message = (
                "this page cannot fetch the next one, because no list call returned it: call the "
                "list with starting_after=page.next_cursor"
            )
            raise InvalidRequestError(message)
        return source

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Page):
            return NotImplemented
        return (self.data, self.pagination, self.extra) == (
            other.data,
            other.pagination,
            other.extra,
        )

    def __hash__(self) -> int:
        return hash((self.data, self.pagination))

    @overload
    def __getitem__(self, index: int, /) -> T: ...
    @overload
    def __getitem__(self, index: slice, /) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice, /) -> T | tuple[T, ...]:
        return self.data[index]

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[T]:
        return iter(self.data)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AsyncPage(Page[T], Generic[T]):
    """
    A page from an `AsyncHeyMilo`: a `Page` whose `next_page` is awaited.

    Example:
        >>> import asyncio
        >>> from heymilo_async import AsyncHeyMilo, Page
        >>> async def main() -> None:
        ...     async with AsyncHeyMilo() as client:
        ...         page = await client.phone_numbers.list(limit=20)
        ...         print(isinstance(page, Page), len(await page.next_page() or ()))
        >>> asyncio.run(main())
        True 10
    """

    # The type differs from that of `Page`, but both clients' pages need a method of this name.
    async def next_page(self) -> AsyncPage[T] | None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """
        Fetch the page after this one with the same arguments, in one request.

        Returns:
            The page; None if this one is the last.

        Raises:
            InvalidRequestError: This page does not come from a list call: it was created, copied or
                unpickled, or comes from a pager.
            PaginationError: Pagination is not advancing.
            HeyMiloError: Any error of the list call.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         page = await client.phone_numbers.list(limit=20)
            ...         while page is not None:
            ...             print(len(page))
            ...             page = await page.next_page()
            >>> asyncio.run(main())
            20
            10
        """
        source: Callable[[str], Coroutine[Any, Any, AsyncPage[T]]] = self._require_source()
        if not self.has_more:
            return None
        cursor = self.next_cursor
        if cursor is None:
            raise _stuck(_EMPTY)
        page = await source(cursor)
        if any(cursor_of(item) == cursor for item in page):
            raise _stuck(_REPEATED_ITEM)
        return page

    @classmethod
    def _of(
        cls, page: Page[T], source: Callable[[str], Coroutine[Any, Any, AsyncPage[T]]]
    ) -> AsyncPage[T]:
        """
        Return *page* with the function that fetches the page after a cursor.
        """
        result = cls(data=page.data, pagination=page.pagination, extra=page.extra)
        object.__setattr__(result, "_source", source)
        return result

    def _as_blocking(self) -> Page[T]:
        page: Page[T] = Page(data=self.data, pagination=self.pagination, extra=self.extra)
        object.__setattr__(page, "_source", self)
        return page


_EMPTY: Final = "pagination is not advancing: the server sent an empty page with has_more"
_REPEATED_ITEM: Final = "pagination is not advancing: the next page repeats this page's last item"


class AsyncPager(Generic[T]):
    """
    Iterates over a list, page by page; returned by `list_all`.

    Iterate over the pager to get items. Each iteration starts again after `starting_after`. Each
    page has a deadline of its own, so a slow consumer does not exceed it.

    Example:
        >>> import asyncio
        >>> from heymilo_async import AsyncHeyMilo
        >>> async def main() -> None:
        ...     async with AsyncHeyMilo() as client:
        ...         pager = client.phone_numbers.list_all(max_items=2)
        ...         async for number in pager:
        ...             print(number.phone_number)
        ...         print("go on after", pager.cursor)
        >>> asyncio.run(main())
        +12065550100
        +12045550100
        go on after 3C6EF362
    """

    if TYPE_CHECKING:
        _engine: Engine

    # Any, because importing `Engine` loads the HTTP library, which `heymilo --help` does not need.
    def __init__(
        self,
        engine: Any,
        page_after: Callable[[str | None], Call[Page[T]]],
        *,
        starting_after: str | None,
        max_items: int | None,
        keep: Callable[[T], bool] | None = None,
    ) -> None:
        self._engine = engine
        self._page_after = page_after
        self._starting_after = starting_after
        self._max_items = max_items
        self._keep = keep
        self._cursor = starting_after

    @property
    def cursor(self) -> str | None:
        """
        The id of the last item that the iteration returned: pass it as `starting_after` to resume.

        Before the first item, the value of `starting_after`.
        """
        return self._cursor

    def __aiter__(self) -> AsyncIterator[T]:
        """
        Iterate over the items.

        Raises:
            HeyMiloError: Fetching a page failed; resume from `.cursor`.
            PaginationError: Pagination is not advancing.
            RuntimeError: Two tasks use one iterator at the same time.
        """
        walk = self._walk()
        return _Items(self, walk.start, walk.step_after)

    def pages(self) -> AsyncIterator[Page[T]]:
        """
        Iterate over the pages; the last page ends at `max_items`.

        Returns:
            An iterator of pages, which raises the same errors as the pager.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         pager = client.phone_numbers.list_all(page_size=20)
            ...         print([len(page) async for page in pager.pages()])
            >>> asyncio.run(main())
            [20, 10]
        """
        walk = self._walk()
        return _Pages(self, walk.start, walk.step_after)

    async def collect(self) -> list[T]:
        """
        Fetch all pages and return their items. One deadline covers all requests.

        Returns:
            Every item, in the server's order.

        Raises:
            HeyMiloError: Fetching a page failed; `.collected` has the items of the pages before,
                and you can resume from `.cursor`.
            PaginationError: Pagination is not advancing; it has the same two attributes.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     print(len(client.phone_numbers.list_all().collect()))
            30
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(len(await client.phone_numbers.list_all(max_items=5).collect()))
            >>> asyncio.run(main())
            5
        """
        items: list[T] = []
        walk = self._walk(self._engine.expiry())
        try:
            async for page in _Pages(self, walk.start, walk.step_after):
                items.extend(page)
        except HeyMiloError as error:
            error.collected = tuple(items)
            raise
        except BaseException:
            # Nobody receives the items, so a later walk has to fetch them again.
            self._cursor = self._starting_after
            raise
        return items

    def prefetch(self, pages: int = 1) -> AsyncPrefetch[T]:
        """
        Iterate over the items while the next pages are fetched in the background.

        Args:
            pages: Number of pages to fetch ahead, 1 to 100.

        Returns:
            A context manager for `async with`, which returns an iterator of items. Leaving it
            stops fetching. It does not change an exception from its body. The task that enters it
            must leave it: if an async generator yields inside, close that with
            `contextlib.aclosing`.

        Raises:
            InvalidRequestError: *pages* is out of range.
            TypeError: *pages* is not an int.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     with client.phone_numbers.list_all(page_size=10).prefetch(pages=2) as numbers:
            ...         print(sum(number.active for number in numbers))
            26
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         async with client.phone_numbers.list_all(page_size=10).prefetch() as numbers:
            ...             print(len([number async for number in numbers if number.active]))
            >>> asyncio.run(main())
            26
        """
        count = whole_number("pages", pages, 1, 100, refusal=InvalidRequestError)
        return AsyncPrefetch(self, count)

    def _walk(self, expires: float | None = None) -> _Walk[T]:
        self._cursor = self._starting_after
        return _Walk(self, expires)

    def _as_blocking(self) -> Pager[T]:
        return Pager(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} after {self._cursor!r}>"


class AsyncPrefetch(Generic[T]):
    """
    Iterates with prefetching, as a context manager for `async with`; see `AsyncPager.prefetch`.

    Example:
        >>> import asyncio
        >>> from heymilo_async import AsyncHeyMilo
        >>> async def main() -> None:
        ...     async with AsyncHeyMilo() as client:
        ...         async with client.phone_numbers.list_all(page_size=10).prefetch() as numbers:
        ...             print(len([number async for number in numbers]))
        >>> asyncio.run(main())
        30
    """

    def __init__(self, pager: AsyncPager[T], count: int) -> None:
        self._pager = pager
        self._count = count
        self._prefetcher: Prefetched[_Step[T]] | None = None
        self._left = False

    async def __aenter__(self) -> AsyncIterator[T]:
        if self._prefetcher is not None:
            message = "this prefetch was already entered: create a new one with pager.prefetch()"
            raise RuntimeError(message)
        walk = self._pager._walk()
        self._prefetcher = self._pager._engine.prefetch(walk.next_step, self._count)
        await self._prefetcher.__aenter__()
        return _Items(self._pager, walk.start, self._step_after)

    async def __aexit__(self, *exc_info: object) -> None:
        self._left = True
        if self._prefetcher is not None:
            await self._prefetcher.__aexit__(*exc_info)

    async def _step_after(self, _: _Step[T]) -> _Step[T]:
        # `StopAsyncIteration` would make the list look complete.
        if self._left or self._prefetcher is None:
            message = "the `with` block of this prefetch has ended, so it fetches no more pages"
            raise RuntimeError(message)
        return await self._prefetcher.next()

    def _as_blocking(self) -> Prefetch[T]:
        return Prefetch(self)


@attrs.frozen
class _Step(Generic[T]):
    """
    One step of a walk: a page, and what fetching the page after it depends on.

    Attributes:
        page: The page, with the items that a search keeps.
        cursor: The cursor of the page's last item, for the next request.
        left: The number of items that `max_items` still allows, None without a maximum.
        is_last: Whether no page follows.
    """

    page: Page[T]
    cursor: str | None
    left: int | None
    is_last: bool


class _Walk(Generic[T]):
    """
    Fetches pages, and checks that pagination is advancing.

    An iterator keeps its step itself: a step is fetched again until the iterator has stored it, so an
    error, or Ctrl-C, skips no page.
    """

    def __init__(self, pager: AsyncPager[T], expires: float | None) -> None:
        self.pager = pager
        self._expires = expires
        self._seen: set[str | None] = set()
        none: Page[T] = Page(data=(), pagination=PaginationMeta(has_more=True))
        most = pager._max_items
        self.start = _Step(none, pager._starting_after, most, is_last=most == 0)
        self._step = self.start

    async def next_step(self) -> _Step[T]:
        """
        Return the step after the one that this method returned before, for a prefetch.
        """
        self._step = await self.step_after(self._step)
        return self._step

    async def step_after(self, step: _Step[T]) -> _Step[T]:
        """
        Fetch the page after *step*; raise `StopAsyncIteration` after the last one.
        """
        if step.is_last:
            raise StopAsyncIteration
        self._seen.add(step.cursor)
        try:
            page = await self.pager._engine.perform(
                self.pager._page_after(step.cursor), expires=self._expires
            )
            self._check(page, step.cursor)
        except HeyMiloError as error:
            error.cursor = step.cursor and self._masked(step.cursor)
            raise
        except StopAsyncIteration as error:
            # The list would look complete. Python's generators do the same with one.
            message = "fetching a page raised StopAsyncIteration"
            raise RuntimeError(message) from error
        left = None if step.left is None else max(0, step.left - len(page))
        page = _truncated(page, step.left)
        cursor = cursor_of(page[-1]) if page else step.cursor
        is_last = not page.has_more or left == 0
        if self.pager._keep is not None:
            page = attrs.evolve(page, data=tuple(filter(self.pager._keep, page)))
        return _Step(page, cursor, left, is_last)

    def _check(self, page: Page[T], cursor: str | None) -> None:
        if not page:
            if page.has_more:
                raise _stuck(_EMPTY)
            return
        if cursor is not None and any(cursor_of(item) == cursor for item in page):
            after = self._masked(cursor)
            message = (
                f"pagination is not advancing: the page after {after[:50]!a} contains it again"
            )
            raise _stuck(message)
        last = cursor_of(page[-1])
        if last in self._seen:
            shown = self._masked(last)
            message = (
                f"pagination is not advancing: the server sent the cursor {shown[:50]!a} again"
            )
            raise _stuck(message)
        if page.has_more and not _is_cursor(last):
            shown = self._masked(last)
            message = f"the id of the page's last item is not valid as a cursor: {shown[:50]!a}"
            raise _stuck(message)

    def _masked(self, cursor: str) -> str:
        # A server may send the API key as an id.
        return self.pager._engine.clean(cursor)


def _stuck(message: str) -> PaginationError:
    error = PaginationError(message)
    log_failure(error)
    return error


def _truncated(page: Page[T], most: int | None) -> Page[T]:
    if most is None or len(page) <= most:
        return page
    more = attrs.evolve(page.pagination, has_more=True)
    return attrs.evolve(page, data=page[:most], pagination=more)


def _is_cursor(value: str) -> bool:
    try:
        check_cursor("starting_after", value)
    except InvalidRequestError:
        return False
    return True


def _exclusive(lock: threading.Lock) -> threading.Lock:
    """
    Return the *lock* of an iterator, to enter it; raise `RuntimeError` if another task or thread is
    using the iterator.

    (Ctrl-C cannot come between a lock and its `with`, and so it leaves no iterator locked.)
    """
    if lock.locked():
        message = (
            "two tasks (or threads) use one iterator at the same time: "
            "iterate in one of them, and pass the items to the other"
        )
        raise RuntimeError(message)
    return lock


class _Iteration(AsyncIterator[Item], Generic[Item, T]):
    """
    An iterator over a walk.

    `at` is its step, and how many items (or pages) of that step it has returned.
    """

    def __init__(
        self,
        pager: AsyncPager[T],
        start: _Step[T],
        step_after: Callable[[_Step[T]], Coroutine[Any, Any, _Step[T]]],
    ) -> None:
        self.pager = pager
        self.at = (start, 0)
        self._step_after = step_after
        self._lock = threading.Lock()

    def take_back(self, at: tuple[_Step[T], int], cursor: str | None) -> None:
        """
        Take back what an interrupted call has returned, but nobody received; the call began *at* a
        step, with the pager's *cursor*.
        """
        step, returned = self.at
        if self.at is not at and returned:
            self.at = (step, returned - 1)
        self.pager._cursor = cursor


class _Pages(_Iteration[Page[T], T]):
    async def __anext__(self) -> Page[T]:
        with _exclusive(self._lock):
            step, returned = self.at
            # The step at the start has no page, nor has one of which a search keeps nothing.
            while returned or not (step.page or step.is_last):
                step, returned = self.at = (await self._step_after(step), 0)
            if step.page:
                self.pager._cursor = cursor_of(step.page[-1])
            self.at = (step, 1)
            return step.page


class _Items(_Iteration[T, T]):
    async def __anext__(self) -> T:
        with _exclusive(self._lock):
            step, returned = self.at
            while returned == len(step.page):
                step, returned = self.at = (await self._step_after(step), 0)
            item = step.page.data[returned]
            self.pager._cursor = cursor_of(item)
            self.at = (step, returned + 1)
            return item


class Pager(Generic[T]):
    """
    Iterates over a list, page by page; returned by the blocking `list_all`.

    Iterate over the pager to get items. Each iteration starts again after `starting_after`. Each
    page has a deadline of its own, so a slow consumer does not exceed it.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> with HeyMilo() as client:
        ...     pager = client.phone_numbers.list_all(max_items=2)
        ...     for number in pager:
        ...         print(number.phone_number)
        ...     print("go on after", pager.cursor)
        +12065550100
        +12045550100
        go on after 3C6EF362
    """

    def __init__(self, twin: AsyncPager[T]) -> None:
        self._twin = twin

    @property
    def cursor(self) -> str | None:
        """
        The id of the last item that the iteration returned: pass it as `starting_after` to resume.

        Before the first item, the value of `starting_after`.
        """
        return self._twin.cursor

    def __iter__(self) -> Iterator[T]:
        """
        Iterate over the items, as `AsyncPager` does.
        """
        return _Blocking(aiter(self._twin))

    def pages(self) -> Iterator[Page[T]]:
        """
        Iterate over the pages; the last page ends at `max_items`.

        Returns:
            An iterator of pages, which raises the same errors as the pager.

        Example:
            >>> from heymilo_async import HeyMilo
            >>> with HeyMilo() as client:
            ...     print([len(page) for page in client.phone_numbers.list_all(page_size=20).pages()])
            [20, 10]
        """
        return _Blocking(self._twin.pages())

    # Written by hand, because `blocking` would lose the pager's type variable.
    def collect(self) -> list[T]:  # noqa: D102 - below
        return run_now(self._twin.collect())

    def prefetch(self, pages: int = 1) -> Prefetch[T]:  # noqa: D102 - below
        return self._twin.prefetch(pages)._as_blocking()

    collect.__doc__ = AsyncPager.collect.__doc__
    prefetch.__doc__ = AsyncPager.prefetch.__doc__

    def __repr__(self) -> str:
        return f"<{type(self).__name__} after {self.cursor!r}>"


class Prefetch(Generic[T]):
    """
    Iterates with prefetching in one thread, as a context manager; see `Pager.prefetch`.

    Leaving it does not wait for the thread, which ends after its current request.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> with HeyMilo() as client:
        ...     with client.phone_numbers.list_all(page_size=10).prefetch() as numbers:
        ...         print(len(list(numbers)))
        30
    """

    def __init__(self, twin: AsyncPrefetch[T]) -> None:
        self._twin = twin

    def __enter__(self) -> Iterator[T]:
        was_entered = self._twin._prefetcher is not None
        try:
            return _Blocking(run_now(self._twin.__aenter__()))
        except BaseException:
            # Ctrl-C may come after the thread has started, and then `with` does not call `__exit__`.
            if not was_entered:
                self.__exit__()
            raise

    def __exit__(self, *exc_info: object) -> None:
        run_now(self._twin.__aexit__(*exc_info))


class _Blocking(Iterator[Item], Generic[Item]):
    """
    A blocking iterator over an async iterator that never suspends.
    """

    def __init__(self, items: Any) -> None:
        self._items: _Iteration[Item, Any] = items

    def __next__(self) -> Item:
        at, cursor = self._items.at, self._items.pager._cursor
        try:
            return run_now(_next_of(self._items))
        except StopAsyncIteration:
            pass
        except (KeyboardInterrupt, SystemExit):
            # It may come between taking an item and returning it.
            self._items.take_back(at, cursor)
            raise
        raise StopIteration

    def __iter__(self) -> Self:
        return self


async def _next_of(items: AsyncIterator[Item]) -> Item:
    return await items.__anext__()
