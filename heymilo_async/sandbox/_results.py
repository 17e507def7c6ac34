"""
Generates an interview's results: one for each completed step, and the cheat detection.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ._hiring import Journey, Stage
from ._items import Item
from ._workflows import KINDS


def results(
    journey: Journey,
    *,
    interview_id: str,
    posting: Item,
    questions: Sequence[Item],
    seed: int,
    now: float,
) -> dict[str, Any]:
    """
    Return the results in the contract's `InterviewDataResponse` at the time *now*.
    """
    found: dict[str, Any] = {}
    for stage in journey.stages:
        if stage.ended_at <= now:
            name = KINDS[stage.kind].result
            chance = random.Random(f"{seed}:{interview_id}:{name}")  # noqa: S311 - reproducible
            found[name] = _RESULTS[name](journey, stage, interview_id, questions, chance)
    if "web_interview" in found and _detects_cheating(posting):
        found["cheat_detection"] = _cheating(journey)
    return found


def _detects_cheating(posting: Item) -> bool:
    return any(
        (step["config"].get("cheat_detection_config") or {}).get("enabled")
        for step in posting["workflow"]
    )


def _of_modality(questions: Sequence[Item], modality: str) -> list[Item]:
    found = [one for one in questions if one["modality"] == modality]
    return sorted(found, key=lambda one: one["rank"])


def _web_interview(
    journey: Journey,
    _stage: Stage,
    interview_id: str,
    questions: Sequence[Item],
    chance: random.Random,
) -> dict[str, Any]:
    transcript: list[dict[str, Any]] = []
    scorecard: list[dict[str, Any]] = []
    at = 0.0
    for rank, one in enumerate(_of_modality(questions, "voice"), 1):
        part = []
        for speaker, text in (("Interviewer", one["text"]), ("Candidate", "Let me think of one.")):
            part.append(
                {
                    "speaker": speaker,
                    "text": text,
                    "timestamp": round(at, 1),
                    "timestamp_str": f"{int(at) // 60:02}:{int(at) % 60:02}",
                }
            )
            at += chance.uniform(5, 40)
        transcript += part
        scorecard.append(
            {
                "question_id": one["id"],
                "question_text": one["text"],
                "score": chance.randint(1, 10),
                "score_weight": one["score_weight"] or 5,
                "evaluation_summary": "An answer with an example.",
                "evaluation_criteria": one["evaluation_criteria"] or "Gives an example.",
                "score_1_description": one["score_of_1"],
                "score_5_description": one["score_of_5"],
                "not_scored": bool(one["not_scored"]),
                "rank": rank,
                "transcript": part,
            }
        )
    link = f"https://recordings.example.com/{interview_id}/web_interview?signature=sandbox"
    return {
        "interview_id": interview_id,
        "match_score": round(journey.score),
        "highlights": ["Gives examples from own work."],
        "lowlights": ["Is brief about results."],
        "scorecard": scorecard,
        "speech_score": round(chance.uniform(2, 5), 1),
        "transcript": transcript,
        "audio_recording_url": f"{link}&kind=audio",
        "video_recording_url": f"{link}&kind=video",
        "tags": [one["text"] for one in _of_modality(questions, "voice_tags")],
    }


def _resume(
    journey: Journey,
    stage: Stage,
    interview_id: str,
    questions: Sequence[Item],
    chance: random.Random,
) -> dict[str, Any]:
    def criterion(one: Item) -> dict[str, Any]:
        return {
            "criteria_id": one["id"],
            "criteria_text": one["text"],
            "confidence": round(chance.uniform(0.6, 1), 2),
            "reasons": ["Stated in the resume."],
        }

    return {
        "interview_id": interview_id,
        "overall_score": journey.score,
        "is_eligible": not stage.knocked_out,
        "score_criteria": [
            {**criterion(one), "score": round(chance.uniform(2, 10), 1)}
            for one in _of_modality(questions, "resume_scoring")
        ],
        "eligibility_criteria": [
            {**criterion(one), "passed": not stage.knocked_out}
            for one in _of_modality(questions, "resume_eligibility")
        ],
        "resume_url": f"https://recordings.example.com/{interview_id}/resume?signature=sandbox",
    }


def _sms(
    _journey: Journey,
    stage: Stage,
    interview_id: str,
    questions: Sequence[Item],
    chance: random.Random,
) -> dict[str, Any]:
    transcript: list[dict[str, Any]] = []
    criteria: list[dict[str, Any]] = []
    for n, one in enumerate(_of_modality(questions, "sms")):
        at = stage.began_at + 60.0 * n
        transcript += [
            {"role": "agent", "text": one["text"], "timestamp": round(at, 2)},
            {"role": "candidate", "text": "Yes", "timestamp": round(at + 30, 2)},
        ]
        criteria.append(
            {
                "criteria_id": one["id"],
                "criteria_text": one["text"],
                "passed": not stage.knocked_out,
                "confidence": round(chance.uniform(0.6, 1), 2),
                "is_dealbreaker": bool(one["is_dealbreaker"]),
                "reasons": ["Said so."],
            }
        )
    return {
        "interview_id": interview_id,
        "is_eligible": not stage.knocked_out,
        "confidence": round(chance.uniform(0.6, 1), 2),
        "criteria": criteria,
        "transcript": transcript,
        "messages_sent": len(criteria),
        "messages_received": len(criteria),
    }


def _form(
    _journey: Journey,
    stage: Stage,
    interview_id: str,
    questions: Sequence[Item],
    _chance: random.Random,
) -> dict[str, Any]:
    return {
        "interview_id": interview_id,
        "overall_status": "failed" if stage.knocked_out else "passed",
        "questions": [
            {
                "question_id": one["id"],
                "question_text": one["text"],
                # The result has a hyphen where the question has an underscore.
                "question_type": (one["question_type"] or "textarea").replace("_", "-"),
                "is_knockout": bool(one["is_knockout"]),
                "passed": not stage.knocked_out,
                "candidate_answer": "Yes",
                "expected_answer": None,
            }
            for one in _of_modality(questions, "form")
        ],
    }


def _cheating(journey: Journey) -> dict[str, Any]:
    switched = journey.score < 40
    return {
        "overall_confidence": 0.8 if switched else 0.1,
        "overall_ranking": 3 if switched else 1,
        "enabled": True,
        "threshold": 60,
        "types": ["tab_switching"],
        "web_interview": {
            "cheat_detection_result": {
                "cheating_detected": switched,
                "cheating_confidence": 0.8 if switched else 0.1,
                "cheating_instances": [],
            },
            "tab_switch_detection": {
                "total_count": 1 if switched else 0,
                "events": [{"timestamp": 42.5}] if switched else [],
                "first_switch_timestamp": 42.5 if switched else None,
            },
        },
    }


_RESULTS: Final[Mapping[str, Callable[..., dict[str, Any]]]] = {
    "web_interview": _web_interview,
    "resume": _resume,
    "sms": _sms,
    "form": _form,
}
