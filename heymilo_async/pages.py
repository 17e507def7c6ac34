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
            raise PaginationError(_EMPTY)
        page = await source(cursor)
        if any(cursor_of(item) == cursor for item in page):
            raise PaginationError(_REPEATED_ITEM)
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
        return _Items(_Pages(self._walk()))

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
        return _Pages(self._walk(), hand_out_pages=True)

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
        try:
            async for page in _Pages(self._walk(self._engine.expiry()), hand_out_pages=True):
                items.extend(page)
        except HeyMiloError as error:
            error.collected = tuple(items)
            raise
        return items

    def prefetch(self, pages: int = 1) -> AsyncPrefetch[T]:
        """
        Iterate over the items while the next pages are fetched in the background.

        Args:
            pages: Number of pages to fetch ahead, 1 to 100.

        Returns:
            A context manager for `async with`, which returns an iterator of items. Leaving it
            stops fetching. It does not change an exception from its body.

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
        self._prefetcher: Prefetched[Page[T]] | None = None
        self._left = False

    async def __aenter__(self) -> AsyncIterator[T]:
        if self._prefetcher is not None:
            message = "this prefetch was already entered: create a new one with pager.prefetch()"
            raise RuntimeError(message)
        walk = self._pager._walk()
        self._prefetcher = self._pager._engine.prefetch(walk.next_page, self._count)
        await self._prefetcher.__aenter__()
        return _Items(_Pages(walk, next_page=self._next_page))

    async def __aexit__(self, *exc_info: object) -> None:
        self._left = True
        if self._prefetcher is not None:
            await self._prefetcher.__aexit__(*exc_info)

    async def _next_page(self) -> Page[T]:
        # `StopAsyncIteration` would make the list look complete.
        if self._left or self._prefetcher is None:
            message = "the `with` block of this prefetch has ended, so it fetches no more pages"
            raise RuntimeError(message)
        return await self._prefetcher.next()

    def _as_blocking(self) -> Prefetch[T]:
        return Prefetch(self)


class _Walk(Generic[T]):
    """
    Fetches pages in order, and checks that pagination is advancing.
    """

    def __init__(self, pager: AsyncPager[T], expires: float | None) -> None:
        self.pager = pager
        self._expires = expires
        self._cursor = pager._starting_after
        self._seen = {self._cursor}
        self._left = pager._max_items
        self._finished = self._left == 0

    async def next_page(self) -> Page[T]:
        """
        Return the next page, or raise `StopAsyncIteration` after the last one.
        """
        if self._finished:
            raise StopAsyncIteration
        page, keep = await self._fetch_page(), self.pager._keep
        if keep is None:
            return page
        while not (kept := tuple(filter(keep, page))) and not self._finished:
            page = await self._fetch_page()
        return attrs.evolve(page, data=kept)

    async def _fetch_page(self) -> Page[T]:
        # An error leaves the cursor unchanged, so the next call retries this page.
        try:
            page = await self.pager._engine.perform(
                self.pager._page_after(self._cursor), expires=self._expires
            )
            self._check(page)
        except HeyMiloError as error:
            error.cursor = self._cursor and self._masked(self._cursor)
            raise
        except StopAsyncIteration as error:
            # The list would look complete. Python's generators do the same with one.
            message = "fetching a page raised StopAsyncIteration"
            raise RuntimeError(message) from error
        page = self._truncate(page)
        self._finished = not page.has_more or self._left == 0
        if page:
            self._cursor = cursor_of(page[-1])
            self._seen.add(self._cursor)
        return page

    def _check(self, page: Page[T]) -> None:
        if not page:
            if page.has_more:
                raise PaginationError(_EMPTY)
            return
        if self._cursor is not None and any(cursor_of(item) == self._cursor for item in page):
            after = self._masked(self._cursor)
            message = (
                f"pagination is not advancing: the page after {after[:50]!a} contains it again"
            )
            raise PaginationError(message)
        last = cursor_of(page[-1])
        if last in self._seen:
            shown = self._masked(last)
            message = (
                f"pagination is not advancing: the server sent the cursor {shown[:50]!a} again"
            )
            raise PaginationError(message)
        if page.has_more and not _is_cursor(last):
            shown = self._masked(last)
            message = f"the id of the page's last item is not valid as a cursor: {shown[:50]!a}"
            raise PaginationError(message)

    def _masked(self, cursor: str) -> str:
        # A server may send the API key as an id.
        return self.pager._engine.clean(cursor)

    def _truncate(self, page: Page[T]) -> Page[T]:
        if self._left is None:
            return page
        kept, self._left = page[: self._left], max(0, self._left - len(page))
        if len(kept) == len(page):
            return page
        more = attrs.evolve(page.pagination, has_more=True)
        return attrs.evolve(page, data=kept, pagination=more)


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


class _Pages(AsyncIterator[Page[T]], Generic[T]):
    def __init__(
        self,
        walk: _Walk[T],
        *,
        next_page: Callable[[], Coroutine[Any, Any, Page[T]]] | None = None,
        hand_out_pages: bool = False,
    ) -> None:
        self.pager = walk.pager
        self._next_page = walk.next_page if next_page is None else next_page
        self._hand_out_pages = hand_out_pages
        self._lock = threading.Lock()

    async def __anext__(self) -> Page[T]:
        with _exclusive(self._lock):
            page = await self._next_page()
            if self._hand_out_pages and page:
                self.pager._cursor = cursor_of(page[-1])
            return page


class _Items(AsyncIterator[T], Generic[T]):
    def __init__(self, pages: _Pages[T]) -> None:
        self._pages = pages
        self._page: Iterator[T] = iter(())
        self._lock = threading.Lock()

    async def __anext__(self) -> T:
        with _exclusive(self._lock):
            while True:
                for item in self._page:
                    self._pages.pager._cursor = cursor_of(item)
                    return item
                self._page = iter(await self._pages.__anext__())


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

    def __init__(self, items: AsyncIterator[Item]) -> None:
        self._items = items

    def __next__(self) -> Item:
        try:
            return run_now(_next_of(self._items))
        except StopAsyncIteration:
            pass
        raise StopIteration

    def __iter__(self) -> Self:
        return self


async def _next_of(items: AsyncIterator[Item]) -> Item:
    return await items.__anext__()
