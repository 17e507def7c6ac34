"""
The Python client for the HeyMilo Public API: asyncio, trio and blocking from one implementation.

How to read this package: a module imports only from modules below it in this list.

    __init__, _public   the public names, loaded on first use
    _client             AsyncHeyMilo and HeyMilo: settings, resources, opening and closing
    resources/          models, operations, async and blocking methods; loaded on first use
    pages               a page, and pagers that iterate over pages
    _engine             one call: acquire a permit, attempt, decide, repeat
    _pool               the state of each event loop, which the views of one client share
    _http/              all use of httpx: transports, pools, sockets, bodies, errors, proxies, compat
    _ratelimit/         when the next request may start: windows, cool-downs, a limit in Redis
    _core/              values and decisions without I/O: settings, secrets, messages, codec
    errors, events      the exceptions; the events for listeners (and `otel`, built from them)
    _values             read-only mappings, headers, records, and `NOT_GIVEN`

A call runs from top to bottom: a resource creates a `Call`, `Engine.respond` makes attempts,
`Transport.send` sends it through httpx and returns a `Response`, the codec creates the model.
"""

# Star imports give the names of resources to type checkers only.
# ruff: noqa: F405

import importlib
import sys
from typing import TYPE_CHECKING, Any

from ._distribution import __version__

if TYPE_CHECKING:
    from ._public import *  # noqa: F403 - `_public` has them all
    from .resources import *  # noqa: F403 - the index has them all

    # Written by `python scripts/index.py`.
    __all__ = [
        "NOT_GIVEN",
        "APIConnectionError",
        "APIResponse",
        "APIStatusError",
        "APITimeoutError",
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
        "AsyncHeyMilo",
        "AsyncInterviewTemplates",
        "AsyncInterviews",
        "AsyncPage",
        "AsyncPager",
        "AsyncPhoneNumbers",
        "AsyncPostings",
        "AsyncPrefetch",
        "AsyncQuestions",
        "AsyncSchemas",
        "AsyncSenderEmails",
        "AsyncVoices",
        "AsyncWebhooks",
        "AsyncWorkspaces",
        "Ats",
        "AtsConnection",
        "Attempt",
        "Audio",
        "AuthenticationError",
        "BadRequestError",
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
        "ClientClosedError",
        "ConfigurationError",
        "ConflictError",
        "ConversationalSMSConfig",
        "ConversationalSMSStep",
        "DeadlineExceededError",
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
        "ErrorBody",
        "ErrorDetail",
        "EventLoopError",
        "FormConfig",
        "FormQuestionResult",
        "FormResult",
        "FormStep",
        "GPTZeroMetrics",
        "Headers",
        "Health",
        "HeyMilo",
        "HeyMiloError",
        "Ingestion",
        "IntegrityAggregated",
        "IntegrityMovementEvent",
        "InterviewData",
        "InterviewIntegrityResult",
        "InterviewMetadata",
        "InterviewTemplate",
        "InterviewTemplates",
        "Interviews",
        "InvalidRequestError",
        "LLMDetectedSegment",
        "LLMDetectionResult",
        "Model",
        "NewCandidate",
        "NewQuestion",
        "NotFoundError",
        "NotGiven",
        "OperationFailedError",
        "Page",
        "Pager",
        "PaginationError",
        "PaginationMeta",
        "PermissionDeniedError",
        "PhoneNumber",
        "PhoneNumbers",
        "Posting",
        "PostingReceipt",
        "PostingStats",
        "PostingSummary",
        "PostingURLs",
        "Postings",
        "Prefetch",
        "PushReceipt",
        "PushStatus",
        "Question",
        "Questions",
        "RateLimit",
        "RateLimitError",
        "RateLimitStatus",
        "ResolveCandidate",
        "ResponseDecodeError",
        "ResponseMismatchError",
        "ResponseTooLargeError",
        "ResumeCheat",
        "ResumeConfig",
        "ResumeEligibilityCriterion",
        "ResumeGptDetectionResult",
        "ResumeResult",
        "ResumeScoreCriterion",
        "ResumeStep",
        "RetryPolicy",
        "SMSCriterionResult",
        "SMSMessage",
        "SMSResult",
        "Schemas",
        "ScorecardQuestion",
        "SenderEmail",
        "SenderEmails",
        "ServerError",
        "Timeouts",
        "TranscriptCheatResult",
        "TranscriptEntry",
        "UnexpectedRedirectError",
        "UnprocessableEntityError",
        "UnusualDelayResult",
        "ValidationIssue",
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
        "__version__",
        "from_dict",
        "to_dict",
        "to_json",
    ]
else:
    # Imported here and not above, because `heymilo --version` and shell completion import this
    # package, and do not need the client.
    def __getattr__(name: str) -> Any:
        # (Python calls this function before it imports a submodule of that name.)
        if name == "resources":
            # `from . import` would call this function again.
            return importlib.import_module(f"{__name__}.resources")
        if name == "__all__" or not name.startswith("_"):
            from . import _public, resources  # noqa: PLC0415 - see above

            if name == "__all__":
                return sorted(["__version__", *_public.__all__, *resources.__all__])
            if name in resources.EXPORTS:
                # From now on, Python finds the name without this function.
                return globals().setdefault(name, resources.load(name))
            if name in _public.__all__:
                return globals().setdefault(name, getattr(_public, name))
            if name in globals():
                # A submodule, such as `errors`, that was just imported.
                return globals()[name]
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[__name__]), *__getattr__("__all__")})
