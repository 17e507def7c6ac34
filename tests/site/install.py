"""
Runs the install commands of the pages, each page in a new folder and a new environment.

Run by `nox -s install`. The other commands of the pages are typed by `tests/test_pages.py`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pages import PAGES, ROOT, Block, blocks_of

#: The Python that `.ci/run` starts with.
TYPED_BY_CI = "nox -s tests"
#: Not part of a clone.
NOT_CLONED = (".git", ".nox", ".venv", "build", "dist", "__pycache__", ".*_cache", ".coverage*")


def type_in(page: Path, folder: Path) -> int:
    """
    Run the install commands of *page*, one after the other in a clone in *folder*, and return the
    exit code.
    """
    # The name of the clone on pages that use it from its parent folder.
    clone = folder / "heymilo-async"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(*NOT_CLONED))
    texts = [block.text for block in installing(page)]
    lines = ["set -euo pipefail"]
    if not any("venv" in text for text in texts):
        # The command assumes that the reader's environment is active.
        lines += [f"python3 -m venv {folder / 'theirs'}", f". {folder / 'theirs'}/bin/activate"]
    mine = {
        name: value
        for name, value in os.environ.items()
        if name not in {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"} and not name.startswith("NOX_")
    }
    # The python3 that started nox, and not that of its session.
    session = str(Path(sys.executable).parent)
    paths = [path for path in os.environ["PATH"].split(os.pathsep) if path != session]
    done = subprocess.run(
        ["bash", "-c", "\n".join([*lines, *texts])],
        cwd=clone,
        env={**mine, "PATH": os.pathsep.join(paths), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        check=False,
    )
    return done.returncode


def installing(page: Path) -> list[Block]:
    """
    Return the commands of *page* that install something.
    """
    return [
        block
        for block in blocks_of(page)
        if block.language == "console"
        and "pip install" in block.text
        and TYPED_BY_CI not in block.text
    ]


def main() -> int:
    """
    Run the commands of all pages, or of the named ones, and return the exit code: 0 if all
    succeeded.
    """
    named = [Path(name).resolve() for name in sys.argv[1:]]
    codes = []
    for page in filter(installing, named or PAGES):
        print(f"\n--- {page}\n", *(block.text for block in installing(page)), flush=True)
        with tempfile.TemporaryDirectory() as folder:
            codes.append(type_in(page, Path(folder)))
        print(f"--- exit code {codes[-1]}", flush=True)
    return max(codes, default=1)


if __name__ == "__main__":
    sys.exit(main())
