"""
Email template groups: the email templates that a posting uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from .._core.model import Model
from ._collection import AsyncSearchable, Searchable, get_operation, list_operation


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EmailTemplateGroup(Model):
    """
    The email templates of a posting, the schema `EmailTemplateGroupResponse` of the contract.

    Attributes:
        id: The id that other operations take; opaque.
        name: The display name.
        template_mappings: The ids of the email templates by `template_key`.
        sender_email_id: The id of the sender email; None if the server does not say.
        created_at: Creation time, in UTC.
        updated_at: Time of the last change, in UTC.
        object: The contract's name for this type, `email_template_group`.
    """

    id: str
    name: str
    template_mappings: Mapping[str, str]
    sender_email_id: str | None = None
    created_at: datetime
    updated_at: datetime
    object: str = "email_template_group"


class AsyncEmailTemplateGroups(AsyncSearchable[EmailTemplateGroup]):
    """
    The email template groups of a workspace; `client.email_template_groups` of an `AsyncHeyMilo`.
    """

    _list_operation = list_operation(
        "listEmailTemplateGroups", "/api/v2/email-template-groups", EmailTemplateGroup
    )
    _get_operation = get_operation(
        "getEmailTemplateGroup", "/api/v2/email-template-groups/{group_id}", EmailTemplateGroup
    )
    _id_name = "email_template_group_id"


class EmailTemplateGroups(Searchable[EmailTemplateGroup]):
    """
    The email template groups of a workspace; `client.email_template_groups` of a `HeyMilo`.
    """

    _twin_type = AsyncEmailTemplateGroups
