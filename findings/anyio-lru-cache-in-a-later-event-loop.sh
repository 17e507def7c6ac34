#!/bin/sh
# Guess: each event loop has a cache of its own, so a later loop caches as many values as the first one.
#
# anyio 4.16.0 with trio 0.35.0: `anyio.functools.lru_cache` keeps the values of each event loop apart, as its
# documentation says, but has one count of them for all loops. Once a loop has filled the cache, the count
# stays at `maxsize`, so in each later loop every new value removes the one before: it caches one value.
# `cache_info()` still says that the cache is full. A program with one loop per job or per test is
# affected, and so is a server that starts its loop again.
#
# Seen:
#   asyncio: 10 values asked for twice: computed 10, 20, 20 times in three loops; 10 cached
#   trio: 10 values asked for twice: computed 10, 20, 20 times in three loops; 10 cached
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check anyio==4.16.0 trio==0.35.0

cat > "$folder/program.py" <<'PROGRAM'
import anyio
from anyio.functools import lru_cache


def count(backend):
    computed = 0

    @lru_cache(maxsize=10)
    async def double(number):
        nonlocal computed
        computed += 1
        return 2 * number

    async def main():
        nonlocal computed
        computed = 0
        for number in [*range(10), *range(10)]:
            assert 2 * number == await double(number)
        return str(computed)

    times = [anyio.run(main, backend=backend) for _ in range(3)]
    print(
        f"{backend}: 10 values asked for twice: computed {', '.join(times)} times in three loops; "
        f"{double.cache_info().currsize} cached"
    )


for backend in ("asyncio", "trio"):
    count(backend)
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py")
echo "$seen"
test "$seen" = "asyncio: 10 values asked for twice: computed 10, 20, 20 times in three loops; 10 cached
trio: 10 values asked for twice: computed 10, 20, 20 times in three loops; 10 cached"
