"""
Sender emails: the addresses that mails to candidates come from.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from .._core.model import Model
from ._collection import AsyncCollection, Collection, get_operation, list_operation


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SenderEmail(Model):
    """
    An address that mails to candidates come from, the schema `SenderEmailResponse` of the contract.

    Attributes:
        id: What other parts of the API call it by; opaque.
        email_prefix: What stands before the @.
        domain: What stands behind it.
        full_email: The whole address.
        domain_id: The email domain that it belongs to; that is not one of `client.domains`.
        created_at: When it was made, in UTC.
        object: The contract's name of the type, `sender_email`.
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
