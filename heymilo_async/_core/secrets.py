"""
Secrets: values that no output shows, functions that mask them, and sources of credentials.
"""

from __future__ import annotations

import base64
import functools
import hmac
import inspect
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from .._values import NotGiven

#: Names of headers with secrets, as gateways use them.
_SECRET_NAME = re.compile(r"auth|credential|key|pass|secret|session|signature|token", re.IGNORECASE)

#: Members of requests and responses with secrets: links, keys and tokens. Models mark their secret
#: fields; this list is for JSON without a model, such as the body of an error.
SECRET_MEMBERS: Final = frozenset(
    {
        "audio_recording_link",
        "audio_recording_url",
        "image",
        "ingestion_token",
        "ingestion_url_key",
        "interview_url",
        "resume_link",
        "resume_url",
        "video_recording_link",
        "video_recording_url",
        "webhook_url",
    }
)
_NAMES = "|".join(sorted(SECRET_MEMBERS))
#: Matches the JSON of a request with such a member.
_HAS_SECRET_MEMBER = re.compile(f'"(?:{_NAMES})":'.encode())
#: A member and its value in a text: JSON, possibly escaped, a repr, a form. A value without quotes
#: has at least 16 characters, because "webhook_url: must be https" is a sentence.
_MEMBER = re.compile(
    rf"""(?<!\w)((?:{_NAMES})\\{{0,8}}["']?\s*[:=]\s*)"""
    r"""(?:"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|(\\{1,8}["'])(?:(?!\2).)*+(?:\2)?|[^\s"'\\,;&]{16,}+)""",
    re.DOTALL,
)

#: A path segment of at least this length may be a secret.
_LONG_SEGMENT = 16

#: Shorter secrets are not masked: they occur only in tests, and match ordinary words.
_SHORTEST_SECRET = 8
#: The pattern of a long secret contains only this many bytes, because a pattern for a whole token
#: takes seconds to compile. The match extends to one of `_ENDS`, or to the end of the line.
_PATTERN_LENGTH = 48
#: A text is first searched for this many bytes of a secret: their pattern compiles fast, and almost
#: no text contains them.
_PREFIX_LENGTH = 4
_ENDS = " \t\"'<>"
#: The characters that HTML escapes by name.
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}


