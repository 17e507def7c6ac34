"""
The resources of the clients: one attribute for each group.

This file is written by `python scripts/index.py`.
"""
# ruff: noqa: F401 - the imports are for the types in brackets

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._core.codec import finders
from . import model_named
from ._collection import LazyResource

if TYPE_CHECKING:
    from .ats import AsyncAts, Ats
    from .candidates import AsyncCandidates, Candidates
    from .design_template_groups import AsyncDesignTemplateGroups, DesignTemplateGroups
    from .design_templates import AsyncDesignTemplates, DesignTemplates
    from .domains import AsyncDomains, Domains
    from .email_template_groups import AsyncEmailTemplateGroups, EmailTemplateGroups
    from .email_templates import AsyncEmailTemplates, EmailTemplates
    from .health import AsyncHealth, Health
    from .interview_templates import AsyncInterviewTemplates, InterviewTemplates
    from .interviews import AsyncInterviews, Interviews
    from .phone_numbers import AsyncPhoneNumbers, PhoneNumbers
    from .postings import AsyncPostings, Postings
    from .questions import AsyncQuestions, Questions
    from .schemas import AsyncSchemas, Schemas
    from .sender_emails import AsyncSenderEmails, SenderEmails
    from .voices import AsyncVoices, Voices
    from .webhooks import AsyncWebhooks, Webhooks
    from .workspaces import AsyncWorkspaces, Workspaces


class AsyncResources:
    """
    The resources of an `AsyncHeyMilo`.
    """

    ats: Final = LazyResource["AsyncAts"]("AsyncAts")
    candidates: Final = LazyResource["AsyncCandidates"]("AsyncCandidates")
    design_template_groups: Final = LazyResource["AsyncDesignTemplateGroups"](
        "AsyncDesignTemplateGroups"
    )
    design_templates: Final = LazyResource["AsyncDesignTemplates"]("AsyncDesignTemplates")
    domains: Final = LazyResource["AsyncDomains"]("AsyncDomains")
    email_template_groups: Final = LazyResource["AsyncEmailTemplateGroups"](
        "AsyncEmailTemplateGroups"
    )
    email_templates: Final = LazyResource["AsyncEmailTemplates"]("AsyncEmailTemplates")
    health: Final = LazyResource["AsyncHealth"]("AsyncHealth")
    interview_templates: Final = LazyResource["AsyncInterviewTemplates"]("AsyncInterviewTemplates")
    interviews: Final = LazyResource["AsyncInterviews"]("AsyncInterviews")
    phone_numbers: Final = LazyResource["AsyncPhoneNumbers"]("AsyncPhoneNumbers")
    postings: Final = LazyResource["AsyncPostings"]("AsyncPostings")
    questions: Final = LazyResource["AsyncQuestions"]("AsyncQuestions")
    schemas: Final = LazyResource["AsyncSchemas"]("AsyncSchemas")
    sender_emails: Final = LazyResource["AsyncSenderEmails"]("AsyncSenderEmails")
    voices: Final = LazyResource["AsyncVoices"]("AsyncVoices")
    webhooks: Final = LazyResource["AsyncWebhooks"]("AsyncWebhooks")
    workspaces: Final = LazyResource["AsyncWorkspaces"]("AsyncWorkspaces")


class Resources:
    """
    The resources of a `HeyMilo`.
    """

    ats: Final = LazyResource["Ats"]("Ats")
    candidates: Final = LazyResource["Candidates"]("Candidates")
    design_template_groups: Final = LazyResource["DesignTemplateGroups"]("DesignTemplateGroups")
    design_templates: Final = LazyResource["DesignTemplates"]("DesignTemplates")
    domains: Final = LazyResource["Domains"]("Domains")
    email_template_groups: Final = LazyResource["EmailTemplateGroups"]("EmailTemplateGroups")
    email_templates: Final = LazyResource["EmailTemplates"]("EmailTemplates")
    health: Final = LazyResource["Health"]("Health")
    interview_templates: Final = LazyResource["InterviewTemplates"]("InterviewTemplates")
    interviews: Final = LazyResource["Interviews"]("Interviews")
    phone_numbers: Final = LazyResource["PhoneNumbers"]("PhoneNumbers")
    postings: Final = LazyResource["Postings"]("Postings")
    questions: Final = LazyResource["Questions"]("Questions")
    schemas: Final = LazyResource["Schemas"]("Schemas")
    sender_emails: Final = LazyResource["SenderEmails"]("SenderEmails")
    voices: Final = LazyResource["Voices"]("Voices")
    webhooks: Final = LazyResource["Webhooks"]("Webhooks")
    workspaces: Final = LazyResource["Workspaces"]("Workspaces")


finders.append(model_named)
