"""
The commands `heymilo RESOURCE METHOD`, each derived from a method of a resource.

Help and completion only read the methods, so a command loads the client and rich when it runs.
"""

from __future__ import annotations

import contextlib
import inspect
import re
import shlex
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast, get_args, get_origin

import attrs
import typer

from .. import resources
from .._core.messages import Audio
from .._core.model import Model
from ..errors import (
    BadRequestError,
    InvalidRequestError,
    NotFoundError,
    UnprocessableEntityError,
)
from ..pages import Pager
from ._connection import with_connection
from ._errors import for_the_shell
from ._help import Command, command_of
from ._signature import (
    BODY,
    Parameter,
    data_option,
    in_options,
    parameters_of,
    read_json,
    summary_of,
)
from ._streams import OutputError, is_terminal, say, write_bytes
from ._views import Format, View, chosen, view_of

if TYPE_CHECKING:
    from ._session import Session

#: The panel of the output options in the help.
_OUTPUT: Final = "Output"

#: Methods without a command: concurrent calls are for programs.
_NOT_COMMANDS: Final = frozenset({"get_many", "get_many_settled"})

#: A phone number, as people write it.
_NUMBER: Final = re.compile(r"\+?[(0-9][0-9 ()./-]{5,}[0-9]", re.ASCII)
_NO_ID: Final = (
    "{} looks like a phone number, but the argument is an id: "
    "heymilo phone-numbers list --all --columns id,phone_number shows which number has which id"
)

_FORMAT: Final = Annotated[
    Format | None,
    typer.Option(
        "--format",
        show_default=False,
        rich_help_panel=_OUTPUT,
        help="Default: table on a terminal; elsewhere jsonl for lists, json for objects.",
    ),
]

_PAGED: Final[Mapping[str, Any]] = {
    "limit": Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100,
            metavar="N",
            show_default=False,
            help="Items on the page; the server's default is 20. With --all: items per request, "
            "default 100.",
        ),
    ],
    "starting_after": Annotated[
        str | None,
        typer.Option(metavar="ID", show_default=False, help="Start after the item with this id."),
    ],
    "every": Annotated[bool, typer.Option("--all", help="Fetch all pages.")],
    "max_items": Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            show_default=False,
            help="Fetch pages until N items are written.",
        ),
    ],
}

_LIST_HELP: Final = (
    "List {plural}: one page, or with --all every page.\n\n"
    "json is one object with data and pagination, also with --all. jsonl has one item per line, "
    "and csv has a header; both are written while the pages arrive. In all three, times are Unix "
    "seconds. Fields that are newer than this command appear in json and jsonl.\n\n"
    "On a terminal, --all shows a progress bar. After an error or Ctrl-C, the last line shows how "
    "to resume."
)


def add_commands(app: typer.Typer, resource: str) -> None:
    """
    Give *app* a command for each method of *resource*, an attribute of the clients.
    """
    kind = _blocking_class(resource)
    plural = resource.replace("_", " ")
    for name, method in vars(kind).items():
        if name.startswith("_") or name in _NOT_COMMANDS or not inspect.isfunction(method):
            continue
        walk = f"list_all{name.removeprefix('list')}"
        if name.startswith("list_all"):
            continue
        if name.startswith("list") and hasattr(kind, walk):
            command = _list_command(resource, kind, name, walk, plural)
            text = _LIST_HELP.format(plural=plural)
        else:
            command, text = _call_command(resource, kind, name, plural), summary_of(kind, name)
        app.command(command_of(name), cls=Command, help=text)(with_connection(command))


def _blocking_class(resource: str) -> Any:
    """
    Return the class of the clients' attribute *resource*, without loading a client.
    """
    face = resource.replace("_", "")
    names = (name for name, module in resources.EXPORTS.items() if module == resource)
    return resources.load(next(name for name in names if name.lower() == face))


