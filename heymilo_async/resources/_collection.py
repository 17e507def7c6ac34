"""
Base classes of the resources: `list`, `get`, `get_many`, and access from a client.
"""

from __future__ import annotations

import builtins
import importlib
import re
import types
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Generic,
    Protocol,
    Self,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

import attrs

from .._core.arguments import (
    check_cursor,
    check_id,
    check_limit,
    check_search,
    seconds,
    whole_number,
    wrong_type,
)
from .._core.blocking import blocking, blocking_iter, blocking_page
from .._core.emitter import log_failure
from .._core.messages import APIResponse, Call, Operation, operation
from .._core.model import Model
from ..errors import DeadlineExceededError, HeyMiloError, InvalidRequestError
from ..pages import AsyncPage, AsyncPager, Page

if TYPE_CHECKING:
    from .._engine import Engine

A = TypeVar("A", bound="AsyncResource")
ItemT = TypeVar("ItemT", bound=Model)
R = TypeVar("R", bound="_ResourceClass")
T = TypeVar("T")

Query = Mapping[str, str | int | None]


class _ResourceClass(Protocol):
    """
    A resource class that can create its instance for a client.
    """

    @classmethod
    def _of(cls, client: Any, name: str, /) -> Self: ...


def list_operation(id: str, path: str, item: type[ItemT]) -> Operation[Page[ItemT]]:  # noqa: A002 - the contract's word
    """
    Return the operation that lists items page by page.
    """
    pages: Any = Page
    return Operation(id=id, method="GET", path=path, returns=pages[item], shape="page")


def get_operation(id: str, path: str, item: type[ItemT]) -> Operation[ItemT]:  # noqa: A002 - the contract's word
    """
    Return the operation that gets one item; the response must be about the requested id.
    """
    return Operation(
        id=id, method="GET", path=path, returns=item, shape="single", answers=item._cursor
    )


def given(parameters: Mapping[str, Any], *ids: str) -> dict[str, Any]:
    """
    Return the members of a request body: a method's *parameters*, without `self` and *ids*, the
    parameters that belong to the path.
    """
    left_out = {"self", *ids}
    return {name: value for name, value in parameters.items() if name not in left_out}


