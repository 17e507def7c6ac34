#!/bin/sh
# Guess: the event loop makes no difference to what a cancelled scope does to a task group.
#
# anyio 4.16.0 with trio 0.35.0: a scope that is already cancelled contains a task group with one task,
# which returns at once. At the end of the task group, asyncio raises the cancellation; on trio the
# code after the task group still runs. With no task, neither raises it; with a task that reaches a
# checkpoint, both do. So whether the end of `async with create_task_group()` is a checkpoint
# depends on the backend, and code that was tested on one may stop elsewhere on the other.
#
# Seen:
#   no task        asyncio: went on      trio: went on
#   returns        asyncio: cancelled    trio: went on
#   checkpoint     asyncio: cancelled    trio: cancelled
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check anyio==4.16.0 trio==0.35.0

cat > "$folder/program.py" <<'PROGRAM'
import anyio
import anyio.lowlevel


async def returns():
    pass


async def checkpoint():
    await anyio.lowlevel.checkpoint()


async def leave(task):
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with anyio.create_task_group() as group:
            if task:
                group.start_soon(task)
        return "went on"
    return "cancelled"


for task in (None, returns, checkpoint):
    name = task.__name__ if task else "no task"
    asyncio, trio = (anyio.run(leave, task, backend=one) for one in ("asyncio", "trio"))
    print(f"{name:<14} asyncio: {asyncio:<12} trio: {trio}")
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = "no task        asyncio: went on      trio: went on
returns        asyncio: cancelled    trio: went on
checkpoint     asyncio: cancelled    trio: cancelled"
