"""
Postings: the jobs that candidates interview for (HeyMilo also says interviewer).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import attrs

from .._core.arguments import Body, Length, Metadata, Range, check_id, check_search, wrong_type
from .._core.blocking import blocking, blocking_iter, blocking_page
from .._core.messages import Operation, operation
from .._core.model import EMPTY, SECRET, Model
from .._values import NOT_GIVEN, NotGiven
from ..errors import InvalidRequestError
from ..pages import AsyncPage, AsyncPager
from ._collection import AsyncSearchable, Searchable, get_operation, given, list_operation
from .questions import NewQuestion

DeliveryMode: TypeAlias = Literal[
    "exact_delivery", "summarized_delivery", "reference_only", "silent_reference"
]

#: Types of parameters that can be omitted; None is sent as null.
_Text: TypeAlias = str | None | NotGiven
_Flag: TypeAlias = bool | None | NotGiven
_Whole: TypeAlias = int | None | NotGiven
_Number: TypeAlias = float | None | NotGiven
_Mode: TypeAlias = DeliveryMode | None | NotGiven
_Map: TypeAlias = Mapping[str, Any] | None | NotGiven
_Long: TypeAlias = Annotated[str, Length(0, 10_000)] | None | NotGiven
_Message: TypeAlias = Annotated[str, Length(0, 500)] | None | NotGiven
_Share: TypeAlias = Annotated[float, Range(0, 1)] | None | NotGiven


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PostingURLs(Model):
    """
    The URLs of a posting, the schema `PostingURLs` of the contract.

    Attributes:
        candidate_url: The URL where candidates start; None if there is none.
        review_url: The URL in HeyMilo's dashboard; None if there is none.
        ingestion_url_key: A key that allows its holder to ingest candidates through an endpoint
            outside the contract. `repr` masks it; None if there is none.
    """

    candidate_url: str | None = None
    review_url: str | None = None
    ingestion_url_key: str | None = attrs.field(default=None, metadata=SECRET)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WorkflowStep(Model):
    """
    One step of a posting's workflow, the schema `WorkflowStep` of the contract.

    Attributes:
        type: The agent: `web_interview`, `conversational_sms`, `resume`, `form`; an open list, for
            HeyMilo has more agents.
        order: The position in the workflow, from 1; `update_step` takes it.
        id: The id that `WorkflowStepStatus.step_id` refers to; `update_step` does not take it.
            None if the server does not say.
        config: The settings, which depend on the type; `client.schemas.list_agent_types`
            describes them.
    """

    type: str
    order: int
    id: str | None = None
    config: Mapping[str, Any] = EMPTY


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Posting(Model):
    """
    A posting, the schema `PostingResponse` of the contract.

    Attributes:
        id: The id that other operations take; opaque.
        company_id: The id of its company.
        title: The title.
        description: The job description, from which HeyMilo generates questions.
        status: `draft`, `active`, `expired`, `archived`; an open list.
        finalized: Whether it is activated.
        archived: Whether it is archived; an archived posting accepts no candidates.
        test_posting: Whether it is a test posting.
        name: The name in its URL, not a title; None if the server does not say.
        language: BCP 47, such as `en`.
        interviewer_name: How the interviewer introduces itself.
        workflow: The steps, in order.
        urls: The posting's URLs; None if the server does not say.
        deadline: The last time at which candidates can apply, in UTC; None if the server does not
            say.
        redirect_url: The URL to which a candidate is redirected at the end.
        scheduling_url: The calendar URL for shortlisted candidates.
        max_retakes: How often a candidate can retake the interview, 0 to 5.
        allow_sms_comms: Whether invitations are also sent by SMS.
        instructions: Instructions for the interviewer.
        company_overview: A description of the company.
        job_overview: A description of the job.
        interview_process_overview: A description of the hiring process.
        company_overview_delivery_mode: How the interviewer uses that text: `exact_delivery`,
            `summarized_delivery`, `reference_only`, `silent_reference`; an open list.
        job_overview_delivery_mode: The delivery mode of the job overview.
        interview_process_overview_delivery_mode: The delivery mode of the process overview.
        phone_number_id: The phone number that calls candidates.
        sender_email_id: The sender address of its emails.
        email_template_group_id: Its email template group.
        design_template_group_id: Its design template group.
        retake_cooldown_days: Days before a candidate can retake the interview.
        email_report_to_candidate: Whether candidates receive a link to their report.
        ats_metadata: The link to an ATS, free-form; None without an ATS. The ATS is not attached
            while its `pending_activation` is true. Its times are strings without an offset.
        metadata: Your own keys and values; None if there are none.
        created_at: Creation time, in UTC; None if the server does not say.
        updated_at: Time of the last change, in UTC; None if the server does not say.
        object: The contract's name for this type, `posting`.
    """

    id: str
    company_id: str
    title: str
    description: str
    status: str
    finalized: bool
    archived: bool
    test_posting: bool
    name: str | None = None
    language: str | None = "en"
    interviewer_name: str | None = None
    workflow: tuple[WorkflowStep, ...] = ()
    urls: PostingURLs | None = None
    deadline: datetime | None = None
    redirect_url: str | None = None
    scheduling_url: str | None = None
    max_retakes: int | None = None
    allow_sms_comms: bool | None = False
    instructions: str | None = None
    company_overview: str | None = None
    job_overview: str | None = None
    interview_process_overview: str | None = None
    company_overview_delivery_mode: str | None = None
    job_overview_delivery_mode: str | None = None
    interview_process_overview_delivery_mode: str | None = None
    phone_number_id: str | None = None
    sender_email_id: str | None = None
    email_template_group_id: str | None = None
    design_template_group_id: str | None = None
    retake_cooldown_days: float | None = None
    email_report_to_candidate: bool | None = False
    ats_metadata: Mapping[str, Any] | None = None
    metadata: Mapping[str, str] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    object: str = "posting"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PostingSummary(Model):
    """
    The title of a posting, the schema `PostingSummary` of the contract.

    Attributes:
        id: The posting's id.
        title: The title.
        name: The name in its URL; None if the server does not say.
        object: The contract's name for this type, `posting_summary`.
    """

    id: str
    title: str
    name: str | None = None
    object: str = "posting_summary"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PostingReceipt(Model):
    """
    The response to creating or cloning a posting, the schema `CreatePostingResponse`.

    Attributes:
        id: The id of the new posting.
        status: Its status; a posting from a template of an ATS is a `draft` until it is activated.
        urls: The posting's URLs.
        created_at: Creation time, in UTC.
        posting: The posting itself; None if the server omits it.
        object: The contract's name for this type, `posting`.
    """

    id: str
    status: str
    urls: PostingURLs
    created_at: datetime
    posting: Posting | None = None
    object: str = "posting"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PostingStats(Model):
    """
    Statistics about a posting's candidates, the schema `PostingStatsResponse`.

    Attributes:
        posting_id: The posting.
        title: The title.
        total_candidates: The number of candidates.
        completed_interviews: The number of candidates that completed every step.
        name: The name in its URL; None if the server does not say.
        average_interview_score: The average score of web interviews, 0 to 100; None if the posting
            has no such step, or no score yet.
        average_resume_score: The average score of resumes, 0 to 100; None if the posting has no
            such step, or no score yet.
        object: The contract's name for this type, `posting_stats`.
    """

    posting_id: str
    title: str
    total_candidates: int
    completed_interviews: int
    name: str | None = None
    average_interview_score: float | None = None
    average_resume_score: float | None = None
    object: str = "posting_stats"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _StepConfig(Body):
    """
    The settings that all steps have; they override the posting's settings.
    """

    instructions: _Long = NOT_GIVEN
    company_overview: _Long = NOT_GIVEN
    job_overview: _Long = NOT_GIVEN
    interview_process_overview: _Long = NOT_GIVEN
    company_overview_delivery_mode: _Mode = NOT_GIVEN
    job_overview_delivery_mode: _Mode = NOT_GIVEN
    interview_process_overview_delivery_mode: _Mode = NOT_GIVEN


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WebInterviewConfig(_StepConfig):
    """
    The settings of a voice or video interview, the schema `WebInterviewConfig`.

    Args:
        video: Whether the interview has video; otherwise it has only audio.
        voice_id: The id of the interviewer's voice, from `client.voices`.
        phone_calls_enabled: Whether the interviewer calls candidates by phone; the posting then
            needs a `phone_number_id`.
        interview_type: `general`, `technical`, `cultural` or `behavioral`.
        num_questions: How many questions HeyMilo generates, 1 to 25; ignored if you give questions.
        min_evaluation_score: The minimum score to pass, 0 to 1.
        prompt_version: `v1`, or `v2`, the latest.
        is_multilingual: Whether the interviewer answers in the candidate's language.
        cheat_detection_config: Free-form: `enabled`, `threshold` (0 to 100), `types`.
        web_interview_config: Free-form: `show_transcript`, `min_duration_seconds`,
            `max_duration_seconds`, `intro_message`, `outro_message` and so on.

    `instructions`, the three overviews (each up to 10,000 characters) and their delivery modes
    override those of the posting.

    Raises:
        InvalidRequestError: A value is out of range.
        TypeError: A value has the wrong type.

    Example:
        >>> from heymilo_async import WebInterviewConfig
        >>> WebInterviewConfig(num_questions=5, video=True)
        WebInterviewConfig(video=True, num_questions=5)
    """

    video: _Flag = NOT_GIVEN
    voice_id: _Text = NOT_GIVEN
    phone_calls_enabled: _Flag = NOT_GIVEN
    interview_type: _Text = NOT_GIVEN
    num_questions: Annotated[int, Range(1, 25)] | None | NotGiven = NOT_GIVEN
    min_evaluation_score: _Share = NOT_GIVEN
    prompt_version: _Text = NOT_GIVEN
    is_multilingual: _Flag = NOT_GIVEN
    cheat_detection_config: _Map = NOT_GIVEN
    web_interview_config: _Map = NOT_GIVEN


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ConversationalSMSConfig(_StepConfig):
    """
    The settings of an SMS conversation, the schema `ConversationalSMSConfig`.

    Args:
        knockout_enabled: Whether a failed dealbreaker disqualifies the candidate.
        num_questions: How many questions HeyMilo generates, 1 to 10; ignored if you give questions.
        intro_message: The first message, at most 500 characters; HeyMilo fills in
            `{{candidate_name}}` and `{{job_title}}`.
        disqualification_message: The message after a failed dealbreaker, at most 500 characters.
        follow_up_message: The reminder, at most 500 characters.
        hop_on_call_message: The invitation to a call, at most 500 characters.
        cooldown_period_hrs: Hours before a reminder, 1 to 168.
        max_nudge_amount: The maximum number of reminders, 0 to 10.
        blackout_period: The hours without messages, free-form: `enabled`, `timezone` (IANA),
            `start_hour` (0 to 23), `end_hour` (1 to 24).

    `instructions`, the three overviews (each up to 10,000 characters) and their delivery modes
    override those of the posting.

    Raises:
        InvalidRequestError: A value is out of range.
        TypeError: A value has the wrong type.

    Example:
        >>> from heymilo_async import ConversationalSMSConfig
        >>> ConversationalSMSConfig(num_questions=3)
        ConversationalSMSConfig(num_questions=3)
    """

    knockout_enabled: _Flag = NOT_GIVEN
    num_questions: Annotated[int, Range(1, 10)] | None | NotGiven = NOT_GIVEN
    intro_message: _Message = NOT_GIVEN
    disqualification_message: _Message = NOT_GIVEN
    follow_up_message: _Message = NOT_GIVEN
    hop_on_call_message: _Message = NOT_GIVEN
    cooldown_period_hrs: Annotated[int, Range(1, 168)] | None | NotGiven = NOT_GIVEN
    max_nudge_amount: Annotated[int, Range(0, 10)] | None | NotGiven = NOT_GIVEN
    blackout_period: _Map = NOT_GIVEN


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResumeConfig(_StepConfig):
    """
    The settings of a resume screening, the schema `ResumeConfig`.

    Args:
        knockout_enabled: Whether a failed eligibility criterion disqualifies the candidate.
        min_evaluation_score: The minimum score on the scoring criteria to pass, 0 to 1.
        mandatory: Whether a resume is required.
        num_eligibility_questions: How many eligibility criteria HeyMilo generates, 0 to 15;
            probably ignored if you give questions.
        num_criteria_questions: How many scoring criteria HeyMilo generates, 0 to 15; probably
            ignored if you give questions.

    `instructions`, the three overviews (each up to 10,000 characters) and their delivery modes
    override those of the posting.

    Raises:
        InvalidRequestError: A value is out of range.
        TypeError: A value has the wrong type.

    Example:
        >>> from heymilo_async import ResumeConfig
        >>> ResumeConfig(mandatory=True)
        ResumeConfig(mandatory=True)
    """

    knockout_enabled: _Flag = NOT_GIVEN
    min_evaluation_score: _Share = NOT_GIVEN
    mandatory: _Flag = NOT_GIVEN
    num_eligibility_questions: Annotated[int, Range(0, 15)] | None | NotGiven = NOT_GIVEN
    num_criteria_questions: Annotated[int, Range(0, 15)] | None | NotGiven = NOT_GIVEN


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FormConfig(_StepConfig):
    """
    The settings of a form, the schema `FormConfig`.

    Args:
        knockout_enabled: Whether a failed knockout question disqualifies the candidate.

    `instructions`, the three overviews (each up to 10,000 characters) and their delivery modes
    override those of the posting.

    Raises:
        InvalidRequestError: A value is out of range.
        TypeError: A value has the wrong type.

    Example:
        >>> from heymilo_async import FormConfig
        >>> FormConfig(knockout_enabled=True)
        FormConfig(knockout_enabled=True)
    """

    knockout_enabled: _Flag = NOT_GIVEN


class _NewStep(Body):
    """
    Base class of the steps of a new posting's workflow, so that one list can contain all types.
    """

    __slots__ = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WebInterviewStep(_NewStep):
    """
    A voice or video interview in the workflow of a new posting.

    Args:
        config: Its settings; the posting's settings apply to those that you leave out.
        questions: Its questions, of the modalities `voice` and `voice_tags`; without questions,
            HeyMilo generates them.
        type: Always `web_interview`.

    Example:
        >>> from heymilo_async import NewQuestion, WebInterviewStep
        >>> step = WebInterviewStep(questions=[NewQuestion(modality="voice", text="Why us?")])
        >>> step.type
        'web_interview'
    """

    config: WebInterviewConfig | Mapping[str, Any] | None | NotGiven = NOT_GIVEN
    questions: Sequence[NewQuestion | Mapping[str, Any]] | None | NotGiven = NOT_GIVEN
    type: Literal["web_interview"] = "web_interview"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ConversationalSMSStep(_NewStep):
    """
    An SMS conversation in the workflow of a new posting.

    Args:
        config: Its settings; the posting's settings apply to those that you leave out.
        questions: Its questions, of the modality `sms`; without questions, HeyMilo generates them.
        type: Always `conversational_sms`.

    Example:
        >>> from heymilo_async import ConversationalSMSConfig, ConversationalSMSStep
        >>> ConversationalSMSStep(config=ConversationalSMSConfig(max_nudge_amount=2)).type
        'conversational_sms'
    """

    config: ConversationalSMSConfig | Mapping[str, Any] | None | NotGiven = NOT_GIVEN
    questions: Sequence[NewQuestion | Mapping[str, Any]] | None | NotGiven = NOT_GIVEN
    type: Literal["conversational_sms"] = "conversational_sms"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResumeStep(_NewStep):
    """
    A resume screening in the workflow of a new posting.

    Args:
        config: Its settings; the posting's settings apply to those that you leave out.
        questions: Its criteria, of the modalities `resume_eligibility` and `resume_scoring`;
            without criteria, HeyMilo generates them.
        type: Always `resume`.

    Example:
        >>> from heymilo_async import ResumeStep
        >>> ResumeStep(config={"mandatory": True}).type
        'resume'
    """

    config: ResumeConfig | Mapping[str, Any] | None | NotGiven = NOT_GIVEN
    questions: Sequence[NewQuestion | Mapping[str, Any]] | None | NotGiven = NOT_GIVEN
    type: Literal["resume"] = "resume"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FormStep(_NewStep):
    """
    A form in the workflow of a new posting.

    Args:
        config: Its settings; the posting's settings apply to those that you leave out.
        questions: Its questions, of the modality `form`; without questions, HeyMilo generates
            them.
        type: Always `form`.

    Example:
        >>> from heymilo_async import FormStep
        >>> FormStep().type
        'form'
    """

    config: FormConfig | Mapping[str, Any] | None | NotGiven = NOT_GIVEN
    questions: Sequence[NewQuestion | Mapping[str, Any]] | None | NotGiven = NOT_GIVEN
    type: Literal["form"] = "form"


if TYPE_CHECKING:
    # For a list of steps of several types, mypy infers a list of their common base class.
    _Step: TypeAlias = _NewStep | Mapping[str, Any]
    _Config: TypeAlias = _StepConfig | Mapping[str, Any]
else:
    _Step = WebInterviewStep | ConversationalSMSStep | ResumeStep | FormStep | Mapping[str, Any]
    _Config = (
        WebInterviewConfig | ConversationalSMSConfig | ResumeConfig | FormConfig | Mapping[str, Any]
    )


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _PostingMembers(Body):
    """
    The members that the bodies of `create` and `update` share.
    """

    interview_process_overview: _Long = NOT_GIVEN
    company_overview_delivery_mode: _Mode = NOT_GIVEN
    job_overview_delivery_mode: _Mode = NOT_GIVEN
    interview_process_overview_delivery_mode: _Mode = NOT_GIVEN
    phone_number_id: _Text = NOT_GIVEN
    sender_email_id: _Text = NOT_GIVEN
    email_template_group_id: _Text = NOT_GIVEN
    design_template_group_id: _Text = NOT_GIVEN
    redirect_url: _Text = NOT_GIVEN
    scheduling_url: _Text = NOT_GIVEN
    deadline: datetime | str | None | NotGiven = NOT_GIVEN
    allow_sms_comms: _Flag = NOT_GIVEN
    max_retakes: Annotated[int, Range(0, 5)] | None | NotGiven = NOT_GIVEN
    retake_cooldown_days: Annotated[float, Range(0)] | None | NotGiven = NOT_GIVEN
    email_report_to_candidate: _Flag = NOT_GIVEN
    metadata: Metadata | None | NotGiven = NOT_GIVEN


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _CreatePosting(_PostingMembers):
    title: Annotated[str, Length(3, 200)]
    description: Annotated[str, Length(0, 50_000)] | NotGiven = NOT_GIVEN
    workflow: (
        Sequence[WebInterviewStep | ConversationalSMSStep | ResumeStep | FormStep] | None | NotGiven
    ) = NOT_GIVEN
    interview_template_id: _Text = NOT_GIVEN
    name: _Text = NOT_GIVEN
    language: str | NotGiven = NOT_GIVEN
    interviewer_name: str | NotGiven = NOT_GIVEN
    instructions: str | NotGiven = NOT_GIVEN
    company_overview: str | NotGiven = NOT_GIVEN
    job_overview: str | NotGiven = NOT_GIVEN

    def _check(self, name: str) -> None:
        nothing = (None, NOT_GIVEN)
        given = (self.workflow not in nothing) + (self.interview_template_id not in nothing)
        if given != 1:
            wrong = "both are given" if given else "neither is given"
            message = f"{name}give either workflow or interview_template_id: {wrong}"
            raise InvalidRequestError(message)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _UpdatePosting(_PostingMembers):
    title: Annotated[str, Length(3, 200)] | None | NotGiven = NOT_GIVEN
    description: Annotated[str, Length(10, 50_000)] | None | NotGiven = NOT_GIVEN
    name: Annotated[str, Length(0, 100)] | None | NotGiven = NOT_GIVEN
    language: _Text = NOT_GIVEN
    interviewer_name: Annotated[str, Length(0, 100)] | None | NotGiven = NOT_GIVEN
    instructions: _Long = NOT_GIVEN
    company_overview: _Long = NOT_GIVEN
    job_overview: _Long = NOT_GIVEN

    def _check(self, name: str) -> None:
        if not any(True for _ in self._given()):
            message = f"{name}there is nothing to update: give at least one value"
            raise InvalidRequestError(message)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _UpdateStep(Body):
    #: The allowed keys depend on the step's type, which only the server knows.
    config: Mapping[str, Any]


_LOOK: Final = "it may have been created: check client.postings.list_all() before you send it again"
LIST_SUMMARIES: Final = list_operation(
    "listPostingSummaries", "/api/v2/postings/list", PostingSummary
)
CREATE: Final = Operation(
    id="createPosting",
    method="POST",
    path="/api/v2/postings",
    returns=PostingReceipt,
    shape="single",
    takes=_CreatePosting,
    advice=_LOOK,
)
UPDATE: Final = Operation(
    id="updatePosting",
    method="PATCH",
    path="/api/v2/postings/{posting_id}",
    returns=Posting,
    shape="single",
    takes=_UpdatePosting,
    answers="id",
)
GET_STATS: Final = Operation(
    id="getPostingStats",
    method="GET",
    path="/api/v2/postings/{posting_id}/stats",
    returns=PostingStats,
    shape="single",
    answers="posting_id",
)
UPDATE_STEP: Final = Operation(
    id="updateInterviewerWorkflowStep",
    method="PATCH",
    path="/api/v2/postings/{posting_id}/workflow/{step_id}",
    returns=Posting,
    shape="single",
    takes=_UpdateStep,
)
ARCHIVE: Final = Operation(
    id="archivePosting",
    method="POST",
    path="/api/v2/postings/{posting_id}/archive",
    returns=Posting,
    shape="single",
    repeatable=True,
    answers="id",
)
ACTIVATE: Final = Operation(
    id="activatePosting",
    method="POST",
    path="/api/v2/postings/{posting_id}/activate",
    returns=Posting,
    shape="single",
    repeatable=True,
    answers="id",
)
CLONE: Final = Operation(
    id="clonePosting",
    method="POST",
    path="/api/v2/postings/{posting_id}/clone",
    returns=PostingReceipt,
    shape="single",
    advice=_LOOK,
)


class AsyncPostings(AsyncSearchable[Posting]):
    """
    The postings of a workspace; `client.postings` of an `AsyncHeyMilo`.
    """

    _list_operation = list_operation("listPostings", "/api/v2/postings", Posting)
    _get_operation = get_operation("getPosting", "/api/v2/postings/{posting_id}", Posting)
    _id_name = "posting_id"

    @operation(LIST_SUMMARIES)
    async def list_summaries(
        self,
        *,
        limit: int | None = None,
        starting_after: str | None = None,
        search: str | None = None,
    ) -> AsyncPage[PostingSummary]:
        """
        Return one page of the postings' titles (operation `listPostingSummaries`).

        Its responses are much smaller than those of `list`, which has whole postings.

        Args:
            limit: Titles on the page, 1 to 100; the server's default is 20.
            starting_after: Return the page after the posting with this id; None: the first page.
            search: A part of the title, case-insensitive; by default, no filter.

        Returns:
            The page: a sequence of titles, with `.has_more` and `.next_cursor`.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     print(len(client.postings.list_summaries(limit=1)))
            1
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(len(await client.postings.list_summaries(limit=1)))
            >>> asyncio.run(main())
            1
        """
        return await self._page(LIST_SUMMARIES, limit, starting_after, query=_searching(search))

    def list_all_summaries(
        self,
        *,
        page_size: int = 100,
        starting_after: str | None = None,
        max_items: int | None = None,
        search: str | None = None,
    ) -> AsyncPager[PostingSummary]:
        """
        Iterate over the titles of all postings (operation `listPostingSummaries` per page).

        The first request is sent when you iterate. Each iteration starts again at
        *starting_after*.

        Args:
            page_size: Titles per request, 1 to 100.
            starting_after: Start after the posting with this id; None: at the first posting.
            max_items: Stop after this many titles, 0 or more; None: no limit.
            search: A part of the title, case-insensitive; by default, no filter.

        Returns:
            A pager: iterate it for titles, `pages()` for pages, `collect()` for a list,
            `prefetch()` to read ahead; `cursor` is its current position.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            HeyMiloError: While iterating, any error of `list_summaries`; resume from its `.cursor`.
            PaginationError: While iterating, if pagination is not advancing.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     print(len(client.postings.list_all_summaries(max_items=1).collect()))
            1
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         titles = client.postings.list_all_summaries(max_items=1)
            ...         print(len([one async for one in titles]))
            >>> asyncio.run(main())
            1
        """
        return self._walk(
            LIST_SUMMARIES, page_size, starting_after, max_items, query=_searching(search)
        )

    @operation(CREATE)
    async def create(
        self,
        *,
        title: str,
        workflow: Sequence[_Step] | None | NotGiven = NOT_GIVEN,
        interview_template_id: _Text = NOT_GIVEN,
        description: str | NotGiven = NOT_GIVEN,
        name: _Text = NOT_GIVEN,
        language: str | NotGiven = NOT_GIVEN,
        interviewer_name: str | NotGiven = NOT_GIVEN,
        instructions: str | NotGiven = NOT_GIVEN,
        company_overview: str | NotGiven = NOT_GIVEN,
        job_overview: str | NotGiven = NOT_GIVEN,
        interview_process_overview: _Text = NOT_GIVEN,
        company_overview_delivery_mode: _Mode = NOT_GIVEN,
        job_overview_delivery_mode: _Mode = NOT_GIVEN,
        interview_process_overview_delivery_mode: _Mode = NOT_GIVEN,
        phone_number_id: _Text = NOT_GIVEN,
        sender_email_id: _Text = NOT_GIVEN,
        email_template_group_id: _Text = NOT_GIVEN,
        design_template_group_id: _Text = NOT_GIVEN,
        redirect_url: _Text = NOT_GIVEN,
        scheduling_url: _Text = NOT_GIVEN,
        deadline: datetime | str | None | NotGiven = NOT_GIVEN,
        allow_sms_comms: _Flag = NOT_GIVEN,
        max_retakes: _Whole = NOT_GIVEN,
        retake_cooldown_days: _Number = NOT_GIVEN,
        email_report_to_candidate: _Flag = NOT_GIVEN,
        metadata: Mapping[str, str] | None | NotGiven = NOT_GIVEN,
    ) -> PostingReceipt:
        """
        Create a posting from steps or from an interview template (operation `createPosting`).

        Only the parameters that you give are sent; they override the template's values. The
        client does not repeat a request that may have reached the server.

        Args:
            title: The title, 3 to 200 characters.
            workflow: The steps in order, each with the members of a `WebInterviewStep`,
                `ConversationalSMSStep`, `ResumeStep` or `FormStep`, such as `{"type": "resume"}`.
                Give either this or *interview_template_id*.
            interview_template_id: The id of the interview template to copy.
            description: The job description, at most 50,000 characters; HeyMilo generates
                questions from it.
            name: The name in its URL.
            language: ISO 639-1, such as `en`, which is the server's default.
            interviewer_name: How the interviewer introduces itself; `Sarah` by default.
            instructions: Instructions for the interviewer.
            company_overview: A description of the company.
            job_overview: A description of the job.
            interview_process_overview: A description of the hiring process, at most 10,000
                characters.
            company_overview_delivery_mode: How the interviewer uses that text: `exact_delivery`
                (word by word, the default), `summarized_delivery`, `reference_only` (to answer
                questions), `silent_reference` (never mentioned).
            job_overview_delivery_mode: The delivery mode of the job overview.
            interview_process_overview_delivery_mode: The delivery mode of the process overview.
            phone_number_id: The phone number that calls candidates.
            sender_email_id: The sender address of its emails.
            email_template_group_id: Its email template group.
            design_template_group_id: Its design template group.
            redirect_url: The URL to which a candidate is redirected at the end.
            scheduling_url: The calendar URL for shortlisted candidates.
            deadline: The last time at which candidates can apply, with a time zone; as text in ISO
                8601, such as `2026-03-01T12:00:00Z`. By default, and for null, it is one calendar
                month from now.
            allow_sms_comms: Whether invitations are also sent by SMS.
            max_retakes: How often a candidate can retake the interview, 0 to 5.
            retake_cooldown_days: Days before a retake, 0 or more.
            email_report_to_candidate: Whether candidates receive a link to their report.
            metadata: Your own keys and values: at most 50 keys of at most 40 characters, values of
                at most 500 characters.

        Returns:
            A receipt with the new posting's id. A posting from a template of an ATS is a draft
            until it is activated: see `activate`.

        Raises:
            InvalidRequestError: Neither or both of *workflow* and *interview_template_id* were
                given, or a value is out of range; nothing was sent.
            TypeError: A value has the wrong type.
            NotFoundError: The template does not exist, or, probably, another given id (404).
            HeyMiloError: Any call can raise it; `.maybe_sent`: the server may have created it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo, ResumeStep, WebInterviewStep
            >>> steps = [ResumeStep(), WebInterviewStep(config={"num_questions": 5})]
            >>> with HeyMilo() as client:
            ...     made = client.postings.create(title="Forklift driver", workflow=steps)
            ...     print([step.type for step in client.postings.get(made.id).workflow])
            ['resume', 'web_interview']
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         again = await client.postings.create(title="Driver", workflow=steps)
            ...         print(again.id != made.id)
            >>> asyncio.run(main())
            True
        """
        return await self._perform(CREATE, body=given(locals()))

    @operation(UPDATE)
    async def update(
        self,
        posting_id: str,
        *,
        title: _Text = NOT_GIVEN,
        description: _Text = NOT_GIVEN,
        name: _Text = NOT_GIVEN,
        language: _Text = NOT_GIVEN,
        interviewer_name: _Text = NOT_GIVEN,
        instructions: _Text = NOT_GIVEN,
        company_overview: _Text = NOT_GIVEN,
        job_overview: _Text = NOT_GIVEN,
        interview_process_overview: _Text = NOT_GIVEN,
        company_overview_delivery_mode: _Mode = NOT_GIVEN,
        job_overview_delivery_mode: _Mode = NOT_GIVEN,
        interview_process_overview_delivery_mode: _Mode = NOT_GIVEN,
        phone_number_id: _Text = NOT_GIVEN,
        sender_email_id: _Text = NOT_GIVEN,
        email_template_group_id: _Text = NOT_GIVEN,
        design_template_group_id: _Text = NOT_GIVEN,
        redirect_url: _Text = NOT_GIVEN,
        scheduling_url: _Text = NOT_GIVEN,
        deadline: datetime | str | None | NotGiven = NOT_GIVEN,
        allow_sms_comms: _Flag = NOT_GIVEN,
        max_retakes: _Whole = NOT_GIVEN,
        retake_cooldown_days: _Number = NOT_GIVEN,
        email_report_to_candidate: _Flag = NOT_GIVEN,
        metadata: Mapping[str, str] | None | NotGiven = NOT_GIVEN,
    ) -> Posting:
        """
        Change a posting (operation `updatePosting`).

        Values that you do not give stay unchanged. The contract does not say how the server treats
        null. The workflow stays as it is: `update_step` changes it.

        None is sent as null.

        Args:
            posting_id: The posting.
            title: 3 to 200 characters. All parameters are the same as in `create`, except
                for the ranges given here.
            description: 10 to 50,000 characters.
            name: At most 100 characters.
            language: BCP 47, such as `en`.
            interviewer_name: At most 100 characters.
            instructions: At most 10,000 characters.
            company_overview: At most 10,000 characters.
            job_overview: At most 10,000 characters.
            interview_process_overview: At most 10,000 characters.
            company_overview_delivery_mode: The same as in `create`.
            job_overview_delivery_mode: The same as in `create`.
            interview_process_overview_delivery_mode: The same as in `create`.
            phone_number_id: The same as in `create`.
            sender_email_id: The same as in `create`.
            email_template_group_id: The same as in `create`.
            design_template_group_id: The same as in `create`.
            redirect_url: The same as in `create`.
            scheduling_url: The same as in `create`.
            deadline: The same as in `create`; without it, the deadline stays unchanged.
            allow_sms_comms: The same as in `create`.
            max_retakes: The same as in `create`.
            retake_cooldown_days: The same as in `create`.
            email_report_to_candidate: The same as in `create`.
            metadata: The new metadata, which replaces all old keys; `{}` probably removes them.

        Returns:
            The posting as it is now.

        Raises:
            InvalidRequestError: There is nothing to update, or a value is out of range;
                nothing was sent.
            TypeError: A value has the wrong type.
            NotFoundError: There is no such posting (404).
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     first = client.postings.list(limit=1)[0]
            ...     print(client.postings.update(first.id, title="Night shift").title)
            Night shift
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         changed = await client.postings.update(first.id, metadata={"team": "A"})
            ...         print(changed.metadata)
            >>> asyncio.run(main())
            {'team': 'A'}
        """
        return await self._perform(
            UPDATE, body=given(locals(), "posting_id"), posting_id=posting_id
        )

    @operation(GET_STATS)
    async def get_stats(self, posting_id: str) -> PostingStats:
        """
        Return the candidate statistics of a posting (operation `getPostingStats`).

        Args:
            posting_id: The posting.

        Returns:
            The number of candidates, and average scores from 0 to 100.

        Raises:
            InvalidRequestError: The id is not valid in a URL path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: There is no such posting (404).
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     first = client.postings.list(limit=1)[0]
            ...     stats = client.postings.get_stats(first.id)
            ...     print(stats.completed_interviews <= stats.total_candidates)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print((await client.postings.get_stats(first.id)).title == first.title)
            >>> asyncio.run(main())
            True
        """
        return await self._perform(GET_STATS, posting_id=posting_id)

    @operation(UPDATE_STEP)
    async def update_step(self, posting_id: str, step: str | int, config: _Config) -> Posting:
        """
        Change the settings of one step (operation `updateInterviewerWorkflowStep`).

        Settings that you do not give stay unchanged; a nested object is replaced as a whole. No
        operation adds, removes or moves a step.

        Args:
            posting_id: The posting.
            step: The step's type, such as `web_interview`, or its `order` in the workflow, from 1
                (use the order if two steps have the same type). The step's id does not work.
            config: The new settings, with the members of a `WebInterviewConfig`,
                `ConversationalSMSConfig`, `ResumeConfig` or `FormConfig`. A JSON object is sent
                unchanged.

        Returns:
            The whole posting as it is now.

        Raises:
            InvalidRequestError: *step* or *config* is invalid; nothing was sent.
            TypeError: *step* or *config* has the wrong type.
            BadRequestError: The step has no such setting (400).
            NotFoundError: There is no such posting or step (404).
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo, WebInterviewConfig, WebInterviewStep
            >>> with HeyMilo() as client:
            ...     made = client.postings.create(title="Welder", workflow=[WebInterviewStep()])
            ...     config = WebInterviewConfig(num_questions=7)
            ...     changed = client.postings.update_step(made.id, "web_interview", config)
            ...     print(changed.workflow[0].config["num_questions"])
            7
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         changed = await client.postings.update_step(made.id, 1, {"video": True})
            ...         print(changed.workflow[0].config["video"])
            >>> asyncio.run(main())
            True
        """
        return await self._perform(
            UPDATE_STEP, body={"config": _members(config)}, posting_id=posting_id, step=_step(step)
        )

    @operation(ARCHIVE)
    async def archive(self, posting_id: str) -> Posting:
        """
        Archive a posting, which then accepts no candidates (operation `archivePosting`).

        No operation restores an archived posting.

        Args:
            posting_id: The posting.

        Returns:
            The posting as it is now.

        Raises:
            InvalidRequestError: The id is not valid in a URL path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: There is no such posting (404).
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, FormStep, HeyMilo
            >>> with HeyMilo() as client:
            ...     made = client.postings.create(title="Summer job", workflow=[FormStep()])
            ...     print(client.postings.archive(made.id).archived)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print((await client.postings.archive(made.id)).archived)
            >>> asyncio.run(main())
            True
        """
        return await self._perform(ARCHIVE, posting_id=posting_id)

    @operation(ACTIVATE)
    async def activate(self, posting_id: str) -> Posting:
        """
        Activate a posting, so that it accepts candidates (operation `activatePosting`).

        The posting needs a valid workflow. A draft from a template of an ATS is also attached to
        the ATS. If that fails, the call probably still succeeds: if `pending_activation` is still
        true in `ats_metadata`, activate the posting again.

        Args:
            posting_id: The posting.

        Returns:
            The posting as it is now.

        Raises:
            InvalidRequestError: The id is not valid in a URL path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: There is no such posting (404).
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, FormStep, HeyMilo
            >>> with HeyMilo() as client:
            ...     made = client.postings.create(title="Baker", workflow=[FormStep()])
            ...     posting = client.postings.activate(made.id)
            ...     print((posting.ats_metadata or {}).get("pending_activation", False))
            False
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print((await client.postings.activate(made.id)).finalized)
            >>> asyncio.run(main())
            True
        """
        return await self._perform(ACTIVATE, posting_id=posting_id)

    @operation(CLONE)
    async def clone(self, posting_id: str) -> PostingReceipt:
        """
        Copy a posting (operation `clonePosting`).

        The contract does not say which title the copy has: set it with `update`. The client does
        not repeat a request that may have reached the server.

        Args:
            posting_id: The posting.

        Returns:
            A receipt with the copy's id.

        Raises:
            InvalidRequestError: The id is not valid in a URL path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: There is no such posting (404).
            HeyMiloError: Any call can raise it; `.maybe_sent`: the server may have created it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     first = client.postings.list(limit=1)[0]
            ...     print(client.postings.clone(first.id).id != first.id)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print((await client.postings.clone(first.id)).id != first.id)
            >>> asyncio.run(main())
            True
        """
        return await self._perform(CLONE, posting_id=posting_id)


class Postings(Searchable[Posting]):
    """
    The postings of a workspace; `client.postings` of a `HeyMilo`.
    """

    _twin_type = AsyncPostings
    list_summaries: Final = blocking_page(AsyncPostings.list_summaries)
    list_all_summaries: Final = blocking_iter(AsyncPostings.list_all_summaries)
    create: Final = blocking(AsyncPostings.create)
    update: Final = blocking(AsyncPostings.update)
    get_stats: Final = blocking(AsyncPostings.get_stats)
    update_step: Final = blocking(AsyncPostings.update_step)
    archive: Final = blocking(AsyncPostings.archive)
    activate: Final = blocking(AsyncPostings.activate)
    clone: Final = blocking(AsyncPostings.clone)


def _searching(search: str | None) -> dict[str, str | int | None]:
    return {"search": None if search is None else check_search("search", search)}


def _step(step: str | int) -> str:
    if isinstance(step, str):
        return check_id("step", step)
    if isinstance(step, bool) or not isinstance(step, int):
        raise wrong_type("step", "the type of an agent, or a position from 1", step)
    # Python may refuse to format a larger int as text.
    if not 1 <= step <= sys.maxsize:
        message = "step must be the type of an agent, or a position from 1"
        raise InvalidRequestError(message)
    return str(step)


def _members(config: _Config) -> Mapping[str, Any]:
    if isinstance(config, _StepConfig):
        return dict(config._given())
    if not isinstance(config, Mapping):
        raise wrong_type("config", "the settings of a step, or a mapping", config)
    return config
