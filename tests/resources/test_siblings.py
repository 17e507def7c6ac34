"""
Peculiarities of templates, domains, sender emails, voices, webhooks, workspaces, registries and
health.

`test_operations` tests the requests and responses of all operations.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest
from contract_answers import CONTRACT, answer_of
from talking import listed, sent, single, talk

from heymilo_async import InvalidRequestError, ResponseDecodeError, ResponseMismatchError, to_dict

#: By group: the name of the id in errors, the schema, and whether the list has a search.
SIBLINGS = {
    "email_templates": ("email_template_id", "EmailTemplateResponse", True),
    "email_template_groups": ("email_template_group_id", "EmailTemplateGroupResponse", True),
    "design_templates": ("design_template_id", "DesignTemplateResponse", True),
    "design_template_groups": ("design_template_group_id", "DesignTemplateGroupResponse", True),
    "interview_templates": ("interview_template_id", "InterviewTemplateResponse", True),
    "domains": ("domain_id", "CustomDomainResponse", False),
    "sender_emails": ("sender_email_id", "SenderEmailResponse", False),
    "voices": ("voice_id", "VoiceResponse", True),
    "webhooks": ("webhook_id", "WebhookResponse", False),
}
SEARCHED = [name for name, (_, _, is_searched) in SIBLINGS.items() if is_searched]
NOT_SEARCHED = [name for name in SIBLINGS if name not in SEARCHED]
GETS = {
    "email_templates": "getEmailTemplate",
    "email_template_groups": "getEmailTemplateGroup",
    "design_templates": "getDesignTemplate",
    "design_template_groups": "getDesignTemplateGroup",
    "interview_templates": "getInterviewTemplate",
    "domains": "getDomain",
    "sender_emails": "getSenderEmail",
    "voices": "getVoice",
    "webhooks": "getWebhook",
}
TOKEN = "t0ken-of-a-hook"
HOOK = {
    "webhook_id": "W1",
    "posting_id": "P1",
    "webhook_url": f"https://example.com/hook?token={TOKEN}",
    "event_type": "interview_completed",
    "is_active": True,
    "created_at": 1739612400,
    "updated_at": 1739612400.5,
}


def key_of(group):
    """
    Return the member that identifies the items of *group*.
    """
    return "webhook_id" if group == "webhooks" else "id"


def item(group, key="X1", /, kind="everything", **changes):
    """
    Return an item of *group* as parsed JSON, with this id.
    """
    return {**answer_of(GETS[group], kind)["data"], key_of(group): key, **changes}


def get(front, group, data):
    """
    Return the result of `get` of *group* for *data*, requested by its id.
    """
    wanted = data[key_of(group)]
    return talk(front, lambda c: getattr(c, group).get(wanted), single(data))[0]


@pytest.mark.parametrize("group", SIBLINGS)
def test_the_cursor_is_the_id_of_the_last_item(front, group):
    """
    Trap 2: the cursor is `id`, and for webhooks `webhook_id`, even if they have an `id`.
    """
    decoy = {"id": "not-the-cursor"} if group == "webhooks" else {"webhook_id": "not-the-cursor"}
    pages = [
        listed(item(group, "A1", **decoy), item(group, "A2", **decoy), more=True),
        listed(item(group, "A3", **decoy)),
    ]

    async def walk(client):
        pager = getattr(client, group).list_all(page_size=2)
        return await pager.collect(), pager.cursor

    (items, cursor), requests = talk(front, walk, *pages)

    assert ["A1", "A2", "A3"] == [getattr(one, key_of(group)) for one in items]
    assert [{"limit": "2"}, {"limit": "2", "starting_after": "A2"}] == [
        dict(request.url.params) for request in requests
    ]
    assert "A3" == cursor


@pytest.mark.parametrize("group", SIBLINGS)
def test_a_page_says_how_to_go_on(front, group):
    """
    Trap 2: `next_cursor` is a valid `starting_after`.
    """
    page, _ = talk(front, lambda c: getattr(c, group).list(), listed(item(group, "A7"), more=True))

    assert (True, "A7") == (page.has_more, page.next_cursor)


@pytest.mark.parametrize("group", SIBLINGS)
def test_an_error_names_the_id_as_its_group_does(front, group):
    """
    Trap 3: the contract calls three ids `template_id` and two `config_id`; errors use distinct
    names.
    """
    error, requests = talk(front, lambda c: getattr(c, group).get(""), single({}))

    assert (InvalidRequestError, []) == (type(error), requests)
    assert str(error).startswith(f"{SIBLINGS[group][0]} ")


@pytest.mark.parametrize(
    "key", ["13D77095", "0123456789ABCDEF", "9F" * 16, "IT_4F", "wrv-ab12", "voice-1"]
)
@pytest.mark.parametrize("group", SIBLINGS)
def test_ids_of_any_look(front, group, key):
    """
    Trap 6: an id is opaque, and sent unchanged.
    """
    got, (request,) = talk(front, lambda c: getattr(c, group).get(key), single(item(group, key)))

    assert key == getattr(got, key_of(group))
    assert request.url.path.endswith(f"/{key}")


@pytest.mark.parametrize("group", SEARCHED)
def test_a_search_is_on_each_page_of_a_walk(front, group):
    """
    Trap 11: six of these lists have `search`, which every page of a walk sends.
    """
    pages = [listed(item(group, "A1"), more=True), listed(item(group, "A2"))]
    _, requests = talk(
        front, lambda c: getattr(c, group).list_all(search="a b&c").collect(), *pages
    )

    assert ["a b&c", "a b&c"] == [request.url.params["search"] for request in requests]


@pytest.mark.parametrize("method", ["list", "list_all"])
@pytest.mark.parametrize("group", NOT_SEARCHED)
def test_what_cannot_be_searched(front, group, method):
    """
    Trap 11: domains, sender emails and webhooks have no `search`.
    """

    async def body(client):
        with pytest.raises(TypeError, match="search"):
            await getattr(getattr(client, group), method)(search="x")

    _, requests = talk(front, body, listed())

    assert [] == requests


@pytest.mark.parametrize("group", SIBLINGS)
def test_the_name_of_the_type(front, group):
    """
    Traps 13 to 15: `object` may be missing, has the contract's name then, and decides nothing.
    """
    expected = CONTRACT["components"]["schemas"][SIBLINGS[group][1]]["properties"]["object"]
    absent = item(group)
    del absent["object"]
    by_default = get(front, group, absent)
    other = get(front, group, item(group, object="posting"))

    assert expected["default"] == by_default.object
    assert "posting" == other.object
    assert type(by_default) is type(other)


def test_a_domain_is_called_domain(front):
    """
    Trap 15: the schema is a custom domain, its `object` is `domain`.
    """
    assert "domain" == get(front, "domains", item("domains", kind="least")).object


@pytest.mark.parametrize("group", SIBLINGS)
def test_times(front, group):
    """
    Trap 33: times are Unix seconds, with or without a fraction, and become aware datetimes in UTC.
    """
    whole = get(front, group, item(group, created_at=1739612400))
    fraction = get(front, group, item(group, created_at=1739612400.25))

    assert datetime(2025, 2, 15, 9, 40, tzinfo=UTC) == whole.created_at
    assert datetime(2025, 2, 15, 9, 40, 0, 250_000, tzinfo=UTC) == fraction.created_at
    assert UTC is whole.created_at.tzinfo


@pytest.mark.parametrize("time", ["2025-02-15T09:40:00Z", "1739612400", None, True])
@pytest.mark.parametrize("group", SIBLINGS)
def test_what_is_no_time(front, group, time):
    """
    Traps 33 and 34: these times are numbers, and never null.
    """
    error = get(front, group, item(group, created_at=time))

    assert (ResponseDecodeError, "$.data.created_at") == (type(error), error.path)


def test_which_times_there_are(front):
    """
    Trap 34: all have `created_at` and `updated_at`, except sender emails, which never change.
    """
    got = {group: get(front, group, item(group)) for group in SIBLINGS}

    assert ["sender_emails"] == [group for group in got if not hasattr(got[group], "updated_at")]


@pytest.mark.parametrize("group", SIBLINGS)
def test_what_the_contract_requires(front, group):
    """
    Trap 34: a missing required member is an error that names it.
    """
    schema = CONTRACT["components"]["schemas"][SIBLINGS[group][1]]
    faults = {}
    for name in schema["required"]:
        data = item(group)
        del data[name]
        error, _ = talk(front, lambda c: getattr(c, group).get("X1"), single(data))
        faults[name] = getattr(error, "path", None)

    assert {name: f"$.data.{name}" for name in schema["required"]} == faults


def test_labels_may_be_absent_and_are_never_null(front):
    """
    Trap 35: a missing map is empty; a null one does not fit the contract.
    """
    absent = get(front, "voices", item("voices", kind="least"))
    null = get(front, "voices", item("voices", labels=None))

    assert {} == absent.labels
    assert "$.data.labels" == null.path


@pytest.mark.parametrize(
    ("group", "member", "words"),
    [
        ("email_templates", "template_key", ["FORM_NUDGE", "form_nudge", "A_NEW_MAIL"]),
        ("design_templates", "template_type", ["welcome_page", "Welcome Page", "a_new_page"]),
        ("domains", "status", ["pending", "active", "error", "verifying"]),
        ("voices", "provider", ["elevenlabs", "cartesia", "lmnt", "A new one"]),
        ("voices", "gender", ["male", "female", "neutral", "other"]),
        ("webhooks", "event_type", ["interview_completed", "candidate.ingested", "etc."]),
    ],
)
def test_words_that_nobody_has_published(front, group, member, words):
    """
    Traps 38 and 39: a list of words may have unknown ones, which are kept unchanged.
    """
    kept = [getattr(get(front, group, item(group, **{member: word})), member) for word in words]

    assert words == kept


@pytest.mark.parametrize(("status", "active"), [("active", False), ("error", True)])
def test_a_flag_beside_a_status(front, status, active):
    """
    Trap 40: the flag and the status are independent.
    """
    domain = get(front, "domains", item("domains", status=status, active=active))

    assert (status, active) == (domain.status, domain.active)


@pytest.mark.parametrize(("start", "end"), [(0, 0), (23, 24), (22, 6)])
def test_hours_without_mails(front, start, end):
    """
    The hours of an email template are unchanged: 0 and 24 are valid, and a range over midnight.
    """
    hours = {"enabled": True, "timezone": "Etc/UTC", "start_hour": start, "end_hour": end}
    got = get(front, "email_templates", item("email_templates", blackout_period=hours))

    assert (start, end) == (got.blackout_period.start_hour, got.blackout_period.end_hour)
    assert hours == to_dict(got)["blackout_period"]


@pytest.mark.parametrize("hour", [7.5, "7", True, None])
def test_an_hour_that_is_no_integer(front, hour):
    """
    Trap 37: an hour is an integer by the contract, and other values are not converted.
    """
    hours = {"enabled": True, "timezone": "Etc/UTC", "start_hour": hour, "end_hour": 8}
    error = get(front, "email_templates", item("email_templates", blackout_period=hours))

    assert "$.data.blackout_period.start_hour" == error.path


@pytest.mark.parametrize(
    ("group", "member"),
    [
        ("design_templates", "design_config"),
        ("design_template_groups", "template_mappings"),
        ("email_template_groups", "template_mappings"),
        ("voices", "labels"),
    ],
)
def test_maps_are_kept_and_frozen(front, group, member):
    """
    A map has any keys, is immutable, and keeps its model hashable.
    """
    got = get(front, group, item(group, **{member: {"a_new_key": "X2", "": ""}}))

    assert {"a_new_key": "X2", "": ""} == getattr(got, member)
    with pytest.raises(TypeError):
        getattr(got, member)["a_new_key"] = "X3"
    assert hash(got) == hash(get(front, group, to_dict(got)))


@pytest.mark.parametrize("group", ["design_template_groups", "email_template_groups"])
def test_a_mapping_to_something_else_than_ids(front, group):
    """
    Template ids must be strings.
    """
    error = get(front, group, item(group, template_mappings={"welcome_page": 5}))

    assert "$.data.template_mappings" == error.path


def test_a_webhook_has_no_id(front):
    """
    Traps 1 and 5: an `id` beside `webhook_id` is an ordinary member, and is not compared.
    """
    got, _ = talk(front, lambda c: c.webhooks.get("w1"), single({**HOOK, "id": "another"}))

    assert ("W1", {"id": "another"}) == (got.webhook_id, dict(got.extra))
    assert not hasattr(got, "id")


def test_what_a_new_webhook_is_called(front):
    """
    Traps 5 and 43: the id comes from the server, and so do the other members.
    """
    answer = {**HOOK, "event_type": "report_available", "webhook_url": "https://example.com/"}
    made, (request,) = talk(
        front,
        lambda c: c.webhooks.create(
            posting_id="P1", webhook_url=HOOK["webhook_url"], event_type="interview_completed"
        ),
        single(answer, 201),
    )

    assert answer == {name: to_dict(made)[name] for name in answer}
    assert {
        "posting_id": "P1",
        "webhook_url": HOOK["webhook_url"],
        "event_type": "interview_completed",
    } == sent(request)


@pytest.mark.parametrize("member", ["posting_id", "webhook_url", "event_type"])
@pytest.mark.parametrize("value", [None, 5, ["x"]])
def test_a_new_webhook_of_the_wrong_type(front, member, value):
    """
    All three arguments must be str, and not None; otherwise nothing is sent.
    """
    given = {"posting_id": "P1", "webhook_url": "https://example.com/", "event_type": "x"}

    async def body(client):
        with pytest.raises(TypeError, match=member):
            await client.webhooks.create(**{**given, member: value})

    _, requests = talk(front, body, single(HOOK, 201))

    assert [] == requests


def test_a_deleted_webhook(front):
    """
    Traps 17 and 18: deleting returns a 200 with the whole webhook, which becomes inactive.
    """
    gone, (request,) = talk(
        front, lambda c: c.webhooks.delete("W1"), single({**HOOK, "is_active": False})
    )

    assert ("DELETE", b"") == (request.method, request.content)
    assert ("W1", False) == (gone.webhook_id, gone.is_active)


def test_a_webhook_hides_its_url(front):
    """
    Trap 45: a URL may contain a token, so no `repr` shows it, not even that of a page; the
    attribute has it.
    """
    page, _ = talk(front, lambda c: c.webhooks.list(), listed(HOOK))

    assert TOKEN not in f"{page!r} {page[0]!r} {page[0]}"
    assert HOOK["webhook_url"] == page[0].webhook_url == to_dict(page[0])["webhook_url"]


def test_an_error_hides_the_url_of_a_webhook(front, caplog):
    """
    Trap 45: errors about a response and log records do not show it either.
    """
    other, _ = talk(front, lambda c: c.webhooks.get("W2"), single(HOOK))
    broken, _ = talk(front, lambda c: c.webhooks.get("W1"), single({**HOOK, "is_active": "yes"}))

    assert [ResponseMismatchError, ResponseDecodeError] == [type(other), type(broken)]
    assert TOKEN not in f"{other} {other!r} {broken} {broken!r} {caplog.text}"


@pytest.mark.parametrize("one", [{"a": {"b": [1]}}, {}, "W1", 5, 2.5, True, None, ["x", {}]])
def test_workspaces_are_whatever_they_are(front, one):
    """
    Trap 50: the list's items have no schema, so any JSON is accepted.
    """
    got, (request,) = talk(front, lambda c: c.workspaces.list(), listed(one, {"id": "2"}))

    assert (one, {"id": "2"}) == got
    assert "" == request.url.query.decode()


def test_workspaces_are_frozen(front):
    """
    A workspace is an immutable mapping.
    """
    (one,), _ = talk(front, lambda c: c.workspaces.list(), listed({"id": "1"}))

    with pytest.raises(TypeError):
        one["id"] = "2"
    assert {"id": "1"} == one


BARE = {
    "list_agent_types": lambda c: c.schemas.list_agent_types(),
    "list_question_types": lambda c: c.schemas.list_question_types(),
    "check": lambda c: c.health.check(),
}


@pytest.mark.parametrize("name", BARE)
def test_an_answer_without_an_envelope(front, name):
    """
    Trap 10: a registry is the whole response, even if it resembles an envelope; it is frozen.
    """
    sent_back = {"data": {"voice": [1]}, "meta": None, "pagination": {"has_more": True}}
    got, _ = talk(front, BARE[name], httpx.Response(200, json=sent_back))

    assert sent_back == got
    with pytest.raises(TypeError):
        got["data"] = None


@pytest.mark.parametrize("name", BARE)
@pytest.mark.parametrize("content", [[1], "well", 200, None])
def test_a_bare_answer_that_is_no_object(front, name, content):
    """
    Trap 10: the contract requires an object, and any other JSON is refused.
    """
    answer = httpx.Response(200, content=json.dumps(content))
    error, _ = talk(front, BARE[name], answer)

    assert (ResponseDecodeError, "$") == (type(error), error.path)


@pytest.mark.parametrize("name", BARE)
def test_the_key_goes_where_the_contract_declares_none(front, name):
    """
    Trap 23: health and the registries declare no credential, but it is sent.
    """
    refused = httpx.Response(401, json={"detail": "no"})
    error, (request,) = talk(front, BARE[name], refused)

    assert 401 == error.status_code
    assert "X-API-KEY" in request.headers


def test_where_health_is(front):
    """
    The path of health is outside `/api/v2`.
    """
    _, (request,) = talk(front, BARE["check"], httpx.Response(200, json={}))

    assert "/health" == request.url.path
