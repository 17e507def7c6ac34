"""
Running a coroutine that never suspends, and the blocking faces made of that.

Over the blocking transport every `await` is answered at once, so one `send(None)` runs a coroutine from
its start to its end in the calling thread: no event loop, no portal, no second copy of the logic.
The precedents are gel-python's `blocking_client.py` and vercel-py's `iter_coroutine`.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Coroutine
from typing import (
    Any,
    Concatenate,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)
S = TypeVar("S")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class BlockingLock:
    """
    A lock for `async with` in a coroutine that never suspends: it waits in the calling thread.

    The thread that holds it may take it again: endless recursion is Python's to report, and no hang.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    async def __aenter__(self) -> None:
        self._lock.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


def run_now(coroutine: Coroutine[Any, Any, T]) -> T:
    """
    Run *coroutine*, which must not suspend, to its end and return its result.
    """
    try:
        coroutine.send(None)
    except StopIteration as finished:
        return cast("T", finished.value)
    coroutine.close()
    name = getattr(coroutine, "__qualname__", repr(coroutine))
    message = (
        f"{name} suspended, but nothing here can resume it: "
        "over the blocking transport only the transport may be awaited"
    )
    raise RuntimeError(message)


class _Twin(Protocol[T_co]):
    """
    What has a blocking namesake, made by `_as_blocking`.
    """

    def _as_blocking(self) -> T_co: ...


class Method(Protocol[P, R_co]):
    """
    What a blocking method is to a type checker; in truth it is a plain function.

    Of all shapes this is the one that mypy, pyright, ty and pyrefly read alike.
    """

    @overload
    def __get__(self, owner: None, kind: type, /) -> Callable[Concatenate[Any, P], R_co]: ...
    @overload
    def __get__(self, owner: object, kind: type | None = None, /) -> Callable[P, R_co]: ...


def blocking(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
) -> Method[P, T]:
    """
    Return the blocking method for *method*: same parameters, same result, same docstring.

    The object that holds it keeps its async twin in `_twin`; *method* is called there, so that
    shared code which calls a sibling through `self` finds coroutines.
    """

    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            coroutine = method(self._twin, *args, **kwargs)
        except TypeError as error:
            raise for_face(error, method, self) from None
        finally:
            # A traceback shows them, and *method* knows which of them are secrets.
            del args, kwargs
        return run_now(coroutine)

    return cast("Method[P, T]", _dressed(call, method))


def blocking_page(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, _Twin[T]]],
) -> Method[P, T]:
    """
    Return the blocking method for *method*, whose result has a blocking namesake.
    """

    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            coroutine = method(self._twin, *args, **kwargs)
        except TypeError as error:
            raise for_face(error, method, self) from None
        return run_now(coroutine)._as_blocking()

    return cast("Method[P, T]", _dressed(call, method, _blocking_hint(method)))


def blocking_iter(method: Callable[Concatenate[S, P], _Twin[T]]) -> Method[P, T]:
    """
    Return the blocking method for *method*, which returns something to iterate or to enter.
    """

    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self._twin, *args, **kwargs)._as_blocking()
        except TypeError as error:
            named = for_face(error, method, self)
            if named is error:
                raise
            raise named from None

    return cast("Method[P, T]", _dressed(call, method, _blocking_hint(method)))


def _blocking_hint(method: Any) -> Any:
    # The one thing that does not carry over: what the async method says it returns.
    returned: Any = get_type_hints(method)["return"]
    twin = get_type_hints(get_origin(returned)._as_blocking)["return"]
    return get_origin(twin)[get_args(returned)]


def for_face(error: TypeError, method: Any, face: object) -> TypeError:
    """
    Return *error* under the name that was called: Python names the twin's *method* where its
    arguments do not fit, and the caller called the namesake of *face*.
    """
    told, called = str(error), f"{method.__qualname__}()"
    if not told.startswith(called):
        return error
    return TypeError(f"{type(face).__name__}.{method.__name__}(){told.removeprefix(called)}")


def _dressed(
    call: Callable[P, T], method: Callable[..., Any], returns: Any = None
) -> Callable[P, T]:
    """
    Give *call* the name, docstring, parameters and types of *method*, and nothing that says
    coroutine: a framework that follows `__wrapped__` would await what *call* returns.
    """
    # Resolved here, for the names in them are those of the module where *method* stands.
    hints = get_type_hints(method)
    hints["return"] = returns or hints["return"]
    if hints["return"] is type(None):
        hints["return"] = None
    signature = inspect.signature(method)
    parameters = [
        one.replace(annotation=hints.get(name, one.annotation))
        for name, one in signature.parameters.items()
    ]
    described: Any = functools.update_wrapper(call, method)
    del described.__wrapped__
    described.__annotations__ = hints
    described.__signature__ = signature.replace(
        parameters=parameters, return_annotation=hints["return"]
    )
    return call
