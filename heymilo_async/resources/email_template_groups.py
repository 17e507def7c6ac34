"""
Email template groups: which mail a posting sends on which occasion.
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
    A set of mails that a posting sends, the schema `EmailTemplateGroupResponse` of the contract.

    Attributes:
        id: What other parts of the API call it by; opaque.
        name: What people call it.
        template_mappings: The id of an email template for each `template_key`.
        sender_email_id: The sender email that they come from; None if the server names none.
        created_at: When it was made, in UTC.
        updated_at: When it was last changed, in UTC.
        object: The contract's name of the type, `email_template_group`.
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
