"""
The Python client for the HeyMilo Public API: asyncio, trio and blocking from one implementation.

How to read this package. Imports run one way only, from the bottom of this list to its top:

    __init__            the public names
    _client             AsyncHeyMilo and HeyMilo: settings in, resources out, open and close
    resources/          one module a group: models, operations, both faces; loaded when first used
    pages               a page, and walking from page to page
    _engine             one call: acquire a permit, attempt, decide, repeat
    _pool               the state of each event loop, which the views of one client share
    _http/              the border to httpx: transports, connections, sockets, bodies, errors, proxies
    _ratelimit/         when the next request may start: windows, cool-downs, a limit in Redis
    _core/              values and decisions, nothing that waits: settings, secrets, messages, codec
    errors, events      the tree of exceptions; what listeners are told (and `otel`, made of them)
    _mapping            frozen mappings and headers

A request reads straight down: the resource makes a `Call`, `Engine.respond` makes attempts,
`Transport.send` crosses the border and returns a `Response`, the codec makes a model of it.
"""

# The names of resources come by a star, and only to type checkers.
# ruff: noqa: F405

import sys
from typing import TYPE_CHECKING, Any

import attrs

from . import resources
from ._client import AsyncHeyMilo, HeyMilo
from ._core.arguments import NOT_GIVEN, NotGiven
from ._core.codec import from_dict, to_dict, to_json
from ._core.messages import APIResponse, Audio
from ._core.model import Model, resolve
from ._core.settings import RateLimit, RetryPolicy
from ._mapping import Headers
from ._ratelimit.window import RateLimitStatus
from ._version import __version__
from .errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    Attempt,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ConfigurationError,
    ConflictError,
    DeadlineExceededError,
    ErrorBody,
    ErrorDetail,
    EventLoopError,
    HeyMiloError,
    InvalidRequestError,
    NotFoundError,
    OperationFailedError,
    PaginationError,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    ResponseMismatchError,
    ResponseTooLargeError,
    ServerError,
    UnexpectedRedirectError,
    UnprocessableEntityError,
    ValidationIssue,
)
from .pages import AsyncPager, AsyncPrefetch, Page, Pager, PaginationMeta, Prefetch

__all__ = [
    "NOT_GIVEN",
    "APIConnectionError",
    "APIResponse",
    "APIStatusError",
    "APITimeoutError",
    "AsyncHeyMilo",
    "AsyncPager",
    "AsyncPrefetch",
    "Attempt",
    "Audio",
    "AuthenticationError",
    "BadRequestError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "DeadlineExceededError",
    "ErrorBody",
    "ErrorDetail",
    "EventLoopError",
    "Headers",
    "HeyMilo",
    "HeyMiloError",
    "InvalidRequestError",
    "Model",
    "NotFoundError",
    "NotGiven",
    "OperationFailedError",
    "Page",
    "Pager",
    "PaginationError",
    "PaginationMeta",
    "PermissionDeniedError",
    "Prefetch",
    "RateLimit",
    "RateLimitError",
    "RateLimitStatus",
    "ResponseDecodeError",
    "ResponseMismatchError",
    "ResponseTooLargeError",
    "RetryPolicy",
    "ServerError",
    "UnexpectedRedirectError",
    "UnprocessableEntityError",
    "ValidationIssue",
    "__version__",
    "from_dict",
    "to_dict",
    "to_json",
]

# Written by `python scripts/index.py`.
__all__ += [
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

if TYPE_CHECKING:
    from .resources import *  # noqa: F403 - the index has them all
else:

    def __getattr__(name: str) -> Any:
        if name in resources.EXPORTS:
            # From now on it is found without this function.
            return globals().setdefault(name, resources.load(name))
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[__name__]), *__all__})


# A traceback and a pickle name what a user would import.
for _name in __all__:
    _value = globals().get(_name)
    if isinstance(_value, type) and (issubclass(_value, HeyMiloError) or attrs.has(_value)):
        resolve(_value, sys.modules[_value.__module__])
        if issubclass(_value, HeyMiloError | Model):
            _value.__module__ = __name__
