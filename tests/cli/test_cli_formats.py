"""
The output formats, compared to the letter.
"""

from __future__ import annotations

import csv
import io
import json

import pytest
from server import NUMBER, answer, numbers, ok, page, single

BARE = {"id": "BARE", "phone_number": "+12065550101", "active": False}
NEWER = {**NUMBER, "label": "\x1b[31mfront desk", "tags": ["a"]}


def test_a_table_shows_what_people_look_for(heymilo, serve):
    """
    A missing value is a dash; times are in UTC.
    """
    server = serve(ok({"data": [NUMBER, BARE], "pagination": {"has_more": False}}))

    shown = heymilo("phone-numbers", "list", "--format", "table", base_url=server.base_url)

    assert [
        "Phone number   ID         Country   Active   Provisioned (UTC)",
        "──────────────────────────────────────────────────────────────",
        "+12065550100   666A24C3   US        yes      2025-02-15 09:40",
        "+12065550101   BARE       -         no       -",
    ] == [line.rstrip() for line in shown.out.splitlines()]
    assert (0, "") == (shown.code, shown.err)


def test_one_number_is_a_block(heymilo, serve):
    """
    Each value has a line, under the same names as in the table.
    """
    server = serve(single())

    shown = heymilo(
        "phone-numbers", "get", "666A24C3", "--format", "table", base_url=server.base_url
    )

    assert [
        "Phone number       +12065550100",
        "ID                 666A24C3",
        "Country            US",
        "Active             yes",
        "Provisioned (UTC)  2025-02-15 09:40",
    ] == [line.rstrip() for line in shown.out.splitlines()]


def test_a_narrow_terminal_gets_a_block_for_each(heymilo, serve, monkeypatch):
    """
    Nothing is cut off: a value that is still too long continues on the next line.
    """
    monkeypatch.setenv("COLUMNS", "40")
    server = serve(page("666A24C3", "X" * 30))

    shown = heymilo("phone-numbers", "list", "--format", "table", base_url=server.base_url)

    assert [
        "Phone number       +12065550100",
        "ID                 666A24C3",
        "Country            US",
        "Active             yes",
        "Provisioned (UTC)  2025-02-15 09:40",
        "",
        "Phone number       +12065550100",
        "ID                 XXXXXXXXXXXXXXXXXXXXX",
        "                   XXXXXXXXX",
    ] == [line.rstrip() for line in shown.out.splitlines()[:9]]


def test_json_is_the_whole_page(heymilo, serve):
    """
    The JSON is the contract's envelope with its pagination; no hint is printed, because it has
    `has_more`.
    """
    server = serve(page("666A24C3", more=True))

    shown = heymilo("phone-numbers", "list", "--format", "json", base_url=server.base_url)

    pagination = {"has_more": True, "total_count": None, "url": None}
    assert {"data": [NUMBER], "pagination": pagination} == json.loads(shown.out)
    assert (0, "") == (shown.code, shown.err)


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_one_number_as_json_is_all_that_came(heymilo, serve, form):
    """
    The JSON includes unknown fields, and is ASCII, so no terminal interprets anything in it.
    """
    server = serve(ok({"data": NEWER, "meta": None}))

    shown = heymilo("phone-numbers", "get", "666A24C3", "--format", form, base_url=server.base_url)

    assert NEWER == json.loads(shown.out)
    assert shown.out.isascii()
    assert "\x1b" not in shown.out
    assert (form == "jsonl") == (shown.out.count("\n") == 1)


def test_jsonl_is_a_number_a_line(heymilo, serve):
    """
    A pipe gets jsonl unless another format is chosen.
    """
    server = serve(page("A", "B"))

    asked = heymilo("phone-numbers", "list", "--format", "jsonl", base_url=server.base_url)
    silent = heymilo("phone-numbers", "list", base_url=server.base_url)

    assert numbers("A", "B") == [json.loads(line) for line in asked.out.splitlines()]
    assert asked == silent


def test_one_number_on_a_pipe_is_json(heymilo, serve):
    """
    A pipe gets JSON unless another format is chosen.
    """
    server = serve(single())

    asked = heymilo(
        "phone-numbers", "get", "666A24C3", "--format", "json", base_url=server.base_url
    )
    silent = heymilo("phone-numbers", "get", "666A24C3", base_url=server.base_url)

    assert asked == silent
    assert NUMBER == json.loads(silent.out)