def _list_command(
    resource: str, kind: Any, name: str, walk: str, plural: str
) -> Callable[..., None]:
    returned = _return_type(getattr(kind, name))
    view = view_of(get_args(returned)[0], plural)
    known = parameters_of(kind, name)
    parameters = [one for one in known if one.name not in _PAGED]

    def command(context: typer.Context, **given: Any) -> None:
        from . import _output as output  # noqa: PLC0415 - imported on use

        form = chosen(given.pop("form"), otherwise=Format.JSONL)
        picked = view.choosing(given.pop("columns"))
        limit, starting_after = given.pop("limit"), given.pop("starting_after")
        every, max_items = given.pop("every"), given.pop("max_items")
        positional, keywords = _arguments(parameters, given)
        session: Session = context.obj
        with session.client() as client, _naming_options(known):
            group = getattr(client, resource)
            if every or max_items is not None:
                pager: Pager[Any] = getattr(group, walk)(
                    *positional,
                    page_size=limit or min(max(max_items or 100, 1), 100),
                    starting_after=starting_after,
                    max_items=max_items,
                    **keywords,
                )
                bar = _bar(session, form, plural, starting_after, max_items)
                output.write_pages(pager.pages(), form, picked, bar)
            else:
                page = getattr(group, name)(
                    *positional, limit=limit, starting_after=starting_after, **keywords
                )
                output.write_pages([page], form, picked)
                if page.next_cursor is not None and form is not Format.JSON:
                    say(
                        "there are more items: add --all, "
                        f"or --starting-after {shlex.quote(page.next_cursor)}"
                    )

    paged = [
        _keyword(one, annotation, default=False if one == "every" else None)
        for one, annotation in _PAGED.items()
    ]
    return _with_options(
        command, [*(one.described() for one in parameters), *paged, *_output(view)]
    )


def _call_command(resource: str, kind: Any, name: str, plural: str) -> Callable[..., None]:
    method = getattr(kind, name)
    parameters = parameters_of(kind, name)
    returned = _return_type(method)
    item = get_args(returned)[0] if get_origin(returned) in {tuple, Pager} else returned
    is_model = isinstance(item, type) and issubclass(item, Model)
    view = view_of(item, plural) if is_model else None
    takes = getattr(method, "__operation__", None)
    has_body = takes is not None and takes.takes is not None
    if_interrupted = if_unwritten = ""
    if takes is not None and not takes.repeatable:
        if_interrupted = for_the_shell(takes.advice)
        if_unwritten = "the request itself has succeeded: do not repeat it"
    # A positional parameter for the body, such as a list of candidates.
    whole = next((one for one in parameters if one.is_positional and one.kind == "json"), None)
    described = [one.described() for one in parameters if one is not whole]
    if has_body:
        described.append(data_option(whole))
    if returned is Audio:
        described.append(_keyword("output", _FILE, default=None))
    else:
        described += _output(view)

    def command(context: typer.Context, **given: Any) -> None:
        data = given.pop(BODY, None)
        for parameter, value in _from_data(data, parameters, whole).items():
            # An option overrides --data.
            if given.get(parameter) in (None, []):
                given[parameter] = value
        output, columns = given.pop("output", None), given.pop("columns", None)
        form = given.pop("form", None)
        picked = None if view is None else view.choosing(columns)
        positional, keywords = _arguments(parameters, given)
        session: Session = context.obj
        # What came from --data has its name in the JSON.
        options = [one for one in parameters if not isinstance(given.get(one.name), Converted)]
        with session.client() as client, _naming_options(options):
            try:
                with _noting(KeyboardInterrupt, if_interrupted):
                    result = getattr(getattr(client, resource), name)(*positional, **keywords)
            except (BadRequestError, NotFoundError, UnprocessableEntityError) as error:
                if resource == "phone_numbers" and _NUMBER.fullmatch(positional[0]):
                    error.add_note(_NO_ID.format(shlex.quote(positional[0])))
                raise
            with _noting(OutputError, if_unwritten):
                _write(result, form, picked, output)

    return _with_options(command, described)


_FILE: Final = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        show_default=False,
        rich_help_panel=_OUTPUT,
        help="The output file; default: standard output, unless that is a terminal.",
    ),
]


def _write(result: Any, form: Format | None, view: View[Any] | None, file: Path | None) -> None:
    from . import _output as output  # noqa: PLC0415 - imported on use

    if isinstance(result, Audio):
        _write_audio(result, file)
    elif isinstance(result, tuple):
        output.write_items(result, chosen(form, otherwise=Format.JSONL), view)
    elif view is None:
        output.write_mapping(result, form)
    elif isinstance(result, Pager):
        pager: Pager[Any] = result
        output.write_pages(pager.pages(), chosen(form, otherwise=Format.JSONL), view)
    else:
        output.write_one(result, chosen(form, otherwise=Format.JSON), view)


