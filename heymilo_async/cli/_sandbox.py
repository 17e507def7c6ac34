"""
The command `heymilo sandbox`: runs a sandbox in the foreground until it is stopped.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import ipaddress
import os
import queue
import secrets
import shlex
import signal
import sys
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ._durations import duration
from ._errors import CommandError, ExitCode
from ._exchanges import line
from ._reporting import reporting
from ._session import Session
from ._streams import say, write

if TYPE_CHECKING:
    from ..sandbox import Exchange, RateLimit, Sandbox

HELP: Final = """
Run a local HeyMilo with made-up postings, candidates and phone numbers, until Ctrl-C.

It answers like the real API, from memory, to every client with its URL and key. It needs neither
an account nor a network.

Examples:
  $ heymilo sandbox
  $ heymilo sandbox --port 8800 --api-key test
  $ heymilo sandbox --rate-limit 300/min
  $ heymilo sandbox --chaos 0.05 --seed 7
  $ heymilo sandbox --conduct

The first two lines of output are shell commands that export the URL and the key. Each request adds
a line: time, status, milliseconds, method, path; the status --- means that the sandbox sent no
response. Clients' keys are not shown. With --conduct the last lines are the report. Other messages
go to stderr.

Exit codes:
  0  stopped, by Ctrl-C or SIGTERM
  1  cannot listen: the port is in use; with --conduct, a rule was broken
  2  usage: an invalid option
"""

#: The signals that stop the sandbox with exit code 0, because they are the usual way to do so.
_STOPS: Final = (signal.SIGINT, signal.SIGTERM)
#: The longest wait in seconds. A signal may not interrupt a wait, and never does so on Windows, so
#: the loop has to wake up and check.
_ONE_WAIT: Final = 0.2

#: Errors that another port may fix.
_FAULTS_OF_PORT: Final = {errno.EADDRINUSE, errno.EACCES}


class Algorithm(enum.StrEnum):
    """
    The algorithm of the rate limit.
    """

    FIXED_WINDOW = "fixed-window"
    TOKEN_BUCKET = "token-bucket"  # noqa: S105 - not that kind of token


def share(text: str) -> float:
    """
    Parse a number from 0 to 1.

    Raises:
        typer.BadParameter: *text* is not a number from 0 to 1.
    """
    try:
        part = float(text)
    except ValueError:
        part = -1.0
    # (This comparison also refuses NaN.)
    if not 0 <= part <= 1:
        message = f"it takes a number from 0 to 1, such as 0.05, not {text!r}"
        raise typer.BadParameter(message)
    return part


def serve(
    context: typer.Context,
    *,
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            metavar="N",
            show_default=False,
            help="The TCP port; default: a free port.",
        ),
    ] = 0,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address to listen on.")
    ] = "127.0.0.1",
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote",
            help="Allow a --host that other machines can reach; their clients must allow http, as "
            "with --allow-insecure-http.",
        ),
    ] = False,
    numbers: Annotated[
        int, typer.Option(min=0, metavar="N", help="Number of phone numbers.")
    ] = 250,
    postings: Annotated[int, typer.Option(min=0, metavar="N", help="Number of postings.")] = 3,
    candidates: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Number of candidates of all postings."),
    ] = 120,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            show_default=False,
            help="The key that it accepts; default: a random key. Invent one: do not use a real "
            "key here.",
        ),
    ] = None,
    rate_limit: Annotated[
        str | None,
        typer.Option(
            metavar="N/UNIT",
            show_default=False,
            help="Answer more requests than this with 429: 300/min, 5/s. Default: no limit.",
        ),
    ] = None,
    algorithm: Annotated[
        Algorithm | None,
        typer.Option(
            "--rate-limit-algorithm",
            metavar="HOW",
            show_default=False,
            help="fixed-window (default) or token-bucket.",
        ),
    ] = None,
    latency: Annotated[
        float | None,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            show_default=False,
            help="Delay before each response: 50ms, 1.5s.",
        ),
    ] = None,
    chaos: Annotated[
        float | None,
        typer.Option(
            parser=share,
            metavar="RATE",
            show_default=False,
            help="Make a random share of requests fail, from 0 to 1: 0.05 is 5 %.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            show_default=False,
            help="The seed of --chaos: the same seed makes the same requests fail.",
        ),
    ] = None,
    conduct: Annotated[
        bool,
        typer.Option(
            "--conduct",
            help="At the end, report which rules of good conduct the requests have broken, and "
            "return exit code 1 if there are any.",
        ),
    ] = False,
) -> None:
    """
    Serve until a signal arrives, and write a line for each request.
    """
    with reporting():
        session: Session = context.obj
        if session.sandbox:
            message = (
                "--sandbox is for other commands: 'heymilo sandbox' runs a sandbox itself, "
                "so omit --sandbox"
            )
            raise CommandError(message, ExitCode.USAGE)
        if algorithm is not None and rate_limit is None:
            raise _wrong(context, "rate-limit-algorithm", "it needs --rate-limit, as in 300/min")
        if seed is not None and chaos is None:
            raise _wrong(context, "seed", "it needs --chaos, as in --chaos 0.05 --seed 7")
        _check_host(context, host, allow_remote=allow_remote)
        events: queue.SimpleQueue[Exchange | None] = queue.SimpleQueue()
        with (
            _running(
                host=host,
                port=port,
                allow_remote=allow_remote,
                numbers=numbers,
                postings=postings,
                candidates=candidates,
                real_time=True,
                api_key=api_key,
                rate_limit=_rate_limit(context, rate_limit, algorithm),
                latency=latency or 0.0,
                on_exchange=events.put,
            ) as sandbox,
            # Only here: Ctrl-C must still interrupt the start and the end of the sandbox.
            _on_stop(lambda: events.put(None)),
        ):
            if chaos is not None:
                seed = secrets.randbelow(10_000) if seed is None else seed
                sandbox.chaos(rate=chaos, seed=seed)
            _introduce(sandbox, chaos, seed)
            served = _write_lines(events)
        if sys.stderr is not None and sys.stderr.isatty():
            # The terminal may have written ^C at the beginning of the line.
            typer.echo(err=True)
        say(f"stopped after {served} request{'' if served == 1 else 's'}")
        if conduct:
            report = sandbox.conduct()
            write(f"{report}\n")
            if not report:
                message = "the requests have broken a rule of good conduct"
                raise CommandError(message)


def _wrong(context: typer.Context, option: str, fault: str) -> typer.BadParameter:
    return typer.BadParameter(fault, context, param_hint=f"'--{option}'")


def _check_host(context: typer.Context, host: str, *, allow_remote: bool) -> None:
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None:
        fault = f"it takes an address such as 127.0.0.1 or ::1, not {host!r}"
        raise _wrong(context, "host", fault)
    if not (address.is_loopback or allow_remote):
        fault = f"other machines may reach {host}: add --allow-remote to allow that"
        raise _wrong(context, "host", fault)


def _rate_limit(
    context: typer.Context, text: str | None, algorithm: Algorithm | None
) -> RateLimit | None:
    if text is None:
        return None
    how = (algorithm or Algorithm.FIXED_WINDOW).value
    try:
        limit: RateLimit = _extra().RateLimit.parse(text, algorithm=how)
    except ValueError as error:
        fault = str(error)
    else:
        return limit
    raise _wrong(context, "rate-limit", fault)


def _extra() -> Any:
    try:
        # Imported here, because it is an optional extra, and loads a web framework.
        from .. import sandbox  # noqa: PLC0415
    except ImportError as missing:
        message = str(missing)
    else:
        return sandbox
    raise CommandError(message)


@contextlib.contextmanager
def _running(*, host: str, port: int, **options: Any) -> Generator[Sandbox, None, None]:
    with contextlib.ExitStack() as stack:
        try:
            sandbox = stack.enter_context(_extra().running(host=host, port=port, **options))
        except ValueError as error:
            raise CommandError(str(error), ExitCode.USAGE) from None
        except TimeoutError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            cure = (
                "choose another --port, or omit it for a free one"
                if error.errno in _FAULTS_OF_PORT
                else "--host must be an address of this machine"
            )
            why = os.strerror(error.errno or 0).lower()
            message = f"cannot listen on port {port} of {host}: {why}; {cure}"
            raise CommandError(message) from None
        yield sandbox


@contextlib.contextmanager
def _on_stop(stop: Callable[[], None]) -> Generator[None, None, None]:
    """
    Call *stop* on SIGINT and SIGTERM during the `with` block.
    """

    def handle(_number: int, _frame: object) -> None:
        stop()

    former = {number: signal.signal(number, handle) for number in _STOPS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _introduce(sandbox: Sandbox, chaos: float | None, seed: int | None) -> None:
    counts = ", ".join(
        f"{len(sandbox.stores[name])} {words}"
        for name, words in (
            ("phone_numbers", "phone numbers"),
            ("postings", "postings"),
            ("candidates", "candidates"),
        )
    )
    say(f"the sandbox has {counts}; press Ctrl-C to stop it")
    if chaos:
        say(f"a random share of {chaos:g} of all requests fails (--seed {seed})")
    say("to use it, paste these lines into another terminal:")
    write(
        f"export HEYMILO_BASE_URL={shlex.quote(sandbox.base_url)}\n"
        f"export HEYMILO_API_KEY={shlex.quote(sandbox.api_key)}\n"
    )
    typer.echo("heymilo phone-numbers list\n", err=True)


def _write_lines(events: queue.SimpleQueue[Exchange | None]) -> int:
    served = 0
    while True:
        try:
            exchange = events.get(timeout=_ONE_WAIT)
        except queue.Empty:
            continue
        if exchange is None:
            return served
        write(line(exchange, time.strftime("%H:%M:%S")))
        served += 1
