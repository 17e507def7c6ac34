"""
Design template groups: which look a posting has on which page.
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
    A set of looks for the pages of a posting, the schema `DesignTemplateGroupResponse` of the contract.

    Attributes:
        id: What other parts of the API call it by; opaque.
        name: What people call it.
        template_mappings: The id of a design template for each page, such as `welcome_page`.
        is_default: Whether it is the default one; False if the server does not say.
        created_at: When it was made, in UTC.
        updated_at: When it was last changed, in UTC.
        object: The contract's name of the type, `design_template_group`.
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
