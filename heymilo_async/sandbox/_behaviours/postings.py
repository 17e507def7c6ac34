"""
Postings: create from a workflow or a template, update, archive, activate and clone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .._contract import SCHEMAS
from .._envelopes import Behaviour, ValidRequest, page_envelope, single_envelope
from .._errors import Invalid, Refusal, issue, missing
from .._items import Item, item_class
from .._posting_seeds import question_type, questions_of, urls
from .._rules import check_metadata, deadline
from .._store import Store
from .._validation import faults_at
from .._workflows import KINDS, step
from .._world import World

#: The fields that create and update share; the deadline has another type in a response.
_COPIED: Final = SCHEMAS["UpdatePostingRequest"]["properties"].keys() - {"deadline"}
#: The references of a posting, and the resources that they refer to.
_REFERENCES: Final = {
    "phone_number_id": "phone_numbers",
    "sender_email_id": "sender_emails",
    "email_template_group_id": "email_template_groups",
    "design_template_group_id": "design_template_groups",
}
#: The answer formats of a question. The contract allows any text in a step's question, but not in a
#: response.
_FORMATS: Final = SCHEMAS["QuestionResponse"]["properties"]["response_format"]["anyOf"][0]["enum"]
_NOT_NULL: Final = {"title", "description"}


def find(world: World, request: ValidRequest) -> Item:
    """
    Return the posting in the path; the blueprint of a template counts as unknown.
    """
    found: Item | None = world.stores["postings"].get(request.path["posting_id"])
    if found is None:
        raise missing("posting", "posting_id")
    return found


def _is_listed(world: World, item: Item) -> bool:
    return world.assumptions.lists_inactive or item["status"] == "active"


def _list(world: World, request: ValidRequest) -> Any:
    return page_envelope(
        world, request, world.stores["postings"], lambda item: _is_listed(world, item)
    )


def _list_summaries(world: World, request: ValidRequest) -> Any:
    store = world.stores["postings"]
    response = page_envelope(
        world, request, store, lambda item: _is_listed(world, item), noun="posting"
    )
    names = SCHEMAS["PostingSummary"]["properties"].keys()
    for n, one in enumerate(response["data"]):
        short = {name: one[name] for name in names} | {"object": "posting_summary"}
        response["data"][n] = short
    return response


def _get(world: World, request: ValidRequest) -> Any:
    found = world.posting(request.path["posting_id"])
    if found is None:
        raise missing("posting", "posting_id")
    return single_envelope(found)


def _create(world: World, request: ValidRequest) -> Any:
    body = request.body
    workflow, template = body.get("workflow"), body.get("interview_template_id")
    if (workflow is None) == (template is None):
        _raise_wrong_source(world)
    _check_references(world, body)
    _check_formats(workflow or ())
    # A null or missing deadline means the default.
    given = {name: value for name, value in body.items() if name in _COPIED}
    given["deadline"] = deadline(body.get("deadline"), world.now())
    if template is None:
        defaults = {
            name: spec["default"]
            for name, spec in SCHEMAS["CreatePostingRequest"]["properties"].items()
            if "default" in spec
        }
        steps = [{**one, "config": _known_config(one)} for one in workflow]
        return _new_posting(world, {**defaults, **given}, steps, None)
    if template not in world.blueprints:
        raise missing("interview template", "interview_template_id")
    return _copy_posting(world, world.blueprints[template], given, None)


def _known_config(given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the config of a new step without unknown keys and nulls, which mean the default.
    """
    known = SCHEMAS[KINDS[given["type"]].schema]["properties"]
    config: Mapping[str, Any] = given.get("config") or {}
    return {name: value for name, value in config.items() if name in known and value is not None}


def _raise_wrong_source(world: World) -> None:
    words = "give either workflow or interview_template_id, not both"
    if world.assumptions.wrong_source == 400:
        raise Refusal(400, "invalid_source", f"A posting needs its steps: {words}.", "workflow")
    raise Invalid(issue(("body", "workflow"), "value_error", f"Value error, {words}"))


def _check_references(world: World, body: Mapping[str, Any]) -> None:
    check_metadata(body.get("metadata"))
    if world.assumptions.checks_references:
        for name, resource in _REFERENCES.items():
            if body.get(name) is not None and world.stores[resource].get(body[name]) is None:
                raise missing(name.removesuffix("_id").replace("_", " "), name)


