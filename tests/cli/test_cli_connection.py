"""
The connection options that commands share, and what -v prints.
"""

from __future__ import annotations

import json
import time

import pytest
import typer
from inside_command import Connection as Options
from inside_command import durations, lines, pace
from server import Connection, answer, page, single

from heymilo_async import RateLimit
from heymilo_async.events import Paced

LIST = ("phone-numbers", "list")
GET = ("phone-numbers", "get", "666A24C3")


@pytest.mark.parametrize("place", ["before", "behind"])
@pytest.mark.parametrize(
    ("options", "tries"), [(("--max-attempts", "1"), 1), (("--max-attempts", "2"), 2), ((), 3)]
)
def test_tries(heymilo, serve, naps, place, options, tries):
    """
    --max-attempts sets the number of attempts, before or after the command's name.
    """
    server = serve(answer(503))
    arguments = (*options, *GET) if place == "before" else (*GET, *options)

    assert 1 == heymilo(*arguments, base_url=server.base_url).code
    assert tries == server.n


@pytest.mark.parametrize(
    "options",
    [("--deadline", "0.2"), ("--timeout", "200ms", "--max-attempts", "1"), ("--deadline", "0.2s")],
)
def test_time(heymilo, serve, options):
    """
    A silent server is given up after the given time.
    """
    server = serve(Connection.wait)
    began = time.monotonic()

    ended = heymilo(*GET, *options, base_url=server.base_url)

    assert (6, "") == (ended.code, ended.out)
    assert time.monotonic() - began < 10


def test_where_and_for_whom(heymilo, serve):
    """
    --base-url and --workspace-id take precedence over the environment.
    """
    server = serve(single())

    ended = heymilo(
        *("--workspace-id", "ws-1", *GET, "--base-url", server.base_url),
        base_url="http://127.0.0.1:1",
    )

    assert (0, "") == (ended.code, ended.err)
    assert "ws-1" == server.requests[0].headers["x-workspace-id"]


def test_what_stands_behind_wins(heymilo, serve):
    """
    If an option is given twice, the one after the command's name wins.
    """
    server = serve(single())
    ended = heymilo(*("--base-url", "http://127.0.0.1:1", *GET, "--base-url", server.base_url))

    assert 0 == ended.code


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ("--timeout", "soon"),
            "'--timeout': it takes a duration such as 50ms, 1.5s or 2m, not 'soon'",
        ),
        (("--timeout", "0"), "'--timeout': it must be more than 0"),
        (("--deadline", "-1"), "'--deadline'"),
        (("--max-attempts", "0"), "'--max-attempts'"),
        (("--max-attempts", "two"), "'--max-attempts'"),
        (("--base-url", "ftp://x"), "--base-url"),
        (("--workspace-id", ""), "--workspace-id"),
    ],
)
def test_values_that_cannot_be(heymilo, options, words):
    """
    A wrong value is a usage error that names its option, before or after the command's name.
    """
    for arguments in ((*options, *GET), (*GET, *options)):
        ended = heymilo(*arguments)

        assert (2, "") == (ended.code, ended.out)
        assert words in ended.err
        assert 1 == ended.err.count("\n")


def test_what_goes_over_the_wire(heymilo, serve, naps):
    """
    -v prints each attempt and its response, and why and when it is retried; stdout does not change.
    """
    server = serve(answer(503, b"", "X-Request-Id: r1"), Connection.close, single())

    plain = heymilo(*GET, "--format", "json", base_url=server.base_url)
    server.requests.clear()
    told = heymilo("-v", *GET, "--format", "json", base_url=server.base_url)

    assert (0, "") == (plain.code, plain.err)
    assert plain.out == told.out
    said = [line.removeprefix("heymilo: ") for line in told.err.splitlines()]
    path = f"GET /api/v2/phone-numbers/666A24C3 to {server.base_url}"
    assert [f"> {path}, attempt 1", f"> {path}, attempt 2", f"> {path}, attempt 3"] == said[::3]
    assert said[1].startswith("< 503 after ")
    assert said[1].endswith(" ms, request id r1")
    assert said[2].startswith("retrying in ")
    assert said[2].endswith(" s, because of 503")
    assert "Error" in said[4]
    assert said[7].startswith("< 200 after ")
    assert 8 == len(said)


