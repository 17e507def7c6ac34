"""
Interview integrity: signs that a candidate cheated, each with a confidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from .._core.model import SECRET, Model


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CheatTranscriptReference(Model):
    """
    A suspicious part of the transcript, the schema `CheatTranscriptReference`.

    Attributes:
        user_friendly_timestamp: The timestamp as MM:SS; the contract does not say how it writes
            hours.
        text: The spoken text.
        actual_timestamp: Seconds from the start of the interview.

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
        reasoning: The reasons for the suspicion.
        transcript_references: The suspicious parts of the transcript.

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
    Signs of cheating in the transcript, the schema `TranscriptCheatResult` of the contract.

    Attributes:
        cheating_detected: Whether the transcript suggests cheating.
        cheating_confidence: Confidence of that finding, 0 to 1.
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
        segment_text: The text of the part.
        segment_confidence: Confidence of that finding, 0 to 1.
        reasoning: The reasons.

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
    GPTZero's analysis of the answers, the schema `GPTZeroMetrics` of the contract.

    Attributes:
        completely_generated_probability: Probability that the whole text is generated, 0 to 1.
        overall_ai_score: The overall score for generated text, 0 to 1.
        average_generated_probability: Average probability that a part is generated, 0 to 1.

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
        llm_generated_detected: Whether the answers look generated.
        detection_confidence: Confidence of that finding, 0 to 1.
        llm_detected_segments: The parts that look generated.
        gptzero_metrics: GPTZero's analysis; None if it was not used.

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
    Unusual delays before answers, the schema `UnusualDelayResult` of the contract.

    Attributes:
        delay_detected: Whether there were unusual delays.
        delay_confidence: Confidence of that finding, 0 to 1.
        overall_score: Score of the delays, 0 to 1. (In a `ResumeResult` it is 0 to 100.)
        confidence_level: Confidence of the score, 0 to 1.
        unusual_delay_instances: The delays, free-form and read-only, with the texts of question
            and answer, and the timing.

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
    A movement in the video, the schema `IntegrityMovementEvent` of the contract.

    Attributes:
        type: `Eye Movement`, `Head Movement` or `Mouth Movement`, with a space; an open list.
        confidence: Confidence of that finding, 0 to 1; None if the server does not say.
        image: The URL of the picture. It is personal data, so `repr` masks it.
        timestamp: Seconds from the start of the interview; None if the server does not say.

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
    All movements in the video, the schema `IntegrityAggregated` of the contract.

    Attributes:
        movements: The movements, in chronological order.

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
        status: The status, such as `completed`; the contract lists no values.
        filename: The analysed file.
        file_type: Its media type, such as `video/mp4`.
        created_at: The start time, in the server's format, which the contract does not state.
        updated_at: The time of the last change, in the same format.
        result: The result of the analysis, free-form and read-only.
        error: The reason for a failure; None if the analysis did not fail.
        comprehensive: The full analysis, such as a timeline, free-form and read-only.
        aggregated: All movements.

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
        cheat_detection_result: Signs of cheating in the transcript.
        llm_detection_result: Whether a language model wrote the answers.
        unusual_delay_detection: Unusual delays before answers.
        tab_switch_detection: How often the candidate left the tab, free-form and read-only:
            `total_count`, `events`, and the first and the last time, probably in seconds from the
            start. The server may send it even if detection is disabled.
        interview_integrity: The analysis of the video, first generation.
        integrity_analysis_v2: The analysis of the video, second generation, free-form and
            read-only; None if there is none.

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

    Three of its attributes are in camel case, as in the contract.

    Attributes:
        version: The version of the detector.
        scanId: The id of the scan.
        documents: The result for each document, free-form and read-only.
        neatVersion: The detector's version in readable form; None if the server does not say.
        editorDocumentId: The detector's id of the document; None if the server does not say.

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
        gpt_detection: Whether a language model wrote it; None if that was not analysed.

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

    If `enabled` is False, the parts are usually None, except for tab switches.

    Attributes:
        overall_confidence: Confidence that the candidate cheated, 0 to 1.
        overall_ranking: A rating of the same, from 1 (no sign of cheating) to 5.
        enabled: Whether cheating was analysed.
        threshold: The minimum confidence for cheating, 0 to 100, unlike the confidences.
        types: The analysed types: `tab_switching`, `ai_scripted_answer`, `multiple_people`,
            `multiple_speakers`, `phone_detection`, `unusual_delays`, `facial_behaviour`; an open
            list. Empty if absent, None if null.
        web_interview: Signs in the web interview.
        resume: Signs in the resume.
        object: The contract's name for this type, `cheat_detection`.

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
