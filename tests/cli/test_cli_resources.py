"""
The commands that are derived from the operations: arguments, output, and refusals.
"""

from __future__ import annotations

import io
import json
import re
import sys

import pytest
from inside import cursor_of
from inside_command import CHOSEN, resource_commands, shown, streams, view_of
from resources import FOUND
from server import answer

from heymilo_async import AsyncHeyMilo, sandbox
from heymilo_async.resources import load

#: What `ingest` requires.
JO = ("--name", "Jo Doe", "--email", "jo.doe@example.com")
GROUPS = [one.name.replace("_", "-") for one in FOUND]
LISTS = [one for one in GROUPS if one != "questions"]


@pytest.fixture
def milo():
    """
    A sandbox with its data.
    """
    with sandbox.running() as running:
        yield running


@pytest.fixture(scope="module")
def unchanged():
    """
    A sandbox that tests only read.
    """
    with sandbox.running() as running:
        yield running


def asking(milo, monkeypatch, heymilo):
    """
    Return a function that runs the command against this sandbox.
    """
    monkeypatch.setenv("HEYMILO_BASE_URL", milo.base_url)

    def run(*arguments):
        monkeypatch.setenv("HEYMILO_API_KEY", milo.api_key)
        return heymilo(*arguments)

    return run


@pytest.fixture
def ask(milo, monkeypatch, heymilo):
    """
    Run the command against the sandbox.
    """
    return asking(milo, monkeypatch, heymilo)


@pytest.fixture
def look(unchanged, monkeypatch, heymilo):
    """
    Run the command against the sandbox that no test changes.
    """
    return asking(unchanged, monkeypatch, heymilo)


def posting_of(milo):
    """
    Return the id of the sandbox's first posting.
    """
    with milo.client() as client:
        return client.postings.list(limit=1)[0].id


#: Words for a Python program, and the marks of a docstring, which no help for a shell has.
PYTHON = re.compile(
    r"\b(?:None|True|False|NOT_GIVEN|self|str|dicts?|tuples?|mappings?|datetimes?|attrs|attributes?"
    r"|keywords?|this method|iterat\w+|await\w*|coroutines?|instances?|repr|raises?|exceptions?)\b"
    r"|\b(?:client|[A-Z]+[a-z]\w*)\.[a-z_]\w*|\blists? of\b|maybe_sent|\w_all\b|\b[a-z_]+=\w|`"
)


@pytest.mark.parametrize("one", FOUND, ids=lambda one: one.name)
@pytest.mark.parametrize(
    "columns", ["80", pytest.param("40", marks=pytest.mark.full("it tries each help once more"))]
)
def test_each_method_is_a_command(heymilo, one, columns, monkeypatch):
    """
    Each method of a group has a command with its own help in a shell's words, except walks and
    methods that make several calls. A method that the help names is named as a command.
    """
    monkeypatch.setenv("COLUMNS", columns)
    group = one.name.replace("_", "-")
    helped = heymilo(group, "--help")
    in_python = {method for method in one.methods if "_" in method}

    assert 0 == helped.code
    for method in one.methods:
        if method.startswith(("list_all", "get_many")):
            continue
        name = method.replace("_", "-")
        command = heymilo(group, name, "--help")
        assert 0 == command.code, command.err
        assert f"heymilo {group} {name}" in " ".join(command.out.split())
        assert [] == PYTHON.findall(command.out)
        assert set() == in_python & set(re.findall(r"\w+", command.out))


@pytest.mark.parametrize(
    "command",
    [[], *([one] for one in (*GROUPS, "ingest", "sync", "doctor", "sandbox"))],
    ids=lambda one: " ".join(one) or "alone",
)
def test_each_other_command_has_help_for_a_shell(heymilo, command):
    """
    The help of `heymilo`, of each group, and of each command beside them is in a shell's words.
    """
    helped = heymilo(*command, "--help")

    assert (0, []) == (helped.code, PYTHON.findall(helped.out))


@pytest.mark.parametrize("group", [one for one in LISTS if one not in {"interviews", "schemas"}])
@pytest.mark.parametrize("form", ["table", "json", "jsonl"])
def test_lists_are_written(look, unchanged, group, form):
    """
    Each group that has lists writes them in every format.
    """
    command = {
        "health": ["health", "check"],
        "ats": ["ats", "list-connections"],
        "candidates": ["candidates", "list", posting_of(unchanged)],
    }.get(group, [group, "list"])

    done = look(*command, "--format", form)

    assert 0 == done.code, done.err
    if form == "json":
        assert json.loads(done.out)
    elif form == "jsonl":
        assert all(json.loads(line) for line in done.out.splitlines())


