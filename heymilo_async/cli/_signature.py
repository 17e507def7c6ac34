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
from ._connection import Connection
from ._help import command_of

#: An entry below `Args:` in a docstring, with its continuation lines.
_ENTRY: Final = re.compile(r"^    \*{0,2}(\w+): (.+(?:\n {6,}.+)*)", re.MULTILINE)

#: Names in docstrings: a parameter in asterisks, a method (or another name) in backquotes.
_PARAMETER: Final = re.compile(r"\*(\w+)\*")
_METHOD: Final = re.compile(r"`(\w+)`")

#: A name at the beginning of an error, or later a name with an underscore, but not in quotes.
_NAME: Final = re.compile(r"^\w+|(?<!['\w.])[a-z]+(?:_[a-z]+)+\b(?!')")

_SCALARS: Final = (bool, int, float, str)

#: The name of a command's parameter for the body; no method has a parameter of this name.
BODY: Final = "body"

#: The name of the body's option; candidates have a parameter of that name, renamed here.
_DATA: Final = "data"
_OPTIONS: Final = {_DATA: "custom-data"}

_AS_JSON: Final = "as JSON: the JSON itself, @ and a file name, or - for standard input."
_REQUIRED: Final = "  [required]"


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
        is_marked = self.is_required and not self.is_argument
        # As Typer marks arguments.
        text = f"{self.help}{_REQUIRED}" if is_marked else self.help
        settings: dict[str, Any] = {"show_default": False, "help": text}
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
            # Of the docstrings' words for a mapping without keys.
            return dict(_pair(text, self.option) for text in given if text != "{}")
        if self.name == "step" and isinstance(given, str) and given.isdecimal():
            return int(given)
        return given


def in_options(text: str, parameters: Sequence[Parameter]) -> str:
    """
    Return *text*, an error about *parameters*, with the name of an option for that of a parameter.
    """
    names = {
        one.name: _spoken(one.name) if one.is_argument else one.option
        for one in parameters
        if one.is_argument or not one.is_positional
    }

    def named(name: re.Match[str]) -> str:
        # Groups share a method that calls each id `item_id`; its errors have the path's own name.
        is_id = "item_id" in names and name[0].endswith("_id")
        return _spoken(name[0]) if is_id else names.get(name[0], name[0])

    # Later in the text, a name without an underscore may be a plain word.
    return _NAME.sub(named, text)


def _spoken(name: str) -> str:
    return f"the {name.replace('_', ' ')}"


def _option(name: str) -> str:
    return f"--{_OPTIONS.get(name, name.replace('_', '-'))}"


def parameters_of(kind: type, name: str) -> list[Parameter]:
    """
    Return the parameters of *kind*'s blocking method *name* in order, without `self`.
    """
    method = getattr(kind, name)
    words = _words_of(kind, method)
    found = []
    for one in list(inspect.signature(method).parameters.values())[1:]:
        of_type = _kind(one.annotation)
        by_position = one.kind is not inspect.Parameter.KEYWORD_ONLY
        found.append(
            Parameter(
                name=one.name,
                kind=of_type,
                is_argument=by_position and of_type in _SCALARS,
                is_positional=by_position,
                is_required=one.default is inspect.Parameter.empty,
                help=words.get(one.name, ""),
            )
        )
    return found


def _words_of(kind: type, method: Callable[..., Any]) -> Mapping[str, str]:
    """
    Return the descriptions of the parameters in the docstring of *method*, each on one line.
    """
    _, _, rest = (inspect.getdoc(method) or "").partition("\nArgs:\n")
    section, _, _ = rest.partition("\n\n")
    return {name: _in_shell_words(text, kind, method) for name, text in _ENTRY.findall(section)}


def summary_of(kind: type, name: str) -> str:
    """
    Return the help of *kind*'s method *name*: the first two paragraphs of its docstring.

    What only a Python program needs is in a later paragraph.
    """
    method = getattr(kind, name)
    described = (inspect.getdoc(method) or "").partition("\nArgs:\n")[0]
    described = re.sub(r" \(operation[^)]*\)", "", described)
    paragraphs = described.strip().split("\n\n")[:2]
    return "\n\n".join(_in_shell_words(one, kind, method) for one in paragraphs)


def _in_shell_words(text: str, kind: type, method: Callable[..., Any]) -> str:
    """
    Return *text* from the docstring of *kind*'s *method* on one line, with the option of each
    parameter and the command of each method that it names.
    """
    options = {
        one.name
        for one in inspect.signature(method).parameters.values()
        if one.kind is inspect.Parameter.KEYWORD_ONLY
    } | set(attrs.fields_dict(Connection))

    def option(match: re.Match[str]) -> str:
        return _option(match[1]) if match[1] in options else match[1]

    def command(match: re.Match[str]) -> str:
        is_method = inspect.isfunction(getattr(kind, match[1], None))
        return command_of(match[1]) if is_method else match[1]

    text = _METHOD.sub(command, _PARAMETER.sub(option, re.sub(r"\s+", " ", text)))
    return text.replace("*", "").replace("`", "")


def data_option(whole: Parameter | None) -> inspect.Parameter:
    """
    Return the option for the body, or for members without an option; or for the parameter *whole*,
    which is all of it.
    """
    help_text = f"The body, or a part of it, {_AS_JSON} Options override it. Use it to send null."
    if whole is not None:
        help_text = f"{whole.help} They are given {_AS_JSON}{_REQUIRED}"
    annotation = Annotated[
        str | None,
        typer.Option(f"--{_DATA}", metavar="JSON|@FILE|-", show_default=False, help=help_text),
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
        # Editors on Windows begin a file with a byte order mark, which json refuses.
        return json.loads(text.removeprefix("\ufeff"))
    except OSError as error:
        message = f"cannot read {option}: {text[1:] or text}: {error.strerror}"
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        message = f"{option} is not JSON ({error}): give JSON, @FILE, or - for standard input"
    except ValueError:
        message = f"{option} has a number with more than {sys.get_int_max_str_digits()} digits"
    except RecursionError:
        message = f"{option} is nested too deeply"
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
