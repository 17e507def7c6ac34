"""
The chosen columns, the number of items, and shell completion.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys

import pytest
from inside_command import view_of
from server import numbers, ok

from heymilo_async import PhoneNumber

VIEW = view_of(PhoneNumber, "phone numbers")

LIST = ("phone-numbers", "list")


@pytest.fixture
def two(serve):
    """
    The URL of a server that has two numbers, one of them with an unknown field.
    """
    first, second = numbers("A", "B")
    data = [{**first, "label": "front desk"}, {**second, "country_code": None}]
    pagination = {"has_more": False, "total_count": 2, "url": "/x"}
    return serve(ok({"data": data, "pagination": pagination, "new": 1})).base_url


def test_columns_of_lines(heymilo, two):
    """
    In csv and jsonl the chosen fields are written in the chosen order, each once.
    """
    chosen = ("--columns", "country_code, id,country_code")
    as_csv = heymilo(*LIST, *chosen, "--format", "csv", base_url=two)
    as_lines = heymilo(*LIST, *chosen, "--format", "jsonl", base_url=two)

    assert [["country_code", "id"], ["US", "A"], ["", "B"]] == list(
        csv.reader(as_csv.out.splitlines())
    )
    assert ['{"country_code": "US", "id": "A"}', '{"country_code": null, "id": "B"}'] == (
        as_lines.out.splitlines()
    )


def test_columns_of_a_document(heymilo, two):
    """
    In json the items have the chosen fields, and the envelope stays complete.
    """
    chosen = json.loads(heymilo(*LIST, "--columns", "id", "--format", "json", base_url=two).out)
    everything = json.loads(heymilo(*LIST, "--format", "json", base_url=two).out)

    assert [{"id": "A"}, {"id": "B"}] == chosen["data"]
    assert ("front desk", 1) == (everything["data"][0]["label"], everything["new"])
    del chosen["data"], everything["data"]
    assert everything == chosen


def test_columns_of_a_table(heymilo, two):
    """
    A table has the chosen columns, including those that it usually leaves out.
    """
    table = heymilo(*LIST, "--columns", "id,object", "--format", "table", base_url=two).out

    assert [["ID", "Object"], ["A", "phone_number"], ["B", "phone_number"]] == [
        words for line in table.splitlines() if (words := line.split()) and words[0].isalpha()
    ]


def test_columns_of_one_number(heymilo, milo):
    """
    `--columns` also chooses the fields of a single number.
    """
    first = next(iter(milo.store))
    get = ("phone-numbers", "get", first.id, "--columns", "active,id")
    shown = {
        form: heymilo(*get, "--format", form, base_url=milo.base_url).out
        for form in ("json", "jsonl", "csv", "table")
    }

    assert {"active": first.active, "id": first.id} == json.loads(shown["json"])
    assert ["active", "id"] == list(json.loads(shown["jsonl"]))
    assert "active,id" == shown["csv"].splitlines()[0]
    assert ["Active", "ID"] == [line.split()[0] for line in shown["table"].splitlines()]


@pytest.mark.parametrize("names", ["", "phone", "id,,active", "id;active", "ID", "label"])
def test_columns_that_there_are_not(heymilo, names):
    """
    An unknown field is a usage error, which lists the known ones.
    """
    ended = heymilo(*LIST, "--columns", names)

    assert (2, "") == (ended.code, ended.out)
    assert "--columns" in ended.err
    assert "phone_number, id, country_code, active, date_provisioned, object" in ended.err


@pytest.mark.parametrize(("most", "requests"), [(0, 0), (1, 1), (25, 1), (30, 1), (100, 1)])
def test_so_many_numbers(heymilo, milo, most, requests):
    """
    --max-items walks until that many numbers are written, and requests no more than it needs.
    """
    milo.reset()

    ended = heymilo(*LIST, "--max-items", str(most), base_url=milo.base_url)

    assert 0 == ended.code
    assert min(most, 30) == len(ended.out.splitlines())
    assert requests == len(milo.requests)


def test_so_many_numbers_over_pages(heymilo, milo):
    """
    A --limit sets the size of each page.
    """
    milo.reset()

    ended = heymilo(*LIST, "--max-items", "7", "--limit", "3", base_url=milo.base_url)

    assert 7 == len(ended.out.splitlines())
    assert 3 == len(milo.requests)


# Completion.


def complete(environment, words):
    """
    Return what bash would offer for the last of *words*.
    """
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from heymilo_async.cli import main; sys.exit(main())"],
        env={
            **{name: value for name, value in environment.items() if "HEYMILO" not in name},
            "_HEYMILO_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(words),
            "COMP_CWORD": str(len(words) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert "" == done.stderr
    return done.stdout.split()


@pytest.mark.full("it starts processes")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("heymilo", "ph"), ["phone-numbers"]),
        (("heymilo", "phone-numbers", "l"), ["list"]),
        ((*("heymilo", "phone-numbers", "list"), "--format", "js"), ["json", "jsonl"]),
        (
            (*("heymilo", "phone-numbers", "list"), "--columns", "id,ph"),
            ["id,phone_number"],
        ),
    ],
    ids=" ".join,
)
def test_what_a_shell_completes(environment, words, offered):
    """
    Commands, formats and fields complete, without a key or a network.
    """
    assert offered == complete(environment, words)


def test_fields_complete():
    """
    Each matching field is offered, appended to the fields that are already typed.
    """
    assert ["phone_number", "id", "country_code", "active", "date_provisioned", "object"] == (
        VIEW.completed("")
    )
    assert ["id,active"] == VIEW.completed("id,a")
    assert [] == VIEW.completed("id,x")


@pytest.mark.full("it starts a process")
def test_the_script_of_a_shell(environment):
    """
    --show-completion prints a script that calls the command.
    """
    done = subprocess.run(
        [sys.executable, "-m", "heymilo_async.cli", "--show-completion", "bash"],
        env={**environment, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )

    assert "_HEYMILO_COMPLETE=complete_bash" in done.stdout
    assert os.sep not in done.stdout.split("complete_bash")[0]
