"""
Rules that HeyMilo's pages state, but the contract does not: metadata limits, times as text.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Final

from ._errors import Invalid, issue

_MOST_KEYS: Final = 50
_LONGEST_KEY: Final = 40
_LONGEST_VALUE: Final = 500
_EPOCH: Final = re.compile(r"[0-9]+(\.[0-9]+)?")


def check_metadata(
    metadata: Mapping[str, str] | None, loc: Sequence[str | int] = ("body", "metadata")
) -> None:
    """
    Raise `Invalid` if *metadata* exceeds a limit.
    """
    given = metadata or {}
    issues = [
        issue((*loc, key), "string_too_long", f"Keys should have at most {_LONGEST_KEY} characters")
        for key in given
        if len(key) > _LONGEST_KEY
    ]
    issues += [
        issue(
            (*loc, key),
            "string_too_long",
            f"String should have at most {_LONGEST_VALUE} characters",
        )
        for key, value in given.items()
        if len(value) > _LONGEST_VALUE
    ]
    if len(given) > _MOST_KEYS:
        issues.append(issue(loc, "too_long", f"There should be at most {_MOST_KEYS} keys"))
    if issues:
        raise Invalid(*issues)


def unix_seconds(text: str, *, fractions: bool = True) -> float:
    """
    Parse a time in ISO 8601 (UTC if it has no offset), or in Unix seconds.

    Unix seconds may have a fraction if *fractions* is true.

    Raises:
        ValueError: *text* is neither.
    """
    if _EPOCH.fullmatch(text) and (fractions or "." not in text):
        return float(text)
    return _iso_seconds(text)


def _iso_seconds(text: str) -> float:
    moment = dt.datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def deadline(text: str | None, now: float) -> float:
    """
    Return the deadline from *text*, in ISO 8601; None: one calendar month from *now*.

    Raises:
        Invalid: *text* is not a time, or not within the years 1 to 9999 in UTC.
    """
    if text is None:
        today = dt.datetime.fromtimestamp(now, dt.UTC)
        year, month = today.year + today.month // 12, today.month % 12 + 1
        day = min(today.day, calendar.monthrange(year, month)[1])
        return today.replace(year=year, month=month, day=day).timestamp()
    try:
        seconds = _iso_seconds(text)
        # It raises an error for other years.
        dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError):
        words = "Input should be a valid datetime in ISO 8601"
        raise Invalid(issue(("body", "deadline"), "datetime_parsing", words)) from None
    return seconds
