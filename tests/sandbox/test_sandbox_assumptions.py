"""
Unknown facts about the real API are settings, and an invalid setting is refused.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from heymilo_async import sandbox
from heymilo_async.sandbox import Assumptions


@pytest.mark.parametrize(
    ("setting", "error", "words"),
    [
        ({"wrong_source": 404}, ValueError, "wrong_source must be one of 422, 400, not 404"),
        ({"null_clears": 1}, ValueError, "null_clears must be one of True, False, not 1"),
        ({"preview": "video"}, ValueError, "preview must be one of 'bytes', 'redirect'"),
        ({"push_polls": -1}, ValueError, "push_polls must be 0 or more"),
        ({"ingestion_seconds": float("nan")}, ValueError, "must be 0 or more, and finite, not nan"),
        ({"ingestion_seconds": float("inf")}, ValueError, "must be 0 or more, and finite, not inf"),
        ({"ingestion_seconds": "1"}, TypeError, "ingestion_seconds must be a number, not str"),
        ({"push_polls": True}, TypeError, "push_polls must be a number, not bool"),
        ({"moon": "full"}, TypeError, "moon"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    milo: sandbox.Sandbox, setting: dict[str, Any], error: type[Exception], words: str
) -> None:
    """
    It is refused at construction, and while the sandbox runs.
    """
    with pytest.raises(error, match=words):
        Assumptions(**setting)
    with pytest.raises(error, match=words):
        milo.assume(**setting)

    assert Assumptions() == milo.assumptions


def test_settings_add_up_until_it_is_reset() -> None:
    """
    Settings accumulate; a reset restores the initial ones.
    """
    first = Assumptions(preview="redirect")
    with sandbox.running(assumptions=first) as milo:
        milo.assume(null_clears=False)
        milo.assume(push_polls=3)
        assert attrs.evolve(first, null_clears=False, push_polls=3) == milo.assumptions
        milo.reset()
        assert first == milo.assumptions
