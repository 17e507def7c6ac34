"""
Random sequences of steps: a walk over a list that fails and changes, and the retry budget.
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

import pytest
from fronts import KEY
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from inside import RetryBudget
from memory import Network, installed
from server import Reply, Server, answer, page
from sweeping import ALONE, examples, then_closed

from heymilo_async import (
    APIConnectionError,
    HeyMilo,
    HeyMiloError,
    InvalidRequestError,
    ResponseDecodeError,
    ServerError,
)

#: Failures of a server, and the walk's result.
FAULTS: dict[str, tuple[Reply, type[HeyMiloError]]] = {
    "503": (answer(503), ServerError),
    "close": (then_closed(), APIConnectionError),
    "reset": (lambda connection: connection.reset(), APIConnectionError),
    "cut": (then_closed(page("x")[:-9]), APIConnectionError),
    "wrong": (answer(200, b'{"data": [{"id": 5}]}'), ResponseDecodeError),
    "html": (answer(200, b"<html>"), ResponseDecodeError),
}


class Walking(RuleBasedStateMachine):
    """
    A list on a server, and walks that are interrupted, fail, continue and start again.

    The model is the list itself and the number of returned items.
    """

    def __init__(self, *, in_memory: bool) -> None:
        super().__init__()
        self.fault: Reply | None = None
        self.open_things = contextlib.ExitStack()
        if in_memory:
            server = self.open_things.enter_context(
                installed(Network(self._answer, keeps_alive=True))
            )
        else:
            server = self.open_things.enter_context(Server(answers=self._answer))
        # Not a `with`, at whose end the harness would send a request to a healthy server.
        self.client = HeyMilo(KEY, base_url=server.base_url, **ALONE)
        self.open_things.callback(self.client.close)
        self.ids: list[str] = []
        self.walk: Any = None
        self.pager: Any = None
        self.start = 0
        self.taken = 0
        self.ended = False

    def teardown(self) -> None:
        """
        Close both ends.
        """
        self.open_things.close()

    def _answer(self, request: Any) -> Reply:
        if self.fault is not None:
            fault, self.fault = self.fault, None
            return fault
        query = dict(pair.split("=") for pair in request.target.partition("?")[2].split("&"))
        after = query.get("starting_after")
        first = 0 if after is None else self.ids.index(after) + 1
        last = first + int(query["limit"])
        self.length = len(self.ids)
        return page(*self.ids[first:last], more=last < len(self.ids))

    @initialize(count=st.integers(0, 12), page_size=st.integers(1, 5))
    def open(self, count: int, page_size: int) -> None:
        """
        Create a list, and a walk at its beginning.
        """
        self.ids = [f"n{number}" for number in range(count)]
        self.page_size = page_size
        self._begin(None)

    def _begin(self, after: str | None, most: int | None = None) -> None:
        self.pager = self.client.phone_numbers.list_all(
            page_size=self.page_size, starting_after=after, max_items=most
        )
        self.walk = iter(self.pager)
        self.start = self.taken = 0 if after is None else self.ids.index(after) + 1
        self.end = None if most is None else self.start + most
        self.length = len(self.ids)
        self.ended = False

    @rule(fault=st.none() | st.sampled_from(sorted(FAULTS)))
    def step(self, fault: str | None) -> None:
        """
        Take the next item; an error is raised, and the walk keeps its position.
        """
        self.fault = None if fault is None else FAULTS[fault][0]
        try:
            number = next(self.walk)
        except StopIteration:
            # The last page does not contain items that were added after it.
            assert self.taken == (self.length if self.end is None else min(self.end, self.length))
            self.ended = True
        except HeyMiloError as error:
            assert fault is not None
            assert isinstance(error, FAULTS[fault][1])
            assert error.cursor == (self.ids[self.taken - 1] if self.taken else None)
        else:
            assert not self.ended
            assert self.ids[self.taken] == number.id
            self.taken += 1
        self.fault = None

    @rule()
    def anew(self) -> None:
        """
        Iterate the same pager again, from its start.
        """
        self.walk = iter(self.pager)
        self.taken, self.ended = self.start, False

    @precondition(lambda self: self.taken)
    @rule(most=st.none() | st.integers(0, 6))
    def resume(self, most: int | None) -> None:
        """
        Start another walk from the cursor of this one, possibly with a limit.
        """
        self._begin(self.pager.cursor, most)

    @rule()
    def grow(self) -> None:
        """
        Add items to the list during the walk.
        """
        self.ids.append(f"n{len(self.ids)}")

    @rule(pages=st.integers(1, 3))
    def collect(self, pages: int) -> None:
        """
        Collect the rest, and prefetch it: both return the rest, each item once.
        """
        after = self.ids[self.taken - 1] if self.taken else None
        rest = self.client.phone_numbers.list_all(page_size=self.page_size, starting_after=after)

        length = self.length

        assert self.ids[self.taken :] == [number.id for number in rest.collect()]
        with rest.prefetch(pages) as numbers:
            assert self.ids[self.taken :] == [number.id for number in numbers]
        self.length = length

    @rule(pages=st.sampled_from([0, -1, 101]))
    def refuse(self, pages: int) -> None:
        """
        Make an invalid call: it is refused, and the walk does not change.
        """
        with pytest.raises(InvalidRequestError):
            self.pager.prefetch(pages)

    @invariant()
    def cursor_is_the_last_item(self) -> None:
        """
        The cursor is the id of the last returned item.
        """
        if self.pager is not None and self.taken > self.start:
            assert self.ids[self.taken - 1] == self.pager.cursor


class Budget(RuleBasedStateMachine):
    """
    Tokens that retries take and successes return.
    """

    def __init__(self) -> None:
        super().__init__()
        self.budget = RetryBudget(100)
        self.tokens = 100

    @rule(cost=st.sampled_from([5, 14]))
    def retry(self, cost: int) -> None:
        """
        Take the cost of a retry: all of it or nothing.
        """
        enough = self.tokens >= cost

        assert enough is self.budget.take(cost)
        self.tokens -= cost if enough else 0

    @rule(tokens=st.sampled_from([1, 5, 14]))
    def succeed(self, tokens: int) -> None:
        """
        Return tokens; the budget never exceeds its capacity.
        """
        self.budget.give_back(tokens)
        self.tokens = min(100, self.tokens + tokens)

    @invariant()
    def holds(self) -> None:
        """
        The budget has as many tokens as the model, and never a negative number.
        """
        assert self.tokens == self.budget.tokens
        assert 0 <= self.budget.tokens <= 100


@pytest.mark.parametrize(
    ("machine", "few"),
    [
        (partial(Walking, in_memory=False), 20),
        (partial(Walking, in_memory=True), 30),
        (Budget, 100),
    ],
    ids=["sockets", "memory", "budget"],
)
def test_any_sequence_of_steps(machine, few):
    """
    Any sequence of steps gives the same results as the model.
    """
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples(few), stateful_step_count=25, deadline=None),
    )