def test_a_posting_from_options_and_data(ask):
    """
    Options override members of --data, which can contain what no option can.
    """
    data = json.dumps({"title": "Baker", "workflow": [{"type": "form"}], "deadline": None})
    made = ask("postings", "create", "--data", data, "--title", "Welder", "--metadata", "a=b")
    receipt = json.loads(made.out)
    got = json.loads(ask("postings", "get", receipt["id"]).out)

    assert 0 == made.code, made.err
    assert ("Welder", {"a": "b"}, ["form"]) == (
        got["title"],
        got["metadata"],
        [step["type"] for step in got["workflow"]],
    )
    again = ask("postings", "create", "--title", "Cook", "--workflow", '[{"type": "resume"}]')
    assert 0 == again.code, again.err
    step = ask(
        "postings", "update-step", receipt["id"], "1", "--data", '{"knockout_enabled": true}'
    )
    assert json.loads(step.out)["workflow"][0]["config"]["knockout_enabled"], step.err
    late = ask("postings", "update", receipt["id"], "--deadline", "2030-01-01T00:00:00Z")
    assert 1893456000.0 == json.loads(late.out)["deadline"], late.err


def test_candidates_from_a_file_and_from_standard_input(ask, milo, tmp_path, monkeypatch):
    """
    The body is a list of candidates: from a file with @, or from standard input with -.
    """
    posting = posting_of(milo)
    file = tmp_path / "people.json"
    file.write_text(json.dumps([{"name": "Ada Doe", "email": "ada@example.com"}]))
    many = ask("candidates", "ingest-many", posting, "--data", f"@{file}")
    monkeypatch.setattr(
        sys, "stdin", io.StringIO('[{"name": "Sam Roe", "email": "sam@example.com"}]')
    )
    again = ask("candidates", "ingest-many", posting, "--data", "-", "--format", "json")
    found = ask("candidates", "find", posting, "--email", "ADA@example.com", "--columns", "name")

    assert 1 == len(many.out.splitlines()), many.err
    assert 1 == len(json.loads(again.out)), again.err
    assert '{"name": "Ada Doe"}\n' == found.out, found.err


def test_one_candidate_from_options(ask, milo):
    """
    Options alone are enough; each flag has a negative form.
    """
    done = ask(
        *("candidates", "ingest", posting_of(milo)),
        *("--name", "Kim Poe", "--email", "kim@example.com", "--metadata", "k=v=w"),
    )
    pushed = ask(
        *("ats", "push-candidate", "--ats-name", "bullhorn", "--create", "--no-create-submission"),
        *("--candidate", '{"first_name": "Kim"}', "--format", "table"),
    )

    assert {"k": "v=w"} == json.loads(done.out)["candidate"]["metadata"], done.err
    assert "Item ID" in pushed.out, pushed.err


def test_questions_are_put_in_order(ask, milo):
    """
    A list of strings is an option that may be repeated.
    """
    posting = posting_of(milo)
    listed = ask("questions", "list", posting, "--modality", "voice", "--columns", "id")
    ids = [json.loads(line)["id"] for line in listed.out.splitlines()]
    order = [part for one in reversed(ids) for part in ("--order", one)]
    done = ask("questions", "reorder", posting, "--modality", "voice", *order)

    assert ids[::-1] == [json.loads(line)["id"] for line in done.out.splitlines()], done.err


def test_a_preview_goes_into_a_file(look, tmp_path, monkeypatch):
    """
    Audio goes to the file that --output names, to a pipe as raw bytes, and never to a terminal.
    """
    voice = json.loads(look("voices", "list", "--limit", "1").out)["id"]
    target = tmp_path / "voice.mp3"
    filed = look("voices", "get-preview", voice, "--output", str(target))
    nowhere = look("voices", "get-preview", voice, "--output", str(tmp_path / "no" / "such"))
    monkeypatch.setattr(resource_commands, "is_terminal", lambda: True)
    seen = look("voices", "get-preview", voice)

    assert (0, "") == (filed.code, filed.out)
    assert "bytes of audio/mpeg to" in filed.err
    assert target.read_bytes()
    assert 2 == nowhere.code
    assert 2 == seen.code
    assert "a terminal cannot show audio" in seen.err


def test_a_preview_without_a_file(look, monkeypatch):
    """
    Without --output the audio goes to standard output.
    """
    written = []
    monkeypatch.setattr(resource_commands, "write_bytes", written.append)
    voice = json.loads(look("voices", "list", "--limit", "1").out)["id"]
    done = look("voices", "get-preview", voice)

    assert 0 == done.code, done.err
    assert 1 == len(written)


