"""
Domains: the domains of their own that workspaces show candidates.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from .._core.model import Model
from ._collection import AsyncCollection, Collection, get_operation, list_operation


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Domain(Model):
    """
    A domain of its own that a workspace shows candidates, the schema `CustomDomainResponse` of the contract.

    Attributes:
        id: What other parts of the API call it by; opaque.
        domain: The name, such as `interviews.example.com`.
        cname_target: Where its CNAME record has to point.
        status: `pending`, `active`, `error`; an open list.
        active: Whether it is in use; a flag of its own beside `status`.
        created_at: When it was made, in UTC.
        updated_at: When it was last changed, in UTC.
        object: The contract's name of the type, `domain`.
    """

    id: str
    domain: str
    cname_target: str
    status: str
    active: bool
    created_at: datetime
    updated_at: datetime
    object: str = "domain"


class AsyncDomains(AsyncCollection[Domain]):
    """
    The custom domains of a workspace; `client.domains` of an `AsyncHeyMilo`.
    """

    _list_operation = list_operation("listDomains", "/api/v2/domains", Domain)
    _get_operation = get_operation("getDomain", "/api/v2/domains/{config_id}", Domain)
    _id_name = "domain_id"


class Domains(Collection[Domain]):
    """
    The custom domains of a workspace; `client.domains` of a `HeyMilo`.
    """

    _twin_type = AsyncDomains
