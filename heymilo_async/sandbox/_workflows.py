"""
The four kinds of workflow steps, with their default settings and questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs


@attrs.frozen(kw_only=True)
class Kind:
    """
    A kind of step.

    Attributes:
        schema: The contract's schema of its config.
        id_prefix: The prefix of its id.
        result: The name of its result in the data of an interview.
        config: The default settings.
        questions: The modalities and texts of the default questions.
    """

    schema: str
    id_prefix: str
    result: str
    config: Mapping[str, Any]
    questions: tuple[tuple[str, str], ...]


KINDS: Final[Mapping[str, Kind]] = {
    "web_interview": Kind(
        schema="WebInterviewConfig",
        id_prefix="agent_vi",
        result="web_interview",
        config={
            "video": True,
            "interview_type": "general",
            "num_questions": 3,
            "cheat_detection_config": {
                "enabled": True,
                "threshold": 60,
                "types": ["tab_switching"],
            },
        },
        questions=(
            ("voice", "Tell me about a project that you are proud of."),
            ("voice", "How do you handle a disagreement in a team?"),
            ("voice", "What would you like to learn next?"),
            ("voice_tags", "Notice period"),
        ),
    ),
    "conversational_sms": Kind(
        schema="ConversationalSMSConfig",
        id_prefix="agent_sms",
        result="sms",
        config={"knockout_enabled": True, "num_questions": 2, "cooldown_period_hrs": 24},
        questions=(
            ("sms", "Can you start within a month?"),
            ("sms", "How many years have you done this kind of work?"),
        ),
    ),
    "resume": Kind(
        schema="ResumeConfig",
        id_prefix="agent_res",
        result="resume",
        config={"knockout_enabled": True, "mandatory": True},
        questions=(
            ("resume_eligibility", "Has a driving licence"),
            ("resume_scoring", "Depth of experience"),
            ("resume_scoring", "Clarity of writing"),
        ),
    ),
    "form": Kind(
        schema="FormConfig",
        id_prefix="agent_form",
        result="form",
        config={"knockout_enabled": True},
        questions=(
            ("form", "Are you allowed to work in this country?"),
            ("form", "Which shift do you prefer?"),
        ),
    ),
}


def step(kind: str, order: int, identity: str, config: Mapping[str, Any] | None) -> dict[str, Any]:
    """
    Return a step in the format of a posting's workflow.
    """
    return {
        "id": f"{KINDS[kind].id_prefix}_{identity}",
        "type": kind,
        "order": order,
        "config": {**KINDS[kind].config, **(config or {})},
    }
