"""
Checks the result of the last `mutmut run`, and fails if too many mutants survived.

Each survivor needs an entry in survivors.toml with the reason why no test can, or need, distinguish
it from the original.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

#: The share of mutants that tests must catch, in each module and in total.
LEAST = 0.9

#: mutmut's exit codes for tests that noticed nothing: they passed, none covers the code, the mutant
#: was not run, or it could not be run (which mutmut shows as a timeout).
_UNNOTICED = {0, 33, None, 255}


@attrs.frozen
class Mutant:
    """
    One change of the code, and the result of the tests.

    Attributes:
        name: mutmut's name: module, function, number.
        was: The changed lines before, without their context.
        became: The lines after.
        noticed: Whether a test failed, or did not end.
    """

    name: str
    was: str
    became: str
    noticed: bool

    @property
    def module(self) -> str:
        """
        The module with the change.
        """
        return self.name.rpartition(".")[0]


@attrs.frozen
class Reason:
    """
    The reason why mutants that change *was* into *became* may survive.
    """

    module: str
    was: str
    became: str
    reason: str

    def explains(self, mutant: Mutant) -> bool:
        """
        Return whether this is the reason for *mutant*.
        """
        return (
            mutant.module.endswith(self.module)
            and self.was in mutant.was
            and self.became in mutant.became
        )


def faults_of(mutants: Sequence[Mutant], reasons: Iterable[Reason]) -> list[str]:
    """
    Return the errors of the result: a low score, unexplained survivors, and superfluous reasons.
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
    Return the share of caught mutants, for each module and in total.
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
    Return the removed and the added lines of a unified *diff*, each on one line.
    """
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    was, became = (
        [line[1:].strip() for line in lines if line.startswith(sign)] for sign in ("-", "+")
    )
    return " ".join(was), " ".join(became)


def mutants_of(folder: Path) -> list[Mutant]:
    """
    Return the mutants in mutmut's *folder*.
    """
    # Imported here, because only the session `mutation` installs it.
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
    Print the score and the errors; return the exit code.
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
