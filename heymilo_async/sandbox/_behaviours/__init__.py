"""
What the document cannot say: how operations behave, a module each subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .._asked import Behaviour
from .._contract import Operation
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
    Return what answers *operation*: its own behaviour, or what the contract says of all.
    """
    return _OWN.get(operation.id) or stored.behaviour_of(operation)
