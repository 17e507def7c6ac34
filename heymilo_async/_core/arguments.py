"""
Checks of a caller's input: each check returns the value, or raises an error.

Functions check arguments. The types and ranges of a body's members check the body before it is sent
as JSON. A decorator checks keywords of the clients, and suggests names for those of other SDKs.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import json
import math
import types
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import (
    Annotated,
    Any,
    Concatenate,
    Final,
    Literal,
    ParamSpec,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)
from urllib.parse import quote, unquote

import attrs

from .._values import NOT_GIVEN, NotGiven, Record
from ..errors import ConfigurationError, InvalidRequestError
from .secrets import Secret

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")

#: In seconds; longer timeouts of sockets and locks overflow on some platforms.
LONGEST = 365 * 86_400.0

#: Far longer than any documented id (32 characters), far shorter than the limit of a URL.
_LONGEST_ID = 1024
_LONGEST_CURSOR = 4096

#: The maximum nesting of arrays and objects in free-form JSON, sent or received.
DEEPEST = 100

_SCALARS: Mapping[Any, str] = {str: "a str", bool: "a bool", int: "an int", float: "a number"}

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


def wrong_type(name: str, expected: str, value: object) -> TypeError:
    """
    Return the error for a *value* of the wrong type; its text does not show the value.
    """
    return TypeError(f"{name} must be {expected}, not {type(value).__name__}")


def seconds(
    name: str, value: object, *, zero: bool = False, refusal: type[Exception] = ConfigurationError
) -> float:
    """
    Return *value* as a float if it is a valid number of seconds.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(name, "a number of seconds", value)
    # Comparing is safe for any int and any float, NaN included.
    if not (0 < value <= LONGEST or (zero and value == 0)):
        lowest = "0 or more" if zero else "more than 0"
        message = (
            f"{name} must be {lowest} and at most {LONGEST:.0f} seconds (a year): {_shown(value)}"
        )
        raise refusal(message)
    return float(value)


