#!/bin/sh
# Guess: a `datetime` option of typer refuses text in no format that it knows, such as 20260102 or 2026.
#
# typer 0.29.2 with pydantic 2.14.4: a number is taken as seconds since 1970. So a date without its hyphens
# is a day in 1970; and it has a time zone, which the date with hyphens has not, so comparing the two raises
# TypeError. typer 0.28.0 refuses both numbers, and so does 0.29.2 if the option names its `formats`.
#
# Seen:
#   2026-01-02: 2026-01-02 00:00:00, with formats 2026-01-02 00:00:00
#   20260102: 1970-08-23 11:48:22+00:00, with formats refused
#   2026: 1970-01-01 00:33:46+00:00, with formats refused
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check typer==0.29.2 pydantic==2.14.4

cat > "$folder/program.py" <<'PROGRAM'
from datetime import datetime
from typing import Annotated

import typer
from typer.testing import CliRunner

app = typer.Typer()


@app.command()
def plain(since: Annotated[datetime, typer.Option()]) -> None:
    print(since)


@app.command()
def formats(since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]) -> None:
    print(since)


def outcome(*arguments):
    result = CliRunner().invoke(app, arguments)
    return {0: result.output.strip(), 2: "refused"}[result.exit_code]


for text in ("2026-01-02", "20260102", "2026"):
    by_format = outcome("formats", "--since", text)
    print(f"{text}: {outcome('plain', '--since', text)}, with formats {by_format}")
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = "2026-01-02: 2026-01-02 00:00:00, with formats 2026-01-02 00:00:00
20260102: 1970-08-23 11:48:22+00:00, with formats refused
2026: 1970-01-01 00:33:46+00:00, with formats refused"
