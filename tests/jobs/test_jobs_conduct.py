"""
Both jobs behave well under faults: the sandbox's judge finds no violation, and has seen the rules.
"""

from __future__ import annotations

import contextlib
from collections import Counter

import pytest

from heymilo_async import HeyMiloError, sandbox
from heymilo_async.jobs.ingest import async_ingest, ingest
from heymilo_async.jobs.sync import async_sync, sync
from heymilo_async.sandbox import faults

#: Each of them loses or refuses a response.
ROUGH = (faults.Status(503), faults.Drop(), faults.Drop(reset=True), faults.CutBody())
#: These mean that the server is down.
DOWN = (faults.Status(502), faults.Status(503), faults.Drop())
MOST_RUNS = 30


def _until_done(run):
    """
    Run a job again until it succeeds.
    """
    for _ in range(MOST_RUNS):
        with contextlib.suppress(HeyMiloError):
            return run()
    return None


@pytest.mark.parametrize("seed", range(2))
def test_candidates_in(perform, milo, tmp_path, seed):
    """
    If every third request fails, nobody is invited twice, or again without a search.
    """
    posting = next(one.item_id for one in milo.stores["postings"] if one["status"] == "active")
    path = tmp_path / "people.csv"
    path.write_text("name,email\n" + "".join(f"P {n},p{n}@example.com\n" for n in range(40)))
    milo.chaos(rate=0.35, seed=seed, faults=ROUGH)

    def run():
        report = perform(milo, ingest, async_ingest, path, posting, batch=4)
        return report if report.ok else _again()

    def _again():
        message = "some rows are left"
        raise HeyMiloError(message)

    assert 40 == _until_done(run).done
    report = milo.conduct()
    assert report, str(report)
    assert {"blind-repeat", "secret-link-reused"} <= set(report.kept)
    assert Counter(f"p{n}@example.com" for n in range(40)) == Counter(
        one["email"] for one in milo.stores["candidates"]
    )


@pytest.mark.parametrize("seed", range(2))
def test_the_data_home(perform, tmp_path, seed):
    """
    Interrupted walks continue where they failed, in the same run and in the next one.
    """
    with sandbox.running(candidates=600, api_key="made-up-for-tests") as milo:
        milo.chaos(rate=0.6, seed=seed, faults=DOWN, operation="listCandidates")
        to = tmp_path / "data.duckdb"
        done = _until_done(lambda: perform(milo, sync, async_sync, to, only=["candidates"]))

        assert 600 == len(milo.stores["candidates"])
        assert done is not None
        report = milo.conduct()
        assert report, str(report)
        assert {"walk-restarted", "secret-link-reused", "hot-loop"} <= set(report.kept)


def test_interviews_home(perform, tmp_path):
    """
    Several interviews are fetched at once, while every tenth request fails in some way.
    """
    with sandbox.running(candidates=15, api_key="made-up-for-tests") as milo:
        milo.chaos(rate=0.1, seed=5)
        _until_done(lambda: perform(milo, sync, async_sync, tmp_path / "data.duckdb"))
        asked = len(milo.requests)
        milo.chaos(rate=0.2, seed=5)
        milo.advance(days=2)
        _until_done(lambda: perform(milo, sync, async_sync, tmp_path / "data.duckdb"))

        report = milo.conduct()
        assert asked < report.judged == len(milo.requests)
        assert report, str(report)
