"""
Model: the base of all that comes in answers, and how its kinds compare, hash and show themselves.
"""

from __future__ import annotations

import functools
import inspect
import operator
import types
import typing
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, ClassVar, Final

import attrs

from .._mapping import NOTHING_EXTRA, read_only

#: The metadata of a field that lets its holder in, such as a signed link: `repr` masks it.
SECRET: Final[Mapping[str, Any]] = {"secret": True}

#: The metadata of a field of few different words: models share these, and take less memory.
SHARED: Final[Mapping[str, Any]] = {"shared": True}

#: The default of a mapping that is optional and never null.
EMPTY: Final = NOTHING_EXTRA


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Model:
    """
    The base of all models: frozen, comparable, hashable, picklable.

    What the methods are is written here once, for to generate them for each class would make the
    import slow. Secrets, such as links that let their holder in, are masked in `repr`; the
    attribute and `to_dict` have them.

    Attributes:
        extra: Members of the answer that this version does not know, read-only.

    Example:
        >>> from heymilo_async import Model, PhoneNumber
        >>> issubclass(PhoneNumber, Model)
        True
    """

    #: The member that `starting_after` takes.
    _cursor: ClassVar[str] = "id"

    extra: Mapping[str, Any] = attrs.field(default=NOTHING_EXTRA, converter=read_only)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name, _ in self._names())

    def __hash__(self) -> int:
        # Any JSON may be a list. What is equal without it, and without the members that are not
        # known, has the same hash, which is all it takes.
        known = tuple(self._values())[:-1]
        return hash((type(self), *(value for value in known if type(value) is not list)))

    def __repr__(self) -> str:
        own = dict(self._names())
        shown = [
            f"{name}={'***' if own[name] and value is not None else repr(value)}"
            for name, value in zip(own, self._values(), strict=True)
            if name != "extra"
        ]
        if self.extra:
            # What stands there under the name of a member may hold what that would have masked.
            extra = (
                f"{name!r}: {'***' if name in own else repr(self.extra[name])}"
                for name in self.extra
            )
            shown.append(f"extra={{{', '.join(extra)}}}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def _names(self) -> tuple[tuple[str, bool], ...]:
        # To mypy a class whose instances have a hash of their own has none itself.
        kind: Any = type(self)
        return _fields(kind)

    def _values(self) -> Iterator[Any]:
        return (getattr(self, name) for name, _ in self._names())


def is_secret(kind: type[Model], name: str) -> bool:
    """
    Return whether the field with this *name* lets its holder in.
    """
    return bool(attrs.fields_dict(kind)[name].metadata.get("secret"))


def cursor_of(item: Model) -> str:
    """
    Return what `starting_after` takes for the page after *item*.
    """
    cursor: str = getattr(item, item._cursor)
    return cursor


def resolve(kind: type, defined_in: ModuleType) -> None:
    """
    Replace the annotations of *kind* and of its constructor, which are text, by types.

    `typing.get_type_hints` would look for their names in the module that shows *kind*; and tools
    that make values, such as hypothesis, have the types from attrs. Two threads that load a module
    may do this at the same time, so `kind.__module__` is not asked: the other one may change it.
    """
    kind.__annotations__ = inspect.get_annotations(kind, globals=vars(defined_in), eval_str=True)
    if attrs.has(kind):
        attrs.resolve_types(kind)
        constructor: Any = kind.__init__
        taken = constructor.__annotations__
        taken.update(
            (field.alias, _instantiable(field.type))
            for field in attrs.fields(kind)
            # What is stored under a name of its own may be taken as something else.
            if field.alias == field.name in taken
        )


def _instantiable(hint: Any) -> Any:
    """
    Return *hint* with `object` for `Any`, of which no tool can make a value.
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