def test_csv_is_rfc_4180(heymilo, serve):
    """
    CSV has a header, CR LF, an empty cell for null, quotes where they are needed, and unchanged
    values.
    """
    odd = {**BARE, "id": 'a "b",\nc'}
    server = serve(ok({"data": [NUMBER, odd], "pagination": {"has_more": False}}))

    shown = heymilo("phone-numbers", "list", "--format", "csv", base_url=server.base_url)

    assert (
        "id,phone_number,active,country_code,date_provisioned,object\r\n"
        "666A24C3,+12065550100,true,US,1739612400.0,phone_number\r\n"
        '"a ""b"",\nc",+12065550101,false,,,phone_number\r\n' == shown.out
    )
    assert odd["id"] == list(csv.reader(io.StringIO(shown.out, newline="")))[2][0]


def test_one_number_as_csv_has_a_header_too(heymilo, serve):
    """
    The header lets two single numbers be told apart from one list.
    """
    server = serve(single())

    shown = heymilo("phone-numbers", "get", "666A24C3", "--format", "csv", base_url=server.base_url)

    assert ["id,phone_number", "666A24C3,+12065550100"] == [
        ",".join(line.split(",")[:2]) for line in shown.out.splitlines()
    ]


def test_an_empty_list(heymilo, serve):
    """
    A person gets a message; a program gets nothing, or only the header.
    """
    server = serve(page())

    shown = {
        form: heymilo("phone-numbers", "list", "--format", form, base_url=server.base_url)
        for form in ("table", "jsonl", "csv", "json")
    }

    assert ("", "heymilo: there are no phone numbers\n") == (
        shown["table"].out,
        shown["table"].err,
    )
    assert "" == shown["jsonl"].out
    assert 1 == shown["csv"].out.count("\r\n")
    assert [] == json.loads(shown["json"].out)["data"]
    assert [0] * 4 == [each.code for each in shown.values()]


@pytest.mark.parametrize("form", ["table", "jsonl", "csv"])
def test_a_page_that_is_not_all_says_so(heymilo, serve, form):
    """
    A hint on stderr says what to type; the output itself does not change.
    """
    server = serve(page("A", "B  c", more=True))

    shown = heymilo("phone-numbers", "list", "--format", form, base_url=server.base_url)

    assert "heymilo: there are more items: add --all, or --starting-after 'B  c'\n" == shown.err
    assert "there are more" not in shown.out


@pytest.mark.parametrize("command", [["list"], ["get", "666A24C3"]])
def test_a_table_holds_no_commands_for_the_terminal(heymilo, serve, command):
    """
    A table contains no escape sequences, no markup of rich, no emoji codes, and no bidirectional
    controls.
    """
    text = "\x1b[2J\u202e[bold]x[/bold] :smile: \x9b\x07"
    hostile = {**NUMBER, "phone_number": text}
    data = [hostile] if command == ["list"] else hostile
    server = serve(ok({"data": data, "meta": None, "pagination": {"has_more": False}}))

    shown = heymilo("phone-numbers", *command, "--format", "table", base_url=server.base_url)

    assert r"\x1b[2J\u202e[bold]x[/bold] :smile: \x9b\x07" in shown.out
    assert set() == {one for one in shown.out if not one.isprintable()} - {"\n"}


@pytest.mark.parametrize("width", [80, 40])
def test_wide_characters_keep_the_columns_straight(heymilo, serve, monkeypatch, width):
    """
    Wide characters take two cells each.
    """
    monkeypatch.setenv("COLUMNS", str(width))
    wide = {**NUMBER, "id": "電話番号"}
    server = serve(ok({"data": [NUMBER, wide], "pagination": {"has_more": False}}))

    shown = heymilo("phone-numbers", "list", "--format", "table", base_url=server.base_url)

    lines = [line for line in shown.out.splitlines() if "電話番号" in line or "666A24C3" in line]
    assert 2 == len(lines)
    if width == 80:
        assert lines[0].index("US") == lines[1].index("US") + len("電話番号")


def test_limit_and_starting_after_are_sent(heymilo, serve):
    """
    Options that are not given are not sent.
    """
    server = serve(page("A"))

    heymilo("phone-numbers", "list", base_url=server.base_url)
    heymilo("phone-numbers", "list", "--limit", "7", "--starting-after", "-x")

    assert ["/api/v2/phone-numbers", "/api/v2/phone-numbers?limit=7&starting_after=-x"] == [
        request.target for request in server.requests
    ]


def test_the_key_is_sent(heymilo, serve):
    """
    The command uses the same client as a program.
    """
    server = serve(answer(401))

    heymilo("phone-numbers", "list", base_url=server.base_url)

    assert "canary-5f2b9c71e8d04a36" == server.requests[0].headers["x-api-key"]
