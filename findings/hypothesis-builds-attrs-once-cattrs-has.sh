#!/bin/sh
# Guess: `hypothesis.strategies.builds` reads postponed annotations of an attrs class as it reads those
# of a dataclass, whatever ran before.
#
# hypothesis 6.170.17 with attrs 26.1.0 and cattrs 26.2.1, under `from __future__ import annotations`:
# `builds` makes a dataclass, and refuses an attrs class with the same field, because its type is a string.
# After cattrs has structured that class, `builds` makes it too: cattrs calls `attrs.resolve_types`, which
# changes the class itself. So whether a test passes depends on what ran in its process before.
#
# Seen:
#   dataclass: made
#   attrs: ResolutionFailed
#   attrs, after cattrs.structure: made
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    attrs==26.1.0 cattrs==26.2.1 hypothesis==6.170.17

cat > "$folder/program.py" <<'PROGRAM'
from __future__ import annotations

import dataclasses

import attrs
import cattrs
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import ResolutionFailed


@dataclasses.dataclass
class Plain:
    count: int


@attrs.define
class Attrs:
    count: int


def outcome(kind):
    @settings(max_examples=1, database=None, phases=[Phase.generate])
    @given(st.builds(kind))
    def use(made):
        assert type(made.count) is int

    try:
        use()
    except ResolutionFailed as error:
        return type(error).__name__
    return "made"


print("dataclass:", outcome(Plain))
print("attrs:", outcome(Attrs))
cattrs.structure({"count": 1}, Attrs)
print("attrs, after cattrs.structure:", outcome(Attrs))
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py" 2> /dev/null)
echo "$seen"
test "$seen" = "dataclass: made
attrs: ResolutionFailed
attrs, after cattrs.structure: made"
