"""
Results as a table to look at, as JSON to keep, and as the tables of two pages below docs/.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import attrs

from .results import Finding, Table
from .server import ROOT
from .timing import Spread

DOCS = ROOT / "docs"
JSON = DOCS / "benchmarks.json"
#: For readers who choose a client, and for our own goals.
PAGES = (DOCS / "performance.md", DOCS / "performance-goals.md")
#: The jobs have a page of their own, for they are measured by themselves.
JOBS_JSON = DOCS / "jobs.json"
JOBS_PAGES = (DOCS / "jobs.md",)
PLOT = DOCS / "images" / "benchmarks.svg"

#: Whose versions belong to a result.
_PACKAGES = (
    *("httpx", "httpcore", "h11", "anyio", "trio", "attrs", "cattrs", "tenacity"),
    *("duckdb", "phonenumbers"),
    *("openapi-python-client", "openai", "stripe", "pydantic", "msgspec"),
)


@attrs.frozen(kw_only=True)
class Report:
    """
    One run: when, where, and what it found.
    """

    date: str
    python: str
    system: str
    cores: int
    packages: dict[str, str]
    quick: bool
    tables: tuple[Table, ...]

    @property
    def bounded(self) -> list[Finding]:
        """
        The findings that have a bound.
        """
        return [
            finding
            for table in self.tables
            for finding in table.findings
            if finding.at_most is not None
        ]


def report(tables: Sequence[Table], *, quick: bool) -> Report:
    """
    Put *tables* together with when and where they came about.
    """
    return Report(
        date=f"{dt.datetime.now(dt.UTC):%Y-%m-%d}",
        python=platform.python_version(),
        system=platform.system(),
        cores=os.cpu_count() or 1,
        packages={name: found for name in _PACKAGES if (found := _version(name))},
        quick=quick,
        tables=tuple(tables),
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def to_json(found: Report) -> str:
    """
    Return *found* as JSON, numbers to four digits.
    """
    return json.dumps(_rounded(attrs.asdict(found)), indent=1, ensure_ascii=False) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


def from_json(text: str) -> Report:
    """
    Read what `to_json` has written.
    """
    read = json.loads(text)
    tables = [
        Table(
            name=table["name"],
            unit=table["unit"],
            rows={name: Spread(**row) for name, row in table["rows"].items()},
            findings=tuple(
                Finding(**{**finding, "spread": Spread(**finding["spread"])})
                for finding in table["findings"]
            ),
        )
        for table in read["tables"]
    ]
    return Report(**{**read, "tables": tuple(tables)})


def lines_of(table: Table) -> Iterator[str]:
    """
    Yield a table for a terminal, line by line.
    """
    yield f"\n{table.name} ({table.unit})"
    width = max(map(len, table.rows))
    for name, row in table.rows.items():
        yield f"  {name:{width}}  {_shown(row)}"
    for finding in table.findings:
        if not finding.unit:
            yield f"  {finding.name.removeprefix(table.name + ': ')}: {_shown(finding.spread)}"


def verdict(found: Report) -> Iterator[str]:
    """
    Yield what came of the bounds, line by line.
    """
    yield f"\nbounds: Python {found.python}, {found.cores} cores, {found.date}"
    for finding in found.bounded:
        mark = "holds " if finding.holds else "MISSED"
        goal = "" if finding.goal is None else f", goal {finding.goal:g}"
        yield (
            f"  {mark} {finding.spread.median:7.3f}{finding.unit} "
            f"(at most {finding.at_most:g}{goal})  {finding.name}"
        )


def _shown(spread: Spread) -> str:
    return f"{_number(spread.median)}  [{_number(spread.lower)} to {_number(spread.upper)}]"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def with_tables(page: str, found: Report) -> str:
    """
    Return *page* with each of its marked places filled with what *found* says there.

    A place is `<!-- tables: PATTERN -->` up to `<!-- end -->`, and holds the tables whose names
    match; `<!-- bounds -->` holds what came of the bounds, `<!-- run -->` when and where.
    """

    def fill(mark: re.Match[str]) -> str:
        if mark["kind"] == "bounds":
            lines = list(_bounds_in_markdown(found))
        elif mark["kind"] == "run":
            lines = [_run_in_markdown(found)]
        else:
            chosen = [table for table in found.tables if re.search(mark["pattern"], table.name)]
            lines = list(_in_markdown(chosen))
        return "\n".join([mark["head"], "", *lines, "", mark["tail"]])

    return _PLACE.sub(fill, page)


_PLACE = re.compile(
    r"(?P<head><!-- (?P<kind>tables|bounds|run)(?:: (?P<pattern>.*?))? -->)"
    r".*?(?P<tail><!-- end -->)",
    re.DOTALL,
)


def _run_in_markdown(found: Report) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in found.packages.items())
    length = ", a short run" if found.quick else ""
    return f"{found.date}{length}, {found.system}, {found.cores} cores, Python {found.python}; {packages}."


def _bounds_in_markdown(found: Report) -> Iterator[str]:
    yield "| | median | half of all rounds | at most | goal | |"
    yield "|---|---:|---:|---:|---:|---|"
    for finding in found.bounded:
        unit = f" {finding.unit}" if finding.unit else ""
        goal = "" if finding.goal is None else f"{finding.goal:.3g}{unit}"
        yield (
            f"| {finding.name} | {finding.spread.median:.3g}{unit} "
            f"| {finding.spread.lower:.3g} to {finding.spread.upper:.3g} "
            f"| {finding.at_most:.3g}{unit} | {goal} "
            f"| {'' if finding.holds else '**missed**'} |"
        )


def _in_markdown(tables: Iterable[Table]) -> Iterator[str]:
    for table in tables:
        yield f"| {table.name} | {table.unit} | half of all rounds | ours is |"
        yield "|---|---:|---:|---:|"
        ratios = {
            finding.name.rpartition(" / ")[2]: finding
            for finding in table.findings
            if not finding.unit
        }
        for name, row in table.rows.items():
            beside = f"{ratios[name].spread.median:.2f} of it" if name in ratios else ""
            yield (
                f"| {name} | {_number(row.median)} "
                f"| {_number(row.lower)} to {_number(row.upper)} | {beside} |"
            )
        yield ""


def write(found: Report, json_file: Path = JSON, pages: Sequence[Path] = PAGES) -> None:
    """
    Keep *found* as JSON, and put it into the tables of *pages*.
    """
    json_file.write_text(to_json(found), encoding="utf-8")
    # Read again: what is rounded in the one is rounded in the other.
    kept = from_json(json_file.read_text(encoding="utf-8"))
    for page in pages:
        page.write_text(with_tables(page.read_text(encoding="utf-8"), kept), encoding="utf-8")
