"""
Prompts for the API key on a terminal if the environment has none, without showing it.
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

#: The environment variables for credentials, in the order in which the client reads them.
VARIABLES: Final = ("HEYMILO_API_KEY", "HEYMILO_ACCESS_TOKEN")

_QUESTION: Final = "HeyMilo API key (it is not shown): "
_NO_CREDENTIALS: Final = (
    "no credentials: set HEYMILO_API_KEY (or HEYMILO_ACCESS_TOKEN), "
    "or try the sandbox, which needs none: heymilo --sandbox phone-numbers list"
)

#: The signal of Ctrl-Z, on systems that have it.
_STOPS: Final = [getattr(signal, name) for name in ("SIGTSTP",) if hasattr(signal, name)]


def variable_in_use() -> str | None:
    """
    Return the variable from which the client reads its credential, None if none is set.
    """
    return next((name for name in VARIABLES if os.environ.get(name, "").strip()), None)


def ask_for_key() -> Secret | None:
    """
    Prompt for the key and return it; return None if the environment has a credential.

    Raises:
        CommandError: There is no credential, and no terminal to prompt on, or nothing was typed.
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
    fault = "cannot hide the key on this terminal: set HEYMILO_API_KEY instead"
    try:
        with _not_to_be_stopped(), warnings.catch_warnings():
            # By default it only warns of echo, and still prompts.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return Secret(getpass.getpass(_QUESTION, sys.stderr).strip())
    except getpass.GetPassWarning:
        pass
    except UnicodeDecodeError as error:
        fault = f"the typed key is not {error.encoding}: set HEYMILO_API_KEY instead"
    except EOFError:
        # Ctrl-D. As with Ctrl-C, the cursor is still on the line of the prompt.
        sys.stderr.write("\n")
        return Secret("")
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise
    # Not in the `except` above, because a decoding error contains the typed text.
    raise CommandError(fault, ExitCode.AUTHENTICATION)


@contextlib.contextmanager
def _not_to_be_stopped() -> Generator[None, None, None]:
    """
    Ignore Ctrl-Z: after stopping and resuming a command, the terminal would show typed text.
    """
    former = [(number, signal.signal(number, signal.SIG_IGN)) for number in _STOPS]
    try:
        yield
    finally:
        for number, handler in former:
            signal.signal(number, handler)
