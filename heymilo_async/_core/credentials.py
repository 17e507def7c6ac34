"""
Credentials that change: a callable that is asked for one, and what it returned so far.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from .secrets import Secret

#: What `api_key=` and `access_token=` take beside a text; only `AsyncHeyMilo` awaits.
KeySource = Callable[[], str]
AsyncKeySource = Callable[[], str | Awaitable[str]]

#: How many of the latest ones are kept out of every text. To look for more would slow each call.
_REMEMBERED: Final = 32


class CredentialSource:
    """
    Where a key or a token comes from that changes: asked when one is needed, and after a 401.

    Views of one client share it, and what it returned.
    """

    __slots__ = ("__weakref__", "_ask", "_check", "_known")

    def __init__(self, ask: Callable[[], Any], check: Callable[[Secret], Secret]) -> None:
        self._ask = ask
        self._check = check
        self._known: tuple[Secret, ...] = ()

    @property
    def current(self) -> Secret | None:
        """
        What it returned last; None if it was not asked yet.
        """
        return self._known[0] if self._known else None

    @property
    def known(self) -> tuple[Secret, ...]:
        """
        What it returned lately, the latest first.
        """
        return self._known

    def is_settled(self, refused: Sequence[Secret | None]) -> bool:
        """
        Return whether it need not be asked: it has returned something else than what was *refused*.
        """
        current = self.current
        return current is not None and not any(one is current for one in refused)

    async def ask(self, *, awaits: bool) -> None:
        """
        Ask for what is good now; what the callable raises is raised as it is.

        Raises:
            ConfigurationError: What it returned cannot be sent.
            TypeError: It returned no text; or, unless the client *awaits*, something to await.
        """
        # Hidden at once: a traceback shows what stands in variables.
        returned = Secret(self._ask())
        if inspect.isawaitable(returned.reveal()):
            if not awaits:
                getattr(returned.reveal(), "close", bool)()
                message = (
                    "api_key and access_token of a HeyMilo must not return what has to be "
                    "awaited: give plain callables, or use AsyncHeyMilo"
                )
                raise TypeError(message)
            returned = Secret(await returned.reveal())
        checked = self._check(returned)
        self._known = (checked, *self._known[: _REMEMBERED - 1])

    def __repr__(self) -> str:
        # Not the callable's: that of a `partial` has its arguments.
        return "***"


def is_coroutine_function(function: object) -> bool:
    """
    Return whether what *function* returns has to be awaited, as far as can be told by looking.
    """
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object's, not whether it has one
    )


def refuse_coroutine_functions(**given: Any) -> None:
    """
    Refuse what a `HeyMilo` cannot await among what it was *given*, hidden, by name.
    """
    for name, hidden in given.items():
        if isinstance(hidden, Secret) and is_coroutine_function(hidden.reveal()):
            message = (
                f"{name} must be a plain callable: a HeyMilo awaits nothing, AsyncHeyMilo does"
            )
            raise TypeError(message)
