"""
Turns exceptions into one line on stderr and an exit code.
"""

from __future__ import annotations

import enum
import re
from typing import Final

from ..errors import (
    APIConnectionError,
    AuthenticationError,
    ConfigurationError,
    HeyMiloError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)
from ._help import UsageError, command_of
from ._streams import OutputError, discard_output, say


class ExitCode(enum.IntEnum):
    """
    The exit codes of the command.
    """

    DONE = 0
    OTHER = 1
    USAGE = 2
    AUTHENTICATION = 3
    NOT_FOUND = 4
    RATE_LIMITED = 5
    CONNECTION = 6
    # 128 plus the number of the signal: SIGINT, SIGPIPE.
    INTERRUPTED = 130
    PIPE_CLOSED = 141


_CODES: Final[tuple[tuple[type[BaseException], ExitCode], ...]] = (
    (AuthenticationError, ExitCode.AUTHENTICATION),
    (PermissionDeniedError, ExitCode.AUTHENTICATION),
    (NotFoundError, ExitCode.NOT_FOUND),
    (RateLimitError, ExitCode.RATE_LIMITED),
    (APIConnectionError, ExitCode.CONNECTION),
    (ConfigurationError, ExitCode.USAGE),
    (InvalidRequestError, ExitCode.USAGE),
    (UsageError, ExitCode.USAGE),
    # A value in JSON has the wrong type.
    (TypeError, ExitCode.USAGE),
    (KeyboardInterrupt, ExitCode.INTERRUPTED),
    (BrokenPipeError, ExitCode.PIPE_CLOSED),
)


#: Advice in the package's errors, and the same advice for a shell.
_FOR_THE_SHELL: Final = (
    (", or pass ssl_context=", ""),
    (", pass ssl_context=", ", which takes ssl_context= in Python"),
    ("base_url (or HEYMILO_BASE_URL)", "--base-url (or HEYMILO_BASE_URL)"),
    ("check base_url", "check --base-url (or HEYMILO_BASE_URL)"),
    ("check proxy= or HTTP(S)_PROXY", "check HTTPS_PROXY and HTTP_PROXY"),
    ("proxy (or HTTP_PROXY", "the proxy (of HTTP_PROXY"),
    ("use api_key= or access_token=", "set HEYMILO_API_KEY or HEYMILO_ACCESS_TOKEN"),
    ("workspace_id (or HEYMILO_WORKSPACE_ID)", "--workspace-id (or HEYMILO_WORKSPACE_ID)"),
)

#: A call of a method, such as `client.postings.list_all()`, and an argument that is an option.
_CALL: Final = re.compile(r"\bclient\.(\w+)\.(\w+)\(([^()]*)\)")
_FLAG: Final = re.compile(r"\b(?:pass )?(\w+)=True\b")


def for_the_shell(text: str) -> str:
    """
    Return *text*, an error of the package, with advice for a shell instead of a program.
    """
    for ours, shells in _FOR_THE_SHELL:
        text = text.replace(ours, shells)
    text = _CALL.sub(_command, text)
    return _FLAG.sub(lambda flag: f"--{command_of(flag[1])}", text)


def _command(call: re.Match[str]) -> str:
    words = ["heymilo", command_of(call[1]), command_of(call[2])]
    for argument in filter(None, call[3].split(", ")):
        name, is_option, value = argument.partition("=")
        words += [f"--{command_of(name)}", value] if is_option else [name.upper()]
    return f"'{' '.join(words)}'"


#: Newer versions of Typer check options with pydantic, whose texts these are.
_FOR_OPTIONS: Final = (
    (": Value error, ", ": "),
    (
        "Input should be a valid integer, unable to parse string as an integer",
        "it must be an integer",
    ),
    ("Input should be a valid number, unable to parse string as a number", "it must be a number"),
    ("Input should be greater than or equal to", "it must be at least"),
    ("Input should be less than or equal to", "it must be at most"),
)


#: Older versions say this themselves.
_NOT_VALID: Final = re.compile(r"'[^']*' is not a valid (float|integer)\b")
_KINDS: Final = {"float": "a number", "integer": "an integer"}


def for_options(text: str) -> str:
    """
    Return *text*, an error about an option, in our words.
    """
    text = text.removeprefix("Invalid value: ").rstrip(".")
    for theirs, ours in _FOR_OPTIONS:
        text = text.replace(theirs, ours)
    return _NOT_VALID.sub(lambda kind: f"it must be {_KINDS[kind[1]]}", text)


#: What Python calls the types of JSON.
_FOR_JSON: Final = (
    ("a list or a tuple", "an array"),
    ("a mapping of its members", "an object with its members"),
    ("a mapping", "an object"),
    ("a str", "a string"),
    ("an int", "an integer"),
    ("a bool", "true or false"),
    ("NoneType", "null"),
    ("dict", "an object"),
    ("list", "an array"),
    ("str", "a string"),
    ("bool", "true or false"),
    ("int", "a number"),
    ("float", "a number"),
)


def for_json(text: str) -> str:
    """
    Return *text*, an error about the type of an argument, for a value that was read from JSON.
    """
    name, must, types = text.partition(" must be ")
    ours = "|".join(ours for ours, _ in _FOR_JSON)
    return name + must + re.sub(rf"\b(?:{ours})\b", lambda one: dict(_FOR_JSON)[one[0]], types)


class CommandError(Exception):
    """
    The command cannot run; the message explains why, and how to fix it.
    """

    def __init__(self, message: str, code: ExitCode = ExitCode.OTHER) -> None:
        super().__init__(message)
        self.code = code


def report(error: BaseException) -> int:
    """
    Write *error* to stderr, unless a pipe was closed, and return the exit code.
    """
    if isinstance(error, SystemExit):
        # rich and Typer raise it when the pipe is closed while they write the help.
        if not isinstance(error.__context__, BrokenPipeError):
            return error.code if isinstance(error.code, int) else ExitCode.OTHER
        error = error.__context__
        discard_output()
    if not isinstance(error, BrokenPipeError):
        words = " ".join(_message(error).split())
        say("; ".join([words, *getattr(error, "__notes__", ())]))
    return exit_code(error)


def exit_code(error: BaseException) -> ExitCode:
    """
    Return the exit code for *error*.
    """
    if isinstance(error, CommandError):
        return error.code
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.OTHER)


def _message(error: BaseException) -> str:
    if isinstance(error, UsageError):
        command = "heymilo" if error.ctx is None else error.ctx.command_path
        return f"{for_options(error.format_message())} (see '{command} --help')"
    if isinstance(error, HeyMiloError):
        return for_the_shell(str(error))
    if isinstance(error, TypeError):
        return for_json(for_the_shell(str(error)))
    if isinstance(error, CommandError | OutputError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, OSError) and error.filename is None:
        # Typer writes the help; what the package's own code writes raises an OutputError.
        discard_output()
        return f"cannot write the output: {error.strerror}"
    return f"unexpected {type(error).__name__}: {error}"
