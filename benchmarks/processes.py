"""
Whole processes, by their processor time: imports, the first call, the command; and the version before.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from .contenders import KEY, PATH
from .results import Bound, Table, table
from .server import ROOT
from .timing import interleaved

#: The build that decoding is compared with, where there is a clone that has it.
BEFORE = "1a4bb91"

_NOBODY = ["-c", "pass"]
_HTTPX = "import httpx"
_NAMES = "from heymilo_async import AsyncHeyMilo, HeyMilo"

_FIRST_OF_HTTPX = """
import httpx
with httpx.Client(headers={{"X-API-KEY": {key!r}}}) as client:
    assert len(client.get({url!r} + "?limit=20").json()["data"]) == 20
"""
_FIRST_OF_OURS = """
from heymilo_async import HeyMilo
with HeyMilo({key!r}, base_url={server!r}) as client:
    assert len(client.phone_numbers.list(limit=20)) == 20
"""
_FROM_DICT = """
import json, sys, time
from heymilo_async import Page, PhoneNumber, from_dict
page = json.load(sys.stdin)
for _ in range(50):
    from_dict(Page[PhoneNumber], page)
start = time.process_time()
for _ in range(200):
    from_dict(Page[PhoneNumber], page)
print((time.process_time() - start) / 200)
"""


def environment(**more: str) -> dict[str, str]:
    """
    Return the variables for a process that measures an installation: with compiled modules.
    """
    # Else it is the compiler that is measured.
    variables = {**os.environ, "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "bench")}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    path = variables.get("PYTHONPATH", "")
    return {**variables, "PYTHONPATH": f"{ROOT}{os.pathsep}{path}".rstrip(os.pathsep), **more}


def processor_time(arguments: Sequence[str]) -> float:
    """
    Return the seconds that a Python with these *arguments* keeps a processor busy.
    """
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        message = f"{arguments} failed: {process.returncode}"
        raise ValueError(message)
    return used.ru_utime + used.ru_stime


def _table(name: str, rows: Mapping[str, Sequence[str]], rounds: int, bounds: list[Bound]) -> Table:
    samplers = {row: partial(processor_time, arguments) for row, arguments in rows.items()}
    return table(name, "ms", interleaved(samplers, rounds), bounds)


def measure(server: str, sdks: Mapping[str, str], *, rounds: int) -> Iterator[Table]:
    """
    Measure imports beside those of *sdks*, the first call, and the command.
    """
    imports = {
        "Python alone": _NOBODY,
        _HTTPX: ["-c", _HTTPX],
        "import heymilo_async": ["-c", "import heymilo_async"],
        _NAMES: ["-c", _NAMES],
        **{code: ["-c", code] for code in sdks.values()},
    }
    yield _table(
        "import, a process",
        imports,
        rounds,
        [
            Bound(row="import heymilo_async", beside=_HTTPX, at_most=1.45, goal=1.30),
            *(Bound(row=_NAMES, beside=beside) for beside in (_HTTPX, *sdks.values())),
        ],
    )
    said = {"key": KEY, "server": server, "url": server + PATH}
    ours, bare = "HeyMilo", "httpx.Client"
    yield _table(
        "import, client and first call, a process",
        {
            ours: ["-c", _FIRST_OF_OURS.format(**said)],
            bare: ["-c", _FIRST_OF_HTTPX.format(**said)],
        },
        rounds,
        [Bound(row=ours, beside=bare, at_most=1.35, goal=1.20)],
    )
    yield _table(
        "the command, a process",
        {
            "heymilo --version": ["-m", "heymilo_async", "--version"],
            "heymilo --help": ["-m", "heymilo_async", "--help"],
            _HTTPX: ["-c", _HTTPX],
        },
        rounds,
        [
            Bound(row="heymilo --version", beside=_HTTPX, at_most=1.0, goal=0.5),
            Bound(row="heymilo --help", beside=_HTTPX, at_most=1.6, goal=1.3),
        ],
    )


def measure_before(page: bytes, *, rounds: int) -> Iterator[Table]:
    """
    Measure `from_dict` of *page* beside the build before, if this is a clone that has it.
    """
    # Whichever git there is.
    command = ["git", "archive", BEFORE, "heymilo_async"]
    archive = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        return
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
            packed.extractall(folder, filter="data")
        ways = {"this build": str(ROOT), BEFORE: folder}
        samplers = {name: partial(_from_dict, path, page) for name, path in ways.items()}
        yield table(
            "decoding 100 numbers, from_dict",
            "µs",
            interleaved(samplers, rounds),
            [Bound(row="this build", beside=BEFORE, at_most=0.65, goal=0.50)],
        )


def _from_dict(path: str, page: bytes) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _FROM_DICT],
        cwd=path,
        env=environment(PYTHONPATH=path),
        input=page,
        capture_output=True,
        check=True,
    )
    return float(done.stdout)
