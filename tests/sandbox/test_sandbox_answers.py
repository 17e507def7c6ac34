"""
The sandbox's responses over HTTP, status by status.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inside_sandbox import empty_app
from starlette.exceptions import HTTPException

from heymilo_async import sandbox

LIST = "/api/v2/phone-numbers"
CONTRACT = json.loads((Path(__file__).parents[1] / "contract.json").read_text(encoding="utf-8"))

Ask = Callable[..., Any]


def error_of(answer: Any) -> tuple[int, str, str]:
    """
    Return the status of *answer*, and the type and code of its envelope, which must fit the
    contract.
    """
    fields = CONTRACT["components"]["schemas"]["APIError"]["properties"]
    assert {"error"} == answer.body.keys()
    assert fields.keys() == answer.body["error"].keys()
    assert [] == answer.body["error"]["errors"]
    assert answer.body["error"]["message"]
    return answer.status, answer.body["error"]["type"], answer.body["error"]["code"]


def issues_of(answer: Any) -> list[tuple[list[str | int], str]]:
    """
    Return the locations and types of the validation issues of *answer*; an issue must have no other
    field.
    """
    assert 422 == answer.status
    assert {"detail"} == answer.body.keys()
    for issue in answer.body["detail"]:
        assert {"loc", "msg", "type"} == issue.keys()
    return [(issue["loc"], issue["type"]) for issue in answer.body["detail"]]


def test_list_answers_a_page_of_twenty_unless_asked_otherwise(
    milo: sandbox.Sandbox, ask: Ask
) -> None:
    """
    The page has the first twenty of thirty numbers, and says that there are more.
    """
    answer = ask(milo)

    expected = [dict(number) for number in sandbox.seed_numbers(20)]
    assert (200, expected) == (answer.status, answer.body["data"])
    assert {"has_more": True, "total_count": 30, "url": LIST} == answer.body["pagination"]


def test_every_number_carries_every_field_of_the_contract(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    Fields without a value are null, not absent.
    """
    fields = CONTRACT["components"]["schemas"]["PhoneNumberResponse"]["properties"].keys()

    for number in ask(milo, f"{LIST}?limit=100").body["data"]:
        assert fields == number.keys()


@pytest.mark.parametrize("count", [0, 1, 2, 7, 30])
@pytest.mark.parametrize("limit", [1, 2, 7, 29, 30, 31, 100])
def test_a_walk_meets_every_number_once(
    milo: sandbox.Sandbox, ask: Ask, count: int, limit: int
) -> None:
    """
    Following the last id of each page returns all numbers in order, and only the last page is
    short.
    """
    for number in list(milo.store)[count:]:
        milo.store.remove(number.id)
    walked: list[str] = []
    cursor = ""
    has_more = True

    while has_more:
        body = ask(milo, f"{LIST}?limit={limit}{cursor}").body
        walked += [number["id"] for number in body["data"]]
        has_more = body["pagination"]["has_more"]
        assert count == body["pagination"]["total_count"]
        assert not has_more or limit == len(body["data"])
        cursor = f"&starting_after={walked[-1]}" if walked else ""

    assert [number.id for number in milo.store] == walked


