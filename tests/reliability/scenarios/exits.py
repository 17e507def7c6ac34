"""
Programs that end without closing their client.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

from reliability.companion import environment
from reliability.origin import Origin

#: How a program has used its client before its last line.
PROGRAM = """
import json, sys, threading, time
import anyio
from heymilo_async import AsyncHeyMilo, HeyMilo

front, state, url = json.loads(sys.argv[1])
client = (HeyMilo if front == "blocking" else AsyncHeyMilo)("k", base_url=url)

async def main():
    if state == "used":
        await client.phone_numbers.get("A")
    elif state == "waiting":
        with anyio.move_on_after(0.05):
            await client.phone_numbers.get("A")

def block():
    if state == "used":
        client.phone_numbers.get("A")
    elif state == "waiting":
        # In a thread that nobody waits for.
        threading.Thread(target=client.phone_numbers.get, args=("A",), daemon=True).start()
        time.sleep(0.05)

if state != "unused":
    block() if front == "blocking" else anyio.run(main, backend=front)
print(time.time(), flush=True)
sys.exit(7)
"""
STATES = {"unused": "after-0", "used": "after-0", "waiting": "hang-"}


def exits(*, front: str = "asyncio", rounds: int = 5) -> dict[str, Any]:
    """
    Run each kind of program *rounds* times; measure the seconds from its last line to its end.
    """
    took, statuses, written = [], set(), 0
    with Origin() as origin:
        for state, way in list(STATES.items()) * rounds:
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM, json.dumps([front, state, origin.url(way)])],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                env=environment(),
            )
            took.append(time.time() - float(done.stdout))
            statuses.add(done.returncode)
            written += len(done.stderr)
    return {
        "programs": len(took),
        "foreign": len(statuses - {7}),
        "stderr": written,
        "slowest": round(1000 * max(took), 1),
    }
