"""
The command's errors: they show what was typed, what is wrong, and what to do in a shell.
"""

from __future__ import annotations

import re
import ssl

import httpx
import pytest
from inside_command import errors
from resources import FOUND
from server import NUMBER, answer, page, single

#: The operations whose errors advise how to find out whether they had an effect.
ADVISED = [one for found in FOUND for one in found.operations if not one.repeatable]
LIST = ("phone-numbers", "list", "--max-attempts", "1")


def test_http_off_this_machine(heymilo, monkeypatch):
    """
    http:// to another machine is refused with the option that allows it, and is sent with that
    option.
    """
    monkeypatch.setenv("HEYMILO_BASE_URL", "http://nowhere.invalid")

    refused = heymilo(*LIST)
    tried = [heymilo("--allow-insecure-http", *LIST), heymilo(*LIST, "--allow-insecure-http")]

    assert 2 == refused.code
    assert "--allow-insecure-http if the network is yours (it is 'http://now" in refused.err
    assert "allow_insecure_http" not in refused.err
    assert [6, 6] == [one.code for one in tried]


def test_no_connection(heymilo, monkeypatch):
    """
    The error names an unreachable server, and the command that checks the connection.
    """
    shown = heymilo(*LIST, base_url="http://127.0.0.1:9")

    assert 6 == shown.code
    assert "could not connect to the server at 127.0.0.1:9" in shown.err
    assert "`heymilo doctor` checks each step of the connection" in shown.err


