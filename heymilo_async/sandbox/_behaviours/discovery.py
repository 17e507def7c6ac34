"""
Operations without a model: health, registries, and the workspaces of a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._asked import Asked, Behaviour, listed
from .._contract import SCHEMAS
from .._plausible import digits
from .._workflows import KINDS
from .._world import World

_MODALITIES: Final[Mapping[str, list[str]]] = {
    "voice": ["open-ended", "scored"],
    "sms": ["YES_NO", "NUMERIC"],
    "form": ["textarea", "dropdown", "file_upload", "slider"],
    "resume_eligibility": [],
    "resume_scoring": [],
    "voice_tags": [],
}


def _health(_world: World, asked: Asked) -> Any:
    answer: dict[str, Any] = {"message": "OK", "status": 200}
    if "x-health-detail" in asked.headers:
        answer["detail"] = {"sandbox": "OK"}
    return answer


def _agent_types(_world: World, _asked: Asked) -> Any:
    return {
        name: {"config": SCHEMAS[kind.schema]["properties"], "result": kind.result}
        for name, kind in KINDS.items()
    }


def _question_types(_world: World, _asked: Asked) -> Any:
    return {name: {"question_types": kinds} for name, kinds in _MODALITIES.items()}


def _workspaces(world: World, asked: Asked) -> Any:
    identity = digits(world.seed, "workspace")[:8]
    return listed([{"id": identity, "name": "Sandbox"}], asked.url)


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "health_check_health_get": _health,
    "list_agent_types_api_v2_schemas_agents_get": _agent_types,
    "list_question_types_api_v2_schemas_question_types_get": _question_types,
    "listWorkspaces": _workspaces,
}
