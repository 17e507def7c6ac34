#!/bin/sh
# Guess: typer 0.29 converts with pydantic, so `PositiveInt` or `Annotated[int, Field(gt=0)]` refuses -1,
# and `FilePath` refuses a file that does not exist.
#
# typer 0.29.2 with pydantic 2.14.4: a pydantic type that is a class of its own, such as `FutureDate` or
# `AnyHttpUrl`, is validated. One that pydantic defines as `Annotated[...]` loses everything but the plain
# type, without a message: `PositiveInt` is an int, `FilePath` a Path, and a validator is never called.
# pydantic itself refuses all five values.
#
# Seen:
#   FutureDate: pydantic refuses, typer refuses
#   AnyHttpUrl: pydantic refuses, typer refuses
#   PositiveInt: pydantic refuses, typer takes -1
#   Annotated[int, Field(gt=0)]: pydantic refuses, typer takes -1
#   FilePath: pydantic refuses, typer takes nosuch
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check typer==0.29.2 pydantic==2.14.4

cat > "$folder/program.py" <<'PROGRAM'
from typing import Annotated

import pydantic
import typer
from typer.testing import CliRunner


def by_pydantic(kind, text):
    try:
        pydantic.TypeAdapter(kind).validate_python(text)
    except pydantic.ValidationError:
        return "refuses"
    return "takes it"


def by_typer(kind, text):
    app = typer.Typer()

    @app.command()
    def show(value: kind) -> None:
        print(value)

    result = CliRunner().invoke(app, ["--", text])
    return {0: f"takes {result.output.strip()}", 2: "refuses"}[result.exit_code]


for name, kind, text in (
    ("FutureDate", pydantic.FutureDate, "2020-01-01"),
    ("AnyHttpUrl", pydantic.AnyHttpUrl, "nosuch"),
    ("PositiveInt", pydantic.PositiveInt, "-1"),
    ("Annotated[int, Field(gt=0)]", Annotated[int, pydantic.Field(gt=0)], "-1"),
    ("FilePath", pydantic.FilePath, "nosuch"),
):
    print(f"{name}: pydantic {by_pydantic(kind, text)}, typer {by_typer(kind, text)}")
PROGRAM

cd "$folder"
seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = "FutureDate: pydantic refuses, typer refuses
AnyHttpUrl: pydantic refuses, typer refuses
PositiveInt: pydantic refuses, typer takes -1
Annotated[int, Field(gt=0)]: pydantic refuses, typer takes -1
FilePath: pydantic refuses, typer takes nosuch"
