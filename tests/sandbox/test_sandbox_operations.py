"""
All operations: each responds as the contract says, and refuses what it does not allow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest
from sandbox_operations import BODIES, OPERATIONS, Operation, body_of, path_of

from heymilo_async import sandbox
from heymilo_async.sandbox.faults import RepeatCursor, WrongTypes

Ask = Callable[..., Any]

every = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
with_body = pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.id in BODIES], ids=lambda one: one.id
)
pages = pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if "limit" in one.query], ids=lambda one: one.id
)
with_id = pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.parameters], ids=lambda one: one.id
)


def do(milo: sandbox.Sandbox, ask: Ask, operation: Operation, **options: Any) -> Any:
    """
    Send a valid request for *operation*, changed by *options*.
    """
    if operation.id == "getAtsPushStatus":
        push = next(one for one in OPERATIONS if one.id == "pushAtsCandidate")
        assert 200 == ask(milo, push.path, method="POST", body=BODIES[push.id]).status
    asked = {"path": path_of(milo, operation), "body": body_of(milo, operation), **options}
    return ask(milo, method=operation.method, **asked)


def where(answer: Any) -> list[list[str | int]]:
    """
    Return the locations of the errors in a 422.
    """
    assert 422 == answer.status
    for one in answer.body["detail"]:
        assert {"loc", "msg", "type"} == one.keys()
    return [one["loc"] for one in answer.body["detail"]]


def test_each_body_is_here() -> None:
    """
    The table in `sandbox_operations.py` has a body for each operation that takes one.
    """
    takes = [one.id for one in OPERATIONS if "requestBody" in one.said]

    assert [] == [f"BODIES has no {name}" for name in takes if name not in BODIES]


@every
def test_each_answers_as_the_contract_says(
    milo: sandbox.Sandbox, ask: Ask, operation: Operation
) -> None:
    """
    It responds with its lowest success status, and with data that its schema allows.
    """
    answer = do(milo, ask, operation)

    assert operation.status == answer.status
    if operation.id == "getVoicePreview":
        assert "audio/mpeg" == answer.headers["content-type"]
    else:
        jsonschema_rs.validate(operation.schema, answer.body)


@every
def test_each_wants_a_credential(milo: sandbox.Sandbox, ask: Ask, operation: Operation) -> None:
    """
    The contract's security applies to all of them.
    """
    answer = do(milo, ask, operation, headers={})

    assert (401, "missing_credentials") == (answer.status, answer.body["error"]["code"])


@every
def test_each_can_fail(milo: sandbox.Sandbox, ask: Ask, operation: Operation) -> None:
    """
    A fault for one operation affects no other.
    """
    milo.fail_next(status=503, operation=operation.id)

    other = "/api/v2/voices" if operation.id != "listVoices" else "/health"
    assert 200 == ask(milo, other).status
    assert 503 == do(milo, ask, operation).status
    assert operation.status == do(milo, ask, operation).status


@pytest.mark.parametrize(
    "operation",
    [one for one in OPERATIONS if one.is_typed],
    ids=lambda one: one.id,
)
def test_each_can_have_wrong_types(milo: sandbox.Sandbox, ask: Ask, operation: Operation) -> None:
    """
    Every operation whose response has a schema supports the fault.
    """
    milo.fail_next(WrongTypes(), operation=operation.id)

    answer = do(milo, ask, operation)

    assert operation.status == answer.status
    assert not jsonschema_rs.is_valid(operation.schema, answer.body)


@pages
def test_each_cursor_can_repeat(milo: sandbox.Sandbox, ask: Ask, operation: Operation) -> None:
    """
    The page after a cursor ends with the same cursor, whatever its member is called.
    """
    milo.fail_next(RepeatCursor())
    path = path_of(milo, operation)
    key = {"listCandidates": "interview_id", "listWebhooks": "webhook_id"}.get(operation.id, "id")
    cursor = ask(milo, f"{path}?limit=1").body["data"][0][key]

    body = ask(milo, f"{path}?limit=1&starting_after={cursor}").body

    assert (cursor, True) == (body["data"][-1][key], body["pagination"]["has_more"])


@every
def test_each_is_counted(limited: sandbox.Sandbox, ask: Ask, operation: Operation) -> None:
    """
    All operations share one limit.
    """
    limited.reset()
    ask(limited, "/health")

    # The request itself does not matter: without a credential it reveals nothing.
    path = operation.path.replace("{", "").replace("}", "")
    answer = ask(limited, path, method=operation.method)

    assert 429 == answer.status
    assert 0 < int(answer.headers["retry-after"]) <= 60


@pytest.fixture(scope="module")
def limited() -> Any:
    """
    A sandbox that allows one request a minute.
    """
    with sandbox.running(rate_limit="1/min") as milo:
        yield milo


@with_id
def test_an_id_that_nobody_has_is_not_found(
    milo: sandbox.Sandbox, ask: Ask, operation: Operation
) -> None:
    """
    The envelope names the parameter, also the innermost one.
    """
    # The contract declares no 404 for this operation: whether there is one is an assumption.
    milo.assume(unknown_push=404)

    for name in operation.parameters:
        known = path_of(milo, operation) if operation.id != "getAtsPushStatus" else operation.path
        parts = zip(operation.path.split("/"), known.split("/"), strict=True)
        path = "/".join("nobody" if part == f"{{{name}}}" else real for part, real in parts)
        answer = ask(milo, path, method=operation.method, body=body_of(milo, operation))

        assert (404, name) == (answer.status, answer.body["error"]["param"])
        assert answer.body["error"]["code"].endswith("_not_found")


@pages
def test_limits_are_bounded(milo: sandbox.Sandbox, ask: Ask, operation: Operation) -> None:
    """
    The bounds are 1 and 100; the refusal names the parameter.
    """
    path = path_of(milo, operation)

    for wrong in ("0", "101", "many"):
        assert [["query", "limit"]] == where(ask(milo, f"{path}?limit={wrong}"))


@pages
def test_a_walk_meets_each_item_once(milo: sandbox.Sandbox, ask: Ask, operation: Operation) -> None:
    """
    The walk uses the contract's cursor, with any page size.
    """
    path, walked, cursor = path_of(milo, operation), [], ""
    key = {"listCandidates": "interview_id", "listWebhooks": "webhook_id"}.get(operation.id, "id")
    whole = ask(milo, f"{path}?limit=100").body
    assert whole["data"]

    while True:
        body = ask(milo, f"{path}?limit=2{cursor}").body
        walked += body["data"]
        assert {"total_count": len(whole["data"]), "url": path} == {
            name: body["pagination"][name] for name in ("total_count", "url")
        }
        if not body["pagination"]["has_more"]:
            break
        cursor = f"&starting_after={walked[-1][key]}"

    assert whole["data"] == walked


@pages
def test_an_unknown_cursor_is_invalid(
    milo: sandbox.Sandbox, ask: Ask, operation: Operation
) -> None:
    """
    An unknown cursor is a 422 and not an empty page.
    """
    path = path_of(milo, operation)

    assert [["query", "starting_after"]] == where(ask(milo, f"{path}?starting_after=nobody"))


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if "search" in one.query], ids=lambda one: one.id
)
def test_search_is_a_part_of_the_name(
    milo: sandbox.Sandbox, ask: Ask, operation: Operation
) -> None:
    """
    The case does not matter; `total_count` counts the matches.
    """
    path = path_of(milo, operation)
    items = ask(milo, f"{path}?limit=100").body["data"]
    name = "title" if "title" in items[0] else "name"
    part = items[1][name][1:]
    expected = [one for one in items if part.lower() in one[name].lower()]

    found = ask(milo, f"{path}?limit=100&search={part.upper().replace(' ', '%20')}").body

    assert (expected, len(expected)) == (found["data"], found["pagination"]["total_count"])
    assert 0 == ask(milo, f"{path}?search=nothing-like-it").body["pagination"]["total_count"]


@with_body
def test_a_body_that_is_none_is_refused(
    milo: sandbox.Sandbox, ask: Ask, operation: Operation
) -> None:
    """
    It may be missing, not JSON, JSON without an object, or another content type.
    """
    path, method = path_of(milo, operation), operation.method
    key = {"X-API-KEY": milo.api_key}

    assert [["body"]] == where(ask(milo, path, method=method))
    assert [["body", 1]] == where(ask(milo, path, method=method, body=b"{"))
    assert [["body"]] == where(ask(milo, path, method=method, body=[]))
    plain = {**key, "Content-Type": "text/plain"}
    assert [["body"]] == where(ask(milo, path, plain, method, BODIES[operation.id]))


@with_body
def test_a_member_of_a_wrong_type_is_named(
    milo: sandbox.Sandbox, ask: Ask, operation: Operation
) -> None:
    """
    Each member is tried; a list of lists fits no member.
    """
    path, good = path_of(milo, operation), body_of(milo, operation)

    for name, schema in operation.body_schema["properties"].items():
        if any(not one for one in schema.get("anyOf", [])):
            continue  # any JSON
        answer = ask(milo, path, method=operation.method, body={**good, name: [[1]]})
        # In a list the item is wrong.
        assert {("body", name)} == {tuple(loc[:2]) for loc in where(answer)}


@with_body
def test_a_member_that_is_missing_is_named(
    milo: sandbox.Sandbox, ask: Ask, operation: Operation
) -> None:
    """
    All missing required members are named at once.
    """
    required = operation.body_schema.get("required", [])
    answer = ask(milo, path_of(milo, operation), method=operation.method, body={})

    if required:
        assert [["body", name] for name in required] == where(answer)
    else:
        assert 200 == answer.status


@pytest.mark.parametrize(
    "text",
    [
        b"\xff",
        b'{"title": "\\ud800"}',
        b'{"title": "Baker", "max_retakes": NaN}',
        b'{"title": "Baker", "retake_cooldown_days": 1e999}',
        b'{"title": ' + b"1" * 5000 + b"}",
        b"[" * 100_000,
        b'{"title": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"title": "\xed\xa0\x80"}',
        '{"title": "\\ud800"}'.encode("utf-16"),
    ],
    ids=[
        *("no UTF-8", "half a pair", "NaN", "infinite", "too many digits", "too deep"),
        *("too deep for a copy", "half a pair in UTF-8", "half a pair in UTF-16"),
    ],
)
def test_json_that_is_none_is_refused(milo: sandbox.Sandbox, ask: Ask, text: bytes) -> None:
    """
    Python's own reader would accept it, or fail in another way.
    """
    answer = ask(milo, "/api/v2/postings", method="POST", body=text)

    assert [("body", "json_invalid")] == [
        (one["loc"][0], one["type"]) for one in answer.body["detail"]
    ]


def _nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize("levels", [100, 199, 200, 300, 500, 900])
def test_a_body_has_at_most_200_levels(
    milo: sandbox.Sandbox, ask: Ask, posting: str, levels: int
) -> None:
    """
    The body is a level itself. One that is deeper is a 422, like any JSON that cannot be read.
    """
    path = f"/api/v2/postings/{posting}/candidates"
    body = {"name": "Jo", "email": "jo@example.com", "data": _nested(levels)}
    answer = ask(milo, path, method="POST", body=body)

    if levels < 200:
        assert (201, body["data"]) == (answer.status, answer.body["data"]["candidate"]["data"])
    else:
        assert [["body", 0]] == where(answer)
    assert 200 == ask(milo, path).status


def test_a_part_of_a_body_may_get_deeper(milo: sandbox.Sandbox, ask: Ask, posting: str) -> None:
    """
    A config is two levels deeper in a posting than in the body that sets it.
    """
    config = {"blackout_period": _nested(198)}
    path = f"/api/v2/postings/{posting}/workflow/conversational_sms"
    answer = ask(milo, path, method="PATCH", body={"config": config})

    assert 200 == answer.status


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.api+json"]
)
def test_json_has_several_names(milo: sandbox.Sandbox, ask: Ask, kind: str) -> None:
    """
    The accepted content types are those of FastAPI.
    """
    headers = {"X-API-KEY": milo.api_key, "Content-Type": kind}

    assert 201 == ask(milo, "/api/v2/postings", headers, "POST", BODIES["createPosting"]).status


def test_text_is_text_in_any_script(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    The text may be escaped, and may have surrogate pairs.
    """
    body = b'{"title": "\\u00c9clair \\ud83e\\udd50", "workflow": []}'

    answer = ask(milo, "/api/v2/postings", method="POST", body=body)

    assert "\u00c9clair \U0001f950" == answer.body["data"]["posting"]["title"]


@pytest.mark.parametrize(("text", "kind"), [("9" * 5000, "int_parsing"), (" +7 ", None)])
def test_a_number_in_a_query_is_text_first(
    milo: sandbox.Sandbox, ask: Ask, text: str, kind: str | None
) -> None:
    """
    Blanks and a sign are accepted; more digits than Python reads are refused.
    """
    answer = ask(milo, f"/api/v2/voices?limit={text.replace(' ', '%20').replace('+', '%2B')}")

    if kind is None:
        assert (200, 7) == (answer.status, len(answer.body["data"]))
    else:
        assert [kind] == [one["type"] for one in answer.body["detail"]]


def test_allow_names_all_methods_of_a_path(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    `Allow` lists the methods of all operations of the path.
    """
    answer = ask(milo, "/api/v2/webhooks/1", method="PUT")

    assert (405, {"GET", "DELETE"}) == (answer.status, set(answer.headers["allow"].split(", ")))
