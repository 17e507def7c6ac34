"""
The types of `from heymilo_async import *`: every public name, including those of resources.
"""

# This file tests the star import.
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
