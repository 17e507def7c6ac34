"""
The state of a sandbox: its data, its clock and its assumptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from ._assumptions import Assumptions
from ._clock import Clock
from ._contract import RESOURCES
from ._hiring import Applicants, seed_applicants
from ._items import Item, members_of, with_changes
from ._phone_numbers import seed_numbers
from ._plausible import digits, items_of
from ._posting_seeds import blueprints, posting, questions_of, webhooks
from ._seeds import COUNT, COUNTS
from ._store import Store

#: Ids have only eight digits, so more postings might get the same id.
_MOST_POSTINGS: Final = 1_000
_MOST_CANDIDATES: Final = 100_000


@attrs.define(kw_only=True)
class World:
    """
    The state that operations read and change.

    Attributes:
        stores: The items of each resource, by the client's name for it.
        candidates: The store of the candidates, which computes their journeys.
        assumptions: The behaviour where the real API's is undocumented.
        blueprints: The postings behind the interview templates, by the templates' ids.
        clock: The sandbox's clock.
        deleted: The ids of softly deleted items.
        polls: The number of status requests for each push.
        pushed: The `success_details` of each push.
        people: The people that pushes created in the ATS.
        previews: The URL of voice previews, for redirects.
    """

    seed: int
    assumptions: Assumptions
    clock: Clock
    stores: Mapping[str, Store[Any]]
    candidates: Applicants
    blueprints: Mapping[str, Item]
    deleted: set[str] = attrs.Factory(set)
    polls: dict[str, int] = attrs.Factory(dict)
    pushed: dict[str, Any] = attrs.Factory(dict)
    people: list[dict[str, Any]] = attrs.Factory(list)
    previews: str = ""
    _first_assumptions: Assumptions = attrs.field(init=False)
    _made: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._first_assumptions = self.assumptions

    def now(self) -> float:
        """
        Return the time of the sandbox's clock, in Unix seconds.
        """
        return self.clock.now()

    def new_digits(self) -> str:
        """
        Return 32 hexadecimal digits for a new id, the same ones in each run.
        """
        self._made += 1
        return digits(self.seed, "made", self._made)

    def reset(self) -> None:
        """
        Restore the initial state.
        """
        for store in self.stores.values():
            store.reset()
        self.clock.reset()
        self.deleted.clear()
        self.polls.clear()
        self.pushed.clear()
        self.people.clear()
        self.assumptions = self._first_assumptions
        self._made = 0

    def posting(self, posting_id: str) -> Item | None:
        """
        Return the posting or template blueprint with that id, None if there is none.
        """
        of_templates = {one.id: one for one in self.blueprints.values()}
        found: Item | None = self.stores["postings"].get(posting_id)
        return found or of_templates.get(posting_id)


def make_world(
    *,
    numbers: int,
    postings: int,
    candidates: int,
    seed: int,
    assumptions: Assumptions,
    clock: Clock,
) -> World:
    """
    Create a workspace with phone numbers, postings and candidates.

    Raises:
        TypeError: A count or the seed is not an int.
        ValueError: A count is out of range, or there are candidates but no postings.
    """
    _check("postings", postings, _MOST_POSTINGS)
    _check("candidates", candidates, _MOST_CANDIDATES)
    if isinstance(seed, bool) or not isinstance(seed, int):
        message = f"the seed must be an int, not {type(seed).__name__}"
        raise TypeError(message)
    if candidates and not postings:
        message = "candidates need a posting: postings must be 1 or more, or candidates 0"
        raise ValueError(message)
    began = clock.now()
    jobs = [posting(n, seed, began) for n in range(postings)]
    templates = items_of("interview_templates", COUNT, seed=seed)
    patterns = blueprints(templates, seed, began)
    own: dict[str, Store[Any]] = {
        "phone_numbers": Store(seed_numbers(numbers)),
        "postings": Store(jobs),
        "interview_templates": Store(
            with_changes(one, {"posting_id": patterns[one.id].id}) for one in templates
        ),
        "questions": Store(
            one for job in jobs for one in questions_of(job.id, job.workflow, seed, job.created_at)
        ),
        "webhooks": Store(webhooks(jobs, seed, began)),
        "pushes": Store[Any](),
    }
    known = own["postings"]

    def steps_of(posting_id: str) -> Any:
        found = known.get(posting_id)
        return [] if found is None else members_of(found)["workflow"]

    people = seed_applicants(candidates, jobs, seed, began)
    applicants = Applicants(people, seed=seed, now=clock.now, steps_of=steps_of)
    others = {
        name: Store(items_of(name, COUNTS.get(name, COUNT), seed=seed))
        for name in RESOURCES
        if name not in own
    }
    return World(
        seed=seed,
        assumptions=assumptions,
        clock=clock,
        stores=MappingProxyType({**others, **own, "candidates": applicants}),
        candidates=applicants,
        blueprints=patterns,
    )


def _check(name: str, count: object, most: int) -> None:
    if isinstance(count, bool) or not isinstance(count, int):
        message = f"the count of {name} must be an int, not {type(count).__name__}"
        raise TypeError(message)
    if not 0 <= count <= most:
        message = f"the count of {name} must be within 0..{most}, not {count}"
        raise ValueError(message)
