"""
Design template groups: the design templates of all pages of a posting.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from .._core.model import Model
from ._collection import AsyncSearchable, Searchable, get_operation, list_operation


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DesignTemplateGroup(Model):
    """
    The design templates of a posting, the schema `DesignTemplateGroupResponse` of the contract.

    Attributes:
        id: The id that other operations take; opaque.
        name: The display name.
        template_mappings: The ids of the design templates by page, such as `welcome_page`.
        is_default: Whether it is the default one; False if the server does not say.
        created_at: Creation time, in UTC.
        updated_at: Time of the last change, in UTC.
        object: The contract's name for this type, `design_template_group`.
    """

    id: str
    name: str
    template_mappings: Mapping[str, str]
    is_default: bool = False
    created_at: datetime
    updated_at: datetime
    object: str = "design_template_group"


class AsyncDesignTemplateGroups(AsyncSearchable[DesignTemplateGroup]):
    """
    The design template groups of a workspace; `client.design_template_groups` of an `AsyncHeyMilo`.
    """

    _list_operation = list_operation(
        "listDesignTemplateGroups", "/api/v2/design-template-groups", DesignTemplateGroup
    )
    _get_operation = get_operation(
        "getDesignTemplateGroup", "/api/v2/design-template-groups/{group_id}", DesignTemplateGroup
    )
    _id_name = "design_template_group_id"


class DesignTemplateGroups(Searchable[DesignTemplateGroup]):
    """
    The design template groups of a workspace; `client.design_template_groups` of a `HeyMilo`.
    """

    _twin_type = AsyncDesignTemplateGroups
