#!/bin/sh
# Guess: `pyarrow.json` reads a time in ISO 8601 as an instant, with a time zone if the text has an offset,
# and with or without a fraction of a second.
#
# pyarrow 26.0.1: whole seconds become a timestamp without a time zone, converted to UTC. With a fraction in
# any line, the whole column is text. A dataset takes the type from its first file, so two files can
# be read in one order and not in the other. With `explicit_schema` and `timestamp("us", "UTC")`,
# both are instants.
#
# Seen:
#   whole seconds: timestamp[s], 2026-01-02 02:04:05
#   a fraction: string, 2026-01-02T03:04:05.5+01:00
#   both in one file: string
#   a file with a fraction, then one without: string
#   a file without, then one with a fraction: ArrowInvalid
#   a fraction, explicit schema: timestamp[us, tz=UTC], 2026-01-02 02:04:05.500000+00:00
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1

cat > "$folder/program.py" <<'PROGRAM'
import io
import json
import tempfile
from pathlib import Path

import pyarrow
import pyarrow.dataset
import pyarrow.json

WHOLE = "2026-01-02T03:04:05+01:00"
FRACTION = "2026-01-02T03:04:05.5+01:00"


def lines(*times):
    return "".join(json.dumps({"time": time}) + "\n" for time in times)


def read(*times, schema=None):
    options = pyarrow.json.ParseOptions(explicit_schema=schema)
    return pyarrow.json.read_json(io.BytesIO(lines(*times).encode()), parse_options=options)


def read_files(*times):
    with tempfile.TemporaryDirectory() as folder:
        for number, time in enumerate(times):
            Path(folder, f"{number}.json").write_text(lines(time))
        return pyarrow.dataset.dataset(folder, format="json").to_table()


def look(name, read, *times, **options):
    try:
        column = read(*times, **options)["time"]
    except pyarrow.ArrowInvalid as error:
        print(f"{name}: {type(error).__name__}")
    else:
        value = f", {column[0]}" if len(times) == 1 else ""
        print(f"{name}: {column.type}{value}")


look("whole seconds", read, WHOLE)
look("a fraction", read, FRACTION)
look("both in one file", read, WHOLE, FRACTION)
look("a file with a fraction, then one without", read_files, FRACTION, WHOLE)
look("a file without, then one with a fraction", read_files, WHOLE, FRACTION)
schema = pyarrow.schema({"time": pyarrow.timestamp("us", "UTC")})
look("a fraction, explicit schema", read, FRACTION, schema=schema)
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = "whole seconds: timestamp[s], 2026-01-02 02:04:05
a fraction: string, 2026-01-02T03:04:05.5+01:00
both in one file: string
a file with a fraction, then one without: string
a file without, then one with a fraction: ArrowInvalid
a fraction, explicit schema: timestamp[us, tz=UTC], 2026-01-02 02:04:05.500000+00:00"
