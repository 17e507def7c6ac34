"""
Interviews: their results, and the metadata that a workspace stores with each.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

import attrs
from cattrs import BaseConverter

from .._core.arguments import Body, Metadata
from .._core.blocking import blocking
from .._core.codec import checked_copy, from_dict
from .._core.messages import APIResponse, Operation, operation
from .._core.model import EMPTY, Model
from .._core.secrets import printable
from ..errors import HeyMiloError, ResponseDecodeError
from ._collection import AsyncResource, Resource
from ._interview_integrity import CheatDetection
from ._interview_results import FormResult, ResumeResult, SMSResult, WebInterviewResult
from .candidates import CandidateWorkflow

#: A status that the operation's description mentions, but the schema's list of values does not.
_NOT_READY: Final = "not_ready"

#: Required fields that may be missing if the interview is not ready; the client knows the id.
_LACKING: Final = ("posting_id", "name", "email")

#: Results that may be incomplete if the interview is not ready.
_PARTS: Final = ("workflow", "web_interview", "resume", "sms", "form", "cheat_detection")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InterviewData(Model):
    """
    The data and results of an interview, the schema `InterviewDataResponse` of the contract.

    Each agent has an attribute for its result, which is None if the agent is not in the workflow
    or has no result yet.

    **An interview that is not ready** may lack fields that the contract requires. The server may
    report `not_ready` in the data or only in the response's `meta`; in both cases you get an
    `InterviewData` with the status `not_ready`. Its `posting_id`, `name` and `email` are None if
    the server omitted them, and its `interview_id` is the requested one. The attribute of an
    incomplete result is None, and `.extra` has the server's JSON under the same name. In every
    other interview these three are strings: a response without them raises `ResponseDecodeError`.

    **Scales** differ between attributes:

    - `score`, `web_interview.match_score` (a whole number), `resume.overall_score`: 0 to 100;
    - `score` of a `ResumeScoreCriterion`: 0 to 10;
    - `score` and `score_weight` of a `ScorecardQuestion` (whole numbers): 1 to 10;
    - `web_interview.speech_score`: 0 to 5;
    - `cheat_detection.overall_ranking` (a whole number): 1 (no sign) to 5;
    - `cheat_detection.threshold` (a whole number): 0 to 100;
    - every `confidence` and probability, and the scores within `cheat_detection`: 0 to 1.

    **Times** in `sms.transcript` are in UTC; those in the other transcripts and of movements are
    seconds from the start of the interview. The interview itself has no timestamp.

    Attributes:
        interview_id: The id, unique for each candidate and posting.
        posting_id: The id of the posting; None only if the interview is not ready.
        name: The candidate's full name; None only if the interview is not ready.
        email: The candidate's address; None only if the interview is not ready.
        status: `pending`, `in_progress`, `evaluating`, `completed`, `shortlisted`, `dismissed`,
            `knocked_out` or `not_ready`; an open list. See `is_ready`.
        candidate_id: The candidate's id in all postings of the workspace; None if there is none.
        score: The score over all completed steps, 0 to 100; None if there is none yet.
        workflow: The candidate's progress in each step.
        web_interview: The result of the web interview.
        resume: The result of the resume screening.
        sms: The result of the SMS conversation; the type of its step is `conversational_sms`.
        form: The result of the form.
        cheat_detection: Signs of cheating; None if cheating is not analysed.
        metadata: The workspace's keys and values for this interview, read-only.
        data: The `data` of the candidate's ingestion, free-form and read-only.
        object: The contract's name for this type, `interview_data`.

    Example:
        >>> from heymilo_async import InterviewData
        >>> data = InterviewData(
        ...     interview_id="D536A69A4090E13F", posting_id="13D77095", name="Jo Doe",
        ...     email="jo.doe@example.com", status="evaluating",
        ... )
        >>> data.is_ready, data.web_interview is None
        (False, True)
    """

    _cursor: ClassVar[str] = "interview_id"

    interview_id: str
    posting_id: str | None
    name: str | None
    email: str | None
    status: str
    candidate_id: str | None = None
    score: float | None = None
    workflow: CandidateWorkflow | None = None
    web_interview: WebInterviewResult | None = None
    resume: ResumeResult | None = None
    sms: SMSResult | None = None
    form: FormResult | None = None
    cheat_detection: CheatDetection | None = None
    metadata: Mapping[str, str] | None = None
    data: Mapping[str, Any] | None = None
    object: str = "interview_data"

    @property
    def is_ready(self) -> bool:
        """
        Whether the results are final: the status is none of `pending`, `in_progress`,
        `evaluating` and `not_ready`.
        """
        return self.status not in {"pending", "in_progress", "evaluating", _NOT_READY}

    @classmethod
    def _from_envelope(cls, envelope: Any, requested_id: str | None) -> Any:
        """
        Return *envelope*; complete its data if the interview *requested_id* is not ready.

        The contract does not say where `not_ready` appears: the data, `meta`, or the top level.
        """
        data = envelope.get("data") if type(envelope) is dict else envelope
        if type(data) is not dict and (data is not None or type(envelope) is not dict):
            return envelope
        data = data or {}
        if data.get("status") != _NOT_READY:
            meta = envelope.get("meta")
            words = [one.get("status") for one in (meta, envelope) if type(one) is dict]
            if _NOT_READY not in words or cls._is_complete(data):
                _refuse_nulls(data)
                return envelope
        id_in_data = data.get("interview_id")
        completed = {
            "interview_id": requested_id if id_in_data is None else id_in_data,
            "status": _NOT_READY,
        }
        return {**envelope, "data": data | completed}

    @classmethod
    def _is_complete(cls, data: dict[str, Any]) -> bool:
        try:
            _refuse_nulls(data)
            from_dict(cls, data)
        except ResponseDecodeError:
            return False
        return True

    @classmethod
    def _reader(
        cls, read: Callable[[Any, Any], Any], converter: BaseConverter
    ) -> Callable[[Any, Any], Any]:
        """
        Return a version of *read* that accepts missing fields if the interview is not ready.
        """
        hints = {field.name: field.type for field in attrs.fields(cls)}

        def read_partially(value: Any, kind: Any) -> Any:
            if type(value) is not dict or value.get("status") != _NOT_READY:
                return read(value, kind)
            completed = {**dict.fromkeys(_LACKING), **value}
            parts = {
                name: completed.pop(name)
                for name in _PARTS
                if not _can_be_read(converter, completed.get(name), hints[name])
            }
            made = read(completed, kind)
            return attrs.evolve(made, extra={**made.extra, **checked_copy(parts)})

        return read_partially


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InterviewMetadata(Model):
    """
    The metadata that a workspace stores with an interview, the schema `MetadataResponse`.

    It does not contain the interview's id, and is unrelated to the `meta` of a response.

    Attributes:
        object: The contract's name for this type, such as `metadata`; never missing.
        metadata: The keys and values, read-only; empty if there are none.

    Example:
        >>> from heymilo_async import InterviewMetadata
        >>> InterviewMetadata(object="metadata", metadata={"external_id": "4711"}).metadata
        {'external_id': '4711'}
    """

    object: str
    metadata: Mapping[str, str] = EMPTY


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _MetadataRequest(Body):
    metadata: Metadata


GET: Final = Operation(
    id="getInterviewData",
    method="GET",
    path="/api/v2/interviews/{interview_id}/data",
    returns=InterviewData,
    shape="single",
    answers="interview_id",
)
GET_METADATA: Final = Operation(
    id="getInterviewMetadata",
    method="GET",
    path="/api/v2/interviews/{interview_id}/metadata",
    returns=InterviewMetadata,
    shape="single",
)
SET_METADATA: Final = Operation(
    id="setInterviewMetadata",
    method="POST",
    path="/api/v2/interviews/{interview_id}/metadata",
    returns=InterviewMetadata,
    shape="single",
    takes=_MetadataRequest,
    repeatable=True,
)
DELETE_METADATA: Final = Operation(
    id="deleteInterviewMetadata",
    method="DELETE",
    path="/api/v2/interviews/{interview_id}/metadata",
    returns=InterviewMetadata,
    shape="single",
)


class AsyncInterviews(AsyncResource):
    """
    The interviews of a workspace; `client.interviews` of an `AsyncHeyMilo`.

    The API does not list interviews: get their ids from `interview_id` of a posting's candidates.

    Example:
        >>> import asyncio
        >>> from heymilo_async import AsyncHeyMilo
        >>> async def main() -> None:
        ...     async with AsyncHeyMilo() as client:
        ...         async for posting in client.postings.list_all_summaries():
        ...             async for candidate in client.candidates.list_all(posting.id, max_items=1):
        ...                 return await client.interviews.get(candidate.interview_id)
        >>> print(type(asyncio.run(main())).__name__)
        InterviewData
    """

    @operation(GET)
    async def get(self, interview_id: str) -> InterviewData:
        """
        Return the data and results of one interview (operation `getInterviewData`).

        The client checks that the response has the requested id, ignoring case. An interview that
        is not ready is not an error: check its `status`.

        Args:
            interview_id: The `interview_id` of a candidate or of an ingestion's receipt, 1 to 1024
                characters.

        Returns:
            The interview, which may be large, for it contains all transcripts. `is_ready` says
            whether it is evaluated.

        Raises:
            InvalidRequestError: The id is not valid in a URL path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: The workspace has no such interview (404).
            ResponseMismatchError: The response is about another interview.
            HeyMiloError: Any call can raise it; see the errors page.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     postings = client.postings.list_all_summaries()
            ...     candidates = (one for each in postings for one in client.candidates.list(each.id))
            ...     interview_id = next(candidates).interview_id
            ...     print(client.interviews.get(interview_id).interview_id == interview_id)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         data = await client.interviews.get(interview_id)
            ...         print(data.interview_id == interview_id)
            >>> asyncio.run(main())
            True
        """
        return await self._get(interview_id)

    async def get_many(
        self, ids: Iterable[str], *, concurrency: int = 8
    ) -> builtins.list[InterviewData]:
        """
        Return several interviews, in the order of *ids* (operation `getInterviewData` for each).

        All requests share the client's deadline.

        Args:
            ids: The ids, each as in `get`; an id that is given twice is fetched twice.
            concurrency: Maximum number of concurrent requests, 1 to 1000.

        Returns:
            An interview for each id.

        Raises:
            InvalidRequestError: *concurrency* or one of *ids* is invalid; nothing was sent.
            TypeError: *ids* is a str or contains a value that is no str, or *concurrency* is
                not an int.
            HeyMiloError: The first error of `get`, raised by itself, not in an exception group;
                the other requests are cancelled.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     postings = client.postings.list_all_summaries()
            ...     candidates = (one for each in postings for one in client.candidates.list(each.id))
            ...     ids = [next(candidates).interview_id]
            ...     print([data.interview_id for data in client.interviews.get_many(ids)] == ids)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(len(await client.interviews.get_many(ids)))
            >>> asyncio.run(main())
            1
        """
        return await self._many(self._get, ids, concurrency)

    async def get_many_settled(
        self, ids: Iterable[str], *, concurrency: int = 8
    ) -> builtins.list[InterviewData | HeyMiloError]:
        """
        Return an interview or an error for each id, in order (operation `getInterviewData` each).

        All requests share the client's deadline. An id that was not fetched in time has a
        `DeadlineExceededError` in its place.

        Args:
            ids: The ids, each as in `get`; an id that is given twice is fetched twice.
            concurrency: Maximum number of concurrent requests, 1 to 1000.

        Returns:
            An interview, or the error that `get` would have raised, for each id.

        Raises:
            InvalidRequestError: *concurrency* or one of *ids* is invalid; nothing was sent.
            TypeError: *ids* is a str or contains a value that is no str, or *concurrency* is
                not an int.
            ClientClosedError: The client is closed.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     outcomes = client.interviews.get_many_settled(["nobody"])
            ...     print([type(outcome).__name__ for outcome in outcomes])
            ['NotFoundError']
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         outcomes = await client.interviews.get_many_settled(["nobody"])
            ...         print([type(outcome).__name__ for outcome in outcomes])
            >>> asyncio.run(main())
            ['NotFoundError']
        """
        return await self._settled(self._get, ids, concurrency)

    async def wait_until_ready(
        self, interview_id: str, *, timeout: float, poll: float = 60.0
    ) -> InterviewData:
        """
        Poll an interview until it is evaluated (operation `getInterviewData` each time).

        An interview is ready when its status is none of `pending`, `in_progress`, `evaluating` and
        `not_ready`. Candidates may take days to start, so use a webhook to learn of the end, and
        wait here for the evaluation after it, or in tests. The client's deadline, if it has one,
        ends the wait too.

        Args:
            interview_id: The interview's id, as in `get`.
            timeout: Maximum wait in seconds, more than 0.
            poll: Seconds between two requests, more than 0.

        Returns:
            The interview. Its `status` says whether the candidate passed.

        Raises:
            DeadlineExceededError: *timeout* is over. `.data` has the last response, or None if the
                server never responded.
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            HeyMiloError: Any error of `get`.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, DeadlineExceededError, HeyMilo
            >>> with HeyMilo() as client:
            ...     postings = client.postings.list_all_summaries()
            ...     candidates = (one for each in postings for one in client.candidates.list(each.id))
            ...     interview_id = next(candidates).interview_id
            ...     try:
            ...         data = client.interviews.wait_until_ready(interview_id, timeout=0.2, poll=0.1)
            ...     except DeadlineExceededError as error:
            ...         data = error.data
            ...     print(data.interview_id == interview_id)
            True
            >>> async def main() -> bool:
            ...     async with AsyncHeyMilo() as client:
            ...         wait = client.interviews.wait_until_ready
            ...         try:
            ...             return (await wait(interview_id, timeout=0.2, poll=0.1)).is_ready
            ...         except DeadlineExceededError as error:
            ...             return not error.data.is_ready
            >>> print(asyncio.run(main()))
            True
        """

        async def fetch(expires: float | None) -> APIResponse[InterviewData]:
            return await self._respond(GET, expires=expires, interview_id=interview_id)

        response, is_ready = await self._poll(
            fetch, timeout=timeout, poll=poll, done=lambda response: response.data.is_ready
        )
        if is_ready:
            return response.data
        status = printable(self._engine.clean(response.data.status), 50)
        what = f"the interview was not ready in time; its status is {status}"
        raise self._not_in_time(response, what)

    @operation(GET_METADATA)
    async def get_metadata(self, interview_id: str) -> InterviewMetadata:
        """
        Return the metadata of an interview (operation `getInterviewMetadata`).

        Args:
            interview_id: The interview's id, as in `get`.

        Returns:
            The metadata. The response has no interview id, so the client cannot check it.

        Raises:
            InvalidRequestError: The id is not valid in a URL path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: The workspace has no such interview (404).
            HeyMiloError: Any call can raise it; see the errors page.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     postings = client.postings.list_all_summaries()
            ...     candidates = (one for each in postings for one in client.candidates.list(each.id))
            ...     interview_id = next(candidates).interview_id
            ...     print(client.interviews.get_metadata(interview_id).object)
            metadata
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print((await client.interviews.get_metadata(interview_id)).object)
            >>> asyncio.run(main())
            metadata
        """
        return await self._perform(GET_METADATA, interview_id=interview_id)

    @operation(SET_METADATA)
    async def set_metadata(
        self, interview_id: str, metadata: Mapping[str, str]
    ) -> InterviewMetadata:
        """
        Set or update the metadata of an interview (operation `setInterviewMetadata`).

        The contract does not say whether the server keeps the other keys: send all keys that you
        need, and check the returned metadata. The client retries this request, because repeating
        it has the same result.

        Args:
            interview_id: The interview's id, as in `get`.
            metadata: Keys and values: at most 50 keys of at most 40 characters, values of at most
                500 characters.

        Returns:
            The metadata as it is now.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: The id is not a str, or *metadata* is not a mapping of str to str.
            NotFoundError: The workspace has no such interview (404).
            HeyMiloError: Any call can raise it; see the errors page.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     postings = client.postings.list_all_summaries()
            ...     candidates = (one for each in postings for one in client.candidates.list(each.id))
            ...     interview_id = next(candidates).interview_id
            ...     now = client.interviews.set_metadata(interview_id, {"external_id": "4711"})
            ...     print(now.metadata["external_id"])
            4711
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         now = await client.interviews.set_metadata(interview_id, {"stage": "2"})
            ...         print(now.metadata["stage"])
            >>> asyncio.run(main())
            2
        """
        return await self._perform(
            SET_METADATA, body={"metadata": metadata}, interview_id=interview_id
        )

    @operation(DELETE_METADATA)
    async def delete_metadata(self, interview_id: str) -> InterviewMetadata:
        """
        Remove all metadata of an interview (operation `deleteInterviewMetadata`).

        The API has no way to remove a single key.

        Args:
            interview_id: The interview's id, as in `get`.

        Returns:
            The metadata as the server sent it.

        Raises:
            InvalidRequestError: The id is not valid in a URL path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: The workspace has no such interview (404).
            HeyMiloError: Any call can raise it; see the errors page.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     postings = client.postings.list_all_summaries()
            ...     candidates = (one for each in postings for one in client.candidates.list(each.id))
            ...     interview_id = next(candidates).interview_id
            ...     client.interviews.delete_metadata(interview_id).object
            'metadata'
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print((await client.interviews.delete_metadata(interview_id)).object)
            >>> asyncio.run(main())
            metadata
        """
        return await self._perform(DELETE_METADATA, interview_id=interview_id)

    async def _get(self, interview_id: str, expires: float | None = None) -> InterviewData:
        return await self._perform(GET, expires=expires, interview_id=interview_id)


class Interviews(Resource[AsyncInterviews]):
    """
    The interviews of a workspace; `client.interviews` of a `HeyMilo`.

    The API does not list interviews: get their ids from `interview_id` of a posting's candidates.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> with HeyMilo() as client:
        ...     print(client.interviews.get_many([]))
        []
    """

    get: Final = blocking(AsyncInterviews.get)
    get_many: Final = blocking(AsyncInterviews.get_many)
    get_many_settled: Final = blocking(AsyncInterviews.get_many_settled)
    wait_until_ready: Final = blocking(AsyncInterviews.wait_until_ready)
    get_metadata: Final = blocking(AsyncInterviews.get_metadata)
    set_metadata: Final = blocking(AsyncInterviews.set_metadata)
    delete_metadata: Final = blocking(AsyncInterviews.delete_metadata)


def _refuse_nulls(data: dict[str, Any]) -> None:
    """
    Raise `ResponseDecodeError` for a null that is valid only if the interview is not ready.
    """
    for name in _LACKING:
        if name in data and data[name] is None:
            path = f"$.data.{name}"
            message = f"{path} must be a string, not null"
            raise ResponseDecodeError(message, path=path)


def _can_be_read(converter: BaseConverter, value: Any, kind: Any) -> bool:
    try:
        converter.structure(value, kind)
    except Exception:
        return False
    return True
