"""
Settings for behaviour of the real API that HeyMilo does not document.
"""

from __future__ import annotations

import math
from typing import Any, Literal, get_args, get_type_hints

import attrs


def _check_choice(owner: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    kind = get_type_hints(type(owner))[attribute.name]
    choices = {bool: (True, False)}.get(kind) or get_args(kind)
    if choices:
        if not any(value is one or (value == one and type(value) is type(one)) for one in choices):
            words = ", ".join(map(repr, choices))
            message = f"{attribute.name} must be one of {words}, not {value!r}"
            raise ValueError(message)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        message = f"{attribute.name} must be a number, not {type(value).__name__}"
        raise TypeError(message)
    elif not 0 <= value < math.inf:
        # (No time is later than NaN or earlier than it, and a response cannot have either.)
        message = f"{attribute.name} must be 0 or more, and finite, not {value}"
        raise ValueError(message)


@attrs.frozen(
    kw_only=True,
    field_transformer=lambda _, fields: [one.evolve(validator=_check_choice) for one in fields],
)
class Assumptions:
    """
    The sandbox's behaviour where neither the contract nor HeyMilo's pages describe the API.

    An integration that works with all values does not depend on a guess.

    Attributes:
        wrong_source: The status for a new posting with both a workflow and a template, or with
            neither.
        checks_references: Whether a posting that refers to an unknown phone number, sender or group
            gets a 404.
        closed_posting: The status for ingesting a candidate into a draft or archived posting.
        null_clears: Whether a null in an update clears the value; otherwise it is ignored.
        step_bounds: Whether an update of a step's config is limited to the ranges for a new step.
        activate_unarchives: Whether activating an archived posting restores it; otherwise 422.
        lists_inactive: Whether lists include drafts and archived postings.
        newest_first: Whether lists start with the newest item.
        clone_title: Whether a clone has the original's title (`same`), or a `Copy of` it (`copy`).
        deleted_found: Whether get and delete still find a deleted question or webhook.
        infers_question_type: Whether the server replaces the type of form and SMS questions by its
            own.
        incomplete_order: The status for a new order that lacks an active question, or has an
            unknown one.
        same_email: The result of ingesting an email address again: the same interview, or a 409.
        bulk_keeps_order: Whether a bulk response has the order of its request.
        ingestion_seconds: The duration of an asynchronous ingestion, by the sandbox's clock.
        not_ready: Where the response about an unfinished interview says `not_ready`: in the status
            of its `data`, there without the required fields (`bare`), in the envelope's `meta`, or
            nowhere.
        metadata_merges: Whether setting an interview's metadata keeps keys that are not sent.
        resolve_without_criteria: The response to an ATS search without criteria: a 400, or a 200
            with `success: false`.
        ats_push: The outcome of a push to the ATS: it succeeds, fails repeatedly, never ends, or
            is not even queued.
        push_polls: How many status requests a push needs before it has an outcome.
        unknown_push: The status for an unknown queue item.
        fractional_bounds: Whether `created_after` and `created_before` may be fractional Unix
            seconds; otherwise 400.
        same_webhook: The result of registering the same webhook again: another one, or the same.
        preview: Whether a voice's preview is sent as audio, as a redirect, or as JSON, which the
            contract also allows.
        bearer_takes_key: Whether the API key is also accepted as `Authorization: Bearer`.
        keyless_discovery: Whether health and the schemas are available without a key.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A value is not one of the allowed ones.

    Example:
        >>> from heymilo_async import sandbox
        >>> assumptions = sandbox.Assumptions(preview="redirect")
        >>> with sandbox.running(assumptions=assumptions) as milo:
        ...     milo.assume(null_clears=False)
    """

    wrong_source: Literal[422, 400] = 422
    checks_references: bool = False
    closed_posting: Literal[422, 400, 409] = 422
    null_clears: bool = True
    step_bounds: bool = True
    activate_unarchives: bool = True
    lists_inactive: bool = True
    newest_first: bool = False
    clone_title: Literal["copy", "same"] = "copy"
    deleted_found: bool = False
    infers_question_type: bool = True
    incomplete_order: Literal[422, 400, 404] = 422
    same_email: Literal["same", "conflict"] = "same"
    bulk_keeps_order: bool = True
    ingestion_seconds: float = 0.0
    not_ready: Literal["data", "bare", "meta", "nowhere"] = "data"
    metadata_merges: bool = True
    resolve_without_criteria: Literal["refuse", "fail"] = "refuse"
    ats_push: Literal["success", "failure", "never", "refused"] = "success"
    push_polls: int = 1
    unknown_push: Literal[400, 404] = 400
    fractional_bounds: bool = True
    same_webhook: Literal["another", "same"] = "another"
    preview: Literal["bytes", "redirect", "json"] = "bytes"
    bearer_takes_key: bool = False
    keyless_discovery: bool = False
