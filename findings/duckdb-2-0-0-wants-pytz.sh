#!/bin/sh
# Guess: DuckDB 2 returns a TIMESTAMPTZ as a datetime with a zone of the standard library, without any
# other package, because pip installs none with it.
#
# duckdb 2.0.0: `fetchall` and `fetchone` of a TIMESTAMPTZ raise InvalidInputException unless pytz is
# installed, and no extra of duckdb requires pytz for that. A TIMESTAMP, or the text of a TIMESTAMPTZ,
# needs no pytz. From 2.0.1 on nothing needs it, so the requirement `duckdb>=2` is not enough.
#
# Seen:
#   timestamp: datetime
#   text of a timestamptz: str
#   timestamptz: InvalidInputException, which names pytz
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0

cat > "$folder/program.py" <<'PROGRAM'
import duckdb

moment = "TIMESTAMPTZ '2026-01-02 03:04:05+00'"
for name, value in {
    "timestamp": "TIMESTAMP '2026-01-02 03:04:05'",
    "text of a timestamptz": f"({moment})::VARCHAR",
    "timestamptz": moment,
}.items():
    try:
        got = type(duckdb.execute(f"SELECT {value}").fetchone()[0]).__name__
    except duckdb.Error as error:
        got = type(error).__name__ + (", which names pytz" if "pytz" in str(error) else "")
    print(f"{name}: {got}")
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = "timestamp: datetime
text of a timestamptz: str
timestamptz: InvalidInputException, which names pytz"