class AsyncResource:
    """
    A group of async operations.
    """

    if TYPE_CHECKING:
        _engine: Engine

    # Any, because importing `Engine` loads the HTTP library, which `heymilo --help` does not need.
    def __init__(self, engine: Any) -> None:
        self._engine = engine

    @classmethod
    def _of(cls, client: Any, _name: str, /) -> Self:
        return cls(client._engine)

    async def _perform(
        self,
        operation: Operation[T],
        /,
        *,
        query: Query | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        expires: float | None = None,
        **ids: str,
    ) -> T:
        """
        Perform *operation* with *ids* as its path parameters, in order; errors show their names.
        """
        response = await self._respond(
            operation, query=query, body=body, headers=headers, expires=expires, **ids
        )
        return response.data

    async def _respond(
        self,
        operation: Operation[T],
        /,
        *,
        query: Query | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        expires: float | None = None,
        **ids: str,
    ) -> APIResponse[T]:
        """
        Perform *operation*, and return its data, headers and attempts.
        """
        try:
            call = operation.call(*_checked_ids(ids), query=query, body=body, headers=headers)
        except (InvalidRequestError, TypeError) as refusal:
            raise self._engine.cleaned_refusal(refusal, body) from None
        return await self._engine.respond(call, expires=expires)

    async def _page(
        self,
        operation: Operation[Page[ItemT]],
        limit: int | None,
        starting_after: str | None,
        /,
        *,
        query: Query | None = None,
        **ids: str,
    ) -> AsyncPage[ItemT]:
        size = None if limit is None else check_limit("limit", limit)
        parameters = {"limit": size, "starting_after": _cursor(starting_after), **(query or {})}
        page = await self._engine.perform(operation.call(*_checked_ids(ids), query=parameters))
        # `raw` records only this call, not later pages.
        later = self if self._engine.record is None else self._unrecorded()

        async def page_after(cursor: str) -> AsyncPage[ItemT]:
            return await later._page(operation, limit, cursor, query=query, **ids)

        return AsyncPage._of(page, page_after)

    def _unrecorded(self) -> Self:
        return type(self)(attrs.evolve(self._engine, record=None))

    def _walk(
        self,
        operation: Operation[Page[ItemT]],
        page_size: int,
        starting_after: str | None,
        max_items: int | None,
        /,
        *,
        query: Query | None = None,
        keep: Callable[[ItemT], bool] | None = None,
        **ids: str,
    ) -> AsyncPager[ItemT]:
        size, checked = check_limit("page_size", page_size), _checked_ids(ids)

        def page_after(cursor: str | None) -> Call[Page[ItemT]]:
            parameters = {"limit": size, "starting_after": _cursor(cursor), **(query or {})}
            return operation.call(*checked, query=parameters)

        return AsyncPager(
            self._engine,
            page_after,
            starting_after=_cursor(starting_after),
            max_items=(
                None
                if max_items is None
                else whole_number("max_items", max_items, 0, refusal=InvalidRequestError)
            ),
            keep=keep,
        )

    async def _many(
        self,
        get: Callable[[str, float | None], Awaitable[T]],
        ids: Iterable[str],
        concurrency: int,
        /,
        *,
        id_name: str = "",
        **parents: str,
    ) -> builtins.list[T]:
        """
        Call *get* with each of *ids* and the deadline, and return the results in order.

        Errors call an id *id_name*. *parents* are the other ids in the path, by name.
        """
        _checked_ids(parents)
        checked, limit = _check_many(ids, concurrency, id_name)
        expires = self._engine.expiry()

        async def get_one(item_id: str) -> T:
            return await get(item_id, expires)

        return await self._engine.map(get_one, checked, limit)

    async def _settled(
        self,
        get: Callable[[str, float | None], Awaitable[T]],
        ids: Iterable[str],
        concurrency: int,
        /,
        *,
        id_name: str = "",
        **parents: str,
    ) -> builtins.list[T | HeyMiloError]:
        async def settle(item_id: str, expires: float | None) -> T | HeyMiloError:
            try:
                return await get(item_id, expires)
            except HeyMiloError as error:
                return error.with_traceback(None)

        return await self._many(settle, ids, concurrency, id_name=id_name, **parents)

    async def _poll(
        self,
        fetch: Callable[[float | None], Awaitable[T]],
        *,
        timeout: float,
        poll: float,
        done: Callable[[T], bool],
    ) -> tuple[T, bool]:
        """
        Call *fetch* with the deadline every *poll* seconds, until *done* accepts its result or
        *timeout* seconds have passed. Return the last result, and whether *done* accepted it.
        """
        wait = seconds("timeout", timeout, refusal=InvalidRequestError)
        pause = seconds("poll", poll, refusal=InvalidRequestError)
        transport = self._engine.pool.loop_state().transport
        expires = min(transport.now() + wait, self._engine.expiry())
        last: builtins.list[T] = []
        is_last = False
        while True:
            try:
                result = await fetch(expires)
            except DeadlineExceededError:
                if not last:
                    raise
                return last[0], False
            if (is_done := done(result)) or is_last:
                return result, is_done
            last = [result]
            left = expires - transport.now()
            is_last = left <= pause
            # The last request needs time for its response: reserve up to a second.
            await transport.sleep(max(0.0, left - min(left / 2, 1.0)) if is_last else pause)
            self._engine.pool.require_open()

    def _not_in_time(self, response: APIResponse[Any], what: str) -> DeadlineExceededError:
        """
        Return the error for a wait whose last poll got *response*; *what* says how far it is.
        """
        name = self._engine.clean(response.request)
        message = f"{name}: {what}. The server continues with it, and you can wait again"
        error = DeadlineExceededError(
            message,
            request=name,
            attempts=response.attempts,
            phase="read",
            maybe_sent=True,
            data=response.data,
        )
        log_failure(error)
        return error

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._engine.settings.base_url}>"


