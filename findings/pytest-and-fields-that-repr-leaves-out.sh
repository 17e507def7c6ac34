#!/bin/sh
# Guess: where two objects differ in a field that their `repr` leaves out or masks, pytest's explanation
# leaves it out or masks it too, alone and in a list.
#
# pytest 9.2.0 with attrs 26.1.0 and pydantic 2.14.4: for two attrs objects or dataclasses it prints the values
# of each field that differs, whatever `repr=False`, a `repr` function, or a `__repr__` of the class
# says. So the log of a failed test holds what a class masks. In a list, or for a pydantic model, it
# prints only `repr`, and the two sides look the same.
#
# Seen:
#   attrs, repr=False: shown
#   attrs, repr=function: shown
#   attrs, own __repr__: shown
#   dataclass, repr=False: shown
#   pydantic, repr=False: not shown
#   attrs, repr=False, in a list: not shown
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    attrs==26.1.0 pydantic==2.14.4 pytest==9.2.0

cat > "$folder/test_program.py" <<'PROGRAM'
import dataclasses

import attrs
import pydantic
import pytest


@attrs.frozen
class Hidden:
    link: str = attrs.field(repr=False)


@attrs.frozen
class Masked:
    link: str = attrs.field(repr=lambda value: "***")


@attrs.frozen(repr=False)
class Own:
    link: str

    def __repr__(self):
        return "Own()"


@dataclasses.dataclass
class Dataclass:
    link: str = dataclasses.field(repr=False)


class Model(pydantic.BaseModel):
    link: str = pydantic.Field(repr=False)


LOOKED_AT = {
    "attrs, repr=False": lambda link: Hidden(link=link),
    "attrs, repr=function": lambda link: Masked(link=link),
    "attrs, own __repr__": lambda link: Own(link=link),
    "dataclass, repr=False": lambda link: Dataclass(link=link),
    "pydantic, repr=False": lambda link: Model(link=link),
    "attrs, repr=False, in a list": lambda link: [Hidden(link=link)],
}


@pytest.mark.parametrize("name", LOOKED_AT)
def test_names_what_it_prints(name):
    one, other = (LOOKED_AT[name](link) for link in ("link-1", "link-2"))
    with pytest.raises(AssertionError) as caught:
        assert one == other
    print(f"{name}: {'shown' if 'link-1' in str(caught.value) else 'not shown'}")
PROGRAM

cd "$folder"
seen=$("$folder/venv/bin/python" -m pytest -qq --capture=no test_program.py | sed 's/^\.*//; /^$/d')
echo "$seen"
test "$seen" = "attrs, repr=False: shown
attrs, repr=function: shown
attrs, own __repr__: shown
dataclass, repr=False: shown
pydantic, repr=False: not shown
attrs, repr=False, in a list: not shown"
