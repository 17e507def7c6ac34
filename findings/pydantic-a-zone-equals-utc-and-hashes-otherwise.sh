#!/bin/sh
# Guess: the time zone of a datetime that pydantic read equals `timezone.utc`, so it finds what a dictionary
# holds under `timezone.utc`.
#
# pydantic 2.14.4: the two are equal, in both directions, and their hashes differ, against the rule for
# objects that are equal. So a lookup in a dictionary or set fails, and `functools.cache` computes twice.
# The same holds for other offsets. The datetimes themselves hash alike.
#
# Seen:
#   Z: equal, equal hashes no, in a set no
#   +01:00: equal, equal hashes no, in a set no
#   the datetimes: equal, equal hashes yes, in a set yes
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydantic==2.14.4

cat > "$folder/program.py" <<'PROGRAM'
from datetime import datetime, timedelta, timezone

from pydantic import TypeAdapter


def compare(name, one, other):
    equal = "equal" if one == other and other == one else "different"
    hashes = "yes" if hash(one) == hash(other) else "no"
    found = "yes" if one in {other} else "no"
    print(f"{name}: {equal}, equal hashes {hashes}, in a set {found}")


def read(text):
    return TypeAdapter(datetime).validate_python(text)


moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
compare("Z", read("2026-01-02T03:04:05Z").tzinfo, timezone.utc)
compare("+01:00", read("2026-01-02T03:04:05+01:00").tzinfo, timezone(timedelta(hours=1)))
compare("the datetimes", read("2026-01-02T03:04:05Z"), moment)
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = "Z: equal, equal hashes no, in a set no
+01:00: equal, equal hashes no, in a set no
the datetimes: equal, equal hashes yes, in a set yes"
