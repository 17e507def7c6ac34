"""
Points schemathesis at a running sandbox: whatever it thinks of, the answer is as the contract says.

Run by `nox -s contract`, with schemathesis beside the package; every argument is handed on to it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from heymilo_async import sandbox

HERE = Path(__file__).parent
CONTRACT = HERE.parent / "contract.json"
SEED = "7"


def probe(config: str, *, document: str | None = None, **options: Any) -> int:
    """
    Run schemathesis by the settings in *config* against a sandbox of its own.

    It reads the contract, or the *document* that the sandbox publishes about itself.
    """
    with sandbox.running(numbers=120, **options) as milo:
        first, *_, last = [number.id for number in milo.store]
        environment = {
            "HEYMILO_TEST_KEY": milo.api_key,
            "HEYMILO_TEST_FIRST_ID": first,
            "HEYMILO_TEST_LAST_ID": last,
        }
        schema = str(CONTRACT) if document is None else milo.base_url + document
        command = ["schemathesis", "--config-file", str(HERE / config), "run", schema]
        command += ["--url", milo.base_url, "--seed", SEED, "--no-color", *sys.argv[1:]]
        print(f"\n--- {config} {document or ''} {options or ''}", flush=True)
        done = subprocess.run(command, env=os.environ | environment, check=False)
        asked = len(milo.requests)
    print(f"--- exit code {done.returncode} after {asked} requests", flush=True)
    # That nothing was found says nothing if nothing was asked.
    return done.returncode if asked > 50 else 1


def main() -> int:
    """
    Probe with any input, with input that is known to be good, and with a rate limit in the way.
    """
    return max(
        probe("anything.toml"),
        probe("anything.toml", document="/openapi.json"),
        probe("known.toml"),
        probe("anything.toml", rate_limit="30/min"),
    )


if __name__ == "__main__":
    sys.exit(main())
