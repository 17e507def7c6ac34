"""
ATS: find people in an applicant tracking system, and push candidates to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

import attrs

from .._core.arguments import Body, wrong_type
from .._core.blocking import blocking
from .._core.emitter import log_failure
from .._core.messages import APIResponse, Operation, operation
from .._core.model import Model
from .._core.secrets import Secret, mask_members, printable, scrub, secrets_of
from .._values import NOT_GIVEN, NotGiven
from ..errors import InvalidRequestError, OperationFailedError
from ._collection import AsyncResource, Resource


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AtsConnection(Model):
    """
    An ATS that the workspace is connected to, the schema `AtsConnection` of the contract.

    Attributes:
        integration_id: The id of the connection; it has no `id`.
        ats_provider: The name of the ATS; pass it to other methods as *ats_name*.
        source: `native` or `kombo`; an open list.
        display_name: The display name; None if it has none.
        is_active: Whether it is in use.
        created_at: Creation time, in UTC; None if the server does not say. The contract does not
            state the unit of the number; it is read as Unix seconds.
        updated_at: Time of the last change, in UTC, read in the same way.

    Example:
        >>> from heymilo_async import AtsConnection
        >>> AtsConnection(integration_id="intg_1", ats_provider="bullhorn").source
        'native'
    """

    _cursor: ClassVar[str] = "integration_id"

    integration_id: str
    ats_provider: str
    source: str = "native"
    display_name: str | None = None
    is_active: bool = True
    created_at: datetime | None = None
    updated_at: datetime | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CandidateMatch(Model):
    """
    A person in the ATS, the schema `CandidateMatch` of the contract.

    Attributes:
        ats_candidate_id: The ATS's id of the person; None if the ATS does not give it.
        first_name: The first name; None if the ATS has none.
        last_name: The last name; None if the ATS has none.
        email: The first email address; None if the ATS has none.
        email2: The second email address; None if the ATS has none.
        email3: The third email address; None if the ATS has none.
        phone: The phone number, in the ATS's format; None if the ATS has none.
        status: The person's status in the ATS, as the ATS words it; None if there is none.
        match_reason: Why the person matches; the contract lists no values.

    Example:
        >>> from heymilo_async import CandidateMatch
        >>> CandidateMatch(ats_candidate_id="4711", first_name="Jo").last_name is None
        True
    """

    ats_candidate_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    email2: str | None = None
    email3: str | None = None
    phone: str | None = None
    status: str | None = None
    match_reason: str | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResolveCandidate(Model):
    """
    The result of a search in the ATS, the schema `ResolveCandidateResponse` of the contract.

    Attributes:
        success: Whether the search worked; always true in a result of `resolve_candidate`.
        status: The outcome; the contract lists no values, and it may be empty.
        email: The email address of the search; None if it had none.
        ats_candidate_id: The id of the search; None if it had none.
        matches: The people that match; may be empty.
        error: The error message; None without an error.

    Example:
        >>> from heymilo_async import ResolveCandidate
        >>> ResolveCandidate(success=True).matches
        ()
    """

    success: bool
    status: str = ""
    email: str | None = None
    ats_candidate_id: str | None = None
    matches: tuple[CandidateMatch, ...] = ()
    error: str | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PushReceipt(Model):
    """
    The receipt of `push_candidate`, the schema `EnqueuePushResponse` of the contract.

    Attributes:
        status: The status of the queued push; the contract lists no values.
        item_id: The id for `get_push` and `wait_for_push`; never None in a result of
            `push_candidate`.
        error: A message from the server; None if there is none.

    Example:
        >>> from heymilo_async import PushReceipt
        >>> PushReceipt(status="queued", item_id="item_1").error is None
        True
    """

    status: str
    item_id: str | None = None
    error: str | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PushStatus(Model):
    """
    The status of a push, the schema `QueueItemStatus` of the contract.

    Attributes:
        item_id: The id of the push.
        status: The status; the contract lists no values, so do not branch on it.
        event_type: The kind of push; the contract lists no values. None if the server does not say.
        retry_count: How often the server has retried the push.
        failure_instances: The failed attempts, as the server describes them; it may still retry.
        success_details: The response of the ATS; not None once the push is done.
        created_at: The time when it was queued, in UTC; None if the server does not say. The
            contract does not state the unit of the number; it is read as Unix seconds.
        updated_at: Time of the last change, in UTC, read in the same way.

    Example:
        >>> from heymilo_async import PushStatus
        >>> push = PushStatus(item_id="item_1", status="pending")
        >>> push.is_done, push.failure_instances
        (False, ())
    """

    item_id: str
    status: str
    event_type: str | None = None
    retry_count: int = 0
    failure_instances: tuple[Mapping[str, Any], ...] = ()
    success_details: Mapping[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def is_done(self) -> bool:
        """
        Whether the ATS has accepted the candidate: whether there are `success_details`.
        """
        return self.success_details is not None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ATSCandidate(Body):
    """
    A person to push to an ATS, the schema `PushCandidatePayload` of the contract.

    Attributes that you leave out are not sent. The constructor checks the values.

    Attributes:
        ats_candidate_id: The id of the person to update; `resolve_candidate` finds it. **Without
            an id, the push creates a person in the ATS.** None is the same as leaving it out.
        first_name: The first name.
        last_name: The last name.
        email: The email address.
        phone: The phone number.
        set_heymilo_source: Probably whether the ATS records HeyMilo as the person's source; the
            contract does not explain it.

    Example:
        >>> from heymilo_async import ATSCandidate
        >>> ATSCandidate(ats_candidate_id="4711", phone="+12065550123")
        ATSCandidate(ats_candidate_id='4711', phone='+12065550123')
    """

    ats_candidate_id: str | None | NotGiven = NOT_GIVEN
    first_name: str | None | NotGiven = NOT_GIVEN
    last_name: str | None | NotGiven = NOT_GIVEN
    email: str | None | NotGiven = NOT_GIVEN
    phone: str | None | NotGiven = NOT_GIVEN
    set_heymilo_source: bool | None | NotGiven = NOT_GIVEN

    def _check(self, name: str) -> None:
        # The contract does not say whether the server would create a person for an empty id.
        if isinstance(self.ats_candidate_id, str) and not self.ats_candidate_id.strip():
            message = f"{name}ats_candidate_id must not be empty: leave it out to create a person"
            raise InvalidRequestError(message)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Resolve(Body):
    ats_name: str
    email: str | None | NotGiven = NOT_GIVEN
    ats_candidate_id: str | None | NotGiven = NOT_GIVEN
    limit: int | None | NotGiven = NOT_GIVEN


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Push(Body):
    ats_name: str
    posting_id: str | None | NotGiven = NOT_GIVEN
    interview_id: str | None | NotGiven = NOT_GIVEN
    ingestion_token: str | None | NotGiven = NOT_GIVEN
    create_submission: bool | NotGiven = NOT_GIVEN
    candidate: ATSCandidate


RESOLVE: Final = Operation(
    id="resolveAtsCandidate",
    method="POST",
    path="/api/v2/ats/candidates/resolve",
    returns=ResolveCandidate,
    shape="single",
    takes=_Resolve,
    repeatable=True,
)
PUSH: Final = Operation(
    id="pushAtsCandidate",
    method="POST",
    path="/api/v2/ats/candidates/push",
    returns=PushReceipt,
    shape="single",
    takes=_Push,
    advice=(
        "it may have been queued: wait some minutes and check the ATS with "
        "client.ats.resolve_candidate(...) before you push again"
    ),
)
GET_PUSH: Final = Operation(
    id="getAtsPushStatus",
    method="GET",
    path="/api/v2/ats/candidates/push/{item_id}",
    returns=PushStatus,
    shape="single",
    answers="item_id",
)
LIST_CONNECTIONS: Final = Operation(
    id="listAtsConnections",
    method="GET",
    path="/api/v2/ats/connections",
    returns=tuple[AtsConnection, ...],
    shape="list",
)


class AsyncAts(AsyncResource):
    """
    The applicant tracking systems of a workspace; `client.ats` of an `AsyncHeyMilo`.

    Resolve first, then push: a push without an `ats_candidate_id` creates a person.

    Example:
        >>> import asyncio
        >>> from heymilo_async import AsyncHeyMilo
        >>> async def main() -> None:
        ...     async with AsyncHeyMilo() as client:
        ...         connections = await client.ats.list_connections()
        ...         print(type(connections).__name__)
        >>> asyncio.run(main())
        tuple
    """

    @operation(RESOLVE)
    async def resolve_candidate(
        self,
        *,
        ats_name: str,
        email: str | None | NotGiven = NOT_GIVEN,
        ats_candidate_id: str | None | NotGiven = NOT_GIVEN,
        limit: int | None | NotGiven = NOT_GIVEN,
    ) -> ResolveCandidate:
        """
        Find a person in an ATS (operation `resolveAtsCandidate`).

        The request only searches, so the client retries it like a GET.

        Args:
            ats_name: The ATS, such as `bullhorn`; only Bullhorn and Avionte are supported.
            email: The email address to search for.
            ats_candidate_id: The ATS's id to search for.
            limit: Maximum number of matches; the contract states no range.

        Returns:
            The result; its `.matches` may be empty. A match may have no `ats_candidate_id`.

        Raises:
            OperationFailedError: The search failed: the server answered 200 with
                `success: false`. `.data` has the response.
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            BadRequestError: The ATS is not supported (400).
            HeyMiloError: Any call can raise it; see the errors page.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     found = client.ats.resolve_candidate(
            ...         ats_name="bullhorn", email="jo.doe@example.com", limit=5
            ...     )
            ...     print(found.success)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         found = await client.ats.resolve_candidate(
            ...             ats_name="bullhorn", email="jo.doe@example.com"
            ...         )
            ...         print(type(found.matches).__name__)
            >>> asyncio.run(main())
            tuple
        """
        body = {
            "ats_name": ats_name,
            "email": email,
            "ats_candidate_id": ats_candidate_id,
            "limit": limit,
        }
        response = await self._respond(RESOLVE, body=body)
        if not response.data.success:
            raise self._operation_failed(response, "the search failed", response.data.error)
        return response.data

    @operation(PUSH)
    async def push_candidate(
        self,
        *,
        ats_name: str,
        candidate: ATSCandidate | Mapping[str, Any],
        create: bool = False,
        posting_id: str | None | NotGiven = NOT_GIVEN,
        interview_id: str | None | NotGiven = NOT_GIVEN,
        ingestion_token: str | None | NotGiven = NOT_GIVEN,
        create_submission: bool | NotGiven = NOT_GIVEN,
    ) -> PushReceipt:
        """
        Queue a candidate for an ATS (operation `pushAtsCandidate`).

        With an `ats_candidate_id` the push updates that person. Without an id **it creates a
        person in the ATS**, and the API cannot undo that: search with `resolve_candidate` first,
        and confirm with *create*.

        The client repeats this request only if the server certainly did not process it. If an
        error has `.maybe_sent`, check the ATS with `resolve_candidate` before you push again.

        Args:
            ats_name: The ATS, such as `bullhorn`; only Bullhorn and Avionte are supported.
            candidate: The person, with the members of an `ATSCandidate`.
            create: Whether to create a person. It must be true if *candidate* has no
                `ats_candidate_id`, and false if it has one. It is not sent.
            posting_id: The related posting. The contract explains neither this parameter nor the
                next two, nor how to combine them.
            interview_id: The related interview.
            ingestion_token: By its name, a token; treat it as a secret.
            create_submission: Whether to also link the person to the job; the server's default is
                false.

        Returns:
            The receipt; pass its `item_id` to `wait_for_push`. An `error` in it is only a message.

        Raises:
            OperationFailedError: The server queued nothing: it answered 200 without an `item_id`.
                `.data` has the response.
            InvalidRequestError: The push would create a person but *create* is false, or it would
                update a person but *create* is true, or a parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            BadRequestError: The ATS is not supported (400).
            HeyMiloError: Any call can raise it; see the errors page. `.maybe_sent` says whether
                the push may have been queued.

        Example:
            >>> import asyncio
            >>> from heymilo_async import ATSCandidate, AsyncHeyMilo, HeyMilo, InvalidRequestError
            >>> with HeyMilo() as client:
            ...     receipt = client.ats.push_candidate(
            ...         ats_name="bullhorn",
            ...         candidate=ATSCandidate(ats_candidate_id="4711", phone="+12065550123"),
            ...     )
            ...     print(receipt.item_id is not None)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         try:
            ...             await client.ats.push_candidate(
            ...                 ats_name="bullhorn", candidate={"email": "jo.doe@example.com"}
            ...             )
            ...         except InvalidRequestError:
            ...             print("it would create a person")
            >>> asyncio.run(main())
            it would create a person
        """
        ingestion_token = Secret.hide(ingestion_token)
        _check_create(candidate, create)
        body = {
            "ats_name": ats_name,
            "posting_id": posting_id,
            "interview_id": interview_id,
            "ingestion_token": ingestion_token,
            "create_submission": create_submission,
            "candidate": candidate,
        }
        response = await self._respond(PUSH, body=body)
        if response.data.item_id is None:
            raise self._operation_failed(
                response, "nothing was queued", response.data.error, secrets_of(body)
            )
        return response.data

    @operation(GET_PUSH)
    async def get_push(self, item_id: str) -> PushStatus:
        """
        Return the status of a push (operation `getAtsPushStatus`).

        Args:
            item_id: The `item_id` of the push's receipt, 1 to 1024 characters.

        Returns:
            The push. It is done once it has `.success_details`; `.failure_instances` lists the
            failed attempts, and the server may still retry.

        Raises:
            InvalidRequestError: *item_id* is not valid in a URL path; nothing was sent.
            TypeError: *item_id* is not a str.
            HeyMiloError: Any call can raise it; see the errors page. The contract does not say
                how the server answers an unknown *item_id*.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> person = {"ats_candidate_id": "4711", "last_name": "Doe"}
            >>> with HeyMilo() as client:
            ...     receipt = client.ats.push_candidate(ats_name="bullhorn", candidate=person)
            ...     push = client.ats.get_push(receipt.item_id)
            ...     print(push.item_id == receipt.item_id)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print((await client.ats.get_push(receipt.item_id)).retry_count >= 0)
            >>> asyncio.run(main())
            True
        """
        return await self._perform(GET_PUSH, item_id=item_id)

    async def wait_for_push(self, item_id: str, *, timeout: float, poll: float = 5.0) -> PushStatus:
        """
        Poll a push until it is done (operation `getAtsPushStatus` each time).

        A push is done once it has `success_details`; the contract does not list the values of
        `status`. A failed attempt does not end the wait, for the server may retry. The last poll
        is at most one second before *timeout*, however long *poll* is. The client's deadline, if
        it has one, ends the wait too.

        Args:
            item_id: The `item_id` of the push's receipt, 1 to 1024 characters.
            timeout: Maximum wait in seconds, more than 0.
            poll: Seconds between two requests, more than 0; HeyMilo recommends no interval.

        Returns:
            The push, with its `success_details`.

        Raises:
            OperationFailedError: *timeout* is over, and attempts have failed. `.data` has the last
                status of the push; the server may still retry.
            DeadlineExceededError: *timeout* is over, and no attempt is known to have failed.
                `.data` has the last status of the push, or None if the server never responded.
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            HeyMiloError: Any error of `get_push`.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, DeadlineExceededError, HeyMilo
            >>> person = {"ats_candidate_id": "4711", "last_name": "Doe"}
            >>> with HeyMilo() as client:
            ...     receipt = client.ats.push_candidate(ats_name="bullhorn", candidate=person)
            ...     try:
            ...         push = client.ats.wait_for_push(receipt.item_id, timeout=0.2, poll=0.1)
            ...     except DeadlineExceededError as error:
            ...         push = error.data
            ...     print(push.item_id == receipt.item_id)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         try:
            ...             await client.ats.wait_for_push(receipt.item_id, timeout=0.2, poll=0.1)
            ...         except DeadlineExceededError as error:
            ...             print(error.data.item_id == receipt.item_id)
            ...         else:
            ...             print(True)
            >>> asyncio.run(main())
            True
        """

        async def fetch(expires: float | None) -> APIResponse[PushStatus]:
            return await self._respond(GET_PUSH, expires=expires, item_id=item_id)

        response, is_done = await self._poll(
            fetch, timeout=timeout, poll=poll, done=lambda response: response.data.is_done
        )
        push = response.data
        if is_done:
            return push
        if push.failure_instances:
            failed = len(push.failure_instances)
            attempts = "1 attempt" if failed == 1 else f"{failed} attempts"
            what = f"{attempts} by the server failed, and none succeeded in time"
            raise self._operation_failed(response, what, push.status)
        what = f"the push was not done in time; its status is {self._printable(push.status)!r}"
        raise self._not_in_time(response, what)

    @operation(LIST_CONNECTIONS)
    async def list_connections(self) -> tuple[AtsConnection, ...]:
        """
        Return the workspace's connections to ATSs (operation `listAtsConnections`).

        This list has no pagination: if the server reports more connections than it sent, the
        client logs a warning.

        Returns:
            The connections, in the server's order.

        Raises:
            HeyMiloError: Any call can raise it; see the errors page.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     print(type(client.ats.list_connections()).__name__)
            tuple
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         connections = await client.ats.list_connections()
            ...         print(all(isinstance(one.is_active, bool) for one in connections))
            >>> asyncio.run(main())
            True
        """
        return await self._perform(LIST_CONNECTIONS)

    def _operation_failed(
        self,
        response: APIResponse[Any],
        what: str,
        why: str | None,
        secrets: tuple[Secret, ...] = (),
    ) -> OperationFailedError:
        name = self._engine.clean(response.request)
        reason = f": {self._printable(scrub(why, secrets))}" if why else ""
        error = OperationFailedError(
            f"{name}: {what}{reason}",
            request=name,
            attempts=response.attempts,
            data=response.data,
        )
        log_failure(error)
        return error

    def _printable(self, text: str) -> str:
        # The server's text may repeat a secret, or be very long.
        return printable(mask_members(self._engine.clean(text)), 200)


class Ats(Resource[AsyncAts]):
    """
    The applicant tracking systems of a workspace; `client.ats` of a `HeyMilo`.

    Resolve first, then push: a push without an `ats_candidate_id` creates a person.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> with HeyMilo() as client:
        ...     print(type(client.ats.list_connections()).__name__)
        tuple
    """

    resolve_candidate: Final = blocking(AsyncAts.resolve_candidate)
    push_candidate: Final = blocking(AsyncAts.push_candidate)
    get_push: Final = blocking(AsyncAts.get_push)
    wait_for_push: Final = blocking(AsyncAts.wait_for_push)
    list_connections: Final = blocking(AsyncAts.list_connections)


def _check_create(candidate: object, create: object) -> None:
    """
    Raise `InvalidRequestError` unless *create* is true exactly for a candidate without an id.
    """
    if not isinstance(create, bool):
        raise wrong_type("create", "a bool", create)
    if isinstance(candidate, ATSCandidate):
        person_id: object = candidate.ats_candidate_id
    elif isinstance(candidate, Mapping):
        person_id = candidate.get("ats_candidate_id")
    else:
        raise wrong_type("candidate", "an ATSCandidate, or a mapping of its members", candidate)
    is_new = person_id is None or person_id is NOT_GIVEN
    if is_new and not create:
        message = (
            "candidate has no ats_candidate_id, so this push would create a person in the ATS: "
            "find the person with client.ats.resolve_candidate(...) first, or pass create=True"
        )
        raise InvalidRequestError(message)
    if create and not is_new:
        message = (
            "candidate has an ats_candidate_id, so this push updates that person: leave out "
            "create=True, or the id"
        )
        raise InvalidRequestError(message)
