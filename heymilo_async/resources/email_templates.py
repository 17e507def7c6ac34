"""
Email templates: the texts of the mails that candidates get.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from .._core.model import Model
from ._collection import AsyncSearchable, Searchable, get_operation, list_operation


@attrs.frozen(kw_only=True, eq=False, repr=False)
class BlackoutPeriod(Model):
    """
    The hours in which a mail is not sent, the schema `BlackoutPeriod` of the contract.

    Attributes:
        enabled: Whether it holds.
        timezone: The time zone of the hours, as IANA names it, such as `America/New_York`.
        start_hour: The first hour without mails, 0 to 23.
        end_hour: The hour in which mails go out again, 0 to 24 (24 is midnight).
    """

    enabled: bool
    timezone: str
    start_hour: int
    end_hour: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EmailTemplate(Model):
    """
    A mail that candidates get, the schema `EmailTemplateResponse` of the contract.

    Attributes:
        id: What other parts of the API call it by; opaque.
        template_key: Which mail it is: `WEB_INTERVIEW_INVITATION`, `WEB_INTERVIEW_NUDGE`,
            `WEB_INTERVIEW_FINAL_NUDGE`, `RESUME_INVITATION`, `RESUME_NUDGE`, `FORM_INVITATION`,
            `FORM_NUDGE`, `SCHEDULING_LINK_EMAIL`, `REPORT_READY_EMAIL`; an open list.
        name: What people call it.
        subject: The subject, with `{{variables}}`.
        content: The text as HTML, with `{{variables}}`.
        blackout_period: When it is not sent; None if the server names no such hours.
        created_at: When it was made, in UTC.
        updated_at: When it was last changed, in UTC.
        object: The contract's name of the type, `email_template`.
    """

    id: str
    template_key: str
    name: str
    subject: str
    content: str
    blackout_period: BlackoutPeriod | None = None
    created_at: datetime
    updated_at: datetime
    object: str = "email_template"


class AsyncEmailTemplates(AsyncSearchable[EmailTemplate]):
    """
    The email templates of a workspace; `client.email_templates` of an `AsyncHeyMilo`.
    """

    _list_operation = list_operation("listEmailTemplates", "/api/v2/email-templates", EmailTemplate)
    _get_operation = get_operation(
        "getEmailTemplate", "/api/v2/email-templates/{template_id}", EmailTemplate
    )
    _id_name = "email_template_id"


class EmailTemplates(Searchable[EmailTemplate]):
    """
    The email templates of a workspace; `client.email_templates` of a `HeyMilo`.
    """

    _twin_type = AsyncEmailTemplates