def test_a_preview_goes_to_a_pipe(program, milo, monkeypatch):
    """
    Another program gets the bytes unchanged.
    """
    written = io.BytesIO()

    class Output:
        buffer = written

        def flush(self):
            written.flush()

    monkeypatch.setattr(sys, "stdout", Output())
    streams.write_bytes(b"\xff\xfb")

    assert b"\xff\xfb" == written.getvalue()


def test_bytes_that_nobody_takes(monkeypatch):
    """
    A closed pipe, a full disk and a missing stream are different errors.
    """

    class Broken:
        def __init__(self, error):
            self.error = error

        def flush(self):
            raise self.error

        def fileno(self):
            raise ValueError

    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(streams.OutputError, match="closed"):
        streams.write_bytes(b"")
    monkeypatch.setattr(sys, "stdout", Broken(BrokenPipeError()))
    with pytest.raises(BrokenPipeError):
        streams.write_bytes(b"")
    monkeypatch.setattr(sys, "stdout", Broken(OSError(28, "No space left on device")))
    with pytest.raises(streams.OutputError, match="No space left"):
        streams.write_bytes(b"")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["postings", "create", "--data", "{"], "give JSON, @FILE, or - for standard input"),
        (
            ["postings", "create", "--data", "@/no/such/file"],
            "cannot read --data: /no/such/file: No",
        ),
        (["postings", "create", "--data", "[]"], "--data must be a JSON object"),
        (["postings", "create", "--data", "[" * 100_000], "--data is nested too deeply"),
        (
            ["postings", "create", "--data", "1" * 5_000],
            "--data has a number with more than 4300 digits",
        ),
        (["candidates", "ingest", "", *JO], "heymilo: the posting id must not be ''"),
        (["candidates", "list", "P1", "--starting-after", ""], "--starting-after must not be empt"),
        (
            ["postings", "create", "--title", "abc", "--max-retakes", "9"],
            "heymilo: --max-retakes must be from 0 to 5: 9",
        ),
        (
            ["ats", "wait-for-push", "I1", "--timeout", "1", "--poll", "soon"],
            "Invalid value for '--poll': it must be a number",
        ),
        (
            ["postings", "create", "--data", '{"title": null}'],
            "heymilo: title must be a string, not null",
        ),
        (
            ["postings", "create", "--title", "abc", "--workflow", "{}"],
            "heymilo: --workflow must be an array, not an object",
        ),
        (
            [
                "candidates",
                "ingest",
                "P1",
                *JO,
                "--custom-data",
                "5",
            ],
            "must be an object, not a number",
        ),
        (["postings", "create", "--data", '{"titel": 1}'], "--data has an unknown member 'titel'"),
        (["postings", "create", "--workflow", "[]"], "heymilo: --title is missing"),
        (["postings", "create", "--title", "Baker"], "neither is given"),
        (["ats", "push-candidate", "--ats-name", "a"], "--candidate is missing"),
        (["candidates", "ingest-many", "P1"], "--data is missing"),
        (["interviews", "set-metadata", "I1"], "--metadata is missing"),
        (["candidates", "find", "P1"], "use 'heymilo candidates list --all POSTING_ID'"),
        (["postings", "create", "--title", "abc", "--metadata", "a"], "takes KEY=VALUE"),
        (["postings", "create", "--title", "abc", "--workflow", "x"], "--workflow is not JSON"),
        (["workspaces", "list", "--format", "csv"], "these items have no columns"),
        (["health", "check", "--format", "csv"], "this response has no columns"),
        (["postings", "list", "--columns", "nmae"], "there is no column 'nmae'"),
    ],
)
def test_what_cannot_be_understood(look, arguments, words):
    """
    An invalid argument is a usage error that says what is wrong.
    """
    done = look(*arguments)

    assert 2 == done.code
    assert words in done.err


def test_objects_are_written(look):
    """
    A response without a model is printed as JSON, on one line if requested.
    """
    kinds = look("schemas", "list-agent-types")
    line = look("schemas", "list-question-types", "--format", "jsonl")

    assert json.loads(kinds.out)
    assert 1 == len(line.out.splitlines())
    assert json.loads(look("workspaces", "list", "--format", "json").out)


def test_a_file_with_a_byte_order_mark(ask, milo, tmp_path):
    """
    Editors on Windows begin a JSON file with a byte order mark.
    """
    file = tmp_path / "candidates.json"
    file.write_text(json.dumps([{"name": "Jo Doe", "email": "jo@example.com"}]), "utf-8-sig")
    with milo.client() as client:
        posting = next(one for one in client.postings.list() if one.status == "active")

    done = ask("candidates", "ingest-many", posting.id, "--data", f"@{file}")

    assert (0, 1) == (done.code, len(done.out.splitlines())), done.err


