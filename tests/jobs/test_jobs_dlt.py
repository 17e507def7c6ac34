"""
`heymilo_source`: dlt loads the same rows as `sync` into other warehouses.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import textwrap
from collections import Counter

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from home import candidates_of, rows_of
from inside import awaited
from inside_jobs import TABLES

from heymilo_async import HeyMilo, InvalidRequestError, PermissionDeniedError, sandbox
from heymilo_async.jobs.dlt import heymilo_source, load
from heymilo_async.jobs.sync import sync

FETCH = "getInterviewData"
LIST = "listCandidates"
OWN = {"synced_at", "last_seen_at"}

# dlt takes seconds to import, and to load anything.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def _room_of_its_own(tmp_path, monkeypatch):
    """
    Keep dlt's files in this test's folder.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))


@pytest.fixture
def milo():
    """
    A sandbox of three postings and 40 candidates.
    """
    with sandbox.running(candidates=40) as running:
        yield running


@pytest.fixture
def pipeline(tmp_path):
    """
    A dlt pipeline into a DuckDB file.
    """
    return _pipeline(tmp_path)


def _pipeline(folder):
    return dlt.pipeline(
        "hiring",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(folder / "dlt.duckdb")),
        dataset_name="hiring",
    )


@pytest.fixture
def bring(milo, pipeline):
    """
    Run the pipeline; return the number of requests of each kind.
    """

    def run(only=("interviews",), **options):
        before = len(milo.requests)
        with milo.client() as client:
            load(pipeline, heymilo_source(client, only=only, **options))
        paths = [one.path for one in milo.requests[before:]]
        interviews = sum("/interviews/" in one for one in paths)
        return interviews, len(paths) - interviews

    return run


@pytest.fixture
def ask(tmp_path):
    """
    Query the loaded data.
    """
    return lambda statement: rows_of(tmp_path / "dlt.duckdb", statement)


def _rows(file, schema, name):
    """
    Return the rows of a table, by key, with JSON parsed: dlt writes it with blanks of its own.
    """
    table = TABLES[name]
    columns = [one for one in table.all_columns if one.name not in OWN]
    chosen = ", ".join(f'"{one.name}"' for one in columns)
    return [
        {
            column.name: json.loads(value) if value and column.type == "JSON" else value
            for column, value in zip(columns, row, strict=True)
        }
        for row in rows_of(file, f'SELECT {chosen} FROM {schema}.{name} ORDER BY "{table.key}"')
    ]


def _types(file, name):
    statement = f"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{name}'"
    return {
        name: kind
        for name, kind in rows_of(file, statement)
        if name not in OWN and not name.startswith("_dlt_")
    }


@pytest.mark.parametrize(("only", "with_links"), [(None, False), (["interviews"], True)])
def test_it_brings_the_same_rows(bring, milo, tmp_path, only, with_links):
    """
    Each table has the rows of `sync`, in columns of the same types, after as many requests.
    """
    # A member that may be any JSON may be a string.
    question = next(iter(milo.stores["questions"]))
    milo.stores["questions"].change(question.item_id, answer="yes")
    requests = bring(only=only, with_links=with_links)
    with milo.client() as client:
        report = sync(client, "sync.duckdb", only=only, with_links=with_links)

    assert report.requests == sum(requests)
    for name in (one.name for one in report.tables):
        ours, theirs = "sync.duckdb", tmp_path / "dlt.duckdb"
        assert _rows(ours, "main", name) == _rows(theirs, "hiring", name)
        odd = {"answer": "VARCHAR"} if name == "questions" else {}
        assert {**_types(ours, name), **odd} == _types(theirs, name)


def test_it_makes_no_other_tables(bring, ask):
    """
    Lists within rows become no tables; each resource is one table, with its key and comments.
    """
    bring(only=["candidates"])
    source = heymilo_source(HeyMilo("k"))

    assert {"postings", "candidates"} == {
        name
        for (name,) in ask("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'hiring'")
        if not name.startswith("_dlt_")
    }
    assert list(TABLES) == list(source.resources)
    for name, resource in source.resources.items():
        schema = resource.compute_table_schema()
        assert "merge" == schema["write_disposition"]
        assert [TABLES[name].key] == [
            key for key, one in schema["columns"].items() if one.get("primary_key")
        ]
        assert all(one["description"] for one in schema["columns"].values())


def test_a_second_run_fetches_what_has_moved(bring, milo, ask):
    """
    An interview is fetched again if its candidate has changed, or with `full=True`.
    """
    assert 40 == bring()[0]
    assert 0 == bring()[0]
    before = _standing(milo)
    milo.advance(hours=30)
    moved = len(_standing(milo) - before)
    assert 0 < moved < 40
    assert moved == bring()[0]
    assert 40 == bring(full=True)[0]
    assert [(40, 40)] == ask("SELECT count(*), count(DISTINCT interview_id) FROM hiring.interviews")


def _standing(milo):
    return {
        (one.interview_id, one.status, one.score, one.workflow.last_activity_at)
        for one in candidates_of(milo)
    }


