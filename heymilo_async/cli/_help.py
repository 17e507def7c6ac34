"""
Writes the help of a command as plain text, in sections: its description, options and commands.

Typer would draw boxes with rich, whose import takes longer than the rest of the help.
"""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, cast

import typer
import typer.core

# Typer does not export it; depending on Typer's version, it is click's or Typer's own.
UsageError: Final = cast("type[typer.BadParameter]", typer.BadParameter.__base__)

#: Longer lines are hard to read.
_WIDEST: Final = 100

#: In a narrower terminal, a description is on the line below its name, unless the name is short.
_NARROW: Final = 60

_USAGE: Final = "Usage:"
_GAP: Final = "  "
_BELOW: Final = " " * 6

#: A name and its description, in an indented line of a help text.
_ROW: Final = re.compile(r"\s+(\S.*?)  +(\S.*)")


class Command(typer.core.TyperCommand):
    """
    A command with this help.
    """

    def get_help(self, ctx: Any) -> str:
        """
        Return the help; `typer.echo` removes the styles if the output is no terminal.
        """
        return _rendered(self, ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """
        Parse *args*; an error has the context, and so the command.
        """
        return _parsed(super().parse_args, ctx, args)


class Group(typer.core.TyperGroup):
    """
    A group of commands with this help.
    """

    def get_help(self, ctx: Any) -> str:
        """
        Return the help; `typer.echo` removes the styles if the output is no terminal.
        """
        return _rendered(self, ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """
        Parse *args*; an error has the context, and so the command.
        """
        return _parsed(super().parse_args, ctx, args)


def show_help_if_alone(context: typer.Context) -> None:
    """
    Show the help, if there is no subcommand.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def command_of(method: str) -> str:
    """
    Return the name of the command for *method*; for a walk, that of the list with its option.
    """
    if method.startswith("list_all"):
        return f"{command_of(method.replace('_all', '', 1))} --all"
    return method.replace("_", "-")


def sections_of(text: str) -> Iterator[tuple[str, list[str]]]:
    """
    Yield the paragraphs of a help *text*, each as a heading and lines.

    A heading ends in a colon, and indented lines follow it. A paragraph without a heading is one
    line.
    """
    for paragraph in text.strip().split("\n\n"):
        first, *rest = paragraph.splitlines()
        if rest and all(line.startswith(" ") for line in rest):
            yield first.removesuffix(":"), rest
        else:
            yield "", [" ".join(paragraph.split())]


def _parsed(
    parse: Callable[[Any, list[str]], list[str]], context: Any, args: list[str]
) -> list[str]:
    try:
        return parse(context, args)
    except UsageError as error:
        # The parser omits it if an option has no value.
        error.ctx = error.ctx or context
        raise


def _rendered(command: Any, context: Any) -> str:
    # The last column stays empty, because some terminals begin a new line there.
    width = min(shutil.get_terminal_size().columns, _WIDEST) - 1
    usage = f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}"
    line = _wrapped(f"{_USAGE} {usage}", width, indent=_BELOW)
    parts = [line.replace(_USAGE, _bold(_USAGE), 1)]
    for heading, lines in sections_of(command.help):
        if heading:
            parts.append(_section(heading, [_row_of(line) for line in lines], width))
        else:
            parts.append(_wrapped(lines[0], width))
    parts += [_section(name, rows, width) for name, rows in _parameters(command, context).items()]
    if isinstance(command, Group):
        parts.append(_section("Commands", _commands(command, context), width))
    return "\n\n".join(parts)


def _parameters(command: Any, context: Any) -> dict[str, list[tuple[str, str]]]:
    """
    Return the rows of the arguments and options, by their headings.
    """
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
    for one in command.get_params(context):
        # (Only a hidden one would have no record.)
        names, text = one.get_help_record(context)
        # Some versions of Typer escape brackets for rich.
        text = text.replace("\\[", "[")
        if one.param_type_name == "argument":
            # Some versions append its type.
            sections["Arguments"].append((one.metavar or names, text))
        else:
            # In some versions, the option --help comes from click, which has no sections.
            heading = getattr(one, "rich_help_panel", None) or "Options"
            sections.setdefault(heading, []).append((names, text))
    return {name: rows for name, rows in sections.items() if rows}


def _commands(group: Any, context: Any) -> Iterator[tuple[str, str]]:
    for name in group.list_commands(context):
        _, [summary] = next(sections_of(group.get_command(context, name).help))
        yield name, summary


def _row_of(line: str) -> tuple[str, str]:
    match = _ROW.fullmatch(line)
    return (line.strip(), "") if match is None else (match[1], match[2])


def _section(heading: str, rows: Iterable[tuple[str, str]], width: int) -> str:
    rows = list(rows)
    room = width // (2 if width >= _NARROW else 6)
    column = max((len(name) for name, text in rows if text and len(name) <= room), default=0)
    return "\n".join([_bold(f"{heading}:"), *(_row(*row, column, width) for row in rows)])


def _row(name: str, text: str, column: int, width: int) -> str:
    """
    Return *name* with *text* beside it, or below it if *name* is wider than *column*.
    """
    if not text:
        return _wrapped(f"{_GAP}{name}", width, indent=_BELOW)
    start = " " * (column + 2 * len(_GAP)) if column else _BELOW
    described = textwrap.indent(_wrapped(text, width - len(start)), start)
    if len(name) > column:
        return f"{_GAP}{_bold(name)}\n{described}"
    padded = _bold(name) + " " * (column - len(name))
    return f"{_GAP}{padded}{_GAP}{described[len(start) :]}"


def _wrapped(text: str, width: int, *, indent: str = "") -> str:
    return textwrap.fill(
        text, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def _bold(text: str) -> str:
    return text if os.environ.get("TERM") == "dumb" else typer.style(text, bold=True)
