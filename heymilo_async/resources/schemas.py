"""
Schemas: HeyMilo's types of agents and questions, and their settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._core.blocking import blocking
from .._core.messages import Operation, operation
from .._values import ReadOnly
from ._collection import AsyncResource, Resource

LIST_AGENT_TYPES: Final = Operation(
    id="list_agent_types_api_v2_schemas_agents_get",
    method="GET",
    path="/api/v2/schemas/agents",
    returns=ReadOnly[Any],
    shape="object",
)
LIST_QUESTION_TYPES: Final = Operation(
    id="list_question_types_api_v2_schemas_question_types_get",
    method="GET",
    path="/api/v2/schemas/question-types",
    returns=ReadOnly[Any],
    shape="object",
)


class AsyncSchemas(AsyncResource):
    """
    The registries of agents and questions; `client.schemas` of an `AsyncHeyMilo`.
    """

    @operation(LIST_AGENT_TYPES)
    async def list_agent_types(self) -> Mapping[str, Any]:
        """
        Return the types of agents and their settings (operation
        `list_agent_types_api_v2_schemas_agents_get`).

        The contract has no schema for this registry, so the client returns it unchanged.

        Returns:
            The server's JSON object, as a read-only mapping.

        Raises:
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     print(len(client.schemas.list_agent_types()) > 0)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(len(await client.schemas.list_agent_types()) > 0)
            >>> asyncio.run(main())
            True
        """
        return await self._perform(LIST_AGENT_TYPES)

    @operation(LIST_QUESTION_TYPES)
    async def list_question_types(self) -> Mapping[str, Any]:
        """
        Return the types of questions of each modality (operation
        `list_question_types_api_v2_schemas_question_types_get`).

        The contract has no schema for this registry, so the client returns it unchanged.

        Returns:
            The server's JSON object, as a read-only mapping.

        Raises:
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     print(len(client.schemas.list_question_types()) > 0)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(len(await client.schemas.list_question_types()) > 0)
            >>> asyncio.run(main())
            True
        """
        return await self._perform(LIST_QUESTION_TYPES)


class Schemas(Resource[AsyncSchemas]):
    """
    The registries of agents and questions; `client.schemas` of a `HeyMilo`.
    """

    list_agent_types: Final = blocking(AsyncSchemas.list_agent_types)
    list_question_types: Final = blocking(AsyncSchemas.list_question_types)
