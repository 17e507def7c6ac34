"""
What the two jobs cost: requests of a sync, its memory and time, and an ingestion that is killed.

They run as commands against a sandbox, as users run them; a killed one is killed by SIGKILL.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from . import programs
from .results import Bound, Table, table
from .server import ROOT
from .timing import Series

#: The number of requests after which a run is killed, the chaos, all of it: the same each time.
_SEED = 18
#: So that there is a moment in which to kill it.
_LATENCY = 0.002
_FAR = 10**9


@attrs.frozen(kw_only=True)
class Scale:
    """
    How much of everything.
    """

    rounds: int
    synced: int
    listed: int
    killed_rows: int
    rows: int


FULL = Scale(rounds=2, synced=230, listed=20_000, killed_rows=180, rows=400)
QUICK = Scale(rounds=2, synced=40, listed=1_000, killed_rows=40, rows=60)


def measure(scale: Scale) -> Iterator[Table]:
    """
    Measure the jobs; each round has files and a sandbox of its own.
    """
    yield _table("requests of a sync", "requests", _second_sync, scale, _BOUNDS_AGAIN)
    yield _table(
        "requests of a sync that is killed", "requests", _killed_sync, scale, _BOUNDS_KILLED
    )
    large = _rounds(_large_sync, scale)
    name = f"sync --only candidates, {scale.listed:,} of them"
    yield table(f"{name}: time", "s", _some(large, "seconds"), _BOUNDS_TIME)
    yield table(f"{name}: memory over the imports", "MB", _some(large, "peak"), _BOUNDS_MEMORY)
    yield _table("ingest, six SIGKILLs, 15 % chaos", "rows", _killed_ingest, scale, _BOUNDS_ONCE)
    yield _table("ingest, 20 ms a request", "s", _bulk_ingest, scale, _BOUNDS_BULK)


_BOUNDS_AGAIN = (Bound(row="a second one, nothing changed", beside="the first", at_most=0.15),)
_BOUNDS_KILLED = (Bound(row="killed, and gone on with", beside="never killed", at_most=1.2),)
_BOUNDS_TIME = (Bound(row="sync", beside="list_all", at_most=2.0),)
_BOUNDS_MEMORY = (Bound(row="sync", at_most=120.0),)
_BOUNDS_ONCE = (Bound(row="invited twice", at_most=0.0), Bound(row="lost", at_most=0.0))
_BOUNDS_BULK = (Bound(row="25 rows a request", beside="one by one", at_most=1 / 8),)


def _rounds(measured: object, scale: Scale) -> Series:
    assert callable(measured)
    series: Series = {}
    for count in range(scale.rounds):
        with tempfile.TemporaryDirectory() as folder:
            for name, value in measured(scale, Path(folder), _SEED + count).items():
                series.setdefault(name, []).append(float(value))
    return series


def _table(name: str, unit: str, measured: object, scale: Scale, bounds: Sequence[Bound]) -> Table:
    return table(name, unit, _rounds(measured, scale), bounds)


def _some(series: Series, kind: str) -> Series:
    return {
        name.removesuffix(f", {kind}"): values
        for name, values in series.items()
        if name.endswith(f", {kind}")
    }


def _run(milo: object, command: Sequence[str], folder: Path, kill_after: int = _FAR) -> int:
    """
    Run `heymilo` with *command*, kill it after so many requests, and return its exit code.
    """
    from heymilo_async.sandbox import Sandbox

    assert isinstance(milo, Sandbox)
    variables = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HEYMILO_API_KEY": milo.api_key,
        "HEYMILO_BASE_URL": milo.base_url,
    }
    limit = len(milo.requests) + kill_after
    line = [sys.executable, "-m", "heymilo_async.cli", *command, "--rate-limit", "off"]
    with subprocess.Popen(
        line, cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            if len(milo.requests) >= limit:
                process.kill()
                return process.wait()
            time.sleep(0.001)
        return process.returncode


def _second_sync(scale: Scale, folder: Path, seed: int) -> dict[str, int]:
    from heymilo_async import sandbox

    with sandbox.running(candidates=scale.synced, seed=seed) as milo:
        counts = []
        for _ in range(2):
            before = len(milo.requests)
            assert _run(milo, ["sync"], folder) == 0
            counts.append(len(milo.requests) - before)
    return dict(zip(("the first", "a second one, nothing changed"), counts, strict=True))


def _killed_sync(scale: Scale, folder: Path, seed: int) -> dict[str, int]:
    from heymilo_async import sandbox

    with sandbox.running(candidates=scale.synced, seed=seed, latency=_LATENCY) as milo:
        assert _run(milo, ["sync", "--to", "whole.duckdb"], folder) == 0
        whole = len(milo.requests)
        moment = random.Random(seed).randrange(1, whole)  # noqa: S311 - a moment, no secret
        assert _run(milo, ["sync", "--to", "killed.duckdb"], folder, moment) < 0
        assert _run(milo, ["sync", "--to", "killed.duckdb"], folder) == 0
        return {"killed, and gone on with": len(milo.requests) - whole, "never killed": whole}


def _large_sync(scale: Scale, folder: Path, seed: int) -> dict[str, float]:
    from heymilo_async import sandbox

    with sandbox.running(candidates=scale.listed, seed=seed) as milo:
        at = (milo.base_url, milo.api_key)
        imported = programs.run("imports", "duckdb", "heymilo_async")
        synced = programs.run("sync", *at, folder / "large.duckdb")
        listed = programs.run("list-all", *at)
    assert synced["rows"] == listed["rows"] == scale.listed
    return {
        "sync, seconds": synced["seconds"],
        "list_all, seconds": listed["seconds"],
        "sync, peak": synced["peak"] - imported["peak"],
    }


def _killed_ingest(scale: Scale, folder: Path, seed: int) -> dict[str, int]:
    from heymilo_async import sandbox

    chance = random.Random(seed)  # noqa: S311 - moments, no secret
    emails = _people(folder, scale.killed_rows)
    with sandbox.running(candidates=0, latency=_LATENCY) as milo:
        milo.chaos(rate=0.15, seed=seed)
        command = ["ingest", "people.csv", "--posting", _posting(milo), "--batch", "6"]
        killed = 0
        while True:
            after = chance.randrange(1, 12) if killed < 6 else _FAR
            code = _run(milo, command, folder, after)
            killed += code < 0
            if code == 0:
                break
        invited = Counter(one["email"] for one in milo.stores["candidates"])
    return {
        "killed": killed,
        "in the file": len(emails),
        "invited once": sum(count == 1 for count in invited.values()),
        "invited twice": sum(count > 1 for count in invited.values()),
        "lost": len(emails - invited.keys()),
    }


def _bulk_ingest(scale: Scale, folder: Path, _: int) -> dict[str, float]:
    from heymilo_async import sandbox

    seconds = {}
    for name, batch in (("25 rows a request", 25), ("one by one", 1)):
        own = folder / str(batch)
        own.mkdir()
        _people(own, scale.rows)
        with sandbox.running(candidates=0, latency=0.02) as milo:
            at = (milo.base_url, milo.api_key, _posting(milo))
            found = programs.run("ingest", *at, own / "people.csv", batch)
        assert found["rows"] == scale.rows
        seconds[name] = found["seconds"]
    return seconds


def _people(folder: Path, count: int) -> set[str]:
    emails = [f"p{number}@example.com" for number in range(count)]
    lines = [f"P {number},{email}\n" for number, email in enumerate(emails)]
    (folder / "people.csv").write_text("name,email\n" + "".join(lines), encoding="utf-8")
    return set(emails)


def _posting(milo: object) -> str:
    from heymilo_async.sandbox import Sandbox

    assert isinstance(milo, Sandbox)
    return next(one.item_id for one in milo.stores["postings"] if one["status"] == "active")
