"""
The conduct of an integration: rules for its requests, and the report on them.

A correct integration breaks no rule. Rules are judged by evidence only: if no request has tested a
rule, the report lists it as not seen.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import attrs

__all__ = ["NOT_JUDGED", "RULES", "ConductReport", "Violation"]

#: The rules by name, and what each requires of an integration.
RULES: Final = MappingProxyType(
    {
        "credentials-misplaced": "Credentials are sent only in their header.",
        "secret-link-reused": "Secret links and keys from a response are not sent in other requests.",
        "retry-after-ignored": "After a 429, the same route is not requested before the end of Retry-After.",
        "limit-exceeded": "No time window contains more requests than a known limit.",
        "full-resync": "A list that was read by time is not read from the start afterwards.",
        "walk-restarted": "A walk that a 5xx interrupted resumes where it failed.",
        "hot-loop": "A failing request is not repeated without a wait.",
        "blind-repeat": "Before a creating request is repeated, the list is searched for its result.",
        "login-storm": "Tokens are requested no more often than their lifetime requires.",
    }
)

#: Headers that hide a request from the judge, for clients that prepare or check a test.
NOT_JUDGED: Final = MappingProxyType({"X-Not-Judged": "1"})

#: The rules whose violation does permanent harm.
HARD: Final = frozenset({"credentials-misplaced", "blind-repeat"})

_MAX_INDEXES: Final = 5


@attrs.frozen(kw_only=True)
class Violation:
    """
    A violation of a rule, and the requests that violated it.

    Attributes:
        rule: Its name, one of `RULES`.
        requests: The indexes of these requests, 0 for the first one since the start or the last
            reset. They are also indexes of `Sandbox.requests`, while it has all requests.
        text: A sentence that says what happened and how to fix it; it contains no secrets.

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
        Whether it does permanent harm, such as inviting a candidate twice.
        """
        return self.rule in HARD

    def __str__(self) -> str:
        indexes = ", ".join(map(str, self.requests[:_MAX_INDEXES]))
        more = len(self.requests) - _MAX_INDEXES
        word = "request" if len(self.requests) == 1 else "requests"
        kind = f"{self.rule} (hard)" if self.hard else self.rule
        return f"{kind}, {word} {indexes}{f' and {more} more' if more > 0 else ''}: {self.text}"


@attrs.frozen(kw_only=True)
class ConductReport:
    """
    The report on an integration's requests. It is true if they have broken no rule.

    Attributes:
        judged: The number of judged requests.
        violations: The violations, in the order of the requests.
        seen: The rules that the requests have tested, including the broken ones.
        not_seen: The rules that no request has tested.

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
        The rules that were tested and not broken.
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
