"""
Loads and opens the client when a command needs it, and closes it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

import attrs

from ._connection import Connection
from ._reporting import reporting

if TYPE_CHECKING:
    from .. import HeyMilo
    from .._core.secrets import Secret

#: The API's own limit, so that the server does not refuse requests in the middle of a long list.
_AS_THE_API_ALLOWS: Final = "300/min"


@attrs.frozen(kw_only=True)
class Session:
    """
    The options that all commands share.
    """

    sandbox: bool
    connection: Connection = attrs.field(factory=Connection)

    @property
    def timeout(self) -> float | None:
        """
        The value of --timeout in seconds, None if it is not given.
        """
        return self.connection.timeout

    @property
    def base_url_source(self) -> str:
        """
        The source of the base URL, as text.
        """
        if self.connection.base_url is not None:
            return "from --base-url"
        if self.sandbox:
            return "from the sandbox"
        named = os.environ.get("HEYMILO_BASE_URL", "").strip()
        return "from HEYMILO_BASE_URL" if named else "the default"

    def adjusted(self, connection: Connection) -> Session:
        """
        Return a session whose options are overridden by *connection*.
        """
        return attrs.evolve(self, connection=self.connection.merged(connection))

    @contextlib.contextmanager
    def client(self) -> Generator[HeyMilo, None, None]:
        """
        Yield a client during the `with` block; report exceptions, and end the command.
        """
        from ._credentials import ask_for_key  # noqa: PLC0415 - imported on use

        with reporting(), self.open(None if self.sandbox else ask_for_key()) as client:
            yield client

    def open(self, key: Secret | None) -> AbstractContextManager[HeyMilo]:
        """
        Return a client as a context manager; without a *key* it uses the environment's credential.
        """
        from .. import HeyMilo  # noqa: PLC0415 - imported on use

        options = self._options()
        if self.sandbox:
            return _sandbox_client(options)
        return HeyMilo(None if key is None else key.reveal(), **options)

    def _options(self) -> dict[str, Any]:
        from .. import RetryPolicy  # noqa: PLC0415 - imported on use
        from ._trace import tracer  # noqa: PLC0415 - imported on use

        given = self.connection
        options: dict[str, Any] = {
            name: value
            for name in ("timeout", "deadline", "base_url", "workspace_id", "allow_insecure_http")
            if (value := getattr(given, name)) is not None
        }
        if given.max_attempts is not None:
            options["retry"] = RetryPolicy(max_attempts=given.max_attempts)
        options["rate_limit"] = _AS_THE_API_ALLOWS if given.pace is None else given.pace.limit
        options["events"] = tracer(given.verbose)
        return options


@contextlib.contextmanager
def _sandbox_client(options: dict[str, Any]) -> Generator[HeyMilo, None, None]:
    try:
        # Imported here, because it is an optional extra, and loads a web framework.
        from ..sandbox import running  # noqa: PLC0415
    except ImportError as missing:
        from ._errors import CommandError  # noqa: PLC0415 - imported on use

        raise CommandError(str(missing)) from None
    _forget_proxies()
    with running() as sandbox, sandbox.client(**options) as client:
        yield client


def _forget_proxies() -> None:
    # A proxy cannot reach this machine's loopback, and an invalid one should not matter here.
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    # Without variables, the system's proxy settings would apply.
    os.environ["NO_PROXY"] = "*"