def _write_audio(audio: Audio, output: Path | None) -> None:
    if output is None and is_terminal():
        message = "a terminal cannot show audio: add --output FILE, or pipe it to a program"
        raise typer.BadParameter(message)
    if output is None:
        write_bytes(audio.content)
        return
    try:
        output.write_bytes(audio.content)
    except OSError as error:
        message = f"cannot write --output: {output}: {error.strerror}"
        raise typer.BadParameter(message) from None
    say(f"wrote {len(audio.content):,} bytes of {audio.content_type} to {output}")


def _from_data(
    data: str | None, parameters: list[Parameter], whole: Parameter | None
) -> dict[str, Any]:
    """
    Return the arguments from --data: one whole argument, or several by name.
    """
    if data is None:
        return {}
    body = read_json(data, "--data")
    if whole is not None:
        return {whole.name: Converted(body)}
    names = {one.name for one in parameters if not one.is_argument}
    if not isinstance(body, dict):
        message = "--data must be a JSON object"
        raise typer.BadParameter(message)
    for name in body:
        if name not in names:
            message = f"--data has an unknown member {name!r}; known: {', '.join(sorted(names))}"
            raise typer.BadParameter(message)
    return {name: Converted(value) for name, value in body.items()}


@attrs.frozen
class Converted:
    """
    A value that needs no conversion for the method.
    """

    value: Any


def _arguments(
    parameters: list[Parameter], given: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """
    Return the given positional and keyword arguments.
    """
    positional, keywords = [], {}
    for one in parameters:
        value = given.get(one.name)
        if isinstance(value, Converted):
            converted = value.value
        elif value is None or (value == [] and one.kind in {"pairs", "texts"}):
            if one.is_required:
                option = "--data" if one.is_positional and one.kind == "json" else one.option
                message = f"{option} is missing"
                raise typer.BadParameter(message)
            continue
        else:
            converted = one.value(value)
        if one.is_positional:
            positional.append(converted)
        else:
            keywords[one.name] = converted
    return positional, keywords


@contextlib.contextmanager
def _naming_options(parameters: Sequence[Parameter]) -> Generator[None]:
    """
    Let a refusal of the arguments name the options of *parameters*.
    """
    try:
        yield
    except (InvalidRequestError, TypeError) as error:
        error.args = (in_options(for_the_shell(str(error)), parameters),)
        raise


@contextlib.contextmanager
def _noting(kind: type[BaseException], note: str) -> Generator[None]:
    """
    Add *note*, unless it is empty, to an exception of this *kind*.
    """
    try:
        yield
    except kind as error:
        if note:
            error.add_note(note)
        raise


def _return_type(method: Callable[..., Any]) -> Any:
    return inspect.signature(method).return_annotation


def _output(view: View[Any] | None) -> list[inspect.Parameter]:
    """
    Return the options for the output.
    """
    options = [_keyword("form", _FORMAT, default=None)]
    if view is not None:
        columns = Annotated[
            str | None,
            typer.Option(
                "--columns",
                metavar="NAMES",
                show_default=False,
                autocompletion=view.completed,
                rich_help_panel=_OUTPUT,
                help=f"Fields to show, in order, in any format, such as {view.example}.",
            ),
        ]
        options.append(_keyword("columns", columns, default=None))
    return options


def _keyword(name: str, annotation: Any, *, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _with_options(
    command: Callable[..., None], options: list[inspect.Parameter]
) -> Callable[..., None]:
    """
    Set the signature of *command*, from which Typer creates the options.
    """
    context = inspect.Parameter(
        "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
    )
    described: Any = command
    described.__signature__ = inspect.Signature([context, *options], return_annotation=None)
    described.__annotations__ = {one.name: one.annotation for one in (context, *options)}
    return cast("Callable[..., None]", described)


def _bar(
    session: Session, form: Format, plural: str, starting_after: str | None, max_items: int | None
) -> AbstractContextManager[Callable[[int, int | None], None]]:
    from ._progress import is_wanted, progress  # noqa: PLC0415 - imported on use

    return progress(
        plural,
        most=max_items,
        # The server does not say how many items follow a cursor.
        is_total_known=starting_after is None,
        wanted=is_wanted(
            verbose=session.connection.verbose, writes_lines=form in {Format.JSONL, Format.CSV}
        ),
    )
