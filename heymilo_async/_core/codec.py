"""
Converts bytes to models and models to JSON with cattrs, strictly in both directions.

It coerces no values: by default, cattrs would turn null into `'None'`, 5 into `'5'` and `"false"`
into True. A model keeps unknown fields in its `extra`.
"""

from __future__ import annotations

import codecs
import collections.abc
import functools
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, NoReturn, TypeVar, cast, get_args, get_origin

import attrs
from cattrs import BaseConverter, Converter, transform_error
from cattrs.errors import IterableValidationError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, override

from .._values import NOTHING_EXTRA, ReadOnly, read_only
from ..errors import ResponseDecodeError
from .arguments import DEEPEST
from .model import Hook, can_generate_reader, generate_reader

T = TypeVar("T")

#: The maximum number of digits of an integer.
_MOST_DIGITS = 1000

#: An escaped surrogate in JSON. Only a pair of them is valid; the check for pairs runs only where
#: this pattern matches, which is rare.
_SURROGATE = re.compile(rb"\\u[dD][89abAB]|\\u[dD][c-fC-F]")

#: The names of JSON types in errors.
_PRIMITIVES: Mapping[type[Any], str] = {str: "a string", bool: "a boolean", int: "an integer"}

_SCALARS = frozenset({str, int, float, bool, type(None)})

