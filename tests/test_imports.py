"""
Imports run in one direction, and nothing unnecessary is loaded.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import heymilo_async

ROOT = Path(heymilo_async.__file__).parent

#: From the bottom to the top, folders included; modules of one layer do not import each other.
LAYERS = [
    {"_distribution", "_values"},
    {"errors", "events"},
    {"_core", "otel"},
    {"_ratelimit"},
    {"_http"},
    {"_pool"},
    {"_engine"},
    {"pages"},
    {"resources"},
    {"_client"},
    {"_public"},
    {"__init__"},
    {"sandbox"},
    {"jobs"},
    {"cli", "testing"},
    {"__main__"},
]
#: `errors` and `events` describe the outcome of a call together.
WITHIN = {("events", "errors"), ("errors", "events"), ("otel", "__init__")}


def _level(name: str) -> int:
    return next(level for level, layer in enumerate(LAYERS) if name in layer)


def _part(module: Path) -> str:
    first = module.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def _imported_parts(module: Path) -> set[str]:
    package = ["heymilo_async", *module.relative_to(ROOT).parts[:-1]]
    names = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *(node.module or "").split(".")]).rstrip(".")
            names |= {base} if node.module else {f"{base}.{alias.name}" for alias in node.names}
    own = [name.split(".") for name in names if name.split(".")[0] == "heymilo_async"]
    return {
        parts[1]
        if (len(parts) > 1 and (ROOT / parts[1]).exists()) or _is_module(parts)
        else "__init__"
        for parts in own
    }


def _is_module(parts: list[str]) -> bool:
    return len(parts) > 1 and (ROOT / f"{parts[1]}.py").exists()


MODULES = sorted(ROOT.rglob("*.py"))


def test_imports_run_one_way():
    """
    A module imports only from its own part and from the layers below.
    """
    wrong = {
        f"{module.relative_to(ROOT)}: {other}"
        for module in MODULES
        for part in [_part(module)]
        for other in _imported_parts(module) - {part}
        if _level(other) >= _level(part) and (part, other) not in WITHIN
    }

    assert set() == wrong


def test_the_check_sees_imports():
    """
    The test above would see it if the engine imported the client.
    """
    assert {"_pool", "_core", "errors"} <= _imported_parts(ROOT / "_engine.py")
    assert {"__init__"} <= _imported_parts(ROOT / "sandbox" / "_serve.py")


def test_httpx_is_imported_by_the_border_alone():
    """
    Only modules of `_http` import httpx or httpcore.
    """
    importing = {
        _part(module)
        for module in MODULES
        for line in module.read_text(encoding="utf-8").splitlines()
        if line.startswith(("import httpx", "from httpx", "import httpcore", "from httpcore"))
    }

    assert {"_http"} == importing


#: Modules that no help needs.
_HEAVY = {
    *("anyio", "cattrs", "httpcore", "httpx", "rich", "starlette", "tenacity"),
    "heymilo_async._client",
}

#: The code, and the packages and modules that it must not load. (Except rich, which httpx loads if
#: it is installed.)
UNLOADED = {
    "import heymilo_async": {
        *("anyio", "attrs", "cattrs", "httpcore", "httpx", "tenacity"),
        *("heymilo_async._client", "heymilo_async.resources"),
    },
    "from heymilo_async import AsyncHeyMilo, HeyMilo, RateLimitError, RetryPolicy": {
        *("httpcore", "tenacity", "trio", "redis", "typer"),
        *("starlette", "uvicorn", "jsonschema_rs", "duckdb"),
        *("heymilo_async.resources.phone_numbers", "heymilo_async.resources.postings"),
        "heymilo_async._ratelimit.redis",
    },
    "from heymilo_async.cli import main; main()  # --version": {
        *("anyio", "attrs", "cattrs", "httpcore", "httpx", "rich", "tenacity", "typer"),
        *("heymilo_async._client", "heymilo_async.resources"),
    },
    "from heymilo_async.cli import main; main()  # --help": {
        *_HEAVY,
        *("heymilo_async.cli._resources", "heymilo_async.resources._collection"),
    },
    "from heymilo_async.cli import main; main()  # candidates list --help": {
        *_HEAVY,
        "heymilo_async.resources.phone_numbers",
    },
    "from heymilo_async.cli import main; main()  # doctor --help": _HEAVY,
    "from heymilo_async.cli import main; main()  # sandbox --help": _HEAVY,
    "from heymilo_async.cli import main; main()  # sync --help": _HEAVY,
    "from heymilo_async.cli import main; main()  # ingest --help": _HEAVY,
}


def loaded_by(code, *arguments):
    """
    Return the modules that a new process loads when it runs *code*.
    """
    script = f"import atexit, sys; atexit.register(lambda: print(*sys.modules)); {code}"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("code", UNLOADED, ids=lambda code: code[-30:])
def test_what_is_not_needed_is_not_loaded(code):
    """
    An import, and the command's version and help, load only what they need, however large the API
    is.
    """
    loaded = loaded_by(code, *code.partition("  # ")[2].split())
    # typer loads rich itself in versions before 0.19.
    of_typer = loaded_by("import typer.core") if "typer" in loaded else set()

    assert {"sys", "heymilo_async"} <= loaded
    assert set() == UNLOADED[code] & (loaded - of_typer)


def test_runtime_dependencies_are_five():
    """
    The distribution requires httpx, attrs, cattrs, anyio and tenacity; all others are extras.
    """
    from importlib.metadata import requires

    wanted = [line for line in requires("heymilo-async") or [] if "extra ==" not in line]

    assert ["anyio", "attrs", "cattrs", "httpx", "tenacity"] == sorted(
        line.partition(">")[0].partition("<")[0].strip() for line in wanted
    )


def test_typed():
    """
    The package contains `py.typed`, the marker for type checkers.
    """
    assert (ROOT / "py.typed").exists()
