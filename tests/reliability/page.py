"""
Generates docs/reliability.md and docs/faults.md from docs/reliability.json alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from catalogue import CASES, WAITING, section_of
from reliability.recording import NO_FRONT
from reliability.running import command

DOCS = Path(__file__).parents[2] / "docs"
JSON = DOCS / "reliability.json"
PAGE = DOCS / "reliability.md"
#: For contributors: the tests of each case.
CATALOGUE = DOCS / "faults.md"

#: The labels of figures.
LABELS = {
    "added_p99": "p99 beyond twice the one without faults, ms",
    "answered": "answered",
    "availability": "succeeded",
    "client": "",
    "connections": "connections at most",
    "dead": "dead afterwards",
    "faults": "requests that met a fault",
    "files": "file descriptors added",
    "foreign": "wrong exit statuses",
    "front": "",
    "how": "server",
    "items": "items returned",
    "late_p99": "delay after it, p99, ms",
    "latest": "longest delay after it, ms",
    "leaks": "kinds with leaks",
    "left_alone": "not cancelled",
    "lost": "lost or wrong",
    "memory": "memory, MiB",
    "memory_per_minute": "memory, MiB a minute",
    "plain": "plain calls",
    "requests_per_call": "requests per call",
    "resent": "sent again",
    "slow": "end after it, p99, ms",
    "slowest": "slowest, ms",
    "stderr": "characters on stderr",
    "succeeded": "calls that succeeded",
    "wrong": "wrong answers",
}
#: The labels of values.
NAMES = {
    "heymilo": "heymilo-async",
    "openai": "openai-python",
    "status-503": "answers 503",
    "refused": "refuses connections",
    "bomb": "1 MB of gzip that is 1 GiB",
    "endless": "a body without end",
    "length": "a body of 10 GB, announced",
}
FRONTS = ("asyncio", "trio", "blocking", NO_FRONT)

NOT_PROMISED = """
- **A retry of every creating call.** It could create something twice, so the client sends one again only if it was refused with 429 or certainly never sent. If its response is lost, the error has `.maybe_sent`, and you decide whether to try again.
- **Exactly once.** No client can promise that without the server's help, and this API has no idempotency keys.
- **Order.** A list comes in the server's order, and calls that you start together end in any order. `get_many` returns its results in the order of the ids, but may send the requests in another.
- **A consistent list.** A walk may miss items that are added or removed meanwhile; it returns no item twice for one cursor.
- **An `http_client` of yours in several event loops.** It belongs to the first loop; using it in a second one is an `EventLoopError`. A client without one may be used in any number of loops.
- **A deadline for steps that cannot be interrupted.** In blocking code these are a name lookup, and a client of your own in `http_client=`.
- **That the live service behaves as its contract says.** All figures were measured with servers on one machine, and never with the live service.
""".strip()


def page_of(found: Mapping[str, Any]) -> str:
    """
    Return the page about *found*.
    """
    return "\n".join(_lines(found)) + "\n"


def catalogue_of(found: Mapping[str, Any]) -> str:
    """
    Return the page of all faults, with the results of their tests.
    """
    return "\n".join(_catalogue(found["cases"])) + "\n"


def write(found: Mapping[str, Any]) -> None:
    """
    Write *found* as JSON, and both pages.
    """
    JSON.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page_of(found), encoding="utf-8")
    CATALOGUE.write_text(catalogue_of(found), encoding="utf-8")


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield "# Reliability"
    yield ""
    yield "This page says what the client promises about load, leaks and outages, and what was measured."
    yield "`nox -s reliability` writes it from `reliability.json` beside it; no figure was typed by hand."
    yield ""
    yield from _made(found)
    yield ""
    yield "## Promises"
    yield ""
    yield "Each scenario runs in a process of its own, with its server in another, on the loopback interface."
    yield "`nox -s soak` measures all of them again and fails if a promise is broken; the command below a table measures that one alone."
    yield "The bound of a figure is in brackets in its heading."
    yield "Times leave out the time in which the program was ready to run but had no processor."
    for promise in found["promises"]:
        yield from _promise(promise)
    yield ""
    yield "## Compared with other clients"
    yield ""
    yield from _terms(found["made"]["packages"])
    for comparison in found["comparisons"]:
        yield ""
        yield f"### {comparison['title']}, compared"
        yield ""
        yield comparison["text"]
        yield ""
        yield from _table(_rows(comparison))
    yield ""
    yield "## What is not promised"
    yield ""
    yield NOT_PROMISED


def _made(found: Mapping[str, Any]) -> Iterator[str]:
    made = found["made"]
    dates = sorted(
        {part["date"] for part in [*found["promises"], *found["comparisons"], found["cases"]]}
    )
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    packages = ", ".join(f"{name} {version}" for name, version in made["packages"].items())
    yield f"Measured on {when}, on {made['system']} with {made['cores']} cores and {made['memory']} GiB of memory, with Python {made['python']}."
    yield f"Versions: {packages}."
    load = max(part["load"] for part in [*found["promises"], *found["comparisons"]])
    if load > 1:
        yield f"The machine had other work at the same time: its load average was up to {load:.1f}."


def _promise(promise: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"### {promise['title']}"
    yield ""
    yield promise["text"]
    yield ""
    yield from _table(_rows(promise))
    yield ""
    # The command of the first run; the others differ by the parameters in their row.
    yield f"`python {' '.join(command(promise['scenario'], promise['runs'][0]['parameters']))}`"


def _rows(record: Mapping[str, Any]) -> Iterator[list[str]]:
    bars = record.get("bars", {})
    given = list(dict.fromkeys(name for run in record["runs"] for name in run["parameters"]))
    # A parameter that was measured, too, is not repeated.
    given = [name for name in given if name not in record["figures"]]
    yield [
        *(LABELS.get(name, name) for name in given),
        *(_heading(name, bars.get(name)) for name in record["figures"]),
    ]
    for run in record["runs"]:
        yield [
            *(_value(name, run["parameters"].get(name, "")) for name in given),
            *(_value(name, run["measured"][name]) for name in record["figures"]),
        ]


def _heading(figure: str, bar: Sequence[Any] | None) -> str:
    label = LABELS.get(figure, figure)
    if bar is None:
        return label
    how, limit = bar
    return f"{label} ({'' if how == '=' else how + ' '}{_value(figure, limit)})"


def _value(figure: str, value: Any) -> str:
    if value == "":
        return ""
    if figure in {"availability", "left_alone"}:
        return f"{100 * float(value):.4g} %"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value('', count)}" for name, count in value.items()) or "none"
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
    return NAMES.get(value, value)


def _table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    heading, *others = rows
    for row in (heading, ["---"] * len(heading), *others):
        yield "| " + " | ".join(row) + " |"


def _terms(packages: Mapping[str, str]) -> Iterator[str]:
    yield f"The same scenarios, on asyncio, for plain httpx {packages['httpx']} and for openai-python {packages['openai']}, which brings httpx2 {packages['httpx2']}."
    yield "Each has the same server, at most a hundred connections (ten where calls are cancelled), and a timeout of 60 s (600 s where two thousand calls wait for a connection); all other settings are the defaults."
    yield "So httpx makes one attempt and the others three; openai-python has no method for this API, so it uses its generic `get`, and walks a list of its own in the same JSON."
    yield "Neither is made for this API or promises what is measured here: the tables show what you would have to build around them."


def _catalogue(cases: Mapping[str, Any]) -> Iterator[str]:
    shown = cases["shown"]
    passed, failed = (
        sum(results[which] for one in shown.values() for results in one["fronts"].values())
        for which in (0, 1)
    )
    yield "# The catalogue of faults"
    yield ""
    yield "This page is for contributors: it lists every fault that the client must survive, and the tests that show it."
    yield "[Reliability](reliability.md) is the page for users."
    yield ""
    yield f"{len(shown)} of {len(CASES)} faults have tests, which the table names; {passed:,} runs passed, and {failed} failed."
    yield "Each test in `tests/faults` also asserts six invariants: the key appears only in the request's header; no foreign exception is raised; no call outlasts its deadline; memory stays within bounds; a creating request is not sent twice; afterwards no connection is in use, a plain call works, and no task, thread or socket remains."
    yield "The figures count the runs that passed; `pytest --case 4` runs the tests of case 4."
    for title, numbers in _sections(shown):
        yield ""
        yield f"## {title}"
        yield ""
        rows = [[str(number), CASES[number], *_results(shown[str(number)])] for number in numbers]
        yield from _table([["no.", "fault and outcome", *FRONTS, "tests"], *rows])
    if WAITING:
        yield ""
        yield "## Not shown yet"
        yield ""
        yield from _table(
            [
                ["no.", "fault and outcome", "why"],
                *([str(number), CASES[number], why] for number, why in WAITING.items()),
            ]
        )


def _sections(shown: Mapping[str, Any]) -> Iterator[tuple[str, list[int]]]:
    sections: dict[str, list[int]] = {}
    for number in sorted(map(int, shown)):
        sections.setdefault(section_of(number), []).append(number)
    yield from sections.items()


def _results(told: Mapping[str, Any]) -> Iterator[str]:
    for front in FRONTS:
        passed, failed = told["fronts"].get(front, (0, 0))
        yield f"{failed} of {passed + failed} failed" if failed else str(passed or "")
    yield ", ".join(f"`{test}`" for test in told["tests"])
