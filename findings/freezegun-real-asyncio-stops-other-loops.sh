#!/bin/sh
# Guess: `freeze_time(..., real_asyncio=True)` leaves the clocks of event loops alone, so one that runs in
# another thread, such as that of a test server, goes on.
#
# freezegun 1.5.5: it first replaces `time.monotonic` and then the method of the loop that calls it. A timer
# that another thread sets in between is due in the year that was frozen, counted from the start of the
# machine: the loop stands still, and goes on standing still when the time is no longer frozen.
#
# Seen:
#   before: the loop goes on
#   within: the loop stands still
#   afterwards: the loop stands still
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check freezegun==1.5.5

cat > "$folder/program.py" <<'PROGRAM'
import asyncio
import threading

from freezegun import freeze_time

ticks = 0


async def tick():
    global ticks
    while True:
        await asyncio.sleep(0.001)
        ticks += 1


def look(when):
    # What an Event waits for is not frozen.
    threading.Event().wait(0.5)
    before = ticks
    threading.Event().wait(0.5)
    print(f"{when}: the loop {'goes on' if ticks > before else 'stands still'}")


loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_until_complete, args=(tick(),), daemon=True).start()
look("before")
with freeze_time("2026-01-14", real_asyncio=True):
    look("within")
look("afterwards")
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = "before: the loop goes on
within: the loop stands still
afterwards: the loop stands still"
