"""
The sandbox's smaller subjects: webhooks, the ATS, previews, discovery.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest

from heymilo_async import sandbox

Api = Callable[..., Any]
Ask = Callable[..., Any]

HOOK = {"webhook_url": "https://example.com/hook", "event_type": "report_available"}
PUSH = {"ats_name": "Bullhorn", "candidate": {"first_name": "Zoe", "email": "zoe@example.com"}}


def test_a_webhook_is_deleted_softly(milo: sandbox.Sandbox, api: Api, posting: str) -> None:
    """
    The list has the active ones; whether `get` still finds the others is an assumption.
    """
    made = api("POST", "/webhooks", {**HOOK, "posting_id": posting}).body["data"]
    path = f"/webhooks/{made['webhook_id']}"

    assert {**HOOK, "posting_id": posting, "is_active": True}.items() <= made.items()
    assert made == api("GET", "/webhooks").body["data"][-1]
    gone = api("DELETE", path)
    assert (200, {**made, "is_active": False}) == (gone.status, gone.body["data"])
    assert made["webhook_id"] not in str(api("GET", "/webhooks").body)
    assert [404, 404] == [api("GET", path).status, api("DELETE", path).status]
    milo.assume(deleted_found=True)
    assert gone.body["data"] == api("GET", path).body["data"] == api("DELETE", path).body["data"]


def test_a_webhook_that_there_is_may_be_the_same(
    milo: sandbox.Sandbox, api: Api, posting: str
) -> None:
    """
    Whether it is the same is an assumption; a deleted one never is.
    """
    body = {**HOOK, "posting_id": posting}

    def register() -> str:
        return str(api("POST", "/webhooks", body).body["data"]["webhook_id"])

    first = register()
    other = register()
    milo.assume(same_webhook="same")
    assert first != other
    assert first == register()
    for one in (first, other):
        api("DELETE", f"/webhooks/{one}")
    assert register() not in {first, other}


def test_a_webhook_is_of_a_posting(api: Api) -> None:
    """
    The posting must exist.
    """
    answer = api("POST", "/webhooks", {**HOOK, "posting_id": "nobody"})

    assert (404, "posting_id") == (answer.status, answer.body["error"]["param"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/ats/candidates/resolve", {"ats_name": "other", "email": "a@example.com"}),
        ("/ats/candidates/push", {"ats_name": "other", "candidate": {}}),
    ],
)
def test_two_systems_are_known(api: Api, path: str, body: Any) -> None:
    """
    They are Bullhorn and Avionte; any other is a 400 that says so.
    """
    answer = api("POST", path, body)

    assert (400, "ats_name") == (answer.status, answer.body["error"]["param"])
    assert "Bullhorn" in answer.body["error"]["message"]


def test_the_system_knows_the_candidates(milo: sandbox.Sandbox, api: Api) -> None:
    """
    A search finds them by address and by id; no match is no failure.
    """
    one = next(iter(milo.stores["candidates"]))

    def resolve(**criteria: Any) -> Any:
        return api("POST", "/ats/candidates/resolve", {"ats_name": "avionte", **criteria}).body

    found = resolve(email=one.email.upper())["data"]
    (match,) = found["matches"]
    by_id = resolve(ats_candidate_id=match["ats_candidate_id"])["data"]["matches"]

    assert (True, "found", "email") == (found["success"], found["status"], match["match_reason"])
    assert [one.email] == [other["email"] for other in by_id]
    assert [] == resolve(email=one.email, limit=0)["data"]["matches"]
    nobody = resolve(email="nobody@example.com")["data"]
    assert (True, "not_found", []) == (nobody["success"], nobody["status"], nobody["matches"])


@pytest.mark.parametrize("limit", [-1, -1.0, -(10**30)])
def test_a_search_has_no_negative_limit(milo: sandbox.Sandbox, api: Api, limit: float) -> None:
    """
    It is refused, because it would drop the last matches without a word.
    """
    one = next(iter(milo.stores["candidates"]))
    body = {"ats_name": "avionte", "email": one.email}
    refused = api("POST", "/ats/candidates/resolve", {**body, "limit": limit})

    assert (400, "limit") == (refused.status, refused.body["error"]["param"])
    for allowed in (1, 10**30, None):
        found = api("POST", "/ats/candidates/resolve", {**body, "limit": allowed}).body["data"]
        assert [one.email] == [match["email"] for match in found["matches"]]


def test_a_search_for_nobody_is_refused_or_fails(milo: sandbox.Sandbox, api: Api) -> None:
    """
    Whether the sandbox refuses or fails is an assumption; a failure has status 200.
    """
    refused = api("POST", "/ats/candidates/resolve", {"ats_name": "avionte"})
    milo.assume(resolve_without_criteria="fail")
    failed = api("POST", "/ats/candidates/resolve", {"ats_name": "avionte"})

    assert (400, "missing_criteria") == (refused.status, refused.body["error"]["code"])
    assert (200, False) == (failed.status, failed.body["data"]["success"])
    assert failed.body["data"]["error"]


def test_a_push_makes_a_person(milo: sandbox.Sandbox, api: Api) -> None:
    """
    When the queue has processed it, the search finds the person.
    """
    milo.assume(push_polls=2)
    queued = api("POST", "/ats/candidates/push", PUSH).body["data"]
    path = f"/ats/candidates/push/{queued['item_id']}"
    answers = [api("GET", path).body["data"] for _ in range(3)]

    assert ("queued", None) == (queued["status"], queued["error"])
    assert ["queued", "queued", "completed"] == [one["status"] for one in answers]
    assert [True, True, False] == [one["success_details"] is None for one in answers]
    assert answers[2]["success_details"]["created"] is True
    search = {"ats_name": "bullhorn", "email": "zoe@example.com"}
    (match,) = api("POST", "/ats/candidates/resolve", search).body["data"]["matches"]
    assert answers[2]["success_details"]["ats_candidate_id"] == match["ats_candidate_id"]


def test_a_push_of_somebody_known_makes_nobody(api: Api) -> None:
    """
    The id is the one that the request had.
    """
    body = {**PUSH, "candidate": {**PUSH["candidate"], "ats_candidate_id": "4711"}}  # type: ignore[dict-item]
    queued = api("POST", "/ats/candidates/push", body).body["data"]
    path = f"/ats/candidates/push/{queued['item_id']}"
    details = [api("GET", path).body["data"]["success_details"] for _ in range(2)]

    assert [None, {"ats_candidate_id": "4711", "created": False}] == details
    search = {"ats_name": "bullhorn", "email": "zoe@example.com"}
    assert [] == api("POST", "/ats/candidates/resolve", search).body["data"]["matches"]


def test_a_push_may_fail_again_and_again(milo: sandbox.Sandbox, api: Api) -> None:
    """
    Each poll adds one failure.
    """
    milo.assume(ats_push="failure")
    queued = api("POST", "/ats/candidates/push", PUSH).body["data"]
    path = f"/ats/candidates/push/{queued['item_id']}"
    answers = [api("GET", path).body["data"] for _ in range(3)]

    assert [0, 1, 2] == [one["retry_count"] for one in answers]
    assert [0, 1, 2] == [len(one["failure_instances"]) for one in answers]
    assert [None] * 3 == [one["success_details"] for one in answers]


def test_a_push_may_never_end(milo: sandbox.Sandbox, api: Api) -> None:
    """
    The push stays in the queue.
    """
    milo.assume(ats_push="never")
    queued = api("POST", "/ats/candidates/push", PUSH).body["data"]
    answers = [api("GET", f"/ats/candidates/push/{queued['item_id']}") for _ in range(5)]

    assert {"queued"} == {one.body["data"]["status"] for one in answers}


def test_a_push_may_not_even_be_queued(milo: sandbox.Sandbox, api: Api) -> None:
    """
    The response is a 200 without an item.
    """
    milo.assume(ats_push="refused")
    answer = api("POST", "/ats/candidates/push", PUSH)

    assert (200, None) == (answer.status, answer.body["data"]["item_id"])
    assert answer.body["data"]["error"]


def test_a_push_that_nobody_knows(milo: sandbox.Sandbox, api: Api) -> None:
    """
    The status of the refusal is an assumption.
    """
    wrong = api("GET", "/ats/candidates/push/nobody")
    milo.assume(unknown_push=404)
    missing = api("GET", "/ats/candidates/push/nobody")

    assert (404, "queue_item_not_found") == (missing.status, missing.body["error"]["code"])
    assert (400, "unknown_item") == (wrong.status, wrong.body["error"]["code"])


def test_a_preview_is_sound(milo: sandbox.Sandbox, api: Api) -> None:
    """
    It consists of MPEG-1 layer III frames.
    """
    voice = next(iter(milo.stores["voices"]))
    answer = api("GET", f"/voices/{voice.id}/preview")

    assert (200, "audio/mpeg") == (answer.status, answer.headers["content-type"])
    # 144 * 128,000 / 44,100 bytes a frame: https://en.wikipedia.org/wiki/MP3#File_structure
    frames = [answer.body[start : start + 417] for start in range(0, len(answer.body), 417)]
    assert {b"\xff\xfb\x90\xc4"} == {frame[:4] for frame in frames}


def test_a_preview_may_be_elsewhere(milo: sandbox.Sandbox, api: Api, ask: Ask) -> None:
    """
    It comes from a second port, which refuses a key, and serves nothing else.
    """
    voice = next(iter(milo.stores["voices"]))
    here = api("GET", f"/voices/{voice.id}/preview")
    milo.assume(preview="redirect")
    answer = api("GET", f"/voices/{voice.id}/preview")
    link = urlsplit(answer.headers["location"])
    other = Elsewhere(f"http://{link.netloc}")
    noted = len(milo.requests)

    assert (302, b"") == (answer.status, answer.body)
    assert f"http://{link.netloc}" != milo.base_url
    sound = ask(other, link.path, headers={})
    assert (200, "audio/mpeg", here.body) == (
        sound.status,
        sound.headers["content-type"],
        sound.body,
    )
    for name in ("X-API-KEY", "Authorization", "Cookie", "X-Workspace-Id"):
        assert 400 == ask(other, link.path, headers={name: milo.api_key}).status
    assert [404, 404] == [
        ask(other, link.path, headers={}, method="POST").status,
        ask(other, "/api/v2/voices", headers={}).status,
    ]
    assert noted == len(milo.requests)


@attrs.frozen
class Elsewhere:
    """
    Another server with the interface of a sandbox.
    """

    base_url: str


def test_a_preview_may_be_json(milo: sandbox.Sandbox, api: Api) -> None:
    """
    The contract allows any content type.
    """
    voice = next(iter(milo.stores["voices"]))
    milo.assume(preview="json")
    answer = api("GET", f"/voices/{voice.id}/preview")

    assert (200, {"preview_url"}) == (answer.status, answer.body.keys())


def test_a_key_may_come_as_a_token(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    Whether a bearer token may be the key is an assumption; the scheme must always be right.
    """
    bearer, basic = ({"Authorization": f"{one} {milo.api_key}"} for one in ("Bearer", "Basic"))

    assert 401 == ask(milo, headers=bearer).status
    milo.assume(bearer_takes_key=True)
    assert [200, 401] == [ask(milo, headers=one).status for one in (bearer, basic)]


