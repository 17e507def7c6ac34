"""
The entry point runs a job once, and its exit code says how it went.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb

from heymilo_async.sandbox import Sandbox

ENTRYPOINT = Path(__file__).parents[1] / "entrypoint.sh"


def _run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """
    Run the entry point as a container would, with the command of this environment.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [str(ENTRYPOINT), *arguments],
        env={**os.environ, "PATH": path, "DATA": str(folder), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_brings_the_data_home(heymilo_environment: Sandbox, tmp_path: Path) -> None:
    """
    Without an argument it syncs; a second time it finds nothing new.
    """
    first, second = _run(tmp_path), _run(tmp_path, "sync", "--only", "candidates")

    assert (0, 0) == (first.returncode, second.returncode), first.stderr + second.stderr
    assert "0 new, 0 changed" in second.stdout
    with duckdb.connect(str(tmp_path / "hiring.duckdb"), read_only=True) as home:
        (row,) = home.execute("SELECT count(*) FROM candidates").fetchall()
    assert (len(list(heymilo_environment.stores["candidates"])),) == row


def test_it_brings_candidates_in(heymilo_environment: Sandbox, tmp_path: Path) -> None:
    """
    A file of the volume goes into a posting, and a row that cannot makes the exit code 1.
    """
    posting = next(
        one.item_id for one in heymilo_environment.stores["postings"] if one["status"] == "active"
    )
    (tmp_path / "people.csv").write_text("name,email\nJo Doe,jo.doe@example.com\nMax Loe,max\n")
    done = _run(tmp_path, "ingest", "people.csv", "--posting", posting)

    assert 1 == done.returncode
    assert "1 of 2 rows are in: 1 sent, 0 found; 1 refused (line 3)" in done.stdout
    assert (tmp_path / "people.csv.journal").exists()


def test_the_key_comes_from_a_file(heymilo_environment: Sandbox, tmp_path: Path) -> None:
    """
    A key that is mounted as a file is read; a wrong one ends the run with the code 3.
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
    A job that there is not is named.
    """
    done = _run(tmp_path, "export")

    assert 2 == done.returncode
    assert "no such job: export" in done.stderr
