"""
Interview templates: templates for new postings.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from .._core.model import Model
from ._collection import AsyncSearchable, Searchable, get_operation, list_operation


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InterviewTemplate(Model):
    """
    A template for new postings, the schema `InterviewTemplateResponse` of the contract.

    Attributes:
        id: The id that other operations take; opaque.
        template_code: Its code for an ATS, unique in a workspace: up to 32 letters, digits, dashes.
        name: The display name.
        posting_id: The id of the posting that is copied.
        description: Its purpose; None if it has no description.
        is_default: Whether it is the default one; False if the server does not say.
        created_at: Creation time, in UTC.
        updated_at: Time of the last change, in UTC.
        object: The contract's name for this type, `interview_template`.
    """

    id: str
    template_code: str
    name: str
    posting_id: str
    description: str | None = None
    is_default: bool = False
    created_at: datetime
    updated_at: datetime
    object: str = "interview_template"


class AsyncInterviewTemplates(AsyncSearchable[InterviewTemplate]):
    """
    The interview templates of a workspace; `client.interview_templates` of an `AsyncHeyMilo`.
    """

    _path = "/api/v2/interview-templates"
    _item_path = f"{_path}/{{template_id}}"
    _list_operation = list_operation("listInterviewTemplates", _path, InterviewTemplate)
    _get_operation = get_operation("getInterviewTemplate", _item_path, InterviewTemplate)
    _id_name = "interview_template_id"


class InterviewTemplates(Searchable[InterviewTemplate]):
    """
    The interview templates of a workspace; `client.interview_templates` of a `HeyMilo`.
    """

    _twin_type = AsyncInterviewTemplates
