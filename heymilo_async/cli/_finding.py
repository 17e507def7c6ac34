"""
What `heymilo doctor` passes from check to check, and what each check comes to.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from .. import HeyMilo
from .._core.secrets import Secret
from .._core.settings import PoolSettings, Settings
from .._mapping import Headers
from ._errors import ExitCode
from ._reach import Way


class State(enum.StrEnum):
    """
    What a check came to.
    """

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@attrs.frozen(kw_only=True)
class Finding:
    """
    The result of a check.

    Attributes:
        name: Of the check.
        state: What it came to.
        text: What was seen.
        cure: What to do; empty if there is nothing to do.
        code: What the command tells the shell if this is the first that failed.
        facts: What was seen, for programs.
    """

    name: str = ""
    state: State = State.OK
    text: str
    cure: str = ""
    code: ExitCode = ExitCode.DONE
    facts: Mapping[str, Any] = attrs.field(factory=dict[str, Any])


@attrs.define(kw_only=True)
class Case:
    """
    What is examined, and what is known of it by now.

    Attributes:
        sandbox: Whether it is the throw-away sandbox.
        source: Where the base URL comes from.
        open: Opens the client, with a key or else with the environment's.
        seconds: How long a step may take.
    """

    sandbox: bool
    source: str
    open: Callable[[Secret | None], HeyMilo]
    seconds: float
    has_credential: bool = False
    client: HeyMilo = attrs.field(init=False)
    way: Way = attrs.field(init=False)
    addresses: Sequence[str] = ()
    #: Those of the answer, None if there was none; and when it was asked for and came, in Unix
    #: seconds.
    headers: Headers | None = None
    asked: float = 0.0
    answered: float = 0.0

    @property
    def settings(self) -> Settings:
        """
        What the client was told, checked.
        """
        return self.client._twin._engine.settings

    @property
    def pool_settings(self) -> PoolSettings:
        """
        What the client's connections are made by.
        """
        return self.client._twin._engine.pool._settings


def failed(text: str, cure: str, code: ExitCode, **facts: Any) -> Finding:
    """
    Return the finding of a check that failed.
    """
    return Finding(state=State.FAILED, text=text, cure=cure, code=code, facts=facts)


def skipped(text: str) -> Finding:
    """
    Return the finding of a check that was not made.
    """
    return Finding(state=State.SKIPPED, text=text)
