"""
`heymilo ingest` and `heymilo sync`: their output, and their exit codes.
"""

from __future__ import annotations

import re
import sys

import pytest

from heymilo_async import AsyncCandidates, AsyncWebhooks, cli


@pytest.fixture
def heymilo(milo, monkeypatch, capsys, tmp_path):
    """
    Run the command in a folder of its own; return its exit code and its output.
    """
    monkeypatch.setenv("HEYMILO_API_KEY", milo.api_key)
    monkeypatch.setenv("HEYMILO_BASE_URL", milo.base_url)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["heymilo", *arguments])
        code = cli.main()
        written = capsys.readouterr()
        return code, written.out, written.err

    return run


@pytest.fixture
def people(tmp_path):
    """
    A file whose second of two rows is invalid, and one without that row.
    """
    (tmp_path / "good.csv").write_text("name,email\nA,a@example.com\n")
    (tmp_path / "both.csv").write_text("name,email\nA,a@example.com\nB,b\x1b\n")


@pytest.mark.usefixtures("people")
def test_ingest_says_what_became_of_the_rows(heymilo, posting):
    """
    If all rows are sent, the exit code is 0; each refused row is printed, and the code is 1.
    """
    summary = "1 of 1 rows are in: {}\n"

    assert (0, summary.format("1 sent, 0 found"), "") == heymilo(
        "ingest", "good.csv", "--posting", posting
    )
    assert (0, summary.format("0 sent, 0 found"), "") == heymilo(
        "ingest", "good.csv", "--posting", posting
    )
    assert (
        1,
        (
            "line 3, email: is not an e-mail address: 'b\\x1b'\n"
            "1 of 2 rows are in: 0 sent, 1 found; 1 refused (line 3)\n"
        ),
        "",
    ) == heymilo("ingest", "both.csv", "--posting", posting)


@pytest.mark.usefixtures("people")
def test_ingest_checks_only(heymilo, milo, posting):
    """
    A dry run has the exit code of its checks, and sends nothing.
    """
    code, out, _ = heymilo("ingest", "good.csv", "--posting", posting, "--dry-run")
    assert (0, "1 of 1 rows would be ingested; nothing was sent\n") == (code, out)

    code, out, _ = heymilo("ingest", "both.csv", "--posting", posting, "--dry-run")
    assert (1, "1 of 2 rows would be ingested; nothing was sent") == (code, out.splitlines()[-1])
    assert () == milo.requests


@pytest.mark.usefixtures("people")
def test_a_dry_run_needs_no_key(heymilo, posting, monkeypatch):
    """
    Who prepares a file often has no key; an error of the dry run is printed on one line.
    """
    monkeypatch.delenv("HEYMILO_API_KEY")
    asked = ("--posting", posting, "--dry-run")

    assert (0, "1 of 1 rows would be ingested; nothing was sent\n", "") == heymilo(
        "ingest", "good.csv", *asked
    )
    assert (1, "", "heymilo: cannot read lost.csv: No such file or directory\n") == heymilo(
        "ingest", "lost.csv", *asked
    )


@pytest.mark.usefixtures("people")
def test_ingest_ends_in_one_line(heymilo, milo, posting):
    """
    An error that ends the run is printed on one line, with how far the run came.
    """
    milo.fail_next(status=429, times=3, operation="ingestCandidate")
    code, out, err = heymilo("ingest", "good.csv", "--posting", posting)

    assert (5, "", 1) == (code, out, err.count("\n"))
    assert "0 of 1 rows are in: 0 sent, 0 found; 1 not sent (line 2); run it again to resume" in err

    milo.fail_next(status=429, retry_after=120, operation="listVoices")
    code, _, err = heymilo("sync", "--only", "voices")
    assert err.endswith("; 0 of 1 tables are up to date; run it again in 120 s to resume\n")

    code, _, err = heymilo("ingest", "lost.csv", "--posting", posting)
    assert (1, "heymilo: cannot read lost.csv: No such file or directory\n") == (code, err)


def test_ctrl_c_says_how_far_it_came(heymilo, posting, tmp_path, monkeypatch):
    """
    After Ctrl-C one line says how far the job came, and that the next run continues.
    """
    rows = [f"P,p{n}@example.com\n" for n in range(4)]
    (tmp_path / "four.csv").write_text("name,email\n" + "".join(rows))
    _interrupt(monkeypatch, AsyncCandidates, "ingest_many")
    assert (
        130,
        "",
        (
            "heymilo: interrupted; 0 of 4 rows are in: 0 sent, 0 found; "
            "4 unknown (lines 2, 3, 4, 5); run it again to resume\n"
        ),
    ) == heymilo("ingest", "four.csv", "--posting", posting)

    _interrupt(monkeypatch, AsyncWebhooks, "list_all")
    assert (
        130,
        "",
        "heymilo: interrupted; 4 of 15 tables are up to date; run it again to resume\n",
    ) == heymilo("sync")


def _interrupt(monkeypatch, resource, method):
    def end(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(resource, method, end)


def test_sync_says_what_has_changed(heymilo, milo, tmp_path):
    """
    It prints a line with the rows of each table, and one for the file; rows that left a list are
    counted.
    """
    code, out, err = heymilo("sync", "--only", "postings, voices", "--to", "duckdb:///a.duckdb")
    first, second, last = out.splitlines()

    assert (0, "") == (code, err)
    assert re.fullmatch(r"postings +3 rows: 3 new, 0 changed; 1 request, \d+\.\d s", first)
    assert re.fullmatch(r"voices +24 rows: 24 new, 0 changed; 1 request, \d+\.\d s", second)
    assert "a.duckdb: 2 requests" == last
    assert (tmp_path / "a.duckdb").exists()

    milo.stores["voices"].remove(next(iter(milo.stores["voices"])).item_id)
    _, out, _ = heymilo("sync", "--only", "voices", "--to", "duckdb:///a.duckdb")
    assert "23 rows: 0 new, 0 changed, 1 gone; 1 request," in out


def test_sync_by_default_fills_a_file_here(heymilo, tmp_path):
    """
    Without --to the file is heymilo-data.duckdb; ages are durations such as 90d.
    """
    assert 0 == heymilo("sync", "--since", "90d", "--full", "--with-links")[0]
    assert (tmp_path / "heymilo-data.duckdb").exists()


def test_sync_refuses_what_it_does_not_understand(heymilo):
    """
    An unknown age, table or target is a usage error, on one line.
    """
    for arguments, text in (
        (("--since", "soon"), "it takes an age such as 12h, 90d or 4w, not 'soon'"),
        (("--only", "people"), "there is no table 'people'"),
        (("--to", "postgres://x/y"), "the target must be a DuckDB file"),
    ):
        code, out, err = heymilo("sync", *arguments)
        assert (2, "", 1) == (code, out, err.count("\n"))
        assert text in err


@pytest.mark.usefixtures("people")
def test_a_missing_extra_is_named(heymilo, posting, monkeypatch):
    """
    Without phonenumbers the command says what to install, and how.
    """
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    needed = (
        "heymilo_async.jobs.ingest needs phonenumbers; heymilo-async is on no package index, "
        "so in a clone of it: pip install '.[ingest]'"
    )

    assert (1, "", f"heymilo: {needed}\n") == heymilo("ingest", "good.csv", "--posting", posting)
