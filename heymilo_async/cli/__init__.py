"""
The command `heymilo`: the client in a terminal.

How to read it: `_app` defines the command and its options, `_resources` derives the commands of the
resources, and `_session` opens the client for them. `_output` writes results in the selected
format, and `_table` formats tables. `_errors` turns exceptions into one line and an exit code.
`_streams` writes to stdout and stderr.
"""

from __future__ import annotations

import sys

__all__ = ["main"]

_EXTRA = ("rich", "typer")
_OTHER, _INTERRUPTED = 1, 130


def main() -> int:
    """
    Run the command with the arguments of this process, and return its exit code.
    """
    try:
        # Not at the top, so that a missing extra and Ctrl-C are handled here.
        from ._app import run  # noqa: PLC0415

        return run(sys.argv[1:])
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if package not in _EXTRA:
            raise
        line = f"heymilo: this command needs {package}: pip install 'heymilo-async[cli]'"
        print(line, file=sys.stderr)  # noqa: T201 - rich may be what is missing
        return _OTHER
    except KeyboardInterrupt:
        return _INTERRUPTED
