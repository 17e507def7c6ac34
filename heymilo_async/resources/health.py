"""
Health: whether the API answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._core.arguments import check_header
from .._core.blocking import blocking
from .._core.messages import Operation, operation
from .._values import ReadOnly
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
        Return the API's health report (operation `health_check_health_get`).

        The request carries the credential, as every request does. The contract does not say how an
        unhealthy API answers, so read the report, too.

        Args:
            detail: The value of the header `X-Health-Detail`; the contract lists no values. By
                default, the header is not sent.

        Returns:
            The server's JSON object, as a read-only mapping.

        Raises:
            InvalidRequestError: *detail* is not valid in a header; nothing was sent.
            TypeError: *detail* is not a str.
            HeyMiloError: Any call can raise it.

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
