#!/bin/sh
# Guess: with concurrent calls, a cache has at most `maxsize` values, and each caller gets the function's own error.
#
# anyio 4.16.0: when `anyio.functools.lru_cache` makes room, it may remove the entry of a call that is still
# running. That call adds its entry again, so after 50 concurrent calls a cache of 2 keeps 50 values, while
# `cache_info()` says 2. If the call fails instead, a task that waits for the same value gets a KeyError with
# the arguments, not the function's error: the first caller sees ValueError, the second one KeyError.
#
# Seen:
#   maxsize 2: after 50 concurrent calls currsize is 2; of the same 50 calls again, 50 were hits
#   two callers of a call that fails, and one of another: ValueError, KeyError, ValueError
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check anyio==4.16.0

cat > "$folder/program.py" <<'PROGRAM'
import anyio
from anyio.functools import lru_cache
from anyio.lowlevel import checkpoint


@lru_cache(maxsize=2)
async def slow(number):
    await checkpoint()
    return number


async def fill():
    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(slow, number)
    filled = slow.cache_info()
    for number in range(50):
        await slow(number)
    print(
        f"maxsize {filled.maxsize}: after 50 concurrent calls currsize is {filled.currsize}; "
        f"of the same 50 calls again, {slow.cache_info().hits - filled.hits} were hits"
    )


async def fail():
    end = anyio.Event()
    raised = {}

    @lru_cache(maxsize=1)
    async def failing(_):
        await end.wait()
        raise ValueError

    async def call(caller, number):
        try:
            await failing(number)
        except Exception as error:
            raised[caller] = type(error).__name__

    async with anyio.create_task_group() as group:
        for caller, number in enumerate([1, 1, 2]):
            group.start_soon(call, caller, number)
            await anyio.wait_all_tasks_blocked()
        end.set()
    kinds = ", ".join(raised[caller] for caller in range(3))
    print(f"two callers of a call that fails, and one of another: {kinds}")


anyio.run(fill)
anyio.run(fail)
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = "maxsize 2: after 50 concurrent calls currsize is 2; of the same 50 calls again, 50 were hits
two callers of a call that fails, and one of another: ValueError, KeyError, ValueError"
