#!/bin/sh
# Guess: a CapacityLimiter bounds the threads that run at once, abandoned ones too, on every backend.
#
# anyio 4.16.0 with trio 0.35.0: `to_thread.run_sync(..., abandon_on_cancel=True)` keeps its token until the
# thread ends on trio. On asyncio it returns the token with the cancellation, while the thread still runs:
# with a limiter of 1, each call that times out leaves one more thread beside it. The default limiter
# of 40 threads is no bound either.
#
# Seen:
#   asyncio: 5 calls with a limiter of 1, threads at once: 5
#   trio: 5 calls with a limiter of 1, threads at once: 1
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check anyio==4.16.0 trio==0.35.0

cat > "$folder/program.py" <<'PROGRAM'
import threading

import anyio
import anyio.to_thread

CALLS = 5


async def call(limiter, work):
    with anyio.move_on_after(0.2):
        await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)


async def run(backend):
    running = 0
    end = threading.Event()

    def work():
        nonlocal running
        running += 1
        end.wait()

    limiter = anyio.CapacityLimiter(1)
    for _ in range(CALLS):
        await call(limiter, work)
    print(f"{backend}: {CALLS} calls with a limiter of 1, threads at once: {running}")
    end.set()


for backend in ("asyncio", "trio"):
    anyio.run(run, backend, backend=backend)
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = "asyncio: 5 calls with a limiter of 1, threads at once: 5
trio: 5 calls with a limiter of 1, threads at once: 1"
