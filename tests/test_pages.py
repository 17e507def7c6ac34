"""
The code blocks of the README and of the documentation's pages run as shown.

Each block of code runs, against a sandbox on this machine:

    python              a program; if its first line names a file, as in `# ask.py`, that file, for
                        the commands of the page; on a page that starts a server, a process with
                        the variables that the page has exported so far
    python continued    a continuation of the block before it
    python cell         a cell of a notebook, in a running event loop, as in Jupyter
    console             commands, in the order of the page
    console server      a command that runs beside the later ones
    text                the expected output of the block before it; `...` matches any text
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import doctest
import importlib.util
import inspect
import json
import logging
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from pages import PAGES, ROOT, Block, anchors_of, blocks_of, links_of, named
from ports import free_port

from heymilo_async import HeyMiloError, __version__, cli
from heymilo_async.sandbox import running

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: Pages about extras that `nox -s jobs` installs, and `nox -s full` does not.
JOBS = {
    "docs/guides/other-warehouses.md": "dlt",
    "docs/guides/questions-in-sql.md": "duckdb",
    "docs/tutorials/candidates-in.md": "phonenumbers",
    "docs/tutorials/data-home.md": "duckdb",
}
BLOCKS = [
    block
    for page in PAGES
    if named(page) not in JOBS or importlib.util.find_spec(JOBS[named(page)])
    for block in blocks_of(page)
]
PYTHON = [block for block in BLOCKS if block.language == "python"]
CONSOLE = [block for block in BLOCKS if block.language == "console"]

#: Pages whose blocks another test runs as one suite of pytest.
ELSEWHERE = {"docs/testing.md": "tests/fixtures/test_fixtures_described.py"}
#: Commands that are not run here, with the reason or the replacement.
INSTEAD = {"pip install": "test_what_is_installed_is_there, and `nox -s install` types them"}
#: Paths of this project: the clone from inside or from beside it, or a wheel of this version.
HERE = re.compile(
    rf"^(\.|\.\./heymilo-async|(\./)?\w+/heymilo_async-{re.escape(__version__)}-py3-none-any\.whl)"
    r"(?=\[|$)"
)
#: Languages of blocks other than code: data, output, and directives of Sphinx.
OTHERS = {"text", "toml", "json", "ini", "yaml", "dockerfile"}


def _of(page, language=None):
    return [
        block
        for block in BLOCKS
        if named(block.page) == page and language in {None, block.language}
    ]


def _installs(block):
    return block.language == "console" and "pip install" in block.text


#: Pages that start a server and configure clients themselves, so their tests set nothing.
SERVED = {named(block.page) for block in CONSOLE if "server" in block.words}
SCRIPTS = [block for block in PYTHON if block.file is None and not block.words]
TYPED = [block for block in SCRIPTS if named(block.page) in SERVED]
CHAINS = [block for block in PYTHON if "continued" in block.words]
#: The first parts of the names of pages that a reader follows.
FOLLOWED = ("README", "docs/start", "docs/tutorials")
TUTORIALS = [block for block in [*SCRIPTS, *CHAINS] if named(block.page).startswith(FOLLOWED)]
NOTEBOOKS = sorted({named(block.page) for block in PYTHON if "cell" in block.words})
SESSIONS = sorted({named(block.page) for block in CONSOLE if not _installs(block)})
#: How often at most a job that ends in an error is run again.
MOST_RUNS = 10
#: With this seed, the third response that commands get is lost, that of an ingestion's first write,
#: and the page of the command line completes.
SEED = 97


@pytest.fixture(scope="module")
def milo():
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def at_the_sandbox(milo, monkeypatch, tmp_path):
    """
    Reset the sandbox, configure the environment for it, and enter a temporary folder.

    The page's requests must break no rule of good conduct.
    """
    milo.reset()
    monkeypatch.setenv("HEYMILO_API_KEY", milo.api_key)
    monkeypatch.setenv("HEYMILO_BASE_URL", milo.base_url)
    # The folder of dlt's state.
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.chdir(tmp_path)
    yield milo
    assert milo.conduct(), str(milo.conduct())


@contextlib.contextmanager
def _log_of_its_own():
    """
    Reset the log, so that a page sets it up as in a new process; restore it afterwards.
    """
    loggers = [logging.getLogger(), logging.getLogger("heymilo_async")]
    kept = [(logger.handlers, logger.level) for logger in loggers]
    for logger in loggers:
        logger.handlers = []
    try:
        yield
    finally:
        for logger, (handlers, level) in zip(loggers, kept, strict=True):
            logger.handlers = handlers
            # (This clears their cached levels.)
            logger.setLevel(level)


def _compiled(block, flags=0, tree=None):
    # Empty lines before it make a traceback show the line of the page.
    text = "\n" * (block.line - 1) + block.text
    return compile(text if tree is None else tree, str(block.page), "exec", flags)


def _check_shown(block, printed):
    if block.shown is not None:
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        assert doctest.OutputChecker().check_output(block.shown, printed, options), printed


def _chain(block):
    """
    Return *block* and the blocks that it continues, the first one first.
    """
    before = [one for one in PYTHON if one.page == block.page and one.line < block.line]
    return [*_chain(before[-1]), block] if "continued" in block.words else [block]


@pytest.mark.usefixtures("at_the_sandbox")
@pytest.mark.parametrize("block", [one for one in SCRIPTS + CHAINS if one not in TYPED], ids=str)
def test_python_runs(block, capsys):
    """
    A Python block runs, and prints the text below it.
    """
    namespace = {"__name__": "__main__"}
    with _log_of_its_own():
        for one in _chain(block):
            capsys.readouterr()
            exec(_compiled(one), namespace)

    _check_shown(block, capsys.readouterr().out)


@pytest.mark.usefixtures("naps")
@pytest.mark.parametrize("block", TUTORIALS, ids=str)
def test_tutorials_behave(block, at_the_sandbox):
    """
    If every seventh request fails, a block may end in an error, but breaks no rule of conduct.
    """
    at_the_sandbox.chaos(rate=0.15, seed=block.line)
    namespace = {"__name__": "__main__"}
    with contextlib.suppress(HeyMiloError, ExceptionGroup), _log_of_its_own():
        for one in _chain(block):
            exec(_compiled(one), namespace)


@pytest.mark.usefixtures("at_the_sandbox")
@pytest.mark.parametrize("page", NOTEBOOKS)
def test_cells_run(page, capsys):
    """
    The cells of a notebook run one after the other within a running event loop.
    """
    cells = [block for block in _of(page, "python") if "cell" in block.words]
    namespace = {"__name__": "__main__", "_show": sys.displayhook}

    async def main():
        for cell in cells:
            capsys.readouterr()
            tree = ast.parse("\n" * (cell.line - 1) + cell.text)
            last = tree.body[-1]
            if isinstance(last, ast.Expr):
                name = ast.Name("_show", ast.Load())
                last.value = ast.Call(name, [last.value], [])
                ast.fix_missing_locations(tree)
            awaits = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            ended = eval(_compiled(cell, awaits, tree), namespace)
            if inspect.iscoroutine(ended):
                await ended
            _check_shown(cell, capsys.readouterr().out)

    asyncio.run(main())
    assert cells


class Session:
    """
    A terminal in a folder with the files of a page.
    """

    def __init__(self, page, folder, monkeypatch):
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.ports = {}
        if page in SERVED:
            for name in ("HEYMILO_API_KEY", "HEYMILO_BASE_URL"):
                monkeypatch.delenv(name)
        for block in _of(page):
            for port in re.findall(r"--port (\d+)", block.text):
                self.ports[port] = str(free_port())
        for block in _of(page, "python"):
            if block.file is not None:
                path = folder / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.here(block.text), encoding="utf-8")
        own = str(Path(sys.executable).parent)
        monkeypatch.setenv("PATH", own, prepend=os.pathsep)
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        # anyio deprecates a name in Starlette's test client before 1.0, and pytest reports it.
        old = "ignore:The anyio.abc.BlockingPortal alias is deprecated:DeprecationWarning"
        monkeypatch.setenv("PYTHONWARNINGS", old)

    def here(self, text):
        """
        Return *text* with free ports in place of those of the page.
        """
        for port, free in self.ports.items():
            text = re.sub(rf"\b{port}\b", free, text)
        return text

    def run(self, block, capsys):
        """
        Run the commands of *block* up to the first failure; return its exit code, or 0, and their
        stdout and stderr.
        """
        lines = block.text.splitlines()
        if all(line.startswith("heymilo ") and not re.search(r"[|&;$]", line) for line in lines):
            # Not in a process: this runs the command at once.
            code = 0
            for line in lines:
                command, _, file = line.partition(" > ")
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(sys, "argv", shlex.split(command))
                    code = cli.main()
                if code != 0:
                    break
                if file:
                    (self.folder / file).write_text(capsys.readouterr().out, encoding="utf-8")
            return code, *capsys.readouterr()
        kept = self.folder / ".environment"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{self.here(block.text)}\nenv -0 > {kept}"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            # Exported variables are available to later commands.
            for line in kept.read_text(encoding="utf-8").split("\0"):
                name, _, value = line.partition("=")
                if name.startswith("HEYMILO_"):
                    self.monkeypatch.setenv(name, value)
        return done.returncode, done.stdout, done.stderr

    def run_python(self, block):
        """
        Run *block* in a process, as a reader would, and return its output.
        """
        command = [sys.executable, "-c", self.here(block.text)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert (0, "") == (done.returncode, done.stderr), done.stderr
        return done.stdout

    def logs(self):
        """
        Return what the servers of the page have printed.
        """
        return "".join(log.read_text(encoding="utf-8") for log in self.folder.glob("*.log"))

    @contextlib.contextmanager
    def serving(self, block, *, chaos=None):
        """
        Run the command of *block* within the `with`.

        For a sandbox, *chaos* may be its options; then the sandbox also judges conduct.
        """
        line = self.here(block.text.strip())
        port = int(re.search(r"--port (\d+)", line)[1])
        is_judge = chaos is not None and line.startswith("heymilo sandbox ")
        log = self.folder / f"{port}.log"
        with (
            log.open("w", encoding="utf-8") as output,
            subprocess.Popen(
                ["bash", "-c", f"{line} --conduct {chaos}" if is_judge else line],
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process,
        ):
            try:
                until = time.monotonic() + 60
                while not _answers(port):
                    assert process.poll() is None, f"ended at once: {line}"
                    assert time.monotonic() < until, f"does not listen: {line}"
                    time.sleep(0.02)
                yield
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
        assert not is_judge or process.returncode == 0, log.read_text(encoding="utf-8")


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


# They start several processes each, one of them a suite of pytest.
@pytest.mark.timeout(180)
@pytest.mark.usefixtures("at_the_sandbox")
@pytest.mark.parametrize("page", SESSIONS)
def test_commands_run(page, capsys, tmp_path, monkeypatch):
    """
    The commands of a page, run one after the other, succeed and print the shown text.
    """
    session = Session(page, tmp_path, monkeypatch)
    with contextlib.ExitStack() as servers:
        for block in _of(page):
            if block in TYPED:
                _check_shown(block, session.run_python(block))
            elif block.language != "console":
                continue
            elif "server" in block.words:
                servers.enter_context(session.serving(block))
            elif not _installs(block):
                code, printed, told = session.run(block, capsys)
                assert code == 0, printed + told + session.logs()
                _check_shown(block, printed)


# As above, but here the commands wait before they retry.
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("naps")
@pytest.mark.parametrize(
    "page",
    [page for page in SESSIONS if page in JOBS or (page in SERVED and page.startswith(FOLLOWED))],
)
def test_commands_behave(page, at_the_sandbox, capsys, tmp_path, monkeypatch):
    """
    If every seventh request fails, repeated runs of a job complete: nobody is invited twice, and
    queries of the page's file print the shown text. Other commands may end in an error, and the
    page with them. No rule of conduct is broken.
    """
    at_the_sandbox.chaos(rate=0.15, seed=SEED)
    session = Session(page, tmp_path, monkeypatch)
    with contextlib.ExitStack() as servers:
        for block in _of(page, "console"):
            if "server" in block.words:
                servers.enter_context(session.serving(block, chaos=f"--chaos 0.15 --seed {SEED}"))
            elif not _installs(block):
                for _ in range(MOST_RUNS if page in JOBS else 1):
                    code, printed, told = session.run(block, capsys)
                    if code == 0:
                        break
                if code != 0:
                    # Later commands need its results.
                    assert page not in JOBS, told
                    break
                if page in JOBS and "heymilo" not in block.text:
                    _check_shown(block, printed)
    people = [(one["posting_id"], one["email"]) for one in at_the_sandbox.stores["candidates"]]
    assert len(set(people)) == len(people)


def _is_run(block):
    """
    Return whether a command of the page runs the file, or pytest or a file of the page uses it.
    """
    typed = "".join(one.text for one in _of(named(block.page), "console"))
    others = "".join(one.text for one in _of(named(block.page), "python") if one is not block)
    module = Path(block.file).stem
    is_found = "pytest" in typed and module.startswith(("test_", "conftest"))
    return (
        named(block.page) in ELSEWHERE
        or is_found
        or module in typed
        or f"from {module} import" in others
    )


def test_no_block_is_left_out():
    """
    Each block has a known language, and a test runs all code.
    """
    known = {"python", "console", *OTHERS}
    strange = [b for b in BLOCKS if b.language not in known and not b.language.startswith("{")]
    assert [] == list(map(str, strange))

    ways = {"continued", "cell", "server"}
    assert [] == [str(block) for block in PYTHON + CONSOLE if not ways.issuperset(block.words)]

    cells = [block for block in PYTHON if "cell" in block.words]
    files = [block for block in PYTHON if block.file is not None]
    assert len(PYTHON) == len(SCRIPTS) + len(CHAINS) + len(cells) + len(files)

    assert [] == [str(block) for block in files if not _is_run(block)]

    # Only dots would match any text.
    shown = [block for block in BLOCKS if block.shown is not None]
    assert [] == [str(block) for block in shown if not block.shown.strip(" .\n")]


def test_what_is_set_aside_is_there():
    """
    Every exception for blocks is in use, so the list has no stale entries.
    """
    assert [] == [
        page for page, by in ELSEWHERE.items() if not (_of(page) and (ROOT / by).exists())
    ]
    assert [] == [words for words in INSTEAD if not any(words in one.text for one in CONSOLE)]
    assert {block for block in CONSOLE if _installs(block)} == {
        block for block in CONSOLE if any(words in block.text for words in INSTEAD)
    }


def _requirements(block):
    for line in block.text.splitlines():
        for command in line.split("&&"):
            words = shlex.split(command)
            if "install" not in words:
                continue
            rest = iter(words[words.index("install") + 1 :])
            for word in rest:
                if word == "-c":
                    assert (ROOT / next(rest)).exists()
                elif word in {"-r", "--find-links"}:
                    # Files that the same block creates.
                    assert next(rest) in block.text.splitlines()[-2]
                elif not word.startswith("-"):
                    yield word


@pytest.mark.parametrize("block", [block for block in CONSOLE if _installs(block)], ids=str)
def test_what_is_installed_is_there(block):
    """
    A page installs this project with existing extras, or packages that the tests have too.
    """
    wanted = [Requirement(HERE.sub(PROJECT["name"], word)) for word in _requirements(block)]

    assert wanted or "-r" in block.text
    for one in wanted:
        assert distribution(one.name)
        if one.name == PROJECT["name"]:
            assert set(one.extras) <= set(PROJECT["optional-dependencies"])


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    """
    The links of a page within this repository lead to existing files and headings.
    """
    lost = []
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            lost.append(link)

    assert [] == lost


def test_the_readme_has_all_three_fronts():
    """
    The README has an example for asyncio, one for trio, one for blocking code, and one of the
    sandbox.
    """
    calls = ["with HeyMilo(", "asyncio.run(", "trio.run(", "with sandbox.running("]

    assert calls == [
        next(call for call in calls if call in block.text) for block in _of("README.md", "python")
    ]


def test_every_extra_is_named():
    """
    The page about installing has a line for each extra, with its packages.
    """
    page = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .* \|(.*)\|$", page, re.MULTILINE)
    extras = {
        name: {part for one in map(Requirement, wanted) for part in (one.name, *one.extras)}
        for name, wanted in PROJECT["optional-dependencies"].items()
    }

    assert len(rows) == len(extras)
    assert extras | {"all": set()} == {
        name: set(brought.strip().split(", ")) - {""} for name, brought in rows
    }


@pytest.mark.parametrize("page", ["README.md", "docs/index.md", "docs/start.md"])
def test_what_is_covered_is_said(page):
    """
    The first pages have the number of operations, and say how to call others.
    """
    contract = json.loads((ROOT / "tests" / "contract.json").read_text(encoding="utf-8"))
    count = sum(map(len, contract["paths"].values()))
    text = (ROOT / page).read_text(encoding="utf-8")

    assert [str(count)] == re.findall(r"all (\d+) operations", text)
    assert "`client.request(...)`" in text


#: Commands that install this project by its bare name, with extras or a version, without a path or
#: URL.
BY_NAME = re.compile(
    r"(\b(install|add)\b.*|^)(?<![\w/.-])heymilo-async(\[[\w,]+\]|[=<>~!]=)(?!\s*@|\s*= \{)"
    r"|\b(install|add)\b.*(?<![\w/.-])heymilo-async(?![\w/.\[-]|\s*@)"
)


def test_no_page_installs_by_name():
    """
    The project is on no index, so no page installs it by its bare name.
    """
    pages = [*PAGES, ROOT / "CONTRIBUTING.md", *(ROOT / "examples").glob("*/README.md")]
    typed = [
        line
        for page in pages
        for block in blocks_of(page)
        if block.language == "console"
        for line in block.text.splitlines()
    ]
    quoted = [
        code for page in pages for code in re.findall(r"`([^`\n]+)`", page.read_text("utf-8"))
    ]

    assert all(map(BY_NAME.search, ["pip install 'heymilo-async[cli]'", "uv add heymilo-async"]))
    assert all(map(BY_NAME.search, ["heymilo-async[redis]", "heymilo-async==0.1.0"]))
    assert not BY_NAME.search("pip install '../heymilo-async[redis]'")
    assert [] == [code for code in typed + quoted if BY_NAME.search(code)]


def test_the_wheel_that_is_named_is_of_this_version():
    """
    A wheel's file name on a page is that of this version.
    """
    wheels = [
        wheel
        for page in PAGES
        for wheel in re.findall(r"heymilo_async-[\w.]+-py3", page.read_text(encoding="utf-8"))
    ]

    assert {f"heymilo_async-{__version__}-py3"} == set(wheels)


def test_a_dockerfile_copies_what_was_made():
    """
    A Dockerfile of a page copies folders and files that earlier commands have made.
    """
    dockerfiles = [block for block in BLOCKS if block.language == "dockerfile"]

    assert dockerfiles
    for block in dockerfiles:
        typed = "".join(one.text for one in _of(named(block.page), "console"))
        copied = re.findall(r"^COPY (\S+) ", block.text, re.MULTILINE)
        assert [] == [name for name in copied if name != "." and name.rstrip("/") not in typed]
        assert re.findall(r"-r \S+", block.text) == ["-r requirements.txt"]


def test_a_page_shows_what_is_printed():
    """
    The comparison with the shown output detects a difference.
    """
    block = Block(page=ROOT, line=1, language="python", words=(), text="", shown="a ... c\n")

    _check_shown(block, "a b c\n")
    with pytest.raises(AssertionError):
        _check_shown(block, "a b d\n")
