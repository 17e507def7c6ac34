"""
Faults that the sandbox's relay injects, with the real application behind it.
"""

from __future__ import annotations

import pytest
from fronts import KEY
from invariants import lasting

from heymilo_async import (
    DeadlineExceededError,
    PaginationError,
    ResponseDecodeError,
    RetryPolicy,
    sandbox,
)
from heymilo_async.sandbox import faults

AT_ONCE = RetryPolicy(initial_delay=0.0)


@pytest.fixture
def milo():
    """
    A sandbox of its own.
    """
    with sandbox.running(api_key=KEY) as running:
        yield running


@pytest.mark.parametrize(
    "fault",
    [
        faults.Drop(),
        faults.Drop(reset=True),
        faults.CutBody(),
        faults.CutBody(keep=0),
        faults.Status(503),
    ],
    ids=repr,
)
def test_what_another_try_mends(front, milo, fault):
    """
    Cases 2, 46, 47, 49: a response that breaks off is requested once more, and then arrives.
    """
    name = next(iter(milo.store)).id

    async def body(client):
        milo.fail_next(fault)
        return (await client.phone_numbers.get(name)).id

    assert name == front.run(body, milo.base_url, retry=AT_ONCE)
    assert 2 == len(milo.requests)


@pytest.mark.parametrize("fault", [faults.InvalidJSON(), faults.WrongTypes()], ids=repr)
def test_what_no_other_try_mends(front, milo, fault):
    """
    Cases 64, 85: a body that does not fit the contract is an error, and is not requested again.
    """
    name = next(iter(milo.store)).id

    async def body(client):
        milo.fail_next(fault)
        with pytest.raises(ResponseDecodeError):
            await client.phone_numbers.get(name)

    front.run(body, milo.base_url, retry=AT_ONCE)
    assert 1 == len(milo.requests)


def test_a_body_that_drips(front, milo):
    """
    Case 39: a body that arrives byte by byte ends at the deadline.
    """

    async def body(client):
        milo.fail_next(faults.DripBody(size=1, every=0.05))
        with lasting(0.3, 0.3), pytest.raises(DeadlineExceededError):
            await client.phone_numbers.list()

    front.run(body, milo.base_url, deadline=0.3)


def test_a_list_that_goes_round(front, milo):
    """
    Case 94: a page whose last item is its own cursor ends the walk.
    """

    async def body(client):
        milo.fail_next(faults.RepeatCursor())
        with pytest.raises(PaginationError):
            await client.phone_numbers.list_all(page_size=5).collect()

    front.run(body, milo.base_url)
    assert 2 == len(milo.requests)
