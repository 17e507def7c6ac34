#!/bin/sh
# Guess: `Literal[1]`, the type of a `const: 1` in a schema, refuses `true`; at least strict pydantic does.
#
# cattrs 26.2.1 accepts what equals a member, and hands on the value that came: a field of `Literal[1]` is True or
# 1.0 after structuring, and goes out as `true`. pydantic 2.14.4 accepts both, too, even with `strict=True`, but
# reads the member. msgspec 0.23.0 refuses both.
#
# Seen:
#   JSON: 1 true 1.0
#   cattrs: 1 True 1.0
#   pydantic, strict: 1 1 1
#   msgspec: 1 refused refused
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cattrs==26.2.1 pydantic==2.14.4 msgspec==0.23.0

cat > "$folder/program.py" <<'PROGRAM'
from typing import Literal

import msgspec
import pydantic
from cattrs.preconf.json import make_converter

VERSION = Literal[1]
TEXTS = ("1", "true", "1.0")

read = {
    "cattrs": lambda text: make_converter().loads(text, VERSION),
    "pydantic, strict": lambda text: pydantic.TypeAdapter(VERSION).validate_json(text, strict=True),
    "msgspec": lambda text: msgspec.json.decode(text, type=VERSION),
}


def outcome(read_one, text):
    try:
        return repr(read_one(text))
    except (ValueError, msgspec.ValidationError):
        return "refused"


print("JSON:", *TEXTS)
for name, read_one in read.items():
    print(f"{name}:", *(outcome(read_one, text) for text in TEXTS))
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = "JSON: 1 true 1.0
cattrs: 1 True 1.0
pydantic, strict: 1 1 1
msgspec: 1 refused refused"
