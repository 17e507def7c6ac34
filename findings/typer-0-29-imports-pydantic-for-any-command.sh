#!/bin/sh
# Guess: typer 0.29, the first version that requires pydantic, imports it to convert a parameter, so a
# command without parameters, and the help of a command, start without it.
#
# typer 0.29.2: the help of the application imports no pydantic. As soon as a command is named, pydantic is
# imported, whatever the command takes: also for one without parameters, for its help, and for an unknown
# command. So an application with quick help has to print it before typer resolves a command.
#
# Seen:
#   --help: no
#   part: yes
#   part --help: yes
#   nosuch: yes
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check typer==0.29.2 pydantic==2.14.4

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
print(f"{' '.join(sys.argv[1:])}: {'yes' if 'pydantic' in sys.modules else 'no'}")
PROGRAM

for arguments in "--help" "part" "part --help" "nosuch"; do
    # shellcheck disable=SC2086
    "$folder/venv/bin/python" "$folder/program.py" $arguments >> "$folder/seen"
done

cat "$folder/seen"
test "$(cat "$folder/seen")" = "--help: no
part: yes
part --help: yes
nosuch: yes"
