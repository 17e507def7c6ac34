"""
Turns a method's parameters into options and arguments, with help from its docstring.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import attrs
import typer

from .._values import NotGiven

#: An entry below `Args:` in a docstring, with its continuation lines.
_ENTRY: Final = re.compile(r"^    \*{0,2}(\w+): (.+(?:\n {6,}.+)*)", re.MULTILINE)

#: Python's words in docstrings, and those of a shell.
_SHELL_WORDS: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\balso for None\b", "also for null"),
        (r"(?<=\. )None: ", "Default: "),
        (r"\bNone: ", "default: "),
        (r"\bNone is sent as null\b", "--data can send null"),
        (r"`(\w+)=True`", r"--\1"),
        (r"`client\.interview_templates`", "heymilo interview-templates list"),
        (r"an aware datetime, or an ISO 8601 string", "ISO 8601, such as 2026-03-01T12:00:00Z"),
        (r"(an? )?`\w+`(, `\w+`)*,? or a(?= mapping)", "a"),
        (r"(`\w+`, )+or (?=mappings)", ""),
        (r"\ba mapping of str to str\b", "a JSON object of strings"),
        (r"\bmapping(s?)\b", r"JSON object\1"),
        (r"has `\.maybe_sent`", "says that the server may have processed it"),
        (r"`find` or `list_all[^`]*`|`find`|`list_all[^`]*`", "list --all"),
        (r"`(resolve|update)_(candidate|step)`", r"\1-\2"),
    )
)

_SCALARS: Final = (bool, int, float, str)

#: The name of a command's parameter for the body; no method has a parameter of this name.
BODY: Final = "body"

#: The name of the body's option; candidates have a parameter of that name, renamed here.
_DATA: Final = "data"
_OPTIONS: Final = {_DATA: "custom-data"}


@attrs.frozen(kw_only=True)
class Parameter:
    """
    A parameter of a method, and its option or argument on the command line.

    Attributes:
        kind: The type of its value: a Python type, `pairs` (repeatable KEY=VALUE), `texts`
            (repeatable) or `json`.
    """

    name: str
    kind: Any
    is_argument: bool
    is_positional: bool
    is_required: bool
    help: str

    @property
    def option(self) -> str:
        """
        The name of its option.
        """
        return _option(self.name)

    def described(self) -> inspect.Parameter:
        """
        Return it as a parameter for Typer.
        """
        listed = self.kind in {"pairs", "texts"}
        plain: Any = str if self.kind == "json" else self.kind
        settings: dict[str, Any] = {"show_default": False, "help": self.help}
        if self.kind is not bool:
            settings["metavar"] = _metavar(self)
        if self.is_argument:
            annotation: Any = Annotated[plain, typer.Argument(**settings)]
        else:
            wanted: Any = list[str] | None if listed else plain | None
            flag = f"{self.option}/--no-{self.option[2:]}" if plain is bool else self.option
            annotation = Annotated[wanted, typer.Option(flag, **settings)]
        default = inspect.Parameter.empty if self.is_argument else None
        return inspect.Parameter(
            self.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )

    def value(self, given: Any) -> Any:
        """
        Convert a value *given* on the command line to the method's type.
        """
        if self.kind == "json":
            return read_json(given, self.option)
        if self.kind == "pairs":
            return dict(_pair(text, self.option) for text in given)
        if self.name == "step" and isinstance(given, str) and given.isdecimal():
            return int(given)
        return given


def _option(name: str) -> str:
    return f"--{_OPTIONS.get(name, name.replace('_', '-'))}"


def parameters_of(method: Callable[..., Any]) -> list[Parameter]:
    """
    Return the parameters of a blocking method in order, without `self`.
    """
    words = words_of(method)
    found = []
    for one in list(inspect.signature(method).parameters.values())[1:]:
        kind = _kind(one.annotation)
        by_position = one.kind is not inspect.Parameter.KEYWORD_ONLY
        found.append(
            Parameter(
                name=one.name,
                kind=kind,
                is_argument=by_position and kind in _SCALARS,
                is_positional=by_position,
                is_required=one.default is inspect.Parameter.empty,
                help=words.get(one.name, ""),
            )
        )
    return found


def words_of(method: Callable[..., Any]) -> Mapping[str, str]:
    """
    Return the descriptions of the parameters in the docstring of *method*, each on one line.
    """
    _, _, rest = (inspect.getdoc(method) or "").partition("\nArgs:\n")
    section, _, _ = rest.partition("\n\n")
    return {name: _in_shell_words(text, method) for name, text in _ENTRY.findall(section)}


def _in_shell_words(text: str, method: Callable[..., Any]) -> str:
    """
    Return *text* from the docstring of *method* on one line, with options for its parameters.
    """
    text = re.sub(r"\s+", " ", text)
    for pattern, words in _SHELL_WORDS:
        text = pattern.sub(words, text)
    for one in inspect.signature(method).parameters.values():
        if one.kind is inspect.Parameter.KEYWORD_ONLY:
            text = text.replace(f"*{one.name}*", _option(one.name))
    return text.replace("*", "").replace("`", "")


def summary_of(method: Callable[..., Any]) -> str:
    """
    Return the first two paragraphs of the docstring of *method*, for the help.
    """
    described = (inspect.getdoc(method) or "").partition("\nArgs:\n")[0]
    described = re.sub(r" \(operation[^)]*\)", "", described)
    paragraphs = described.strip().split("\n\n")[:2]
    return "\n\n".join(_in_shell_words(one, method) for one in paragraphs)


def data_option() -> inspect.Parameter:
    """
    Return the option for the body, or for members without an option.
    """
    annotation = Annotated[
        str | None,
        typer.Option(
            f"--{_DATA}",
            metavar="JSON|@FILE|-",
            show_default=False,
            help="The body, or a part of it, as JSON: the JSON itself, @ and a file name, or - for "
            "standard input. Options override it. Use it to send null.",
        ),
    ]
    return inspect.Parameter(
        BODY, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def read_json(text: str, option: str) -> Any:
    """
    Parse JSON from *text*, from the file after an `@`, or from standard input for `-`.

    Raises:
        typer.BadParameter: It cannot be read, or is not JSON.
    """
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as error:
        message = f"cannot read {option}: {text[1:] or text}: {error.strerror}"
    except ValueError as error:
        message = f"{option} is not JSON ({error}): give JSON, @FILE, or - for standard input"
    raise typer.BadParameter(message)


def _pair(text: str, option: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        message = f"{option} takes KEY=VALUE, not {text!r}"
        raise typer.BadParameter(message)
    return key, value


def _kind(hint: Any) -> Any:
    hints = _union_members(hint)
    for scalar in (bool, str, float, int):
        if scalar in hints:
            return scalar
    for one in hints:
        if get_origin(one) is Mapping and get_args(one)[1] is str:
            return "pairs"
        if get_origin(one) is Sequence and get_args(one)[0] is str:
            return "texts"
    return "json"


def _union_members(hint: Any) -> list[Any]:
    """
    Return the types that *hint* allows, without None and NOT_GIVEN.
    """
    if get_origin(hint) in {Union, types.UnionType}:
        return [inner for one in get_args(hint) for inner in _union_members(one)]
    if get_origin(hint) is Literal:
        return [str]
    return [] if hint in {type(None), NotGiven} else [hint]


def _metavar(parameter: Parameter) -> str:
    if parameter.kind == "pairs":
        return "KEY=VALUE"
    if parameter.kind == "json":
        return "JSON|@FILE|-"
    if parameter.name.endswith("_id") or parameter.name in {"item_id", "ids", "order"}:
        return "ID"
    if parameter.kind in {int, float}:
        return "N"
    return "TIME" if parameter.name.startswith("created_") else "TEXT"