class AsyncCollection(AsyncResource, Generic[ItemT]):
    """
    A resource with `list`, `list_all`, `get` and `get_many`.

    A subclass declares its two operations, and the name that errors use for its id. It gets
    copies of the methods, with its own types, docstrings and operations.
    """

    _list_operation: ClassVar[Operation[Any]]
    _get_operation: ClassVar[Operation[Any]]
    _id_name: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "_list_operation" not in vars(cls):
            return
        item = get_args(vars(cls)["__orig_bases__"][0])[0]
        for name in ("list", "list_all", "get", "get_many", "get_many_settled"):
            described = cls._get_operation if name.startswith("get") else cls._list_operation
            made = _specialized(cls, item, getattr(cls, name), described)
            # `raw` supports only methods that make a single call.
            setattr(cls, name, operation(described)(made) if name in {"list", "get"} else made)

    async def list(
        self, *, limit: int | None = None, starting_after: str | None = None
    ) -> AsyncPage[ItemT]:
        """
        Return one page of the list.

        Sends one request, with only the parameters that you give. The server decides the order.

        Args:
            limit: Items on the page, 1 to 100; the server's default is 20.
            starting_after: Return the page after the item with this cursor, the previous page's
                `next_cursor`; None: the first page.

        Returns:
            The page: a sequence of its items, with `.has_more` and `.next_cursor`.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            HeyMiloError: Any call can raise it; see the errors page.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     page = client.phone_numbers.list(limit=2)
            ...     print(len(page), page.has_more, page.next_cursor == page[-1].id)
            2 True True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         page = await client.phone_numbers.list(limit=2)
            ...         print(len(page))
            >>> asyncio.run(main())
            2
        """
        return await self._page(self._list_operation, limit, starting_after)

    def list_all(
        self,
        *,
        page_size: int = 100,
        starting_after: str | None = None,
        max_items: int | None = None,
    ) -> AsyncPager[ItemT]:
        """
        Iterate over the whole list, page by page.

        The first request is sent when you iterate. Each iteration starts again at
        *starting_after*.

        Args:
            page_size: Items per request, 1 to 100.
            starting_after: Start after the item with this cursor; None: at the first item.
            max_items: Stop after this many items, 0 or more; None: no limit.

        Returns:
            A pager: iterate it for items, `pages()` for pages, `collect()` for a list,
            `prefetch()` to read ahead; `cursor` is its current position.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            HeyMiloError: While iterating, any error of `list`; resume from its `.cursor`.
            PaginationError: While iterating, if pagination is not advancing.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     print(len(client.phone_numbers.list_all(max_items=2).collect()))
            2
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(len([item async for item in client.phone_numbers.list_all(max_items=2)]))
            >>> asyncio.run(main())
            2
        """
        return self._walk(self._list_operation, page_size, starting_after, max_items)

    async def get(self, item_id: str, /) -> ItemT:
        """
        Return one item.

        The client checks that the response has the requested id, ignoring case.

        Args:
            item_id: The item's id, 1 to 1024 characters.

        Returns:
            The item.

        Raises:
            InvalidRequestError: The id is not valid in a URL path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: The workspace has no item with this id (404).
            ResponseMismatchError: The response is about another id.
            HeyMiloError: Any call can raise it; see the errors page.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     first = client.phone_numbers.list(limit=1)[0]
            ...     print(client.phone_numbers.get(first.id) == first)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(await client.phone_numbers.get(first.id) == first)
            >>> asyncio.run(main())
            True
        """
        return await self._get(item_id, None)

    async def get_many(self, ids: Iterable[str], *, concurrency: int = 8) -> builtins.list[ItemT]:
        """
        Return several items, in the order of *ids*, with one request for each.

        All requests share the client's deadline.

        Args:
            ids: The ids, each as in `get`; an id that is given twice is fetched twice.
            concurrency: Maximum number of concurrent requests, 1 to 1000.

        Returns:
            An item for each id.

        Raises:
            InvalidRequestError: *concurrency* or one of *ids* is invalid; nothing was sent.
            TypeError: *ids* is a str or contains a value that is no str, or *concurrency* is
                not an int.
            HeyMiloError: The first error of `get`, raised by itself, not in an exception group;
                the other requests are cancelled.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     page = client.phone_numbers.list(limit=2)
            ...     print(client.phone_numbers.get_many([one.id for one in page]) == list(page))
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(len(await client.phone_numbers.get_many([one.id for one in page])))
            >>> asyncio.run(main())
            2
        """
        return await self._many(self._get, ids, concurrency, id_name=self._id_name)

    async def get_many_settled(
        self, ids: Iterable[str], *, concurrency: int = 8
    ) -> builtins.list[ItemT | HeyMiloError]:
        """
        Return an item or an error for each of *ids*, in their order, with one request for each.

        All requests share the client's deadline. An id that was not fetched in time has a
        `DeadlineExceededError` in its place.

        Args:
            ids: The ids, each as in `get`; an id that is given twice is fetched twice.
            concurrency: Maximum number of concurrent requests, 1 to 1000.

        Returns:
            An item, or the error that `get` would have raised, for each id.

        Raises:
            InvalidRequestError: *concurrency* or one of *ids* is invalid; nothing was sent.
            TypeError: *ids* is a str or contains a value that is no str, or *concurrency* is
                not an int.
            ClientClosedError: The client is closed.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     outcomes = client.phone_numbers.get_many_settled(["nobody"])
            ...     print([type(outcome).__name__ for outcome in outcomes])
            ['NotFoundError']
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         outcomes = await client.phone_numbers.get_many_settled(["nobody"])
            ...         print([type(outcome).__name__ for outcome in outcomes])
            >>> asyncio.run(main())
            ['NotFoundError']
        """
        return await self._settled(self._get, ids, concurrency, id_name=self._id_name)

    async def _get(self, item_id: str, expires: float | None) -> ItemT:
        ids: dict[str, Any] = {self._id_name: item_id}
        got: ItemT = await self._perform(self._get_operation, expires=expires, **ids)
        return got


