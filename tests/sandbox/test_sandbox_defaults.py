"""
Operations without a handler of their own: the sandbox does what the contract describes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest
from inside_sandbox import BEHAVIOURS
from sandbox_operations import OPERATIONS

from heymilo_async import sandbox

Api = Callable[..., Any]

SCHEMAS = {one.id: one.schema for one in OPERATIONS}


@pytest.fixture
def unhandled(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """
    Remove the handlers of operations.
    """

    def remove(*operations: str) -> None:
        for name in operations:
            monkeypatch.delitem(BEHAVIOURS, name)

    return remove


def test_a_new_item_has_the_members_of_the_body(api: Api, unhandled: Callable[..., None]) -> None:
    """
    The rest is plausible, its times are the sandbox's time, and the list ends with it.
    """
    unhandled("createWebhook", "listWebhooks")
    body = {"webhook_url": "https://example.com/x", "event_type": "made_up", "posting_id": "P1"}

    answer = api("POST", "/webhooks", body)

    made = answer.body["data"]
    assert 201 == answer.status
    jsonschema_rs.validate(SCHEMAS["createWebhook"], answer.body)
    assert body.items() <= made.items()
    assert made["created_at"] == made["updated_at"]
    assert made == api("GET", "/webhooks").body["data"][-1]
    assert made["webhook_id"] != api("POST", "/webhooks", body).body["data"]["webhook_id"]


def test_a_change_keeps_the_other_members(
    milo: sandbox.Sandbox, api: Api, unhandled: Callable[..., None], posting: str
) -> None:
    """
    Only the members of the body change, and the time of the last change.
    """
    unhandled("updatePosting")
    before = api("GET", f"/postings/{posting}").body["data"]
    milo.advance(hours=1)

    answer = api("PATCH", f"/postings/{posting}", {"title": "Welder", "questions": []})

    after = {**before, "title": "Welder", "updated_at": answer.body["data"]["updated_at"]}
    assert (200, after) == (answer.status, answer.body["data"])
    assert before["updated_at"] < after["updated_at"]
    assert after == api("GET", f"/postings/{posting}").body["data"]


def test_an_action_answers_with_the_item(
    api: Api, unhandled: Callable[..., None], posting: str
) -> None:
    """
    What else an action does, the contract does not say; an unknown id is a 404 that names the
    resource.
    """
    unhandled("archivePosting")
    before = api("GET", f"/postings/{posting}").body["data"]

    assert before == api("POST", f"/postings/{posting}/archive").body["data"]
    error = api("POST", "/postings/nobody/archive").body["error"]
    assert ("posting_not_found", "posting_id") == (error["code"], error["param"])


def test_a_deleted_item_is_gone(api: Api, unhandled: Callable[..., None]) -> None:
    """
    The response is the item as it was.
    """
    unhandled("deleteWebhook")
    first = api("GET", "/webhooks").body["data"][0]
    path = f"/webhooks/{first['webhook_id']}"

    assert first == api("DELETE", path).body["data"]
    assert [404, 404] == [api("DELETE", path).status, api("GET", path).status]


def test_a_response_that_is_no_item_needs_a_handler(
    api: Api,
    unhandled: Callable[..., None],
    posting: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """
    The sandbox's log names the operation, and the folder for its handler.
    """
    unhandled("clonePosting")

    with caplog.at_level(logging.ERROR, "heymilo_async.sandbox"):
        assert 500 == api("POST", f"/postings/{posting}/clone").status
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "clonePosting needs a handler in heymilo_async/sandbox/_behaviours/" == str(
        record.exc_info[1]
    )
