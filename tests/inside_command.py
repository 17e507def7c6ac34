"""
The private names of the command that tests use, in one place: moving a part breaks only this file.
"""

from __future__ import annotations

from heymilo_async.cli import (
    _app as app,
)
from heymilo_async.cli import (
    _checks as checks,
)
from heymilo_async.cli import (
    _credentials as credentials,
)
from heymilo_async.cli import (
    _durations as durations,
)
from heymilo_async.cli import (
    _errors as errors,
)
from heymilo_async.cli import (
    _exchanges as exchanges,
)
from heymilo_async.cli import (
    _output as output,
)
from heymilo_async.cli import (
    _progress as progress,
)
from heymilo_async.cli import (
    _reach as reach,
)
from heymilo_async.cli import (
    _resources as resource_commands,
)
from heymilo_async.cli import (
    _sandbox as sandbox_command,
)
from heymilo_async.cli import (
    _streams as streams,
)
from heymilo_async.cli import (
    _verdict as verdict,
)
from heymilo_async.cli._connection import Connection, pace
from heymilo_async.cli._finding import Case, Finding, State
from heymilo_async.cli._trace import lines
from heymilo_async.cli._views import _CHOSEN as CHOSEN
from heymilo_async.cli._views import shown, view_of

__all__ = [
    "CHOSEN",
    "ONE_WAIT",
    "Case",
    "Connection",
    "Finding",
    "State",
    "app",
    "checks",
    "credentials",
    "durations",
    "errors",
    "exchanges",
    "lines",
    "output",
    "pace",
    "progress",
    "reach",
    "resource_commands",
    "sandbox_command",
    "shown",
    "streams",
    "verdict",
    "view_of",
]

#: How long the sandbox waits for a request at a time; tests change it.
ONE_WAIT = (sandbox_command, "_ONE_WAIT")
