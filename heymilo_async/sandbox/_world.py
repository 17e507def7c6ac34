"""
The state of a sandbox: what it has, what time it is, and what it takes the unknown to be.
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
from ._items import Item, changed, shown
from ._phone_numbers import seed_numbers
from ._plausible import digits, items_of
from ._posting_seeds import blueprints, posting, questions_of, webhooks
from ._seeds import COUNT, COUNTS
from ._store import Store

#: More of them might get the id of another one, which has but eight digits.
_MOST_POSTINGS: Final = 1_000
_MOST_CANDIDATES: Final = 100_000


@attrs.define(kw_only=True)
class World:
    """
    What the operations work on.

    Attributes:
        stores: The items of each resource, by the client's name for it.
        candidates: One of the stores, and what is known of their ways.
        assumptions: What the unknown is taken to be.
        blueprints: What the interview templates are templates of, by their ids.
        clock: Tells what time it is here.
        deleted: The ids of what was deleted softly.
        polls: How often each push was asked for.
        pushed: What a push that succeeds tells in the end.
        people: Who was made in the ATS by a push.
        previews: Where the previews of voices are, when they are elsewhere.
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
        Return what time it is here, in Unix seconds.
        """
        return self.clock.now()

    def new_digits(self) -> str:
        """
        Return 32 hexadecimal digits for a new id; the same ones in each run.
        """
        self._made += 1
        return digits(self.seed, "made", self._made)

    def reset(self) -> None:
        """
        Be as at first.
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
        Return the posting with that id, be it a template's blueprint; None if there is none.
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
    Return a workspace with so many phone numbers, postings and candidates.

    Raises:
        TypeError: A count or the seed is not an int.
        ValueError: A count is out of its range, or there are candidates and nothing to apply for.
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
            changed(one, {"posting_id": patterns[one.id].id}) for one in templates
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
        return [] if found is None else shown(found)["workflow"]

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
