"""
Tests the reports on the two integrations, with and without failures.
"""

from __future__ import annotations

import careful
import careless
import pytest
from watch import watch

from heymilo_async.sandbox import Sandbox


def test_the_careless_one() -> None:
    """
    It breaks four rules, one of them with permanent harm.
    """
    _, report = watch(careless.run)

    assert {"retry-after-ignored", "walk-restarted", "full-resync", "blind-repeat"} == {
        one.rule for one in report.violations
    }
    assert ["blind-repeat"] == [one.rule for one in report.violations if one.hard]


def test_the_careful_one() -> None:
    """
    It keeps all rules, and its requests have tested each of them.
    """
    _, report = watch(careful.run)

    assert report, str(report)
    assert {"retry-after-ignored", "walk-restarted", "full-resync", "blind-repeat"} <= {
        *report.kept
    }


@pytest.mark.usefixtures("heymilo_conduct")
def test_any_day(heymilo_sandbox: Sandbox) -> None:
    """
    Your own suite would do it like this: a fixture, faults, and your code.
    """
    heymilo_sandbox.chaos(rate=0.1, seed=7)

    assert careful.run(heymilo_sandbox.base_url, heymilo_sandbox.api_key) > 1
