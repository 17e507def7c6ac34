#!/bin/sh
# Guess: if a member is null in all lines that `read_json` samples, a later value of it is read as JSON, or
# refused, as text is where the sampled lines have numbers.
#
# duckdb 2.0.1: a member that is null in the first 20,480 lines gets the new type "NULL", and all that
# follows is read as null, without an error or a warning: the values are lost. The same holds for a
# member of a nested object. What follows empty lists is read as JSON. With a sample of all lines
# (`sample_size=-1`) no value is lost. duckdb 1.5.6 reads what follows nulls as JSON.
#
# Seen:
#   null, then "+15550100": "NULL", the last is None
#   {"phone": null}, then {"phone": "+15550100"}: STRUCT(phone "NULL"), the last is {'phone': None}
#   [], then ["+15550100"]: JSON[], the last is ['"+15550100"']
#   7, then "+15550100": InvalidInputException
#   null, then "+15550100", all sampled: VARCHAR, the last is +15550100
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1

cat > "$folder/program.py" <<'PROGRAM'
import json

import duckdb

SAMPLED = 20_480
NUMBER = "+15550100"


def look(first, last, name="", **options):
    with open("lines.jsonl", "w") as file:
        for value in [first] * SAMPLED + [last]:
            print(json.dumps({"value": value}), file=file)
    try:
        rows = duckdb.read_json("lines.jsonl", **options)
        seen = f"{rows.types[0]}, the last is {rows.fetchall()[-1][0]}"
    except duckdb.Error as error:
        seen = type(error).__name__
    print(f"{json.dumps(first)}, then {json.dumps(last)}{name}: {seen}")


look(None, NUMBER)
look({"phone": None}, {"phone": NUMBER})
look([], [NUMBER])
look(7, NUMBER)
look(None, NUMBER, ", all sampled", sample_size=-1)
PROGRAM

cd "$folder"
seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = 'null, then "+15550100": "NULL", the last is None
{"phone": null}, then {"phone": "+15550100"}: STRUCT(phone "NULL"), the last is {'"'phone'"': None}
[], then ["+15550100"]: JSON[], the last is ['"'"'"+15550100"'"'"']
7, then "+15550100": InvalidInputException
null, then "+15550100", all sampled: VARCHAR, the last is +15550100'
