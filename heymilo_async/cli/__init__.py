"""
The command `heymilo`: the client of this package, from a terminal.

How to read it, from the outside inwards: `_app` holds the command and its options, one module for
each resource (`_phone_numbers`) its commands, `_session` opens the client for them. `_output`
writes what comes back in the format that was asked for, `_table` for people; `_errors` turns what
goes wrong into one line and an exit code; `_streams` is the border to stdout and stderr.
"""

from __future__ import annotations

import sys

from .._extras import missing

__all__ = ["main"]

_EXTRA = ("rich", "typer")
_OTHER, _INTERRUPTED = 1, 130


def main() -> int:
    """
    Run the command with the arguments of this process, and return its exit code.
    """
    try:
        # Not above: who did not install the extra is told so, and Ctrl-C works from here on.
        from ._app import run  # noqa: PLC0415

        return run(sys.argv[1:])
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA:
            raise
        line = missing("heymilo: this command", package, "cli")
        print(line, file=sys.stderr)  # noqa: T201 - rich may be what is missing
        return _OTHER
    except KeyboardInterrupt:
        return _INTERRUPTED
