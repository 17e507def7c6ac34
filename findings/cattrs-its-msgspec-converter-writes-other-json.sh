#!/bin/sh
# Guess: cattrs' converter for msgspec writes the same JSON as its converter for json, because its manual says
# that it leaves to msgspec only classes for which the output is identical.
#
# cattrs 26.2.1 with msgspec 0.23.0 and attrs 26.1.0: the choice looks only at the types of the fields. So
# an option of the converter has no effect; a field that is no argument is written, and so is a cached
# property once it has been read; and a private field is lost if its class is the value of a generic one.
# As soon as one field needs cattrs, such as bytes with a hook, the whole class is written as with json.
#
# Seen:
#   use_alias=True: json {"id": 1}, msgspec {"number": 1}
#   omit_if_default=True: json {}, msgspec {"limit": 10}
#   init=False: json {"sent": 1}, msgspec {"sent": 1, "tries": 0}
#   cached property: json {"side": 2}, msgspec {"side": 2, "area": 4}
#   private field in a generic class: json {"value": {"_key": 1}}, msgspec {"value": {}}
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    attrs==26.1.0 cattrs==26.2.1 msgspec==0.23.0

cat > "$folder/program.py" <<'PROGRAM'
import functools
import json
from typing import Generic, TypeVar

import attrs
import cattrs.preconf.json
import cattrs.preconf.msgspec

T = TypeVar("T")


@attrs.define
class Aliased:
    number: int = attrs.field(alias="id")


@attrs.define
class Page:
    limit: int = 10


@attrs.define
class Counted:
    sent: int
    tries: int = attrs.field(init=False, default=0)


@attrs.define(slots=False)
class Square:
    side: int

    @functools.cached_property
    def area(self):
        return self.side**2


@attrs.define
class Private:
    _key: int


@attrs.define
class Box(Generic[T]):
    value: T


def compare(name, value, **options):
    written = [
        json.dumps(json.loads(module.make_converter(**options).dumps(value)))
        for module in (cattrs.preconf.json, cattrs.preconf.msgspec)
    ]
    print(f"{name}: json {written[0]}, msgspec {written[1]}")


square = Square(2)
assert square.area == 4

compare("use_alias=True", Aliased(1), use_alias=True)
compare("omit_if_default=True", Page(), omit_if_default=True)
compare("init=False", Counted(1))
compare("cached property", square)
compare("private field in a generic class", Box(Private(1)))
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = 'use_alias=True: json {"id": 1}, msgspec {"number": 1}
omit_if_default=True: json {}, msgspec {"limit": 10}
init=False: json {"sent": 1}, msgspec {"sent": 1, "tries": 0}
cached property: json {"side": 2}, msgspec {"side": 2, "area": 4}
private field in a generic class: json {"value": {"_key": 1}}, msgspec {"value": {}}'
