"""
Workspaces: the ones that a credential is good for.
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
    # The contract gives the items no schema, so whatever is valid JSON is a valid item.
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
        Return the workspaces that the credential is good for (operation `listWorkspaces`).

        A key has one, an OAuth token all of its user's. Their id is what *workspace_id* of a client
        takes. The contract does not say what a workspace has (U), so they come as they are.

        Returns:
            What the server sent of each: mappings that cannot be changed, as far as is known. An
            item that is no object comes as it is.

        Raises:
            HeyMiloError: What every call may raise.

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
