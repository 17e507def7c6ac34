"""
`ingest`: each row of a file becomes one candidate, whatever fails on the way.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import sqlite3
import stat
from collections import Counter

import pytest
from fronts import KEY
from inside import awaited
from inside_jobs import Entry, open_journal

from heymilo_async import (
    HeyMiloError,
    InvalidRequestError,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    RateLimitError,
    RetryPolicy,
    ServerError,
    sandbox,
)
from heymilo_async.jobs import JobError
from heymilo_async.jobs.ingest import IngestReport, Refusal, async_ingest, ingest
from heymilo_async.resources.candidates import AsyncCandidates
from heymilo_async.sandbox import faults

BULK, ONE, LIST = "ingestCandidatesBulk", "ingestCandidate", "listCandidates"


@pytest.fixture
def bring(perform, milo, posting):
    """
    Ingest a file into the posting, on the front.
    """
    return functools.partial(_bring, perform, milo, posting)


def _bring(perform, milo, posting, file, **options):
    return perform(milo, ingest, async_ingest, file, posting, **options)


@pytest.fixture
def people(tmp_path):
    """
    Write a file with that many candidates.
    """

    def write(count, name="people.csv"):
        lines = [
            f"P {n},p{n}@example.com,+120655501{n % 100:02},fair\n" for n in range(1, count + 1)
        ]
        path = tmp_path / name
        path.write_text("name,email,phone_number,source\n" + "".join(lines))
        return path

    return write


def _invited(milo):
    return Counter(one["email"] for one in milo.stores["candidates"])


def _each_once(count):
    return Counter(f"p{n}@example.com" for n in range(1, count + 1))


def _asked(milo, since=0):
    return [(one.method, one.path.rpartition("/")[2]) for one in milo.requests[since:]]


def _states(journal):
    with sqlite3.connect(f"{journal}") as connection:
        found = [state for (state,) in connection.execute("SELECT state FROM rows ORDER BY line")]
    connection.close()
    return found


def test_rows_become_candidates(bring, milo, posting, tmp_path):
    """
    Known columns have their places, others become metadata beside our key, and named ones data.
    """
    path = tmp_path / "people.jsonl"
    rows = [
        {"name": " Jo Doe ", "email": "Jo.Doe@example.com", "phone_number": "+1 (206) 555-0123"},
        {"name": "Max Loe", "email": "max.loe@example.com", "phone_number": None, "visit": 7}
        | {"source": "fair", "note": None, "answers": [1, {"a": None}]},
    ]
    path.write_text("\ufeff" + "\n\n".join(map(json.dumps, rows)), encoding="utf-8")

    report = bring(path, data=["answers"])
    jo, max_ = sorted(milo.stores["candidates"], key=lambda one: one["name"])
    keys = [
        hashlib.sha256(f"{posting}\n{email}".encode()).hexdigest()[:32]
        for email in ("jo.doe@example.com", "max.loe@example.com")
    ]

    assert IngestReport(posting_id=posting, rows=2, done=2, sent=2) == report
    assert report.ok
    assert ("Jo Doe", "Jo.Doe@example.com") == (jo["name"], jo["email"])
    assert {"heymilo_key": keys[0]} == jo["metadata"]
    assert {"heymilo_key": keys[1], "source": "fair", "visit": "7"} == max_["metadata"]
    assert {"answers": [1, {"a": None}]} == max_["data"]
    sent = json.loads(milo.requests[-1].body)["data"]
    assert ["+12065550123", None] == [one.get("phone_number") for one in sent]


def test_batches_go_out(bring, milo, people):
    """
    Rows are sent in bulk after one search of the list, and the progress is reported.
    """
    told = []
    report = bring(people(7), batch=3, progress=lambda done, total: told.append((done, total)))

    assert (7, 7) == (report.sent, report.done)
    assert "7 of 7 rows are in: 7 sent, 0 found" == str(report)
    assert [("GET", "candidates"), *[("POST", "bulk")] * 2, ("POST", "candidates")] == _asked(milo)[
        1:
    ]
    assert [(0, 7), (3, 7), (6, 7), (7, 7), (7, 7)] == told
    assert _each_once(7) == _invited(milo)


def test_a_second_run_sends_nothing(bring, milo, people):
    """
    The second run requests the posting, and nothing else.
    """
    path = people(5)
    bring(path)
    before = len(milo.requests)

    assert (0, 5) == ((report := bring(path)).sent, report.done)
    assert 1 == len(milo.requests) - before


def test_a_lost_journal_is_made_anew(bring, milo, people, tmp_path):
    """
    Without its journal a run finds its rows in the list, and sends none of them again.
    """
    path = people(5)
    bring(path)
    (tmp_path / "people.csv.journal").unlink()

    report = bring(path)

    assert (0, 5, 5) == (report.sent, report.found, report.done)
    assert _each_once(5) == _invited(milo)


def test_a_file_that_grew(bring, milo, people):
    """
    Rows that are new to the journal are sent, the others are not.
    """
    bring(people(3))
    report = bring(people(5))

    assert (2, 0, 5) == (report.sent, report.found, report.done)
    assert _each_once(5) == _invited(milo)


def test_who_was_invited_otherwise_is_not_invited_again(bring, milo, posting, people):
    """
    A candidate with the same e-mail address, in upper or lower case, is found in the list.
    """
    with milo.client() as client:
        client.candidates.ingest(posting, name="P", email="P2@Example.com")
    report = bring(people(3))

    assert (2, 1, 3) == (report.sent, report.found, report.done)


def test_who_was_invited_meanwhile_is_not_invited_again(bring, milo, people, tmp_path):
    """
    Before a run sends an earlier run's rows, it searches the list, because another run may have
    sent them.
    """
    path = people(3)
    milo.fail_next(status=403, operation=BULK)
    with pytest.raises(PermissionDeniedError):
        bring(path)
    assert bring(path, journal=tmp_path / "of-somebody-else").ok
    report = bring(path)

    assert (0, 3, 3) == (report.sent, report.found, report.done)
    assert _each_once(3) == _invited(milo)


def test_the_journal_is_the_owners(bring, people, tmp_path):
    """
    Other users cannot read the journal, which is at the given path.
    """
    bring(people(1), journal=tmp_path / "elsewhere")

    assert 0o600 == stat.S_IMODE((tmp_path / "elsewhere").stat().st_mode)
    assert not (tmp_path / "people.csv.journal").exists()


@pytest.mark.parametrize("batch", [25, 1])
def test_a_lost_answer_is_looked_for(bring, milo, people, naps, batch):
    """
    If the server did the work and its response was lost, the search after the wait finds the rows.
    """
    operation = ONE if batch == 1 else BULK
    milo.fail_next(faults.CutBody(), operation=operation)
    report = bring(people(3), batch=batch)

    assert report.ok
    assert _each_once(3) == _invited(milo)
    assert (3 if batch > 1 else 1) == report.found
    assert 1 == sum(1.5 < nap <= 2 for nap in naps)


@pytest.mark.parametrize("batch", [25, 1])
def test_a_lost_request_is_sent_again(bring, milo, people, batch):
    """
    If the server did nothing, the rows are not in the list, and are sent again.
    """
    milo.fail_next(status=500, operation=ONE if batch == 1 else BULK)
    report = bring(people(3), batch=batch)

    assert (3, 0, 3) == (report.sent, report.found, report.done)
    assert _each_once(3) == _invited(milo)


@pytest.mark.parametrize("state", ["sent", "unknown"])
def test_a_run_that_was_killed(bring, milo, people, tmp_path, state):
    """
    The rows of an interrupted request are searched for first; those in the list are not sent again.
    """
    path, journal = people(4), tmp_path / "people.csv.journal"
    bring(path)
    gone = next(one.item_id for one in milo.stores["candidates"] if one["email"][:2] == "p3")
    milo.stores["candidates"].remove(gone)
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE rows SET state = ? WHERE line IN (3, 4)", [state])
    connection.close()

    report = bring(path, settle=0)

    assert (1, 1, 4) == (report.sent, report.found, report.done)
    assert _each_once(4) == _invited(milo)


def test_a_run_that_was_killed_before_it_looked(bring, milo, people, tmp_path):
    """
    A journal with only planned rows does not prove that the list was read, so it is read first.
    """
    path, journal = people(2), tmp_path / "people.csv.journal"
    bring(path)
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE rows SET state = 'planned'")
        connection.execute("UPDATE job SET is_walking = 1")
    connection.close()

    report = bring(path)

    assert (0, 2, 2) == (report.sent, report.found, report.done)


def test_one_refused_row_does_not_hold_up_the_others(bring, milo, people, tmp_path):
    """
    The rows of a refused bulk are sent one by one; the invalid row is reported until it is
    corrected.
    """
    path = people(3)
    milo.fail_next(status=422, operation=BULK)
    milo.fail_next(status=409, operation=ONE)
    report = bring(path)

    assert (2, False) == (report.done, report.ok)
    assert [(2, None)] == [(one.line, one.column) for one in report.refused]
    assert "the server refused it" in str(report.refused[0])
    assert ["refused", "done", "done"] == _states(tmp_path / "people.csv.journal")

    before = len(milo.requests)
    assert (2, 0) == ((again := bring(path)).done, again.sent)
    assert 1 == len(milo.requests) - before

    path.write_text(path.read_text().replace("P 1,", "Pat,"))
    assert bring(path).ok


def test_an_edit_of_a_row_that_is_in_is_reported(bring, milo, people):
    """
    A row that was edited after it was sent is not sent again, and the report names its line.
    """
    path = people(3)
    before = bring(path).edited
    path.write_text(path.read_text().replace("P 1,", "Pat,"))
    report = bring(path)

    assert ((), (2,), 0, True) == (before, report.edited, report.sent, report.ok)
    expected = (
        "3 of 3 rows are in: 0 sent, 0 found; 1 edited after being sent, without effect (line 2)"
    )
    assert expected == str(report)
    assert _each_once(3) == _invited(milo)


def test_an_edit_of_a_row_that_is_not_in_yet_is_sent(bring, milo, people):
    """
    A row that was edited before it was sent, or before it was sent again, counts as it was sent.
    """
    path = people(2)
    for _ in range(3):
        milo.fail_next(status=503, operation=BULK)
    with pytest.raises(ServerError):
        bring(path)
    path.write_text(path.read_text().replace("P 1,", "Pat,"))
    report = bring(path)

    assert ((), 2) == (report.edited, report.sent)
    assert ["P 2", "Pat"] == sorted(one["name"] for one in milo.stores["candidates"])
    assert () == bring(path).edited


def test_a_batch_that_is_too_large_is_sent_one_by_one(bring, milo, people):
    """
    After a 413 the rows of a batch are sent one by one, and one that is too large is refused.
    """
    milo.fail_next(status=413, operation=BULK)
    milo.fail_next(status=413, operation=ONE)
    report = bring(people(3))

    assert (2, 2, [2]) == (report.sent, report.done, [one.line for one in report.refused])
    assert "line 2: the server refused it: " == str(report.refused[0])[:31]


def test_who_exists_already_is_looked_for(bring, milo, people, tmp_path, monkeypatch):
    """
    If the server refuses a row because the candidate exists, the row is searched for, and done if
    the list has the candidate.
    """
    path, whole, calls = people(3), AsyncCandidates.list_all, []

    def late(self, posting_id):
        # The other run ends after this run's search, and before it sends.
        calls.append(posting_id)
        if len(calls) == 1:
            return whole(self, next(one for one in postings if one != posting_id))
        return whole(self, posting_id)

    postings = [one.item_id for one in milo.stores["postings"]]
    assert bring(path, journal=tmp_path / "of-another").ok
    monkeypatch.setattr(AsyncCandidates, "list_all", late)
    report = bring(path)

    assert (0, 3, 3, True) == (report.sent, report.found, report.done, report.ok)
    assert ["done"] * 3 == _states(tmp_path / "people.csv.journal")
    assert _each_once(3) == _invited(milo)


def test_who_exists_is_looked_for_by_the_next_run(bring, milo, people, tmp_path):
    """
    A row that the server refused as existing stays unknown until a search is complete; then it is
    refused with the server's text, and is not sent again.
    """
    milo.fail_next(status=409, operation=ONE)
    told = []

    def end_second_search(*progress):
        told.append(progress)
        if len(told) == 1:
            milo.fail_next(status=403, operation=LIST)

    with pytest.raises(PermissionDeniedError) as caught:
        bring(people(1), progress=end_second_search)

    assert "1 unknown (line 2)" in caught.value.__notes__[0]
    before = len(milo.requests)
    report = bring(people(1))
    assert [False] * 2 == [one.method == "POST" for one in milo.requests[before:]]
    assert ["line 2: the server refused it: "] == [str(one)[:31] for one in report.refused]
    assert ["refused"] == _states(tmp_path / "people.csv.journal")


def test_a_refused_request_of_many_changes_nothing(bring, milo, people, tmp_path):
    """
    If the server certainly did nothing, the run ends, its rows stay planned, and a note says so.
    """
    milo.fail_next(status=429, times=3, operation=BULK)
    with pytest.raises(RateLimitError) as caught:
        bring(people(3))

    assert ["planned"] * 3 == _states(tmp_path / "people.csv.journal")
    assert [
        "0 of 3 rows are in: 0 sent, 0 found; 3 not sent (lines 2, 3, 4); run it again to resume"
    ] == caught.value.__notes__
    assert bring(people(3)).ok


def test_a_server_that_is_down_ends_the_run(bring, milo, people):
    """
    After three failures in a row the run ends; the next one searches for the unknown rows.
    """
    milo.fail_next(status=500, times=3, operation=BULK)
    path = people(14)
    with pytest.raises(ServerError) as caught:
        bring(path, batch=4)

    assert [
        (
            "0 of 14 rows are in: 0 sent, 0 found; 2 not sent (lines 14, 15); "
            "12 unknown (lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more); "
            "run it again to resume; if that fails too, use a smaller --batch, such as 1"
        )
    ] == caught.value.__notes__
    assert bring(path).ok
    assert _each_once(14) == _invited(milo)


@pytest.mark.parametrize(("batch", "fault"), [(1, faults.Status(500)), (25, faults.Drop())])
def test_a_smaller_batch_is_no_cure_for_all(bring, milo, people, batch, fault):
    """
    The advice is left out if rows are sent one by one, or if the server cannot be reached.
    """
    for _ in range(3):
        milo.fail_next(fault, operation=ONE if batch == 1 else BULK)
    with pytest.raises(HeyMiloError) as caught:
        bring(people(3), batch=batch)

    assert "; run it again to resume" == caught.value.__notes__[0][-24:]


def test_the_list_has_to_tell(bring, milo, people, tmp_path):
    """
    While the list cannot be read, unknown rows stay unknown, and are not sent.
    """
    path = people(2)
    bring(path)
    with sqlite3.connect(tmp_path / "people.csv.journal") as connection:
        connection.execute("UPDATE rows SET state = 'unknown' WHERE line = 2")
    connection.close()
    milo.fail_next(status=503, times=3, operation=LIST)
    before = len(milo.requests)
    with pytest.raises(ServerError) as caught:
        bring(path)

    assert "1 unknown (line 2)" in caught.value.__notes__[0]
    assert [] == [one for one in milo.requests[before:] if one.method == "POST"]
    assert ["unknown", "done"] == _states(tmp_path / "people.csv.journal")


def _fill(milo, posting, count):
    with milo.client() as client:
        for start in range(0, count, 100):
            some = range(start, min(start + 100, count))
            client.candidates.ingest_many(
                posting, [{"name": "Q", "email": f"q{n}@example.com"} for n in some]
            )


def test_a_search_that_broke_begins_anew(bring, milo, posting, people, tmp_path):
    """
    A search that failed after a page starts at the first page, with the rows found so far kept.
    """
    _fill(milo, posting, 150)
    milo.fail_next(faults.RepeatCursor(), operation=LIST)
    with pytest.raises(PaginationError):
        bring(people(2))
    before = len(milo.requests)

    assert bring(people(2)).ok
    walked = [one for one in milo.requests[before:] if one.method == "GET"][1:]
    assert [False, True] == ["starting_after" in one.query for one in walked]


def test_a_broken_search_misses_nobody_invited_since(perform, people, tmp_path):
    """
    If a list starts with the newest, a run after an interrupted search finds those whom another run
    has invited since.
    """
    newest = sandbox.Assumptions(newest_first=True)
    with sandbox.running(candidates=0, assumptions=newest, api_key=KEY) as milo:
        posting = next(one.item_id for one in milo.stores["postings"] if one["status"] == "active")
        _fill(milo, posting, 150)
        milo.fail_next(faults.RepeatCursor(), operation=LIST)
        with pytest.raises(PaginationError):
            _bring(perform, milo, posting, people(3))
        assert _bring(perform, milo, posting, people(3), journal=tmp_path / "of-another").ok
        report = _bring(perform, milo, posting, people(3))

        assert (0, 3, 3) == (report.sent, report.found, report.done)


def test_a_walk_begins_anew_where_its_place_is_gone(bring, milo, posting, people):
    """
    If the candidate of the search's cursor is gone, the search starts again.
    """
    _fill(milo, posting, 150)
    milo.fail_next(faults.RepeatCursor(), operation=LIST)
    with pytest.raises(PaginationError):
        bring(people(2))
    for one in list(milo.stores["candidates"])[90:110]:
        milo.stores["candidates"].remove(one.item_id)

    assert bring(people(2)).ok


def test_a_list_that_refuses_ends_the_run(bring, milo, people):
    """
    A refused first page of the search is an error.
    """
    milo.fail_next(status=404, operation=LIST)
    with pytest.raises(NotFoundError):
        bring(people(2))


def test_receipts_that_are_missing_are_looked_for(bring, milo, people, monkeypatch):
    """
    A row without a receipt counts as sent only if the list has it.
    """
    whole = AsyncCandidates.ingest_many

    async def less(self, posting_id, candidates):
        return (await whole(self, posting_id, candidates))[1:]

    monkeypatch.setattr(AsyncCandidates, "ingest_many", less)
    report = bring(people(3))

    assert (2, 1, 3) == (report.sent, report.found, report.done)


def test_a_run_gives_up(bring, milo, people, monkeypatch):
    """
    If a server accepts rows but never lists them, each is sent at most five times.
    """
    sent = []

    async def nothing(self, posting_id, candidates):
        sent.append(len(candidates))
        return ()

    monkeypatch.setattr(AsyncCandidates, "ingest_many", nothing)
    report = bring(people(3))

    assert [3] * 5 == sent
    assert (0, (2, 3, 4), False) == (report.done, report.unsent, report.ok)


def test_it_is_done_under_chaos(bring, milo, people):
    """
    If every sixth request fails in some way, each row is still sent once.
    """
    milo.chaos(rate=0.15, seed=4)
    path, runs = people(180), 0
    report = None
    while report is None or not report.ok:
        runs += 1
        assert runs < 20
        try:
            report = bring(path, batch=5, options={"retry": RetryPolicy(max_attempts=5)})
        except (ServerError, PaginationError):
            continue

    assert () == report.refused
    assert _each_once(180) == _invited(milo)


def test_a_dry_run_sends_nothing(bring, milo, people, tmp_path):
    """
    A dry run checks the rows, makes no journal and sends nothing.
    """
    report = bring(people(3), dry_run=True)

    assert (3, (2, 3, 4), 0) == (report.rows, report.unsent, report.done)
    assert () == milo.requests
    assert ["people.csv"] == [one.name for one in tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("row", "refusals"),
    [
        (",a@example.com,,", ["line 2, name: is missing"]),
        *(
            (
                f'"A{odd}B",a@example.com,,',
                [f"line 2, name: has a control character, such as a line break: 'A{shown}B'"],
            )
            for odd, shown in (("\0", r"\x00"), ("\x1b", r"\x1b"), ("\n", r"\n"))
        ),
        (
            "A,a@example.com,,B\0",
            [r"line 2, source: has a NUL character, which databases refuse: 'B\x00'"],
        ),
        ("A,,,", ["line 2, email: is missing"]),
        ("A,a@example,,", ["line 2, email: is not an e-mail address: 'a@example'"]),
        ("A,a b@example.com,,", ["line 2, email: is not an e-mail address: 'a b@example.com'"]),
        (
            f"A,a@{'b' * 252}.com,,",
            [f"line 2, email: is not an e-mail address: 'a@{'b' * 58}...'"],
        ),
        *(
            (f"A,{odd},,", [f"line 2, email: is not an e-mail address: {odd!r}"])
            for odd in (
                "mailto:a@example.com",
                "<a@example.com>",
                "a@example.com;b@example.com",
                "a\N{ZERO WIDTH SPACE}@example.com",
                ".a@example.com",
                "a..b@example.com",
                "a@-example.com",
                "a@example..com",
            )
        ),
        (
            f"A,{'a' * 65}@b.com,,",
            [f"line 2, email: is not an e-mail address: '{'a' * 60}...'"],
        ),
        (
            "A,a@example.com,2065550123,",
            ["line 2, phone_number: is not a number in E.164, such as +12065550123: '2065550123'"],
        ),
        (
            "A,a@example.com,+,",
            ["line 2, phone_number: is not a number in E.164, such as +12065550123: '+'"],
        ),
        *(
            (
                f"A,a@example.com,{odd},",
                [f"line 2, phone_number: is not a number in E.164, such as +12065550123: {odd!r}"],
            )
            for odd in (
                "+493012345678.0",
                "+390612345.0",
                "+4366412345678.00",
                "+49 30 12345678.5",
                "+1.206.555.012.3",
                "+49 30 12345678 (2)",
                "+49 30 12345678 (2) -",
            )
        ),
        (
            "A,a@example.com,+000,",
            ["line 2, phone_number: is not a number in E.164, such as +12065550123: '+000'"],
        ),
        (
            "A,a@example.com,+1206,",
            ["line 2, phone_number: is not a number in E.164, such as +12065550123: '+1206'"],
        ),
        (
            "A,a@example.com,,b,c",
            ["line 2: 5 values for 4 columns"],
        ),
        (
            "A",
            ["line 2: 1 value for 4 columns"],
        ),
        (
            ",nobody,,",
            ["line 2, name: is missing", "line 2, email: is not an e-mail address: 'nobody'"],
        ),
        (
            f"A,a@example.com,,{'x' * 501}",
            [
                (
                    "line 2, source: has 501 characters, but metadata allows 500: shorten it, or use "
                    f"--data for this column: '{'x' * 60}...'"
                )
            ],
        ),
        (
            'A,a@example.com,,"two\nlines"\nB,A@Example.com,,',
            ["line 4, email: is also in line 2: 'A@Example.com'"],
        ),
    ],
)
def test_rows_are_checked(milo, posting, tmp_path, row, refusals):
    """
    An invalid row is refused with its line, column and value, before anything is sent.
    """
    path = tmp_path / "people.csv"
    path.write_text(f"name,email,phone_number,source\r\n{row}\n\nZ,z@example.com,,\n")
    with milo.client() as client:
        report = ingest(client, path, posting)

    assert refusals == list(map(str, report.refused))
    assert not report.ok
    assert "z@example.com" in _invited(milo)


def test_odd_rows_may_go_in(milo, posting, tmp_path):
    """
    Unusual but valid addresses are accepted; a BOM and empty rows do no harm.
    """
    odd = ["o'neil+x_y@b-c.example.com", "jö@भारत.example.com", f"{'a' * 64}@b.com"]
    rows = ",,\n  , ,\n".join(f"A,{one},\n" for one in odd)
    path = tmp_path / "people.csv"
    path.write_text(f"\ufeffname,email,phone_number\n{rows},,\n")
    with milo.client() as client:
        report = ingest(client, path, posting)

    assert report.ok
    assert sorted(odd) == sorted(_invited(milo))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+1.206.555.0123", "+12065550123"),
        ("+1 (206) 555-0123", "+12065550123"),
        ("+33.1.23.45.67.00", "+33123456700"),
        ("+49 (0)30 12345678", "+493012345678"),
        ("+49.3012345678", "+493012345678"),
    ],
)
def test_phone_numbers_may_have_separators(milo, posting, tmp_path, text, number):
    """
    Blanks, hyphens, dots and brackets between the digits of a number are removed.
    """
    path = tmp_path / "people.csv"
    path.write_text(f"name,email,phone_number\nA,a@example.com,{text}\n")
    with milo.client() as client:
        assert ingest(client, path, posting).ok

    assert number == json.loads(milo.requests[-1].body)["phone_number"]


@pytest.mark.parametrize(
    ("line", "refusals"),
    [
        ("[]", ["line 1: this line is not a JSON object, with a member for each column"]),
        ("{", ["line 1: this line is not JSON"]),
        ('{"name": NaN}', ["line 1: this line is not JSON"]),
        (
            '{"name": "A", "email": "a@example.com", "email": "b@example.com"}',
            ["line 1: the JSON object has the member 'email' twice"],
        ),
        (
            '{"name": 1, "email": ["a@example.com"]}',
            [
                "line 1, name: must be text: '1'",
                "line 1, email: must be text: '[\"a@example.com\"]'",
            ],
        ),
        (
            '{"name": "A", "email": "a@example.com", "old": true}',
            [
                "line 1, old: must be text in metadata, or use --data for this column: 'true'",
            ],
        ),
        (
            '{"name": "A", "email": "a@example.com", "' + "k" * 41 + '": "x"}',
            [
                (
                    f"line 1, {'k' * 41}: the name has 41 characters, but metadata allows 40: shorten "
                    "it, or use --data for this column: 'x'"
                ),
            ],
        ),
        (
            json.dumps({"name": "A", "email": "a@example.com"} | {f"k{n}": "x" for n in range(50)}),
            ["line 1: 50 columns for metadata, which allows 49: use --data for some of them"],
        ),
        (
            '{"name": "A\\ud800", "email": "a@example.com"}',
            ["line 1: name has an unpaired surrogate: '\\ud800', at index 1 of 2"],
        ),
    ],
)
def test_json_lines_are_checked(milo, posting, tmp_path, line, refusals):
    """
    Invalid lines of JSON are refused, too.
    """
    path = tmp_path / "people.NDJSON"
    path.write_text(f"{line}\n")
    with milo.client() as client:
        report = ingest(client, path, posting)

    assert refusals == list(map(str, report.refused))
    assert (1, 0) == (report.rows, report.done)


def test_a_long_text_may_be_data(milo, posting, tmp_path):
    """
    A field may exceed the limit of Python's csv module, which is restored afterwards; a NUL is
    refused there, too.
    """
    former, long = csv.field_size_limit(), "x" * 140_000
    path = tmp_path / "people.csv"
    path.write_text(f"name,email,cv\nA,a@example.com,{long}\nB,b@example.com,\n")
    with milo.client() as client:
        refused = ingest(client, path, posting, dry_run=True).refused
        report = ingest(client, path, posting, data=["cv"])

    path.write_text("name,email,cv\nC,c@example.com,\0\n")
    with milo.client() as client:
        (nul,) = ingest(client, path, posting, data=["cv"]).refused

    assert r"line 2, cv: has a NUL character, which databases refuse: '\x00'" == str(nul)
    assert ["line 2, cv: has 140000 characters"] == [str(one)[:33] for one in refused]
    assert report.ok
    assert {long, ""} == {one["data"]["cv"] for one in milo.stores["candidates"]}
    assert former == csv.field_size_limit()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheets_separate_as_they_like(milo, posting, tmp_path, delimiter):
    """
    The header shows whether commas, semicolons or tabs separate the columns.
    """
    path = tmp_path / "people.csv"
    path.write_text(
        delimiter.join(["name", "email"]) + "\n" + delimiter.join(["A", "a@example.com"])
    )
    with milo.client() as client:
        assert ingest(client, path, posting).ok


@pytest.mark.parametrize(
    ("name", "content", "options", "text"),
    [
        ("a.csv", b"", {}, "its first line is empty: it needs the names of the columns"),
        (
            "a.csv",
            b"name,Email\n",
            {},
            "has no column 'email' in its first line; it has 'name', 'E",
        ),
        ("a.csv", b"name,email,\n", {}, "column 3 of its first line has no name"),
        ("a.csv", b"name,email,x,x\n", {}, "has several columns with the same name: 'x'"),
        ("a.csv", b"name,email,heymilo_key\n", {}, "has a column 'heymilo_key'"),
        ("a.jsonl", b'{"heymilo_key": 1}', {}, "has a column 'heymilo_key'"),
        ("a.csv", b"name,email\nA,\xff\n", {}, "line 2: the line is not UTF-8"),
        ("a.csv", b'name,email\nA,"b" c\n', {}, "line 2: the line is not CSV"),
        (
            "a.csv",
            b"name,email\nA,a@example.com",
            {"data": ["x"]},
            "no such column; it has 'email'",
        ),
        (
            "a.csv",
            b"name,email\n",
            {"data": ["name"]},
            "this column is already an attribute of the candidate",
        ),
        ("b.csv", None, {}, "cannot read"),
        ("a.csv", b"name,email\n", {"journal": "/dev/null/journal"}, "cannot open the journal"),
        ("a.csv", b"name,email\n", {"journal": "a.csv"}, "is not a journal of this version"),
    ],
)
def test_files_that_make_no_sense(
    milo, posting, tmp_path, monkeypatch, name, content, options, text
):
    """
    A file in which no row could be valid is an error that says where and why.
    """
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with milo.client() as client, pytest.raises(JobError) as caught:
        ingest(client, name, posting, **options)

    assert text in str(caught.value)


def test_another_database_is_no_journal(milo, posting, people, tmp_path):
    """
    A database of another program is not changed, not even its kind of log.
    """
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE job (a)")
    connection.close()
    before = other.read_bytes()
    with milo.client() as client, pytest.raises(JobError, match="is not a journal of this version"):
        ingest(client, people(1), posting, journal=other)

    assert before == other.read_bytes()
    assert ["other.db", "people.csv"] == sorted(one.name for one in tmp_path.iterdir())


DAMAGED = (
    "the journal .*people.csv.journal is damaged: {}; delete it: the next run makes a new one "
    "from the list of candidates, and invites nobody twice"
)


def test_a_damaged_journal_can_be_deleted(bring, people, tmp_path):
    """
    The error names the journal and the cure, and the cure works.
    """
    path, journal = people(200), tmp_path / "people.csv.journal"
    bring(path)
    content = journal.read_bytes()
    journal.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    with pytest.raises(JobError, match=DAMAGED.format("database disk image is malformed")):
        bring(path)
    journal.unlink()

    assert (0, 200, True) == ((report := bring(path)).sent, report.found, report.ok)


def test_a_journal_without_its_schema_is_damaged(bring, people, tmp_path):
    """
    Damage that SQLite finds when it opens the journal has the same cure.
    """
    path, journal = people(2), tmp_path / "people.csv.journal"
    bring(path)
    content = journal.read_bytes()
    journal.write_bytes(content[:100] + b"\xff" * 3996 + content[4096:])

    with pytest.raises(JobError, match=DAMAGED.format("database disk image is malformed")):
        bring(path)


def test_a_journal_with_an_unknown_state_is_damaged(bring, people, tmp_path):
    """
    So is a journal that somebody has edited.
    """
    path = people(2)
    bring(path)
    with sqlite3.connect(tmp_path / "people.csv.journal") as connection:
        connection.execute("UPDATE rows SET state = 'lost'")
    connection.close()

    with pytest.raises(JobError, match=DAMAGED.format("'lost' is no state of a row")):
        bring(path)


def test_one_run_at_a_time(milo, posting, people, tmp_path):
    """
    A second run with a journal in use is refused.
    """
    path = people(1)
    with (
        open_journal(tmp_path / "people.csv.journal", posting),
        milo.client() as client,
        pytest.raises(JobError, match="another run is using the journal"),
    ):
        ingest(client, path, posting)

    assert Counter() == _invited(milo)


def test_a_link_has_the_journal_of_its_file(milo, posting, people, tmp_path):
    """
    A run with a link to a file that another run is using is refused, and finds the rows afterwards.
    """
    (tmp_path / "folder").mkdir()
    link = tmp_path / "folder" / "link.csv"
    link.symlink_to(people(2))
    with milo.client() as client:
        with (
            open_journal(tmp_path / "people.csv.journal", posting),
            pytest.raises(
                JobError, match=r"another run is using the journal .*/people.csv.journal"
            ),
        ):
            ingest(client, link, posting)
        assert (2, 0) == ((report := ingest(client, link, posting)).sent, report.found)

    assert ["done"] * 2 == _states(tmp_path / "people.csv.journal")
    assert ["link.csv"] == [one.name for one in link.parent.iterdir()]


def test_a_journal_is_of_one_posting(milo, posting, people, tmp_path):
    """
    The journal of another posting is refused.
    """
    with open_journal(tmp_path / "people.csv.journal", "another"):
        pass
    with (
        milo.client() as client,
        pytest.raises(JobError, match="belongs to the posting another, not"),
    ):
        ingest(client, people(1), posting)


def test_a_journal_keeps_nothing_of_what_fails(milo, posting, people, tmp_path):
    """
    A write that fails in the middle is rolled back as a whole.
    """
    row = Entry(line=2, fingerprint="f")
    with open_journal(tmp_path / "journal", posting) as journal:
        journal.plan({"a": row, "b": row})
        with pytest.raises(sqlite3.ProgrammingError):
            journal.mark_done({"a": "an-interview", "b": object()})

        assert {"a": row, "b": row} == journal.entries()


def test_a_journal_that_cannot_be_written(posting, tmp_path):
    """
    If SQLite reports a full disk, the run ends with a text that says what to do.
    """
    full = sqlite3.OperationalError("database or disk is full")
    text = "cannot write the journal .*: database or disk is full; fix that, and run it again"
    with pytest.raises(JobError, match=text), open_journal(tmp_path / "journal", posting):
        raise full


def test_an_archived_posting_takes_nobody(milo, posting, people):
    """
    Nothing is sent to an archived posting.
    """
    with milo.client() as client:
        client.postings.archive(posting)
        with pytest.raises(JobError, match="is archived and accepts no candidates"):
            ingest(client, people(1), posting)


def test_arguments_are_checked(milo, posting, people):
    """
    A client of the wrong kind, an empty batch, and columns as one str are refused.
    """
    path = people(1)
    with milo.client() as client:
        with pytest.raises(TypeError, match="async_ingest takes an AsyncHeyMilo"):
            ingest(awaited(client), path, posting)
        with pytest.raises(TypeError, match="data must be the names of columns, not str"):
            ingest(client, path, posting, data="name")
        with pytest.raises(InvalidRequestError, match="batch must be"):
            ingest(client, path, posting, batch=0)
        with pytest.raises(InvalidRequestError, match="settle must be"):
            ingest(client, path, posting, settle=-1)
        with pytest.raises(TypeError, match="ingest takes a HeyMilo"):
            async_ingest(client, path, posting).send(None)


def test_a_refusal_is_shown():
    """
    A refusal shows the line, the reason, and the value.
    """
    refusal = Refusal(line=3, column="email", value="x", reason="is not an e-mail address")

    assert "line 3, email: is not an e-mail address: 'x'" == str(refusal)
