"""
Nothing of a resource is forgotten: each test says what is missing, and where it belongs.

`CONTRIBUTING.md` adds a resource step by step; these are the steps.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from resources import FOUND

import heymilo_async
from heymilo_async import AsyncHeyMilo, HeyMilo, from_dict, to_dict
from heymilo_async._core.codec import _BY_OBJECT
from heymilo_async.resources._collection import Mounted
from heymilo_async.sandbox._contract import OPERATIONS, RESOURCES
from heymilo_async.sandbox._plausible import items_of

HERE = Path(__file__).parent
CONTRACT = json.loads((HERE / "contract.json").read_text(encoding="utf-8"))
DOCS = HERE.parent / "docs"
PAGES = {page.stem: page.read_text("utf-8") for page in (DOCS / "reference").glob("*.md")}
CLIENTS = {"awaited": AsyncHeyMilo, "blocking": HeyMilo}

in_contract = {
    (operation["operationId"], method.upper(), path)
    for path, methods in CONTRACT["paths"].items()
    for method, operation in methods.items()
}
marked = [
    method.__operation__
    for one in FOUND
    for method in one.methods.values()
    if hasattr(method, "__operation__")
]


def test_operations_of_the_contract_have_a_method():
    """
    Each operation of the contract is marked on one method, with its method and its path.
    """
    has = [(one.id, one.method, one.path) for one in marked]

    assert [] == [
        f"no method in heymilo_async/resources/ is marked as {name}, {method} {path}"
        for name, method, path in sorted(in_contract - set(has))
    ]
    assert len(set(has)) == len(has)


def test_operations_are_in_the_contract():
    """
    A method stands for an operation that the contract has.
    """
    assert [] == [
        f"tests/contract.json has no operation {one.id}, {one.method} {one.path}"
        for one in marked
        if (one.id, one.method, one.path) not in in_contract
    ]


def test_resources_have_a_blocking_face():
    """
    Beside each awaited class stands its blocking one, which has the same name without `Async`.
    """
    assert [] == [
        f"heymilo_async/resources/{one.name}.py has {one.awaited.__name__}, and no blocking face"
        for one in FOUND
        if one.blocking is None
    ]


@pytest.mark.parametrize("face", CLIENTS)
def test_resources_are_mounted(face):
    """
    Both clients have a line for each resource.
    """
    client = CLIENTS[face]
    lines = {name: value.kind for name, value in vars(client).items() if isinstance(value, Mounted)}

    assert [] == [
        f"{client.__name__} has no line `{one.name}: Final = Mounted({getattr(one, face).__name__})`"
        for one in FOUND
        if one.blocking and lines.get(one.name) is not getattr(one, face)
    ]


def test_resources_are_exported():
    """
    The package exports the models and both faces of each resource.
    """
    assert [] == [
        f"heymilo_async/__init__.py does not import {name} and name it in __all__"
        for one in FOUND
        for name, value in one.classes.items()
        if name not in heymilo_async.__all__ or getattr(heymilo_async, name, None) is not value
    ]


def test_the_sandbox_answers_each_operation():
    """
    The sandbox answers every operation that the client has.
    """
    assert [] == [
        f"heymilo_async/sandbox/contract.json has no operation {one.id}"
        for one in marked
        if one.id not in OPERATIONS
    ]


@pytest.mark.parametrize("name", [one.name for one in FOUND if one.name in RESOURCES])
def test_models_know_every_member(name):
    """
    What the sandbox sends, which is what the contract describes, is read and written without loss.
    """
    items = [dict(item) for item in items_of(name, 12)]
    models = [from_dict(_BY_OBJECT[item["object"]], item) for item in items]

    assert items == [to_dict(model) for model in models]
    assert [] == [
        f"{type(model).__name__} has no field {name}" for model in models for name in model.extra
    ]


def test_the_reference_shows_each_resource():
    """
    Each class of a resource has its place in the reference.
    """
    text = "".join(PAGES.values())
    shown = set(re.findall(r"autoclass:: (?:\w+\.)*(\w+)$", text, re.MULTILINE))

    assert [] == [
        f"no page of docs/reference/ shows {name}: write docs/reference/{_dashed(one.name)}.md"
        for one in FOUND
        for name in one.classes
        if name not in shown
    ]


def test_the_index_lists_each_page_of_the_reference():
    """
    The index of the documentation leads to each page of the reference.
    """
    index = (DOCS / "index.md").read_text("utf-8")

    assert [] == [
        f"docs/index.md does not list reference/{page}"
        for page in (*PAGES, *(_dashed(one.name) for one in FOUND))
        if not re.search(rf"^(.* <)?reference/{page}>?$", index, re.MULTILINE)
    ]


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def test_a_test_calls_each_method():
    """
    Each method of a resource is called by a test, by the client's name for it.
    """
    tests = "\n".join(file.read_text(encoding="utf-8") for file in HERE.rglob("test_*.py"))

    assert [] == [
        f"no test calls {one.name}.{method}(): it belongs in tests/test_{one.name}.py"
        for one in FOUND
        for method in one.methods
        if not re.search(rf"\b{one.name}\.{method}\(", tests)
    ]


def test_the_types_of_each_method_are_claimed():
    """
    In `tests/typing` there is a line for each method, on both faces.
    """
    claimed = {
        call
        for file in (HERE / "typing").glob("*.py")
        for call in _claims(ast.parse(file.read_text(encoding="utf-8")))
    }

    assert [] == [
        f"tests/typing has no assert_type() for {one.name}.{method}() of {client.__name__}"
        for one in FOUND
        for method in one.methods
        for client in CLIENTS.values()
        if (client.__name__, one.name, method) not in claimed
    ]


def _claims(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """
    Yield which client, resource and method each `assert_type` of *tree* is about.
    """
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        clients = {arg.arg: ast.unparse(arg.annotation) for arg in function.args.args}
        names = {
            ast.unparse(node.targets[0]): ast.unparse(node.value)
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
        }
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "assert_type":
                for called in ast.walk(node.args[0]):
                    if isinstance(called, ast.Attribute):
                        on = ast.unparse(called.value)
                        client, _, resource = names.get(on, on).partition(".")
                        yield clients.get(client, ""), resource, called.attr


def test_the_check_sees_claims():
    """
    The test above knows a resource by its own name and by a short one, and nothing else.
    """
    code = """
def awaited(client: AsyncHeyMilo):
    short = client.bells
    assert_type(short.ring(), int)
    assert_type(client.bells.stop(5), int)
    client.bells.break_()
"""

    assert {("AsyncHeyMilo", "bells", "ring"), ("AsyncHeyMilo", "bells", "stop")} <= set(
        _claims(ast.parse(code))
    )
    assert "break_" not in {method for _, _, method in _claims(ast.parse(code))}
