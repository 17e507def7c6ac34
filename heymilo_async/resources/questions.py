"""
Questions: the questions of a posting's agents, and the criteria for the answers.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

import attrs

from .._core.arguments import Body, Length, Range
from .._core.blocking import blocking, blocking_iter, blocking_page
from .._core.messages import Operation, operation
from .._core.model import Model
from .._values import NOT_GIVEN, NotGiven
from ..errors import HeyMiloError, InvalidRequestError
from ..pages import AsyncPage, AsyncPager
from ._collection import AsyncResource, Resource, get_operation, given, list_operation

Modality: TypeAlias = Literal[
    "voice", "sms", "form", "resume_eligibility", "resume_scoring", "voice_tags"
]
ResponseFormat: TypeAlias = Literal["text", "freeform", "date", "number"]

#: Types of parameters that can be omitted; None is sent as null.
_Text: TypeAlias = str | None | NotGiven
_Flag: TypeAlias = bool | None | NotGiven
_Whole: TypeAlias = int | None | NotGiven
_Number: TypeAlias = float | None | NotGiven
_Texts: TypeAlias = Sequence[str] | None | NotGiven
_Maps: TypeAlias = Sequence[Mapping[str, str]] | None | NotGiven


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Question(Model):
    """
    A question of a posting, the schema `QuestionResponse` of the contract.

    One model covers six modalities. The server sends null for attributes that a modality does not
    use, so they are None here; a list that the response omits is empty here. All modalities use
    `text` and `modality`:

    ==================== =========================================================================
    modality             attributes that it uses
    ==================== =========================================================================
    voice                `evaluation_criteria`, `score_of_1`, `score_of_5`, `score_weight`,
                         `not_scored`, `question_type`, `min_follow_ups`, `max_follow_ups`,
                         `additional_instructions`, `post_processing_evaluation_criteria`,
                         `structured_config`
    sms                  `expected_answer`, `expected_value`, `is_dealbreaker`, `score_weight`,
                         `question_type`
    form                 `answer`, `is_knockout`, `dropdown_values`, `is_answer_mandated`,
                         `mcq_type`, `operator`, `file_types`, `allow_multiple_files`,
                         `slider_min`, `slider_max`, `slider_step`, `question_type`
    resume_eligibility   `score_weight`
    resume_scoring       `evaluation_criteria`, `score_of_1`, `score_of_5`, `score_weight`
    voice_tags           `response_format`, `instructions`, `options`
    ==================== =========================================================================

    The server may change what you send: it infers `question_type`, and may set `mcq_type` and
    `operator` to values of its own.

    Attributes:
        id: The id that other operations take; opaque.
        posting_id: The question's posting.
        modality: The kind of question, as in the table; an open list.
        text: The question; for `voice_tags`, the tag's name.
        rank: Its position among the questions of its modality, from 1; None if the server does
            not say.
        evaluation_criteria: A description of a good answer.
        score_of_1: A description of an answer that gets the lowest score.
        score_of_5: A description of an answer that gets the highest score.
        score_weight: The weight of its score, 1 to 10.
        not_scored: Whether the question is asked but not scored.
        question_type: The type of answer: `open-ended`, `scored`; `YES_NO`, `NUMERIC`; `dropdown`,
            `file_upload`, `slider` and so on; an open list.
        min_follow_ups: The minimum number of follow-up questions, from 0.
        max_follow_ups: The maximum number of follow-up questions, from 0.
        additional_instructions: Additional instructions for the interviewer.
        post_processing_evaluation_criteria: Criteria that are evaluated after the interview.
        expected_answer: The right answer of a yes/no question.
        expected_value: The right answer of a numeric question.
        is_dealbreaker: Whether any other answer disqualifies the candidate.
        answer: The right answer, any JSON.
        is_knockout: Whether any other answer knocks the candidate out.
        dropdown_values: The choices; the contract does not list their keys.
        is_answer_mandated: Whether an answer is required.
        mcq_type: `single` or `multiple`; an open list.
        operator: The comparison for a number or date: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`; an
            open list.
        file_types: The extensions of files that can be uploaded.
        allow_multiple_files: Whether several files can be uploaded.
        slider_min: The left end of a slider.
        slider_max: The right end of a slider.
        slider_step: The step size of a slider.
        response_format: `text`, `number`, `date` or `freeform`.
        instructions: Instructions for finding a tag's value.
        options: The values that a tag may have.
        structured_config: Configuration for the interviewer; opaque.
        created_at: Creation time, in UTC; None if the server does not say.
        updated_at: Time of the last change, in UTC; None if the server does not say.
        object: The contract's name for this type, `question`.
    """

    id: str
    posting_id: str
    modality: str
    text: str
    rank: int | None = None
    evaluation_criteria: str | None = None
    score_of_1: str | None = None
    score_of_5: str | None = None
    score_weight: int | None = None
    not_scored: bool | None = None
    question_type: str | None = None
    min_follow_ups: int | None = None
    max_follow_ups: int | None = None
    additional_instructions: str | None = None
    post_processing_evaluation_criteria: str | None = None
    expected_answer: str | None = None
    expected_value: int | None = None
    is_dealbreaker: bool | None = None
    answer: Any = None
    is_knockout: bool | None = None
    dropdown_values: tuple[Mapping[str, str], ...] | None = ()
    is_answer_mandated: bool | None = None
    mcq_type: str | None = None
    operator: str | None = None
    file_types: tuple[str, ...] | None = ()
    allow_multiple_files: bool | None = None
    slider_min: float | None = None
    slider_max: float | None = None
    slider_step: float | None = None
    response_format: str | None = None
    instructions: str | None = None
    options: tuple[str, ...] | None = ()
    structured_config: Mapping[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    object: str = "question"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _QuestionMembers(Body):
    """
    The members that all bodies with a question share.
    """

    evaluation_criteria: _Text = NOT_GIVEN
    score_of_1: _Text = NOT_GIVEN
    score_of_5: _Text = NOT_GIVEN
    not_scored: _Flag = NOT_GIVEN
    question_type: _Text = NOT_GIVEN
    expected_answer: _Text = NOT_GIVEN
    expected_value: _Whole = NOT_GIVEN
    is_dealbreaker: _Flag = NOT_GIVEN
    answer: Any = NOT_GIVEN
    is_knockout: _Flag = NOT_GIVEN
    dropdown_values: _Maps = NOT_GIVEN
    is_answer_mandated: _Flag = NOT_GIVEN
    mcq_type: _Text = NOT_GIVEN
    operator: _Text = NOT_GIVEN
    file_types: _Texts = NOT_GIVEN
    allow_multiple_files: _Flag = NOT_GIVEN
    slider_min: _Number = NOT_GIVEN
    slider_max: _Number = NOT_GIVEN
    slider_step: _Number = NOT_GIVEN
    instructions: _Text = NOT_GIVEN
    options: _Texts = NOT_GIVEN


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NewQuestion(_QuestionMembers):
    """
    A question within a step of a new posting's workflow, the schema `CreateQuestion`.

    Some ranges differ from those of `client.questions.create`: weights are 0 to 5 here.

    Args:
        modality: As in `Question`; an open list here.
        text: The question.
        score_weight: The weight of its score, 0 to 5.
        min_follow_ups: The minimum number of follow-up questions, 0 to 5.
        max_follow_ups: The maximum number of follow-up questions, 0 to 10.
        additional_instructions: Additional instructions for the interviewer, at most 5,000
            characters.
        post_processing_evaluation_criteria: Criteria that are evaluated after the interview, at
            most 5,000 characters.
        response_format: `text`, `number`, `date` or `freeform`; an open list here.

    The other arguments are as in `Question`.

    Raises:
        InvalidRequestError: A value is out of range.
        TypeError: A value has the wrong type.

    Example:
        >>> from heymilo_async import NewQuestion
        >>> NewQuestion(modality="voice", text="Why this job?", score_weight=5)
        NewQuestion(modality='voice', text='Why this job?', score_weight=5)
    """

    modality: str
    text: str
    score_weight: Annotated[int, Range(0, 5)] | None | NotGiven = NOT_GIVEN
    min_follow_ups: Annotated[int, Range(0, 5)] | None | NotGiven = NOT_GIVEN
    max_follow_ups: Annotated[int, Range(0, 10)] | None | NotGiven = NOT_GIVEN
    additional_instructions: Annotated[str, Length(0, 5000)] | None | NotGiven = NOT_GIVEN
    post_processing_evaluation_criteria: Annotated[str, Length(0, 5000)] | None | NotGiven = (
        NOT_GIVEN
    )
    response_format: _Text = NOT_GIVEN


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _ApiQuestion(_QuestionMembers):
    """
    The members that the bodies of `create` and `update` share.
    """

    score_weight: Annotated[int, Range(1, 10)] | None | NotGiven = NOT_GIVEN
    min_follow_ups: Annotated[int, Range(0)] | None | NotGiven = NOT_GIVEN
    max_follow_ups: Annotated[int, Range(0)] | None | NotGiven = NOT_GIVEN
    additional_instructions: _Text = NOT_GIVEN
    post_processing_evaluation_criteria: _Text = NOT_GIVEN
    response_format: ResponseFormat | None | NotGiven = NOT_GIVEN
    structured_config: Mapping[str, Any] | None | NotGiven = NOT_GIVEN


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _CreateQuestion(_ApiQuestion):
    modality: Modality
    text: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _UpdateQuestion(_ApiQuestion):
    text: _Text = NOT_GIVEN

    def _check(self, name: str) -> None:
        if not any(True for _ in self._given()):
            message = f"{name}there is nothing to update: give at least one value"
            raise InvalidRequestError(message)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Order(Body):
    modality: Modality
    order: Sequence[str]


LIST: Final = list_operation("listQuestions", "/api/v2/postings/{posting_id}/questions", Question)
GET: Final = get_operation(
    "getQuestion", "/api/v2/postings/{posting_id}/questions/{question_id}", Question
)
CREATE: Final = Operation(
    id="createQuestion",
    method="POST",
    path="/api/v2/postings/{posting_id}/questions",
    returns=Question,
    shape="single",
    takes=_CreateQuestion,
    advice=(
        "it may have been created: check client.questions.list_all(posting_id) before you send it "
        "again"
    ),
)
UPDATE: Final = Operation(
    id="updateQuestion",
    method="PATCH",
    path="/api/v2/postings/{posting_id}/questions/{question_id}",
    returns=Question,
    shape="single",
    takes=_UpdateQuestion,
    answers="id",
)
DELETE: Final = Operation(
    id="deleteQuestion",
    method="DELETE",
    path="/api/v2/postings/{posting_id}/questions/{question_id}",
    returns=Question,
    shape="single",
    answers="id",
)
REORDER: Final = Operation(
    id="reorderQuestions",
    method="POST",
    path="/api/v2/postings/{posting_id}/questions/reorder",
    returns=tuple[Question, ...],
    shape="list",
    takes=_Order,
    repeatable=True,
)


class AsyncQuestions(AsyncResource):
    """
    The questions of a posting; `client.questions` of an `AsyncHeyMilo`.
    """

    @operation(LIST)
    async def list(
        self,
        posting_id: str,
        *,
        limit: int | None = None,
        starting_after: str | None = None,
        modality: Modality | None = None,
    ) -> AsyncPage[Question]:
        """
        Return one page of the questions of a posting (operation `listQuestions`).

        Sends one request, with only the parameters that you give.

        Args:
            posting_id: The posting.
            limit: Questions on the page, 1 to 100; the server's default is 20.
            starting_after: Return the page after the question with this id; None: the first page.
            modality: Only questions of this modality; by default, of all modalities, mixed.

        Returns:
            The page: a sequence of its questions, with `.has_more` and `.next_cursor`.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            NotFoundError: There is no such posting (404).
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     posting = client.postings.list(limit=1)[0]
            ...     voice = client.questions.list(posting.id, modality="voice")
            ...     print({question.modality for question in voice} <= {"voice"})
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(len(await client.questions.list(posting.id, limit=1)) <= 1)
            >>> asyncio.run(main())
            True
        """
        query = {"modality": _modality(modality)}
        return await self._page(LIST, limit, starting_after, query=query, posting_id=posting_id)

    def list_all(
        self,
        posting_id: str,
        *,
        page_size: int = 100,
        starting_after: str | None = None,
        max_items: int | None = None,
        modality: Modality | None = None,
    ) -> AsyncPager[Question]:
        """
        Iterate over all questions of a posting (operation `listQuestions` per page).

        The first request is sent when you iterate. Each iteration starts again at
        *starting_after*.

        Args:
            posting_id: The posting.
            page_size: Questions per request, 1 to 100.
            starting_after: Start after the question with this id; None: at the first one.
            max_items: Stop after this many questions, 0 or more; None: no limit.
            modality: Only questions of this modality; by default, of all modalities, mixed.

        Returns:
            A pager: iterate it for questions, `pages()` for pages, `collect()` for a list,
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
            ...     print(len(client.questions.list_all(posting.id).collect()) > 0)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         questions = client.questions.list_all(posting.id, max_items=1)
            ...         print(len([one async for one in questions]))
            >>> asyncio.run(main())
            1
        """
        query = {"modality": _modality(modality)}
        return self._walk(
            LIST, page_size, starting_after, max_items, query=query, posting_id=posting_id
        )

    @operation(GET)
    async def get(self, posting_id: str, question_id: str) -> Question:
        """
        Return one question (operation `getQuestion`).

        Args:
            posting_id: The question's posting.
            question_id: The question's `id`.

        Returns:
            The question.

        Raises:
            InvalidRequestError: An id is not valid in a URL path; nothing was sent.
            TypeError: An id is not a str.
            NotFoundError: There is no such posting, or no such question in it (404).
            ResponseMismatchError: The response is about another question.
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     posting = client.postings.list(limit=1)[0]
            ...     first = client.questions.list(posting.id, limit=1)[0]
            ...     print(client.questions.get(posting.id, first.id) == first)
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(await client.questions.get(posting.id, first.id) == first)
            >>> asyncio.run(main())
            True
        """
        return await self._perform(GET, posting_id=posting_id, question_id=question_id)

    async def get_many(
        self, posting_id: str, ids: Iterable[str], *, concurrency: int = 8
    ) -> builtins.list[Question]:
        """
        Return several questions, in the order of *ids* (operation `getQuestion` for each).

        All requests share the client's deadline.

        Args:
            posting_id: The questions' posting.
            ids: The ids; an id that is given twice is fetched twice.
            concurrency: Maximum number of concurrent requests, 1 to 1000.

        Returns:
            A question for each id.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            HeyMiloError: The first error of `get`; the other requests are cancelled.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     posting = client.postings.list(limit=1)[0]
            ...     page = client.questions.list(posting.id, limit=2)
            ...     ids = [one.id for one in page]
            ...     print(client.questions.get_many(posting.id, ids) == list(page))
            True
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(await client.questions.get_many(posting.id, ids) == list(page))
            >>> asyncio.run(main())
            True
        """
        return await self._many(self._getter(posting_id), ids, concurrency, posting_id=posting_id)

    async def get_many_settled(
        self, posting_id: str, ids: Iterable[str], *, concurrency: int = 8
    ) -> builtins.list[Question | HeyMiloError]:
        """
        Return a question or an error for each id, in order (operation `getQuestion` for each).

        All requests share the client's deadline.

        Args:
            posting_id: The questions' posting.
            ids: The ids; an id that is given twice is fetched twice.
            concurrency: Maximum number of concurrent requests, 1 to 1000.

        Returns:
            A question, or the error that `get` would have raised, for each id.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            ClientClosedError: The client is closed.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     posting = client.postings.list(limit=1)[0]
            ...     outcomes = client.questions.get_many_settled(posting.id, ["nobody"])
            ...     print([type(outcome).__name__ for outcome in outcomes])
            ['NotFoundError']
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         print(await client.questions.get_many_settled(posting.id, []))
            >>> asyncio.run(main())
            []
        """
        return await self._settled(
            self._getter(posting_id), ids, concurrency, posting_id=posting_id
        )

    @operation(CREATE)
    async def create(
        self,
        posting_id: str,
        *,
        modality: Modality,
        text: str,
        evaluation_criteria: _Text = NOT_GIVEN,
        score_of_1: _Text = NOT_GIVEN,
        score_of_5: _Text = NOT_GIVEN,
        score_weight: _Whole = NOT_GIVEN,
        not_scored: _Flag = NOT_GIVEN,
        question_type: _Text = NOT_GIVEN,
        min_follow_ups: _Whole = NOT_GIVEN,
        max_follow_ups: _Whole = NOT_GIVEN,
        additional_instructions: _Text = NOT_GIVEN,
        post_processing_evaluation_criteria: _Text = NOT_GIVEN,
        expected_answer: _Text = NOT_GIVEN,
        expected_value: _Whole = NOT_GIVEN,
        is_dealbreaker: _Flag = NOT_GIVEN,
        answer: Any = NOT_GIVEN,
        is_knockout: _Flag = NOT_GIVEN,
        dropdown_values: _Maps = NOT_GIVEN,
        is_answer_mandated: _Flag = NOT_GIVEN,
        mcq_type: _Text = NOT_GIVEN,
        operator: _Text = NOT_GIVEN,
        file_types: _Texts = NOT_GIVEN,
        allow_multiple_files: _Flag = NOT_GIVEN,
        slider_min: _Number = NOT_GIVEN,
        slider_max: _Number = NOT_GIVEN,
        slider_step: _Number = NOT_GIVEN,
        response_format: ResponseFormat | None | NotGiven = NOT_GIVEN,
        instructions: _Text = NOT_GIVEN,
        options: _Texts = NOT_GIVEN,
        structured_config: Mapping[str, Any] | None | NotGiven = NOT_GIVEN,
    ) -> Question:
        """
        Add a question to a posting (operation `createQuestion`).

        Only the values that you give are sent. The client does not repeat a request that may have
        reached the server.

        `Question` lists the members that each modality uses.

        Args:
            posting_id: The posting.
            modality: The question's modality, which cannot be changed later.
            text: The question; for `voice_tags`, the tag's name.
            evaluation_criteria: A description of a good answer.
            score_of_1: A description of an answer that gets the lowest score.
            score_of_5: A description of an answer that gets the highest score.
            score_weight: The weight of its score, 1 to 10.
            not_scored: Whether the question is asked but not scored.
            question_type: The type of answer; for SMS and form questions the server infers it.
            min_follow_ups: The minimum number of follow-up questions, from 0.
            max_follow_ups: The maximum number of follow-up questions, from 0.
            additional_instructions: Additional instructions for the interviewer.
            post_processing_evaluation_criteria: Criteria that are evaluated after the interview.
            expected_answer: The right answer of a yes/no question.
            expected_value: The right answer of a numeric question.
            is_dealbreaker: Whether any other answer disqualifies the candidate.
            answer: The right answer of a form question, any JSON.
            is_knockout: Whether any other answer knocks the candidate out.
            dropdown_values: The choices, each a JSON object of strings.
            is_answer_mandated: Whether an answer is required.
            mcq_type: `single` or `multiple`.
            operator: The comparison for a number or date, such as `gte`.
            file_types: The extensions of files that can be uploaded.
            allow_multiple_files: Whether several files can be uploaded.
            slider_min: The left end of a slider.
            slider_max: The right end of a slider.
            slider_step: The step size of a slider.
            response_format: The format of a tag's value.
            instructions: Instructions for finding a tag's value.
            options: The values that a tag may have.
            structured_config: Configuration for the interviewer.

        Returns:
            The question as the server created it, which may differ from the request.

        Raises:
            InvalidRequestError: A value is out of range; nothing was sent.
            TypeError: A value has the wrong type.
            NotFoundError: There is no such posting (404).
            HeyMiloError: Any call can raise it; `.maybe_sent`: the server may have created it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     posting = client.postings.list(limit=1)[0]
            ...     made = client.questions.create(posting.id, modality="voice", text="Why us?")
            ...     print(made.text)
            Why us?
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         tag = await client.questions.create(
            ...             posting.id, modality="voice_tags", text="Notice", response_format="text"
            ...         )
            ...         print(tag.modality)
            >>> asyncio.run(main())
            voice_tags
        """
        body = given(locals(), "posting_id")
        return await self._perform(CREATE, body=body, posting_id=posting_id)

    @operation(UPDATE)
    async def update(
        self,
        posting_id: str,
        question_id: str,
        *,
        text: _Text = NOT_GIVEN,
        evaluation_criteria: _Text = NOT_GIVEN,
        score_of_1: _Text = NOT_GIVEN,
        score_of_5: _Text = NOT_GIVEN,
        score_weight: _Whole = NOT_GIVEN,
        not_scored: _Flag = NOT_GIVEN,
        question_type: _Text = NOT_GIVEN,
        min_follow_ups: _Whole = NOT_GIVEN,
        max_follow_ups: _Whole = NOT_GIVEN,
        additional_instructions: _Text = NOT_GIVEN,
        post_processing_evaluation_criteria: _Text = NOT_GIVEN,
        expected_answer: _Text = NOT_GIVEN,
        expected_value: _Whole = NOT_GIVEN,
        is_dealbreaker: _Flag = NOT_GIVEN,
        answer: Any = NOT_GIVEN,
        is_knockout: _Flag = NOT_GIVEN,
        dropdown_values: _Maps = NOT_GIVEN,
        is_answer_mandated: _Flag = NOT_GIVEN,
        mcq_type: _Text = NOT_GIVEN,
        operator: _Text = NOT_GIVEN,
        file_types: _Texts = NOT_GIVEN,
        allow_multiple_files: _Flag = NOT_GIVEN,
        slider_min: _Number = NOT_GIVEN,
        slider_max: _Number = NOT_GIVEN,
        slider_step: _Number = NOT_GIVEN,
        response_format: ResponseFormat | None | NotGiven = NOT_GIVEN,
        instructions: _Text = NOT_GIVEN,
        options: _Texts = NOT_GIVEN,
        structured_config: Mapping[str, Any] | None | NotGiven = NOT_GIVEN,
    ) -> Question:
        """
        Change a question (operation `updateQuestion`).

        Values that you do not give stay unchanged. The contract does not say how the server treats
        null. The modality cannot be changed; `reorder` changes the rank.

        None is sent as null.

        Args:
            posting_id: The question's posting.
            question_id: The question's `id`.
            text: The same as in `create`, like all other parameters.
            evaluation_criteria: The same as in `create`.
            score_of_1: The same as in `create`.
            score_of_5: The same as in `create`.
            score_weight: The same as in `create`, 1 to 10.
            not_scored: The same as in `create`.
            question_type: The same as in `create`.
            min_follow_ups: The same as in `create`.
            max_follow_ups: The same as in `create`.
            additional_instructions: The same as in `create`.
            post_processing_evaluation_criteria: The same as in `create`.
            expected_answer: The same as in `create`.
            expected_value: The same as in `create`.
            is_dealbreaker: The same as in `create`.
            answer: The same as in `create`.
            is_knockout: The same as in `create`.
            dropdown_values: The same as in `create`.
            is_answer_mandated: The same as in `create`.
            mcq_type: The same as in `create`.
            operator: The same as in `create`.
            file_types: The same as in `create`.
            allow_multiple_files: The same as in `create`.
            slider_min: The same as in `create`.
            slider_max: The same as in `create`.
            slider_step: The same as in `create`.
            response_format: The same as in `create`.
            instructions: The same as in `create`.
            options: The same as in `create`.
            structured_config: The same as in `create`.

        Returns:
            The question as it is now.

        Raises:
            InvalidRequestError: There is nothing to update, or a value is out of range;
                nothing was sent.
            TypeError: A value has the wrong type.
            NotFoundError: There is no such posting, or no such question in it (404).
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     posting = client.postings.list(limit=1)[0]
            ...     first = client.questions.list(posting.id, limit=1)[0]
            ...     print(client.questions.update(posting.id, first.id, text="And then?").text)
            And then?
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         changed = await client.questions.update(posting.id, first.id, text="Why?")
            ...         print(changed.text)
            >>> asyncio.run(main())
            Why?
        """
        body = given(locals(), "posting_id", "question_id")
        return await self._perform(
            UPDATE, body=body, posting_id=posting_id, question_id=question_id
        )

    @operation(DELETE)
    async def delete(self, posting_id: str, question_id: str) -> Question:
        """
        Delete a question from a posting (operation `deleteQuestion`).

        It is no longer listed, and no operation restores it. The contract does not say whether
        `get` still returns it.

        Args:
            posting_id: The question's posting.
            question_id: The question's `id`.

        Returns:
            The question as it was.

        Raises:
            InvalidRequestError: An id is not valid in a URL path; nothing was sent.
            TypeError: An id is not a str.
            NotFoundError: There is no such question (404); `.maybe_done` is true if an earlier
                attempt may have deleted it.
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     posting = client.postings.list(limit=1)[0]
            ...     made = client.questions.create(posting.id, modality="sms", text="Any questions?")
            ...     print(client.questions.delete(posting.id, made.id).text)
            Any questions?
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         left = await client.questions.list_all(posting.id).collect()
            ...         print(made.id in [one.id for one in left])
            >>> asyncio.run(main())
            False
        """
        return await self._perform(DELETE, posting_id=posting_id, question_id=question_id)

    @operation(REORDER)
    async def reorder(
        self, posting_id: str, *, modality: Modality, order: Sequence[str]
    ) -> tuple[Question, ...]:
        """
        Change the order of the questions of one modality (operation `reorderQuestions`).

        The order must contain every active question of the modality: get them with `list_all`.

        Args:
            posting_id: The posting.
            modality: The modality of the questions.
            order: The ids of all active questions of the modality, in the new order.

        Returns:
            The questions, in the order of the response.

        Raises:
            InvalidRequestError: A parameter is invalid; nothing was sent.
            TypeError: A parameter has the wrong type.
            NotFoundError: There is no such posting (404).
            HeyMiloError: Any call can raise it.

        Example:
            >>> import asyncio
            >>> from heymilo_async import AsyncHeyMilo, HeyMilo
            >>> with HeyMilo() as client:
            ...     posting = client.postings.list(limit=1)[0]
            ...     walk = client.questions.list_all(posting.id, modality="voice")
            ...     ids = [question.id for question in walk]
            ...     again = client.questions.reorder(posting.id, modality="voice", order=ids[::-1])
            ...     print({question.modality for question in again})
            {'voice'}
            >>> async def main() -> None:
            ...     async with AsyncHeyMilo() as client:
            ...         walk = client.questions.list_all(posting.id, modality="voice")
            ...         ids = [question.id async for question in walk]
            ...         await client.questions.reorder(posting.id, modality="voice", order=ids)
            >>> asyncio.run(main())
        """
        body = {"modality": modality, "order": order}
        return await self._perform(REORDER, body=body, posting_id=posting_id)

    def _getter(self, posting_id: str) -> Any:
        async def get(question_id: str, expires: float | None) -> Question:
            return await self._perform(
                GET, expires=expires, posting_id=posting_id, question_id=question_id
            )

        return get


class Questions(Resource[AsyncQuestions]):
    """
    The questions of a posting; `client.questions` of a `HeyMilo`.
    """

    list: Final = blocking_page(AsyncQuestions.list)
    list_all: Final = blocking_iter(AsyncQuestions.list_all)
    get: Final = blocking(AsyncQuestions.get)
    get_many: Final = blocking(AsyncQuestions.get_many)
    get_many_settled: Final = blocking(AsyncQuestions.get_many_settled)
    create: Final = blocking(AsyncQuestions.create)
    update: Final = blocking(AsyncQuestions.update)
    delete: Final = blocking(AsyncQuestions.delete)
    reorder: Final = blocking(AsyncQuestions.reorder)


def _modality(modality: Modality | None) -> str | None:
    if modality is None:
        return None
    return _Order(modality=modality, order=()).modality
