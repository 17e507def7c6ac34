"""
How an integration behaves, by the requests that it makes: the rules, and what a report says.

Each rule is one that no correct integration breaks. It is judged on evidence only: whether it was
kept is open as long as nothing has happened that it is about.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import attrs

__all__ = ["NOT_JUDGED", "RULES", "ConductReport", "Violation"]

#: The rules by name, and what each of them asks of an integration.
RULES: Final = MappingProxyType(
    {
        "credentials-misplaced": "Credentials go into their header, and nowhere else.",
        "secret-link-reused": "Links and keys that an answer gave go to no other place.",
        "retry-after-ignored": "After a 429 the same request waits as long as Retry-After says.",
        "limit-exceeded": "No window of time has more requests than a limit that is known.",
        "full-resync": "A list that was read by time is not read from the start again.",
        "walk-restarted": "A walk that a 5xx broke off goes on where it failed.",
        "hot-loop": "Nothing is asked again and again without a wait while it fails.",
        "blind-repeat": "What may have been created is looked for before it is sent again.",
        "login-storm": "Tokens are asked for as seldom as their lifetime allows.",
    }
)

#: What hides a request from the judge: headers for a client that looks or prepares for a test.
NOT_JUDGED: Final = MappingProxyType({"X-Not-Judged": "1"})

#: Breaking these does harm that nothing undoes.
HARD: Final = frozenset({"credentials-misplaced", "blind-repeat"})

_MOST_PLACES: Final = 5


@attrs.frozen(kw_only=True)
class Violation:
    """
    A rule that was broken, and by which requests.

    Attributes:
        rule: Its name, one of `RULES`.
        requests: The places of these requests, 0 for the first one since the start or the last
            reset: that is their index in `Sandbox.requests` while it still has them all.
        text: What happened and the cure, in a sentence; no secret is in it.

    Example:
        >>> from heymilo_async.sandbox.conduct import Violation
        >>> one = Violation(rule="hot-loop", requests=(0, 1, 2, 3, 4, 5, 6), text="Wait.")
        >>> print(one, one.hard)
        hot-loop, requests 0, 1, 2, 3, 4 and 2 more: Wait. False
    """

    rule: str
    requests: tuple[int, ...]
    text: str

    @property
    def hard(self) -> bool:
        """
        Whether it does harm that nothing undoes, such as a candidate who is invited twice.
        """
        return self.rule in HARD

    def __str__(self) -> str:
        places = ", ".join(map(str, self.requests[:_MOST_PLACES]))
        more = len(self.requests) - _MOST_PLACES
        word = "request" if len(self.requests) == 1 else "requests"
        kind = f"{self.rule} (hard)" if self.hard else self.rule
        return f"{kind}, {word} {places}{f' and {more} more' if more > 0 else ''}: {self.text}"


@attrs.frozen(kw_only=True)
class ConductReport:
    """
    What the requests of an integration show. It is true when they break no rule.

    Attributes:
        judged: How many requests were judged.
        violations: What was broken, in the order of the requests.
        seen: The rules that there was something to judge by, those that were broken too.
        not_seen: The rules that nothing has happened about: they may be kept or not.

    Example:
        >>> from heymilo_async import sandbox
        >>> with sandbox.running() as milo, milo.client() as client:
        ...     milo.fail_next(status=503)
        ...     page = client.phone_numbers.list()
        ...     report = milo.conduct()
        >>> bool(report), report.judged, report.seen
        (True, 2, ('credentials-misplaced', 'hot-loop'))
    """

    judged: int
    violations: tuple[Violation, ...] = ()
    seen: tuple[str, ...] = ()
    not_seen: tuple[str, ...] = ()

    @property
    def kept(self) -> tuple[str, ...]:
        """
        The rules that were seen, and not broken.
        """
        broken = {one.rule for one in self.violations}
        return tuple(name for name in self.seen if name not in broken)

    def __bool__(self) -> bool:
        return not self.violations

    def __str__(self) -> str:
        count = len(self.violations)
        lines = [
            f"conduct of {_counted(self.judged, 'request')}: {_counted(count, 'violation')}",
            *(f"  {one}" for one in self.violations),
            f"  kept: {', '.join(self.kept) or 'none'}",
            f"  not seen: {', '.join(self.not_seen) or 'none'}",
        ]
        return "\n".join(lines)


def _counted(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"
