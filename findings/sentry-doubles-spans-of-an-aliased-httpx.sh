#!/bin/sh
# Guess: after `httpx2.alias_httpx()`, sentry-sdk records a request once, because httpx and httpx2 are then
# the same module.
#
# sentry-sdk 2.75.0 with httpx2 2.16.2: it has an integration for each of the two names, and activates both.
# Both wrap the methods of the same class, so each request has two spans, one inside the other; without
# the alias it has one. With one of the two in `disabled_integrations`, it has one again. The original
# httpx is not even installed.
#
# Seen:
#   without the alias: httpx2 active, 1 span
#   with the alias: httpx and httpx2 active, 2 spans, nested
#   with the alias, httpx disabled: httpx2 active, 1 span
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check httpx2==2.16.2 sentry-sdk==2.75.0

cat > "$folder/program.py" <<'PROGRAM'
import sys

import httpx2

name = sys.argv[1]
if "with the alias" in name:
    httpx2.alias_httpx()

import sentry_sdk  # after the alias, which has to come before any import of httpx

disabled = []
if "disabled" in name:
    from sentry_sdk.integrations.httpx import HttpxIntegration

    disabled = [HttpxIntegration()]

transactions = []


def keep(event, hint):
    transactions.append(event)


sentry_sdk.init(
    dsn="http://key@127.0.0.1:9/1",
    traces_sample_rate=1.0,
    before_send_transaction=keep,
    disabled_integrations=disabled,
)
transport = httpx2.MockTransport(lambda request: httpx2.Response(200))
with sentry_sdk.start_transaction(name="one request"):
    with httpx2.Client(transport=transport) as client:
        client.get("http://example.com/")

spans = transactions[0]["spans"]
parents = {span["parent_span_id"] for span in spans}
nested = ", nested" if any(span["span_id"] in parents for span in spans) else ""
active = " and ".join(one for one in ("httpx", "httpx2") if one in sentry_sdk.get_client().integrations)
print(f"{name}: {active} active, {len(spans)} span{'s' if len(spans) > 1 else ''}{nested}")
PROGRAM

for name in "without the alias" "with the alias" "with the alias, httpx disabled"; do
    "$folder/venv/bin/python" "$folder/program.py" "$name" >> "$folder/seen"
done

cat "$folder/seen"
test "$(cat "$folder/seen")" = "without the alias: httpx2 active, 1 span
with the alias: httpx and httpx2 active, 2 spans, nested
with the alias, httpx disabled: httpx2 active, 1 span"
