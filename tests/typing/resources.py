"""
The types of each resource's methods, as a type checker sees them. This file is never run.

This file is written by `python scripts/index.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

from heymilo_async import (
    AsyncHeyMilo,
    AsyncPage,
    AsyncPager,
    AtsConnection,
    Audio,
    BulkCandidateReceipt,
    Candidate,
    CandidateReceipt,
    DesignTemplate,
    DesignTemplateGroup,
    Domain,
    EmailTemplate,
    EmailTemplateGroup,
    HeyMilo,
    HeyMiloError,
    Ingestion,
    InterviewData,
    InterviewMetadata,
    InterviewTemplate,
    Page,
    Pager,
    PhoneNumber,
    Posting,
    PostingReceipt,
    PostingStats,
    PostingSummary,
    PushReceipt,
    PushStatus,
    Question,
    ResolveCandidate,
    SenderEmail,
    Voice,
    Webhook,
)


async def awaited(client: AsyncHeyMilo, a: Any) -> None:
    """
    The return types of all methods, awaited.
    """
    assert_type(await client.ats.resolve_candidate(ats_name=a), ResolveCandidate)
    assert_type(await client.ats.push_candidate(ats_name=a, candidate=a), PushReceipt)
    assert_type(await client.ats.get_push(a), PushStatus)
    assert_type(await client.ats.wait_for_push(a, timeout=a), PushStatus)
    assert_type(await client.ats.list_connections(), tuple[AtsConnection, ...])
    assert_type(await client.candidates.list(a), AsyncPage[Candidate])
    assert_type(client.candidates.list_all(a), AsyncPager[Candidate])
    assert_type(client.candidates.find(a), AsyncPager[Candidate])
    assert_type(await client.candidates.ingest(a, name=a, email=a), CandidateReceipt)
    assert_type(await client.candidates.ingest_many(a, a), tuple[BulkCandidateReceipt, ...])
    assert_type(await client.candidates.enqueue(a, name=a, email=a), Ingestion)
    assert_type(await client.candidates.enqueue_many(a, a), Ingestion)
    assert_type(await client.design_template_groups.list(), AsyncPage[DesignTemplateGroup])
    assert_type(client.design_template_groups.list_all(), AsyncPager[DesignTemplateGroup])
    assert_type(await client.design_template_groups.get(a), DesignTemplateGroup)
    assert_type(await client.design_template_groups.get_many(a), list[DesignTemplateGroup])
    assert_type(await client.design_template_groups.get_many_settled(a), list[DesignTemplateGroup | HeyMiloError])
    assert_type(await client.design_templates.list(), AsyncPage[DesignTemplate])
    assert_type(client.design_templates.list_all(), AsyncPager[DesignTemplate])
    assert_type(await client.design_templates.get(a), DesignTemplate)
    assert_type(await client.design_templates.get_many(a), list[DesignTemplate])
    assert_type(await client.design_templates.get_many_settled(a), list[DesignTemplate | HeyMiloError])
    assert_type(await client.domains.list(), AsyncPage[Domain])
    assert_type(client.domains.list_all(), AsyncPager[Domain])
    assert_type(await client.domains.get(a), Domain)
    assert_type(await client.domains.get_many(a), list[Domain])
    assert_type(await client.domains.get_many_settled(a), list[Domain | HeyMiloError])
    assert_type(await client.email_template_groups.list(), AsyncPage[EmailTemplateGroup])
    assert_type(client.email_template_groups.list_all(), AsyncPager[EmailTemplateGroup])
    assert_type(await client.email_template_groups.get(a), EmailTemplateGroup)
    assert_type(await client.email_template_groups.get_many(a), list[EmailTemplateGroup])
    assert_type(await client.email_template_groups.get_many_settled(a), list[EmailTemplateGroup | HeyMiloError])
    assert_type(await client.email_templates.list(), AsyncPage[EmailTemplate])
    assert_type(client.email_templates.list_all(), AsyncPager[EmailTemplate])
    assert_type(await client.email_templates.get(a), EmailTemplate)
    assert_type(await client.email_templates.get_many(a), list[EmailTemplate])
    assert_type(await client.email_templates.get_many_settled(a), list[EmailTemplate | HeyMiloError])
    assert_type(await client.health.check(), Mapping[str, Any])
    assert_type(await client.interview_templates.list(), AsyncPage[InterviewTemplate])
    assert_type(client.interview_templates.list_all(), AsyncPager[InterviewTemplate])
    assert_type(await client.interview_templates.get(a), InterviewTemplate)
    assert_type(await client.interview_templates.get_many(a), list[InterviewTemplate])
    assert_type(await client.interview_templates.get_many_settled(a), list[InterviewTemplate | HeyMiloError])
    assert_type(await client.interviews.get(a), InterviewData)
    assert_type(await client.interviews.get_many(a), list[InterviewData])
    assert_type(await client.interviews.get_many_settled(a), list[InterviewData | HeyMiloError])
    assert_type(await client.interviews.wait_until_ready(a, timeout=a), InterviewData)
    assert_type(await client.interviews.get_metadata(a), InterviewMetadata)
    assert_type(await client.interviews.set_metadata(a, a), InterviewMetadata)
    assert_type(await client.interviews.delete_metadata(a), InterviewMetadata)
    assert_type(await client.phone_numbers.list(), AsyncPage[PhoneNumber])
    assert_type(client.phone_numbers.list_all(), AsyncPager[PhoneNumber])
    assert_type(await client.phone_numbers.get(a), PhoneNumber)
    assert_type(await client.phone_numbers.get_many(a), list[PhoneNumber])
    assert_type(await client.phone_numbers.get_many_settled(a), list[PhoneNumber | HeyMiloError])
    assert_type(await client.postings.list(), AsyncPage[Posting])
    assert_type(client.postings.list_all(), AsyncPager[Posting])
    assert_type(await client.postings.get(a), Posting)
    assert_type(await client.postings.get_many(a), list[Posting])
    assert_type(await client.postings.get_many_settled(a), list[Posting | HeyMiloError])
    assert_type(await client.postings.list_summaries(), AsyncPage[PostingSummary])
    assert_type(client.postings.list_all_summaries(), AsyncPager[PostingSummary])
    assert_type(await client.postings.create(title=a), PostingReceipt)
    assert_type(await client.postings.update(a), Posting)
    assert_type(await client.postings.get_stats(a), PostingStats)
    assert_type(await client.postings.update_step(a, a, a), Posting)
    assert_type(await client.postings.archive(a), Posting)
    assert_type(await client.postings.activate(a), Posting)
    assert_type(await client.postings.clone(a), PostingReceipt)
    assert_type(await client.questions.list(a), AsyncPage[Question])
    assert_type(client.questions.list_all(a), AsyncPager[Question])
    assert_type(await client.questions.get(a, a), Question)
    assert_type(await client.questions.get_many(a, a), list[Question])
    assert_type(await client.questions.get_many_settled(a, a), list[Question | HeyMiloError])
    assert_type(await client.questions.create(a, modality=a, text=a), Question)
    assert_type(await client.questions.update(a, a), Question)
    assert_type(await client.questions.delete(a, a), Question)
    assert_type(await client.questions.reorder(a, modality=a, order=a), tuple[Question, ...])
    assert_type(await client.schemas.list_agent_types(), Mapping[str, Any])
    assert_type(await client.schemas.list_question_types(), Mapping[str, Any])
    assert_type(await client.sender_emails.list(), AsyncPage[SenderEmail])
    assert_type(client.sender_emails.list_all(), AsyncPager[SenderEmail])
    assert_type(await client.sender_emails.get(a), SenderEmail)
    assert_type(await client.sender_emails.get_many(a), list[SenderEmail])
    assert_type(await client.sender_emails.get_many_settled(a), list[SenderEmail | HeyMiloError])
    assert_type(await client.voices.list(), AsyncPage[Voice])
    assert_type(client.voices.list_all(), AsyncPager[Voice])
    assert_type(await client.voices.get(a), Voice)
    assert_type(await client.voices.get_many(a), list[Voice])
    assert_type(await client.voices.get_many_settled(a), list[Voice | HeyMiloError])
    assert_type(await client.voices.get_preview(a), Audio)
    assert_type(await client.webhooks.list(), AsyncPage[Webhook])
    assert_type(client.webhooks.list_all(), AsyncPager[Webhook])
    assert_type(await client.webhooks.get(a), Webhook)
    assert_type(await client.webhooks.get_many(a), list[Webhook])
    assert_type(await client.webhooks.get_many_settled(a), list[Webhook | HeyMiloError])
    assert_type(await client.webhooks.create(posting_id=a, webhook_url=a, event_type=a), Webhook)
    assert_type(await client.webhooks.delete(a), Webhook)
    assert_type(await client.workspaces.list(), tuple[Mapping[str, Any], ...])


def blocking(client: HeyMilo, a: Any) -> None:
    """
    The return types of all methods, blocking.
    """
    assert_type(client.ats.resolve_candidate(ats_name=a), ResolveCandidate)
    assert_type(client.ats.push_candidate(ats_name=a, candidate=a), PushReceipt)
    assert_type(client.ats.get_push(a), PushStatus)
    assert_type(client.ats.wait_for_push(a, timeout=a), PushStatus)
    assert_type(client.ats.list_connections(), tuple[AtsConnection, ...])
    assert_type(client.candidates.list(a), Page[Candidate])
    assert_type(client.candidates.list_all(a), Pager[Candidate])
    assert_type(client.candidates.find(a), Pager[Candidate])
    assert_type(client.candidates.ingest(a, name=a, email=a), CandidateReceipt)
    assert_type(client.candidates.ingest_many(a, a), tuple[BulkCandidateReceipt, ...])
    assert_type(client.candidates.enqueue(a, name=a, email=a), Ingestion)
    assert_type(client.candidates.enqueue_many(a, a), Ingestion)
    assert_type(client.design_template_groups.list(), Page[DesignTemplateGroup])
    assert_type(client.design_template_groups.list_all(), Pager[DesignTemplateGroup])
    assert_type(client.design_template_groups.get(a), DesignTemplateGroup)
    assert_type(client.design_template_groups.get_many(a), list[DesignTemplateGroup])
    assert_type(client.design_template_groups.get_many_settled(a), list[DesignTemplateGroup | HeyMiloError])
    assert_type(client.design_templates.list(), Page[DesignTemplate])
    assert_type(client.design_templates.list_all(), Pager[DesignTemplate])
    assert_type(client.design_templates.get(a), DesignTemplate)
    assert_type(client.design_templates.get_many(a), list[DesignTemplate])
    assert_type(client.design_templates.get_many_settled(a), list[DesignTemplate | HeyMiloError])
    assert_type(client.domains.list(), Page[Domain])
    assert_type(client.domains.list_all(), Pager[Domain])
    assert_type(client.domains.get(a), Domain)
    assert_type(client.domains.get_many(a), list[Domain])
    assert_type(client.domains.get_many_settled(a), list[Domain | HeyMiloError])
    assert_type(client.email_template_groups.list(), Page[EmailTemplateGroup])
    assert_type(client.email_template_groups.list_all(), Pager[EmailTemplateGroup])
    assert_type(client.email_template_groups.get(a), EmailTemplateGroup)
    assert_type(client.email_template_groups.get_many(a), list[EmailTemplateGroup])
    assert_type(client.email_template_groups.get_many_settled(a), list[EmailTemplateGroup | HeyMiloError])
    assert_type(client.email_templates.list(), Page[EmailTemplate])
    assert_type(client.email_templates.list_all(), Pager[EmailTemplate])
    assert_type(client.email_templates.get(a), EmailTemplate)
    assert_type(client.email_templates.get_many(a), list[EmailTemplate])
    assert_type(client.email_templates.get_many_settled(a), list[EmailTemplate | HeyMiloError])
    assert_type(client.health.check(), Mapping[str, Any])
    assert_type(client.interview_templates.list(), Page[InterviewTemplate])
    assert_type(client.interview_templates.list_all(), Pager[InterviewTemplate])
    assert_type(client.interview_templates.get(a), InterviewTemplate)
    assert_type(client.interview_templates.get_many(a), list[InterviewTemplate])
    assert_type(client.interview_templates.get_many_settled(a), list[InterviewTemplate | HeyMiloError])
    assert_type(client.interviews.get(a), InterviewData)
    assert_type(client.interviews.get_many(a), list[InterviewData])
    assert_type(client.interviews.get_many_settled(a), list[InterviewData | HeyMiloError])
    assert_type(client.interviews.wait_until_ready(a, timeout=a), InterviewData)
    assert_type(client.interviews.get_metadata(a), InterviewMetadata)
    assert_type(client.interviews.set_metadata(a, a), InterviewMetadata)
    assert_type(client.interviews.delete_metadata(a), InterviewMetadata)
    assert_type(client.phone_numbers.list(), Page[PhoneNumber])
    assert_type(client.phone_numbers.list_all(), Pager[PhoneNumber])
    assert_type(client.phone_numbers.get(a), PhoneNumber)
    assert_type(client.phone_numbers.get_many(a), list[PhoneNumber])
    assert_type(client.phone_numbers.get_many_settled(a), list[PhoneNumber | HeyMiloError])
    assert_type(client.postings.list(), Page[Posting])
    assert_type(client.postings.list_all(), Pager[Posting])
    assert_type(client.postings.get(a), Posting)
    assert_type(client.postings.get_many(a), list[Posting])
    assert_type(client.postings.get_many_settled(a), list[Posting | HeyMiloError])
    assert_type(client.postings.list_summaries(), Page[PostingSummary])
    assert_type(client.postings.list_all_summaries(), Pager[PostingSummary])
    assert_type(client.postings.create(title=a), PostingReceipt)
    assert_type(client.postings.update(a), Posting)
    assert_type(client.postings.get_stats(a), PostingStats)
    assert_type(client.postings.update_step(a, a, a), Posting)
    assert_type(client.postings.archive(a), Posting)
    assert_type(client.postings.activate(a), Posting)
    assert_type(client.postings.clone(a), PostingReceipt)
    assert_type(client.questions.list(a), Page[Question])
    assert_type(client.questions.list_all(a), Pager[Question])
    assert_type(client.questions.get(a, a), Question)
    assert_type(client.questions.get_many(a, a), list[Question])
    assert_type(client.questions.get_many_settled(a, a), list[Question | HeyMiloError])
    assert_type(client.questions.create(a, modality=a, text=a), Question)
    assert_type(client.questions.update(a, a), Question)
    assert_type(client.questions.delete(a, a), Question)
    assert_type(client.questions.reorder(a, modality=a, order=a), tuple[Question, ...])
    assert_type(client.schemas.list_agent_types(), Mapping[str, Any])
    assert_type(client.schemas.list_question_types(), Mapping[str, Any])
    assert_type(client.sender_emails.list(), Page[SenderEmail])
    assert_type(client.sender_emails.list_all(), Pager[SenderEmail])
    assert_type(client.sender_emails.get(a), SenderEmail)
    assert_type(client.sender_emails.get_many(a), list[SenderEmail])
    assert_type(client.sender_emails.get_many_settled(a), list[SenderEmail | HeyMiloError])
    assert_type(client.voices.list(), Page[Voice])
    assert_type(client.voices.list_all(), Pager[Voice])
    assert_type(client.voices.get(a), Voice)
    assert_type(client.voices.get_many(a), list[Voice])
    assert_type(client.voices.get_many_settled(a), list[Voice | HeyMiloError])
    assert_type(client.voices.get_preview(a), Audio)
    assert_type(client.webhooks.list(), Page[Webhook])
    assert_type(client.webhooks.list_all(), Pager[Webhook])
    assert_type(client.webhooks.get(a), Webhook)
    assert_type(client.webhooks.get_many(a), list[Webhook])
    assert_type(client.webhooks.get_many_settled(a), list[Webhook | HeyMiloError])
    assert_type(client.webhooks.create(posting_id=a, webhook_url=a, event_type=a), Webhook)
    assert_type(client.webhooks.delete(a), Webhook)
    assert_type(client.workspaces.list(), tuple[Mapping[str, Any], ...])
