"""
Health: whether the API answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._core.arguments import check_header
from .._core.blocking import blocking
from .._core.messages import Operation, operation
from .._mapping import ReadOnly
from ._collection import AsyncResource, Resource

CHECK: Final = Operation(
    id="health_check_health_get",
    method="GET",
    path="/health",
    returns=ReadOnly[Any],
    shape="object",
)


class AsyncHealth(AsyncResource):
    """
    Whether the API answers; `client.health` of an `AsyncHeyMilo`.
    """

    @operation(CHECK)
    async def check(self, *, detail: str | None = None) -> Mapping[str, Any]:
        """
        Ask the API how it is (operation `health_check_health_get`).

        The credential goes along, as everywhere. What the API says when it is not well is not
        published (U): read the answer, too.

        Args:
            detail: The header `X-Health-Detail`; which values it may have is not published (U).
                None: it is not sent.

        Returns:
            What the server sent, as a mapping that cannot be changed.

        Raises:
            InvalidRequestError: *detail* cannot stand in a header; nothing was sent.
            TypeError: *detail* is not a str.
            HeyMiloError: What every call may raise.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     print(len(client.health.check()) > 0)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(len(await client.health.check()) > 0)
            >>> asyncio.run(main())
            True
        """
        value = None if detail is None else check_header("detail", detail)
        return await self._perform(CHECK, headers={"X-Health-Detail": value})


class Health(Resource[AsyncHealth]):
    """
    Whether the API answers; `client.health` of a `HeyMilo`.
    """

    check: Final = blocking(AsyncHealth.check)
