"""
Sweeps of waits: `Retry-After` and similar headers give exactly the wait that they state, or none.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st
from inside import next_try, retry_after

from heymilo_async import Headers, RateLimitError, RetryPolicy, ServerError

#: Years that a date of two digits can mean.
moments = st.datetimes(datetime(1976, 1, 1), datetime(2075, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - the strategy adds the zone
    lambda moment: moment.replace(microsecond=0)
)
blanks = st.text(" \t", max_size=3)

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def written(moment: datetime, form: str) -> str:
    """
    Return *moment* in one of the three forms of an HTTP date, in any locale.
    """
    day, month, time = DAYS[moment.weekday()], MONTHS[moment.month - 1], f"{moment:%H:%M:%S}"
    return {
        "imf": f"{day[:3]}, {moment:%d} {month} {moment.year:04} {time} GMT",
        "rfc850": f"{day}, {moment:%d}-{month}-{moment.year % 100:02} {time} GMT",
        "asctime": f"{day[:3]} {month} {moment.day:2} {time} {moment.year:04}",
    }[form]


forms = st.sampled_from(["imf", "rfc850", "asctime"])
whole = st.integers(0, 10**6).map(str)
fractions = st.tuples(whole, st.from_regex(r"\.[0-9]{1,6}", fullmatch=True)).map("".join)
numbers = whole | fractions | whole.map(lambda digits: "00" + digits)
#: Text that is neither a number nor a date; a comma would make two values of it.
nonsense = st.text(st.characters(codec="latin-1", exclude_characters=","), max_size=20).filter(
    lambda text: not any(character.isdigit() for character in text)
) | st.builds(
    lambda form, digits: form.replace("1", digits),
    st.sampled_from(
        ["-1", "+1", "1s", "1e2", "0x1", "1;q=1", "1.", ".1", "1_0", "1\u00a0", "1 1", "1\n"]
    ),
    numbers,
)


def asked(*values: str, status: int = 429, now: float = 0.0, date: str | None = None) -> object:
    """
    Return the wait that a response with these values of `Retry-After` asks for.
    """
    fields = [("Retry-After", value) for value in values]
    return retry_after(Headers([*fields, ("Date", date)] if date else fields), status, now)


@given(
    value=st.text(max_size=40)
    | st.floats().map(str)
    | st.integers().map(str)
    | moments.flatmap(lambda moment: forms.map(lambda form: written(moment, form))),
    status=st.sampled_from([429, 503]),
    now=st.floats(0, 4e9),
)
def test_any_value(value, status, now):
    """
    Case 25: any value is a wait of 0 or more seconds, or is ignored.
    """
    wait = asked(value, status=status, now=now)

    assert wait is None or 0 <= wait < math.inf


@given(digits=numbers, before=blanks, after=blanks)
def test_any_number(digits, before, after):
    """
    Cases 18, 23: a number is that many seconds, with or without blanks around it.
    """
    assert float(digits) == asked(before + digits + after)


@given(value=nonsense)
def test_any_nonsense(value):
    """
    Case 20: a value that is neither a number nor a date is ignored.
    """
    assert asked(value) is None


@given(
    sent=moments,
    wait=st.integers(-(10**6), 10**6),
    form=forms,
    dated=st.sampled_from(["imf", "rfc850", "asctime", None]),
)
@example(sent=datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC), wait=1, form="asctime", dated="imf")
@example(sent=datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC), wait=1, form="rfc850", dated="rfc850")
def test_any_date(sent, wait, form, dated):
    """
    Case 24: a date is measured by the response's own date, or by our clock; a past date is ignored.
    """
    until = sent + timedelta(seconds=wait)
    if not 1976 <= until.year <= 2075:
        return
    date = None if dated is None else written(sent, dated)
    now = 0.5 if dated else sent.timestamp()

    assert (wait if wait > 0 else None) == asked(written(until, form), now=now, date=date)


@given(
    parts=st.lists(st.tuples(st.booleans(), numbers, nonsense), min_size=1, max_size=6),
    joined=st.sampled_from([", ", ",", " ,\t"]),
    apart=st.integers(0, 6),
)
def test_any_list_of_values(parts, joined, apart):
    """
    Case 26: of several values, in one field or in many, the longest valid one counts.
    """
    values = [digits if sane else odd for sane, digits, odd in parts]
    fields = [joined.join(values[:apart]), *values[apart:]]

    assert max((float(digits) for sane, digits, _ in parts if sane), default=None) == asked(
        *filter(None, fields)
    )


@given(reset=st.integers(1, 10**6), remaining=st.integers(0, 3), named=st.sampled_from(["", "X-"]))
def test_any_reset(reset, remaining, named):
    """
    Case 28: a 429 with an exhausted limit asks to wait until its window ends.
    """
    fields = Headers(
        [(f"{named}RateLimit-Remaining", str(remaining)), (f"{named}RateLimit-Reset", str(reset))]
    )

    assert (None if remaining else reset) == retry_after(fields, 429, now=2e9)
    assert retry_after(fields, 503, now=2e9) is None


@given(
    asked=st.none() | st.floats(0, 100),
    at_least=st.floats(0, 100),
    remaining=st.floats(0, 200) | st.just(math.inf),
    number=st.integers(1, 6),
    status=st.sampled_from([429, 503]),
    dice=st.floats(0, 1, exclude_max=True),
)
def test_any_verdict(asked, at_least, remaining, number, status, dice):
    """
    Cases 13, 22, 29: the next attempt comes no sooner than requested, of this call or of another
    one, and within the deadline, or not at all; `max_retry_after` limits both requests.
    """
    kind = RateLimitError if status == 429 else ServerError
    policy = RetryPolicy(max_attempts=5, max_retry_after=60)
    verdict = next_try(
        kind("no", status_code=status, retry_after=asked),
        number=number,
        repeatable=True,
        policy=policy,
        at_least=at_least,
        remaining=remaining,
        random=lambda: dice,
    )

    ceiling = min(8.0, 0.5 * 2 ** (number - 1))
    wish = max(at_least, asked if asked is not None else dice * ceiling)
    if number >= 5 or max(at_least, asked or 0.0) > 60 or wish >= remaining:
        assert verdict is None
    else:
        assert wish == verdict.delay
        assert (5 if status == 429 else 14) == verdict.cost
