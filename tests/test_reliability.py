"""
The promises about load, time and memory, each measured in a small form.
"""

from __future__ import annotations

import pytest
from reliability.promises import PROMISES, broken
from reliability.running import measure

SMALL = [
    pytest.param(
        promise, {**run, **promise.small}, id="-".join(map(str, [promise.scenario, *run.values()]))
    )
    for promise in PROMISES
    if promise.small is not None
    for run in promise.runs
]


@pytest.mark.parametrize(("promise", "parameters"), SMALL)
def test_promise_in_small(promise, parameters):
    """
    Cases 130, 137 and 146, small: what is promised of load, time and memory holds.
    """
    assert [] == broken(measure(promise.scenario, parameters, longest=50), promise.bars)
