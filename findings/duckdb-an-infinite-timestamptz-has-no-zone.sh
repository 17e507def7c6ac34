#!/bin/sh
# Guess: every value of a TIMESTAMPTZ column comes back as a datetime with a zone.
#
# duckdb 2.0.1: an infinite one comes back as the largest or smallest datetime without a zone. So in
# Python, comparing or sorting a column with one such row raises TypeError, though DuckDB sorts it. And no
# datetime is written as infinity, so a row that is read and written back holds the year 9999 instead.
#
# Seen:
#   2026-01-02 00:00:00+00:00: with a zone
#   9999-12-31 23:59:59.999999: without
#   0001-01-01 00:00:00: without
#   sorted: TypeError
#   written back: 9999-12-31 23:59:59.999999+00
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1

cat > "$folder/program.py" <<'PROGRAM'
import duckdb

connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
connection.execute("CREATE TABLE spans (until TIMESTAMPTZ)")
connection.execute("INSERT INTO spans VALUES ('2026-01-02'), ('infinity'), ('-infinity')")

values = [until for (until,) in connection.execute("FROM spans").fetchall()]
for value in values:
    print(f"{value}: {'with a zone' if value.tzinfo else 'without'}")
try:
    sorted(values)
except TypeError as error:
    print("sorted:", type(error).__name__)
connection.execute("UPDATE spans SET until = ? WHERE until = 'infinity'", [values[1]])
print("written back:", *connection.execute("SELECT max(until)::VARCHAR FROM spans").fetchone())
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = "2026-01-02 00:00:00+00:00: with a zone
9999-12-31 23:59:59.999999: without
0001-01-01 00:00:00: without
sorted: TypeError
written back: 9999-12-31 23:59:59.999999+00"
