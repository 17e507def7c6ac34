"""
Runs coroutines that never suspend, and makes blocking methods from async ones.

Over the blocking transport no `await` suspends, so one `send(None)` runs a coroutine to its end in
the calling thread, without an event loop and without a second copy of the logic. gel-python's
`blocking_client.py` and vercel-py's `iter_coroutine` do the same.
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
    A lock for coroutines that never suspend: it waits in the calling thread.

    It is reentrant, so that endless recursion raises an error instead of a deadlock.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    async def acquire_within(self, seconds: float) -> bool:
        """
        Wait for the lock for at most *seconds*; return whether this thread has it now.
        """
        return self._lock.acquire(timeout=min(seconds, threading.TIMEOUT_MAX))

    def release(self) -> None:
        """
        Release the lock.
        """
        self._lock.release()


def run_now(coroutine: Coroutine[Any, Any, T]) -> T:
    """
    Run *coroutine*, which must not suspend, and return its result.
    """
    try:
        coroutine.send(None)
    except StopIteration as finished:
        return cast("T", finished.value)
    coroutine.close()
    name = getattr(coroutine, "__qualname__", repr(coroutine))
    message = (
        f"{name} suspended, but a blocking client cannot resume it: "
        "shared code may await only the transport"
    )
    raise RuntimeError(message)


class _Twin(Protocol[T_co]):
    """
    An object with a blocking counterpart, which `_as_blocking` returns.
    """

    def _as_blocking(self) -> T_co: ...


class Method(Protocol[P, R_co]):
    """
    The type of a blocking method for type checkers; at runtime it is a plain function.

    This is the only form that mypy, pyright, ty and pyrefly all understand.
    """

    @overload
    def __get__(self, owner: None, kind: type, /) -> Callable[Concatenate[Any, P], R_co]: ...
    @overload
    def __get__(self, owner: object, kind: type | None = None, /) -> Callable[P, R_co]: ...


def blocking(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
) -> Method[P, T]:
    """
    Return a blocking method for *method* with the same parameters, result and docstring.

    The blocking object has the async object in `_twin`. The blocking method calls *method* on the
    async object, so that `self` has coroutines in shared code.
    """

    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            coroutine = method(self._twin, *args, **kwargs)
        except TypeError as error:
            raise with_blocking_name(error, method, self) from None
        finally:
            # A traceback would show them, and only *method* knows which of them are secrets.
            del args, kwargs
        return run_now(coroutine)

    return cast("Method[P, T]", _with_signature(call, method))


def blocking_page(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, _Twin[T]]],
) -> Method[P, T]:
    """
    Return the blocking method for *method*, whose result has a blocking counterpart.
    """

    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            coroutine = method(self._twin, *args, **kwargs)
        except TypeError as error:
            raise with_blocking_name(error, method, self) from None
        return run_now(coroutine)._as_blocking()

    return cast("Method[P, T]", _with_signature(call, method, _blocking_hint(method)))


def blocking_iter(method: Callable[Concatenate[S, P], _Twin[T]]) -> Method[P, T]:
    """
    Return a blocking method for *method*, which returns an iterable or a context manager.
    """

    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self._twin, *args, **kwargs)._as_blocking()
        except TypeError as error:
            named = with_blocking_name(error, method, self)
            if named is error:
                raise
            raise named from None

    return cast("Method[P, T]", _with_signature(call, method, _blocking_hint(method)))


def _blocking_hint(method: Any) -> Any:
    # Only the return type differs from that of the async method.
    returned: Any = get_type_hints(method)["return"]
    twin = get_type_hints(get_origin(returned)._as_blocking)["return"]
    return get_origin(twin)[get_args(returned)]


def with_blocking_name(error: TypeError, method: Any, blocking_object: object) -> TypeError:
    """
    Return *error* with the blocking method's name instead of the name of the async *method*.
    """
    text, async_name = str(error), f"{method.__qualname__}()"
    if not text.startswith(async_name):
        return error
    return TypeError(
        f"{type(blocking_object).__name__}.{method.__name__}(){text.removeprefix(async_name)}"
    )


def _with_signature(
    call: Callable[P, T], method: Callable[..., Any], returns: Any = None
) -> Callable[P, T]:
    """
    Set the name, docstring, parameters and types of *method* on *call*, but not `__wrapped__`.

    Frameworks follow `__wrapped__`, and would await the result of *call*.
    """
    # Resolve the types by the names in the module that defines *method*.
    hints = get_type_hints(method)
    hints["return"] = returns or hints["return"]
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
