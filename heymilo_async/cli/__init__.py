"""
The command `heymilo`: the client in a terminal.

How to read it: `_app` defines the command and its options, `_later` lists the subcommands,
`_resources` derives the commands of the resources, and `_help` formats the help. `_session` opens
the client for a command, `_output` writes results in the selected format, and `_table` formats
tables; they are loaded when a command runs. `_errors` turns exceptions into one line and an exit code.
`_streams` writes to stdout and stderr.
"""

from __future__ import annotations

import importlib.util
import os
import sys

from .._distribution import missing

__all__ = ["main"]

_EXTRA = ("rich", "typer")
_OTHER, _INTERRUPTED = 1, 130


def main() -> int:
    """
    Run the command with the arguments of this process, and return its exit code.
    """
    arguments = sys.argv[1:]
    try:
        # Imported here, so that this function handles a missing extra and Ctrl-C.
        if arguments == ["--version"] and "_HEYMILO_COMPLETE" not in os.environ:
            # `--version` works without the extra, because people use it to check an installation.
            return _show_version()
        # Check now, because some versions of typer import rich only when a command needs it.
        absent = next((one for one in _EXTRA if importlib.util.find_spec(one) is None), None)
        if absent is not None:
            return _lacks(absent)
        from ._app import run  # noqa: PLC0415 - see above

        return run(arguments)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _lacks(package: str) -> int:
    line = missing("heymilo: this command", package, "cli")
    print(line, file=sys.stderr)  # noqa: T201 - rich may be missing
    return _OTHER


def _show_version() -> int:
    from ._version import write_version  # noqa: PLC0415 - see above

    try:
        write_version()
    except Exception as error:
        from ._errors import report  # noqa: PLC0415 - it loads the client

        return report(error)
    return 0
