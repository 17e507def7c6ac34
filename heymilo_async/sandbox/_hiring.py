"""
Simulates hiring: the time of each step of a candidate, and the progress at a given time.

The functions are pure. A journey depends on seed, interview and workflow; its progress also depends
on the time.
"""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import attrs

from ._items import Item, item_class, members_of, unchecked_item
from ._plausible import digits
from ._store import Store
from ._workflows import KINDS

_HOUR: Final = 3600.0
_NEVER: Final = math.inf
_DAYS_BEFORE: Final = 14

# Probabilities.
_NEVER_BEGINS: Final = 0.15
_GIVES_UP: Final = 0.05
_KNOCKED_OUT: Final = 0.12
_DECIDED: Final = 0.5

_FIRST_NAMES: Final = (
    *("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gina", "Hugo", "Ines", "Jon"),
    *("Kira", "Liam", "Mona", "Nils", "Olga", "Paul", "Rita", "Sven", "Tara", "Uwe"),
)
_LAST_NAMES: Final = ("Example", "Sample", "Specimen")


@attrs.frozen(kw_only=True)
class Stage:
    """
    One step of a candidate's workflow, with its times; infinity means never.
    """

    step_id: str
    kind: str
    order: int
    began_at: float
    ended_at: float
    knocked_out: bool

    def status(self, now: float) -> str:
        """
        Return the contract's status of the step.
        """
        if now < self.began_at:
            return "not_started"
        if now < self.ended_at:
            return "in_progress"
        return "knocked_out" if self.knocked_out else "completed"


@attrs.frozen(kw_only=True)
class Journey:
    """
    A candidate's path through a workflow.

    Attributes:
        evaluated_at: When the score is available.
        score: The score, 0 to 100.
        decision: The recruiter's decision: `shortlisted` or `dismissed`.
        decided_at: When the recruiter decides.
    """

    stages: Sequence[Stage]
    evaluated_at: float
    score: float
    decision: str
    decided_at: float

    def status(self, now: float) -> str:
        """
        Return the contract's status of the candidate.
        """
        words = [stage.status(now) for stage in self.stages]
        if "knocked_out" in words:
            return "knocked_out"
        if all(word == "not_started" for word in words):
            return "pending"
        if any(word != "completed" for word in words):
            return "in_progress"
        if now < self.evaluated_at:
            return "evaluating"
        return "completed" if now < self.decided_at else self.decision

    def completed_at(self, now: float) -> float | None:
        """
        Return when the last step was completed, None if it is not.
        """
        last = self.stages[-1] if self.stages else None
        done = last is not None and last.status(now) == "completed"
        return last.ended_at if last is not None and done else None


def make_journey(
    seed: int, interview_id: str, steps: Sequence[Mapping[str, Any]], invited_at: float
) -> Journey:
    """
    Return the journey of an interview through *steps*, from its invitation on.
    """
    chance = random.Random(f"{seed}:{interview_id}")  # noqa: S311 - must be reproducible
    at = invited_at + chance.uniform(1, 72) * _HOUR
    if chance.random() < _NEVER_BEGINS:
        at = _NEVER
    stages: list[Stage] = []
    for step in steps:
        began_at, at = at, at + chance.uniform(0.1, 1.0) * _HOUR
        if chance.random() < _GIVES_UP:
            at = _NEVER
        may_fail = bool(step["config"].get("knockout_enabled"))
        knocked_out = chance.random() < _KNOCKED_OUT and may_fail
        stages.append(
            Stage(
                step_id=step["id"],
                kind=step["type"],
                order=step["order"],
                began_at=began_at,
                ended_at=at,
                knocked_out=knocked_out,
            )
        )
        at = _NEVER if knocked_out else at + chance.uniform(0.2, 24) * _HOUR
    evaluated_at = (stages[-1].ended_at if stages else _NEVER) + chance.uniform(0.1, 2) * _HOUR
    is_decided = chance.random() < _DECIDED
    score = round(chance.triangular(20, 100, 75), 1)
    return Journey(
        stages=stages,
        evaluated_at=evaluated_at,
        score=score,
        decision="shortlisted" if score >= 70 else "dismissed",
        decided_at=evaluated_at + (chance.uniform(1, 72) * _HOUR if is_decided else _NEVER),
    )


def progress(journey: Journey, now: float) -> dict[str, Any]:
    """
    Return the contract's `CandidateWorkflow` for *journey* at the time *now*.
    """
    steps: list[dict[str, Any]] = []
    moments: list[float] = []
    for stage in journey.stages:
        word = stage.status(now)
        moved = [at for at in (stage.began_at, stage.ended_at) if at <= now]
        moments += moved
        steps.append(
            {
                "step_id": stage.step_id,
                "order": stage.order,
                "status": word,
                "started": word != "not_started",
                "completed": word == "completed",
                "knocked_out": word == "knocked_out",
                "last_updated_at": max(moved, default=None),
            }
        )
    return {
        "steps": steps,
        "all_complete": journey.completed_at(now) is not None,
        "last_activity_at": max(moments, default=None),
    }


