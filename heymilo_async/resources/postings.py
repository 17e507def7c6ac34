"""
Postings: the interviewers, which HeyMilo's pages call them, and how their candidates are led.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import attrs

from .._core.arguments import NOT_GIVEN, NotGiven, check_id, check_search, wrong_type
from .._core.blocking import blocking, blocking_iter, blocking_page
from .._core.body import Body, Length, Metadata, Range
from .._core.messages import Operation, operation
from .._core.model import EMPTY, SECRET, Model
from ..errors import InvalidRequestError
from ..pages import AsyncPage, AsyncPager
from ._collection import AsyncSearchable, Searchable, get_operation, given, list_operation
from .questions import NewQuestion

DeliveryMode: TypeAlias = Literal[
    "exact_delivery", "summarized_delivery", "reference_only", "silent_reference"
]

#: Parameters that may be left out, and for which None means null.
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
    Where a posting is found, the schema `PostingURLs` of the contract.

    Attributes:
        candidate_url: Where candidates begin; None if there is none.
        review_url: Where it is in HeyMilo's dashboard; None if there is none.
        ingestion_url_key: What lets its holder bring candidates in by another endpoint, which is
            not in the contract. `repr` masks it; None if there is none.
    """

    candidate_url: str | None = None
    review_url: str | None = None
    ingestion_url_key: str | None = attrs.field(default=None, metadata=SECRET)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WorkflowStep(Model):
    """
    One step of a posting's workflow, the schema `WorkflowStep` of the contract.

    Attributes:
        type: Which agent it is: `web_interview`, `conversational_sms`, `resume`, `form`; an open
            list, for the product has more.
        order: Its place, from 1; `update_step` takes it.
        id: Its id, which `WorkflowStepStatus.step_id` names and `update_step` does not take; None
            if the server does not say.
        config: Its settings, which depend on the type; `client.schemas.list_agent_types` describes
            them.
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
        id: What other parts of the API call it by; opaque.
        company_id: The company that it belongs to.
        title: What it is called.
        description: What it is about; questions are made from it.
        status: `draft`, `active`, `expired`, `archived`; an open list.
        finalized: Whether it was activated.
        archived: Whether it was archived: it takes no new candidates.
        test_posting: Whether it is a trial.
        name: The part of its URL that names it, not a title; None if the server does not say.
        language: BCP 47, such as `en`.
        interviewer_name: How the interviewer introduces itself.
        workflow: Its steps, in order.
        urls: Where it is found; None if the server does not say.
        deadline: Until when candidates can come, in UTC; None if the server does not say.
        redirect_url: Where a candidate goes when done.
        scheduling_url: The calendar for candidates on the shortlist.
        max_retakes: How often a candidate may begin anew, 0 to 5.
        allow_sms_comms: Whether invitations go out by SMS.
        instructions: What the interviewer is told.
        company_overview: What is told of the company.
        job_overview: What is told of the job.
        interview_process_overview: What is told of how it goes on.
        company_overview_delivery_mode: How the interviewer uses that text: `exact_delivery`,
            `summarized_delivery`, `reference_only`, `silent_reference`; an open list.
        job_overview_delivery_mode: The same for the job.
        interview_process_overview_delivery_mode: The same for the process.
        phone_number_id: The phone number that it calls from.
        sender_email_id: The address that its mails come from.
        email_template_group_id: Its set of mails.
        design_template_group_id: Its set of pages.
        retake_cooldown_days: How many days before a candidate may begin anew.
        email_report_to_candidate: Whether candidates get a link to their report.
        ats_metadata: What ties it to an ATS, free-form; None without one. While
            `pending_activation` is true in it, the ATS is not attached. Its times are texts
            without an offset.
        metadata: Texts of your own; None if there are none.
        created_at: When it was made, in UTC; None if the server does not say.
        updated_at: When it was last changed, in UTC; None if the server does not say.
        object: The contract's name of the type, `posting`.
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
        title: What it is called.
        name: The part of its URL that names it; None if the server does not say.
        object: The contract's name of the type, `posting_summary`.
    """

    id: str
    title: str
    name: str | None = None
    object: str = "posting_summary"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PostingReceipt(Model):
    """
    What creating or cloning a posting answers, the schema `CreatePostingResponse`.

    Attributes:
        id: The id of the new posting.
        status: Its status; `draft` while one from an ATS's template waits to be activated.
        urls: Where it is found.
        created_at: When it was made, in UTC.
        posting: The posting itself; None if the server leaves it out.
        object: The contract's name of the type, `posting`.
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
    How far a posting's candidates have come, the schema `PostingStatsResponse`.

    Attributes:
        posting_id: The posting.
        title: What it is called.
        total_candidates: How many candidates it has.
        completed_interviews: How many of them finished every step.
        name: The part of its URL that names it; None if the server does not say.
        average_interview_score: Of web interviews, 0 to 100; None if there is no such step, or no
            score yet.
        average_resume_score: Of resumes, 0 to 100; None likewise.
        object: The contract's name of the type, `posting_stats`.
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
    What the settings of all steps have; they come before those of the posting.
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
        video: Whether there is video; otherwise sound only.
        voice_id: The interviewer's voice, one of `client.voices`.
        phone_calls_enabled: Whether candidates are called; the posting needs a `phone_number_id`.
        interview_type: `general`, `technical`, `cultural` or `behavioral`.
        num_questions: How many questions are made, 1 to 25; ignored if questions are given.
        min_evaluation_score: What it takes to pass, 0 to 1.
        prompt_version: `v1`, or `v2`, the latest.
        is_multilingual: Whether it answers in the candidate's language.
        cheat_detection_config: Free-form: `enabled`, `threshold` (0 to 100), `types`.
        web_interview_config: Free-form: `show_transcript`, `min_duration_seconds`,
            `max_duration_seconds`, `intro_message`, `outro_message` and so on.

    `instructions`, the three overviews (10,000 characters) and their delivery modes come before
    those of the posting.

    Raises:
        InvalidRequestError: A member is out of its bounds.
        TypeError: A member is of the wrong type.

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
        knockout_enabled: Whether a failed dealbreaker ends the candidate's way.
        num_questions: How many questions are made, 1 to 10; ignored if questions are given.
        intro_message: The first message, at most 500 characters; `{{candidate_name}}` and
            `{{job_title}}` are filled in.
        disqualification_message: What a candidate gets who failed a dealbreaker, likewise 500.
        follow_up_message: The nudge, likewise 500.
        hop_on_call_message: The invitation to a call, likewise 500.
        cooldown_period_hrs: Hours before a nudge, 1 to 168.
        max_nudge_amount: How many nudges, 0 to 10.
        blackout_period: When no messages go out, free-form: `enabled`, `timezone` (IANA),
            `start_hour` (0 to 23), `end_hour` (1 to 24).

    `instructions`, the three overviews (10,000 characters) and their delivery modes come before
    those of the posting.

    Raises:
        InvalidRequestError: A member is out of its bounds.
        TypeError: A member is of the wrong type.

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
    The settings of a look at the resume, the schema `ResumeConfig`.

    Args:
        knockout_enabled: Whether a failed eligibility criterion ends the candidate's way.
        min_evaluation_score: What it takes to pass on the scoring criteria, 0 to 1.
        mandatory: Whether there is no way on without a resume.
        num_eligibility_questions: How many of them are made, 0 to 15; ignored if questions are
            given (I).
        num_criteria_questions: The same for the scoring criteria.

    `instructions`, the three overviews (10,000 characters) and their delivery modes come before
    those of the posting.

    Raises:
        InvalidRequestError: A member is out of its bounds.
        TypeError: A member is of the wrong type.

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
        knockout_enabled: Whether a failed knockout question ends the candidate's way.

    `instructions`, the three overviews (10,000 characters) and their delivery modes come before
    those of the posting.

    Raises:
        InvalidRequestError: A member is out of its bounds.
        TypeError: A member is of the wrong type.

    Example:
        >>> from heymilo_async import FormConfig
        >>> FormConfig(knockout_enabled=True)
        FormConfig(knockout_enabled=True)
    """

    knockout_enabled: _Flag = NOT_GIVEN


