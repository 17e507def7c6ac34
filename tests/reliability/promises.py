"""
The promises about load, outages, time and memory: the scenario that measures each, and its bounds.

The tests run each in a small size, `nox -s soak` in full size, and `nox -s reliability` publishes
the results.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

#: The comparisons of a figure with its bound.
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
}

Parameters = Mapping[str, Any]
Bars = Mapping[str, tuple[str, float]]


def each(**choices: Sequence[Any]) -> tuple[Parameters, ...]:
    """
    Return parameters for every combination of *choices*.
    """
    return tuple(
        dict(zip(choices, chosen, strict=True)) for chosen in itertools.product(*choices.values())
    )


ASYNC = ("asyncio", "trio")
ALL = (*ASYNC, "blocking")
BLOCKING = ("blocking",)


@attrs.frozen(kw_only=True)
class Promise:
    """
    A promise and how it is measured.

    Attributes:
        title: Its heading.
        text: The promise, in one sentence.
        scenario: The name of the scenario that measures it.
        runs: The parameters of each run that are not the scenario's own.
        bars: For each judged figure, the comparison and the bound.
        timed: The same for figures that a busy machine distorts; the tests do not judge them.
        figures: Other figures of the table.
        small: Smaller parameters for the run with the tests; None if other tests of this suite
            cover it already.
    """

    title: str
    text: str
    scenario: str
    runs: Sequence[Parameters]
    bars: Bars
    timed: Bars = attrs.field(factory=dict)
    figures: Sequence[str] = ()
    small: Parameters | None = None


def broken(measured: Mapping[str, Any], bars: Bars) -> list[str]:
    """
    Return a text for each of *bars* that *measured* does not keep.
    """
    return [
        f"{figure} is {measured[figure]}, and not {how} {bar}"
        for figure, (how, bar) in bars.items()
        if not _OPERATORS[how](measured[figure], bar)
    ]


PROMISES = (
    Promise(
        title="Load",
        text="Ten thousand calls at once on one client all succeed, on a hundred connections.",
        scenario="load",
        runs=each(front=ASYNC),
        small={"calls": 400, "delay": 5},
        bars={"lost": ("=", 0), "connections": ("<=", 100), "memory": ("<", 250)},
        timed={"seconds": ("<=", 60)},
        figures=("calls",),
    ),
    Promise(
        title="Cancelled calls",
        text="Thirty thousand cancelled calls leave every connection usable.",
        scenario="churn",
        runs=(*each(front=ASYNC, left_alone=(0.0,)), {"front": "asyncio", "left_alone": 0.25}),
        small={"cancels": 200},
        bars={"failed": ("=", 0), "dead": ("=", 0), "memory": ("<", 40)},
        figures=("cancelled", "answered", "seconds"),
    ),
    Promise(
        title="Cancelled at any moment",
        text="A call that is cancelled at any moment ends at once, and is not sent again.",
        scenario="moments",
        runs=each(front=ASYNC),
        bars={"dead": ("=", 0), "resent": ("=", 0)},
        timed={"slow": ("<=", 50)},
        figures=("runs", "slowest"),
    ),
    Promise(
        title="Threads",
        text="Threads that share a client each get their own responses.",
        scenario="threads",
        runs=each(front=BLOCKING),
        bars={"lost": ("=", 0)},
        figures=("calls", "connections"),
    ),
    Promise(
        title="Forks",
        text="After a fork, parent and child use the same client, and each gets its own responses.",
        scenario="forks",
        runs=each(front=ALL),
        bars={"wrong": ("=", 0)},
        figures=("calls",),
    ),
    Promise(
        title="Calls that fail",
        text="A thousand failed calls of each kind leave no object, file, task or thread behind.",
        scenario="failures",
        runs=each(front=ALL),
        small={"calls": 25},
        bars={"succeeded": ("=", 0), "leaks": ("=", 0)},
        figures=("kinds", "calls"),
    ),
    Promise(
        title="Clients that come and go",
        text="Clients that are made, used and closed leave nothing behind.",
        scenario="clients",
        runs=each(front=ALL),
        bars={"leaks": ("=", 0), "memory": ("<", 4)},
        figures=("clients",),
    ),
    Promise(
        title="Minutes of faults",
        text="During minutes of faults and cancelled calls, calls succeed, and memory and files do not grow.",
        scenario="minutes",
        runs=each(front=ASYNC),
        small={"seconds": 1.0, "quiet": 0.5},
        bars={
            "availability": (">=", 0.999),
            "wrong": ("=", 0),
            "memory_per_minute": ("<", 1),
        },
        timed={"files": ("<=", 5), "added_p99": ("<=", 500)},
        figures=("seconds", "calls", "faults", "cancelled"),
    ),
    Promise(
        title="Deadlines",
        text="A call ends at most 50 ms after its deadline, whatever the server does.",
        scenario="deadlines",
        runs=each(front=ASYNC),
        bars={"answered": ("=", 0)},
        timed={"latest": ("<=", 50)},
        figures=("runs", "late_p99"),
    ),
    Promise(
        title="Deadlines in blocking code",
        text="In blocking code, a call ends at most 250 ms after its deadline.",
        scenario="deadlines",
        runs=each(front=BLOCKING),
        bars={"answered": ("=", 0)},
        timed={"latest": ("<=", 250)},
        figures=("runs", "late_p99"),
    ),
    Promise(
        title="The end of a program",
        text="A program that forgets to close its client ends at once, with its own exit status, "
        "and writes nothing.",
        scenario="exits",
        runs=each(front=ALL),
        bars={"foreign": ("=", 0), "stderr": ("=", 0)},
        timed={"slowest": ("<=", 1000)},
        figures=("programs",),
    ),
    Promise(
        title="Outage",
        text="A server that is down receives at most 1.1 requests per call.",
        scenario="outage",
        runs=each(how=("status-503", "refused"), front=ALL),
        small={"calls": 360},
        bars={"requests_per_call": ("<=", 1.1)},
        figures=("calls", "requests"),
    ),
    Promise(
        title="Chaos",
        text="If one request in twenty fails, 99.9 % of the calls succeed with four attempts.",
        scenario="chaos",
        runs=each(front=ALL),
        bars={"availability": (">=", 0.999), "wrong": ("=", 0)},
        figures=("calls", "faults"),
    ),
    Promise(
        title="Memory",
        text="No response takes more memory than twice the 32 MiB limit of a body.",
        scenario="memory",
        runs=each(how=("bomb", "endless", "length"), front=ALL),
        bars={"memory": ("<", 64)},
        timed={"seconds": ("<=", 2)},
        figures=("outcome",),
    ),
    Promise(
        title="Lists without end",
        text="A list that repeats its pages is an error, and not an endless walk.",
        scenario="cursors",
        runs=each(front=ASYNC),
        bars={"requests": ("<=", 2), "items": ("<=", 2)},
        figures=("outcome",),
    ),
)


@attrs.frozen(kw_only=True)
class Comparison:
    """
    A scenario that other clients run as well, on asyncio.

    Attributes:
        title: Its heading.
        text: What happens, in one sentence.
        scenario: Its name.
        clients: The clients that take part.
        runs: The parameters of each run that are not the scenario's own.
        figures: The figures of the table.
    """

    title: str
    text: str
    scenario: str
    runs: Sequence[Parameters]
    figures: Sequence[str]
    clients: Sequence[str] = ("heymilo", "httpx", "openai")


COMPARISONS = (
    Comparison(
        title="Load",
        text="Two thousand calls at once, on a hundred connections.",
        scenario="load",
        runs=({"calls": 2000},),
        figures=("calls", "lost", "errors", "seconds", "memory"),
    ),
    Comparison(
        title="Outage",
        text="A server that is down.",
        scenario="outage",
        runs=each(how=("status-503", "refused")),
        figures=("calls", "requests_per_call"),
    ),
    Comparison(
        title="Cancelled calls",
        text="Thirty thousand cancelled calls, and then twenty plain ones.",
        scenario="churn",
        runs=({},),
        figures=("cancelled", "plain", "dead"),
    ),
    Comparison(
        title="Memory",
        text="A response that fills the memory; at 2 GiB, or after 60 s, we ended it.",
        scenario="memory",
        runs=each(how=("bomb", "endless", "length")),
        figures=("outcome", "memory", "seconds"),
    ),
    Comparison(
        title="Lists without end",
        text="A list that repeats one page for ever; after a thousand items we ended it.",
        scenario="cursors",
        runs=({},),
        clients=("heymilo", "openai"),
        figures=("outcome", "requests", "items"),
    ),
)