def _check_formats(workflow: Sequence[Mapping[str, Any]]) -> None:
    words = f"Input should be one of {', '.join(_FORMATS)}"
    issues = [
        issue(("body", "workflow", n, "questions", m, "response_format"), "enum", words)
        for n, one in enumerate(workflow)
        for m, question in enumerate(one.get("questions") or ())
        if question.get("response_format") not in {None, *_FORMATS}
    ]
    if issues:
        raise Invalid(*issues)


def _copy_posting(
    world: World,
    original: Item,
    given: Mapping[str, Any],
    questions: Sequence[Mapping[str, Any]] | None,
) -> Any:
    """
    Create a copy of *original* with the *given* changes.
    """
    kept = {name: original[name] for name in _COPIED | {"deadline"}}
    ats = original["ats_metadata"]
    pending = None if ats is None else {**_unmapped(ats), "pending_activation": True}
    changed = {name: value for name, value in given.items() if value is not None}
    return _new_posting(world, {**kept, **changed}, original["workflow"], pending, questions)


def _unmapped(ats: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in ats.items() if not name.startswith("mapping_")}


def _new_posting(
    world: World,
    members: Mapping[str, Any],
    workflow: Sequence[Mapping[str, Any]],
    ats: Mapping[str, Any] | None,
    questions: Sequence[Mapping[str, Any]] | None = None,
) -> Any:
    now, word = world.now(), world.new_digits()
    status = "active" if ats is None else "draft"
    new = item_class("PostingResponse")(
        **{
            **members,
            "id": word[:8],
            "company_id": f"comp_{word[8:14].lower()}",
            "name": members.get("name") or _slug(members["title"], word),
            "status": status,
            "finalized": status == "active",
            "archived": False,
            "test_posting": False,
            "workflow": [
                step(one["type"], n, world.new_digits()[:6].lower(), one.get("config"))
                for n, one in enumerate(workflow, 1)
            ],
            "urls": urls(word[:8], word),
            "ats_metadata": ats,
            "created_at": now,
            "updated_at": now,
        }
    )
    world.stores["postings"].add(new)
    _add_questions(world, new, workflow, questions)
    return single_envelope(
        {
            "object": "posting",
            "id": new["id"],
            "status": status,
            "urls": new["urls"],
            "created_at": now,
            "posting": dict(new),
        }
    )


def _add_questions(
    world: World,
    new: Item,
    workflow: Sequence[Mapping[str, Any]],
    questions: Sequence[Mapping[str, Any]] | None,
) -> None:
    """
    Add the posting's questions: from its original, from its steps, or generated ones.
    """
    store: Store[Item] = world.stores["questions"]
    request: list[Mapping[str, Any]] = list(questions or ())
    if questions is None:
        for one, shown in zip(workflow, new["workflow"], strict=True):
            written = questions_of(new["id"], [shown], world.seed, world.now())
            request += one.get("questions") or written
    ranks: dict[str, int] = {}
    schema = "CreateQuestion" if questions is None else "CreateQuestionRequest"
    known = SCHEMAS[schema]["properties"].keys()
    for one in request:
        modality = one["modality"]
        ranks[modality] = ranks.get(modality, 0) + 1
        store.add(
            item_class("QuestionResponse")(
                **{
                    **{name: value for name, value in one.items() if name in known},
                    "id": world.new_digits()[:12],
                    "posting_id": new["id"],
                    # A clone has the order of its original.
                    "rank": ranks[modality] if questions is None else one["rank"],
                    "question_type": one.get("question_type") or question_type(modality, one),
                    "created_at": world.now(),
                    "updated_at": world.now(),
                }
            )
        )


def _slug(title: str, word: str) -> str:
    return "-".join([*title.lower().split(), word[:4].lower()])


def _update(world: World, request: ValidRequest) -> Any:
    found = find(world, request)
    _check_references(world, request.body)
    given = {name: value for name, value in request.body.items() if name in _COPIED}
    if request.body.get("deadline") is not None:
        given["deadline"] = deadline(request.body["deadline"], world.now())
    elif "deadline" in request.body:
        given["deadline"] = None
    changed = {
        name: value
        for name, value in given.items()
        if value is not None or (world.assumptions.null_clears and name not in _NOT_NULL)
    }
    return _change(world, found, changed)