def scored(journey: Journey, now: float) -> float | None:
    """
    Return the candidate's score, None if there is none yet.
    """
    return journey.score if now >= journey.evaluated_at else None


def summary(journey: Journey, interview_id: str, now: float) -> dict[str, Any]:
    """
    Return the contract's `AgentSummary`, with an entry for each completed step.
    """
    found: dict[str, Any] = {}
    for stage in journey.stages:
        if stage.ended_at > now:
            continue
        name, passed = KINDS[stage.kind].result, not stage.knocked_out
        link = f"https://recordings.example.com/{interview_id}/{name}?signature=sandbox"
        entries: dict[str, dict[str, Any]] = {
            "resume": {
                "resume_score": round(1 + journey.score / 25, 1),
                "is_eligible": passed,
                "resume_link": link,
            },
            "web_interview": {
                "score": journey.score,
                "highlights": ["Gives examples from own work."],
                "audio_recording_link": link,
                "video_recording_link": None,
            },
            "sms": {"is_eligible": passed, "messages_sent": 4},
            "form": {
                "is_complete": True,
                "is_eligible": passed,
                "questions_answered": 2,
                "total_questions": 2,
            },
        }
        found[name] = entries[name]
    return found


class Applicant(Item):
    """
    The constant data of a candidate; the other fields depend on the journey.
    """

    __slots__ = ()

    schema: ClassVar[str] = "CandidateResponse"
    key: ClassVar[str] = "interview_id"

    def __init__(self, **members: Any) -> None:
        self._set_members(copy.deepcopy(members))


class Applicants(Store[Item]):
    """
    The candidates, with the progress of the current time.
    """

    def __init__(
        self,
        items: Sequence[Applicant],
        *,
        seed: int,
        now: Callable[[], float],
        steps_of: Callable[[str], Sequence[Mapping[str, Any]]],
    ) -> None:
        super().__init__(items)
        self._seed = seed
        self._now = now
        self._steps_of = steps_of

    def kept(self) -> tuple[Item, ...]:
        """
        Return the constant data of all candidates.
        """
        with self._lock:
            return tuple(self._items.values())

    def journey(self, candidate: Mapping[str, Any]) -> Journey:
        """
        Return the journey of *candidate*.
        """
        steps = self._steps_of(candidate["posting_id"])
        return make_journey(self._seed, candidate["interview_id"], steps, candidate["created_at"])

    def _current_form(self, item: Item) -> Item:
        now, journey = self._now(), self.journey(item)
        status = journey.status(now)
        return unchecked_item(
            item_class("CandidateResponse"),
            {
                "score": scored(journey, now),
                "status": status,
                "workflow": progress(journey, now),
                "agent_summary": summary(journey, item["interview_id"], now),
                "shortlisted": status == "shortlisted",
                "dismissed": status == "dismissed",
                "interviewed_at": journey.completed_at(now),
                **members_of(item),
            },
        )


def applicant(
    interview_id: str, posting_id: str, created_at: float, given: Mapping[str, Any]
) -> Applicant:
    """
    Return the candidate for the *given* body of an ingestion.
    """
    # A person has one candidate id in the workspace, for all postings.
    person = digits("candidate", str(given["email"]).casefold())
    return Applicant(
        interview_id=interview_id,
        candidate_id=f"cand_{person[:8].lower()}",
        posting_id=posting_id,
        name=given["name"],
        email=given["email"],
        interview_url=f"https://candidates.example.com/i/{interview_id}?token=sandbox{person[:16]}",
        metadata=given.get("metadata"),
        data=given.get("data"),
        created_at=created_at,
    )


def seed_applicants(
    count: int, postings: Sequence[Item], seed: int, began: float
) -> list[Applicant]:
    """
    Return *count* candidates of all postings, invited within the two weeks before *began*.
    """
    made: list[Applicant] = []
    for n in range(count):
        first = _FIRST_NAMES[n % len(_FIRST_NAMES)]
        last = _LAST_NAMES[n % len(_LAST_NAMES)]
        given = {
            "name": f"{first} {last}",
            "email": f"{first}.{last}.{n + 1}@example.com".lower(),
            "metadata": {"source": "sandbox", "row": str(n + 1)},
        }
        invited_at = began - _DAYS_BEFORE * 24 * _HOUR * (count - n) / count
        word = digits(seed, "interview", n)
        made.append(
            applicant(word[:16], postings[n % len(postings)].id, round(invited_at, 3), given)
        )
    return made
