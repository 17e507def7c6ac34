"""
Interview results: what each agent of an interview found out, by agent.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from .._core.model import SECRET, SHARED, Model


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TranscriptEntry(Model):
    """
    What somebody said in a web interview, the schema `TranscriptEntry` of the contract.

    Attributes:
        speaker: `Interviewer`, `Candidate` or `System`, with a capital; others may come.
        text: What was said.
        timestamp: When, in seconds from the start of the interview. (That of an `SMSMessage` is a
            time of day.)
        timestamp_str: The same for people, as MM:SS; how hours are written is not published.

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
    A question of a web interview and how it was answered, the schema `ScorecardQuestion`.

    Attributes:
        question_id: The id of the question.
        question_text: What was asked.
        score: How good the answer is, 1 to 10.
        evaluation_summary: Why.
        evaluation_criteria: What was looked for.
        rank: The place of the question in the order asked, from 1.
        score_weight: How much it counts, 1 to 10.
        score_1_description: What a 1 would have been; None if the question does not say.
        score_5_description: What a 5 would have been: the middle of the scale, not its end.
        not_scored: Whether it is for information only and counts nowhere.
        transcript: The part of the interview that belongs to it, in order of time.

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
    What came of the web interview, the schema `WebInterviewResult` of the contract.

    Attributes:
        interview_id: The interview that it belongs to.
        match_score: How well the candidate fits, 0 to 100, a whole number.
        highlights: What speaks for the candidate.
        lowlights: What speaks against.
        scorecard: The questions, each with its score.
        speech_score: How well the candidate speaks, 0 to 5; None if not judged.
        transcript: The whole interview, in order of time.
        audio_recording_url: Where the sound is, a signed link that probably expires; masked in
            `repr`.
        video_recording_url: Where the picture is, likewise; None without video.
        tags: What the interview was tagged with.
        object: The contract's name of the type, `web_interview_result`.

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
    A criterion that the resume was scored by, the schema `ResumeScoreCriterion`.

    Attributes:
        criteria_id: The id of the criterion.
        criteria_text: What it asks for.
        score: How well the resume meets it, 0 to 10. (`ResumeResult.overall_score` is 0 to 100.)
        confidence: How sure the score is, 0 to 1.
        reasons: Why.

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
    A criterion that the resume meets or not, the schema `ResumeEligibilityCriterion`.

    Attributes:
        criteria_id: The id of the criterion.
        criteria_text: What it asks for.
        passed: Whether the resume meets it.
        confidence: How sure that is, 0 to 1.
        reasons: Why.

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
    What came of reading the resume, the schema `ResumeResult` of the contract.

    Attributes:
        interview_id: The interview that it belongs to.
        overall_score: The criteria's scores, weighted, 0 to 100; None if there is none yet.
        is_eligible: Whether the resume meets what is required; None if that is not known.
        score_criteria: What it was scored by, each 0 to 10.
        eligibility_criteria: What was required, each passed or not.
        resume_url: Where the resume is. It is personal, so `repr` masks it.
        object: The contract's name of the type, `resume_result`.

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
    A criterion that the SMS conversation asked about, the schema `SMSCriterionResult`.

    Attributes:
        criteria_id: The id of the criterion.
        criteria_text: What it asks for.
        passed: Whether the candidate meets it.
        confidence: How sure that is, 0 to 1.
        is_dealbreaker: Whether failing it disqualifies.
        reasons: Why.

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
        role: `agent` or `candidate`, in small letters; others may come.
        text: The message.
        timestamp: When it was sent, in UTC; None if the server does not say. (That of a
            `TranscriptEntry` counts from the start of the interview.)

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
    What came of the SMS conversation, the schema `SMSResult` of the contract.

    The step that it belongs to has the type `conversational_sms`.

    Attributes:
        interview_id: The interview that it belongs to.
        is_eligible: Whether the candidate meets what was asked.
        confidence: How sure that is, 0 to 1.
        criteria: What was asked, each passed or not.
        transcript: The messages.
        messages_sent: How many the agent sent; None if the server does not say.
        messages_received: How many the candidate sent; None if the server does not say.
        object: The contract's name of the type, `sms_result`.

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
        question_text: What was asked.
        question_type: `textarea`, `number`, `multiple-choice`, `file-upload`, `slider` or `date`,
            with hyphens where a `Question` has underscores; others may come.
        is_knockout: Whether the wrong answer disqualifies.
        passed: Whether the answer is good enough.
        candidate_answer: The answer, as text; None if there is none.
        expected_answer: The answer that a knockout question wants, as text; else None.

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
    What came of the form, the schema `FormResult` of the contract.

    Attributes:
        interview_id: The interview that it belongs to.
        overall_status: `passed`, `failed` or `pending`; others may come.
        questions: The questions, each with its answer.
        object: The contract's name of the type, `form_result`.

    Example:
        >>> from heymilo_async import FormResult
        >>> FormResult(interview_id="D536A69A4090E13F", overall_status="pending").questions
        ()
    """

    interview_id: str
    overall_status: str
    questions: tuple[FormQuestionResult, ...] = ()
    object: str = "form_result"