class Secret:
    """
    A value that no output shows: not `repr`, `str`, `format`, `pickle` or a traceback's locals.

    It can wrap any value, so that a caller can hide it before checking it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    @classmethod
    def hide(cls, value: Any) -> Any:
        """
        Wrap *value*, unless it is None, NOT_GIVEN or a `Secret`.
        """
        return value if value is None or isinstance(value, NotGiven | Secret) else cls(value)

    def reveal(self) -> Any:
        """
        Return the value. Do not store it in a variable, because a traceback would show it.
        """
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(str(self._value).encode(), str(other._value).encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        message = "a secret can be neither pickled nor copied: read it again where it is needed"
        raise TypeError(message)


def is_secret_name(name: str) -> bool:
    """
    Return whether *name* is the name of a header with a secret.
    """
    return _SECRET_NAME.search(name) is not None


def scrub(text: str, secrets: tuple[Secret, ...]) -> str:
    """
    Return *text* with *secrets* masked, in all encodings that servers and libraries use.
    """
    for secret in secrets:
        if len(secret.reveal()) >= _SHORTEST_SECRET:
            try:
                if _prefix_pattern(secret).search(text) is not None:
                    text = _full_pattern(secret).sub("***", text)
            except BaseException as interruption:
                # Ctrl-C or a stack overflow: drop the traceback, whose frames contain the secret.
                raise interruption.with_traceback(None)  # noqa: B904 - the same exception
    return text


def secrets_in(body: bytes) -> tuple[Secret, ...]:
    """
    Return the secrets in *body*, the JSON of a request.
    """
    return secrets_of(json.loads(body)) if _HAS_SECRET_MEMBER.search(body) else ()


def secrets_of(content: Any) -> tuple[Secret, ...]:
    """
    Return the secrets in *content*: the texts that are `SECRET_MEMBERS`, at any depth.

    The parts of a secret URL are secrets too, because a server may repeat only a part of it.
    """
    found: dict[str, None] = {}
    for members in _objects_in(content):
        for name in SECRET_MEMBERS & members.keys():
            value = members[name]
            value = value.reveal() if isinstance(value, Secret) else value
            if isinstance(value, str):
                # Drop an unpaired surrogate: the error that refuses it must still mask the rest.
                value = value.encode("utf-8", "ignore").decode()
                found.update(dict.fromkeys((value, *_parts_of(value))))
    return tuple(map(Secret, found))


def _parts_of(url: str) -> Iterator[str]:
    """
    Yield the parts of *url* that may be secret, unescaped; their patterns match escaped forms too.
    """
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return
    if not parts.netloc:
        return
    yield unquote(url)
    if password:
        yield unquote(password)
    segments = [one for one in parts.path.split("/") if one]
    # Paths of the API are not secret: each error contains one.
    if len(segments) > 1 and not parts.path.startswith("/api/"):
        yield unquote(parts.path)
    yield from (unquote(one) for one in segments if len(one) >= _LONG_SEGMENT)
    yield from (value for _, value in parse_qsl(parts.query))
    yield from filter(None, (unquote(parts.query), unquote(parts.fragment)))


def mask_json_members(content: Any) -> Any:
    """
    Mask the values of `SECRET_MEMBERS` in *content*, parsed JSON, and return it.
    """
    for members in _objects_in(content):
        for name in SECRET_MEMBERS & members.keys():
            if members[name] is not None:
                members[name] = "***"
        # An error of FastAPI about a secret member repeats its value.
        where = members.get("loc")
        if isinstance(where, list) and not SECRET_MEMBERS.isdisjoint(
            one for one in where if isinstance(one, str)
        ):
            members.update(dict.fromkeys(members.keys() & {"input", "ctx"}, "***"))
    return content


def mask_members(text: str) -> str:
    """
    Return *text*, which a server or library wrote, with the values of `SECRET_MEMBERS` masked.
    """
    return _MEMBER.sub(r"\1***", text)


def _objects_in(content: Any) -> Iterator[Any]:
    """
    Yield each object in *content* once, outer objects first, without recursion.

    A caller's data may contain itself.
    """
    level, seen = [content], set[int]()
    while level:
        below: list[Any] = []
        for hidden in level:
            one = hidden.reveal() if isinstance(hidden, Secret) else hidden
            if isinstance(one, Mapping | list | tuple) and id(one) not in seen:
                seen.add(id(one))
                if isinstance(one, Mapping):
                    yield one
                below.extend(one.values() if isinstance(one, Mapping) else one)
        level = below


def printable(text: str, most: int) -> str:
    """
    Return at most *most* characters of *text* on one line, with unprintable ones escaped.
    """
    shown = "".join(
        character if character.isprintable() else ascii(character)[1:-1]
        for character in text[:most]
    )
    return shown[:most] + ("..." if len(text) > most or len(shown) > most else "")


# Cached, because every call masks secrets in the response's request id.
@functools.lru_cache(maxsize=64)
def _prefix_pattern(secret: Secret) -> re.Pattern[str]:
    """
    Return a pattern for the start of *secret*; without a match, `_full_pattern` has none either.
    """
    return re.compile(_bytes_pattern(secret.reveal().encode()[:_PREFIX_LENGTH]), re.IGNORECASE)


@functools.lru_cache(maxsize=64)
def _full_pattern(secret: Secret) -> re.Pattern[str]:
    """
    Return a pattern for *secret* in each of its forms.
    """
    octets = secret.reveal().encode()
    rest = octets[_PATTERN_LENGTH:].decode("latin-1")
    ends = "".join(mark for mark in _ENDS if mark not in rest)
    tail = rf"[^\n{ends}]*+" if rest else ""
    return re.compile(_bytes_pattern(octets[:_PATTERN_LENGTH]) + tail, re.IGNORECASE)


def _bytes_pattern(octets: bytes) -> str:
    """
    Return a pattern for *octets* in base64, in hex, and with plain or escaped characters.

    Serialisers escape different characters, so each one may be plain or escaped. In UTF-16 there is
    a NUL between the characters.
    """
    # The number of adjacent backslashes depends on how often they were escaped.
    once = re.sub(rb"\\+", rb"\\", octets).decode("latin-1")
    characters = [
        _character_pattern(once[0], ""),
        *(_character_pattern(one, "++") for one in once[1:]),
    ]
    digits = [f"{code:02x}" for code in octets]
    packed = _base64_patterns(octets)
    patterns = [r"\x00?".join(characters), "[ :,-]?".join(digits), *packed]
    # Looking at the first character is faster than trying each pattern at each position of a text.
    # (In base64 it may be one of "+-/_".)
    firsts = {*"\\%&=+-/_", once[0], digits[0][0], *(one[0] for one in packed)}
    starts = re.escape("".join(sorted(firsts)))
    return f"(?=[{starts}])(?:{'|'.join(patterns)})"


def _character_pattern(character: str, times: str) -> str:
    """
    Return a pattern for *character*, plain or escaped; *times* quantifies its backslashes.

    The pattern must be fast on any text. Before the first character it matches one backslash only,
    because matching all of them from each position takes quadratic time. It does not backtrack
    ("(?>...)", "++"), because two alternatives per character would take exponential time.
    """
    code, backslashes = ord(character), rf"\\{times}"
    optional = rf"(?:{backslashes})?+" if times else ""
    entity = _ENTITIES.get(character, character).replace("&", "&(?:amp;)*", 1)
    forms = [
        # Escapes of JSON, Python, JavaScript and C, possibly applied several times.
        rf"{backslashes}(?:u00|U000000|x){code:02x}",
        rf"{backslashes}u\{{0*+{code:x}\}}",
        rf"{backslashes}0*+{code:o}",
        # Escapes of URLs, HTML and mail.
        rf"%(?:25)*{code:02x}",
        rf"&(?:amp;)*+\#(?:0*+{code}|x0*+{code:x});?",
        *([entity] if entity != character else []),
        rf"={code:02x}",
        backslashes if character == "\\" else optional + re.escape(character),
    ]
    # A character that starts an escape may also be a plain one, so allow backtracking there.
    group = "(?:" if character in "%&=" else "(?>"
    return f"{group}{'|'.join(forms)})"


def _base64_patterns(octets: bytes) -> list[str]:
    """
    Return patterns for *octets* in base64 at each of the three offsets, in both alphabets.

    The patterns omit characters that also encode bits of neighbouring bytes.
    """
    patterns = []
    for before in range(3):
        packed = base64.b64encode(bytes(before) + octets).decode()
        own = packed[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6]
        patterns.append("".join({"+": "[+-]", "/": "[/_]"}.get(one, one) for one in own))
    return patterns


#: The callables that `api_key=` and `access_token=` accept; only `AsyncHeyMilo` awaits.
KeySource = Callable[[], str]
AsyncKeySource = Callable[[], str | Awaitable[str]]

#: How many of the latest credentials are masked; masking more would slow down each call.
_REMEMBERED: Final = 32


class CredentialSource:
    """
    A caller's function that returns the current key or token, and its latest results.

    It is called when a call needs a credential, and after a 401. Views of a client share it.
    """

    __slots__ = ("__weakref__", "_ask", "_check", "_known")

    def __init__(self, ask: Callable[[], Any], check: Callable[[Secret], Secret]) -> None:
        self._ask = ask
        self._check = check
        self._known: tuple[Secret, ...] = ()

    @property
    def current(self) -> Secret | None:
        """
        The latest credential; None if the function was not called yet.
        """
        return self._known[0] if self._known else None

    @property
    def known(self) -> tuple[Secret, ...]:
        """
        The latest credentials, newest first.
        """
        return self._known

    def is_settled(self, refused: Sequence[Secret | None]) -> bool:
        """
        Return whether the current credential can be used: there is one, and it was not *refused*.
        """
        current = self.current
        return current is not None and not any(one is current for one in refused)

    async def ask(self, *, awaits: bool) -> None:
        """
        Call the function for a new credential; its exceptions are raised unchanged.

        Raises:
            ConfigurationError: The result cannot be sent in a header.
            TypeError: The result is not a str, or is an awaitable although *awaits* is false.
        """
        # Hide it at once, because a traceback may show variables.
        returned = Secret(self._ask())
        if inspect.isawaitable(returned.reveal()):
            if not awaits:
                getattr(returned.reveal(), "close", bool)()
                message = (
                    "api_key and access_token of a HeyMilo must not return an awaitable: "
                    "pass plain callables, or use AsyncHeyMilo"
                )
                raise TypeError(message)
            returned = Secret(await returned.reveal())
        checked = self._check(returned)
        self._known = (checked, *self._known[: _REMEMBERED - 1])

    def __repr__(self) -> str:
        # The repr of a callable may contain secrets, such as the arguments of a `partial`.
        return "***"


def is_coroutine_function(function: object) -> bool:
    """
    Return whether *function* is a coroutine function, or an object whose `__call__` is one.
    """
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - its value is needed
    )


def refuse_coroutine_functions(**given: Any) -> None:
    """
    Raise `TypeError` if a hidden value in *given* is a coroutine function.
    """
    for name, hidden in given.items():
        if isinstance(hidden, Secret) and is_coroutine_function(hidden.reveal()):
            message = (
                f"{name} must be a plain callable, because a HeyMilo cannot await: use AsyncHeyMilo"
            )
            raise TypeError(message)
