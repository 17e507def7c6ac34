"""
The API's resources, one module each: models, operations, and both faces of a group.

This file is written by `python scripts/index.py`. A group is imported when it is first used, so
that an import costs the same however many there are.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from .._core.codec import finders
from .._core.model import Model, resolve
from ._collection import Mounted

if TYPE_CHECKING:
    from ._interview_integrity import (
        CheatDetection,
        CheatingInstance,
        CheatTranscriptReference,
        GPTZeroMetrics,
        IntegrityAggregated,
        IntegrityMovementEvent,
        InterviewIntegrityResult,
        LLMDetectedSegment,
        LLMDetectionResult,
        ResumeCheat,
        ResumeGptDetectionResult,
        TranscriptCheatResult,
        UnusualDelayResult,
        WebInterviewCheat,
    )
    from ._interview_results import (
        FormQuestionResult,
        FormResult,
        ResumeEligibilityCriterion,
        ResumeResult,
        ResumeScoreCriterion,
        ScorecardQuestion,
        SMSCriterionResult,
        SMSMessage,
        SMSResult,
        TranscriptEntry,
        WebInterviewResult,
    )
    from .ats import (
        AsyncAts,
        Ats,
        ATSCandidate,
        AtsConnection,
        CandidateMatch,
        PushReceipt,
        PushStatus,
        ResolveCandidate,
    )
    from .candidates import (
        AgentFormSummary,
        AgentResumeSummary,
        AgentSMSSummary,
        AgentSummary,
        AgentWebInterviewSummary,
        AsyncCandidates,
        BulkCandidateReceipt,
        Candidate,
        CandidateReceipt,
        Candidates,
        CandidateWorkflow,
        Ingestion,
        NewCandidate,
        WorkflowStepStatus,
    )
    from .interviews import (
        AsyncInterviews,
        InterviewData,
        InterviewMetadata,
        Interviews,
    )
    from .phone_numbers import (
        AsyncPhoneNumbers,
        PhoneNumber,
        PhoneNumbers,
    )

__all__ = [
    "ATSCandidate",
    "AgentFormSummary",
    "AgentResumeSummary",
    "AgentSMSSummary",
    "AgentSummary",
    "AgentWebInterviewSummary",
    "AsyncAts",
    "AsyncCandidates",
    "AsyncInterviews",
    "AsyncPhoneNumbers",
    "Ats",
    "AtsConnection",
    "BulkCandidateReceipt",
    "Candidate",
    "CandidateMatch",
    "CandidateReceipt",
    "CandidateWorkflow",
    "Candidates",
    "CheatDetection",
    "CheatTranscriptReference",
    "CheatingInstance",
    "FormQuestionResult",
    "FormResult",
    "GPTZeroMetrics",
    "Ingestion",
    "IntegrityAggregated",
    "IntegrityMovementEvent",
    "InterviewData",
    "InterviewIntegrityResult",
    "InterviewMetadata",
    "Interviews",
    "LLMDetectedSegment",
    "LLMDetectionResult",
    "NewCandidate",
    "PhoneNumber",
    "PhoneNumbers",
    "PushReceipt",
    "PushStatus",
    "ResolveCandidate",
    "ResumeCheat",
    "ResumeEligibilityCriterion",
    "ResumeGptDetectionResult",
    "ResumeResult",
    "ResumeScoreCriterion",
    "SMSCriterionResult",
    "SMSMessage",
    "SMSResult",
    "ScorecardQuestion",
    "TranscriptCheatResult",
    "TranscriptEntry",
    "UnusualDelayResult",
    "WebInterviewCheat",
    "WebInterviewResult",
    "WorkflowStepStatus",
]

#: Every public class of a resource, and the module that it is in.
EXPORTS: Final[Mapping[str, str]] = {
    "CheatDetection": "_interview_integrity",
    "CheatingInstance": "_interview_integrity",
    "CheatTranscriptReference": "_interview_integrity",
    "GPTZeroMetrics": "_interview_integrity",
    "IntegrityAggregated": "_interview_integrity",
    "IntegrityMovementEvent": "_interview_integrity",
    "InterviewIntegrityResult": "_interview_integrity",
    "LLMDetectedSegment": "_interview_integrity",
    "LLMDetectionResult": "_interview_integrity",
    "ResumeCheat": "_interview_integrity",
    "ResumeGptDetectionResult": "_interview_integrity",
    "TranscriptCheatResult": "_interview_integrity",
    "UnusualDelayResult": "_interview_integrity",
    "WebInterviewCheat": "_interview_integrity",
    "FormQuestionResult": "_interview_results",
    "FormResult": "_interview_results",
    "ResumeEligibilityCriterion": "_interview_results",
    "ResumeResult": "_interview_results",
    "ResumeScoreCriterion": "_interview_results",
    "ScorecardQuestion": "_interview_results",
    "SMSCriterionResult": "_interview_results",
    "SMSMessage": "_interview_results",
    "SMSResult": "_interview_results",
    "TranscriptEntry": "_interview_results",
    "WebInterviewResult": "_interview_results",
    "AsyncAts": "ats",
    "Ats": "ats",
    "ATSCandidate": "ats",
    "AtsConnection": "ats",
    "CandidateMatch": "ats",
    "PushReceipt": "ats",
    "PushStatus": "ats",
    "ResolveCandidate": "ats",
    "AgentFormSummary": "candidates",
    "AgentResumeSummary": "candidates",
    "AgentSMSSummary": "candidates",
    "AgentSummary": "candidates",
    "AgentWebInterviewSummary": "candidates",
    "AsyncCandidates": "candidates",
    "BulkCandidateReceipt": "candidates",
    "Candidate": "candidates",
    "CandidateReceipt": "candidates",
    "Candidates": "candidates",
    "CandidateWorkflow": "candidates",
    "Ingestion": "candidates",
    "NewCandidate": "candidates",
    "WorkflowStepStatus": "candidates",
    "AsyncInterviews": "interviews",
    "InterviewData": "interviews",
    "InterviewMetadata": "interviews",
    "Interviews": "interviews",
    "AsyncPhoneNumbers": "phone_numbers",
    "PhoneNumber": "phone_numbers",
    "PhoneNumbers": "phone_numbers",
}

#: What `object` says of the items of a list, and the model of these.
_BY_OBJECT: Final[Mapping[str, str]] = {
    "candidate": "Candidate",
    "phone_number": "PhoneNumber",
}


class AsyncResources:
    """
    The resources of an `AsyncHeyMilo`.
    """

    ats: Final = Mounted["AsyncAts"]("AsyncAts")
    candidates: Final = Mounted["AsyncCandidates"]("AsyncCandidates")
    interviews: Final = Mounted["AsyncInterviews"]("AsyncInterviews")
    phone_numbers: Final = Mounted["AsyncPhoneNumbers"]("AsyncPhoneNumbers")


class Resources:
    """
    The resources of a `HeyMilo`.
    """

    ats: Final = Mounted["Ats"]("Ats")
    candidates: Final = Mounted["Candidates"]("Candidates")
    interviews: Final = Mounted["Interviews"]("Interviews")
    phone_numbers: Final = Mounted["PhoneNumbers"]("PhoneNumbers")


def load(name: str) -> Any:
    """
    Return the class of the public *name*, and import its module if nobody has yet.
    """
    module = importlib.import_module(f".{EXPORTS[name]}", __name__)
    # And all that came with it: a group may have models in common with another.
    for exported, where in EXPORTS.items():
        kind = getattr(sys.modules.get(f"{__name__}.{where}"), exported, None)
        if kind is not None:
            _publish(kind)
    return getattr(module, name)


def _publish(kind: type) -> None:
    """
    Give *kind* the module that shows it, where a pickle and a traceback look for it.
    """
    package = __name__.rpartition(".")[0]
    if kind.__module__ != package:
        # Resolved where their names are: `typing.get_type_hints` looks in `__module__`.
        resolve(kind)
        kind.__module__ = package


def _model_named(word: str) -> type[Model] | None:
    name = _BY_OBJECT.get(word)
    return load(name) if name is not None else None


def __getattr__(name: str) -> Any:
    if name in EXPORTS:
        return load(name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted({*vars(sys.modules[__name__]), *__all__})


finders.append(_model_named)