class AsyncSearchable(AsyncCollection[ItemT]):
    """
    A resource whose list can also be searched.
    """

    async def list(
        self,
        *,
        limit: int | None = None,
        starting_after: str | None = None,
        search: str | None = None,
    ) -> AsyncPage[ItemT]:
        """
        Return one page of the list, or of the search results.

        Sends one request, with only the parameters that you give. The server decides the order.

        Args:
            limit: Items on the page, 1 to 100; the server's default is 20.
            starting_after: Return the page after the item with this cursor, the previous page's
                `next_cursor`; None: the first page.
            search: A part of the name or title, case-insensitive; by default, no filter.

        Returns:
            The page: a sequence of its items, with `.has_more` and `.next_cursor`.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            HeyMiloError: Any call can raise it; see the errors page.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     print(len(client.voices.list(limit=1)))
            1
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(len(await client.voices.list(search="no such thing")))
            >>> asyncio.run(main())
            0
        """
        query = {"search": _search(search)}
        return await self._page(self._list_operation, limit, starting_after, query=query)

    def list_all(
        self,
        *,
        page_size: int = 100,
        starting_after: str | None = None,
        max_items: int | None = None,
        search: str | None = None,
    ) -> AsyncPager[ItemT]:
        """
        Iterate over the whole list, or over all search results, page by page.

        The first request is sent when you iterate. Each iteration starts again at
        *starting_after*.

        Args:
            page_size: Items per request, 1 to 100.
            starting_after: Start after the item with this cursor; None: at the first item.
            max_items: Stop after this many items, 0 or more; None: no limit.
            search: A part of the name or title, case-insensitive; by default, no filter.

        Returns:
            A pager: iterate it for items, `pages()` for pages, `collect()` for a list,
            `prefetch()` to read ahead; `cursor` is its current position.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            HeyMiloError: While iterating, any error of `list`; resume from its `.cursor`.
            PaginationError: While iterating, if pagination is not advancing.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     print(len(client.voices.list_all(max_items=1).collect()))
            1
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(await client.voices.list_all(search="no such thing").collect())
            >>> asyncio.run(main())
            []
        """
        query = {"search": _search(search)}
        return self._walk(self._list_operation, page_size, starting_after, max_items, query=query)


class Resource(Generic[A]):
    """
    A resource's blocking methods: each runs the method of its async twin to completion.
    """

    def __init__(self, twin: A) -> None:
        self._twin = twin

    @classmethod
    def _of(cls, client: Any, name: str, /) -> Self:
        return cls(getattr(client._twin, name))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._twin._engine.settings.base_url}>"


class Gettable(Resource[AsyncCollection[ItemT]], Generic[ItemT]):
    """
    A blocking resource with `get` and `get_many`; subclasses add `list`.
    """

    _twin_type: ClassVar[type[AsyncResource]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "_twin_type" not in vars(cls):
            return
        for name, method in vars(cls._twin_type).items():
            if not name.startswith("_") and name not in vars(cls):
                setattr(cls, name, _blocking_decorator(method)(method))

    if TYPE_CHECKING:
        # For type checkers; `__init_subclass__` creates the methods that run.
        get: Final = blocking(AsyncCollection[ItemT].get)
        get_many: Final = blocking(AsyncCollection[ItemT].get_many)
        get_many_settled: Final = blocking(AsyncCollection[ItemT].get_many_settled)


def _blocking_decorator(method: Any) -> Callable[[Any], Any]:
    returned = get_origin(get_type_hints(method)["return"])
    decorators: dict[Any, Callable[[Any], Any]] = {
        AsyncPage: blocking_page,
        AsyncPager: blocking_iter,
    }
    return decorators.get(returned, blocking)


class Collection(Gettable[ItemT]):
    """
    A blocking resource with `list`, `list_all`, `get` and `get_many`.
    """

    if TYPE_CHECKING:
        list: Final = blocking_page(AsyncCollection[ItemT].list)
        list_all: Final = blocking_iter(AsyncCollection[ItemT].list_all)


class Searchable(Gettable[ItemT]):
    """
    A blocking resource whose list can also be searched.
    """

    if TYPE_CHECKING:
        list: Final = blocking_page(AsyncSearchable[ItemT].list)
        list_all: Final = blocking_iter(AsyncSearchable[ItemT].list_all)


class LazyResource(Generic[R]):
    """
    Descriptor for a resource of a client: imports its module on first access, and caches the
    resource.

    So importing the package takes the same time for any number of resources.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._name = ""

    @property
    def kind(self) -> type[R]:
        """
        The class of the resource.
        """
        # Imported here, because the index imports this module.
        kind: type[R] = importlib.import_module(f"{__package__}").load(self._kind)
        return kind

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, client: None, owner: type, /) -> type[R]: ...
    @overload
    def __get__(self, client: object, owner: type, /) -> R: ...
    def __get__(self, client: object | None, owner: type, /) -> type[R] | R:
        if client is None:
            # On the class, return the resource's class, so that `create_autospec` sees its methods.
            return self.kind
        made = self.kind._of(client, self._name)
        # Without a `__set__` here, Python finds this value before the descriptor from now on.
        vars(client)[self._name] = made
        return made


def _specialized(
    kind: type[AsyncCollection[Any]], item: type[Model], method: Any, described: Operation[Any]
) -> Any:
    """
    Return a copy of *method* with the types and docstring for *kind*.
    """
    made = types.FunctionType(
        method.__code__,
        method.__globals__,
        method.__name__,
        method.__defaults__,
        method.__closure__,
    )
    made.__kwdefaults__ = method.__kwdefaults__
    made.__qualname__ = f"{kind.__name__}.{method.__name__}"
    made.__module__ = kind.__module__
    made.__annotations__ = {
        name: hint[item] if ItemT in getattr(hint, "__parameters__", ()) else hint
        for name, hint in get_type_hints(method).items()
    }
    for name, hint in made.__annotations__.items():
        if hint is ItemT:
            made.__annotations__[name] = item
    first, stop, rest = (method.__doc__ or "").partition(".")
    noun = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", item.__name__).lower()
    first = first.replace("one item", f"one {noun}")
    group = kind.__module__.rpartition(".")[2]
    rest = rest.replace("client.phone_numbers.", f"client.{group}.")
    rest = rest.replace("client.voices.", f"client.{group}.")
    if cursor := item._cursor if item._cursor != "id" else "":
        rest = rest.replace("page[-1].id", f"page[-1].{cursor}").replace(
            "first.id", f"first.{cursor}"
        )
        rest = rest.replace("one.id", f"one.{cursor}")
    made.__doc__ = f"{first} (operation `{described.id}`){stop}{rest}"
    return made


def _checked_ids(ids: Mapping[str, str]) -> builtins.list[str]:
    """
    Return the values of *ids*, checked for use in a URL path.
    """
    return [_checked_segment(name, name, value) for name, value in ids.items()]


def _checked_segment(name: str, kind: str, value: str) -> str:
    """
    Return *value*, an id of that *kind*, if it is valid in a URL path; errors show *name*.
    """
    checked = check_id(name, value)
    if kind == "posting_id" and checked == "list":
        message = f"{name} must not be 'list': its path is that of the posting summaries"
        raise InvalidRequestError(message)
    return checked


def _cursor(starting_after: str | None) -> str | None:
    return None if starting_after is None else check_cursor("starting_after", starting_after)


def _search(search: str | None) -> str | None:
    return None if search is None else check_search("search", search)


def _check_many(
    ids: Iterable[str], concurrency: int, id_name: str
) -> tuple[builtins.list[str], int]:
    # A str is an iterable of its characters, which are not the intended ids.
    if isinstance(ids, str) or not isinstance(ids, Iterable):
        raise wrong_type("ids", "an iterable of str", ids)
    checked = [_checked_segment(f"ids[{index}]", id_name, value) for index, value in enumerate(ids)]
    return checked, whole_number("concurrency", concurrency, 1, 1000, refusal=InvalidRequestError)
