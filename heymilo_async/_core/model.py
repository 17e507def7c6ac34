"""
Model: the base class of everything in responses, and the functions that read one from JSON.

A reader is generated per model, with inline checks: most fields need only a type test, and no call.
attrs generates `__init__` in the same way, and cattrs its own functions; cattrs calls a reader as a
hook.
"""

from __future__ import annotations

import functools
import inspect
import linecache
import operator
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Final

import attrs

from .._values import NOTHING_EXTRA, read_only

if TYPE_CHECKING:
    from cattrs import Converter

#: The metadata of a secret field, such as a signed URL: `repr` masks it.
SECRET: Final[Mapping[str, Any]] = {"secret": True}

#: The metadata of a field with few different values: models share the strings to save memory.
SHARED: Final[Mapping[str, Any]] = {"shared": True}

#: The default of a mapping that is optional and never null.
EMPTY: Final = NOTHING_EXTRA


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Model:
    """
    The base class of all models: frozen, comparable, hashable, picklable.

    It implements the methods once, because generating them for each class would slow down the
    import. `repr` masks secrets, such as signed URLs; the attributes and `to_dict` contain them.

    Attributes:
        extra: Fields of the response that this version does not know, read-only.

    Example:
        >>> from heymilo_async import Model, PhoneNumber
        >>> issubclass(PhoneNumber, Model)
        True
    """

    #: The field whose value `starting_after` takes.
    _cursor: ClassVar[str] = "id"

    extra: Mapping[str, Any] = attrs.field(default=NOTHING_EXTRA, converter=read_only)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name, _ in self._names())

    def __hash__(self) -> int:
        # Without `extra`, because equal models still have equal hashes.
        known = tuple(self._values())[:-1]
        return hash((type(self), _hashed(known)))

    def __repr__(self) -> str:
        own = dict(self._names())
        shown = [
            f"{name}={'***' if own[name] and value is not None else repr(value)}"
            for name, value in zip(own, self._values(), strict=True)
            if name != "extra"
        ]
        if self.extra:
            # A member of `extra` named like a field may be a secret that the field would mask.
            extra = (
                f"{name!r}: {'***' if name in own else repr(self.extra[name])}"
                for name in self.extra
            )
            shown.append(f"extra={{{', '.join(extra)}}}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def _names(self) -> tuple[tuple[str, bool], ...]:
        # mypy takes the hash of the instances for that of the class.
        kind: Any = type(self)
        return _fields(kind)

    def _values(self) -> Iterator[Any]:
        return (getattr(self, name) for name, _ in self._names())


def _hashed(value: Any) -> Any:
    """
    Return something hashable for *value*, the same for equal values.
    """
    if isinstance(value, tuple):
        return tuple(map(_hashed, value))
    # A model that was not decoded may have a dict in place of a `ReadOnly`.
    if isinstance(value, Mapping):
        return frozenset(value)
    return None if isinstance(value, list) else value


def is_secret(kind: type[Model], name: str) -> bool:
    """
    Return whether the field *name* is secret.
    """
    return bool(attrs.fields_dict(kind)[name].metadata.get("secret"))


def cursor_of(item: Model) -> str:
    """
    Return the cursor of *item*: the value of `starting_after` for the page after it.
    """
    cursor: str = getattr(item, item._cursor)
    return cursor


def resolve(kind: type, defined_in: ModuleType) -> None:
    """
    Replace the string annotations of *kind* and of its constructor by types.

    `typing.get_type_hints` would resolve the names in the public module of *kind*, and tools such
    as hypothesis read the types from attrs. Two threads may do this at the same time while they
    import a module, so it does not use `kind.__module__`, which the other thread may change.
    """
    kind.__annotations__ = inspect.get_annotations(kind, globals=vars(defined_in), eval_str=True)
    if attrs.has(kind):
        attrs.resolve_types(kind)
        constructor: Any = kind.__init__
        taken = constructor.__annotations__
        taken.update(
            (field.alias, _instantiable(field.type))
            for field in attrs.fields(kind)
            # A field with an alias may have another type in the constructor.
            if field.alias == field.name in taken
        )


def _instantiable(hint: Any) -> Any:
    """
    Return *hint* with `object` instead of `Any`, for which tools cannot generate values.
    """
    if hint is Any:
        return object
    before = typing.get_args(hint)
    after = tuple(map(_instantiable, before))
    if before == after:
        return hint
    origin = typing.get_origin(hint)
    if origin in {typing.Union, types.UnionType}:
        return functools.reduce(operator.or_, after)
    return origin[after]


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, bool], ...]:
    """
    Return the names of a model's fields, `extra` last, and whether `repr` masks each.
    """
    own: list[tuple[str, bool]] = []
    extra: list[tuple[str, bool]] = []
    for field in attrs.fields(kind):
        (extra if field.name == "extra" else own).append((field.name, "secret" in field.metadata))
    return (*own, *extra)


#: A hook of cattrs: converts a value to a type.
Hook = Callable[[Any, Any], Any]

#: The inline tests for valid values, by type. All other values go to the hook, so that only hooks
#: raise errors.
_PASSES: Mapping[Any, str] = {
    str: "type({0}) is str",
    bool: "type({0}) is bool",
    int: "type({0}) is int",
    # For infinity and NaN, the difference is NaN.
    float: "type({0}) is float and {0} - {0} == 0.0",
}


def can_generate_reader(kind: Any) -> bool:
    """
    Return whether creating a *kind* only sets its fields.
    """
    factory: Any = attrs.Factory  # type checkers take it for a function
    return not any(hasattr(kind, f"__attrs_{name}_init__") for name in ("pre", "post")) and all(
        field.init
        and not field.validator
        and not isinstance(field.default, factory)
        and (field.converter is None or field.name == "extra")
        for field in attrs.fields(kind)
    )


