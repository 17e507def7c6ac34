"""
Opening the client for a command, and closing it whatever happens.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from contextlib import AbstractContextManager
from typing import Final

import attrs
import typer

from .. import HeyMilo
from ._errors import CommandError, ExitCode, report

_CREDENTIALS: Final = ("HEYMILO_API_KEY", "HEYMILO_ACCESS_TOKEN")


@attrs.frozen(kw_only=True)
class Session:
    """
    What the options in front of a command say about all commands.
    """

    sandbox: bool

    @contextlib.contextmanager
    def client(self) -> Generator[HeyMilo, None, None]:
        """
        Give a client while the `with` block lasts; what goes wrong in it ends the command.
        """
        try:
            with _sandbox_client() if self.sandbox else _client() as client:
                yield client
        # Reported here, because Typer has ideas of its own about Ctrl-C and closed pipes.
        except BaseException as error:
            raise typer.Exit(report(error)) from None


def _client() -> AbstractContextManager[HeyMilo]:
    # The client would say so too, but in terms of its parameters.
    if not any(os.environ.get(name, "").strip() for name in _CREDENTIALS):
        message = (
            "no credentials: set HEYMILO_API_KEY (or HEYMILO_ACCESS_TOKEN), "
            "or look around without any: heymilo --sandbox phone-numbers list"
        )
        raise CommandError(message, ExitCode.AUTHENTICATION)
    return HeyMilo()


@contextlib.contextmanager
def _sandbox_client() -> Generator[HeyMilo, None, None]:
    try:
        # Not above: it is an extra of its own, and loads a web framework.
        from ..sandbox import running  # noqa: PLC0415
    except ImportError as missing:
        raise CommandError(str(missing)) from None
    _forget_proxies()
    with running() as sandbox, sandbox.client() as client:
        yield client


def _forget_proxies() -> None:
    # No proxy leads back to this machine, and one that cannot work should not matter here.
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    # Without any variable the system's settings would count.
    os.environ["NO_PROXY"] = "*"