@pytest.mark.parametrize("options", [("-vv",), ("-v", "-v"), ("--verbose", "--verbose")])
def test_headers_with_masks(heymilo, serve, monkeypatch, options):
    """
    -vv also shows the headers, and masks a credential with three stars, even if the server repeats
    it.
    """
    key = "canary-5f2b9c71e8d04a36"
    server = serve(answer(200, single().partition(b"\r\n\r\n")[2], f"X-Echo: {key}"))

    ended = heymilo(*options, *GET, base_url=server.base_url)  # it sees to it that no key is shown

    assert "heymilo: >   X-API-KEY: ***\n" in ended.err
    assert "heymilo: <   x-echo: ***\n" in ended.err
    assert "heymilo: >   Accept: application/json\n" in ended.err


def test_being_verbose_adds_up(heymilo, serve):
    """
    One -v before the command's name and one after it are the same as -vv.
    """
    server = serve(single())

    assert "X-API-KEY: ***" in heymilo("-v", *GET, "-v", base_url=server.base_url).err


def test_every_wait_is_said(heymilo, serve, naps):
    """
    -v reports a wait that the server asked for, before a retry or before the first attempt.
    """
    server = serve(page("A", more=True), answer(429, b"", "Retry-After: 7"), page("B"))

    ended = heymilo("-v", *LIST, "--all", base_url=server.base_url)

    assert ["A", "B"] == [json.loads(line)["id"] for line in ended.out.splitlines()]
    assert "retrying in 7.0 s, because of 429" in ended.err
    paced = Paced(call=1, operation="listPhoneNumbers", request="GET /", wait=3.25)
    assert ["waiting 3.2 s (rate limit or Retry-After)"] == list(lines(paced, headers=True))


def test_later_wins():
    """
    Of two sets of options the later one wins, where it sets a value.
    """
    first = Options(timeout=1.0, deadline=2.0, verbose=1)

    assert Options(timeout=3.0, deadline=2.0, verbose=2) == first.merged(
        Options(timeout=3.0, verbose=1)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5", 5.0), ("0.5", 0.5), ("50ms", 0.05), ("1.5s", 1.5), ("2m", 120.0), (" 3 ", 3.0)],
)
def test_durations(text, expected):
    """
    A duration is a number and a unit; for a number of seconds the unit is optional.
    """
    assert expected == durations.seconds(text)
    if text.strip()[-1] in "sm":
        assert expected == durations.duration(text)


@pytest.mark.parametrize(
    "text", ["", "s", "5h", "-5s", "1e3s", "5 s", "\u0665s", "inf", "nan", ".5s"]
)
def test_what_is_no_duration(text):
    """
    Anything else is refused, with an example of a duration.
    """
    for read in (durations.duration, durations.seconds):
        with pytest.raises(typer.BadParameter, match="50ms"):
            read(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("off", None),
        (" OFF ", None),
        ("5/s", RateLimit(5, per=1)),
        ("300/min", RateLimit(300, per=60)),
    ],
)
def test_pace(text, expected):
    """
    A rate limit is a number of requests in a period, or none.
    """
    assert expected == pace(text).limit


def test_pace_that_is_none(heymilo, serve):
    """
    An invalid rate limit is refused with an example, and nothing is sent.
    """
    server = serve(page("A"))

    ended = heymilo(*LIST, "--rate-limit", "fast", base_url=server.base_url)

    assert (2, 0) == (ended.code, server.n)
    assert "300/min" in ended.err


@pytest.mark.parametrize("options", [(), ("--rate-limit", "off"), ("--rate-limit", "2/s")])
def test_a_paced_call(heymilo, serve, options):
    """
    With any rate limit, a call has the same result.
    """
    server = serve(page("A"))

    assert 0 == heymilo(*LIST, *options, base_url=server.base_url).code
    assert 1 == server.n
