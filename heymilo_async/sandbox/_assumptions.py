"""
What nobody outside HeyMilo knows of the real service: each is a setting, for both must do.
"""

from __future__ import annotations

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
    elif value < 0:
        message = f"{attribute.name} must be 0 or more, not {value}"
        raise ValueError(message)


@attrs.frozen(
    kw_only=True,
    field_transformer=lambda _, fields: [one.evolve(validator=_check_choice) for one in fields],
)
class Assumptions:
    """
    How the sandbox behaves where the contract and HeyMilo's pages do not say how the API does.

    An integration that works with either value of each does not depend on a guess.

    Attributes:
        wrong_source: The status when a posting is made with both a workflow and a template, or
            with neither.
        checks_references: Whether a posting that points at a phone number, a sender or a group that
            does not exist is refused with a 404.
        closed_posting: The status when a candidate is ingested into a draft or an archived posting.
        null_clears: Whether a null in an update clears the value; else it changes nothing.
        step_bounds: Whether an update of a step's config is held to the bounds of creating one.
        activate_unarchives: Whether activating an archived posting brings it back; else 422.
        lists_inactive: Whether drafts and archived postings are in the lists.
        newest_first: Whether lists begin with what was made last.
        clone_title: Whether a clone has the title of its original, or one that says `Copy of`.
        deleted_found: Whether a deleted question or webhook is still there for get and delete.
        infers_question_type: Whether the type of a form's or an SMS's question is the server's
            choice even when one was sent.
        incomplete_order: The status when a new order lacks an active question, or has another.
        same_email: What comes of ingesting an e-mail address again: the same interview, or a 409.
        bulk_keeps_order: Whether a bulk's answer is in the order of its request.
        ingestion_seconds: How long an asynchronous ingestion takes, by the sandbox's clock.
        not_ready: Where an unfinished interview says `not_ready`: in the status of its `data`, of
            which there may be nothing else (`bare`, less than the contract requires), in the
            envelope's `meta`, or nowhere.
        metadata_merges: Whether setting an interview's metadata keeps the keys that were not sent.
        resolve_without_criteria: What becomes of a search in the ATS for nobody: a 400, or a 200
            that says `success: false`.
        ats_push: What becomes of a candidate that is pushed to the ATS: taken, refused again and
            again, nothing for ever, or not even queued.
        push_polls: How often a push has to be asked for until something has become of it.
        unknown_push: The status when nobody knows the queue item.
        fractional_bounds: Whether `created_after` and `created_before` may be Unix seconds with a
            fraction; else 400.
        same_webhook: What comes of registering the same webhook again: another, or the same.
        preview: Whether a voice's preview comes as it is, from elsewhere, or, which the contract
            allows to the letter, as JSON.
        bearer_takes_key: Whether the API key may come as `Authorization: Bearer`.
        keyless_discovery: Whether health and the schemas are told to who has no key.

    Raises:
        TypeError: A value is of the wrong type.
        ValueError: A value is none of those that can be.

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
