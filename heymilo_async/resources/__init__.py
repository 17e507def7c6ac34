"""
The API's resources, one module each: models, operations, async and blocking methods.

`python scripts/index.py` writes this file. A resource's module is imported on first use, so
importing the package takes the same time for any number of resources.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

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
    from .design_template_groups import (
        AsyncDesignTemplateGroups,
        DesignTemplateGroup,
        DesignTemplateGroups,
    )
    from .design_templates import (
        AsyncDesignTemplates,
        DesignTemplate,
        DesignTemplates,
    )
    from .domains import (
        AsyncDomains,
        Domain,
        Domains,
    )
    from .email_template_groups import (
        AsyncEmailTemplateGroups,
        EmailTemplateGroup,
        EmailTemplateGroups,
    )
    from .email_templates import (
        AsyncEmailTemplates,
        BlackoutPeriod,
        EmailTemplate,
        EmailTemplates,
    )
    from .health import (
        AsyncHealth,
        Health,
    )
    from .interview_templates import (
        AsyncInterviewTemplates,
        InterviewTemplate,
        InterviewTemplates,
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
    from .postings import (
        AsyncPostings,
        ConversationalSMSConfig,
        ConversationalSMSStep,
        FormConfig,
        FormStep,
        Posting,
        PostingReceipt,
        Postings,
        PostingStats,
        PostingSummary,
        PostingURLs,
        ResumeConfig,
        ResumeStep,
        WebInterviewConfig,
        WebInterviewStep,
        WorkflowStep,
    )
    from .questions import (
        AsyncQuestions,
        NewQuestion,
        Question,
        Questions,
    )
    from .schemas import (
        AsyncSchemas,
        Schemas,
    )
    from .sender_emails import (
        AsyncSenderEmails,
        SenderEmail,
        SenderEmails,
    )
    from .voices import (
        AsyncVoices,
        Voice,
        Voices,
    )
    from .webhooks import (
        AsyncWebhooks,
        Webhook,
        Webhooks,
    )
    from .workspaces import (
        AsyncWorkspaces,
        Workspaces,
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
    "AsyncDesignTemplateGroups",
    "AsyncDesignTemplates",
    "AsyncDomains",
    "AsyncEmailTemplateGroups",
    "AsyncEmailTemplates",
    "AsyncHealth",
    "AsyncInterviewTemplates",
    "AsyncInterviews",
    "AsyncPhoneNumbers",
    "AsyncPostings",
    "AsyncQuestions",
    "AsyncSchemas",
    "AsyncSenderEmails",
    "AsyncVoices",
    "AsyncWebhooks",
    "AsyncWorkspaces",
    "Ats",
    "AtsConnection",
    "BlackoutPeriod",
    "BulkCandidateReceipt",
    "Candidate",
    "CandidateMatch",
    "CandidateReceipt",
    "CandidateWorkflow",
    "Candidates",
    "CheatDetection",
    "CheatTranscriptReference",
    "CheatingInstance",
    "ConversationalSMSConfig",
    "ConversationalSMSStep",
    "DesignTemplate",
    "DesignTemplateGroup",
    "DesignTemplateGroups",
    "DesignTemplates",
    "Domain",
    "Domains",
    "EmailTemplate",
    "EmailTemplateGroup",
    "EmailTemplateGroups",
    "EmailTemplates",
    "FormConfig",
    "FormQuestionResult",
    "FormResult",
    "FormStep",
    "GPTZeroMetrics",
    "Health",
    "Ingestion",
    "IntegrityAggregated",
    "IntegrityMovementEvent",
    "InterviewData",
    "InterviewIntegrityResult",
    "InterviewMetadata",
    "InterviewTemplate",
    "InterviewTemplates",
    "Interviews",
    "LLMDetectedSegment",
    "LLMDetectionResult",
    "NewCandidate",
    "NewQuestion",
    "PhoneNumber",
    "PhoneNumbers",
    "Posting",
    "PostingReceipt",
    "PostingStats",
    "PostingSummary",
    "PostingURLs",
    "Postings",
    "PushReceipt",
    "PushStatus",
    "Question",
    "Questions",
    "ResolveCandidate",
    "ResumeCheat",
    "ResumeConfig",
    "ResumeEligibilityCriterion",
    "ResumeGptDetectionResult",
    "ResumeResult",
    "ResumeScoreCriterion",
    "ResumeStep",
    "SMSCriterionResult",
    "SMSMessage",
    "SMSResult",
    "Schemas",
    "ScorecardQuestion",
    "SenderEmail",
    "SenderEmails",
    "TranscriptCheatResult",
    "TranscriptEntry",
    "UnusualDelayResult",
    "Voice",
    "Voices",
    "WebInterviewCheat",
    "WebInterviewConfig",
    "WebInterviewResult",
    "WebInterviewStep",
    "Webhook",
    "Webhooks",
    "WorkflowStep",
    "WorkflowStepStatus",
    "Workspaces",
]

#: Every public class of a resource, and its module.
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
    "AsyncDesignTemplateGroups": "design_template_groups",
    "DesignTemplateGroup": "design_template_groups",
    "DesignTemplateGroups": "design_template_groups",
    "AsyncDesignTemplates": "design_templates",
    "DesignTemplate": "design_templates",
    "DesignTemplates": "design_templates",
    "AsyncDomains": "domains",
    "Domain": "domains",
    "Domains": "domains",
    "AsyncEmailTemplateGroups": "email_template_groups",
    "EmailTemplateGroup": "email_template_groups",
    "EmailTemplateGroups": "email_template_groups",
    "AsyncEmailTemplates": "email_templates",
    "BlackoutPeriod": "email_templates",
    "EmailTemplate": "email_templates",
    "EmailTemplates": "email_templates",
    "AsyncHealth": "health",
    "Health": "health",
    "AsyncInterviewTemplates": "interview_templates",
    "InterviewTemplate": "interview_templates",
    "InterviewTemplates": "interview_templates",
    "AsyncInterviews": "interviews",
    "InterviewData": "interviews",
    "InterviewMetadata": "interviews",
    "Interviews": "interviews",
    "AsyncPhoneNumbers": "phone_numbers",
    "PhoneNumber": "phone_numbers",
    "PhoneNumbers": "phone_numbers",
    "AsyncPostings": "postings",
    "ConversationalSMSConfig": "postings",
    "ConversationalSMSStep": "postings",
    "FormConfig": "postings",
    "FormStep": "postings",
    "Posting": "postings",
    "PostingReceipt": "postings",
    "Postings": "postings",
    "PostingStats": "postings",
    "PostingSummary": "postings",
    "PostingURLs": "postings",
    "ResumeConfig": "postings",
    "ResumeStep": "postings",
    "WebInterviewConfig": "postings",
    "WebInterviewStep": "postings",
    "WorkflowStep": "postings",
    "AsyncQuestions": "questions",
    "NewQuestion": "questions",
    "Question": "questions",
    "Questions": "questions",
    "AsyncSchemas": "schemas",
    "Schemas": "schemas",
    "AsyncSenderEmails": "sender_emails",
    "SenderEmail": "sender_emails",
    "SenderEmails": "sender_emails",
    "AsyncVoices": "voices",
    "Voice": "voices",
    "Voices": "voices",
    "AsyncWebhooks": "webhooks",
    "Webhook": "webhooks",
    "Webhooks": "webhooks",
    "AsyncWorkspaces": "workspaces",
    "Workspaces": "workspaces",
}

#: A summary of each resource, by its attribute on a client.
SUMMARIES: Final[Mapping[str, str]] = {
    "ats": "Find people in an applicant tracking system, and push candidates to it.",
    "candidates": "List a posting's candidates and their progress, and invite more.",
    "design_template_groups": "The design templates of all pages of a posting.",
    "design_templates": "The design of the candidate pages.",
    "domains": "The custom domains of a workspace's candidate pages.",
    "email_template_groups": "The email templates that a posting uses.",
    "email_templates": "The texts of emails to candidates.",
    "health": "Whether the API answers.",
    "interview_templates": "Templates for new postings.",
    "interviews": "Their results, and the metadata that a workspace stores with each.",
    "phone_numbers": "The numbers that a workspace's voice and SMS agents use.",
    "postings": "The jobs that candidates interview for (HeyMilo also says interviewer).",
    "questions": "The questions of a posting's agents, and the criteria for the answers.",
    "schemas": "HeyMilo's types of agents and questions, and their settings.",
    "sender_emails": "The sender addresses of emails to candidates.",
    "voices": "The voices that an interviewer can have.",
    "webhooks": "The URLs that HeyMilo calls when something happens in a posting.",
    "workspaces": "The workspaces that a credential has access to.",
}

#: The model of a list's items, by the value of `object`.
_BY_OBJECT: Final[Mapping[str, str]] = {
    "candidate": "Candidate",
    "design_template_group": "DesignTemplateGroup",
    "design_template": "DesignTemplate",
    "domain": "Domain",
    "email_template_group": "EmailTemplateGroup",
    "email_template": "EmailTemplate",
    "interview_template": "InterviewTemplate",
    "phone_number": "PhoneNumber",
    "posting": "Posting",
    "posting_summary": "PostingSummary",
    "question": "Question",
    "sender_email": "SenderEmail",
    "voice": "Voice",
    "webhook": "Webhook",
}

#: The classes that are published, and whatever their modules import too.
_READY: Final[set[Any]] = set()


def load(name: str) -> Any:
    """
    Return the class of the public *name*, and import its module if necessary.
    """
    module = importlib.import_module(f".{EXPORTS[name]}", __name__)
    found = getattr(module, name)
    if found not in _READY:
        # Publish the modules that it imports, too: groups share models. Another thread may be
        # importing such a module; importing it again waits for that thread.
        for exported, where in EXPORTS.items():
            if f"{__name__}.{where}" in sys.modules:
                _publish(exported, importlib.import_module(f".{where}", __name__))
        _READY.add(found)
    return found


def _publish(name: str, module: ModuleType) -> None:
    """
    Set `__module__` of the class *name* to the public module, for pickles and tracebacks.
    """
    kind = getattr(module, name)
    if kind.__module__ == module.__name__:
        from .._core.model import resolve  # noqa: PLC0415 - the table alone needs no model

        resolve(kind, module)
        kind.__module__ = __name__.rpartition(".")[0]


def model_named(word: str) -> Any:
    """
    Return the model whose `object` is *word*, None if there is none.
    """
    name = _BY_OBJECT.get(word)
    return load(name) if name is not None else None


def __getattr__(name: str) -> Any:
    if name in EXPORTS:
        return load(name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted({*vars(sys.modules[__name__]), *__all__})
