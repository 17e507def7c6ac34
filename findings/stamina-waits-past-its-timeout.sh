#!/bin/sh
# Guess: stamina does not begin a wait that ends after `timeout`, its maximum total time for all retries,
# so a hook may return what a server says in Retry-After, however long that is.
#
# stamina 26.1.0 with tenacity 9.2.1: the timeout is only compared before a wait, and limits no wait that
# a hook returns. With a timeout of 0.2 s and a hook that returns 1 s, the caller waits the whole second,
# and the function is called once more. tenacity itself has `stop_before_delay` for this, which
# stamina does not use, so the hook has to know the time that is left.
#
# Seen:
#   the hook returns 1.0: 2 calls, over a second
#   stop_before_delay: 1 call, less than a second
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check stamina==26.1.0 tenacity==9.2.1

cat > "$folder/program.py" <<'PROGRAM'
import time

import stamina
import tenacity

TIMEOUT = 0.2
RETRY_AFTER = 1.0


def look(name, decorate):
    calls = 0

    @decorate
    def call():
        nonlocal calls
        calls += 1
        raise ConnectionError

    start = time.monotonic()
    try:
        call()
    except ConnectionError:
        took = time.monotonic() - start
    counted = f"{calls} call" if calls == 1 else f"{calls} calls"
    print(f"{name}: {counted}, {'over' if took >= RETRY_AFTER else 'less than'} a second")


look(
    "the hook returns 1.0",
    stamina.retry(on=lambda error: RETRY_AFTER, attempts=5, timeout=TIMEOUT),
)
look(
    "stop_before_delay",
    tenacity.retry(
        wait=tenacity.wait_fixed(RETRY_AFTER),
        stop=tenacity.stop_before_delay(TIMEOUT),
        reraise=True,
    ),
)
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py" 2> /dev/null)
echo "$seen"
test "$seen" = "the hook returns 1.0: 2 calls, over a second
stop_before_delay: 1 call, less than a second"
