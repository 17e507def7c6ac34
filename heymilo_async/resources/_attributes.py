"""
What the clients have of the resources: an attribute for each group.

This file is written by `python scripts/index.py`.
"""
# ruff: noqa: F401 - the imports are for the types in brackets

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._core.codec import finders
from . import model_named
from ._collection import Mounted

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

    ats: Final = Mounted["AsyncAts"]("AsyncAts")
    candidates: Final = Mounted["AsyncCandidates"]("AsyncCandidates")
    design_template_groups: Final = Mounted["AsyncDesignTemplateGroups"](
        "AsyncDesignTemplateGroups"
    )
    design_templates: Final = Mounted["AsyncDesignTemplates"]("AsyncDesignTemplates")
    domains: Final = Mounted["AsyncDomains"]("AsyncDomains")
    email_template_groups: Final = Mounted["AsyncEmailTemplateGroups"]("AsyncEmailTemplateGroups")
    email_templates: Final = Mounted["AsyncEmailTemplates"]("AsyncEmailTemplates")
    health: Final = Mounted["AsyncHealth"]("AsyncHealth")
    interview_templates: Final = Mounted["AsyncInterviewTemplates"]("AsyncInterviewTemplates")
    interviews: Final = Mounted["AsyncInterviews"]("AsyncInterviews")
    phone_numbers: Final = Mounted["AsyncPhoneNumbers"]("AsyncPhoneNumbers")
    postings: Final = Mounted["AsyncPostings"]("AsyncPostings")
    questions: Final = Mounted["AsyncQuestions"]("AsyncQuestions")
    schemas: Final = Mounted["AsyncSchemas"]("AsyncSchemas")
    sender_emails: Final = Mounted["AsyncSenderEmails"]("AsyncSenderEmails")
    voices: Final = Mounted["AsyncVoices"]("AsyncVoices")
    webhooks: Final = Mounted["AsyncWebhooks"]("AsyncWebhooks")
    workspaces: Final = Mounted["AsyncWorkspaces"]("AsyncWorkspaces")


class Resources:
    """
    The resources of a `HeyMilo`.
    """

    ats: Final = Mounted["Ats"]("Ats")
    candidates: Final = Mounted["Candidates"]("Candidates")
    design_template_groups: Final = Mounted["DesignTemplateGroups"]("DesignTemplateGroups")
    design_templates: Final = Mounted["DesignTemplates"]("DesignTemplates")
    domains: Final = Mounted["Domains"]("Domains")
    email_template_groups: Final = Mounted["EmailTemplateGroups"]("EmailTemplateGroups")
    email_templates: Final = Mounted["EmailTemplates"]("EmailTemplates")
    health: Final = Mounted["Health"]("Health")
    interview_templates: Final = Mounted["InterviewTemplates"]("InterviewTemplates")
    interviews: Final = Mounted["Interviews"]("Interviews")
    phone_numbers: Final = Mounted["PhoneNumbers"]("PhoneNumbers")
    postings: Final = Mounted["Postings"]("Postings")
    questions: Final = Mounted["Questions"]("Questions")
    schemas: Final = Mounted["Schemas"]("Schemas")
    sender_emails: Final = Mounted["SenderEmails"]("SenderEmails")
    voices: Final = Mounted["Voices"]("Voices")
    webhooks: Final = Mounted["Webhooks"]("Webhooks")
    workspaces: Final = Mounted["Workspaces"]("Workspaces")


finders.append(model_named)