def generate_reader(
    kind: Any,
    converter: Converter,
    *,
    refuse: Callable[[Any], Any],
    extra_of: Callable[[dict[str, Any], frozenset[str]], Any],
    no_extra: Any,
) -> Hook:
    """
    Generate and compile the function that reads a *kind*.

    Its attribute `read_all` reads a list of them: most models come in long lists, and one call per
    object would take a tenth of the time.

    Args:
        kind: The model, possibly parametrised; `can_generate_reader` must be true for it.
        converter: The converter with the hooks for the types of its fields.
        refuse: Raises an error for a value that is not a JSON object.
        extra_of: Returns the unknown fields as the value of `extra`.
        no_extra: The value of `extra` without unknown fields.
    """
    plain = typing.get_origin(kind) or kind
    parameters = dict(zip(getattr(plain, "__parameters__", ()), typing.get_args(kind), strict=True))
    fields = [field for field in attrs.fields(plain) if field.name != "extra"]
    required = [field for field in fields if field.default is attrs.NOTHING]
    # Local variables for fields end in an underscore; no other names do.
    scope: dict[str, Any] = {
        "kind": plain,
        "open_kind": _open(plain),
        "known": frozenset(field.name for field in fields),
        "no_extra": no_extra,
        "extra_of": extra_of,
        "refuse": refuse,
        "time": datetime.fromtimestamp,
        "intern": sys.intern,
        "UTC": UTC,
    }
    body = [
        "if type(value) is not dict:",
        "    refuse(value)",
        f"seen = {len(required)}",
    ]
    for field in fields:
        name, local = field.name, f"{field.name}_"
        hint = _filled_in(field.type, parameters)
        scope |= {
            f"hint_{name}": hint,
            f"hook_{name}": converter.get_structure_hook(hint),
        }
        reading = [f"{local} = value[{name!r}]"]
        if hint is str and (name == "object" or "shared" in field.metadata):
            # A repeated value, for which json creates a new string each time. `intern` refuses
            # everything but strings.
            reading = [f"{local} = intern(value[{name!r}])"]
        else:
            reading += _checks(name, local, hint, converter, scope)
        if field in required:
            body += reading
        else:
            scope[f"default_{name}"] = field.default
            body += [
                f"if {name!r} in value:",
                "    seen += 1",
                *(f"    {line}" for line in reading),
                "else:",
                f"    {local} = default_{name}",
            ]
    body += [
        "made = open_kind()",
        *(f"made.{field.name} = {field.name}_" for field in fields),
        "made.extra = no_extra if seen == len(value) else extra_of(value, known)",
        "made.__class__ = kind",
        "models.append(made)",
    ]
    lines = [
        "def read_all(values):",
        "    models = []",
        "    for value in values:",
        *(f"        {line}" for line in body),
        "    return models",
        "def read(value, _):",
        "    return read_all((value,))[0]",
        "read.read_all = read_all",
    ]
    source = "\n".join(lines) + "\n"
    filename = f"<reader of {kind!r}>"
    # So that tracebacks show the generated lines, as for attrs.
    linecache.cache[filename] = len(source), None, source.splitlines(keepends=True), filename
    exec(compile(source, filename, "exec"), scope)  # noqa: S102 - only names of our own fields
    read: Hook = scope["read"]
    return read


def _open(kind: Any) -> Any:
    """
    Return a subclass of *kind* with the same slots that is not frozen, and starts without values.

    The reader sets its fields by plain assignments, and then freezes it by setting `__class__`.
    That takes half the time of `object.__setattr__` per field, as in a frozen class's `__init__`.
    """
    body = {
        "__slots__": (),
        # Both, although none is deleted: CPython has one slot for the two, and would look
        # `__setattr__` up for each assignment if the other one were inherited.
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
        "__init__": object.__init__,
    }
    return type(kind)(kind.__name__, (kind,), body)


def _checks(
    name: str, local: str, hint: Any, converter: Converter, scope: dict[str, Any]
) -> list[str]:
    """
    Return the lines that convert the JSON in *local* to a *hint*.
    """
    by_hook = f"{local} = hook_{name}({local}, hint_{name})"
    inner = _of_optional(hint)
    if inner is not None:
        if inner in _PASSES:
            passes = _PASSES[inner].format(local)
            return [f"if {local} is not None and not ({passes}):", f"    {by_hook}"]
        scope |= {f"hint_{name}": inner, f"hook_{name}": converter.get_structure_hook(inner)}
        lines = _checks(name, local, inner, converter, scope)
        return [f"if {local} is not None:", *(f"    {line}" for line in lines)]
    if hint in _PASSES:
        return [f"if not ({_PASSES[hint].format(local)}):", f"    {by_hook}"]
    if hint is datetime:
        return [
            f"if type({local}) is float or type({local}) is int:",
            f"    {local} = time({local}, UTC)",
            "else:",
            f"    {by_hook}",
        ]
    return [by_hook]


def _of_optional(hint: Any) -> Any:
    """
    Return X for the hint `X | None`, None for any other hint.
    """
    if typing.get_origin(hint) not in {typing.Union, types.UnionType}:
        return None
    rest = [one for one in typing.get_args(hint) if one is not types.NoneType]
    return rest[0] if len(rest) == 1 else None


def _filled_in(hint: Any, parameters: Mapping[Any, Any]) -> Any:
    """
    Return *hint* with its type variables replaced.
    """
    if isinstance(hint, typing.TypeVar):
        return parameters[hint]
    free = getattr(hint, "__parameters__", ())
    return hint[tuple(parameters[one] for one in free)] if free else hint
