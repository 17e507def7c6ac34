"""
The queries on the pages, against a file whose candidates have partly left their list.
"""

from __future__ import annotations

import ast
import re
from datetime import timedelta

import pytest
from home import rows_of
from pages import ROOT, blocks_of

from heymilo_async import AuthenticationError, sandbox
from heymilo_async.jobs.sync import sync

GUIDE = ROOT / "docs/guides/questions-in-sql.md"
TUTORIAL = ROOT / "docs/tutorials/data-home.md"


def _queries():
    """
    Return the queries of the guide and of the tutorial, in their order.
    """
    typed = [one.text for one in blocks_of(GUIDE) if "<<'SQL'" in one.text]
    in_shell = [re.search(r"<<'SQL'\n(.*?)\nSQL\n", one, re.DOTALL)[1] for one in typed]
    (script,) = [one.text for one in blocks_of(TUTORIAL) if one.file == "questions.py"]
    named = next(
        ast.literal_eval(one.value) for one in ast.parse(script).body if isinstance(one, ast.Assign)
    )
    return [*in_shell, *(" ".join(one.split()) for one in named.values())]


QUERIES = _queries()
#: Those about people who are in their lists now.
CURRENT = [one for one in QUERIES if "last_seen_at IS NULL" in one]


def _query(start):
    """
    Return the query that begins with *start*.
    """
    (found,) = [one for one in QUERIES if one.startswith(start)]
    return found


LAST_RUN = _query("SELECT count(*) FILTER")
WAITING = _query("SELECT name, email")


@pytest.fixture(scope="module")
def served():
    """
    A sandbox with the data of the pages.
    """
    with sandbox.running() as running:
        yield running


@pytest.fixture
def milo(served):
    """
    That sandbox, reset to its initial data.
    """
    served.reset()
    return served


@pytest.fixture
def file(tmp_path):
    """
    The path of the file.
    """
    return tmp_path / "home.duckdb"


@pytest.fixture
def bring(milo, file):
    """
    Bring the file up to date, or the one at *path*.
    """

    def run(path=file, **options):
        with milo.client() as client:
            return sync(client, path, **options)

    return run


def _remove(milo, count, *, title="Warehouse Associate"):
    """
    Remove the first *count* candidates of the posting *title*.
    """
    (posting,) = [one.id for one in milo.stores["postings"] if one.title == title]
    people = [one for one in milo.stores["candidates"] if one.posting_id == posting]
    for one in people[:count]:
        milo.stores["candidates"].remove(one.interview_id)


def _remove_posting(milo):
    (posting,) = [one for one in milo.stores["postings"] if one.title == "Warehouse Associate"]
    milo.stores["postings"].remove(posting.id)


def _remove_candidates(milo):
    _remove(milo, 40)


def test_queries_name_only_people_in_the_lists():
    """
    Every query that reads rows of people leaves out those who have left, but for one that counts
    them.
    """
    others = [one for one in QUERIES if one not in CURRENT]

    assert [LAST_RUN, _query("SELECT comment")] == others
    assert 11 == len(CURRENT)


@pytest.mark.parametrize("leave", [_remove_candidates, _remove_posting])
def test_those_who_left_are_in_no_answer(milo, bring, file, tmp_path, leave):
    """
    Each query answers as in a file that has never had the rows of those who left.
    """
    bring()
    before = {query: rows_of(file, query) for query in CURRENT}
    leave(milo)
    bring()
    bring(tmp_path / "another.duckdb")

    after = {query: rows_of(file, query) for query in CURRENT}
    assert {query: rows_of(tmp_path / "another.duckdb", query) for query in CURRENT} == after
    assert [] == [query for query in CURRENT if before[query] == after[query]]


def test_nobody_is_reminded_who_was_removed(milo, bring, file):
    """
    "Who has waited for a week?" begins with the next candidate when the first one was removed.
    """
    bring()
    first, second, *_ = [name for name, _, _ in rows_of(file, WAITING)]
    (gone,) = [one for one in milo.stores["candidates"] if one.email == "dan.example.4@example.com"]
    assert gone.name == first

    milo.stores["candidates"].remove(gone.interview_id)
    bring()

    assert second == rows_of(file, WAITING)[0][0]


def test_only_the_last_run_is_asked_what_it_changed(milo, bring, file):
    """
    Rows that an earlier run marked as gone are not counted again.
    """
    bring()
    assert [(120, 0)] == rows_of(file, LAST_RUN)

    _remove(milo, 5)
    bring()
    assert [(0, 5)] == rows_of(file, LAST_RUN)

    _remove(milo, 2)
    bring()
    assert [(0, 2)] == rows_of(file, LAST_RUN)

    bring()
    assert [(0, 0)] == rows_of(file, LAST_RUN)


@pytest.mark.parametrize("options", [{"only": ["voices"]}, {"since": timedelta(days=1)}])
def test_runs_that_do_not_read_all_candidates_are_passed_over(milo, bring, file, options):
    """
    The run before the last one may have left out candidates, who were last seen before it.
    """
    bring()
    bring(**options)
    _remove(milo, 5)
    bring()

    assert [(0, 5)] == rows_of(file, LAST_RUN)


def test_runs_that_were_broken_off_are_passed_over(milo, bring, file):
    """
    A run that an error ended before it read the candidates does not count as the one before.
    """
    bring()
    milo.fail_next(status=401, operation="listCandidates")
    with pytest.raises(AuthenticationError):
        # With other options, because the next run would continue one with the same.
        bring(with_links=True)
    _remove(milo, 5)
    bring()

    assert [(0, 5)] == rows_of(file, LAST_RUN)
