"""
The benchmarks run: one round each, with the packages that the tests have; no time is judged.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from redis_server import required

ROOT = Path(__file__).parents[1]


def _load(name):
    """
    Import a module of the benchmarks, which are neither part of the package nor installed.
    """
    if "benchmarks" not in sys.modules:
        folder = ROOT / "benchmarks"
        spec = importlib.util.spec_from_file_location(
            "benchmarks", folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        sys.modules["benchmarks"] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"benchmarks.{name}")


@pytest.fixture(scope="module")
def server():
    """
    The benchmarks' own server.
    """
    with _load("server").serving() as url:
        yield url


@pytest.fixture
def fields(server):
    """
    All fronts, each with the contenders whose packages the tests have.
    """
    calls, contenders, fronts = _load("calls"), _load("contenders"), _load("fronts")
    with fronts.fronts() as opened:
        found = [
            calls.Field(
                front,
                contenders.blocking_contenders(server)
                if front.name == "blocking"
                else contenders.async_contenders(server),
            )
            for front in opened
        ]
        yield found
        calls.close(found)


def test_all_contenders_get_the_same_numbers(fields):
    """
    Every contender, on every front, gets the same page.
    """
    for limit in (20, 100):
        _load("calls").check(fields, limit)


def test_a_contender_that_gets_others_is_found_out(fields):
    """
    A contender that gets something else is named, and not measured.
    """
    attrs = importlib.import_module("attr")
    calls = _load("calls")
    lazy = attrs.evolve(fields[0].contenders[0], ids=lambda _: [])

    with pytest.raises(ValueError, match=r"heymilo-async \(blocking\) did not get the numbers"):
        calls.check([calls.Field(fields[0].front, [lazy])], 20)


def test_one_call_on_each_front(fields):
    """
    One call is measured on three fronts, with 20 and with 100 numbers, with every contender in each
    round.
    """
    tables = list(_load("calls").measure(fields, rounds=2, times=1))

    assert [
        f"one call, {front}, {limit} numbers"
        for limit in (20, 100)
        for front in ("blocking", "asyncio", "trio")
    ] == [table.name for table in tables]
    assert {2} == {row.count for table in tables for row in table.rows.values()}


def test_decoding():
    """
    Decoding is measured with 100 and 10,000 numbers.
    """
    tables = list(_load("decoding").measure(_load("contenders").decoders(), rounds=2))

    assert ["decoding 100 numbers", "decoding 10,000 numbers"] == [table.name for table in tables]


def test_reading_an_interview():
    """
    An interview is measured by time and by memory, and compared with parsing alone.
    """
    ways = _load("contenders").interview_decoders()

    time, memory = _load("decoding").measure_interview(ways, rounds=2)

    assert set(ways) == time.rows.keys() == memory.rows.keys()
    assert ["µs", "MB"] == [time.unit, memory.unit]


def test_whole_processes(server):
    """
    Imports, the first call and the command run in processes of their own, beside httpx, with
    bounds.
    """
    tables = list(_load("processes").measure(server, {}, rounds=2))

    assert [5 - 1, 2, 3] == [len(table.rows) for table in tables]
    assert 4 == sum(one.at_most is not None for table in tables for one in table.findings)


def test_a_process_that_fails_is_not_measured():
    """
    The time of a failed process has no meaning.
    """
    with pytest.raises(ValueError, match=r"failed: 3"):
        _load("processes").processor_time(["-c", "raise SystemExit(3)"])


def test_a_walk_beside_others(server):
    """
    A walk is measured by processor time, and by its memory.
    """
    walks = _load("walks")
    with _load("contenders").walks(server) as ways:
        (beside,) = walks.measure_beside(ways, rounds=2, total=300)
    (memory,) = walks.measure_memory(server)

    assert set(ways) == beside.rows.keys()
    assert [True] == [one.holds for one in memory.findings]


def test_walks(server):
    """
    Walks and concurrent calls are measured on each front.
    """
    with _load("fronts").fronts() as opened:
        tables = list(_load("walks").measure(opened, server, rounds=2, pages=2, gets=2))

    assert 6 == len(tables)


def test_pacing(server):
    """
    The cost of a permit is measured on each front, alone and with Redis, and has a bound.
    """
    pacing = _load("pacing")
    required()
    with _load("fronts").fronts() as opened:
        tables = list(pacing.measure(opened, server, rounds=2, times=1))

    assert None is pacing.lacks()
    assert ["blocking", "asyncio", "trio"] == [one.name.rpartition(", ")[2] for one in tables]
    assert [{pacing.ALONE, pacing.SHARED}] * 3 == [set(one.rows) for one in tables]
    assert all(2 == len(one.findings) for one in tables)


def test_watching(server):
    """
    A call is measured with each kind of listener, and with an engine that emits no events.
    """
    watching = _load("observability")

    (table,) = watching.measure(server, rounds=2, times=1)

    ways = {watching.OFF, watching.EVENTS, watching.LOG, watching.API, watching.SDK}
    assert ways | {watching.DEAF} == table.rows.keys()
    assert len(ways) == len(table.findings)


def test_a_program_of_its_own(server):
    """
    Tasks run in a process of their own, which reports its time and its memory.
    """
    found = _load("programs").run("load", "ours", server, 5, 2)

    assert {"seconds", "per_call", "peak", "growth"} == found.keys()
    assert all(value >= 0 for value in found.values())


def test_ratios_are_taken_within_a_round():
    """
    A ratio compares measurements of one round, and its median counts.
    """
    timing = _load("timing")

    found = timing.ratio({"a": [2.0, 30.0, 8.0], "b": [1.0, 10.0, 1.0]}, "a", "b")

    assert timing.Spread(median=3.0, lower=2.5, upper=5.5, count=3) == found


def test_rounds_are_interleaved():
    """
    Each round measures every contender once; warm-up rounds do not count.
    """
    told = []
    samplers = {
        name: lambda name=name: told.append(name) or float(len(told)) for name in ("a", "b", "c")
    }

    series = _load("timing").interleaved(samplers, 3, warm_up=1)

    assert [{"a", "b", "c"}] * 4 == [set(told[start : start + 3]) for start in range(0, 12, 3)]
    assert set(map(float, range(4, 13))) == {
        value for values in series.values() for value in values
    }


def test_a_report_is_kept_and_read_again():
    """
    A report that was written as JSON is read as the same report, and names the broken bounds.
    """
    results, report = _load("results"), _load("report")
    tables = [
        results.table(
            "a table",
            "ms",
            {"ours": [0.002, 0.002], "theirs": [0.001, 0.001]},
            [results.Bound(row="ours", beside="theirs", at_most=1.0)],
        )
    ]

    made = report.report(tables, quick=True)

    assert made == report.from_json(report.to_json(made))
    assert [False] == [finding.holds for finding in made.bounded]
    assert any("MISSED   2.000 (at most 1)" in line for line in report.verdict(made))


@pytest.mark.parametrize("kept", ["", "JOBS_"])
def test_the_page_says_what_was_measured(kept):
    """
    The tables of the pages come from the stored run, and say if it was short.
    """
    report = _load("report")
    found = report.from_json(getattr(report, f"{kept}JSON").read_text(encoding="utf-8"))

    for page in getattr(report, f"{kept}PAGES"):
        text = page.read_text(encoding="utf-8")
        assert found.quick == ("a short run" in text)
        assert text == report.with_tables(text, found)
        assert "<!-- run -->" in text


def test_parts_of_a_call(server):
    """
    A sample counts for the innermost running part of the call.
    """
    (table,) = _load("shares").measure(server, rounds=2, calls=200)

    assert 9 == len(table.rows)
    assert sum(row.median for row in table.rows.values()) > 0


def test_help_of_the_house():
    """
    `--help` explains what is counted, and counts nothing; an unknown argument is refused.
    """
    helped, refused = (
        subprocess.run(
            [sys.executable, "-m", "benchmarks.house", argument],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        for argument in ("--help", "--nosuch")
    )

    assert (0, "") == (helped.returncode, helped.stderr)
    assert "usage: python -m benchmarks.house [-h]" in helped.stdout
    assert "what a maintainer has to read" in helped.stdout
    assert (2, "") == (refused.returncode, refused.stdout)
    assert "unrecognized arguments: --nosuch" in refused.stderr


def test_the_house_is_counted():
    """
    Every figure of the code base is counted, and the goals are the agreed ones.
    """
    house = _load("house")

    found = {figure.name: figure for figure in house.figures()}

    assert all(figure.value > 0 for figure in found.values())
    assert [14, 110, 10, 35, 2_300, 1_000, 60, 61, 2] == [
        figure.goal for figure in found.values() if figure.goal is not None
    ]
    path = house.longest_path()
    assert ["_public", "_client"] == path[:2]
    assert len(path) == len(set(path)) == found["modules on the longest import path"].value


def test_a_figure_beyond_its_goal():
    """
    A figure that misses its goal says so, and says nothing without a goal.
    """
    figure = _load("house").Figure

    assert figure(name="lines", value=11, goal=10).line.endswith("at most 10      MISSED")
    assert figure(name="lines", value=10, goal=10).line.endswith("at most 10")
    assert figure(name="lines", value=10).line.endswith(" 10")


def test_profiling_tells_imports_apart():
    """
    A function that runs during an import does not count for the call.
    """
    house = _load("house")
    entered = house.Entered()
    file = str(house.PACKAGE / "errors.py")
    exec(compile("def called(): pass", file, "exec"), names := {})

    sys.setprofile(entered)
    try:
        names["called"]()
        exec(compile("x = 1", file, "exec"))
    finally:
        sys.setprofile(None)

    assert {"files": 1, "functions": 1, "imported": 1} == entered.counts