class _NewStep(Body):
    """
    What the steps of a new posting's workflow have in common: they go into one list.
    """

    __slots__ = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WebInterviewStep(_NewStep):
    """
    A voice or video interview in the workflow of a new posting.

    Args:
        config: Its settings; those of the posting hold for what is not given.
        questions: Its questions, of the modalities `voice` and `voice_tags`; without any, HeyMilo
            writes them.
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
        config: Its settings; those of the posting hold for what is not given.
        questions: Its questions, of the modality `sms`; without any, HeyMilo writes them.
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
    A look at the resume in the workflow of a new posting.

    Args:
        config: Its settings; those of the posting hold for what is not given.
        questions: Its criteria, of the modalities `resume_eligibility` and `resume_scoring`;
            without any, HeyMilo writes them.
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
        config: Its settings; those of the posting hold for what is not given.
        questions: Its questions, of the modality `form`; without any, HeyMilo writes them.
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
    # For a list of steps of several kinds mypy infers a list of what they have in common.
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
    What creating a posting and changing one have in common.
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
        if (self.workflow in nothing) == (self.interview_template_id in nothing):
            message = f"{name}give either workflow or interview_template_id, and not both"
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
            message = f"{name}there is nothing to update: give at least one member"
            raise InvalidRequestError(message)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _UpdateStep(Body):
    #: Which keys it may have depends on the step's type, which the server knows.
    config: Mapping[str, Any]


_LOOK: Final = "it may have been made: look for it in postings.list_all() before you send it again"
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

        It is far lighter than `list`, which has whole postings.

        Args:
            limit: Titles on the page, 1 to 100; the server's default is 20.
            starting_after: The id of the last posting before this page; without it, the first page.
            search: A part of the title, in any case; None: everything.

        Returns:
            The page: a sequence of titles, with `.has_more` and `.next_cursor`.

        Raises:
            InvalidRequestError: A parameter cannot work; nothing was sent.
            TypeError: A parameter is of the wrong type.
            HeyMiloError: What every call may raise.

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
        Walk through the titles of all postings (operation `listPostingSummaries` per page).

        Nothing is sent before the walk begins. Each iteration starts anew at *starting_after*.

        Args:
            page_size: Titles asked for at a time, 1 to 100.
            starting_after: The id of the last posting before the walk; without it, from the start.
            max_items: Where to end at the latest, 0 or more titles; None: at the end.
            search: A part of the title, in any case; None: everything.

        Returns:
            A pager: iterate it for titles, `pages()` for pages, `collect()` for a list,
            `prefetch()` to read ahead; `cursor` says where the walk stands.

        Raises:
            InvalidRequestError: A parameter cannot work; nothing was sent.
            TypeError: A parameter is of the wrong type.
            HeyMiloError: While walking, what `list_summaries` raises, with `.cursor` to go on from.
            PaginationError: While walking, if the pagination is not advancing.

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
        Make a posting of steps, or from an interview template (operation `createPosting`).

        What is not given is not sent: with a template, everything that is sent comes in place of
        the template's. It is not sent a second time where the first may have arrived.

        Args:
            title: What it is called, 3 to 200 characters.
            workflow: Its steps in order: `WebInterviewStep`, `ConversationalSMSStep`,
                `ResumeStep`, `FormStep`, or mappings with their members. Either this or
                *interview_template_id*.
            interview_template_id: The template to copy, one of `client.interview_templates`.
            description: What it is about, at most 50,000 characters; questions are made from it.
            name: The part of its URL that names it.
            language: ISO 639-1, such as `en`, which is the server's default.
            interviewer_name: How the interviewer introduces itself; `Sarah` by default.
            instructions: What the interviewer is told.
            company_overview: What is told of the company.
            job_overview: What is told of the job.
            interview_process_overview: What is told of how it goes on, at most 10,000 characters.
            company_overview_delivery_mode: How the interviewer uses that text: `exact_delivery`
                (word by word, the default), `summarized_delivery`, `reference_only` (to answer
                questions), `silent_reference` (never told).
            job_overview_delivery_mode: The same for the job.
            interview_process_overview_delivery_mode: The same for the process.
            phone_number_id: The phone number that it calls from.
            sender_email_id: The address that its mails come from.
            email_template_group_id: Its set of mails.
            design_template_group_id: Its set of pages.
            redirect_url: Where a candidate goes when done.
            scheduling_url: The calendar for candidates on the shortlist.
            deadline: Until when candidates can come: an aware datetime, or ISO 8601. Left out or
                None: one calendar month.
            allow_sms_comms: Whether invitations go out by SMS.
            max_retakes: How often a candidate may begin anew, 0 to 5.
            retake_cooldown_days: How many days before that, 0 or more.
            email_report_to_candidate: Whether candidates get a link to their report.
            metadata: Texts of your own: at most 50 keys of 40 characters, values of 500.

        Returns:
            A receipt with the new posting's id. One from a template of an ATS is a draft until it
            is activated: see `activate`.

        Raises:
            InvalidRequestError: Neither or both of *workflow* and *interview_template_id* were
                given, or a member is out of its bounds; nothing was sent.
            TypeError: A member is of the wrong type.
            NotFoundError: There is no such template, or nothing of another id (404, I).
            HeyMiloError: What every call may raise; `.maybe_sent` says whether it may be there.

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

        What is not given stays as it is. None is sent as null; what the server makes of that is
        published nowhere (U). The workflow cannot be changed here: see `update_step`.

        Args:
            posting_id: The posting.
            title: As in `create`, 3 to 200 characters; so are all the others, but for the bounds
                that stand here.
            description: 10 to 50,000 characters.
            name: At most 100 characters.
            language: BCP 47, such as `en`.
            interviewer_name: At most 100 characters.
            instructions: At most 10,000 characters.
            company_overview: At most 10,000 characters.
            job_overview: At most 10,000 characters.
            interview_process_overview: At most 10,000 characters.
            company_overview_delivery_mode: As in `create`.
            job_overview_delivery_mode: As in `create`.
            interview_process_overview_delivery_mode: As in `create`.
            phone_number_id: As in `create`.
            sender_email_id: As in `create`.
            email_template_group_id: As in `create`.
            design_template_group_id: As in `create`.
            redirect_url: As in `create`.
            scheduling_url: As in `create`.
            deadline: As in `create`; left out, it stays.
            allow_sms_comms: As in `create`.
            max_retakes: As in `create`.
            retake_cooldown_days: As in `create`.
            email_report_to_candidate: As in `create`.
            metadata: In place of all that there is, not in addition; `{}` empties it (I).

        Returns:
            The posting as it is now.

        Raises:
            InvalidRequestError: There is nothing to update, or a member is out of its bounds;
                nothing was sent.
            TypeError: A member is of the wrong type.
            NotFoundError: There is no such posting (404).
            HeyMiloError: What every call may raise.

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
        return await self._perform(UPDATE, body=given(locals()), posting_id=posting_id)

    @operation(GET_STATS)
    async def get_stats(self, posting_id: str) -> PostingStats:
        """
        Return how far the candidates of a posting have come (operation `getPostingStats`).

        Args:
            posting_id: The posting.

        Returns:
            Counts, and average scores of 0 to 100.

        Raises:
            InvalidRequestError: The id cannot stand in a path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: There is no such posting (404).
            HeyMiloError: What every call may raise.

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

        Settings that are not given stay as they are; nested ones are replaced as a whole. No
        operation adds, removes or moves a step.

        Args:
            posting_id: The posting.
            step: Its agent's type, such as `web_interview`, or its place from 1, as
                `WorkflowStep.order` has it (for two steps of one type); not its id.
            config: A `WebInterviewConfig`, `ConversationalSMSConfig`, `ResumeConfig` or
                `FormConfig`, or a mapping, which is sent as it is.

        Returns:
            The whole posting as it is now.

        Raises:
            InvalidRequestError: *step* or *config* cannot work; nothing was sent.
            TypeError: *step* or *config* is of the wrong type.
            BadRequestError: The step has no such setting (400).
            NotFoundError: There is no such posting or step (404).
            HeyMiloError: What every call may raise.

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
        Have a posting take no more candidates (operation `archivePosting`).

        No operation takes it back.

        Args:
            posting_id: The posting.

        Returns:
            The posting as it is now.

        Raises:
            InvalidRequestError: The id cannot stand in a path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: There is no such posting (404).
            HeyMiloError: What every call may raise.

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
        Have a posting take candidates (operation `activatePosting`).

        It needs a valid workflow. A draft from a template of an ATS is attached to the ATS, too;
        if that fails, the call succeeds all the same (I): look whether `pending_activation` is
        gone from `ats_metadata`, and if not, activate it again.

        Args:
            posting_id: The posting.

        Returns:
            The posting as it is now.

        Raises:
            InvalidRequestError: The id cannot stand in a path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: There is no such posting (404).
            HeyMiloError: What every call may raise.

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

        What the copy is called is published nowhere (U): `update` gives it a title. It is not sent
        a second time where the first may have arrived.

        Args:
            posting_id: The posting.

        Returns:
            A receipt with the copy's id.

        Raises:
            InvalidRequestError: The id cannot stand in a path; nothing was sent.
            TypeError: The id is not a str.
            NotFoundError: There is no such posting (404).
            HeyMiloError: What every call may raise; `.maybe_sent` says whether it may be there.

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
        raise wrong_type("step", "the type of an agent, or a place from 1", step)
    # Beyond that Python may refuse to write an int down.
    if not 1 <= step <= sys.maxsize:
        message = "step must be the type of an agent, or a place from 1"
        raise InvalidRequestError(message)
    return str(step)


def _members(config: _Config) -> Mapping[str, Any]:
    if isinstance(config, _StepConfig):
        return dict(config._given())
    if not isinstance(config, Mapping):
        raise wrong_type("config", "the settings of a step, or a mapping", config)
    return config
