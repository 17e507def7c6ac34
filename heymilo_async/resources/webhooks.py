"""
Webhooks: the URLs that HeyMilo calls when something happens in a posting.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

import attrs

from .._core.arguments import Body
from .._core.blocking import blocking
from .._core.messages import Operation, operation
from .._core.model import SECRET, Model
from .._core.secrets import Secret
from ._collection import AsyncCollection, Collection, get_operation, list_operation


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Webhook(Model):
    """
    A URL that HeyMilo calls, the schema `WebhookResponse` of the contract.

    Attributes:
        webhook_id: Its id, which is also the cursor of the list; opaque.
        posting_id: The posting whose events are delivered.
        webhook_url: The URL for deliveries. It may contain a token, so `repr` masks it.
        event_type: The event, such as `interview_completed`; an open list.
        is_active: Whether HeyMilo calls it; the list contains only active webhooks.
        created_at: Creation time, in UTC.
        updated_at: Time of the last change, in UTC.
        object: The contract's name for this type, `webhook`.
    """

    _cursor: ClassVar[str] = "webhook_id"

    webhook_id: str
    posting_id: str
    webhook_url: str = attrs.field(metadata=SECRET)
    event_type: str
    is_active: bool
    created_at: datetime
    updated_at: datetime
    object: str = "webhook"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _NewWebhook(Body):
    posting_id: str
    webhook_url: str
    event_type: str


CREATE: Final = Operation(
    id="createWebhook",
    method="POST",
    path="/api/v2/webhooks",
    returns=Webhook,
    shape="single",
    takes=_NewWebhook,
    advice="it may have been created: check client.webhooks.list_all() before you send it again",
)
DELETE: Final = Operation(
    id="deleteWebhook",
    method="DELETE",
    path="/api/v2/webhooks/{webhook_id}",
    returns=Webhook,
    shape="single",
    answers="webhook_id",
)


class AsyncWebhooks(AsyncCollection[Webhook]):
    """
    The webhooks of a workspace; `client.webhooks` of an `AsyncHeyMilo`.
    """

    _list_operation = list_operation("listWebhooks", "/api/v2/webhooks", Webhook)
    _get_operation = get_operation("getWebhook", "/api/v2/webhooks/{webhook_id}", Webhook)
    _id_name = "webhook_id"

    @operation(CREATE)
    async def create(self, *, posting_id: str, webhook_url: str, event_type: str) -> Webhook:
        """
        Register a URL for one event of one posting (operation `createWebhook`).

        The client does not repeat a request that may have reached the server. The API has no
        update: to change a webhook, delete it and create another one.

        Args:
            posting_id: The posting.
            webhook_url: The URL for deliveries. HeyMilo documents no signature, so put a token
                into the URL to recognize its deliveries.
            event_type: The event: `interview_started`, `interview_completed`, `report_available`,
                `candidate_ingested`, and others. HeyMilo's pages disagree about the list, so the
                client accepts any text.

        Returns:
            The webhook, with its `webhook_id`.

        Raises:
            TypeError: An argument is not a str.
            NotFoundError: There is no such posting (404).
            HeyMiloError: Any call can raise it; `.maybe_sent`: the server may have created it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     posting = client.request("GET", "/api/v2/postings")["data"][0]
            ...     made = client.webhooks.create(
            ...         posting_id=posting["id"],
            ...         webhook_url="https://example.com/hook",
            ...         event_type="interview_completed",
            ...     )
            ...     print(made.is_active)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print((await client.webhooks.get(made.webhook_id)).event_type)
            >>> asyncio.run(main())
            interview_completed
        """
        webhook_url = Secret.hide(webhook_url)
        body = {"posting_id": posting_id, "webhook_url": webhook_url, "event_type": event_type}
        return await self._perform(CREATE, body=body)

    @operation(DELETE)
    async def delete(self, webhook_id: str) -> Webhook:
        """
        Delete a webhook (operation `deleteWebhook`).

        It is no longer listed. No operation restores it.

        Args:
            webhook_id: The webhook's `webhook_id`.

        Returns:
            The webhook as it is now.

        Raises:
            InvalidRequestError: The id is not valid in a URL path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: There is no such webhook (404); `.maybe_done` is true if an earlier
                attempt may have deleted it.
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo, NotFoundError
            >>> with HeyMilo() as client:
            ...     first = client.webhooks.list(limit=1)[0]
            ...     print(client.webhooks.delete(first.webhook_id) == first)
            False
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         hooks = await client.webhooks.list_all().collect()
            ...         print(first.webhook_id in [one.webhook_id for one in hooks])
            >>> asyncio.run(main())
            False
        """
        return await self._perform(DELETE, webhook_id=webhook_id)


class Webhooks(Collection[Webhook]):
    """
    The webhooks of a workspace; `client.webhooks` of a `HeyMilo`.
    """

    _twin_type = AsyncWebhooks
    create: Final = blocking(AsyncWebhooks.create)
    delete: Final = blocking(AsyncWebhooks.delete)
