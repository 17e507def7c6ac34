"""
Sender emails: the sender addresses of emails to candidates.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from .._core.model import Model
from ._collection import AsyncCollection, Collection, get_operation, list_operation


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SenderEmail(Model):
    """
    A sender address of emails to candidates, the schema `SenderEmailResponse` of the contract.

    Attributes:
        id: The id that other operations take; opaque.
        email_prefix: The part before the @.
        domain: The part after the @.
        full_email: The whole address.
        domain_id: The id of its email domain, which `client.domains` does not list.
        created_at: Creation time, in UTC.
        object: The contract's name for this type, `sender_email`.
    """

    id: str
    email_prefix: str
    domain: str
    full_email: str
    domain_id: str
    created_at: datetime
    object: str = "sender_email"


class AsyncSenderEmails(AsyncCollection[SenderEmail]):
    """
    The sender emails of a workspace; `client.sender_emails` of an `AsyncHeyMilo`.
    """

    _list_operation = list_operation("listSenderEmails", "/api/v2/sender-emails", SenderEmail)
    _get_operation = get_operation(
        "getSenderEmail", "/api/v2/sender-emails/{sender_email_id}", SenderEmail
    )
    _id_name = "sender_email_id"


class SenderEmails(Collection[SenderEmail]):
    """
    The sender emails of a workspace; `client.sender_emails` of a `HeyMilo`.
    """

    _twin_type = AsyncSenderEmails
