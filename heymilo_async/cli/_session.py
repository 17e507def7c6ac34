"""
Opening the client for a command, and closing it whatever happens.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from contextlib import AbstractContextManager
from typing import Any, Final

import attrs

from .. import HeyMilo, RateLimit, RetryPolicy
from .._core.secrets import Secret
from ._connection import Connection
from ._credentials import ask_for_key
from ._errors import CommandError
from ._reporting import reporting
from ._trace import tracer

#: A walk through a long list is not refused in the middle.
_AS_THE_API_ALLOWS: Final = RateLimit(300, per=60.0)


@attrs.frozen(kw_only=True)
class Session:
    """
    What the options that commands share say about this one.
    """

    sandbox: bool
    connection: Connection = attrs.field(factory=Connection)

    @property
    def timeout(self) -> float | None:
        """
        The seconds of --timeout, None if it was not given.
        """
        return self.connection.timeout

    @property
    def base_url_source(self) -> str:
        """
        Where the base URL comes from, in words.
        """
        if self.connection.base_url is not None:
            return "from --base-url"
        if self.sandbox:
            return "the sandbox's own"
        named = os.environ.get("HEYMILO_BASE_URL", "").strip()
        return "from HEYMILO_BASE_URL" if named else "the default"

    def adjusted(self, connection: Connection) -> Session:
        """
        Return a session in which what *connection* says comes first.
        """
        return attrs.evolve(self, connection=self.connection.merged(connection))

    @contextlib.contextmanager
    def client(self) -> Generator[HeyMilo, None, None]:
        """
        Give a client while the `with` block lasts; what goes wrong in it ends the command.
        """
        with reporting(), self.open(None if self.sandbox else ask_for_key()) as client:
            yield client

    def open(self, key: Secret | None) -> AbstractContextManager[HeyMilo]:
        """
        Return a client to enter: with *key*, or else with the credential of the environment.
        """
        options = self._options()
        if self.sandbox:
            return _sandbox_client(options)
        return HeyMilo(None if key is None else key.reveal(), **options)

    def _options(self) -> dict[str, Any]:
        said = self.connection
        options: dict[str, Any] = {
            name: value
            for name in ("timeout", "deadline", "base_url", "workspace_id", "allow_insecure_http")
            if (value := getattr(said, name)) is not None
        }
        if said.max_attempts is not None:
            options["retry"] = RetryPolicy(max_attempts=said.max_attempts)
        options["rate_limit"] = _AS_THE_API_ALLOWS if said.pace is None else said.pace.limit
        options["events"] = tracer(said.verbose)
        return options


@contextlib.contextmanager
def _sandbox_client(options: dict[str, Any]) -> Generator[HeyMilo, None, None]:
    try:
        # Not above: it is an extra of its own, and loads a web framework.
        from ..sandbox import running  # noqa: PLC0415
    except ImportError as missing:
        raise CommandError(str(missing)) from None
    _forget_proxies()
    with running() as sandbox, sandbox.client(**options) as client:
        yield client


def _forget_proxies() -> None:
    # No proxy leads back to this machine, and one that cannot work should not matter here.
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    # Without any variable the system's settings would count.
    os.environ["NO_PROXY"] = "*"
