"""
The entry point runs a job once, and its exit code tells the result.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from heymilo_async.sandbox import Sandbox
from heymilo_async.sandbox.faults import Slow

ENTRYPOINT = Path(__file__).parents[1] / "entrypoint.sh"
DOCKERFILE = ENTRYPOINT.with_name("Dockerfile")
#: How often at most a scheduler starts a failed run again.
MOST_RUNS = 10

# No test breaks a rule of conduct.
pytestmark = pytest.mark.usefixtures("heymilo_conduct")


def _run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """
    Run the entry point as a container would, with the command of this environment.
    """
    with _started(folder, *arguments, **variables) as job:
        printed, told = job.communicate()
    return subprocess.CompletedProcess(job.args, job.returncode, printed, told)


def _started(folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.Popen(
        [str(ENTRYPOINT), *arguments],
        env={**os.environ, "PATH": path, "DATA": str(folder), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _run_until_done(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """
    Run the entry point again until it succeeds, as a scheduler does; return the last run.
    """
    for _ in range(MOST_RUNS):
        done = _run(folder, *arguments)
        if done.returncode == 0:
            break
    return done


def _candidates_at_home(folder: Path) -> int:
    with duckdb.connect(str(folder / "hiring.duckdb"), read_only=True) as home:
        ((count,),) = home.execute("SELECT count(*) FROM candidates").fetchall()
    return int(count)


def _active_posting(milo: Sandbox) -> str:
    return next(one.item_id for one in milo.stores["postings"] if one["status"] == "active")


def test_it_brings_the_data_home(heymilo_environment: Sandbox, tmp_path: Path) -> None:
    """
    Without an argument it syncs; a second run finds nothing new.
    """
    first, second = _run(tmp_path), _run(tmp_path, "sync", "--only", "candidates")

    assert (0, 0) == (first.returncode, second.returncode), first.stderr + second.stderr
    assert "0 new, 0 changed" in second.stdout
    assert len(heymilo_environment.stores["candidates"]) == _candidates_at_home(tmp_path)


def test_it_brings_candidates_in(heymilo_environment: Sandbox, tmp_path: Path) -> None:
    """
    It sends the rows of a file on the volume to a posting, and an invalid row makes the exit code
    1.
    """
    posting = _active_posting(heymilo_environment)
    (tmp_path / "people.csv").write_text("name,email\nJo Doe,jo.doe@example.com\nMax Loe,max\n")
    done = _run(tmp_path, "ingest", "people.csv", "--posting", posting)

    assert 1 == done.returncode
    assert "1 of 2 rows are in: 1 sent, 0 found; 1 refused (line 3)" in done.stdout
    assert (tmp_path / "people.csv.journal").exists()


def test_chaos(heymilo_environment: Sandbox, tmp_path: Path) -> None:
    """
    If every seventh request fails, repeated runs still finish: everybody in the file is invited
    once, and every candidate is copied.
    """
    invited = [f"p{number}@example.com" for number in range(40)]
    rows = [f"P {number},{email}\n" for number, email in enumerate(invited)]
    (tmp_path / "people.csv").write_text("name,email\n" + "".join(rows))
    posting = _active_posting(heymilo_environment)
    heymilo_environment.chaos(rate=0.15, seed=7)
    options = ["--posting", posting, "--batch", "2"]
    runs = [_run_until_done(tmp_path, "ingest", "people.csv", *options)]
    runs.append(_run_until_done(tmp_path, "sync"))

    assert [0, 0] == [one.returncode for one in runs], "".join(one.stderr for one in runs)
    emails = Counter(one["email"] for one in heymilo_environment.stores["candidates"])
    assert dict.fromkeys(invited, 1) == {email: emails[email] for email in invited}
    assert emails.total() == _candidates_at_home(tmp_path)
    assert {"blind-repeat", "hot-loop", "secret-link-reused"} <= set(
        heymilo_environment.conduct().kept
    )


def test_the_key_comes_from_a_file(heymilo_environment: Sandbox, tmp_path: Path) -> None:
    """
    A key in a mounted file is read; a wrong one ends the run with code 3.
    """
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text(f"{heymilo_environment.api_key}\n")
    wrong.write_text("another-key\n")
    codes = [
        _run(
            tmp_path, "sync", "--only", "voices", HEYMILO_API_KEY="", HEYMILO_API_KEY_FILE=str(key)
        )
        for key in (right, wrong)
    ]

    assert [0, 3] == [one.returncode for one in codes]


def test_another_job_is_refused(tmp_path: Path) -> None:
    """
    An unknown job is refused by name, and so is a missing file.
    """
    for arguments, text in ((["export"], "no such job: export"), (["ingest"], "which file?")):
        done = _run(tmp_path, *arguments)
        assert 2 == done.returncode
        assert text in done.stderr


def test_it_is_stopped(heymilo_environment: Sandbox, tmp_path: Path) -> None:
    """
    The signal that stops a container ends the job, which says how far it came.
    """
    heymilo_environment.fail_next(Slow(30), operation="listVoices")
    with _started(tmp_path, "sync", "--only", "postings,voices") as job:
        deadline = time.monotonic() + 60
        while len(heymilo_environment.requests) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        job.send_signal(signal.SIGINT)
        _, told = job.communicate(timeout=60)

    assert "STOPSIGNAL SIGINT\n" in DOCKERFILE.read_text(encoding="utf-8")
    assert 130 == job.returncode
    assert "interrupted; 1 of 2 tables are up to date; run it again to resume\n" in told


def test_the_image_is_made_of_what_is_there() -> None:
    """
    Everything that the Dockerfile copies is in the clone, relative to its root.
    """
    root = ENTRYPOINT.parents[2]
    copied = [
        name
        for line in DOCKERFILE.read_text(encoding="utf-8").splitlines()
        if line.startswith("COPY ")
        for name in line.split()[1:-1]
    ]

    assert 4 < len(copied)
    assert [] == [name for name in copied if not (root / name).exists()]
