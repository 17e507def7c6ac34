"""
Secrets: texts that no output shows, and taking them out of texts that somebody else wrote.
"""

from __future__ import annotations

import base64
import functools
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from .arguments import NotGiven

#: Headers that hold a secret, by what gateways call theirs.
_SECRET_NAME = re.compile(r"auth|credential|key|pass|secret|session|signature|token", re.IGNORECASE)

#: Members of bodies and answers that let their holder in: links, keys and tokens. (Models mark
#: theirs; this is for JSON that no model describes, such as the body of an error.)
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
#: Whether JSON of ours has such a member.
_HAS_SECRET_MEMBER = re.compile(f'"(?:{_NAMES})":'.encode())
#: A member and its value in a text: JSON, also within a string, a repr, a form. Without quotes it
#: takes sixteen characters, for "webhook_url: must be https" is a sentence.
_MEMBER = re.compile(
    rf"""(?<!\w)((?:{_NAMES})\\{{0,8}}["']?\s*[:=]\s*)"""
    r"""(?:"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|(\\{1,8}["'])(?:(?!\2).)*+(?:\2)?|[^\s"'\\,;&]{16,}+)""",
    re.DOTALL,
)

#: A segment of a path that is so long is hardly a word.
_LONG_SEGMENT = 16

#: Shorter ones are for tests, and would blot out half of an error's text.
_SHORTEST_SECRET = 8
#: By so many bytes a longer one is known; to look for all of a token takes a pattern that takes
#: seconds to make. What follows them is the rest of it, up to one of these, or the line's end.
_TELLING = 48
_ENDS = " \t\"'<>"
#: What HTML makes of a character, where it makes something of it.
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}


class Secret:
    """
    A text that no output shows: not `repr`, `str`, `format`, `pickle` nor a traceback's locals.

    Anything may be wrapped, so that a caller can hide a value before checking it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    @classmethod
    def hide(cls, value: Any) -> Any:
        """
        Wrap *value* unless there is nothing to hide.
        """
        return value if value is None or isinstance(value, NotGiven | Secret) else cls(value)

    def reveal(self) -> Any:
        """
        Return the value. Keep it out of variables: a traceback shows those.
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
        message = "a secret is neither pickled nor copied; read it again where it is needed"
        raise TypeError(message)


def is_secret_name(name: str) -> bool:
    """
    Return whether a header with this *name* holds a secret, by what it is called.
    """
    return _SECRET_NAME.search(name) is not None


def scrub(text: str, secrets: tuple[Secret, ...]) -> str:
    """
    Return *text* without *secrets*, in any of the forms that a server or a library shows them in.
    """
    for secret in secrets:
        if len(secret.reveal()) >= _SHORTEST_SECRET:
            try:
                text = _forms(secret).sub("***", text)
            except BaseException as interruption:
                # Ctrl-C, or a stack that is full: the frames below hold the secret.
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
    Return the first *most* characters of *text*, on one line, escaped where they do not print.
    """
    shown = "".join(
        character if character.isprintable() else ascii(character)[1:-1]
        for character in text[:most]
    )
    return shown[:most] + ("..." if len(text) > most or len(shown) > most else "")


# Of every answer the id is cleaned, so this is done for every call.
@functools.lru_cache(maxsize=64)
def _forms(secret: Secret) -> re.Pattern[str]:
    """
    Return what finds *secret*: in base64 or hex, or each character plain or escaped in some way.

    Serialisers differ in which characters they escape, so each may be so or so; and it may be
    UTF-16, which has a NUL between them.
    """
    octets = secret.reveal().encode()
    start, rest = octets[:_TELLING], octets[_TELLING:].decode("latin-1")
    # How many backslashes there are side by side depends on how often they were escaped.
    once = re.sub(rb"\\+", rb"\\", start).decode("latin-1")
    spelt = [_forms_of(once[0], ""), *(_forms_of(one, "++") for one in once[1:])]
    digits = [f"{code:02x}" for code in start]
    patterns = [r"\x00?".join(spelt), "[ :,-]?".join(digits), *_packed(start)]
    ends = "".join(mark for mark in _ENDS if mark not in rest)
    beyond = rf"[^\n{ends}]*+" if rest else ""
    return re.compile(f"(?:{'|'.join(patterns)}){beyond}", re.IGNORECASE)


def _forms_of(character: str, times: str) -> str:
    """
    Return what finds *character*, escaped or not, with a backslash so many *times*.

    No text must take long. Of many backslashes before the first character one is enough: to search
    for all of them, anew from each, would take their number squared. And what was found once is
    not looked for in another way ("(?>...)", "++"): two ways a character double with each.
    """
    code, backslashes = ord(character), rf"\\{times}"
    maybe = rf"(?:{backslashes})?+" if times else ""
    entity = _ENTITIES.get(character, character).replace("&", "&(?:amp;)*", 1)
    forms = [
        # As JSON, Python, JavaScript and C have it, over and over again.
        rf"{backslashes}(?:u00|U000000|x){code:02x}",
        rf"{backslashes}u\{{0*+{code:x}\}}",
        rf"{backslashes}0*+{code:o}",
        # As in a URL, in HTML, and in mail.
        rf"%(?:25)*{code:02x}",
        rf"&(?:amp;)*+\#(?:0*+{code}|x0*+{code:x});?",
        *([entity] if entity != character else []),
        rf"={code:02x}",
        backslashes if character == "\\" else maybe + re.escape(character),
    ]
    # But what begins an escape may stand for itself, before what only looks like the rest of one.
    group = "(?:" if character in "%&=" else "(?>"
    return f"{group}{'|'.join(forms)})"


def _packed(octets: bytes) -> list[str]:
    """
    Return *octets* in base64 wherever they begin in what was packed, in either alphabet.

    Where a character holds bits of their neighbours too, it is left out.
    """
    patterns = []
    for before in range(3):
        packed = base64.b64encode(bytes(before) + octets).decode()
        own = packed[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6]
        patterns.append("".join({"+": "[+-]", "/": "[/_]"}.get(one, one) for one in own))
    return patterns
