"""
The processes look up the given ids, and errors come back as from one process.
"""

from __future__ import annotations

import pickle

import pytest
from lookup import numbers_of

from heymilo_async import HeyMilo, NotFoundError
from heymilo_async.sandbox import Sandbox


def test_numbers_in_order(heymilo_environment: Sandbox) -> None:
    """
    Each number is looked up once, and the results have the order of the ids.
    """
    numbers = list(heymilo_environment.store)
    with HeyMilo() as client:
        found = numbers_of([one.id for one in numbers], client, processes=2)

    assert [one.phone_number for one in numbers] == found
    assert len(numbers) == len(heymilo_environment.requests)


def test_an_error_comes_back(heymilo_environment: Sandbox) -> None:
    """
    An error in a process is raised here, with its class.
    """
    with HeyMilo() as client, pytest.raises(NotFoundError) as caught:
        numbers_of(["no-such-id"], client, processes=1)

    assert 1 == len(caught.value.attempts)


def test_what_is_sent_has_no_key(heymilo_environment: Sandbox) -> None:
    """
    The pickled client that the processes receive contains no key.
    """
    with HeyMilo() as client:
        assert heymilo_environment.api_key.encode() not in pickle.dumps(client)


@pytest.mark.usefixtures("heymilo_conduct")
def test_how_they_behave(heymilo_environment: Sandbox) -> None:
    """
    If every seventh request fails, nothing is lost, and no rule of conduct is broken.
    """
    heymilo_environment.chaos(rate=0.15, seed=7)
    numbers = list(heymilo_environment.store)
    with HeyMilo() as client:
        found = numbers_of([one.id for one in numbers], client, processes=2)

    assert [one.phone_number for one in numbers] == found
