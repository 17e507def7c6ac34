"""
The initial postings, with their questions and webhooks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ._items import Item, item_class, with_changes
from ._plausible import digits
from ._workflows import KINDS, step

_TITLES: Final = (
    *("Warehouse Associate", "Software Engineer", "Customer Support Agent"),
    *("Registered Nurse", "Delivery Driver", "Account Manager"),
)
_WORKFLOWS: Final = (
    ("resume", "form", "conversational_sms", "web_interview"),
    ("resume", "web_interview"),
    ("conversational_sms", "web_interview"),
)
_EVENTS: Final = ("interview_completed", "candidate_ingested", "interview_started")
_DAY: Final = 86_400.0


def urls(posting_id: str, word: str) -> dict[str, str]:
    """
    Return the URLs of a posting, and its ingestion key.
    """
    return {
        "candidate_url": f"https://candidates.example.com/p/{posting_id}",
        "ingestion_url_key": f"sandbox{word}",
        "review_url": f"https://app.example.com/postings/{posting_id}",
    }


def posting(n: int, seed: int, began: float, *, kind: str = "posting") -> Item:
    """
    Return the *n*-th posting; the first three together have all kinds of steps.
    """
    word = digits(seed, kind, n)
    title = _TITLES[n % len(_TITLES)]
    created_at = began - (30 - n % 10) * _DAY
    return item_class("PostingResponse")(
        id=word[:8],
        company_id=f"comp_{digits(seed, 'company')[:6].lower()}",
        title=title if n < len(_TITLES) else f"{title} {n // len(_TITLES) + 1}",
        name=f"{title.lower().replace(' ', '-')}-{word[:4].lower()}",
        description=f"We look for a {title.lower()} who likes to work with others.",
        interviewer_name="Sarah",
        status="active",
        finalized=True,
        archived=False,
        test_posting=False,
        workflow=[
            step(one, order, digits(word, order)[:6].lower(), None)
            for order, one in enumerate(_WORKFLOWS[n % len(_WORKFLOWS)], 1)
        ],
        urls=urls(word[:8], word),
        deadline=began + 60 * _DAY,
        max_retakes=1,
        allow_sms_comms=True,
        ats_metadata=None,
        metadata={"source": "sandbox"},
        created_at=created_at,
        updated_at=created_at,
    )


def blueprints(templates: Iterable[Item], seed: int, began: float) -> dict[str, Item]:
    """
    Return the posting behind each template, by the template's id.

    The last one comes from a job in an ATS.
    """
    made = {one.id: posting(n, seed, began, kind="blueprint") for n, one in enumerate(templates)}
    for name in list(made)[-1:]:
        made[name] = with_changes(made[name], {"ats_metadata": ATS_METADATA})
    return made


#: The `ats_metadata` of a posting from a job in an ATS.
ATS_METADATA: Final[Mapping[str, Any]] = {
    "source": "job_sync",
    "ats_name": "bullhorn",
    "ats_job_id": "JOB-12345",
    "pending_activation": True,
}


def questions_of(
    posting_id: str, steps: Iterable[Mapping[str, Any]], seed: int, created_at: float
) -> list[Item]:
    """
    Return the default questions for the *steps* of a posting.
    """
    ranks: dict[str, int] = {}
    made: list[Item] = []
    for one in steps:
        for modality, text in KINDS[one["type"]].questions:
            ranks[modality] = ranks.get(modality, 0) + 1
            word = digits(seed, posting_id, one["order"], modality, ranks[modality])
            made.append(
                item_class("QuestionResponse")(
                    id=word[:12],
                    posting_id=posting_id,
                    modality=modality,
                    text=text,
                    rank=ranks[modality],
                    score_weight=5 if modality in {"voice", "resume_scoring"} else None,
                    question_type=question_type(modality, {}),
                    created_at=created_at,
                    updated_at=created_at,
                )
            )
    return made


def question_type(modality: str, members: Mapping[str, Any]) -> str | None:
    """
    Return the type that the server infers for a question.
    """
    if modality == "sms":
        return "NUMERIC" if members.get("expected_value") is not None else "YES_NO"
    if modality == "form":
        kinds = {"dropdown_values": "dropdown", "file_types": "file_upload", "slider_min": "slider"}
        return next((kinds[name] for name in kinds if members.get(name) is not None), "textarea")
    return "open-ended" if modality == "voice" else None


def webhooks(postings: Iterable[Item], seed: int, began: float) -> list[Item]:
    """
    Return a webhook of each of the first three *postings*.
    """
    return [
        item_class("WebhookResponse")(
            webhook_id=digits(seed, "webhook", n),
            posting_id=one.id,
            webhook_url=f"https://example.com/hooks/{n + 1}",
            event_type=_EVENTS[n],
            is_active=True,
            created_at=began - _DAY,
            updated_at=began - _DAY,
        )
        for n, one in enumerate(list(postings)[: len(_EVENTS)])
    ]
