"""
Design templates: the design of the candidate pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from .._core.model import Model
from ._collection import AsyncSearchable, Searchable, get_operation, list_operation


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DesignTemplate(Model):
    """
    The design of one candidate page, the schema `DesignTemplateResponse` of the contract.

    Attributes:
        id: The id that other operations take; opaque.
        name: The display name.
        template_type: `welcome_page`, `status_page`, `interview_complete_page`, `interview_page`; open.
        design_config: The design settings, such as `primary_color`; each page has its own.
        created_at: Creation time, in UTC.
        updated_at: Time of the last change, in UTC.
        object: The contract's name for this type, `design_template`.
    """

    id: str
    name: str
    template_type: str
    design_config: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    object: str = "design_template"


class AsyncDesignTemplates(AsyncSearchable[DesignTemplate]):
    """
    The design templates of a workspace; `client.design_templates` of an `AsyncHeyMilo`.
    """

    _list_operation = list_operation(
        "listDesignTemplates", "/api/v2/design-templates", DesignTemplate
    )
    _get_operation = get_operation(
        "getDesignTemplate", "/api/v2/design-templates/{template_id}", DesignTemplate
    )
    _id_name = "design_template_id"


class DesignTemplates(Searchable[DesignTemplate]):
    """
    The design templates of a workspace; `client.design_templates` of a `HeyMilo`.
    """

    _twin_type = AsyncDesignTemplates
