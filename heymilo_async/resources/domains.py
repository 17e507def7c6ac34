"""
Domains: the custom domains of a workspace's candidate pages.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from .._core.model import Model
from ._collection import AsyncCollection, Collection, get_operation, list_operation


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Domain(Model):
    """
    A custom domain for candidate pages, the schema `CustomDomainResponse` of the contract.

    Attributes:
        id: The id that other operations take; opaque.
        domain: The domain name, such as `interviews.example.com`.
        cname_target: The required target of its CNAME record.
        status: `pending`, `active`, `error`; an open list.
        active: Whether it is in use; this flag is independent of `status`.
        created_at: Creation time, in UTC.
        updated_at: Time of the last change, in UTC.
        object: The contract's name for this type, `domain`.
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
