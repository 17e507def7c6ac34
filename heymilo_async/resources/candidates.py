"""
Candidates: list a posting's candidates and their progress, and invite more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Final

import attrs

from .._core.arguments import Body, Length, Metadata, Named, check_search, wrong_type
from .._core.blocking import blocking, blocking_iter, blocking_page
from .._core.emitter import LOGGER
from .._core.messages import Operation, operation
from .._core.model import SECRET, Model
from .._values import NOT_GIVEN, NotGiven
from ..errors import InvalidRequestError
from ..pages import AsyncPage, AsyncPager, Page
from ._collection import AsyncResource, Resource

#: The first and the last Unix second that `datetime` can represent, in year 1 and year 9999.
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799

_ADVICE = (
    "the server may have processed it: check with client.candidates.find(posting_id, email=...), "
    "or client.candidates.list_all(posting_id, created_after=...), before you send it again"
)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WorkflowStepStatus(Model):
    """
    A candidate's progress in one step, the schema `WorkflowStepStatus` of the contract.

    Attributes:
        step_id: The `id` of the posting's step; `postings.update_step` does not take it.
        order: The step's position in the workflow, from 1.
        status: `not_started`, `in_progress`, `completed` or `knocked_out`; an open list.
        started: Whether the candidate started the step.
        completed: Whether the candidate completed the step.
        knocked_out: Whether the step disqualified the candidate.
        last_updated_at: Time of the last status change, in UTC; None if the server does not say.

    Example:
        >>> from heymilo_async import WorkflowStepStatus
        >>> step = WorkflowStepStatus(
        ...     step_id="agent_vi_001", order=1, status="in_progress", started=True, completed=False
        ... )
        >>> step.knocked_out
        False
    """

    step_id: str
    order: int
    status: str
    started: bool
    completed: bool
    knocked_out: bool = False
    last_updated_at: datetime | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CandidateWorkflow(Model):
    """
    A candidate's progress in all steps, the schema `CandidateWorkflow` of the contract.

    Attributes:
        steps: The steps, each with its status.
        all_complete: Whether every step is complete.
        last_activity_at: Time of the candidate's last activity in any step, in UTC; None if the
            server does not say.

    Example:
        >>> from heymilo_async import CandidateWorkflow
        >>> CandidateWorkflow(steps=(), all_complete=False).last_activity_at is None
        True
    """

    steps: tuple[WorkflowStepStatus, ...]
    all_complete: bool
    last_activity_at: datetime | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AgentResumeSummary(Model):
    """
    The resume agent's summary, the schema `AgentResumeSummary` of the contract.

    Attributes:
        resume_score: The score; None if there is none. The contract does not state its scale:
            HeyMilo's examples look like 1 to 5, while `InterviewData.resume.overall_score` is 0 to
            100.
        is_eligible: Whether the resume meets the eligibility criteria; None if that is not known.
        resume_link: The URL of the uploaded resume; None if there is none. It is personal data, so
            `repr` masks it.

    Example:
        >>> from heymilo_async import AgentResumeSummary
        >>> AgentResumeSummary(is_eligible=True, resume_link="https://cdn.example.com/r.pdf")
        AgentResumeSummary(resume_score=None, is_eligible=True, resume_link=***)
    """

    resume_score: float | None = None
    is_eligible: bool | None = None
    resume_link: str | None = attrs.field(default=None, metadata=SECRET)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AgentWebInterviewSummary(Model):
    """
    The web interview agent's summary, the schema `AgentWebInterviewSummary` of the contract.

    Attributes:
        score: The score; None if there is none. The contract does not state its scale; HeyMilo's
            example is 82.0.
        highlights: The highlights, as sentences.
        audio_recording_link: A signed URL of the audio recording; None if there is none. It works
            for anybody until it expires, so `repr` masks it.
        video_recording_link: A signed URL of the video recording, also masked; None if there is
            none.

    Example:
        >>> from heymilo_async import AgentWebInterviewSummary
        >>> AgentWebInterviewSummary(score=82.0).highlights
        ()
    """

    score: float | None = None
    highlights: tuple[str, ...] = ()
    audio_recording_link: str | None = attrs.field(default=None, metadata=SECRET)
    video_recording_link: str | None = attrs.field(default=None, metadata=SECRET)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AgentSMSSummary(Model):
    """
    The SMS agent's summary, the schema `AgentSMSSummary` of the contract.

    Attributes:
        is_eligible: Whether the candidate passed; None if that is not known.
        criteria_passed: The criteria that the candidate meets.
        criteria_failed: The criteria that the candidate does not meet.
        messages_sent: The number of sent messages; None if the server does not say.

    Example:
        >>> from heymilo_async import AgentSMSSummary
        >>> AgentSMSSummary(is_eligible=True, messages_sent=8).criteria_failed
        ()
    """

    is_eligible: bool | None = None
    criteria_passed: tuple[str, ...] = ()
    criteria_failed: tuple[str, ...] = ()
    messages_sent: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AgentFormSummary(Model):
    """
    The form agent's summary, the schema `AgentFormSummary` of the contract.

    Attributes:
        is_complete: Whether the form is complete; None if that is not known.
        is_eligible: Whether the candidate passed; None if that is not known.
        questions_answered: The number of answered questions; None if the server does not say.
        total_questions: The number of questions in the form; None if the server does not say.

    Example:
        >>> from heymilo_async import AgentFormSummary
        >>> summary = AgentFormSummary(questions_answered=5, total_questions=7)
        >>> summary.is_complete is None
        True
    """

    is_complete: bool | None = None
    is_eligible: bool | None = None
    questions_answered: int | None = None
    total_questions: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AgentSummary(Model):
    """
    The summaries of all agents, the schema `AgentSummary` of the contract.

    Each is None if the posting has no such step, or the agent has no result yet.

    Attributes:
        resume: The resume agent's summary.
        web_interview: The web interview agent's summary.
        sms: The SMS agent's summary; its step is `conversational_sms`.
        form: The form agent's summary.

    Example:
        >>> from heymilo_async import AgentFormSummary, AgentSummary
        >>> AgentSummary(form=AgentFormSummary(is_complete=True)).resume is None
        True
    """

    resume: AgentResumeSummary | None = None
    web_interview: AgentWebInterviewSummary | None = None
    sms: AgentSMSSummary | None = None
    form: AgentFormSummary | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Candidate(Model):
    """
    A candidate of one posting, the schema `CandidateResponse` of the contract.

    It has no `id`: its `interview_id` identifies the candidate in this posting, and is the cursor
    of lists.

    Attributes:
        interview_id: The id for the interviews API, unique for each candidate and posting.
        candidate_id: The candidate's id in all postings of a workspace; None if the server does
            not say.
        posting_id: The posting.
        name: The full name.
        email: The email address, as the server sends it.
        score: The score over all completed steps, 0 to 100; None if there is none yet.
        status: `pending`, `in_progress`, `evaluating` (all steps are done, the score is not),
            `completed`, `shortlisted`, `dismissed` or `knocked_out`; an open list.
        interview_url: The link to the interview; None if the server does not say. It works for
            anybody, so `repr` masks it.
        workflow: The candidate's progress; None if the server does not say.
        agent_summary: The summaries of the agents; None if there are none.
        shortlisted: Whether the candidate is shortlisted.
        dismissed: Whether the candidate is dismissed.
        metadata: Your own keys and values; None if there are none.
        data: The `data` of the ingestion, unchanged; None if there is none.
        interviewed_at: When the candidate completed the interview, in UTC; None if not yet.
        created_at: When the candidate was ingested, in UTC; None if the server does not say.
        object: The contract's name for this type, `candidate`.

    Example:
        >>> from heymilo_async import Candidate
        >>> jo = Candidate(
        ...     interview_id="D536A69A4090E13F",
        ...     posting_id="13D77095",
        ...     name="Jo Doe",
        ...     email="jo.doe@example.com",
        ...     status="pending",
        ... )
        >>> jo.score is None, jo.shortlisted
        (True, False)
    """

    _cursor: ClassVar[str] = "interview_id"

    interview_id: str
    candidate_id: str | None = None
    posting_id: str
    name: str
    email: str
    score: float | None = None
    status: str
    interview_url: str | None = attrs.field(default=None, metadata=SECRET)
    workflow: CandidateWorkflow | None = None
    agent_summary: AgentSummary | None = None
    shortlisted: bool = False
    dismissed: bool = False
    metadata: Mapping[str, str] | None = None
    data: Mapping[str, Any] | None = None
    interviewed_at: datetime | None = None
    created_at: datetime | None = None
    object: str = "candidate"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CandidateReceipt(Model):
    """
    The receipt of `ingest`, the schema `IngestCandidateResponse` of the contract.

    Attributes:
        interview_id: The id for the interviews API.
        interview_url: The link to the interview. It works for anybody, so `repr` masks it.
        posting_id: The posting.
        candidate: The whole candidate; None if the server omits it.
        object: The contract's name for this type, `candidate`, the same as of a `Candidate`.

    Example:
        >>> from heymilo_async import CandidateReceipt
        >>> CandidateReceipt(
        ...     interview_id="D536A69A4090E13F",
        ...     interview_url="https://candidates.example.com/i/D536A69A4090E13F",
        ...     posting_id="13D77095",
        ... ).candidate is None
        True
    """

    interview_id: str
    interview_url: str = attrs.field(metadata=SECRET)
    posting_id: str
    candidate: Candidate | None = None
    object: str = "candidate"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class BulkCandidateReceipt(Model):
    """
    A receipt of `ingest_many`, the schema `BulkIngestCandidateResponseItem`.

    It does not name its candidate, and the contract does not promise the order of receipts: give
    each candidate a key of your own in *metadata*, which the server returns here.

    Attributes:
        interview_id: The id for the interviews API.
        interview_url: The link to the interview. It works for anybody, so `repr` masks it.
        metadata: The `metadata` of the ingested candidate; None if there is none.
        object: The contract's name for this type, `candidate`, the same as of a `Candidate`.

    Example:
        >>> from heymilo_async import BulkCandidateReceipt
        >>> receipt = BulkCandidateReceipt(
        ...     interview_id="D536A69A4090E13F",
        ...     interview_url="https://candidates.example.com/i/D536A69A4090E13F",
        ...     metadata={"external_id": "candidate_xyz"},
        ... )
        >>> receipt.metadata["external_id"]
        'candidate_xyz'
    """

    _cursor: ClassVar[str] = "interview_id"

    interview_id: str
    interview_url: str = attrs.field(metadata=SECRET)
    metadata: Mapping[str, str] | None = None
    object: str = "candidate"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Ingestion(Model):
    """
    A queued ingestion, the schema `AsyncIngestResponse` of the contract.

    `enqueue` and `enqueue_many` return it. No operation takes the `ingestion_id`: find the
    candidates with `list_all(posting_id, created_after=...)` or `find`, or register a webhook.

    Attributes:
        ingestion_id: The id of the job; a batch has a single one.
        status: `queued`; an open list.
        object: The contract's name for this type, `ingestion`.

    Example:
        >>> from heymilo_async import Ingestion
        >>> Ingestion(ingestion_id="intake_abc123").status
        'queued'
    """

    ingestion_id: str
    status: str = "queued"
    object: str = "ingestion"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NewCandidate(Body):
    """
    A candidate to ingest, the schema `CandidateIngestRequest` of the contract.

    Attributes that you leave out are not sent. The constructor checks the values.

    Attributes:
        name: The full name.
        email: The email address.
        phone_number: The number in E.164, such as `+12065550123`; an SMS step needs it.
        metadata: Your own keys and values: at most 50 keys of at most 40 characters, values of at
            most 500 characters.
        data: Any JSON object; the server returns it in `Candidate.data`.

    Example:
        >>> from heymilo_async import NewCandidate
        >>> NewCandidate(name="Jo Doe", email="jo.doe@example.com")
        NewCandidate(name='Jo Doe', email='jo.doe@example.com')
    """

    name: str
    email: str
    phone_number: str | None | NotGiven = NOT_GIVEN
    metadata: Metadata | None | NotGiven = NOT_GIVEN
    data: Mapping[str, Any] | None | NotGiven = NOT_GIVEN


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _NewCandidates(Body):
    data: Annotated[tuple[NewCandidate, ...], Named("candidates"), Length(1)]


INGEST: Final = Operation(
    id="ingestCandidate",
    method="POST",
    path="/api/v2/postings/{posting_id}/candidates",
    returns=CandidateReceipt,
    shape="single",
    takes=NewCandidate,
    advice=_ADVICE,
)
LIST: Final = Operation(
    id="listCandidates",
    method="GET",
    path="/api/v2/postings/{posting_id}/candidates",
    returns=Page[Candidate],
    shape="page",
)
INGEST_MANY: Final = Operation(
    id="ingestCandidatesBulk",
    method="POST",
    path="/api/v2/postings/{posting_id}/candidates/bulk",
    returns=tuple[BulkCandidateReceipt, ...],
    shape="items",
    takes=_NewCandidates,
    advice=_ADVICE,
)
ENQUEUE: Final = Operation(
    id="ingestCandidateAsync",
    method="POST",
    path="/api/v2/postings/{posting_id}/candidates/async",
    returns=Ingestion,
    shape="single",
    takes=NewCandidate,
    advice=_ADVICE,
)
ENQUEUE_MANY: Final = Operation(
    id="ingestCandidatesBulkAsync",
    method="POST",
    path="/api/v2/postings/{posting_id}/candidates/bulk/async",
    returns=Ingestion,
    shape="single",
    takes=_NewCandidates,
    advice=_ADVICE,
)


class AsyncCandidates(AsyncResource):
    """
    The candidates of a posting; `client.candidates` of an `AsyncHeyMilo`.

    The API has no operation to get one candidate; use `interviews.get(interview_id)`.

    Example:
        >>> import asyncio
        >>> from heymilo_async import AsyncHeyMilo
        >>> async def main() -> None:
        ...     async with AsyncHeyMilo() as client:
        ...         posting = (await client.postings.list(limit=1))[0]
        ...         page = await client.candidates.list(posting.id, limit=5)
        ...         print(len(page) <= 5)
        >>> asyncio.run(main())
        True
    """

    @operation(LIST)
    async def list(
        self,
        posting_id: str,
        *,
        limit: int | None = None,
        starting_after: str | None = None,
        created_after: datetime | str | float | None = None,
        created_before: datetime | str | float | None = None,
    ) -> AsyncPage[Candidate]:
        """
        Return one page of a posting's candidates (operation `listCandidates`).

        Sends one request, with only the parameters that you give. The server decides the order.

        *created_after* and *created_before* limit the time of the candidate's invitation to this
        posting, both ends included. Each is a datetime with a time zone, Unix seconds, or a str
        that is sent unchanged; the server takes ISO 8601 (UTC without an offset) or Unix seconds.
        The contract does not say whether it takes fractions of a second, so the client rounds a
        datetime or number outwards: *created_after* down, *created_before* up.

        Args:
            posting_id: The posting's `id`, 1 to 1024 characters.
            limit: Candidates on the page, 1 to 100; the server's default is 20.
            starting_after: Return the page after the candidate with this `interview_id`, the
                previous page's `next_cursor`; None: the first page.
            created_after: Only candidates invited at this time or later.
            created_before: Only candidates invited at this time or earlier.

        Returns:
            The page: a sequence of its candidates, with `.has_more` and `.next_cursor`.

        Raises:
            InvalidRequestError: A parameter is invalid, such as a datetime without a time zone;
                nothing was sent.
            TypeError: A parameter has the wrong type.
            BadRequestError: The range is invalid: for example, it ends before it starts (400).
            NotFoundError: The workspace has no such posting (404).
            HeyMiloError: Any call can raise it; see the errors page.

        Example:
            >>> import asyncio
            >>> from datetime import UTC, datetime, timedelta
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     posting = client.postings.list(limit=1)[0]
            ...     page = client.candidates.list(posting.id, limit=3)
            ...     print(len(page) <= 3)
            True
            >>> async def main() -> None:
            ...     week_ago = datetime.now(UTC) - timedelta(days=7)
            ...     async with AsyncHeyMilo() as client:
            ...         posting = (await client.postings.list(limit=1))[0]
            ...         page = await client.candidates.list(posting.id, created_after=week_ago)
            ...         print(len(page) <= 20)
            >>> asyncio.run(main())
            True
        """
        invited = _invitation_range(created_after, created_before)
        return await self._page(LIST, limit, starting_after, query=invited, posting_id=posting_id)

    def list_all(
        self,
        posting_id: str,
        *,
        page_size: int = 100,
        starting_after: str | None = None,
        max_items: int | None = None,
        created_after: datetime | str | float | None = None,
        created_before: datetime | str | float | None = None,
    ) -> AsyncPager[Candidate]:
        """
        Iterate over a posting's candidates (operation `listCandidates` per page).

        The first request is sent when you iterate. Each iteration starts again at
        *starting_after*.
        *created_after* and *created_before* are as in `list`.

        Args:
            posting_id: The posting's `id`, 1 to 1024 characters.
            page_size: Candidates per request, 1 to 100.
            starting_after: Start after the candidate with this `interview_id`; None: at the first
                candidate.
            max_items: Stop after this many candidates, 0 or more; None: no limit.
            created_after: Only candidates invited at this time or later.
            created_before: Only candidates invited at this time or earlier.

        Returns:
            A pager: iterate it for candidates, `pages()` for pages, `collect()` for a list,
            `prefetch()` to read ahead; `cursor` is its current position.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            HeyMiloError: While iterating, any error of `list`; resume from its `.cursor`.
            PaginationError: While iterating, if pagination is not advancing.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     posting = client.postings.list(limit=1)[0]
            ...     walk = client.candidates.list_all(posting.id)
            ...     print(all(candidate.posting_id == posting.id for candidate in walk))
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         posting = (await client.postings.list(limit=1))[0]
            ...         walk = client.candidates.list_all(posting.id, max_items=5)
            ...         print(len(await walk.collect()) <= 5)
            >>> asyncio.run(main())
            True
        """
        invited = _invitation_range(created_after, created_before)
        return self._walk(
            LIST, page_size, starting_after, max_items, query=invited, posting_id=posting_id
        )

    def find(
        self,
        posting_id: str,
        *,
        email: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> AsyncPager[Candidate]:
        """
        Find candidates of a posting (operation `listCandidates` per page).

        The API cannot search candidates: the client reads the whole list, 100 candidates per
        request, and keeps the candidates that match everything that you give.

        The requests are sent while you iterate, so stop once you have found yours.

        Args:
            posting_id: The posting's `id`, 1 to 1024 characters.
            email: The email address, compared case-insensitively.
            metadata: Keys and values that the candidate's metadata must contain: at most 50 keys
                of at most 40 characters, values of at most 500 characters.

        Returns:
            A pager, as of `list_all`. Its pages contain only matching candidates; only the last
            page can be empty.

        Raises:
            InvalidRequestError: Neither *email* nor *metadata* is given, or a parameter is
                invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            HeyMiloError: While iterating, any error of `list`; resume from its `.cursor`.
            PaginationError: While iterating, if pagination is not advancing.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     posting = client.postings.list(limit=1)[0]
            ...     found = client.candidates.find(posting.id, email="nobody@example.com")
            ...     print(list(found))
            []
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         posting = (await client.postings.list(limit=1))[0]
            ...         key = {"external_id": "nobody"}
            ...         print(await client.candidates.find(posting.id, metadata=key).collect())
            >>> asyncio.run(main())
            []
        """
        return self._walk(
            LIST, 100, None, None, keep=_matcher(email, metadata), posting_id=posting_id
        )

    @operation(INGEST)
    async def ingest(
        self,
        posting_id: str,
        *,
        name: str,
        email: str,
        phone_number: str | None | NotGiven = NOT_GIVEN,
        metadata: Mapping[str, str] | None | NotGiven = NOT_GIVEN,
        data: Mapping[str, Any] | None | NotGiven = NOT_GIVEN,
    ) -> CandidateReceipt:
        """
        Invite a candidate to a posting (operation `ingestCandidate`).

        The client repeats this request only if the server certainly did not process it. If an
        error says that the server may have processed it, check with `find` before you send it
        again. The contract does not say how the server treats an email address that it already has.

        Args:
            posting_id: The posting's `id`, 1 to 1024 characters. An archived posting accepts no
                candidates.
            name: The full name.
            email: The email address.
            phone_number: The number in E.164, such as `+12065550123`; an SMS step needs it.
            metadata: Your own keys and values: at most 50 keys of at most 40 characters, values of
                at most 500 characters. They help you to recognize the candidate later.
            data: Any JSON object; the server returns it as the candidate's `data`.

        Returns:
            The receipt, with `interview_id` and `interview_url`.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            NotFoundError: The workspace has no such posting (404).
            HeyMiloError: Any call can raise it; see the errors page. `.maybe_sent` says whether
                the candidate may have been invited.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     everything = client.postings.list()
            ...     posting = next(one for one in everything if one.status == "active")
            ...     receipt = client.candidates.ingest(
            ...         posting.id,
            ...         name="Jo Doe",
            ...         email="jo.doe@example.com",
            ...         metadata={"external_id": "candidate_xyz"},
            ...     )
            ...     print(receipt.posting_id == posting.id)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         everything = await client.postings.list()
            ...         posting = next(one for one in everything if one.status == "active")
            ...         receipt = await client.candidates.ingest(
            ...             posting.id, name="Sam Roe", email="sam.roe@example.com"
            ...         )
            ...         print(receipt.posting_id == posting.id)
            >>> asyncio.run(main())
            True
        """
        body = _candidate(name, email, phone_number, metadata, data)
        return await self._perform(INGEST, body=body, posting_id=posting_id)

    @operation(INGEST_MANY)
    async def ingest_many(
        self, posting_id: str, candidates: Iterable[NewCandidate | Mapping[str, Any]]
    ) -> tuple[BulkCandidateReceipt, ...]:
        """
        Invite several candidates in one request (operation `ingestCandidatesBulk`).

        The response has a receipt for each candidate, but the contract does not promise their order:
        give each candidate a key of your own in *metadata*, which the server returns in the receipt.
        If the numbers of candidates and receipts differ, the client logs a warning. The contract
        states no maximum number, nor what one invalid candidate does: the server probably refuses
        the whole request (422).

        The client repeats this request only if the server certainly did not process it. If an
        error has `.maybe_sent`, check with `find` or `list_all(created_after=...)` before you send
        the candidates again.

        Args:
            posting_id: The posting's `id`, 1 to 1024 characters. An archived posting accepts no
                candidates.
            candidates: One or more candidates, each with the members of a `NewCandidate`: name,
                email, and if you like phone_number, metadata and data.

        Returns:
            The receipts, in the order of the response.

        Raises:
            InvalidRequestError: *candidates* is empty, or a parameter is invalid; nothing was
                sent.
            TypeError: A parameter has the wrong type.
            NotFoundError: The workspace has no such posting (404).
            UnprocessableEntityError: A candidate is invalid (422); probably none was accepted.
            HeyMiloError: Any call can raise it; see the errors page. `.maybe_sent` says whether
                the candidates may have been invited.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo, NewCandidate
            >>> rows = [
            ...     {"name": "Kim Poe", "email": "kim.poe@example.com", "metadata": {"row": "1"}},
            ...     NewCandidate(name="Lou Coe", email="lou@example.com", metadata={"row": "2"}),
            ... ]
            >>> with HeyMilo() as client:
            ...     everything = client.postings.list()
            ...     posting = next(one for one in everything if one.status == "active")
            ...     receipts = client.candidates.ingest_many(posting.id, rows)
            ...     print(sorted(receipt.metadata["row"] for receipt in receipts))
            ['1', '2']
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         everything = await client.postings.list()
            ...         posting = next(one for one in everything if one.status == "active")
            ...         new = [{"name": "Max Loe", "email": "max.loe@example.com"}]
            ...         print(len(await client.candidates.ingest_many(posting.id, new)))
            >>> asyncio.run(main())
            1
        """
        many = _candidates(candidates)
        receipts = await self._perform(INGEST_MANY, body={"data": many}, posting_id=posting_id)
        if len(receipts) != len(many):
            LOGGER.warning(
                "ingestCandidatesBulk: sent %d candidates but received %d receipts: find the "
                "missing candidates by your own metadata, or with client.candidates.find",
                len(many),
                len(receipts),
            )
        return receipts

    @operation(ENQUEUE)
    async def enqueue(
        self,
        posting_id: str,
        *,
        name: str,
        email: str,
        phone_number: str | None | NotGiven = NOT_GIVEN,
        metadata: Mapping[str, str] | None | NotGiven = NOT_GIVEN,
        data: Mapping[str, Any] | None | NotGiven = NOT_GIVEN,
    ) -> Ingestion:
        """
        Queue an invitation of a candidate to a posting (operation `ingestCandidateAsync`).

        The server answers at once (202) and invites the candidate later. No operation takes the
        `ingestion_id`, so the client cannot wait for the job: check with `find`, or register a
        webhook.

        The client repeats this request only if the server certainly did not process it. If an
        error has `.maybe_sent`, check with `find` before you send it again; the candidate may take
        a while to appear.

        Args:
            posting_id: The posting's `id`, 1 to 1024 characters. An archived posting accepts no
                candidates.
            name: The full name.
            email: The email address.
            phone_number: The number in E.164, such as `+12065550123`; an SMS step needs it.
            metadata: Your own keys and values: at most 50 keys of at most 40 characters, values of
                at most 500 characters.
            data: Any JSON object; the server returns it as the candidate's `data`.

        Returns:
            The job's id and status.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            NotFoundError: The workspace has no such posting (404).
            HeyMiloError: Any call can raise it; see the errors page. `.maybe_sent` says whether
                the candidate may have been queued.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     everything = client.postings.list()
            ...     posting = next(one for one in everything if one.status == "active")
            ...     ingestion = client.candidates.enqueue(
            ...         posting.id, name="Pat Doe", email="pat.doe@example.com"
            ...     )
            ...     print(ingestion.status)
            queued
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         everything = await client.postings.list()
            ...         posting = next(one for one in everything if one.status == "active")
            ...         ingestion = await client.candidates.enqueue(
            ...             posting.id, name="Ann Noe", email="ann.noe@example.com"
            ...         )
            ...         print(ingestion.object)
            >>> asyncio.run(main())
            ingestion
        """
        body = _candidate(name, email, phone_number, metadata, data)
        return await self._perform(ENQUEUE, body=body, posting_id=posting_id)

    @operation(ENQUEUE_MANY)
    async def enqueue_many(
        self, posting_id: str, candidates: Iterable[NewCandidate | Mapping[str, Any]]
    ) -> Ingestion:
        """
        Queue invitations of several candidates (operation `ingestCandidatesBulkAsync`).

        Works like `enqueue`, with one request and one job for all candidates.

        Args:
            posting_id: The posting's `id`, 1 to 1024 characters. An archived posting accepts no
                candidates.
            candidates: One or more candidates, each with the members of a `NewCandidate`: name,
                email, and if you like phone_number, metadata and data.

        Returns:
            The job's id and status.

        Raises:
            InvalidRequestError: *candidates* is empty, or a parameter is invalid; nothing was
                sent.
            TypeError: A parameter has the wrong type.
            NotFoundError: The workspace has no such posting (404).
            UnprocessableEntityError: A candidate is invalid (422); probably none was accepted.
            HeyMiloError: Any call can raise it; see the errors page. `.maybe_sent` says whether
                the candidates may have been queued.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> rows = [{"name": "Ray Moe", "email": "ray.moe@example.com"}]
            >>> with HeyMilo() as client:
            ...     everything = client.postings.list()
            ...     posting = next(one for one in everything if one.status == "active")
            ...     print(client.candidates.enqueue_many(posting.id, rows).status)
            queued
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         everything = await client.postings.list()
            ...         posting = next(one for one in everything if one.status == "active")
            ...         print((await client.candidates.enqueue_many(posting.id, rows)).object)
            >>> asyncio.run(main())
            ingestion
        """
        many = _candidates(candidates)
        return await self._perform(ENQUEUE_MANY, body={"data": many}, posting_id=posting_id)


class Candidates(Resource[AsyncCandidates]):
    """
    The candidates of a posting; `client.candidates` of a `HeyMilo`.

    The API has no operation to get one candidate; use `interviews.get(interview_id)`.

    Example:
        >>> from heymilo_async import HeyMilo
        >>> with HeyMilo() as client:
        ...     posting = client.postings.list(limit=1)[0]
        ...     print(len(client.candidates.list(posting.id, limit=5)) <= 5)
        True
    """

    list: Final = blocking_page(AsyncCandidates.list)
    list_all: Final = blocking_iter(AsyncCandidates.list_all)
    find: Final = blocking_iter(AsyncCandidates.find)
    ingest: Final = blocking(AsyncCandidates.ingest)
    ingest_many: Final = blocking(AsyncCandidates.ingest_many)
    enqueue: Final = blocking(AsyncCandidates.enqueue)
    enqueue_many: Final = blocking(AsyncCandidates.enqueue_many)


def _candidate(
    name: str,
    email: str,
    phone_number: str | None | NotGiven,
    metadata: Mapping[str, str] | None | NotGiven,
    data: Mapping[str, Any] | None | NotGiven,
) -> Mapping[str, Any]:
    return {
        "name": name,
        "email": email,
        "phone_number": phone_number,
        "metadata": metadata,
        "data": data,
    }


def _candidates(
    candidates: Iterable[NewCandidate | Mapping[str, Any]],
) -> tuple[NewCandidate | Mapping[str, Any], ...]:
    # A mapping is an iterable too: of the keys of a single candidate.
    if isinstance(candidates, str | bytes | Mapping) or not isinstance(candidates, Iterable):
        raise wrong_type("candidates", "an iterable of NewCandidate or mappings", candidates)
    many = tuple(candidates)
    if not many:
        message = "candidates must not be empty"
        raise InvalidRequestError(message)
    return many


def _invitation_range(created_after: object, created_before: object) -> Mapping[str, str | None]:
    return {
        "created_after": _api_time("created_after", created_after),
        "created_before": _api_time("created_before", created_before, up=True),
    }


def _api_time(name: str, value: object, *, up: bool = False) -> str | None:
    """
    Return *value* in the API's format for a time, in whole seconds, rounded down or *up*.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return check_search(name, value)
    if isinstance(value, datetime):
        return _iso_time(name, value, up=up)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(name, "a datetime, a str, or Unix seconds", value)
    # Comparing is safe for any int and any float, NaN included.
    if not _FIRST_SECOND <= value <= _LAST_SECOND:
        message = f"{name} must be Unix seconds of the years 1 to 9999; are these milliseconds?"
        raise InvalidRequestError(message)
    return str(math.ceil(value) if up else math.floor(value))


