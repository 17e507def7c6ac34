"""
The options of every command that calls the API, accepted before and after the command's name.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol, TypeVar, cast, get_type_hints

import attrs
import typer

from ._durations import seconds

if TYPE_CHECKING:
    from .. import RateLimit

F = TypeVar("F", bound=Callable[..., None])

_PANEL: Final = "Connection"


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, show_default=False, rich_help_panel=_PANEL, **settings)


@attrs.frozen
class Pace:
    """
    The value of --rate-limit; None: no limit.
    """

    limit: RateLimit | None


def pace(text: str) -> Pace:
    """
    Parse a rate limit: `300/min`, `5/s`, `off`.

    Raises:
        typer.BadParameter: *text* is not a rate limit.
    """
    if text.strip().lower() == "off":
        return Pace(None)
    # Imported here, because the help does not need the client.
    from .. import ConfigurationError, RateLimit  # noqa: PLC0415

    try:
        return Pace(RateLimit.parse(text))
    except ConfigurationError as error:
        raise typer.BadParameter(str(error)) from None


@attrs.frozen(kw_only=True)
class Connection:
    """
    The values of the connection options; None for options that are not given.
    """

    timeout: float | None = None
    deadline: float | None = None
    max_attempts: int | None = None
    pace: Pace | None = None
    base_url: str | None = None
    workspace_id: str | None = None
    allow_insecure_http: bool | None = None
    verbose: int = 0

    def merged(self, later: Connection) -> Connection:
        """
        Return these options overridden by *later*; the counts of -v are added.
        """
        given = {
            name: value
            for name, value in attrs.asdict(later, recurse=False).items()
            # (A missing flag is False or None, depending on Typer's version.)
            if value is not None and value is not False and name != "verbose"
        }
        return attrs.evolve(self, **given, verbose=self.verbose + later.verbose)


_OPTIONS: Final[dict[str, Any]] = {
    "timeout": Annotated[
        float | None,
        _option(
            parser=seconds,
            metavar="SECONDS",
            help="Seconds without progress; default 30. Also accepts 500ms or 2m.",
        ),
    ],
    "deadline": Annotated[
        float | None,
        _option(
            parser=seconds,
            metavar="SECONDS",
            help="Time for a whole call, retries included (with --all: per page); default none.",
        ),
    ],
    "max_attempts": Annotated[
        int | None,
        _option(min=1, metavar="N", help="Attempts per call; default 3; 1 means no retry."),
    ],
    "pace": Annotated[
        Pace | None,
        _option(
            "--rate-limit",
            parser=pace,
            metavar="N/UNIT",
            help="Maximum request rate, such as 100/min or 5/s; default 300/min, the API's limit. "
            "off: no limit.",
        ),
    ],
    "base_url": Annotated[
        str | None,
        _option(metavar="URL", help="The URL of the API, instead of HEYMILO_BASE_URL."),
    ],
    "workspace_id": Annotated[
        str | None,
        _option(metavar="ID", help="The workspace, instead of HEYMILO_WORKSPACE_ID."),
    ],
    "allow_insecure_http": Annotated[
        bool | None,
        _option(
            "--allow-insecure-http",
            help="Allow http:// to another machine, which sends the key unencrypted over the network.",
        ),
    ],
    "verbose": Annotated[
        int,
        _option(
            "-v",
            "--verbose",
            count=True,
            help="Log requests and responses to stderr; -vv with headers. Secrets are masked.",
        ),
    ],
}


class _Adjustable(Protocol):
    def adjusted(self, connection: Connection) -> Any: ...


def with_connection(command: F) -> F:
    """
    Add the connection options to *command*; their values go into `context.obj`.

    Typer reads options from signatures, and has no shared options.
    """
    types = get_type_hints(command, include_extras=True)
    own = [
        one.replace(annotation=types[one.name])
        for one in inspect.signature(command).parameters.values()
        if one.name != "connection"
    ]
    # An operation may have a parameter of the same name, such as the deadline of a posting; the
    # connection option then works only before the command's name.
    names = [name for name in _OPTIONS if name not in {one.name for one in own}]
    added = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=0 if name == "verbose" else None,
            annotation=annotation,
        )
        for name, annotation in _OPTIONS.items()
        if name in names
    ]

    @functools.wraps(command)
    def adjusted(context: typer.Context, *args: Any, **kwargs: Any) -> None:
        given = Connection(**{name: kwargs.pop(name) for name in names})
        session: _Adjustable | None = context.obj
        if session is not None:
            context.obj = session.adjusted(given)
            command(context, *args, **kwargs)
        else:
            command(context, *args, connection=given, **kwargs)

    signature = inspect.Signature([*own, *added], return_annotation=None)
    described: Any = adjusted
    described.__signature__ = signature
    described.__annotations__ = {one.name: one.annotation for one in [*own, *added]}
    return cast("F", described)
