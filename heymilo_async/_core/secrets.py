"""
Secrets: values that no output shows, functions that mask them, and where changing ones come from.
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

#: Members of requests and responses with secrets: links, keys and tokens. Models mark their own;
#: these are for JSON without a model, such as the body of an error.
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
#: Matches JSON of ours with such a member.
_HAS_SECRET_MEMBER = re.compile(f'"(?:{_NAMES})":'.encode())
#: A member and its value in a text: JSON, also within a string, a repr, a form. Without quotes it
#: takes sixteen characters, for "webhook_url: must be https" is a sentence.
_MEMBER = re.compile(
    rf"""(?<!\w)((?:{_NAMES})\\{{0,8}}["']?\s*[:=]\s*)"""
    r"""(?:"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|(\\{1,8}["'])(?:(?!\2).)*+(?:\2)?|[^\s"'\\,;&]{16,}+)""",
    re.DOTALL,
)

#: A path segment of at least this length may be a secret.
_LONG_SEGMENT = 16

#: Shorter secrets occur only in tests; masking them would mask half of an error's text.
_SHORTEST_SECRET = 8
#: A long secret is found by its first bytes, because a pattern for a whole token takes seconds to
#: compile. The match then extends to one of the characters below, or to the end of the line.
_TELLING = 48
#: Almost every text lacks even these first bytes, whose pattern compiles at once.
_BEGINNING = 4
_ENDS = " \t\"'<>"
#: What HTML makes of a character, where it makes something of it.
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
        Return the value. Do not store it in variables, because tracebacks show them.
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
                if _beginning(secret).search(text) is not None:
                    text = _forms(secret).sub("***", text)
            except BaseException as interruption:
                # Ctrl-C or a stack overflow: drop the traceback, whose frames contain the secret.
                raise interruption.with_traceback(None)  # noqa: B904 - it is the one that came
    return text


def secrets_in(body: bytes) -> tuple[Secret, ...]:
    """
    Return the secrets in *body*, which is JSON of ours.
    """
    return secrets_of(json.loads(body)) if _HAS_SECRET_MEMBER.search(body) else ()


def secrets_of(content: Any) -> tuple[Secret, ...]:
    """
    Return the secrets in *content*: the texts that are `SECRET_MEMBERS`, at any depth.

    Of a URL its parts are secrets too, for a server may repeat it in another form, or a part of it.
    """
    found: dict[str, None] = {}
    for members in _objects_in(content):
        for name in SECRET_MEMBERS & members.keys():
            value = members[name]
            value = value.reveal() if isinstance(value, Secret) else value
            if isinstance(value, str):
                # Half a surrogate pair is refused, and the refusal needs the rest.
                value = value.encode("utf-8", "ignore").decode()
                found.update(dict.fromkeys((value, *_parts_of(value))))
    return tuple(map(Secret, found))


def _parts_of(url: str) -> Iterator[str]:
    """
    Yield the parts of *url* that let their holder in, unescaped: escaped ones are found by those.
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
    # The API's own paths are in every error.
    if len(segments) > 1 and not parts.path.startswith("/api/"):
        yield unquote(parts.path)
    yield from (unquote(one) for one in segments if len(one) >= _LONG_SEGMENT)
    yield from (value for _, value in parse_qsl(parts.query))
    yield from filter(None, (unquote(parts.query), unquote(parts.fragment)))


def without_members(content: Any) -> Any:
    """
    Return *content*, parsed JSON that is changed in place, with `***` for the value of each of
    `SECRET_MEMBERS`.
    """
    for members in _objects_in(content):
        for name in SECRET_MEMBERS & members.keys():
            if members[name] is not None:
                members[name] = "***"
        # What FastAPI says of a member: where it stands, and what was there.
        where = members.get("loc")
        if isinstance(where, list) and not SECRET_MEMBERS.isdisjoint(
            one for one in where if isinstance(one, str)
        ):
            members.update(dict.fromkeys(members.keys() & {"input", "ctx"}, "***"))
    return content


def hide_members(text: str) -> str:
    """
    Return *text*, which somebody else wrote, without the values of `SECRET_MEMBERS` that it names.
    """
    return _MEMBER.sub(r"\1***", text)


def _objects_in(content: Any) -> Iterator[Any]:
    """
    Yield each object in *content* once, an outer one before those within; it takes no stack.

    What a caller gives may hold itself.
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
def _beginning(secret: Secret) -> re.Pattern[str]:
    """
    Return a pattern that is in every text that `_forms` of *secret* is in.
    """
    return re.compile(_pattern(secret.reveal().encode()[:_BEGINNING]), re.IGNORECASE)


@functools.lru_cache(maxsize=64)
def _forms(secret: Secret) -> re.Pattern[str]:
    """
    Return a pattern for *secret* in each of its forms.
    """
    octets = secret.reveal().encode()
    rest = octets[_TELLING:].decode("latin-1")
    ends = "".join(mark for mark in _ENDS if mark not in rest)
    beyond = rf"[^\n{ends}]*+" if rest else ""
    return re.compile(_pattern(octets[:_TELLING]) + beyond, re.IGNORECASE)


def _pattern(octets: bytes) -> str:
    """
    Return a pattern for *octets* in base64, in hex, and with plain or escaped characters.

    Serialisers escape different characters, so each one may be plain or escaped. In UTF-16 there is
    a NUL between the characters.
    """
    # The number of adjacent backslashes depends on how often they were escaped.
    once = re.sub(rb"\\+", rb"\\", octets).decode("latin-1")
    spelt = [_forms_of(once[0], ""), *(_forms_of(one, "++") for one in once[1:])]
    digits = [f"{code:02x}" for code in octets]
    patterns = [r"\x00?".join(spelt), "[ :,-]?".join(digits), *_packed(octets)]
    return f"(?:{'|'.join(patterns)})"


def _forms_of(character: str, times: str) -> str:
    """
    Return a pattern for *character*, plain or escaped; *times* quantifies its backslashes.

    The pattern must be fast on any text. Before the first character it matches one backslash only,
    because matching all of them from each position takes quadratic time. It does not backtrack
    ("(?>...)", "++"), because two alternatives per character would take exponential time.
    """
    code, backslashes = ord(character), rf"\\{times}"
    maybe = rf"(?:{backslashes})?+" if times else ""
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
        backslashes if character == "\\" else maybe + re.escape(character),
    ]
    # A character that starts an escape may also be a plain one, so allow backtracking there.
    group = "(?:" if character in "%&=" else "(?>"
    return f"{group}{'|'.join(forms)})"


