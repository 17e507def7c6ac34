"""
Runs schemathesis against a sandbox: whatever it sends, the response must fit the contract.

Run by `nox -s contract`, with schemathesis beside the package; every argument is passed on to it.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from heymilo_async import sandbox

HERE = Path(__file__).parent
SEED = "7"
#: For these three the contract requires a credential, but declares no 401: without a credential, any
#: response contradicts it.
ALL_BUT_DISCOVERY = ("--exclude-path-regex", "^(/health|/api/v2/schemas/)")


#: The operations that create, change or delete.
WRITES = {
    operation["operationId"]
    for path in json.loads((HERE.parent / "contract.json").read_text("utf-8"))["paths"].values()
    for method, operation in path.items()
    if method in {"post", "put", "patch", "delete"}
}


def probe(config: str, *arguments: str, writes: bool = False, **options: Any) -> int:
    """
    Run schemathesis with the settings in *config* against a sandbox of its own, and its contract.

    With *writes*, each write has to succeed at least once, because refusals alone prove little.
    """
    done: Counter[str | None] = Counter()

    def count(exchange: sandbox.Exchange) -> None:
        done[exchange.operation] += (exchange.status_code or 500) < 300

    with sandbox.running(numbers=120, on_exchange=count, **options) as milo:
        environment = {**os.environ, **known(milo)}
        if writes:
            environment |= {"SCHEMATHESIS_HOOKS": "known_bodies", "PYTHONPATH": str(HERE)}
        command = ["schemathesis", "--config-file", str(HERE / config)]
        command += ["run", f"{milo.base_url}/openapi.json", *arguments]
        command += ["--seed", SEED, "--no-color", *sys.argv[1:]]
        print(f"\n--- {config} {' '.join(arguments)} {options or ''}", flush=True)
        code = subprocess.run(command, env=environment, check=False).returncode
        asked = len(milo.requests)
    print(f"--- exit code {code} after {asked} requests", flush=True)
    missing = sorted(name for name in WRITES if not done[name]) if writes else []
    if missing:
        print(f"--- never carried out: {', '.join(missing)}", flush=True)
    # A run without requests would pass too.
    return code if asked > 50 and not missing else 1


def known(milo: sandbox.Sandbox) -> dict[str, str]:
    """
    Return the facts about a sandbox that the settings and hooks need, as variables.
    """
    numbers = [number.id for number in milo.store]
    posting, archived, reordered = [one.id for one in milo.stores["postings"]][:3]
    questions = [one.id for one in milo.stores["questions"] if one.posting_id == posting]
    others = [one for one in milo.stores["questions"] if one.posting_id == reordered]
    modality = others[0].modality
    order = [one.id for one in others if one.modality == modality]
    return {
        "HEYMILO_TEST_KEY": milo.api_key,
        "HEYMILO_TEST_FIRST_ID": numbers[0],
        "HEYMILO_TEST_LAST_ID": numbers[-1],
        "HEYMILO_TEST_POSTING": posting,
        "HEYMILO_TEST_REORDERED": reordered,
        "HEYMILO_TEST_ARCHIVED": archived,
        "HEYMILO_TEST_INTERVIEW": next(iter(milo.stores["candidates"])).interview_id,
        "HEYMILO_TEST_QUESTION": questions[0],
        "HEYMILO_TEST_LAST_QUESTION": questions[-1],
        "HEYMILO_TEST_MODALITY": modality,
        "HEYMILO_TEST_ORDER": " ".join(order),
        "HEYMILO_TEST_WEBHOOK": next(iter(milo.stores["webhooks"])).webhook_id,
        "HEYMILO_TEST_TEMPLATE": next(iter(milo.stores["interview_templates"])).id,
    }


def main() -> int:
    """
    Probe with any input, with valid input, and with a rate limit.

    Most of the writes succeed.
    """
    # If the sandbox fails, its log says why.
    logging.basicConfig(level=logging.ERROR)
    return max(
        probe("anything.toml", *ALL_BUT_DISCOVERY),
        probe("known.toml", "--include-path-regex", "/phone-numbers"),
        probe("writes.toml", "--exclude-method", "GET", writes=True),
        probe("anything.toml", *ALL_BUT_DISCOVERY, rate_limit="30/min"),
    )


if __name__ == "__main__":
    sys.exit(main())
