#!/bin/sh
# Guess: msgspec creates an attrs class as its constructor does, so that what it encodes it can decode again.
#
# msgspec 0.23.0 with attrs 26.1.0: decoding runs the validators of the fields and `__attrs_post_init__`, but not
# the converters, so a field keeps the value that the converter would change. It calls fields by the names of the
# attributes: it reads a private one as `_token`, not by its alias, and leaves it out of what it encodes, so a model
# loses its private fields in a round trip.
#
# Seen:
#   constructor: validated, post init: name 'ADA', token 'abc'
#   msgspec, token as token: validated, post init: name 'ada', token None
#   msgspec, token as _token: validated, post init: name 'ada', token 'abc'
#   encoded: {"name":"ada"}
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.23.0 attrs==26.1.0

cat > "$folder/program.py" <<'PROGRAM'
import attrs
import msgspec

steps = []


@attrs.define
class Person:
    name: str = attrs.field(
        converter=str.upper, validator=lambda *_: steps.append("validated")
    )
    _token: str | None = None

    def __attrs_post_init__(self):
        steps.append("post init")


def show(how, person):
    print(f"{how}: {', '.join(steps)}: name {person.name!r}, token {person._token!r}")
    steps.clear()
    return person


show("constructor", Person("ada", token="abc"))
for name in ("token", "_token"):
    text = f'{{"name": "ada", "{name}": "abc"}}'
    person = show(f"msgspec, token as {name}", msgspec.json.decode(text, type=Person))
print("encoded:", msgspec.json.encode(person).decode())
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = "constructor: validated, post init: name 'ADA', token 'abc'
msgspec, token as token: validated, post init: name 'ada', token None
msgspec, token as _token: validated, post init: name 'ada', token 'abc'
encoded: {\"name\":\"ada\"}"