def _change(world: World, found: Item, fields: Mapping[str, Any]) -> Any:
    store: Store[Item] = world.stores["postings"]
    return single_envelope(store.change(found.item_id, **fields, updated_at=world.now()))


def _update_step(world: World, request: ValidRequest) -> Any:
    found, wanted = find(world, request), request.path["step_id"]
    steps = found["workflow"]
    chosen = next((one for one in steps if wanted in {one["type"], str(one["order"])}), None)
    if chosen is None:
        raise missing("workflow step", "step_id")
    config, schema = request.body["config"], KINDS[chosen["type"]].schema
    if unknown := sorted(config.keys() - SCHEMAS[schema]["properties"].keys()):
        words = f"A {chosen['type']} step has no {', '.join(unknown)}."
        raise Refusal(400, "unknown_config_keys", words, param="config")
    if world.assumptions.step_bounds and (issues := faults_at(schema, config, ("body", "config"))):
        raise Invalid(*issues)
    for name, value in config.items():
        if value is not None or world.assumptions.null_clears:
            chosen["config"][name] = value
    return _change(world, found, {"workflow": steps})


def _stats(world: World, request: ValidRequest) -> Any:
    found, now = find(world, request), world.now()
    people = [
        one
        for one in world.candidates
        if one["posting_id"] == found["id"] and one["created_at"] <= now
    ]
    return single_envelope(
        {
            "object": "posting_stats",
            "posting_id": found["id"],
            "title": found["title"],
            "name": found["name"],
            "total_candidates": len(people),
            "completed_interviews": sum(one["workflow"]["all_complete"] for one in people),
            "average_interview_score": _average(world, people, "web_interview"),
            "average_resume_score": _average(world, people, "resume"),
        }
    )


def _average(world: World, people: Sequence[Item], kind: str) -> float | None:
    """
    Return the average score of one agent, None without a score of it.
    """
    journeys, now = [world.candidates.journey(one) for one in people], world.now()
    scores = [
        journey.score
        for journey in journeys
        if any(stage.kind == kind and stage.ended_at <= now for stage in journey.stages)
    ]
    return round(sum(scores) / len(scores), 2) if scores else None


def _archive(world: World, request: ValidRequest) -> Any:
    return _change(world, find(world, request), {"status": "archived", "archived": True})


def _activate(world: World, request: ValidRequest) -> Any:
    found = find(world, request)
    if found["archived"] and not world.assumptions.activate_unarchives:
        words = "An archived posting cannot be activated."
        raise Invalid(issue(("path", "posting_id"), "value_error", words))
    if not found["workflow"]:
        words = "A posting needs a workflow to be activated."
        raise Invalid(issue(("path", "posting_id"), "value_error", words))
    fields = {"status": "active", "finalized": True, "archived": False}
    ats = found["ats_metadata"]
    if ats is not None:
        moment = dt.datetime.fromtimestamp(world.now(), dt.UTC)
        ats |= {
            "pending_activation": False,
            # The only time of a posting that is a string, without an offset.
            "mapping_activated_at": moment.replace(tzinfo=None).isoformat(timespec="seconds"),
            "mapping_activated_by": "api_key:sandbox",
        }
    return _change(world, found, {**fields, "ats_metadata": ats})


def _clone(world: World, request: ValidRequest) -> Any:
    found = find(world, request)
    is_same = world.assumptions.clone_title == "same"
    title = found["title"] if is_same else f"Copy of {found['title']}"[:200]
    name = _slug(title, world.new_digits())
    questions = [
        one
        for one in world.stores["questions"]
        if one["posting_id"] == found["id"] and one["id"] not in world.deleted
    ]
    return _copy_posting(world, found, {"title": title, "name": name}, questions)


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "listPostings": _list,
    "listPostingSummaries": _list_summaries,
    "getPosting": _get,
    "createPosting": _create,
    "updatePosting": _update,
    "updateInterviewerWorkflowStep": _update_step,
    "getPostingStats": _stats,
    "archivePosting": _archive,
    "activatePosting": _activate,
    "clonePosting": _clone,
}
