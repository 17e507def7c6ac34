#!/bin/sh
# Guess: `freeze_time(..., real_asyncio=True)` does not touch the clocks of event loops, so a loop in
# another thread, such as that of a test server, keeps running.
#
# freezegun 1.5.5: it first replaces `time.monotonic`, and then the method of the loop that calls it. If
# another thread sets a timer between these steps, the timer is due in the frozen year, counted from the
# start of the machine: the loop stops, and does not start again when the freeze ends.
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
