"""
A missing extra is reported in one line that names it, and the client needs no extra.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from server import single

ROOT = Path(__file__).parent.parent
DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
EXTRAS = {
    extra: [Requirement(one).name for one in wanted]
    for extra, wanted in DEPENDENCIES.items()
    if extra != "all"
}
#: Code of a user who forgot the extra.
USES = {
    "cli": "from heymilo_async.cli import main; sys.exit(main())",
    "dlt": (
        "from heymilo_async import HeyMilo; from heymilo_async.jobs.dlt import heymilo_source; "
        "heymilo_source(HeyMilo('a-key'))"
    ),
    "ingest": (
        "from heymilo_async import HeyMilo; from heymilo_async.jobs.ingest import ingest; "
        "ingest(HeyMilo('a-key'), '/dev/null', 'A')"
    ),
    "otel": "import heymilo_async.otel",
    "redis": (
        "from heymilo_async import HeyMilo, RateLimit; "
        "HeyMilo('a-key', rate_limit=RateLimit(1, per=1, storage='redis://127.0.0.1'))"
    ),
    "sandbox": "import heymilo_async.sandbox",
    "sync": (
        "from heymilo_async import HeyMilo; from heymilo_async.jobs.sync import sync; "
        "sync(HeyMilo('a-key'), '/dev/null')"
    ),
}
#: The import names of distributions that have another name.
MODULES = {"jsonschema-rs": "jsonschema_rs", "opentelemetry-api": "opentelemetry"}
#: Packages that the client needs itself, although an extra requires them too.
NEVER_MISSING = {"h11"}


def run(code: str, *missing: str) -> subprocess.CompletedProcess[str]:
    """
    Run *code* in a new interpreter in which *missing* cannot be imported.
    """
    gone = "".join(f"sys.modules[{MODULES.get(name, name)!r}] = None; " for name in missing)
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-c", f"import sys; {gone}\n{code}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_extra_is_tried():
    """
    Each extra has an example of its use here.
    """
    assert set() == EXTRAS.keys() - USES.keys()


@pytest.mark.parametrize(
    ("extra", "package"),
    [
        (extra, package)
        for extra, packages in EXTRAS.items()
        for package in packages
        if package not in NEVER_MISSING
    ],
)
def test_a_missing_package_names_its_extra(extra, package):
    """
    The last line says what is missing and what to type; no other line is printed.
    """
    done = run(USES[extra], package)
    *before, last = done.stderr.splitlines()

    assert 1 == done.returncode
    assert last.endswith(f"on no package index, so in a clone of it: pip install '.[{extra}]'")
    assert MODULES.get(package, package) in last
    assert "During handling" not in done.stderr
    assert [] == [line for line in before if "pip install" in line]


def test_nothing_sends_a_reader_to_an_index():
    """
    No text of the package or of an example installs a name that anybody could register.
    """
    places = [*ROOT.glob("heymilo_async/**/*.py"), *ROOT.glob("examples/**/*.*")]
    names = {
        ".md": r"heymilo-async\[|install [^\n]*heymilo-async\b",
        ".py": r"heymilo-async\[|install [^\n]*heymilo-async\b",
        ".toml": r"\"heymilo-async[\"\[<>=~@ ]",
    }
    sent = [
        str(place)
        for place in places
        # (An example may have an environment in its folder.)
        if place.suffix in names
        and not any(part.startswith(".") for part in place.relative_to(ROOT).parts)
        and re.search(names[place.suffix], place.read_text(encoding="utf-8"))
    ]

    assert [] == sent


def test_the_client_needs_none(serve):
    """
    Without any optional package, a call succeeds.
    """
    server = serve(single())
    everything = {one for packages in EXTRAS.values() for one in packages} - NEVER_MISSING
    done = run(
        "import heymilo_async\n"
        f"with heymilo_async.HeyMilo('a-key', base_url={server.base_url!r}) as client:\n"
        "    print(client.phone_numbers.get('666A24C3').active)",
        *everything,
    )

    assert ("True\n", "") == (done.stdout, done.stderr)
