"""
`python -m benchmarks`: measures everything in one run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import attrs

from . import (
    calls,
    contenders,
    decoding,
    jobs,
    load,
    numbers,
    observability,
    pacing,
    peers,
    plot,
    processes,
    report,
    shares,
    startup,
    walks,
)
from .contenders import async_contenders, blocking_contenders, decoders, interview_decoders
from .fronts import Blocking, fronts
from .results import Table
from .server import serving

#: Measured by itself, and kept on a page of its own.
JOBS = "jobs"


@attrs.frozen(kw_only=True)
class Scale:
    """
    How much of everything.
    """

    rounds: int
    few_rounds: int
    pages: int
    gets: int
    load: int
    many: int


FULL = Scale(rounds=100, few_rounds=7, pages=100, gets=200, load=20, many=10_000)
QUICK = Scale(rounds=10, few_rounds=2, pages=10, gets=40, load=5, many=1_000)


def measure(server: str, scale: Scale, groups: list[str]) -> Iterator[Table]:
    """
    Measure *groups*; the tables come as they are done.
    """
    with tempfile.TemporaryDirectory() as folder:
        peers.generate(Path(folder))
        for group in GROUPS:
            if group in groups:
                yield from _MEASURES[group](server, scale)


def _calls(server: str, scale: Scale) -> Iterator[Table]:
    with fronts() as fields:
        taking_part = [
            calls.Field(
                front,
                blocking_contenders(server) + peers.blocking_peers(server)
                if isinstance(front, Blocking)
                else async_contenders(server) + peers.async_peers(server),
            )
            for front in fields
        ]
        yield from calls.measure(taking_part, rounds=scale.rounds // 2, times=20)
        calls.close(taking_part)


def _decoding(_: str, scale: Scale) -> Iterator[Table]:
    ways = {**decoders(), **peers.peers_decoders()}
    yield from decoding.measure(ways, rounds=scale.rounds // 3)
    yield from processes.measure_before(numbers.page(0, 100, 100), rounds=scale.few_rounds)


def _interviews(_: str, scale: Scale) -> Iterator[Table]:
    ways = {**interview_decoders(), **peers.interview_decoders()}
    yield from decoding.measure_interview(ways, rounds=scale.rounds // 3)


def _startup(server: str, scale: Scale) -> Iterator[Table]:
    ways = [*decoders(), *peers.peers_decoders()]
    yield from startup.measure(server, ways, rounds=scale.few_rounds)


def _walk(server: str, scale: Scale) -> Iterator[Table]:
    with contenders.walks(server) as ways, peers.walks(server) as others:
        yield from walks.measure_beside({**ways, **others}, rounds=scale.rounds // 3)
    yield from walks.measure_memory(server)


def _walks(server: str, scale: Scale) -> Iterator[Table]:
    rounds = max(2, scale.few_rounds // 3)
    with fronts() as fields:
        yield from walks.measure(fields, server, rounds=rounds, pages=scale.pages, gets=scale.gets)


def _pacing(server: str, scale: Scale) -> Iterator[Table]:
    with fronts() as fields:
        yield from pacing.measure(fields, server, rounds=scale.rounds)


_MEASURES: Mapping[str, Callable[[str, Scale], Iterator[Table]]] = {
    "calls": _calls,
    "shares": lambda server, scale: shares.measure(
        server, rounds=scale.few_rounds, calls=scale.rounds * 30
    ),
    "decoding": _decoding,
    "interviews": _interviews,
    "pause": lambda server, scale: decoding.measure_pause(server, rounds=scale.few_rounds),
    "processes": lambda server, scale: processes.measure(
        server, peers.IMPORTS, rounds=2 * scale.few_rounds + 1
    ),
    "startup": _startup,
    "load": lambda server, scale: load.measure(
        server, rounds=scale.few_rounds, calls=scale.load, many=scale.many
    ),
    "walk": _walk,
    "walks": _walks,
    "pacing": _pacing,
    "observability": lambda server, scale: observability.measure(server, rounds=scale.rounds),
}
GROUPS = tuple(_MEASURES)


def main() -> int:
    """
    Measure, show, and keep what was asked to be kept.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "groups", nargs="*", metavar="group", help=f"of {', '.join(GROUPS)}; or {JOBS}"
    )
    parser.add_argument("--quick", action="store_true", help="a look, in less than a minute")
    parser.add_argument("--keep", action="store_true", help="write the results into docs/")
    given = parser.parse_args()
    if given.groups == [JOBS]:
        return _jobs(quick=given.quick, keep=given.keep)
    if unknown := set(given.groups) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    groups = given.groups or list(GROUPS)
    if "pacing" in groups and (missing := pacing.lacks()):
        parser.error(f"{missing}, or name the other groups")
    tables = []
    with serving() as server:
        for table in measure(server, QUICK if given.quick else FULL, groups):
            print(*report.lines_of(table), sep="\n", flush=True)
            tables.append(table)
    found = report.report(tables, quick=given.quick)
    print(*report.verdict(found), sep="\n")
    if given.keep:
        report.write(found)
        plot.draw(found, report.PLOT)
    return 0


def _jobs(*, quick: bool, keep: bool) -> int:
    tables = []
    for table in jobs.measure(jobs.QUICK if quick else jobs.FULL):
        print(*report.lines_of(table), sep="\n", flush=True)
        tables.append(table)
    found = report.report(tables, quick=quick)
    print(*report.verdict(found), sep="\n")
    if keep:
        report.write(found, report.JOBS_JSON, report.JOBS_PAGES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
