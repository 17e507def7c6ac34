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
        CommandError: There is no credential, and no terminal for a prompt, or the input was empty.
        KeyboardInterrupt: Ctrl-C was pressed instead.
    """
    if variable_in_use() is not None:
        return None
    key = _prompt() if _has_terminal() else Secret("")
    if not key.reveal():
        raise CommandError(_NO_CREDENTIALS, ExitCode.AUTHENTICATION)
    return key


def _has_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _prompt() -> Secret:
    fault = "cannot hide the key on this terminal: set HEYMILO_API_KEY instead"
    try:
        with _without_suspending(), warnings.catch_warnings():
            # By default, getpass only warns if it cannot hide the input, and still prompts.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return Secret(getpass.getpass(_QUESTION, sys.stderr).strip())
    except getpass.GetPassWarning:
        pass
    except UnicodeDecodeError as error:
        fault = f"the typed key is not {error.encoding}: set HEYMILO_API_KEY instead"
    except EOFError:
        # Ctrl-D. As after Ctrl-C, the cursor is still on the line of the prompt.
        sys.stderr.write("\n")
        return Secret("")
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise
    # Raised outside of `except`, because a decoding error contains the typed text.
    raise CommandError(fault, ExitCode.AUTHENTICATION)


@contextlib.contextmanager
def _without_suspending() -> Generator[None, None, None]:
    """
    Ignore Ctrl-Z during the `with` block: a resumed command would show the typed text.
    """
    handlers = [(number, signal.signal(number, signal.SIG_IGN)) for number in _STOPS]
    try:
        yield
    finally:
        for number, handler in handlers:
            signal.signal(number, handler)