def test_since_and_only(bring, milo, ask):
    """
    With `since` only later candidates are read; a table also loads those that it needs.
    """
    ages = sorted(one.created_at for one in candidates_of(milo))
    bring(since=ages[20])

    younger = sum(one >= ages[20] for one in ages)
    assert [(younger,)] == ask("SELECT count(*) FROM hiring.interviews")
    assert [(3,)] == ask("SELECT count(*) FROM hiring.postings")


def test_what_is_gone_meanwhile(bring, milo, ask):
    """
    A posting or an interview that disappears before it is read is skipped.
    """
    milo.fail_next(status=404, operation=LIST)
    milo.fail_next(status=404, operation=FETCH)
    bring()
    candidates, interviews = ask(
        "SELECT (SELECT count(*) FROM hiring.candidates), (SELECT count(*) FROM hiring.interviews)"
    )[0]

    assert candidates - 1 == interviews
    assert candidates < 40
    bring()
    assert [(40,)] == ask("SELECT count(*) FROM hiring.candidates")


def test_a_run_that_fails_keeps_nothing(bring, milo):
    """
    After an error while reading nothing is loaded, and the next run fetches everything.
    """
    bring(only=["postings"])
    milo.fail_next(status=403, operation=FETCH)
    with pytest.raises(PipelineStepFailed) as failure:
        bring()

    assert isinstance(_root(failure.value), PermissionDeniedError)
    assert 40 == bring()[0]


def _root(error):
    while error.__cause__ is not None:
        error = error.__cause__
    return error


@pytest.mark.parametrize("had_run", [False, True])
def test_what_was_left_behind_is_loaded(bring, milo, pipeline, tmp_path, ask, had_run):
    """
    Rows that a killed run has read are loaded by the next one, which has its state.
    """
    if had_run:
        bring(only=["voices"])
    with milo.client() as client:
        pipeline.extract(heymilo_source(client, only=["interviews"]))
        # As in a new process.
        load(_pipeline(tmp_path), heymilo_source(client, only=["interviews"]))

    assert [(40,)] == ask("SELECT count(*) FROM hiring.interviews")


def test_its_memory_is_in_the_warehouse(bring, milo, tmp_path):
    """
    The next run on another machine, too, fetches only what has changed.
    """
    bring()
    (tmp_path / "other").mkdir()
    pipeline = dlt.pipeline(
        "hiring",
        pipelines_dir=str(tmp_path / "other"),
        destination=dlt.destinations.duckdb(str(tmp_path / "dlt.duckdb")),
        dataset_name="hiring",
    )
    before = len(milo.requests)
    with milo.client() as client:
        load(pipeline, heymilo_source(client, only=["interviews"]))

    assert 4 == len(milo.requests) - before


def test_it_goes_into_files(milo, tmp_path):
    """
    Files contain the rows, again after each run, because dlt does not merge files.
    """
    pipeline = dlt.pipeline(
        "files",
        pipelines_dir=str(tmp_path / "pipelines"),
        destination=dlt.destinations.filesystem((tmp_path / "out").as_uri()),
        dataset_name="hiring",
    )
    for _ in range(2):
        with milo.client() as client:
            load(pipeline, heymilo_source(client, only=["candidates"]))
    lines = [
        json.loads(line)
        for file in (tmp_path / "out/hiring/candidates").iterdir()
        for line in gzip.decompress(file.read_bytes()).splitlines()
    ]

    assert 80 == len(lines)
    assert {2} == set(Counter(one["interview_id"] for one in lines).values())
    assert isinstance(lines[0]["workflow"]["steps"], list)


@pytest.mark.parametrize(
    ("said", "first", "second"),
    [
        (None, "heymilo_async.jobs.dlt", "dlt"),
        (None, "dlt", "heymilo_async.jobs.dlt"),
        ("true", "heymilo_async.jobs.dlt", "dlt"),
    ],
)
def test_telemetry_is_off(said, first, second):
    """
    Usage data of dlt is not sent, whether dlt was imported before or after, unless that is enabled.
    """
    code = f"""
        import {first}
        import {second}
        pipeline = dlt.pipeline("hiring", destination="duckdb")
        from dlt.common.runtime import anon_tracker
        print(anon_tracker._ANON_TRACKER_ENDPOINT is not None)
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {"RUNTIME__DLTHUB_TELEMETRY_ENDPOINT": "http://127.0.0.1:9/"}
    environment.pop("RUNTIME__DLTHUB_TELEMETRY", None)
    if said is not None:
        environment["RUNTIME__DLTHUB_TELEMETRY"] = said
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert f"{said is not None}\n" == done.stdout


def test_arguments_are_checked(milo):
    """
    A client of the wrong kind, an unknown table, and an age as text are refused.
    """
    with milo.client() as client:
        with pytest.raises(TypeError, match="client must be a HeyMilo, not AsyncHeyMilo"):
            heymilo_source(awaited(client))
        with pytest.raises(InvalidRequestError, match="there is no table 'people'"):
            heymilo_source(client, only=["people"])
        with pytest.raises(TypeError, match="since must be a datetime or a timedelta, not str"):
            heymilo_source(client, since="90d")
