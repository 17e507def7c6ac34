"""
`heymilo doctor`: each line reports success, or says what to do; the exit code tells the shell.
"""

from __future__ import annotations

import email.utils
import json
import re
import socket
import time

import pytest
from doctor import NAMES, SECRET, lines
from inside_command import Finding, State, checks, verdict
from server import answer, ok, page


def date(seconds=0.0):
    """
    Return the header of a server whose clock is *seconds* ahead.
    """
    return f"Date: {email.utils.formatdate(time.time() + seconds, usegmt=True)}"


@pytest.fixture
def port():
    """
    A port that accepts connections, and does nothing else.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_all_is_well(heymilo, serve):
    """
    Ten lines, and no character of the key.
    """
    content = {"data": [], "pagination": {"has_more": False}}
    server = serve(ok(content, date(), "X-RateLimit-Limit: 300", "X-RateLimit-Remaining: 299"))

    shown = heymilo("doctor", base_url=server.base_url)

    made = lines(shown)
    assert (0, "") == (shown.code, shown.err)
    assert ("ok", "from HEYMILO_API_KEY") == made["key"]
    assert ("ok", f"{server.base_url}, from HEYMILO_BASE_URL") == made["base URL"]
    assert ("ok", "none for this host") == made["proxy"]
    assert ("ok", "127.0.0.1 is an address") == made["look-up"]
    assert made["connect"][1].startswith(f"to 127.0.0.1:{server.port} (")
    assert ("--", "the base URL is http") == made["TLS"]
    assert made["call"][1].startswith("200 to GET /api/v2/phone-numbers (")
    assert ("ok", "within 5 s of the server's") == made["clock"]
    assert ("ok", "x-ratelimit-limit: 300, x-ratelimit-remaining: 299") == made["limits"]
    assert ["/api/v2/phone-numbers?limit=1"] == [one.target for one in server.requests]


def test_options_count(heymilo, serve):
    """
    The connection options count, before the command's name and after it.
    """
    server = serve(lambda connection: connection.wait())

    shown = heymilo(
        *("--timeout", "20", "doctor", "--base-url", server.base_url, "--deadline", "50ms"),
        base_url="http://127.0.0.1:9",
    )

    made = lines(shown)
    assert 6 == shown.code
    assert ("ok", f"{server.base_url}, from --base-url") == made["base URL"]
    assert "the call's deadline passed" in made["call"][1]


def test_of_the_sandbox(heymilo, monkeypatch):
    """
    Checking the sandbox needs no key.
    """
    # Set here, so that they are restored.
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.delenv("HEYMILO_API_KEY")

    shown = heymilo("--sandbox", "doctor")

    made = lines(shown)
    assert (0, "") == (shown.code, shown.err)
    assert ("ok", "the sandbox's key") == made["key"]
    assert made["base URL"][1].endswith(", from the sandbox")


def test_without_a_key(heymilo, port, monkeypatch):
    """
    Without a key, doctor still runs all checks that need none.
    """
    monkeypatch.setenv("HEYMILO_API_KEY", " ")

    shown = heymilo("doctor", base_url=f"http://127.0.0.1:{port}")

    made = lines(shown)
    assert 3 == shown.code
    expected = "there is no credential; set HEYMILO_API_KEY (or HEYMILO_ACCESS_TOKEN)"
    assert ("!!", expected) == made["key"]
    assert "ok" == made["connect"][0]
    assert ("--", "not checked: fix 'key' first") == made["call"]
    assert ("--", "there is no response with a date") == made["clock"]
    assert ("--", "there is no response") == made["limits"]


def test_a_key_that_cannot_be_one(heymilo, port, monkeypatch):
    """
    An invalid key is described, and not shown.
    """
    monkeypatch.setenv("HEYMILO_API_KEY", f"{SECRET}\x07")

    shown = heymilo("doctor", base_url=f"http://127.0.0.1:{port}")

    assert 2 == shown.code
    mark, text = lines(shown)["key"]
    assert "!!" == mark
    assert "HEYMILO_API_KEY is invalid; api_key (or HEYMILO_API_KEY) has a charact" in text


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ('"{}"', "which starts or ends with a quote, unlike any key; remove the quotes"),
        ("'{}'", "which starts or ends with a quote, unlike any key; remove the quotes"),
        ("{}'", "which starts or ends with a quote, unlike any key; remove the quotes"),
        ("{} {}", "which contains whitespace; copy it again"),
        (" {}", "which has whitespace around it that is not sent; remove it"),
        ("{}\n", "which has whitespace around it that is not sent; remove it"),
    ],
)
def test_a_key_with_something_around_it(heymilo, serve, monkeypatch, form, told):
    """
    Doctor reports blanks and quotes around a key, and continues its checks.
    """
    monkeypatch.setenv("HEYMILO_API_KEY", form.format(SECRET, SECRET))

    shown = heymilo("doctor", base_url=serve(page("A")).base_url)

    made = lines(shown)
    assert 0 == shown.code
    assert "!" == made["key"][0]
    assert made["key"][1].startswith(f"from HEYMILO_API_KEY, {told}")
    assert "ok" == made["call"][0]
    assert SECRET not in shown.out


def test_a_key_and_a_token(heymilo, serve, monkeypatch):
    """
    Doctor names the credential that is not used.
    """
    monkeypatch.setenv("HEYMILO_ACCESS_TOKEN", f"{SECRET}-token")

    shown = heymilo("doctor", base_url=serve(page("A")).base_url)

    assert (
        "ok",
        "from HEYMILO_API_KEY; HEYMILO_ACCESS_TOKEN is ignored",
    ) == lines(shown)["key"]


def test_a_base_url_that_is_none(heymilo):
    """
    No further check runs; the line shows what was typed, and what to write instead.
    """
    shown = heymilo("doctor", base_url="api.heymilo.ai")

    made = lines(shown)
    assert 2 == shown.code
    assert made["base URL"][1].startswith(
        "it is invalid; --base-url (or HEYMILO_BASE_URL) has no scheme: write "
        "https://api.heymilo.ai (it is 'api.heymilo.ai')"
    )
    for name in ("proxy", "look-up", "connect", "TLS", "call"):
        assert ("--", "not checked: fix 'base URL' first") == made[name]


def test_as_json(heymilo, serve):
    """
    JSON output is one object, with numbers as numbers.
    """
    server = serve(answer(503, b"", date()))

    shown = heymilo("doctor", "--format", "json", base_url=server.base_url)

    told = json.loads(shown.out)
    checks = {check["name"]: check for check in told["checks"]}
    assert (1, 1) == (shown.code, told["exit_code"])
    assert NAMES == list(checks)
    assert {"address": "127.0.0.1", "port": server.port} == {
        name: checks["connect"]["facts"][name] for name in ("address", "port")
    }
    assert 503 == checks["call"]["facts"]["status_code"]
    assert ("failed", "retry") == (checks["call"]["state"], checks["call"]["cure"])
    assert None is checks["connect"]["cure"]


@pytest.mark.parametrize(
    ("reply", "code", "text"),
    [
        (answer(401), 3, "phone-numbers: the server refused the key or token; copy"),
        (answer(403, b"", "X-Request-Id: r1"), 3, "no permission (request id r1); check its perm"),
        (answer(404), 4, "404 to GET /api/v2/phone-numbers: there is no API at this URL; check"),
        (answer(429, b"", "Retry-After: 7"), 5, "with this credential; retry later, in 7 s"),
        (answer(502), 1, "the server, or a gateway in front of it, failed; retry"),
        (answer(302, b"", "Location: https://other.test/"), 1, "redirects are not followed: check"),
        (answer(200, b"<html>"), 1, "check the base URL: another server may run there"),
        (lambda connection: connection.reset(), 6, "retry, or ask the administrator of the net"),
    ],
    ids=["401", "403", "404", "429", "502", "302", "HTML", "reset"],
)
def test_a_call_that_fails(heymilo, serve, reply, code, text):
    """
    The call is made once, without a retry; the exit code is that of other commands.
    """
    server = serve(reply)

    shown = heymilo("doctor", base_url=server.base_url)

    assert code == shown.code
    assert "!!" == lines(shown)["call"][0]
    assert text in lines(shown)["call"][1]
    assert 1 == server.n


@pytest.mark.parametrize(("ahead", "text"), [(60, "behind"), (-60, "ahead of")])
def test_a_clock_that_is_off(heymilo, serve, ahead, text):
    """
    A wrong clock is a warning, and no failure.
    """
    shown = heymilo("doctor", base_url=serve(answer(401, b"", date(ahead))).base_url)

    mark, said = lines(shown)["clock"]
    assert "!" == mark
    assert f"s {text} the server's; let the system synchronize its clock (NTP)" in said
    assert 3 == shown.code


@pytest.mark.parametrize(
    ("sent", "asked", "answered", "ahead"),
    [
        pytest.param(100.0, 100.0, 100.2, 0.0, id="same second"),
        pytest.param(100.0, 100.99, 101.5, 0.0, id="cut to whole seconds"),
        pytest.param(100.0, 91.0, 131.0, 0.0, id="a slow answer"),
        pytest.param(100.0, 111.0, 112.0, 10.0, id="ahead"),
        pytest.param(100.0, 88.0, 90.0, -10.0, id="behind"),
    ],
)
def test_how_far_clocks_are_apart(sent, asked, answered, ahead):
    """
    The reported difference is a lower bound: a slow response does not count against the clock.
    """
    assert ahead == checks.skew(sent, asked, answered)


@pytest.mark.parametrize("width", [40, 80])
def test_in_a_terminal(monkeypatch, width):
    """
    Long lines are wrapped within their column, and contain nothing that moves the cursor.
    """
    monkeypatch.setattr(verdict, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    finding = Finding(
        name="look-up", state=State.FAILED, text="\x1b[2J" + "word " * 20, cure="do it"
    )

    shown = verdict.line(finding)

    assert shown.startswith("!!  look-up   ")
    assert r"\x1b[2J" in shown
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= width
    assert all(line.startswith(" " * 14) for line in shown.splitlines()[1:])


def test_help_of_doctor(heymilo):
    """
    The help explains the marks.
    """
    shown = heymilo("doctor", "--help")

    assert 0 == shown.code
    for taught in ("ok  works", "!!  failed, with a suggested fix", "--format", "6  connection"):
        assert taught in re.sub(r"\x1b\[[0-9;]*m", "", shown.out)
