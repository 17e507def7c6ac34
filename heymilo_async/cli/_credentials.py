"""
Asking for a key where the environment has none: at a terminal, and never shown.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import signal
import sys
import warnings
from collections.abc import Generator
from typing import Final

from .._core.secrets import Secret
from ._errors import CommandError, ExitCode

#: What the environment may hold, in the order in which the client looks.
VARIABLES: Final = ("HEYMILO_API_KEY", "HEYMILO_ACCESS_TOKEN")

_QUESTION: Final = "HeyMilo API key (it is not shown): "
_NO_CREDENTIALS: Final = (
    "no credentials: set HEYMILO_API_KEY (or HEYMILO_ACCESS_TOKEN), "
    "or look around without any: heymilo --sandbox phone-numbers list"
)

#: What Ctrl-Z sends, where there is such a thing.
_STOPS: Final = [getattr(signal, name) for name in ("SIGTSTP",) if hasattr(signal, name)]


def variable_in_use() -> str | None:
    """
    Return which variable the client takes its credential from, None if none is set.
    """
    return next((name for name in VARIABLES if os.environ.get(name, "").strip()), None)


def ask_for_key() -> Secret | None:
    """
    Return the key that a person types; None without asking if the environment has a credential.

    Raises:
        CommandError: There is none, and nobody to ask, or nothing was typed.
        KeyboardInterrupt: Ctrl-C was pressed instead.
    """
    if variable_in_use() is not None:
        return None
    key = _typed() if _someone_is_there() else Secret("")
    if not key.reveal():
        raise CommandError(_NO_CREDENTIALS, ExitCode.AUTHENTICATION)
    return key


def _someone_is_there() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _typed() -> Secret:
    fault = "the terminal cannot be kept from showing what is typed: set HEYMILO_API_KEY instead"
    try:
        with _not_to_be_stopped(), warnings.catch_warnings():
            # It warns of echo, and then asks all the same.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return Secret(getpass.getpass(_QUESTION, sys.stderr).strip())
    except getpass.GetPassWarning:
        pass
    except UnicodeDecodeError as error:
        fault = f"what was typed is not {error.encoding}: set HEYMILO_API_KEY instead"
    except EOFError:
        # Ctrl-D. As with Ctrl-C, the cursor still stands behind the question.
        sys.stderr.write("\n")
        return Secret("")
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise
    # Not in the `except` above: a decoding error holds what was typed.
    raise CommandError(fault, ExitCode.AUTHENTICATION)


@contextlib.contextmanager
def _not_to_be_stopped() -> Generator[None, None, None]:
    """
    Ignore Ctrl-Z: a shell shows what is typed again once it has stopped and resumed a command.
    """
    former = [(number, signal.signal(number, signal.SIG_IGN)) for number in _STOPS]
    try:
        yield
    finally:
        for number, handler in former:
            signal.signal(number, handler)
