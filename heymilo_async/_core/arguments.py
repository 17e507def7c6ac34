"""
Checks of a caller's arguments: each returns the value, or raises an error.
"""

from __future__ import annotations

import unicodedata
from urllib.parse import quote, unquote

from ..errors import ConfigurationError, InvalidRequestError

#: In seconds; longer timeouts of sockets and locks overflow on some platforms.
LONGEST = 365 * 86_400.0

#: Far longer than any documented id (32 characters), far shorter than the limit of a URL.
_LONGEST_ID = 1024
_LONGEST_CURSOR = 4096


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
    # Not the digits of a huge int: converting it is quadratic, and fails beyond 4,300 digits.
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
    # No id has control characters, surrogates or separators, which would also break logs.
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
    Return *value* as a plain str if it is valid in a query, as all ids of the server are.
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
    for index, character in enumerate(text):
        if unicodedata.category(character) in categories:
            # Report the place, but not the text: it may be an API key, passed by mistake.
            place = f"{character!a}, at index {index} of {len(text)}"
            message = f"{name} has {what}: {place}"
            raise InvalidRequestError(message)
