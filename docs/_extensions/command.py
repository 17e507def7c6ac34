"""
Describes the command `heymilo` from its own help, so that no page can say something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer.main
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from heymilo_async.cli import _app
from heymilo_async.cli._help import sections_of


def setup(app: Sphinx) -> dict[str, bool]:
    """
    Connect with Sphinx.
    """
    app.add_directive("command", Command)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Command(SphinxDirective):
    """
    A section for the command, and one for each command below it.
    """

    def run(self) -> list[nodes.Node]:
        """
        Return the sections.
        """
        holder = nodes.Element()
        lines = list(_described(typer.main.get_command(_app.app), "heymilo"))
        self.state.nested_parse(
            StringList(lines, _app.__file__), self.content_offset, holder, match_titles=True
        )
        return holder.children


def _described(command: Any, path: str) -> Iterator[str]:
    """
    Yield what stands on the page about *command* and those below it, as MyST.
    """
    context = command.make_context(path, [], resilient_parsing=True)
    # One that is made when it is used has made itself by now.
    command = context.command
    yield from [f"## `{path}`", "", "```text", " ".join(_usage(command, context, path)), "```", ""]
    yield from _help(command.help)
    panels: dict[str, list[Any]] = {}
    for one in command.params:
        kind = "Arguments" if one.param_type_name == "argument" else "Options"
        panels.setdefault(one.rich_help_panel or kind, []).append(one)
    for panel, members in panels.items():
        yield from [f"```{{rubric}} {panel}", "```", ""]
        for names, text in filter(None, (one.get_help_record(context) for one in members)):
            yield from [f"`{names}`", f": {_escaped(text)}", ""]
    for name, one in getattr(command, "commands", {}).items():
        yield from _described(one, f"{path} {name}")


def _usage(command: Any, context: Any, path: str) -> list[str]:
    return [path, *command.collect_usage_pieces(context)]


def _help(text: str) -> Iterator[str]:
    """
    Yield a help text: paragraphs as they are, and what stands below a heading as typed.
    """
    for heading, lines in sections_of(text):
        if heading:
            typed = [line.removeprefix("  ") for line in lines]
            yield from [f"```{{rubric}} {heading}", "```", "", "```text", *typed, "```", ""]
        else:
            yield from [_escaped(lines[0]), ""]


def _escaped(text: str | None) -> str:
    plain = re.sub(r"([\\`*_{}\[\]<>$])", r"\\\1", text or "")
    return re.sub(r"(?<!\w)--[a-z-]*", lambda option: f"`{option[0]}`", plain)
