"""
The border to stdout and stderr: all of it or an error, and nothing that could drive a terminal.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys


class OutputError(Exception):
    """
    Standard output did not take what was written; the text says why.
    """


def is_terminal() -> bool:
    """
    Whether a person reads standard output.
    """
    return sys.stdout is not None and sys.stdout.isatty()


def write(text: str) -> None:
    """
    Write *text* to standard output, and see it off.

    Raises:
        BrokenPipeError: Nobody reads it any more.
        OutputError: It could not be written.
    """
    if sys.stdout is None:
        message = "cannot write the output: standard output is closed"
        raise OutputError(message)
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # Windows would make CR CR LF of the CR LF that ends a line of CSV.
            sys.stdout.reconfigure(newline="\n")
        sys.stdout.write(text)
        sys.stdout.flush()
    except UnicodeEncodeError as error:
        message = (
            f"the output is in {error.encoding}, which has no {error.object[error.start]!a}: "
            "use --format json or jsonl, or set PYTHONUTF8=1"
        )
    except BrokenPipeError:
        discard_output()
        raise
    except OSError as error:
        discard_output()
        message = f"cannot write the output: {error.strerror}"
    except BaseException:
        # Ctrl-C, while a full pipe was waited for.
        discard_output()
        raise
    else:
        return
    raise OutputError(message)


def write_bytes(content: bytes) -> None:
    """
    Write *content* to standard output as it is.

    Raises:
        BrokenPipeError: Nobody reads it any more.
        OutputError: It could not be written.
    """
    if sys.stdout is None:
        message = "cannot write the output: standard output is closed"
        raise OutputError(message)
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        discard_output()
        raise
    except OSError as error:
        discard_output()
        message = f"cannot write the output: {error.strerror}"
        raise OutputError(message) from None


def discard_output() -> None:
    """
    Let standard output lead nowhere.

    What it still holds would otherwise be written once more when the interpreter ends, which then
    complains: https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    # A stream without a descriptor has nothing to hold.
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, sys.stdout.fileno())
        finally:
            os.close(nowhere)


def say(text: str) -> None:
    """
    Write one line to standard error, as well as that goes.
    """
    # (print() would turn to standard output if standard error was closed.)
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            sys.stderr.write(f"heymilo: {printable(text)}\n")
            sys.stderr.flush()


def printable(text: str) -> str:
    """
    Return *text* with escapes for what could move the cursor, change colours or turn text round.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )
