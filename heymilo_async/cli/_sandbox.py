"""
The command `heymilo sandbox`: a HeyMilo on this machine, in the foreground, until it is stopped.
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

# (Typer keeps line breaks from the second paragraph on, so paragraphs have none.)
HELP: Final = """
Run a HeyMilo on this machine, with made-up postings, candidates and numbers, until Ctrl-C.

{answers}

[bold]Examples[/bold]
  $ heymilo sandbox
  $ heymilo sandbox --port 8800 --api-key test
  $ heymilo sandbox --rate-limit 300/min
  $ heymilo sandbox --chaos 0.05 --seed 7
  $ heymilo sandbox --conduct

{output}

[bold]Exit codes[/bold]
  0  stopped, by Ctrl-C or SIGTERM
  1  cannot listen: the port is in use; with --conduct, a rule was broken
  2  usage: a wrong option
""".format(
    answers=(
        "It answers as the real one does, from memory, to whoever has its URL and key. Neither an "
        "account nor a network is needed."
    ),
    output=(
        "Its first two lines of output are for a shell: they export the URL and the key. Then "
        "comes a line for each request: time, status, milliseconds, method, path; the status --- "
        "means that no answer was sent. Keys of callers are not shown. With --conduct the last lines "
        "are the report. What only people read goes to stderr."
    ),
)

#: What stops it; each is how one asks a server to end, so its exit code is 0.
_STOPS: Final = (signal.SIGINT, signal.SIGTERM)
#: Seconds. A signal does not end a wait that begins as it comes, nor on Windows any at all; but
#: then the next one does not begin.
_ONE_WAIT: Final = 0.2

#: What a person can mend by another port.
_FAULTS_OF_PORT: Final = {errno.EADDRINUSE, errno.EACCES}


class Algorithm(enum.StrEnum):
    """
    How the rate limit counts.
    """

    FIXED_WINDOW = "fixed-window"
    TOKEN_BUCKET = "token-bucket"  # noqa: S105 - not that kind of token


def share(text: str) -> float:
    """
    Return the part of a whole that *text* means, from 0 to 1.

    Raises:
        typer.BadParameter: It is something else.
    """
    try:
        part = float(text)
    except ValueError:
        part = -1.0
    # (So asked, it is refused too if it is no number.)
    if not 0 <= part <= 1:
        message = f"{text!r} is no share such as 0.05, from 0 to 1"
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
            help="The TCP port; by default one that is free.",
        ),
    ] = 0,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address of this machine to listen on.")
    ] = "127.0.0.1",
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote",
            help="Let --host be one that other machines can reach; clients there need "
            "allow_insecure_http=True.",
        ),
    ] = False,
    numbers: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many phone numbers there are.")
    ] = 250,
    postings: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many postings there are.")
    ] = 3,
    candidates: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="How many candidates, of all postings together."),
    ] = 120,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            show_default=False,
            help="The key it accepts, by default a new one. Make one up: this is no place for a "
            "real key.",
        ),
    ] = None,
    rate_limit: Annotated[
        str | None,
        typer.Option(
            metavar="N/UNIT",
            show_default=False,
            help="Refuse more requests than that with 429, as in 300/min or 5/s. By default "
            "none is refused.",
        ),
    ] = None,
    algorithm: Annotated[
        Algorithm | None,
        typer.Option(
            "--rate-limit-algorithm",
            metavar="HOW",
            show_default=False,
            help="fixed-window, which is the default, or token-bucket.",
        ),
    ] = None,
    latency: Annotated[
        float | None,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            show_default=False,
            help="Time to let pass before each answer: 50ms, 1.5s.",
        ),
    ] = None,
    chaos: Annotated[
        float | None,
        typer.Option(
            parser=share,
            metavar="RATE",
            show_default=False,
            help="Let this share of all requests fail, in one way or another: 0.05 is 5 %.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            show_default=False,
            help="Which requests fail under --chaos, and how: the same each time.",
        ),
    ] = None,
    conduct: Annotated[
        bool,
        typer.Option(
            "--conduct",
            help="At the end, say which rules of good conduct the requests have broken; the exit "
            "code is 1 if there are any.",
        ),
    ] = False,
) -> None:
    """
    Serve until a signal comes, and write a line for each request.
    """
    with reporting():
        session: Session = context.obj
        if session.sandbox:
            message = (
                "--sandbox is for the other commands: 'heymilo sandbox' is one itself, "
                "so leave --sandbox out"
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
            # Within: until it runs, and while it ends, Ctrl-C ends it the hard way.
            _told_to_stop(lambda: events.put(None)),
        ):
            if chaos is not None:
                seed = secrets.randbelow(10_000) if seed is None else seed
                sandbox.chaos(rate=chaos, seed=seed)
            _introduce(sandbox, chaos, seed)
            served = _write_lines(events)
        if sys.stderr is not None and sys.stderr.isatty():
            # Where the terminal shows it, ^C stands at the beginning of the line.
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
        fault = f"{host!r} is no address such as 127.0.0.1 or ::1"
        raise _wrong(context, "host", fault)
    if not (address.is_loopback or allow_remote):
        fault = f"other machines may reach {host}: add --allow-remote if that is meant"
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
        # Not above: it is an extra of its own, and loads a web framework.
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
                "choose another --port, or leave it out for a free one"
                if error.errno in _FAULTS_OF_PORT
                else "--host must be an address of this machine"
            )
            why = os.strerror(error.errno or 0).lower()
            message = f"cannot listen on port {port} of {host}: {why}; {cure}"
            raise CommandError(message) from None
        yield sandbox


@contextlib.contextmanager
def _told_to_stop(stop: Callable[[], None]) -> Generator[None, None, None]:
    """
    Call *stop* for the signals that mean it, while the `with` block lasts.
    """

    def told(_number: int, _frame: object) -> None:
        stop()

    former = {number: signal.signal(number, told) for number in _STOPS}
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
    say(f"a sandbox of {counts} runs; Ctrl-C stops it")
    if chaos:
        say(f"a share of {chaos:g} of all requests fails, at random with --seed {seed}")
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
