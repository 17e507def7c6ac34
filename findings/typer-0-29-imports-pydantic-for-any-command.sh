#!/bin/sh
# Guess: typer 0.29, the first version that requires pydantic, imports it to convert a parameter, so a
# command without parameters, and the help of a command, start without it.
#
# typer 0.29.2: the help of the application imports no pydantic. Once a command is named, it is imported,
# whatever the command takes: also for one without parameters, for its help, and for a name that no
# command has. With 0.28.0 nothing imports it. So an application that wants quick help has to give it
# before typer resolves the command.
#
# Seen:
#   0.28.0 --help: no, part: no, part --help: no, nosuch: no
#   0.29.2 --help: no, part: yes, part --help: yes, nosuch: yes
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/program.py" <<'PROGRAM'
import contextlib
import io
import sys

import typer

app = typer.Typer()


@app.command()
def greet(name: str = "you") -> None:
    print("hello", name)


@app.command()
def part() -> None:
    print("bye")


with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    with contextlib.suppress(SystemExit):
        app(sys.argv[1:])
print(f"{' '.join(sys.argv[1:])}: {'yes' if 'pydantic' in sys.modules else 'no'}", end="")
PROGRAM

for version in 0.28.0 0.29.2; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet --disable-pip-version-check \
        "typer==$version" pydantic==2.14.4
    line=$version
    for arguments in "--help" "part" "part --help" "nosuch"; do
        # shellcheck disable=SC2086
        line="$line${separator:- }$("$folder/$version/bin/python" "$folder/program.py" $arguments)"
        separator=", "
    done
    separator=
    echo "$line" | tee -a "$folder/seen"
done

test "$(cat "$folder/seen")" = "0.28.0 --help: no, part: no, part --help: no, nosuch: no
0.29.2 --help: no, part: yes, part --help: yes, nosuch: yes"