def test_a_certificate_that_is_not_trusted(heymilo, serve, authority):
    """
    The command has no ssl_context=, so its error does not suggest it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = serve(page(), ssl_context=context)

    shown = heymilo(*LIST, base_url=server.base_url)

    assert 6 == shown.code
    assert "if you trust it, set SSL_CERT_FILE to a file with it" in shown.err
    assert "ssl_context" not in shown.err


def test_a_base_url_without_a_scheme(heymilo):
    """
    The error shows what was typed, and what to type instead.
    """
    shown = heymilo("--base-url", "api.heymilo.ai", *LIST)

    assert 2 == shown.code
    assert "--base-url (or HEYMILO_BASE_URL) has no scheme: write https://api" in shown.err


@pytest.mark.parametrize("number", ["+12065550100", "(206) 555-0100", "12065550100"])
@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_number_in_place_of_an_id(heymilo, serve, number, status):
    """
    If the argument is a phone number and not an id, the error says so, and where to find the id.
    """
    shown = heymilo("phone-numbers", "get", number, base_url=serve(answer(status)).base_url)

    assert "looks like a phone number, but the argument is an id" in shown.err
    assert "heymilo phone-numbers list --all --columns id,phone_number" in shown.err


def test_the_command_that_it_names(heymilo, serve):
    """
    The command that the error suggests exists, and prints the id of a number.
    """
    shown = heymilo(
        *("phone-numbers", "list", "--all", "--columns", "id,phone_number"),
        base_url=serve(page(NUMBER["id"])).base_url,
    )

    assert 0 == shown.code
    assert NUMBER["id"] in shown.out
    assert NUMBER["phone_number"] in shown.out


@pytest.mark.parametrize(
    ("command", "item_id", "reply"),
    [
        ("phone-numbers", "666A24C4", answer(404)),
        ("voices", "+12065550100", answer(404)),
        ("phone-numbers", "+12065550100", answer(403)),
        ("phone-numbers", "+12065550100", single(id="+12065550100")),
    ],
)
def test_what_is_no_number(heymilo, serve, command, item_id, reply):
    """
    Errors about an id, about another resource, and of other kinds do not mention phone numbers.
    """
    shown = heymilo(command, "get", item_id, base_url=serve(reply).base_url)

    assert "phone number, and an id" not in shown.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--format", "foo"), "'--format': 'foo' is not one of"),
        (("--timeout", "x"), "2m, not 'x'"),
        (("--timeout", "5 h"), "2m, not '5 h'"),
        (("--rate-limit", "x"), "'--rate-limit': a rate limit must be like 300/min"),
        (("--limit", "x"), "'--limit': "),
        (("--limit", "0"), "'--limit': "),
        (("--limit", "101"), "'--limit': "),
    ],
)
def test_what_was_typed(heymilo, options, told):
    """
    The error shows an option's invalid value as it was typed, in our words and not a library's.
    """
    shown = heymilo("phone-numbers", "list", *options)

    assert 2 == shown.code
    assert told in shown.err
    assert "Value error" not in shown.err
    assert "Input should" not in shown.err


@pytest.mark.parametrize(
    ("ours", "shells"),
    [
        ("it wants a client certificate, pass ssl_context=", "which takes ssl_context= in Python"),
        (
            "check proxy= or HTTP(S)_PROXY, and the network",
            "check HTTPS_PROXY and HTTP_PROXY, and the network",
        ),
        ("not hold it: use api_key= or access_token=", "set HEYMILO_API_KEY or HEYMILO_ACCESS"),
        ("check client.email_templates.list_all()", "check 'heymilo email-templates list --all'"),
        ("first, or pass create=True", "first, or --create"),
    ],
)
def test_cures_of_a_program(ours, shells):
    """
    Where an error suggests a change of a program, the command suggests its equivalent in a shell.
    """
    assert shells in errors.for_the_shell(ours)


@pytest.mark.parametrize("one", ADVISED, ids=lambda one: one.id)
def test_how_to_find_out_in_a_shell(heymilo, one):
    """
    After a call that may have had an effect, the command names a command that shows it.
    """
    advice = errors.for_the_shell(one.advice)
    named = re.findall("'heymilo ([^']*)'", advice)

    assert named
    assert not re.search(r"client\.|list_all|\w=", advice)
    for command in named:
        assert 0 == heymilo(*command.split(), "--help").code


def test_a_push_that_would_create_a_person(heymilo):
    """
    The refusal names the command that finds the person, and the option that creates one.
    """
    refused = heymilo("ats", "push-candidate", "--ats-name", "bullhorn", "--candidate", "{}")

    assert 2 == refused.code
    assert "with 'heymilo ats resolve-candidate ...' first, or --create" in refused.err


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("Invalid value: --title is missing", "--title is missing"),
        (
            "Invalid value for '--timeout': Value error, too long.",
            "Invalid value for '--timeout': too long",
        ),
        ("'--poll': 'soon' is not a valid float.", "'--poll': it must be a number"),
        ("'--limit': 'many' is not a valid integer.", "'--limit': it must be an integer"),
        (
            "'--limit': Input should be a valid integer, unable to parse string as an integer",
            "'--limit': it must be an integer",
        ),
        (
            "'--limit': Input should be greater than or equal to 1",
            "'--limit': it must be at least 1",
        ),
        (
            "'--limit': Input should be less than or equal to 100",
            "'--limit': it must be at most 100",
        ),
    ],
)
def test_errors_about_options(text, ours):
    """
    An error about an option is in our words, whichever version of Typer found it.
    """
    assert ours == errors.for_options(text)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (
            ("candidates", "ingest", "P1", "--name", "Ada", "--email", "ada@example.com"),
            (
                "heymilo: interrupted; the server may have processed it: check with 'heymilo "
                "candidates find POSTING_ID --email ...', or 'heymilo candidates list --all "
                "POSTING_ID --created-after ...', before you send it again\n"
            ),
        ),
        (("webhooks", "delete", "W1"), "heymilo: interrupted\n"),
        (("webhooks", "get", "W1"), "heymilo: interrupted\n"),
    ],
)
def test_an_interrupted_call(heymilo, monkeypatch, arguments, shown):
    """
    After Ctrl-C during a call that creates something, the command says how to find out about it.
    """

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", interrupt)

    ended = heymilo(*arguments)

    assert (130, shown) == (ended.code, ended.err)
