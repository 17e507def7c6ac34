"""
The state that the checks of `heymilo doctor` share, and the finding of a check.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from .. import HeyMilo
from .._core.secrets import Secret
from .._core.settings import PoolSettings, Settings
from .._values import Headers
from ._errors import ExitCode
from ._reach import Route


class State(enum.StrEnum):
    """
    The outcome of a check.
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
        name: The name of the check.
        state: The outcome.
        text: The result, as text.
        cure: A suggested fix; empty if none is needed.
        code: The exit code of the command if this is the first check that failed.
        facts: The result, as data.
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
    The state that checks share; each check adds its results.

    Attributes:
        sandbox: Whether the command uses its own sandbox.
        source: The source of the base URL.
        open: Opens the client with a key; None: with the credential of the environment.
        seconds: The maximum duration of a check.
    """

    sandbox: bool
    source: str
    open: Callable[[Secret | None], HeyMilo]
    seconds: float
    has_credential: bool = False
    client: HeyMilo = attrs.field(init=False)
    route: Route = attrs.field(init=False)
    addresses: Sequence[str] = ()
    #: The headers of the response, None without a response; and the times of the request and the
    #: response, in Unix seconds.
    headers: Headers | None = None
    asked: float = 0.0
    answered: float = 0.0

    @property
    def settings(self) -> Settings:
        """
        The client's settings.
        """
        return self.client._twin._engine.settings

    @property
    def pool_settings(self) -> PoolSettings:
        """
        The settings of the client's connections.
        """
        return self.client._twin._engine.pool._settings


def failed(text: str, cure: str, code: ExitCode, **facts: Any) -> Finding:
    """
    Return the finding of a check that failed.
    """
    return Finding(state=State.FAILED, text=text, cure=cure, code=code, facts=facts)


def skipped(text: str) -> Finding:
    """
    Return the finding of a check that was skipped.
    """
    return Finding(state=State.SKIPPED, text=text)
