"""
`heymilo sandbox`: a server in the foreground, whose log shows no key, and which stops on a signal.
"""

from __future__ import annotations

import contextlib
import http.client
import queue
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import attrs
import pytest
from inside_command import ONE_WAIT, durations, exchanges, sandbox_command

import heymilo_async
from heymilo_async import sandbox
from heymilo_async.sandbox import Exchange, ReceivedRequest, faults

PATH = "/api/v2/phone-numbers"
OTHER_KEY = "somebody-elses-4b1d09e7"


@attrs.define
class Visitor:
    """
    A simulated user in another terminal, who sees what the command has written.
    """

    written: queue.SimpleQueue[str] = attrs.field(factory=queue.SimpleQueue)
    variables: dict[str, str] = attrs.field(factory=dict)
    log: list[str] = attrs.field(factory=list)

    def arrive(self):
        for line in self.written.get(timeout=30).splitlines():
            export, _, value = line.partition("=")
            self.variables[export.removeprefix("export ")] = shlex.split(value)[0]

    def ask(self, target=PATH, **headers):
        """
        Send a request without our client, wait for its line in the log, and return the status.
        """
        request = urllib.request.Request(
            self.variables["HEYMILO_BASE_URL"] + target,
            headers={"X-API-KEY": self.variables["HEYMILO_API_KEY"], **headers},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                answer.read()
                status = answer.status
        except urllib.error.HTTPError as error:
            with error:
                status = error.code
        except (OSError, http.client.HTTPException):
            status = None
        self.log.append(self.written.get(timeout=30))
        return status


@pytest.fixture
def foreground(heymilo, monkeypatch):
    """
    Run `heymilo sandbox` in this process; when it runs, a visitor acts, and then stops it.
    """
    really_write = sandbox_command.write

    def run(*arguments, visit=lambda _: None, stop=signal.SIGINT):
        visitor = Visitor()
        wrong = []
        before = signal.getsignal(stop)

        def write(text):
            really_write(text)
            visitor.written.put(text)

        def come():
            try:
                visitor.arrive()
                visit(visitor)
            except BaseException as error:
                wrong.append(error)
            # (Without the command's handler, the signal would stop pytest.)
            if signal.getsignal(stop) is not before:
                signal.pthread_kill(threading.main_thread().ident, stop)

        monkeypatch.setattr(sandbox_command, "write", write)
        thread = threading.Thread(target=come)
        thread.start()
        shown = heymilo("sandbox", *arguments)
        thread.join(30)
        assert [] == wrong
        return shown, visitor

    return run


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_runs_until_it_is_stopped(foreground, stop):
    """
    It prints two lines for a shell on stdout; stopping the sandbox is no error.
    """
    before = signal.getsignal(stop)

    shown, _ = foreground(visit=lambda visitor: visitor.ask(), stop=stop)

    assert 0 == shown.code
    url, key, line = shown.out.splitlines()
    assert re.fullmatch(r"export HEYMILO_BASE_URL=http://127\.0\.0\.1:[0-9]+", url)
    assert re.fullmatch(r"export HEYMILO_API_KEY=sandbox-[0-9a-f]+", key)
    assert re.fullmatch(rf"\d\d:\d\d:\d\d  200 +\d+ ms  GET {PATH}", line)
    assert [
        "heymilo: the sandbox has 250 phone numbers, 3 postings, 120 candidates; press Ctrl-C to stop it",
        "heymilo: to use it, paste these lines into another terminal:",
        "heymilo phone-numbers list",
        "",
        "heymilo: stopped after 1 request",
    ] == shown.err.splitlines()
    assert before == signal.getsignal(stop)


def test_the_client_can_use_it(foreground):
    """
    The client needs nothing but the printed settings.
    """
    asked = []

    def visit(visitor):
        client = heymilo_async.HeyMilo(
            visitor.variables["HEYMILO_API_KEY"], base_url=visitor.variables["HEYMILO_BASE_URL"]
        )
        with client:
            asked.extend(client.phone_numbers.list_all(page_size=2))

    foreground("--numbers", "5", "--api-key", "a'b$c", visit=visit)

    assert 5 == len(asked)


def test_it_has_as_many_as_it_is_told(foreground):
    """
    It has the given numbers of postings and candidates, and the candidates advance in real time.
    """
    found = []

    def visit(visitor):
        client = heymilo_async.HeyMilo(
            visitor.variables["HEYMILO_API_KEY"], base_url=visitor.variables["HEYMILO_BASE_URL"]
        )
        with client:
            (posting,) = client.postings.list_all()
            found.extend(client.candidates.list_all(posting.id))
            made = client.candidates.ingest(posting.id, name="Ada", email="ada@example.com")
            age = time.time() - made.candidate.created_at.timestamp()
            found.append(age)

    foreground("--postings", "1", "--candidates", "4", visit=visit)

    *people, age = found
    assert 4 == len(people)
    assert -1 < age < 600


def test_the_last_line_begins_at_the_left(foreground, monkeypatch):
    """
    On a terminal, Ctrl-C has printed ^C on the current line.
    """
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    shown, _ = foreground()

    assert shown.err.endswith("list\n\n\nheymilo: stopped after 0 requests\n")


def test_nobody_came(foreground, monkeypatch):
    """
    It waits for a first request without a limit.
    """
    monkeypatch.setattr(*ONE_WAIT, 0.001)

    shown, _ = foreground(visit=lambda _: time.sleep(0.02))

    assert 0 == shown.code
    assert "heymilo: stopped after 0 requests\n" in shown.err


def test_other_peoples_keys_are_not_shown(foreground):
    """
    The log shows neither a key from a header nor one that a caller put elsewhere by mistake.
    """

    def visit(visitor):
        key = {"X-API-KEY": OTHER_KEY}
        statuses = [
            visitor.ask(**key),
            visitor.ask(f"{PATH}?starting_after=A&api_key={OTHER_KEY}", **key),
            visitor.ask(f"{PATH}?limit={OTHER_KEY}", **key),
            visitor.ask(f"{PATH}/{OTHER_KEY}", **key),
            visitor.ask(f"{PATH}?ACCESS%5Ftoken={OTHER_KEY}", Authorization="Bearer else"),
        ]
        assert [401] * 4 == statuses[:4]

    shown, visitor = foreground(visit=visit)

    assert OTHER_KEY not in shown.out + shown.err
    assert [
        f"GET {PATH}\n",
        f"GET {PATH}?starting_after=A&api_key=***\n",
        f"GET {PATH}?limit=***\n",
        f"GET {PATH}/***\n",
        f"GET {PATH}?ACCESS%5Ftoken=***\n",
    ] == [line.partition(" ms  ")[2] for line in visitor.log]


@pytest.mark.parametrize(("target", "code"), [(PATH, 0), (f"{PATH}?api_key=abc", 1)])
def test_conduct(foreground, target, code):
    """
    At the end, the report and the exit code show a broken rule.
    """
    shown, _ = foreground("--conduct", visit=lambda visitor: visitor.ask(target))

    assert code == shown.code
    report = shown.out.splitlines()[3:]
    assert f"conduct of 1 request: {code or 'no'} violation{'' if code else 's'}" == report[0]
    assert ["  credentials-misplaced (hard), request 0: listPhoneNumbers sent"] * code == [
        line.partition(" a ")[0] for line in report[1:-2]
    ]
    wrong = "heymilo: the requests have broken a rule of good conduct"
    assert bool(code) == (wrong in shown.err.splitlines())


@pytest.mark.parametrize("algorithm", [None, "fixed-window", "token-bucket"])
def test_a_rate_limit(foreground, algorithm):
    """
    Requests beyond the limit get a 429, and the log shows it.
    """
    how = [] if algorithm is None else ["--rate-limit-algorithm", algorithm]
    statuses = []

    _, visitor = foreground(
        *("--rate-limit", "2/h", *how),
        visit=lambda visitor: statuses.extend(visitor.ask() for _ in range(3)),
    )

    assert [200, 200, 429] == statuses
    assert "  429 " in visitor.log[-1]


def test_chaos_is_the_same_with_the_same_seed(foreground):
    """
    The log names each fault.
    """

    def visit(visitor):
        for _ in range(12):
            visitor.ask()

    def faults_of(visitor):
        return [line.partition(" ms  ")[2] for line in visitor.log]

    options = ("--chaos", "0.5", "--seed", "7")
    shown, first = foreground(*options, visit=visit)
    _, second = foreground(*options, visit=visit)

    assert faults_of(first) == faults_of(second)
    assert any("  (fault: " in line for line in first.log)
    assert "heymilo: a random share of 0.5 of all requests fails (--seed 7)\n" in shown.err


def test_chaos_without_a_seed_tells_the_one_it_takes(foreground):
    """
    The sandbox prints the random seed, so that the run can be repeated.
    """
    shown, _ = foreground("--chaos", "0.01")

    assert re.search(r"fails \(--seed \d+\)\n", shown.err)


def test_options_reach_the_sandbox(foreground, monkeypatch):
    """
    Each option accepts its own units.
    """
    given = {}
    running = sandbox.running

    def recording(**options):
        given.update(options)
        return running(**options)

    monkeypatch.setattr(sandbox, "running", recording)
    foreground("--latency", "1.5ms", "--host", "localhost", "--numbers", "0")

    assert (0.0015, "localhost", 0, None, False) == tuple(
        given[name] for name in ("latency", "host", "numbers", "rate_limit", "allow_remote")
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("50ms", 0.05), ("1.5s", 1.5), ("2m", 120.0), (" 0s ", 0.0)],
)
def test_durations(text, seconds):
    """
    A duration is a number and a unit.
    """
    assert seconds == pytest.approx(durations.duration(text))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--port", "70000"], "'--port': "),
        (["--port", "http"], "'--port': "),
        (["--numbers", "-1"], "'--numbers': "),
        (["--latency", "5"], "'--latency': it takes a duration such as 50ms, 1.5s or 2m, not '5'"),
        (["--latency", "-5ms"], "'--latency': it takes a duration such as"),
        (["--latency", "5 h"], "'--latency': it takes a duration such as"),
        (["--rate-limit", "foo"], "'--rate-limit': a rate limit must be like 300/min, 5/s"),
        (["--rate-limit", "0/s"], "'--rate-limit': the limit must be within 1..1,000,000"),
        (["--rate-limit-algorithm", "token-bucket"], "it needs --rate-limit, as in 300/min"),
        (["--rate-limit-algorithm", "none"], "'--rate-limit-algorithm': "),
        (["--chaos", "5"], "'--chaos': it takes a number from 0 to 1, such as 0.05, not '5'"),
        (["--chaos", "nan"], "'--chaos': it takes a number from 0 to 1, such as 0.05, not 'nan'"),
        (["--chaos", "5%"], "0.05, not '5%'"),
        (["--seed", "7"], "'--seed': it needs --chaos, as in --chaos 0.05 --seed 7"),
        (["--host", "0.0.0.0"], "'--host': other machines may reach 0.0.0.0: add --allow-re"),
        (["--host", "milo.test"], "'--host': it takes an address such as 127.0.0.1 or"),
        (["--api-key", ""], "API key"),
        (["--numbers", "999999999"], "999999999"),
        (["--latency", "2m"], "latency must be"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_options_that_cannot_be(heymilo, arguments, text):
    """
    One line names what would be right, in Typer's words where Typer checks the option.
    """
    shown = heymilo("sandbox", *arguments)

    assert (2, "") == (shown.code, shown.out)
    assert text in shown.err
    assert 1 == shown.err.count("\n")


def test_a_sandbox_of_the_sandbox(heymilo):
    """
    Starting a sandbox with --sandbox is a usage error.
    """
    shown = heymilo("--sandbox", "sandbox")

    assert (2, "") == (shown.code, shown.out)
    assert (
        "heymilo: --sandbox is for other commands: 'heymilo sandbox' runs a sandbox itself, "
        "so omit --sandbox\n" == shown.err
    )


def test_a_port_in_use(heymilo):
    """
    One line says so, and what to do.
    """
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        shown = heymilo("sandbox", "--port", str(port))

    assert (1, "") == (shown.code, shown.out)
    assert (
        f"heymilo: cannot listen on port {port} of 127.0.0.1: address already in use; "
        "choose another --port, or omit it for a free one\n" == shown.err
    )


def test_an_address_of_another_machine(heymilo):
    """
    The sandbox refuses an address that this machine does not have, here one of TEST-NET-1.
    """
    shown = heymilo("sandbox", "--host", "192.0.2.1", "--allow-remote")

    assert (1, "") == (shown.code, shown.out)
    assert "cannot listen on port 0 of 192.0.2.1: " in shown.err
    assert "; --host must be an address of this machine\n" in shown.err


def test_a_sandbox_that_does_not_start(heymilo, monkeypatch):
    """
    The server does not start in time, as on a very busy machine.
    """

    def late(**_):
        message = "the sandbox did not start within 10 seconds"
        raise TimeoutError(message)

    monkeypatch.setattr(sandbox, "running", late)

    shown = heymilo("sandbox")

    assert (1, "") == (shown.code, shown.out)
    assert "heymilo: the sandbox did not start within 10 seconds\n" == shown.err


def test_a_missing_package_is_one_line(heymilo, monkeypatch):
    """
    The line says what to install.
    """
    for name in [name for name in sys.modules if name.startswith("heymilo_async.sandbox")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(heymilo_async, "sandbox", raising=False)
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)

    shown = heymilo("sandbox")

    assert (1, "") == (shown.code, shown.out)
    assert (
        "heymilo: heymilo_async.sandbox needs jsonschema_rs; heymilo-async is on no package "
        "index, so in a clone of it: pip install '.[sandbox]'\n" == shown.err
    )


def _exchange(method="GET", path=PATH, query="", headers=None, **facts):
    request = ReceivedRequest(method=method, path=path, query=query, headers=headers or {})
    known = {"operation": None, "status_code": 200, "fault": None, "elapsed": 0.0123, **facts}
    return Exchange(request=request, **known)


@pytest.mark.parametrize(
    ("exchange", "line"),
    [
        (_exchange(), f"12:34:56  200      12 ms  GET {PATH}"),
        (_exchange(query="limit=3"), f"12:34:56  200      12 ms  GET {PATH}?limit=3"),
        (
            _exchange(status_code=None, fault=faults.Drop()),
            f"12:34:56  ---      12 ms  GET {PATH}  (fault: Drop)",
        ),
        (_exchange(path="/\x1b[2J\u202e"), r"12:34:56  200      12 ms  GET /\x1b[2J\u202e"),
        (_exchange(path="/" + "a" * 400), f"12:34:56  200      12 ms  GET /{'a' * 299}..."),
    ],
    ids=["plain", "query", "fault", "hostile", "long"],
)
def test_lines(exchange, line):
    """
    A line has time, status, milliseconds, method and path, and no control characters.
    """
    assert f"{line}\n" == exchanges.line(exchange, "12:34:56")


@pytest.fixture
def program(environment):
    """
    Start `heymilo sandbox` as a program of its own, with pipes.
    """
    with contextlib.ExitStack() as stack:

        def start(*arguments):
            process = subprocess.Popen(
                [sys.executable, "-m", "heymilo_async.cli", "sandbox", *arguments],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


def test_lines_come_at_once_through_a_pipe(program):
    """
    Lines arrive at once, as for `heymilo sandbox | tee`; after Ctrl-C there is no traceback.
    """
    process = program("--api-key", "key")
    visitor = Visitor()
    visitor.written.put(process.stdout.readline() + process.stdout.readline())
    visitor.arrive()
    visitor.written.put("")

    assert 200 == visitor.ask()
    assert process.stdout.readline().endswith(f" ms  GET {PATH}\n")
    process.send_signal(signal.SIGINT)
    assert process.stderr.read().endswith("list\n\nheymilo: stopped after 1 request\n")
    assert 0 == process.wait(30)


def test_nobody_reads_the_log(program):
    """
    If the reader of the log has gone, as with `| head -2`, the sandbox ends silently at the next
    request.
    """
    process = program()
    visitor = Visitor()
    visitor.written.put(process.stdout.readline() + process.stdout.readline())
    visitor.arrive()
    visitor.written.put("")
    process.stdout.close()

    visitor.ask()

    assert process.stderr.read().endswith("\nheymilo phone-numbers list\n\n")
    assert 141 == process.wait(30)
