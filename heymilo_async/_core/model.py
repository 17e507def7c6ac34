"""
Model: the base class of everything in responses, with comparison, hash and repr.
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

from .._values import NOTHING_EXTRA, read_only

#: The metadata of a secret field, such as a signed URL: `repr` masks it.
SECRET: Final[Mapping[str, Any]] = {"secret": True}

#: The metadata of a field of few different words: models share these, and take less memory.
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
        # Free-form values may be lists, so leave them and `extra` out: equal models still have
        # equal hashes.
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
            # A value under the name of a field may be a secret that the field would mask.
            extra = (
                f"{name!r}: {'***' if name in own else repr(self.extra[name])}"
                for name in self.extra
            )
            shown.append(f"extra={{{', '.join(extra)}}}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def _names(self) -> tuple[tuple[str, bool], ...]:
        # mypy thinks that the class itself has no hash, because its instances define one.
        kind: Any = type(self)
        return _fields(kind)

    def _values(self) -> Iterator[Any]:
        return (getattr(self, name) for name, _ in self._names())


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
