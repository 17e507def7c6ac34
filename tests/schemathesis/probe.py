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
SEED = "7"
#: The contract secures these three and declares no 401: whatever they answer is wrong by one of it.
ALL_BUT_DISCOVERY = ("--exclude-path-regex", "^(/health|/api/v2/schemas/)")


def probe(config: str, *arguments: str, **options: Any) -> int:
    """
    Run schemathesis by the settings in *config* against a sandbox of its own, and its contract.
    """
    with sandbox.running(numbers=120, **options) as milo:
        first, *_, last = [number.id for number in milo.store]
        environment = {
            "HEYMILO_TEST_KEY": milo.api_key,
            "HEYMILO_TEST_FIRST_ID": first,
            "HEYMILO_TEST_LAST_ID": last,
        }
        command = ["schemathesis", "--config-file", str(HERE / config)]
        command += ["run", f"{milo.base_url}/openapi.json", *arguments]
        command += ["--seed", SEED, "--no-color", *sys.argv[1:]]
        print(f"\n--- {config} {' '.join(arguments)} {options or ''}", flush=True)
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
        probe("anything.toml", *ALL_BUT_DISCOVERY),
        probe("known.toml", "--include-path-regex", "/phone-numbers"),
        probe("anything.toml", *ALL_BUT_DISCOVERY, rate_limit="30/min"),
    )


if __name__ == "__main__":
    sys.exit(main())
