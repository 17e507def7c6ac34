"""
Interview results: one model for the result of each agent.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from .._core.model import SECRET, SHARED, Model


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TranscriptEntry(Model):
    """
    An entry in a web interview's transcript, the schema `TranscriptEntry` of the contract.

    Attributes:
        speaker: `Interviewer`, `Candidate` or `System`, capitalized; an open list.
        text: The spoken text.
        timestamp: Seconds from the start of the interview. (In an `SMSMessage` it is a datetime.)
        timestamp_str: The timestamp as MM:SS; the contract does not say how it writes hours.

    Example:
        >>> from heymilo_async import TranscriptEntry
        >>> entry = TranscriptEntry(
        ...     speaker="Candidate", text="Four years.", timestamp=42.5, timestamp_str="00:42"
        ... )
        >>> print(f"{entry.timestamp_str} {entry.speaker}: {entry.text}")
        00:42 Candidate: Four years.
    """

    speaker: str = attrs.field(metadata=SHARED)
    text: str
    timestamp: float
    timestamp_str: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ScorecardQuestion(Model):
    """
    A question of a web interview with the answer's score, the schema `ScorecardQuestion`.

    Attributes:
        question_id: The id of the question.
        question_text: The question.
        score: The score of the answer, 1 to 10.
        evaluation_summary: The reasons for the score.
        evaluation_criteria: The criteria for the score.
        rank: The position of the question in the interview, from 1.
        score_weight: The weight of its score, 1 to 10.
        score_1_description: A description of an answer with score 1; None if there is none.
        score_5_description: A description of an answer with score 5, the middle of the scale; None
            if there is none.
        not_scored: Whether the question is for information only and does not affect the score.
        transcript: The transcript of this question, in chronological order.

    Example:
        >>> from heymilo_async import ScorecardQuestion
        >>> question = ScorecardQuestion(
        ...     question_id="vq_1", question_text="Why nursing?", score=7, rank=1,
        ...     evaluation_summary="Gives examples.", evaluation_criteria="Motivation",
        ... )
        >>> print(f"{question.rank}. {question.question_text} {question.score}/10")
        1. Why nursing? 7/10
    """

    question_id: str
    question_text: str
    score: int
    evaluation_summary: str
    evaluation_criteria: str
    rank: int
    score_weight: int = 5
    score_1_description: str | None = None
    score_5_description: str | None = None
    not_scored: bool = False
    transcript: tuple[TranscriptEntry, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WebInterviewResult(Model):
    """
    The result of the web interview, the schema `WebInterviewResult` of the contract.

    Attributes:
        interview_id: The interview's id.
        match_score: The score of the candidate's fit, 0 to 100, a whole number.
        highlights: The candidate's strengths.
        lowlights: The candidate's weaknesses.
        scorecard: The questions, each with its score.
        speech_score: The score of the candidate's speech, 0 to 5; None if it is not evaluated.
        transcript: The transcript of the whole interview, in chronological order.
        audio_recording_url: A signed URL of the audio recording, which probably expires; masked
            in `repr`.
        video_recording_url: A signed URL of the video recording, which probably expires; masked in
            `repr`. None without video.
        tags: The tags of the interview.
        object: The contract's name for this type, `web_interview_result`.

    Example:
        >>> from heymilo_async import WebInterviewResult
        >>> result = WebInterviewResult(
        ...     interview_id="D536A69A4090E13F", match_score=82,
        ...     audio_recording_url="https://cdn.example.com/1.mp3?signature=abc",
        ... )
        >>> "signature" in repr(result), result.audio_recording_url[-13:]
        (False, 'signature=abc')
    """

    interview_id: str
    match_score: int
    highlights: tuple[str, ...] = ()
    lowlights: tuple[str, ...] = ()
    scorecard: tuple[ScorecardQuestion, ...] = ()
    speech_score: float | None = None
    transcript: tuple[TranscriptEntry, ...] = ()
    audio_recording_url: str | None = attrs.field(default=None, metadata=SECRET)
    video_recording_url: str | None = attrs.field(default=None, metadata=SECRET)
    tags: tuple[str, ...] = ()
    object: str = "web_interview_result"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResumeScoreCriterion(Model):
    """
    A scoring criterion for the resume, the schema `ResumeScoreCriterion`.

    Attributes:
        criteria_id: The id of the criterion.
        criteria_text: The criterion itself.
        score: The resume's score, 0 to 10. (`ResumeResult.overall_score` is 0 to 100.)
        confidence: Confidence of the score, 0 to 1.
        reasons: The reasons.

    Example:
        >>> from heymilo_async import ResumeScoreCriterion
        >>> ResumeScoreCriterion(
        ...     criteria_id="rsc_1", criteria_text="Works in teams", score=8.5, confidence=0.89
        ... ).score
        8.5
    """

    criteria_id: str
    criteria_text: str
    score: float
    confidence: float
    reasons: tuple[str, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResumeEligibilityCriterion(Model):
    """
    An eligibility criterion for the resume, the schema `ResumeEligibilityCriterion`.

    Attributes:
        criteria_id: The id of the criterion.
        criteria_text: The criterion itself.
        passed: Whether the resume meets it.
        confidence: Confidence of that finding, 0 to 1.
        reasons: The reasons.

    Example:
        >>> from heymilo_async import ResumeEligibilityCriterion
        >>> ResumeEligibilityCriterion(
        ...     criteria_id="rec_1", criteria_text="Has a licence", passed=True, confidence=0.92
        ... ).passed
        True
    """

    criteria_id: str
    criteria_text: str
    passed: bool
    confidence: float
    reasons: tuple[str, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResumeResult(Model):
    """
    The result of the resume screening, the schema `ResumeResult` of the contract.

    Attributes:
        interview_id: The interview's id.
        overall_score: The weighted score of all criteria, 0 to 100; None if there is none yet.
        is_eligible: Whether the resume meets the requirements; None if that is not known.
        score_criteria: The scoring criteria, each with a score of 0 to 10.
        eligibility_criteria: The eligibility criteria, each passed or failed.
        resume_url: The URL of the resume. It is personal data, so `repr` masks it.
        object: The contract's name for this type, `resume_result`.

    Example:
        >>> from heymilo_async import ResumeResult
        >>> ResumeResult(interview_id="D536A69A4090E13F", overall_score=78.5).is_eligible is None
        True
    """

    interview_id: str
    overall_score: float | None = None
    is_eligible: bool | None = None
    score_criteria: tuple[ResumeScoreCriterion, ...] = ()
    eligibility_criteria: tuple[ResumeEligibilityCriterion, ...] = ()
    resume_url: str | None = attrs.field(default=None, metadata=SECRET)
    object: str = "resume_result"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SMSCriterionResult(Model):
    """
    The result of a criterion in the SMS conversation, the schema `SMSCriterionResult`.

    Attributes:
        criteria_id: The id of the criterion.
        criteria_text: The criterion itself.
        passed: Whether the candidate meets it.
        confidence: Confidence of that finding, 0 to 1.
        is_dealbreaker: Whether failing the criterion disqualifies the candidate.
        reasons: The reasons.

    Example:
        >>> from heymilo_async import SMSCriterionResult
        >>> SMSCriterionResult(
        ...     criteria_id="sms_1", criteria_text="Can start in May", passed=True, confidence=0.85
        ... ).is_dealbreaker
        False
    """

    criteria_id: str
    criteria_text: str
    passed: bool
    confidence: float
    is_dealbreaker: bool = False
    reasons: tuple[str, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SMSMessage(Model):
    """
    A message of the SMS conversation, the schema `SMSMessage` of the contract.

    Attributes:
        role: `agent` or `candidate`, in lower case; an open list.
        text: The message.
        timestamp: The time when it was sent, in UTC; None if the server does not say. (In a
            `TranscriptEntry` it is in seconds from the start of the interview.)

    Example:
        >>> from datetime import UTC, datetime
        >>> from heymilo_async import SMSMessage
        >>> message = SMSMessage(
        ...     role="agent", text="Hello!", timestamp=datetime(2026, 2, 15, 16, 0, tzinfo=UTC)
        ... )
        >>> print(message.timestamp)
        2026-02-15 16:00:00+00:00
    """

    role: str = attrs.field(metadata=SHARED)
    text: str
    timestamp: datetime | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SMSResult(Model):
    """
    The result of the SMS conversation, the schema `SMSResult` of the contract.

    Its step in the workflow has the type `conversational_sms`.

    Attributes:
        interview_id: The interview's id.
        is_eligible: Whether the candidate meets the requirements.
        confidence: Confidence of that finding, 0 to 1.
        criteria: The criteria, each passed or failed.
        transcript: The messages.
        messages_sent: The number of messages from the agent; None if the server does not say.
        messages_received: The number of messages from the candidate; None if the server does not
            say.
        object: The contract's name for this type, `sms_result`.

    Example:
        >>> from heymilo_async import SMSResult
        >>> SMSResult(interview_id="D536A69A4090E13F", is_eligible=True, confidence=0.88).criteria
        ()
    """

    interview_id: str
    is_eligible: bool
    confidence: float
    criteria: tuple[SMSCriterionResult, ...] = ()
    transcript: tuple[SMSMessage, ...] = ()
    messages_sent: int | None = None
    messages_received: int | None = None
    object: str = "sms_result"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FormQuestionResult(Model):
    """
    A question of the form and its answer, the schema `FormQuestionResult` of the contract.

    Attributes:
        question_id: The id of the question.
        question_text: The question.
        question_type: `textarea`, `number`, `multiple-choice`, `file-upload`, `slider` or `date`,
            with hyphens where a `Question` has underscores; an open list.
        is_knockout: Whether a wrong answer disqualifies the candidate.
        passed: Whether the answer passes.
        candidate_answer: The candidate's answer, as text; None if there is none.
        expected_answer: The right answer to a knockout question, as text; otherwise None.

    Example:
        >>> from heymilo_async import FormQuestionResult
        >>> FormQuestionResult(
        ...     question_id="fq_1", question_text="May you work here?", passed=True,
        ...     question_type="multiple-choice", is_knockout=True, candidate_answer="yes",
        ... ).passed
        True
    """

    question_id: str
    question_text: str
    question_type: str
    is_knockout: bool
    passed: bool
    candidate_answer: str | None = None
    expected_answer: str | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FormResult(Model):
    """
    The result of the form, the schema `FormResult` of the contract.

    Attributes:
        interview_id: The interview's id.
        overall_status: `passed`, `failed` or `pending`; an open list.
        questions: The questions, each with its answer.
        object: The contract's name for this type, `form_result`.

    Example:
        >>> from heymilo_async import FormResult
        >>> FormResult(interview_id="D536A69A4090E13F", overall_status="pending").questions
        ()
    """

    interview_id: str
    overall_status: str
    questions: tuple[FormQuestionResult, ...] = ()
    object: str = "form_result"
