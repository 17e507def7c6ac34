"""
ATS: finding people in an applicant tracking system, and sending candidates there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

import attrs

from .._core.arguments import NOT_GIVEN, NotGiven, wrong_type
from .._core.blocking import blocking
from .._core.body import Body
from .._core.messages import APIResponse, Operation, operation
from .._core.model import Model
from .._core.secrets import Secret, hide_members, printable, scrub, secrets_of
from ..errors import DeadlineExceededError, InvalidRequestError, OperationFailedError
from ._collection import AsyncResource, Resource


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AtsConnection(Model):
    """
    An ATS that the workspace is connected to, the schema `AtsConnection` of the contract.

    Attributes:
        integration_id: What the API calls the connection by; there is no `id`.
        ats_provider: The name of the ATS, what the other methods call *ats_name*.
        source: `native` or `kombo`; other words may come.
        display_name: What people call it; None if it has no name.
        is_active: Whether it is in use.
        created_at: When it was made, in UTC (the contract does not state the unit; Unix seconds
            are read); None if the server does not say.
        updated_at: When it was changed last, likewise.

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
        ats_candidate_id: What the ATS calls the person by; None if it does not say.
        first_name: None if the ATS has none.
        last_name: None if the ATS has none.
        email: The first e-mail address; None if the ATS has none.
        email2: The second one; None likewise.
        email3: The third one; None likewise.
        phone: The phone number as the ATS has it; None if it has none.
        status: The person's status in the ATS, in its own words; None if there is none.
        match_reason: Why this person was found; no word is published.

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
    What a search in the ATS found, the schema `ResolveCandidateResponse` of the contract.

    Attributes:
        success: Whether the search worked; always true of what `resolve_candidate` returns.
        status: A word about the outcome; none is published, and it may be empty.
        email: The e-mail address that was looked for; None if it was none.
        ats_candidate_id: The id that was looked for; None if it was none.
        matches: Who was found; empty if nobody was.
        error: What went wrong; None if nothing did.

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
    What `push_candidate` returns, the schema `EnqueuePushResponse` of the contract.

    Attributes:
        status: A word about the queue; none is published.
        item_id: What `get_push` and `wait_for_push` take; never None in what `push_candidate`
            returns.
        error: What the server remarks; None if there is nothing.

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
    How a push stands, the schema `QueueItemStatus` of the contract.

    Attributes:
        item_id: The push.
        status: A word about it; none is published, so do not decide by it.
        event_type: What kind of push it is; no word is published. None if the server does not say.
        retry_count: How many times the server tried again.
        failure_instances: What went wrong at each failed attempt, as the server describes it; it
            may still try again.
        success_details: What the ATS answered; not None once the push is done.
        created_at: When it was queued, in UTC (the contract does not state the unit; Unix seconds
            are read); None if the server does not say.
        updated_at: When it changed last, likewise.

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
        Whether the ATS has the candidate: whether there are `success_details`.
        """
        return self.success_details is not None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ATSCandidate(Body):
    """
    A person as an ATS gets them, the schema `PushCandidatePayload` of the contract.

    What is left out is not sent. It checks itself when it is made.

    Attributes:
        ats_candidate_id: Whom to update, as `resolve_candidate` found them. **Without it, the push
            creates a person in the ATS**, and None is the same as leaving it out.
        first_name: The first name.
        last_name: The last name.
        email: The e-mail address.
        phone: The phone number.
        set_heymilo_source: The contract does not explain it; by its name, whether the ATS notes
            HeyMilo as where the person comes from.

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
        # Whether the server takes it for none, and creates a person, nobody says.
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
        "it may have been queued: look in the ATS with client.ats.resolve_candidate, some minutes "
        "later, before you push again"
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

    Resolve first, then push: a push without the id of a person creates one.

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

        It only searches, so the client repeats it as it does a GET.

        Args:
            ats_name: The ATS, such as `bullhorn`; only Bullhorn and Avionte are supported.
            email: The e-mail address to look for.
            ats_candidate_id: The ATS's own id to look for.
            limit: How many matches to return at most; no bounds are published.

        Returns:
            What was found, in `.matches`: nobody, one person or several. A match may have no
            `ats_candidate_id`.

        Raises:
            OperationFailedError: The search failed: a 200 that says `success: false`. `.data` has
                the answer.
            InvalidRequestError: A parameter cannot work; nothing was sent.
            TypeError: A parameter is of the wrong type.
            BadRequestError: The ATS is not supported (400).
            HeyMiloError: What every call may raise; see the errors page.

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
            raise self._failed(response, "the search failed", response.data.error)
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

        With an `ats_candidate_id` the push updates that person. Without one **it creates a person
        in the ATS**, which nobody here can undo: look with `resolve_candidate` first, and say
        `create=True` if you mean it.

        It goes out once: the client repeats it only if the server certainly did not carry it out.
        If an error says `.maybe_sent`, look in the ATS with `resolve_candidate` before you push
        again.

        Args:
            ats_name: The ATS, such as `bullhorn`; only Bullhorn and Avionte are supported.
            candidate: The person, an `ATSCandidate` or a mapping of its members.
            create: Whether to create a person: required to be true if *candidate* has no
                `ats_candidate_id`, and false if it has one. It is not sent.
            posting_id: The posting that it is about. The contract does not say what this and the
                next two do, nor which go together.
            interview_id: The interview that it is about.
            ingestion_token: A token by its name; treat it as a secret.
            create_submission: Whether to link the person to the job, too; the server's default is
                false.

        Returns:
            The receipt; its `item_id` goes into `wait_for_push`. An `error` beside it is a remark.

        Raises:
            OperationFailedError: Nothing was queued: a 200 without an `item_id`. `.data` has the
                answer.
            InvalidRequestError: It would create a person without `create=True`, or
                `create=True` came with an id, or a parameter cannot work; nothing was sent.
            TypeError: A parameter is of the wrong type.
            BadRequestError: The ATS is not supported (400).
            HeyMiloError: What every call may raise; see the errors page. `.maybe_sent` says whether
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
            raise self._failed(
                response, "nothing was queued", response.data.error, secrets_of(body)
            )
        return response.data

    @operation(GET_PUSH)
    async def get_push(self, item_id: str) -> PushStatus:
        """
        Return how a push stands (operation `getAtsPushStatus`).

        Args:
            item_id: The push, `PushReceipt.item_id`, 1 to 1024 characters.

        Returns:
            The push: done once `.success_details` is there; `.failure_instances` has the attempts
            that failed, after which the server may try again.

        Raises:
            InvalidRequestError: *item_id* cannot stand in a path; nothing was sent.
            TypeError: *item_id* is not a str.
            HeyMiloError: What every call may raise; see the errors page. Which status an unknown
                *item_id* has is not published.

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
        Wait until a push is done (operation `getAtsPushStatus` each time).

        It is done once there are `success_details`: the words of `status` are published nowhere.
        An attempt that failed does not end the wait, for the server may try again. The last look is
        up to a second before the end, however long *poll* is. The client's deadline, if it has one,
        ends the wait too.

        Args:
            item_id: The push, `PushReceipt.item_id`, 1 to 1024 characters.
            timeout: Seconds to wait at most, more than 0.
            poll: Seconds between two looks, more than 0; the server publishes none.

        Returns:
            The push, with its `success_details`.

        Raises:
            OperationFailedError: *timeout* is over, and attempts have failed. `.data` has the push
                as it stood last; the server may still go on.
            DeadlineExceededError: *timeout* is over, and nothing is known. `.data` has the push as
                it stood last, None if no answer came at all.
            InvalidRequestError: A parameter cannot work; nothing was sent.
            TypeError: A parameter is of the wrong type.
            HeyMiloError: What `get_push` raises.

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
            what = f"{attempts} of the server's failed, and none succeeded in time"
            raise self._failed(response, what, push.status)
        name = self._engine.clean(response.request)
        message = (
            f"{name}: the push was not done in time; its status is {self._shown(push.status)!r}. It "
            "goes on, and you may wait for it again"
        )
        raise DeadlineExceededError(
            message,
            request=name,
            attempts=response.attempts,
            phase="read",
            maybe_sent=True,
            data=push,
        )

    @operation(LIST_CONNECTIONS)
    async def list_connections(self) -> tuple[AtsConnection, ...]:
        """
        Return the workspace's connections to ATSs (operation `listAtsConnections`).

        The API has no way to ask for more than it sends: if the answer says that there is more,
        that is logged at WARNING.

        Returns:
            The connections, in the server's order.

        Raises:
            HeyMiloError: What every call may raise; see the errors page.

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

    def _failed(
        self,
        response: APIResponse[Any],
        what: str,
        why: str | None,
        secrets: tuple[Secret, ...] = (),
    ) -> OperationFailedError:
        name = self._engine.clean(response.request)
        because = f": {self._shown(scrub(why, secrets))}" if why else ""
        return OperationFailedError(
            f"{name}: {what}{because}",
            request=name,
            attempts=response.attempts,
            data=response.data,
        )

    def _shown(self, text: str) -> str:
        # The server may repeat a secret, or a whole page of something.
        return printable(hide_members(self._engine.clean(text)), 200)


class Ats(Resource[AsyncAts]):
    """
    The applicant tracking systems of a workspace; `client.ats` of a `HeyMilo`.

    Resolve first, then push: a push without the id of a person creates one.

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
    Refuse a push that creates a person, or does not, otherwise than the caller says.
    """
    if not isinstance(create, bool):
        raise wrong_type("create", "a bool", create)
    if isinstance(candidate, ATSCandidate):
        whom: object = candidate.ats_candidate_id
    elif isinstance(candidate, Mapping):
        whom = candidate.get("ats_candidate_id")
    else:
        raise wrong_type("candidate", "an ATSCandidate, or a mapping of its members", candidate)
    is_new = whom is None or whom is NOT_GIVEN
    if is_new and not create:
        message = (
            "candidate has no ats_candidate_id, so this push would create a person in the ATS: find "
            "the person with resolve_candidate first, or say create=True"
        )
        raise InvalidRequestError(message)
    if create and not is_new:
        message = (
            "candidate has an ats_candidate_id, so this push updates that person: leave out "
            "create=True, or the id"
        )
        raise InvalidRequestError(message)
