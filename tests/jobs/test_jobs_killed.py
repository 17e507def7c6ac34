"""
Jobs that are killed at random moments, or meet a full disk, and are run again until they succeed.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter

import duckdb
import pytest
from inside_jobs import TABLES

from heymilo_async import sandbox


def _environment(milo):
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "HEYMILO_API_KEY": milo.api_key,
        "HEYMILO_BASE_URL": milo.base_url,
    }


def _run_and_kill(milo, command, folder, after):
    """
    Run *command* against the sandbox, and kill it after *after* more requests.

    Return its exit code, which is negative if it was killed.
    """
    limit = len(milo.requests) + after
    with subprocess.Popen(
        [sys.executable, "-m", "heymilo_async.cli", *command, "--rate-limit", "off"],
        cwd=folder,
        env=_environment(milo),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while process.poll() is None:
            if len(milo.requests) >= limit:
                process.kill()
                return process.wait()
            time.sleep(0.001)
        return process.returncode


@pytest.mark.timeout(300)
def test_candidates_are_invited_once_however_often_it_is_killed(tmp_path):
    """
    180 rows, 15 % chaos, six SIGKILLs, and a server that refuses duplicates with 409: each row is
    sent once.
    """
    seed = random.randrange(10_000)
    chance = random.Random(seed)
    rows = [f"P {n},p{n}@example.com\n" for n in range(180)]
    (tmp_path / "people.csv").write_text("name,email\n" + "".join(rows))
    wary = sandbox.Assumptions(same_email="conflict")
    statuses = []
    with sandbox.running(
        candidates=0,
        assumptions=wary,
        latency=0.002,
        on_exchange=lambda exchange: statuses.append(exchange.status_code),
    ) as milo:
        posting = next(one.item_id for one in milo.stores["postings"] if one["status"] == "active")
        milo.chaos(rate=0.15, seed=seed)
        # Enough attempts that no search of the list fails in the middle. The next run would start
        # it again on purpose, which the judge does not know.
        patient = ("--batch", "2", "--max-attempts", "6")
        command = ("ingest", "people.csv", "--posting", posting, *patient)
        killed = 0
        for _ in range(40):
            after = chance.randrange(1, 12) if killed < 6 else 100_000
            code = _run_and_kill(milo, command, tmp_path, after)
            killed += code < 0
            if code == 0:
                break

        assert (0, 6) == (code, killed), f"seed {seed}"
        assert Counter(f"p{n}@example.com" for n in range(180)) == Counter(
            one["email"] for one in milo.stores["candidates"]
        )
        assert {201} <= set(statuses)
        assert 409 not in statuses
        assert milo.conduct(), f"seed {seed}: {milo.conduct()}"


@pytest.mark.timeout(300)
def test_a_run_that_is_killed_asks_little_more(tmp_path):
    """
    A sync that is killed at any moment and continued sends at most 1.2 times the requests of a
    whole one.
    """
    seed = random.randrange(10_000)
    with sandbox.running(candidates=230, latency=0.002) as milo:
        assert 0 == _run_and_kill(milo, ("sync", "--to", "whole.duckdb"), tmp_path, 100_000)
        whole = len(milo.requests)
        command = ("sync", "--to", "killed.duckdb")
        moment = random.Random(seed).randrange(1, whole)
        assert -9 == _run_and_kill(milo, command, tmp_path, moment), f"seed {seed}"
        assert 0 == _run_and_kill(milo, command, tmp_path, 100_000)

        assert whole <= len(milo.requests) - whole <= 1.2 * whole, f"seed {seed}"


@pytest.mark.timeout(300)
def test_a_file_is_right_however_often_it_is_killed(tmp_path):
    """
    After six SIGKILLs and a whole run, the file equals that of a run that was never killed.
    """
    seed = random.randrange(10_000)
    chance = random.Random(seed)
    with sandbox.running(candidates=150, latency=0.002) as milo:
        command = ("sync", "--to", "duckdb:///killed.duckdb")
        codes = [_run_and_kill(milo, command, tmp_path, chance.randrange(1, 40)) for _ in range(6)]
        assert 0 == _run_and_kill(milo, command, tmp_path, 100_000), f"seed {seed}"
        assert -9 in codes
        assert milo.conduct(), f"seed {seed}: {milo.conduct()}"
        whole = ("sync", "--to", "duckdb:///whole.duckdb")
        assert 0 == _run_and_kill(milo, whole, tmp_path, 100_000)

    contents = _contents(tmp_path / "killed.duckdb", tmp_path / "whole.duckdb")
    assert contents[0] == contents[1], f"seed {seed}"


def _contents(*files):
    contents = []
    for file in files:
        with duckdb.connect(str(file)) as connection:
            contents.append(
                {
                    table: connection.execute(
                        f"SELECT * EXCLUDE (synced_at) FROM {table} ORDER BY ALL"
                    ).fetchall()
                    for table in TABLES
                }
            )
    return contents


def _run_with(milo, command, folder, blocks):
    """
    Run *command* with a file size limit of *blocks* of 1,024 bytes, like a full disk.
    """
    limited = ["bash", "-c", 'ulimit -f "$0"; exec "$@"', blocks]
    line = [sys.executable, "-m", "heymilo_async.cli", *command, "--rate-limit", "off"]
    return subprocess.run(
        [*limited, *line],
        cwd=folder,
        env=_environment(milo),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(300)
def test_a_full_disk_ends_a_sync(tmp_path):
    """
    If the disk is full at any point, one line says so; with free space, the next run succeeds.
    """
    with sandbox.running(candidates=20) as milo:
        for blocks, text in (
            ("1", "cannot open home.duckdb: IO Error: Could not write file"),
            ("40", "cannot continue with home.duckdb: "),
        ):
            done = _run_with(milo, ("sync", "--to", "home.duckdb"), tmp_path, blocks)
            assert (1, 1) == (done.returncode, done.stderr.count("\n")), done.stderr
            assert text in done.stderr
        for name in ("home", "whole"):
            done = _run_with(milo, ("sync", "--to", f"{name}.duckdb"), tmp_path, "unlimited")
            assert 0 == done.returncode, done.stderr

    contents = _contents(tmp_path / "home.duckdb", tmp_path / "whole.duckdb")
    assert contents[0] == contents[1]


@pytest.mark.timeout(300)
def test_a_full_disk_ends_an_ingestion(tmp_path):
    """
    If the journal cannot be written, one line says so; nobody is invited twice afterwards.
    """
    emails = [f"p{n}@example.com" for n in range(60)]
    (tmp_path / "people.csv").write_text("name,email\n" + "".join(f"P,{e}\n" for e in emails))
    with sandbox.running(candidates=0) as milo:
        posting = next(one.item_id for one in milo.stores["postings"] if one["status"] == "active")
        command = ("ingest", "people.csv", "--posting", posting, "--batch", "4")
        for blocks in ("1", "30", "60"):
            done = _run_with(milo, command, tmp_path, blocks)
            assert (1, 1) == (done.returncode, done.stderr.count("\n")), done.stderr
            assert "cannot write the journal people.csv.journal: " in done.stderr
        assert 0 < len(milo.stores["candidates"]) < len(emails)
        assert 0 == _run_with(milo, command, tmp_path, "unlimited").returncode

        assert Counter(emails) == Counter(one["email"] for one in milo.stores["candidates"])
        assert milo.conduct(), str(milo.conduct())
