"""
Workspaces: the workspaces that a credential has access to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._core.blocking import blocking
from .._core.messages import Operation, operation
from ._collection import AsyncResource, Resource

LIST: Final = Operation(
    id="listWorkspaces",
    method="GET",
    path="/api/v2/workspaces",
    # The contract has no schema for the items, so any JSON is a valid item.
    returns=tuple[Any, ...],
    shape="list",
)


class AsyncWorkspaces(AsyncResource):
    """
    The workspaces of a credential; `client.workspaces` of an `AsyncHeyMilo`.
    """

    @operation(LIST)
    async def list(self) -> tuple[Mapping[str, Any], ...]:
        """
        Return the workspaces that the credential has access to (operation `listWorkspaces`).

        An API key has access to one workspace, an OAuth token to all workspaces of its user; a
        client's *workspace_id* selects one. The contract has no schema for a workspace, so the
        client returns the server's JSON unchanged.

        Returns:
            The workspaces, as read-only mappings. An item that is no JSON object is returned
            unchanged.

        Raises:
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     print(len(client.workspaces.list()) > 0)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(len(await client.workspaces.list()) > 0)
            >>> asyncio.run(main())
            True
        """
        return await self._perform(LIST)


class Workspaces(Resource[AsyncWorkspaces]):
    """
    The workspaces of a credential; `client.workspaces` of a `HeyMilo`.
    """

    list: Final = blocking(AsyncWorkspaces.list)
