"""
Interview integrity: signs that a candidate was helped, and how sure each of them is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from .._core.model import SECRET, Model


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CheatTranscriptReference(Model):
    """
    The words that a suspicion goes back to, the schema `CheatTranscriptReference`.

    Attributes:
        user_friendly_timestamp: When, for people, as MM:SS; how hours are written is not
            published.
        text: What was said.
        actual_timestamp: When, in seconds from the start of the interview.

    Example:
        >>> from heymilo_async import CheatTranscriptReference
        >>> CheatTranscriptReference(
        ...     user_friendly_timestamp="02:14", text="As I read here", actual_timestamp=134.0
        ... ).actual_timestamp
        134.0
    """

    user_friendly_timestamp: str
    text: str
    actual_timestamp: float


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CheatingInstance(Model):
    """
    A suspicion, the schema `CheatingInstance` of the contract.

    Attributes:
        reasoning: What is suspicious, in words.
        transcript_references: The words that it goes back to.

    Example:
        >>> from heymilo_async import CheatingInstance
        >>> CheatingInstance(reasoning="Reads aloud.").transcript_references
        ()
    """

    reasoning: str
    transcript_references: tuple[CheatTranscriptReference, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TranscriptCheatResult(Model):
    """
    What the transcript gives away, the schema `TranscriptCheatResult` of the contract.

    Attributes:
        cheating_detected: Whether it looks like cheating.
        cheating_confidence: How sure that is, 0 to 1.
        cheating_instances: The suspicions.

    Example:
        >>> from heymilo_async import TranscriptCheatResult
        >>> TranscriptCheatResult(cheating_detected=False, cheating_confidence=0.1).cheating_detected
        False
    """

    cheating_detected: bool
    cheating_confidence: float
    cheating_instances: tuple[CheatingInstance, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LLMDetectedSegment(Model):
    """
    A part of an answer that a language model may have written, the schema `LLMDetectedSegment`.

    Attributes:
        segment_text: The part.
        segment_confidence: How sure that is, 0 to 1.
        reasoning: Why.

    Example:
        >>> from heymilo_async import LLMDetectedSegment
        >>> LLMDetectedSegment(
        ...     segment_text="In conclusion", segment_confidence=0.77, reasoning="Stock phrase."
        ... ).segment_confidence
        0.77
    """

    segment_text: str
    segment_confidence: float
    reasoning: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class GPTZeroMetrics(Model):
    """
    What GPTZero says of the answers, the schema `GPTZeroMetrics` of the contract.

    Attributes:
        completely_generated_probability: That all of it is generated, 0 to 1.
        overall_ai_score: How much looks generated, 0 to 1.
        average_generated_probability: That a part is generated, on average, 0 to 1.

    Example:
        >>> from heymilo_async import GPTZeroMetrics
        >>> GPTZeroMetrics(
        ...     completely_generated_probability=0.65, overall_ai_score=0.7,
        ...     average_generated_probability=0.6,
        ... ).overall_ai_score
        0.7
    """

    completely_generated_probability: float
    overall_ai_score: float
    average_generated_probability: float


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LLMDetectionResult(Model):
    """
    Whether a language model wrote the answers, the schema `LLMDetectionResult`.

    Attributes:
        llm_generated_detected: Whether it looks so.
        detection_confidence: How sure that is, 0 to 1.
        llm_detected_segments: The parts that look generated.
        gptzero_metrics: What GPTZero says; None if it was not asked.

    Example:
        >>> from heymilo_async import LLMDetectionResult
        >>> LLMDetectionResult(
        ...     llm_generated_detected=False, detection_confidence=0.2
        ... ).llm_detected_segments
        ()
    """

    llm_generated_detected: bool
    detection_confidence: float
    llm_detected_segments: tuple[LLMDetectedSegment, ...] = ()
    gptzero_metrics: GPTZeroMetrics | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UnusualDelayResult(Model):
    """
    Whether answers came unusually late, the schema `UnusualDelayResult` of the contract.

    Attributes:
        delay_detected: Whether they did.
        delay_confidence: How sure that is, 0 to 1.
        overall_score: How unusual the delays are, 0 to 1. (That of a `ResumeResult` is 0 to 100.)
        confidence_level: How sure the score is, 0 to 1.
        unusual_delay_instances: The delays, free-form and read-only: texts of question and answer,
            timing.

    Example:
        >>> from heymilo_async import UnusualDelayResult
        >>> UnusualDelayResult(
        ...     delay_detected=True, delay_confidence=0.58, overall_score=0.5, confidence_level=0.6,
        ... ).unusual_delay_instances
        ()
    """

    delay_detected: bool
    delay_confidence: float
    overall_score: float
    confidence_level: float
    unusual_delay_instances: tuple[Mapping[str, Any], ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class IntegrityMovementEvent(Model):
    """
    A movement that the camera saw, the schema `IntegrityMovementEvent` of the contract.

    Attributes:
        type: `Eye Movement`, `Head Movement` or `Mouth Movement`, with a blank; others may come.
        confidence: How sure that is, 0 to 1; None if the server does not say.
        image: Where the picture is. It is personal, so `repr` masks it.
        timestamp: When, in seconds from the start of the interview; None if the server does not
            say.

    Example:
        >>> from heymilo_async import IntegrityMovementEvent
        >>> IntegrityMovementEvent(type="Eye Movement", confidence=0.8, timestamp=91.0).timestamp
        91.0
    """

    type: str
    confidence: float | None = None
    image: str | None = attrs.field(default=None, metadata=SECRET)
    timestamp: float | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class IntegrityAggregated(Model):
    """
    What the camera saw, put together, the schema `IntegrityAggregated` of the contract.

    Attributes:
        movements: The movements, in order of time.

    Example:
        >>> from heymilo_async import IntegrityAggregated
        >>> IntegrityAggregated().movements
        ()
    """

    movements: tuple[IntegrityMovementEvent, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InterviewIntegrityResult(Model):
    """
    The analysis of the video, first generation, the schema `InterviewIntegrityResult`.

    Attributes:
        job_id: The id of the analysis.
        status: How far it is, such as `completed`; the words are not published.
        filename: The file that was analysed.
        file_type: Its media type, such as `video/mp4`.
        created_at: When it began, as the server writes it: the format is not published.
        updated_at: When it last changed, likewise.
        result: What the analysis gave, free-form and read-only.
        error: Why it failed; None if it did not.
        comprehensive: All of it, such as a timeline, free-form and read-only.
        aggregated: The movements, put together.

    Example:
        >>> from heymilo_async import InterviewIntegrityResult
        >>> InterviewIntegrityResult(status="completed", created_at="2026-02-15T16:00:00").created_at
        '2026-02-15T16:00:00'
    """

    job_id: str | None = None
    status: str | None = None
    filename: str | None = None
    file_type: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    result: Mapping[str, Any] | None = None
    error: str | None = None
    comprehensive: Mapping[str, Any] | None = None
    aggregated: IntegrityAggregated | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WebInterviewCheat(Model):
    """
    Signs of cheating in the web interview, the schema `WebInterviewCheat` of the contract.

    Attributes:
        cheat_detection_result: What the transcript gives away.
        llm_detection_result: Whether a language model wrote the answers.
        unusual_delay_detection: Whether answers came unusually late.
        tab_switch_detection: How often the candidate left the tab, free-form and read-only:
            `total_count`, `events`, and the first and the last time, probably in seconds from the
            start. It may be there though detection is not enabled.
        interview_integrity: The analysis of the video, first generation.
        integrity_analysis_v2: The same, second generation, free-form and read-only; None if there
            is none.

    Example:
        >>> from heymilo_async import WebInterviewCheat
        >>> WebInterviewCheat(tab_switch_detection={"total_count": 3}).tab_switch_detection
        {'total_count': 3}
    """

    cheat_detection_result: TranscriptCheatResult | None = None
    llm_detection_result: LLMDetectionResult | None = None
    unusual_delay_detection: UnusualDelayResult | None = None
    tab_switch_detection: Mapping[str, Any] | None = None
    interview_integrity: InterviewIntegrityResult | None = None
    integrity_analysis_v2: Mapping[str, Any] | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResumeGptDetectionResult(Model):
    """
    Whether a language model wrote the resume, the schema `ResumeGptDetectionResult`.

    Three of its names are in camel case, as they are in the contract.

    Attributes:
        version: The version of the detector.
        scanId: The id of the scan.
        documents: What it says of each document, free-form and read-only.
        neatVersion: The version of the detector, for people; None if the server does not say.
        editorDocumentId: The id of the document at the detector; None if the server does not say.

    Example:
        >>> from heymilo_async import ResumeGptDetectionResult
        >>> ResumeGptDetectionResult(version="2026-01-01", scanId="scan-1").scanId
        'scan-1'
    """

    version: str
    scanId: str  # noqa: N815 - the contract's name
    documents: tuple[Mapping[str, Any], ...] = ()
    neatVersion: str | None = None  # noqa: N815 - the contract's name
    editorDocumentId: str | None = None  # noqa: N815 - the contract's name


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResumeCheat(Model):
    """
    Signs of cheating in the resume, the schema `ResumeCheat` of the contract.

    Attributes:
        gpt_detection: Whether a language model wrote it; None if that was not looked at.

    Example:
        >>> from heymilo_async import ResumeCheat
        >>> ResumeCheat().gpt_detection is None
        True
    """

    gpt_detection: ResumeGptDetectionResult | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CheatDetection(Model):
    """
    Signs of cheating, the schema `CheatDetection` of the contract.

    With `enabled` False the parts are usually None, but tab switches may be there.

    Attributes:
        overall_confidence: How sure it is that the candidate cheated, 0 to 1.
        overall_ranking: The same as a grade, 1 (no sign) to 5.
        enabled: Whether cheating was looked for.
        threshold: From where on it counts, 0 to 100, unlike the confidences.
        types: What was looked for: `tab_switching`, `ai_scripted_answer`, `multiple_people`,
            `multiple_speakers`, `phone_detection`, `unusual_delays`, `facial_behaviour`; others may
            come. Empty if absent, None if null.
        web_interview: Signs in the web interview.
        resume: Signs in the resume.
        object: The contract's name of the type, `cheat_detection`.

    Example:
        >>> from heymilo_async import CheatDetection
        >>> found = CheatDetection(overall_confidence=0.64, threshold=70)
        >>> found.overall_confidence * 100 >= found.threshold
        False
    """

    overall_confidence: float | None = None
    overall_ranking: int | None = None
    enabled: bool | None = None
    threshold: int | None = None
    types: tuple[str, ...] | None = ()
    web_interview: WebInterviewCheat | None = None
    resume: ResumeCheat | None = None
    object: str = "cheat_detection"
