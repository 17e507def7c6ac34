"""
Measures the promises about load, outages, time and memory.

    python tests/reliability NAME --parameter=value ...       one scenario, as a line of JSON
    python tests/reliability soak [NAME ...] [--seconds=60]   every promise, or those; 1: one broke
    python tests/reliability publish [cases] [NAME ...]       docs/reliability.md, all or those parts
    python tests/reliability page                             the same, of docs/reliability.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

# So that the other programs here are found.
sys.path[0] = str(Path(__file__).parent.parent)

from reliability import campaign, page, publishing, running  # noqa: E402 - found by the line above
from reliability.companion import say  # noqa: E402


def main(word: str, arguments: Sequence[str]) -> int:
    """
    Run the command *word*; return the exit status.
    """
    if word not in {"soak", "publish", "page"}:
        say(running.run(word, arguments))
        return 0
    names = [argument for argument in arguments if not argument.startswith("--")]
    changes = running.parsed([argument for argument in arguments if argument.startswith("--")])
    if word == "soak":
        records = list(campaign.keep_promises(names, changes))
        return int(any(run["broken"] for record in records for run in record["runs"]))
    if word == "publish":
        publishing.publish(names, changes)
    else:
        page.write(json.loads(page.JSON.read_text(encoding="utf-8")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
