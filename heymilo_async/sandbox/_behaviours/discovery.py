"""
Operations without a model: health, registries, and the workspaces of a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._contract import SCHEMAS
from .._envelopes import Behaviour, ValidRequest, list_envelope
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


def _health(_world: World, request: ValidRequest) -> Any:
    response: dict[str, Any] = {"message": "OK", "status": 200}
    if "x-health-detail" in request.headers:
        response["detail"] = {"sandbox": "OK"}
    return response


def _agent_types(_world: World, _request: ValidRequest) -> Any:
    return {
        name: {"config": SCHEMAS[kind.schema]["properties"], "result": kind.result}
        for name, kind in KINDS.items()
    }


def _question_types(_world: World, _request: ValidRequest) -> Any:
    return {name: {"question_types": kinds} for name, kinds in _MODALITIES.items()}


def _workspaces(world: World, request: ValidRequest) -> Any:
    identity = digits(world.seed, "workspace")[:8]
    return list_envelope([{"id": identity, "name": "Sandbox"}], request.url)


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "health_check_health_get": _health,
    "list_agent_types_api_v2_schemas_agents_get": _agent_types,
    "list_question_types_api_v2_schemas_question_types_get": _question_types,
    "listWorkspaces": _workspaces,
}