#: Functions that find the model for a value of `object`, for the items of an unparametrised page.
#: The index of the resources adds one, because it knows all models without importing them.
finders: list[Callable[[str], type[Any] | None]] = []


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SingleResponse(Generic[T]):
    """
    The envelope of a single model, the schemas `SingleResponse_...` of the contract.
    """

    data: T
    meta: Mapping[str, Any] | None = attrs.field(default=None, hash=False)
    extra: Mapping[str, Any] = attrs.field(default=NOTHING_EXTRA, converter=read_only, hash=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ListResponse(Generic[T]):
    """
    The envelope of a list without pagination, the schemas `ListResponse_...`.
    """

    data: tuple[T, ...]
    pagination: Mapping[str, Any] = attrs.field(default=NOTHING_EXTRA, hash=False)
    extra: Mapping[str, Any] = attrs.field(default=NOTHING_EXTRA, converter=read_only, hash=False)


class _InvalidValueError(TypeError):
    """
    A value is invalid; cattrs adds its location.
    """


class _ItemNamedByObject:
    """
    Stands for an item of an unparametrised `Page`, whose `object` names the model.
    """


def decode(body: bytes, returns: type[T]) -> T:
    """
    Decode *body*, the JSON of a *returns*.

    Raises:
        ResponseDecodeError: With the JSON path of the first error.
    """
    return structure(_parse(body), returns)


def structure(data: Any, returns: type[T]) -> T:
    """
    Convert *data*, parsed JSON, to a *returns*.
    """
    try:
        return _fast.structure(data, returns)
    except RecursionError:
        fault, path = "is nested too deeply to be read here", "$"
    except Exception as first:  # the second pass describes the error
        fault, path = _first_error(data, returns, first)
    message = f"{path} {fault}"
    raise ResponseDecodeError(message, path=path)


# Not frozen, for the same reason as `Call`; nothing changes it.
@attrs.define(eq=False, repr=False)
class Content(Generic[T]):
    """
    The decoded content of a response.

    Attributes:
        data: The data that the method returns.
        meta: The envelope's `meta`, None if it has none.
        extra: Fields of the envelope that this version does not know.
        is_cut: Whether a list without pagination has more items on the server.
    """

    data: T
    meta: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = NOTHING_EXTRA
    is_cut: bool = False


def read_content(body: bytes, returns: Any, shape: str, asked: str | None = None) -> Content[Any]:
    """
    Decode *body*, the response for the id *asked*, according to *shape* (except `bytes`).

    A model's `_from_envelope`, if it has one, may first complete an incomplete envelope.
    """
    if shape == "any":
        return Content(_parse(body) if body else None)
    if shape in {"page", "object"}:
        return Content(decode(body, returns))
    if shape == "list":
        envelope: Any = ListResponse
        listed: ListResponse[Any] = decode(body, envelope[get_args(returns)[0]])
        return Content(
            listed.data, extra=listed.extra, is_cut=bool(listed.pagination.get("has_more"))
        )
    parsed = _parse(body)
    if hasattr(returns, "_from_envelope"):
        parsed = returns._from_envelope(parsed, asked)
    single: SingleResponse[Any] = structure(parsed, SingleResponse[returns])
    return Content(single.data, single.meta, single.extra)


def from_dict(kind: type[T], data: Mapping[str, Any]) -> T:
    """
    Create a model from *data*, the contract's JSON as returned by `to_dict`.

    Args:
        kind: The model, such as `PhoneNumber` or `Page[PhoneNumber]`. For an unparametrised `Page`,
            the `object` of each item names the model.
        data: A dict of JSON values, which is copied.

    Returns:
        A *kind*; `from_dict(type(m), to_dict(m)) == m` for every model *m*.

    Raises:
        ResponseDecodeError: A field is missing or has the wrong type; `.path` is its location.
        TypeError: *kind* is not a model of this package, or *data* is not a mapping.

    Example:
        >>> from heymilo_async import PhoneNumber, from_dict
        >>> from_dict(PhoneNumber, {"id": "666A24C3", "phone_number": "+12062088075",
        ...                         "active": True}).active
        True
    """
    if not _is_model(kind):
        message = f"from_dict() reads models of heymilo_async, not {kind!r}"
        raise TypeError(message)
    if not isinstance(data, Mapping):
        message = f"data must be a mapping, not {type(data).__name__}"
        raise TypeError(message)
    return structure(dict(data), kind)


def to_dict(model: object) -> dict[str, Any]:
    """
    Return *model* as the contract's JSON: all fields, followed by the unknown ones.

    Args:
        model: A model of this package, such as `PhoneNumber` or `Page`.

    Returns:
        A new dict of JSON values: None for null, times as Unix seconds (UTC), lists for tuples.

    Raises:
        TypeError: *model* is not a model of this package.

    Example:
        >>> from heymilo_async import PhoneNumber, to_dict
        >>> number = PhoneNumber(id="666A24C3", phone_number="+12062088075", active=True)
        >>> to_dict(number)["phone_number"]
        '+12062088075'
    """
    if not _is_model(type(model)):
        message = f"to_dict() takes a model of heymilo_async, not {type(model).__name__}"
        raise TypeError(message)
    return cast("dict[str, Any]", _fast.unstructure(model))


def to_json(model: object) -> str:
    """
    Return *model* as the contract's JSON, on one line.

    Args:
        model: A model of this package, such as `PhoneNumber` or `Page`.

    Returns:
        The JSON of `to_dict`, as text.

    Raises:
        TypeError: *model* is not a model of this package.

    Example:
        >>> from heymilo_async import PhoneNumber, to_json
        >>> number = PhoneNumber(id="666A24C3", phone_number="+12062088075", active=True)
        >>> to_json(number)[:16]
        '{"id":"666A24C3"'
    """
    return json.dumps(to_dict(model), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _parse(body: bytes) -> Any:
    try:
        # Decode first, because json would guess UTF-16 and UTF-32 from bytes. Allow a BOM.
        parsed = _decoder.decode(body.removeprefix(codecs.BOM_UTF8).decode())
        if b"\\" in body and _SURROGATE.search(body):
            json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        fault = f"is not UTF-8 (byte {error.start})"
    except UnicodeEncodeError:
        fault = "contains an unpaired surrogate"
    except json.JSONDecodeError as error:
        fault = f"is not JSON: {error.msg} (character {error.pos})" if body else "is empty"
    except RecursionError:
        fault = "is nested too deeply to be read here"
    except ValueError as error:  # NaN, infinity, or an integer of thousands of digits
        fault = f"is not JSON that can be decoded exactly: {str(error)[:100]}"
    else:
        return parsed
    message = f"the body {fault}"
    raise ResponseDecodeError(message)


def _bounded_int(digits: str) -> int:
    # Parsing takes quadratic time, and a program can disable Python's own limit (4,300 digits).
    if len(digits) > _MOST_DIGITS:
        message = f"an integer of {len(digits)} digits"
        raise ValueError(message)
    return int(digits)


def _refuse_constant(name: str) -> Any:
    message = f"{name} is not a JSON number"
    raise ValueError(message)


# Shared, because json.loads would create a decoder for each body.
_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_bounded_int)


def checked_copy(members: dict[str, Any]) -> dict[str, Any]:
    """
    Copy unknown fields: only JSON types and finite numbers, at most `DEEPEST` levels.

    It works level by level instead of recursively, so that deep data cannot overflow the stack.
    """
    top = dict(members)
    level: list[Any] = [top]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for holder in level:
            for key, item in holder.items() if type(holder) is dict else enumerate(holder):
                kind = type(item)
                if kind is dict or kind is list:
                    holder[key] = kind(item)
                    below.append(holder[key])
                elif kind is float and not math.isfinite(item):
                    message = "holds a number that is not finite"
                    raise _InvalidValueError(message)
                elif kind not in _SCALARS or (type(holder) is dict and type(key) is not str):
                    odd = key if kind in _SCALARS else item
                    message = f"holds a {type(odd).__name__} where JSON cannot have one"
                    raise _InvalidValueError(message)
        if not below:
            return top
        level = below
    message = f"is nested deeper than {DEEPEST} levels"
    raise _InvalidValueError(message)


def _json_type_of(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    if value is None:
        return "null"
    return names.get(type(value), "a number" if type(value) in {int, float} else "no JSON value")


def _exact_type_hook(expected: str, kind: type[Any]) -> Callable[[Any, Any], Any]:
    def structure_hook(value: Any, _: Any) -> Any:
        if type(value) is kind:
            return value
        message = f"must be {expected}, not {_json_type_of(value)}"
        raise _InvalidValueError(message)

    return structure_hook


def _optional_type_hook(expected: str, kind: type[Any]) -> Callable[[Any, Any], Any]:
    def structure_hook(value: Any, _: Any) -> Any:
        if type(value) is kind or value is None:
            return value
        message = f"must be {expected}, not {_json_type_of(value)}"
        raise _InvalidValueError(message)

    return structure_hook


def _number_hook(value: Any, _: Any) -> float:
    if type(value) not in {int, float}:
        message = f"must be a number, not {_json_type_of(value)}"
        raise _InvalidValueError(message)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        message = "must be a finite number"
        raise _InvalidValueError(message)
    return number


def _time_hook(value: Any, kind: Any) -> datetime | None:
    if value is None and kind is not datetime:
        return None
    try:
        # This also fails for a float that is not finite, which is reported below.
        return datetime.fromtimestamp(
            value if type(value) is float else _number_hook(value, kind), UTC
        )
    except (OverflowError, OSError, ValueError):
        _number_hook(value, kind)
    message = "must be Unix seconds within the years 1 to 9999"
    raise _InvalidValueError(message)


def _object_hook(value: Any, _: Any) -> ReadOnly[Any]:
    if type(value) is not dict:
        _refuse_as_object(value)
    return ReadOnly(checked_copy(value))


def _str_mapping_hook(value: Any, kind: Any) -> ReadOnly[str]:
    texts: ReadOnly[str] = _object_hook(value, kind)
    for name, text in texts.items():
        if type(text) is not str:
            message = f"must have a string for {name[:50]!r}, not {_json_type_of(text)}"
            raise _InvalidValueError(message)
    return texts


def _any_json_hook(value: Any, _: Any) -> Any:
    copied = checked_copy({"value": value})["value"]
    return ReadOnly(copied) if type(copied) is dict else copied


def _text_or_int_hook(value: Any, _: Any) -> str | int:
    if type(value) not in {str, int}:
        message = f"must be a string or an integer, not {_json_type_of(value)}"
        raise _InvalidValueError(message)
    return cast("str | int", value)


def _array_hook_factory(kind: Any, converter: BaseConverter) -> Callable[[Any, Any], Any]:
    (inner, _) = get_args(kind)
    hook = converter.get_structure_hook(inner)

    def read_one_by_one(items: list[Any]) -> list[Any]:
        return [hook(item, inner) for item in items]

    read_all = getattr(hook, "read_all", read_one_by_one)

    def structure_hook(value: Any, _: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            message = f"must be an array, not {_json_type_of(value)}"
            raise _InvalidValueError(message)
        if not converter.detailed_validation:
            return tuple(read_all(value))
        return tuple([_item(hook, index, item, inner) for index, item in enumerate(value)])

    return structure_hook


def _item(hook: Callable[[Any, Any], Any], index: int, item: Any, kind: Any) -> Any:
    try:
        return hook(item, kind)
    except Exception as error:
        error.add_note(IterableValidationNote(f"@ index {index}", index, kind))
        # Any: pyright treats the constructor as that of every exception group.
        group: Any = IterableValidationError
        message = "while reading an array"
        raise group(message, [error], kind) from None


def _attrs_hook_factory(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    plain = get_origin(kind) or kind
    attrs.resolve_types(plain)
    if kind is plain and getattr(kind, "__parameters__", None):
        kind = kind[_ItemNamedByObject]
    if converter.detailed_validation or not can_generate_reader(plain):
        read = _detailed_reader(kind, plain, converter)
    else:
        read = generate_reader(
            kind, converter, refuse=_refuse_as_object, extra_of=_extra_of, no_extra=NOTHING_EXTRA
        )
    # A model may wrap its reader.
    around: Callable[..., Hook] | None = getattr(plain, "_reader", None)
    return read if around is None else around(read, converter)


def _detailed_reader(kind: Any, plain: Any, converter: Converter) -> Hook:
    read_fields: Hook = make_dict_structure_fn(kind, converter, extra=override(omit=True))
    known = frozenset(field.name for field in attrs.fields(plain) if field.name != "extra")

    def structure_hook(value: Any, _: Any) -> Any:
        if type(value) is not dict:
            _refuse_as_object(value)
        read = read_fields(value, kind)
        if known.issuperset(value):
            return read
        return attrs.evolve(read, extra=_extra_of(value, known))

    return structure_hook


def _refuse_as_object(value: Any) -> NoReturn:
    message = f"must be an object, not {_json_type_of(value)}"
    raise _InvalidValueError(message)


def _extra_of(value: dict[str, Any], known: frozenset[str]) -> ReadOnly[Any]:
    return ReadOnly(
        checked_copy({name: member for name, member in value.items() if name not in known})
    )


def _unstructure_hook_factory(kind: Any, converter: Converter) -> Callable[[Any], dict[str, Any]]:
    names = [field.name for field in attrs.fields(kind) if field.name != "extra"]

    def unstructure_hook(value: Any) -> dict[str, Any]:
        known = {name: converter.unstructure(getattr(value, name)) for name in names}
        # `extra` has the values that the model has no field for, under their original names.
        extra = {name: one for name, one in value.extra.items() if known.get(name) is None}
        return known | checked_copy(extra)

    return unstructure_hook


def _is_model(kind: Any) -> bool:
    plain = get_origin(kind) or kind
    return attrs.has(plain) and hasattr(attrs.fields(plain), "extra")


def _origin(kind: Any) -> Any:
    return get_origin(kind)


def configure(converter: Converter) -> Converter:
    """
    Make *converter* strict, and register the hooks for models.
    """

    def by_object_name(value: Any, _: Any) -> Any:
        name: Any = value.get("object") if type(value) is dict else None
        for find in finders if type(name) is str else ():
            if kind := find(name):
                return converter.structure(value, kind)
        message = "has no `object` that names its model: pass the model, as in Page[PhoneNumber]"
        raise _InvalidValueError(message)

    for kind, expected in _PRIMITIVES.items():
        converter.register_structure_hook(kind, _exact_type_hook(expected, kind))
        # Without this hook, cattrs would need two calls.
        converter.register_structure_hook(kind | None, _optional_type_hook(expected, kind))
    converter.register_structure_hook(float, _number_hook)
    converter.register_structure_hook(datetime, _time_hook)
    converter.register_structure_hook(datetime | None, _time_hook)
    converter.register_structure_hook(str | int, _text_or_int_hook)
    converter.register_structure_hook(_ItemNamedByObject, by_object_name)
    converter.register_structure_hook_func(lambda kind: kind is Any, _any_json_hook)
    converter.register_structure_hook_func(
        lambda kind: (_origin(kind) or kind) in {collections.abc.Mapping, ReadOnly}, _object_hook
    )
    converter.register_structure_hook_func(
        lambda kind: kind == Mapping[str, str], _str_mapping_hook
    )
    converter.register_structure_hook_factory(
        lambda kind: _origin(kind) is tuple, _array_hook_factory
    )
    converter.register_structure_hook_factory(_is_model, _attrs_hook_factory)
    converter.register_unstructure_hook(datetime, datetime.timestamp)
    converter.register_unstructure_hook(ReadOnly, lambda mapping: checked_copy(dict(mapping)))
    converter.register_unstructure_hook_factory(_is_model, _unstructure_hook_factory)
    return converter


_fast = configure(Converter(detailed_validation=False))


@functools.cache
def _detailed() -> Converter:
    """
    Return the converter that finds the location of an error, after the fast one has failed.

    It needs a try block per field, which would slow down decoding of valid bodies.
    """
    return configure(Converter(detailed_validation=True))


def _first_error(data: Any, returns: Any, first: Exception) -> tuple[str, str]:
    """
    Return a description of the first error in *data*, and its location.
    """
    fault: Exception = first
    try:
        _detailed().structure(data, returns)
    except Exception as detailed:
        fault = detailed
    words, _, path = transform_error(fault, format_exception=_description)[0].rpartition(" @ ")
    return words, path


def _description(fault: BaseException, _: Any) -> str:
    if isinstance(fault, KeyError):
        return "is missing"
    return (
        str(fault)
        if isinstance(fault, _InvalidValueError)
        else f"cannot be read ({type(fault).__name__})"
    )
