"""
A file of `sync` and a journal of `ingest` belong to one server, and to one workspace of it.
"""

from __future__ import annotations

import sqlite3

import duckdb
import pytest
from home import rows_of
from inside import awaited
from inside_jobs import Source, source_of

from heymilo_async import HeyMilo
from heymilo_async.jobs import JobError
from heymilo_async.jobs.ingest import ingest
from heymilo_async.jobs.sync import sync

WORKSPACE = "workspace-of-a-made-up-customer"


@pytest.fixture
def run_sync(milo, tmp_path):
    """
    Sync into a file; return the file.
    """

    def run(**options):
        with milo.client(**options) as client:
            sync(client, tmp_path / "home.duckdb", only=["voices"])
        return tmp_path / "home.duckdb"

    return run


@pytest.fixture
def run_ingest(milo, posting, tmp_path):
    """
    Ingest a file of one row; return the journal.
    """
    path = tmp_path / "people.csv"
    path.write_text("name,email\nA,a@example.com\n")

    def run(**options):
        with milo.client(**options) as client:
            assert ingest(client, path, posting).ok
        return tmp_path / "people.csv.journal"

    return run


def _execute(journal, statement, *values):
    with sqlite3.connect(journal) as connection:
        found = connection.execute(statement, values).fetchall()
    connection.close()
    return found


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://API.Example.com", "api.example.com"),
        ("https://api.example.com:443/v1", "api.example.com"),
        ("https://api.example.com:8443", "api.example.com:8443"),
        ("http://127.0.0.1:4321", "loopback"),
        ("http://localhost:80", "loopback"),
        ("http://[::1]:5", "loopback"),
    ],
)
def test_a_source_is_a_host(url, host):
    """
    The source of a client is the host of its URL; all servers on this machine are one.
    """
    with HeyMilo("a-key", base_url=url) as client:
        assert Source(host) == source_of(awaited(client))


def test_a_workspace_stays_a_secret():
    """
    Of the workspace's id only a hash is kept, so it is not in the source.
    """
    with (
        HeyMilo("a-key", workspace_id=WORKSPACE) as client,
        HeyMilo("a-key", workspace_id="another-workspace") as other,
    ):
        source = source_of(awaited(client))

        assert WORKSPACE not in repr(source)
        assert 16 == len(source.workspace)
        assert source.workspace != source_of(awaited(other)).workspace


def test_a_file_of_data_is_of_one_server(run_sync):
    """
    A run against another server is refused, and changes nothing in the file.
    """
    file = run_sync()
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE sync_source SET host = 'api.example.com'")
    before = rows_of(file, "FROM sync_runs")
    text = r"home.duckdb belongs to api.example.com, not to a server on this machine: name another"
    with pytest.raises(JobError, match=text):
        run_sync()

    assert [("api.example.com", None)] == rows_of(file, "FROM sync_source")
    assert before == rows_of(file, "FROM sync_runs")


def test_a_file_of_data_is_of_one_workspace(run_sync):
    """
    The first run that names a workspace ties the file to it; runs that name none may still use it.
    """
    run_sync()
    run_sync(workspace_id=WORKSPACE)
    file = run_sync()
    with pytest.raises(JobError, match="belongs to another workspace of this server: name another"):
        run_sync(workspace_id="another-workspace")

    ((host, workspace),) = rows_of(file, "FROM sync_source")
    assert ("loopback", 16) == (host, len(workspace))


def test_a_file_of_data_without_a_source_is_adopted(run_sync):
    """
    A file of an earlier version gets the source of the next run.
    """
    with duckdb.connect(str(run_sync())) as connection:
        connection.execute("DROP TABLE sync_source")

    assert [("loopback", None)] == rows_of(run_sync(), "FROM sync_source")


def test_a_journal_is_of_one_server(run_ingest):
    """
    A run against another server is refused, because its rows are not candidates there.
    """
    journal = run_ingest()
    _execute(journal, "UPDATE source SET host = 'api.example.com'")
    text = (
        r"journal .*people.csv.journal belongs to api.example.com, not to a server on this "
        "machine: choose another one with --journal"
    )
    with pytest.raises(JobError, match=text):
        run_ingest()

    assert [("api.example.com", None)] == _execute(journal, "SELECT * FROM source")


def test_a_journal_is_of_one_workspace(run_ingest):
    """
    The first run that names a workspace ties the journal to it; runs that name none may still use
    it.
    """
    run_ingest()
    run_ingest(workspace_id=WORKSPACE)
    journal = run_ingest()
    with pytest.raises(JobError, match="belongs to another workspace of this server: choose"):
        run_ingest(workspace_id="another-workspace")

    ((host, workspace),) = _execute(journal, "SELECT * FROM source")
    assert ("loopback", 16) == (host, len(workspace))


def test_a_journal_without_a_source_is_adopted(run_ingest):
    """
    A journal of an earlier version gets the source of the next run.
    """
    journal = run_ingest()
    _execute(journal, "DROP TABLE source")
    run_ingest()

    assert [("loopback", None)] == _execute(journal, "SELECT * FROM source")