def _packed(octets: bytes) -> list[str]:
    """
    Return patterns for *octets* in base64 at each of the three offsets, in both alphabets.

    They omit characters that also encode bits of neighbouring bytes.
    """
    patterns = []
    for before in range(3):
        packed = base64.b64encode(bytes(before) + octets).decode()
        own = packed[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6]
        patterns.append("".join({"+": "[+-]", "/": "[/_]"}.get(one, one) for one in own))
    return patterns


#: What `api_key=` and `access_token=` take beside a text; only `AsyncHeyMilo` awaits.
KeySource = Callable[[], str]
AsyncKeySource = Callable[[], str | Awaitable[str]]

#: How many of the latest ones are kept out of every text. To look for more would slow each call.
_REMEMBERED: Final = 32


class CredentialSource:
    """
    Where a key or a token comes from that changes: asked when one is needed, and after a 401.

    Views of one client share it, and what it returned.
    """

    __slots__ = ("__weakref__", "_ask", "_check", "_known")

    def __init__(self, ask: Callable[[], Any], check: Callable[[Secret], Secret]) -> None:
        self._ask = ask
        self._check = check
        self._known: tuple[Secret, ...] = ()

    @property
    def current(self) -> Secret | None:
        """
        What it returned last; None if it was not asked yet.
        """
        return self._known[0] if self._known else None

    @property
    def known(self) -> tuple[Secret, ...]:
        """
        What it returned lately, the latest first.
        """
        return self._known

    def is_settled(self, refused: Sequence[Secret | None]) -> bool:
        """
        Return whether it need not be asked: it has returned something else than what was *refused*.
        """
        current = self.current
        return current is not None and not any(one is current for one in refused)

    async def ask(self, *, awaits: bool) -> None:
        """
        Ask for what is good now; what the callable raises is raised as it is.

        Raises:
            ConfigurationError: What it returned cannot be sent.
            TypeError: It returned no text; or, unless the client *awaits*, something to await.
        """
        # Hidden at once: a traceback shows what stands in variables.
        returned = Secret(self._ask())
        if inspect.isawaitable(returned.reveal()):
            if not awaits:
                getattr(returned.reveal(), "close", bool)()
                message = (
                    "api_key and access_token of a HeyMilo must not return what has to be "
                    "awaited: give plain callables, or use AsyncHeyMilo"
                )
                raise TypeError(message)
            returned = Secret(await returned.reveal())
        checked = self._check(returned)
        self._known = (checked, *self._known[: _REMEMBERED - 1])

    def __repr__(self) -> str:
        # Not the callable's: that of a `partial` has its arguments.
        return "***"


def is_coroutine_function(function: object) -> bool:
    """
    Return whether what *function* returns has to be awaited, as far as can be told by looking.
    """
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object's, not whether it has one
    )


def refuse_coroutine_functions(**given: Any) -> None:
    """
    Refuse what a `HeyMilo` cannot await among what it was *given*, hidden, by name.
    """
    for name, hidden in given.items():
        if isinstance(hidden, Secret) and is_coroutine_function(hidden.reveal()):
            message = (
                f"{name} must be a plain callable: a HeyMilo awaits nothing, AsyncHeyMilo does"
            )
            raise TypeError(message)
