"""
Walks with `--all`: pages are written as they arrive, and nothing is lost after an error.
"""

from __future__ import annotations

import json

import pytest
from inside_command import output, streams, view_of
from server import answer, page

from heymilo_async import Page, PaginationMeta, PhoneNumber

VIEW = view_of(PhoneNumber, "phone numbers")


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_all_is_every_page(heymilo, milo, form):
    """
    Every format has each number once, in the server's order.
    """
    shown = heymilo(
        *("phone-numbers", "list", "--all", "--limit", "7", "--format", form),
        base_url=milo.base_url,
    )

    ids = [number.id for number in milo.store]
    places = [shown.out.index(one) for one in ids]
    assert 30 == len(ids)
    assert sorted(places) == places
    assert [1] * 30 == [shown.out.count(one) for one in ids]
    assert (0, "") == (shown.code, shown.err)


def test_limit_is_the_size_of_a_page(heymilo, serve):
    """
    Without --limit, the pages are as large as the API allows.
    """
    server = serve(page("A"))

    heymilo("phone-numbers", "list", "--all", base_url=server.base_url)
    heymilo("phone-numbers", "list", "--all", "--limit", "2", "--starting-after", "x")

    assert ["?limit=100", "?limit=2&starting_after=x"] == [
        request.target.removeprefix("/api/v2/phone-numbers") for request in server.requests
    ]


def test_all_as_json_has_the_shape_of_a_page(heymilo, serve):
    """
    A reader of `.data` can read both.
    """
    server = serve(page("A", "B", more=True), page("C"))

    shown = heymilo("phone-numbers", "list", "--all", "--format", "json", base_url=server.base_url)

    document = json.loads(shown.out)
    assert ["A", "B", "C"] == [number["id"] for number in document["data"]]
    assert document["pagination"]["has_more"] is False


@pytest.mark.parametrize("form", ["jsonl", "csv", "table"])
def test_an_error_on_the_way_names_where_to_go_on(heymilo, serve, form):
    """
    The hint comes after the output so far; the error itself is unchanged.
    """
    server = serve(page("A", "B", more=True), answer(401))

    shown = heymilo("phone-numbers", "list", "--all", "--format", form, base_url=server.base_url)

    assert 3 == shown.code
    assert "B" in shown.out
    assert 1 == shown.err.count("\n")
    assert shown.err.endswith("; to resume: --starting-after B\n")


def test_an_error_before_anything_was_written_does_not(heymilo, serve):
    """
    There is no place to continue from.
    """
    server = serve(answer(401))

    shown = heymilo(
        "phone-numbers", "list", "--all", "--starting-after", "A", base_url=server.base_url
    )

    assert (3, "") == (shown.code, shown.out)
    assert "to go on" not in shown.err


def test_half_a_json_document_is_not_written(heymilo, serve):
    """
    Nothing was written, so there is no place to continue from either.
    """
    server = serve(page("A", more=True), answer(404))

    shown = heymilo("phone-numbers", "list", "--all", "--format", "json", base_url=server.base_url)

    assert (4, "") == (shown.code, shown.out)
    assert "to go on" not in shown.err


def test_pages_are_written_as_they_arrive(monkeypatch):
    """
    Each page is written before the next one is requested.
    """
    written: list[str] = []
    monkeypatch.setattr(output, "write", written.append)
    seen: list[int] = []

    def pages():
        for index in range(3):
            yield _page(f"N{index}")
            seen.append(len(written))

    output.write_pages(pages(), output.Format.JSONL, VIEW)

    assert [1, 2, 3] == seen


def test_an_id_that_a_shell_would_split_is_quoted(capsys):
    """
    The printed hint can be typed as it is.
    """
    with pytest.raises(KeyboardInterrupt) as caught:
        output.write_pages(_interrupted("a b;c"), output.Format.JSONL, VIEW)

    assert ["to resume: --starting-after 'a b;c'"] == caught.value.__notes__


def test_what_could_not_be_written_is_not_passed_over(monkeypatch):
    """
    The cursor is that of the last page that was written.
    """
    taken: list[str] = []

    def write(text: str) -> None:
        if taken:
            message = "cannot write the output: No space left on device"
            raise streams.OutputError(message)
        taken.append(text)

    monkeypatch.setattr(output, "write", write)

    with pytest.raises(streams.OutputError) as caught:
        output.write_pages([_page("A"), _page("B")], output.Format.JSONL, VIEW)

    assert ["to resume: --starting-after A"] == caught.value.__notes__


def _page(*ids: str) -> Page[PhoneNumber]:
    found = [PhoneNumber(id=one, phone_number="+12065550100", active=True) for one in ids]
    return Page(data=tuple(found), pagination=PaginationMeta(has_more=True))


def _interrupted(*ids: str):
    yield _page(*ids)
    yield _page()
    raise KeyboardInterrupt