def test_nothing_follows_the_last_number(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    A walk that resumes at its end gets an empty last page.
    """
    last = list(milo.store)[-1]

    body = ask(milo, f"{LIST}?starting_after={last.id}").body

    assert ([], False) == (body["data"], body["pagination"]["has_more"])


def test_get_answers_one_number_without_metadata(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    The response has the requested number; `meta` is present, and null.
    """
    for number in milo.store:
        answer = ask(milo, f"{LIST}/{number.id}")

        assert (200, {"data": dict(number), "meta": None}) == (answer.status, answer.body)


def test_an_unknown_id_is_not_found(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    The envelope says what was not found, and names the parameter.
    """
    answer = ask(milo, f"{LIST}/00000000")

    assert (404, "not_found_error", "phone_number_not_found") == error_of(answer)
    assert "config_id" == answer.body["error"]["param"]


def test_a_removed_number_is_not_found(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    The server sees a test's change of the store at once.
    """
    number = milo.store.remove(next(iter(milo.store)).id)

    assert 404 == ask(milo, f"{LIST}/{number.id}").status


@pytest.mark.parametrize(
    ("limit", "kind"),
    [
        ("0", "greater_than_equal"),
        ("-1", "greater_than_equal"),
        ("101", "less_than_equal"),
        ("ten", "int_parsing"),
        ("", "int_parsing"),
        ("1.5", "int_parsing"),
    ],
)
def test_a_limit_outside_the_bounds_is_refused(
    milo: sandbox.Sandbox, ask: Ask, limit: str, kind: str
) -> None:
    """
    The response has the contract's format for validation errors, and names the parameter.
    """
    assert [(["query", "limit"], kind)] == issues_of(ask(milo, f"{LIST}?limit={limit}"))


@pytest.mark.parametrize("limit", [1, 100])
def test_the_bounds_of_limit_are_inclusive(milo: sandbox.Sandbox, ask: Ask, limit: int) -> None:
    """
    Both bounds, one and one hundred, are allowed.
    """
    assert 200 == ask(milo, f"{LIST}?limit={limit}").status


@pytest.mark.parametrize("cursor", ["00000000", ""])
def test_an_unknown_cursor_is_refused(milo: sandbox.Sandbox, ask: Ask, cursor: str) -> None:
    """
    An unknown cursor is a validation error, not an empty page.
    """
    answer = ask(milo, f"{LIST}?starting_after={cursor}")

    assert [(["query", "starting_after"], "value_error")] == issues_of(answer)


@pytest.mark.parametrize("path", [LIST, f"{LIST}?limit=0", f"{LIST}/00000000"])
def test_without_credentials_nothing_is_told(milo: sandbox.Sandbox, ask: Ask, path: str) -> None:
    """
    The key is checked before the parameters.
    """
    answer = ask(milo, path, headers={})

    assert (401, "authentication_error", "missing_credentials") == error_of(answer)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-KEY": "not-the-key"},
        {"X-API-KEY": ""},
        {"X-API-KEY": "AN-API-KEY"},
        {"X-API-KEY": "cl\xe9"},
        {"Authorization": "Bearer not-the-key"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer an-api-key"},
        {"Authorization": "not-the-key"},
        {"Authorization": ""},
    ],
)
def test_wrong_credentials_are_refused_and_not_repeated(
    milo: sandbox.Sandbox, ask: Ask, headers: dict[str, str]
) -> None:
    """
    No wrong key is accepted, or repeated in a response.
    """
    answer = ask(milo, headers=headers)

    assert (401, "authentication_error", "invalid_credentials") == error_of(answer)
    assert "not-the-key" not in f"{answer.headers} {answer.body}"


def test_a_token_is_for_the_bearer_scheme(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    The right token under another scheme is refused.
    """
    headers = {"Authorization": f"Basic {milo.access_token}"}

    assert 401 == ask(milo, headers=headers).status


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_an_access_token_serves_instead_of_a_key(
    milo: sandbox.Sandbox, ask: Ask, scheme: str
) -> None:
    """
    OAuth callers send an access token, and may name a workspace.
    """
    headers = {"Authorization": f"{scheme} {milo.access_token}", "X-Workspace-Id": "workspace"}

    assert 200 == ask(milo, headers=headers).status


@pytest.mark.parametrize("path", ["/", f"{LIST}/a/b", "/api/v2", "/docs", "/redoc"])
def test_an_unknown_route_is_not_found(milo: sandbox.Sandbox, ask: Ask, path: str) -> None:
    """
    The 404 is FastAPI's, without the API's envelope.
    """
    answer = ask(milo, path)

    assert (404, {"detail": "Not Found"}) == (answer.status, answer.body)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_slash_too_many_is_redirected(milo: sandbox.Sandbox, ask: Ask, method: str) -> None:
    """
    The status of the redirect keeps the method, as in FastAPI.
    """
    answer = ask(milo, f"{LIST}/", method=method)

    assert (307, f"{milo.base_url}{LIST}") == (answer.status, answer.headers["location"])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_not_allowed(milo: sandbox.Sandbox, ask: Ask, method: str) -> None:
    """
    The `Allow` header is kept.
    """
    answer = ask(milo, method=method)

    assert (405, {"detail": "Method Not Allowed"}) == (answer.status, answer.body)
    assert "GET" == answer.headers["allow"]


def test_any_http_exception_is_answered(
    milo: sandbox.Sandbox, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    An exception with any status becomes a response, with its headers.
    """

    def refuse(_item_id: str) -> None:
        raise HTTPException(503, headers={"Retry-After": "7"})

    monkeypatch.setattr(milo.store, "get", refuse)
    answer = ask(milo, f"{LIST}/00000000")

    assert (503, {"detail": "Service Unavailable"}) == (answer.status, answer.body)
    assert "7" == answer.headers["retry-after"]


def test_a_crash_is_an_internal_error(
    milo: sandbox.Sandbox,
    ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """
    The response does not show the cause; the log has it, under the id of the response.
    """

    def fail(_item_id: str) -> None:
        raise RuntimeError("the cause")

    monkeypatch.setattr(milo.store, "get", fail)
    answer = ask(milo, f"{LIST}/00000000")

    assert (500, "api_error", "internal_error") == error_of(answer)
    assert "the cause" not in str(answer.body)
    (record,) = caplog.records
    assert ("heymilo_async.sandbox", logging.ERROR) == (record.name, record.levelno)
    assert answer.headers["x-request-id"] in record.getMessage()
    assert "the cause" in caplog.text


@pytest.mark.parametrize(
    ("status", "path", "method", "with_key"),
    [
        (200, LIST, "GET", True),
        (200, "/openapi.json", "GET", False),
        (401, LIST, "GET", False),
        (404, f"{LIST}/00000000", "GET", True),
        (404, "/", "GET", True),
        (405, LIST, "HEAD", True),
        (422, f"{LIST}?limit=0", "GET", True),
    ],
)
def test_every_answer_has_an_id_of_its_own(
    milo: sandbox.Sandbox, ask: Ask, status: int, path: str, method: str, with_key: bool
) -> None:
    """
    No two responses share an `X-Request-Id`, whatever their status.
    """
    headers = {"X-API-KEY": milo.api_key} if with_key else {}
    answers = [ask(milo, path, headers, method) for _ in range(2)]

    assert [status, status] == [answer.status for answer in answers]
    assert 2 == len({answer.headers["x-request-id"] for answer in answers})


def test_requests_are_noted_as_they_were_on_the_wire(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    The path and the query stay percent-encoded, refused requests are recorded too, and a snapshot
    does not grow.
    """
    before = milo.requests
    ask(milo, f"{LIST}/a%2Fb?x=%20", {"X-API-KEY": "not-the-key", "X-Other": "seen"})
    (request,) = milo.requests[len(before) :]

    assert ("GET", f"{LIST}/a%2Fb", "x=%20") == (request.method, request.path, request.query)
    assert ("not-the-key", "seen") == (request.headers["x-api-key"], request.headers["x-other"])
    assert len(before) + 1 == len(milo.requests)


def test_bodies_are_noted_and_not_shown(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    Bodies usually have candidates' data.
    """
    ask(milo, "/api/v2/postings", method="POST", body=b'{"title": "Baker"}')
    (request,) = milo.requests

    assert b'{"title": "Baker"}' == request.body
    assert "body=<18 bytes>" in repr(request)


def test_credentials_are_masked_where_requests_are_shown(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    A failing assertion prints requests, and must not print keys.
    """
    ask(milo, headers={"X-API-KEY": "the-key", "Authorization": "Bearer the-token", "X-Other": "y"})
    shown = repr(milo.requests[-1])

    assert "the-key" not in shown
    assert "the-token" not in shown
    assert "'x-other': 'y'" in shown


def test_other_protocols_pass_by() -> None:
    """
    The application also works under a server that speaks the lifespan protocol.
    """
    sent: list[str] = []
    app = empty_app()

    async def start_up_and_shut_down() -> None:
        messages = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> dict[str, Any]:
            return {"type": next(messages)}

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await app({"type": "lifespan", "state": {}}, receive, send)

    asyncio.run(start_up_and_shut_down())

    assert ["lifespan.startup.complete", "lifespan.shutdown.complete"] == sent
