"""
`sync`: the tables have the data of the workspace, and a run costs only what has changed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import attrs
import duckdb
import pytest
from home import candidates_of, rows_of
from inside import awaited
from inside_jobs import STANDING, TABLES, Table, warehouses

from heymilo_async import (
    Candidate,
    HeyMiloError,
    InvalidRequestError,
    Model,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    sandbox,
)
from heymilo_async.jobs import JobError
from heymilo_async.jobs.sync import async_sync, sync
from heymilo_async.sandbox import faults

LIST = "listCandidates"
FETCH = "getInterviewData"


@pytest.fixture
def milo():
    """
    A sandbox of three postings and 40 candidates.
    """
    with sandbox.running(candidates=40) as running:
        yield running


@pytest.fixture
def file(tmp_path):
    """
    The path of the file.
    """
    return tmp_path / "home.duckdb"


@pytest.fixture
def bring(perform, milo, file):
    """
    Sync into the file, on the front.
    """

    def run(**options):
        return perform(milo, sync, async_sync, file, **options)

    return run


@pytest.fixture
def once(milo, file):
    """
    Sync into the file with the blocking client, where the front does not matter.
    """

    def run(**options):
        with milo.client() as client:
            return sync(client, file, **options)

    return run


def _content(file):
    return {name: rows_of(file, f"FROM {name} ORDER BY ALL") for name in TABLES}


def _table(report, name):
    return next(one for one in report.tables if one.name == name)


def test_everything_comes_home(bring, milo, file):
    """
    Each table has a row for each item, and the report counts rows and requests.
    """
    report = bring()
    counts = {name: rows_of(file, f"SELECT count(*) FROM {name}")[0][0] for name in TABLES}

    assert {one.name: one.new for one in report.tables} == counts
    assert (3, 40, 40, 30) == tuple(
        counts[name] for name in ("postings", "candidates", "interviews", "phone_numbers")
    )
    assert all(counts.values())
    assert len(milo.requests) == report.requests
    assert {0} == {one.changed + one.left for one in report.tables}


def test_values_arrive_as_they_are(once, milo, file):
    """
    Times become timestamps, unstructured members JSON, and null stays null; links are left out.
    """
    once()
    with milo.client() as client:
        posting_id = rows_of(file, "SELECT posting_id FROM candidates LIMIT 1")[0][0]
        one = next(
            one for one in client.candidates.list_all(posting_id) if one.agent_summary is not None
        )
    found = rows_of(
        file,
        "SELECT name, score, shortlisted, created_at, workflow->>'last_activity_at', extra, "
        f"interview_url, last_seen_at FROM candidates WHERE interview_id = '{one.interview_id}'",
    )

    activity = one.workflow.last_activity_at.isoformat().replace("+00:00", "Z")
    assert [
        (one.name, one.score, one.shortlisted, one.created_at, activity, None, None, None)
    ] == found
    texts = json.dumps(_content(file), default=str)
    assert "recording_url" not in texts
    assert "recording_link" not in texts
    assert "ingestion_url_key" not in texts
    assert one.interview_url not in texts


def test_links_are_kept_if_asked_for(once, milo, file):
    """
    With `with_links` the links are stored; a run without it removes them.
    """
    once(with_links=True)
    assert (40,) == rows_of(file, "SELECT count(interview_url) FROM candidates")[0]
    assert (
        0
        < rows_of(
            file, "SELECT count(*) FROM interviews WHERE web_interview LIKE '%recording_url%'"
        )[0][0]
    )
    assert 0 == _table(once(with_links=True), "candidates").changed

    report = once()
    assert (40, 40) == (_table(report, "candidates").changed, _table(report, "interviews").rows)
    assert (0,) == rows_of(file, "SELECT count(interview_url) FROM candidates")[0]


def test_a_second_run_changes_nothing(bring, file):
    """
    A run right after another one changes no row, and fetches no interview.
    """
    bring()
    before = _content(file)
    report = bring()

    assert {(0, 0, 0)} == {(one.new, one.changed, one.left) for one in report.tables}
    assert 0 == _table(report, "interviews").requests
    assert before == _content(file)


def test_a_second_run_asks_little(milo, tmp_path):
    """
    With 230 candidates in three postings, it sends less than 0.15 of the first run's requests.
    """
    with sandbox.running(candidates=230) as large, large.client() as client:
        first, second = (sync(client, tmp_path / "large.duckdb").requests for _ in range(2))

    assert second < 0.15 * first


def test_only_what_has_moved_is_fetched(bring, milo, file):
    """
    As time passes, candidates progress: only their rows change, and only their interviews are
    fetched.
    """
    bring()
    before = dict(rows_of(file, "SELECT interview_id, content_hash FROM candidates"))
    milo.advance(hours=48)
    report = bring()
    after = dict(rows_of(file, "SELECT interview_id, content_hash FROM candidates"))
    moved = {key for key in after if before[key] != after[key]}

    assert len(moved) == _table(report, "candidates").changed
    assert 0 < _table(report, "interviews").requests <= len(moved) < 40
    run = "(SELECT max(started_at) FROM sync_runs)"
    assert moved == {
        key
        for (key,) in rows_of(file, f"SELECT interview_id FROM candidates WHERE synced_at > {run}")
    }


def test_who_leaves_a_list_stays(once, milo, file):
    """
    A row that left its list stays with the time of the last run that saw it; one that returns
    counts as new.
    """
    once(only=["candidates"])
    gone = next(iter(milo.stores["candidates"]))
    kept = milo.stores["candidates"].remove(gone.item_id)
    between = datetime.now(UTC)
    report = once(only=["candidates"])
    seen = rows_of(
        file, "SELECT interview_id, last_seen_at FROM candidates WHERE last_seen_at NOTNULL"
    )

    assert 1 == _table(report, "candidates").left
    assert [gone.item_id] == [key for key, _ in seen]
    assert seen[0][1] < between
    assert 0 == _table(once(only=["candidates"]), "candidates").left

    milo.stores["candidates"].add(kept)
    assert 1 == _table(once(only=["candidates"]), "candidates").changed
    assert [] == rows_of(file, "FROM candidates WHERE last_seen_at NOTNULL")


def test_what_a_posting_had_leaves_with_it(once, milo, file):
    """
    If a posting leaves, its questions and candidates leave too, with their interviews.
    """
    some = ["questions", "interviews"]
    once(only=some)
    posting = next(iter(milo.stores["postings"]))
    milo.stores["postings"].remove(posting.item_id)
    between = datetime.now(UTC)
    report = once(only=some)
    counts = {}
    for table in ("questions", "candidates", "interviews"):
        gone = rows_of(
            file, f"SELECT posting_id, last_seen_at FROM {table} WHERE last_seen_at NOTNULL"
        )
        assert {posting.item_id} == {key for key, _ in gone}
        assert all(seen < between for _, seen in gone)
        counts[table] = len(gone)

    assert counts["candidates"] == counts["interviews"] > 10 < counts["questions"]
    for table in ("questions", "candidates"):
        assert counts[table] == _table(report, table).left
    assert [0] * 4 == [one.left for one in once(only=some).tables]

    milo.stores["postings"].add(posting)
    assert counts["candidates"] == _table(once(only=some), "candidates").changed
    assert [] == rows_of(file, "SELECT 1 FROM interviews WHERE last_seen_at NOTNULL")


def test_since_reads_less(once, milo, file):
    """
    With `since` only later candidates are read, and the others do not count as gone.
    """
    once()
    ages = [one.created_at for one in candidates_of(milo)]
    middle = sorted(ages)[20]
    report = once(since=middle)

    assert sum(one >= middle for one in ages) == _table(report, "candidates").rows
    assert 0 == _table(report, "candidates").left
    assert 40 == _table(once(since=timedelta(days=36500)), "candidates").rows
    assert 0 == _table(once(since=timedelta(0)), "candidates").rows


def test_only_some_tables(once):
    """
    The tables that a table needs are filled with it, and no others.
    """
    assert ["postings", "candidates", "interviews"] == [
        one.name for one in once(only=["interviews"]).tables
    ]
    assert ["voices"] == [one.name for one in once(only=["voices"]).tables]


def test_a_full_run_fetches_every_interview(once):
    """
    A full run fetches all interviews again, even without changes.
    """
    once()
    report = once(full=True)

    assert (40, 0) == (
        _table(report, "interviews").requests,
        _table(report, "interviews").changed,
    )


def test_a_broken_run_is_gone_on_with(bring, milo, file):
    """
    The next run completes one that was interrupted among the interviews.
    """
    whole = bring().requests
    file.unlink()
    milo.fail_next(status=403, operation=FETCH)
    before = len(milo.requests)
    with pytest.raises(PermissionDeniedError) as caught:
        bring()
    (kept,) = rows_of(file, "SELECT count(*) FROM interviews")[0]

    assert ["3 of 15 tables are up to date; run it again to resume"] == caught.value.__notes__
    assert 9 == kept
    assert _table(report := bring(), "interviews").new == 40 - kept
    assert 0 == _table(report, "candidates").requests
    assert len(milo.requests) - before <= 1.2 * whole


def _crowd(milo, count=150):
    with milo.client() as client:
        posting = next(one.id for one in client.postings.list() if one.status == "active")
        for start in range(0, count, 75):
            client.candidates.ingest_many(
                posting,
                [{"name": "Q", "email": f"q{n}@example.com"} for n in range(start, start + 75)],
            )


def test_a_walk_goes_on_where_it_broke(once, milo, file):
    """
    A list that failed after a page continues after that page; none of its rows counts as gone.
    """
    _crowd(milo)
    milo.fail_next(faults.RepeatCursor(), operation=LIST)
    with pytest.raises(PaginationError):
        once(only=["candidates"])
    before = len(milo.requests)
    report = once(only=["candidates"])
    asked = [one for one in milo.requests[before:] if one.path.endswith("/candidates")]

    assert "starting_after" in asked[0].query
    assert 0 == _table(report, "candidates").left
    assert [(190, 0)] == rows_of(file, "SELECT count(*), count(last_seen_at) FROM candidates")


@pytest.mark.parametrize(
    ("options", "goes_on"),
    [
        ({}, True),
        ({"only": ["interviews"]}, True),
        ({"full": True}, False),
        ({"with_links": True}, False),
    ],
)
def test_a_walk_goes_on_beside_other_tables(once, milo, file, options, goes_on):
    """
    A run for other tables, even if it is interrupted too, keeps the position of an interrupted
    list; with links, or from the beginning, the list starts again.
    """
    _crowd(milo)
    milo.fail_next(faults.RepeatCursor(), operation=LIST)
    with pytest.raises(PaginationError):
        once(only=["candidates"])
    milo.fail_next(status=403, operation="listPostings")
    with pytest.raises(PermissionDeniedError):
        once(**options)
    before = len(milo.requests)
    report = once(**{**options, "full": False})
    asked = [one for one in milo.requests[before:] if one.path.endswith("/candidates")]

    assert goes_on == ("starting_after" in asked[0].query)
    assert 0 == _table(report, "candidates").left
    assert [(190, 0)] == rows_of(file, "SELECT count(*), count(last_seen_at) FROM candidates")


def test_a_walk_begins_anew_where_its_place_is_gone(once, milo, file):
    """
    If the item of the cursor is gone, the walk starts again.
    """
    _crowd(milo)
    milo.fail_next(faults.RepeatCursor(), operation=LIST)
    with pytest.raises(PaginationError):
        once(only=["candidates"])
    (place,) = rows_of(file, "SELECT place FROM sync_walks WHERE place NOTNULL")[0]
    milo.stores["candidates"].remove(place)
    report = once(only=["candidates"])

    assert 1 == _table(report, "candidates").left
    assert [(place,)] == rows_of(
        file, "SELECT interview_id FROM candidates WHERE last_seen_at NOTNULL"
    )


def test_a_walk_ends_where_its_posting_is_gone(once, milo):
    """
    A run that was interrupted within a list completes even if the list's posting is gone.
    """
    _crowd(milo)
    milo.fail_next(faults.RepeatCursor(), operation=LIST)
    with pytest.raises(PaginationError):
        once(only=["candidates"])
    posting = next(one for one in milo.stores["postings"] if one["status"] == "active")
    milo.stores["postings"].remove(posting.item_id)

    assert 0 < _table(once(only=["candidates"]), "candidates").rows < 40
    assert 1 == _table(once(only=["candidates"]), "postings").left


def test_a_refusal_of_the_first_page_ends_the_run(once, milo):
    """
    A refused first page of a list is an error.
    """
    milo.fail_next(status=404, operation="listVoices")
    with pytest.raises(NotFoundError):
        once()


def test_a_posting_may_be_gone_meanwhile(once, milo, file):
    """
    A posting that disappears before its candidates are read is skipped.
    """
    milo.fail_next(status=404, operation=LIST)
    report = once(only=["candidates"])

    assert 0 < _table(report, "candidates").rows < 40
    assert 40 == _table(once(only=["candidates"]), "candidates").rows


def test_an_old_broken_run_is_let_go(once, milo, file):
    """
    A run that was interrupted more than an hour ago, or with other options, is not continued.
    """
    milo.fail_next(status=403, operation=FETCH)
    with pytest.raises(PermissionDeniedError):
        once()
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE sync_runs SET started_at = started_at - INTERVAL 61 MINUTES")

    assert 3 == _table(once(only=["candidates"]), "candidates").requests
    assert 1 == _table(once(), "webhooks").requests


def test_an_interview_that_is_not_there(once, milo, file):
    """
    A missing interview is left out, and requested again when its candidate progresses.
    """
    milo.fail_next(status=404, operation=FETCH)

    assert 39 == _table(once(), "interviews").rows
    assert 0 == _table(once(), "interviews").requests


def test_a_page_is_kept_whole_or_not_at_all(once, milo, file, monkeypatch):
    """
    An error in the middle of a page rolls back the page with its position.
    """

    def fail(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(*STANDING, fail)
        with pytest.raises(KeyboardInterrupt):
            once()

    assert [(0, 0)] == rows_of(
        file, "SELECT (SELECT count(*) FROM postings), (SELECT count(*) FROM sync_seen)"
    )
    assert 3 == _table(once(), "postings").new


def test_the_last_of_equal_keys_counts(tmp_path):
    """
    If a page has an item twice, the last one is stored.
    """
    table = TABLES["candidates"]
    two = [table.row(_candidate(name=name), with_links=False) for name in ("Old", "New")]
    with warehouses.open_warehouse(tmp_path / "x.duckdb") as warehouse:
        warehouse.begin({}, full=False)
        changes = warehouse.store_page(table, two, walk="x", cursor=None)

    assert warehouses.Changes(new=1) == changes
    assert [("New",)] == rows_of(tmp_path / "x.duckdb", "SELECT name FROM candidates")


def _candidate(**members):
    said = {
        "interview_id": "A",
        "posting_id": "B",
        "name": "Jo",
        "email": "jo@example.com",
        "status": "pending",
    }
    return Candidate(**{**said, **members})


def test_unknown_members_have_a_column(tmp_path):
    """
    Unknown members are stored, and so are numbers beyond a column's range.
    """

    @attrs.frozen(kw_only=True, eq=False, repr=False)
    class Thing(Model):
        """
        A thing.

        Attributes:
            id: Its id, which
                takes two lines.
            count: How many.
            share: A part.
        """

        id: str
        count: int
        share: float | None = None

    attrs.resolve_types(Thing)
    table = Table(name="things", model=Thing)
    row = table.row(Thing(id="A", count=2**63, share=10**400, extra={"new": [1]}), with_links=True)

    assert ["VARCHAR", "BIGINT", "DOUBLE", "JSON"] == [one.type for one in table.columns]
    assert "Its id, which takes two lines." == table.columns[0].comment
    assert ("A", None, None) == row.values[:3]
    assert {"new": [1], "count": 2**63, "share": 10**400} == json.loads(row.values[3])


def test_every_column_says_what_it_is(once, file):
    """
    Each table and column has a comment, including the job's own.
    """
    once(only=["voices"])

    assert [] == rows_of(
        file,
        "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal "
        "AND coalesce(comment, '') = ''",
    )
    assert [] == rows_of(
        file,
        "SELECT table_name FROM duckdb_tables() WHERE coalesce(comment, '') = ''",
    )


def test_a_file_of_an_earlier_version(once, file):
    """
    A missing column is added, and its rows are filled.
    """
    once(only=["voices"])
    with duckdb.connect(str(file)) as connection:
        connection.execute("ALTER TABLE voices DROP COLUMN labels")
        connection.execute("UPDATE voices SET content_hash = ''")
    report = once(only=["voices"])

    assert 24 == _table(report, "voices").changed
    assert (24,) == rows_of(file, "SELECT count(labels) FROM voices")[0]


def test_interviews_of_an_earlier_version(once, file):
    """
    If the table of interviews lacks a column, all are fetched again, even if no candidate has
    changed.
    """
    once(only=["interviews"])
    with duckdb.connect(str(file)) as connection:
        connection.execute("ALTER TABLE interviews DROP COLUMN web_interview")
        connection.execute("UPDATE interviews SET content_hash = ''")
    report = once(only=["interviews"])

    assert 40 == _table(report, "interviews").requests
    assert 0 < rows_of(file, "SELECT count(web_interview) FROM interviews")[0][0]
    assert 0 == _table(once(only=["interviews"]), "interviews").requests


def test_the_file_is_the_owners(milo, file):
    """
    Other users can read neither the file nor its log, and the umask is restored.
    """
    former = os.umask(0o022)
    try:
        modes = set()
        with milo.client() as client:
            sync(
                client,
                file,
                progress=lambda *_: modes.update(
                    stat.S_IMODE(one.stat().st_mode) for one in file.parent.iterdir()
                ),
            )
        assert {0o600} == modes
        assert 0o022 == os.umask(0o022)
    finally:
        os.umask(former)


def test_one_run_at_a_time(milo, file):
    """
    A file in use is refused, in this process and by another one.
    """
    with milo.client() as client:
        with (
            warehouses.open_warehouse(file),
            pytest.raises(JobError, match="is in use by another run"),
        ):
            sync(client, f"duckdb:///{file}")
        code = (
            f"import duckdb, time; c = duckdb.connect({str(file)!r}); print(1, flush=True); input()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            other.stdout.read(1)
            with pytest.raises(JobError, match="is in use by another run"):
                sync(client, file)
            other.communicate(b"\n")
        sync(client, file, only=["voices"])


def test_a_program_may_have_the_file_open_itself(once, file):
    """
    A file that this process has open, such as a notebook, is refused with the cure.
    """
    once(only=["voices"])
    text = "home.duckdb is in use by this program: close its connection to the file first"
    with (
        duckdb.connect(str(file), read_only=True),
        pytest.raises(JobError, match=text),
    ):
        once(only=["voices"])

    assert 0 == _table(once(only=["voices"]), "voices").new


def test_a_folder_that_is_not_there(milo, tmp_path):
    """
    The error names the folder, and says to create it.
    """
    file = tmp_path / "none" / "home.duckdb"

    with milo.client() as client, pytest.raises(JobError, match=r"no folder .*none; create it"):
        sync(client, file)
    assert not file.parent.exists()


def test_what_is_no_file_of_duckdb(milo, file):
    """
    A file of another format is not changed.
    """
    # (Its name could be confused with the reason.)
    file = file.with_name("block.duckdb")
    file.write_text("no database")
    with milo.client() as client, pytest.raises(JobError, match=r"cannot open .* another file"):
        sync(client, file)

    assert "no database" == file.read_text()


def test_a_file_is_made_whole(once, file, monkeypatch):
    """
    A run that ends while it creates the file leaves none, because DuckDB cannot open an incomplete
    one.
    """
    made = []

    def end(source, target):
        made.append((source, target))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", end)
        with pytest.raises(KeyboardInterrupt):
            once(only=["voices"])

    assert [file.resolve()] == [target for _, target in made]
    assert [] == list(file.parent.iterdir())
    assert 24 == _table(once(only=["voices"]), "voices").new


def test_a_file_that_was_deleted_stays_deleted(once, file, tmp_path):
    """
    The remains of a killed run beside a deleted file do not get into a new one.
    """
    log, aside = file.with_name(f"{file.name}.wal"), tmp_path / "aside"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE old AS SELECT 1 AS a")
        shutil.copy(log, aside)
    file.unlink()
    aside.rename(log)
    once(only=["voices"])

    assert [] == rows_of(file, "FROM duckdb_tables() WHERE table_name = 'old'")
    assert [file.name] == [one.name for one in file.parent.iterdir()]


def test_a_file_is_made_where_there_are_no_links(once, file, monkeypatch):
    """
    The file is also created on a file system without hard links.
    """

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)

    assert 24 == _table(once(only=["voices"]), "voices").new
    assert [file.name] == [one.name for one in file.parent.iterdir()]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("TABLE voices (title VARCHAR)", "this job did not create the table 'voices'"),
        ("VIEW voices AS SELECT 1 AS id WHERE false", "cannot continue with .*: Catalog Error"),
    ],
)
def test_a_table_of_somebody_elses(milo, file, made, message):
    """
    A foreign table with the name of one of ours is not changed, and the error says so.
    """
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE {made}")
    with milo.client() as client, pytest.raises(JobError, match=message):
        sync(client, file)

    assert [] == rows_of(file, "SELECT * FROM voices")
    assert [(1,)] == rows_of(
        file, "SELECT count(DISTINCT table_name) FROM duckdb_columns() WHERE NOT internal"
    )


def test_two_files_are_the_owners(tmp_path):
    """
    With two open files, the umask protects both to the end, and is then restored.
    """
    former = os.umask(0o022)
    try:
        with contextlib.ExitStack() as last:
            with warehouses.open_warehouse(tmp_path / "first.duckdb"):
                last.enter_context(warehouses.open_warehouse(tmp_path / "second.duckdb"))
            assert 0o077 == os.umask(0o077)
        assert 0o022 == os.umask(0o022)
    finally:
        os.umask(former)


def test_arguments_are_checked(milo, file):
    """
    A client of the wrong kind, an unknown table or target, and a time without a zone are refused.
    """
    with milo.client() as client:
        with pytest.raises(TypeError, match="async_sync takes an AsyncHeyMilo"):
            sync(awaited(client), file)
        with pytest.raises(TypeError, match="sync takes a HeyMilo"):
            async_sync(client, file).send(None)
        with pytest.raises(TypeError, match="only must be the names of tables, not str"):
            sync(client, file, only="voices")
        with pytest.raises(
            InvalidRequestError, match="there is no table 'people': there are posti"
        ):
            sync(client, file, only=["people"])
        for nowhere in ("", ":memory:", "duckdb:///:memory:"):
            with pytest.raises(InvalidRequestError, match="the target must be a file"):
                sync(client, nowhere)
        with pytest.raises(TypeError, match="since must be a datetime or a timedelta, not str"):
            sync(client, file, since="90d")
        with pytest.raises(InvalidRequestError, match="not postgres://"):
            sync(client, "postgres://localhost/x")
        with pytest.raises(InvalidRequestError, match="or duckdb:/// and a path, not 'duckdb:x'"):
            sync(client, "duckdb:x")
        with pytest.raises(InvalidRequestError, match="since must not go back"):
            sync(client, file, since=timedelta(weeks=10**6))
        with pytest.raises(InvalidRequestError, match="since must have a time zone"):
            sync(client, file, since=datetime(2026, 1, 1))  # noqa: DTZ001 - a time without a zone is refused


def test_it_is_done_under_chaos(bring, milo, file):
    """
    If every sixth request fails, repeated runs complete.
    """
    milo.chaos(rate=0.15, seed=5)
    for _ in range(20):
        try:
            bring()
        except HeyMiloError as error:
            assert not isinstance(error, JobError)
        else:
            break
    milo.calm()

    assert {(0, 0, 0)} == {(one.new, one.changed, one.left) for one in bring().tables}
    assert [(40, 40)] == rows_of(
        file, "SELECT (SELECT count(*) FROM candidates), (SELECT count(*) FROM interviews)"
    )