def whole_number(
    name: str,
    value: object,
    lowest: int,
    highest: int | None = None,
    *,
    refusal: type[Exception] = ConfigurationError,
) -> int:
    """
    Return *value* if it is an int, and not a bool, from *lowest* to *highest*.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(name, "an int", value)
    if value < lowest or (highest is not None and value > highest):
        bounds = f"from {lowest} to {highest}" if highest is not None else f"at least {lowest}"
        message = f"{name} must be {bounds}: {_shown(value)}"
        raise refusal(message)
    return value


def _shown(value: float) -> str:
    # Converting a huge int to text takes quadratic time, and fails beyond 4,300 digits.
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a very large number"
    return repr(value)


def check_id(name: str, value: object) -> str:
    """
    Return *value* as a plain str if it is valid as one segment of a path.
    """
    text = _plain_text(name, value)
    if text in {"", ".", ".."}:
        message = f"{name} must not be {text!r}: it would name another path"
        raise InvalidRequestError(message)
    if len(text) > _LONGEST_ID:
        message = f"{name} has {len(text)} characters, at most {_LONGEST_ID}"
        raise InvalidRequestError(message)
    # No id contains control characters, surrogates or separators, which would also break logs.
    _refuse_categories(
        name, text, {"Cc", "Cs", "Zl", "Zp"}, "a control character or an unpaired surrogate"
    )
    return text


def check_limit(name: str, value: object) -> int:
    """
    Return *value* if it is a page size that the API accepts.
    """
    return whole_number(name, value, 1, 100, refusal=InvalidRequestError)


def check_cursor(name: str, value: object) -> str:
    """
    Return *value* as a plain str if it is valid as a cursor in a query.
    """
    text = _plain_text(name, value)
    if not text:
        message = f"{name} must not be empty: omit it to start at the beginning"
        raise InvalidRequestError(message)
    if len(text) > _LONGEST_CURSOR:
        message = f"{name} has {len(text)} characters, at most {_LONGEST_CURSOR}"
        raise InvalidRequestError(message)
    refuse_surrogates(name, text)
    return text


def refuse_surrogates(name: str, text: str) -> None:
    """
    Raise `InvalidRequestError` if *text* cannot be encoded as UTF-8.
    """
    if not text.isascii():
        _refuse_categories(name, text, {"Cs"}, "an unpaired surrogate")


def check_method(name: str, value: object) -> str:
    """
    Return *value* in capitals if it is an HTTP method.
    """
    text = _plain_text(name, value).upper()
    if text not in _METHODS:
        message = f"{name} must be one of {', '.join(sorted(_METHODS))}"
        raise InvalidRequestError(message)
    return text


def check_path(name: str, value: object) -> str:
    """
    Return *value* quoted for a URL, if it is only a path below base_url.
    """
    text = _plain_text(name, value)
    fault = ""
    if not text.startswith("/") or text.startswith("//"):
        fault = "must start with one /"
    elif "?" in text or "#" in text:
        fault = "must have no query and no fragment: use query="
    elif "\\" in text:
        fault = "must have no backslash"
    elif any(unquote(segment) in {".", ".."} for segment in text.split("/")):
        fault = "must have no segment . or .."
    if fault:
        message = f"{name} {fault}"
        raise InvalidRequestError(message)
    _refuse_categories(
        name, text, {"Cc", "Cs", "Zl", "Zp"}, "a control character or an unpaired surrogate"
    )
    return quote(text, safe="/%:=@~!$&'()*+,;")


def check_header(name: str, value: object) -> str:
    """
    Return *value* as a plain str if it is valid in a header.
    """
    text = _plain_text(name, value)
    if not text or not text.isascii() or not text.isprintable() or text != text.strip():
        message = f"{name} must be printable ASCII, without spaces around it"
        raise InvalidRequestError(message)
    return text


def check_search(name: str, value: object) -> str:
    """
    Return *value* as a plain str if it is valid in a query.
    """
    text = _plain_text(name, value)
    if len(text) > _LONGEST_CURSOR:
        message = f"{name} has {len(text)} characters, at most {_LONGEST_CURSOR}"
        raise InvalidRequestError(message)
    refuse_surrogates(name, text)
    return text


def _plain_text(name: str, value: object) -> str:
    # A subclass with its own `__str__` is ambiguous: it has two texts.
    if not isinstance(value, str) or type(value).__str__ is not str.__str__:
        raise wrong_type(name, "a str", value)
    return str.__str__(value)


def _refuse_categories(name: str, text: str, categories: set[str], what: str) -> None:
    # A shortcut, fifty times as fast: no character of these categories is printable.
    if text.isprintable():
        return
    for index, character in enumerate(text):
        if unicodedata.category(character) in categories:
            # Report the position, but not the text, which may be an API key passed by mistake.
            place = f"{character!a}, at index {index} of {len(text)}"
            message = f"{name} has {what}: {place}"
            raise InvalidRequestError(message)


@attrs.frozen(eq=False, repr=False)
class Named(Record):
    """
    The name of a member in error texts, if the parameter of its method has another name.
    """

    name: str


@attrs.frozen(eq=False, repr=False)
class Length(Record):
    """
    A constraint on the characters of a str, or the items of a list.
    """

    least: int = 0
    most: int | None = None

    def check(self, name: str, value: Any) -> None:
        """
        Raise `InvalidRequestError` if *value* is too short or too long.
        """
        if self.least <= len(value) <= (math.inf if self.most is None else self.most):
            return
        what = "characters" if isinstance(value, str) else "items"
        bounds = (
            f"{self.least} to {self.most}" if self.most is not None else f"{self.least} or more"
        )
        message = f"{name} must have {bounds} {what}, not {len(value)}"
        raise InvalidRequestError(message)


@attrs.frozen(eq=False, repr=False)
class Range(Record):
    """
    A constraint on a number: its minimum and maximum.
    """

    least: float
    most: float | None = None

    def check(self, name: str, value: Any) -> None:
        """
        Raise `InvalidRequestError` if *value* is too small or too large.
        """
        if self.least <= value <= (math.inf if self.most is None else self.most):
            return
        bounds = (
            f"from {self.least} to {self.most}"
            if self.most is not None
            else f"at least {self.least}"
        )
        shown = value if abs(value) < 10**20 else "a very large number"
        message = f"{name} must be {bounds}: {shown}"
        raise InvalidRequestError(message)


@attrs.frozen(eq=False, repr=False)
class MetadataLimits(Record):
    """
    The API's limits for metadata, the same for postings, candidates and interviews.
    """

    keys: int = 50
    key: int = 40
    value: int = 500

    def check(self, name: str, value: Any) -> None:
        """
        Raise `InvalidRequestError` if there are too many keys, or a key or value is too long.
        """
        if len(value) > self.keys:
            message = f"{name} must have at most {self.keys} keys, not {len(value)}"
            raise InvalidRequestError(message)
        for key, text in value.items():
            if len(key) > self.key:
                message = f"{name} has a key of {len(key)} characters, at most {self.key}: {key!a}"
                raise InvalidRequestError(message)
            if len(text) > self.value:
                message = f"{name}[{key!a}] has {len(text)} characters, at most {self.value}"
                raise InvalidRequestError(message)


#: The metadata of postings, candidates and interviews.
Metadata: TypeAlias = Annotated[Mapping[str, str], MetadataLimits()]


class Body:
    """
    The base class of request bodies: members with NOT_GIVEN are omitted, None is sent as null.

    The constructor checks the members. A mapping in place of a body is checked in the same way.
    """

    __slots__ = ()

    def __attrs_post_init__(self) -> None:
        members(self)

    def _given(self) -> Iterator[tuple[str, Any]]:
        """
        Yield the name and value of each given member.
        """
        kind: Any = type(self)
        for name in _hints(kind):
            value = getattr(self, name)
            if value is not NOT_GIVEN:
                yield name, value

    def _check(self, name: str) -> None:
        """
        Check members that depend on each other; *name* is the prefix of their names in errors.
        """

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return dict(self._given()) == dict(other._given())

    def __hash__(self) -> int:
        # Members may be unhashable lists. Hash their names, which are equal in equal bodies.
        return hash((type(self), *(name for name, _ in self._given())))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._given())})"


def encode(value: Any) -> bytes:
    """
    Return a checked *value* as compact JSON.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def body_of(kind: type[Body], given: Mapping[str, Any]) -> bytes:
    """
    Check the members *given* for a *kind*, and return its JSON.
    """
    return encode(members(_unchecked(kind, given, "")))


