"""
What became of the mutants of the last `mutmut run`: fails if too many of them lived.

Each that lived has to stand in survivors.toml with the reason why no test can tell, or need tell,
it from the original.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

#: Of the mutants of each module, and of all, so many must be noticed by a test.
LEAST = 0.9

#: What mutmut keeps as the exit code of tests that noticed nothing: they passed, none comes by, it
#: was not run, it could not be run (which mutmut shows as one that ran for ever).
_UNNOTICED = {0, 33, None, 255}


@attrs.frozen
class Mutant:
    """
    One change of the code, and what the tests said to it.

    Attributes:
        name: As mutmut has it: module, function, number.
        was: The lines before, without what is around them.
        became: The lines after.
        noticed: Whether a test failed, or did not come to its end.
    """

    name: str
    was: str
    became: str
    noticed: bool

    @property
    def module(self) -> str:
        """
        The module that was changed.
        """
        return self.name.rpartition(".")[0]


@attrs.frozen
class Reason:
    """
    Why mutants may live whose change has *was* in it before, and *became* after.
    """

    module: str
    was: str
    became: str
    reason: str

    def explains(self, mutant: Mutant) -> bool:
        """
        Say whether it is about *mutant*.
        """
        return (
            mutant.module.endswith(self.module)
            and self.was in mutant.was
            and self.became in mutant.became
        )


def faults_of(mutants: Sequence[Mutant], reasons: Iterable[Reason]) -> list[str]:
    """
    Return what is wrong with the outcome: a score too low, survivors and reasons left over.
    """
    faults = [
        f"{module}: {rate:.1%} of its mutants were noticed, which is less than {LEAST:.0%}"
        for module, rate in rates_of(mutants).items()
        if rate < LEAST
    ]
    alive = [mutant for mutant in mutants if not mutant.noticed]
    reasons = list(reasons)
    faults += [
        f"{mutant.name} lives:\n    - {mutant.was}\n    + {mutant.became}"
        for mutant in alive
        if not any(reason.explains(mutant) for reason in reasons)
    ]
    faults += [
        f"a reason for what does not live: {reason.module}: {reason.was} -> {reason.became}"
        for reason in reasons
        if not any(reason.explains(mutant) for mutant in alive)
    ]
    return faults


def rates_of(mutants: Sequence[Mutant]) -> dict[str, float]:
    """
    Return which share of its mutants was noticed, for each module and for all of them.
    """
    modules = {mutant.module: [] for mutant in mutants} | {"all": list(mutants)}
    for mutant in mutants:
        modules[mutant.module].append(mutant)
    return {
        module: sum(mutant.noticed for mutant in some) / len(some)
        for module, some in sorted(modules.items())
    }


def changed_lines(diff: str) -> tuple[str, str]:
    """
    Return what a unified *diff* takes away and what it adds, each on one line.
    """
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    was, became = (
        [line[1:].strip() for line in lines if line.startswith(sign)] for sign in ("-", "+")
    )
    return " ".join(was), " ".join(became)


def mutants_of(folder: Path) -> list[Mutant]:
    """
    Return the mutants that mutmut keeps in *folder*.
    """
    # Here, because only the session `mutation` has it.
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    mutants = []
    for file in sorted(folder.rglob("*.meta")):
        codes = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
        for name, code in codes.items():
            noticed = code not in _UNNOTICED
            was, became = ("", "") if noticed else changed_lines(get_diff_for_mutant(name))
            mutants.append(Mutant(name, was, became, noticed))
    return mutants


def main() -> int:
    """
    Print the score and the faults; return how the program ends.
    """
    listed = tomllib.loads(Path(__file__).with_name("survivors.toml").read_text(encoding="utf-8"))[
        "survivor"
    ]
    mutants = mutants_of(Path("mutants"))
    for module, rate in rates_of(mutants).items():
        count = sum(module in {mutant.module, "all"} for mutant in mutants)
        print(f"{module:24}{rate:7.1%} of {count}")
    faults = faults_of(mutants, [Reason(**one) for one in listed])
    print(*faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