def _iso_time(name: str, value: datetime, *, up: bool) -> str:
    if value.utcoffset() is None:
        message = f"{name} must have a time zone, such as datetime.now(UTC): {value}"
        raise InvalidRequestError(message)
    try:
        moment = value.astimezone(UTC)
        # Subclasses may have nanoseconds.
        whole = datetime(*moment.timetuple()[:6], tzinfo=UTC)
        if up and whole < moment:
            whole += timedelta(seconds=1)
    except OverflowError:
        message = f"{name} is not within the years 1 to 9999 in UTC: {value}"
        raise InvalidRequestError(message) from None
    return whole.isoformat().replace("+00:00", "Z")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _FindArguments(Body):
    """
    The arguments of `find`, with the same checks as a request body.
    """

    email: str | None
    metadata: Metadata | None


def _matcher(email: str | None, metadata: Mapping[str, str] | None) -> Callable[[Candidate], bool]:
    """
    Return a function that checks whether a candidate has this *email* and *metadata*.
    """
    _FindArguments(email=email, metadata=metadata)
    if email is None and not metadata:
        message = (
            "find needs an email or metadata: to iterate over all candidates, use "
            "client.candidates.list_all(posting_id)"
        )
        raise InvalidRequestError(message)
    address = None if email is None else email.casefold()
    required = dict(metadata or {})

    def matches(candidate: Candidate) -> bool:
        if address is not None and candidate.email.casefold() != address:
            return False
        has = candidate.metadata or {}
        return all(has.get(key) == value for key, value in required.items())

    return matches
