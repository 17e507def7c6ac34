"""
What a type checker makes of `from heymilo_async import *`: every public name, those of resources too.
"""

# The star is what this is about.
# ruff: noqa: F403, F405

from __future__ import annotations

from typing import assert_type

from heymilo_async import *


def read(client: HeyMilo) -> None:
    """
    Use a name of each kind.
    """
    assert_type(client.postings.get("A"), Posting)
    assert_type(client.phone_numbers.list(), Page[PhoneNumber])
    assert_type(from_dict(Voice, {}), Voice)
    assert_type(RateLimit(5, per=1.0).limit, int)