def test_health_tells_more_to_who_asks(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    A header of the contract asks for the details.
    """
    key = {"X-API-KEY": milo.api_key}
    short = ask(milo, "/health", headers=key)
    long = ask(milo, "/health", headers={**key, "X-Health-Detail": "full"})

    assert {"message": "OK", "status": 200} == short.body
    assert {*short.body, "detail"} == long.body.keys()


def test_discovery_may_be_open(milo: sandbox.Sandbox, ask: Ask) -> None:
    """
    The contract declares no credential for three operations, and secures all, so this is an
    assumption.
    """
    paths = ("/health", "/api/v2/schemas/agents", "/api/v2/schemas/question-types")

    assert [401] * 3 == [ask(milo, path, headers={}).status for path in paths]
    milo.assume(keyless_discovery=True)
    assert [200] * 3 == [ask(milo, path, headers={}).status for path in paths]
    assert 401 == ask(milo, "/api/v2/voices", headers={}).status
    assert 401 == ask(milo, "/health", headers={"X-API-KEY": "wrong"}).status


def test_registries_have_what_workflows_are_made_of(api: Api) -> None:
    """
    The responses are bare objects, with an entry for each step type and each modality.
    """
    agents = api("GET", "/schemas/agents").body
    kinds = api("GET", "/schemas/question-types").body

    assert {"web_interview", "conversational_sms", "resume", "form"} == agents.keys()
    assert "min_evaluation_score" in agents["resume"]["config"]
    assert {"voice", "sms", "form"} < kinds.keys()


def test_references_lead_somewhere(milo: sandbox.Sandbox, api: Api) -> None:
    """
    Groups refer to existing templates, templates to postings, webhooks to postings.
    """
    for group in milo.stores["email_template_groups"]:
        (template,) = group.template_mappings.values()
        assert 200 == api("GET", f"/email-templates/{template}").status
        if group.sender_email_id is not None:
            assert 200 == api("GET", f"/sender-emails/{group.sender_email_id}").status
    for group in milo.stores["design_template_groups"]:
        (template,) = group.template_mappings.values()
        assert 200 == api("GET", f"/design-templates/{template}").status
    for template in milo.stores["interview_templates"]:
        assert 200 == api("GET", f"/postings/{template.posting_id}").status
    for webhook in milo.stores["webhooks"]:
        assert 200 == api("GET", f"/postings/{webhook.posting_id}").status


def test_data_can_reach_nobody(milo: sandbox.Sandbox) -> None:
    """
    All hosts are reserved for examples.
    """
    for store in milo.stores.values():
        for item in store:
            for word in str(dict(item)).replace("'", " ").split():
                if "://" in word:
                    assert str(urlsplit(word).hostname).endswith("example.com")
                if "@" in word:
                    assert "example.com" in word
