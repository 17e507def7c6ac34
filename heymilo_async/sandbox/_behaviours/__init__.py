"""
Handlers for operations whose behaviour the contract's schemas do not define.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .._contract import Operation
from .._envelopes import Behaviour
from . import ats, candidates, discovery, interviews, postings, questions, stored, voices, webhooks

_OWN: Final[Mapping[str, Behaviour]] = {
    **ats.BEHAVIOURS,
    **candidates.BEHAVIOURS,
    **discovery.BEHAVIOURS,
    **interviews.BEHAVIOURS,
    **postings.BEHAVIOURS,
    **questions.BEHAVIOURS,
    **voices.BEHAVIOURS,
    **webhooks.BEHAVIOURS,
}


def behaviour_of(operation: Operation) -> Behaviour:
    """
    Return the handler of *operation*: its own, or the default for its shape.
    """
    return _OWN.get(operation.id) or stored.behaviour_of(operation)
