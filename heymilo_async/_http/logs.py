"""
What the HTTP library logs while a request of ours is under way, without our secrets.

httpx and httpcore log the status line and the headers of a response, and a server may repeat the
key there.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar

from .._core.secrets import Secret, scrub
from .compat import LOGGERS

_secrets: ContextVar[tuple[Secret, ...]] = ContextVar("heymilo_secrets", default=())


class _WithoutSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """
        Let every record pass, but not as it is if it was made for a request with secrets.
        """
        secrets = _secrets.get()
        if secrets:
            record.msg, record.args = scrub(record.getMessage(), secrets), ()
        return True


_filter = _WithoutSecrets()
for _name in LOGGERS:
    logging.getLogger(_name).addFilter(_filter)


class no_secrets_logged:  # noqa: N801 - it is used as a function is
    """
    Keep *secrets* out of what the HTTP library logs within the `with`.
    """

    __slots__ = ("_before", "_hidden")

    def __init__(self, secrets: tuple[Secret, ...]) -> None:
        self._hidden = secrets

    def __enter__(self) -> None:
        self._before = _secrets.set(self._hidden)

    def __exit__(self, *_: object) -> None:
        _secrets.reset(self._before)
