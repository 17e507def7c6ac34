#!/bin/sh
# Guess: vcrpy ignores a client with `httpx.MockTransport`, because it sends nothing.
#
# vcrpy 9.4.2 with httpx 0.28.1: within a cassette, the responses of a MockTransport are recorded as if they
# came from the network, and the next run replays them: vcrpy no longer calls the function that the test
# gave to the transport, and changing it has no effect until the cassette is deleted.
#
# Seen:
#   first run: the mock said 1, the client got 1
#   second run: the mock said nothing, the client got 1
#   without a cassette: the mock said 2, the client got 2
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check httpx==0.28.1 vcrpy==9.4.2

cat > "$folder/program.py" <<'PROGRAM'
import contextlib
import sys

import httpx
import vcr

total = 0


def run(name, cassette):
    said = []

    def answer(request):
        global total
        total += 1
        said.append(str(total))
        return httpx.Response(200, text=str(total))

    with cassette, httpx.Client(transport=httpx.MockTransport(answer)) as client:
        got = client.get("http://example.com/").text
    print(f"{name}: the mock said {''.join(said) or 'nothing'}, the client got {got}")


path = f"{sys.argv[1]}/cassette.yaml"
run("first run", vcr.use_cassette(path))
run("second run", vcr.use_cassette(path))
run("without a cassette", contextlib.nullcontext())
PROGRAM

seen=$("$folder/venv/bin/python" "$folder/program.py" "$folder")
echo "$seen"
test "$seen" = "first run: the mock said 1, the client got 1
second run: the mock said nothing, the client got 1
without a cassette: the mock said 2, the client got 2"