def json_body(name: str, value: object) -> bytes:
    """
    Check that *value* is JSON-compatible, and return its JSON.
    """
    return encode(_any_json(value, name))


def members(body: Body, prefix: str = "") -> dict[str, Any]:
    """
    Check the members of *body*, and return them as JSON data; *prefix* is for names in errors.
    """
    kind: Any = type(body)
    hints = _hints(kind)
    made = {
        name: _checked(
            hints[name], value.reveal() if isinstance(value, Secret) else value, prefix + name
        )
        for name, value in body._given()
    }
    body._check(prefix)
    return made


def _unchecked(kind: type[Body], given: Mapping[str, Any], prefix: str) -> Body:
    """
    Return a *kind* with the *given* members, without checking their values.
    """
    made = object.__new__(kind)
    fields = attrs.fields_dict(kind)  # type: ignore[arg-type]  # each kind is made by attrs
    for name in given:
        if name not in fields:
            where = prefix.removesuffix(".") or "the body"
            message = f"{where} has no member {name!r}: it takes {', '.join(fields)}"
            raise InvalidRequestError(message)
    for name, field in fields.items():
        value = given.get(name, NOT_GIVEN)
        if value is NOT_GIVEN:
            value = field.default
        if value is attrs.NOTHING:
            message = f"{prefix}{name} is missing"
            raise InvalidRequestError(message)
        object.__setattr__(made, name, value)
    return made


@functools.cache
def _hints(kind: Any) -> Mapping[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in attrs.fields(kind)}


def _checked(hint: Any, value: Any, name: str) -> Any:
    """
    Return *value* as JSON data if it matches *hint*.
    """
    if get_origin(hint) is Annotated:
        return _annotated(*get_args(hint), value=value, name=name)
    if get_origin(hint) in {Union, types.UnionType}:
        return _one_of(get_args(hint), value, name)
    if hint is Any:
        return _any_json(value, name)
    if get_origin(hint) is Literal:
        return _word(get_args(hint), value, name)
    if get_origin(hint) in {Sequence, tuple}:
        return _array(get_args(hint)[0], value, name)
    if get_origin(hint) is Mapping:
        return _object(get_args(hint)[1], value, name)
    if hint is datetime:
        return _time(value, name)
    if hint in _SCALARS:
        return _scalar(hint, value, name)
    return _nested([hint], value, name)


def _annotated(plain: Any, *extras: Any, value: Any, name: str) -> Any:
    name = next((extra.name for extra in extras if isinstance(extra, Named)), name)
    made = _checked(plain, value, name)
    for extra in extras:
        if not isinstance(extra, Named):
            extra.check(name, made)
    return made


def _one_of(hints: Sequence[Any], value: Any, name: str) -> Any:
    if value is None:
        if type(None) in hints:
            return None
        raise wrong_type(name, "given, or omitted", value)
    wanted = [one for one in hints if one not in {type(None), NotGiven}]
    if datetime in wanted and (len(wanted) == 1 or not isinstance(value, str)):
        return _time(value, name)
    wanted = [one for one in wanted if one is not datetime]
    bodies = [one for one in wanted if isinstance(one, type) and issubclass(one, Body)]
    return _nested(bodies, value, name) if bodies else _checked(wanted[0], value, name)


def _nested(kinds: Sequence[type[Body]], value: Any, name: str) -> dict[str, Any]:
    """
    Return the members of *value*, which is one of *kinds* or a mapping with their members.
    """
    if isinstance(value, Body) and isinstance(value, tuple(kinds)):
        return members(value, f"{name}.")
    names = " or ".join(one.__name__ for one in kinds)
    if not isinstance(value, Mapping):
        raise wrong_type(name, f"a {names}, or a mapping of its members", value)
    if len(kinds) == 1:
        return members(_unchecked(kinds[0], value, f"{name}."), f"{name}.")
    by_type = {_default(one, "type"): one for one in kinds}
    kind = by_type[_word(tuple(by_type), value.get("type"), f"{name}.type")]
    return members(_unchecked(kind, value, f"{name}."), f"{name}.")


def _default(kind: Any, name: str) -> Any:
    return attrs.fields_dict(kind)[name].default


def _scalar(kind: Any, value: Any, name: str) -> Any:
    wanted: Any = int | float if kind is float else kind
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        raise wrong_type(name, _SCALARS[kind], value)
    if kind is float and not math.isfinite(value):
        message = f"{name} must be a finite number: {value}"
        raise InvalidRequestError(message)
    if kind is str:
        text = str.__str__(cast("str", value))
        refuse_surrogates(name, text)
        return text
    return value


def _word(words: Sequence[Any], value: Any, name: str) -> Any:
    if not isinstance(value, str):
        raise wrong_type(name, "a str", value)
    if value not in words:
        message = f"{name} must be one of {', '.join(map(repr, words))}"
        raise InvalidRequestError(message)
    return str.__str__(value)


def _array(hint: Any, value: Any, name: str) -> list[Any]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Sequence):
        raise wrong_type(name, "a list or a tuple", value)
    return [_checked(hint, item, f"{name}[{index}]") for index, item in enumerate(value)]