def test_help_marks_what_is_required(look):
    """
    An option without which the method cannot be called is marked, as Typer marks arguments.
    """
    for command, expected in {
        ("candidates", "ingest"): {"--name", "--email"},
        ("candidates", "ingest-many"): {"--data"},
        ("candidates", "list"): set(),
        ("interviews", "set-metadata"): {"--metadata"},
        ("interviews", "wait-until-ready"): {"--timeout"},
    }.items():
        options = look(*command, "--help").out.split("\nOptions:\n")[1].split("\n\n")[0]
        rows = re.split(r"\n  (?=-)", options)

        assert expected == {row.split()[0] for row in rows if row.endswith("[required]")}


def test_metadata_of_an_interview(ask, milo):
    """
    A mapping of strings is an option that may be repeated, even if the method takes it by position.
    """
    with milo.client() as client:
        interview = client.candidates.list(posting_of(milo), limit=1)[0].interview_id
    done = ask("interviews", "set-metadata", interview, "--metadata", "a=b", "--metadata", "c=d")
    data = ask("interviews", "get", interview, "--format", "table")

    none = ask("interviews", "set-metadata", interview, "--metadata", "{}")

    assert {"a": "b", "c": "d"}.items() <= json.loads(done.out)["metadata"].items(), done.err
    assert (0, "") == (none.code, none.err)
    assert interview in data.out, data.err


def test_an_empty_walk_says_so(heymilo, serve):
    """
    An empty walk prints a message, and is no error.
    """
    server = serve(answer(200, b'{"data": [], "pagination": {"has_more": false}}'))
    done = heymilo("voices", "list", "--all", "--format", "table", base_url=server.base_url)

    assert (0, "") == (done.code, done.out)
    assert "there are no voices" in done.err


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, "yes"),
        (False, "no"),
        (5, "5"),
        ("x" * 61, "x" * 57 + "..."),
        (("a", {"b": 1}), '["a", {"b": 1}]'),
    ],
)
def test_values_in_columns(value, expected):
    """
    A column shows yes or no, the beginning of a long text, and JSON for nested values.
    """
    assert expected == shown(value)


def test_columns_of_nested_models(look, unchanged):
    """
    A nested value is shown as JSON if its column is chosen.
    """
    done = look(
        "postings", "get", posting_of(unchanged), "--columns", "workflow", "--format", "table"
    )

    assert '[{"type"' in done.out, done.err


def test_a_table_shows_what_matters(look, unchanged, monkeypatch):
    """
    A terminal of 80 columns has room for the name, the score and the status of a candidate, beside
    its ids; every chosen column is a field.
    """
    monkeypatch.setenv("COLUMNS", "80")
    shown = look("candidates", "list", posting_of(unchanged), "--limit", "2", "--format", "table")

    heading = " ".join(shown.out.splitlines()[0].split())
    assert "Interview ID Name Email Score Status" == heading
    for name, columns in CHOSEN.items():
        assert list(columns) == [one.field for one in view_of(load(name), "items").shown]


def test_every_model_of_a_list_has_a_view():
    """
    The cursor comes first, and a link that gives access is shown only if its column is chosen.
    """
    for one in FOUND:
        for operation in one.operations:
            if operation.shape == "page":
                model = operation.returns.__args__[0]
                view = view_of(model, one.name)
                usual = [column.field for column in view.columns if column.usual]
                assert cursor_of(model) in usual
                assert not {"interview_url", "webhook_url", "ingestion_url_key"} & set(usual)
    assert AsyncHeyMilo.voices.get_preview


def test_help_speaks_to_a_shell(look):
    """
    A parameter that a docstring names is an option in the help, and a method is a command; what
    only a program needs is left out.
    """
    create = " ".join(look("postings", "create", "--help").out.split())
    push = " ".join(look("ats", "push-candidate", "--help").out.split())
    update = " ".join(look("postings", "update", "--help").out.split())
    reorder = " ".join(look("questions", "reorder", "--help").out.split())
    workspaces = " ".join(look("workspaces", "list", "--help").out.split())

    assert 'such as {"type": "resume"}. Give either this or --interview-template-id.' in create
    assert "By default, and for null, it is one calendar month from now." in create
    assert "search with resolve-candidate first, and confirm with --create." in push
    assert "The workflow stays as it is: update-step changes it." in update
    assert "sent as null" not in update
    assert "every active question of the modality: get them with list --all." in reorder
    assert "a client's --workspace-id selects one" in workspaces
