#!/bin/sh
# Guess: what `json_valid` calls valid, and what COPY writes as JSON, any strict JSON parser reads.
#
# duckdb 2.0.1: `json_valid` and a JSON column accept a comma before a closing bracket, NaN and Infinity, while a
# comment or a leading zero is invalid, and the column keeps the text as it came. COPY and `to_json` write a DOUBLE
# that is not finite as NaN or Infinity without quotes. orjson 3.13.0 and msgspec 0.23.0 refuse all of it; DuckDB
# reads its own file back.
#
# Seen:
#   json_valid: [1,] True, {"a":1,} True, [NaN] True, [Infinity] True, [01] False, [1] // x False
#   orjson: 0 of the 4 valid ones are read
#   msgspec: 0 of the 4 valid ones are read
#   kept in a JSON column: [1,]
#   written by COPY: {"id":1,"score":NaN}
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 orjson==3.13.0 msgspec==0.23.0

cat > "$folder/program.py" <<'PROGRAM'
import sys

import duckdb
import msgspec
import orjson

TEXTS = ["[1,]", '{"a":1,}', "[NaN]", "[Infinity]", "[01]", "[1] // x"]


def is_read(parse, text):
    try:
        parse(text)
    except (orjson.JSONDecodeError, msgspec.DecodeError):
        return False
    return True


database = duckdb.connect()
valid = {text: database.execute("SELECT json_valid(?)", [text]).fetchone()[0] for text in TEXTS}
print("json_valid:", ", ".join(f"{text} {is_valid}" for text, is_valid in valid.items()))
accepted = [text for text, is_valid in valid.items() if is_valid]
for name, parse in (("orjson", orjson.loads), ("msgspec", msgspec.json.decode)):
    read = sum(is_read(parse, text) for text in accepted)
    print(f"{name}: {read} of the {len(accepted)} valid ones are read")

database.execute("CREATE TABLE kept (text JSON)")
database.execute("INSERT INTO kept VALUES ('[1,]')")
print("kept in a JSON column:", database.execute("FROM kept").fetchone()[0])

file = f"{sys.argv[1]}/written.json"
database.execute(f"COPY (SELECT 1 AS id, 'nan'::DOUBLE AS score) TO '{file}' (FORMAT json)")
print("written by COPY:", open(file).read().strip())
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py" "$folder")
echo "$seen"
test "$seen" = 'json_valid: [1,] True, {"a":1,} True, [NaN] True, [Infinity] True, [01] False, [1] // x False
orjson: 0 of the 4 valid ones are read
msgspec: 0 of the 4 valid ones are read
kept in a JSON column: [1,]
written by COPY: {"id":1,"score":NaN}'
