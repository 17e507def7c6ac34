"""
Writes to stdout and stderr: completely or with an error, and without terminal control codes.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys


class OutputError(Exception):
    """
    Writing to standard output failed; the message explains why.
    """


def is_terminal() -> bool:
    """
    Return whether standard output is a terminal.
    """
    return sys.stdout is not None and sys.stdout.isatty()


def write(text: str) -> None:
    """
    Write *text* to standard output, and flush it.

    Raises:
        BrokenPipeError: The pipe is closed.
        OutputError: Writing failed.
    """
    if sys.stdout is None:
        message = "cannot write the output: standard output is closed"
        raise OutputError(message)
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # Windows would turn the CR LF of a CSV line into CR CR LF.
            sys.stdout.reconfigure(newline="\n")
        sys.stdout.write(text)
        sys.stdout.flush()
    except UnicodeEncodeError as error:
        message = (
            f"the output's encoding {error.encoding} has no {error.object[error.start]!a}: "
            "use --format json or jsonl, or set PYTHONUTF8=1"
        )
    except BrokenPipeError:
        discard_output()
        raise
    except OSError as error:
        discard_output()
        message = f"cannot write the output: {error.strerror}"
    except BaseException:
        # Ctrl-C while waiting for a full pipe.
        discard_output()
        raise
    else:
        return
    raise OutputError(message)


def write_bytes(content: bytes) -> None:
    """
    Write *content* to standard output unchanged.

    Raises:
        BrokenPipeError: The pipe is closed.
        OutputError: Writing failed.
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
    Redirect standard output to the null device.

    Otherwise, the interpreter would flush its buffer once more at exit, and report an error:
    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    # A stream without a file descriptor has no buffer to flush.
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, sys.stdout.fileno())
        finally:
            os.close(nowhere)


def say(text: str) -> None:
    """
    Write one line to standard error, and ignore errors.
    """
    # (print() would write to standard output if standard error was closed.)
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            sys.stderr.write(f"heymilo: {printable(text)}\n")
            sys.stderr.flush()


def printable(text: str) -> str:
    """
    Return *text* with control characters escaped, so that it cannot control the terminal.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )
