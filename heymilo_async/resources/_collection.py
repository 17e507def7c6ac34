"""
What every resource has: its place in a client, and what lists and groups of calls have in common.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from types import MethodType
from typing import Any, Generic, Protocol, Self, TypeVar, overload

from .._core.arguments import check_cursor, check_id, check_limit, whole_number, wrong_type
from .._core.messages import Call, Operation
from .._engine import Engine
from ..errors import HeyMiloError, InvalidRequestError
from ..pages import AsyncPager, Identified, Page

A = TypeVar("A", bound="AsyncResource")
ItemT = TypeVar("ItemT", bound=Identified)
R = TypeVar("R", bound="_Mountable")
T = TypeVar("T")


class _Mountable(Protocol):
    """
    What a client makes of itself and the name that it has for it.
    """

    @classmethod
    def _of(cls, client: Any, name: str, /) -> Self: ...


class AsyncResource:
    """
    A group of operations, awaited.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def _of(cls, client: Any, _name: str, /) -> Self:
        return cls(client._engine)

    async def _list(
        self, operation: Operation[Page[ItemT]], limit: int | None, starting_after: str | None
    ) -> Page[ItemT]:
        size = None if limit is None else check_limit("limit", limit)
        return await self._engine.perform(_page_call(operation, size, _cursor(starting_after)))

    def _walk(
        self,
        operation: Operation[Page[ItemT]],
        page_size: int,
        starting_after: str | None,
        max_items: int | None,
    ) -> AsyncPager[ItemT]:
        size = check_limit("page_size", page_size)
        return AsyncPager(
            self._engine,
            lambda cursor: _page_call(operation, size, _cursor(cursor)),
            starting_after=_cursor(starting_after),
            max_items=(
                None
                if max_items is None
                else whole_number("max_items", max_items, 0, refusal=InvalidRequestError)
            ),
        )

    async def _get_many(
        self,
        get: Callable[[str, float | None], Awaitable[T]],
        ids: Iterable[str],
        concurrency: int,
    ) -> list[T]:
        checked, limit = _check_many(ids, concurrency)
        expires = self._engine.expiry()

        async def get_one(item_id: str) -> T:
            return await get(item_id, expires)

        return await self._engine.map(get_one, checked, limit)

    async def _get_many_settled(
        self,
        get: Callable[[str, float | None], Awaitable[T]],
        ids: Iterable[str],
        concurrency: int,
    ) -> list[T | HeyMiloError]:
        async def settle(item_id: str, expires: float | None) -> T | HeyMiloError:
            try:
                return await get(item_id, expires)
            except HeyMiloError as error:
                return error.with_traceback(None)

        return await self._get_many(settle, ids, concurrency)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._engine.settings.base_url}>"


class Resource(Generic[A]):
    """
    The same group of operations, blocking: each is the twin's, run to its end at once.
    """

    def __init__(self, twin: A) -> None:
        self._twin = twin

    @classmethod
    def _of(cls, client: Any, name: str, /) -> Self:
        return cls(getattr(client._twin, name))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._twin._engine.settings.base_url}>"


class Mounted(Generic[R]):
    """
    The place of a resource in a client: it is made when it is first asked for, and then kept.

    So a client has one line a resource, and a view costs the same however many there are.
    """

    def __init__(self, kind: type[R]) -> None:
        self.kind = kind
        self.__doc__ = kind.__doc__
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    # `patch.object(AsyncHeyMilo, "phone_numbers", autospec=True)` reads this object out of the
    # class's dict, and wants to find a resource's methods on it.

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *(name for name in dir(self.kind) if name[0] != "_")]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message)
        return MethodType(getattr(self.kind, name), self)

    @overload
    def __get__(self, client: None, owner: type, /) -> type[R]: ...
    @overload
    def __get__(self, client: object, owner: type, /) -> R: ...
    def __get__(self, client: object | None, owner: type, /) -> type[R] | R:
        if client is None:
            # On the class it is the resource's class, so that `create_autospec` sees its methods.
            return self.kind
        made = self.kind._of(client, self._name)
        # From now on it is found before this descriptor, which has no `__set__`.
        vars(client)[self._name] = made
        return made


def _page_call(
    operation: Operation[Page[ItemT]], limit: int | None, starting_after: str | None
) -> Call[Page[ItemT]]:
    return operation.call(query={"limit": limit, "starting_after": starting_after})


def _cursor(starting_after: str | None) -> str | None:
    return None if starting_after is None else check_cursor("starting_after", starting_after)


def _check_many(ids: Iterable[str], concurrency: int) -> tuple[list[str], int]:
    # A str is an iterable of str: of single letters, which nobody means.
    if isinstance(ids, str) or not isinstance(ids, Iterable):
        raise wrong_type("ids", "an iterable of str", ids)
    checked = [check_id(f"ids[{index}]", value) for index, value in enumerate(ids)]
    return checked, whole_number("concurrency", concurrency, 1, 1000, refusal=InvalidRequestError)
