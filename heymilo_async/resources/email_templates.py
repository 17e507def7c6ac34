"""
Email templates: the texts of emails to candidates.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from .._core.model import Model
from ._collection import AsyncSearchable, Searchable, get_operation, list_operation


@attrs.frozen(kw_only=True, eq=False, repr=False)
class BlackoutPeriod(Model):
    """
    The hours in which an email is not sent, the schema `BlackoutPeriod` of the contract.

    Attributes:
        enabled: Whether the blackout period is in effect.
        timezone: The IANA time zone of the hours, such as `America/New_York`.
        start_hour: The hour at which the blackout starts, 0 to 23.
        end_hour: The hour at which emails are sent again, 0 to 24 (24 is midnight).
    """

    enabled: bool
    timezone: str
    start_hour: int
    end_hour: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EmailTemplate(Model):
    """
    An email to candidates, the schema `EmailTemplateResponse` of the contract.

    Attributes:
        id: The id that other operations take; opaque.
        template_key: The kind of email: `WEB_INTERVIEW_INVITATION`, `WEB_INTERVIEW_NUDGE`,
            `WEB_INTERVIEW_FINAL_NUDGE`, `RESUME_INVITATION`, `RESUME_NUDGE`, `FORM_INVITATION`,
            `FORM_NUDGE`, `SCHEDULING_LINK_EMAIL`, `REPORT_READY_EMAIL`; an open list.
        name: The display name.
        subject: The subject, with `{{variables}}`.
        content: The body in HTML, with `{{variables}}`.
        blackout_period: The hours in which it is not sent; None if the server does not say.
        created_at: Creation time, in UTC.
        updated_at: Time of the last change, in UTC.
        object: The contract's name for this type, `email_template`.
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
