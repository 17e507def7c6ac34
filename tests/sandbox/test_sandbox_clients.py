"""
The clients and the sandbox understand each other, on all three fronts.
"""

from __future__ import annotations

from typing import Any

import pytest

from heymilo_async import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    OperationFailedError,
    UnprocessableEntityError,
    sandbox,
)

LISTS = (
    *("design_template_groups", "design_templates", "domains", "email_template_groups"),
    *("email_templates", "interview_templates", "phone_numbers", "postings", "sender_emails"),
    *("voices", "webhooks"),
)
KEYS = {"webhooks": "webhook_id"}
ADA = {"name": "Ada Example", "email": "ada@example.com", "metadata": {"row": "1"}}
BEN = {"name": "Ben Example", "email": "ben@example.com", "metadata": {"row": "2"}}


def asked(front: Any, milo: sandbox.Sandbox, body: Any) -> Any:
    """
    Return the result of *body*, called with a client of *milo* on one front.
    """
    return front.run(body, milo.base_url, api_key=milo.api_key)


@pytest.mark.parametrize("name", LISTS)
def test_what_there_is_is_read(front: Any, milo: sandbox.Sandbox, name: str) -> None:
    """
    Every item is read, with any page size and by its id; no member is unknown to the model.
    """
    key = KEYS.get(name, "id")
    ids = [item[key] for item in milo.stores[name]]

    async def body(client: Any) -> Any:
        group = getattr(client, name)
        found = await group.list_all(page_size=2).collect()
        return found, await group.get_many([getattr(one, key) for one in found])

    found, again = asked(front, milo, body)

    assert ids == [getattr(one, key) for one in found]
    assert found == again
    assert [{}] * len(found) == [dict(one.extra) for one in found]


def test_what_has_no_pages_is_read(front: Any, milo: sandbox.Sandbox) -> None:
    """
    These are connections, workspaces, registries and health.
    """

    async def body(client: Any) -> Any:
        return (
            [one.ats_provider for one in await client.ats.list_connections()],
            len(await client.workspaces.list()),
            set(await client.schemas.list_agent_types()),
            set(await client.schemas.list_question_types()) & {"voice", "sms"},
            (await client.health.check(detail="full"))["status"],
        )

    agents = {"web_interview", "conversational_sms", "resume", "form"}
    expected = (["bullhorn", "avionte"], 1, agents, {"voice", "sms"}, 200)
    assert expected == asked(front, milo, body)


def test_a_posting_from_beginning_to_end(front: Any, milo: sandbox.Sandbox) -> None:
    """
    The posting is created, gets other questions, takes candidates, and has results two weeks later.
    """

    async def begin(client: Any) -> Any:
        made = await client.postings.create(title="Baker", workflow=[{"type": "web_interview"}])
        await client.questions.create(made.id, modality="voice", text="What do you bake?")
        voices = await client.questions.list_all(made.id, modality="voice").collect()
        order = [one.id for one in reversed(voices)]
        placed = await client.questions.reorder(made.id, modality="voice", order=order)
        assert order == [one.id for one in placed]
        await client.questions.delete(made.id, order[0])
        receipts = await client.candidates.ingest_many(made.id, [ADA, BEN])
        assert ["1", "2"] == [one.metadata["row"] for one in receipts]
        again = await client.candidates.ingest(made.id, **ADA)
        assert receipts[0].interview_id == again.interview_id
        return made.id, [one.interview_id for one in receipts]

    async def end(client: Any) -> Any:
        found = await client.candidates.list_all(posting_id).collect()
        data = await client.interviews.get_many(interviews)
        stats = await client.postings.get_stats(posting_id)
        await client.postings.archive(posting_id)
        return found, data, stats

    posting_id, interviews = asked(front, milo, begin)
    milo.advance(days=14)
    found, data, stats = asked(front, milo, end)

    assert interviews == [one.interview_id for one in found]
    assert interviews == [one.interview_id for one in data]
    assert [one.score for one in found] == [one.score for one in data]
    assert 2 == stats.total_candidates
    assert {"archived"} == {one.status for one in milo.stores["postings"] if one.id == posting_id}


@pytest.mark.parametrize("how", ["data", "bare", "meta", "nowhere"])
def test_every_interview_is_read(front: Any, milo: sandbox.Sandbox, how: str) -> None:
    """
    Every interview can be read, at any progress, and wherever it says that it is not ready.
    """
    milo.assume(not_ready=how)
    people = list(milo.stores["candidates"])[:30]

    async def body(client: Any) -> Any:
        return await client.interviews.get_many([one.interview_id for one in people])

    for one, data in zip(people, asked(front, milo, body), strict=True):
        is_ready = one.status not in {"pending", "in_progress", "evaluating"}
        says = "not_ready" if how in {"data", "bare"} and not is_ready else one.status
        assert says == data.status
        assert {} == dict(data.extra)


@pytest.mark.parametrize("how", ["bytes", "redirect"])
def test_a_preview_is_heard(front: Any, milo: sandbox.Sandbox, how: str) -> None:
    """
    A preview comes from the same server or from another one, which receives no key.
    """
    milo.assume(preview=how)
    voice = next(iter(milo.stores["voices"])).id

    async def body(client: Any) -> Any:
        return await client.voices.get_preview(voice)

    audio = asked(front, milo, body)

    assert ("audio/mpeg", 38 * 417) == (audio.content_type, len(audio.content))


def test_the_queue_of_the_ats(front: Any, milo: sandbox.Sandbox) -> None:
    """
    A push that succeeds is waited for; one that was not queued is an error, and so is a failed
    search.
    """
    milo.assume(push_polls=0, resolve_without_criteria="fail")
    person = {"first_name": "Zoe", "email": "zoe@example.com"}

    async def body(client: Any) -> Any:
        queued = await client.ats.push_candidate(ats_name="bullhorn", candidate=person, create=True)
        done = await client.ats.wait_for_push(queued.item_id, timeout=30.0)
        milo.assume(ats_push="refused")
        with pytest.raises(OperationFailedError):
            await client.ats.push_candidate(ats_name="bullhorn", candidate=person, create=True)
        with pytest.raises(BadRequestError):
            await client.ats.resolve_candidate(ats_name="other", email="zoe@example.com")
        return done.success_details["created"]

    assert asked(front, milo, body) is True


def test_refusals_are_the_errors_that_they_should_be(front: Any, milo: sandbox.Sandbox) -> None:
    """
    The status decides the class, and a 422 names the location of the fault.
    """
    milo.assume(same_email="conflict")
    posting = next(iter(milo.stores["postings"])).id

    async def body(client: Any) -> Any:
        with pytest.raises(NotFoundError):
            await client.postings.get("nobody")
        with pytest.raises(BadRequestError):
            await client.postings.update_step(posting, "form", {"video": True})
        await client.candidates.ingest(posting, **ADA)
        with pytest.raises(ConflictError):
            await client.candidates.ingest(posting, **ADA)
        with pytest.raises(UnprocessableEntityError) as caught:
            await client.questions.reorder(posting, modality="voice", order=["nobody"])
        return str(caught.value)

    assert "order" in asked(front, milo, body)