def _object(hint: Any, value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise wrong_type(name, "a mapping", value)
    return {
        _scalar(str, key, f"a key of {name}"): _checked(hint, item, f"{name}[{key!a}]")
        for key, item in value.items()
    }


def _time(value: Any, name: str) -> str:
    if not isinstance(value, datetime):
        raise wrong_type(name, "a datetime, or a str", value)
    if value.utcoffset() is None:
        message = f"{name} must have a time zone, such as datetime.now(UTC): {value}"
        raise InvalidRequestError(message)
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _any_json(value: Any, name: str, depth: int = 0) -> Any:
    if depth > DEEPEST:
        message = f"{name} is nested deeper than {DEEPEST} levels"
        raise InvalidRequestError(message)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Secret):
        return _any_json(value.reveal(), name, depth)
    for kind in (str, int, float):
        if isinstance(value, kind):
            return _scalar(kind, value, name)
    if isinstance(value, Mapping):
        return {
            _scalar(str, key, f"a key of {name}"): _any_json(item, f"{name}[{key!a}]", depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_any_json(item, f"{name}[{at}]", depth + 1) for at, item in enumerate(value)]
    raise wrong_type(name, "JSON-compatible", value)


#: Settings that contain a secret, or may contain one by mistake.
_HIDDEN: Final = frozenset(
    {"api_key", "access_token", "workspace_id", "base_url", "default_headers", "proxy"}
)

_RETRIES: Final = "use retry=RetryPolicy(max_attempts=...), which counts the first attempt too"
_TIMEOUTS: Final = "use timeout=Timeouts(connect=..., read=..., write=..., pool=...)"
_WORKSPACE: Final = "use workspace_id="
_HEADERS: Final = "use default_headers="
_TRUST: Final = "use ssl_context=ssl.create_default_context(cafile=...), or set SSL_CERT_FILE"

#: Keywords of other SDKs, and advice on what to use instead.
KEYWORDS_OF_OTHER_SDKS: Final[Mapping[str, str]] = {
    "max_retries": _RETRIES,
    "num_retries": _RETRIES,
    "retries": _RETRIES,
    "retry_policy": "use retry=",
    "organization": _WORKSPACE,
    "project": _WORKSPACE,
    "workspace": _WORKSPACE,
    "stripe_account": _WORKSPACE,
    "apikey": "use api_key=",
    "key": "use api_key=",
    "secret_key": "use api_key=",
    "auth": "use api_key= or access_token=",
    "auth_token": "use access_token=",
    "bearer_token": "use access_token=",
    "token": "use access_token=",
    "api_base": "use base_url=",
    "endpoint": "use base_url=",
    "host": "use base_url=",
    "url": "use base_url=",
    "headers": _HEADERS,
    "extra_headers": _HEADERS,
    "connect_timeout": _TIMEOUTS,
    "read_timeout": _TIMEOUTS,
    "total_timeout": "use deadline=",
    "limits": "use max_connections=",
    "pool_size": "use max_connections=",
    "proxies": "use proxy=",
    "verify": _TRUST,
    "cert": "use ssl_context= with load_cert_chain()",
    "client": "use http_client=",
    "session": "use http_client=",
    "transport": "use http_client=",
    "event_hooks": "use events=",
    "hooks": "use events=",
    "logger": "use events=, or the logger heymilo_async",
    "follow_redirects": "the client does not follow redirects, and has no setting for it",
    "http2": "the client uses HTTP/1.1; for another version, pass http_client=",
    "default_query": "pass query parameters to each call",
    "api_version": "the client supports only version 2 of the API",
}


def check_keywords(
    method: Callable[Concatenate[S, P], T],
) -> Callable[Concatenate[S, P], T]:
    """
    Return *method* with a check of its keywords: the error for an unknown one suggests another.
    """
    known = frozenset(inspect.signature(method).parameters)

    @functools.wraps(method)
    def call(self: Any, /, *args: Any, **kwargs: Any) -> T:
        # Hide secrets first, so that no traceback shows them among its locals.
        args = tuple(map(Secret.hide, args))
        kwargs.update((name, Secret.hide(kwargs[name])) for name in _HIDDEN & kwargs.keys())
        if not known.issuperset(kwargs):
            name = next(name for name in kwargs if name not in known)
            kwargs.clear()
            called = type(self).__name__
            if method.__name__ != "__init__":
                called += f".{method.__name__}"
            message = f"{called}() has no {name}={_suggestion(name, known)}"
            raise TypeError(message)
        return method(self, *args, **kwargs)

    return cast("Callable[Concatenate[S, P], T]", call)


def _suggestion(name: str, known: Collection[str]) -> str:
    if name in KEYWORDS_OF_OTHER_SDKS:
        return f": {KEYWORDS_OF_OTHER_SDKS[name]}"
    similar = difflib.get_close_matches(name, known, n=1)
    return f": did you mean {similar[0]}=?" if similar else ""
